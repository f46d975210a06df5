//! What a user sees of Trino's metadata tables.
//!
//! In: the name of a table, who asks, and which tables that user may know of. Out: whether it is a metadata table, and
//! if so, the filter and the masks that leave only what the user may know of. It never looks at a statement, and a
//! metadata table that it does not know is refused.
//!
//! The rules, by what a row speaks about ([`Visible`] is a rule of the snapshot):
//! - a catalog, schema or table: each [`Visible`] that takes in anything of it, whatever it grants;
//! - a column: each [`Visible`] with `select` and that column;
//! - `information_schema` itself, with its tables and their columns: in each catalog that a [`Visible`] takes in;
//! - the text of a view, and the table behind a materialized view: each [`Visible`] with `select` on all columns and
//!   `show`; else `NULL`, since they name tables that the reader may not know of;
//! - a statement: its own user, and without its text, which quotes policies after rewriting;
//! - a role: nobody, as long as policies don't speak of roles.

mod predicate;
mod tables;
#[cfg(test)]
mod tests;

use crate::catalog::table::Column;
use crate::names::{TableName, literal, quoted};
use crate::policy::{Columns, Privilege, Subject, Visible, VisibleTables, matches};
use compact_str::CompactString;
pub(super) use predicate::INFORMATION_SCHEMA;
use predicate::{NameColumns, Of, predicate};
use tables::{MetadataTable, Rows, TABLES};

/// The catalog of Trino's own tables.
const SYSTEM: &str = "system";

/// What a user may read of a table that may be a metadata table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Metadata {
    /// It is a table like others: policies decide.
    NotMetadata,
    /// Each row may be read as it is.
    Open,
    /// Nobody may read it, or nobody but those whom a policy grants it by its full name.
    Refused,
    /// Some of it may be read.
    Filtered {
        /// The columns that `SELECT *` gives, in Trino's order, none left out.
        columns: Vec<Column>,
        /// The columns that Trino hides from `SELECT *`. They go into a guard only where the statement names one of
        /// them, so that `*` stays as it is.
        hidden: Vec<Column>,
        /// The filter, over `columns` by their quoted names: a disjunction of conjunctions of `"col" = 'lit'`,
        /// `"col" LIKE 'pat' ESCAPE '\'`, `"col" IN (…)`, `"col" NOT IN (…)`, `"col" NOT LIKE '%$%'`, or
        /// `TRUE`, or `FALSE`.
        predicate: String,
        /// Masks by column: `IF(<a predicate of the same form>, "col")` or `NULL`.
        masks: Vec<(CompactString, String)>,
    },
}

/// Whether a table may be a metadata table of Trino's; all others are data.
pub(in crate::analysis) fn is_metadata(table: &TableName) -> bool {
    table.catalog == SYSTEM || table.schema == INFORMATION_SCHEMA
}

/// What a user may read of `table`, if it is a metadata table of Trino's.
pub fn metadata_access(table: &TableName, subject: &Subject, visible: &VisibleTables) -> Metadata {
    if !is_metadata(table) {
        return Metadata::NotMetadata;
    }
    let in_information_schema = table.schema == INFORMATION_SCHEMA;
    // A catalog of which nothing is visible gets the same answer as one that is not there.
    if in_information_schema && !visible.catalog(&table.catalog) {
        return Metadata::Refused;
    }
    if !in_information_schema && table.schema != "jdbc" && table.schema != "metadata" && granted(table, visible) {
        return Metadata::NotMetadata;
    }
    let Some(known) = known(table) else {
        return Metadata::Refused;
    };
    let catalog = in_information_schema.then_some(table.catalog.as_str());
    let open = match known.rows {
        Rows::Nothing => true,
        Rows::Roles | Rows::Statements { .. } => false,
        Rows::Catalogs { .. }
        | Rows::Schemas { .. }
        | Rows::Tables { .. }
        | Rows::Views { .. }
        | Rows::Columns { .. } => all_is_visible(catalog, visible),
    };
    if open {
        return Metadata::Open;
    }
    Metadata::Filtered {
        columns: columns(known.columns),
        hidden: columns(known.hidden),
        predicate: filter(known.rows, catalog, subject, visible),
        masks: masks(known, catalog, visible),
    }
}

/// Whether a policy that names the catalog `system` itself lets a user select from a table of it. One for all catalogs
/// is about data, and does not open other users' statements.
fn granted(table: &TableName, visible: &VisibleTables) -> bool {
    let names = |rule: &&Visible| {
        rule.catalog == SYSTEM && matches(&rule.schema, &table.schema) && matches(&rule.table, &table.table)
    };
    visible.rules.iter().filter(names).any(|rule| rule.selects() && rule.hidden.is_empty())
}

/// Whether nothing of one catalog, or of all, is hidden from a user.
fn all_is_visible(catalog: Option<&str>, visible: &VisibleTables) -> bool {
    let any = |pattern: &str| !pattern.is_empty() && pattern.bytes().all(|byte| byte == b'*');
    visible.rules.iter().any(|rule| {
        catalog.map_or(any(&rule.catalog), |catalog| matches(&rule.catalog, catalog))
            && any(&rule.schema)
            && any(&rule.table)
            && rule.hidden.is_empty()
            && rule.defines()
    })
}

fn known(table: &TableName) -> Option<&'static MetadataTable> {
    TABLES.iter().find(|known| known.schema == table.schema && known.table == table.table)
}

fn columns(columns: &[(&str, &str)]) -> Vec<Column> {
    columns
        .iter()
        .map(|(name, data_type)| Column {
            name: CompactString::from(*name),
            data_type: CompactString::from(*data_type),
        })
        .collect()
}

fn filter(rows: Rows, catalog: Option<&str>, subject: &Subject, visible: &VisibleTables) -> String {
    let Some(names) = name_columns(rows, catalog) else {
        return match rows {
            Rows::Statements { user } => format!("{} = {}", quoted(user), literal(&subject.user)),
            _ => "FALSE".to_owned(),
        };
    };
    let of = if names.column.is_some() { Of::Select } else { Of::AnyPrivilege };
    let information_schema = names.schema.is_some() && !matches!(rows, Rows::Views { .. });
    predicate(visible, of, names, catalog, information_schema)
}

fn masks(known: &MetadataTable, catalog: Option<&str>, visible: &VisibleTables) -> Vec<(CompactString, String)> {
    if let Rows::Statements { .. } = known.rows {
        return vec![(CompactString::const_new("query"), "NULL".to_owned())];
    }
    let Some(names) = name_columns(known.rows, catalog) else {
        return Vec::new();
    };
    if known.view_texts.is_empty() {
        return Vec::new();
    }
    let shown = predicate(visible, Of::Definition, names, catalog, false);
    known
        .view_texts
        .iter()
        .filter(|_| shown != "TRUE")
        .map(|column| {
            let mask = if shown == "FALSE" { "NULL".to_owned() } else { format!("IF({shown}, {})", quoted(column)) };
            (CompactString::from(*column), mask)
        })
        .collect()
}

/// The columns that name what a row speaks about; `None` where a row does not speak about catalogs and what is in them.
fn name_columns(rows: Rows, one_catalog: Option<&str>) -> Option<NameColumns> {
    let (catalog, schema, table, column) = match rows {
        Rows::Catalogs { catalog } => (catalog, None, None, None),
        Rows::Schemas { catalog, schema } => (catalog, Some(schema), None, None),
        Rows::Tables { catalog, schema, table } | Rows::Views { catalog, schema, table } => {
            (catalog, Some(schema), Some(table), None)
        }
        Rows::Columns { catalog, schema, table, column } => (catalog, Some(schema), Some(table), Some(column)),
        Rows::Roles | Rows::Statements { .. } | Rows::Nothing => return None,
    };
    let catalog = one_catalog.is_none().then_some(catalog);
    Some(NameColumns { catalog, schema, table, column })
}

/// Whether a user may know of a catalog, in lower case.
pub fn catalog_is_visible(visible: &VisibleTables, catalog: &str) -> bool {
    visible.catalog(catalog)
}

/// Whether a user may know of a schema, both parts in lower case: one that holds something visible, or the
/// `information_schema` of a catalog that does.
pub fn schema_is_visible(visible: &VisibleTables, catalog: &str, schema: &str) -> bool {
    visible.schema(catalog, schema) || (schema == INFORMATION_SCHEMA && visible.catalog(catalog))
}

/// Whether a user may know of a table: a visible one, or one of the `information_schema` of a visible catalog. A
/// connector's own table about a table (`t$files`) tells of each column of it, so one grant has to give all of them.
pub fn table_is_visible(visible: &VisibleTables, table: &TableName) -> bool {
    if table.schema == INFORMATION_SCHEMA {
        return visible.catalog(&table.catalog);
    }
    if !table.table.contains('$') {
        return visible.table(table);
    }
    // What is hidden is hidden of the table that it is about.
    let base = table.table.split('$').next().unwrap_or_default();
    let about = TableName::new(&table.catalog, &table.schema, base);
    visible.rules.iter().any(|rule| rule.selects() && rule.shows_all(table) && rule.shows_all(&about))
}

/// Whether `information_schema` has a table of this name, in lower case.
pub(super) fn in_information_schema(table: &str) -> bool {
    TABLES.iter().any(|known| known.schema == INFORMATION_SCHEMA && known.table == table)
}

impl Visible {
    /// Whether it lets a user select any column.
    fn selects(&self) -> bool {
        self.privileges.contains(&Privilege::Select)
    }

    /// Whether it lets a user see how an object is defined, which tells of each of its columns.
    fn defines(&self) -> bool {
        self.selects() && self.privileges.contains(&Privilege::Show) && self.columns == Columns::All
    }
}
