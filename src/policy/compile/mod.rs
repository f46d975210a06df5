//! Documents → snapshot, or all that is wrong with them.

mod check;
mod domains;
mod expression;
mod grants;
mod objects;
mod policies;
mod principals;

use super::diagnostics::{Diagnostic, Diagnostics, Place};
use super::document::{self, At, Bytes};
use super::index::{Audience, RuleId, TableIndex, Who};
use super::snapshot::{Effect, NameRule, Rule, Snapshot};
use super::{PolicyRef, Privilege, SourceFile};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::sync::Arc;

/// Compiles the documents of all files. Their order, and the order of the files, changes nothing.
///
/// # Errors
/// [`Diagnostics`]: all that is wrong, not the first thing alone.
pub fn compile(mut files: Vec<SourceFile>) -> Result<Snapshot, Diagnostics> {
    files.sort();
    let files: Arc<[SourceFile]> = files.into();
    let mut problems = Vec::new();
    let documents = document::read(&files, &mut problems);
    let mut context = Context { files: &files, lines: line_starts(&files), problems };
    let domains = domains::Domains::new(&documents, &mut context);
    let principals = principals::Principals::new(&documents, &mut context);
    let mut compiled = policies::compile(&documents, &domains, &principals, &mut context);
    if !context.problems.is_empty() {
        return Err(Diagnostics::new(files.clone(), context.problems));
    }

    let order = |policy: &Arc<PolicyRef>, place: usize| (policy.policy.clone(), place);
    compiled.rules.sort_by_cached_key(|(place, rule)| order(&rule.policy, *place));
    compiled.impersonation.sort_by_cached_key(|(place, rule)| order(&rule.policy, *place));
    compiled.properties.sort_by_cached_key(|(place, rule)| order(&rule.policy, *place));
    let mut snapshot = Snapshot {
        revision: revision(&files),
        policies: documents.policies.len(),
        groups: principals.groups,
        rules: without_places(compiled.rules),
        impersonation: without_places(compiled.impersonation),
        properties: without_places(compiled.properties),
        ..Snapshot::default()
    };
    (snapshot.tables, snapshot.grants) = index(&snapshot.rules);
    snapshot.impersonators = audience(&snapshot.impersonation);
    snapshot.setters = audience(&snapshot.properties);
    Ok(snapshot)
}

/// What all steps share: the files, and what was found to be wrong.
struct Context<'f> {
    files: &'f [SourceFile],
    /// The first byte of each line of each file.
    lines: Vec<Vec<usize>>,
    problems: Vec<Diagnostic>,
}

impl Context<'_> {
    fn report(&mut self, problem: Diagnostic) {
        self.problems.push(problem);
    }

    /// Says that a name may not be used, if it may not: empty, with control characters, or far too long.
    fn check_text(&mut self, file: usize, name: &At<String>, what: &str) {
        let wrong = if name.value.trim().is_empty() {
            "is empty"
        } else if name.value.chars().any(char::is_control) {
            "holds a control character"
        } else if name.value.len() > 1000 {
            "is longer than 1000 bytes"
        } else if name.value.trim() != name.value {
            "begins or ends with a space"
        } else {
            return;
        };
        self.report(Diagnostic::new("bad-name", place(file, &name.at), format!("{what} {wrong}"), "not a name"));
    }

    /// Says so if a document's name has another form than those of documents have.
    fn check_document_name(&mut self, file: usize, name: &At<String>) {
        let fine = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.');
        let ends = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
        let text = &name.value;
        if !text.chars().all(fine) || !ends(text.chars().next()) || !ends(text.chars().next_back()) || text.len() > 100
        {
            self.report(
                Diagnostic::new(
                    "bad-name",
                    place(file, &name.at),
                    format!("`{text}` can't be a document's name"),
                    "not a name",
                )
                .help(
                    "up to 100 lower-case letters, digits, `-`, `_` and `.`; it begins and ends with a letter or digit",
                ),
            );
        }
    }

    /// Says that a list is empty that must not be.
    fn empty(&mut self, file: usize, at: &Bytes) {
        self.report(Diagnostic::new("does-nothing", place(file, at), "nothing is named", "an empty list"));
    }

    /// Where a rule is written.
    fn policy_ref(&self, file: usize, policy: &str, at: &Bytes) -> Arc<PolicyRef> {
        let line = self.lines.get(file).map_or(0, |starts| starts.partition_point(|start| *start <= at.start));
        Arc::new(PolicyRef {
            policy: policy.to_owned(),
            file: self.files.get(file).map(|source| source.path.clone()).unwrap_or_default(),
            line: u32::try_from(line).unwrap_or(u32::MAX),
        })
    }
}

fn line_starts(files: &[SourceFile]) -> Vec<Vec<usize>> {
    let breaks = |file: &SourceFile| file.text.match_indices('\n').map(|(at, _)| at + 1).collect::<Vec<_>>();
    files.iter().map(|file| std::iter::once(0).chain(breaks(file)).collect()).collect()
}

fn place(file: usize, at: &Bytes) -> Place {
    Place { file, at: at.clone() }
}

/// A hash over the contents, in the order of paths.
fn revision(files: &[SourceFile]) -> String {
    let mut hash = Sha256::new();
    for file in files {
        for part in [&file.path, &file.text] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
    }
    hash.finalize().iter().take(20).fold(String::new(), |mut text, byte| {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn without_places<T>(rules: Vec<(usize, T)>) -> Vec<T> {
    rules.into_iter().map(|(_, rule)| rule).collect()
}

fn index(rules: &[Rule]) -> (TableIndex, Audience) {
    let mut tables = TableIndex::default();
    let mut grants = Audience::default();
    for (id, rule) in (0..).zip(rules) {
        for pattern in rule.objects.iter() {
            tables.insert(pattern, &rule.to, id);
        }
        if matches!(&rule.effect, Effect::Grant { privileges, .. } if !privileges.contains(&Privilege::Execute)) {
            grants.insert(&rule.to, id);
        }
    }
    (tables, grants)
}

fn audience(rules: &[NameRule]) -> Audience {
    let mut audience = Audience::default();
    for (id, rule) in (0 as RuleId..).zip(rules) {
        audience.insert(&rule.to, id);
    }
    audience
}

/// The set of users that a rule's `to` and `except` make, if they are right.
#[derive(Clone)]
struct Reach {
    to: Who,
    except: Who,
}
