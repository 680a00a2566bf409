//! A server that takes connections with TLS alone.

use std::{
    env, fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Stdio},
};

use conversation_settings_store_postgres::{OpenError, PostgresStore, Schema};
use tempfile::NamedTempFile;

use crate::{harness::connect, server::Server};

/// Tells the process of [`opens`] what to open.
const URL: &str = "CONVERSATION_TEST_POSTGRES_TLS";

/// Makes a certificate for 127.0.0.1 the server's, and TLS the only way in. Who trusts the file trusts the server.
async fn demand_tls(server: &Server) -> NamedTempFile {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let data = server.data();
    for (name, text) in [
        ("server.crt", made.cert.pem()),
        ("server.key", made.signing_key.serialize_pem()),
        ("pg_hba.conf", "hostssl all all 127.0.0.1/32 scram-sha-256\n".to_owned()),
    ] {
        give(&data, name, &text);
    }
    connect(server.url()).await.unwrap().batch_execute("ALTER SYSTEM SET ssl = on").await.unwrap();
    server.restart();
    let trusted = NamedTempFile::new().unwrap();
    fs::write(trusted.path(), made.cert.pem()).unwrap();
    trusted
}

/// Writes a file that is the server's own, whose user may be another.
fn give(data: &Path, name: &str, text: &str) {
    let file = data.join(name);
    fs::write(&file, text).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let mut reference = std::ffi::OsString::from("--reference=");
    reference.push(data);
    assert!(Command::new("chown").arg(reference).arg(&file).status().unwrap().success());
}

#[tokio::test]
#[ignore = "a process with an environment of its own, which the test below starts"]
async fn opens() {
    let Ok(url) = env::var(URL) else { return };
    if let Err(error) = PostgresStore::open(&url, &Schema::default()).await {
        panic!("refused: {error}");
    }
}

/// How it ends when the file is trusted; the sentence of a failure.
fn open_trusting(file: &Path, url: &str) -> Result<(), String> {
    let process = Command::new(env::current_exe().unwrap())
        .args(["--exact", "tls::opens", "--ignored", "--nocapture"])
        .env("SSL_CERT_FILE", file)
        .env(URL, url)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8(process.stderr).unwrap();
    if process.status.success() { Ok(()) } else { Err(said) }
}

#[tokio::test]
async fn tls_is_had_where_it_is_asked_for_and_only_with_who_can_be_trusted() {
    let Some(server) = Server::start() else { return };
    let with_tls = |url: &str| format!("{url}?sslmode=require");

    // There is none yet.
    let without = PostgresStore::open(&with_tls(server.url()), &Schema::default()).await.unwrap_err();
    assert!(matches!(without, OpenError::Tls { .. }), "{without:?}");

    let trusted = demand_tls(&server).await;
    open_trusting(trusted.path(), &with_tls(server.url())).unwrap();

    let plain = PostgresStore::open(server.url(), &Schema::default()).await.unwrap_err();
    assert!(matches!(plain, OpenError::Plain { .. }), "{plain:?}");
    let unknown = PostgresStore::open(&with_tls(server.url()), &Schema::default()).await.unwrap_err();
    assert!(matches!(unknown, OpenError::Tls { .. }), "{unknown:?}");
    let other_name = with_tls(server.url()).replace("127.0.0.1", "localhost");
    let refused = open_trusting(trusted.path(), &other_name).unwrap_err();
    assert!(refused.contains("refused: PostgreSQL at localhost"), "{refused}");
    assert!(refused.contains("SSL_CERT_FILE"), "{refused}");
}
