//! Another parser's view of a statement: a table that it sees and ours does not is a reason to refuse.
//!
//! In: the user's text and our tree of it. Out: nothing, or the names that only sqlparser saw. It never allows anything:
//! where sqlparser can't read a text, which is often, it has no opinion. Names are compared as they are written, those
//! of named queries too, so that no scope has to be understood for it.

mod dialect;
mod theirs;

use crate::sql::{GrammarVersion, Statement, StatementKind, parse_statement, summary};
use std::collections::BTreeSet;

/// The parts of a name in lower case.
type Name = Vec<String>;

/// Texts that are longer are not read a second time: no query of a person's or of a tool's is, and sqlparser takes
/// milliseconds for each ten thousand terms.
const LONGEST: usize = 64 * 1024;

/// sqlparser saw tables that we did not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("another parser sees {} in the statement", names.join(", "))]
pub struct Unseen {
    /// Their names as they are written, in lower case.
    pub names: Vec<String>,
}

/// Compares the tables that sqlparser sees in `sql` with those of our own tree of it, which was read by `grammar`.
///
/// # Errors
/// [`Unseen`], if it sees any that we do not.
pub fn second_opinion(sql: &str, ours: &Statement, grammar: GrammarVersion) -> Result<(), Unseen> {
    // A text within another has half of its quotes at most, so there are few within each other.
    if let StatementKind::ExecuteImmediate { text, .. } = &ours.kind
        && let Ok(inner) = parse_statement(&text.value, grammar)
    {
        return second_opinion(&text.value, &inner, grammar);
    }
    if sql.len() > LONGEST {
        return Ok(());
    }
    let Some(theirs) = theirs::names(sql) else { return Ok(()) };
    let ours: BTreeSet<Name> =
        summary(ours).relations.into_iter().map(|name| name.parts.iter().map(ToString::to_string).collect()).collect();
    let names: Vec<String> = theirs.difference(&ours).map(|name| name.join(".")).collect();
    if names.is_empty() { Ok(()) } else { Err(Unseen { names }) }
}

#[cfg(test)]
mod tests;
