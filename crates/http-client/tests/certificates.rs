//! A machine without certificates.

#![cfg(target_os = "linux")]

use std::{
    env,
    process::{Command, Stdio},
    time::Duration,
};

use conversation_settings_http_client::{ClientError, HttpClient};

/// Set in the child process, which has no certificates.
const IS_CHILD: &str = "CONVERSATION_TEST_WITHOUT_CERTIFICATES";

#[test]
fn accepts_http_and_rejects_https_without_certificates() {
    if env::var_os(IS_CHILD).is_none() {
        // Environment variables are per process.
        let child = Command::new(env::current_exe().unwrap())
            .args(["--exact", "accepts_http_and_rejects_https_without_certificates", "--nocapture"])
            .envs([(IS_CHILD, "1"), ("SSL_CERT_FILE", "/dev/null"), ("SSL_CERT_DIR", "/dev/null")])
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stderr));
        return;
    }
    let client = |url| HttpClient::new(url, Duration::from_secs(1));
    assert!(client("http://example.org").is_ok());
    assert!(matches!(client("https://example.org").unwrap_err(), ClientError::Setup(_)));
}
