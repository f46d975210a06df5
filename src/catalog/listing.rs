//! What tables look like, as a file: for tools that have no Trino to ask. Pure.
//!
//! ```json
//! {"tables": {"lake.hr.employees": {"columns": [{"name": "id", "type": "bigint"}]},
//!             "lake.hr.directory": {"kind": "view", "columns": [{"name": "id", "type": "bigint"}],
//!                                   "text": "SELECT id FROM lake.hr.employees"}}}
//! ```
//!
//! What it does not hold does not exist.

use super::table::{Column, Known, Need, Table, TableKind};
use crate::names::TableName;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Tables, views and materialized views by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    tables: BTreeMap<TableName, Arc<Table>>,
}

/// Why a text is no listing.
#[derive(Debug, thiserror::Error)]
pub enum ListingError {
    /// It is not of the form.
    #[error(transparent)]
    Form(#[from] serde_json::Error),
    /// A table's name has not three parts.
    #[error("`{0}` is not `catalog.schema.table`")]
    Name(String),
    /// A view has no text, or a table has one.
    #[error("`{0}`: a view or materialized view has a `text`, a table has none")]
    Text(String),
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct File {
    tables: BTreeMap<String, Entry>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    #[serde(default)]
    kind: Kind,
    columns: Vec<Named>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    text: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    #[default]
    Table,
    View,
    MaterializedView,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Named {
    name: String,
    #[serde(rename = "type")]
    data_type: String,
}

impl Listing {
    /// Reads a file.
    ///
    /// # Errors
    /// [`ListingError`], if it is no listing.
    pub fn read(text: &str) -> Result<Listing, ListingError> {
        let file: File = serde_json::from_str(text)?;
        let mut listing = Listing::default();
        for (name, entry) in file.tables {
            let table = TableName::parse(&name).ok_or_else(|| ListingError::Name(name.clone()))?;
            let kind = match (entry.kind, entry.text) {
                (Kind::Table, None) => TableKind::Table,
                (Kind::View, Some(text)) => TableKind::View { text: text.into() },
                (Kind::MaterializedView, Some(text)) => TableKind::MaterializedView { text: text.into() },
                _ => return Err(ListingError::Text(name)),
            };
            let columns = entry
                .columns
                .into_iter()
                .map(|column| Column { name: column.name.to_lowercase().into(), data_type: column.data_type.into() });
            listing.insert(table, Table { columns: columns.collect(), kind });
        }
        Ok(listing)
    }

    /// The file's text.
    ///
    /// # Errors
    /// None that is known: the form can always be written.
    pub fn write(&self) -> Result<String, serde_json::Error> {
        let entry = |table: &Table| {
            let (kind, text) = match &table.kind {
                TableKind::Table => (Kind::Table, None),
                TableKind::View { text } => (Kind::View, Some(text.to_string())),
                TableKind::MaterializedView { text } => (Kind::MaterializedView, Some(text.to_string())),
            };
            let named =
                |column: &Column| Named { name: column.name.to_string(), data_type: column.data_type.to_string() };
            Entry { kind, columns: table.columns.iter().map(named).collect(), text }
        };
        let tables = self.tables.iter().map(|(name, table)| (name.to_string(), entry(table))).collect();
        serde_json::to_string_pretty(&File { tables })
    }

    /// Adds a table.
    pub fn insert(&mut self, name: TableName, table: Table) {
        self.tables.insert(name, Arc::new(table));
    }

    /// The tables by name.
    pub fn tables(&self) -> &BTreeMap<TableName, Arc<Table>> {
        &self.tables
    }

    /// What is known of a need.
    pub fn answer(&self, need: &Need) -> Known {
        let exists = |is: &dyn Fn(&TableName) -> bool| {
            if self.tables.keys().any(is) { Known::Exists } else { Known::Missing }
        };
        match need {
            Need::Table(name) => self.tables.get(name).map_or(Known::Missing, |table| Known::Table(table.clone())),
            Need::Schema { catalog, schema } => exists(&|name| name.catalog == *catalog && name.schema == *schema),
            Need::Catalog(catalog) => exists(&|name| name.catalog == *catalog),
            // A listing does not tell where a view was made, nor by whom, and of no queries and sessions.
            Need::View(_) | Need::Query(_) | Need::SessionProperties => Known::Missing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"{"tables": {"Lake.hr.Employees": {"columns": [{"name": "ID", "type": "bigint"}]},
        "lake.hr.ids": {"kind": "view", "columns": [{"name": "id", "type": "bigint"}], "text": "SELECT 1 id"}}}"#;

    #[test]
    fn what_is_written_is_read_again() {
        let listing = Listing::read(TEXT).unwrap();
        assert_eq!(Listing::read(&listing.write().unwrap()).unwrap(), listing);
    }

    #[test]
    fn what_it_does_not_hold_is_missing() {
        let listing = Listing::read(TEXT).unwrap();
        let table = |name| listing.answer(&Need::Table(TableName::new("lake", "hr", name)));
        assert!(matches!(table("employees"), Known::Table(_)));
        assert_eq!(table("none"), Known::Missing);
        assert_eq!(listing.answer(&Need::Catalog("lake".into())), Known::Exists);
        assert_eq!(listing.answer(&Need::Schema { catalog: "lake".into(), schema: "x".into() }), Known::Missing);
    }

    #[test]
    fn a_wrong_file_says_what_is_wrong() {
        for (text, message) in [
            (r#"{"tables": {"a.b": {"columns": []}}}"#, "`a.b` is not `catalog.schema.table`"),
            (
                r#"{"tables": {"a.b.c": {"kind": "view", "columns": []}}}"#,
                "`a.b.c`: a view or materialized view has a `text`, a table has none",
            ),
        ] {
            assert_eq!(Listing::read(text).unwrap_err().to_string(), message);
        }
    }
}
