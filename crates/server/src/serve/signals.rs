//! The signals that stop the server, and those that do not.

use std::io;

use rustix::process::Signal as Number;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing::info;

/// Signals that other programs use for other servers, for example to rotate logs. By default each of them kills a process.
const IGNORED: [(SignalKind, &str); 4] = [
    (SignalKind::hangup(), "SIGHUP"),
    (SignalKind::quit(), "SIGQUIT"),
    (SignalKind::user_defined1(), "SIGUSR1"),
    (SignalKind::user_defined2(), "SIGUSR2"),
];

/// SIGTERM and SIGINT (Ctrl-C).
///
/// Created before the server announces that it is ready, so that no signal is missed.
pub(crate) struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignals {
    pub(crate) fn listen() -> io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    pub(super) async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => (),
            _ = self.interrupt.recv() => (),
        }
    }
}

/// Ignores the signals that must not end the process, with a log line each time.
pub(crate) fn ignore_others() -> io::Result<()> {
    for (kind, name) in IGNORED {
        let mut signal = signal(kind)?;
        tokio::spawn(async move {
            while signal.recv().await.is_some() {
                info!(signal = name, "signal ignored: SIGTERM and SIGINT stop the server");
            }
        });
    }
    // Sent when a file reaches the size limit of the process. Then the write fails, as it does on a full disk. Nothing is
    // logged: writing the log line could exceed the limit again.
    signal(SignalKind::from_raw(Number::XFSZ.as_raw())).map(drop)
}
