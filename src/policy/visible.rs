//! What a user may know of: for metadata statements.

use super::access::{Columns, Privilege, matches};
use crate::names::TableName;
use compact_str::CompactString;
use std::collections::BTreeSet;

/// Which tables a user has any privilege on, for metadata statements.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct VisibleTables {
    /// A table is visible if one of these takes it in.
    pub rules: Vec<Visible>,
}

/// What is taken out of what a grant makes visible: by a denial, by a tag, or as what its policy is not about.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Hidden {
    /// The catalog or a pattern of catalogs, in lower case.
    pub catalog: CompactString,
    /// The schema or a pattern of schemas, in lower case.
    pub schema: CompactString,
    /// The table or a pattern of tables, in lower case.
    pub table: CompactString,
    /// The columns; all of them hide the table itself.
    pub columns: Columns,
}

/// A pattern of tables, with the columns of them that are visible. `*` stands for any text, nothing too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visible {
    /// The catalog or a pattern of catalogs, in lower case.
    pub catalog: CompactString,
    /// The schema or a pattern of schemas, in lower case.
    pub schema: CompactString,
    /// The table or a pattern of tables, in lower case.
    pub table: CompactString,
    /// The columns.
    pub columns: Columns,
    /// What the grant gives.
    pub privileges: BTreeSet<Privilege>,
    /// What is taken out of it.
    pub hidden: Vec<Hidden>,
}

impl VisibleTables {
    /// Whether a catalog, in lower case, holds anything visible.
    pub fn catalog(&self, catalog: &str) -> bool {
        self.rules.iter().any(|rule| {
            let hides = |hidden: &Hidden| hidden.hides_catalogs() && matches(&hidden.catalog, catalog);
            matches(&rule.catalog, catalog) && !rule.hidden.iter().any(hides)
        })
    }

    /// Whether a schema, both parts in lower case, holds anything visible.
    pub fn schema(&self, catalog: &str, schema: &str) -> bool {
        self.rules.iter().any(|rule| {
            let hides = |hidden: &Hidden| {
                hidden.hides_schemas() && matches(&hidden.catalog, catalog) && matches(&hidden.schema, schema)
            };
            matches(&rule.catalog, catalog) && matches(&rule.schema, schema) && !rule.hidden.iter().any(hides)
        })
    }

    /// Whether a table is visible.
    pub fn table(&self, name: &TableName) -> bool {
        self.rules.iter().any(|rule| rule.takes_in(name))
    }

    /// Whether a column, in lower case, of a table is visible.
    pub fn column(&self, name: &TableName, column: &str) -> bool {
        self.rules.iter().any(|rule| rule.shows(name, column))
    }
}

impl Visible {
    /// Whether a table is of these and not hidden.
    pub fn takes_in(&self, name: &TableName) -> bool {
        matches(&self.catalog, &name.catalog)
            && matches(&self.schema, &name.schema)
            && matches(&self.table, &name.table)
            && !self.hidden.iter().any(|hidden| hidden.columns.all() && hidden.is_about(name))
    }

    /// Whether a column, in lower case, of a table is of these and not hidden.
    pub fn shows(&self, name: &TableName, column: &str) -> bool {
        self.takes_in(name)
            && self.columns.allow(column)
            && !self.hidden.iter().any(|hidden| hidden.is_about(name) && hidden.columns.allow(column))
    }

    /// Whether each column of a table is of these, those unknown today too.
    pub fn shows_all(&self, name: &TableName) -> bool {
        self.takes_in(name) && self.columns.all() && !self.hidden.iter().any(|hidden| hidden.is_about(name))
    }
}

impl Hidden {
    /// Whether it hides each table of its schemas, and so the schemas.
    pub fn hides_schemas(&self) -> bool {
        self.columns.all() && any(&self.table)
    }

    /// Whether it hides each table of its catalogs, and so the catalogs.
    pub fn hides_catalogs(&self) -> bool {
        self.hides_schemas() && any(&self.schema)
    }

    /// Whether it is about a table.
    pub fn is_about(&self, name: &TableName) -> bool {
        matches(&self.catalog, &name.catalog)
            && matches(&self.schema, &name.schema)
            && matches(&self.table, &name.table)
    }
}

/// Whether a pattern takes in each name.
fn any(pattern: &str) -> bool {
    !pattern.is_empty() && pattern.bytes().all(|byte| byte == b'*')
}
