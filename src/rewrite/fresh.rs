//! Names that nothing else in a statement has.

use crate::analysis::facts::Facts;
use crate::analysis::object::{PolicyExpr, Source};
use std::collections::BTreeSet;

/// What all names of a rewriting start with. Each expression of a policy's that reads anything holds one, and so does
/// each guard: a text of Trino's that quotes either can be told by it.
const PREFIX: &str = "sluice_";

/// Texts that are shorter, as names of columns, are looked through byte by byte: a search made for long texts takes longer to
/// begin.
const SHORT: usize = 48;

/// Gives `sluice_N` with a number that stands behind `sluice_` nowhere in the texts that go into a statement.
#[derive(Debug, Default)]
pub(super) struct Fresh {
    taken: BTreeSet<u64>,
    last: u64,
}

impl Fresh {
    /// Names that are fresh in a text and in all that its guards put into it.
    pub(super) fn of(text: &str, facts: &Facts) -> Fresh {
        let mut fresh = Fresh::default();
        fresh.avoid(text);
        fresh.avoid_guards(facts);
        fresh
    }

    /// The next name.
    pub(super) fn next(&mut self) -> String {
        self.last += 1;
        while self.taken.contains(&self.last) {
            self.last += 1;
        }
        [PREFIX, itoa::Buffer::new().format(self.last)].concat()
    }

    /// Gives what was given since [`Fresh::next`] gave so many names, all over again. For places that see nothing of each other.
    pub(super) fn again_from(&mut self, given: u64) {
        self.last = given;
    }

    /// Where [`Fresh::again_from`] goes back to.
    pub(super) fn given(&self) -> u64 {
        self.last
    }

    fn avoid(&mut self, text: &str) {
        let mut rest = text;
        while let Some(at) = find_prefix(rest) {
            rest = rest.get(at + PREFIX.len()..).unwrap_or_default();
            let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
            if let Ok(number) = digits.parse() {
                self.taken.insert(number);
            }
        }
    }

    fn avoid_guards(&mut self, facts: &Facts) {
        for relation in &facts.relations {
            self.avoid(&relation.name.table);
        }
        for guard in facts.guards() {
            for column in guard.columns.iter() {
                self.avoid(&column.name);
            }
            let masks = guard.columns.iter().filter_map(|column| column.mask.as_deref());
            for PolicyExpr { text, .. } in masks.chain(&guard.filters) {
                self.avoid(text);
            }
            if let Source::View(view) = &guard.source {
                self.avoid(&view.text);
                self.avoid_guards(&view.facts);
            }
        }
    }
}

/// Whether a text quotes something that a rewriting put in. It may also quote a name of the user's that looks so.
pub(crate) fn quotes_rewriting(text: &str) -> bool {
    find_prefix(text).is_some()
}

/// Where the prefix stands in a text, whatever its letter case.
fn find_prefix(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    if bytes.len() < SHORT {
        let is_prefix = |place: &[u8]| place.last() == Some(&b'_') && place.eq_ignore_ascii_case(PREFIX.as_bytes());
        return bytes.windows(PREFIX.len()).position(is_prefix);
    }
    // Its last letter is the rarest.
    memchr::memchr_iter(b'_', bytes).find_map(|last| {
        let start = (last + 1).checked_sub(PREFIX.len())?;
        bytes.get(start..=last)?.eq_ignore_ascii_case(PREFIX.as_bytes()).then_some(start)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_the_statement_is_not_given_again() {
        let mut fresh = Fresh::of("SELECT sluice_1, \"Sluice_3x\" FROM sluice_t", &Facts::default());
        assert_eq!([fresh.next(), fresh.next(), fresh.next()], ["sluice_2", "sluice_4", "sluice_5"]);
    }

    #[test]
    fn the_prefix_is_found_wherever_it_stands() {
        for before in
            ["", "s", "slu", "sluice", "SLUICE", "slslu", "x_", "sluic_", "slui_e_", "\u{e9}\u{e9}", "eciuls_"]
        {
            for after in ["", "1", "_", "sluice_", "e"] {
                for long in ["", &"x_".repeat(SHORT / 2), &"s".repeat(SHORT)] {
                    let before = [long, before].concat();
                    let text = [&before, "Sluice_", after].concat();
                    assert_eq!(find_prefix(&text), Some(before.len()), "{text}");
                    let without = [&before, after].concat();
                    let found = without.to_lowercase().find(PREFIX);
                    assert_eq!(find_prefix(&without), found, "{without}");
                }
            }
        }
    }

    #[test]
    fn a_text_quotes_a_rewriting_by_its_names_alone() {
        assert!(quotes_rewriting("Column 'SLUICE_7.id' cannot be resolved"));
        assert!(!quotes_rewriting("Column 'sluice.id' cannot be resolved"));
    }
}
