//! What comes back, and what has to hold of it.

use axum::{
    body::{Body, to_bytes},
    http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header::CONTENT_TYPE},
};
use conversation_settings_http::Code;
use serde_json::Value;

use super::script::Sent;

/// What only the program itself would say: where its source is, or that it stopped.
const INSIDE: &[&str] = &[".rs:", ".rs\"", "/src/", "panicked at", "unwrap()", "Err value", "RUST_BACKTRACE"];

/// What is for people and programs to read, and is no envelope, where it is asked for by GET.
const DOCUMENTS: &[&str] = &["/docs", "/openapi.json", "/metrics"];

/// The longest detail, in bytes: of what the caller sent, it has an ID or two.
const MAX_DETAIL: usize = 4_096;

/// The answer to a request.
#[derive(Debug)]
pub struct Answer {
    /// The path of the server's own that the request was for.
    pub path: Option<&'static str>,
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
    envelope: Value,
}

impl Answer {
    pub(super) async fn read(sent: &Sent<'_>, response: Response<Body>) -> Self {
        let (head, body) = response.into_parts();
        let body = Vec::from(to_bytes(body, usize::MAX).await.expect("the answer is whole"));
        let envelope = serde_json::from_slice(&body).unwrap_or_default();
        Self { path: sent.path, status: head.status, headers: head.headers, body, envelope }
    }

    /// Its code: 0 for success.
    #[must_use]
    pub fn code(&self) -> Option<i64> {
        self.envelope["errCode"].as_i64()
    }

    /// Whether it is what was asked for.
    #[must_use]
    pub fn is_done(&self) -> bool {
        let is_document = self.path.is_some_and(|path| DOCUMENTS.contains(&path));
        self.code() == Some(0) || is_document && self.status == StatusCode::OK
    }

    /// Everything that is promised of the answer to anything.
    pub(super) fn check(&self, sent: &Sent<'_>) {
        let text = str::from_utf8(&self.body).expect("an answer is UTF-8");
        let Some(path) = self.path else {
            // The router has no fallback of its own; `not_found` is one.
            assert_eq!((self.status, text), (StatusCode::NOT_FOUND, ""), "{sent:?}");
            return;
        };
        if sent.method == Method::HEAD {
            return assert_eq!(text, "", "{sent:?}");
        }
        if sent.method == Method::GET && DOCUMENTS.contains(&path) {
            return assert_eq!(self.status, StatusCode::OK, "{sent:?}");
        }
        assert_eq!(
            self.headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes),
            Some(&b"application/json"[..]),
            "{sent:?}"
        );
        if text == "\"Options Request!\"" {
            return assert_eq!((&sent.method, self.status), (&Method::OPTIONS, StatusCode::OK), "{path}");
        }
        let code = self.check_envelope(sent);
        match self.status {
            StatusCode::OK => (),
            StatusCode::NOT_FOUND => {
                assert_eq!(code, Some(Code::RecordNotFound), "{text}");
                assert!(text.contains("there is no such method of this path"), "{text}");
                let is_call = !path.ends_with('z') && !DOCUMENTS.contains(&path);
                assert!(!is_call || ![Method::POST, Method::OPTIONS].contains(&sent.method), "{sent:?}");
            }
            other => panic!("{other} to {sent:?}"),
        }
    }

    /// The envelope's code, if it is not success.
    fn check_envelope(&self, sent: &Sent<'_>) -> Option<Code> {
        let envelope = self.envelope.as_object().unwrap_or_else(|| panic!("no envelope to {sent:?}: {self:?}"));
        let [number, name, detail] = ["errCode", "errMsg", "errDlt"].map(|key| &envelope[key]);
        let detail = detail.as_str().expect("errDlt is a text");
        if number == 0 {
            assert_eq!((name, detail, envelope.len()), (&Value::from(""), "", 4), "{self:?}");
            assert!(envelope.contains_key("data"), "{self:?}");
            return None;
        }
        let code = Code::ALL.iter().find(|code| *number == code.number());
        let code = *code.unwrap_or_else(|| panic!("{number} is not in the table"));
        assert_eq!((name, envelope.len()), (&Value::from(code.name()), 3), "{self:?}");
        assert_ne!(code, Code::ServerInternal, "a memory store does not fail: {sent:?}");
        assert!(detail.len() <= MAX_DETAIL && !detail.contains(char::is_control), "{detail:?}");
        for inside in INSIDE {
            assert!(!detail.contains(inside) || sent.may_have_said(inside), "{detail}");
        }
        Some(code)
    }
}

impl Sent<'_> {
    /// Whether the words come from the caller. One that can write a character as `\u0000` can say anything.
    fn may_have_said(&self, words: &str) -> bool {
        let has = |words: &[u8]| self.raw.windows(words.len()).any(|window| window == words);
        has(words.as_bytes()) || has(b"\\u")
    }
}
