//! The table of settings, from which everything that depends on the list of fields is made.

use crate::{BurnDuration, Custom, GroupAtType, Mask, RecvMsgOpt, Seconds, Seq, Text, Timestamp, Value, ValueError};

settings! {
    // What a client may set. Each line: name, type, default, name in `Field`, name on the wire.
    client {
        /// What happens when a message arrives.
        recv_msg_opt: RecvMsgOpt = RecvMsgOpt::Receive, RecvMsgOpt "recvMsgOpt";
        /// Whether the conversation stays at the top of the owner's list.
        is_pinned: bool = false, IsPinned "isPinned";
        /// Whether messages are deleted after they were read; true only in a single chat, where both users share the setting.
        is_private_chat: bool = false, IsPrivateChat "isPrivateChat";
        /// The time from reading a message to its deletion, in seconds, at least 0.
        burn_duration: BurnDuration = BurnDuration::ZERO, BurnDuration "burnDuration";
        /// Who was mentioned in the group.
        group_at_type: GroupAtType = GroupAtType::None, GroupAtType "groupAtType";
        /// Additional information, reserved; opaque.
        attached_info: Text = Text::default(), AttachedInfo "attachedInfo";
        /// The extension: the application's own data, replaced whole; opaque.
        ex: Text = Text::default(), Ex "ex";
        /// The first message that the owner may see, at least 0.
        min_seq: Seq = Seq::ZERO, MinSeq "minSeq";
        /// The last message that the owner may see, at least 0; zero means zero, never "unset".
        max_seq: Seq = Seq::ZERO, MaxSeq "maxSeq";
        /// Whether messages are deleted at an interval.
        is_msg_destruct: bool = false, IsMsgDestruct "isMsgDestruct";
        /// The interval at which messages are deleted, in seconds, at least 0.
        msg_destruct_time: Seconds = Seconds::ZERO, MsgDestructTime "msgDestructTime";
        /// The host's own settings: names with a text, an integer or a boolean; set name by name, and `null` removes a name.
        custom: Custom = Custom::EMPTY, Custom "custom";
    }
    // What a client may not set.
    internal {
        /// The time when messages were last deleted, in milliseconds since the epoch.
        latest_msg_destruct_time: Timestamp = Timestamp(0), LatestMsgDestructTime "latestMsgDestructTime";
    }
}

/// A value that its setting does not accept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {problem}", field.wire_name())]
#[expect(clippy::exhaustive_structs, reason = "a field and its problem")]
pub struct FieldError {
    /// The setting.
    pub field: Field,
    /// The problem with the value.
    pub problem: ValueError,
}

impl core::fmt::Display for Field {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.wire_name())
    }
}

impl Settings {
    /// Every setting as a primitive, in the table's order.
    pub fn values(&self) -> impl Iterator<Item = (Field, Value<'_>)> {
        Field::ALL.iter().map(|&field| (field, self.value(field)))
    }
}

impl Patch {
    /// The fields that the patch sets, as primitives, in the table's order.
    pub fn values(&self) -> impl Iterator<Item = (Field, Value<'_>)> {
        Field::ALL.iter().filter_map(|&field| Some((field, self.value(field)?)))
    }

    /// Whether the patch changes nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.mask().is_empty()
    }
}

impl serde::Serialize for Settings {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.values().map(|(field, value)| (field.wire_name(), value)))
    }
}

impl serde::Serialize for Patch {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.values().map(|(field, value)| (field.wire_name(), value)))
    }
}

#[cfg(test)]
mod tests {
    use crate::{Accepts, Kind};

    use super::*;

    /// A number as the primitive of the field's kind.
    fn number(field: Field, number: i64) -> Option<Value<'static>> {
        match field.kind() {
            Kind::I32 => number.try_into().ok().map(Value::I32),
            Kind::I64 => Some(Value::I64(number)),
            Kind::Timestamp => Some(Value::Timestamp(number)),
            Kind::Bool | Kind::Text | Kind::Custom => None,
        }
    }

    #[test]
    fn accepts_exactly_the_numbers_that_a_field_declares() {
        let ends = [i64::MIN, i32::MIN.into(), i32::MAX.into(), i64::MAX];
        for &field in Field::ALL {
            for (n, value) in (-10..100).chain(ends).filter_map(|n| Some((n, number(field, n)?))) {
                let expected = match field.accepts() {
                    Accepts::Any => true,
                    Accepts::AtLeast(least) => n >= least,
                    Accepts::OneOf(meanings) => meanings.iter().any(|&(known, _)| i64::from(known) == n),
                };
                assert_eq!(Patch::KEEP.with(field, value).is_ok(), expected, "{field}: {n}");
            }
        }
    }

    #[test]
    fn describes_each_field_and_its_unit() {
        for &field in Field::ALL {
            let description = field.description();
            assert!(
                description.starts_with(char::is_uppercase) && description.ends_with('.'),
                "{field}: {description}"
            );
            if let Accepts::OneOf(meanings) = field.accepts() {
                assert!(meanings.iter().all(|(_, meaning)| meaning.ends_with('.')), "{field}");
            }
        }
        assert_eq!(Field::IsPinned.description(), "Whether the conversation stays at the top of the owner's list.");
        assert_eq!(
            Field::RecvMsgOpt.accepts(),
            Accepts::OneOf(&[
                (0, "Receive it and notify."),
                (1, "Do not receive it."),
                (2, "Receive it without notifying."),
            ])
        );
        let units = [Field::BurnDuration, Field::MinSeq, Field::LatestMsgDestructTime].map(Field::unit);
        assert_eq!(units, [Some("seconds"), None, Some("milliseconds since the epoch")]);
    }
}
