//! Documents → snapshot, or all that is wrong with them.

mod check;
mod domains;
mod exceptions;
mod expression;
mod guardrails;
mod mask_rules;
mod masks;
mod named;
mod objects;
mod policies;
mod policy_tests;
mod principals;
mod privileges;
mod section;
mod session_values;
mod tags;
mod validity;

use super::diagnostics::{Diagnostic, Diagnostics, Place};
use super::document::{self, At, Bytes, Documents, ReadBefore};
use super::index::{Audience, RuleId, RuleIndex, TablePattern};
use super::rule::{Effect, NameRule, Object, Reach, Rule, Window};
use super::snapshot::{Names, Snapshot};
use super::suite::TestSuite;
use super::{PolicyRef, SourceFile};
use jiff::Timestamp;
use policies::NameDraft;
use section::Draft;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;
use validity::{Period, Terms};

/// Compiles the documents of all files. Their order, and the order of the files, changes nothing.
///
/// # Errors
/// [`Diagnostics`]: all that is wrong, not the first thing alone.
pub fn compile(files: Vec<SourceFile>) -> Result<Snapshot, Diagnostics> {
    Compiler::new(|| {}).compile(files)
}

/// Compiles one set of files after another, and reads again only what has changed.
#[derive(Debug)]
pub struct Compiler {
    read: ReadBefore,
    pause: fn(),
}

impl Compiler {
    /// One that has read nothing yet. It calls `pause` between pieces of its work, most of which take far less than a
    /// millisecond.
    pub fn new(pause: fn()) -> Compiler {
        Compiler { read: ReadBefore::default(), pause }
    }

    /// Does what [`compile()`] does.
    ///
    /// # Errors
    /// [`Diagnostics`]: all that is wrong, not the first thing alone.
    pub fn compile(&mut self, mut files: Vec<SourceFile>) -> Result<Snapshot, Diagnostics> {
        files.sort();
        let files: Arc<[SourceFile]> = files.into();
        let mut problems = Vec::new();
        let documents = self.read.read(&files, &mut problems, self.pause);
        snapshot(&files, &documents, problems, self.pause)
    }
}

fn snapshot(
    files: &Arc<[SourceFile]>,
    documents: &Documents,
    problems: Vec<Diagnostic>,
    pause: fn(),
) -> Result<Snapshot, Diagnostics> {
    let mut context = Context::new(files, problems, pause);
    let domains = domains::Domains::new(documents, &mut context);
    let principals = principals::Principals::new(documents, &mut context);
    let tags = tags::Tags::new(documents, &domains, &mut context);
    let masks = masks::Masks::new(documents, &domains, &mut context);
    let parts = Parts { domains: &domains, principals: &principals, tags: &tags, masks: &masks };
    let guardrails = guardrails::compile(documents, &parts, &mut context);
    let central = policies::compile(documents, &parts, &mut context);
    let Parts { domains, principals: _, tags: _, masks } = parts;
    let parts = exceptions::Parts { domains, principals: &principals, tags: &tags, masks, guardrails: &guardrails };
    let exceptions = exceptions::compile(documents, &parts, &mut context);
    policy_tests::suite(documents, &mut context);
    if !context.problems.is_empty() {
        return Err(Diagnostics::new(Arc::clone(files), context.problems));
    }

    let drafts = context.drafts;
    let lists = [&central.impersonation, &central.properties, &central.system_information];
    let ends = ends(
        drafts
            .iter()
            .map(|draft| draft.terms.period)
            .chain(lists.into_iter().flatten().map(|draft| draft.terms.period)),
    );
    let mut snapshot = Snapshot {
        revision: revision(files, pause),
        policies: documents.policies.len() + documents.guardrails.len() + documents.exceptions.len(),
        known: principals.known,
        roles: principals.roles,
        vouched: principals.services,
        rules: rules(drafts, &ends, pause),
        impersonation: names(central.impersonation, &ends),
        properties: names(central.properties, &ends),
        system_information: names(central.system_information, &ends),
        ends,
        exceptions,
        keys: context.keys,
        ..Snapshot::default()
    };
    for (pattern, columns) in &tags.columns {
        snapshot.tagged.entry(pattern).push(columns.clone());
    }
    let reaches = snapshot.rules.iter().map(|rule| &rule.reach);
    let central = [&snapshot.impersonation, &snapshot.properties, &snapshot.system_information];
    let reaches = reaches.chain(central.into_iter().flat_map(|names| &names.rules).map(|rule| &rule.reach));
    let conditions = reaches.filter_map(|reach| reach.when.as_ref());
    snapshot.reads = conditions.flat_map(|when| when.reads().iter().cloned()).collect();
    snapshot.tags = tags.columns;
    (snapshot.index, snapshot.about_privileges) = index(&snapshot.rules, pause);
    Ok(snapshot)
}

/// The tests of the PolicyTest documents among the files.
///
/// # Errors
/// [`Diagnostics`]: what is wrong with these documents, and with any that can't be read.
pub fn tests_of(mut files: Vec<SourceFile>) -> Result<TestSuite, Diagnostics> {
    files.sort();
    let files: Arc<[SourceFile]> = files.into();
    let mut problems = Vec::new();
    let documents = document::read(&files, &mut problems);
    let mut context = Context::new(&files, problems, || {});
    let suite = policy_tests::suite(&documents, &mut context);
    if context.problems.is_empty() { Ok(suite) } else { Err(Diagnostics::new(files.clone(), context.problems)) }
}

/// What all steps share: the files, what was found to be wrong, and the rules that were found.
struct Context<'f> {
    files: &'f [SourceFile],
    /// The first byte of each line of each file.
    lines: Vec<Vec<usize>>,
    problems: Vec<Diagnostic>,
    drafts: Vec<Draft>,
    /// Called between pieces of the work.
    pause: fn(),
    /// The tables of keys.
    keys: BTreeSet<TablePattern>,
}

/// What documents are compiled with.
struct Parts<'a> {
    domains: &'a domains::Domains<'a>,
    principals: &'a principals::Principals,
    tags: &'a tags::Tags,
    masks: &'a masks::Masks,
}

/// How many rules and problems there were at some time.
#[derive(Clone, Copy)]
struct Mark {
    drafts: usize,
    problems: usize,
}

impl<'f> Context<'f> {
    fn new(files: &'f [SourceFile], problems: Vec<Diagnostic>, pause: fn()) -> Context<'f> {
        let (drafts, keys) = (Vec::new(), BTreeSet::new());
        Context { files, lines: line_starts(files, pause), problems, drafts, pause, keys }
    }

    fn report(&mut self, problem: Diagnostic) {
        self.problems.push(problem);
    }

    fn mark(&self) -> Mark {
        Mark { drafts: self.drafts.len(), problems: self.problems.len() }
    }

    /// Reports a document whose name another of its kind has.
    fn unique<'n>(&mut self, seen: &mut BTreeMap<&'n str, Place>, name: &'n str, here: Place, what: &str) {
        if let Some(first) = seen.get(name) {
            let message = format!("there are two {what} `{name}`");
            let problem = Diagnostic::new("duplicate-document", here, message, "the second one");
            return self.report(problem.other(first.clone(), "the first one"));
        }
        seen.insert(name, here);
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
        self.check_name(file, name, "a document's name");
    }

    /// Says so if a name has another form than names of documents and masks have.
    fn check_name(&mut self, file: usize, name: &At<String>, what: &str) {
        let fine = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.');
        let ends = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
        let text = &name.value;
        if !text.chars().all(fine) || !ends(text.chars().next()) || !ends(text.chars().next_back()) || text.len() > 100
        {
            self.report(
                Diagnostic::new(
                    "bad-name",
                    place(file, &name.at),
                    format!("`{text}` can't be {what}"),
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

fn line_starts(files: &[SourceFile], pause: fn()) -> Vec<Vec<usize>> {
    let starts = |file: &SourceFile| {
        pause();
        std::iter::once(0).chain(file.text.match_indices('\n').map(|(at, _)| at + 1)).collect()
    };
    files.iter().map(starts).collect()
}

fn place(file: usize, at: &Bytes) -> Place {
    Place { file, at: at.clone() }
}

/// A hash over the contents, in the order of paths.
fn revision(files: &[SourceFile], pause: fn()) -> String {
    let mut hash = Sha256::new();
    for file in files {
        pause();
        for part in [&file.path, &file.text] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
    }
    hash.finalize().iter().take(20).fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// All times at which some rule begins or ends.
fn ends(periods: impl Iterator<Item = Period>) -> Vec<Timestamp> {
    let ends: BTreeSet<Timestamp> = periods.flat_map(|period| period.from.into_iter().chain(period.until)).collect();
    ends.into_iter().collect()
}

fn reach(audience: principals::Audience, terms: Terms, ends: &[Timestamp]) -> Reach {
    let place = |end: Option<Timestamp>| {
        end.and_then(|end| ends.binary_search(&end).ok()).and_then(|place| u32::try_from(place).ok())
    };
    let principals::Audience { to, except } = audience;
    let Terms { period, when } = terms;
    Reach { to, except, window: Window { from: place(period.from), until: place(period.until) }, when }
}

/// The rules in the order of policies, and of their places in each.
fn rules(mut drafts: Vec<Draft>, ends: &[Timestamp], pause: fn()) -> Vec<Rule> {
    let mut compared = 0_u8;
    drafts.sort_by(|a, b| {
        compared = compared.wrapping_add(1);
        if compared == 0 {
            pause();
        }
        (&a.policy.policy, a.at).cmp(&(&b.policy.policy, b.at))
    });
    let rule = |Draft { at: _, policy, guardrail, objects, not_about, audience, terms, effect }| {
        pause();
        Rule { policy, guardrail, objects, not_about, reach: reach(audience, terms, ends), effect }
    };
    drafts.into_iter().map(rule).collect()
}

fn names(mut drafts: Vec<NameDraft>, ends: &[Timestamp]) -> Names {
    drafts.sort_by(|a, b| (&a.policy.policy, a.at).cmp(&(&b.policy.policy, b.at)));
    let mut found = Names::default();
    for NameDraft { at: _, policy, audience, terms, names, except } in drafts {
        let rule = NameRule { policy, reach: reach(audience, terms, ends), names, except };
        found.audience.insert(&rule.reach.to, id(found.rules.len()));
        found.rules.push(rule);
    }
    found
}

/// Rules by their objects, and those about tables that give or take away privileges.
fn index(rules: &[Rule], pause: fn()) -> (BTreeMap<Object, RuleIndex>, Audience) {
    let mut by_object = BTreeMap::<Object, RuleIndex>::new();
    let mut about_privileges = Audience::default();
    for (place, rule) in rules.iter().enumerate() {
        pause();
        let of = by_object.entry(rule.effect.of()).or_default();
        for pattern in rule.objects.iter() {
            of.entry(pattern).insert(&rule.reach.to, id(place));
        }
        let privileges = match rule.effect {
            Effect::Grant { of, .. } | Effect::Deny { of, .. } => of == Object::Table,
            Effect::Lift(_) => true,
            Effect::Mask { .. } | Effect::Filter(_) => false,
        };
        if privileges {
            about_privileges.insert(&rule.reach.to, id(place));
        }
    }
    (by_object, about_privileges)
}

/// A rule's place; there are never so many that it does not fit, since the bytes of all files are bounded.
fn id(place: usize) -> RuleId {
    RuleId::try_from(place).unwrap_or(RuleId::MAX)
}
