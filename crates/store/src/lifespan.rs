//! When a conversation was there.

use std::{fmt, str::FromStr};

use conversation_settings_core::Version;

/// The versions at which a conversation came and went, in turn: created, removed, created again, …
///
/// Nearly always a single one. It is what makes the sync rule exact: whether a client that synced up to some version
/// holds the conversation can be told for any version, however often it was removed and created again.
///
/// Printed, and kept by adapters, as the numbers joined by commas: `3` or `3,7,9`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Lifespan {
    turns: Turns,
}

/// Nearly all conversations are created once and never removed: those need no allocation.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Turns {
    Once(Version),
    Many(Vec<Version>),
}

impl Lifespan {
    /// The most turns that are kept. Past it the oldest gap between two lives is forgotten, after which a client from
    /// within that gap may be told to remove what it does not hold: harmless.
    pub const MOST: usize = 16;

    /// A conversation created at `version`.
    #[must_use]
    pub const fn created_at(version: Version) -> Self {
        Self { turns: Turns::Once(version) }
    }

    fn turns(&self) -> &[Version] {
        match &self.turns {
            Turns::Once(version) => std::slice::from_ref(version),
            Turns::Many(turns) => turns,
        }
    }

    /// The same conversation after it came or went at `version`.
    #[must_use]
    pub(crate) fn toggled_at(&self, version: Version) -> Self {
        let mut turns = self.turns().to_vec();
        turns.push(version);
        if turns.len() > Self::MOST {
            turns.drain(1..3);
        }
        Self { turns: Turns::Many(turns) }
    }

    /// Whether the conversation is there now.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.turns().len() % 2 == 1
    }

    /// Whether the conversation was there at `version`.
    #[must_use]
    pub fn was_live_at(&self, version: Version) -> bool {
        self.turns().iter().filter(|turn| **turn <= version).count() % 2 == 1
    }
}

impl fmt::Display for Lifespan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, turn) in self.turns().iter().enumerate() {
            write!(f, "{}{turn}", if n == 0 { "" } else { "," })?;
        }
        Ok(())
    }
}

impl fmt::Debug for Lifespan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Lifespan({self})")
    }
}

/// A text that is not rising numbers joined by commas.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be rising version numbers joined by commas")]
pub struct ParseLifespanError;

impl FromStr for Lifespan {
    type Err = ParseLifespanError;

    fn from_str(text: &str) -> Result<Self, ParseLifespanError> {
        let turn = |part: &str| part.parse().map(Version).map_err(|_| ParseLifespanError);
        if !text.contains(',') {
            return turn(text).map(Self::created_at);
        }
        let turns: Vec<_> = text.split(',').map(turn).collect::<Result<_, _>>()?;
        if turns.len() > Self::MOST || !turns.is_sorted_by(|a, b| a < b) {
            return Err(ParseLifespanError);
        }
        Ok(Self { turns: Turns::Many(turns) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lives(text: &str) -> Lifespan {
        text.parse().unwrap()
    }

    #[test]
    fn a_life_can_be_told_at_every_version() {
        let twice = Lifespan::created_at(Version(2)).toggled_at(Version(4)).toggled_at(Version(5));
        assert_eq!(twice, lives("2,4,5"));
        let at = |version| twice.was_live_at(Version(version));
        assert_eq!([at(0), at(1), at(2), at(3), at(4), at(5), at(9)], [false, false, true, true, false, true, true]);
        assert!(twice.is_live());
        assert!(!twice.toggled_at(Version(9)).is_live());
    }

    #[test]
    fn the_turns_are_bounded_and_what_is_forgotten_is_the_oldest_gap() {
        let many = (2..=41).fold(Lifespan::created_at(Version(1)), |lives, version| lives.toggled_at(Version(version)));
        assert!(many.turns().len() <= Lifespan::MOST);
        assert!(many.is_live(), "created last at 41");
        assert!(many.was_live_at(Version(1)) && many.was_live_at(Version(2)) && !many.was_live_at(Version(38)));
    }

    #[test]
    fn as_many_turns_as_are_kept_are_read_and_no_more() {
        let toggled_at =
            |times: u64| (2..=times).fold(Lifespan::created_at(Version(1)), |lives, n| lives.toggled_at(Version(n)));
        let (most, forgotten) = (toggled_at(16), toggled_at(17));
        assert_eq!(most.to_string(), "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16");
        assert_eq!(forgotten.to_string(), "1,4,5,6,7,8,9,10,11,12,13,14,15,16,17");
        assert_eq!(lives(&most.to_string()), most);
        assert_eq!(format!("{most},17").parse::<Lifespan>(), Err(ParseLifespanError));
        assert_eq!(format!("{:?}", lives("3,7")), "Lifespan(3,7)");
    }

    #[test]
    fn lives_read_back_as_printed_and_nothing_else_is_read() {
        for text in ["0", "7", "1,2", "1,2,18446744073709551615"] {
            assert_eq!(lives(text).to_string(), text);
        }
        for wrong in ["", ",", "1,", "2,1", "1,1", "-1", "x", "1, 2"] {
            assert_eq!(wrong.parse::<Lifespan>(), Err(ParseLifespanError), "{wrong}");
        }
    }
}
