//! Who has to look at a change of which file: the owners of the domain whose documents it holds.

use super::SourceFile;
use super::document::{self, Node, Value};
use std::collections::{BTreeMap, BTreeSet};

/// A file and whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ownership {
    /// Its path, relative to the policy folder.
    pub path: String,
    /// The one domain whose documents it holds. `None` where it holds what is central (domains, guardrails, principals), or
    /// documents of several domains.
    pub domain: Option<String>,
}

/// Whose the files are, and the owners.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Owners {
    /// The files in the order of their paths. Those that hold tests alone are left out: they are their folder's.
    pub files: Vec<Ownership>,
    /// The owners of each domain.
    pub domains: BTreeMap<String, Vec<String>>,
    /// The owners of central domains.
    pub central: BTreeSet<String>,
}

/// Whose the files are, of which a snapshot was compiled.
pub fn owners(mut files: Vec<SourceFile>) -> Owners {
    files.sort();
    let nodes = document::nodes(&files);
    let mut owners = Owners::default();
    for (_, node) in nodes.iter().filter(|(_, node)| kind(node) == "Domain") {
        let name = text(node, &["metadata", "name"]);
        let list = match get(node, &["spec", "owners"]).map(|node| &node.value) {
            Some(Value::List(items)) => items.iter().filter_map(Node::text).map(str::to_owned).collect(),
            _ => Vec::new(),
        };
        if matches!(get(node, &["spec", "central"]).map(|node| &node.value), Some(Value::Boolean(true))) {
            owners.central.extend(list.iter().cloned());
        }
        owners.domains.insert(name.to_owned(), list);
    }
    for (place, file) in files.iter().enumerate() {
        let documents = nodes.iter().filter(|(of, node)| *of == place && kind(node) != "PolicyTest");
        let domains: BTreeSet<&str> = documents.map(|(_, node)| text(node, &["metadata", "domain"])).collect();
        let mut of = domains.iter();
        if let Some(first) = of.next() {
            let domain = (of.next().is_none() && owners.domains.contains_key(*first)).then(|| (*first).to_owned());
            owners.files.push(Ownership { path: file.path.clone(), domain });
        }
    }
    owners
}

fn kind(node: &Node) -> &str {
    text(node, &["kind"])
}

fn get<'n>(node: &'n Node, path: &[&str]) -> Option<&'n Node> {
    path.iter().try_fold(node, |node, key| node.get(key))
}

fn text<'n>(node: &'n Node, path: &[&str]) -> &'n str {
    get(node, path).and_then(Node::text).unwrap_or_default()
}
