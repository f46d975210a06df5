//! Access policies → rules.

use super::domains::Domain;
use super::named::{Named, check_tables};
use super::principals::Audience;
use super::section::Section;
use super::validity::{Terms, terms};
use super::{Context, Parts, place};
use crate::policy::PolicyRef;
use crate::policy::diagnostics::{Diagnostic, Place};
use crate::policy::document::{AccessPolicyDocument, AccessPolicySpec, At, Documents};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A rule about names before all ends of validities are known.
pub(super) struct NameDraft {
    /// The place in its document.
    pub(super) at: usize,
    pub(super) policy: Arc<PolicyRef>,
    pub(super) audience: Audience,
    pub(super) terms: Terms,
    pub(super) names: Vec<String>,
    pub(super) except: Vec<String>,
}

/// Rules that only central domains have.
#[derive(Default)]
pub(super) struct Central {
    pub(super) impersonation: Vec<NameDraft>,
    pub(super) properties: Vec<NameDraft>,
    pub(super) system_information: Vec<NameDraft>,
}

pub(super) fn compile(documents: &Documents, parts: &Parts<'_>, context: &mut Context<'_>) -> Central {
    let Parts { domains, principals, tags, masks } = *parts;
    let mut central = Central::default();
    let mut names = BTreeMap::<String, Place>::new();
    for (file, document) in &documents.policies {
        (context.pause)();
        let (file, metadata) = (*file, &document.metadata);
        context.check_document_name(file, &metadata.name);
        let name = format!("{}/{}", metadata.domain.value, metadata.name.value);
        let here = place(file, &metadata.name.at);
        if let Some(first) = names.get(&name) {
            context.report(
                Diagnostic::new(
                    "duplicate-document",
                    here,
                    format!("there are two policies `{name}`"),
                    "the second one",
                )
                .other(first.clone(), "the first one"),
            );
        } else {
            names.insert(name.clone(), here);
        }
        let domain = domains.get(file, &metadata.domain, context);
        let spec = &document.spec;
        let named = Named {
            tables: &spec.tables,
            functions: &spec.functions,
            procedures: &spec.procedures,
            schemas: &spec.schemas,
            catalogs: &spec.catalogs,
            sql_roles: &spec.sql_roles,
        };
        let before = context.mark();
        check_parts(file, &name, document, domain, context);
        let objects = named.patterns(file, &metadata.domain.value, domain, tags, context);
        let except = Named {
            tables: &spec.except_tables,
            functions: &spec.except_functions,
            procedures: &spec.except_procedures,
            schemas: &spec.except_schemas,
            catalogs: &spec.except_catalogs,
            sql_roles: &[],
        };
        let not_about = BTreeMap::new();
        let mut section = Section { file, name, domain, guardrail: None, objects, not_about, principals, tags, masks };
        section.not_about = except.left_out(&section, &metadata.domain.value, before, context);
        let before = context.mark();
        section.grants(&spec.grants, context);
        section.denies(&spec.denies, context);
        section.masks(&spec.masks, context);
        section.filters(&spec.filters, context);
        named.check_used(file, before, context);
        central_rules(&section, spec, &mut central, context);
    }
    central
}

/// Impersonation, session properties and system information.
fn central_rules(section: &Section<'_>, spec: &AccessPolicySpec, central: &mut Central, context: &mut Context<'_>) {
    let (file, principals) = (section.file, section.principals);
    let texts = |list: &[At<String>]| list.iter().map(|name| name.value.clone()).collect::<Vec<_>>();
    let lower = |list: &[At<String>]| list.iter().map(|name| name.value.to_lowercase()).collect::<Vec<_>>();
    for At { at, value: rule } in &spec.impersonate {
        if rule.users.value.is_empty() {
            context.empty(file, &rule.users.at);
        }
        for user in rule.users.value.iter().chain(&rule.except_users) {
            context.check_text(file, user, "a user's name");
        }
        central.impersonation.push(NameDraft {
            at: at.start,
            policy: context.policy_ref(file, &section.name, at),
            audience: principals.audience(file, Some(&rule.to), rule.except.as_ref(), context),
            terms: terms(file, rule.validity.as_ref(), rule.when.as_ref(), context),
            names: texts(&rule.users.value),
            except: texts(&rule.except_users),
        });
    }
    for At { at, value: rule } in &spec.session_properties {
        if rule.properties.value.is_empty() {
            context.empty(file, &rule.properties.at);
        }
        for property in rule.properties.value.iter().chain(&rule.except_properties) {
            context.check_text(file, property, "a property's name");
        }
        central.properties.push(NameDraft {
            at: at.start,
            policy: context.policy_ref(file, &section.name, at),
            audience: principals.audience(file, Some(&rule.to), rule.except.as_ref(), context),
            terms: terms(file, rule.validity.as_ref(), rule.when.as_ref(), context),
            names: lower(&rule.properties.value),
            except: lower(&rule.except_properties),
        });
    }
    for At { at, value: rule } in &spec.system_information {
        central.system_information.push(NameDraft {
            at: at.start,
            policy: context.policy_ref(file, &section.name, at),
            audience: principals.audience(file, Some(&rule.to), rule.except.as_ref(), context),
            terms: terms(file, rule.validity.as_ref(), rule.when.as_ref(), context),
            names: vec!["*".to_owned()],
            except: Vec::new(),
        });
    }
}

/// Whether the parts of a policy go together.
fn check_parts(
    file: usize,
    name: &str,
    document: &AccessPolicyDocument,
    domain: Option<&Domain>,
    context: &mut Context<'_>,
) {
    let spec = &document.spec;
    let masks = spec.masks.first().map(|rule| &rule.at);
    check_tables(file, !spec.tables.is_empty(), masks.or(spec.filters.first().map(|rule| &rule.at)), context);
    let central = (spec.impersonate.first().map(|rule| &rule.at))
        .or(spec.session_properties.first().map(|rule| &rule.at))
        .or(spec.system_information.first().map(|rule| &rule.at))
        .or(spec.sql_roles.first().map(|role| &role.at));
    let says_nothing = central.is_none()
        && spec.grants.is_empty()
        && spec.denies.is_empty()
        && spec.masks.is_empty()
        && spec.filters.is_empty()
        && spec.tables.is_empty()
        && spec.functions.is_empty()
        && spec.procedures.is_empty()
        && spec.schemas.is_empty()
        && spec.catalogs.is_empty();
    if says_nothing {
        context.report(Diagnostic::new(
            "does-nothing",
            place(file, &document.metadata.name.at),
            format!("the policy `{name}` does nothing"),
            "no grant, denial, mask, filter or other rule",
        ));
    }
    if let (Some(at), Some(Domain { central: false, place: domain, .. })) = (central, domain) {
        context.report(
            Diagnostic::new(
                "not-central",
                place(file, at),
                "only a central domain can say who acts as another user, who sets session properties, who sees system \
                 information, and who grants roles",
                format!("not in the domain `{}`", document.metadata.domain.value),
            )
            .maybe_other(domain.clone(), "this domain is not central")
            .help("move it to a policy of a domain with `central: true`"),
        );
    }
}
