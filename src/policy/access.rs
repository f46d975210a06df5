//! What a decision about one object says.

use super::inputs::Inputs;
use crate::names::holds;
use crate::sql::GrammarVersion;
use compact_str::CompactString;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Who is asking: the effective user, after impersonation, and what is known of the asking.
///
/// What is not known is absent: it never satisfies a grant and never avoids a denial, a mask or a filter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Subject {
    /// The user's name, as authenticated; case matters.
    pub user: String,
    /// The groups that the user is in.
    pub groups: BTreeSet<String>,
    /// The user's attributes, each with its values.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, BTreeSet<String>>,
    /// When it is asked, as far as the snapshot's policies depend on it.
    #[serde(skip)]
    pub moment: Option<Moment>,
    /// What conditions read of the request.
    #[serde(skip)]
    pub inputs: Inputs,
    /// Whether the user may be in groups that are not known: of somebody who has not logged in.
    #[serde(skip)]
    pub more_groups: bool,
}

/// A time as far as a snapshot's policies depend on it: which ends of validities are past. All times of one moment get
/// the same decisions, so a decision that is kept for a moment is never used past such an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Moment {
    /// How many of the snapshot's ends of validities, in their order, are not in the future.
    pub(super) past: u32,
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
    Grant,
    Revoke,
    ReadSysinfo,
    Impersonate,
}

impl Privilege {
    /// Its word.
    pub fn as_str(self) -> &'static str {
        match self {
            Privilege::Select => "select",
            Privilege::Insert => "insert",
            Privilege::Delete => "delete",
            Privilege::Update => "update",
            Privilege::Create => "create",
            Privilege::Drop => "drop",
            Privilege::Alter => "alter",
            Privilege::Show => "show",
            Privilege::Execute => "execute",
            Privilege::Grant => "grant",
            Privilege::Revoke => "revoke",
            Privilege::ReadSysinfo => "read_sysinfo",
            Privilege::Impersonate => "impersonate",
        }
    }
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
    /// Granted by a policy, and denied by this one.
    Denied(Arc<PolicyRef>),
    /// No policy grants it.
    NotGranted,
}

impl Answer {
    /// Whether it is a yes.
    pub fn granted(&self) -> bool {
        matches!(self, Answer::Granted(_))
    }
}

/// Which columns of a table a rule takes in.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Columns {
    /// Each column, those that will be added later too.
    All,
    /// Those that one of the rules takes in.
    Some(Vec<ColumnRule>),
}

/// Columns by names or patterns, in lower case; `*` stands for any text, nothing too.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ColumnRule {
    /// Only these.
    Only(BTreeSet<CompactString>),
    /// All but these.
    Except(BTreeSet<CompactString>),
}

impl Columns {
    /// Whether a column, in lower case, is taken in.
    pub fn allow(&self, column: &str) -> bool {
        match self {
            Columns::All => true,
            Columns::Some(rules) => rules.iter().any(|rule| rule.takes_in(column)),
        }
    }

    /// Whether all columns are taken in, those unknown today too.
    pub fn all(&self) -> bool {
        *self == Columns::All
    }
}

impl ColumnRule {
    /// Whether a column, in lower case, is taken in.
    pub fn takes_in(&self, column: &str) -> bool {
        match self {
            ColumnRule::Only(names) => named(names, column),
            ColumnRule::Except(names) => !named(names, column),
        }
    }
}

/// Whether one of the names or patterns is of `column`.
fn named(names: &BTreeSet<CompactString>, column: &str) -> bool {
    names.contains(column) || names.iter().any(|name| name.contains('*') && matches(name, column))
}

/// Some of Trino's grammars, the oldest first; shared, since each decision about a table copies its masks and filters.
pub type Grammars = Arc<[GrammarVersion]>;

/// Whether `text` is of `pattern`, in which `*` stands for any text, nothing too.
pub fn matches(pattern: &str, text: &str) -> bool {
    if pattern == text {
        return true;
    }
    if !holds(pattern, b'*') {
        return false;
    }
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else {
        return false;
    };
    let mut parts = parts.peekable();
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
