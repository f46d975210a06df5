//! What analysis knows of tables. Pure: filled by the shell, read by the core.

use crate::names::TableName;
use compact_str::CompactString;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// A table, view or materialized view as Trino describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Its visible columns in order.
    pub columns: Vec<Column>,
    /// What kind it is.
    pub kind: TableKind,
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name in lower case.
    pub name: CompactString,
    /// Its type as Trino prints it, which can be used in a `CAST`.
    pub data_type: CompactString,
}

/// Of what kind an object is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TableKind {
    /// A table.
    Table,
    /// A view, with its text.
    View {
        /// The query.
        text: Arc<str>,
    },
    /// A materialized view, with its text.
    MaterializedView {
        /// The query.
        text: Arc<str>,
    },
}

/// What Trino resolves in the text of a view, which it reads in the catalog and schema in which the view was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// The text that was resolved.
    pub text: Arc<str>,
    /// The tables and views that the text itself names.
    pub reads: BTreeSet<TableName>,
    /// The user with whose rights Trino reads them, if that is not whoever reads the view.
    pub owner: Option<CompactString>,
}

/// A property of sessions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionProperty {
    /// Its name; that of a catalog's has the catalog's name and a dot before it.
    pub name: CompactString,
    /// Its value where a session does not set it.
    pub default: CompactString,
    /// Its type.
    pub data_type: CompactString,
    /// What it is for.
    pub description: Arc<str>,
}

impl SessionProperty {
    /// The catalog that it is a property of.
    pub fn catalog(&self) -> Option<&str> {
        self.name.split_once('.').map(|(catalog, _)| catalog)
    }
}

/// Something that a decision needs to know and the shell has to ask Trino for.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Need {
    /// Whether a table exists and what it looks like.
    Table(TableName),
    /// Whether a schema exists.
    Schema {
        /// The catalog.
        catalog: CompactString,
        /// The schema.
        schema: CompactString,
    },
    /// Whether a catalog exists.
    Catalog(CompactString),
    /// What the text of a view reads.
    View(TableName),
    /// Whose query has this id.
    Query(CompactString),
    /// Which properties a session has.
    SessionProperties,
}

/// The answer to a [`Need`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known {
    /// The table.
    Table(Arc<Table>),
    /// What the view reads.
    View(Arc<Resolved>),
    /// The schema or catalog is there.
    Exists,
    /// The query is this user's.
    QueryOf(CompactString),
    /// A session has these properties, in Trino's order.
    SessionProperties(Arc<[SessionProperty]>),
    /// There is no such object, or Trino does not tell of it.
    Missing,
}

/// All that is known for one decision.
#[derive(Clone, Debug, Default)]
pub struct Tables {
    known: HashMap<Need, Known>,
}

impl Tables {
    /// Adds an answer.
    pub fn insert(&mut self, need: Need, known: Known) {
        self.known.insert(need, known);
    }

    /// The answer to a need, or `None` if it has not been asked for yet.
    pub fn get(&self, need: &Need) -> Option<&Known> {
        self.known.get(need)
    }

    /// The views and materialized views among them, in no order.
    pub fn views(&self) -> impl Iterator<Item = &Table> {
        self.known.values().filter_map(|known| match known {
            Known::Table(table) if table.kind != TableKind::Table => Some(&**table),
            _ => None,
        })
    }

    /// All needs with their answers, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (&Need, &Known)> {
        self.known.iter()
    }
}
