//! The SQL of masks, filters and rows: as it is written, and as it applies to one user.
//!
//! A [`Template`] has holes for what is only known when a decision is made: the masked column, and values of the user.
//! Values are put in as quoted literals, never as text; a value that is missing leaves nothing to see.

use super::access::{Grammars, PolicyRef, Subject};
use crate::names::{literal, quoted};
use crate::sql::ast::{Expr, ExprKind};
use crate::sql::{GrammarVersion, Span, parse_expression};
use std::ops::Range;
use std::sync::Arc;

/// An expression over a table's columns as it applies to one user: a column mask, a row filter, or the rows of a grant.
#[derive(Clone, Debug, PartialEq)]
pub struct Expression {
    /// Its text.
    pub text: Arc<str>,
    /// Its tree; spans are of `text`.
    pub expr: Arc<Expr>,
    /// The grammars that read the text so; the others can't read it.
    pub grammars: Grammars,
    /// Where it is written; several where it is put together from several.
    pub policies: Arc<[Arc<PolicyRef>]>,
    /// The masks in it that have a name.
    pub masks: Arc<[Arc<str>]>,
}

impl Expression {
    /// The policies by name, for a message.
    pub fn named(&self) -> String {
        let names: Vec<&str> = self.policies.iter().map(|policy| policy.policy.as_str()).collect();
        names.join(" and ")
    }

    /// Reads a text by the first of some grammars. All of them read the parts of it alike.
    ///
    /// # Errors
    /// A text for the user, if none of them can.
    pub(super) fn read(
        text: String,
        grammars: Grammars,
        policies: Arc<[Arc<PolicyRef>]>,
    ) -> Result<Expression, String> {
        let named = || policies.iter().map(|policy| policy.policy.as_str()).collect::<Vec<_>>().join(" and ");
        let grammar = *grammars.first().ok_or_else(|| format!("no version of Trino can read {} together", named()))?;
        let expr = parse_expression(&text, grammar).map_err(|error| format!("{}: {}", named(), error.message))?;
        Ok(Expression { text: text.into(), expr: Arc::new(expr), grammars, policies, masks: Arc::default() })
    }

    /// True where one of several is.
    ///
    /// # Errors
    /// A text for the user, if they can't stand together.
    pub(super) fn any_of(several: &[&Expression]) -> Result<Expression, String> {
        if let [one] = several {
            return Ok(Expression::clone(one));
        }
        let text = several.iter().map(|one| format!("({})", one.text)).collect::<Vec<_>>().join(" OR ");
        Expression::read(text, common(several.iter().copied()), together(several.iter().copied()))
    }

    /// The mask of a column, or the column itself, where a condition is true, and `NULL` elsewhere.
    ///
    /// # Errors
    /// A text for the user, if they can't stand together.
    pub(super) fn shown_where(
        condition: &Expression,
        mask: Option<&Expression>,
        column: &str,
    ) -> Result<Expression, String> {
        let shown = mask.map_or_else(|| quoted(column), |mask| mask.text.to_string());
        let parts = || std::iter::once(condition).chain(mask);
        let text = format!("IF({}, {shown})", condition.text);
        let masks = mask.map(|mask| mask.masks.clone()).unwrap_or_default();
        Ok(Expression { masks, ..Expression::read(text, common(parts()), together(parts()))? })
    }
}

/// The grammars that read all of some expressions.
fn common<'e>(mut expressions: impl Iterator<Item = &'e Expression>) -> Grammars {
    let Some(first) = expressions.next() else { return Arc::default() };
    let mut left: Vec<GrammarVersion> = first.grammars.to_vec();
    expressions.for_each(|other| left.retain(|grammar| other.grammars.contains(grammar)));
    left.into()
}

fn together<'e>(expressions: impl Iterator<Item = &'e Expression>) -> Arc<[Arc<PolicyRef>]> {
    let mut policies: Vec<Arc<PolicyRef>> = Vec::new();
    for policy in expressions.flat_map(|expression| expression.policies.iter()) {
        if !policies.contains(policy) {
            policies.push(policy.clone());
        }
    }
    policies.into()
}

/// An expression as it is written, read with something in the place of each hole.
#[derive(Debug, PartialEq)]
pub(super) struct Template {
    pub(super) whole: Expression,
    pub(super) holes: Vec<Hole>,
    /// What it is where a value is missing: `false` of conditions, `NULL` of masks.
    pub(super) missing: &'static str,
}

/// A place where something stands that is only known when a decision is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hole {
    /// The bytes of the template's text.
    pub(super) at: Range<usize>,
    pub(super) what: What,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// The masked column.
    Column,
    /// Values of the user.
    Values(Variable, Form),
}

/// A value, or several, of the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Variable {
    User,
    Groups,
    Attribute(String),
}

/// Where several values can stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// One value only.
    One,
    /// An element of a list behind `IN`.
    Element,
    /// A side of `=` or `<>`, which becomes `IN` or `NOT IN`: the bytes of the whole and of the other side.
    Equal { whole: Range<usize>, other: Range<usize>, negated: bool },
}

/// The values of a template's holes for one user, in the order of the holes; empty where one is missing.
pub(super) type Values = Vec<Vec<String>>;

impl Template {
    /// The values of the user.
    pub(super) fn values(&self, subject: &Subject) -> Values {
        self.holes
            .iter()
            .map(|hole| match &hole.what {
                What::Column => Vec::new(),
                What::Values(Variable::User, _) => vec![subject.user.clone()],
                What::Values(Variable::Groups, _) => subject.groups.iter().cloned().collect(),
                What::Values(Variable::Attribute(name), _) => {
                    subject.attributes.get(name).into_iter().flatten().cloned().collect()
                }
            })
            .collect()
    }

    /// The expression with these values, and with `column` in the place of the masked one.
    ///
    /// # Errors
    /// A text for the user, if it can't be read with the values.
    pub(super) fn fill(&self, values: &Values, column: &str) -> Result<Expression, String> {
        if self.holes.is_empty() {
            return Ok(self.whole.clone());
        }
        self.with_text(self.text(values, &quoted(column)))
    }

    /// The text with these values, and with the SQL `value` in the place of the masked column.
    pub(super) fn text(&self, values: &Values, value: &str) -> String {
        let mut edits: Vec<(Range<usize>, String)> = Vec::new();
        for (hole, values) in self.holes.iter().zip(values) {
            let What::Values(_, form) = &hole.what else { continue };
            let list = || values.iter().map(|value| literal(value)).collect::<Vec<_>>().join(", ");
            match (form, values.len()) {
                (_, 1) | (Form::Element, 2..) => edits.push((hole.at.clone(), list())),
                (Form::Equal { whole, other, negated }, 2..) => {
                    let not = if *negated { " NOT" } else { "" };
                    let other = self.with_value(other.clone(), value);
                    edits.push((whole.clone(), format!("({other}{not} IN ({}))", list())));
                }
                (_, 0) | (Form::One, _) => return self.missing.to_owned(),
            }
        }
        let mut text = String::new();
        let mut done = 0;
        for (at, put) in edits {
            text.push_str(&self.with_value(done..at.start, value));
            text.push_str(&put);
            done = at.end;
        }
        text.push_str(&self.with_value(done..self.whole.text.len(), value));
        text
    }

    fn with_text(&self, text: String) -> Result<Expression, String> {
        Expression::read(text, self.whole.grammars.clone(), self.whole.policies.clone())
    }

    /// A part of the text with a value in the holes of the column.
    fn with_value(&self, part: Range<usize>, value: &str) -> String {
        let mut text = String::new();
        let mut done = part.start;
        for hole in self.holes.iter().filter(|hole| hole.what == What::Column) {
            if hole.at.start >= done && hole.at.end <= part.end {
                text.push_str(self.whole.text.get(done..hole.at.start).unwrap_or_default());
                text.push_str(value);
                done = hole.at.end;
            }
        }
        text.push_str(self.whole.text.get(done..part.end).unwrap_or_default());
        text
    }
}

/// In which form the literal at `hole` stands in an expression.
pub(super) fn form_of(expr: &Expr, hole: Span) -> Form {
    use crate::sql::ast::ComparisonOperator as Operator;
    use crate::sql::visit::{Visit, walk};
    struct Find {
        hole: Span,
        form: Form,
    }
    impl Visit for Find {
        fn expr(&mut self, node: &Expr) {
            let bytes = |span: Span| span.start as usize..span.end as usize;
            match &node.kind {
                ExprKind::InList { list, .. } if list.iter().any(|element| element.span == self.hole) => {
                    self.form = Form::Element;
                }
                ExprKind::Comparison { operator, left, right }
                    if matches!(operator, Operator::Equal | Operator::NotEqual) =>
                {
                    let other = if left.span == self.hole {
                        Some(right)
                    } else if right.span == self.hole {
                        Some(left)
                    } else {
                        None
                    };
                    if let Some(other) = other {
                        self.form = Form::Equal {
                            whole: bytes(node.span),
                            other: bytes(other.span),
                            negated: *operator == Operator::NotEqual,
                        };
                    }
                }
                _ => {}
            }
            walk::expr(self, node);
        }
    }
    let mut find = Find { hole, form: Form::One };
    find.expr(expr);
    find.form
}
