//! Whether an expression in a guard is the policy's, with each name qualified.
//!
//! The trees must be equal but for spans, parentheses, `system.builtin.` in front of functions, and the columns: what
//! the policy calls `email` is `"alias"."email"` here. The policy's names are resolved on their own, innermost relation
//! first, and the alias that is found must be that relation's.

use super::names::shown;
use super::residue;
use super::same_names::{Level, Source, name_parts, resolve};
use crate::catalog::table::Tables;
use crate::sql::ast::{Arguments, Call, Expr, ExprKind, JsonPathInvocation, SortItem, Span};
use crate::sql::{Identifier, QualifiedName};
use compact_str::CompactString;

/// Forms that Trino's grammar knows by name, so that no function takes their place.
const BY_NAME: [&str; 6] = ["if", "nullif", "coalesce", "try", "format", "listagg"];

/// How two expressions differ.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct Difference(pub(super) String);

pub(super) fn difference<T>(what: impl Into<String>) -> Result<T, Difference> {
    Err(Difference(what.into()))
}

/// A comparison of the policy's expression with the one that was found.
#[derive(Debug)]
pub(super) struct Same<'a> {
    pub(super) policy_text: &'a str,
    pub(super) found_text: &'a str,
    pub(super) tables: &'a Tables,
    /// The scopes around the place, the innermost last.
    pub(super) levels: Vec<Level<'a>>,
}

impl<'a> Same<'a> {
    pub(super) fn new(policy_text: &'a str, found_text: &'a str, tables: &'a Tables, source: Source<'a>) -> Same<'a> {
        Same { policy_text, found_text, tables, levels: vec![Level::Relations(vec![source])] }
    }

    /// Adds a level, after proving that no name in it can be taken for another that is visible.
    pub(super) fn enter(&mut self, level: Level<'a>) -> Result<(), Difference> {
        self.levels.push(level);
        let relations = || {
            self.levels.iter().filter_map(|level| match level {
                Level::Relations(sources) => Some(sources.as_slice()),
                Level::Lambda(_) => None,
            })
        };
        let aliases: Vec<&CompactString> = relations().flatten().map(|source| &source.alias).collect();
        let distinct: std::collections::BTreeSet<&&CompactString> = aliases.iter().collect();
        let captured = self.levels.iter().any(|level| match level {
            Level::Relations(sources) => {
                sources.iter().any(|source| aliases.iter().any(|alias| source.columns.has(alias)))
            }
            Level::Lambda(parameters) => parameters.iter().any(|parameter| aliases.contains(&parameter)),
        });
        if distinct.len() != aliases.len() || captured {
            difference("an alias has another meaning too")
        } else {
            Ok(())
        }
    }

    pub(super) fn leave(&mut self) {
        self.levels.pop();
    }

    pub(super) fn exprs(&mut self, policy: &[Expr], found: &[Expr]) -> Result<(), Difference> {
        if policy.len() != found.len() {
            return difference("another number of operands");
        }
        policy.iter().zip(found).try_for_each(|(policy, found)| self.expr(policy, found))
    }

    pub(super) fn optional(&mut self, policy: Option<&Expr>, found: Option<&Expr>) -> Result<(), Difference> {
        match (policy, found) {
            (None, None) => Ok(()),
            (Some(policy), Some(found)) => self.expr(policy, found),
            _ => difference("a part is missing or added"),
        }
    }

    /// Compares two expressions.
    pub(super) fn expr(&mut self, policy: &Expr, found: &Expr) -> Result<(), Difference> {
        let (policy, found) = (bare(policy), bare(found));
        if let Some(parts) = name_parts(policy) {
            return self.name(&parts, found);
        }
        use ExprKind as K;
        match (&policy.kind, &found.kind) {
            (K::Null, K::Null) => Ok(()),
            (K::Boolean(a), K::Boolean(b)) => equal("a truth value", a, b),
            (K::String(a), K::String(b)) => equal("a text", &a.value, &b.value),
            (K::Number(a), K::Number(b)) => {
                equal("a number", a, b)?;
                self.words(policy.span, found.span, &[], &[])
            }
            (K::Binary, K::Binary) => self.words(policy.span, found.span, &[], &[]),
            (K::Current(a), K::Current(b)) => {
                equal("a value of the session", a, b)?;
                self.words(policy.span, found.span, &[], &[])
            }
            (K::Interval(a), K::Interval(b)) => {
                equal("an interval", &a.value, &b.value)?;
                self.words(policy.span, found.span, &[], &[])
            }
            (K::TypedLiteral { type_name: a, value: x }, K::TypedLiteral { type_name: b, value: y }) => {
                equal("a type", &a.folded(), &b.folded())?;
                equal("a literal", &x.value, &y.value)
            }
            (K::Dereference { base: a, field: x }, K::Dereference { base: b, field: y }) => {
                equal("a field", &x.folded(), &y.folded())?;
                self.expr(a, b)
            }
            (K::Subscript { base: a, index: x }, K::Subscript { base: b, index: y }) => {
                self.expr(a, b)?;
                self.expr(x, y)
            }
            (K::Row(a), K::Row(b)) | (K::Array(a), K::Array(b)) | (K::Concat(a), K::Concat(b)) => self.exprs(a, b),
            (K::Not(a), K::Not(b)) => self.expr(a, b),
            (K::Logical { operator: a, terms: x }, K::Logical { operator: b, terms: y }) => {
                equal("an operator", a, b)?;
                self.exprs(x, y)
            }
            (K::Comparison { operator: a, left: l, right: r }, K::Comparison { operator: b, left: m, right: s }) => {
                equal("an operator", a, b)?;
                self.expr(l, m)?;
                self.expr(r, s)
            }
            (
                K::QuantifiedComparison { operator: a, quantifier: p, left: l, query: x },
                K::QuantifiedComparison { operator: b, quantifier: q, left: m, query: y },
            ) => {
                equal("an operator", a, b)?;
                equal("a quantifier", p, q)?;
                self.expr(l, m)?;
                self.query(x, y)
            }
            (
                K::Between { negated: a, value: v, low: l, high: h },
                K::Between { negated: b, value: w, low: m, high: i },
            ) => {
                equal("NOT", a, b)?;
                self.expr(v, w)?;
                self.expr(l, m)?;
                self.expr(h, i)
            }
            (K::InList { negated: a, value: v, list: l }, K::InList { negated: b, value: w, list: m }) => {
                equal("NOT", a, b)?;
                self.expr(v, w)?;
                self.exprs(l, m)
            }
            (K::InSubquery { negated: a, value: v, query: x }, K::InSubquery { negated: b, value: w, query: y }) => {
                equal("NOT", a, b)?;
                self.expr(v, w)?;
                self.query(x, y)
            }
            (
                K::Like { negated: a, value: v, pattern: p, escape: e },
                K::Like { negated: b, value: w, pattern: q, escape: f },
            ) => {
                equal("NOT", a, b)?;
                self.expr(v, w)?;
                self.expr(p, q)?;
                self.optional(e.as_deref(), f.as_deref())
            }
            (K::IsNull { negated: a, value: v }, K::IsNull { negated: b, value: w }) => {
                equal("NOT", a, b)?;
                self.expr(v, w)
            }
            (K::IsTruth { negated: a, value: v, truth: x }, K::IsTruth { negated: b, value: w, truth: y }) => {
                equal("NOT", a, b)?;
                equal("a truth value", x, y)?;
                self.expr(v, w)
            }
            (
                K::IsDistinctFrom { negated: a, left: l, right: r },
                K::IsDistinctFrom { negated: b, left: m, right: s },
            ) => {
                equal("NOT", a, b)?;
                self.expr(l, m)?;
                self.expr(r, s)
            }
            (K::Unary { negative: a, operand: v }, K::Unary { negative: b, operand: w }) => {
                equal("a sign", a, b)?;
                self.expr(v, w)
            }
            (K::Arithmetic { first: v, rest: a }, K::Arithmetic { first: w, rest: b }) => {
                equal("a chain", &a.len(), &b.len())?;
                self.expr(v, w)?;
                a.iter().zip(b).try_for_each(|((a, v), (b, w))| {
                    equal("an operator", a, b)?;
                    self.expr(v, w)
                })
            }
            (K::AtTimeZone { value: v, zone: y }, K::AtTimeZone { value: w, zone: z }) => {
                self.expr(v, w)?;
                self.expr(y, z)
            }
            (K::Subquery(a), K::Subquery(b)) | (K::Exists(a), K::Exists(b)) => self.query(a, b),
            (K::Case { operand: a, whens: x, otherwise: e }, K::Case { operand: b, whens: y, otherwise: f }) => {
                equal("a chain", &x.len(), &y.len())?;
                self.optional(a.as_deref(), b.as_deref())?;
                x.iter().zip(y).try_for_each(|((c, v), (d, w))| {
                    self.expr(c, d)?;
                    self.expr(v, w)
                })?;
                self.optional(e.as_deref(), f.as_deref())
            }
            (K::Cast { safe: a, value: v, data_type: t }, K::Cast { safe: b, value: w, data_type: u }) => {
                equal("TRY", a, b)?;
                self.words(t.span, u.span, &[], &[])?;
                self.expr(v, w)
            }
            (K::Call(a), K::Call(b)) => self.call(policy.span, a, found.span, b),
            (K::Lambda { parameters: a, body: v }, K::Lambda { parameters: b, body: w }) => {
                let parameters: Vec<_> = a.iter().map(Identifier::folded).collect();
                equal("parameters", &parameters, &b.iter().map(Identifier::folded).collect())?;
                self.enter(Level::Lambda(parameters))?;
                self.expr(v, w)?;
                self.leave();
                Ok(())
            }
            (K::Extract { field: a, value: v }, K::Extract { field: b, value: w }) => {
                equal("a field", &a.folded(), &b.folded())?;
                self.expr(v, w)
            }
            (K::SpecialForm { form: a, operands: v }, K::SpecialForm { form: b, operands: w }) => {
                equal("a form", a, b)?;
                self.words(policy.span, found.span, &spans(v), &spans(w))?;
                self.exprs(v, w)
            }
            (
                K::JsonPath { form: a, path: p, returning: _, clauses: _, defaults: v },
                K::JsonPath { form: b, path: q, returning: _, clauses: _, defaults: w },
            ) => {
                equal("a form", a, b)?;
                let (v, w) = (json_operands(p, v), json_operands(q, w));
                self.operands(policy.span, found.span, &v, &w)
            }
            (
                K::JsonObject { members: a, nulls: _, unique_keys: _, returning: _ },
                K::JsonObject { members: b, nulls: _, unique_keys: _, returning: _ },
            ) => {
                let v: Vec<_> = a.iter().flat_map(|member| [&member.key, &member.value.value]).collect();
                let w: Vec<_> = b.iter().flat_map(|member| [&member.key, &member.value.value]).collect();
                self.operands(policy.span, found.span, &v, &w)
            }
            (
                K::JsonArray { elements: a, nulls: _, returning: _ },
                K::JsonArray { elements: b, nulls: _, returning: _ },
            ) => {
                let v: Vec<_> = a.iter().map(|element| &element.value).collect();
                let w: Vec<_> = b.iter().map(|element| &element.value).collect();
                self.operands(policy.span, found.span, &v, &w)
            }
            _ => difference("another form of expression"),
        }
    }

    /// Compares operands and all words around them.
    fn operands(&mut self, policy: Span, found: Span, a: &[&Expr], b: &[&Expr]) -> Result<(), Difference> {
        equal("a chain", &a.len(), &b.len())?;
        let of = |exprs: &[&Expr]| exprs.iter().map(|expr| expr.span).collect::<Vec<_>>();
        self.words(policy, found, &of(a), &of(b))?;
        a.iter().zip(b).try_for_each(|(policy, found)| self.expr(policy, found))
    }

    /// Compares the words of two nodes, all operands taken out.
    pub(super) fn words(
        &self,
        policy: Span,
        found: Span,
        policy_holes: &[Span],
        found_holes: &[Span],
    ) -> Result<(), Difference> {
        let (policy_text, found_text) = (policy.of(self.policy_text), found.of(self.found_text));
        // Most are a number or a type, which stands in the guard as it does in the policy.
        if policy_holes.is_empty() && found_holes.is_empty() && residue::alike(policy_text, found_text) {
            return Ok(());
        }
        let a = residue::of(policy_text, policy, policy_holes);
        let b = residue::of(found_text, found, found_holes);
        if a == b && !a.is_empty() { Ok(()) } else { difference(format!("{b} instead of {a}")) }
    }

    fn call(&mut self, policy_span: Span, policy: &Call, found_span: Span, found: &Call) -> Result<(), Difference> {
        let Call { name, processing: None, quantifier, arguments, order_by, filter, ignore_nulls, over: None, listagg } =
            policy
        else {
            return difference("a form of call that policies can't have");
        };
        if found.processing.is_some() || found.over.is_some() {
            return difference("a window");
        }
        same_function(name, &found.name)?;
        equal("a quantifier", quantifier, &found.quantifier)?;
        equal("IGNORE NULLS", ignore_nulls, &found.ignore_nulls)?;
        equal("LISTAGG", &listagg.is_some(), &found.listagg.is_some())?;
        match (arguments, &found.arguments) {
            (Arguments::Star(None), Arguments::Star(None)) => (),
            (Arguments::List(a), Arguments::List(b)) => self.exprs(a, b)?,
            _ => return difference("other arguments"),
        }
        self.sort_items(order_by, &found.order_by)?;
        self.optional(filter.as_ref(), found.filter.as_ref())?;
        if matches!(name.parts.as_slice(), [name] if name.folded() == "listagg") {
            self.words(policy_span, found_span, &call_spans(policy), &call_spans(found))?;
        }
        Ok(())
    }

    pub(super) fn sort_items(&mut self, policy: &[SortItem], found: &[SortItem]) -> Result<(), Difference> {
        equal("ORDER BY", &policy.len(), &found.len())?;
        policy.iter().zip(found).try_for_each(|(policy, found)| {
            equal("DESC", &policy.descending, &found.descending)?;
            equal("NULLS FIRST", &policy.nulls_first, &found.nulls_first)?;
            self.expr(&policy.key, &found.key)
        })
    }

    /// Compares a name of the policy's, resolved, with what was found.
    fn name(&self, policy: &[CompactString], found: &Expr) -> Result<(), Difference> {
        let wanted = resolve(&self.levels, policy)?;
        match name_parts(found) {
            Some(found) if found == wanted => Ok(()),
            Some(found) => difference(format!("{} instead of {}", found.join("."), wanted.join("."))),
            None => difference(format!("{} is not there", wanted.join("."))),
        }
    }
}

/// An expression without the parentheses around it.
fn bare(mut expr: &Expr) -> &Expr {
    while let ExprKind::Parenthesized(inner) = &expr.kind {
        expr = inner;
    }
    expr
}

/// A function with one part must be found in `system.builtin`, unless the grammar knows it by name.
fn same_function(policy: &QualifiedName, found: &QualifiedName) -> Result<(), Difference> {
    let folded = |name: &QualifiedName| name.parts.iter().map(Identifier::folded).collect::<Vec<_>>();
    let wanted = match folded(policy).as_slice() {
        [name] if BY_NAME.contains(&name.as_str()) => vec![name.clone()],
        [name] => vec!["system".into(), "builtin".into(), name.clone()],
        parts => parts.to_vec(),
    };
    if folded(found) == wanted {
        Ok(())
    } else {
        difference(format!("function {} instead of {}", shown(found), wanted.join(".")))
    }
}

pub(super) fn equal<T: PartialEq>(what: &str, policy: &T, found: &T) -> Result<(), Difference> {
    if policy == found { Ok(()) } else { difference(format!("{what} differs")) }
}

fn spans(exprs: &[Expr]) -> Vec<Span> {
    exprs.iter().map(|expr| expr.span).collect()
}

fn call_spans(call: &Call) -> Vec<Span> {
    let arguments = match &call.arguments {
        Arguments::Star(_) | Arguments::Named(_) => &[],
        Arguments::List(arguments) => arguments.as_slice(),
    };
    let keys = call.order_by.iter().map(|item| item.key.span);
    let filter = call.filter.iter().map(|filter| filter.span);
    arguments.iter().map(|argument| argument.span).chain(keys).chain(filter).collect()
}

fn json_operands<'e>(path: &'e JsonPathInvocation, defaults: &'e [Expr]) -> Vec<&'e Expr> {
    let passing = path.passing.iter().map(|argument| &argument.input.value);
    [&path.input.value].into_iter().chain(passing).chain(defaults).collect()
}
