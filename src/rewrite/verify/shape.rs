//! The shape of a guard, apart from what it must hold.

use crate::sql::Identifier;
use crate::sql::ast::{Arguments, Call, Expr, ExprKind, Limit, Query, QueryBody, Relation, RowCount, Select};

/// The limit of the guarded form: no table has so many rows, and Trino moves no expression past a limit.
const MOST_ROWS: &str = "9223372036854775807";

/// Whether a query has that limit.
pub(super) fn is_limited(text: &str, query: &Query) -> bool {
    matches!(&query.limit, Some(Limit::Rows(RowCount::Number(rows))) if rows.of(text) == MOST_ROWS)
}

/// The select, its only relation, the relation's alias and its columns' aliases, of a query that has nothing else but
/// items, `WHERE` and perhaps a limit.
pub(super) fn shape(query: &Query) -> Option<(&Select, &Relation, &Identifier, &[Identifier])> {
    let Query {
        span: _,
        session,
        functions,
        with: None,
        body: QueryBody::Select(select),
        order_by,
        offset: None,
        limit: _,
    } = query
    else {
        return None;
    };
    let Select { span: _, quantifier: None, items: _, from, filter: _, group_by: None, having: None, windows } =
        select.as_ref()
    else {
        return None;
    };
    let [Relation::Aliased { span: _, relation, alias, columns }] = from.as_slice() else { return None };
    let bare = session.is_empty() && functions.is_empty() && order_by.is_empty() && windows.is_empty();
    bare.then_some((select.as_ref(), relation.as_ref(), alias, columns.as_slice()))
}

/// Whether an expression is `"alias"."column"`.
pub(super) fn is_column(expr: &Expr, alias: &Identifier, column: &str) -> bool {
    matches!(&expr.kind, ExprKind::Dereference { base, field }
        if field.is(column) && matches!(&base.kind, ExprKind::Identifier(base) if base.same(alias)))
}

/// Whether an expression is `"alias"."column"`, or `"column"` alone. For a relation whose columns stand in the same text: there,
/// a name that one of them has is theirs.
pub(super) fn is_own_column(expr: &Expr, alias: &Identifier, column: &str) -> bool {
    match &expr.kind {
        ExprKind::Identifier(name) => name.is(column),
        _ => is_column(expr, alias, column),
    }
}

/// Whether an expression is `IF("ok", "column")` of such a relation.
pub(super) fn is_shown_column(expr: &Expr, alias: &Identifier, ok: &str, column: &str) -> bool {
    let ExprKind::Call(call) = &expr.kind else { return false };
    let Call {
        name,
        processing: None,
        quantifier: None,
        arguments: Arguments::List(arguments),
        order_by,
        filter: None,
        ignore_nulls: None,
        over: None,
        listagg: None,
    } = call.as_ref()
    else {
        return false;
    };
    let is_if = matches!(name.parts.as_slice(), [name] if name.is("if"));
    let arguments = matches!(arguments.as_slice(), [condition, value]
        if is_own_column(condition, alias, ok) && is_own_column(value, alias, column));
    is_if && arguments && order_by.is_empty()
}
