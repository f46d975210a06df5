//! The walk over expressions: what matters in them are queries and functions.

use super::Unproved;
use super::walk::Walk;
use super::{failure, function};
use crate::sql::ast::{Arguments, Call, Expr, ExprKind, FrameBound, JsonMember, Over};

impl Walk<'_> {
    /// Proves an expression that must depend on nothing that is read.
    pub(super) fn constant(&mut self, what: &'static str, expr: &Expr) -> Result<(), Unproved> {
        let outer = self.constant.replace(what);
        self.expr(expr)?;
        self.constant = outer;
        Ok(())
    }

    pub(super) fn exprs(&mut self, exprs: &[Expr]) -> Result<(), Unproved> {
        exprs.iter().try_for_each(|expr| self.expr(expr))
    }

    pub(super) fn optional(&mut self, expr: Option<&Expr>) -> Result<(), Unproved> {
        expr.map_or(Ok(()), |expr| self.expr(expr))
    }

    pub(super) fn frame_bound(&mut self, bound: &FrameBound) -> Result<(), Unproved> {
        match bound {
            FrameBound::Preceding(distance) | FrameBound::Following(distance) => self.expr(distance),
            FrameBound::UnboundedPreceding | FrameBound::CurrentRow | FrameBound::UnboundedFollowing => Ok(()),
        }
    }

    fn column(&self) -> Result<(), Unproved> {
        self.constant.map_or(Ok(()), |what| Err(Unproved::because(format!("a column in {what}"))))
    }

    /// Proves an expression.
    pub(super) fn expr(&mut self, expr: &Expr) -> Result<(), Unproved> {
        let found = &mut self.found;
        found.can_fail = found.can_fail || failure::possible(expr);
        found.can_fail_on_json = found.can_fail_on_json || failure::possible_on_json(expr);
        match &expr.kind {
            ExprKind::Null
            | ExprKind::Boolean(_)
            | ExprKind::String(_)
            | ExprKind::Binary
            | ExprKind::Number(_)
            | ExprKind::TypedLiteral { type_name: _, value: _ }
            | ExprKind::Interval(_)
            | ExprKind::Parameter
            | ExprKind::Current(_) => Ok(()),
            ExprKind::Identifier(_) | ExprKind::Grouping(_) => self.column(),
            ExprKind::Dereference { base, field: _ } => self.expr(base),
            ExprKind::Subscript { base, index } => {
                self.expr(base)?;
                self.expr(index)
            }
            ExprKind::Parenthesized(inner) | ExprKind::Not(inner) => self.expr(inner),
            ExprKind::Row(values) | ExprKind::Array(values) | ExprKind::Concat(values) => self.exprs(values),
            ExprKind::Logical { operator: _, terms } => self.exprs(terms),
            ExprKind::Comparison { operator: _, left, right }
            | ExprKind::IsDistinctFrom { negated: _, left, right } => {
                self.expr(left)?;
                self.expr(right)
            }
            ExprKind::QuantifiedComparison { operator: _, quantifier: _, left, query } => {
                self.expr(left)?;
                self.query(query)
            }
            ExprKind::Between { negated: _, value, low, high } => {
                self.expr(value)?;
                self.expr(low)?;
                self.expr(high)
            }
            ExprKind::InList { negated: _, value, list } => {
                self.expr(value)?;
                self.exprs(list)
            }
            ExprKind::InSubquery { negated: _, value, query } => {
                self.expr(value)?;
                self.query(query)
            }
            ExprKind::Like { negated: _, value, pattern, escape } => {
                self.expr(value)?;
                self.expr(pattern)?;
                self.optional(escape.as_deref())
            }
            ExprKind::IsNull { negated: _, value } | ExprKind::IsTruth { negated: _, value, truth: _ } => {
                self.expr(value)
            }
            ExprKind::Newer(node) => Err(Unproved::because(node.what())),
            ExprKind::Unary { negative: _, operand } => self.expr(operand),
            ExprKind::Arithmetic { first, rest } => {
                self.expr(first)?;
                rest.iter().try_for_each(|(_, operand)| self.expr(operand))
            }
            ExprKind::AtTimeZone { value, zone } => {
                self.expr(value)?;
                self.expr(zone)
            }
            ExprKind::Subquery(query) | ExprKind::Exists(query) => self.query(query),
            ExprKind::Case { operand, whens, otherwise } => {
                self.optional(operand.as_deref())?;
                for (condition, result) in whens {
                    self.expr(condition)?;
                    self.expr(result)?;
                }
                self.optional(otherwise.as_deref())
            }
            ExprKind::Cast { safe: _, value, data_type: _ } => self.expr(value),
            ExprKind::Call(call) => self.call(call),
            ExprKind::Measure { name: _, over } => {
                self.column()?;
                self.over(over)
            }
            ExprKind::Lambda { parameters: _, body } => self.expr(body),
            ExprKind::Extract { field: _, value } => self.expr(value),
            ExprKind::SpecialForm { form: _, operands } => self.exprs(operands),
            ExprKind::JsonPath { form: _, path, returning: _, clauses: _, defaults } => {
                self.json_path(path)?;
                self.exprs(defaults)
            }
            ExprKind::JsonObject { members, nulls: _, unique_keys: _, returning: _ } => {
                members.iter().try_for_each(|JsonMember { key, value }| {
                    self.expr(key)?;
                    self.expr(&value.value)
                })
            }
            ExprKind::JsonArray { elements, nulls: _, returning: _ } => {
                elements.iter().try_for_each(|element| self.expr(&element.value))
            }
        }
    }

    fn call(&mut self, call: &Call) -> Result<(), Unproved> {
        let Call { name, processing: _, quantifier: _, arguments, order_by, filter, ignore_nulls: _, over, listagg: _ } =
            call;
        function::prove(self.request, name)?;
        match arguments {
            Arguments::Star(_) => (),
            Arguments::List(arguments) => self.exprs(arguments)?,
            Arguments::Named(_) => return Err(Unproved::because("an argument's name")),
        }
        self.sort_items(order_by)?;
        self.optional(filter.as_ref())?;
        over.as_ref().map_or(Ok(()), |over| self.over(over))
    }

    fn over(&mut self, over: &Over) -> Result<(), Unproved> {
        match over {
            Over::Name(_) => Ok(()),
            Over::Window(window) => self.window(window),
        }
    }
}
