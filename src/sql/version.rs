//! Which of Trino's grammars a text is read by.
//!
//! In: the version that Trino gives of itself. Out: a [`GrammarVersion`], and whether it is that version's own. A grammar
//! is named by a release of Trino that has it; every function that reads a text takes one, so that none can be read by
//! another grammar than the request's.

use std::fmt;

/// A grammar of Trino's, by a release that has it; later ones are greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GrammarVersion {
    /// Trino 476.
    V476,
    /// Trino 483.
    V483,
}

/// How well a grammar fits a version of Trino.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    /// It is that version's own.
    Exact,
    /// That version is older than any grammar that is known.
    TooOld,
    /// That version lies between two grammars that are known; the older one is taken.
    Between,
    /// That version is newer than any grammar that is known.
    TooNew,
    /// What Trino says of its version is no number.
    Unknown,
}

impl GrammarVersion {
    /// All that are known, the oldest first.
    pub const ALL: [GrammarVersion; 2] = [GrammarVersion::V476, GrammarVersion::V483];
    /// The oldest that is known.
    pub const OLDEST: GrammarVersion = GrammarVersion::V476;
    /// The newest that is known.
    pub const NEWEST: GrammarVersion = GrammarVersion::V483;

    /// The release of Trino that it is named by.
    pub fn release(self) -> u32 {
        match self {
            GrammarVersion::V476 => 476,
            GrammarVersion::V483 => 483,
        }
    }

    /// The grammar for a version of Trino as `/v1/info` gives it, such as `476` or `476-e.2`, and how well it fits.
    pub fn of_trino(version: &str) -> (GrammarVersion, Fit) {
        let digits = version.bytes().take_while(u8::is_ascii_digit).count();
        let Some(release) = version.get(..digits).and_then(|digits| digits.parse::<u32>().ok()) else {
            return (GrammarVersion::NEWEST, Fit::Unknown);
        };
        if release > GrammarVersion::NEWEST.release() {
            return (GrammarVersion::NEWEST, Fit::TooNew);
        }
        match GrammarVersion::ALL.into_iter().rev().find(|grammar| grammar.release() <= release) {
            Some(grammar) if grammar.release() == release => (grammar, Fit::Exact),
            Some(grammar) => (grammar, Fit::Between),
            None => (GrammarVersion::OLDEST, Fit::TooOld),
        }
    }
}

impl fmt::Display for GrammarVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.release())
    }
}

#[cfg(test)]
mod tests {
    use super::GrammarVersion::{V476, V483};
    use super::*;

    #[test]
    fn the_grammar_is_that_of_the_version_or_the_nearest_older_one() {
        for (version, found) in [
            ("476", (V476, Fit::Exact)),
            ("476-e.2", (V476, Fit::Exact)),
            ("483", (V483, Fit::Exact)),
            ("375", (V476, Fit::TooOld)),
            ("0.215", (V476, Fit::TooOld)),
            ("477", (V476, Fit::Between)),
            ("482", (V476, Fit::Between)),
            ("484", (V483, Fit::TooNew)),
            ("4294967296", (V483, Fit::Unknown)),
            ("testversion", (V483, Fit::Unknown)),
            ("", (V483, Fit::Unknown)),
        ] {
            assert_eq!(GrammarVersion::of_trino(version), found, "{version}");
        }
    }

    #[test]
    fn all_are_in_order() {
        assert!(GrammarVersion::ALL.is_sorted());
        assert_eq!(GrammarVersion::ALL.first(), Some(&GrammarVersion::OLDEST));
        assert_eq!(GrammarVersion::ALL.last(), Some(&GrammarVersion::NEWEST));
    }
}
