//! Queries.

use super::Dump;
use crate::sql::ast::{
    GroupBy, GroupingElement, GroupingSet, Limit, NamedQuery, Query, QueryBody, RowCount, Select, SelectItem,
    SetOperator, SetQuantifier, SetTerm, SortItem, Span, WindowDefinition, With,
};

/// What follows the rows of a query.
#[derive(Clone, Copy)]
struct Tail<'q> {
    order_by: &'q [SortItem],
    offset: Option<&'q RowCount>,
    limit: Option<&'q Limit>,
}

impl Dump<'_> {
    pub(super) fn query(&mut self, node: &Query) {
        let Query { span, session, functions, with, body, order_by, offset, limit } = node;
        let tail = Tail { order_by, offset: offset.as_ref(), limit: limit.as_ref() };
        self.node("Query", Some(*span), |dump| {
            dump.list("sessionProperties", session, Self::session_property);
            dump.list("functions", functions, Self::function_specification);
            dump.maybe("with", with.as_ref(), Self::with);
            dump.key("queryBody");
            // Trino keeps ORDER BY and limits of a lone SELECT with the SELECT, where they see its columns.
            match body {
                QueryBody::Select(select) => dump.select(select, Some(tail)),
                body => {
                    dump.query_body(body);
                    dump.tail(tail);
                }
            }
        });
    }

    fn tail(&mut self, tail: Tail<'_>) {
        let Tail { order_by, offset, limit } = tail;
        self.order_by(order_by);
        self.maybe("offset", offset, |dump, rows| {
            dump.node("Offset", None, |dump| dump.field("rowCount", |dump| dump.row_count(rows)));
        });
        self.maybe("limit", limit, |dump, limit| match limit {
            Limit::All => {
                dump.node("Limit", None, |dump| dump.field("rowCount", |dump| dump.node("AllRows", None, |_| {})))
            }
            Limit::Rows(rows) => {
                dump.node("Limit", None, |dump| dump.field("rowCount", |dump| dump.row_count(rows)));
            }
            Limit::Fetch { rows, with_ties } => dump.node("FetchFirst", None, |dump| {
                dump.maybe("rowCount", rows.as_ref(), Self::row_count);
                dump.flag("withTies", *with_ties);
            }),
        });
    }

    fn row_count(&mut self, node: &RowCount) {
        match node {
            RowCount::Number(span) => self.long(*span),
            RowCount::Parameter(span) => self.node("Parameter", Some(*span), |_| {}),
        }
    }

    /// An integer without a sign.
    pub(super) fn long(&mut self, span: Span) {
        let value = span.of(self.text);
        self.node("LongLiteral", Some(span), |dump| dump.text("value", value));
    }

    /// A field `orderBy`, left out without sort items.
    pub(super) fn order_by(&mut self, items: &[SortItem]) {
        if items.is_empty() {
            return;
        }
        self.key("orderBy");
        self.node("OrderBy", None, |dump| dump.list("sortItems", items, Self::sort_item));
    }

    fn sort_item(&mut self, node: &SortItem) {
        let SortItem { span, key, descending, nulls_first } = node;
        self.node("SortItem", Some(*span), |dump| {
            dump.field("sortKey", |dump| dump.expr(key));
            dump.text("ordering", if *descending { "DESCENDING" } else { "ASCENDING" });
            let nulls = match nulls_first {
                None => "UNDEFINED",
                Some(true) => "FIRST",
                Some(false) => "LAST",
            };
            dump.text("nullOrdering", nulls);
        });
    }

    fn with(&mut self, node: &With) {
        let With { span, recursive, queries } = node;
        self.node("With", Some(*span), |dump| {
            dump.flag("recursive", *recursive);
            dump.list("queries", queries, |dump, query| {
                let NamedQuery { span, name, columns, query } = query;
                dump.node("WithQuery", Some(*span), |dump| {
                    dump.field("name", |dump| dump.identifier(name));
                    dump.field("query", |dump| dump.query(query));
                    dump.list("columnNames", columns, Self::identifier);
                });
            });
        });
    }

    fn query_body(&mut self, node: &QueryBody) {
        match node {
            QueryBody::Select(select) => self.select(select, None),
            QueryBody::Table { span, name } => {
                self.node("Table", Some(*span), |dump| dump.field("name", |dump| dump.qualified_name(name)));
            }
            QueryBody::Values { span, rows } => {
                self.node("Values", Some(*span), |dump| dump.list("rows", rows, Self::expr));
            }
            QueryBody::Parenthesized { span, query } => {
                self.node("TableSubquery", Some(*span), |dump| dump.field("query", |dump| dump.query(query)));
            }
            QueryBody::SetOperation { span: _, first, rest } => self.set_operation(first, rest),
        }
    }

    /// A chain nests to the left.
    fn set_operation(&mut self, first: &QueryBody, rest: &[SetTerm]) {
        for SetTerm { operator, quantifier: _, corresponding: _, term: _ } in rest.iter().rev() {
            let (class, before) = match operator {
                SetOperator::Union => ("Union", ",\"relations\":["),
                SetOperator::Intersect => ("Intersect", ",\"relations\":["),
                SetOperator::Except => ("Except", ",\"left\":"),
            };
            self.open(class, None);
            self.json.push_str(before);
        }
        self.query_body(first);
        for SetTerm { operator, quantifier, corresponding, term } in rest {
            if *operator == SetOperator::Except {
                self.field("right", |dump| dump.query_body(term));
            } else {
                self.json.push(',');
                self.query_body(term);
                self.json.push(']');
            }
            self.flag("distinct", *quantifier != Some(SetQuantifier::All));
            self.maybe("corresponding", corresponding.as_ref(), |dump, columns| {
                dump.node("Corresponding", None, |dump| dump.list("columns", columns, Self::identifier));
            });
            self.close();
        }
    }

    fn select(&mut self, node: &Select, tail: Option<Tail<'_>>) {
        let Select { span, quantifier, items, from, filter, group_by, having, windows } = node;
        self.node("QuerySpecification", Some(*span), |dump| {
            dump.field("select", |dump| {
                dump.node("Select", None, |dump| {
                    dump.flag("distinct", *quantifier == Some(SetQuantifier::Distinct));
                    dump.list("selectItems", items, Self::select_item);
                });
            });
            if let Some((first, others)) = from.split_first() {
                dump.key("from");
                dump.relations(first, others);
            }
            dump.maybe("where", filter.as_ref(), Self::expr);
            dump.maybe("groupBy", group_by.as_ref(), Self::group_by);
            dump.maybe("having", having.as_ref(), Self::expr);
            dump.list("windows", windows, |dump, WindowDefinition { name, window }| {
                dump.node("WindowDefinition", None, |dump| {
                    dump.field("name", |dump| dump.identifier(name));
                    dump.field("window", |dump| dump.window(window));
                });
            });
            if let Some(tail) = tail {
                dump.tail(tail);
            }
        });
    }

    fn select_item(&mut self, node: &SelectItem) {
        match node {
            SelectItem::Expr { span, expr, alias } => self.node("SingleColumn", Some(*span), |dump| {
                dump.maybe("alias", alias.as_ref(), Self::identifier);
                dump.field("expression", |dump| dump.expr(expr));
            }),
            SelectItem::Star(span) => self.node("AllColumns", Some(*span), |_| {}),
            SelectItem::QualifiedStar { span, target, aliases } => self.node("AllColumns", Some(*span), |dump| {
                dump.list("aliases", aliases, Self::identifier);
                dump.field("target", |dump| dump.expr(target));
            }),
        }
    }

    pub(super) fn group_by(&mut self, node: &GroupBy) {
        let GroupBy { span, quantifier, elements } = node;
        self.node("GroupBy", Some(*span), |dump| {
            dump.flag("isDistinct", *quantifier == Some(SetQuantifier::Distinct));
            dump.list("groupingElements", elements, |dump, element| match element {
                GroupingElement::Set(GroupingSet { span, exprs }) => {
                    dump.node("SimpleGroupBy", Some(*span), |dump| dump.list("columns", exprs, Self::expr));
                }
                GroupingElement::Rollup(sets) => dump.grouping_sets("ROLLUP", sets),
                GroupingElement::Cube(sets) => dump.grouping_sets("CUBE", sets),
                GroupingElement::Sets(sets) => dump.grouping_sets("EXPLICIT", sets),
                GroupingElement::Auto => dump.node("AutoGroupBy", None, |_| {}),
            });
        });
    }

    fn grouping_sets(&mut self, kind: &str, sets: &[GroupingSet]) {
        self.node("GroupingSets", None, |dump| {
            dump.text("type", kind);
            dump.list("sets", sets, |dump, GroupingSet { span: _, exprs }| dump.items(exprs, Self::expr));
        });
    }
}
