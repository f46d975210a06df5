//! The tables and functions that a policy is about.

use super::domains::Domain;
use super::tags::Tags;
use super::{Context, place};
use crate::policy::diagnostics::{Diagnostic, Place};
use crate::policy::document::{At, Bytes, Catalogs, Schemas, Tables};
use crate::policy::index::TablePattern;
use compact_str::CompactString;
use std::sync::Arc;

/// A name of three parts as it is written in a policy, where two may be left out.
pub(super) struct Written<'a> {
    pub(super) at: &'a Bytes,
    pub(super) catalog: Option<&'a At<String>>,
    pub(super) schema: Option<&'a At<String>>,
    pub(super) object: &'a At<String>,
}

/// The pattern, with what the domain lets it leave out. What is wrong with it, or not the domain's, is reported.
pub(super) fn pattern(
    file: usize,
    written: &Written<'_>,
    owner: &str,
    domain: &Domain,
    context: &mut Context<'_>,
) -> Option<TablePattern> {
    let mut part = |name: Option<&At<String>>, default: Option<&CompactString>, what: &str| match (name, default) {
        (Some(name), _) => {
            context.check_text(file, name, &format!("the name of a {what}"));
            Some(CompactString::from(&name.value).to_lowercase())
        }
        (None, Some(default)) => Some(default.clone()),
        (None, None) => {
            let owned = if domain.central { "everything".to_owned() } else { domain.owned() };
            context.report(
                Diagnostic::new(
                    "missing-field",
                    place(file, written.at),
                    format!("`{what}` is missing"),
                    format!("in which {what}?"),
                )
                .help(format!(
                    "it can only be left out where the domain owns exactly one {what}; `{owner}` owns {owned}"
                )),
            );
            None
        }
    };
    let catalog = part(written.catalog, domain.only_catalog(), "catalog");
    let schema = part(written.schema, domain.only_schema(), "schema");
    let table = part(Some(written.object), None, "table");
    let pattern = TablePattern { catalog: catalog?, schema: schema?, table: table? };
    owned(file, written.at, &pattern, domain, context);
    Some(pattern)
}

/// Says so if a pattern is not of what the domain owns.
fn owned(file: usize, at: &Bytes, pattern: &TablePattern, domain: &Domain, context: &mut Context<'_>) {
    if !domain.may_speak_of(pattern) {
        context.report(domain.not_owned(place(file, at), pattern));
    }
}

/// The tables of two patterns; reported where that can't be told.
pub(super) fn meet(
    here: Place,
    one: &TablePattern,
    other: &TablePattern,
    context: &mut Context<'_>,
) -> Option<TablePattern> {
    one.meet(other).unwrap_or_else(|(part, another)| {
        context.report(
            Diagnostic::new(
                "bad-pattern",
                here,
                format!("it can't be told which names are of `{part}` and of `{another}` too"),
                format!("`{}` and `{}` have to be brought together", one.shown(), other.shown()),
            )
            .help("write simpler patterns, with a `*` at one end"),
        );
        None
    })
}

/// What tables are named, and which of them a tag leaves.
pub(super) fn tables(
    file: usize,
    list: &[At<Tables>],
    owner: &str,
    domain: &Domain,
    tags: &Tags,
    context: &mut Context<'_>,
) -> Arc<[TablePattern]> {
    let mut found = Vec::new();
    for At { at, value: Tables { catalog, schema, table, tag } } in list {
        match (table, tag) {
            (Some(table), None) => {
                let written = Written { at, catalog: catalog.as_ref(), schema: schema.as_ref(), object: table };
                found.extend(pattern(file, &written, owner, domain, context));
            }
            (None, None) => context.report(
                Diagnostic::new("missing-field", place(file, at), "`table` is missing", "which tables?")
                    .help("name a table or a pattern, or a `tag`"),
            ),
            (_, Some(tag)) => {
                let any = || CompactString::const_new("*");
                let mut name = |name: Option<&At<String>>, what: &str| match name {
                    Some(name) => {
                        context.check_text(file, name, &format!("the name of a {what}"));
                        CompactString::from(&name.value).to_lowercase()
                    }
                    None => any(),
                };
                let catalog = name(catalog.as_ref(), "catalog");
                let schema = name(schema.as_ref(), "schema");
                let table = name(table.as_ref(), "table");
                let named = TablePattern { catalog, schema, table };
                let all = [TablePattern { catalog: any(), schema: any(), table: any() }];
                let scope = if domain.central { &all[..] } else { &domain.owns };
                for owned in scope {
                    if let Some(within) = meet(place(file, at), owned, &named, context) {
                        found.extend(tags.tables(file, tag, &within, context));
                    }
                }
            }
        }
    }
    found.into()
}

/// Schemas, as names of two parts.
pub(super) fn schemas(
    file: usize,
    list: &[At<Schemas>],
    owner: &str,
    domain: &Domain,
    context: &mut Context<'_>,
) -> Arc<[TablePattern]> {
    let all = At { at: 0..0, value: "*".to_owned() };
    let mut found = Vec::new();
    for At { at, value: Schemas { catalog, schema } } in list {
        // All tables of the schema have to be the domain's.
        let written = Written { at, catalog: catalog.as_ref(), schema: Some(schema), object: &all };
        let whole = pattern(file, &written, owner, domain, context);
        found.extend(whole.map(|whole| TablePattern { table: CompactString::default(), ..whole }));
    }
    found.into()
}

/// Catalogs, as names of one part.
pub(super) fn catalogs(
    file: usize,
    list: &[At<Catalogs>],
    domain: &Domain,
    context: &mut Context<'_>,
) -> Arc<[TablePattern]> {
    let mut found = Vec::new();
    for At { at, value: Catalogs { catalog } } in list {
        context.check_text(file, catalog, "the name of a catalog");
        let any = CompactString::const_new("*");
        let catalog = CompactString::from(&catalog.value).to_lowercase();
        owned(file, at, &TablePattern { catalog: catalog.clone(), schema: any.clone(), table: any }, domain, context);
        found.push(one_part(catalog));
    }
    found.into()
}

/// Roles of Trino, as names of one part.
pub(super) fn sql_roles(file: usize, list: &[At<String>], context: &mut Context<'_>) -> Arc<[TablePattern]> {
    let mut found = Vec::new();
    for role in list {
        context.check_text(file, role, "a role's name");
        found.push(one_part(CompactString::from(&role.value).to_lowercase()));
    }
    found.into()
}

fn one_part(name: CompactString) -> TablePattern {
    TablePattern { catalog: name, schema: CompactString::default(), table: CompactString::default() }
}
