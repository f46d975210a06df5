//! Expressions.

use super::{
    Call, DataType, Identifier, IntervalQualifier, JsonClauses, JsonInput, JsonMember, JsonNulls, JsonPathForm,
    JsonPathInvocation, JsonReturning, NewerExpr, Over, QualifiedName, Query, Span, StringLiteral,
};

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    /// Where it stands.
    pub span: Span,
    /// What it is.
    pub kind: ExprKind,
}

/// The forms of an expression.
#[derive(Clone, Debug, PartialEq)]
pub enum ExprKind {
    /// `NULL`.
    Null,
    /// `TRUE`, `FALSE`.
    Boolean(bool),
    /// `'…'`.
    String(StringLiteral),
    /// `X'…'`.
    Binary,
    /// A number, its sign included if the grammar makes it part of the literal; the text is the span's.
    Number(NumberKind),
    /// `type 'text'`, such as `DATE '2024-01-01'`.
    TypedLiteral {
        /// The type's name; `DOUBLE PRECISION` is one identifier.
        type_name: Identifier,
        /// The text.
        value: Box<StringLiteral>,
    },
    /// `INTERVAL …`.
    Interval(Box<Interval>),
    /// `?`.
    Parameter,
    /// A column, or a name that the scope gives another meaning.
    Identifier(Identifier),
    /// `base.field`: a qualified column or the field of a row.
    Dereference {
        /// What stands before the dot.
        base: Box<Expr>,
        /// The field.
        field: Identifier,
    },
    /// `base[index]`.
    Subscript {
        /// An array, map or row.
        base: Box<Expr>,
        /// Which element.
        index: Box<Expr>,
    },
    /// `( expression )`.
    Parenthesized(Box<Expr>),
    /// `(a, b)` or `ROW (a)`.
    Row(Vec<Expr>),
    /// `ARRAY [a, b]`.
    Array(Vec<Expr>),
    /// `NOT e`.
    Not(Box<Expr>),
    /// Terms joined by one operator, two or more.
    Logical {
        /// `AND` or `OR`.
        operator: LogicalOperator,
        /// The terms.
        terms: Vec<Expr>,
    },
    /// `left operator right`.
    Comparison {
        /// Which.
        operator: ComparisonOperator,
        /// The left side.
        left: Box<Expr>,
        /// The right side.
        right: Box<Expr>,
    },
    /// `left operator {ALL | SOME | ANY} (query)`.
    QuantifiedComparison {
        /// Which.
        operator: ComparisonOperator,
        /// `ALL`, `SOME`, `ANY`.
        quantifier: ComparisonQuantifier,
        /// The left side.
        left: Box<Expr>,
        /// The query.
        query: Box<Query>,
    },
    /// `value [NOT] BETWEEN low AND high`.
    Between {
        /// `NOT`.
        negated: bool,
        /// The value.
        value: Box<Expr>,
        /// The lower bound.
        low: Box<Expr>,
        /// The upper bound.
        high: Box<Expr>,
    },
    /// `value [NOT] IN (list)`.
    InList {
        /// `NOT`.
        negated: bool,
        /// The value.
        value: Box<Expr>,
        /// The list.
        list: Vec<Expr>,
    },
    /// `value [NOT] IN (query)`.
    InSubquery {
        /// `NOT`.
        negated: bool,
        /// The value.
        value: Box<Expr>,
        /// The query.
        query: Box<Query>,
    },
    /// `value [NOT] LIKE pattern [ESCAPE escape]`.
    Like {
        /// `NOT`.
        negated: bool,
        /// The value.
        value: Box<Expr>,
        /// The pattern.
        pattern: Box<Expr>,
        /// The escape character.
        escape: Option<Box<Expr>>,
    },
    /// `value IS [NOT] NULL`.
    IsNull {
        /// `NOT`.
        negated: bool,
        /// The value.
        value: Box<Expr>,
    },
    /// `value IS [NOT] {TRUE | FALSE | UNKNOWN}`, of Trino 483.
    IsTruth {
        /// `NOT`.
        negated: bool,
        /// The value.
        value: Box<Expr>,
        /// Which truth value; `None` for `UNKNOWN`.
        truth: Option<bool>,
    },
    /// `left IS [NOT] DISTINCT FROM right`.
    IsDistinctFrom {
        /// `NOT`.
        negated: bool,
        /// The left side.
        left: Box<Expr>,
        /// The right side.
        right: Box<Expr>,
    },
    /// `+e`, `-e`.
    Unary {
        /// `true` for `-`.
        negative: bool,
        /// The operand.
        operand: Box<Expr>,
    },
    /// A chain of operators of one precedence, left to right.
    Arithmetic {
        /// The first operand.
        first: Box<Expr>,
        /// The others, each with the operator before it; one or more.
        rest: Vec<(ArithmeticOperator, Expr)>,
    },
    /// `a || b || c`, two or more.
    Concat(Vec<Expr>),
    /// `value AT TIME ZONE zone`.
    AtTimeZone {
        /// The value.
        value: Box<Expr>,
        /// A string or an interval.
        zone: Box<Expr>,
    },
    /// `( query )` as a value.
    Subquery(Box<Query>),
    /// `EXISTS ( query )`.
    Exists(Box<Query>),
    /// `CASE [operand] WHEN … THEN … [ELSE …] END`.
    Case {
        /// The operand of a simple case.
        operand: Option<Box<Expr>>,
        /// Conditions and results.
        whens: Vec<(Expr, Expr)>,
        /// `ELSE`.
        otherwise: Option<Box<Expr>>,
    },
    /// `CAST (e AS type)`, `TRY_CAST (e AS type)`.
    Cast {
        /// `TRY_CAST`.
        safe: bool,
        /// What is cast.
        value: Box<Expr>,
        /// The type.
        data_type: Box<DataType>,
    },
    /// A call; the special forms of the grammar that read like one included.
    Call(Box<Call>),
    /// `identifier OVER …`: a measure of a window's row pattern.
    Measure {
        /// The measure.
        name: Identifier,
        /// Its window.
        over: Box<Over>,
    },
    /// `x -> e`, `(x, y) -> e`.
    Lambda {
        /// The parameters.
        parameters: Vec<Identifier>,
        /// The body.
        body: Box<Expr>,
    },
    /// `CURRENT_DATE`, `CURRENT_TIMESTAMP (3)`, `CURRENT_USER` and their like, which take no operand.
    Current(CurrentValue),
    /// `EXTRACT (field FROM value)`.
    Extract {
        /// The field.
        field: Identifier,
        /// The value.
        value: Box<Expr>,
    },
    /// `GROUPING (columns)`.
    Grouping(Vec<QualifiedName>),
    /// `TRIM`, `SUBSTRING`, `POSITION`, `NORMALIZE` in the grammar's own notation.
    SpecialForm {
        /// Which.
        form: SpecialForm,
        /// The operands in the order of the text.
        operands: Vec<Expr>,
    },
    /// `JSON_EXISTS`, `JSON_VALUE`, `JSON_QUERY`.
    JsonPath {
        /// Which.
        form: JsonPathForm,
        /// Input, path and arguments.
        path: Box<JsonPathInvocation>,
        /// `RETURNING type`.
        returning: Option<Box<JsonReturning>>,
        /// What becomes of the values found.
        clauses: JsonClauses,
        /// The expressions of `DEFAULT … ON EMPTY | ERROR`, in that order.
        defaults: Vec<Expr>,
    },
    /// `JSON_OBJECT (…)`.
    JsonObject {
        /// Keys and values.
        members: Vec<JsonMember>,
        /// What becomes of members that are null.
        nulls: Option<JsonNulls>,
        /// `WITH UNIQUE KEYS` is `Some(true)`, `WITHOUT …` is `Some(false)`.
        unique_keys: Option<bool>,
        /// `RETURNING type`.
        returning: Option<Box<JsonReturning>>,
    },
    /// What came after Trino 476.
    Newer(Box<NewerExpr>),
    /// `JSON_ARRAY (…)`.
    JsonArray {
        /// The elements.
        elements: Vec<JsonInput>,
        /// What becomes of elements that are null.
        nulls: Option<JsonNulls>,
        /// `RETURNING type`.
        returning: Option<Box<JsonReturning>>,
    },
}

/// The kinds of numeric literals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words of the grammar")]
pub enum NumberKind {
    Integer,
    Decimal,
    Double,
}

/// `AND`, `OR`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words of the grammar")]
pub enum LogicalOperator {
    And,
    Or,
}

/// Comparison operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words of the grammar")]
pub enum ComparisonOperator {
    Equal,
    NotEqual,
    LessThan,
    LessThanOrEqual,
    GreaterThan,
    GreaterThanOrEqual,
}

/// `ALL`, `SOME`, `ANY`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words of the grammar")]
pub enum ComparisonQuantifier {
    All,
    Some,
    Any,
}

/// Arithmetic operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words of the grammar")]
pub enum ArithmeticOperator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulus,
}

/// Values of the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words of the grammar")]
pub enum CurrentKind {
    Date,
    Time,
    Timestamp,
    LocalTime,
    LocalTimestamp,
    User,
    Catalog,
    Schema,
    Path,
}

/// A value of the session, `CURRENT_TIMESTAMP (3)` and its like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CurrentValue {
    /// Which.
    pub kind: CurrentKind,
    /// Digits of a second's fraction.
    pub precision: Option<u32>,
}

/// `INTERVAL [+ | -] 'text' from [TO to]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Interval {
    /// `-`.
    pub negative: bool,
    /// The text.
    pub value: StringLiteral,
    /// Its fields.
    pub qualifier: IntervalQualifier,
}

/// Functions with a notation of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpecialForm {
    /// `TRIM ([side] [characters] FROM source)`, `TRIM (source [, characters])`.
    Trim {
        /// Where it trims; on both sides if not given.
        side: Option<TrimSide>,
        /// Whether `FROM` is used, so that the source is the last operand and not the first.
        from: bool,
    },
    /// `SUBSTRING (value FROM start [FOR length])`.
    Substring,
    /// `POSITION (part IN value)`.
    Position,
    /// `NORMALIZE (value [, form])`.
    Normalize(Option<NormalForm>),
}

/// Where `TRIM` trims.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words of the grammar")]
pub enum TrimSide {
    Both,
    Leading,
    Trailing,
}

/// A normal form of Unicode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[expect(missing_docs, reason = "the words of the grammar")]
pub enum NormalForm {
    Nfd,
    #[default]
    Nfc,
    Nfkd,
    Nfkc,
}

impl NormalForm {
    /// The word of the grammar.
    pub fn word(self) -> &'static str {
        match self {
            NormalForm::Nfd => "NFD",
            NormalForm::Nfc => "NFC",
            NormalForm::Nfkd => "NFKD",
            NormalForm::Nfkc => "NFKC",
        }
    }
}
