//! The proof that a query is a guard: it reads one restricted table, and gives of it what the policy allows.
//!
//! Two forms, both without anything else in them:
//! - plain: `SELECT item, … FROM "c"."s"."t" "a" WHERE filters`
//! - guarded: `SELECT IF("ok", "col") AS "col", … FROM (SELECT item, …, (filters) AS "ok" FROM "c"."s"."t" "a") "b" WHERE "ok" LIMIT n`,
//!   for an `n` that no table has rows for
//!
//! Each name in a guard is found in the guard itself, wherever it stands: the table has three parts, so no named query
//! takes its place; each of its columns is qualified by the alias of the guard's only relation and exists in it, and Trino
//! looks there first. The columns of the select within stand in the guard itself, so their names alone are certain.

use super::Unproved;
use super::known::{self, Hides};
use super::metadata::Metadata;
use super::own_rules;
use super::residue;
use super::same::Same;
use super::same_names::Source;
use super::shape::{is_column, is_limited, is_own_column, is_shown_column, shape};
use super::standing::Standing;
use super::walk::Walk;
use crate::catalog::table::{Column, Table};
use crate::names::TableName;
use crate::policy::TableAccess;
use crate::rewrite::relations::Relations;
use crate::sql::ast::{DataType, Expr, ExprKind, LogicalOperator, Query, Relation, Select, SelectItem, TableReference};
use crate::sql::visit::Visit;
use crate::sql::{Identifier, QualifiedName};
use compact_str::CompactString;
use std::rc::Rc;

/// Whether a query is a guard; then it is proved.
pub(super) fn met(walk: &mut Walk<'_>, query: &Query) -> Result<bool, Unproved> {
    if !walk.views.is_empty() || walk.kept.is_some() || walk.survey {
        return Ok(false);
    }
    let Some((select, relation, alias, columns)) = shape(query) else { return Ok(false) };
    if let Some(text) = of_view(walk, select, relation, alias, columns, query) {
        walk.query(text)?;
        return Ok(true);
    }
    if !columns.is_empty() {
        return Ok(false);
    }
    match relation {
        Relation::Table(reference) if query.limit.is_none() => {
            let Some(guarded) = Guarded::find(walk, reference, alias)? else { return Ok(false) };
            guarded.plain(walk, select)?;
            let condition = select.filter.as_ref();
            note(walk, &guarded, &Parts { query, select, reference, condition }, true)?;
            Ok(true)
        }
        Relation::Subquery { span: _, query: within } if is_limited(walk.text, query) && within.limit.is_none() => {
            let Some((inner, Relation::Table(reference), inner_alias, [])) = shape(within) else { return Ok(false) };
            let Some(guarded) = Guarded::find(walk, reference, inner_alias)? else { return Ok(false) };
            // A user's own query around a plain guard has this shape too; then the inner query is proved by itself.
            if guarded.two_level(walk, select, alias, inner).is_err() {
                return Ok(false);
            }
            let parts = Parts { query, select: inner, reference, condition: condition_of(inner) };
            note(walk, &guarded, &parts, false)?;
            Ok(true)
        }
        _ => Ok(false),
    }
}

/// The text of a view in a guard of its own; the guard is proved, and the text is not. Several views may have the same
/// columns and rules, so each that it can be a guard of is noted.
fn of_view<'q>(
    walk: &mut Walk<'_>,
    select: &'q Select,
    relation: &'q Relation,
    alias: &'q Identifier,
    columns: &'q [Identifier],
    query: &Query,
) -> Option<&'q Query> {
    let Relation::Subquery { span: _, query: within } = relation else { return None };
    let (text, table, columns, inner) = match shape(within) {
        _ if !columns.is_empty() => (within.as_ref(), alias, columns, None),
        Some((inner, Relation::Subquery { span: _, query: text }, table, columns)) if !columns.is_empty() => {
            (text.as_ref(), table, columns, Some(inner))
        }
        _ => return None,
    };
    let of_form = match inner {
        None => query.limit.is_none(),
        Some(_) => is_limited(walk.text, query) && within.limit.is_none(),
    };
    if !of_form {
        return None;
    }
    if !table.folded().starts_with(own_rules::ALIAS) {
        return None;
    }
    let mut proved: Vec<Guarded<'_>> = Vec::new();
    for (name, view, access) in own_rules::restricted_views(walk.request) {
        if !view.columns.iter().map(|column| column.name.clone()).eq(columns.iter().map(Identifier::folded)) {
            continue;
        }
        let guarded = Guarded {
            name,
            alias: table,
            rule: Rule::Policy { table: view, access: Rc::new(access), of_owner: false },
        };
        let holds = match inner {
            None => guarded.plain(walk, select),
            Some(inner) => guarded.two_level(walk, select, alias, inner),
        };
        if holds.is_ok() {
            proved.push(guarded);
        }
    }
    let first = proved.first()?;
    hides(walk, first, query, inner.is_none());
    walk.found.view_guards.push(proved.into_iter().map(|guarded| guarded.name).collect());
    Some(text)
}

/// Notes a guard over a table that has been proved; `plain` where it is of the plain form.
fn note(walk: &mut Walk<'_>, guarded: &Guarded<'_>, parts: &Parts<'_>, plain: bool) -> Result<(), Unproved> {
    let hides = hides(walk, guarded, parts.query, plain);
    match (&parts.reference.period, &guarded.rule) {
        (Some(period), _) => walk.period(period),
        (None, Rule::Policy { table, access, of_owner: false }) => {
            known::keep(walk, &guarded.name, guarded.alias, table, access, hides, parts);
            Ok(())
        }
        (None, _) => Ok(()),
    }
}

fn hides(walk: &mut Walk<'_>, guarded: &Guarded<'_>, query: &Query, plain: bool) -> Hides {
    let hides = guarded.hides();
    walk.found.guard(hides, plain);
    // Whatever else is read in a guard is read by a policy's expression, which names it by three parts.
    Visit::query(&mut OfPolicies(&mut walk.found.relations), query);
    hides
}

/// The condition of the guarded form, which stands in parentheses as the last item of the inner select.
fn condition_of(inner: &Select) -> Option<&Expr> {
    match inner.items.last() {
        Some(SelectItem::Expr { expr: Expr { kind: ExprKind::Parenthesized(condition), .. }, .. }) => Some(condition),
        _ => None,
    }
}

/// Notes the tables that a guard names.
struct OfPolicies<'a>(&'a mut Relations);

impl Visit for OfPolicies<'_> {
    fn table_name(&mut self, name: &QualifiedName) {
        if let [catalog, schema, table] = name.parts.as_slice() {
            self.0.add_of_policy(TableName::new(&catalog.value, &schema.value, &table.value));
        }
    }
}

/// What a guard over a table consists of.
pub(super) struct Parts<'q> {
    /// All of it.
    pub(super) query: &'q Query,
    /// What selects from the table.
    pub(super) select: &'q Select,
    /// The table.
    reference: &'q TableReference,
    /// What it takes rows by.
    pub(super) condition: Option<&'q Expr>,
}

/// What a guard must hold.
enum Rule {
    /// `of_owner`: it is a view that hides rows by its own text too.
    Policy {
        table: std::sync::Arc<Table>,
        access: Rc<TableAccess>,
        of_owner: bool,
    },
    Visible(Rc<Metadata>),
}

struct Guarded<'a> {
    name: TableName,
    alias: &'a Identifier,
    rule: Rule,
}

impl<'a> Guarded<'a> {
    /// The restricted table that a relation names, if it is one and is named by three parts.
    fn find(
        walk: &mut Walk<'_>,
        reference: &TableReference,
        alias: &'a Identifier,
    ) -> Result<Option<Guarded<'a>>, Unproved> {
        if reference.name.parts.len() != 3 {
            return Ok(None);
        }
        let name = walk.defaults.table(&reference.name)?;
        let rule = match walk.standing(&name)? {
            Standing::Unrestricted => return Ok(None),
            Standing::Restricted(table, access) => Rule::Policy { table, access, of_owner: false },
            Standing::OfOwner(table, access) => Rule::Policy { table, access, of_owner: true },
            Standing::Metadata(metadata) => Rule::Visible(metadata),
        };
        Ok(Some(Guarded { name, alias, rule }))
    }

    fn unproved(&self, what: impl std::fmt::Display) -> Unproved {
        Unproved::because(format!("guard of {}: {what}", self.name))
    }

    fn plain(&self, walk: &Walk<'_>, select: &Select) -> Result<(), Unproved> {
        self.items(walk, &select.items)?;
        self.filters(walk, select.filter.as_ref())
    }

    fn two_level(
        &self,
        walk: &Walk<'_>,
        outer: &Select,
        outer_alias: &Identifier,
        inner: &Select,
    ) -> Result<(), Unproved> {
        let Some((SelectItem::Expr { span: _, expr: shown, alias: Some(ok) }, items)) = inner.items.split_last() else {
            return Err(self.unproved("no column for the filters"));
        };
        let ok = ok.folded();
        let columns = self.items(walk, items)?;
        if inner.filter.is_some() || columns.contains(&ok) || self.has_column(&ok) {
            return Err(self.unproved("the inner select has more than items"));
        }
        self.filters(walk, Some(shown))?;
        if outer.items.len() != columns.len() {
            return Err(self.unproved("the outer select has other items than the inner one"));
        }
        for (item, column) in outer.items.iter().zip(&columns) {
            let names_itself = matches!(item, SelectItem::Expr { alias: Some(alias), expr, .. }
                if alias.is(column) && is_shown_column(expr, outer_alias, &ok, column));
            if !names_itself {
                return Err(self.unproved(format!("{column} of the outer select is not hidden where the row is")));
            }
        }
        let filtered = outer.filter.as_ref().is_some_and(|filter| is_own_column(filter, outer_alias, &ok));
        if filtered { Ok(()) } else { Err(self.unproved("the outer select does not filter")) }
    }

    /// What it keeps from the user.
    fn hides(&self) -> Hides {
        let Rule::Policy { table, access, of_owner } = &self.rule else {
            return Hides { rows: true, values: true, json: false };
        };
        let rows = access.filters_rows() || *of_owner;
        // A mask of a column that the table does not have hides nothing.
        let mut granted = table.columns.iter().filter(|column| access.allow(&column.name));
        let values = rows || granted.any(|column| !matches!(access.mask(&column.name, &column.data_type), Ok(None)));
        let json = rows && table.columns.iter().any(|column| column.data_type.contains("json"));
        Hides { rows, values, json }
    }

    fn has_column(&self, column: &str) -> bool {
        match &self.rule {
            Rule::Policy { table, .. } => table.columns.iter().any(|other| other.name == column),
            Rule::Visible(_) => false,
        }
    }

    /// Proves each item: a column of the table that is granted, masked if it has a mask, under its own name. Answers
    /// the names.
    fn items(&self, walk: &Walk<'_>, items: &[SelectItem]) -> Result<Vec<CompactString>, Unproved> {
        let mut names: Vec<CompactString> = Vec::with_capacity(items.len());
        for item in items {
            let SelectItem::Expr { span: _, expr, alias } = item else {
                return Err(self.unproved("an item that is no expression"));
            };
            // A column that stands by itself has its own name.
            let name = match (alias, &expr.kind) {
                (Some(alias), _) | (None, ExprKind::Dereference { base: _, field: alias }) => alias.folded(),
                _ => return Err(self.unproved("an item without a name")),
            };
            if names.contains(&name) {
                return Err(self.unproved(format!("{name} stands twice")));
            }
            match &self.rule {
                Rule::Policy { table, access, .. } => self.item(walk, table, access, &name, expr)?,
                Rule::Visible(metadata) => {
                    metadata.item(self.alias, &name, expr).map_err(|reason| self.unproved(reason))?;
                }
            }
            names.push(name);
        }
        if names.is_empty() { Err(self.unproved("no items")) } else { Ok(names) }
    }

    fn item(
        &self,
        walk: &Walk<'_>,
        table: &Table,
        access: &TableAccess,
        name: &str,
        expr: &Expr,
    ) -> Result<(), Unproved> {
        let Some(column) = table.columns.iter().find(|column| column.name == name) else {
            return Err(self.unproved(format!("there is no column {name}")));
        };
        if !access.allow(name) {
            return Err(self.unproved(format!("column {name} is not granted")));
        }
        let Some(mask) = access.mask(name, &column.data_type).map_err(|why| self.unproved(why))? else {
            let itself = is_column(expr, self.alias, name);
            return if itself { Ok(()) } else { Err(self.unproved(format!("{name} is not the table's column"))) };
        };
        let ExprKind::Cast { safe: false, value, data_type } = &expr.kind else {
            return Err(self.unproved(format!("{name} is not masked")));
        };
        if !is_type(walk.text, data_type, column) {
            return Err(self.unproved(format!("the mask of {name} is not cast to {}", column.data_type)));
        }
        let mut same = Same::new(&mask.text, walk.text, walk.request.tables, self.source(table));
        same.expr(&mask.expr, value).map_err(|difference| self.unproved(format!("mask of {name}: {difference}")))
    }

    /// Proves that the conjunction of all filters stands here, and nothing else.
    fn filters(&self, walk: &Walk<'_>, found: Option<&Expr>) -> Result<(), Unproved> {
        let (table, access) = match &self.rule {
            Rule::Policy { table, access, .. } => (table, access),
            Rule::Visible(metadata) => {
                let Some(found) = found else { return Err(self.unproved("no predicate")) };
                return metadata.prove(self.alias, found).map_err(|reason| self.unproved(reason));
            }
        };
        let filters = access.filters().map_err(|why| self.unproved(why))?;
        let mut conjuncts = Vec::with_capacity(filters.len());
        if let Some(found) = found {
            flatten(found, &mut conjuncts);
        }
        // It stands in a guard that has no other filter.
        let is_true = |found: &&Expr| matches!(found.kind, ExprKind::Boolean(true));
        let mut met: Vec<bool> = conjuncts.iter().map(is_true).collect();
        for filter in filters {
            let mut wanted = Vec::with_capacity(1);
            flatten(&filter.expr, &mut wanted);
            for wanted in wanted {
                let mut held = false;
                let mut why = None;
                for (found, met) in conjuncts.iter().zip(&mut met) {
                    let mut same = Same::new(&filter.text, walk.text, walk.request.tables, self.source(table));
                    match same.expr(wanted, found) {
                        Ok(()) => {
                            held = true;
                            *met = true;
                        }
                        Err(difference) => why = Some(difference.0),
                    }
                }
                if !held {
                    let why = why.as_deref().unwrap_or("nothing stands there");
                    return Err(self.unproved(format!("the filter of {} is missing: {why}", filter.named())));
                }
            }
        }
        if met.contains(&false) { Err(self.unproved("a condition that is no policy's")) } else { Ok(()) }
    }

    /// The table as the names in a policy's expression see it.
    fn source<'t>(&self, table: &'t Table) -> Source<'t> {
        Source::of_table(&self.name, table, None, self.alias)
    }
}

/// The terms of nested `AND`s.
fn flatten<'e>(expr: &'e Expr, terms: &mut Vec<&'e Expr>) {
    match &expr.kind {
        ExprKind::Parenthesized(inner) => flatten(inner, terms),
        ExprKind::Logical { operator: LogicalOperator::And, terms: inner } => {
            inner.iter().for_each(|term| flatten(term, terms));
        }
        _ => terms.push(expr),
    }
}

/// Whether a type is the column's, as the catalog writes it.
fn is_type(text: &str, found: &DataType, column: &Column) -> bool {
    let found_text = found.span.of(text);
    let left = |text: &str| residue::of(text, found.span, &[]);
    residue::alike(found_text, &column.data_type) || left(found_text) == left(&column.data_type)
}
