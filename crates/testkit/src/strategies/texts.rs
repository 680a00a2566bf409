//! Texts, made of what adapters are known to trip over.

use conversation_settings_core::Text;
use proptest::{collection::SizeRange, prelude::*, sample::select};

use super::{Sizes, of_default_sizes};

/// Characters that may stand anywhere: letters of either case, what some language takes for syntax, blanks, characters
/// of two to four bytes, and ones that are equal to others in some collation.
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
/// Characters that have no place in an ID.
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
