//! The conditions of policies: the `when` of a grant, deny, mask or filter, in CEL (<https://cel.dev>).
//!
//! In: a text. Out: a [`Condition`] that is read and typed once, at load, and then evaluated for each decision on
//! [`Circumstances`]; or a [`ConditionError`] that says what is wrong and where. The `cel` crate reads the text; types,
//! names and meaning are ours, a part of CEL that is small enough to be read in one sitting. Never does I/O, never reads
//! a clock, never fails: what can't be told is [`Truth::Unknown`].
//!
//! Bounds: a text has at most [`MOST_BYTES`] bytes, nests at most [`MOST_DEPTH`] deep and holds at most [`MOST_CHOICES`]
//! `?`; an evaluation takes at most [`MOST_STEPS`] steps. The parser of `cel` recurses; these bounds keep it on a small
//! stack, and a property test looks for a text on which it panics.

mod check;
mod evaluate;
mod inputs;
mod moment;
#[cfg(test)]
mod properties;
mod syntax;
#[cfg(test)]
mod tests;
mod tree;

pub use evaluate::{Circumstances, Truth, Why};
pub use inputs::Input;

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

/// Most bytes of a condition's text.
pub const MOST_BYTES: usize = 4096;
/// How deep a condition may nest.
pub const MOST_DEPTH: usize = 32;
/// Most `?` in a condition's text, those in its strings counted too.
pub const MOST_CHOICES: usize = 16;
/// Most steps of an evaluation: an operator, a call or an element of a list is one, and so are each 64 bytes of a text
/// that is looked through. An evaluation that would take more has no truth.
pub const MOST_STEPS: usize = 100_000;

/// A condition that was read and typed. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Condition(Arc<Read>);

#[derive(Debug)]
struct Read {
    text: String,
    tree: tree::Bool,
    reads: BTreeSet<Input>,
}

/// Why a text is no condition.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ConditionError {
    /// Which bytes of the text are wrong.
    pub at: Range<usize>,
    /// What is wrong with them.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
}

impl Condition {
    /// Reads and types a condition.
    ///
    /// # Errors
    /// The first thing that is wrong: the syntax, a name, a type, a literal of a time, a time zone or a network, or a
    /// bound that is passed.
    pub fn parse(text: &str) -> Result<Condition, ConditionError> {
        let parsed = syntax::parse(text)?;
        let (tree, reads) = check::check(&parsed).map_err(|problem| problem.placed(&parsed))?;
        Ok(Condition(Arc::new(Read { text: text.to_owned(), tree, reads })))
    }

    /// Its text, as it is written.
    pub fn text(&self) -> &str {
        &self.0.text
    }

    /// What it may read: no other input changes its truth.
    pub fn reads(&self) -> &BTreeSet<Input> {
        &self.0.reads
    }

    /// Whether it is true.
    ///
    /// Inputs that are not known make a condition unknown, unless it is true or false whatever they are:
    /// `user.name == 'amal' || session.source == 'dbt'` is true for amal, whatever the source.
    pub fn evaluate(&self, circumstances: &Circumstances<'_>) -> Truth {
        evaluate::evaluate(&self.0.tree, circumstances)
    }
}

impl Condition {
    /// The parts of it that are not true, each with its truth. A condition that is no `a && b && …` has itself alone.
    ///
    /// It is for people; what holds is told by [`Condition::evaluate`].
    pub fn unmet(&self, circumstances: &Circumstances<'_>) -> Vec<(String, Truth)> {
        let text = self.text();
        let parts: Option<Vec<(String, Condition)>> = conjuncts(text)
            .into_iter()
            .map(|part| Some((part.trim().to_owned(), Condition::parse(part.trim()).ok()?)))
            .collect();
        let parts = parts.unwrap_or_else(|| vec![(text.to_owned(), self.clone())]);
        let truths = parts.into_iter().map(|(text, part)| (text, part.evaluate(circumstances)));
        truths.filter(|(_, truth)| *truth != Truth::True).collect()
    }
}

/// What a text joins by `&&`, outside of brackets and texts; the whole, where `||` or `?` stands beside it.
fn conjuncts(text: &str) -> Vec<&str> {
    let (mut parts, mut start, mut depth) = (Vec::new(), 0, 0_usize);
    let mut quote: Option<char> = None;
    let mut characters = text.char_indices().peekable();
    while let Some((at, c)) = characters.next() {
        let next = characters.peek().map(|(_, next)| *next);
        match (quote, c) {
            (Some(_), '\\') => _ = characters.next(),
            (Some(open), c) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(c),
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')' | ']' | '}') => depth = depth.saturating_sub(1),
            (None, '?') if depth == 0 => return vec![text],
            (None, '|') if depth == 0 && next == Some('|') => return vec![text],
            (None, '&') if depth == 0 && next == Some('&') => {
                parts.push(text.get(start..at).unwrap_or_default());
                start = at + 2;
                characters.next();
            }
            _ => {}
        }
    }
    parts.push(text.get(start..).unwrap_or_default());
    parts
}

impl PartialEq for Condition {
    fn eq(&self, other: &Condition) -> bool {
        self.0.text == other.0.text
    }
}

impl Eq for Condition {}
