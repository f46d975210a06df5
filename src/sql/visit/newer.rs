//! What lies below the expressions and relations that came after Trino 476.

macro_rules! newer {
    ($name:ident, $($mutable:tt)?) => {
        pub fn newer<V: $name + ?Sized>(v: &mut V, node: & $($mutable)? NewerExpr) {
            match node {
                NewerExpr::Between { negated: _, symmetric: _, value, low, high } => {
                    v.expr(value);
                    v.expr(low);
                    v.expr(high);
                }
                NewerExpr::Match { value, unique: _, kind: _, query } => {
                    v.expr(value);
                    v.query(query);
                }
                NewerExpr::Overlaps { left, right } => {
                    v.expr(left);
                    v.expr(right);
                }
                NewerExpr::Unique(query) => v.query(query),
                NewerExpr::AtLocal(value) | NewerExpr::AllElements(value) => v.expr(value),
                NewerExpr::MethodCall { receiver, method, arguments } => {
                    v.expr(receiver);
                    v.identifier(method);
                    call_arguments(v, arguments);
                }
                NewerExpr::StaticMethodCall { type_name, method, arguments } => {
                    v.other_name(type_name);
                    v.identifier(method);
                    call_arguments(v, arguments);
                }
                NewerExpr::Row(fields) => for RowField { span, value, name } in fields {
                    v.span(span);
                    v.expr(value);
                    if let Some(name) = name { v.identifier(name); }
                },
                NewerExpr::Overlay(operands) => exprs(v, operands),
                NewerExpr::CaseOperand => {}
            }
        }

        fn pivot<V: $name + ?Sized>(v: &mut V, node: & $($mutable)? Pivot) {
            let Pivot { span, input, aggregations, columns, groups, group_by: grouped } = node;
            v.span(span);
            v.relation(input);
            for PivotAggregation { span, expr, alias } in aggregations {
                v.span(span);
                v.expr(expr);
                if let Some(alias) = alias { v.identifier(alias); }
            }
            for column in columns { v.other_name(column); }
            for PivotGroup { span, values, alias } in groups {
                v.span(span);
                exprs(v, values);
                if let Some(alias) = alias { v.identifier(alias); }
            }
            if let Some(grouped) = grouped { group_by(v, grouped); }
        }

        fn nearest<V: $name + ?Sized>(v: &mut V, node: & $($mutable)? Nearest) {
            let Nearest { span, relation, filter, condition } = node;
            v.span(span);
            v.relation(relation);
            if let Some(filter) = filter { v.expr(filter); }
            v.expr(condition);
        }

        fn interval_qualifier<V: $name + ?Sized>(v: &mut V, node: & $($mutable)? IntervalQualifier) {
            let IntervalQualifier { from: _, precision, to: _, fraction } = node;
            if let Some(precision) = precision { v.span(precision); }
            if let Some(fraction) = fraction { v.span(fraction); }
        }
    };
}
pub(super) use newer;
