//! Values that are invalid in exactly one way, with the error that names it.

use std::sync::Arc;

use conversation_settings_core::{
    ArgsError, Change, ConversationId, ConversationReq, DuplicateKey, Field, FieldError, GroupId, IdError, Limits,
    Path, SetConversationsRequest, Target, TargetError, Text, UnknownField, UserId, ValueError, Violation, Write,
};
use proptest::{prelude::*, sample::select};

use super::{OwnedValue, Sizes, mask, of_default_sizes, owned_value, texts::CONTROL};

/// A value that is invalid in one way.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "a value and its error")]
pub struct Invalid<T, E> {
    /// The value.
    pub value: T,
    /// The error that the core returns.
    pub error: E,
}

/// A text that is no user ID.
pub fn invalid_user_id() -> BoxedStrategy<Invalid<Text, IdError>> {
    invalid_id(UserId::MAX_BYTES)
}

/// A text that is no group ID.
pub fn invalid_group_id() -> BoxedStrategy<Invalid<Text, IdError>> {
    invalid_id(GroupId::MAX_BYTES)
}

/// A text that is no conversation ID.
pub fn invalid_conversation_id() -> BoxedStrategy<Invalid<Text, IdError>> {
    invalid_id(ConversationId::MAX_BYTES)
}

fn invalid_id(limit: usize) -> BoxedStrategy<Invalid<Text, IdError>> {
    let too_long = (limit + 1..2 * limit).prop_map(move |got| ("x".repeat(got), IdError::TooLong { limit, got }));
    let control =
        (Sizes::default().user_id(), select(CONTROL), any::<prop::sample::Index>()).prop_map(|(right, control, at)| {
            let at = right.as_str().floor_char_boundary(at.index(right.as_str().len().min(200) + 1).min(200));
            let mut text = right.as_str()[..right.as_str().floor_char_boundary(200)].to_owned();
            text.insert(at, control);
            (text, IdError::ControlCharacter { at })
        });
    prop_oneof![1 => Just((String::new(), IdError::Empty)), 1 => too_long, 4 => control]
        .prop_map(|(text, error)| Invalid { value: text.into(), error })
        .boxed()
}

/// A number and a text that [`Target::from_parts`] rejects.
pub fn invalid_target() -> BoxedStrategy<Invalid<(i32, Text), TargetError>> {
    let of_no_type = any::<i32>()
        .prop_filter("is of no kind", |number| !(1..=4).contains(number))
        .prop_map(|got| Invalid { value: (got, "x".into()), error: TargetError::Type { got } });
    let of_no_id = (1..=4, invalid_user_id())
        .prop_map(|(number, id)| Invalid { value: (number, id.value), error: TargetError::Id(id.error) });
    prop_oneof![of_no_type, of_no_id].boxed()
}

/// A field, and a value of another kind or out of its range.
pub fn invalid_field_value() -> BoxedStrategy<Invalid<(Field, OwnedValue), FieldError>> {
    let kinds = (select(Field::ALL), owned_value()).prop_filter_map("is of another kind", |(field, value)| {
        let (expected, got) = (field.kind(), value.value().kind());
        let problem = ValueError::WrongKind { expected, got };
        (expected != got).then_some(Invalid { value: (field, value), error: FieldError { field, problem } })
    });
    prop_oneof![kinds, out_of_range()].boxed()
}

/// The fields with a range, each with a number outside of it.
fn out_of_range() -> impl Strategy<Value = Invalid<(Field, OwnedValue), FieldError>> {
    let number = prop_oneof![Just(-1_i32), Just(i32::MIN), any::<i32>()];
    (select(Field::ALL), number).prop_filter_map("is out of its range", |(field, number)| {
        let numbers = [OwnedValue::I32(number), OwnedValue::I64(number.into())];
        let value = numbers.into_iter().find(|value| value.value().kind() == field.kind())?;
        let error = conversation_settings_core::Patch::KEEP.with(field, value.value()).err()?;
        Some(Invalid { value: (field, value), error })
    })
}

/// The text of a mask with one unknown name.
pub fn invalid_mask() -> BoxedStrategy<Invalid<String, UnknownField>> {
    let name = prop_oneof![
        select(Field::ALL).prop_map(|field| field.wire_name().to_uppercase()),
        select(Field::ALL).prop_map(|field| field.wire_name()[1..].to_owned()),
        Just("🦀".repeat(100)),
    ];
    (mask(), name)
        .prop_map(|(mask, name)| {
            let value = if mask.is_empty() { name.clone() } else { format!("{mask}, {name}") };
            Invalid { value, error: UnknownField { name: name.chars().take(64).collect() } }
        })
        .boxed()
}

of_default_sizes! {
    /// Writes that make no batch, because one conversation occurs twice.
    invalid_writes: Invalid<Vec<Write>, DuplicateKey>;
    /// A request that [`Limits::default`] rejects.
    invalid_set_conversations_request: Invalid<SetConversationsRequest, ArgsError>;
}

impl Sizes {
    /// As [`invalid_writes()`].
    pub fn invalid_writes(&self) -> BoxedStrategy<Invalid<Vec<Write>, DuplicateKey>> {
        (self.write_batch(), self.write(), any::<prop::sample::Index>())
            .prop_map(|(batch, write, at)| {
                let mut value = batch.writes().to_vec();
                let position = batch.position(&write.key);
                if position.is_none() {
                    value.push(write.clone());
                }
                let error = DuplicateKey(write.key.clone());
                value.insert(at.index(value.len() + 1), Write { change: Arc::new(Change::Remove), ..write });
                Invalid { value, error }
            })
            .boxed()
    }

    /// As [`invalid_set_conversations_request()`].
    pub fn invalid_set_conversations_request(&self) -> BoxedStrategy<Invalid<SetConversationsRequest, ArgsError>> {
        prop_oneof![
            2 => self.invalid_users(),
            1 => self.changed(|request| request.conversation = None, ArgsError::new("conversation", Violation::Required)),
            2 => self.invalid_setting(),
            1 => self.too_long_text(),
            2 => self.invalid_id_of_conversation(),
            2 => self.invalid_target_of_request(),
            1 => self.private_group(),
        ]
        .boxed()
    }

    /// A valid request, made invalid by `change`.
    fn changed(
        &self,
        change: fn(&mut SetConversationsRequest),
        error: ArgsError,
    ) -> BoxedStrategy<Invalid<SetConversationsRequest, ArgsError>> {
        self.set_conversations_request()
            .prop_map(move |mut value| {
                change(&mut value);
                Invalid { value, error: error.clone() }
            })
            .boxed()
    }

    fn invalid_users(&self) -> BoxedStrategy<Invalid<SetConversationsRequest, ArgsError>> {
        const NAME: &str = "userIDs";
        let limit = Limits::default().max_users;
        let one_wrong = (self.set_conversations_request(), invalid_user_id(), any::<prop::sample::Index>()).prop_map(
            |(mut value, invalid, at)| {
                let users = value.user_ids.get_or_insert_default();
                let at = at.index(users.len() + 1);
                users.insert(at, invalid.value);
                Invalid { value, error: ArgsError::new(Path::Element(NAME, at), invalid.error) }
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

    fn invalid_setting(&self) -> BoxedStrategy<Invalid<SetConversationsRequest, ArgsError>> {
        let invalid = out_of_range().prop_filter("a client may set it", |invalid| invalid.value.0.is_client());
        (self.set_conversations_request(), invalid)
            .prop_map(|(value, invalid)| {
                let (field, raw) = invalid.value;
                let raw = serde_json::to_value(raw.value()).expect("a primitive");
                Invalid { value: with_field(value, field.wire_name(), raw), error: invalid.error.into() }
            })
            .boxed()
    }

    fn too_long_text(&self) -> BoxedStrategy<Invalid<SetConversationsRequest, ArgsError>> {
        let limit = Limits::default().max_text_bytes;
        let texts: Vec<Field> = Field::ALL
            .iter()
            .copied()
            .filter(|field| field.is_client() && field.kind() == conversation_settings_core::Kind::Text)
            .collect();
        (self.set_conversations_request(), select(texts), limit + 1..limit + 10)
            .prop_map(move |(value, field, got)| Invalid {
                // Of several that are too long the first is named, and all the others are short.
                value: with_field(value, field.wire_name(), "x".repeat(got).into()),
                error: ArgsError::in_conversation(field.wire_name(), Violation::TooLong { limit, got }),
            })
            .boxed()
    }

    fn invalid_id_of_conversation(&self) -> BoxedStrategy<Invalid<SetConversationsRequest, ArgsError>> {
        const NAME: &str = "conversationID";
        let none = self.changed(
            |request| conversation(request).conversation_id = None,
            ArgsError::in_conversation(NAME, Violation::Required),
        );
        let invalid = (self.set_conversations_request(), invalid_conversation_id()).prop_map(|(mut value, invalid)| {
            conversation(&mut value).conversation_id = Some(invalid.value);
            Invalid { value, error: ArgsError::in_conversation(NAME, invalid.error) }
        });
        prop_oneof![1 => none, 3 => invalid].boxed()
    }

    fn invalid_target_of_request(&self) -> BoxedStrategy<Invalid<SetConversationsRequest, ArgsError>> {
        const NAME: &str = "conversationType";
        let no_type = self.changed(
            |request| conversation(request).conversation_type = None,
            ArgsError::in_conversation(NAME, Violation::Required),
        );
        let invalid = (self.set_conversations_request(), invalid_target()).prop_map(|(mut value, invalid)| {
            let of_request = conversation(&mut value);
            let error = match invalid.error {
                TargetError::Type { got } => {
                    of_request.conversation_type = Some(got);
                    let problem = ValueError::NotOneOf { allowed: "1, 2, 3, 4", got: got.into() };
                    ArgsError::in_conversation(NAME, problem)
                }
                TargetError::Id(error) if of_request.group_id.is_some() => {
                    of_request.group_id = Some(invalid.value.1);
                    ArgsError::in_conversation("groupID", error)
                }
                TargetError::Id(error) => {
                    of_request.user_id = Some(invalid.value.1);
                    ArgsError::in_conversation("userID", error)
                }
                other => unreachable!("{other}"),
            };
            Invalid { value, error }
        });
        prop_oneof![1 => no_type, 3 => invalid].boxed()
    }

    fn private_group(&self) -> BoxedStrategy<Invalid<SetConversationsRequest, ArgsError>> {
        let rule = "may be true only in a single chat (conversationType 1)";
        let error = ArgsError::in_conversation(Field::IsPrivateChat.wire_name(), rule);
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
                Invalid { value, error: error.clone() }
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
