//! A server that requires TLS.

use std::{
    env, fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Stdio},
};

use conversation_settings_store_postgres::{Authorities, OpenError, PostgresStore, Schema};
use tempfile::NamedTempFile;

use crate::{harness::connect, server::Server, start_errors::printed};

/// The address for the process of [`opens`].
const URL: &str = "CONVERSATION_TEST_POSTGRES_TLS";

/// Gives the server a certificate for 127.0.0.1 and makes it require TLS. Returns a file to trust.
async fn require_tls(server: &Server) -> NamedTempFile {
    let certificate = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let data = server.data();
    for (name, text) in [
        ("server.crt", certificate.cert.pem()),
        ("server.key", certificate.signing_key.serialize_pem()),
        ("pg_hba.conf", "hostssl all all 127.0.0.1/32 scram-sha-256\n".to_owned()),
    ] {
        write_as_server(&data, name, &text);
    }
    connect(server.url()).await.unwrap().batch_execute("ALTER SYSTEM SET ssl = on").await.unwrap();
    server.restart();
    let trusted = NamedTempFile::new().unwrap();
    fs::write(trusted.path(), certificate.cert.pem()).unwrap();
    trusted
}

/// Writes a file that belongs to the server's user.
fn write_as_server(data: &Path, name: &str, text: &str) {
    let file = data.join(name);
    fs::write(&file, text).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let mut reference = std::ffi::OsString::from("--reference=");
    reference.push(data);
    assert!(Command::new("chown").arg(reference).arg(&file).status().unwrap().success());
}

#[tokio::test]
#[ignore = "a process with its own environment, which another test starts"]
async fn opens() {
    let Ok(url) = env::var(URL) else { return };
    if let Err(error) = PostgresStore::open(&url, &Schema::default()).await {
        panic!("refused: {error}");
    }
}

/// Opens `url` in a process that trusts `file`. Returns the message of a failure.
fn open_trusting(file: &Path, url: &str) -> Result<(), String> {
    let process = Command::new(env::current_exe().unwrap())
        .args(["--exact", "tls::opens", "--ignored", "--nocapture"])
        .env("SSL_CERT_FILE", file)
        .env(URL, url)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let stderr = String::from_utf8(process.stderr).unwrap();
    if process.status.success() { Ok(()) } else { Err(stderr) }
}

#[tokio::test]
async fn uses_tls_on_request_and_only_with_a_trusted_certificate() {
    let Some(server) = Server::start() else { return };
    let with_tls = |url: &str| format!("{url}?sslmode=require");

    // The server has no TLS yet.
    let without = PostgresStore::open(&with_tls(server.url()), &Schema::default()).await.unwrap_err();
    assert!(matches!(without, OpenError::Tls { .. }), "{without:?}");

    let trusted = require_tls(&server).await;
    open_trusting(trusted.path(), &with_tls(server.url())).unwrap();

    let plain = PostgresStore::open(server.url(), &Schema::default()).await.unwrap_err();
    assert!(matches!(plain, OpenError::Plain { .. }), "{plain:?}");
    let unknown = PostgresStore::open(&with_tls(server.url()), &Schema::default()).await.unwrap_err();
    assert!(matches!(unknown, OpenError::Tls { .. }), "{unknown:?}");
    let cause = printed(&unknown);
    assert!(cause.contains("invalid peer certificate"), "{cause}");
    let other_name = with_tls(server.url()).replace("127.0.0.1", "localhost");
    let refused = open_trusting(trusted.path(), &other_name).unwrap_err();
    assert!(refused.contains("refused: PostgreSQL at localhost"), "{refused}");
    assert!(refused.contains("--ca-file"), "{refused}");

    // An added authority does as well as one of the system.
    let mut authorities = Authorities::default();
    authorities.add_file(trusted.path()).unwrap();
    PostgresStore::open_trusting(&with_tls(server.url()), &Schema::default(), &authorities).await.unwrap();
}
