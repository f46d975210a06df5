//! The tree of the `cel` crate → a typed tree, and what it reads.
//!
//! CEL is typed when it runs; a policy's condition is typed when it is loaded. So this knows less than CEL: no maps,
//! fractions, bytes, durations or null, no macros but `has`, `exists` and `all`, no such macro inside another, and
//! literals where a network, a time zone, a time or an attribute is named.

mod calls;
mod kind;
mod problem;

use super::MOST_DEPTH;
use super::inputs::{Input, VARIABLES, Variable};
use super::syntax::Parsed;
use super::tree::{Bool, Choice, Comparison, List, Number, Text, Time};
use crate::policy::suggest::did_you_mean;
use cel::IdedExpr;
use cel::common::ast::operators::{
    ADD, CONDITIONAL, DIVIDE, EQUALS, GREATER, GREATER_EQUALS, IN, INDEX, LESS, LESS_EQUALS, LOGICAL_AND, LOGICAL_NOT,
    LOGICAL_OR, MODULO, MULTIPLY, NEGATE, NOT_EQUALS, SUBSTRACT,
};
use cel::common::ast::{CallExpr, ComprehensionExpr, Expr, LiteralValue, SelectExpr};
use compact_str::CompactString;
use kind::Typed;
use problem::Problem;
use std::collections::BTreeSet;

/// How deep operators may nest, as a chain of `+` does; `&&` and `||` don't.
const MOST_OPERATORS: usize = 4 * MOST_DEPTH;

/// Types a condition.
pub(super) fn check<'p>(parsed: &'p Parsed<'_>) -> Result<(Bool, BTreeSet<Input>), Problem<'p>> {
    let mut check = Check { reads: BTreeSet::new(), element: None, depth: 0 };
    let tree = check.bool(&parsed.expr)?;
    Ok((tree, check.reads))
}

struct Check<'p> {
    reads: BTreeSet<Input>,
    /// The name of the element that `exists` or `all` looks at, inside one.
    element: Option<&'p str>,
    depth: usize,
}

impl<'p> Check<'p> {
    fn expr(&mut self, expr: &'p IdedExpr) -> Result<Typed, Problem<'p>> {
        self.depth += 1;
        if self.depth > MOST_OPERATORS {
            return Err(Problem::at(expr, format!("operators nest at most {MOST_OPERATORS} deep")));
        }
        let typed = match &expr.expr {
            Expr::Literal(literal) => literal_of(expr, literal),
            Expr::Ident(name) => self.name(expr, name),
            Expr::Select(select) => self.select(expr, select),
            Expr::Call(call) => self.call(expr, call),
            Expr::List(list) => self.list(expr, &list.elements),
            Expr::Comprehension(each) => self.comprehension(expr, each),
            Expr::Map(_) => Err(Problem::at(expr, "a condition has no maps")),
            Expr::Struct(_) => Err(Problem::at(expr, "a condition builds no objects")),
            Expr::Unspecified => Err(Problem::at(expr, "this can't be read")),
        }?;
        self.depth -= 1;
        Ok(typed)
    }

    fn bool(&mut self, expr: &'p IdedExpr) -> Result<Bool, Problem<'p>> {
        match self.expr(expr)? {
            Typed::Bool(value) => Ok(value),
            other => Err(other.instead_of("true or false", expr)),
        }
    }

    fn number(&mut self, expr: &'p IdedExpr) -> Result<Number, Problem<'p>> {
        match self.expr(expr)? {
            Typed::Number(value) => Ok(value),
            other => Err(other.instead_of("a whole number", expr)),
        }
    }

    fn text(&mut self, expr: &'p IdedExpr) -> Result<Text, Problem<'p>> {
        match self.expr(expr)? {
            Typed::Text(value) => Ok(value),
            Typed::Attribute(name) => Ok(Text::Attribute(name)),
            other => Err(other.instead_of("a text", expr)),
        }
    }

    fn texts(&mut self, expr: &'p IdedExpr) -> Result<List, Problem<'p>> {
        match self.expr(expr)? {
            Typed::List(value) => Ok(value),
            Typed::Attribute(name) => Ok(List::Attribute(name)),
            other => Err(other.instead_of("a list of texts", expr)),
        }
    }

    fn time(&mut self, expr: &'p IdedExpr) -> Result<Time, Problem<'p>> {
        match self.expr(expr)? {
            Typed::Time(value) => Ok(value),
            other => Err(other.instead_of("a time", expr)),
        }
    }

    /// A name without a dot before or behind it.
    fn name(&self, expr: &'p IdedExpr, name: &str) -> Result<Typed, Problem<'p>> {
        if self.element == Some(name) {
            return Ok(Typed::Text(Text::Element));
        }
        let fields: Vec<&str> =
            VARIABLES.iter().filter(|(root, ..)| *root == name).map(|(_, field, _)| *field).collect();
        if fields.is_empty() {
            return Err(unknown_variable(expr, name));
        }
        Err(Problem::at(expr, format!("`{name}` is no value by itself"))
            .help(format!("it has {}", listed(fields.iter().map(|field| format!("`{name}.{field}`"))))))
    }

    fn select(&mut self, expr: &'p IdedExpr, select: &'p SelectExpr) -> Result<Typed, Problem<'p>> {
        let SelectExpr { operand, field, test } = select;
        if let Expr::Ident(root) = &operand.expr
            && self.element != Some(root.as_str())
        {
            let typed = self.variable(expr, operand, root, field)?;
            if *test {
                return Err(Problem::name(expr, format!("`has` can't ask for `{root}.{field}`")).help(
                    "only an attribute can be missing for certain; a condition that reads what is not known \
                     is neither true nor false",
                ));
            }
            return Ok(typed);
        }
        match self.expr(operand)? {
            Typed::Attributes => {
                let name = CompactString::from(field.as_str());
                self.reads.insert(Input::Attribute(name.clone()));
                Ok(if *test { Typed::Bool(Bool::Has(name)) } else { Typed::Attribute(name) })
            }
            other => Err(Problem::name(expr, format!("{} has no fields", other.kind()))),
        }
    }

    fn variable(
        &mut self,
        expr: &'p IdedExpr,
        operand: &'p IdedExpr,
        root: &str,
        field: &str,
    ) -> Result<Typed, Problem<'p>> {
        let fields: Vec<&str> =
            VARIABLES.iter().filter(|(known, ..)| *known == root).map(|(_, field, _)| *field).collect();
        if fields.is_empty() {
            return Err(unknown_variable(operand, root));
        }
        let Some((.., variable)) =
            VARIABLES.iter().find(|(known, known_field, _)| *known == root && *known_field == field)
        else {
            let help = did_you_mean(field, fields.iter().copied())
                .unwrap_or_else(|| format!("it has {}", listed(fields.iter().map(|field| format!("`{field}`")))));
            return Err(Problem::name(expr, format!("`{root}` has no `{field}`")).help(help));
        };
        let (input, typed) = match *variable {
            Variable::Text(text) => (text.input(), Typed::Text(Text::Input(text))),
            Variable::List(list) => (list.input(), Typed::List(List::Input(list))),
            Variable::Address => (Input::Address, Typed::Address),
            Variable::Time => (Input::Time, Typed::Time(Time::Request)),
            Variable::Attributes => return Ok(Typed::Attributes),
        };
        self.reads.insert(input);
        Ok(typed)
    }

    fn list(&mut self, expr: &'p IdedExpr, elements: &'p [IdedExpr]) -> Result<Typed, Problem<'p>> {
        let Some((first, rest)) = elements.split_first() else {
            return Err(Problem::at(expr, "a list can't be empty"));
        };
        if let Typed::Number(number) = self.expr(first)? {
            let numbers = std::iter::once(Ok(number)).chain(rest.iter().map(|element| self.number(element)));
            return numbers.collect::<Result<_, _>>().map(Typed::Numbers);
        }
        let texts: Result<_, _> = elements.iter().map(|element| self.text(element)).collect();
        texts.map(|texts| Typed::List(List::Literal(texts)))
    }

    /// What the macros `exists` and `all` have become; others are refused.
    fn comprehension(&mut self, expr: &'p IdedExpr, each: &'p ComprehensionExpr) -> Result<Typed, Problem<'p>> {
        let step = match (&each.accu_init.expr, &each.loop_step.expr) {
            (Expr::Literal(LiteralValue::Boolean(_)), Expr::Call(step)) => Some(step),
            _ => None,
        };
        let (some, body) = match step.map(|step| (step.func_name.as_str(), step.args.as_slice())) {
            Some((LOGICAL_OR, [_, body])) => (true, body),
            Some((LOGICAL_AND, [_, body])) => (false, body),
            _ => return Err(Problem::name(expr, "a condition goes through a list by `exists` and `all` only")),
        };
        if self.element.is_some() {
            return Err(Problem::name(expr, "`exists` and `all` can't stand inside each other"));
        }
        if VARIABLES.iter().any(|(root, ..)| *root == each.iter_var) {
            return Err(Problem::name(expr, format!("`{}` can't name the element: it is a variable", each.iter_var)));
        }
        let list = self.texts(&each.iter_range)?;
        self.element = Some(&each.iter_var);
        let holds = Box::new(self.bool(body)?);
        self.element = None;
        Ok(Typed::Bool(if some { Bool::Some { list, holds } } else { Bool::Each { list, holds } }))
    }

    fn call(&mut self, expr: &'p IdedExpr, call: &'p CallExpr) -> Result<Typed, Problem<'p>> {
        let CallExpr { func_name, target, args } = call;
        if let Some(target) = target {
            return self.method(expr, target, func_name, args);
        }
        match (func_name.as_str(), args.as_slice()) {
            (LOGICAL_AND, [left, right]) => Ok(Typed::Bool(Bool::And(Box::new([self.bool(left)?, self.bool(right)?])))),
            (LOGICAL_OR, [left, right]) => Ok(Typed::Bool(Bool::Or(Box::new([self.bool(left)?, self.bool(right)?])))),
            (LOGICAL_NOT, [inner]) => Ok(Typed::Bool(Bool::Not(Box::new(self.bool(inner)?)))),
            (CONDITIONAL, [condition, yes, no]) => self.choice(condition, yes, no),
            (EQUALS, [left, right]) => self.comparison(expr, Comparison::Equal, left, right),
            (NOT_EQUALS, [left, right]) => self.comparison(expr, Comparison::NotEqual, left, right),
            (LESS, [left, right]) => self.comparison(expr, Comparison::Less, left, right),
            (LESS_EQUALS, [left, right]) => self.comparison(expr, Comparison::LessOrEqual, left, right),
            (GREATER, [left, right]) => self.comparison(expr, Comparison::Greater, left, right),
            (GREATER_EQUALS, [left, right]) => self.comparison(expr, Comparison::GreaterOrEqual, left, right),
            (IN, [element, list]) => self.is_in(element, list),
            (INDEX, [map, name]) => self.index(expr, map, name),
            (NEGATE, [inner]) => Ok(Typed::Number(Number::Negated(Box::new(self.number(inner)?)))),
            (ADD | SUBSTRACT | MULTIPLY | DIVIDE | MODULO, [left, right]) => self.arithmetic(func_name, left, right),
            (name, arguments) => self.function(expr, name, arguments),
        }
    }

    fn choice(&mut self, condition: &'p IdedExpr, yes: &'p IdedExpr, no: &'p IdedExpr) -> Result<Typed, Problem<'p>> {
        let condition = self.bool(condition)?;
        Ok(match self.expr(yes)? {
            Typed::Bool(yes) => Typed::Bool(Bool::If(Box::new(Choice { condition, yes, no: self.bool(no)? }))),
            Typed::Number(yes) => Typed::Number(Number::If(Box::new(Choice { condition, yes, no: self.number(no)? }))),
            Typed::Time(yes) => Typed::Time(Time::If(Box::new(Choice { condition, yes, no: self.time(no)? }))),
            Typed::Text(yes) => Typed::Text(Text::If(Box::new(Choice { condition, yes, no: self.text(no)? }))),
            Typed::Attribute(name) => {
                let yes = Text::Attribute(name);
                Typed::Text(Text::If(Box::new(Choice { condition, yes, no: self.text(no)? })))
            }
            other => return Err(Problem::at(yes, format!("`? :` can't yield {}", other.kind()))),
        })
    }

    fn comparison(
        &mut self,
        expr: &'p IdedExpr,
        comparison: Comparison,
        left: &'p IdedExpr,
        right: &'p IdedExpr,
    ) -> Result<Typed, Problem<'p>> {
        let equality = match comparison {
            Comparison::Equal => Some(false),
            Comparison::NotEqual => Some(true),
            _ => None,
        };
        let sides = (self.expr(left)?, self.expr(right)?);
        Ok(Typed::Bool(match (sides, equality) {
            ((Typed::Bool(left), Typed::Bool(right)), Some(negated)) => {
                Bool::Same { negated, sides: Box::new([left, right]) }
            }
            ((Typed::Number(left), Typed::Number(right)), _) => Bool::Numbers(comparison, Box::new([left, right])),
            ((Typed::Time(left), Typed::Time(right)), _) => Bool::Times(comparison, Box::new([left, right])),
            ((left, right), _) => match (left.into_text(), right.into_text()) {
                (Ok(left), Ok(right)) => Bool::Texts(comparison, Box::new([left, right])),
                (left, right) => return Err(kind::not_comparable(expr, kind_of(&left), kind_of(&right))),
            },
        }))
    }

    fn is_in(&mut self, element: &'p IdedExpr, list: &'p IdedExpr) -> Result<Typed, Problem<'p>> {
        match self.expr(list)? {
            Typed::Attributes => {
                let name = attribute_name(element)?;
                self.reads.insert(Input::Attribute(name.clone()));
                Ok(Typed::Bool(Bool::Has(name)))
            }
            Typed::Numbers(numbers) => Ok(Typed::Bool(Bool::NumberIn(Box::new(self.number(element)?), numbers))),
            Typed::List(texts) => Ok(Typed::Bool(Bool::TextIn(Box::new(self.text(element)?), texts))),
            Typed::Attribute(name) => {
                Ok(Typed::Bool(Bool::TextIn(Box::new(self.text(element)?), List::Attribute(name))))
            }
            Typed::Text(_) => Err(Typed::Text(Text::Element)
                .instead_of("a list of texts", list)
                .help("whether a text holds another is asked by `text.contains('part')`")),
            other => Err(other.instead_of("a list of texts", list)),
        }
    }

    fn index(&mut self, expr: &'p IdedExpr, map: &'p IdedExpr, name: &'p IdedExpr) -> Result<Typed, Problem<'p>> {
        match self.expr(map)? {
            Typed::Attributes => {
                let name = attribute_name(name)?;
                self.reads.insert(Input::Attribute(name.clone()));
                Ok(Typed::Attribute(name))
            }
            other => Err(Problem::at(expr, format!("{} is not read by position", other.kind()))
                .help("ask `'x' in list`, `list.exists(e, …)` or `list.all(e, …)`")),
        }
    }
}

fn kind_of(side: &Result<Text, Typed>) -> &'static str {
    side.as_ref().map_or_else(Typed::kind, |_| "a text")
}

/// The name of an attribute that is read by `[…]` or `in`: a literal, so that it is known what is read.
fn attribute_name(expr: &IdedExpr) -> Result<CompactString, Problem<'_>> {
    literal(expr)
        .map(CompactString::from)
        .ok_or_else(|| Problem::at(expr, "an attribute is named by a text as it is: `user.attributes['cost-center']`"))
}

/// The text of a literal.
fn literal(expr: &IdedExpr) -> Option<&str> {
    match &expr.expr {
        Expr::Literal(LiteralValue::String(text)) => Some(text.inner()),
        _ => None,
    }
}

fn literal_of<'p>(expr: &'p IdedExpr, literal: &LiteralValue) -> Result<Typed, Problem<'p>> {
    match literal {
        LiteralValue::Boolean(value) => Ok(Typed::Bool(Bool::Literal(*value.inner()))),
        LiteralValue::Int(value) => Ok(Typed::Number(Number::Literal(*value.inner()))),
        LiteralValue::String(text) => Ok(Typed::Text(Text::Literal(text.inner().into()))),
        LiteralValue::UInt(_) => Err(Problem::at(expr, "a number has no `u` behind it")),
        LiteralValue::Double(_) => Err(Problem::at(expr, "numbers are whole")),
        LiteralValue::Bytes(_) => Err(Problem::at(expr, "a condition has no bytes").help("leave out the `b`")),
        LiteralValue::Null => Err(Problem::at(expr, "a condition has no null")
            .help("whether an attribute is there is asked by `has(user.attributes.department)`")),
    }
}

fn unknown_variable<'p>(expr: &'p IdedExpr, name: &str) -> Problem<'p> {
    let roots = ["user", "session", "request"];
    let known = VARIABLES.iter().find(|(_, field, _)| *field == name).map(|(root, field, _)| format!("{root}.{field}"));
    let help = match known {
        Some(whole) => Some(format!("did you mean `{whole}`?")),
        None => did_you_mean(name, roots).or_else(|| {
            Some("variables begin with `user.`, `session.` or `request.`; texts stand in quotes".to_owned())
        }),
    };
    Problem::at(expr, format!("unknown variable `{name}`")).maybe_help(help)
}

/// `a, b or c`.
fn listed(words: impl Iterator<Item = String>) -> String {
    let words: Vec<String> = words.collect();
    match words.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => String::new(),
    }
}
