//! Which form the guards of a statement take.
//!
//! The plain form lets Trino push the user's conditions down to the source. It also lets Trino evaluate them over rows
//! that the policy's filter hides, so it is for statements in which nothing can fail. The choice is made for a whole
//! statement.

use crate::analysis::facts::Facts;
use crate::analysis::object::{Guard, SeenColumn, Source};

/// The form of guards with filters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// `(SELECT … WHERE filter)`.
    Plain,
    /// With a limit that no table has rows for. Trino passes no condition and no projection by a limit, though it takes apart
    /// whatever else stands in their way. A source that is given the limit too may run a condition before it: to that, hidden
    /// rows show as rows of nulls.
    Guarded,
}

/// The form for a statement with these facts.
pub(super) fn form(facts: &Facts) -> Form {
    if can_fail(facts) { Form::Guarded } else { Form::Plain }
}

fn can_fail(facts: &Facts) -> bool {
    facts.can_fail.is_some()
        || facts.relations.iter().any(|relation| {
            let Some(guard) = relation.guard() else { return false };
            // What `*` gives is named in the query around it, as a column of another relation.
            let read = |(at, _): &(usize, &SeenColumn)| relation.all_columns || relation.columns.contains(at);
            let read = guard.columns.iter().enumerate().filter(read);
            let mut masks = read.filter_map(|(_, column)| column.mask.as_ref());
            masks.any(|mask| mask.facts.can_fail.is_some()) && guard.hides_rows() || view_can_fail(guard)
        })
}

fn view_can_fail(guard: &Guard) -> bool {
    match &guard.source {
        Source::Table | Source::OwnersView(_) => false,
        Source::View(view) => can_fail(&view.facts),
    }
}
