//! Roles that nothing names, and groups and users that differ from a known one in letter case alone.

use crate::policy::diagnostics::{Diagnostic, Place};
use crate::policy::document::{Node, Value};
use std::collections::{BTreeMap, BTreeSet};

/// A name of a document with its place.
type Named<'n> = (&'n str, Place);

pub(super) fn check(documents: &[(usize, Node)], found: &mut Vec<Diagnostic>) {
    let mut names = Names::default();
    for (file, document) in documents {
        let principals = document.get("kind").and_then(Node::text) == Some("Principals");
        match document.get("spec") {
            Some(spec) if principals => names.principals(*file, spec),
            Some(spec) => names.rules(*file, spec),
            None => {}
        }
    }
    for (role, place) in &names.roles {
        if !names.used_roles.contains(role) {
            found.push(
                Diagnostic::new("unused-role", place.clone(), format!("no rule names the role `{role}`"), "not used")
                    .help("leave it out, or name it in `to` or `except`"),
            );
        }
    }
    for (what, named, known) in
        [("group", &names.named_groups, &names.groups), ("user", &names.named_users, &names.users)]
    {
        for (name, place) in named.iter().filter(|(name, _)| !known.contains_key(name)) {
            let alike = known.iter().find(|(known, _)| known.to_lowercase() == name.to_lowercase());
            if let Some((known, first)) = alike {
                let message = format!("the {what} `{name}` differs from `{known}` in letter case alone");
                found.push(
                    Diagnostic::new("letter-case", place.clone(), message, "letter case matters")
                        .other(first.clone(), format!("the {what} that Principals name"))
                        .help(format!("did you mean `{known}`?")),
                );
            }
        }
    }
}

#[derive(Default)]
struct Names<'n> {
    /// What Principals documents name.
    roles: BTreeMap<&'n str, Place>,
    users: BTreeMap<&'n str, Place>,
    groups: BTreeMap<&'n str, Place>,
    /// What rules name.
    used_roles: BTreeSet<&'n str>,
    named_users: Vec<Named<'n>>,
    named_groups: Vec<Named<'n>>,
}

impl<'n> Names<'n> {
    fn principals(&mut self, file: usize, spec: &'n Node) {
        for (user, place, members) in entries(file, spec.get("users")) {
            self.users.entry(user).or_insert(place);
            self.known_groups(file, members);
        }
        for (role, place, members) in entries(file, spec.get("roles")) {
            self.roles.entry(role).or_insert(place);
            self.known_groups(file, members);
        }
    }

    fn known_groups(&mut self, file: usize, members: &'n Node) {
        for (group, place) in texts(file, members.get("groups")) {
            self.groups.entry(group).or_insert(place);
        }
    }

    /// Whom rules name: what stands under `to` and `except`.
    fn rules(&mut self, file: usize, node: &'n Node) {
        match &node.value {
            Value::List(items) => items.iter().for_each(|item| self.rules(file, item)),
            Value::Map(entries) => {
                for (key, value) in entries {
                    if matches!(key.name.as_str(), "to" | "except") {
                        self.used_roles.extend(texts(file, value.get("roles")).into_iter().map(|(role, _)| role));
                        self.named_users.extend(texts(file, value.get("users")));
                        self.named_groups.extend(texts(file, value.get("groups")));
                    }
                    self.rules(file, value);
                }
            }
            _ => {}
        }
    }
}

fn entries(file: usize, node: Option<&Node>) -> Vec<(&str, Place, &Node)> {
    match node.map(|node| &node.value) {
        Some(Value::Map(entries)) => {
            entries.iter().map(|(key, value)| (key.name.as_str(), Place { file, at: key.at.clone() }, value)).collect()
        }
        _ => Vec::new(),
    }
}

fn texts(file: usize, node: Option<&Node>) -> Vec<Named<'_>> {
    match node.map(|node| &node.value) {
        Some(Value::List(items)) => items
            .iter()
            .filter_map(|item| item.text().map(|text| (text, Place { file, at: item.at.clone() })))
            .collect(),
        _ => Vec::new(),
    }
}
