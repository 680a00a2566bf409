//! The schemas in the OpenAPI document that no derive can make: of the core's types, by the table of settings.

use std::borrow::Cow;

use conversation_settings_core::{
    Accepts, Custom, CustomText, Field, Kind, Limits, Mask, Outcome, Role, Settings, Value,
};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        KnownFormat, Object, ObjectBuilder, OneOfBuilder, Ref, RefOr, Schema, SchemaFormat, Type,
        extensions::Extensions,
        schema::{ArrayBuilder, RefBuilder, SchemaType},
    },
};

use super::{
    conversation::Conversation,
    set_conversations::{Report, ReportEntry, SetConversationsRequest},
};

/// The kinds of conversation, and the target that each needs.
const CONVERSATION_TYPES: [(i32, &str); 4] = [
    (1, "Single chat with `userID`."),
    (2, "Group `groupID`, of the old kind."),
    (3, "Group `groupID`."),
    (4, "Notification account `userID`."),
];

type Described = RefOr<Schema>;
type Named = Vec<(String, Described)>;

macro_rules! id {
    ($id:ident, $name:literal, $what:literal) => {
        #[doc = concat!("The schema `", $name, "`.")]
        pub(crate) struct $id;

        impl PartialSchema for $id {
            fn schema() -> Described {
                let rule = format!(
                    concat!($what, ": opaque, compared byte by byte; 1 to {} bytes of UTF-8, no control characters."),
                    conversation_settings_core::$id::MAX_BYTES
                );
                let text = Object::builder().schema_type(Type::String).description(Some(rule));
                text.min_length(Some(1)).max_length(Some(conversation_settings_core::$id::MAX_BYTES)).into()
            }
        }

        impl ToSchema for $id {
            fn name() -> Cow<'static, str> {
                Cow::Borrowed($name)
            }
        }
    };
}

id!(UserId, "UserID", "ID of a user");
id!(GroupId, "GroupID", "ID of a group");
id!(ConversationId, "ConversationID", "ID of a conversation");

impl PartialSchema for SetConversationsRequest {
    fn schema() -> Described {
        let flag = |description| {
            let kinds: SchemaType = [Type::Boolean, Type::Null].into_iter().collect();
            Object::builder().schema_type(kinds).description(Some(description))
        };
        let most = Limits::default().max_users;
        let users = ArrayBuilder::new()
            .description(Some(format!(
                "IDs of the users whose own view of the conversation is set; duplicates count once. At most {most}, unless \
                 the server is configured otherwise."
            )))
            .items(Ref::from_schema_name(UserId::name()))
            .min_items(Some(1));
        Object::builder()
            .property("userIDs", users)
            .property("conversation", reference::<ConversationReq>("The conversation, and the settings to set."))
            .property(
                "report",
                flag("Whether the response reports what happened to each user. An extension of OpenIM's request."),
            )
            .property(
                "dryRun",
                flag("Whether to report what would happen to each user, and write nothing. An extension of OpenIM's request."),
            )
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

/// The schema of what a client sends of a conversation.
pub(crate) struct ConversationReq;

impl PartialSchema for ConversationReq {
    fn schema() -> Described {
        let described = Object::builder()
            .description(Some("The conversation, and the settings to set. A setting that is absent or `null` is kept."))
            .property("conversationID", reference::<ConversationId>("ID of the conversation."))
            .property("conversationType", conversation_type())
            .property(
                "userID",
                or_null::<UserId>("ID of the other party or of the notification account; required for types 1 and 4."),
            )
            .property("groupID", or_null::<GroupId>("ID of the group; required for types 2 and 3."))
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
        let target = |description| Object::builder().schema_type(Type::String).description(Some(description));
        let described = Object::builder()
            .description(Some("One user's view of a conversation."))
            .property("ownerUserID", reference::<UserId>("ID of the user whose view it is."))
            .property("conversationID", reference::<ConversationId>("ID of the conversation."))
            .property("conversationType", conversation_type())
            .property("userID", target("ID of the other party or of the notification account; empty for a group."))
            .property("groupID", target("ID of the group; empty for the other types."));
        let described = Field::ALL
            .iter()
            .fold(described, |object, &field| object.property(field.wire_name(), setting(field, false)));
        let names = ["ownerUserID", "conversationID", "conversationType", "userID", "groupID"].into_iter();
        let always = Field::ALL.iter().filter(|field| field.kind() != Kind::Custom);
        let names = names.chain(always.map(|field| field.wire_name()));
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
        let ignored = ArrayBuilder::new()
            .description(Some(
                "Names in the request that the server does not know and ignores, as paths, such as `conversation.showName`; at \
                 most 32.",
            ))
            .items(Object::with_type(Type::String));
        let is_dry_run = Object::builder().schema_type(Type::Boolean).description(Some(
            "Whether this is the report of a dry run: nothing was written, and all that follows is what would happen.",
        ));
        Object::builder()
            .description(Some("What happened to each user's view or, after a dry run, what would happen."))
            .property("dryRun", is_dry_run)
            .property("users", users)
            .property("ignored", ignored)
            .required("dryRun")
            .required("users")
            .required("ignored")
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
        let outcomes = [Outcome::Created, Outcome::Updated(Mask::EMPTY.into()), Outcome::Unchanged, Outcome::Absent];
        let whole = Field::ALL.iter().filter(|field| field.kind() != Kind::Custom).map(|field| field.wire_name());
        let whole = Object::builder().schema_type(Type::String).enum_values(Some(whole));
        let custom = Object::builder().schema_type(Type::String).pattern(Some("^custom\\.[A-Za-z0-9_-]{1,64}$"));
        let names = OneOfBuilder::new().item(whole).item(custom);
        let fields = ArrayBuilder::new()
            .description(Some("Names of the settings that the request gave a created view, or that have a new value in an updated one; else empty."))
            .items(names);
        let version = Object::builder()
            .schema_type([Type::Integer, Type::Null].into_iter().collect::<SchemaType>())
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)))
            .minimum(Some(0_usize))
            .description(Some(
                "Version that the request gave the user; `null` if none of the user's conversations changed.",
            ));
        let described = Object::builder()
            .description(Some(
                "What happened to one user's view. Only administrators learn what happened to the other party's: for other \
                 callers its entry has neither `outcome` nor `fields` nor `version`.",
            ))
            .property("userID", reference::<UserId>("ID of the user whose view it is."))
            .property(
                "role",
                one_of(
                    "Whether the user is one of `userIDs`, or the other party.",
                    [Role::User, Role::Peer].map(Role::name),
                ),
            )
            .property("outcome", one_of("What happened to the view.", outcomes.map(Outcome::name)))
            .property("fields", fields)
            .property("version", version);
        ["userID", "role"].into_iter().fold(described, ObjectBuilder::required).into()
    }
}

impl ToSchema for ReportEntry {
    fn schemas(schemas: &mut Named) {
        push::<UserId>(schemas);
    }
}

/// One setting; if `is_optional`, `null` means the same as absent.
fn setting(field: Field, is_optional: bool) -> Object {
    let (kind, format) = match field.kind() {
        Kind::Bool => (Type::Boolean, None),
        Kind::I32 => (Type::Integer, Some(KnownFormat::Int32)),
        Kind::I64 | Kind::Timestamp => (Type::Integer, Some(KnownFormat::Int64)),
        Kind::Text => (Type::String, None),
        Kind::Custom => (Type::Object, None),
    };
    let kinds: SchemaType = if is_optional { [kind, Type::Null].into_iter().collect() } else { kind.into() };
    let mut object = Object::builder().schema_type(kinds).format(format.map(SchemaFormat::KnownFormat));
    let mut description = Vec::from([String::from(field.description())]);
    if field.kind() == Kind::Text {
        let limit = Limits::default().max_text_bytes;
        description.push(format!(" At most {limit} bytes of UTF-8, unless the server is configured otherwise."));
    }
    if is_optional {
        description.push(" Absent or `null`: kept.".into());
    } else {
        object = object.default(Some(match Settings::default().value(field) {
            Value::Bool(value) => value.into(),
            Value::I32(value) => value.into(),
            Value::I64(value) | Value::Timestamp(value) => value.into(),
            Value::Text(value) => value.into(),
            Value::Custom(names) => serde_json::to_value(names).unwrap_or_default(),
        }));
    }
    if field.kind() == Kind::Custom {
        let removal = is_optional.then_some(Type::Null);
        let scalars = [Type::Boolean, Type::Integer, Type::String].into_iter().chain(removal);
        let scalar = Object::builder()
            .schema_type(scalars.collect::<SchemaType>())
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)))
            .max_length(Some(CustomText::MAX_BYTES));
        let names = ObjectBuilder::new().pattern(Some("^[A-Za-z0-9_-]{1,64}$"));
        object = object
            .property_names(Some(names))
            .additional_properties(Some(scalar))
            .max_properties(Some(Custom::MAX_NAMES));
    }
    match field.accepts() {
        Accepts::AtLeast(least) => object = object.minimum(isize::try_from(least).ok()),
        Accepts::OneOf(meanings) => {
            description.push(list(meanings));
            let numbers = meanings.iter().map(|&(number, _)| Some(number));
            object = object.enum_values(Some(numbers.chain(is_optional.then_some(None))));
        }
        // `Any`, and what a later version of the core may add.
        _ => (),
    }
    let unit = field.unit().map(|unit| [("x-unit", unit)].into_iter().collect::<Extensions>());
    object.description(Some(description.concat())).extensions(unit).build()
}

fn conversation_type() -> Object {
    Object::builder()
        .schema_type(Type::Integer)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int32)))
        .enum_values(Some(CONVERSATION_TYPES.map(|(number, _)| number)))
        .description(Some(["Kind of the conversation.", &list(&CONVERSATION_TYPES)].concat()))
        .build()
}

/// Numbers and their meanings, as a Markdown list.
fn list(meanings: &[(i32, &str)]) -> String {
    let lines = meanings.iter().map(|(number, meaning)| format!("- `{number}`: {meaning}"));
    [String::from("\n")].into_iter().chain(lines).collect::<Vec<String>>().join("\n")
}

/// One of these texts.
fn one_of(description: &str, texts: impl IntoIterator<Item = &'static str>) -> ObjectBuilder {
    Object::builder().schema_type(Type::String).enum_values(Some(texts)).description(Some(description))
}

/// A reference to a named schema, with the description of this use.
fn reference<T: ToSchema>(description: &str) -> Ref {
    RefBuilder::new().ref_location_from_schema_name(T::name()).description(Some(description)).build()
}

/// A reference to a named schema, or null.
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
    use std::collections::BTreeSet;

    use conversation_settings_core::{self as core, Effect, Key, Target, Timestamp, Version};

    use super::*;

    fn properties<T: PartialSchema>() -> BTreeSet<String> {
        let schema = serde_json::to_value(T::schema()).unwrap();
        schema["properties"].as_object().unwrap().keys().cloned().collect()
    }

    fn keys(value: &impl serde::Serialize) -> BTreeSet<String> {
        serde_json::to_value(value).unwrap().as_object().unwrap().keys().cloned().collect()
    }

    #[test]
    fn describes_what_is_written_and_read() {
        let key = Key::new(core::UserId::new("a").unwrap(), core::ConversationId::new("c").unwrap());
        let mut settings = Settings::default();
        // Without a name, `custom` is not written.
        core::Patch::KEEP.custom(core::CustomPatch::KEEP.set("theme", "dark").unwrap()).apply(&mut settings);
        let conversation = core::Conversation {
            key: key.clone(),
            target: Target::Single(key.owner.clone()),
            settings,
            created_at: Timestamp(0),
        };
        assert_eq!(properties::<Conversation>(), keys(&Conversation(conversation)));
        let mut sent = keys(&core::ConversationReq::default());
        sent.extend(Field::ALL.iter().filter(|field| field.is_client()).map(|field| field.wire_name().into()));
        assert_eq!(properties::<ConversationReq>(), sent);
        assert_eq!(properties::<SetConversationsRequest>(), keys(&SetConversationsRequest::default()));
        let effect = Effect { outcome: Outcome::Created, version: Some(Version(1)) };
        let report: core::Report = [core::ReportEntry::new(key, Role::User, effect)].into_iter().collect();
        let report = Report::new(report, false, Vec::new());
        assert_eq!(properties::<Report>(), keys(&report));
        assert_eq!(properties::<ReportEntry>(), keys(&report.users[0]));
    }

    #[test]
    fn describes_a_setting_by_its_line_in_the_table() {
        let described = |field, is_optional| serde_json::to_value(setting(field, is_optional)).unwrap();
        assert_eq!(
            described(Field::BurnDuration, true),
            serde_json::json!({
                "type": ["integer", "null"],
                "format": "int32",
                "minimum": 0,
                "x-unit": "seconds",
                "description": "The time from reading a message to its deletion, in seconds, at least 0. Absent or `null`: kept.",
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
                    - `1`: Do not receive it.\n- `2`: Receive it without notifying.",
            })
        );
    }
}
