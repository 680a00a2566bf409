//! Runs the built program in its own folder, on a free port.

use std::{
    io::{BufRead, BufReader, Read},
    net::SocketAddr,
    path::Path,
    process::{Child, ChildStdout, Command, ExitStatus, Output, Stdio},
    sync::mpsc,
    thread::JoinHandle,
    time::{Duration, Instant},
};

/// Longer than any step takes on the slowest machine.
pub(crate) const LONG: Duration = Duration::from_secs(60);

/// A command that runs the program in `folder`, on a free port, with an empty environment.
pub(crate) fn program(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_conversation-server"));
    command.current_dir(folder).env_clear().env("CONVERSATION_LISTEN", "127.0.0.1:0").stdin(Stdio::null());
    command
}

/// Runs the program to its end.
pub(crate) fn run(command: &mut Command) -> Output {
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let (mut child, out, err) = collect(child);
    let status = wait(&mut child);
    Output { status, stdout: out.join().unwrap(), stderr: err.join().unwrap() }
}

fn collect(mut child: Child) -> (Child, JoinHandle<Vec<u8>>, JoinHandle<Vec<u8>>) {
    let (out, err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    (child, read(out), read(err))
}

fn read(mut from: impl Read + Send + 'static) -> JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut all = Vec::new();
        from.read_to_end(&mut all).unwrap();
        all
    })
}

/// Waits for the process to end; kills it after [`LONG`].
fn wait(child: &mut Child) -> ExitStatus {
    let began = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        if began.elapsed() > LONG {
            child.kill().unwrap();
            panic!("the process did not end");
        }
        #[expect(clippy::disallowed_methods, reason = "polls for the end of a process, with a limit")]
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// A running server; killed at the end of its test.
pub(crate) struct Server {
    child: Child,
    stderr: Option<JoinHandle<Vec<u8>>>,
    /// The start-up output.
    pub(crate) banner: String,
}

impl Server {
    /// Starts the program and waits for its two commands.
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let stderr = read(child.stderr.take().unwrap());
        let lines = lines(child.stdout.take().unwrap());
        let mut server = Self { child, stderr: Some(stderr), banner: String::new() };
        while server.commands().len() < 2 {
            match lines.recv_timeout(LONG) {
                Ok(line) => server.banner.push_str(&line),
                Err(error) => panic!("the server did not start: {error}: {}", server.kill()),
            }
        }
        server
    }

    /// The complete commands in the banner.
    pub(crate) fn commands(&self) -> Vec<String> {
        let mut commands = Vec::new();
        let mut lines = self.banner.lines();
        while let Some(line) = lines.find(|line| line.starts_with("curl ")) {
            let mut command = line.to_owned();
            while command.ends_with('\\') {
                let Some(next) = lines.next() else { return commands };
                command.push('\n');
                command.push_str(next);
            }
            commands.push(command);
        }
        commands
    }

    /// The address in the commands.
    pub(crate) fn address(&self) -> SocketAddr {
        let commands = self.commands().concat();
        let (_, rest) = commands.split_once("http://").unwrap();
        rest.split('/').next().unwrap().parse().unwrap()
    }

    /// The admin token in the banner.
    pub(crate) fn admin_token(&self) -> String {
        let (_, rest) = self.banner.split_once("token: ").unwrap();
        rest.split('\'').next().unwrap().to_owned()
    }

    /// Sends a request and returns the response.
    pub(crate) fn post(&self, path: &str, token: &str, body: &serde_json::Value) -> serde_json::Value {
        post(self.address(), path, token, body).unwrap()
    }

    /// The process ID.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal by name.
    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("kill").args(["-s", name, &self.id().to_string()]).status().unwrap();
        assert!(status.success());
    }

    /// Waits for the process to end. Returns its status and log.
    pub(crate) fn end(mut self) -> (ExitStatus, String) {
        let status = wait(&mut self.child);
        (status, self.log())
    }

    /// Kills the process like `kill -9` and returns its log.
    pub(crate) fn kill(&mut self) -> String {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.log()
    }

    fn log(&mut self) -> String {
        self.stderr.take().map(|log| String::from_utf8(log.join().unwrap()).unwrap()).unwrap_or_default()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The process may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Lines as they arrive, with line ends.
fn lines(from: ChildStdout) -> mpsc::Receiver<String> {
    let (send, receive) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(from).lines() {
            if send.send(line.unwrap() + "\n").is_err() {
                return;
            }
        }
    });
    receive
}

/// Sends a request and returns the response, or an error if there is none.
pub(crate) fn post(
    address: SocketAddr,
    path: &str,
    token: &str,
    body: &serde_json::Value,
) -> Result<serde_json::Value, ureq::Error> {
    let mut answer = ureq::post(format!("http://{address}{path}"))
        .config()
        .timeout_global(Some(LONG))
        .build()
        .header("operationID", "test-1")
        .header("token", token)
        .send(&body.to_string())?;
    let text = answer.body_mut().read_to_string()?;
    Ok(serde_json::from_str(&text).unwrap())
}
