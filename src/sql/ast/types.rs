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
    /// `name [(parameters)]`; `DOUBLE PRECISION` is one identifier.
    Generic {
        /// The type's name.
        name: Identifier,
        /// Numbers and types.
        parameters: Vec<TypeParameter>,
    },
    /// `ROW (name type, …)`.
    Row(Vec<(Option<Identifier>, DataType)>),
    /// `type ARRAY`, `ARRAY<type>`, `ARRAY(type)` is generic.
    Array(Box<DataType>),
    /// `MAP<key, value>`.
    Map(Box<DataType>, Box<DataType>),
    /// `TIMESTAMP [(p)] [WITH TIME ZONE]`, `TIME …`.
    DateTime {
        /// `TIMESTAMP`, not `TIME`.
        timestamp: bool,
        /// The precision, a number or a type variable.
        precision: Option<Box<TypeParameter>>,
        /// `WITH TIME ZONE`.
        with_time_zone: bool,
    },
    /// `INTERVAL from TO to`.
    Interval,
}

/// A parameter of a type.
#[derive(Clone, Debug, PartialEq)]
pub enum TypeParameter {
    /// A number, as written.
    Number(Span),
    /// A type.
    Type(DataType),
}
