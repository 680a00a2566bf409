//! Certificates, which a machine may have none of.

#![cfg(target_os = "linux")]

use std::{
    env,
    process::{Command, Stdio},
};

use conversation_settings_service::rest::{OpenImGroups, RestError};

/// Set in the process that has no certificates.
const ALONE: &str = "CONVERSATION_TEST_WITHOUT_CERTIFICATES";

#[test]
fn without_certificates_http_is_had_and_https_is_refused() {
    if env::var_os(ALONE).is_none() {
        // The variables count for a whole process.
        let alone = Command::new(env::current_exe().unwrap())
            .args(["--exact", "tls::without_certificates_http_is_had_and_https_is_refused", "--nocapture"])
            .envs([(ALONE, "1"), ("SSL_CERT_FILE", "/dev/null"), ("SSL_CERT_DIR", "/dev/null")])
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(alone.status.success(), "{}", String::from_utf8_lossy(&alone.stderr));
        return;
    }
    let groups = |url| OpenImGroups::new(url, "the-token", OpenImGroups::TIMEOUT);
    assert!(groups("http://example.org").is_ok());
    assert!(matches!(groups("https://example.org").unwrap_err(), RestError::Client(_)));
}
