//! The document that describes every route, in OpenAPI 3.1: `/openapi.json`.
//!
//! It is made of the table of routes and of the types that they read and answer, so that no route, field or code can be
//! missing from it. What no type tells, a route's [`PostRoute`] does.

mod operation;

use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
};

use axum::{
    body::{Body, Bytes},
    http::{HeaderValue, Response, header::CONTENT_TYPE},
};
use conversation_settings_openim::Code;
use utoipa::openapi::{
    Components, Info, LicenseBuilder, Object, OpenApi, OpenApiBuilder, PathItem, Paths, RefOr, Required, Schema,
    Server, Tag, Type,
    path::{ParameterBuilder, ParameterIn},
    security::{ApiKey, ApiKeyValue, SecurityScheme},
    tag::TagBuilder,
};

pub(crate) use operation::{DescribedRoute, GetRoute, PostRoute, call, question};

use crate::{Api, operation_id, routes};

/// The document's own route.
pub(crate) const OPENAPI: GetRoute = GetRoute {
    path: "/openapi.json",
    summary: "This document",
    description: "Every route in OpenAPI 3.1.",
    content_type: JSON,
    statuses: &[],
};

const JSON: &str = "application/json";

/// The name of the parameter that every call has.
const OPERATION_ID: &str = "operationID";
/// The name of the way in which callers are known.
const CALLER: &str = "caller";

/// The document of one host, made when it is first asked for.
#[derive(Clone, Default)]
pub(crate) struct Document(Arc<OnceLock<Bytes>>);

impl Document {
    /// The answer to whoever asks for it.
    pub(crate) fn answer(&self, host: &Arc<Api>) -> Response<Body> {
        let json = self.0.get_or_init(|| serde_json::to_vec(&describe(host)).unwrap_or_default().into());
        let mut response = Response::new(Body::from(json.clone()));
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(JSON));
        response
    }
}

/// Describes the routes of `host`.
pub(crate) fn describe(host: &Arc<Api>) -> OpenApi {
    let routes = routes::table(host);
    let mut schemas: BTreeMap<String, RefOr<Schema>> = BTreeMap::new();
    schemas.extend(Code::ALL.iter().map(|&code| (code.name().to_owned(), operation::failure(code))));
    let mut paths = Paths::new();
    for route in routes {
        schemas.extend(route.about.schemas);
        paths.paths.insert(route.path.to_owned(), PathItem::new(route.about.method, route.about.operation));
    }
    let mut components = Components::new();
    components.schemas.extend(schemas);
    components.parameters.insert(OPERATION_ID.to_owned(), operation_id().build().into());
    if let Some(header) = host.authenticate.header() {
        let scheme = ApiKeyValue::with_description(header, "Says who calls.");
        components.add_security_scheme(CALLER, SecurityScheme::ApiKey(ApiKey::Header(scheme)));
    }
    OpenApiBuilder::new()
        .info(info(host))
        // Where the document is: the routes are beside it, wherever the router is nested.
        .servers(Some([Server::new(".")]))
        .tags(Some(tags()))
        .paths(paths)
        .components(Some(components))
        .build()
}

fn info(host: &Api) -> Info {
    let limits = host.service.limits();
    let mut info = Info::new("Conversation settings", env!("CARGO_PKG_VERSION"));
    info.license = Some(LicenseBuilder::new().name("Apache-2.0").identifier(Some("Apache-2.0")).build());
    info.description = Some(format!(
        "Every user's own settings of each conversation, in the format that OpenIM's clients speak.\n\n\
         A call is a `POST` of one JSON object. Its answer has HTTP status 200 and an envelope, whether it was done or \
         not: `errCode` is 0, or says what went wrong, and `errDlt` tells which argument it was. An absent argument and \
         `null` are the same. Unknown ones are ignored. \
         A path that there is not, and a method that it has not, are answered with status 404.\n\n\
         This server takes at most {users} users or conversation IDs in a call, {text} bytes in `ex` and \
         `attachedInfo`, {body} bytes in a body, and {time:?} for an answer. While {calls} calls are under way, others \
         are answered with status 429.",
        users = limits.max_users,
        text = limits.max_text_bytes,
        body = host.max_body_bytes,
        time = host.request_timeout,
        calls = host.concurrency.limit(),
    ));
    info
}

fn tags() -> [Tag; 3] {
    [
        ("conversation", "Conversations, set and read."),
        ("auth", "Tokens."),
        (operation::SERVER, "For whoever runs the server."),
    ]
    .map(|(name, description)| TagBuilder::new().name(name).description(Some(description)).build())
}

fn operation_id() -> ParameterBuilder {
    let text = Object::builder().schema_type(Type::String);
    ParameterBuilder::new()
        .name(OPERATION_ID)
        .parameter_in(ParameterIn::Header)
        .required(Required::True)
        .description(Some("Traces the call from end to end: a fresh one each, in printable ASCII."))
        .schema(Some(text.min_length(Some(1)).max_length(Some(operation_id::MAX_BYTES)).pattern(Some("^[ -~]+$"))))
}
