//! A child process, and the lines by which it reports to its parent.

use std::{
    io::{self, BufRead, BufReader, Write, stdout},
    process::{self, ChildStdin, Command, ExitStatus, Stdio},
    thread::{self, JoinHandle},
};

use super::{TASK, Task};

/// Marks the lines of the standard output that are meant for the parent. The test runner writes others.
const MARK: &str = "conversation-child: ";

/// Reports `message`, of one line, to the parent.
///
/// The line is written in one piece, so that a killed child leaves all of it or nothing.
pub(crate) fn say(message: &str) {
    stdout().write_all(format!("\n{MARK}{message}\n").as_bytes()).expect("the parent listens");
}

/// A running child process. Dropping it kills the process.
#[derive(Debug)]
pub(crate) struct Child {
    process: process::Child,
    input: Option<ChildStdin>,
    listener: Option<JoinHandle<()>>,
}

impl Child {
    /// Starts `command` for `task`. `hear` gets each message, on a thread of its own.
    pub(crate) fn start(
        command: &mut Command,
        task: Task,
        mut hear: impl FnMut(&str) + Send + 'static,
    ) -> io::Result<Self> {
        let mut process = command.env(TASK, task.name()).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let output = BufReader::new(process.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?);
        let listener = thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                if let Some(message) = line.strip_prefix(MARK) {
                    hear(message);
                }
            }
        });
        Ok(Self { input: process.stdin.take(), process, listener: Some(listener) })
    }

    /// Kills the process, unless it has ended already, and hears all that it had said.
    pub(crate) fn kill(mut self) -> io::Result<ExitStatus> {
        self.process.kill()?;
        self.wait()
    }

    /// Ends the standard input, by which a worker knows that it has to finish, and hears all that it has to say.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        drop(self.input.take());
        let status = self.wait()?;
        if status.success() { Ok(()) } else { Err(io::Error::other(format!("a child process failed: {status}"))) }
    }

    fn wait(&mut self) -> io::Result<ExitStatus> {
        let status = self.process.wait()?;
        let heard = self.listener.take().is_some_and(|listener| listener.join().is_ok());
        if heard { Ok(status) } else { Err(io::Error::other("a message of a child process is malformed")) }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if self.listener.is_some() {
            // The process may have ended already.
            drop(self.process.kill());
            drop(self.process.wait());
        }
    }
}
