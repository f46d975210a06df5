//! Files → documents of the known kinds, or what is wrong with them.

mod before;
mod binding;
mod bridge;
mod node;
mod schema;
mod shape;
mod types;

use super::SourceFile;
use super::diagnostics::{Diagnostic, Place, line_and_column};
use super::suggest::did_you_mean;
use schemars::{Schema, SchemaGenerator};
use serde_json::Value as Json;
use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

pub(super) use before::ReadBefore;
pub use binding::bound_to;
pub(super) use bridge::At;
pub(crate) use node::MOST_BYTES;
pub(super) use node::{Bytes, Key, Node, Value};
pub(super) use types::{
    AccessPolicyDocument, AccessPolicySpec, Catalogs, ColumnSelection, Deny, DomainDocument, ExceptionDocument, Expect,
    FilterRule, Functions, Grant, GuardrailDocument, MaskName, MaskRule, MasksDocument, NamedMask, PolicyTestDocument,
    PrincipalsDocument, PrivilegeWord, Procedures, Schemas, Shape, Shows, Subjects, Tables, TagsDocument, Test,
    Validity, Verdict,
};

/// The documents of all files, by kind, each with the file it stands in.
#[derive(Debug, Default)]
pub(super) struct Documents {
    pub(super) domains: Of<DomainDocument>,
    pub(super) policies: Of<AccessPolicyDocument>,
    pub(super) guardrails: Of<GuardrailDocument>,
    pub(super) exceptions: Of<ExceptionDocument>,
    pub(super) tags: Of<TagsDocument>,
    pub(super) masks: Of<MasksDocument>,
    pub(super) principals: Of<PrincipalsDocument>,
    pub(super) tests: Of<PolicyTestDocument>,
    /// Names of documents that can't be read, by kind, so that what speaks of them is no second error; an empty name
    /// stands for any.
    broken: BTreeSet<(&'static str, String)>,
}

/// Those of one kind.
type Of<T> = Vec<(usize, Arc<T>)>;

impl Documents {
    /// Whether a document of this kind and name may be among those that can't be read.
    pub(super) fn may_be_broken(&self, kind: &'static str, name: &str) -> bool {
        self.broken.iter().any(|(of, broken)| *of == kind && (broken.is_empty() || broken == name))
    }

    /// Whether any document of this kind can't be read.
    pub(super) fn any_broken(&self, kind: &'static str) -> bool {
        self.broken.iter().any(|(of, _)| *of == kind)
    }
}

/// A kind of documents.
pub struct Kind {
    /// What it is called.
    pub name: &'static str,
    /// The JSON Schema of its documents.
    pub schema: Json,
    /// A document of it. All examples together are right.
    pub example: &'static str,
    refer: fn(&mut SchemaGenerator) -> Schema,
    read: fn(&mut Documents, usize, &Node) -> Result<(), bridge::Misfit>,
}

/// All kinds. Their schemas take longer to make than a file to be read.
static KINDS: LazyLock<[Kind; 8]> = LazyLock::new(Kind::all);

impl Kind {
    /// All kinds, in the order in which one learns of them.
    pub fn all() -> [Kind; 8] {
        macro_rules! kind {
            ($name:literal, $document:ty, $list:ident) => {
                Kind {
                    name: $name,
                    schema: schema::of::<$document>(),
                    example: include_str!(concat!("examples/", $name, ".yaml")),
                    refer: |generator| generator.subschema_for::<$document>(),
                    read: |documents, file, node| {
                        documents.$list.push((file, Arc::new(bridge::read(node)?)));
                        Ok(())
                    },
                }
            };
        }
        [
            kind!("Domain", DomainDocument, domains),
            kind!("AccessPolicy", AccessPolicyDocument, policies),
            kind!("Guardrail", GuardrailDocument, guardrails),
            kind!("Exception", ExceptionDocument, exceptions),
            kind!("Tags", TagsDocument, tags),
            kind!("Masks", MasksDocument, masks),
            kind!("Principals", PrincipalsDocument, principals),
            kind!("PolicyTest", PolicyTestDocument, tests),
        ]
    }
}

/// The JSON Schema of a policy document of any kind.
pub(super) fn schema() -> Json {
    schema::of_all(&Kind::all().map(|kind| (kind.name, kind.refer)))
}

/// Reads all files.
pub(super) fn read(files: &[SourceFile], problems: &mut Vec<Diagnostic>) -> Documents {
    ReadBefore::default().read(files, problems, || {})
}

/// Reads a file. Calls `pause` before each document.
fn read_file(
    documents: &mut Documents,
    file: usize,
    text: &str,
    kinds: &[Kind],
    problems: &mut Vec<Diagnostic>,
    pause: fn(),
) {
    match node::read(text) {
        Ok(nodes) => {
            for node in &nodes {
                pause();
                each(documents, file, node, kinds, problems);
            }
        }
        Err(unreadable) => {
            let place = Place { file, at: unreadable.at };
            problems.push(Diagnostic::new("unreadable", place, unreadable.message, "here"));
            // Whatever stood in it, its absence is no second error.
            documents.broken.extend(kinds.iter().map(|kind| (kind.name, String::new())));
        }
    }
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

/// The trees of a text, or the line where it can't be read, from 1, and why.
pub(super) fn read_one(text: &str) -> Result<Vec<Node>, (usize, String)> {
    node::read(text).map_err(|unreadable| (line_and_column(text, unreadable.at.start).0, unreadable.message))
}

/// A file may hold a list of documents too, as JSON has no other way to write several.
fn each(documents: &mut Documents, file: usize, node: &Node, kinds: &[Kind], problems: &mut Vec<Diagnostic>) {
    match &node.value {
        Value::List(items) => items.iter().for_each(|item| one(documents, file, item, kinds, problems)),
        _ => one(documents, file, node, kinds, problems),
    }
}

fn one(documents: &mut Documents, file: usize, node: &Node, kinds: &[Kind], problems: &mut Vec<Diagnostic>) {
    let place = |at: &Bytes| Place { file, at: at.clone() };
    let names = || kinds.iter().map(|kind| kind.name);
    let listed = || names().collect::<Vec<_>>().join(", ");
    let Some(given) = node.get("kind") else {
        let problem =
            Diagnostic::new("missing-field", place(&node.at), "`kind` is missing", "a policy document begins here")
                .help(format!("a document is of one of the kinds {}", listed()));
        return problems.push(problem);
    };
    let Some(kind) = kinds.iter().find(|kind| given.text() == Some(kind.name)) else {
        let word = given.text().unwrap_or_else(|| given.value.what());
        let problem = Diagnostic::new("unknown-kind", place(&given.at), format!("unknown kind `{word}`"), "not a kind")
            .help(did_you_mean(word, names()).unwrap_or_else(|| format!("known kinds: {}", listed())));
        return problems.push(problem);
    };
    let before = problems.len();
    problems.extend(shape::Shape::check(&kind.schema, node).into_iter().map(|problem| {
        let mut diagnostic = Diagnostic::new(problem.code, place(&problem.at), problem.message, problem.label);
        diagnostic.other = problem.first.map(|first| (place(&first), "first given here".to_owned()));
        diagnostic.maybe_help(problem.help)
    }));
    if problems.len() == before
        && let Err(misfit) = (kind.read)(documents, file, node)
    {
        problems.push(Diagnostic::new("wrong-type", place(&node.at), misfit.to_string(), "in this document"));
    }
    if problems.len() > before {
        let name = node.get("metadata").and_then(|metadata| metadata.get("name")).and_then(Node::text);
        documents.broken.insert((kind.name, name.unwrap_or_default().to_owned()));
    }
}
