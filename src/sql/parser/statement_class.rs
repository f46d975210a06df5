//! The statements that are known by their first words only, by the name of Trino's class for each: routines, and queries
//! that define some.

use super::Parser;

/// First words and class.
const CLASSES: &[(&[&str], &str)] = &[
    (&["CREATE", "FUNCTION"], "CreateFunction"),
    (&["CREATE", "OR", "REPLACE", "FUNCTION"], "CreateFunction"),
    (&["DROP", "FUNCTION"], "DropFunction"),
];

impl Parser<'_> {
    /// The class of the statement that comes next, if it is one that Sluice does not read.
    pub(super) fn unsupported_class(&self) -> Option<&'static str> {
        if self.is("WITH") && self.begins_with_definitions() {
            return Some("Query");
        }
        CLASSES.iter().find(|(words, _)| self.are(words)).map(|(_, class)| *class)
    }

    /// `WITH FUNCTION f (…)` or `WITH SESSION p = …`, and not a named query of that name.
    fn begins_with_definitions(&self) -> bool {
        let word = self.is_at(1, "FUNCTION") || self.is_at(1, "SESSION");
        word && !self.is_at(2, "AS") && !self.is_symbol_at(2, "(")
    }
}
