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
        server.url = server.run(&["start"]).unwrap();
        Some(server)
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// As an operator restarts it: those who are connected are told, and cut.
    pub(crate) fn restart(&self) {
        self.run(&["restart"]).unwrap();
    }

    /// All its processes at once, by SIGKILL.
    pub(crate) fn kill(&self) {
        self.run(&["kill"]).unwrap();
    }

    /// After it was killed.
    pub(crate) fn start_again(&self) {
        assert_eq!(self.run(&["start"]).unwrap(), self.url);
    }

    /// A disk of a size, such as `8m`, for tables to be on, or that size for the one that is there. An error where this
    /// machine lets nobody mount one.
    pub(crate) fn disk(&self, size: &str) -> Result<String, String> {
        self.run(&["disk", size])
    }

    /// Where its data is.
    pub(crate) fn data(&self) -> PathBuf {
        let folder = std::fs::read_to_string(self.state().join("folder")).unwrap();
        Path::new(folder.trim()).join("data")
    }

    fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    /// What the script prints, or what it says where it fails.
    fn run(&self, command: &[&str]) -> Result<String, String> {
        let mut script = Command::new(&self.script);
        let output = script.args(command).env("CONVERSATION_TEST_POSTGRES_STATE", self.state()).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap().trim().to_owned();
        if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let stopped = self.run(&["stop"]);
        if !std::thread::panicking() {
            stopped.unwrap();
        }
    }
}
