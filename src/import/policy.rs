//! What is written: policies, before they are text.

use super::objects::Triple;
use super::rules::Origin;
use super::who::Who;
use crate::policy::Privilege;
use std::collections::BTreeSet;

/// One `AccessPolicy`.
#[derive(Debug, Default)]
pub(super) struct Policy {
    pub(super) name: String,
    /// The rules that it comes from.
    pub(super) origins: Vec<Origin>,
    /// What its grants, masks and filters are about, and what of it not.
    pub(super) sort: Sort,
    pub(super) objects: Vec<Triple>,
    pub(super) except_objects: Vec<Triple>,
    pub(super) grants: Vec<Grant>,
    pub(super) masks: Vec<Mask>,
    pub(super) filters: Vec<Filter>,
    pub(super) impersonate: Vec<Impersonate>,
    pub(super) properties: Vec<Properties>,
    pub(super) information: Vec<Information>,
}

/// What has names of its own. All have three parts here; a schema's last one and a catalog's last two stand for nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Sort {
    #[default]
    Table,
    Function,
    Procedure,
    Schema,
    Catalog,
}

impl Sort {
    /// The field of a policy that names them, and that which leaves some of them out.
    pub(super) fn fields(self) -> [&'static str; 2] {
        match self {
            Sort::Table => ["tables", "exceptTables"],
            Sort::Function => ["functions", "exceptFunctions"],
            Sort::Procedure => ["procedures", "exceptProcedures"],
            Sort::Schema => ["schemas", "exceptSchemas"],
            Sort::Catalog => ["catalogs", "exceptCatalogs"],
        }
    }

    /// What the parts of a name are called.
    pub(super) fn parts(self) -> &'static [&'static str] {
        match self {
            Sort::Table => &["catalog", "schema", "table"],
            Sort::Function => &["catalog", "schema", "function"],
            Sort::Procedure => &["catalog", "schema", "procedure"],
            Sort::Schema => &["catalog", "schema"],
            Sort::Catalog => &["catalog"],
        }
    }
}

#[derive(Debug)]
pub(super) struct Information {
    pub(super) origin: Origin,
    pub(super) to: Who,
    pub(super) except: Who,
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
