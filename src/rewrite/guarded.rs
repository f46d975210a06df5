//! The only thing that can be forwarded.

use super::positions::PositionMap;
use super::relations::Relations;

/// A statement that the verifier has proved to be guarded. Only `rewrite` can make one.
#[derive(Clone, Debug)]
pub struct Guarded {
    text: String,
    prepared: Option<(String, String)>,
    positions: PositionMap,
    restricted: bool,
    only_reads: bool,
    redefines: bool,
    relations: Relations,
}

impl Guarded {
    /// Made by the verifier alone.
    pub(super) fn new(
        text: String,
        prepared: Option<(String, String)>,
        positions: PositionMap,
        restricted: bool,
        only_reads: bool,
        redefines: bool,
        relations: Relations,
    ) -> Guarded {
        Guarded { text, prepared, positions, restricted, only_reads, redefines, relations }
    }

    /// One that nobody proved, for tests of what comes behind the proof.
    #[cfg(test)]
    pub(crate) fn for_tests(positions: PositionMap, restricted: bool, relations: Relations) -> Guarded {
        let only_reads = positions.edited().starts_with("SELECT");
        Guarded::new(positions.edited().to_owned(), None, positions, restricted, only_reads, false, relations)
    }

    /// The text to send to Trino.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The one prepared statement, name and text, that goes along in `X-Trino-Prepared-Statement`.
    pub fn prepared(&self) -> Option<(&str, &str)> {
        self.prepared.as_ref().map(|(name, text)| (name.as_str(), text.as_str()))
    }

    /// From places in the forwarded text to places in the user's.
    pub fn positions(&self) -> &PositionMap {
        &self.positions
    }

    /// Whether a mask, a filter or a narrowing applies to any table in it.
    pub fn restricted(&self) -> bool {
        self.restricted
    }

    /// Whether it is a query, which leaves nothing behind where nobody reads its rows.
    pub fn only_reads(&self) -> bool {
        self.only_reads
    }

    /// Whether what is known of tables may not hold any more once it has run.
    pub fn redefines(&self) -> bool {
        self.redefines
    }

    /// The relations that the proof rests on.
    pub fn relations(&self) -> &Relations {
        &self.relations
    }
}
