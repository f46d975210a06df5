//! Trino's file-based access control → policy documents.
//!
//! In: the text of a `rules.json` and the users and groups that are known. Out: the text of a file of documents that means
//! the same, and a note on each part that has no counterpart. Never: documents that show more than the rules do; where
//! something can't be told, less is granted.
//!
//! Of Trino's rules the first that matches decides; Sluice's grants add up. So the tables are cut into pieces that don't
//! overlap (`objects`), each piece has its own chain of rules (`chain`), and each rule of a chain gives to whom no
//! earlier one is about, by `except` and `exceptTables`. Users that can't be told by name have two bounds (`who`), and so
//! have names of tables that are not told by `*`.
//!
//! What rules say is as the source of Trino's `FileBasedSystemAccessControl` has it, and its documentation:
//! <https://trino.io/docs/476/security/file-system-access-control.html>.

mod chain;
mod expression;
mod fields;
mod impersonation;
mod java_regex;
mod json;
mod note;
mod objects;
mod others;
mod policy;
mod properties;
mod rules;
mod tables;
mod who;
mod yaml;

pub use note::{Note, RuleName, Severity};

use note::Bytes;
use policy::Policy;
use rules::{About, Re, Rules};
use std::collections::{BTreeMap, BTreeSet};
use who::Known;

/// What is known beside the rules.
#[derive(Clone, Debug)]
pub struct Options {
    /// The domain that the policies get; it is central.
    pub domain: String,
    /// Users that expressions may stand for, beside those that the rules name.
    pub users: Vec<String>,
    /// The members of all groups, if they are known: group to users. They become a `Principals` document.
    pub groups: Option<BTreeMap<String, BTreeSet<String>>>,
}

/// What came of an import.
#[derive(Debug)]
pub struct Imported {
    /// The documents.
    pub text: String,
    /// How many access policies there are.
    pub policies: usize,
    /// What could not be mapped, in the order of the file.
    pub notes: Vec<Note>,
}

/// Reads rules and writes policies. `path` is what comments call the file.
///
/// # Errors
/// All that Trino would not take, in the order of the file; or that the rules are too entangled.
pub fn import(path: &str, text: &str, options: &Options) -> Result<Imported, Vec<Note>> {
    let json = json::read(text).map_err(|note| vec![note])?;
    let rules = rules::read(&json).map_err(sorted)?;
    let known = known(&rules, options);
    let mut notes = Vec::new();
    let entangled = || {
        let message = "the rules overlap in too many ways to be told as policies";
        vec![
            Note::error("too-entangled", 0..1, message, "the file")
                .help("fewer patterns, or fewer parts of names in each"),
        ]
    };
    let bounds = tables::Bounds::new(&rules, &known, &mut notes);
    let mut policies = tables::tables(&rules, &bounds, &known, &mut notes).ok_or_else(entangled)?;
    policies.extend(others::others(&rules, &bounds, &known, &mut notes).ok_or_else(entangled)?);
    if let Some(list) = &rules.impersonation {
        policies.extend(impersonation::impersonation(list, &known, &mut notes));
    }
    policies.extend(properties::properties(&rules, &bounds, &known, &mut notes).ok_or_else(entangled)?);
    left_out(&rules, &mut notes);
    ordered(&mut policies);
    let source = yaml::Source { path, text };
    let groups = memberships(options.groups.as_ref());
    let text = yaml::file(&source, &options.domain, &groups, &policies);
    notes.iter_mut().for_each(|note| note.rule = rules.at(&note.at).map(Box::new));
    let mut notes = sorted(notes);
    notes.dedup();
    Ok(Imported { text, policies: policies.len(), notes })
}

fn sorted(mut notes: Vec<Note>) -> Vec<Note> {
    notes.sort_by(|a, b| (a.at.start, a.at.end, a.code).cmp(&(b.at.start, b.at.end, b.code)));
    notes
}

/// Users and groups that rules name, and those that were given.
fn known(rules: &Rules, options: &Options) -> Known {
    let mut known = Known { members: options.groups.clone(), ..Known::default() };
    known.users.extend(options.users.iter().cloned());
    for (group, users) in options.groups.iter().flatten() {
        known.groups.insert(group.clone());
        known.users.extend(users.iter().cloned());
    }
    for about in rules.abouts() {
        let About { user, group, .. } = about;
        known.users.extend(named(user.as_ref()));
        known.groups.extend(named(group.as_ref()));
    }
    known
}

/// The names that an expression writes out.
fn named(re: Option<&Re>) -> Vec<String> {
    let patterns = re.and_then(|re| re.regex.as_ref().ok()?.patterns()).unwrap_or_default();
    patterns.into_iter().filter(|one| one.exact && !one.text.contains('*')).map(|one| one.text).collect()
}

/// The groups of each user.
fn memberships(groups: Option<&BTreeMap<String, BTreeSet<String>>>) -> Vec<(String, Vec<String>)> {
    let mut users = BTreeMap::<&String, Vec<String>>::new();
    for (group, members) in groups.into_iter().flatten() {
        for user in members {
            users.entry(user).or_default().push(group.clone());
        }
    }
    users.into_iter().map(|(user, groups)| (user.clone(), groups)).collect()
}

/// Lists and rules that policies have no word for.
fn left_out(rules: &Rules, notes: &mut Vec<Note>) {
    let mut left_out = |at: &Bytes, message: &str, label: &str| {
        notes.push(Note::warning("left-out", at.clone(), message, label));
    };
    let reads = rules.system_information.iter().flatten().any(|rule| rule.allow.contains("READ"));
    for rule in rules.queries.iter().flatten() {
        if rule.allow.contains("KILL") {
            left_out(&rule.about.origin.at, "others' queries are ended by nobody through Sluice", "`kill` is left out");
        }
        if rule.allow.contains("VIEW") && !reads {
            let message = "others' queries are seen only by who may read `system_information` too";
            left_out(&rule.about.origin.at, message, "`view` is left out");
        }
    }
    for rule in rules.system_information.iter().flatten().filter(|rule| rule.allow.contains("WRITE")) {
        left_out(&rule.about.origin.at, "nobody changes Trino itself through Sluice", "`write` is left out");
    }
    for (list, places) in &rules.others {
        let message = match *list {
            "principals" => "Sluice's own configuration says which user a login is",
            _ => "who may give tables to somebody else can't be written in a policy",
        };
        places.iter().for_each(|at| left_out(at, message, "left out"));
    }
}

/// In the order of the rules, each with a name of its own.
fn ordered(policies: &mut [Policy]) {
    // What comes of absent lists stands last.
    policies.sort_by_key(|policy| policy.origins.first().map(|origin| (origin.index == usize::MAX, origin.at.start)));
    let mut seen = BTreeMap::<String, usize>::new();
    for policy in policies {
        let count = seen.entry(policy.name.clone()).or_default();
        *count += 1;
        if *count > 1 {
            policy.name = format!("{}-piece-{count}", policy.name);
        }
    }
}

#[cfg(test)]
mod tests;
