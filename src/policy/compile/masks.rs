//! Documents of masks → masks by name, and the denial of tables of keys.

use super::domains::{Domain, Domains};
use super::expression::{Author, Usage, template_by};
use super::objects::{Written, pattern};
use super::principals::Audience;
use super::privileges::each_of_tables;
use super::section::Draft;
use super::validity::Terms;
use super::{Context, place};
use crate::names::TableName;
use crate::policy::Columns;
use crate::policy::diagnostics::{Diagnostic, Place};
use crate::policy::document::{At, Documents, MaskName, MasksDocument, NamedMask, Shows};
use crate::policy::index::{TablePattern, Who};
use crate::policy::mask::{BUILTINS, Builtin, Does, Family, Mask};
use crate::policy::rule::{Effect, Object, Selection};
use crate::policy::suggest::did_you_mean;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The masks of all documents.
#[derive(Default)]
pub(super) struct Masks {
    /// Of central domains: for all.
    central: BTreeMap<String, Named>,
    /// Of other domains, by domain: for its own policies.
    own: BTreeMap<String, BTreeMap<String, Named>>,
    /// Whether a document can't be read, so that one may be missing for that reason.
    broken: bool,
}

struct Named {
    place: Place,
    mask: Option<Arc<Mask>>,
}

/// A document with what was found out about it.
struct Found<'d> {
    file: usize,
    document: &'d MasksDocument,
    domain: &'d Domain,
    keys: Option<TableName>,
}

impl Masks {
    pub(super) fn new(documents: &Documents, domains: &Domains<'_>, context: &mut Context<'_>) -> Masks {
        let mut names = BTreeMap::<&str, Place>::new();
        let mut found = Vec::new();
        for (file, document) in &documents.masks {
            let (file, metadata) = (*file, &document.metadata);
            context.check_document_name(file, &metadata.name);
            context.unique(&mut names, &metadata.name.value, place(file, &metadata.name.at), "documents of masks");
            let Some(domain) = domains.get(file, &metadata.domain, context) else { continue };
            let keys = keys(file, document, domain, context);
            found.push(Found { file, document, domain, keys });
        }
        // All tables of keys are known before any expression is read, since none may read them.
        let broken = documents.any_broken("Masks") || found.len() < documents.masks.len();
        let mut masks = Masks { broken, ..Masks::default() };
        // Those of central domains first, so that another one of the name is the one that is wrong.
        found.sort_by_key(|found| !found.domain.central);
        for found in &found {
            masks.add(found, context);
        }
        masks
    }

    fn add(&mut self, found: &Found<'_>, context: &mut Context<'_>) {
        let Found { file, document, domain, keys } = found;
        if document.spec.masks.value.is_empty() {
            context.empty(*file, &document.spec.masks.at);
        }
        for (name, written) in &document.spec.masks.value {
            let at = At { at: written.at.clone(), value: name.clone() };
            context.check_name(*file, &at, "a mask's name");
            let here = place(*file, &written.at);
            if BUILTINS.contains(&name.as_str()) {
                let message = format!("Sluice brings a mask `{name}`");
                let problem = Diagnostic::new("bad-name", here.clone(), message, "another one of this name");
                context.report(problem.help("give it a name that says what it is for"));
            }
            let others = self.own.get(&domain.name).filter(|_| !domain.central);
            if let Some(first) = self.central.get(name).or_else(|| others.and_then(|others| others.get(name))) {
                let central = !domain.central && self.central.contains_key(name);
                let message = format!("there are two masks `{name}`");
                let problem = Diagnostic::new("duplicate-mask", here, message, "the second one");
                let label = if central { "a central domain has one, for all policies" } else { "the first one" };
                context.report(problem.other(first.place.clone(), label));
                continue;
            }
            let mask = found.mask(name, written, keys.as_ref(), context).map(Arc::new);
            let named = Named { place: here, mask };
            let of = if domain.central { &mut self.central } else { self.own.entry(domain.name.clone()).or_default() };
            of.insert(name.clone(), named);
        }
    }

    /// The mask that a rule of a domain names. `None` is reported.
    pub(super) fn find(
        &self,
        file: usize,
        domain: Option<&Domain>,
        written: &At<MaskName>,
        context: &mut Context<'_>,
    ) -> Option<Arc<Mask>> {
        let MaskName(name) = &written.value;
        let domain = domain?;
        let word = name.split('(').next().unwrap_or_default().trim();
        if name.contains('(') || BUILTINS.contains(&word) {
            return match Builtin::parse(name, None) {
                Ok(builtin) => Some(Arc::new(Mask::of_sluice(builtin))),
                Err(_) if word == "hash" => {
                    let message = "a rule can't name a key";
                    let problem = Diagnostic::new("bad-mask", place(file, &written.at), message, "of which table?");
                    context.report(problem.help(
                        "give it a name in a document of kind Masks, whose `keys` says where keys are: `pseudonym: \
                         hash(customers)`",
                    ));
                    None
                }
                Err(no) => {
                    report(file, written, &no.message, word, context);
                    None
                }
            };
        }
        let own = self.own.get(&domain.name);
        if let Some(named) = own.and_then(|own| own.get(name)).or_else(|| self.central.get(name)) {
            return named.mask.clone();
        }
        if !self.broken {
            let known = own.into_iter().flatten().chain(&self.central).map(|(name, _)| name.as_str());
            let other = self.own.iter().find(|(_, masks)| masks.contains_key(name));
            let help = match other {
                Some((other, _)) => Some(format!(
                    "the domain `{other}` has one, for its own policies; masks for all belong to a central domain"
                )),
                None => did_you_mean(name, known.chain(BUILTINS)),
            };
            let message = format!("there is no mask `{name}`");
            let problem =
                Diagnostic::new("unknown-mask", place(file, &written.at), message, "not known in this domain");
            context.report(problem.maybe_help(help));
        }
        None
    }
}

impl Found<'_> {
    fn mask(
        &self,
        name: &str,
        written: &At<NamedMask>,
        keys: Option<&TableName>,
        context: &mut Context<'_>,
    ) -> Option<Mask> {
        let file = self.file;
        let builtin = |text: &str, at: &At<MaskName>, context: &mut Context<'_>| match Builtin::parse(text, keys) {
            Ok(builtin) => Some(Does::Builtin(builtin)),
            Err(no) => {
                report(file, at, &no.message, text.split('(').next().unwrap_or_default().trim(), context);
                None
            }
        };
        let named =
            |at: &crate::policy::document::Bytes, text: &str| At { at: at.clone(), value: MaskName(text.to_owned()) };
        let parts = match &written.value {
            NamedMask::Builtin(text) => vec![(None, builtin(text, &named(&written.at, text), context)?)],
            NamedMask::ByFamily(families) => {
                if families.is_empty() {
                    context.empty(file, &written.at);
                }
                let mut parts = Vec::new();
                for (family, At { at, value }) in families {
                    let does = match value {
                        Shows::Builtin(text) => builtin(text, &named(at, text), context),
                        Shows::Expression(sql) => self.sql(sql, context),
                    };
                    // The form of documents has no other words.
                    let family = Family::NAMED.into_iter().find(|named| named.name() == family);
                    parts.push((family, does));
                }
                parts.sort_by_key(|(family, _)| (family.is_none(), *family));
                parts.into_iter().map(|(family, does)| Some((family, does?))).collect::<Option<Vec<_>>>()?
            }
        };
        Some(Mask { name: Some(name.into()), parts })
    }

    fn sql(&self, sql: &At<String>, context: &mut Context<'_>) -> Option<Does> {
        let name = format!("{}/{}", self.domain.name, self.document.metadata.name.value);
        let author = Author { file: self.file, name: &name, domain: Some(self.domain) };
        template_by(&author, &sql.at, sql, Usage::Mask { column: None }, context).map(Does::Sql)
    }
}

/// Says that a text is no mask of Sluice's.
fn report(file: usize, at: &At<MaskName>, message: &str, word: &str, context: &mut Context<'_>) {
    let problem = Diagnostic::new("bad-mask", place(file, &at.at), message, "no mask");
    let all = || format!("Sluice brings {}", BUILTINS.map(|name| format!("`{name}`")).join(", "));
    let help = if BUILTINS.contains(&word) { None } else { Some(did_you_mean(word, BUILTINS).unwrap_or_else(all)) };
    context.report(problem.maybe_help(help));
}

/// The table of a document's keys, which nobody may touch from then on.
fn keys(file: usize, document: &MasksDocument, domain: &Domain, context: &mut Context<'_>) -> Option<TableName> {
    let At { at, value: table } = document.spec.keys.as_ref()?;
    let written = Written { at, catalog: table.catalog.as_ref(), schema: table.schema.as_ref(), object: &table.table };
    let pattern = pattern(file, &written, &domain.name, domain, context)?;
    let TablePattern { catalog, schema, table } = &pattern;
    if [catalog, schema, table].iter().any(|part| part.contains(['*', '$', '@'])) {
        let problem = Diagnostic::new("bad-pattern", place(file, at), "keys stand in one table", "not one table");
        context.report(problem.help("name the catalog, the schema and the table without `*`, `$` and `@`"));
        return None;
    }
    let name = TableName::new(catalog, schema, table);
    let policy = format!("{}/{}", domain.name, document.metadata.name.value);
    let columns = Selection { columns: Columns::All, except_tagged: BTreeSet::new() };
    context.drafts.push(Draft {
        at: at.start,
        policy: context.policy_ref(file, &policy, at),
        // No exception lifts it.
        guardrail: None,
        objects: Arc::from([pattern.clone()]),
        not_about: Arc::default(),
        audience: Audience { to: Who::everyone(), except: Who::default() },
        terms: Terms::default(),
        effect: Effect::Deny { of: Object::Table, privileges: each_of_tables(), columns },
    });
    context.keys.insert(pattern);
    Some(name)
}
