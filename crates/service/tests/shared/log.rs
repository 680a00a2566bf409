//! Captures the log.

use std::{
    io,
    sync::{Arc, Mutex},
};

use serde_json::Value;
use tracing_subscriber::EnvFilter;

/// The captured log.
#[derive(Clone, Default)]
pub(crate) struct Written(Arc<Mutex<Vec<u8>>>);

impl io::Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Written {
    /// Each line of the log, as JSON.
    pub(crate) fn lines(&self) -> Vec<Value> {
        let written = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        written.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

pub(crate) fn begin_log(filter: &str) -> (Written, tracing::subscriber::DefaultGuard) {
    let written = Written::default();
    let writer = written.clone();
    let log = tracing_subscriber::fmt()
        .json()
        .without_time()
        .with_env_filter(EnvFilter::new(filter))
        .with_writer(move || writer.clone())
        .finish();
    (written, tracing::subscriber::set_default(log))
}
