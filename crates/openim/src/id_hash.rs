//! The hash that clients compare their conversation IDs by.

use std::fmt::Write;

use conversation_settings_core::ConversationId;
use md5::{Digest, Md5};

/// OpenIM's `idHash`: the first eight bytes, as a big-endian number, of the MD5 of the IDs as Go writes a JSON array.
///
/// The hash of no IDs is 0. The order of the IDs matters.
pub fn id_hash<'a>(ids: impl IntoIterator<Item = &'a ConversationId>) -> u64 {
    let mut hasher = IdHasher::default();
    ids.into_iter().for_each(|id| hasher.push(id));
    hasher.finish()
}

/// Computes an [`id_hash`] of IDs that are not in memory together.
#[derive(Clone, Debug, Default)]
pub struct IdHasher {
    digest: Md5,
    /// The JSON of one ID.
    json: String,
}

impl IdHasher {
    /// Adds the next ID.
    pub fn push(&mut self, id: &ConversationId) {
        let begin = if self.json.is_empty() { '[' } else { ',' };
        self.json.clear();
        self.json.push(begin);
        push_go_string(&mut self.json, id.as_str());
        self.digest.update(&self.json);
    }

    /// The hash of the IDs so far.
    #[must_use]
    pub fn finish(mut self) -> u64 {
        if self.json.is_empty() {
            return 0;
        }
        self.digest.update("]");
        self.digest.finalize().first_chunk().map_or(0, |first| u64::from_be_bytes(*first))
    }
}

/// Go also escapes characters that could end a script or a line in a browser. IDs contain no control characters.
fn push_go_string(json: &mut String, text: &str) {
    json.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => json.extend(['\\', c]),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                let _always_fits = write!(json, "\\u{:04x}", u32::from(c));
            }
            c => json.push(c),
        }
    }
    json.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(ids: &[&str]) -> u64 {
        let ids: Vec<_> = ids.iter().map(|id| ConversationId::new(*id).unwrap()).collect();
        id_hash(&ids)
    }

    #[test]
    fn matches_openims_hash() {
        assert_eq!(hash(&[]), 0);
        assert_eq!(hash(&["si_a_b"]), 3_659_999_509_771_650_730);
        assert_eq!(hash(&["sg_g1", "si_a_b"]), 12_299_649_816_359_607_783);
        assert_ne!(hash(&["si_a_b", "sg_g1"]), hash(&["sg_g1", "si_a_b"]), "the order matters");
    }

    #[test]
    fn escapes_ids_as_go_does() {
        let mut json = String::new();
        push_go_string(&mut json, "a<b>&\u{2028}\u{2029}\"\\é\u{1f980}/'");
        assert_eq!(json, r#""a\u003cb\u003e\u0026\u2028\u2029\"\\é🦀/'""#);
    }
}
