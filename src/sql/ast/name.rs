//! Where a node stands, and the leaves of a tree: names and strings.

use crate::names::{folded, is_folded};
use compact_str::CompactString;

/// Bytes `start..end` of the text that a node was read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// The span from the start of `self` to the end of `other`.
    pub fn to(self, other: Span) -> Span {
        Span { start: self.start, end: other.end }
    }

    /// The bytes of this span in `text`; empty if the span is not of that text.
    pub fn of(self, text: &str) -> &str {
        text.get(self.start as usize..self.end as usize).unwrap_or_default()
    }

    /// Whether `other` lies within this span.
    pub fn contains(self, other: Span) -> bool {
        self.start <= other.start && other.end <= self.end
    }
}

/// A name as written, without its quotes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Identifier {
    /// The name, quotes removed and doubled quotes undone, letter case kept.
    pub value: CompactString,
    /// Whether it stood in double quotes.
    pub delimited: bool,
    /// Where it stands, quotes included.
    pub span: Span,
}

impl Identifier {
    /// The name as Trino compares it: in lower case, quoted or not.
    pub fn folded(&self) -> CompactString {
        folded(&self.value)
    }

    /// Whether the name, as Trino compares it, is this one in lower case.
    pub fn is(&self, name: &str) -> bool {
        if is_folded(&self.value) {
            self.value == name
        } else if self.value.is_ascii() {
            is_folded(name) && self.value.eq_ignore_ascii_case(name)
        } else {
            self.folded() == name
        }
    }

    /// Whether two names are one to Trino.
    pub fn same(&self, other: &Identifier) -> bool {
        self.value == other.value || self.folded() == other.folded()
    }
}

/// `a.b.c`; never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QualifiedName {
    /// The parts in order.
    pub parts: Vec<Identifier>,
    /// From the first part to the last.
    pub span: Span,
}

/// `'…'` or `U&'…' [UESCAPE '…']`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StringLiteral {
    /// The text that it stands for.
    pub value: CompactString,
    /// Where it stands, quotes and prefix included.
    pub span: Span,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identifier(value: &str) -> Identifier {
        Identifier { value: value.into(), delimited: false, span: Span::default() }
    }

    #[test]
    fn a_name_is_what_it_folds_to() {
        for value in ["id", "ID", "Id_2", "", "\u{c4}b", "\u{e4}B", "\u{212a}"] {
            for name in ["id", "ID", "id_2", "", "\u{e4}b", "\u{c4}b", "k", "ix", "idx"] {
                assert_eq!(identifier(value).is(name), identifier(value).folded() == name, "{value} {name}");
                let same = identifier(value).folded() == identifier(name).folded();
                assert_eq!(identifier(value).same(&identifier(name)), same, "{value} {name}");
            }
        }
    }
}
