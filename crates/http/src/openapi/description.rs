//! The description of one route.

use conversation_settings_openim::Code;
use utoipa::{
    ToSchema,
    openapi::{
        Content, HeaderBuilder, HttpMethod, Object, OneOfBuilder, Ref, RefOr, Required, Response, ResponseBuilder,
        Schema, SecurityRequirement, Type,
        path::{Operation, OperationBuilder},
        request_body::RequestBodyBuilder,
        schema::ObjectBuilder,
    },
};

use super::{CALLER, JSON, OPERATION_ID, SERVER};
use crate::{
    Api,
    access::Access,
    route::{GetRoute, PostRoute},
};

/// A route as the document contains it.
pub(crate) struct Description {
    pub(super) method: HttpMethod,
    pub(super) operation: Operation,
    /// The schemas that the operation refers to by name.
    pub(super) schemas: Vec<(String, RefOr<Schema>)>,
}

/// Describes a call with access `A`, request `R` and data `D`.
pub(crate) fn describe_call<A: Access, R: ToSchema, D: ToSchema>(route: &PostRoute, api: &Api) -> Description {
    let mut schemas = vec![(R::name().into_owned(), R::schema())];
    R::schemas(&mut schemas);
    D::schemas(&mut schemas);

    let request = Content::builder()
        .schema(Some(Ref::from_schema_name(R::name())))
        .example(serde_json::from_str(route.example).ok())
        .build();
    let codes = [Code::Args, Code::ServerInternal].iter().chain(A::ERROR_CODES).chain(route.fails);
    let mut codes: Vec<Code> = codes.copied().collect();
    codes.sort_unstable_by_key(|code| code.number());
    let mut operation = OperationBuilder::new()
        .tag(route.tag())
        .summary(Some(route.summary))
        .description(Some(route.description))
        .operation_id(Some(route.name()))
        .parameter_ref(Ref::new(format!("#/components/parameters/{OPERATION_ID}")))
        .request_body(Some(RequestBodyBuilder::new().content(JSON, request).required(Some(Required::True)).build()))
        .response("200", response::<D>(&codes))
        .response("415", refusal(api.requires_json))
        .response("429", rejection());
    if A::REQUIRES_AUTH && api.authenticate.header().is_some() {
        operation = operation.security(SecurityRequirement::new(CALLER, [""; 0]));
    }
    Description { method: HttpMethod::Post, operation: operation.build(), schemas }
}

/// Describes a page about the server itself.
pub(crate) fn describe_page(route: &GetRoute) -> Description {
    let content = || match route.content_type {
        JSON => Content::new::<RefOr<Schema>>(None),
        _ => Content::new(Some(Object::with_type(Type::String))),
    };
    let response = |text: &str| ResponseBuilder::new().description(text).content(route.content_type, content());
    let operation = OperationBuilder::new()
        .tag(SERVER)
        .summary(Some(route.summary))
        .description(Some(route.description))
        .operation_id(Some(route.name()))
        .response("200", response("Success."));
    let statuses = route.statuses.iter();
    let operation = statuses.fold(operation, |operation, (status, text)| operation.response(*status, response(text)));
    Description { method: HttpMethod::Get, operation: operation.build(), schemas: Vec::new() }
}

/// The envelope with data of `D`, or with one of `codes`.
fn response<D: ToSchema>(codes: &[Code]) -> Response {
    let success = envelope(0, "").property("data", data::<D>()).required("data");
    let failures = codes.iter().map(|code| Ref::from_schema_name(code.name()));
    let schema = failures.fold(OneOfBuilder::new().item(success), OneOfBuilder::item);
    let list: Vec<String> = codes.iter().map(|&code| format!("\n- {}", code_text(code))).collect();
    let text = format!("`errCode` is 0 after success. Otherwise it is one of:\n{}", list.concat());
    ResponseBuilder::new().description(text).content(JSON, Content::new(Some(schema))).build()
}

/// The envelope of a call with a body of another type, or with a compressed one.
fn refusal(requires_json: bool) -> Response {
    let content = Content::new(Some(Ref::from_schema_name(Code::Args.name())));
    let text = if requires_json {
        "The `Content-Type` is not `application/json`, or the body has a `Content-Encoding`, which is not supported."
    } else {
        "The body has a `Content-Encoding`, which is not supported."
    };
    ResponseBuilder::new().description(text).content(JSON, content).build()
}

/// The envelope of a rejected call.
fn rejection() -> Response {
    let code = Code::TooManyRequests;
    let seconds =
        HeaderBuilder::new().schema(Some(Object::with_type(Type::Integer))).description(Some("In seconds.")).build();
    let content = Content::new(Some(Ref::from_schema_name(code.name())));
    let response = ResponseBuilder::new().description(code_text(code));
    response.header("Retry-After", seconds).content(JSON, content).build()
}

fn code_text(code: Code) -> String {
    format!("`{}` {}: {}", code.number(), code.name(), code.meaning())
}

fn data<D: ToSchema>() -> RefOr<Schema> {
    // utoipa describes `()` as any value.
    if D::name() == <()>::name() { Object::with_type(Type::Null).into() } else { D::schema() }
}

/// The envelope of a call that failed with `code`.
pub(super) fn failure(code: Code) -> RefOr<Schema> {
    envelope(code.number(), code.name()).description(Some(code.meaning())).into()
}

fn envelope(code: i32, name: &'static str) -> ObjectBuilder {
    let number = Object::builder().schema_type(Type::Integer).enum_values(Some([code]));
    let text = |text| Object::builder().schema_type(Type::String).enum_values(Some([text]));
    let detail = match code {
        0 => text(""),
        _ => Object::builder()
            .schema_type(Type::String)
            .description(Some("The invalid argument and its problem. After an internal error, only the operation ID.")),
    };
    let object =
        Object::builder().property("errCode", number).property("errMsg", text(name)).property("errDlt", detail);
    ["errCode", "errMsg", "errDlt"].into_iter().fold(object, ObjectBuilder::required)
}
