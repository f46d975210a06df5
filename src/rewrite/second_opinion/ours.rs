//! The tables that our own tree names.

use super::Name;
use crate::sql::ast::{
    Arguments, Call, Expr, ExprKind, FrameBound, GroupingElement, JoinCriteria, JsonPathInvocation, JsonTableColumn,
    Over, PatternClauses, Query, QueryBody, Relation, Select, SelectItem, SortItem, TableArgumentInput,
    TableFunctionValue, WindowSpecification,
};
use crate::sql::{QualifiedName, Statement, StatementKind, summary};
use std::collections::BTreeSet;

/// The names of relations in a statement, as they are written, those of named queries too.
pub(super) fn names(statement: &Statement) -> BTreeSet<Name> {
    let mut names = Names::default();
    names.statement(statement);
    names.seen
}

/// A walk that may leave something out without harm: what it does not see can only lead to a refusal.
#[derive(Default)]
struct Names {
    seen: BTreeSet<Name>,
}

impl Names {
    fn name(&mut self, name: &QualifiedName) {
        self.seen.insert(name.parts.iter().map(|part| part.folded().to_string()).collect());
    }

    fn statement(&mut self, statement: &Statement) {
        match &statement.kind {
            StatementKind::Query(query) | StatementKind::ShowStatsForQuery { query } => self.query(query),
            StatementKind::Explain { statement, .. }
            | StatementKind::ExplainAnalyze { statement, .. }
            | StatementKind::Prepare { statement, .. } => self.statement(statement),
            StatementKind::Execute { parameters, .. } | StatementKind::ExecuteImmediate { parameters, .. } => {
                self.exprs(parameters);
            }
            StatementKind::ShowColumns { table: name, .. }
            | StatementKind::ShowStats { table: name }
            | StatementKind::ShowCreate { name, .. } => self.name(name),
            StatementKind::SetSession { value, .. } => self.expr(value),
            StatementKind::Definition(_)
            | StatementKind::Change(_)
            | StatementKind::Access(_)
            | StatementKind::Branch(_)
            | StatementKind::DescribeQuery { .. } => {
                let found = summary(statement).relations;
                self.seen.extend(found.iter().map(|name| name.parts.iter().map(ToString::to_string).collect()));
            }
            _ => (),
        }
    }

    fn query(&mut self, query: &Query) {
        if let Some(with) = &query.with {
            with.queries.iter().for_each(|named| self.query(&named.query));
        }
        self.body(&query.body);
        self.sort_items(&query.order_by);
    }

    fn body(&mut self, body: &QueryBody) {
        match body {
            QueryBody::Select(select) => self.select(select),
            QueryBody::Table { name, .. } => self.name(name),
            QueryBody::Values { rows, .. } => self.exprs(rows),
            QueryBody::Parenthesized { query, .. } => self.query(query),
            QueryBody::SetOperation { first, rest, .. } => {
                self.body(first);
                rest.iter().for_each(|term| self.body(&term.term));
            }
        }
    }

    fn select(&mut self, select: &Select) {
        for item in &select.items {
            match item {
                SelectItem::Expr { expr, .. } | SelectItem::QualifiedStar { target: expr, .. } => self.expr(expr),
                SelectItem::Star(_) => (),
            }
        }
        select.from.iter().for_each(|relation| self.relation(relation));
        self.exprs(&select.filter);
        for element in select.group_by.iter().flat_map(|group_by| &group_by.elements) {
            match element {
                GroupingElement::Auto => {}
                GroupingElement::Set(set) => self.exprs(&set.exprs),
                GroupingElement::Rollup(sets) | GroupingElement::Cube(sets) | GroupingElement::Sets(sets) => {
                    sets.iter().for_each(|set| self.exprs(&set.exprs));
                }
            }
        }
        self.exprs(&select.having);
        select.windows.iter().for_each(|definition| self.window(&definition.window));
    }

    fn relation(&mut self, relation: &Relation) {
        match relation {
            Relation::Table(table) => {
                self.name(&table.name);
                self.exprs(table.period.iter().map(|period| &period.end));
            }
            Relation::Subquery { query, .. } | Relation::Lateral { query, .. } => self.query(query),
            Relation::Parenthesized { relation, .. } | Relation::Aliased { relation, .. } => self.relation(relation),
            Relation::Unnest { exprs, .. } => self.exprs(exprs),
            Relation::TableFunction(function) => {
                for argument in &function.arguments {
                    match &argument.value {
                        TableFunctionValue::Table(table) => {
                            match &table.input {
                                TableArgumentInput::Table(name) => self.name(name),
                                TableArgumentInput::Query(query) => self.query(query),
                            }
                            self.exprs(table.partition_by.iter().flatten());
                            self.sort_items(&table.order_by);
                        }
                        TableFunctionValue::Descriptor(_) => (),
                        TableFunctionValue::Expr(expr) => self.expr(expr),
                    }
                }
            }
            // Refused before this opinion is asked for.
            Relation::Pivot(_) | Relation::Nearest(_) => (),
            Relation::JsonTable(table) => {
                self.json_path(&table.path);
                self.json_columns(&table.columns);
            }
            Relation::MatchRecognize { input, clauses, .. } => {
                self.relation(input);
                self.pattern_clauses(clauses);
            }
            Relation::Sampled { relation, percentage, .. } => {
                self.relation(relation);
                self.expr(percentage);
            }
            Relation::Join { first, joins, .. } => {
                self.relation(first);
                for join in joins {
                    self.relation(&join.right);
                    if let JoinCriteria::On(condition) = &join.criteria {
                        self.expr(condition);
                    }
                }
            }
        }
    }

    fn exprs<'e>(&mut self, exprs: impl IntoIterator<Item = &'e Expr>) {
        exprs.into_iter().for_each(|expr| self.expr(expr));
    }

    fn sort_items(&mut self, items: &[SortItem]) {
        self.exprs(items.iter().map(|item| &item.key));
    }

    fn window(&mut self, window: &WindowSpecification) {
        self.exprs(&window.partition_by);
        self.sort_items(&window.order_by);
        let Some(frame) = &window.frame else { return };
        for bound in [&frame.start].into_iter().chain(&frame.end) {
            if let FrameBound::Preceding(distance) | FrameBound::Following(distance) = bound {
                self.expr(distance);
            }
        }
        frame.pattern.iter().for_each(|clauses| self.pattern_clauses(clauses));
    }

    fn pattern_clauses(&mut self, clauses: &PatternClauses) {
        self.exprs(clauses.measures.iter().map(|(measure, _)| measure));
        self.exprs(&clauses.partition_by);
        self.sort_items(&clauses.order_by);
        self.exprs(clauses.definitions.iter().map(|(_, definition)| definition));
    }

    fn json_path(&mut self, path: &JsonPathInvocation) {
        self.expr(&path.input.value);
        self.exprs(path.passing.iter().map(|argument| &argument.input.value));
    }

    fn json_columns(&mut self, columns: &[JsonTableColumn]) {
        for column in columns {
            match column {
                JsonTableColumn::Ordinality(_) => (),
                JsonTableColumn::Value { defaults, .. } => self.exprs(defaults),
                JsonTableColumn::Nested { columns, .. } => self.json_columns(columns),
            }
        }
    }

    fn expr(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Null
            | ExprKind::Boolean(_)
            | ExprKind::String(_)
            | ExprKind::Binary
            | ExprKind::Number(_)
            | ExprKind::TypedLiteral { .. }
            | ExprKind::Interval(_)
            | ExprKind::Parameter
            | ExprKind::Identifier(_)
            | ExprKind::Current(_)
            // Refused before this opinion is asked for.
            | ExprKind::Newer(_)
            | ExprKind::Grouping(_) => (),
            ExprKind::Dereference { base: inner, .. }
            | ExprKind::Parenthesized(inner)
            | ExprKind::Not(inner)
            | ExprKind::IsNull { value: inner, .. }
            | ExprKind::IsTruth { value: inner, .. }
            | ExprKind::Unary { operand: inner, .. }
            | ExprKind::Cast { value: inner, .. }
            | ExprKind::Lambda { body: inner, .. }
            | ExprKind::Extract { value: inner, .. } => self.expr(inner),
            ExprKind::Subscript { base: left, index: right }
            | ExprKind::Comparison { left, right, .. }
            | ExprKind::IsDistinctFrom { left, right, .. }
            | ExprKind::AtTimeZone { value: left, zone: right } => self.exprs([left.as_ref(), right.as_ref()]),
            ExprKind::Row(exprs)
            | ExprKind::Array(exprs)
            | ExprKind::Concat(exprs)
            | ExprKind::Logical { terms: exprs, .. }
            | ExprKind::SpecialForm { operands: exprs, .. } => self.exprs(exprs),
            ExprKind::JsonArray { elements, .. } => self.exprs(elements.iter().map(|element| &element.value)),
            ExprKind::QuantifiedComparison { left: value, query, .. } | ExprKind::InSubquery { value, query, .. } => {
                self.expr(value);
                self.query(query);
            }
            ExprKind::Between { value, low, high, .. } => self.exprs([value.as_ref(), low.as_ref(), high.as_ref()]),
            ExprKind::InList { value, list, .. } => self.exprs([value.as_ref()].into_iter().chain(list)),
            ExprKind::Like { value, pattern, escape, .. } => {
                self.exprs([value.as_ref(), pattern.as_ref()].into_iter().chain(escape.as_deref()));
            }
            ExprKind::Arithmetic { first, rest } => {
                self.exprs([first.as_ref()].into_iter().chain(rest.iter().map(|(_, operand)| operand)));
            }
            ExprKind::Subquery(query) | ExprKind::Exists(query) => self.query(query),
            ExprKind::Case { operand, whens, otherwise } => {
                self.exprs(operand.as_deref());
                self.exprs(whens.iter().flat_map(|(condition, result)| [condition, result]));
                self.exprs(otherwise.as_deref());
            }
            ExprKind::Call(call) => self.call(call),
            ExprKind::Measure { over, .. } => self.over(over),
            ExprKind::JsonPath { path, defaults, .. } => {
                self.json_path(path);
                self.exprs(defaults);
            }
            ExprKind::JsonObject { members, .. } => {
                self.exprs(members.iter().flat_map(|member| [&member.key, &member.value.value]));
            }
        }
    }

    fn call(&mut self, call: &Call) {
        if let Arguments::List(arguments) = &call.arguments {
            self.exprs(arguments);
        }
        self.sort_items(&call.order_by);
        self.exprs(&call.filter);
        call.over.iter().for_each(|over| self.over(over));
    }

    fn over(&mut self, over: &Over) {
        if let Over::Window(window) = over {
            self.window(window);
        }
    }
}
