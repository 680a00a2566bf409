//! How OpenAPI describes the types of the wire: the feature `openapi`.
//!
//! The settings come from [`Field::ALL`], so a new one is described by its line in the table.

use alloc::{borrow::Cow, format, string::String, vec::Vec};

use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        KnownFormat, Object, ObjectBuilder, OneOfBuilder, Ref, RefOr, Schema, SchemaFormat, Type,
        extensions::Extensions,
        schema::{ArrayBuilder, RefBuilder, SchemaType},
    },
};

use crate::{
    Accepts, Conversation, ConversationId, ConversationReq, Field, GroupId, Kind, Limits, Mask, Outcome, Report,
    ReportEntry, Role, SetConversationsRequest, Settings, Text, UserId, Value, Version,
};

/// The kinds of conversation, and which of the two targets each needs.
const CONVERSATION_TYPES: [(i32, &str); 4] = [
    (1, "Single chat with `userID`."),
    (2, "Group `groupID`, of the old kind."),
    (3, "Group `groupID`."),
    (4, "Notification account `userID`."),
];

type Described = RefOr<Schema>;
type Named = Vec<(String, Described)>;

macro_rules! id {
    ($id:ty, $name:literal, $what:literal) => {
        impl PartialSchema for $id {
            fn schema() -> Described {
                let rule = format!(
                    concat!($what, ": opaque, compared byte by byte; 1 to {} bytes of UTF-8, no control characters."),
                    <$id>::MAX_BYTES
                );
                let text = Object::builder().schema_type(Type::String).description(Some(rule));
                text.min_length(Some(1)).max_length(Some(<$id>::MAX_BYTES)).into()
            }
        }

        impl ToSchema for $id {
            fn name() -> Cow<'static, str> {
                Cow::Borrowed($name)
            }
        }
    };
}

id!(UserId, "UserID", "A user");
id!(GroupId, "GroupID", "A group");
id!(ConversationId, "ConversationID", "A conversation");

impl PartialSchema for Text {
    fn schema() -> Described {
        Object::with_type(Type::String).into()
    }
}

impl ToSchema for Text {}

impl PartialSchema for Version {
    fn schema() -> Described {
        u64::schema()
    }
}

impl ToSchema for Version {}

impl PartialSchema for SetConversationsRequest {
    fn schema() -> Described {
        let flag = |what| {
            let kinds: SchemaType = [Type::Boolean, Type::Null].into_iter().collect();
            Object::builder().schema_type(kinds).description(Some(what))
        };
        let most = Limits::default().max_users;
        let users = ArrayBuilder::new()
            .description(Some(format!(
                "The users whose own view of the conversation is set; duplicates count once. At most {most}, unless the \
                 server is told otherwise."
            )))
            .items(Ref::from_schema_name(UserId::name()))
            .min_items(Some(1));
        Object::builder()
            .property("userIDs", users)
            .property("conversation", reference::<ConversationReq>("What to set."))
            .property("report", flag("Whether the answer is to tell what happened to each user. An extension of OpenIM's request."))
            .property("dryRun", flag("Whether to tell what would happen to each user, and write nothing. An extension of OpenIM's request."))
            .required("userIDs")
            .required("conversation")
            .into()
    }
}

impl ToSchema for SetConversationsRequest {
    fn schemas(schemas: &mut Named) {
        push::<ConversationReq>(schemas);
    }
}

/// What a client may send: each setting may be absent or `null`, which keeps it.
impl PartialSchema for ConversationReq {
    fn schema() -> Described {
        let described = Object::builder()
            .description(Some("The conversation, and what to set. A setting that is absent or `null` is kept."))
            .property("conversationID", reference::<ConversationId>("The conversation."))
            .property("conversationType", conversation_type())
            .property(
                "userID",
                or_null::<UserId>("The other party, or the notification account; needed by types 1 and 4."),
            )
            .property("groupID", or_null::<GroupId>("The group; needed by types 2 and 3."))
            .required("conversationID")
            .required("conversationType");
        let settings = Field::ALL.iter().copied().filter(|field| field.is_client());
        settings.fold(described, |object, field| object.property(field.wire_name(), setting(field, true))).into()
    }
}

impl ToSchema for ConversationReq {
    fn schemas(schemas: &mut Named) {
        ids(schemas);
    }
}

impl PartialSchema for Conversation {
    fn schema() -> Described {
        let target = |what| Object::builder().schema_type(Type::String).description(Some(what));
        let described = Object::builder()
            .description(Some("One user's view of a conversation."))
            .property("ownerUserID", reference::<UserId>("Whose view it is."))
            .property("conversationID", reference::<ConversationId>("The conversation."))
            .property("conversationType", conversation_type())
            .property("userID", target("The other party, or the notification account; empty for a group."))
            .property("groupID", target("The group; empty for anything else."));
        let described = Field::ALL
            .iter()
            .fold(described, |object, &field| object.property(field.wire_name(), setting(field, false)));
        let names = ["ownerUserID", "conversationID", "conversationType", "userID", "groupID"].into_iter();
        let names = names.chain(Field::ALL.iter().map(|field| field.wire_name()));
        names.fold(described, ObjectBuilder::required).into()
    }
}

impl ToSchema for Conversation {
    fn schemas(schemas: &mut Named) {
        ids(schemas);
    }
}

impl PartialSchema for Report {
    fn schema() -> Described {
        let users = ArrayBuilder::new()
            .description(Some("The users in the order of the request, then their peers."))
            .items(Ref::from_schema_name(ReportEntry::name()));
        Object::builder()
            .description(Some("What happened to each user."))
            .property("users", users)
            .required("users")
            .into()
    }
}

impl ToSchema for Report {
    fn schemas(schemas: &mut Named) {
        push::<ReportEntry>(schemas);
    }
}

impl PartialSchema for ReportEntry {
    fn schema() -> Described {
        let outcomes = [Outcome::Created, Outcome::Updated(Mask::EMPTY), Outcome::Unchanged, Outcome::Absent];
        let fields = ArrayBuilder::new()
            .description(Some("The settings that have a new value in what was there before."))
            .items(
                Object::builder().schema_type(Type::String).enum_values(Some(Field::ALL.iter().map(|f| f.wire_name()))),
            );
        let version = Object::builder()
            .schema_type([Type::Integer, Type::Null].into_iter().collect::<SchemaType>())
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)))
            .minimum(Some(0_usize))
            .description(Some(
                "The version that the request gave the user; `null` where nothing of the user's changed.",
            ));
        let described = Object::builder()
            .description(Some("What happened to one user's view."))
            .property("userID", reference::<UserId>("Whose view."))
            .property(
                "role",
                one_of(
                    "Whether the user is one of `userIDs`, or the other party.",
                    [Role::User, Role::Peer].map(Role::name),
                ),
            )
            .property("outcome", one_of("What happened.", outcomes.map(Outcome::name)))
            .property("fields", fields)
            .property("version", version);
        ["userID", "role", "outcome", "fields", "version"].into_iter().fold(described, ObjectBuilder::required).into()
    }
}

impl ToSchema for ReportEntry {
    fn schemas(schemas: &mut Named) {
        push::<UserId>(schemas);
    }
}

/// One setting; `is_optional` where `null` is as good as absent.
fn setting(field: Field, is_optional: bool) -> Object {
    let (kind, format) = match field.kind() {
        Kind::Bool => (Type::Boolean, None),
        Kind::I32 => (Type::Integer, Some(KnownFormat::Int32)),
        Kind::I64 | Kind::Timestamp => (Type::Integer, Some(KnownFormat::Int64)),
        Kind::Text => (Type::String, None),
    };
    let kinds: SchemaType = if is_optional { [kind, Type::Null].into_iter().collect() } else { kind.into() };
    let mut object = Object::builder().schema_type(kinds).format(format.map(SchemaFormat::KnownFormat));
    let mut description = Vec::from([String::from(field.description())]);
    if field.kind() == Kind::Text {
        let limit = Limits::default().max_text_bytes;
        description.push(format!(" At most {limit} bytes of UTF-8, unless the server is told otherwise."));
    }
    if is_optional {
        description.push(" Absent or `null`: kept.".into());
    } else {
        object = object.default(Some(match Settings::default().value(field) {
            Value::Bool(value) => value.into(),
            Value::I32(value) => value.into(),
            Value::I64(value) | Value::Timestamp(value) => value.into(),
            Value::Text(value) => value.into(),
        }));
    }
    match field.accepts() {
        Accepts::Any => (),
        Accepts::AtLeast(least) => object = object.minimum(isize::try_from(least).ok()),
        Accepts::OneOf(meanings) => {
            description.push(list(meanings));
            let numbers = meanings.iter().map(|&(number, _)| Some(number));
            object = object.enum_values(Some(numbers.chain(is_optional.then_some(None))));
        }
    }
    let unit = field.unit().map(|unit| [("x-unit", unit)].into_iter().collect::<Extensions>());
    object.description(Some(description.concat())).extensions(unit).build()
}

fn conversation_type() -> Object {
    Object::builder()
        .schema_type(Type::Integer)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int32)))
        .enum_values(Some(CONVERSATION_TYPES.map(|(number, _)| number)))
        .description(Some(["What kind of conversation it is.", &list(&CONVERSATION_TYPES)].concat()))
        .build()
}

/// Numbers and their meanings as a list in a description.
fn list(meanings: &[(i32, &str)]) -> String {
    let lines = meanings.iter().map(|(number, meaning)| format!("- `{number}`: {meaning}"));
    [String::from("\n")].into_iter().chain(lines).collect::<Vec<String>>().join("\n")
}

/// One of some texts.
fn one_of(description: &str, texts: impl IntoIterator<Item = &'static str>) -> ObjectBuilder {
    Object::builder().schema_type(Type::String).enum_values(Some(texts)).description(Some(description))
}

/// What a named schema says, with what it is for here.
fn reference<T: ToSchema>(description: &str) -> Ref {
    RefBuilder::new().ref_location_from_schema_name(T::name()).description(Some(description)).build()
}

/// The same, or null.
fn or_null<T: ToSchema>(description: &str) -> Schema {
    let null = Object::builder().schema_type(Type::Null);
    OneOfBuilder::new().item(null).item(Ref::from_schema_name(T::name())).description(Some(description)).into()
}

fn ids(schemas: &mut Named) {
    push::<UserId>(schemas);
    push::<GroupId>(schemas);
    push::<ConversationId>(schemas);
}

fn push<T: ToSchema>(schemas: &mut Named) {
    schemas.push((T::name().into_owned(), T::schema()));
    T::schemas(schemas);
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeSet;

    use crate::{Key, Target, Timestamp};

    use super::*;

    fn properties<T: PartialSchema>() -> BTreeSet<String> {
        let schema = serde_json::to_value(T::schema()).unwrap();
        schema["properties"].as_object().unwrap().keys().cloned().collect()
    }

    fn keys(value: &impl serde::Serialize) -> BTreeSet<String> {
        serde_json::to_value(value).unwrap().as_object().unwrap().keys().cloned().collect()
    }

    #[test]
    fn what_is_described_is_what_is_written_and_read() {
        let user = UserId::new("a").unwrap();
        let conversation = Conversation {
            key: Key::new(user.clone(), ConversationId::new("c").unwrap()),
            target: Target::Single(user.clone()),
            settings: Settings::default(),
            created_at: Timestamp(0),
        };
        assert_eq!(properties::<Conversation>(), keys(&conversation));
        let mut sent = keys(&ConversationReq::default());
        sent.extend(Field::ALL.iter().filter(|field| field.is_client()).map(|field| field.wire_name().into()));
        assert_eq!(properties::<ConversationReq>(), sent);
        let request = SetConversationsRequest { report: Some(true), dry_run: Some(true), ..Default::default() };
        assert_eq!(properties::<SetConversationsRequest>(), keys(&request));
        let entry = ReportEntry { user, role: Role::User, outcome: Outcome::Created, version: Some(Version(1)) };
        assert_eq!(properties::<ReportEntry>(), keys(&entry));
        assert_eq!(properties::<Report>(), keys(&Report { entries: [entry].into() }));
    }

    #[test]
    fn a_setting_is_described_by_its_line_in_the_table() {
        let described = |field, is_optional| serde_json::to_value(setting(field, is_optional)).unwrap();
        assert_eq!(
            described(Field::BurnDuration, true),
            serde_json::json!({
                "type": ["integer", "null"],
                "format": "int32",
                "minimum": 0,
                "x-unit": "seconds",
                "description": "How long a message burns after it was read, in seconds, at least 0. Absent or `null`: kept.",
            })
        );
        assert_eq!(
            described(Field::RecvMsgOpt, false),
            serde_json::json!({
                "type": "integer",
                "format": "int32",
                "enum": [0, 1, 2],
                "default": 0,
                "description": "What happens when a message arrives.\n\n- `0`: Receive it and notify.\n\
                    - `1`: Do not receive it: muted altogether.\n- `2`: Receive it in silence.",
            })
        );
    }
}
