//! What one user may do with one table, view or metadata table, with all that a guard of it needs.

use super::facts::{BaseRelation, Facts};
use super::scope::TypeClass;
use crate::catalog::table::Column;
use crate::policy::{PolicyRef, TableAccess};
use crate::sql::Span;
use compact_str::CompactString;
use std::sync::Arc;

/// A named object and what the user may do with it.
#[derive(Clone, Debug)]
pub(crate) struct Object {
    /// What policies say of it; `None` for metadata tables.
    pub(crate) access: Option<TableAccess>,
    /// What follows for reading.
    pub(crate) reading: Reading,
}

/// Whether and how an object may be read.
#[derive(Clone, Debug)]
pub(crate) enum Reading {
    /// No policy grants it, or there is no such table: the same to the user.
    Denied,
    /// It may be read, but Trino does not know it.
    Missing,
    /// Trino has to be asked first.
    Pending,
    /// It may be read by policy, but not be guarded; the text says why, for the user.
    Impossible(String),
    /// Each row and each column may be read as it is.
    Unrestricted {
        /// Its columns; `None` where they are not known.
        columns: Option<Arc<[SeenColumn]>>,
    },
    /// Only through a guard.
    Guarded(Arc<Guard>),
}

impl Reading {
    /// Whether each row and each column may be read as it is.
    pub(crate) fn unrestricted(&self) -> bool {
        matches!(self, Reading::Unrestricted { .. })
    }
}

/// What stands in the place of an object.
#[derive(Clone, Debug)]
pub(crate) struct Guard {
    /// The columns that come out, in the object's order.
    pub(crate) columns: Arc<[SeenColumn]>,
    /// The row filters.
    pub(crate) filters: Vec<PolicyExpr>,
    /// What is read.
    pub(crate) source: Source,
    /// Whether it is one of Trino's metadata tables.
    pub(crate) metadata: bool,
}

/// A column that the user may read.
#[derive(Clone, Debug)]
pub(crate) struct SeenColumn {
    /// Its name in lower case.
    pub(crate) name: CompactString,
    /// Its type as Trino prints it.
    pub(crate) data_type: CompactString,
    /// Of what class that is.
    pub(super) class: TypeClass,
    /// Whether `*` leaves it out.
    pub(crate) hidden: bool,
    /// The mask in its place.
    pub(crate) mask: Option<Arc<PolicyExpr>>,
}

impl SeenColumn {
    /// A column that is seen as it is.
    pub(super) fn of(column: &Column, class: TypeClass) -> SeenColumn {
        let Column { name, data_type } = column;
        SeenColumn { name: name.clone(), data_type: data_type.clone(), class, hidden: false, mask: None }
    }
}

/// What a guard reads.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    /// The table by its name.
    Table,
    /// The text of a view.
    View(Box<ViewText>),
    /// A view by its name, which Trino reads with its owner's rights. The owner sees all of what it reads; the reader does
    /// not, so nothing but what comes out of the view may be told.
    OwnersView(Box<Facts>),
}

/// The text of a view, analysed for the reader.
#[derive(Clone, Debug)]
pub(crate) struct ViewText {
    /// The text as Trino has it.
    pub(crate) text: Arc<str>,
    /// The query in it.
    pub(crate) span: Span,
    /// What it touches.
    pub(crate) facts: Facts,
    /// How many guards its text needs.
    pub(crate) guards: usize,
    /// The view's columns, those that the reader may not read too.
    pub(crate) columns: Vec<CompactString>,
}

/// A policy's expression over a table. In its facts, the first relation is that table.
#[derive(Clone, Debug)]
pub(crate) struct PolicyExpr {
    /// The text it stands in.
    pub(crate) text: Arc<str>,
    /// The expression in it.
    pub(crate) span: Span,
    /// What it touches.
    pub(crate) facts: Facts,
    /// Where it is written; nowhere for the filter of a metadata table.
    pub(crate) policies: Arc<[Arc<PolicyRef>]>,
    /// The masks in it that have a name.
    pub(crate) masks: Arc<[Arc<str>]>,
}

impl Guard {
    /// Whether a mask or a filter applies, here or in what the view reads, or an owner sees more of it; a plan could then
    /// quote hidden values.
    pub(crate) fn hides_values(&self) -> bool {
        let own = !self.filters.is_empty() || self.columns.iter().any(|column| column.mask.is_some());
        own || match &self.source {
            Source::Table => false,
            Source::View(view) => view.facts.hides_values(),
            Source::OwnersView(_) => true,
        }
    }

    /// Whether it is a view that is read with its owner's rights.
    pub(crate) fn of_owner(&self) -> bool {
        matches!(self.source, Source::OwnersView(_))
    }

    /// Whether rows are filtered, here or in what the view reads.
    pub(crate) fn hides_rows(&self) -> bool {
        !self.filters.is_empty()
            || match &self.source {
                Source::Table => false,
                Source::View(view) => view.facts.guards().any(Guard::hides_rows),
                Source::OwnersView(_) => true,
            }
    }
}

impl BaseRelation {
    /// What has to stand in its place.
    pub(crate) fn guard(&self) -> Option<&Guard> {
        match &self.object.as_ref()?.reading {
            Reading::Guarded(guard) => Some(guard),
            _ => None,
        }
    }

    /// The columns that its guard has. Where each read is known, those that are read, or one of any if none is; else all that
    /// `*` gives, and the hidden ones that are named.
    pub(crate) fn guarded_columns<'a>(&self, guard: &'a Guard, reads_known: bool) -> Vec<&'a SeenColumn> {
        let columns: Vec<&SeenColumn> = if self.all_columns || self.whole || !reads_known {
            let read = |(at, column): &(usize, &SeenColumn)| !column.hidden || self.columns.contains(at);
            guard.columns.iter().enumerate().filter(read).map(|(_, column)| column).collect()
        } else {
            self.columns.iter().filter_map(|at| guard.columns.get(*at)).collect()
        };
        if !columns.is_empty() {
            return columns;
        }
        let shown = || guard.columns.iter().filter(|column| !column.hidden);
        shown().find(|column| column.mask.is_none()).or_else(|| shown().next()).into_iter().collect()
    }
}

impl Facts {
    /// The guards of all base relations.
    pub(crate) fn guards(&self) -> impl Iterator<Item = &Guard> {
        self.relations.iter().filter_map(BaseRelation::guard)
    }

    /// How many guards a text needs, those in views' texts counted at each place that they are put in.
    pub(crate) fn guard_count(&self) -> usize {
        let count = |guard: &Guard| match &guard.source {
            Source::Table | Source::OwnersView(_) => 1,
            Source::View(view) => 1 + view.guards,
        };
        self.guards().map(count).sum()
    }

    /// Whether a mask or a filter applies to any base relation.
    pub(crate) fn hides_values(&self) -> bool {
        self.guards().any(Guard::hides_values)
    }
}
