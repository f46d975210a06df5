//! The tests of policies as they are written, ready to be run.

use crate::catalog::table::Table;
use crate::names::TableName;
use crate::policy::Claims;
use core::net::IpAddr;
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// The tests of all documents of a folder.
#[derive(Clone, Debug, Default)]
pub struct TestSuite {
    /// What tables look like.
    pub tables: BTreeMap<TableName, Table>,
    /// The tests, in the order of files and of their places.
    pub tests: Vec<PolicyTest>,
}

/// One test.
#[derive(Clone, Debug)]
pub struct PolicyTest {
    /// What is shown of it.
    pub name: String,
    /// Its document's name.
    pub document: String,
    /// Its file, relative to the policy folder.
    pub file: String,
    /// Its line, from 1.
    pub line: u32,
    /// Who asks.
    pub user: String,
    /// Groups beside those of Principals documents.
    pub groups: Vec<String>,
    /// Attributes in the place of those of Principals documents.
    pub attributes: BTreeMap<String, BTreeSet<String>>,
    /// When; `None` is when the test is run.
    pub at: Option<Timestamp>,
    /// What the client says of itself.
    pub claims: Claims,
    /// Where the client is.
    pub address: Option<IpAddr>,
    /// The session's catalog.
    pub catalog: Option<String>,
    /// The session's schema.
    pub schema: Option<String>,
    /// What is asked.
    pub question: Question,
    /// What has to come of it.
    pub expect: Expectation,
}

/// What a test asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// What becomes of a statement.
    Statement(String),
    /// What may be read of a table.
    Table(TableName),
}

/// What has to come of a test. What is absent is not compared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expectation {
    /// Whether it is allowed.
    pub allowed: bool,
    /// The columns that may be read, in order.
    pub columns: Option<Vec<String>>,
    /// By column, the policy or what is shown.
    pub masks: Option<BTreeMap<String, String>>,
    /// The policies or the conditions.
    pub filters: Option<BTreeSet<String>>,
    /// What is sent to Trino.
    pub sql: Option<String>,
    /// A part of the refusal's text.
    pub message: Option<String>,
    /// The policies that take part.
    pub policies: Option<BTreeSet<String>>,
}
