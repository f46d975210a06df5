//! Expressions.

use super::super::facts::{FunctionUse, Problem};
use super::super::risk;
use super::super::scope::{Field, RelationType, Scope, ScopeRef, TypeClass};
use super::column::chain;
use super::{Names, Walk};
use crate::sql::Span;
use crate::sql::ast::{Arguments, Call, Expr, ExprKind, JsonMember, JsonPathInvocation, Over};

impl Walk<'_, '_> {
    /// An expression that stands alone in a `SELECT` list: its value comes out as it is, whatever its type.
    pub(super) fn top_expr(&mut self, expr: &Expr, scope: &ScopeRef) -> TypeClass {
        match chain(expr) {
            Some(parts) => {
                let class = self.column(&parts, scope);
                if parts.len() > 1 && class == TypeClass::Structural {
                    self.can_fail(expr.span);
                }
                class
            }
            None => {
                self.expr(expr, scope);
                TypeClass::Scalar
            }
        }
    }

    /// Any expression in its scope.
    pub(super) fn expr(&mut self, expr: &Expr, scope: &ScopeRef) {
        let of_policy = matches!(self.names, Names::Policy);
        // The first is enough.
        if self.facts.can_fail.is_none() && risk::can_fail(expr) && !(of_policy && risk::fails_for_all_or_none(expr)) {
            self.can_fail(expr.span);
        }
        if let Some(class) = risk::class(expr) {
            self.compared(class, expr.span);
        }
        match &expr.kind {
            ExprKind::Null
            | ExprKind::Boolean(_)
            | ExprKind::String(_)
            | ExprKind::Binary
            | ExprKind::Number(_)
            | ExprKind::TypedLiteral { type_name: _, value: _ }
            | ExprKind::Interval(_)
            | ExprKind::Parameter
            | ExprKind::Current(_) => {}
            ExprKind::Identifier(name) => {
                let class = self.column(&[name], scope);
                self.compared(class, expr.span);
            }
            ExprKind::Dereference { base, field: _ } => match chain(expr) {
                Some(parts) => {
                    let class = self.column(&parts, scope);
                    self.compared(class, expr.span);
                }
                None => self.expr(base, scope),
            },
            ExprKind::Subscript { base, index } => self.exprs([&**base, &**index], scope),
            ExprKind::Parenthesized(inner) | ExprKind::Not(inner) => self.expr(inner, scope),
            ExprKind::Row(items) | ExprKind::Array(items) | ExprKind::Concat(items) => self.exprs(items, scope),
            ExprKind::Logical { operator: _, terms } => self.exprs(terms, scope),
            ExprKind::Comparison { operator: _, left, right } => self.exprs([&**left, &**right], scope),
            ExprKind::QuantifiedComparison { operator: _, quantifier: _, left, query } => {
                self.expr(left, scope);
                self.subquery(query, scope);
            }
            ExprKind::Between { negated: _, value, low, high } => self.exprs([&**value, &**low, &**high], scope),
            ExprKind::InList { negated: _, value, list } => {
                self.expr(value, scope);
                self.exprs(list, scope);
            }
            ExprKind::InSubquery { negated: _, value, query } => {
                self.expr(value, scope);
                self.subquery(query, scope);
            }
            ExprKind::Like { negated: _, value, pattern, escape } => {
                self.exprs([&**value, &**pattern], scope);
                self.exprs(escape.as_deref(), scope);
            }
            ExprKind::IsNull { negated: _, value } | ExprKind::IsTruth { negated: _, value, truth: _ } => {
                self.expr(value, scope);
            }
            ExprKind::IsDistinctFrom { negated: _, left, right } => self.exprs([&**left, &**right], scope),
            ExprKind::Newer(node) => self.problem(expr.span, Problem::NotSupported(node.what())),
            ExprKind::Unary { negative: _, operand } => self.expr(operand, scope),
            ExprKind::Arithmetic { first, rest } => {
                self.expr(first, scope);
                self.exprs(rest.iter().map(|(_, operand)| operand), scope);
            }
            ExprKind::AtTimeZone { value, zone } => self.exprs([&**value, &**zone], scope),
            ExprKind::Subquery(query) | ExprKind::Exists(query) => self.subquery(query, scope),
            ExprKind::Case { operand, whens, otherwise } => {
                self.exprs(operand.as_deref(), scope);
                for (when, then) in whens {
                    self.exprs([when, then], scope);
                }
                self.exprs(otherwise.as_deref(), scope);
            }
            ExprKind::Cast { safe: _, value, data_type: _ } => self.expr(value, scope),
            ExprKind::Call(call) => self.call(call, scope),
            ExprKind::Measure { name: _, over } => self.over(over, scope),
            ExprKind::Lambda { parameters, body } => {
                let fields = parameters.iter().map(|name| Field::plain(name.folded().into(), TypeClass::Structural));
                let relation = RelationType { fields: fields.collect(), unknown: Vec::new() };
                self.expr(body, &Scope::within(scope, relation));
            }
            ExprKind::Extract { field: _, value } => self.expr(value, scope),
            ExprKind::Grouping(columns) => {
                for column in columns {
                    let parts: Vec<_> = column.parts.iter().collect();
                    self.column(&parts, scope);
                }
            }
            ExprKind::SpecialForm { form: _, operands } => self.exprs(operands, scope),
            ExprKind::JsonPath { form: _, path, returning: _, clauses: _, defaults } => {
                self.json_path(path, scope);
                self.exprs(defaults, scope);
            }
            ExprKind::JsonObject { members, nulls: _, unique_keys: _, returning: _ } => {
                for JsonMember { key, value } in members {
                    self.exprs([key, &value.value], scope);
                }
            }
            ExprKind::JsonArray { elements, nulls: _, returning: _ } => {
                self.exprs(elements.iter().map(|element| &element.value), scope);
            }
        }
    }

    fn exprs<'e>(&mut self, exprs: impl IntoIterator<Item = &'e Expr>, scope: &ScopeRef) {
        for expr in exprs {
            self.expr(expr, scope);
        }
    }

    fn subquery(&mut self, query: &crate::sql::ast::Query, scope: &ScopeRef) {
        let output = self.query(query, scope);
        self.compared_fields(&output, query.span);
    }

    /// All fields of a relation are compared with something.
    pub(super) fn compared_fields(&mut self, relation: &RelationType, span: Span) {
        for field in &relation.fields {
            self.compared(field.class, span);
        }
        if !relation.unknown.is_empty() {
            self.can_fail(span);
        }
    }

    /// Something of this class is compared, or may be.
    pub(super) fn compared(&mut self, class: TypeClass, span: Span) {
        match class {
            TypeClass::Scalar => {}
            TypeClass::Decimal(digits) => self.facts.decimals = self.facts.decimals.and(digits),
            TypeClass::Structural => self.can_fail(span),
            TypeClass::Dated => self.facts.dated = true,
            TypeClass::Zoned => self.facts.zoned = true,
        }
        if self.facts.dated && self.facts.zoned || self.facts.decimals.overflow() {
            self.can_fail(span);
        }
    }

    fn call(&mut self, call: &Call, scope: &ScopeRef) {
        let Call { name, processing: _, quantifier: _, arguments, order_by, filter, ignore_nulls: _, over, listagg: _ } =
            call;
        let folded = name.parts.iter().map(|part| part.folded()).collect();
        self.facts.functions.push(FunctionUse { name: folded, span: name.span, table: false });
        match arguments {
            Arguments::Star(_) => {}
            Arguments::List(arguments) => self.exprs(arguments, scope),
            Arguments::Named(_) => self.problem(name.span, Problem::NotSupported("an argument's name")),
        }
        self.sort_items(order_by, scope);
        self.exprs(filter, scope);
        if let Some(over) = over {
            self.over(over, scope);
        }
    }

    fn over(&mut self, over: &Over, scope: &ScopeRef) {
        match over {
            Over::Name(_) => {}
            Over::Window(window) => self.window(window, scope),
        }
    }

    pub(super) fn json_path(&mut self, path: &JsonPathInvocation, scope: &ScopeRef) {
        let JsonPathInvocation { span: _, input, path: _, name: _, passing } = path;
        self.expr(&input.value, scope);
        self.exprs(passing.iter().map(|argument| &argument.input.value), scope);
    }
}
