//! Access policies → rules.

use super::columns::{column, columns};
use super::domains::{Domain, Domains};
use super::expression::{Usage, expression};
use super::principals::Principals;
use super::{Context, Reach, place};
use crate::policy::diagnostics::{Diagnostic, Place};
use crate::policy::document::{AccessPolicyDocument, At, Bytes, Documents, Grant, PrivilegeWord, Tables};
use crate::policy::index::TablePattern;
use crate::policy::snapshot::{Effect, NameRule, Rule};
use crate::policy::{Filter, Mask, Privilege};
use compact_str::CompactString;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// All rules, each with its place in its policy.
#[derive(Default)]
pub(super) struct Compiled {
    pub(super) rules: Vec<(usize, Rule)>,
    pub(super) impersonation: Vec<(usize, NameRule)>,
    pub(super) properties: Vec<(usize, NameRule)>,
}

pub(super) fn compile(
    documents: &Documents,
    domains: &Domains<'_>,
    principals: &Principals,
    context: &mut Context<'_>,
) -> Compiled {
    let mut compiled = Compiled::default();
    let mut names = BTreeMap::<String, Place>::new();
    for (file, document) in &documents.policies {
        let metadata = &document.metadata;
        context.check_document_name(*file, &metadata.name);
        let name = format!("{}/{}", metadata.domain.value, metadata.name.value);
        let here = place(*file, &metadata.name.at);
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
        let domain = domains.get(*file, &metadata.domain, context);
        Policy { file: *file, name, document, domain, principals }.compile(&mut compiled, context);
    }
    compiled
}

/// One policy on its way to rules.
struct Policy<'a> {
    file: usize,
    name: String,
    document: &'a AccessPolicyDocument,
    /// `None` where it is not known; that has been reported.
    domain: Option<&'a Domain>,
    principals: &'a Principals,
}

impl Policy<'_> {
    fn compile(&self, compiled: &mut Compiled, context: &mut Context<'_>) {
        let spec = &self.document.spec;
        let tables: Arc<[TablePattern]> =
            spec.tables.iter().filter_map(|tables| self.tables(tables, context)).collect();
        self.check_parts(context);
        let mut rules = Vec::new();
        for grant in &spec.grants {
            let reach = self.principals.reach(self.file, Some(&grant.value.to), None, context);
            rules.push((&grant.at, reach, self.grant(&grant.value, context)));
        }
        for rule in &spec.masks {
            let mask = &rule.value;
            let reach = self.principals.reach(self.file, mask.to.as_ref(), mask.except.as_ref(), context);
            column(self.file, &mask.column, context);
            let usage = Usage::Mask { column: &mask.column.value };
            if let Some((text, expr)) = expression(self.file, &mask.expression, usage, context) {
                let policy = context.policy_ref(self.file, &self.name, &rule.at);
                let column = CompactString::from(&mask.column.value).to_lowercase();
                let mask = Effect::Mask { column, priority: mask.priority, mask: Mask { text, expr, policy } };
                rules.push((&rule.at, reach, mask));
            }
        }
        for rule in &spec.filters {
            let filter = &rule.value;
            let reach = self.principals.reach(self.file, filter.to.as_ref(), filter.except.as_ref(), context);
            if let Some((text, expr)) = expression(self.file, &filter.expression, Usage::Filter, context) {
                let policy = context.policy_ref(self.file, &self.name, &rule.at);
                rules.push((&rule.at, reach, Effect::Filter(Filter { text, expr, policy })));
            }
        }
        for (place, (at, Reach { to, except }, effect)) in rules.into_iter().enumerate() {
            let policy = context.policy_ref(self.file, &self.name, at);
            compiled.rules.push((place, Rule { policy, tables: tables.clone(), to, except, effect }));
        }
        for (place, rule) in spec.impersonate.iter().enumerate() {
            let who = self.principals.who(self.file, &rule.value.to, context);
            if rule.value.users.value.is_empty() {
                self.empty(&rule.value.users.at, context);
            }
            for user in rule.value.users.value.iter().chain(&rule.value.except_users) {
                context.check_text(self.file, user, "a user's name");
            }
            let names = rule.value.users.value.iter().map(|user| user.value.clone()).collect();
            let except = rule.value.except_users.iter().map(|user| user.value.clone()).collect();
            let policy = context.policy_ref(self.file, &self.name, &rule.at);
            compiled.impersonation.push((place, NameRule { policy, to: who, names, except }));
        }
        for (place, rule) in spec.session_properties.iter().enumerate() {
            let who = self.principals.who(self.file, &rule.value.to, context);
            if rule.value.properties.value.is_empty() {
                self.empty(&rule.value.properties.at, context);
            }
            for property in &rule.value.properties.value {
                context.check_text(self.file, property, "a property's name");
            }
            let names = rule.value.properties.value.iter().map(|name| name.value.to_lowercase()).collect();
            let policy = context.policy_ref(self.file, &self.name, &rule.at);
            compiled.properties.push((place, NameRule { policy, to: who, names, except: Vec::new() }));
        }
    }

    fn empty(&self, at: &Bytes, context: &mut Context<'_>) {
        context.report(Diagnostic::new("does-nothing", place(self.file, at), "nothing is named", "an empty list"));
    }

    /// Whether the parts of the policy go together.
    fn check_parts(&self, context: &mut Context<'_>) {
        let spec = &self.document.spec;
        let name = &self.document.metadata.name;
        let about_tables = [spec.grants.first().map(|rule| &rule.at), spec.masks.first().map(|rule| &rule.at)]
            .into_iter()
            .chain([spec.filters.first().map(|rule| &rule.at)])
            .flatten()
            .next();
        let central = [spec.impersonate.first().map(|rule| &rule.at)]
            .into_iter()
            .chain([spec.session_properties.first().map(|rule| &rule.at)])
            .flatten()
            .next();
        match (spec.tables.first(), about_tables) {
            (None, Some(at)) => context.report(
                Diagnostic::new("missing-tables", place(self.file, at), "of which tables?", "this rule needs `tables`")
                    .help("add `tables: [{catalog: …, schema: …, table: …}]` to `spec`"),
            ),
            (Some(tables), None) => context.report(
                Diagnostic::new(
                    "does-nothing",
                    place(self.file, &tables.at),
                    "nothing is said about these tables",
                    "no grant, mask or filter",
                )
                .help("add `grants`, `masks` or `filters` to `spec`"),
            ),
            (None, None) if central.is_none() => context.report(Diagnostic::new(
                "does-nothing",
                place(self.file, &name.at),
                format!("the policy `{}` does nothing", self.name),
                "no grant, mask, filter or other rule",
            )),
            _ => {}
        }
        if let (Some(at), Some(Domain { central: false, place: domain, .. })) = (central, self.domain) {
            context.report(
                Diagnostic::new(
                    "not-central",
                    place(self.file, at),
                    "only a central domain can say who acts as another user and who sets session properties",
                    format!("not in the domain `{}`", self.document.metadata.domain.value),
                )
                .other(domain.clone(), "this domain is not central")
                .help("move it to a policy of a domain with `central: true`"),
            );
        }
    }

    /// A pattern, with what the domain lets it leave out, if the domain may speak of it.
    fn tables(&self, tables: &At<Tables>, context: &mut Context<'_>) -> Option<TablePattern> {
        let Tables { catalog, schema, table } = &tables.value;
        let domain = self.domain?;
        let mut part = |name: Option<&At<String>>, default: Option<&CompactString>, what: &str| match name {
            Some(name) => {
                context.check_text(self.file, name, &format!("a {what}'s name"));
                Some(CompactString::from(&name.value).to_lowercase())
            }
            None if default.is_some() => default.cloned(),
            None => {
                context.report(
                    Diagnostic::new(
                        "missing-field",
                        place(self.file, &tables.at),
                        format!("`{what}` is missing"),
                        "of which tables?",
                    )
                    .help(format!(
                        "it can only be left out where the domain owns exactly one {what}; `{}` owns {}",
                        self.document.metadata.domain.value,
                        if domain.central { "everything".to_owned() } else { domain.owned() }
                    )),
                );
                None
            }
        };
        let catalog = part(catalog.as_ref(), domain.only_catalog(), "catalog");
        let schema = part(schema.as_ref(), domain.only_schema(), "schema");
        let table = part(Some(table), None, "table");
        let pattern = TablePattern { catalog: catalog?, schema: schema?, table: table? };
        if !domain.may_speak_of(&pattern) {
            let owner = &self.document.metadata.domain.value;
            context.report(
                Diagnostic::new(
                    "not-owned",
                    place(self.file, &tables.at),
                    format!(
                        "the domain `{owner}` does not own `{}.{}.{}`",
                        pattern.catalog, pattern.schema, pattern.table
                    ),
                    "outside of the domain",
                )
                .other(domain.place.clone(), format!("owns {}", domain.owned()))
                .help("a policy can only speak about what its domain owns"),
            );
        }
        Some(pattern)
    }

    fn grant(&self, grant: &Grant, context: &mut Context<'_>) -> Effect {
        let mut privileges = BTreeSet::new();
        for word in &grant.privileges.value {
            let one = match word.value {
                PrivilegeWord::All => {
                    privileges.extend(OF_TABLES);
                    continue;
                }
                PrivilegeWord::Select => Privilege::Select,
                PrivilegeWord::Insert => Privilege::Insert,
                PrivilegeWord::Delete => Privilege::Delete,
                PrivilegeWord::Update => Privilege::Update,
                PrivilegeWord::Create => Privilege::Create,
                PrivilegeWord::Drop => Privilege::Drop,
                PrivilegeWord::Alter => Privilege::Alter,
                PrivilegeWord::Show => Privilege::Show,
            };
            privileges.insert(one);
        }
        if privileges.is_empty() {
            self.empty(&grant.privileges.at, context);
        }
        if let Some(selection) = &grant.columns
            && let Some(word) = grant
                .privileges
                .value
                .iter()
                .find(|word| !matches!(word.value, PrivilegeWord::Select | PrivilegeWord::Show))
        {
            context.report(
                Diagnostic::new(
                    "bad-columns",
                    place(self.file, &word.at),
                    "a grant of some columns can only give `select` and `show`",
                    "is of the whole table",
                )
                .other(place(self.file, &selection.at), "the columns")
                .help("give it by a grant of its own"),
            );
        }
        Effect::Grant { privileges, columns: columns(self.file, grant.columns.as_ref(), context) }
    }
}

/// What `all` stands for.
const OF_TABLES: [Privilege; 8] = [
    Privilege::Select,
    Privilege::Insert,
    Privilege::Delete,
    Privilege::Update,
    Privilege::Create,
    Privilege::Drop,
    Privilege::Alter,
    Privilege::Show,
];
