//! What a decision about one object says.

use crate::names::TableName;
use crate::sql::GrammarVersion;
use crate::sql::ast::Expr;
use compact_str::CompactString;
use serde::Serialize;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Who is asking: the effective user, after impersonation.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Subject {
    /// The user's name, as authenticated; case matters.
    pub user: String,
    /// The groups that the user is in.
    pub groups: BTreeSet<String>,
}

/// What may be done with an object, in Ranger's words for Trino.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the words of Ranger's service definition for Trino")]
pub enum Privilege {
    Select,
    Insert,
    Delete,
    Update,
    Create,
    Drop,
    Alter,
    Show,
    Execute,
    Impersonate,
}

/// Where a rule is written.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct PolicyRef {
    /// `domain/name` of the document.
    pub policy: String,
    /// File, relative to the policy folder.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
}

/// A yes or no that carries its reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Granted by this policy.
    Granted(Arc<PolicyRef>),
    /// No policy grants it.
    NotGranted,
}

/// Which columns of a table are granted for `select`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Columns {
    /// Each column, those that will be added later too.
    All,
    /// Those that some grant names: a column is granted if one of the rules takes it in.
    Some(Vec<ColumnRule>),
}

/// One grant's columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ColumnRule {
    /// Only these, in lower case.
    Only(BTreeSet<CompactString>),
    /// All but these, in lower case.
    Except(BTreeSet<CompactString>),
}

impl Columns {
    /// Whether a column, in lower case, is granted.
    pub fn allow(&self, column: &str) -> bool {
        match self {
            Columns::All => true,
            Columns::Some(rules) => rules.iter().any(|rule| match rule {
                ColumnRule::Only(names) => names.contains(column),
                ColumnRule::Except(names) => !names.contains(column),
            }),
        }
    }

    /// Whether all columns are granted, those unknown today too.
    pub fn all(&self) -> bool {
        *self == Columns::All
    }
}

/// Some of Trino's grammars, the oldest first; shared, since each decision about a table copies its masks and filters.
pub type Grammars = Arc<[GrammarVersion]>;

/// A mask that applies to a column for this user. The expression reads columns of the table by their names; `{column}`
/// has been replaced by the column's own name.
#[derive(Clone, Debug, PartialEq)]
pub struct Mask {
    /// Its text.
    pub text: Arc<str>,
    /// Its tree; spans are of `text`.
    pub expr: Arc<Expr>,
    /// The grammars that read the text so; the others can't read it.
    pub grammars: Grammars,
    /// Where it is written.
    pub policy: Arc<PolicyRef>,
}

/// A row filter that applies to a table for this user.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter {
    /// Its text.
    pub text: Arc<str>,
    /// Its tree; spans are of `text`.
    pub expr: Arc<Expr>,
    /// The grammars that read the text so; the others can't read it.
    pub grammars: Grammars,
    /// Where it is written.
    pub policy: Arc<PolicyRef>,
}

/// What one user may do with one table.
#[derive(Clone, Debug, PartialEq)]
pub struct TableAccess {
    /// The privileges that some grant gives.
    pub privileges: BTreeSet<Privilege>,
    /// The columns that may be selected; empty rules if `select` is not granted.
    pub columns: Columns,
    /// Masks by column pattern, in the order in which they win: the first that names the column.
    pub masks: Vec<(CompactString, Mask)>,
    /// Row filters; all of them apply.
    pub filters: Vec<Filter>,
    /// The policies that granted something.
    pub granted_by: Vec<Arc<PolicyRef>>,
}

impl TableAccess {
    /// Access to nothing.
    pub fn none() -> TableAccess {
        TableAccess {
            privileges: BTreeSet::new(),
            columns: Columns::Some(Vec::new()),
            masks: Vec::new(),
            filters: Vec::new(),
            granted_by: Vec::new(),
        }
    }

    /// Whether `privilege` is granted.
    pub fn grants(&self, privilege: Privilege) -> bool {
        self.privileges.contains(&privilege)
    }

    /// The mask of a column, in lower case, if it has one.
    pub fn mask(&self, column: &str) -> Option<&Mask> {
        self.masks.iter().find(|(name, _)| name == column).map(|(_, mask)| mask)
    }

    /// Whether each row and each column may be read as it is.
    pub fn unrestricted(&self) -> bool {
        self.grants(Privilege::Select) && self.columns.all() && self.masks.is_empty() && self.filters.is_empty()
    }
}

/// Which tables a user has any privilege on, for metadata statements.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct VisibleTables {
    /// A table is visible if one of these takes it in.
    pub rules: Vec<Visible>,
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
}

impl VisibleTables {
    /// Whether a catalog, in lower case, holds anything visible.
    pub fn catalog(&self, catalog: &str) -> bool {
        self.rules.iter().any(|rule| matches(&rule.catalog, catalog))
    }

    /// Whether a schema, both parts in lower case, holds anything visible.
    pub fn schema(&self, catalog: &str, schema: &str) -> bool {
        self.rules.iter().any(|rule| matches(&rule.catalog, catalog) && matches(&rule.schema, schema))
    }

    /// Whether a table is visible.
    pub fn table(&self, name: &TableName) -> bool {
        self.rules.iter().any(|rule| rule.takes_in(name))
    }

    /// Whether a column, in lower case, of a table is visible.
    pub fn column(&self, name: &TableName, column: &str) -> bool {
        self.rules.iter().any(|rule| rule.takes_in(name) && rule.columns.allow(column))
    }
}

impl Visible {
    fn takes_in(&self, name: &TableName) -> bool {
        matches(&self.catalog, &name.catalog)
            && matches(&self.schema, &name.schema)
            && matches(&self.table, &name.table)
    }
}

/// Whether `text` is of `pattern`, in which `*` stands for any text, nothing too.
pub fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else {
        return false;
    };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        match rest.find(part) {
            Some(at) => rest = rest.get(at + part.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    true
}
