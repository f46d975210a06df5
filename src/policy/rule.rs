//! Compiled rules: what they are about, for whom they are, when they hold, and what they do.

use super::access::{Columns, Moment, PolicyRef, Privilege, Subject};
use super::condition::{Condition, Truth};
use super::index::{TablePattern, Who};
use super::mask::{Mask, Path};
use super::template::Template;
use crate::names::TableName;
use compact_str::CompactString;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What has names of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Object {
    /// A table, view or materialized view.
    Table,
    /// A function of a catalog.
    Function,
    /// A procedure.
    Procedure,
    /// A schema: `catalog.schema`.
    Schema,
    /// A catalog.
    Catalog,
    /// A role of Trino's own.
    Role,
}

/// A rule about objects.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) policy: Arc<PolicyRef>,
    /// The guardrail that it belongs to.
    pub(super) guardrail: Option<Arc<str>>,
    pub(super) objects: Arc<[TablePattern]>,
    /// Of `objects`, those that it is not about.
    pub(super) not_about: Arc<[TablePattern]>,
    pub(super) reach: Reach,
    pub(super) effect: Effect,
}

#[derive(Debug)]
pub(super) enum Effect {
    Grant {
        of: Object,
        privileges: BTreeSet<Privilege>,
        columns: Selection,
        rows: Option<Arc<Template>>,
    },
    Deny {
        of: Object,
        privileges: BTreeSet<Privilege>,
        columns: Selection,
    },
    Mask {
        columns: CompactString,
        /// The place in the column.
        path: Arc<Path>,
        priority: i64,
        mask: Arc<Mask>,
    },
    Filter(Arc<Template>),
    /// These guardrails don't hold.
    Lift(BTreeSet<Arc<str>>),
}

/// Some columns of a table. Those that a tag leaves out are looked up when a decision is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Selection {
    pub(super) columns: Columns,
    pub(super) except_tagged: BTreeSet<CompactString>,
}

/// For whom and when a rule holds.
#[derive(Clone, Debug)]
pub(super) struct Reach {
    pub(super) to: Who,
    pub(super) except: Who,
    pub(super) window: Window,
    pub(super) when: Option<Condition>,
}

/// From one of the snapshot's ends of validities to another, each by its place in their order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) from: Option<u32>,
    pub(super) until: Option<u32>,
}

/// A rule about names: users that may be acted as, session properties that may be set.
#[derive(Debug)]
pub(super) struct NameRule {
    pub(super) policy: Arc<PolicyRef>,
    pub(super) reach: Reach,
    pub(super) names: Vec<String>,
    pub(super) except: Vec<String>,
}

impl Window {
    /// Whether it is open at a moment; `None` where that can't be told.
    fn holds(self, moment: Option<Moment>) -> Option<bool> {
        if self == Window::default() {
            return Some(true);
        }
        let past = moment?.past;
        Some(self.from.is_none_or(|from| from < past) && self.until.is_none_or(|until| until >= past))
    }
}

impl Reach {
    /// Whether a rule that gives something holds: only if that is sure.
    pub(super) fn surely(&self, subject: &Subject) -> bool {
        self.to.takes_in(subject)
            && !self.except.may_take_in(subject)
            && self.window.holds(subject.moment) == Some(true)
            && self.when.as_ref().is_none_or(|when| when.evaluate(&subject.circumstances()) == Truth::True)
    }

    /// Whether a rule that takes something away holds: unless it is sure that it does not.
    pub(super) fn possibly(&self, subject: &Subject) -> bool {
        (self.to.takes_in(subject) || self.to.may_be_of_a_group(subject))
            && !self.except.takes_in(subject)
            && self.window.holds(subject.moment) != Some(false)
            && self.when.as_ref().is_none_or(|when| when.evaluate(&subject.circumstances()) != Truth::False)
    }
}

/// The schema of a catalog in which its connector tells of itself.
const OF_CONNECTORS: &str = "system";

impl Rule {
    /// Whether it holds for a user.
    pub(super) fn holds(&self, subject: &Subject) -> bool {
        if self.effect.gives() { self.reach.surely(subject) } else { self.reach.possibly(subject) }
    }

    /// Whether a user is among those whom it is for, or may be and would lose by it.
    pub(super) fn is_for(&self, subject: &Subject) -> bool {
        let to = &self.reach.to;
        to.takes_in(subject) || (!self.effect.gives() && to.may_be_of_a_group(subject))
    }

    /// Whether a user is among those whom it leaves out.
    pub(super) fn leaves_out(&self, subject: &Subject) -> bool {
        if self.effect.gives() { self.reach.except.may_take_in(subject) } else { self.reach.except.takes_in(subject) }
    }

    /// Whether it is about a table.
    pub(super) fn is_about(&self, name: &TableName) -> bool {
        let takes_in = |patterns: &[TablePattern]| patterns.iter().any(|pattern| pattern.takes_in(name));
        takes_in(&self.objects) && !takes_in(&self.not_about) && !self.falls_short_of(name)
    }

    /// Whether it would give a table of a schema that a connector keeps for itself, and which it does not name. What
    /// stands there tells of all tables of the catalog, those that are denied too.
    pub(super) fn falls_short_of(&self, name: &TableName) -> bool {
        self.effect.gives()
            && name.schema == OF_CONNECTORS
            && !self.objects.iter().any(|pattern| pattern.schema == name.schema && pattern.takes_in(name))
    }
}

impl Effect {
    /// Whether it gives something; else it takes something away.
    fn gives(&self) -> bool {
        match self {
            Effect::Grant { .. } | Effect::Lift(_) => true,
            Effect::Deny { .. } | Effect::Mask { .. } | Effect::Filter(_) => false,
        }
    }

    /// What sort of objects it is about.
    pub(super) fn of(&self) -> Object {
        match self {
            Effect::Grant { of, .. } | Effect::Deny { of, .. } => *of,
            Effect::Mask { .. } | Effect::Filter(_) | Effect::Lift(_) => Object::Table,
        }
    }
}
