//! The replies, and what every one of them promises.

use axum::{
    body::{Body, to_bytes},
    http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header::CONTENT_TYPE},
};
use conversation_settings_http::Code;
use serde_json::Value;

use super::script::Sent;

/// Words that only a leak of the program's internals would contain.
const INTERNALS: &[&str] = &[".rs:", ".rs\"", "/src/", "panicked at", "unwrap()", "Err value", "RUST_BACKTRACE"];

/// Paths whose GET returns a document instead of an envelope.
const DOCUMENTS: &[&str] = &["/docs", "/openapi.json", "/metrics"];

/// The longest detail, in bytes: it quotes at most an ID or two of the request.
const MAX_DETAIL: usize = 4_096;

/// The reply to a request.
#[derive(Debug)]
pub struct Reply {
    /// The route of the request, if the server has it.
    pub path: Option<&'static str>,
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
    envelope: Value,
}

impl Reply {
    pub(super) async fn read(sent: &Sent<'_>, response: Response<Body>) -> Self {
        let (head, body) = response.into_parts();
        let body = Vec::from(to_bytes(body, usize::MAX).await.expect("the body is complete"));
        let envelope = serde_json::from_slice(&body).unwrap_or_default();
        Self { path: sent.path, status: head.status, headers: head.headers, body, envelope }
    }

    /// The code: 0 for success.
    #[must_use]
    pub fn code(&self) -> Option<i64> {
        self.envelope["errCode"].as_i64()
    }

    /// Whether the request succeeded.
    #[must_use]
    pub fn is_success(&self) -> bool {
        let is_document = self.path.is_some_and(|path| DOCUMENTS.contains(&path));
        self.code() == Some(0) || is_document && self.status == StatusCode::OK
    }

    /// Checks what every reply promises.
    pub(super) fn check(&self, sent: &Sent<'_>) {
        let text = str::from_utf8(&self.body).expect("a reply is UTF-8");
        let Some(path) = self.path else {
            // The router has no fallback; a host adds one.
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
                assert!(text.contains("the path does not support this method"), "{text}");
                let is_call = !path.ends_with('z') && !DOCUMENTS.contains(&path);
                assert!(!is_call || ![Method::POST, Method::OPTIONS].contains(&sent.method), "{sent:?}");
            }
            other => panic!("{other} for {sent:?}"),
        }
    }

    /// The envelope's code, if it is not success.
    fn check_envelope(&self, sent: &Sent<'_>) -> Option<Code> {
        let envelope = self.envelope.as_object().unwrap_or_else(|| panic!("no envelope for {sent:?}: {self:?}"));
        let [number, name, detail] = ["errCode", "errMsg", "errDlt"].map(|key| &envelope[key]);
        let detail = detail.as_str().expect("errDlt is a string");
        if number == 0 {
            assert_eq!((name, detail, envelope.len()), (&Value::from(""), "", 4), "{self:?}");
            assert!(envelope.contains_key("data"), "{self:?}");
            return None;
        }
        let code = Code::ALL.iter().find(|code| *number == code.number());
        let code = *code.unwrap_or_else(|| panic!("{number} is not a known code"));
        assert_eq!((name, envelope.len()), (&Value::from(code.name()), 3), "{self:?}");
        assert_ne!(code, Code::ServerInternal, "a memory store does not fail: {sent:?}");
        assert!(detail.len() <= MAX_DETAIL && !detail.contains(char::is_control), "{detail:?}");
        for words in INTERNALS {
            assert!(!detail.contains(words) || sent.may_contain(words), "{detail}");
        }
        Some(code)
    }
}

impl Sent<'_> {
    /// Whether the request may contain the words. With an escape such as `\u0000` it may contain any.
    fn may_contain(&self, words: &str) -> bool {
        let has = |words: &[u8]| self.raw.windows(words.len()).any(|window| window == words);
        has(words.as_bytes()) || has(b"\\u")
    }
}
