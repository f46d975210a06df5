//! Queries: WITH, set operations, SELECT, ORDER BY and limits.

use super::{Parsed, Parser};
use crate::sql::ast::{
    Expr, ExprKind, GroupBy, GroupingElement, GroupingSet, Identifier, Limit, NamedQuery, Query, QueryBody, RowCount,
    Select, SelectItem, SetOperator, SetQuantifier, SetTerm, SortItem, Span, WindowDefinition, With,
};
use crate::sql::error::SqlError;

impl Parser<'_> {
    /// `( query )`.
    pub(super) fn parenthesized_query(&mut self) -> Parsed<Query> {
        self.expect_symbol("(")?;
        let query = self.query()?;
        self.expect_symbol(")")?;
        Ok(query)
    }

    /// `[WITH …] body …`.
    pub(super) fn query(&mut self) -> Parsed<Query> {
        self.nested(|parser| {
            let start = parser.here();
            let with = if parser.is("WITH") { Some(parser.with()?) } else { None };
            let body = parser.query_body(None)?;
            parser.query_end(start, with, body)
        })
    }

    /// A query whose first term is the parenthesized sub-query `first`, if what follows goes on with it; `first` again
    /// if not.
    pub(super) fn query_after(&mut self, first: Expr) -> Parsed<Result<Query, Expr>> {
        let goes_on = self.is_any(&["UNION", "EXCEPT", "INTERSECT", "ORDER"]) || self.limit_follows();
        self.query_from_term(first, goes_on)
    }

    /// As `query_after`, and also if the sub-query stands alone in further parentheses.
    pub(super) fn query_after_or_alone(&mut self, first: Expr) -> Parsed<Result<Query, Expr>> {
        if self.is_symbol(")") { self.query_from_term(first, true) } else { self.query_after(first) }
    }

    fn query_from_term(&mut self, first: Expr, goes_on: bool) -> Parsed<Result<Query, Expr>> {
        match first {
            Expr { span, kind: ExprKind::Subquery(query) } if goes_on && query.with.is_none() => {
                let body = self.query_body(Some(QueryBody::Parenthesized { span, query }))?;
                self.query_end(span, None, body).map(Ok)
            }
            first => Ok(Err(first)),
        }
    }

    fn query_end(&mut self, start: Span, with: Option<With>, body: QueryBody) -> Parsed<Query> {
        let order_by = self.order_by()?;
        let mut offset = None;
        if self.maybe("OFFSET") {
            offset = Some(self.row_count()?);
            if !self.maybe("ROW") {
                self.maybe("ROWS");
            }
        }
        let limit = if self.maybe("LIMIT") {
            Some(if self.maybe("ALL") { Limit::All } else { Limit::Rows(self.row_count()?) })
        } else if self.maybe("FETCH") {
            self.one_of(&[("FIRST", ()), ("NEXT", ())])?;
            let rows = if self.is_any(&["ROW", "ROWS"]) { None } else { Some(self.row_count()?) };
            self.one_of(&[("ROW", ()), ("ROWS", ())])?;
            let with_ties = self.one_of(&[("ONLY", false), ("WITH", true)])?;
            if with_ties {
                self.expect("TIES")?;
            }
            Some(Limit::Fetch { rows, with_ties })
        } else {
            None
        };
        let (session, functions) = (Vec::new(), Vec::new());
        Ok(Query { span: self.since(start), session, functions, with, body, order_by, offset, limit })
    }

    fn row_count(&mut self) -> Parsed<RowCount> {
        let start = self.here();
        if self.maybe_symbol("?") {
            return Ok(RowCount::Parameter(start));
        }
        self.long().map(RowCount::Number)
    }

    fn with(&mut self) -> Parsed<With> {
        let start = self.here();
        self.expect("WITH")?;
        let recursive = self.eat("RECURSIVE");
        let queries = self.list(|parser| {
            let start = parser.here();
            let name = parser.identifier()?;
            let columns = parser.column_aliases()?;
            parser.expect("AS")?;
            let query = parser.parenthesized_query()?;
            Ok(NamedQuery { span: parser.since(start), name, columns, query })
        })?;
        Ok(With { span: self.since(start), recursive, queries })
    }

    /// `(a, b)`, or nothing.
    pub(super) fn column_aliases(&mut self) -> Parsed<Vec<Identifier>> {
        if !self.eat_symbol("(") {
            return Ok(Vec::new());
        }
        let names = self.list(Self::identifier)?;
        self.expect_symbol(")")?;
        Ok(names)
    }

    /// `UNION` and `EXCEPT` chains of `INTERSECT` chains.
    fn query_body(&mut self, mut first: Option<QueryBody>) -> Parsed<QueryBody> {
        let start = first.as_ref().map_or(self.here(), QueryBody::span);
        let left = self.intersections(first.take())?;
        let mut rest = Vec::new();
        loop {
            let operator = if self.maybe("UNION") {
                SetOperator::Union
            } else if self.maybe("EXCEPT") {
                SetOperator::Except
            } else {
                return Ok(self.set_operation(start, left, rest));
            };
            let (quantifier, corresponding) = self.set_modifiers()?;
            let term = self.intersections(None)?;
            rest.push(SetTerm { operator, quantifier, corresponding, term });
        }
    }

    fn intersections(&mut self, first: Option<QueryBody>) -> Parsed<QueryBody> {
        let start = first.as_ref().map_or(self.here(), QueryBody::span);
        let left = match first {
            Some(first) => first,
            None => self.query_term()?,
        };
        let mut rest = Vec::new();
        while self.maybe("INTERSECT") {
            let (quantifier, corresponding) = self.set_modifiers()?;
            let term = self.query_term()?;
            rest.push(SetTerm { operator: SetOperator::Intersect, quantifier, corresponding, term });
        }
        Ok(self.set_operation(start, left, rest))
    }

    fn set_operation(&self, start: Span, first: QueryBody, rest: Vec<SetTerm>) -> QueryBody {
        if rest.is_empty() {
            return first;
        }
        QueryBody::SetOperation { span: self.since(start), first: Box::new(first), rest }
    }

    fn set_modifiers(&mut self) -> Parsed<(Option<SetQuantifier>, Option<Vec<Identifier>>)> {
        let quantifier = self.set_quantifier();
        let corresponding = if self.maybe("CORRESPONDING") { Some(self.corresponding_columns()?) } else { None };
        Ok((quantifier, corresponding))
    }

    /// The columns of `CORRESPONDING [BY (a, b)]`.
    fn corresponding_columns(&mut self) -> Parsed<Vec<Identifier>> {
        if self.eat("BY") { self.parenthesized_list(Self::identifier) } else { Ok(Vec::new()) }
    }

    fn set_quantifier(&mut self) -> Option<SetQuantifier> {
        if self.maybe("DISTINCT") {
            Some(SetQuantifier::Distinct)
        } else if self.maybe("ALL") {
            Some(SetQuantifier::All)
        } else {
            None
        }
    }

    fn query_term(&mut self) -> Parsed<QueryBody> {
        let start = self.here();
        if self.is_symbol("(") {
            return self.nested(|parser| {
                parser.expect_symbol("(")?;
                let inner = parser.here();
                let body = parser.query_body(None)?;
                let query = Box::new(parser.query_end(inner, None, body)?);
                parser.expect_symbol(")")?;
                Ok(QueryBody::Parenthesized { span: parser.since(start), query })
            });
        }
        if self.eat("TABLE") {
            let name = self.dotted_name()?;
            return Ok(QueryBody::Table { span: self.since(start), name });
        }
        if self.eat("VALUES") {
            let rows = self.list(Self::expression)?;
            return Ok(QueryBody::Values { span: self.since(start), rows });
        }
        if !self.is("SELECT") {
            return Err(self.unexpected("'(', 'SELECT', 'TABLE', 'VALUES'"));
        }
        self.select()
    }

    fn select(&mut self) -> Parsed<QueryBody> {
        let start = self.here();
        self.expect("SELECT")?;
        let quantifier = self.select_quantifier();
        let items = self.list(Self::select_item)?;
        let from = if self.maybe("FROM") { self.list(Self::relation)? } else { Vec::new() };
        let filter = if self.maybe("WHERE") { Some(self.expression()?) } else { None };
        self.note("GROUP");
        let group_by = if self.is("GROUP") { Some(self.group_by()?) } else { None };
        let having = if self.maybe("HAVING") { Some(self.expression()?) } else { None };
        let windows = if self.maybe("WINDOW") {
            self.list(|parser| {
                let name = parser.identifier()?;
                parser.expect("AS")?;
                parser.expect_symbol("(")?;
                let window = parser.nested(Self::window_specification)?;
                parser.expect_symbol(")")?;
                Ok(WindowDefinition { name, window })
            })?
        } else {
            Vec::new()
        };
        let span = self.since(start);
        Ok(QueryBody::Select(Box::new(Select { span, quantifier, items, from, filter, group_by, having, windows })))
    }

    /// `DISTINCT` or `ALL`; `all` is a column where nothing that it could quantify follows it.
    fn select_quantifier(&mut self) -> Option<SetQuantifier> {
        if self.is("ALL") && !self.all_quantifies() {
            self.note_all(&["ALL", "DISTINCT"]);
            return None;
        }
        self.set_quantifier()
    }

    fn select_item(&mut self) -> Parsed<SelectItem> {
        let start = self.here();
        if self.maybe_symbol("*") {
            return Ok(SelectItem::Star(start));
        }
        let expr = self.expression()?;
        if self.is_symbol(".") && self.is_symbol_at(1, "*") && is_primary(&expr.kind) {
            self.skip(2);
            self.note("AS");
            let aliases = if self.is("AS") && self.is_symbol_at(1, "(") {
                self.advance();
                self.parenthesized_list(Self::identifier)?
            } else {
                Vec::new()
            };
            return Ok(SelectItem::QualifiedStar { span: self.since(start), target: expr, aliases });
        }
        let aliased = self.maybe("AS") || (self.is_identifier_at(0) && !self.clause_follows());
        if !aliased {
            self.note("<identifier>");
        }
        let alias = if aliased { Some(self.identifier()?) } else { None };
        Ok(SelectItem::Expr { span: self.since(start), expr, alias })
    }

    /// Whether the next word, which could be an alias, begins a clause instead.
    pub(super) fn clause_follows(&self) -> bool {
        self.limit_follows()
            || self.window_follows_at(0)
            || self.sample_follows()
            || self.match_recognize_follows()
            || self.pivot_follows()
            || self.match_clause == Some(self.at)
    }

    pub(super) fn group_by(&mut self) -> Parsed<GroupBy> {
        let start = self.here();
        self.expect_all(&["GROUP", "BY"])?;
        let words = ["AUTO", "ROLLUP", "CUBE"];
        let empty = self.is_symbol_at(1, "(") && self.is_symbol_at(2, ")");
        let quantified = self.is("ALL") && (empty || words.iter().any(|word| self.is_at(1, word)));
        let quantifier = if quantified {
            self.set_quantifier()
        } else if self.is("ALL") && self.is_limit_all_at(1) {
            None
        } else {
            self.select_quantifier()
        };
        let elements = self.list(|parser| {
            if parser.eat("ROLLUP") {
                return parser.grouping_sets(true).map(GroupingElement::Rollup);
            }
            if parser.eat("CUBE") {
                return parser.grouping_sets(true).map(GroupingElement::Cube);
            }
            if parser.eat("AUTO") {
                return Ok(GroupingElement::Auto);
            }
            if parser.eat_all(&["GROUPING", "SETS"]) {
                return parser.grouping_sets(false).map(GroupingElement::Sets);
            }
            parser.grouping_set().map(GroupingElement::Set)
        })?;
        Ok(GroupBy { span: self.since(start), quantifier, elements })
    }

    fn grouping_sets(&mut self, may_be_empty: bool) -> Parsed<Vec<GroupingSet>> {
        self.expect_symbol("(")?;
        if may_be_empty && self.is_symbol(")") {
            return Err(SqlError::syntax(self.here(), "grouping sets cannot be empty"));
        }
        let sets = self.list(Self::grouping_set)?;
        self.expect_symbol(")")?;
        Ok(sets)
    }

    /// `(a, b)`, `()` or an expression; what is both, as `(a)`, is a set.
    fn grouping_set(&mut self) -> Parsed<GroupingSet> {
        let start = self.here();
        let in_parentheses = self.is_symbol("(");
        if in_parentheses && self.is_symbol_at(1, ")") && !self.is_symbol_at(2, "->") {
            self.skip(2);
            return Ok(GroupingSet { span: self.since(start), exprs: Vec::new() });
        }
        let expr = self.expression()?;
        let exprs = if in_parentheses { listed(expr) } else { vec![expr] };
        Ok(GroupingSet { span: self.since(start), exprs })
    }

    /// `ORDER BY …`, or nothing.
    pub(super) fn order_by(&mut self) -> Parsed<Vec<SortItem>> {
        if !self.maybe("ORDER") {
            return Ok(Vec::new());
        }
        self.expect("BY")?;
        self.list(Self::sort_item)
    }

    pub(super) fn sort_item(&mut self) -> Parsed<SortItem> {
        let start = self.here();
        let key = self.expression()?;
        let descending = self.maybe("DESC");
        if !descending {
            self.maybe("ASC");
        }
        let nulls_first =
            if self.maybe("NULLS") { Some(self.one_of(&[("FIRST", true), ("LAST", false)])?) } else { None };
        Ok(SortItem { span: self.since(start), key, descending, nulls_first })
    }
}

/// Whether an expression could stand before `.*`.
fn is_primary(kind: &ExprKind) -> bool {
    if let ExprKind::Newer(node) = kind {
        return node.is_primary();
    }
    !matches!(
        kind,
        ExprKind::Not(_)
            | ExprKind::Logical { .. }
            | ExprKind::Comparison { .. }
            | ExprKind::QuantifiedComparison { .. }
            | ExprKind::Between { .. }
            | ExprKind::InList { .. }
            | ExprKind::InSubquery { .. }
            | ExprKind::Like { .. }
            | ExprKind::IsNull { .. }
            | ExprKind::IsTruth { .. }
            | ExprKind::IsDistinctFrom { .. }
            | ExprKind::Unary { .. }
            | ExprKind::Arithmetic { .. }
            | ExprKind::Concat(_)
            | ExprKind::AtTimeZone { .. }
    )
}

/// The expressions of `(a, b)`, read as one expression, where a list in parentheses may stand.
pub(super) fn listed(expr: Expr) -> Vec<Expr> {
    let Expr { span, kind } = expr;
    match kind {
        ExprKind::Row(fields) => fields,
        ExprKind::Parenthesized(only) => vec![*only],
        ExprKind::Subquery(query) => vec![listed_subquery(span, *query)],
        kind => vec![Expr { span, kind }],
    }
}

/// `((query))` is a list of a sub-query, `(query)` the sub-query itself.
fn listed_subquery(span: Span, query: Query) -> Expr {
    match query {
        Query {
            with: None,
            body: QueryBody::Parenthesized { span, query },
            order_by,
            offset: None,
            limit: None,
            ..
        } if order_by.is_empty() => Expr { span, kind: ExprKind::Subquery(query) },
        query => Expr { span, kind: ExprKind::Subquery(Box::new(query)) },
    }
}
