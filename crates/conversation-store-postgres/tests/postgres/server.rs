//! A server of a test's own, which it may restart, break and kill.

use std::{
    env,
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

/// It ends with this.
#[derive(Debug)]
pub(crate) struct Server {
    script: PathBuf,
    folder: TempDir,
    url: String,
}

impl Server {
    /// `None` where nothing starts one; in CI that is a failure.
    pub(crate) fn start() -> Option<Self> {
        let Some(script) = env::var_os("CONVERSATION_TEST_POSTGRES_SERVER") else {
            assert!(env::var_os("CI").is_none(), "no CONVERSATION_TEST_POSTGRES_SERVER");
            io::stderr().write_all(b"skipped: no CONVERSATION_TEST_POSTGRES_SERVER\n").unwrap();
            return None;
        };
        let mut server = Self { script: script.into(), folder: TempDir::new().unwrap(), url: String::new() };
        server.url = server.run("start");
        Some(server)
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// As an operator restarts it: those who are connected are told, and cut.
    pub(crate) fn restart(&self) {
        self.run("restart");
    }

    /// Where its data is.
    pub(crate) fn data(&self) -> PathBuf {
        let folder = std::fs::read_to_string(self.state().join("folder")).unwrap();
        Path::new(folder.trim()).join("data")
    }

    fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    fn run(&self, command: &str) -> String {
        let output = Command::new(&self.script)
            .arg(command)
            .env("CONVERSATION_TEST_POSTGRES_STATE", self.state())
            .output()
            .unwrap();
        assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let stopped =
            Command::new(&self.script).arg("stop").env("CONVERSATION_TEST_POSTGRES_STATE", self.state()).output();
        if !std::thread::panicking() {
            assert!(stopped.unwrap().status.success());
        }
    }
}
