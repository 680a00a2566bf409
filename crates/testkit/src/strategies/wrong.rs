//! Values that are wrong in exactly one way, and the error that names it.

use std::sync::Arc;

use conversation_settings_core::{
    ArgsError, Change, ConversationId, ConversationReq, DuplicateKey, Field, FieldError, GroupId, IdError, Limits,
    Path, SetConversationsRequest, Target, TargetError, Text, UnknownField, UserId, ValueError, Violation, Write,
};
use proptest::{prelude::*, sample::select};

use super::{OwnedValue, Sizes, mask, of_default_sizes, owned_value, texts::CONTROL};

/// A value that is right but for one thing.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "a value and its mistake")]
pub struct Wrong<T, E> {
    /// The value.
    pub value: T,
    /// The one way in which it is wrong: the error that the core answers with.
    pub way: E,
}

/// A text that is no user.
pub fn wrong_user_id() -> BoxedStrategy<Wrong<Text, IdError>> {
    wrong_id(UserId::MAX_BYTES)
}

/// A text that is no group.
pub fn wrong_group_id() -> BoxedStrategy<Wrong<Text, IdError>> {
    wrong_id(GroupId::MAX_BYTES)
}

/// A text that is no conversation.
pub fn wrong_conversation_id() -> BoxedStrategy<Wrong<Text, IdError>> {
    wrong_id(ConversationId::MAX_BYTES)
}

fn wrong_id(limit: usize) -> BoxedStrategy<Wrong<Text, IdError>> {
    let too_long = (limit + 1..2 * limit).prop_map(move |got| ("x".repeat(got), IdError::TooLong { limit, got }));
    let control =
        (Sizes::default().user_id(), select(CONTROL), any::<prop::sample::Index>()).prop_map(|(right, control, at)| {
            let at = right.as_str().floor_char_boundary(at.index(right.as_str().len().min(200) + 1).min(200));
            let mut text = right.as_str()[..right.as_str().floor_char_boundary(200)].to_owned();
            text.insert(at, control);
            (text, IdError::ControlCharacter { at })
        });
    prop_oneof![1 => Just((String::new(), IdError::Empty)), 1 => too_long, 4 => control]
        .prop_map(|(text, way)| Wrong { value: text.into(), way })
        .boxed()
}

/// A number and a text that are no target, as [`Target::from_parts`] reads them.
pub fn wrong_target() -> BoxedStrategy<Wrong<(i32, Text), TargetError>> {
    let wrong_type = any::<i32>()
        .prop_filter("is of no kind", |number| !(1..=4).contains(number))
        .prop_map(|got| Wrong { value: (got, "x".into()), way: TargetError::Type { got } });
    let wrong_id = (1..=4, wrong_user_id())
        .prop_map(|(number, id)| Wrong { value: (number, id.value), way: TargetError::Id(id.way) });
    prop_oneof![wrong_type, wrong_id].boxed()
}

/// A field and a value that it does not take: one of another kind, or out of the range.
pub fn wrong_field_value() -> BoxedStrategy<Wrong<(Field, OwnedValue), FieldError>> {
    let kinds = (select(Field::ALL), owned_value()).prop_filter_map("is of another kind", |(field, value)| {
        let (expected, got) = (field.kind(), value.value().kind());
        let problem = ValueError::WrongKind { expected, got };
        (expected != got).then_some(Wrong { value: (field, value), way: FieldError { field, problem } })
    });
    prop_oneof![kinds, out_of_range()].boxed()
}

/// The fields that do not take every number, each with one that it does not.
fn out_of_range() -> impl Strategy<Value = Wrong<(Field, OwnedValue), FieldError>> {
    let number = prop_oneof![Just(-1_i32), Just(i32::MIN), any::<i32>()];
    (select(Field::ALL), number).prop_filter_map("is out of its range", |(field, number)| {
        let numbers = [OwnedValue::I32(number), OwnedValue::I64(number.into())];
        let value = numbers.into_iter().find(|value| value.value().kind() == field.kind())?;
        let way = conversation_settings_core::Patch::KEEP.with(field, value.value()).err()?;
        Some(Wrong { value: (field, value), way })
    })
}

/// The text of a mask, one of whose names is no field's.
pub fn wrong_mask() -> BoxedStrategy<Wrong<String, UnknownField>> {
    let name = prop_oneof![
        select(Field::ALL).prop_map(|field| field.wire_name().to_uppercase()),
        select(Field::ALL).prop_map(|field| field.wire_name()[1..].to_owned()),
        Just("🦀".repeat(100)),
    ];
    (mask(), name)
        .prop_map(|(mask, name)| {
            let value = if mask.is_empty() { name.clone() } else { format!("{mask}, {name}") };
            Wrong { value, way: UnknownField { name: name.chars().take(64).collect() } }
        })
        .boxed()
}

of_default_sizes! {
    /// Writes that make no batch, since one conversation is named twice.
    wrong_writes: Wrong<Vec<Write>, DuplicateKey>;
    /// A request that [`Limits::default`] does not allow.
    wrong_set_conversations_request: Wrong<SetConversationsRequest, ArgsError>;
}

impl Sizes {
    /// As [`wrong_writes()`].
    pub fn wrong_writes(&self) -> BoxedStrategy<Wrong<Vec<Write>, DuplicateKey>> {
        (self.write_batch(), self.write(), any::<prop::sample::Index>())
            .prop_map(|(batch, write, at)| {
                let mut value = batch.writes().to_vec();
                let position = batch.position(&write.key);
                if position.is_none() {
                    value.push(write.clone());
                }
                let way = DuplicateKey(write.key.clone());
                value.insert(at.index(value.len() + 1), Write { change: Arc::new(Change::Remove), ..write });
                Wrong { value, way }
            })
            .boxed()
    }

    /// As [`wrong_set_conversations_request()`].
    pub fn wrong_set_conversations_request(&self) -> BoxedStrategy<Wrong<SetConversationsRequest, ArgsError>> {
        prop_oneof![
            2 => self.wrong_users(),
            1 => self.changed(|request| request.conversation = None, ArgsError::new("conversation", Violation::Required)),
            2 => self.wrong_setting(),
            1 => self.too_long_text(),
            2 => self.wrong_id_of_conversation(),
            2 => self.wrong_target_of_request(),
            1 => self.private_group(),
        ]
        .boxed()
    }

    /// A right request made wrong by `change`.
    fn changed(
        &self,
        change: fn(&mut SetConversationsRequest),
        way: ArgsError,
    ) -> BoxedStrategy<Wrong<SetConversationsRequest, ArgsError>> {
        self.set_conversations_request()
            .prop_map(move |mut value| {
                change(&mut value);
                Wrong { value, way: way.clone() }
            })
            .boxed()
    }

    fn wrong_users(&self) -> BoxedStrategy<Wrong<SetConversationsRequest, ArgsError>> {
        const NAME: &str = "userIDs";
        let limit = Limits::default().max_users;
        let one_wrong = (self.set_conversations_request(), wrong_user_id(), any::<prop::sample::Index>()).prop_map(
            |(mut value, wrong, at)| {
                let users = value.user_ids.get_or_insert_default();
                let at = at.index(users.len() + 1);
                users.insert(at, wrong.value);
                Wrong { value, way: ArgsError::new(Path::Element(NAME, at), wrong.way) }
            },
        );
        prop_oneof![
            1 => self.changed(|request| request.user_ids = None, ArgsError::new(NAME, Violation::Required)),
            1 => self.changed(|request| request.user_ids = Some(Vec::new()), ArgsError::new(NAME, Violation::Empty)),
            1 => self.changed(
                |request| request.user_ids = Some(vec!["x".into(); Limits::default().max_users + 1]),
                ArgsError::new(NAME, Violation::TooMany { limit, got: limit + 1 }),
            ),
            3 => one_wrong,
        ]
        .boxed()
    }

    fn wrong_setting(&self) -> BoxedStrategy<Wrong<SetConversationsRequest, ArgsError>> {
        let wrong = out_of_range().prop_filter("a client may set it", |wrong| wrong.value.0.is_client());
        (self.set_conversations_request(), wrong)
            .prop_map(|(value, wrong)| {
                let (field, raw) = wrong.value;
                let raw = serde_json::to_value(raw.value()).expect("a primitive");
                Wrong { value: with_field(value, field.wire_name(), raw), way: wrong.way.into() }
            })
            .boxed()
    }

    fn too_long_text(&self) -> BoxedStrategy<Wrong<SetConversationsRequest, ArgsError>> {
        let limit = Limits::default().max_text_bytes;
        let texts: Vec<Field> = Field::ALL
            .iter()
            .copied()
            .filter(|field| field.is_client() && field.kind() == conversation_settings_core::Kind::Text)
            .collect();
        (self.set_conversations_request(), select(texts), limit + 1..limit + 10)
            .prop_map(move |(value, field, got)| Wrong {
                // Of several that are too long the first is named, and all the others are short.
                value: with_field(value, field.wire_name(), "x".repeat(got).into()),
                way: ArgsError::in_conversation(field.wire_name(), Violation::TooLong { limit, got }),
            })
            .boxed()
    }

    fn wrong_id_of_conversation(&self) -> BoxedStrategy<Wrong<SetConversationsRequest, ArgsError>> {
        const NAME: &str = "conversationID";
        let none = self.changed(
            |request| conversation(request).conversation_id = None,
            ArgsError::in_conversation(NAME, Violation::Required),
        );
        let wrong = (self.set_conversations_request(), wrong_conversation_id()).prop_map(|(mut value, wrong)| {
            conversation(&mut value).conversation_id = Some(wrong.value);
            Wrong { value, way: ArgsError::in_conversation(NAME, wrong.way) }
        });
        prop_oneof![1 => none, 3 => wrong].boxed()
    }

    fn wrong_target_of_request(&self) -> BoxedStrategy<Wrong<SetConversationsRequest, ArgsError>> {
        const NAME: &str = "conversationType";
        let no_type = self.changed(
            |request| conversation(request).conversation_type = None,
            ArgsError::in_conversation(NAME, Violation::Required),
        );
        let wrong = (self.set_conversations_request(), wrong_target()).prop_map(|(mut value, wrong)| {
            let of_request = conversation(&mut value);
            let way = match wrong.way {
                TargetError::Type { got } => {
                    of_request.conversation_type = Some(got);
                    let problem = ValueError::NotOneOf { allowed: "1, 2, 3, 4", got: got.into() };
                    ArgsError::in_conversation(NAME, problem)
                }
                TargetError::Id(way) if of_request.group_id.is_some() => {
                    of_request.group_id = Some(wrong.value.1);
                    ArgsError::in_conversation("groupID", way)
                }
                TargetError::Id(way) => {
                    of_request.user_id = Some(wrong.value.1);
                    ArgsError::in_conversation("userID", way)
                }
                other => unreachable!("{other}"),
            };
            Wrong { value, way }
        });
        prop_oneof![1 => no_type, 3 => wrong].boxed()
    }

    fn private_group(&self) -> BoxedStrategy<Wrong<SetConversationsRequest, ArgsError>> {
        let rule = "may be true only in a single chat (conversationType 1)";
        let way = ArgsError::in_conversation(Field::IsPrivateChat.wire_name(), rule);
        let target = prop_oneof![
            self.group_id().prop_map(Target::Group),
            self.group_id().prop_map(Target::OldGroup),
            self.user_id().prop_map(Target::Notification),
        ];
        (self.set_conversations_request(), target)
            .prop_map(move |(mut value, target)| {
                let of_request = conversation(&mut value);
                of_request.conversation_type = Some(target.conversation_type());
                of_request.user_id = target.user_id().map(|user| user.clone().into());
                of_request.group_id = target.group_id().map(|group| group.clone().into());
                of_request.is_private_chat = Some(true);
                Wrong { value, way: way.clone() }
            })
            .boxed()
    }
}

fn conversation(request: &mut SetConversationsRequest) -> &mut ConversationReq {
    request.conversation.get_or_insert_default()
}

fn with_field(mut request: SetConversationsRequest, name: &str, raw: serde_json::Value) -> SetConversationsRequest {
    let mut json = serde_json::to_value(&request.conversation).expect("is written as JSON");
    json[name] = raw;
    request.conversation = serde_json::from_value(json).expect("is of its kind");
    request
}
