//! Guardrails → rules over all domains.

use super::domains::{Domain, GUARDRAIL};
use super::named::{Named, check_tables};
use super::section::Section;
use super::{Context, Parts, place};
use crate::policy::diagnostics::{Diagnostic, Place};
use crate::policy::document::{At, Documents};
use jiff::{SignedDuration, Span};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How long an exception may lift a guardrail that does not say it.
const LONGEST: SignedDuration = SignedDuration::from_hours(7 * 24);

/// A guardrail, for the exceptions that lift it.
pub(super) struct Guardrail {
    pub(super) name: Arc<str>,
    pub(super) approvers: BTreeSet<String>,
    pub(super) longest: SignedDuration,
    pub(super) place: Place,
}

/// All guardrails by name.
pub(super) struct Guardrails {
    pub(super) by_name: BTreeMap<String, Guardrail>,
    /// Whether a document can't be read, so that one may be missing for that reason.
    pub(super) broken: bool,
}

pub(super) fn compile(documents: &Documents, parts: &Parts<'_>, context: &mut Context<'_>) -> Guardrails {
    let Parts { domains: _, principals, tags, masks } = *parts;
    let everything = Domain::everything();
    let mut guardrails = Guardrails { by_name: BTreeMap::new(), broken: documents.any_broken("Guardrail") };
    let mut names = BTreeMap::<&str, Place>::new();
    for (file, document) in &documents.guardrails {
        let (file, name, spec) = (*file, &document.metadata.name, &document.spec);
        context.check_document_name(file, name);
        context.unique(&mut names, &name.value, place(file, &name.at), "guardrails");
        let named = Named {
            tables: &spec.tables,
            functions: &spec.functions,
            procedures: &spec.procedures,
            schemas: &spec.schemas,
            catalogs: &spec.catalogs,
            sql_roles: &[],
        };
        let first = spec.masks.first().map(|rule| &rule.at);
        check_tables(file, !spec.tables.is_empty(), first.or(spec.filters.first().map(|rule| &rule.at)), context);
        if spec.denies.is_empty() && spec.masks.is_empty() && spec.filters.is_empty() {
            context.report(Diagnostic::new(
                "does-nothing",
                place(file, &name.at),
                format!("the guardrail `{}` does nothing", name.value),
                "no denial, mask or filter",
            ));
        }
        let guardrail: Arc<str> = name.value.as_str().into();
        let objects = named.patterns(file, GUARDRAIL, Some(&everything), tags, context);
        let section = Section {
            file,
            name: format!("{GUARDRAIL}/{}", name.value),
            domain: Some(&everything),
            guardrail: Some(guardrail.clone()),
            objects,
            not_about: BTreeMap::new(),
            principals,
            tags,
            masks,
        };
        let before = context.mark();
        section.denies(&spec.denies, context);
        section.masks(&spec.masks, context);
        section.filters(&spec.filters, context);
        named.check_used(file, before, context);
        for approver in &spec.approvers {
            context.check_text(file, approver, "an approver's name");
        }
        let longest = spec.longest_exception.as_ref().and_then(|text| duration(file, text, context));
        let approvers = spec.approvers.iter().map(|approver| approver.value.clone()).collect();
        let longest = longest.unwrap_or(LONGEST);
        let place = place(file, &name.at);
        guardrails.by_name.insert(name.value.clone(), Guardrail { name: guardrail, approvers, longest, place });
    }
    guardrails
}

/// A duration such as `8h` or `14d`; a day has 24 hours. `None` if it is wrong, which has been reported.
fn duration(file: usize, text: &At<String>, context: &mut Context<'_>) -> Option<SignedDuration> {
    let span: Option<Span> = text.value.parse().ok();
    let duration = span.and_then(|span| span.to_duration(jiff::SpanRelativeTo::days_are_24_hours()).ok());
    let duration = duration.filter(|duration| *duration > SignedDuration::ZERO);
    if duration.is_none() {
        let message = format!("`{}` is no duration", text.value);
        let problem = Diagnostic::new("bad-time", place(file, &text.at), message, "here");
        context.report(problem.help("write hours or days: `8h`, `14d`"));
    }
    duration
}
