//! The limit of open files, which bounds the connections.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tracing::{info, warn};

/// Files that the server needs beside its clients' connections: the store's, the log, the webhook's and so on.
const OTHER_FILES: u64 = 512;

/// Raises the soft limit of open files as far as `connections` and `others` need it. Returns how many of `connections` the
/// limit allows.
pub(crate) fn allow(connections: usize, others: usize) -> usize {
    let limit = getrlimit(Resource::Nofile);
    let others = u64::try_from(others).unwrap_or(u64::MAX).saturating_add(OTHER_FILES);
    let needed = u64::try_from(connections).unwrap_or(u64::MAX).saturating_add(others);
    let current = limit.current.unwrap_or(u64::MAX);
    let possible = limit.maximum.unwrap_or(u64::MAX).min(needed);
    let files = if possible > current { raise(limit, possible) } else { current };
    let allowed = connections_for(files, others, connections);
    if allowed < connections {
        warn!(
            connections = allowed,
            open_files = files,
            "--max-connections is lowered from {connections}: raise the hard limit of open files to {needed}"
        );
    }
    allowed
}

/// The limit after an attempt to raise it to `files`.
fn raise(limit: Rlimit, files: u64) -> u64 {
    let current = limit.current.unwrap_or(u64::MAX);
    match setrlimit(Resource::Nofile, Rlimit { current: Some(files), ..limit }) {
        Ok(()) => {
            info!(from = current, to = files, "raised the soft limit of open files");
            files
        }
        Err(error) => {
            warn!(%error, "cannot raise the soft limit of open files");
            current
        }
    }
}

/// How many of `connections` are possible with `files`. At least half of a small limit is left for connections.
fn connections_for(files: u64, others: u64, connections: usize) -> usize {
    let possible = files - others.min(files / 2);
    usize::try_from(possible).unwrap_or(usize::MAX).clamp(1, connections.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaves_files_for_the_store() {
        for (files, connections) in
            [(u64::MAX, 4096), (4624, 4096), (4623, 4095), (1024, 512), (64, 32), (1, 1), (0, 1)]
        {
            assert_eq!(connections_for(files, 528, 4096), connections, "{files}");
        }
    }
}
