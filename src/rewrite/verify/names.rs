//! Names as Trino resolves them: first the named queries of `WITH`, then the session's catalog and schema.

use super::Unproved;
use crate::names::TableName;
use crate::sql::{Identifier, QualifiedName};
use compact_str::CompactString;

/// Where a name of less than three parts is looked up.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Defaults<'a> {
    /// The session's catalog.
    pub(super) catalog: Option<&'a str>,
    /// The session's schema.
    pub(super) schema: Option<&'a str>,
}

impl Defaults<'_> {
    /// The full name of a table.
    pub(super) fn table(&self, name: &QualifiedName) -> Result<TableName, Unproved> {
        let missing = || Unproved::because(format!("the name {} can't be resolved", shown(name)));
        match name.parts.as_slice() {
            [table] => {
                let (catalog, schema) = (usable(self.catalog), usable(self.schema));
                full_name(catalog.ok_or_else(missing)?, schema.ok_or_else(missing)?, &table.value)
            }
            [schema, table] => full_name(usable(self.catalog).ok_or_else(missing)?, &schema.value, &table.value),
            [catalog, schema, table] => full_name(&catalog.value, &schema.value, &table.value),
            _ => Err(missing()),
        }
    }

    /// Catalog and schema, in lower case, of a schema's name.
    pub(super) fn schema_of(&self, parts: &[Identifier]) -> Result<(CompactString, CompactString), Unproved> {
        let missing = || Unproved::because("the name of the schema can't be resolved");
        let (catalog, schema) = match parts {
            [schema] => (CompactString::from(usable(self.catalog).ok_or_else(missing)?).to_lowercase(), schema),
            [catalog, schema] => (catalog.folded(), schema),
            _ => return Err(missing()),
        };
        Ok((catalog, schema.folded()))
    }
}

/// A default that Trino would take as it is.
fn usable(name: Option<&str>) -> Option<&str> {
    name.filter(|name| !name.is_empty() && name.trim() == *name)
}

/// Folding of capital letters beyond ASCII may differ between Trino's runtime and ours, so there must be none.
fn full_name(catalog: &str, schema: &str, table: &str) -> Result<TableName, Unproved> {
    let folds_alike = |name: &str| name.chars().all(|c| c.is_ascii() || c.to_lowercase().eq([c]));
    if [catalog, schema, table].into_iter().all(folds_alike) {
        Ok(TableName::new(catalog, schema, table))
    } else {
        Err(Unproved::because(format!("the letter case of {catalog}.{schema}.{table} can't be folded with certainty")))
    }
}

/// A name for a reason's text.
pub(super) fn shown(name: &QualifiedName) -> String {
    name.parts.iter().map(|part| part.value.as_str()).collect::<Vec<_>>().join(".")
}

/// What a name of one part stands for while a `WITH` that has it is in scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Named {
    /// An earlier query of a `WITH`, which has been walked.
    Query,
    /// The query of a `WITH RECURSIVE` itself, whose body is a query at this depth.
    Itself {
        /// Number of queries around the body, the body included.
        depth: usize,
    },
}

/// The named queries in scope, the innermost last.
#[derive(Debug, Default)]
pub(super) struct NamedQueries {
    frames: Vec<(CompactString, Named)>,
}

impl NamedQueries {
    /// A mark to go back to with [`NamedQueries::leave`].
    pub(super) fn enter(&self) -> usize {
        self.frames.len()
    }

    /// Forgets all names that came after the mark.
    pub(super) fn leave(&mut self, mark: usize) {
        self.frames.truncate(mark);
    }

    /// Adds a name. A name within a recursive query of that name is refused: Trino takes references near it for
    /// references to something else.
    pub(super) fn add(&mut self, name: &Identifier, named: Named) -> Result<(), Unproved> {
        let name = name.folded();
        let within_itself =
            self.frames.iter().any(|(other, named)| *other == name && matches!(named, Named::Itself { .. }));
        if within_itself {
            return Err(Unproved::because(format!("WITH {name} within a recursive query of the same name")));
        }
        self.frames.push((name, named));
        Ok(())
    }

    /// Forgets the name that was added last.
    pub(super) fn drop_last(&mut self) {
        self.frames.pop();
    }

    /// What a name stands for, if it is a named query's.
    pub(super) fn get(&self, name: &QualifiedName) -> Option<Named> {
        let [part] = name.parts.as_slice() else { return None };
        let name = part.folded();
        self.frames.iter().rev().find(|(other, _)| *other == name).map(|(_, named)| *named)
    }
}
