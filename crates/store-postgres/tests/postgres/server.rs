//! A server for one test, which may restart, break and kill it.

use std::{
    env,
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

/// Dropping it stops the server.
#[derive(Debug)]
pub(crate) struct Server {
    script: PathBuf,
    folder: TempDir,
    url: String,
}

impl Server {
    /// `None` if no script can start one, which is a failure in CI.
    pub(crate) fn start() -> Option<Self> {
        let mut server = Self::new()?;
        server.url = server.run(&["start"]).unwrap();
        Some(server)
    }

    /// Starts an asynchronous standby of this server, as a server of its own.
    pub(crate) fn standby(&self) -> Self {
        let mut standby = Self::new().unwrap();
        standby.url = standby.run(&["standby", self.state().to_str().unwrap()]).unwrap();
        standby
    }

    fn new() -> Option<Self> {
        let Some(script) = env::var_os("CONVERSATION_TEST_POSTGRES_SERVER") else {
            assert!(env::var_os("CI").is_none(), "no CONVERSATION_TEST_POSTGRES_SERVER");
            io::stderr().write_all(b"skipped: no CONVERSATION_TEST_POSTGRES_SERVER\n").unwrap();
            return None;
        };
        Some(Self { script: script.into(), folder: TempDir::new().unwrap(), url: String::new() })
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// A clean restart, which closes all connections.
    pub(crate) fn restart(&self) {
        self.run(&["restart"]).unwrap();
    }

    /// Kills all its processes with SIGKILL.
    pub(crate) fn kill(&self) {
        self.run(&["kill"]).unwrap();
    }

    /// Starts it after [`kill`](Self::kill).
    pub(crate) fn start_again(&self) {
        assert_eq!(self.run(&["start"]).unwrap(), self.url);
    }

    /// Makes a standby the primary.
    pub(crate) fn promote(&self) {
        self.run(&["promote"]).unwrap();
    }

    /// Stops all its processes with SIGSTOP: connections stay open, and nothing answers.
    pub(crate) fn freeze(&self) {
        self.run(&["freeze"]).unwrap();
    }

    /// Lets it continue after [`freeze`](Self::freeze).
    pub(crate) fn thaw(&self) {
        self.run(&["thaw"]).unwrap();
    }

    /// Mounts a small disk, or resizes it; `size` is such as `8m`. Fails if this machine does not permit mounting.
    pub(crate) fn disk(&self, size: &str) -> Result<String, String> {
        self.run(&["disk", size])
    }

    /// The folder of its data.
    pub(crate) fn data(&self) -> PathBuf {
        let folder = std::fs::read_to_string(self.state().join("folder")).unwrap();
        Path::new(folder.trim()).join("data")
    }

    fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    /// The script's standard output, or its standard error if it fails.
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
