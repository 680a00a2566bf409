//! Texts of characters that are known to break adapters.

use conversation_settings_core::Text;
use proptest::{collection::SizeRange, prelude::*, sample::select};

use super::{Sizes, of_default_sizes};

/// Characters for IDs and texts: both cases, syntax of query languages, blanks, characters of two to four bytes, and
/// characters that equal others in some collation.
const PLAIN: &[char] = &[
    'a',
    'b',
    'A',
    'B',
    '0',
    '_',
    '-',
    '.',
    '$',
    '\'',
    '"',
    '\\',
    '%',
    ' ',
    '{',
    ';',
    '/',
    ':',
    ',',
    'ä',
    'Ä',
    'ß',
    'İ',
    '\u{308}',
    '\u{200b}',
    '\u{feff}',
    '中',
    '\u{ffff}',
    '🦀',
    '\u{10ffff}',
];
/// Characters that an ID rejects.
pub(super) const CONTROL: &[char] = &['\0', '\t', '\n', '\r', '\u{1b}', '\u{7f}', '\u{85}'];

of_default_sizes! {
    /// A text: empty, short, with control characters and U+0000.
    text: Text;
}

impl Sizes {
    /// As [`text()`].
    pub fn text(&self) -> BoxedStrategy<Text> {
        let any_char = prop_oneof![6 => select(PLAIN), 1 => select(CONTROL), 1 => any::<char>()];
        prop_oneof![1 => Just(Text::default()), 4 => joined(any_char, self.text.clone()).prop_map(Text::from)].boxed()
    }
}

/// Texts without control characters.
pub(super) fn plain(size: SizeRange) -> impl Strategy<Value = String> {
    let any_char =
        prop_oneof![6 => select(PLAIN), 1 => any::<char>().prop_map(|c| if c.is_control() { '~' } else { c })];
    joined(any_char, size)
}

fn joined(any_char: impl Strategy<Value = char>, size: SizeRange) -> impl Strategy<Value = String> {
    prop::collection::vec(any_char, size).prop_map(|chars| chars.into_iter().collect())
}
