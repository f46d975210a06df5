//! Whether a query in a guard is the policy's.
//!
//! A policy's sub-query reads by the policy's authority. It may name tables by three parts only; each of its relations
//! has an alias of its own in the guard.

use super::names::Defaults;
use super::same::{Difference, Same, difference, equal};
use super::same_names::{Level, Named, Source};
use crate::catalog::table::{Known, Need};
use crate::names::TableName;
use crate::sql::ast::{
    Expr, ExprKind, GroupBy, GroupingElement, GroupingSet, Join, JoinCriteria, Limit, Query, QueryBody, Relation,
    RowCount, Select, SelectItem, TableReference,
};
use crate::sql::{Identifier, QualifiedName};
use compact_str::CompactString;

impl<'a> Same<'a> {
    /// Compares two queries.
    pub(super) fn query(&mut self, policy: &Query, found: &Query) -> Result<(), Difference> {
        let (Query { with: None, .. }, Query { with: None, .. }) = (policy, found) else {
            return difference("WITH in a policy's query");
        };
        if policy.definitions().or(found.definitions()).is_some() {
            return difference("definitions in a policy's query");
        }
        match (&policy.offset, &found.offset) {
            (None, None) => (),
            (Some(a), Some(b)) => self.rows(a, b)?,
            _ => return difference("OFFSET differs"),
        }
        match (&policy.limit, &found.limit) {
            (None, None) | (Some(Limit::All), Some(Limit::All)) => (),
            (Some(Limit::Rows(a)), Some(Limit::Rows(b))) => self.rows(a, b)?,
            _ => return difference("LIMIT differs"),
        }
        match (bare(&policy.body), bare(&found.body)) {
            (QueryBody::Select(a), QueryBody::Select(b)) => self.select(policy, a, found, b),
            (a, b) if policy.order_by.is_empty() && found.order_by.is_empty() => self.body(a, b),
            _ => difference("ORDER BY of a policy's query"),
        }
    }

    fn rows(&self, policy: &RowCount, found: &RowCount) -> Result<(), Difference> {
        match (policy, found) {
            (RowCount::Number(a), RowCount::Number(b)) => self.words(*a, *b, &[], &[]),
            _ => difference("a parameter"),
        }
    }

    fn body(&mut self, policy: &QueryBody, found: &QueryBody) -> Result<(), Difference> {
        match (bare(policy), bare(found)) {
            (QueryBody::Select(a), QueryBody::Select(b)) => self.plain_select(a, b, |_| Ok(())),
            (QueryBody::Values { span: _, rows: a }, QueryBody::Values { span: _, rows: b }) => self.exprs(a, b),
            (QueryBody::Table { span: _, name: a }, QueryBody::Table { span: _, name: b }) => {
                same_table(a, b).map(|_| ())
            }
            (QueryBody::Parenthesized { span: _, query: a }, QueryBody::Parenthesized { span: _, query: b }) => {
                self.query(a, b)
            }
            (
                QueryBody::SetOperation { span: _, first: a, rest: x },
                QueryBody::SetOperation { span: _, first: b, rest: y },
            ) => {
                equal("a chain", &x.len(), &y.len())?;
                self.body(a, b)?;
                x.iter().zip(y).try_for_each(|(a, b)| {
                    equal("an operator", &a.operator, &b.operator)?;
                    equal("a quantifier", &a.quantifier, &b.quantifier)?;
                    if a.corresponding.is_some() || b.corresponding.is_some() {
                        return difference("CORRESPONDING in a policy's query");
                    }
                    self.body(&a.term, &b.term)
                })
            }
            _ => difference("another form of query"),
        }
    }

    fn select(&mut self, policy: &Query, a: &Select, found: &Query, b: &Select) -> Result<(), Difference> {
        // A sort key that is a name means an output column first; without aliases that is the same as the input column.
        let has_alias =
            a.items.iter().any(|item| !matches!(item, SelectItem::Expr { alias: None, .. } | SelectItem::Star(_)));
        if has_alias && !policy.order_by.is_empty() {
            return difference("ORDER BY beside aliases in a policy's query");
        }
        self.plain_select(a, b, |same| same.sort_items(&policy.order_by, &found.order_by))
    }

    fn plain_select(
        &mut self,
        policy: &Select,
        found: &Select,
        order: impl FnOnce(&mut Self) -> Result<(), Difference>,
    ) -> Result<(), Difference> {
        let Select { span: _, quantifier, items, from, filter, group_by, having, windows } = policy;
        equal("a quantifier", quantifier, &found.quantifier)?;
        equal("FROM", &from.len(), &found.from.len())?;
        equal("items", &items.len(), &found.items.len())?;
        if !windows.is_empty() || !found.windows.is_empty() {
            return difference("WINDOW in a policy's query");
        }
        let mut sources = Vec::new();
        let mut conditions = Vec::new();
        for (policy, found) in from.iter().zip(&found.from) {
            self.relation(policy, found, &mut sources, &mut conditions)?;
        }
        self.enter(Level::Relations(sources))?;
        conditions.into_iter().try_for_each(|(policy, found)| self.expr(policy, found))?;
        items.iter().zip(&found.items).try_for_each(|(policy, found)| self.item(policy, found))?;
        self.optional(filter.as_ref(), found.filter.as_ref())?;
        match (group_by, &found.group_by) {
            (None, None) => (),
            (Some(a), Some(b)) => self.group_by(a, b)?,
            _ => return difference("GROUP BY differs"),
        }
        self.optional(having.as_ref(), found.having.as_ref())?;
        order(self)?;
        self.leave();
        Ok(())
    }

    fn item(&mut self, policy: &SelectItem, found: &SelectItem) -> Result<(), Difference> {
        match (policy, found) {
            (SelectItem::Star(_), SelectItem::Star(_)) => Ok(()),
            (SelectItem::Expr { span: _, expr: a, alias: x }, SelectItem::Expr { span: _, expr: b, alias: y }) => {
                let folded = |alias: &Option<Identifier>| alias.as_ref().map(Identifier::folded);
                equal("an alias", &folded(x), &folded(y))?;
                self.expr(a, b)
            }
            _ => difference("another item"),
        }
    }

    fn group_by(&mut self, policy: &GroupBy, found: &GroupBy) -> Result<(), Difference> {
        equal("a quantifier", &policy.quantifier, &found.quantifier)?;
        equal("GROUP BY", &policy.elements.len(), &found.elements.len())?;
        policy.elements.iter().zip(&found.elements).try_for_each(|pair| match pair {
            (
                GroupingElement::Set(GroupingSet { exprs: a, .. }),
                GroupingElement::Set(GroupingSet { exprs: b, .. }),
            ) => self.exprs(a, b),
            _ => difference("grouping sets in a policy's query"),
        })
    }

    /// Compares two relations and collects their sources, and the conditions of joins, which see all of them.
    fn relation<'e>(
        &mut self,
        policy: &'e Relation,
        found: &'e Relation,
        sources: &mut Vec<Source<'a>>,
        conditions: &mut Vec<(&'e Expr, &'e Expr)>,
    ) -> Result<(), Difference> {
        match (policy, found) {
            (Relation::Parenthesized { span: _, relation: a }, _) => self.relation(a, found, sources, conditions),
            (_, Relation::Parenthesized { span: _, relation: b }) => self.relation(policy, b, sources, conditions),
            (Relation::Join { span: _, first: a, joins: x }, Relation::Join { span: _, first: b, joins: y }) => {
                equal("joins", &x.len(), &y.len())?;
                self.relation(a, b, sources, conditions)?;
                for (Join { span: _, kind: k, right: r, criteria: c }, found) in x.iter().zip(y) {
                    equal("a join", k, &found.kind)?;
                    self.relation(r, &found.right, sources, conditions)?;
                    match (c, &found.criteria) {
                        (JoinCriteria::None, JoinCriteria::None) => (),
                        (JoinCriteria::On(a), JoinCriteria::On(b)) => conditions.push((a, b)),
                        _ => return difference("USING or NATURAL in a policy's query"),
                    }
                }
                Ok(())
            }
            (Relation::Aliased { span: _, relation, alias, columns }, found) => {
                self.source(relation, Some(alias), columns, found).map(|source| sources.push(source))
            }
            (policy, found) => self.source(policy, None, &[], found).map(|source| sources.push(source)),
        }
    }

    fn source(
        &mut self,
        policy: &Relation,
        policy_alias: Option<&Identifier>,
        policy_columns: &[Identifier],
        found: &Relation,
    ) -> Result<Source<'a>, Difference> {
        let Relation::Aliased { span: _, relation: found, alias, columns } = found else {
            return difference("a relation without an alias of its own");
        };
        let folded = |names: &[Identifier]| names.iter().map(Identifier::folded).collect::<Vec<_>>();
        equal("column aliases", &folded(policy_columns), &folded(columns))?;
        match (policy, found.as_ref()) {
            (
                Relation::Table(TableReference { span: _, name: a, period: None }),
                Relation::Table(TableReference { span: _, name: b, period: None }),
            ) => {
                let name = same_table(a, b)?;
                let Some(Known::Table(table)) = self.tables.get(&Need::Table(name.clone())) else {
                    return difference(format!("nothing is known of {name}"));
                };
                let mut source = Source::of_table(&name, table, policy_alias, alias);
                if !columns.is_empty() {
                    source.columns = Named::Given(folded(columns));
                }
                Ok(source)
            }
            (Relation::Subquery { span: _, query: a }, Relation::Subquery { span: _, query: b }) => {
                self.query(a, b)?;
                let outputs = if columns.is_empty() { output_names(a)? } else { folded(columns) };
                let qualifier = policy_alias.iter().map(|alias| alias.folded()).collect();
                Ok(Source { qualifier, alias: alias.folded(), columns: Named::Given(outputs) })
            }
            _ => difference("another form of relation"),
        }
    }
}

/// A query's body without the parentheses that only group.
fn bare(mut body: &QueryBody) -> &QueryBody {
    while let QueryBody::Parenthesized { span: _, query } = body {
        let Query { span: _, session, functions, with: None, body: inner, order_by, offset: None, limit: None } =
            query.as_ref()
        else {
            break;
        };
        if !(session.is_empty() && functions.is_empty() && order_by.is_empty()) {
            break;
        }
        body = inner;
    }
    body
}

fn same_table(policy: &QualifiedName, found: &QualifiedName) -> Result<TableName, Difference> {
    let full = |name: &QualifiedName| {
        if name.parts.len() == 3 { Defaults::default().table(name).ok() } else { None }
    };
    match (full(policy), full(found)) {
        (Some(a), Some(b)) if a == b => Ok(a),
        _ => difference("a table that is not named by the same three parts"),
    }
}

/// The names of a query's columns, where each item has one.
fn output_names(query: &Query) -> Result<Vec<CompactString>, Difference> {
    let QueryBody::Select(select) = bare(&query.body) else { return difference("columns without names") };
    select
        .items
        .iter()
        .map(|item| match item {
            SelectItem::Expr { span: _, alias: Some(alias), expr: _ } => Ok(alias.folded()),
            SelectItem::Expr { span: _, alias: None, expr } => match &expr.kind {
                ExprKind::Identifier(name) | ExprKind::Dereference { field: name, .. } => Ok(name.folded()),
                _ => difference("columns without names"),
            },
            SelectItem::Star(_) | SelectItem::QualifiedStar { .. } => difference("columns without names"),
        })
        .collect()
}
