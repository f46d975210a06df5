//! The objects that a document names, and those that it leaves out of them.

use super::domains::Domain;
use super::objects::{Written, catalogs, pattern, schemas, sql_roles, tables};
use super::section::Section;
use super::tags::Tags;
use super::{Context, Mark, place};
use crate::policy::diagnostics::Diagnostic;
use crate::policy::document::{At, Bytes, Catalogs, Functions, Procedures, Schemas, Tables};
use crate::policy::index::TablePattern;
use crate::policy::rule::Object;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The objects of a document, by their sort; those that it does not name are not there.
#[derive(Default)]
pub(super) struct Named<'a> {
    pub(super) tables: &'a [At<Tables>],
    pub(super) functions: &'a [At<Functions>],
    pub(super) procedures: &'a [At<Procedures>],
    pub(super) schemas: &'a [At<Schemas>],
    pub(super) catalogs: &'a [At<Catalogs>],
    pub(super) sql_roles: &'a [At<String>],
}

impl Named<'_> {
    /// Each by itself.
    fn each(&self) -> impl Iterator<Item = Named<'_>> {
        let tables = self.tables.chunks(1).map(|tables| Named { tables, ..Named::default() });
        let functions = self.functions.chunks(1).map(|functions| Named { functions, ..Named::default() });
        let procedures = self.procedures.chunks(1).map(|procedures| Named { procedures, ..Named::default() });
        let schemas = self.schemas.chunks(1).map(|schemas| Named { schemas, ..Named::default() });
        let catalogs = self.catalogs.chunks(1).map(|catalogs| Named { catalogs, ..Named::default() });
        tables.chain(functions).chain(procedures).chain(schemas).chain(catalogs)
    }

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

    /// Their patterns, as those of `objects` that a policy is not about. Says so where one of them takes nothing out, or
    /// all of them leave nothing.
    pub(super) fn left_out(
        &self,
        section: &Section<'_>,
        owner: &str,
        before: Mark,
        context: &mut Context<'_>,
    ) -> BTreeMap<Object, Arc<[TablePattern]>> {
        let Section { file, domain, ref objects, tags, .. } = *section;
        let broken = context.problems.len() > before.problems;
        let mut found = BTreeMap::<Object, Vec<TablePattern>>::new();
        for one in self.each() {
            let by_tag = one.tables.iter().any(|tables| tables.value.tag.is_some());
            let problems = context.problems.len();
            let all = one.patterns(file, owner, domain, tags, context);
            let fine = !broken && context.problems.len() == problems;
            for ((object, patterns), (_, field, at)) in all.into_iter().zip(one.firsts()) {
                let of = objects.get(&object).map_or(&[][..], |patterns| &**patterns);
                let out = found.entry(object).or_default();
                out.extend(patterns.iter().cloned());
                let idle = !patterns.iter().any(|pattern| of.iter().any(|other| other.may_meet(pattern)));
                let nothing_left = of.iter().all(|pattern| out.iter().any(|out| out.covers(pattern)));
                let problem = if idle && !by_tag {
                    let message = format!("nothing of these {field} is in `{field}`");
                    Diagnostic::new("does-nothing", place(file, at), message, "the policy is not about it anyway")
                        .help("mend the name, or leave it out")
                } else if nothing_left && !of.is_empty() {
                    let message = format!("the policy is about none of its {field}");
                    Diagnostic::new("never-applies", place(file, at), message, "takes out the last of them")
                        .help("leave the policy out")
                } else {
                    continue;
                };
                if fine {
                    context.report(problem);
                }
            }
        }
        found.into_iter().map(|(object, patterns)| (object, patterns.into())).collect()
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
