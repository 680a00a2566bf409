//! A server of the test's own, with users and perhaps TLS.

use std::{
    env, fs,
    net::TcpListener,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use mongodb::{
    Client,
    bson::{Document, doc},
};
use tempfile::TempDir;
use tokio::time::{sleep, timeout};

/// How a server is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Security {
    /// With the user `admin` of the database `admin`, whose password is `s3cret`.
    Users,
    /// With TLS and a self-signed certificate for 127.0.0.1.
    Tls,
    /// As a replica set that is not initiated.
    NotInitiated,
    /// Without a replica set.
    Standalone,
}

/// Dropping it ends its process.
pub(crate) struct Secured {
    pub(crate) port: u16,
    folder: TempDir,
    process: Child,
}

impl Secured {
    /// `None` if there is no server program, which fails the test in CI.
    pub(crate) async fn start(security: Security) -> Option<Self> {
        let Some(mongod) = env::var_os("CONVERSATION_TEST_MONGOD") else {
            assert!(env::var_os("CI").is_none(), "no CONVERSATION_TEST_MONGOD");
            std::io::Write::write_all(&mut std::io::stderr(), b"skipped: no CONVERSATION_TEST_MONGOD\n").unwrap();
            return None;
        };
        let folder = TempDir::new().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = Command::new(mongod);
        command
            .args(["--bind_ip", "127.0.0.1", "--nounixsocket", "--wiredTigerCacheSizeGB", "0.25"])
            .args(["--setParameter", "diagnosticDataCollectionEnabled=false", "--port", &port.to_string(), "--dbpath"])
            .arg(folder.path())
            .stdout(Stdio::null());
        if security != Security::Standalone {
            command.args(["--replSet", "secured"]);
        }
        match security {
            Security::Users => {
                let key = folder.path().join("key");
                fs::write(&key, "secret".repeat(8)).unwrap();
                fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
                command.arg("--keyFile").arg(key);
            }
            Security::Tls => {
                let certificate = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
                let pem = folder.path().join("server.pem");
                fs::write(&pem, certificate.cert.pem() + &certificate.signing_key.serialize_pem()).unwrap();
                fs::write(folder.path().join("authority.pem"), certificate.cert.pem()).unwrap();
                command.args(["--tlsMode", "requireTLS", "--tlsCertificateKeyFile"]).arg(pem);
            }
            Security::NotInitiated | Security::Standalone => {}
        }
        let server = Self { port, folder, process: command.spawn().unwrap() };
        let direct = match security {
            Security::Tls => format!("?directConnection=true&tls=true&tlsCAFile={}", server.authority().display()),
            _ => "?directConnection=true".to_owned(),
        };
        let client = Client::with_uri_str(server.address("", &direct)).await.unwrap();
        wait("server", async || client.database("admin").run_command(doc! { "ping": 1 }).await.is_ok()).await;
        if matches!(security, Security::Users | Security::Tls) {
            let member = doc! { "_id": 0, "host": format!("127.0.0.1:{port}") };
            run(&client, "admin", doc! { "replSetInitiate": { "_id": "secured", "members": [member] } }).await;
            wait("primary", async || {
                let hello = client.database("admin").run_command(doc! { "hello": 1 }).await;
                hello.is_ok_and(|hello| hello.get_bool("isWritablePrimary").unwrap_or_default())
            })
            .await;
        }
        if security == Security::Users {
            // The first user may be created from this machine without a sign-in.
            run(&client, "admin", doc! { "createUser": "admin", "pwd": "s3cret", "roles": ["root"] }).await;
        }
        Some(server)
    }

    /// The file of the server's authority.
    pub(crate) fn authority(&self) -> PathBuf {
        Path::new(self.folder.path()).join("authority.pem")
    }

    /// An address; `user` is empty or ends in `@`.
    pub(crate) fn address(&self, user: &str, rest: &str) -> String {
        format!("mongodb://{user}127.0.0.1:{}/{rest}", self.port)
    }

    /// Runs a command in a database as the user `admin`.
    pub(crate) async fn admin(&self, database: &str, command: Document) {
        let address = self.address("admin:s3cret@", "?authSource=admin&replicaSet=secured");
        run(&Client::with_uri_str(address).await.unwrap(), database, command).await;
    }
}

impl Drop for Secured {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

async fn run(client: &Client, database: &str, command: Document) {
    client.database(database).run_command(command).await.unwrap();
}

async fn wait(what: &str, mut is_there: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !is_there().await {
            sleep(Duration::from_millis(100)).await;
        }
    };
    timeout(Duration::from_secs(60), waiting).await.unwrap_or_else(|_| panic!("no {what} within a minute"));
}
