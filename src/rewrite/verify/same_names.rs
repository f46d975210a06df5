//! The names in a policy's expression, resolved on their own.

use super::same::{Difference, difference};
use crate::catalog::table::{Column, Table};
use crate::names::TableName;
use crate::sql::Identifier;
use crate::sql::ast::{Expr, ExprKind};
use compact_str::CompactString;

/// A relation whose columns an expression can name.
#[derive(Clone, Debug)]
pub(super) struct Source<'a> {
    /// What the policy may write in front of a column: the alias, or the table's name in up to three parts.
    pub(super) qualifier: Vec<CompactString>,
    /// What stands in front of the column in the guard.
    pub(super) alias: CompactString,
    /// The columns.
    pub(super) columns: Named<'a>,
}

/// The columns of a relation, in lower case.
#[derive(Clone, Debug)]
pub(super) enum Named<'a> {
    /// Those of a table.
    OfTable(&'a [Column]),
    /// Those that a query or aliases name.
    Given(Vec<CompactString>),
}

impl Named<'_> {
    /// Whether one of them is called so.
    pub(super) fn has(&self, name: &CompactString) -> bool {
        match self {
            Named::OfTable(columns) => columns.iter().any(|column| column.name == *name),
            Named::Given(names) => names.contains(name),
        }
    }
}

impl<'a> Source<'a> {
    /// A table that the policy gives an alias or not.
    pub(super) fn of_table(
        name: &TableName,
        table: &'a Table,
        policy_alias: Option<&Identifier>,
        alias: &Identifier,
    ) -> Source<'a> {
        let qualifier = match policy_alias {
            Some(alias) => vec![alias.folded()],
            None => vec![name.catalog.clone(), name.schema.clone(), name.table.clone()],
        };
        Source { qualifier, alias: alias.folded(), columns: Named::OfTable(&table.columns) }
    }

    /// The name in the guard, if `name` is a column of this relation with a qualifier in front.
    fn qualified(&self, name: &[CompactString]) -> Option<Vec<CompactString>> {
        (1..=self.qualifier.len().min(name.len().saturating_sub(1))).rev().find_map(|length| {
            let (qualifier, rest) = name.split_at_checked(length)?;
            let column = rest.first()?;
            (self.qualifier.ends_with(qualifier) && self.columns.has(column)).then(|| self.with(rest))
        })
    }

    fn with(&self, rest: &[CompactString]) -> Vec<CompactString> {
        [&self.alias].into_iter().chain(rest).cloned().collect()
    }
}

/// What a level of scope holds.
#[derive(Clone, Debug)]
pub(super) enum Level<'a> {
    /// The relations of a `FROM`.
    Relations(Vec<Source<'a>>),
    /// The parameters of a lambda.
    Lambda(Vec<CompactString>),
}

/// What must stand in the guard for a name of the policy's; `levels` are the scopes around it, the innermost last.
pub(super) fn resolve(levels: &[Level<'_>], name: &[CompactString]) -> Result<Vec<CompactString>, Difference> {
    let Some(first) = name.first() else { return difference("an empty name") };
    for level in levels.iter().rev() {
        let sources = match level {
            Level::Lambda(parameters) if parameters.contains(first) => return Ok(name.to_vec()),
            Level::Lambda(_) => continue,
            Level::Relations(sources) => sources,
        };
        let matches: Vec<Vec<CompactString>> = sources.iter().filter_map(|source| source.qualified(name)).collect();
        let matches = if matches.is_empty() {
            sources.iter().filter(|source| source.columns.has(first)).map(|source| source.with(name)).collect()
        } else {
            matches
        };
        match matches.as_slice() {
            [] => (),
            [wanted] => return Ok(wanted.clone()),
            _ => return difference(format!("{} is ambiguous", name.join("."))),
        }
    }
    difference(format!("{} is no column", name.join(".")))
}

/// The parts, in lower case, of `a.b.c`; `None` for all else.
pub(super) fn name_parts(expr: &Expr) -> Option<Vec<CompactString>> {
    match &expr.kind {
        ExprKind::Identifier(name) => {
            let mut parts = Vec::with_capacity(2);
            parts.push(name.folded());
            Some(parts)
        }
        ExprKind::Dereference { base, field } => {
            let mut parts = name_parts(base)?;
            parts.push(field.folded());
            Some(parts)
        }
        _ => None,
    }
}
