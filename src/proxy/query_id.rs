//! Trino's query ids, and ids of the same shape for statements that never reach Trino.

use super::characters::{Kind, are_all};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// The id of a query, such as `20260101_120000_00042_abcde`. Cloning it is cheap.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct QueryId(Arc<str>);

impl QueryId {
    /// Reads one.
    pub(crate) fn parse(text: &str) -> Option<QueryId> {
        QueryId::is(text).then(|| QueryId(text.into()))
    }

    /// Whether a text is one. Trino's own rule is lower-case letters, digits and `_`; the length is bounded here.
    pub(crate) fn is(text: &str) -> bool {
        (1..=64).contains(&text.len()) && are_all(text.as_bytes(), Kind::Small)
    }

    /// A new one for a statement that is answered by Sluice alone. Trino's end in a coordinator's five characters that
    /// are drawn anew at each start, and have no dash, so this one names no query of Trino's for practical purposes; it
    /// is there because clients need one to read.
    pub(crate) fn for_sluice() -> QueryId {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed) % 100_000;
        let now = jiff::Timestamp::now().strftime("%Y%m%d_%H%M%S");
        QueryId(format!("{now}_{number:05}_sluic").into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for QueryId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_trinos_characters_make_an_id() {
        assert!(QueryId::parse("20260101_120000_00042_abcde").is_some());
        for wrong in ["", "a/b", "A", "a.b", "a?b", "a%2f", &"a".repeat(65)] {
            assert!(QueryId::parse(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn an_id_of_sluice_has_trinos_shape() {
        let id = QueryId::for_sluice();
        assert_eq!(id.as_str().split('_').map(str::len).collect::<Vec<_>>(), [8, 6, 5, 5]);
        assert!(QueryId::parse(id.as_str()).is_some());
    }
}
