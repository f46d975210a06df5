//! Types.

use super::{Identifier, Span};

/// A type. It names types only, so nothing in it can read a table; rewriting copies its text.
#[derive(Clone, Debug, PartialEq)]
pub struct DataType {
    /// Where it stands.
    pub span: Span,
    /// What it is.
    pub kind: DataTypeKind,
}

/// The forms of a type.
#[derive(Clone, Debug, PartialEq)]
pub enum DataTypeKind {
    /// `name [(parameters)]`; so are `type ARRAY`, `ARRAY<type>`, `MAP<key, value>` and `DOUBLE PRECISION`, whose name
    /// is the word `ARRAY`, `MAP` or `DOUBLE`.
    Generic {
        /// The type's name.
        name: Identifier,
        /// Numbers and types.
        parameters: Vec<TypeParameter>,
    },
    /// `ROW (name type, …)`.
    Row(Vec<(Option<Identifier>, DataType)>),
    /// `TIMESTAMP [(p)] [WITH TIME ZONE]`, `TIME …`.
    DateTime {
        /// `TIMESTAMP`, not `TIME`.
        timestamp: bool,
        /// The precision, a number or a type variable.
        precision: Option<Box<TypeParameter>>,
        /// `WITH TIME ZONE`.
        with_time_zone: bool,
    },
    /// `INTERVAL from [TO to]`.
    Interval(IntervalQualifier),
}

/// `from [(precision)] [TO to [(fraction)]]`; the precisions are of Trino 483.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IntervalQualifier {
    /// The first field.
    pub from: IntervalField,
    /// Digits of the first field.
    pub precision: Option<Span>,
    /// The last field, if it is another.
    pub to: Option<IntervalField>,
    /// Digits of a second's fraction.
    pub fraction: Option<Span>,
}

/// A field of an interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words of the grammar")]
pub enum IntervalField {
    Year,
    Month,
    Day,
    Hour,
    Minute,
    Second,
}

impl IntervalField {
    /// The word of the grammar.
    pub fn word(self) -> &'static str {
        match self {
            IntervalField::Year => "YEAR",
            IntervalField::Month => "MONTH",
            IntervalField::Day => "DAY",
            IntervalField::Hour => "HOUR",
            IntervalField::Minute => "MINUTE",
            IntervalField::Second => "SECOND",
        }
    }
}

/// A parameter of a type.
#[derive(Clone, Debug, PartialEq)]
pub enum TypeParameter {
    /// A number, as written.
    Number(Span),
    /// A type.
    Type(DataType),
}
