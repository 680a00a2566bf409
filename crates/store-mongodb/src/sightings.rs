//! What the driver's monitors have seen of each server. It explains why no primary answers: the driver's own error repeats
//! its whole state.

use std::{
    collections::BTreeMap,
    io,
    sync::{Mutex, MutexGuard, PoisonError},
};

use mongodb::{bson::Document, error::ErrorKind, options::ServerAddress};

use crate::open_error::{OpenError, cause};

/// The latest of each server.
#[derive(Debug)]
pub(crate) struct Sightings {
    with_tls: bool,
    seen: Mutex<BTreeMap<String, Seen>>,
}

#[derive(Debug)]
struct Seen {
    set: Option<String>,
    is_standalone: bool,
    problem: String,
    is_tls_problem: bool,
}

impl Sightings {
    pub(crate) fn new(with_tls: bool) -> Self {
        Self { with_tls, seen: Mutex::default() }
    }

    /// Records a server's answer to `hello`.
    pub(crate) fn answered(&self, server: &ServerAddress, hello: &Document) {
        let set = hello.get_str("setName").ok().map(str::to_owned);
        let is = |name| hello.get_bool(name).unwrap_or_default();
        let is_standalone = set.is_none() && !is("isreplicaset") && !hello.contains_key("msg");
        let problem = if is("isreplicaset") {
            "the replica set is not initiated: run rs.initiate()"
        } else if is("isWritablePrimary") || is("ismaster") {
            "is the primary"
        } else {
            "is not the primary"
        };
        self.record(server, Seen { set, is_standalone, problem: problem.to_owned(), is_tls_problem: false });
    }

    /// Records a server that does not answer.
    pub(crate) fn failed(&self, server: &ServerAddress, error: &mongodb::error::Error) {
        let closed = |kind| matches!(kind, io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset);
        let (hint, is_tls_problem) = match &*error.kind {
            // The driver wraps the errors of TLS in this kind.
            ErrorKind::Io(io) if self.with_tls && io.kind() == io::ErrorKind::InvalidData => ("", true),
            ErrorKind::Io(io) if !self.with_tls && closed(io.kind()) => {
                ("; a server that requires TLS does that: append tls=true to the address", false)
            }
            _ => ("", false),
        };
        let problem = cause(error) + hint;
        self.record(server, Seen { set: None, is_standalone: false, problem, is_tls_problem });
    }

    fn record(&self, server: &ServerAddress, seen: Seen) {
        self.lock().insert(server.to_string(), seen);
    }

    /// Why no primary of the set `expected` answers.
    pub(crate) fn explain(&self, hosts: String, expected: Option<&str>, error: &mongodb::error::Error) -> OpenError {
        let seen = self.lock();
        if let Some(expected) = expected {
            if let Some(found) = seen.values().filter_map(|seen| seen.set.as_deref()).find(|found| *found != expected) {
                return OpenError::ReplicaSet { expected: expected.to_owned(), found: found.to_owned() };
            }
            if seen.values().any(|seen| seen.is_standalone) {
                return OpenError::Standalone;
            }
        }
        let problems: Vec<_> = seen.iter().map(|(host, seen)| format!("{host}: {}", seen.problem)).collect();
        let source = if problems.is_empty() { cause(error) } else { problems.join("; ") }.into();
        if seen.values().any(|seen| seen.is_tls_problem) {
            OpenError::Tls { hosts, source }
        } else {
            OpenError::Unreachable { hosts, source }
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Seen>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
