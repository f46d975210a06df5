//! Files → documents of the known kinds, or what is wrong with them.

mod bridge;
mod node;
mod shape;
mod types;

use super::SourceFile;
use super::diagnostics::{Diagnostic, Place};
use super::suggest::did_you_mean;
use serde_json::Value as Json;
use std::collections::BTreeSet;

pub(super) use bridge::At;
pub(crate) use node::MOST_BYTES;
pub(super) use node::{Bytes, Node, Value};
pub(super) use types::{
    AccessPolicyDocument, AccessPolicySpec, ColumnSelection, DomainDocument, Grant, PrincipalsDocument, PrivilegeWord,
    Subjects,
};

const KINDS: [&str; 3] = ["Domain", "AccessPolicy", "Principals"];

/// The documents of all files, by kind, each with the file it stands in.
#[derive(Default)]
pub(super) struct Documents {
    pub(super) domains: Vec<(usize, DomainDocument)>,
    pub(super) policies: Vec<(usize, AccessPolicyDocument)>,
    pub(super) principals: Vec<(usize, PrincipalsDocument)>,
    /// Names of domains whose documents can't be read, so that no error is told twice.
    pub(super) broken_domains: BTreeSet<String>,
    /// Whether a document of principals can't be read.
    pub(super) broken_principals: bool,
}

/// The JSON Schema of a policy document of any kind.
pub(super) fn schema() -> schemars::Schema {
    schemars::schema_for!(types::Document)
}

/// Reads all files.
pub(super) fn read(files: &[SourceFile], problems: &mut Vec<Diagnostic>) -> Documents {
    let schemas = [
        schemars::schema_for!(DomainDocument).to_value(),
        schemars::schema_for!(AccessPolicyDocument).to_value(),
        schemars::schema_for!(PrincipalsDocument).to_value(),
    ];
    let mut documents = Documents::default();
    for (file, source) in files.iter().enumerate() {
        match node::read(&source.text) {
            Ok(nodes) => {
                for node in &nodes {
                    each(&mut documents, file, node, &schemas, problems);
                }
            }
            Err(unreadable) => {
                let place = Place { file, at: unreadable.at };
                problems.push(Diagnostic::new("unreadable", place, unreadable.message, "here"));
                // Whatever stood in it, its absence is no second error.
                documents.broken_principals = true;
                documents.broken_domains.insert(String::new());
            }
        }
    }
    documents
}

/// The trees of all documents that can be read, each with its file.
pub(super) fn nodes(files: &[SourceFile]) -> Vec<(usize, Node)> {
    let mut found = Vec::new();
    for (file, source) in files.iter().enumerate() {
        for node in node::read(&source.text).unwrap_or_default() {
            match node.value {
                Value::List(items) => found.extend(items.into_iter().map(|item| (file, item))),
                _ => found.push((file, node)),
            }
        }
    }
    found
}

/// A file may hold a list of documents too, as JSON has no other way to write several.
fn each(documents: &mut Documents, file: usize, node: &Node, schemas: &[Json; 3], problems: &mut Vec<Diagnostic>) {
    match &node.value {
        Value::List(items) => items.iter().for_each(|item| one(documents, file, item, schemas, problems)),
        _ => one(documents, file, node, schemas, problems),
    }
}

fn one(
    documents: &mut Documents,
    file: usize,
    node: &Node,
    [domain, access_policy, principals]: &[Json; 3],
    problems: &mut Vec<Diagnostic>,
) {
    let place = |at: &Bytes| Place { file, at: at.clone() };
    let Some(kind) = node.get("kind") else {
        let problem =
            Diagnostic::new("missing-field", place(&node.at), "`kind` is missing", "a policy document begins here")
                .help(format!("a document is of one of the kinds {}", KINDS.join(", ")));
        return problems.push(problem);
    };
    let schema = match kind.text() {
        Some("Domain") => domain,
        Some("AccessPolicy") => access_policy,
        Some("Principals") => principals,
        other => {
            let given = other.unwrap_or_else(|| kind.value.what());
            let problem =
                Diagnostic::new("unknown-kind", place(&kind.at), format!("unknown kind `{given}`"), "not a kind")
                    .help(did_you_mean(given, KINDS).unwrap_or_else(|| format!("known kinds: {}", KINDS.join(", "))));
            return problems.push(problem);
        }
    };
    let before = problems.len();
    problems.extend(shape::Shape::check(schema, node).into_iter().map(|problem| {
        let mut diagnostic = Diagnostic::new(problem.code, place(&problem.at), problem.message, problem.label);
        diagnostic.other = problem.first.map(|first| (place(&first), "first given here".to_owned()));
        diagnostic.maybe_help(problem.help)
    }));
    if problems.len() == before {
        let read = match kind.text() {
            Some("Domain") => bridge::read(node).map(|document| documents.domains.push((file, document))),
            Some("AccessPolicy") => bridge::read(node).map(|document| documents.policies.push((file, document))),
            _ => bridge::read(node).map(|document| documents.principals.push((file, document))),
        };
        if let Err(misfit) = read {
            problems.push(Diagnostic::new("wrong-type", place(&node.at), misfit.to_string(), "in this document"));
        }
    }
    if problems.len() > before {
        match kind.text() {
            Some("Domain") => {
                let name = node.get("metadata").and_then(|metadata| metadata.get("name")).and_then(Node::text);
                documents.broken_domains.insert(name.unwrap_or_default().to_owned());
            }
            Some("Principals") => documents.broken_principals = true,
            _ => {}
        }
    }
}
