//! Access policies → rules.

use super::domains::{Domain, Domains};
use super::objects::{Written, catalogs, pattern, schemas, sql_roles, tables};
use super::principals::{Audience, Principals};
use super::section::Section;
use super::tags::Tags;
use super::validity::{Terms, terms};
use super::{Context, Mark, place};
use crate::policy::PolicyRef;
use crate::policy::diagnostics::{Diagnostic, Place};
use crate::policy::document::{AccessPolicyDocument, AccessPolicySpec, At, Bytes, Documents, Functions, Procedures};
use crate::policy::index::TablePattern;
use crate::policy::rule::Object;
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

/// The objects of a document, by their sort; those that it does not name are not there.
pub(super) struct Named<'a> {
    pub(super) tables: &'a [At<crate::policy::document::Tables>],
    pub(super) functions: &'a [At<Functions>],
    pub(super) procedures: &'a [At<Procedures>],
    pub(super) schemas: &'a [At<crate::policy::document::Schemas>],
    pub(super) catalogs: &'a [At<crate::policy::document::Catalogs>],
    pub(super) sql_roles: &'a [At<String>],
}

impl Named<'_> {
    /// Where the first of each sort stands, with the name of the field.
    fn firsts(&self) -> impl Iterator<Item = (Object, &'static str, &Bytes)> {
        [
            (Object::Table, "tables", self.tables.first().map(|first| &first.at)),
            (Object::Function, "functions", self.functions.first().map(|first| &first.at)),
            (Object::Procedure, "procedures", self.procedures.first().map(|first| &first.at)),
            (Object::Schema, "schemas", self.schemas.first().map(|first| &first.at)),
            (Object::Catalog, "catalogs", self.catalogs.first().map(|first| &first.at)),
            (Object::Role, "sqlRoles", self.sql_roles.first().map(|first| &first.at)),
        ]
        .into_iter()
        .filter_map(|(object, field, at)| Some((object, field, at?)))
    }

    /// Their patterns.
    pub(super) fn patterns(
        &self,
        file: usize,
        owner: &str,
        domain: Option<&Domain>,
        tags: &Tags,
        context: &mut Context<'_>,
    ) -> BTreeMap<Object, Arc<[TablePattern]>> {
        let mut found = BTreeMap::new();
        for (object, _, _) in self.firsts() {
            let Some(domain) = domain else {
                found.insert(object, Arc::default());
                continue;
            };
            let patterns = match object {
                Object::Table => tables(file, self.tables, owner, domain, tags, context),
                Object::Function => {
                    let written = self.functions.iter().map(|At { at, value }| Written {
                        at,
                        catalog: value.catalog.as_ref(),
                        schema: value.schema.as_ref(),
                        object: &value.function,
                    });
                    written.filter_map(|written| pattern(file, &written, owner, domain, context)).collect()
                }
                Object::Procedure => {
                    let written = self.procedures.iter().map(|At { at, value }| Written {
                        at,
                        catalog: value.catalog.as_ref(),
                        schema: value.schema.as_ref(),
                        object: &value.procedure,
                    });
                    written.filter_map(|written| pattern(file, &written, owner, domain, context)).collect()
                }
                Object::Schema => schemas(file, self.schemas, owner, domain, context),
                Object::Catalog => catalogs(file, self.catalogs, domain, context),
                Object::Role => sql_roles(file, self.sql_roles, context),
            };
            found.insert(object, patterns);
        }
        found
    }

    /// Says so where no rule since `before` is about the objects of a sort; a rule that is wrong may have been.
    pub(super) fn check_used(&self, file: usize, before: Mark, context: &mut Context<'_>) {
        if context.problems.len() > before.problems {
            return;
        }
        let used: Vec<Object> = context.drafts.iter().skip(before.drafts).map(|draft| draft.effect.of()).collect();
        for (object, field, at) in self.firsts() {
            if used.contains(&object) {
                continue;
            }
            let help = match object {
                Object::Table => "add `grants`, `denies`, `masks` or `filters` to `spec`",
                Object::Function | Object::Procedure => "add a grant of `execute` to `spec`",
                Object::Schema | Object::Catalog | Object::Role => "add `grants` or `denies` to `spec`",
            };
            context.report(
                Diagnostic::new(
                    "does-nothing",
                    place(file, at),
                    format!("nothing is said about these {field}"),
                    "no rule is about them",
                )
                .help(help),
            );
        }
    }
}

/// Says so where a mask or filter has no tables.
pub(super) fn check_tables(file: usize, tables: bool, rule: Option<&Bytes>, context: &mut Context<'_>) {
    if let (false, Some(at)) = (tables, rule) {
        context.report(
            Diagnostic::new("missing-field", place(file, at), "of which tables?", "this rule needs `tables`")
                .help("add `tables: [{catalog: …, schema: …, table: …}]` to `spec`"),
        );
    }
}

pub(super) fn compile(
    documents: &Documents,
    domains: &Domains<'_>,
    principals: &Principals,
    tags: &Tags,
    context: &mut Context<'_>,
) -> Central {
    let mut central = Central::default();
    let mut names = BTreeMap::<String, Place>::new();
    for (file, document) in &documents.policies {
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
        check_parts(file, &name, document, domain, context);
        let objects = named.patterns(file, &metadata.domain.value, domain, tags, context);
        let section = Section { file, name, domain, guardrail: None, objects, principals, tags };
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
            audience: principals.audience(file, Some(&rule.to), None, context),
            terms: terms(file, rule.validity.as_ref(), rule.when.as_ref(), context),
            names: texts(&rule.users.value),
            except: texts(&rule.except_users),
        });
    }
    for At { at, value: rule } in &spec.session_properties {
        if rule.properties.value.is_empty() {
            context.empty(file, &rule.properties.at);
        }
        for property in &rule.properties.value {
            context.check_text(file, property, "a property's name");
        }
        central.properties.push(NameDraft {
            at: at.start,
            policy: context.policy_ref(file, &section.name, at),
            audience: principals.audience(file, Some(&rule.to), None, context),
            terms: terms(file, rule.validity.as_ref(), rule.when.as_ref(), context),
            names: rule.properties.value.iter().map(|name| name.value.to_lowercase()).collect(),
            except: Vec::new(),
        });
    }
    for At { at, value: rule } in &spec.system_information {
        central.system_information.push(NameDraft {
            at: at.start,
            policy: context.policy_ref(file, &section.name, at),
            audience: principals.audience(file, Some(&rule.to), None, context),
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
