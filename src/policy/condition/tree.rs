//! A condition after typing: one type of tree a type of value, so that a tree of wrong types can't be built.

use super::inputs::{Lists, Texts as TextInput};
use compact_str::CompactString;
use ipnet::IpNet;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::cmp::Ordering;

/// Yields true or false.
#[derive(Debug)]
pub(super) enum Bool {
    Literal(bool),
    Not(Box<Bool>),
    And(Box<[Bool; 2]>),
    Or(Box<[Bool; 2]>),
    /// The first, if it is equal to the second; the other way round if `negated`.
    Same {
        negated: bool,
        sides: Box<[Bool; 2]>,
    },
    If(Box<Choice<Bool>>),
    Numbers(Comparison, Box<[Number; 2]>),
    Texts(Comparison, Box<[Text; 2]>),
    Times(Comparison, Box<[Time; 2]>),
    /// Whether a list holds a text.
    TextIn(Box<Text>, List),
    NumberIn(Box<Number>, Vec<Number>),
    /// Whether the client's address is of a network.
    InNetwork(IpNet),
    /// Whether the user has an attribute.
    Has(CompactString),
    Looks(Look, Box<[Text; 2]>),
    /// Whether the condition is true of some element, or of each one.
    Some {
        list: List,
        holds: Box<Bool>,
    },
    Each {
        list: List,
        holds: Box<Bool>,
    },
}

/// `condition ? yes : no`.
#[derive(Debug)]
pub(super) struct Choice<T> {
    pub(super) condition: Bool,
    pub(super) yes: T,
    pub(super) no: T,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Comparison {
    pub(super) fn holds(self, ordering: Ordering) -> bool {
        match self {
            Comparison::Equal => ordering.is_eq(),
            Comparison::NotEqual => ordering.is_ne(),
            Comparison::Less => ordering.is_lt(),
            Comparison::LessOrEqual => ordering.is_le(),
            Comparison::Greater => ordering.is_gt(),
            Comparison::GreaterOrEqual => ordering.is_ge(),
        }
    }
}

/// How a text is looked through for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    Contains,
    StartsWith,
    EndsWith,
}

/// Yields a whole number.
#[derive(Debug)]
pub(super) enum Number {
    Literal(i64),
    Negated(Box<Number>),
    Arithmetic(Arithmetic, Box<[Number; 2]>),
    /// How many characters a text has.
    Length(Box<Text>),
    /// How many elements a list has.
    Count(List),
    Part(Part, TimeZone, Box<Time>),
    If(Box<Choice<Number>>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

/// A part of a time, counted as CEL does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    FullYear,
    /// From 0.
    Month,
    /// From 1.
    Date,
    /// From 0.
    DayOfMonth,
    /// From 0, Sunday.
    DayOfWeek,
    /// From 0.
    DayOfYear,
    Hours,
    Minutes,
}

/// Yields a text.
#[derive(Debug)]
pub(super) enum Text {
    Literal(CompactString),
    Input(TextInput),
    /// The value of an attribute that has one.
    Attribute(CompactString),
    /// The element that `exists` or `all` looks at.
    Element,
    Joined(Box<[Text; 2]>),
    If(Box<Choice<Text>>),
}

/// Yields several texts.
#[derive(Debug)]
pub(super) enum List {
    Literal(Vec<Text>),
    Input(Lists),
    /// The values of an attribute.
    Attribute(CompactString),
}

/// Yields a time.
#[derive(Debug)]
pub(super) enum Time {
    Literal(Timestamp),
    /// `request.time`.
    Request,
    If(Box<Choice<Time>>),
}
