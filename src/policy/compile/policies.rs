//! Access policies → rules.

use super::domains::{Domain, Domains};
use super::expression::{Read, Usage, expression};
use super::grants::{column, granted};
use super::objects::{Written, pattern};
use super::principals::Principals;
use super::{Context, Reach, place};
use crate::policy::diagnostics::{Diagnostic, Place};
use crate::policy::document::{AccessPolicyDocument, AccessPolicySpec, At, Bytes, Documents, PrivilegeWord};
use crate::policy::index::TablePattern;
use crate::policy::snapshot::{Effect, NameRule, Rule};
use crate::policy::{Columns, Filter, Mask, Privilege};
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
        self.check_parts(context);
        let tables = spec.tables.iter().map(|At { at, value }| Written {
            at,
            catalog: value.catalog.as_ref(),
            schema: value.schema.as_ref(),
            object: &value.table,
        });
        let tables = self.objects(tables, context);
        let functions = spec.functions.iter().map(|At { at, value }| Written {
            at,
            catalog: value.catalog.as_ref(),
            schema: value.schema.as_ref(),
            object: &value.function,
        });
        let functions = self.objects(functions, context);
        let mut add =
            |at: &Bytes, objects: &Arc<[TablePattern]>, reach: Reach, effect: Effect, context: &Context<'_>| {
                let policy = context.policy_ref(self.file, &self.name, at);
                let Reach { to, except } = reach;
                compiled.rules.push((at.start, Rule { policy, objects: objects.clone(), to, except, effect }));
            };
        for At { at, value: grant } in &spec.grants {
            let reach = self.principals.reach(self.file, Some(&grant.to), None, context);
            let granted = granted(self.file, grant, context);
            if granted.execute {
                let privileges = BTreeSet::from([Privilege::Execute]);
                add(at, &functions, reach.clone(), Effect::Grant { privileges, columns: Columns::All }, context);
            }
            if !granted.tables.is_empty() {
                add(
                    at,
                    &tables,
                    reach,
                    Effect::Grant { privileges: granted.tables, columns: granted.columns },
                    context,
                );
            }
        }
        for At { at, value: mask } in &spec.masks {
            let reach = self.principals.reach(self.file, mask.to.as_ref(), mask.except.as_ref(), context);
            column(self.file, &mask.column, context);
            let usage = Usage::Mask { column: &mask.column.value };
            if let Some(Read { text, expr, grammars }) =
                expression(self.file, &mask.expression, usage, self.domain, context)
            {
                let policy = context.policy_ref(self.file, &self.name, at);
                let column = CompactString::from(&mask.column.value).to_lowercase();
                let priority = mask.priority;
                add(
                    at,
                    &tables,
                    reach,
                    Effect::Mask { column, priority, mask: Mask { text, expr, grammars, policy } },
                    context,
                );
            }
        }
        for At { at, value: filter } in &spec.filters {
            let reach = self.principals.reach(self.file, filter.to.as_ref(), filter.except.as_ref(), context);
            if let Some(Read { text, expr, grammars }) =
                expression(self.file, &filter.expression, Usage::Filter, self.domain, context)
            {
                let policy = context.policy_ref(self.file, &self.name, at);
                add(at, &tables, reach, Effect::Filter(Filter { text, expr, grammars, policy }), context);
            }
        }
        self.central_rules(compiled, context);
    }

    /// Impersonation and session properties.
    fn central_rules(&self, compiled: &mut Compiled, context: &mut Context<'_>) {
        let spec = &self.document.spec;
        for At { at, value: rule } in &spec.impersonate {
            let to = self.principals.who(self.file, &rule.to, context);
            if rule.users.value.is_empty() {
                context.empty(self.file, &rule.users.at);
            }
            for user in rule.users.value.iter().chain(&rule.except_users) {
                context.check_text(self.file, user, "a user's name");
            }
            let names = rule.users.value.iter().map(|user| user.value.clone()).collect();
            let except = rule.except_users.iter().map(|user| user.value.clone()).collect();
            let policy = context.policy_ref(self.file, &self.name, at);
            compiled.impersonation.push((at.start, NameRule { policy, to, names, except }));
        }
        for At { at, value: rule } in &spec.session_properties {
            let to = self.principals.who(self.file, &rule.to, context);
            if rule.properties.value.is_empty() {
                context.empty(self.file, &rule.properties.at);
            }
            for property in &rule.properties.value {
                context.check_text(self.file, property, "a property's name");
            }
            let names = rule.properties.value.iter().map(|name| name.value.to_lowercase()).collect();
            let policy = context.policy_ref(self.file, &self.name, at);
            compiled.properties.push((at.start, NameRule { policy, to, names, except: Vec::new() }));
        }
    }

    /// The patterns of some tables or functions.
    fn objects<'w>(
        &self,
        written: impl Iterator<Item = Written<'w>>,
        context: &mut Context<'_>,
    ) -> Arc<[TablePattern]> {
        let owner = &self.document.metadata.domain.value;
        let Some(domain) = self.domain else { return Arc::default() };
        written.filter_map(|written| pattern(self.file, &written, owner, domain, context)).collect()
    }

    /// Whether the parts of the policy go together.
    fn check_parts(&self, context: &mut Context<'_>) {
        let spec = &self.document.spec;
        let parts = Parts::of(spec);
        let lack = |at: &Bytes, field: &str, context: &mut Context<'_>| {
            let thing = field.trim_end_matches('s');
            context.report(
                Diagnostic::new(
                    "missing-field",
                    place(self.file, at),
                    format!("of which {field}?"),
                    format!("this rule needs `{field}`"),
                )
                .help(format!("add `{field}: [{{catalog: …, schema: …, {thing}: …}}]` to `spec`")),
            );
        };
        let idle = |at: &Bytes, field: &str, help: &str, context: &mut Context<'_>| {
            context.report(
                Diagnostic::new(
                    "does-nothing",
                    place(self.file, at),
                    format!("nothing is said about these {field}"),
                    "no rule is about them",
                )
                .help(help),
            );
        };
        match (spec.tables.first(), parts.about_tables) {
            (None, Some(at)) => lack(at, "tables", context),
            (Some(tables), None) => {
                idle(&tables.at, "tables", "add `grants`, `masks` or `filters` to `spec`", context);
            }
            _ => {}
        }
        match (spec.functions.first(), parts.about_functions) {
            (None, Some(at)) => lack(at, "functions", context),
            (Some(functions), None) => {
                idle(&functions.at, "functions", "add a grant of `execute` to `spec`", context);
            }
            _ => {}
        }
        let says_nothing = parts.about_tables.or(parts.about_functions).or(parts.central).is_none();
        if says_nothing && spec.tables.is_empty() && spec.functions.is_empty() {
            context.report(Diagnostic::new(
                "does-nothing",
                place(self.file, &self.document.metadata.name.at),
                format!("the policy `{}` does nothing", self.name),
                "no grant, mask, filter or other rule",
            ));
        }
        if let (Some(at), Some(Domain { central: false, place: domain, .. })) = (parts.central, self.domain) {
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
}

/// Where the first rule of each sort stands.
struct Parts<'a> {
    about_tables: Option<&'a Bytes>,
    about_functions: Option<&'a Bytes>,
    central: Option<&'a Bytes>,
}

impl<'a> Parts<'a> {
    fn of(spec: &'a AccessPolicySpec) -> Parts<'a> {
        let gives = |execute: bool| {
            let of_that_sort = move |word: &At<PrivilegeWord>| (word.value == PrivilegeWord::Execute) == execute;
            let mut grants = spec.grants.iter();
            grants.find(|grant| grant.value.privileges.value.iter().any(of_that_sort)).map(|grant| &grant.at)
        };
        Parts {
            about_tables: gives(false)
                .or(spec.masks.first().map(|rule| &rule.at))
                .or(spec.filters.first().map(|rule| &rule.at)),
            about_functions: gives(true),
            central: (spec.impersonate.first().map(|rule| &rule.at))
                .or(spec.session_properties.first().map(|rule| &rule.at)),
        }
    }
}
