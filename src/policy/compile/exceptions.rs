//! Exceptions → grants for some time, and guardrails that don't hold meanwhile.

use super::domains::{Domain, Domains};
use super::expression::{Usage, template};
use super::guardrails::{Guardrail, Guardrails};
use super::masks::Masks;
use super::objects::tables;
use super::principals::Principals;
use super::privileges::{Way, check_columns, privileges, selections};
use super::section::Section;
use super::tags::Tags;
use super::validity::{Period, Terms, between};
use super::{Context, place};
use crate::policy::diagnostics::{Diagnostic, Place};
use crate::policy::document::{Documents, ExceptionDocument};
use crate::policy::rule::{Effect, Object};
use crate::policy::snapshot::ExceptionInfo;
use crate::policy::suggest::did_you_mean;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What exceptions speak of.
pub(super) struct Parts<'a> {
    pub(super) domains: &'a Domains<'a>,
    pub(super) principals: &'a Principals,
    pub(super) tags: &'a Tags,
    pub(super) masks: &'a Masks,
    pub(super) guardrails: &'a Guardrails,
}

pub(super) fn compile(documents: &Documents, parts: &Parts<'_>, context: &mut Context<'_>) -> Vec<ExceptionInfo> {
    let mut found = Vec::new();
    let mut names = BTreeMap::<String, Place>::new();
    for (file, document) in &documents.exceptions {
        let (file, metadata) = (*file, &document.metadata);
        context.check_document_name(file, &metadata.name);
        let name = format!("{}/{}", metadata.domain.value, metadata.name.value);
        let here = place(file, &metadata.name.at);
        if let Some(first) = names.get(&name) {
            let message = format!("there are two exceptions `{name}`");
            let problem = Diagnostic::new("duplicate-document", here, message, "the second one");
            context.report(problem.other(first.clone(), "the first one"));
        } else {
            names.insert(name.clone(), here);
        }
        let domain = parts.domains.get(file, &metadata.domain, context);
        found.extend(exception(file, name, document, domain, parts, context));
    }
    found.sort_by(|a: &ExceptionInfo, b| a.policy.cmp(&b.policy));
    found
}

fn exception(
    file: usize,
    name: String,
    document: &ExceptionDocument,
    domain: Option<&Domain>,
    parts: &Parts<'_>,
    context: &mut Context<'_>,
) -> Option<ExceptionInfo> {
    let spec = &document.spec;
    let owner = &document.metadata.domain.value;
    for (text, what) in [(&spec.reason, "the reason"), (&spec.ticket, "the ticket")] {
        if text.value.trim().is_empty() {
            context.report(Diagnostic::new("missing-field", place(file, &text.at), format!("{what} is empty"), "here"));
        }
    }
    if spec.approvers.value.is_empty() {
        context.empty(file, &spec.approvers.at);
    }
    if spec.tables.value.is_empty() {
        context.empty(file, &spec.tables.at);
    }
    let period = between(file, Some(&spec.from), Some(&spec.until), context);
    let terms = Terms { period, when: None };
    let audience = parts.principals.audience(file, Some(&spec.to), None, context);
    let objects = match domain {
        Some(domain) => tables(file, &spec.tables.value, owner, domain, parts.tags, context),
        None => Arc::default(),
    };
    let objects = BTreeMap::from([(Object::Table, objects)]);
    let (principals, tags, masks) = (parts.principals, parts.tags, parts.masks);
    let not_about = BTreeMap::new();
    let section = Section { file, name, domain, guardrail: None, objects, not_about, principals, tags, masks };
    let at = &document.metadata.name.at;
    if spec.privileges.is_empty() && spec.lifts.is_empty() {
        let problem = Diagnostic::new("does-nothing", place(file, at), "the exception allows nothing", "here");
        context.report(problem.help("name `privileges` that it grants, or guardrails that it lifts"));
    }
    if !spec.privileges.is_empty() {
        approved(file, document, domain, context);
        for columns in spec.columns.iter().map(|c| &c.at).chain(spec.rows.iter().map(|rows| &rows.at)) {
            check_columns(file, &spec.privileges, Some(columns), Way::Give, context);
        }
        let rows = spec.rows.as_ref().and_then(|rows| template(&section, at, rows, Usage::Rows, context));
        for (of, privileges) in privileges(file, &spec.privileges, &section.objects, Way::Give, context) {
            for (objects, columns) in selections(file, spec.columns.as_ref(), &section.tables(), tags, context) {
                let effect = Effect::Grant { of, privileges: privileges.clone(), columns, rows: rows.clone() };
                section.draft(at, objects, &audience, &terms, effect, context);
            }
        }
    }
    let lifts = lifts(file, document, period, parts.guardrails, context);
    if !lifts.is_empty() {
        section.draft(at, section.tables(), &audience, &terms, Effect::Lift(lifts), context);
    }
    Some(ExceptionInfo {
        policy: context.policy_ref(file, &section.name, at),
        reason: spec.reason.value.clone(),
        ticket: spec.ticket.value.clone(),
        approvers: spec.approvers.value.iter().map(|approver| approver.value.clone()).collect(),
        from: period.from?,
        until: period.until?,
        lifts: spec.lifts.iter().map(|name| name.value.clone()).collect(),
    })
}

/// What an exception grants has to be approved by an owner of its domain.
fn approved(file: usize, document: &ExceptionDocument, domain: Option<&Domain>, context: &mut Context<'_>) {
    let Some(domain) = domain else { return };
    let approvers = &document.spec.approvers;
    if approvers.value.is_empty() || approvers.value.iter().any(|approver| domain.owners.contains(&approver.value)) {
        return;
    }
    let message = format!("no owner of the domain `{}` approves it", document.metadata.domain.value);
    let problem = Diagnostic::new("not-approved", place(file, &approvers.at), message, "none of them is an owner")
        .maybe_other(domain.place.clone(), format!("is owned by {}", listed(&domain.owners)));
    context.report(problem.help("what an exception grants is approved by an owner of its domain"));
}

/// The guardrails that an exception lifts, each with an approver of it, and for no longer than it allows.
fn lifts(
    file: usize,
    document: &ExceptionDocument,
    period: Period,
    guardrails: &Guardrails,
    context: &mut Context<'_>,
) -> BTreeSet<Arc<str>> {
    let spec = &document.spec;
    let mut lifts = BTreeSet::new();
    for name in &spec.lifts {
        let Some(guardrail) = guardrails.by_name.get(&name.value) else {
            if !guardrails.broken {
                let message = format!("there is no guardrail `{}`", name.value);
                let problem =
                    Diagnostic::new("unknown-guardrail", place(file, &name.at), message, "no document has it");
                let known = guardrails.by_name.keys().map(String::as_str);
                context.report(problem.maybe_help(did_you_mean(&name.value, known)));
            }
            continue;
        };
        let Guardrail { approvers, longest, place: there, .. } = guardrail;
        if !spec.approvers.value.iter().any(|approver| approvers.contains(&approver.value)) {
            let message = format!("no approver of the guardrail `{}` approves it", name.value);
            let by = if approvers.is_empty() { "nobody: it can't be lifted".to_owned() } else { listed(approvers) };
            let problem = Diagnostic::new("not-approved", place(file, &name.at), message, "can't be lifted so");
            context.report(problem.other(there.clone(), format!("can be lifted by {by}")));
        }
        if let (Some(from), Some(until)) = (period.from, period.until)
            && until.duration_since(from) > *longest
        {
            let message = format!("the guardrail `{}` can't be lifted for so long", name.value);
            let problem = Diagnostic::new("bad-time", place(file, &spec.until.at), message, "the end");
            context.report(problem.other(there.clone(), format!("can be lifted for {longest:#}")));
        }
        lifts.insert(guardrail.name.clone());
    }
    lifts
}

fn listed(names: &BTreeSet<String>) -> String {
    if names.is_empty() {
        return "nobody".to_owned();
    }
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
