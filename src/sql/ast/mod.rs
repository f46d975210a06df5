//! The tree of a statement: Trino's grammar, nothing else.
//!
//! Each node carries the byte span it stands at in the text it was read from, so that a rewriting can edit the text by
//! spans and never has to print a tree. Chains that users' tools make long (`AND`, `+`, `||`, `UNION`, `JOIN`) are flat
//! lists, so that no walk over a tree is as deep as such a chain is long; everything that nests is bounded by the
//! parser's nesting limit.

mod access;
mod branch;
mod change;
mod definition;
mod expr;
mod function;
mod json;
mod name;
mod newer;
mod pattern;
mod query;
mod relation;
mod routine;
mod statement;
mod table;
mod types;
mod view;
mod window;

pub use access::{
    Access, EntityKind, GrantObject, Grantor, Principal, PrincipalKind, PrivilegeGrant, PrivilegeName, PrivilegeWord,
    RoleGrant, RoleSetting,
};
pub use branch::Branch;
pub use change::{Assignment, CallArgument, Change, Merge, MergeAction, MergeCase};
pub use definition::{
    CommentTarget, CreateCatalog, CreateSchema, Definition, DropBehavior, IfExists, Property, RelationKind,
};
pub use expr::{
    ArithmeticOperator, ComparisonOperator, ComparisonQuantifier, CurrentKind, CurrentValue, Expr, ExprKind, Interval,
    LogicalOperator, NormalForm, NumberKind, SpecialForm, TrimSide,
};
pub use function::{Arguments, Call, ListaggOverflow, ProcessingMode};
pub use json::{
    JsonArgument, JsonBehavior, JsonClauses, JsonFormat, JsonInput, JsonMember, JsonNulls, JsonPathForm,
    JsonPathInvocation, JsonPlan, JsonReturning, JsonTable, JsonTableColumn, JsonTablePlan, JsonWrapper,
};
pub use name::{Identifier, QualifiedName, Span, StringLiteral};
pub use newer::{MatchKind, Nearest, NewerExpr, Pivot, PivotAggregation, PivotGroup, RowField};
pub use pattern::{PatternClauses, RowPattern, RowPatternKind, RowPatternQuantifier, RowsPerMatch, SkipTo};
pub use query::{
    GroupBy, GroupingElement, GroupingSet, Limit, NamedQuery, Query, QueryBody, RowCount, Select, SelectItem,
    SetOperator, SetQuantifier, SetTerm, SortItem, With,
};
pub use relation::{
    Join, JoinCriteria, JoinKind, PeriodKind, QueryPeriod, Relation, SampleMethod, TableArgument, TableArgumentInput,
    TableFunction, TableFunctionArgument, TableFunctionValue, TableReference,
};
pub use routine::{
    ControlBranch, ControlStatement, ControlStatementKind, ElseClause, FunctionSpecification, ParameterDeclaration,
    ReturnsClause, RoutineBody, RoutineCharacteristic, RoutineCharacteristicKind, SessionProperty, VariableDeclaration,
};
pub use statement::{
    AuthorizationUser, ExplainFormat, ExplainOption, ExplainType, IsolationLevel, LikePattern, PathElement,
    ShowCreateObject, Statement, StatementKind, TransactionMode,
};
pub use table::{ColumnChange, ColumnDefinition, ColumnPosition, CreateTable, CreateTableAsSelect, TableElement};
pub use types::{DataType, DataTypeKind, IntervalField, IntervalQualifier, TypeParameter};
pub use view::{CreateMaterializedView, CreateView, ViewSecurity, WhenStale};
pub use window::{FrameBound, FrameUnit, Over, WindowDefinition, WindowFrame, WindowSpecification};
