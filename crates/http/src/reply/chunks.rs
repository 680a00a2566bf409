//! JSON in chunks, so that memory is freed while a long response is written.

use std::{io, mem};

use axum::body::Bytes;
use serde::Serialize;

/// The size from which another chunk begins.
const CHUNK_BYTES: usize = 64 * 1024;
/// Most responses are shorter.
const FIRST_BYTES: usize = 128;

/// Chunks of a body; at least one.
pub(crate) struct Chunks {
    full: Vec<Bytes>,
    last: Vec<u8>,
}

impl Chunks {
    /// The JSON of `value`.
    pub(crate) fn of(value: &impl Serialize) -> serde_json::Result<Self> {
        let mut chunks = Self { full: Vec::new(), last: Vec::with_capacity(FIRST_BYTES) };
        serde_json::to_writer(&mut chunks, value)?;
        Ok(chunks)
    }

    pub(crate) fn one(chunk: Vec<u8>) -> Self {
        Self { full: Vec::new(), last: chunk }
    }

    /// The only chunk, or all of them.
    pub(crate) fn into_single(self) -> Result<Bytes, Vec<Bytes>> {
        let Self { mut full, last } = self;
        if full.is_empty() {
            return Ok(last.into());
        }
        if !last.is_empty() {
            full.push(last.into());
        }
        Err(full)
    }
}

impl io::Write for Chunks {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.last.len() >= CHUNK_BYTES {
            let full = mem::replace(&mut self.last, Vec::with_capacity(CHUNK_BYTES));
            self.full.push(full.into());
        }
        self.last.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn begins_another_chunk_beyond_64_kib() {
        let short = Chunks::of(&"x").unwrap().into_single().unwrap();
        assert_eq!(short, r#""x""#);
        let texts = vec!["x".repeat(1_000); 1_000];
        let long = Chunks::of(&texts).unwrap().into_single().unwrap_err();
        assert_eq!(long.concat(), serde_json::to_vec(&texts).unwrap());
        assert!(long.len() > 10 && long.iter().all(|chunk| chunk.len() < 2 * CHUNK_BYTES));
    }
}
