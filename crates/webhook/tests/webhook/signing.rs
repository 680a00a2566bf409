//! Signed requests, verified by a library that is not ours.

use std::{
    io::Write,
    process::{Command, Stdio},
};

use conversation_settings_http_client::testing::{Receiver, Recorded, Reply};
use standardwebhooks::Webhook as Verifier;

use crate::sending::{eager, set, start};

const KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OTHER_KEY: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

fn is_verified(key: &str, request: &Recorded) -> bool {
    Verifier::new(key).unwrap().verify(request.text.as_bytes(), &request.headers).is_ok()
}

fn header<'a>(request: &'a Recorded, name: &str) -> &'a str {
    request.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
}

#[tokio::test]
async fn signs_requests_that_another_library_verifies() {
    let mut receiver = Receiver::accepting().await;
    let service = start(receiver.url(), &eager().sign_with(KEY.parse().unwrap()));
    set(&service, &["alice"], 1).await;
    let mut request = receiver.next().await;
    assert!(is_verified(KEY, &request));
    assert!(!is_verified(OTHER_KEY, &request));
    // The library compares no more than the shorter of two signatures.
    assert_eq!(header(&request, "webhook-signature").len(), "v1,".len() + 44);
    assert!(header(&request, "webhook-id").starts_with("msg_"));

    request.text.push(' ');
    assert!(!is_verified(KEY, &request), "the body is signed");
    request.text.pop();
    for name in ["webhook-id", "webhook-timestamp"] {
        let kept = request.headers.insert(name, format!("{}1", header(&request, name)).parse().unwrap()).unwrap();
        assert!(!is_verified(KEY, &request), "{name} is signed");
        request.headers.insert(name, kept);
    }
    assert!(is_verified(KEY, &request));
}

#[tokio::test]
async fn signs_with_each_key_while_a_key_is_replaced() {
    let mut receiver = Receiver::accepting().await;
    let keys = eager().sign_with(OTHER_KEY.parse().unwrap()).sign_with(KEY.parse().unwrap());
    let service = start(receiver.url(), &keys);
    set(&service, &["alice"], 1).await;
    let request = receiver.next().await;
    assert!(is_verified(KEY, &request) && is_verified(OTHER_KEY, &request));
    assert_eq!(header(&request, "webhook-signature").split(' ').count(), 2);
}

#[tokio::test]
async fn keeps_the_id_of_a_request_that_is_sent_again() {
    let mut receiver = Receiver::start(|n| Reply::Status(if n == 0 { 503 } else { 200 })).await;
    let service = start(receiver.url(), &eager().sign_with(KEY.parse().unwrap()));
    set(&service, &["alice"], 1).await;
    let (failed, delivered) = (receiver.next().await, receiver.next().await);
    set(&service, &["alice"], 2).await;
    let later = receiver.next().await;
    assert_eq!(header(&failed, "webhook-id"), header(&delivered, "webhook-id"));
    assert_ne!(header(&later, "webhook-id"), header(&delivered, "webhook-id"));
    assert!([failed, delivered, later].iter().all(|request| is_verified(KEY, request)));
}

#[tokio::test]
async fn sends_the_id_and_the_time_without_a_key() {
    let mut receiver = Receiver::accepting().await;
    let service = start(receiver.url(), &eager());
    set(&service, &["alice"], 1).await;
    let request = receiver.next().await;
    assert!(header(&request, "webhook-id").starts_with("msg_"));
    assert!(header(&request, "webhook-timestamp").parse::<i64>().unwrap() > 1_700_000_000);
    assert!(!request.headers.contains_key("webhook-signature"));
}

/// The receiver in the guide, with a request on its standard input: the key, three headers and the body, one line each.
#[tokio::test]
async fn verifies_as_the_guide_shows() {
    let guide = include_str!("../../../../docs/events.md");
    let (_, shown) = guide.split_once("```python\n").unwrap();
    let (shown, _) = shown.split_once("\nif __name__").unwrap();
    let program = format!(
        "{shown}\nimport sys\nkey, *values, body = sys.stdin.read().splitlines()\nnames = 'webhook-id', \
         'webhook-timestamp', 'webhook-signature'\nprint(is_genuine(key, dict(zip(names, values)), body.encode()))"
    );
    let mut receiver = Receiver::accepting().await;
    let keys = eager().sign_with(OTHER_KEY.parse().unwrap()).sign_with(KEY.parse().unwrap());
    let service = start(receiver.url(), &keys);
    set(&service, &["alice"], 1).await;
    let request = receiver.next().await;
    let timestamp = header(&request, "webhook-timestamp");
    let old = (timestamp.parse::<i64>().unwrap() - 301).to_string();
    let unknown = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    for (key, timestamp, body, expected) in [
        (KEY, timestamp, &*request.text, "True"),
        (OTHER_KEY, timestamp, &request.text, "True"),
        (unknown, timestamp, &request.text, "False"),
        (KEY, &old, &request.text, "False"),
        (KEY, timestamp, "{}", "False"),
    ] {
        let mut python = Command::new("python3");
        let python = python.args(["-c", &program]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut python = python.spawn().expect("python3 is installed");
        let lines = [key, header(&request, "webhook-id"), timestamp, header(&request, "webhook-signature"), body];
        python.stdin.take().unwrap().write_all(lines.join("\n").as_bytes()).unwrap();
        let output = python.wait_with_output().unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap().trim_end(), expected, "{key} {timestamp} {body}");
    }
}
