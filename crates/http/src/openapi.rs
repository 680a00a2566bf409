//! The document that describes every route, in OpenAPI 3.1: `/openapi.json`.
//!
//! It is built from the descriptions of the routes, which come from the types of requests and responses. So no route, field
//! or code can be missing.

mod description;

use std::{collections::BTreeMap, time::Duration};

use axum::http::{HeaderValue, header::CONTENT_TYPE};
use conversation_settings_openim::Code;
use utoipa::openapi::{
    Components, Info, LicenseBuilder, Object, OpenApiBuilder, PathItem, Paths, RefOr, Required, Schema, Server, Tag,
    Type,
    path::{ParameterBuilder, ParameterIn},
    security::{ApiKey, ApiKeyValue, SecurityScheme},
    tag::TagBuilder,
};

pub(crate) use description::{Description, describe_call, describe_page};

use crate::{
    Api,
    operation_id::{self, AbsentOperationId},
    page::Page,
    route::GetRoute,
};

pub(crate) const OPENAPI: GetRoute = GetRoute {
    path: "/openapi.json",
    summary: "Get the OpenAPI document",
    description: "Describes every route in OpenAPI 3.1.",
    content_type: JSON,
    statuses: &[],
};

const JSON: &str = "application/json";

/// The name of the parameter that every call has.
const OPERATION_ID: &str = "operationID";
/// The name of the security scheme.
const CALLER: &str = "caller";
/// The tag of operational routes.
const SERVER: &str = "server";

/// The page with the document of `api`, in JSON.
pub(crate) fn document(api: &Api, descriptions: Vec<(&'static str, Description)>) -> Page {
    let mut schemas: BTreeMap<String, RefOr<Schema>> = BTreeMap::new();
    schemas.extend(Code::ALL.iter().map(|&code| (code.name().to_owned(), description::failure(code))));
    let mut paths = Paths::new();
    for (path, description) in descriptions {
        schemas.extend(description.schemas);
        paths.paths.insert(path.to_owned(), PathItem::new(description.method, description.operation));
    }
    let mut components = Components::new();
    components.schemas.extend(schemas);
    components.parameters.insert(OPERATION_ID.to_owned(), operation_id(api.absent_operation_id).build().into());
    if let Some(header) = api.authenticate.header() {
        let scheme = ApiKeyValue::with_description(header, "Identifies the caller.");
        components.add_security_scheme(CALLER, SecurityScheme::ApiKey(ApiKey::Header(scheme)));
    }
    let document = OpenApiBuilder::new()
        .info(info(api))
        // Relative to the document: the routes are beside it, wherever the router is nested.
        .servers(Some([Server::new(".")]))
        .tags(Some(tags()))
        .paths(paths)
        .components(Some(components))
        .build();
    let document = serde_json::to_vec(&document).expect("the document is JSON");
    Page::new([(CONTENT_TYPE, HeaderValue::from_static(JSON))], document)
}

fn info(api: &Api) -> Info {
    let mut info = Info::new("Conversation settings", env!("CARGO_PKG_VERSION"));
    info.license = Some(LicenseBuilder::new().name("Apache-2.0").identifier(Some("Apache-2.0")).build());
    info.description = Some(format!(
        "Every user's own settings of each conversation, in the format of OpenIM's clients.\n\n\
         A call is a `POST` of one JSON object. Its response has HTTP status 200 and an envelope: `errCode` is 0 after \
         success and an error code otherwise, and `errDlt` names the invalid argument. An absent argument and `null` are \
         equal. A boolean may be sent as 1 or 0. Unknown arguments are ignored, but a name that differs from a known one \
         only in case, in punctuation or by the prefix `is`, or that is in the wrong object or in the query, is an error. \
         Unknown paths and unsupported methods return 404.\n\n\
         {}",
        limits(api)
    ));
    info
}

/// The limits of a call, except for those that are left to the host.
fn limits(api: &Api) -> String {
    let limits = api.service.limits();
    let body_timeout = api.body_timeout.min(api.request_timeout);
    let size = (api.max_body_bytes != usize::MAX).then(|| format!("A body has at most {} bytes.", api.max_body_bytes));
    let arrival = (body_timeout != Duration::MAX).then(|| format!("A body must arrive within {body_timeout:?}."));
    let time =
        (api.request_timeout != Duration::MAX).then(|| format!("A call takes at most {:?}.", api.request_timeout));
    let calls = api.concurrency.is_limited().then(|| {
        let (all, of_user) = (api.concurrency.limit(), api.caller_shares.max_calls());
        format!("While {all} calls are running, or {of_user} of one user, further calls return 429.")
    });
    let arguments = format!(
        "This server accepts at most {} users or conversation IDs in a call, {} bytes in `ex` and `attachedInfo`, and {} \
         bytes of both for all users of a call together.",
        limits.max_users, limits.max_text_bytes, limits.max_batch_bytes
    );
    let sentences: Vec<_> = [Some(arguments), size, arrival, time, calls].into_iter().flatten().collect();
    sentences.join(" ")
}

fn tags() -> [Tag; 3] {
    [("conversation", "Conversations"), ("auth", "Tokens"), (SERVER, "Operation of the server")]
        .map(|(name, description)| TagBuilder::new().name(name).description(Some(description)).build())
}

fn operation_id(absent: AbsentOperationId) -> ParameterBuilder {
    let (required, otherwise) = match absent {
        AbsentOperationId::Refuse => (Required::True, ""),
        AbsentOperationId::Create => (Required::False, " A call without it gets a random one."),
    };
    let text = Object::builder().schema_type(Type::String);
    ParameterBuilder::new()
        .name(OPERATION_ID)
        .parameter_in(ParameterIn::Header)
        .required(required)
        .description(Some(format!(
            "Traces the call from end to end. Use a new one for each call, in printable ASCII.{otherwise}"
        )))
        .schema(Some(text.min_length(Some(1)).max_length(Some(operation_id::MAX_BYTES)).pattern(Some("^[ -~]+$"))))
}
