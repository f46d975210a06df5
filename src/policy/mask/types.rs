//! Types of Trino, as far as masks have to know them.

use crate::sql::ast::{DataType, DataTypeKind, ExprKind, TypeParameter};
use crate::sql::{GrammarVersion, Span, parse_expression};
use std::fmt;

/// A type of Trino.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Type {
    /// As Trino prints it; it can be used in a `CAST`.
    pub text: String,
    /// What it is.
    pub kind: Kind,
}

/// What a type is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "Trino's names of types")]
pub enum Kind {
    /// With its most characters, if they are bounded.
    Varchar(Option<u64>),
    /// With its characters.
    Char(u64),
    TinyInt,
    SmallInt,
    Integer,
    BigInt,
    Decimal,
    Real,
    Double,
    Boolean,
    Date,
    Timestamp {
        zone: bool,
    },
    Time {
        zone: bool,
    },
    Varbinary,
    Uuid,
    IpAddress,
    Json,
    Row(Vec<Field>),
    Array(Box<Type>),
    /// The type of its values; keys are never masked.
    Map(Box<Type>),
    /// One that no mask but `null` holds for, such as an interval.
    Other,
}

/// A field of a ROW.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name in lower case; none, if it has no name.
    pub name: Option<String>,
    /// Its type.
    pub kind: Type,
}

/// Types that masks treat alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Family {
    /// `varchar` and `char`.
    Text,
    /// Whole numbers, `decimal`, `real` and `double`.
    Number,
    /// `boolean`.
    Boolean,
    /// `date`.
    Date,
    /// With and without a time zone.
    Timestamp,
    /// With and without a time zone.
    Time,
    /// `varbinary`.
    Varbinary,
    /// `uuid`.
    Uuid,
    /// `ipaddress`.
    IpAddress,
    /// `json`.
    Json,
    /// `row`.
    Row,
    /// `array`.
    Array,
    /// `map`.
    Map,
    /// All else, which documents can't name.
    Other,
}

impl Family {
    /// Those that documents name.
    pub const NAMED: [Family; 13] = [
        Family::Text,
        Family::Number,
        Family::Boolean,
        Family::Date,
        Family::Timestamp,
        Family::Time,
        Family::Varbinary,
        Family::Uuid,
        Family::IpAddress,
        Family::Json,
        Family::Row,
        Family::Array,
        Family::Map,
    ];

    /// As documents and messages name it.
    pub fn name(self) -> &'static str {
        match self {
            Family::Text => "text",
            Family::Number => "number",
            Family::Boolean => "boolean",
            Family::Date => "date",
            Family::Timestamp => "timestamp",
            Family::Time => "time",
            Family::Varbinary => "varbinary",
            Family::Uuid => "uuid",
            Family::IpAddress => "ipaddress",
            Family::Json => "json",
            Family::Row => "row",
            Family::Array => "array",
            Family::Map => "map",
            Family::Other => "other",
        }
    }

    /// What the types of it are, for a message.
    pub fn described(self) -> &'static str {
        match self {
            Family::Text => "`varchar`, `char`",
            Family::Number => "whole numbers, `decimal`, `real`, `double`",
            Family::Boolean => "`boolean`",
            Family::Date => "`date`",
            Family::Timestamp => "`timestamp`, with and without a time zone",
            Family::Time => "`time`, with and without a time zone",
            Family::Varbinary => "`varbinary`",
            Family::Uuid => "`uuid`",
            Family::IpAddress => "`ipaddress`",
            Family::Json => "`json`",
            Family::Row => "`row`",
            Family::Array => "`array`",
            Family::Map => "`map`",
            Family::Other => "other types",
        }
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A text is no type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not understood as a type of Trino")]
pub struct NoType(
    /// The text.
    pub String,
);

const BEFORE: &str = "CAST(NULL AS ";

impl Type {
    /// Reads a type as Trino prints it.
    ///
    /// # Errors
    /// [`NoType`], if the text is anything but one type.
    pub fn parse(text: &str) -> Result<Type, NoType> {
        let text = text.trim();
        let cast = format!("{BEFORE}{text})");
        let whole = Span { start: BEFORE.len() as u32, end: (BEFORE.len() + text.len()) as u32 };
        // Trino's version is not known where policies are; the newest grammar reads the types of the older ones.
        let newest = parse_expression(&cast, GrammarVersion::NEWEST).ok();
        match newest.map(|expr| expr.kind) {
            // A text that ended the cast by itself would have a type that ends before it.
            Some(ExprKind::Cast { data_type, .. }) if data_type.span == whole => type_of(&cast, &data_type),
            _ => None,
        }
        .ok_or_else(|| NoType(text.to_owned()))
    }

    /// Reads a type, or takes it for one that is not known here.
    pub(in crate::policy) fn read(text: &str) -> Type {
        Type::parse(text).unwrap_or_else(|NoType(text)| Type { text, kind: Kind::Other })
    }

    /// Its family.
    pub fn family(&self) -> Family {
        match self.kind {
            Kind::Varchar(_) | Kind::Char(_) => Family::Text,
            Kind::TinyInt
            | Kind::SmallInt
            | Kind::Integer
            | Kind::BigInt
            | Kind::Decimal
            | Kind::Real
            | Kind::Double => Family::Number,
            Kind::Boolean => Family::Boolean,
            Kind::Date => Family::Date,
            Kind::Timestamp { .. } => Family::Timestamp,
            Kind::Time { .. } => Family::Time,
            Kind::Varbinary => Family::Varbinary,
            Kind::Uuid => Family::Uuid,
            Kind::IpAddress => Family::IpAddress,
            Kind::Json => Family::Json,
            Kind::Row(_) => Family::Row,
            Kind::Array(_) => Family::Array,
            Kind::Map(_) => Family::Map,
            Kind::Other => Family::Other,
        }
    }
}

fn type_of(source: &str, data_type: &DataType) -> Option<Type> {
    let text = source.get(data_type.span.start as usize..data_type.span.end as usize)?.to_owned();
    let kind = match &data_type.kind {
        DataTypeKind::Row(fields) => {
            let fields = fields.iter().map(|(name, data_type)| {
                let name = name.as_ref().map(|name| name.folded().to_string());
                Some(Field { name, kind: type_of(source, data_type)? })
            });
            Kind::Row(fields.collect::<Option<_>>()?)
        }
        DataTypeKind::DateTime { timestamp: true, precision: _, with_time_zone } => {
            Kind::Timestamp { zone: *with_time_zone }
        }
        DataTypeKind::DateTime { timestamp: false, precision: _, with_time_zone } => {
            Kind::Time { zone: *with_time_zone }
        }
        DataTypeKind::Interval(_) => Kind::Other,
        DataTypeKind::Generic { name, parameters } => generic(source, &name.folded(), parameters)?,
    };
    Some(Type { text, kind })
}

fn generic(source: &str, name: &str, parameters: &[TypeParameter]) -> Option<Kind> {
    let number = |span: &Span| source.get(span.start as usize..span.end as usize)?.parse::<u64>().ok();
    let simple = match name {
        "tinyint" => Kind::TinyInt,
        "smallint" => Kind::SmallInt,
        "integer" | "int" => Kind::Integer,
        "bigint" => Kind::BigInt,
        "real" => Kind::Real,
        "double" => Kind::Double,
        "boolean" => Kind::Boolean,
        "date" => Kind::Date,
        "varbinary" => Kind::Varbinary,
        "uuid" => Kind::Uuid,
        "ipaddress" => Kind::IpAddress,
        "json" => Kind::Json,
        _ => {
            return match (name, parameters) {
                ("varchar", []) => Some(Kind::Varchar(None)),
                ("varchar", [TypeParameter::Number(most)]) => Some(Kind::Varchar(Some(number(most)?))),
                ("char", []) => Some(Kind::Char(1)),
                ("char", [TypeParameter::Number(length)]) => Some(Kind::Char(number(length)?)),
                ("decimal", [TypeParameter::Number(_)] | [TypeParameter::Number(_), TypeParameter::Number(_)] | []) => {
                    Some(Kind::Decimal)
                }
                ("array", [TypeParameter::Type(element)]) => Some(Kind::Array(Box::new(type_of(source, element)?))),
                ("map", [TypeParameter::Type(_), TypeParameter::Type(value)]) => {
                    Some(Kind::Map(Box::new(type_of(source, value)?)))
                }
                // Such a type has these parameters, so this is one of another shape.
                ("varchar" | "char" | "decimal" | "array" | "map" | "row" | "timestamp" | "time", _) => None,
                _ => Some(Kind::Other),
            };
        }
    };
    parameters.is_empty().then_some(simple)
}
