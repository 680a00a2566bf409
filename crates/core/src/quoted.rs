//! IDs in messages for people.

use core::fmt;

/// Prints an ID for a person. An ID with white space, quotes, punctuation of sentences or no characters at all is in quotes,
/// so that it is clear where it begins and ends.
///
/// ```
/// use conversation_settings_core::Quoted;
///
/// assert_eq!(format!("{} and {}", Quoted("si_alice_bob"), Quoted("my team ")), r#"si_alice_bob and "my team ""#);
/// ```
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "a way to print one text")]
pub struct Quoted<'a>(pub &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_clear = |c: char| c.is_alphanumeric() || "-_.@+/#$".contains(c);
        let is_whole = self.0.starts_with(char::is_alphanumeric) && !self.0.ends_with('.');
        if is_whole && self.0.chars().all(is_clear) { f.write_str(self.0) } else { fmt::Debug::fmt(self.0, f) }
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn quotes_ids_that_are_not_clear_in_a_sentence() {
        for clear in ["alice", "si_alice_bob", "sg_1", "a.b@c", "Ünal", "7", "张三"] {
            assert_eq!(Quoted(clear).to_string(), clear);
        }
        for (unclear, quoted) in [
            ("", "\"\""),
            ("a b", "\"a b\""),
            ("a ", "\"a \""),
            ("a\u{a0}", "\"a\\u{a0}\""),
            ("a,b", "\"a,b\""),
            ("a:", "\"a:\""),
            ("a.", "\"a.\""),
            ("a\"b", "\"a\\\"b\""),
            ("a\u{200b}", "\"a\\u{200b}\""),
        ] {
            assert_eq!(Quoted(unclear).to_string(), quoted);
        }
    }
}
