//! Who owns what.

use super::{Context, place};
use crate::policy::diagnostics::{Diagnostic, Place};
use crate::policy::document::{At, Documents, DomainDocument};
use crate::policy::index::TablePattern;
use crate::policy::suggest::did_you_mean;
use compact_str::CompactString;
use std::collections::{BTreeMap, BTreeSet};

/// What stands in the place of a domain in the names of guardrails.
pub(super) const GUARDRAIL: &str = "guardrail";

/// All domains by name.
pub(super) struct Domains<'d> {
    by_name: BTreeMap<&'d str, Domain>,
    documents: &'d Documents,
}

/// A domain.
pub(super) struct Domain {
    pub(super) name: String,
    pub(super) central: bool,
    pub(super) owns: Vec<TablePattern>,
    pub(super) owners: BTreeSet<String>,
    /// Where its name stands; `None` for all domains together.
    pub(super) place: Option<Place>,
}

impl<'d> Domains<'d> {
    pub(super) fn new(documents: &'d Documents, context: &mut Context<'_>) -> Domains<'d> {
        let mut by_name = BTreeMap::<&str, Domain>::new();
        for (file, document) in &documents.domains {
            let name = &document.metadata.name;
            context.check_document_name(*file, name);
            let here = place(*file, &name.at);
            if let Some(first) = by_name.get(name.value.as_str()) {
                context.report(
                    Diagnostic::new(
                        "duplicate-document",
                        here,
                        format!("there are two domains `{}`", name.value),
                        "the second one",
                    )
                    .maybe_other(first.place.clone(), "the first one"),
                );
                continue;
            }
            if name.value == GUARDRAIL {
                context.report(Diagnostic::new(
                    "bad-name",
                    here.clone(),
                    format!("a domain can't be called `{GUARDRAIL}`"),
                    "decisions name guardrails so",
                ));
            }
            by_name.insert(&name.value, domain(*file, document, here, context));
        }
        Domains { by_name, documents }
    }

    /// The domain that a policy names. `None` is a policy that can't be checked any further, and has been reported.
    pub(super) fn get(&self, file: usize, name: &At<String>, context: &mut Context<'_>) -> Option<&Domain> {
        let found = self.by_name.get(name.value.as_str());
        if found.is_none() && !self.documents.may_be_broken("Domain", &name.value) {
            context.report(
                Diagnostic::new(
                    "unknown-domain",
                    place(file, &name.at),
                    format!("there is no domain `{}`", name.value),
                    "no document of kind Domain has this name",
                )
                .maybe_help(did_you_mean(&name.value, self.by_name.keys().copied())),
            );
        }
        found
    }
}

impl Domain {
    /// All domains together, of which guardrails speak.
    pub(super) fn everything() -> Domain {
        Domain { name: GUARDRAIL.to_owned(), central: true, owns: Vec::new(), owners: BTreeSet::new(), place: None }
    }

    /// Whether a policy of the domain may speak of these tables.
    pub(super) fn may_speak_of(&self, tables: &TablePattern) -> bool {
        self.central || self.owns.iter().any(|owned| owned.covers(tables))
    }

    /// The report of a policy of the domain that speaks of something else.
    pub(super) fn not_owned(&self, here: Place, pattern: &TablePattern) -> Diagnostic {
        let message = format!("the domain `{}` does not own `{}`", self.name, pattern.shown());
        Diagnostic::new("not-owned", here, message, "outside of the domain")
            .maybe_other(self.place.clone(), format!("owns {}", self.owned()))
            .help("a policy can only speak about what its domain owns")
    }

    /// The one catalog that it owns, if that is all.
    pub(super) fn only_catalog(&self) -> Option<&CompactString> {
        only(self.owns.iter().map(|owned| &owned.catalog))
    }

    /// The one schema that it owns, if that is all.
    pub(super) fn only_schema(&self) -> Option<&CompactString> {
        only(self.owns.iter().map(|owned| &owned.schema))
    }

    /// What it owns, for a message.
    pub(super) fn owned(&self) -> String {
        let names: Vec<String> = self.owns.iter().map(|owned| format!("`{}`", owned.shown())).collect();
        if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
    }
}

/// The one exact name, if all are the same.
fn only<'a>(mut names: impl Iterator<Item = &'a CompactString>) -> Option<&'a CompactString> {
    let first = names.next()?;
    (!first.contains('*') && names.all(|name| name == first)).then_some(first)
}

fn domain(file: usize, document: &DomainDocument, here: Place, context: &mut Context<'_>) -> Domain {
    let spec = &document.spec;
    let central = spec.central.as_ref().is_some_and(|central| central.value);
    if central && let Some(first) = spec.owns.first() {
        context.report(
            Diagnostic::new(
                "bad-domain",
                place(file, &first.at),
                "a central domain owns everything",
                "so it can't own something else",
            )
            .help("leave `owns` out, or `central`"),
        );
    }
    if !central && spec.owns.is_empty() {
        context.report(
            Diagnostic::new(
                "bad-domain",
                here.clone(),
                format!("the domain `{}` owns nothing", document.metadata.name.value),
                "no policy can belong to it",
            )
            .help("name what it owns: `owns: [{catalog: lake, schema: hr}]`"),
        );
    }
    for owner in &spec.owners {
        context.check_text(file, owner, "an owner's name");
    }
    let mut part = |name: &At<String>, what: &str| {
        context.check_text(file, name, what);
        CompactString::from(&name.value).to_lowercase()
    };
    let owns = spec.owns.iter().map(|owned| TablePattern {
        catalog: part(&owned.value.catalog, "a catalog's name"),
        schema: owned.value.schema.as_ref().map_or("*".into(), |name| part(name, "a schema's name")),
        table: owned.value.table.as_ref().map_or("*".into(), |name| part(name, "a table's name")),
    });
    let owners = spec.owners.iter().map(|owner| owner.value.clone()).collect();
    Domain { name: document.metadata.name.value.clone(), central, owns: owns.collect(), owners, place: Some(here) }
}
