//! What the document says of one route.

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

use super::{CALLER, JSON, OPERATION_ID};
use crate::{Api, access::Access};

/// The tag of what is no call.
pub(super) const SERVER: &str = "server";

/// What a call's types do not tell of it.
pub(crate) struct PostRoute {
    /// Where it is.
    pub(crate) path: &'static str,
    /// What it does, in a few words.
    pub(crate) summary: &'static str,
    /// The rules, in Markdown.
    pub(crate) description: &'static str,
    /// The codes of its own: beside those that any call, or any with a caller, may be answered with.
    pub(crate) fails: &'static [Code],
    /// A request to try, in JSON.
    pub(crate) example: &'static str,
}

/// What is told of a route that is no call.
pub(crate) struct GetRoute {
    /// Where it is.
    pub(crate) path: &'static str,
    /// What it tells, in a few words.
    pub(crate) summary: &'static str,
    /// What else there is to know, in Markdown.
    pub(crate) description: &'static str,
    /// What the answer is.
    pub(crate) content_type: &'static str,
    /// The statuses that it may have besides 200, with what they mean.
    pub(crate) statuses: &'static [(&'static str, &'static str)],
}

/// A route as the document has it.
pub(crate) struct DescribedRoute {
    pub(super) method: HttpMethod,
    pub(super) operation: Operation,
    /// The schemas that the operation refers to by name.
    pub(super) schemas: Vec<(String, RefOr<Schema>)>,
}

/// A call that admits `A`, reads `R` and answers with `D`.
pub(crate) fn call<A: Access, R: ToSchema, D: ToSchema>(host: &Api, about: &PostRoute) -> DescribedRoute {
    let mut schemas = vec![(R::name().into_owned(), R::schema())];
    R::schemas(&mut schemas);
    D::schemas(&mut schemas);

    let request = Content::builder()
        .schema(Some(Ref::from_schema_name(R::name())))
        .example(serde_json::from_str(about.example).ok())
        .build();
    let codes = || [Code::Args, Code::ServerInternal].iter().chain(A::ERROR_CODES).chain(about.fails);
    let mut codes: Vec<Code> = codes().copied().collect();
    codes.sort_unstable_by_key(|code| code.number());
    let mut operation = OperationBuilder::new()
        .tag(about.path.split('/').nth(1).unwrap_or_default())
        .summary(Some(about.summary))
        .description(Some(about.description))
        .operation_id(about.path.rsplit('/').next())
        .parameter_ref(Ref::new(format!("#/components/parameters/{OPERATION_ID}")))
        .request_body(Some(RequestBodyBuilder::new().content(JSON, request).required(Some(Required::True)).build()))
        .response("200", answer::<D>(&codes))
        .response("429", rejected());
    if A::REQUIRES_AUTH && host.authenticate.header().is_some() {
        operation = operation.security(SecurityRequirement::new(CALLER, [""; 0]));
    }
    DescribedRoute { method: HttpMethod::Post, operation: operation.build(), schemas }
}

/// A question to the server itself.
pub(crate) fn question(about: &GetRoute) -> DescribedRoute {
    let text = Object::with_type(Type::String);
    let content = || match about.content_type {
        JSON => Content::new::<RefOr<Schema>>(None),
        _ => Content::new(Some(text.clone())),
    };
    let response = |told: &str| ResponseBuilder::new().description(told).content(about.content_type, content());
    let operation = OperationBuilder::new()
        .tag(SERVER)
        .summary(Some(about.summary))
        .description(Some(about.description))
        .operation_id(about.path.split(['/', '.']).nth(1))
        .response("200", response(about.summary));
    let operation =
        about.statuses.iter().fold(operation, |operation, (status, told)| operation.response(*status, response(told)));
    DescribedRoute { method: HttpMethod::Get, operation: operation.build(), schemas: Vec::new() }
}

/// The envelope: with data of `D`, or with one of `codes`.
fn answer<D: ToSchema>(codes: &[Code]) -> Response {
    let done = envelope(0, "").property("data", data::<D>()).required("data");
    let failures = codes.iter().map(|code| Ref::from_schema_name(code.name()));
    let schema = failures.fold(OneOfBuilder::new().item(done), OneOfBuilder::item);
    let list = codes.iter().map(|code| format!("\n- `{}` {}: {}", code.number(), code.name(), code.meaning()));
    let told = ["The call was done: `errCode` is 0. Or it was not, and `errCode` says why:\n".to_owned()];
    let told: Vec<String> = told.into_iter().chain(list).collect();
    ResponseBuilder::new().description(told.concat()).content(JSON, Content::new(Some(schema))).build()
}

/// The envelope of a call too many.
fn rejected() -> Response {
    let code = Code::TooManyRequests;
    let told = format!("`{}` {}: {}", code.number(), code.name(), code.meaning());
    let seconds =
        HeaderBuilder::new().schema(Some(Object::with_type(Type::Integer))).description(Some("In seconds.")).build();
    let content = Content::new(Some(Ref::from_schema_name(code.name())));
    ResponseBuilder::new().description(told).header("Retry-After", seconds).content(JSON, content).build()
}

fn data<D: ToSchema>() -> RefOr<Schema> {
    // Rust's `()`, which utoipa describes as anything.
    if D::name() == <()>::name() { Object::with_type(Type::Null).into() } else { D::schema() }
}

/// The envelope of a call that failed by `code`.
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
            .description(Some("Which argument is wrong, and how; of what went wrong inside, the operation ID alone.")),
    };
    let object =
        Object::builder().property("errCode", number).property("errMsg", text(name)).property("errDlt", detail);
    ["errCode", "errMsg", "errDlt"].into_iter().fold(object, ObjectBuilder::required)
}
