//! SQL routines: functions that a query or a schema defines, and the statements of their bodies.

use super::{DataType, Expr, Identifier, Property, QualifiedName, Span, StringLiteral, ViewSecurity};

/// `name = value` of `WITH SESSION` in front of a query.
#[derive(Clone, Debug, PartialEq)]
pub struct SessionProperty {
    /// The whole of it.
    pub span: Span,
    /// The property: `name` or `catalog.name`.
    pub name: QualifiedName,
    /// Its value.
    pub value: Expr,
}

/// `FUNCTION name (parameters) RETURNS type [characteristics] body`.
#[derive(Clone, Debug, PartialEq)]
pub struct FunctionSpecification {
    /// The whole of it.
    pub span: Span,
    /// The function.
    pub name: QualifiedName,
    /// The parameters in order.
    pub parameters: Vec<ParameterDeclaration>,
    /// `RETURNS` with its type.
    pub returns: ReturnsClause,
    /// The characteristics in order.
    pub characteristics: Vec<RoutineCharacteristic>,
    /// What it does.
    pub body: RoutineBody,
}

/// `[name] type`.
#[derive(Clone, Debug, PartialEq)]
pub struct ParameterDeclaration {
    /// The whole of it.
    pub span: Span,
    /// The parameter.
    pub name: Option<Identifier>,
    /// Its type.
    pub data_type: DataType,
}

/// `RETURNS type`.
#[derive(Clone, Debug, PartialEq)]
pub struct ReturnsClause {
    /// The whole of it.
    pub span: Span,
    /// The type of the result.
    pub data_type: DataType,
}

/// What is said of a function besides what it does.
#[derive(Clone, Debug, PartialEq)]
pub struct RoutineCharacteristic {
    /// The whole of it.
    pub span: Span,
    /// What is said.
    pub kind: RoutineCharacteristicKind,
}

/// What is said of a function besides what it does.
#[derive(Clone, Debug, PartialEq)]
pub enum RoutineCharacteristicKind {
    /// `LANGUAGE name`.
    Language(Identifier),
    /// `[NOT] DETERMINISTIC`: whether it is.
    Deterministic(bool),
    /// `CALLED ON NULL INPUT` where it is, `RETURNS NULL ON NULL INPUT` where not.
    CalledOnNull(bool),
    /// `SECURITY {DEFINER | INVOKER}`.
    Security(ViewSecurity),
    /// `COMMENT 'text'`.
    Comment(StringLiteral),
    /// `WITH (name = value, …)`.
    Properties(Vec<Property>),
}

/// What a function does.
#[derive(Clone, Debug, PartialEq)]
pub enum RoutineBody {
    /// A statement of SQL.
    Statement(ControlStatement),
    /// `AS $$…$$`: a text in the function's language, without the line break that it begins with.
    Definition(StringLiteral),
}

/// A statement of a routine's body.
#[derive(Clone, Debug, PartialEq)]
pub struct ControlStatement {
    /// The whole of it, without the semicolon behind it.
    pub span: Span,
    /// What it is.
    pub kind: ControlStatementKind,
}

/// A statement of a routine's body.
#[derive(Clone, Debug, PartialEq)]
pub enum ControlStatementKind {
    /// `RETURN value`.
    Return(Expr),
    /// `SET target = value`.
    Set {
        /// The variable.
        target: Identifier,
        /// Its new value.
        value: Expr,
    },
    /// `CASE [operand] WHEN … THEN … [ELSE …] END CASE`.
    Case {
        /// What the branches are compared with.
        operand: Option<Expr>,
        /// `WHEN`, one or more.
        branches: Vec<ControlBranch>,
        /// `ELSE`.
        otherwise: Option<ElseClause>,
    },
    /// `IF … THEN … [ELSEIF … THEN …] [ELSE …] END IF`.
    If {
        /// `IF`.
        condition: Expr,
        /// What follows its `THEN`, one or more.
        statements: Vec<ControlStatement>,
        /// `ELSEIF`.
        branches: Vec<ControlBranch>,
        /// `ELSE`.
        otherwise: Option<ElseClause>,
    },
    /// `ITERATE label`.
    Iterate(Identifier),
    /// `LEAVE label`.
    Leave(Identifier),
    /// `BEGIN … END`.
    Compound {
        /// `DECLARE`.
        variables: Vec<VariableDeclaration>,
        /// The statements.
        statements: Vec<ControlStatement>,
    },
    /// `[label:] LOOP … END LOOP`.
    Loop {
        /// The label.
        label: Option<Identifier>,
        /// The statements, one or more.
        statements: Vec<ControlStatement>,
    },
    /// `[label:] WHILE condition DO … END WHILE`.
    While {
        /// The label.
        label: Option<Identifier>,
        /// Under which it goes on.
        condition: Expr,
        /// The statements, one or more.
        statements: Vec<ControlStatement>,
    },
    /// `[label:] REPEAT … UNTIL condition END REPEAT`.
    Repeat {
        /// The label.
        label: Option<Identifier>,
        /// The statements, one or more.
        statements: Vec<ControlStatement>,
        /// Under which it ends.
        condition: Expr,
    },
}

/// `{WHEN | ELSEIF} condition THEN …`.
#[derive(Clone, Debug, PartialEq)]
pub struct ControlBranch {
    /// The whole of it.
    pub span: Span,
    /// The condition, or what the operand is compared with.
    pub condition: Expr,
    /// The statements, one or more.
    pub statements: Vec<ControlStatement>,
}

/// `ELSE …`.
#[derive(Clone, Debug, PartialEq)]
pub struct ElseClause {
    /// The whole of it.
    pub span: Span,
    /// The statements, one or more.
    pub statements: Vec<ControlStatement>,
}

/// `DECLARE name, … type [DEFAULT value]`.
#[derive(Clone, Debug, PartialEq)]
pub struct VariableDeclaration {
    /// The whole of it, without the semicolon behind it.
    pub span: Span,
    /// The variables, one or more.
    pub names: Vec<Identifier>,
    /// Their type.
    pub data_type: DataType,
    /// `DEFAULT`.
    pub default: Option<Expr>,
}
