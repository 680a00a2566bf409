//! Runs the built program in its own folder, on a free port.

use std::{
    ffi::OsString,
    fs::File,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    path::Path,
    process::{Child, Command, ExitStatus, Output, Stdio},
    sync::{Arc, Mutex, OnceLock, mpsc},
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

/// [`program`] with limits of its own, set by `ulimit`, for example `-n 64`.
pub(crate) fn limited_program(folder: &Path, limit: &str) -> Command {
    let mut command = Command::new("/bin/sh");
    command.current_dir(folder).env_clear().env("CONVERSATION_LISTEN", "127.0.0.1:0").stdin(Stdio::null());
    command.args(["-c", &format!("ulimit {limit} && exec \"$0\" \"$@\""), env!("CARGO_BIN_EXE_conversation-server")]);
    command
}

/// Polls until `condition` holds, for at most [`LONG`].
pub(crate) fn wait_for(mut condition: impl FnMut() -> bool, otherwise: impl Fn() -> String) {
    let began = Instant::now();
    while !condition() {
        assert!(began.elapsed() < LONG, "{}", otherwise());
        #[expect(clippy::disallowed_methods, reason = "polls for a condition, with a limit")]
        std::thread::sleep(Duration::from_millis(2));
    }
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

/// The log of a running server, up to now.
struct Log {
    text: Arc<Mutex<String>>,
    reading: Option<JoinHandle<()>>,
}

impl Log {
    fn read(from: impl Read + Send + 'static) -> Self {
        let text = Arc::new(Mutex::new(String::new()));
        let lines = Arc::clone(&text);
        let reading = std::thread::spawn(move || {
            for line in BufReader::new(from).lines() {
                let mut lines = lines.lock().unwrap();
                lines.push_str(&line.unwrap());
                lines.push('\n');
            }
        });
        Self { text, reading: Some(reading) }
    }

    fn text(&self) -> String {
        self.text.lock().unwrap().clone()
    }

    /// The complete log of a server that has ended.
    fn complete(&mut self) -> String {
        if let Some(reading) = self.reading.take() {
            reading.join().unwrap();
        }
        self.text()
    }
}

/// A running server; killed at the end of its test.
pub(crate) struct Server {
    child: Child,
    log: Log,
    /// The start-up output.
    pub(crate) banner: String,
    environment: Vec<(OsString, OsString)>,
    token: OnceLock<String>,
}

impl Server {
    /// Starts the program and waits for its two commands.
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let stdout = lines(child.stdout.take().unwrap());
        Self::wait_for_commands(command, child, &stdout)
    }

    /// Starts the program with a terminal as its standard output, and waits for its two commands.
    pub(crate) fn start_on_terminal(command: &mut Command) -> Self {
        let (controller, terminal) = terminal();
        let child = command.stdout(terminal).stderr(Stdio::piped()).spawn().unwrap();
        Self::wait_for_commands(command, child, &lines(controller))
    }

    fn wait_for_commands(command: &Command, mut child: Child, lines: &mpsc::Receiver<String>) -> Self {
        let log = Log::read(child.stderr.take().unwrap());
        let set = command.get_envs().filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())));
        let (environment, token) = (set.collect(), OnceLock::new());
        let mut server = Self { child, log, banner: String::new(), environment, token };
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

    /// An admin's token, from the command in the banner.
    pub(crate) fn admin_token(&self) -> String {
        let run = || {
            let (_, rest) = self.banner.split_once("token: $(").unwrap();
            let (command, _) = rest.split_once(")\" \\").unwrap();
            // Not in the server's folder: the command must work in any.
            let mut shell = Command::new("/bin/sh");
            shell.args(["-c", command]).current_dir("/").env_clear().envs(self.environment.iter().cloned());
            let output = run(&mut shell);
            assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
            String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
        };
        self.token.get_or_init(run).clone()
    }

    /// Sends a request and returns the response.
    pub(crate) fn post(&self, path: &str, token: &str, body: &serde_json::Value) -> serde_json::Value {
        post(self.address(), path, token, body).unwrap()
    }

    /// The process ID.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until the log contains `text`.
    pub(crate) fn wait_for_log(&self, text: &str) {
        wait_for(|| self.log.text().contains(text), || format!("{text} is not in the log: {}", self.log.text()));
    }

    /// Sends a signal by name.
    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("kill").args(["-s", name, &self.id().to_string()]).status().unwrap();
        assert!(status.success());
    }

    /// Waits for the process to end. Returns its status and log.
    pub(crate) fn end(mut self) -> (ExitStatus, String) {
        let status = wait(&mut self.child);
        (status, self.log.complete())
    }

    /// Kills the process like `kill -9` and returns its log.
    pub(crate) fn kill(&mut self) -> String {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.log.complete()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The process may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A new terminal: what reads its output, and what the program writes to.
fn terminal() -> (File, Stdio) {
    use rustix::{fs, pty};

    let flags = pty::OpenptFlags::RDWR | pty::OpenptFlags::NOCTTY;
    let controller = pty::openpt(flags).unwrap();
    pty::grantpt(&controller).unwrap();
    pty::unlockpt(&controller).unwrap();
    let name = pty::ptsname(&controller, Vec::new()).unwrap();
    let flags = fs::OFlags::RDWR | fs::OFlags::NOCTTY | fs::OFlags::CLOEXEC;
    let terminal = fs::open(name, flags, fs::Mode::empty()).unwrap();
    (controller.into(), terminal.into())
}

/// Lines as they arrive, with line ends.
fn lines(from: impl Read + Send + 'static) -> mpsc::Receiver<String> {
    let (send, receive) = mpsc::channel();
    std::thread::spawn(move || {
        // A terminal whose last writer has ended fails instead of ending.
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            // Nobody may want the rest, but the program must be able to write it.
            let _ = send.send(line + "\n");
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

/// Opens a connection and sends the head of a call, whose body has `length` bytes. Returns when the call is in progress.
pub(crate) fn begin_call(address: SocketAddr, token: &str, length: usize) -> TcpStream {
    let mut connection = TcpStream::connect(address).unwrap();
    connection.set_read_timeout(Some(LONG)).unwrap();
    let head = format!(
        "POST /conversation/get_all_conversations HTTP/1.1\r\nhost: test\r\noperationID: 1\r\ntoken: {token}\r\n\
         expect: 100-continue\r\ncontent-length: {length}\r\n\r\n",
    );
    connection.write_all(head.as_bytes()).unwrap();
    // The server asks for the body, so the call is in progress.
    let mut interim = [0; 25];
    connection.read_exact(&mut interim).unwrap();
    assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n");
    connection
}

/// Everything that a new connection receives.
pub(crate) fn exchange(address: SocketAddr, sent: &str) -> String {
    let mut connection = TcpStream::connect(address).unwrap();
    connection.set_read_timeout(Some(LONG)).unwrap();
    // The server may respond and close before it has read everything.
    let _ = connection.write_all(sent.as_bytes());
    let mut answer = Vec::new();
    let _ = connection.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

/// The response to a GET on a connection of its own.
pub(crate) fn get(address: SocketAddr, path: &str) -> String {
    exchange(address, &format!("GET {path} HTTP/1.1\r\nhost: t\r\nconnection: close\r\n\r\n"))
}
