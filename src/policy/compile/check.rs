//! What may stand in a policy's expression.
//!
//! Less than Trino's grammar allows: what can't be evaluated for one row, what could be taken for something else in the
//! statement that it is put into, and what a reader of policies need not know.

use super::session_values;
use crate::policy::index::TablePattern;
use crate::sql::ast::{
    Arguments, Call, Expr, ExprKind, FrameBound, GroupBy, GroupingElement, GroupingSet, Join, JoinCriteria, JsonMember,
    JsonPathInvocation, Limit, Over, QualifiedName, Query, QueryBody, Relation, RowCount, Select, SelectItem, SetTerm,
    SortItem, Span, TableReference, WindowDefinition, WindowFrame, WindowSpecification,
};

/// Something that may not stand in a policy's expression.
pub(super) struct Forbidden {
    pub(super) span: Span,
    pub(super) message: String,
    pub(super) help: Option<&'static str>,
}

/// What was found in an expression.
#[derive(Default)]
pub(super) struct Found {
    /// All that may not stand in it.
    pub(super) forbidden: Vec<Forbidden>,
    /// The tables that it reads and the functions beside Trino's own that it calls. Whoever the policy is for reads them
    /// by its authority, so they have to be the domain's.
    pub(super) objects: Vec<(Span, TablePattern)>,
}

/// Looks through an expression.
pub(super) fn check(expr: &Expr) -> Found {
    let mut check = Check::default();
    check.expr(expr);
    check.found
}

/// Trino's aggregate functions (<https://trino.io/docs/476/functions/aggregate.html>). The list need not be whole: one
/// that is missing here is refused by Trino itself.
const AGGREGATES: [&str; 44] = [
    "any_value",
    "approx_distinct",
    "approx_most_frequent",
    "approx_percentile",
    "approx_set",
    "arbitrary",
    "array_agg",
    "avg",
    "bitwise_and_agg",
    "bitwise_or_agg",
    "bitwise_xor_agg",
    "bool_and",
    "bool_or",
    "checksum",
    "corr",
    "count",
    "count_if",
    "covar_pop",
    "covar_samp",
    "every",
    "geometric_mean",
    "histogram",
    "kurtosis",
    "listagg",
    "map_agg",
    "map_union",
    "max",
    "max_by",
    "merge",
    "min",
    "min_by",
    "multimap_agg",
    "numeric_histogram",
    "reduce_agg",
    "regr_intercept",
    "regr_slope",
    "skewness",
    "stddev",
    "stddev_pop",
    "stddev_samp",
    "sum",
    "var_pop",
    "var_samp",
    "variance",
];

#[derive(Default)]
struct Check {
    found: Found,
    /// In how many sub-queries the walk is.
    queries: usize,
    /// In how many lambdas the walk is.
    lambdas: usize,
}

impl Check {
    fn forbid(&mut self, span: Span, message: impl Into<String>) {
        self.found.forbidden.push(Forbidden { span, message: message.into(), help: None });
    }

    fn forbid_with(&mut self, span: Span, message: impl Into<String>, help: &'static str) {
        self.found.forbidden.push(Forbidden { span, message: message.into(), help: Some(help) });
    }

    /// Notes a name of three parts; whether it is one.
    fn object(&mut self, name: &QualifiedName) -> bool {
        let [catalog, schema, object] = name.parts.as_slice() else { return false };
        let name_of = TablePattern { catalog: catalog.folded(), schema: schema.folded(), table: object.folded() };
        if (name_of.catalog.as_str(), name_of.schema.as_str()) != ("system", "builtin") {
            self.found.objects.push((name.span, name_of));
        }
        true
    }

    fn exprs<'e>(&mut self, exprs: impl IntoIterator<Item = &'e Expr>) {
        exprs.into_iter().for_each(|expr| self.expr(expr));
    }

    fn expr(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Null
            | ExprKind::Boolean(_)
            | ExprKind::String(_)
            | ExprKind::Binary
            | ExprKind::Number(_)
            | ExprKind::TypedLiteral { type_name: _, value: _ }
            | ExprKind::Interval(_)
            | ExprKind::Identifier(_) => {}
            ExprKind::Current(value) => {
                if let Some((message, help)) = session_values::of_session(*value) {
                    let message = message.to_owned();
                    self.found.forbidden.push(Forbidden { span: expr.span, message, help });
                }
            }
            ExprKind::Parameter => self.forbid(expr.span, "a policy has no parameters"),
            ExprKind::Dereference { base, field: _ } => self.expr(base),
            ExprKind::Subscript { base, index } => self.exprs([&**base, index]),
            ExprKind::Parenthesized(inner) | ExprKind::Not(inner) => self.expr(inner),
            ExprKind::Row(values) | ExprKind::Array(values) | ExprKind::Concat(values) => self.exprs(values),
            ExprKind::Logical { operator: _, terms } => self.exprs(terms),
            ExprKind::Comparison { operator: _, left, right }
            | ExprKind::IsDistinctFrom { negated: _, left, right } => self.exprs([&**left, right]),
            ExprKind::QuantifiedComparison { operator: _, quantifier: _, left, query } => {
                self.expr(left);
                self.query(query);
            }
            ExprKind::Between { negated: _, value, low, high } => self.exprs([&**value, low, high]),
            ExprKind::InList { negated: _, value, list } => {
                self.expr(value);
                self.exprs(list);
            }
            ExprKind::InSubquery { negated: _, value, query } => {
                self.expr(value);
                self.query(query);
            }
            ExprKind::Like { negated: _, value, pattern, escape } => {
                self.exprs([&**value, pattern]);
                self.exprs(escape.as_deref());
            }
            ExprKind::IsNull { negated: _, value } | ExprKind::IsTruth { negated: _, value, truth: _ } => {
                self.expr(value);
            }
            ExprKind::Newer(node) => {
                self.forbid(expr.span, format!("{} is not supported in policies yet", node.what()));
            }
            ExprKind::Unary { negative: _, operand } => self.expr(operand),
            ExprKind::Arithmetic { first, rest } => {
                self.expr(first);
                self.exprs(rest.iter().map(|(_, operand)| operand));
            }
            ExprKind::AtTimeZone { value, zone } => self.exprs([&**value, zone]),
            ExprKind::Subquery(query) | ExprKind::Exists(query) => self.query(query),
            ExprKind::Case { operand, whens, otherwise } => {
                self.exprs(operand.as_deref());
                whens.iter().for_each(|(condition, result)| self.exprs([condition, result]));
                self.exprs(otherwise.as_deref());
            }
            ExprKind::Cast { safe: _, value, data_type } if session_values::is_fixed(value, data_type) => {}
            ExprKind::Cast { safe: _, value, data_type } => {
                if session_values::has_zone(data_type) {
                    self.by_zone(expr.span);
                }
                self.expr(value);
            }
            ExprKind::Call(call) => self.call(expr.span, call),
            ExprKind::Measure { name: _, over: _ } => self.forbid(expr.span, "a policy has no row patterns"),
            ExprKind::Lambda { parameters: _, body } => {
                self.lambdas += 1;
                self.expr(body);
                self.lambdas -= 1;
            }
            ExprKind::Extract { field: _, value } => self.expr(value),
            ExprKind::Grouping(_) if self.queries == 0 => self.aggregate(expr.span),
            ExprKind::Grouping(_) => {}
            ExprKind::SpecialForm { form: _, operands } => self.exprs(operands),
            ExprKind::JsonPath { form: _, path, returning, clauses: _, defaults } => {
                if returning.as_ref().is_some_and(|returning| session_values::has_zone(&returning.data_type)) {
                    self.by_zone(expr.span);
                }
                let JsonPathInvocation { span: _, input, path: _, name: _, passing } = &**path;
                self.expr(&input.value);
                self.exprs(passing.iter().map(|argument| &argument.input.value));
                self.exprs(defaults);
            }
            ExprKind::JsonObject { members, nulls: _, unique_keys: _, returning: _ } => {
                members.iter().for_each(|JsonMember { key, value }| self.exprs([key, &value.value]));
            }
            ExprKind::JsonArray { elements, nulls: _, returning: _ } => {
                self.exprs(elements.iter().map(|element| &element.value));
            }
        }
    }

    fn aggregate(&mut self, span: Span) {
        self.forbid_with(
            span,
            "an aggregate or window function can't be evaluated for one row",
            "put it in a sub-query: `(SELECT max(x) FROM catalog.schema.table)`",
        );
    }

    fn by_zone(&mut self, span: Span) {
        self.forbid_with(span, "the user's time zone would decide about it", session_values::HELP);
    }

    fn call(&mut self, span: Span, call: &Call) {
        if session_values::reads_zone(call) {
            self.by_zone(span);
        }
        let Call { name, processing, quantifier, arguments, order_by, filter, ignore_nulls, over, listagg: _ } = call;
        if !self.object(name) && name.parts.len() != 1 {
            self.forbid_with(
                name.span,
                "a policy names functions by one part or by three",
                "Trino's own functions have one part, others are named `catalog.schema.function`",
            );
        }
        let known = matches!(name.parts.as_slice(), [name] if AGGREGATES.contains(&name.folded().as_str()));
        let several_rows = quantifier.is_some()
            || matches!(arguments, Arguments::Star(_))
            || !order_by.is_empty()
            || filter.is_some()
            || ignore_nulls.is_some()
            || over.is_some();
        if processing.is_some() {
            self.forbid(span, "a policy has no row patterns");
        } else if self.queries == 0 && (known || several_rows) {
            self.aggregate(span);
        }
        match arguments {
            Arguments::Star(_) => {}
            Arguments::List(list) => self.exprs(list),
            Arguments::Named(_) => self.forbid(span, "a policy names no arguments"),
        }
        self.sort_items(order_by);
        self.exprs(filter);
        if let Some(Over::Window(window)) = over {
            self.window(window);
        }
    }

    fn window(&mut self, window: &WindowSpecification) {
        let WindowSpecification { span: _, existing: _, partition_by, order_by, frame } = window;
        self.exprs(partition_by);
        self.sort_items(order_by);
        let Some(WindowFrame { span, unit: _, start, end, pattern }) = frame else { return };
        if pattern.is_some() {
            self.forbid(*span, "a policy has no row patterns");
        }
        for bound in [Some(start), end.as_ref()].into_iter().flatten() {
            match bound {
                FrameBound::Preceding(distance) | FrameBound::Following(distance) => self.expr(distance),
                FrameBound::UnboundedPreceding | FrameBound::CurrentRow | FrameBound::UnboundedFollowing => {}
            }
        }
    }

    fn sort_items(&mut self, items: &[SortItem]) {
        for SortItem { span: _, key, descending: _, nulls_first: _ } in items {
            self.expr(key);
        }
    }

    fn query(&mut self, query: &Query) {
        let Query { span, session: _, functions: _, with, body, order_by, offset, limit } = query;
        if query.definitions().is_some() {
            self.forbid(*span, "a policy defines no functions and sets no session properties");
        }
        if self.lambdas > 0 {
            self.forbid(*span, "a lambda can't hold a sub-query");
        }
        if let Some(with) = with {
            self.forbid_with(
                with.span,
                "a policy has no `WITH`",
                "write the query where it is read: `FROM (SELECT …) t`",
            );
        }
        self.queries += 1;
        self.body(body);
        self.sort_items(order_by);
        let limited = match limit {
            None | Some(Limit::All) => None,
            Some(Limit::Rows(rows)) => Some(rows),
            Some(Limit::Fetch { rows, with_ties: _ }) => rows.as_ref(),
        };
        for rows in [offset.as_ref(), limited].into_iter().flatten() {
            match rows {
                RowCount::Number(_) => {}
                RowCount::Parameter(span) => self.forbid(*span, "a policy has no parameters"),
            }
        }
        self.queries -= 1;
    }

    fn body(&mut self, body: &QueryBody) {
        match body {
            QueryBody::Select(select) => self.select(select),
            QueryBody::Table { span, name: _ } => {
                self.forbid_with(*span, "a policy has no `TABLE t` query", "write `SELECT … FROM`");
            }
            QueryBody::Values { span: _, rows } => self.exprs(rows),
            QueryBody::Parenthesized { span: _, query } => self.query(query),
            QueryBody::SetOperation { span: _, first, rest } => {
                self.body(first);
                for SetTerm { operator: _, quantifier: _, corresponding: _, term } in rest {
                    self.body(term);
                }
            }
        }
    }

    fn select(&mut self, select: &Select) {
        let Select { span: _, quantifier: _, items, from, filter, group_by, having, windows } = select;
        for item in items {
            match item {
                SelectItem::Expr { span: _, expr, alias: _ } => self.expr(expr),
                SelectItem::QualifiedStar { span, target: _, aliases: _ } => {
                    self.forbid_with(*span, "a policy has no `t.*`", "name the columns, or write `*`");
                }
                SelectItem::Star(_) => {}
            }
        }
        from.iter().for_each(|relation| self.relation(relation));
        self.exprs(filter);
        if let Some(GroupBy { span, quantifier: _, elements }) = group_by {
            elements.iter().for_each(|element| self.grouping(element, *span));
        }
        self.exprs(having);
        for WindowDefinition { name: _, window } in windows {
            self.window(window);
        }
    }

    fn grouping(&mut self, element: &GroupingElement, span: Span) {
        match element {
            GroupingElement::Set(GroupingSet { span: _, exprs }) => self.exprs(exprs),
            GroupingElement::Rollup(sets) | GroupingElement::Cube(sets) | GroupingElement::Sets(sets) => {
                if let Some(set) = sets.first() {
                    self.forbid(set.span, "a policy has no grouping sets");
                }
            }
            GroupingElement::Auto => self.forbid(span, "a policy has no `GROUP BY AUTO`"),
        }
    }

    fn relation(&mut self, relation: &Relation) {
        match relation {
            Relation::Table(TableReference { span: _, name, period }) => {
                if !self.object(name) {
                    self.forbid_with(
                        name.span,
                        "a policy names tables by catalog, schema and table",
                        "there is no session whose catalog and schema could complete the name",
                    );
                }
                if let Some(period) = period {
                    self.forbid(period.span, "a policy has no time travel");
                }
            }
            Relation::Subquery { span, query } => {
                self.forbid_with(*span, "a query in a policy's `FROM` has an alias", "write `(SELECT …) t`");
                self.query(query);
            }
            Relation::Aliased { span: _, relation, alias: _, columns } => match relation.as_ref() {
                Relation::Subquery { span, query } => {
                    if columns.is_empty() && !names_its_columns(query) {
                        self.forbid_with(
                            *span,
                            "a query in a policy's `FROM` names its columns",
                            "write `(SELECT max(x) AS y …) t` or `(SELECT …) t (x, y)`",
                        );
                    }
                    self.query(query);
                }
                Relation::Parenthesized { span, relation: _ } => {
                    self.forbid_with(*span, "a policy has no parentheses before an alias", "write `c.s.t x`");
                }
                relation => self.relation(relation),
            },
            Relation::Parenthesized { span: _, relation } => self.relation(relation),
            Relation::Join { span: _, first, joins } => {
                self.relation(first);
                for Join { span, kind: _, right, criteria } in joins {
                    self.relation(right);
                    match criteria {
                        JoinCriteria::None => {}
                        JoinCriteria::On(condition) => self.expr(condition),
                        JoinCriteria::Using(_) | JoinCriteria::Natural => {
                            self.forbid_with(
                                *span,
                                "a policy joins tables by `ON`",
                                "name both columns: `ON a.x = b.x`",
                            );
                        }
                    }
                }
            }
            Relation::Unnest { span, exprs: _, ordinality: _ } => {
                self.forbid_with(*span, "a policy has no `UNNEST`", "use `contains` or another function of arrays");
            }
            Relation::Lateral { span, query: _ } => self.forbid(*span, "a policy has no `LATERAL`"),
            Relation::TableFunction(function) => self.forbid(function.span, "a policy has no table functions"),
            Relation::JsonTable(table) => self.forbid(table.span, "a policy has no `JSON_TABLE`"),
            Relation::Pivot(pivot) => self.forbid(pivot.span, "a policy has no `PIVOT`"),
            Relation::Nearest(nearest) => self.forbid(nearest.span, "a policy has no `NEAREST`"),
            Relation::MatchRecognize { span, input: _, clauses: _ } => {
                self.forbid(*span, "a policy has no row patterns");
            }
            Relation::Sampled { span, relation: _, method: _, percentage: _ } => {
                self.forbid(*span, "a policy reads no samples");
            }
        }
    }
}

/// Whether each column of a query has a name of its own in the text.
fn names_its_columns(query: &Query) -> bool {
    match &query.body {
        QueryBody::Select(select) => select.items.iter().all(|item| match item {
            SelectItem::Expr { span: _, alias: Some(_), expr: _ } => true,
            SelectItem::Expr { span: _, alias: None, expr } => {
                matches!(expr.kind, ExprKind::Identifier(_) | ExprKind::Dereference { .. })
            }
            SelectItem::Star(_) | SelectItem::QualifiedStar { .. } => false,
        }),
        QueryBody::Parenthesized { span: _, query } => names_its_columns(query),
        QueryBody::Table { .. } | QueryBody::Values { .. } | QueryBody::SetOperation { .. } => false,
    }
}
