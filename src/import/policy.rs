//! What is written: policies, before they are text.

use super::objects::Triple;
use super::rules::Origin;
use super::who::Who;
use std::collections::BTreeSet;

/// One `AccessPolicy`.
#[derive(Debug, Default)]
pub(super) struct Policy {
    pub(super) name: String,
    /// The rules that it comes from.
    pub(super) origins: Vec<Origin>,
    pub(super) tables: Vec<Triple>,
    pub(super) except_tables: Vec<Triple>,
    pub(super) functions: Vec<Triple>,
    pub(super) except_functions: Vec<Triple>,
    pub(super) grants: Vec<Grant>,
    pub(super) masks: Vec<Mask>,
    pub(super) filters: Vec<Filter>,
    pub(super) impersonate: Vec<Impersonate>,
    pub(super) properties: Vec<Properties>,
}

#[derive(Debug)]
pub(super) struct Grant {
    pub(super) origin: Origin,
    pub(super) to: Who,
    pub(super) except: Who,
    pub(super) privileges: BTreeSet<Privilege>,
    /// All columns but these.
    pub(super) hidden: BTreeSet<String>,
}

/// In the order in which they are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Privilege {
    Select,
    Insert,
    Delete,
    Update,
    Create,
    Drop,
    Alter,
    Show,
    Execute,
}

impl Privilege {
    pub(super) fn word(self) -> &'static str {
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
        }
    }
}

#[derive(Debug)]
pub(super) struct Mask {
    pub(super) origin: Origin,
    pub(super) column: String,
    pub(super) expression: String,
    pub(super) to: Who,
    pub(super) except: Who,
}

#[derive(Debug)]
pub(super) struct Filter {
    pub(super) origin: Origin,
    pub(super) expression: String,
    pub(super) to: Who,
    pub(super) except: Who,
}

#[derive(Debug)]
pub(super) struct Impersonate {
    pub(super) origin: Origin,
    pub(super) to: Who,
    pub(super) except: Who,
    pub(super) users: Vec<String>,
    pub(super) except_users: Vec<String>,
}

#[derive(Debug)]
pub(super) struct Properties {
    pub(super) origin: Origin,
    pub(super) to: Who,
    pub(super) except: Who,
    pub(super) properties: Vec<String>,
    pub(super) except_properties: Vec<String>,
}
