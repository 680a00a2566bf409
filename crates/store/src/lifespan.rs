//! Lifespans: from which to which version a conversation existed.

use std::{fmt, str::FromStr};

use conversation_settings_core::Version;

/// The versions at which a conversation was created and removed, alternately.
///
/// Nearly always one version. With it the sync rule knows for any version whether a client that synced up to it has the
/// conversation, however often the conversation was removed and created again.
///
/// An adapter keeps it as it prints: the versions joined by commas, `3` or `3,7,9`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Lifespan {
    transitions: Transitions,
}

/// Most conversations are created once and never removed; those need no allocation.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Transitions {
    Created(Version),
    Many(Vec<Version>),
}

impl Lifespan {
    /// The most transitions kept. Beyond it the oldest gap between two lifetimes is dropped. A client that synced within
    /// that gap may then be asked to remove a conversation that it does not have, which is harmless.
    pub const MAX_TRANSITIONS: usize = 16;

    /// The most bytes of a lifespan as text: [`MAX_TRANSITIONS`](Self::MAX_TRANSITIONS) numbers of 20 digits, with
    /// commas between them.
    pub const MAX_BYTES: usize = 21 * Self::MAX_TRANSITIONS - 1;

    /// The lifespan of a conversation created at `version`.
    #[must_use]
    pub const fn created_at(version: Version) -> Self {
        Self { transitions: Transitions::Created(version) }
    }

    fn transitions(&self) -> &[Version] {
        match &self.transitions {
            Transitions::Created(version) => std::slice::from_ref(version),
            Transitions::Many(transitions) => transitions,
        }
    }

    /// The lifespan after a removal or another creation at `version`.
    #[must_use]
    pub(crate) fn toggled_at(&self, version: Version) -> Self {
        let mut transitions = self.transitions().to_vec();
        transitions.push(version);
        if transitions.len() > Self::MAX_TRANSITIONS {
            transitions.drain(1..3);
        }
        Self { transitions: Transitions::Many(transitions) }
    }

    /// Whether the conversation exists now.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.transitions().len() % 2 == 1
    }

    /// Whether the conversation existed at `version`.
    #[must_use]
    pub fn was_live_at(&self, version: Version) -> bool {
        self.transitions().iter().filter(|transition| **transition <= version).count() % 2 == 1
    }
}

impl fmt::Display for Lifespan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, version) in self.transitions().iter().enumerate() {
            write!(f, "{}{version}", if n == 0 { "" } else { "," })?;
        }
        Ok(())
    }
}

impl fmt::Debug for Lifespan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Lifespan({self})")
    }
}

/// A text that is not rising version numbers joined by commas.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be rising version numbers joined by commas")]
#[expect(clippy::exhaustive_structs, reason = "it has no details")]
pub struct ParseLifespanError;

impl FromStr for Lifespan {
    type Err = ParseLifespanError;

    fn from_str(text: &str) -> Result<Self, ParseLifespanError> {
        let version = |part: &str| part.parse().map(Version).map_err(|_| ParseLifespanError);
        if !text.contains(',') {
            return version(text).map(Self::created_at);
        }
        let transitions: Vec<_> = text.split(',').map(version).collect::<Result<_, _>>()?;
        if transitions.len() > Self::MAX_TRANSITIONS || !transitions.is_sorted_by(|a, b| a < b) {
            return Err(ParseLifespanError);
        }
        Ok(Self { transitions: Transitions::Many(transitions) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lifespan(text: &str) -> Lifespan {
        text.parse().unwrap()
    }

    #[test]
    fn knows_for_every_version_whether_it_was_live() {
        let twice = Lifespan::created_at(Version(2)).toggled_at(Version(4)).toggled_at(Version(5));
        assert_eq!(twice, lifespan("2,4,5"));
        let at = |version| twice.was_live_at(Version(version));
        assert_eq!([at(0), at(1), at(2), at(3), at(4), at(5), at(9)], [false, false, true, true, false, true, true]);
        assert!(twice.is_live());
        assert!(!twice.toggled_at(Version(9)).is_live());
    }

    fn toggled(times: u64) -> Lifespan {
        (2..=times).fold(Lifespan::created_at(Version(1)), |lifespan, n| lifespan.toggled_at(Version(n)))
    }

    #[test]
    fn drops_the_oldest_gap_beyond_the_most_transitions() {
        let many = toggled(41);
        assert!(many.transitions().len() <= Lifespan::MAX_TRANSITIONS);
        assert!(many.is_live(), "created last at 41");
        assert!(many.was_live_at(Version(1)) && many.was_live_at(Version(2)) && !many.was_live_at(Version(38)));
    }

    #[test]
    fn parses_as_many_transitions_as_are_kept_and_no_more() {
        let (most, dropped) = (toggled(16), toggled(17));
        assert_eq!(most.to_string(), "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16");
        assert_eq!(dropped.to_string(), "1,4,5,6,7,8,9,10,11,12,13,14,15,16,17");
        assert_eq!(lifespan(&most.to_string()), most);
        assert_eq!(format!("{most},17").parse::<Lifespan>(), Err(ParseLifespanError));
        assert_eq!(format!("{:?}", lifespan("3,7")), "Lifespan(3,7)");
    }

    #[test]
    fn needs_at_most_max_bytes() {
        let longest: Vec<_> = (0..16).map(|n| (u64::MAX - 15 + n).to_string()).collect();
        assert_eq!(lifespan(&longest.join(",")).to_string().len(), Lifespan::MAX_BYTES);
    }

    #[test]
    fn parses_what_it_prints_and_nothing_else() {
        for text in ["0", "7", "1,2", "1,2,18446744073709551615"] {
            assert_eq!(lifespan(text).to_string(), text);
        }
        for wrong in ["", ",", "1,", "2,1", "1,1", "-1", "x", "1, 2"] {
            assert_eq!(wrong.parse::<Lifespan>(), Err(ParseLifespanError), "{wrong}");
        }
    }
}
