//! What an expression yields.

use super::problem::Problem;
use crate::policy::condition::tree::{Bool, List, Number, Text, Time};
use cel::IdedExpr;
use compact_str::CompactString;

/// An expression with its type.
pub(super) enum Typed {
    Bool(Bool),
    Number(Number),
    Text(Text),
    Time(Time),
    List(List),
    Numbers(Vec<Number>),
    Address,
    /// All attributes: only one of them by its name is a value.
    Attributes,
    /// An attribute: a text where a text is asked for, a list where a list is.
    Attribute(CompactString),
}

impl Typed {
    /// Its type, in words.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Typed::Bool(_) => "true or false",
            Typed::Number(_) => "a whole number",
            Typed::Text(_) => "a text",
            Typed::Time(_) => "a time",
            Typed::List(_) => "a list of texts",
            Typed::Numbers(_) => "a list of whole numbers",
            Typed::Address => "an address",
            Typed::Attributes => "the set of attributes",
            Typed::Attribute(_) => "an attribute",
        }
    }

    /// As a text, if it can be one.
    pub(super) fn into_text(self) -> Result<Text, Typed> {
        match self {
            Typed::Text(text) => Ok(text),
            Typed::Attribute(name) => Ok(Text::Attribute(name)),
            other => Err(other),
        }
    }

    /// That something else is needed here.
    pub(super) fn instead_of<'p>(&self, needed: &str, expr: &'p IdedExpr) -> Problem<'p> {
        let problem = Problem::at(expr, format!("this is {}, but {needed} is needed here", self.kind()));
        match self {
            Typed::Attribute(_) if needed == "true or false" => {
                problem.help("compare it: `user.attributes.department == 'audit'`")
            }
            Typed::Attributes => problem.help("name one: `user.attributes.department`"),
            Typed::Address => problem.help("ask for its network: `request.address.in_network('10.0.0.0/8')`"),
            _ => problem,
        }
    }
}

/// That two types can't be compared so.
pub(super) fn not_comparable<'p>(expr: &'p IdedExpr, left: &str, right: &str) -> Problem<'p> {
    let problem = Problem::at(expr, format!("{left} can't be compared so with {right}"));
    let either = |kind: &str| left == kind || right == kind;
    if either("a time") && either("a text") {
        problem.help("a time is written `timestamp('2026-01-31T00:00:00Z')`")
    } else if either("an address") {
        problem.help("ask for its network: `request.address.in_network('10.0.0.0/8')`")
    } else if either("the set of attributes") {
        problem.help("name one: `user.attributes.department`")
    } else if either("a list of texts") || either("a list of whole numbers") {
        problem.help("ask `x in list`, `list.exists(e, …)` or `list.all(e, …)`")
    } else {
        problem
    }
}
