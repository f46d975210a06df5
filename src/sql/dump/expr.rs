//! Expressions.

use super::Dump;
use crate::sql::ast::{
    ArithmeticOperator, ComparisonOperator, ComparisonQuantifier, CurrentKind, CurrentValue, Expr, ExprKind,
    Identifier, Interval, IntervalQualifier, LogicalOperator, NumberKind, QualifiedName, Query, Span, StringLiteral,
};

impl Dump<'_> {
    pub(super) fn expr(&mut self, node: &Expr) {
        let Expr { span, kind } = node;
        let span = *span;
        match kind {
            // Trino keeps no parentheses.
            ExprKind::Parenthesized(inner) => self.expr(inner),
            ExprKind::Null => self.node("NullLiteral", Some(span), |_| {}),
            ExprKind::Boolean(value) => self.node("BooleanLiteral", Some(span), |dump| dump.flag("value", *value)),
            ExprKind::String(literal) => self.string(literal),
            ExprKind::Binary => self.binary(span),
            ExprKind::Number(kind) => self.number(span, *kind),
            ExprKind::TypedLiteral { type_name, value } => self.typed_literal(span, type_name, value),
            ExprKind::Interval(interval) => self.interval(span, interval),
            ExprKind::Parameter => self.node("Parameter", Some(span), |_| {}),
            ExprKind::Identifier(name) => self.identifier(name),
            ExprKind::Dereference { base, field } => self.node("DereferenceExpression", Some(span), |dump| {
                dump.field("base", |dump| dump.expr(base));
                dump.field("field", |dump| dump.identifier(field));
            }),
            ExprKind::Subscript { base, index } => self.node("SubscriptExpression", Some(span), |dump| {
                dump.field("base", |dump| dump.expr(base));
                dump.field("index", |dump| dump.expr(index));
            }),
            ExprKind::Row(items) => self.node("Row", Some(span), |dump| dump.list("items", items, Self::expr)),
            ExprKind::Array(items) => self.node("Array", Some(span), |dump| dump.list("values", items, Self::expr)),
            ExprKind::Not(operand) => self.node("NotExpression", Some(span), |dump| dump.value(operand)),
            ExprKind::Logical { operator, terms } => self.node("LogicalExpression", Some(span), |dump| {
                let operator = match operator {
                    LogicalOperator::And => "AND",
                    LogicalOperator::Or => "OR",
                };
                dump.text("operator", operator);
                dump.list("terms", terms, Self::expr);
            }),
            ExprKind::Comparison { operator, left, right } => self.comparison(span, of(*operator), (left, right)),
            ExprKind::IsDistinctFrom { negated, left, right } => {
                self.negatable(*negated, span, |dump| dump.comparison(span, "IS_DISTINCT_FROM", (left, right)));
            }
            ExprKind::QuantifiedComparison { operator, quantifier, left, query } => {
                self.node("QuantifiedComparisonExpression", Some(span), |dump| {
                    dump.text("operator", of(*operator));
                    dump.text("quantifier", quantifier_name(*quantifier));
                    dump.value(left);
                    dump.field("subquery", |dump| dump.subquery(None, query));
                });
            }
            ExprKind::Between { negated, value, low, high } => self.negatable(*negated, span, |dump| {
                dump.node("BetweenPredicate", Some(span), |dump| {
                    dump.value(value);
                    dump.field("min", |dump| dump.expr(low));
                    dump.field("max", |dump| dump.expr(high));
                });
            }),
            ExprKind::InList { negated, value, list } => self.is_in(*negated, (span, value), |dump| {
                dump.in_list(list);
            }),
            ExprKind::InSubquery { negated, value, query } => {
                self.is_in(*negated, (span, value), |dump| dump.subquery(None, query));
            }
            ExprKind::Like { negated, value, pattern, escape } => self.negatable(*negated, span, |dump| {
                dump.node("LikePredicate", Some(span), |dump| {
                    dump.value(value);
                    dump.field("pattern", |dump| dump.expr(pattern));
                    dump.maybe("escape", escape.as_deref(), Self::expr);
                });
            }),
            ExprKind::IsTruth { negated, value, truth } => self.node("Predicated", Some(span), |dump| {
                dump.value(value);
                dump.field("predicate", |dump| {
                    dump.node("BooleanTestPredicate", Some(span), |dump| {
                        dump.flag("negated", *negated);
                        dump.truth(*truth);
                    });
                });
            }),
            ExprKind::IsNull { negated, value } => {
                let class = if *negated { "IsNotNullPredicate" } else { "IsNullPredicate" };
                self.node(class, Some(span), |dump| dump.value(value));
            }
            ExprKind::Unary { negative, operand } => self.node("ArithmeticUnaryExpression", Some(span), |dump| {
                dump.value(operand);
                dump.text("sign", if *negative { "MINUS" } else { "PLUS" });
            }),
            ExprKind::Arithmetic { first, rest } => self.arithmetic(first, rest),
            ExprKind::Concat(parts) => self.concatenation(parts),
            ExprKind::AtTimeZone { value, zone } => self.node("AtTimeZone", Some(span), |dump| {
                dump.value(value);
                dump.field("timeZone", |dump| dump.expr(zone));
            }),
            ExprKind::Subquery(query) => self.subquery(Some(span), query),
            ExprKind::Exists(query) => self.node("ExistsPredicate", Some(span), |dump| {
                dump.field("subquery", |dump| dump.subquery(None, query));
            }),
            ExprKind::Case { operand, whens, otherwise } => {
                let class = if operand.is_some() { "SimpleCaseExpression" } else { "SearchedCaseExpression" };
                self.node(class, Some(span), |dump| {
                    dump.maybe("operand", operand.as_deref(), Self::expr);
                    dump.list("whenClauses", whens, |dump, (condition, result)| {
                        dump.node("WhenClause", None, |dump| {
                            dump.field("operand", |dump| dump.when_operand(condition));
                            dump.field("result", |dump| dump.expr(result));
                        });
                    });
                    dump.maybe("defaultValue", otherwise.as_deref(), Self::expr);
                });
            }
            ExprKind::Cast { safe, value, data_type } => self.node("Cast", Some(span), |dump| {
                dump.field("expression", |dump| dump.expr(value));
                dump.field("type", |dump| dump.data_type(data_type));
                dump.flag("safe", *safe);
            }),
            ExprKind::Call(call) => self.call(span, call),
            ExprKind::Measure { name, over } => self.node("WindowOperation", Some(span), |dump| {
                dump.field("name", |dump| dump.identifier(name));
                dump.field("window", |dump| dump.over(over));
            }),
            ExprKind::Lambda { parameters, body } => self.node("LambdaExpression", Some(span), |dump| {
                dump.list("arguments", parameters, |dump, name| {
                    dump.node("LambdaArgumentDeclaration", Some(name.span), |dump| {
                        dump.field("name", |dump| dump.identifier(name));
                    });
                });
                dump.field("body", |dump| dump.expr(body));
            }),
            ExprKind::Current(value) => self.current(span, *value),
            ExprKind::Extract { field, value } => self.node("Extract", Some(span), |dump| {
                dump.field("expression", |dump| dump.expr(value));
                dump.text("field", &field.value.to_ascii_uppercase());
            }),
            ExprKind::Grouping(columns) => self.node("GroupingOperation", Some(span), |dump| {
                dump.list("groupingColumns", columns, Self::grouping_column);
            }),
            ExprKind::SpecialForm { form, operands } => self.special_form(span, *form, operands),
            ExprKind::Newer(node) => self.newer(span, node),
            ExprKind::JsonPath { form, path, returning, clauses, defaults } => {
                self.json_path_form(span, *form, (path, returning.as_deref()), (*clauses, defaults));
            }
            ExprKind::JsonObject { members, nulls, unique_keys, returning } => {
                self.json_object(span, (members, *nulls, *unique_keys), returning.as_deref());
            }
            ExprKind::JsonArray { elements, nulls, returning } => {
                self.json_array(span, (elements, *nulls), returning.as_deref());
            }
        }
    }

    pub(super) fn value(&mut self, expr: &Expr) {
        self.field("value", |dump| dump.expr(expr));
    }

    pub(super) fn subquery(&mut self, span: Option<Span>, query: &Query) {
        self.node("SubqueryExpression", span, |dump| dump.field("query", |dump| dump.query(query)));
    }

    /// Trino puts a predicate's NOT around the predicate.
    pub(super) fn negatable(&mut self, negated: bool, span: Span, predicate: impl FnOnce(&mut Self)) {
        if negated {
            self.node("NotExpression", Some(span), |dump| dump.field("value", predicate));
        } else {
            predicate(self);
        }
    }

    fn comparison(&mut self, span: Span, operator: &str, (left, right): (&Expr, &Expr)) {
        self.node("ComparisonExpression", Some(span), |dump| {
            dump.text("operator", operator);
            dump.field("left", |dump| dump.expr(left));
            dump.field("right", |dump| dump.expr(right));
        });
    }

    pub(super) fn in_list(&mut self, list: &[Expr]) {
        self.node("InListExpression", None, |dump| dump.list("values", list, Self::expr));
    }

    pub(super) fn truth(&mut self, truth: Option<bool>) {
        self.text("truthValue", truth.map_or("UNKNOWN", |truth| if truth { "TRUE" } else { "FALSE" }));
    }

    fn is_in(&mut self, negated: bool, (span, value): (Span, &Expr), list: impl FnOnce(&mut Self)) {
        self.negatable(negated, span, |dump| {
            dump.node("InPredicate", Some(span), |dump| {
                dump.value(value);
                dump.field("valueList", list);
            });
        });
    }

    /// A chain nests to the left.
    fn arithmetic(&mut self, first: &Expr, rest: &[(ArithmeticOperator, Expr)]) {
        for (operator, _) in rest.iter().rev() {
            self.open("ArithmeticBinaryExpression", None);
            let operator = match operator {
                ArithmeticOperator::Add => "ADD",
                ArithmeticOperator::Subtract => "SUBTRACT",
                ArithmeticOperator::Multiply => "MULTIPLY",
                ArithmeticOperator::Divide => "DIVIDE",
                ArithmeticOperator::Modulus => "MODULUS",
            };
            self.text("operator", operator);
            self.key("left");
        }
        self.expr(first);
        for (_, right) in rest {
            self.field("right", |dump| dump.expr(right));
            self.close();
        }
    }

    /// To Trino, `a || b || c` is `concat(concat(a, b), c)`.
    fn concatenation(&mut self, parts: &[Expr]) {
        let Some((first, rest)) = parts.split_first() else { return };
        for _ in rest {
            self.open("FunctionCall", None);
            self.field("name", |dump| dump.made_name("concat", false));
            self.key("arguments");
            self.json.push('[');
        }
        self.expr(first);
        for part in rest {
            self.json.push(',');
            self.expr(part);
            self.json.push(']');
            self.close();
        }
    }

    /// Trino makes these names anew, in lower case.
    fn grouping_column(&mut self, node: &QualifiedName) {
        let QualifiedName { parts, span: _ } = node;
        for _ in parts.iter().skip(1) {
            self.open("DereferenceExpression", None);
            self.key("base");
        }
        for (at, part) in parts.iter().enumerate() {
            if at > 0 {
                self.key("field");
            }
            self.made_identifier(&part.folded(), false);
            if at > 0 {
                self.close();
            }
        }
    }
}

/// Literals.
impl Dump<'_> {
    fn binary(&mut self, span: Span) {
        let digits = span.of(self.text).chars().skip(1).filter(char::is_ascii_hexdigit);
        let value: String = digits.map(|digit| digit.to_ascii_uppercase()).collect();
        self.node("BinaryLiteral", Some(span), |dump| dump.text("value", &value));
    }

    fn number(&mut self, span: Span, kind: NumberKind) {
        let value = self.digits(span);
        match kind {
            NumberKind::Integer => self.node("LongLiteral", Some(span), |dump| dump.text("value", &value)),
            NumberKind::Decimal => self.node("DecimalLiteral", Some(span), |dump| dump.text("value", &value)),
            NumberKind::Double => self.node("DoubleLiteral", Some(span), |dump| {
                // As much of it as Trino keeps, in the shortest digits that stand for it.
                let shortest = value.parse::<f64>().map_or(value, |number| format!("{number:e}"));
                dump.text("value", &shortest);
            }),
        }
    }

    /// A number as written, without what may stand between its sign and its digits.
    fn digits(&self, span: Span) -> String {
        let written = span.of(self.text);
        let Some(unsigned) = written.strip_prefix('-') else { return written.to_owned() };
        let is_digit =
            |character: char| character.is_ascii_alphanumeric() || matches!(character, '_' | '.' | '+' | '-');
        let digits = unsigned.rsplit(|character| !is_digit(character)).next().unwrap_or_default();
        format!("-{digits}")
    }

    fn typed_literal(&mut self, span: Span, type_name: &Identifier, value: &StringLiteral) {
        let StringLiteral { value, span: _ } = value;
        // Trino takes the type's name as written, quotes included.
        let written = type_name.span.of(self.text);
        if written.eq_ignore_ascii_case("decimal") {
            return self.node("DecimalLiteral", Some(span), |dump| dump.text("value", value));
        }
        let is_double_precision = !type_name.delimited && type_name.value.contains(' ');
        self.node("GenericLiteral", Some(span), |dump| {
            dump.text("type", if is_double_precision { "DOUBLE" } else { written });
            dump.text("value", value);
        });
    }

    fn interval(&mut self, span: Span, node: &Interval) {
        let Interval { negative, value: StringLiteral { value, span: _ }, qualifier } = node;
        let IntervalQualifier { from, precision, to, fraction } = qualifier;
        self.node("IntervalLiteral", Some(span), |dump| {
            dump.text("value", value);
            dump.text("sign", if *negative { "NEGATIVE" } else { "POSITIVE" });
            if precision.or(*fraction).is_some() {
                return dump.field("qualifier", |dump| dump.interval_qualifier(qualifier));
            }
            dump.text("startField", from.word());
            dump.maybe("endField", to.as_ref(), |dump, to| dump.quoted(to.word()));
        });
    }

    fn current(&mut self, span: Span, node: CurrentValue) {
        let CurrentValue { kind, precision } = node;
        let class = match kind {
            CurrentKind::Date => "CurrentDate",
            CurrentKind::Time => "CurrentTime",
            CurrentKind::Timestamp => "CurrentTimestamp",
            CurrentKind::LocalTime => "LocalTime",
            CurrentKind::LocalTimestamp => "LocalTimestamp",
            CurrentKind::User => "CurrentUser",
            CurrentKind::Catalog => "CurrentCatalog",
            CurrentKind::Schema => "CurrentSchema",
            CurrentKind::Path => "CurrentPath",
        };
        self.node(class, Some(span), |dump| {
            dump.maybe("precision", precision, |dump, precision| dump.quoted(&precision.to_string()));
        });
    }
}

/// Trino's name of an operator.
pub(super) fn of(operator: ComparisonOperator) -> &'static str {
    match operator {
        ComparisonOperator::Equal => "EQUAL",
        ComparisonOperator::NotEqual => "NOT_EQUAL",
        ComparisonOperator::LessThan => "LESS_THAN",
        ComparisonOperator::LessThanOrEqual => "LESS_THAN_OR_EQUAL",
        ComparisonOperator::GreaterThan => "GREATER_THAN",
        ComparisonOperator::GreaterThanOrEqual => "GREATER_THAN_OR_EQUAL",
    }
}

pub(super) fn quantifier_name(quantifier: ComparisonQuantifier) -> &'static str {
    match quantifier {
        ComparisonQuantifier::All => "ALL",
        ComparisonQuantifier::Some => "SOME",
        ComparisonQuantifier::Any => "ANY",
    }
}
