//! Runs tests of policies.
//!
//! In: a snapshot, tests, what tables look like. Out: for each test what was expected and what came, and which rules held
//! in it.

use super::explain::{self, Explanation};
use super::{Asked, Asker, Step, listed};
use crate::analysis::session::Session;
use crate::catalog::listing::Listing;
use crate::enforce::Views;
use crate::names::TableName;
use crate::policy::{PolicyRef, PolicyTest, Privilege, Question, Snapshot, TestSuite};
use crate::sql::GrammarVersion;
use jiff::Timestamp;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What came of all tests.
#[derive(Clone, Debug, Serialize)]
pub struct Results {
    /// In the order of the suite.
    pub tests: Vec<TestResult>,
    /// The rules about tables.
    pub coverage: Coverage,
}

/// What came of one test.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TestResult {
    /// What is shown of it.
    pub name: String,
    /// Its document's name.
    pub document: String,
    /// Its file, relative to the policy folder.
    pub file: String,
    /// Its line, from 1.
    pub line: u32,
    /// What was not as expected; empty if it passed.
    pub differences: Vec<Difference>,
}

/// Something that was not as expected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// What.
    pub field: &'static str,
    /// What was expected.
    pub expected: Vec<String>,
    /// What came.
    pub got: Vec<String>,
}

/// Which rules about tables held in some test.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Coverage {
    /// How many rules there are.
    pub rules: usize,
    /// Those that held in no test.
    pub missed: Vec<PolicyRef>,
}

impl Coverage {
    /// In per cent, rounded down; 100 if there is no rule.
    pub fn percent(&self) -> u32 {
        let covered = self.rules.saturating_sub(self.missed.len());
        (covered * 100).checked_div(self.rules).and_then(|percent| u32::try_from(percent).ok()).unwrap_or(100)
    }
}

/// Runs all tests; those that name no time are run at `now`. `step` is told how many of how many are done.
pub fn run(snapshot: &Snapshot, suite: &TestSuite, now: Timestamp, step: &mut Step<'_>) -> Results {
    let mut listing = Listing::default();
    for (name, table) in &suite.tables {
        listing.insert(name.clone(), table.clone());
    }
    let mut held = BTreeSet::new();
    let mut tests = Vec::with_capacity(suite.tests.len());
    for (done, test) in suite.tests.iter().enumerate() {
        step(done, suite.tests.len());
        tests.push(one(snapshot, test, &listing, now, &mut held));
    }
    let rules = snapshot.rules();
    let missed = rules.iter().filter(|rule| !held.contains(&***rule)).map(|rule| PolicyRef::clone(rule)).collect();
    Results { tests, coverage: Coverage { rules: rules.len(), missed } }
}

fn one(
    snapshot: &Snapshot,
    test: &PolicyTest,
    listing: &Listing,
    now: Timestamp,
    held: &mut BTreeSet<PolicyRef>,
) -> TestResult {
    let asker = Asker {
        principal: None,
        user: test.user.clone(),
        groups: test.groups.clone(),
        attributes: test.attributes.clone(),
        at: test.at.unwrap_or(now),
        claims: test.claims.clone(),
        address: test.address,
        catalog: test.catalog.clone(),
        schema: test.schema.clone(),
    };
    let subject = asker.subject(snapshot);
    let mut got = Got::default();
    match &test.question {
        Question::Statement(sql) => {
            let session = Session { catalog: test.catalog.clone(), schema: test.schema.clone(), ..Session::default() };
            let asked = Asked { sql, session: &session, grammar: GrammarVersion::NEWEST, views: Views::Invoker };
            match explain::statement(snapshot, &subject, asked, &mut listed(listing)) {
                Ok(explanation) => got.statement(&explanation, sql, held),
                Err(undecided) => got.message = Some(undecided.to_string()),
            }
        }
        Question::Table(name) => {
            let explanation = explain::table(snapshot, &subject, name);
            note(&explanation, held);
            got.table(snapshot, &subject, name, listing);
        }
    }
    TestResult {
        name: test.name.clone(),
        document: test.document.clone(),
        file: test.file.clone(),
        line: test.line,
        differences: got.differences(test),
    }
}

fn note(explanation: &Explanation, held: &mut BTreeSet<PolicyRef>) {
    let rules = explanation.tables.iter().flat_map(|table| &table.rules);
    held.extend(rules.filter(|rule| rule.not.is_empty()).map(|rule| rule.policy.clone()));
}

/// What came of a test. A mask or filter has several names: its policies, and what it shows.
#[derive(Default)]
struct Got {
    allowed: bool,
    columns: Vec<String>,
    masks: BTreeMap<String, Vec<String>>,
    filters: Vec<Vec<String>>,
    sql: Option<String>,
    message: Option<String>,
    policies: BTreeSet<String>,
}

impl Got {
    fn statement(&mut self, explanation: &Explanation, sql: &str, held: &mut BTreeSet<PolicyRef>) {
        note(explanation, held);
        self.allowed = explanation.decision != "deny";
        self.message.clone_from(&explanation.error);
        self.sql = self.allowed.then(|| explanation.rewritten.clone().unwrap_or_else(|| sql.to_owned()));
        for mask in &explanation.masks {
            let names = self.masks.entry(mask.to.clone()).or_default();
            names.push(mask.policy.clone());
            names.extend(mask.names.iter().filter(|name| !names.contains(name)).cloned().collect::<Vec<_>>());
        }
        self.filters = explanation.filters.iter().map(|filter| vec![filter.policy.clone()]).collect();
        self.policies.clone_from(&explanation.policies);
    }

    fn table(&mut self, snapshot: &Snapshot, subject: &crate::policy::Subject, name: &TableName, listing: &Listing) {
        let access = snapshot.table_access(subject, name);
        self.allowed = access.grants(Privilege::Select);
        if !self.allowed {
            return;
        }
        let named = |policies: &[Arc<PolicyRef>], text: &str| {
            policies.iter().map(|policy| policy.policy.clone()).chain([text.to_owned()]).collect::<Vec<_>>()
        };
        match access.filters() {
            Ok(filters) => self.filters = filters.iter().map(|filter| named(&filter.policies, &filter.text)).collect(),
            Err(why) => {
                self.allowed = false;
                self.message = Some(why);
                return;
            }
        }
        let columns = listing.tables().get(name).map(|table| table.columns.clone()).unwrap_or_default();
        for column in columns.iter().filter(|column| access.allow(&column.name)) {
            match access.mask(&column.name, &column.data_type) {
                Ok(None) => {}
                Ok(Some(mask)) => {
                    let mut names = named(&mask.policies, &mask.text);
                    names.extend(mask.masks.iter().map(ToString::to_string));
                    self.masks.insert(column.name.to_string(), names);
                }
                Err(why) => {
                    self.allowed = false;
                    self.message = Some(why);
                    return;
                }
            }
            self.columns.push(column.name.to_string());
        }
    }

    fn differences(&self, test: &PolicyTest) -> Vec<Difference> {
        let expect = &test.expect;
        let mut found = Vec::new();
        let mut differ = |field, expected: Vec<String>, got: Vec<String>| {
            found.push(Difference { field, expected, got });
        };
        let verdict = |allowed: bool| if allowed { "allow" } else { "deny" }.to_owned();
        if expect.allowed != self.allowed {
            let why = self.message.iter().map(|message| format!("because: {message}"));
            differ(
                "decision",
                vec![verdict(expect.allowed)],
                std::iter::once(verdict(self.allowed)).chain(why).collect(),
            );
        }
        if let Some(columns) = expect.columns.as_ref().filter(|columns| **columns != self.columns) {
            differ("columns", columns.clone(), self.columns.clone());
        }
        if let Some(masks) = &expect.masks {
            let same = masks.len() == self.masks.len()
                && masks.iter().all(|(column, mask)| self.masks.get(column).is_some_and(|names| names.contains(mask)));
            if !same {
                let shown = |(column, mask): (&String, &String)| format!("{column}: {mask}");
                let got = self.masks.iter().map(|(column, names)| format!("{column}: {}", names.join(" · ")));
                differ("masks", masks.iter().map(shown).collect(), got.collect());
            }
        }
        if let Some(filters) = &expect.filters {
            let said = |filter: &String| self.filters.iter().any(|names| names.contains(filter));
            let expected = |names: &Vec<String>| names.iter().any(|name| filters.contains(name));
            if !(filters.iter().all(said) && self.filters.iter().all(expected)) {
                let got = self.filters.iter().map(|names| names.join(" · "));
                differ("filters", filters.iter().cloned().collect(), got.collect());
            }
        }
        if let Some(sql) = &expect.sql {
            let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
            let got = self.sql.as_deref().map(words);
            if got.as_deref() != Some(&words(sql)) {
                differ("sql", vec![words(sql)], got.into_iter().collect());
            }
        }
        if let Some(message) = &expect.message
            && !self.message.as_ref().is_some_and(|told| told.contains(message.as_str()))
        {
            differ("message", vec![message.clone()], self.message.iter().cloned().collect());
        }
        if let Some(policies) = expect.policies.as_ref().filter(|policies| **policies != self.policies) {
            differ("policies", policies.iter().cloned().collect(), self.policies.iter().cloned().collect());
        }
        found
    }
}
