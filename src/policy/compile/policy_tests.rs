//! PolicyTest documents → tests that can be run.

use super::validity::time;
use super::{Context, place};
use crate::catalog::table::{Column, Table, TableKind};
use crate::names::TableName;
use crate::policy::Claims;
use crate::policy::diagnostics::{Diagnostic, Place};
use crate::policy::document::{At, Documents, Expect, Shape, Test, Verdict};
use crate::policy::suite::{Expectation, PolicyTest, Question, TestSuite};
use core::net::IpAddr;
use std::collections::BTreeMap;

/// The tests of all documents; what is wrong with them is reported.
pub(super) fn suite(documents: &Documents, context: &mut Context<'_>) -> TestSuite {
    let mut suite = TestSuite::default();
    let mut documents_seen = BTreeMap::new();
    let mut shapes = BTreeMap::<TableName, Place>::new();
    for (file, document) in &documents.tests {
        let name = &document.metadata.name;
        context.check_document_name(*file, name);
        context.unique(&mut documents_seen, &name.value, place(*file, &name.at), "documents of tests");
        for (table, shape) in &document.spec.tables {
            let here = place(*file, &shape.at);
            let Some(table) = TableName::parse(table) else {
                context.report(not_a_table(table, here));
                continue;
            };
            if let Some(first) = shapes.get(&table) {
                let message = format!("what `{table}` looks like is said twice");
                let problem = Diagnostic::new("duplicate-document", here, message, "the second time");
                context.report(problem.other(first.clone(), "the first time"));
                continue;
            }
            shapes.insert(table.clone(), here);
            suite.tables.insert(table, described(&shape.value));
        }
        for At { at, value: test } in &document.spec.tests {
            let line = context.policy_ref(*file, &name.value, at);
            let Some((question, expect)) = asked(*file, test, context) else { continue };
            let told = test.context.as_ref().map(|context| &context.value);
            let text = |text: &At<String>| text.value.clone();
            let asker = &test.asker.value;
            let attributes =
                asker.attributes.iter().map(|(name, values)| (name.clone(), values.iter().map(text).collect()));
            suite.tests.push(PolicyTest {
                name: test.name.value.clone(),
                document: name.value.clone(),
                file: line.file.clone(),
                line: line.line,
                user: asker.user.value.clone(),
                groups: asker.groups.iter().map(text).collect(),
                attributes: attributes.collect(),
                at: told.and_then(|told| told.at.as_ref()).and_then(|at| time(*file, at, context)),
                catalog: told.and_then(|told| told.catalog.as_ref()).map(text),
                schema: told.and_then(|told| told.schema.as_ref()).map(text),
                claims: Claims {
                    source: told.and_then(|told| told.source.as_ref()).map(text),
                    client_tags: told.into_iter().flat_map(|told| &told.client_tags).map(text).collect(),
                },
                address: told.and_then(|told| told.address.as_ref()).and_then(|text| address(*file, text, context)),
                question,
                expect,
            });
        }
    }
    suite
}

fn address(file: usize, text: &At<String>, context: &mut Context<'_>) -> Option<IpAddr> {
    let read = text.value.parse();
    if read.is_err() {
        let message = format!("`{}` is no address", text.value);
        context.report(Diagnostic::new("bad-test", place(file, &text.at), message, "of IPv4 or IPv6"));
    }
    read.ok()
}

fn not_a_table(name: &str, here: Place) -> Diagnostic {
    let message = format!("`{name}` is no name of a table");
    Diagnostic::new("bad-name", here, message, "of three parts").help("write it as `catalog.schema.table`")
}

fn described(shape: &Shape) -> Table {
    let columns = shape.columns.value.0.iter();
    let columns =
        columns.map(|(name, data_type)| Column { name: name.to_lowercase().into(), data_type: data_type.into() });
    let kind = match &shape.view {
        Some(text) => TableKind::View { text: text.value.as_str().into() },
        None => TableKind::Table,
    };
    Table { columns: columns.collect(), kind }
}

/// What a test asks and expects; `None` where that is wrong.
fn asked(file: usize, test: &Test, context: &mut Context<'_>) -> Option<(Question, Expectation)> {
    let expect = &test.expect.value;
    let question = match (&test.statement, &test.table) {
        (Some(statement), None) => Question::Statement(statement.value.clone()),
        (None, Some(table)) => match TableName::parse(&table.value) {
            Some(name) => Question::Table(name),
            None => {
                context.report(not_a_table(&table.value, place(file, &table.at)));
                return None;
            }
        },
        _ => {
            let here = place(file, &test.name.at);
            let message = "a test asks either about a `statement` or about a `table`";
            context.report(Diagnostic::new("bad-test", here, message, "one of them, not both and not none"));
            return None;
        }
    };
    let statement = matches!(question, Question::Statement(_));
    let misplaced = [
        ("columns", expect.columns.as_ref().map(|list| &list.at), !statement),
        ("sql", expect.sql.as_ref().map(|text| &text.at), statement),
        ("message", expect.message.as_ref().map(|text| &text.at), statement),
        ("policies", expect.policies.as_ref().map(|list| &list.at), statement),
    ];
    for (field, at, fits) in misplaced {
        if let Some(at) = at.filter(|_| !fits) {
            let with = if statement { "table" } else { "statement" };
            let message = format!("`{field}` is only told of a `{with}`");
            context.report(Diagnostic::new("bad-test", place(file, at), message, "can't be compared"));
        }
    }
    Some((question, expectation(expect)))
}

fn expectation(expect: &Expect) -> Expectation {
    let text = |text: &At<String>| text.value.clone();
    Expectation {
        allowed: expect.decision.value == Verdict::Allow,
        columns: expect.columns.as_ref().map(|list| list.value.iter().map(|name| name.value.to_lowercase()).collect()),
        masks: expect.masks.as_ref().map(|masks| {
            masks.value.iter().map(|(column, mask)| (column.to_lowercase(), mask.value.clone())).collect()
        }),
        filters: expect.filters.as_ref().map(|list| list.value.iter().map(text).collect()),
        sql: expect.sql.as_ref().map(text),
        message: expect.message.as_ref().map(text),
        policies: expect.policies.as_ref().map(|list| list.value.iter().map(text).collect()),
    }
}
