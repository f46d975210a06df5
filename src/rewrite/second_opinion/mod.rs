//! Another parser's view of a statement: a table that it sees and ours does not is a reason to refuse.
//!
//! In: the user's text and our tree of it. Out: nothing, or the names that only sqlparser saw. It never allows anything:
//! where sqlparser can't read a text, which is often, it has no opinion. Names are compared as they are written, those
//! of named queries too, so that no scope has to be understood for it.

mod dialect;
mod theirs;

use crate::sql::{GrammarVersion, Statement, StatementKind, parse_statement, summary};
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use theirs::Leftovers;

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

/// What sqlparser sees in a text. It depends on the text alone, so it may be found while something else is.
#[derive(Debug)]
pub struct TheirReading {
    text: Arc<str>,
    names: Option<BTreeSet<Name>>,
}

impl TheirReading {
    /// Reads a text, which takes sqlparser about a millisecond for each 40 KB.
    pub fn of(text: Arc<str>) -> TheirReading {
        TheirReading::with_leftovers(text).0
    }

    /// The same, and what sqlparser made on the way: to drop it takes a twentieth of the time, which nobody has to wait for.
    pub(crate) fn with_leftovers(text: Arc<str>) -> (TheirReading, Leftovers) {
        let (names, leftovers) = if is_read(&text) { theirs::names(&text) } else { Default::default() };
        (TheirReading { text, names }, leftovers)
    }

    /// One that nobody made, for tests of what becomes of it.
    #[cfg(test)]
    pub(crate) fn for_tests(text: &str, names: &[&[&str]]) -> TheirReading {
        let names = names.iter().map(|name| name.iter().map(ToString::to_string).collect()).collect();
        TheirReading { text: text.into(), names: Some(names) }
    }
}

/// What reads texts beside the decision about them. It only saves time: what it does not give is read where it is asked for.
pub trait Beside: fmt::Debug {
    /// Says that the reading of a text may be asked for.
    fn begin(&self, text: &str);

    /// The reading of a text, waited for if it has begun. `None` if it has not, and never will without another
    /// [`Beside::begin`].
    fn reading(&self, text: &str) -> Option<Arc<TheirReading>>;
}

/// Says what text may be asked about.
pub(crate) fn begin(text: &str, beside: Option<&dyn Beside>) {
    if let Some(beside) = beside.filter(|_| is_read(text)) {
        beside.begin(text);
    }
}

fn is_read(text: &str) -> bool {
    text.len() <= LONGEST
}

/// Compares the tables that sqlparser sees in `sql` with those of our own tree of it, which was read by `grammar`. What was read
/// beside is used where it is of this text.
///
/// # Errors
/// [`Unseen`], if it sees any that we do not.
pub fn second_opinion(
    sql: &str,
    ours: &Statement,
    grammar: GrammarVersion,
    beside: Option<&dyn Beside>,
) -> Result<(), Unseen> {
    // A text within another has half of its quotes at most, so there are few within each other.
    if let StatementKind::ExecuteImmediate { text, .. } = &ours.kind
        && let Ok(inner) = parse_statement(&text.value, grammar)
    {
        return second_opinion(&text.value, &inner, grammar, beside);
    }
    if !is_read(sql) {
        return Ok(());
    }
    // First, since their names may not be there yet.
    let ours: BTreeSet<Name> =
        summary(ours).relations.into_iter().map(|name| name.parts.iter().map(ToString::to_string).collect()).collect();
    let read = beside.and_then(|beside| beside.reading(sql)).filter(|reading| *reading.text == *sql);
    let read = read.unwrap_or_else(|| Arc::new(TheirReading::of(Arc::from(sql))));
    let Some(theirs) = &read.names else { return Ok(()) };
    let names: Vec<String> = theirs.difference(&ours).map(|name| name.join(".")).collect();
    if names.is_empty() { Ok(()) } else { Err(Unseen { names }) }
}

#[cfg(test)]
mod tests;
