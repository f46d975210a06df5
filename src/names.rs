//! Names of Trino's objects, as newtypes, so that a catalog can't stand where a schema should.
//!
//! All of them are folded to lower case, as Trino compares them.

use compact_str::CompactString;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The full name of a table, view or materialized view.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TableName {
    /// The catalog, in lower case.
    pub catalog: CompactString,
    /// The schema, in lower case.
    pub schema: CompactString,
    /// The table, in lower case.
    pub table: CompactString,
}

impl TableName {
    /// Folds the three parts to lower case.
    pub fn new(catalog: &str, schema: &str, table: &str) -> TableName {
        TableName { catalog: folded(catalog), schema: folded(schema), table: folded(table) }
    }

    /// The name of `catalog.schema.table`; `None` if it has not three parts.
    pub fn parse(text: &str) -> Option<TableName> {
        let mut parts = text.splitn(3, '.');
        let (catalog, schema, table) = (parts.next()?, parts.next()?, parts.next()?);
        let empty = [catalog, schema, table].iter().any(|part| part.is_empty());
        (!empty).then(|| TableName::new(catalog, schema, table))
    }

    /// The name as SQL, each part in double quotes.
    pub fn to_sql(&self) -> String {
        let mut sql = String::with_capacity(self.catalog.len() + self.schema.len() + self.table.len() + 8);
        self.push_sql(&mut sql);
        sql
    }

    /// Adds the name as SQL.
    pub(crate) fn push_sql(&self, sql: &mut String) {
        push_quoted(sql, &self.catalog);
        sql.push('.');
        push_quoted(sql, &self.schema);
        sql.push('.');
        push_quoted(sql, &self.table);
    }

    /// `catalog.schema.table`, as it is shown.
    pub(crate) fn dotted(&self) -> String {
        [self.catalog.as_str(), ".", &self.schema, ".", &self.table].concat()
    }
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        [&self.catalog, ".", &self.schema, ".", &self.table].into_iter().try_for_each(|part| f.write_str(part))
    }
}

/// A name in lower case, as Trino compares it.
pub(crate) fn folded(name: &str) -> CompactString {
    // Almost all names are ASCII and most in lower case already; looking into Unicode's tables for them took an eighth of a
    // decision's time.
    let mut folded = CompactString::new(name);
    if !is_folded(name) {
        if !name.is_ascii() {
            return folded.to_lowercase();
        }
        folded.make_ascii_lowercase();
    }
    folded
}

/// Whether all letters of a name are of ASCII and none is a capital: it is what it folds to.
#[inline]
pub(crate) fn is_folded(name: &str) -> bool {
    let folds = |byte: u8| !byte.is_ascii() | byte.is_ascii_uppercase();
    let bytes = name.as_bytes();
    // Eight at a look, the last eight again with those before them.
    let eight_fold = |eight: &[u8; 8]| eight.iter().fold(false, |found, byte| found | folds(*byte));
    match bytes.last_chunk() {
        Some(last) => !eight_fold(last) && !bytes.as_chunks().0.iter().any(eight_fold),
        None => !bytes.iter().any(|byte| folds(*byte)),
    }
}

/// Whether a byte stands in a name. Names are short: a search made for long texts takes longer to begin than to search one.
#[inline]
pub(crate) fn holds(name: &str, byte: u8) -> bool {
    let bytes = name.as_bytes();
    let eight_hold = |eight: &[u8; 8]| eight.iter().fold(false, |found, one| found | (*one == byte));
    match bytes.last_chunk() {
        Some(last) => eight_hold(last) || bytes.as_chunks().0.iter().any(eight_hold),
        None => bytes.contains(&byte),
    }
}

/// An identifier in double quotes, which is right for each name, a reserved word too.
pub fn quoted(name: &str) -> String {
    let mut sql = String::with_capacity(name.len() + 2);
    push_quoted(&mut sql, name);
    sql
}

/// Adds an identifier in double quotes.
pub(crate) fn push_quoted(sql: &mut String, name: &str) {
    sql.push('"');
    if !holds(name, b'"') {
        sql.push_str(name);
    } else {
        sql.push_str(&name.replace('"', "\"\""));
    }
    sql.push('"');
}

/// A string literal.
pub fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_is_found_wherever_it_stands() {
        for length in 0..40 {
            let without = "a\u{a2}".chars().cycle().take(length).collect::<String>();
            assert!(!holds(&without, b'"'), "{without}");
            for (at, _) in without.char_indices().chain([(without.len(), ' ')]) {
                let (before, behind) = without.split_at(at);
                let with = [before, "\"", behind].concat();
                assert!(holds(&with, b'"'), "{with}");
            }
        }
    }
}
