//! What lies below an expression.

macro_rules! expr {
    ($name:ident, $($mutable:tt)?) => {
        pub fn expr<V: $name + ?Sized>(v: &mut V, node: & $($mutable)? Expr) {
            let Expr { span, kind } = node;
            v.span(span);
            match kind {
                ExprKind::Null
                | ExprKind::Boolean(_)
                | ExprKind::Binary
                | ExprKind::Number(_)
                | ExprKind::Parameter
                | ExprKind::Current(_) => {}
                ExprKind::String(text) => v.string(text),
                ExprKind::Interval(interval) => {
                    let Interval { negative: _, value, qualifier } = &$($mutable)? **interval;
                    v.string(value);
                    interval_qualifier(v, qualifier);
                }
                ExprKind::Newer(node) => v.newer(node),
                ExprKind::TypedLiteral { type_name, value } => {
                    v.identifier(type_name);
                    v.string(value);
                }
                ExprKind::Identifier(name) => v.identifier(name),
                ExprKind::Dereference { base, field } => {
                    v.expr(base);
                    v.identifier(field);
                }
                ExprKind::Subscript { base: left, index: right }
                | ExprKind::Comparison { operator: _, left, right }
                | ExprKind::IsDistinctFrom { negated: _, left, right }
                | ExprKind::AtTimeZone { value: left, zone: right } => {
                    v.expr(left);
                    v.expr(right);
                }
                ExprKind::Parenthesized(inner)
                | ExprKind::Not(inner)
                | ExprKind::IsNull { negated: _, value: inner }
                | ExprKind::IsTruth { negated: _, value: inner, truth: _ }
                | ExprKind::Unary { negative: _, operand: inner } => v.expr(inner),
                ExprKind::Row(items)
                | ExprKind::Array(items)
                | ExprKind::Concat(items)
                | ExprKind::Logical { operator: _, terms: items }
                | ExprKind::SpecialForm { form: _, operands: items } => exprs(v, items),
                ExprKind::QuantifiedComparison { operator: _, quantifier: _, left, query }
                | ExprKind::InSubquery { negated: _, value: left, query } => {
                    v.expr(left);
                    v.query(query);
                }
                ExprKind::Between { negated: _, value, low, high } => {
                    v.expr(value);
                    v.expr(low);
                    v.expr(high);
                }
                ExprKind::InList { negated: _, value, list } => {
                    v.expr(value);
                    exprs(v, list);
                }
                ExprKind::Like { negated: _, value, pattern, escape } => {
                    v.expr(value);
                    v.expr(pattern);
                    if let Some(escape) = escape { v.expr(escape); }
                }
                ExprKind::Arithmetic { first, rest } => {
                    v.expr(first);
                    for (_operator, operand) in rest { v.expr(operand); }
                }
                ExprKind::Subquery(query) | ExprKind::Exists(query) => v.query(query),
                ExprKind::Case { operand, whens, otherwise } => {
                    if let Some(operand) = operand { v.expr(operand); }
                    for (condition, result) in whens {
                        v.expr(condition);
                        v.expr(result);
                    }
                    if let Some(otherwise) = otherwise { v.expr(otherwise); }
                }
                ExprKind::Cast { safe: _, value, data_type } => {
                    v.expr(value);
                    v.data_type(data_type);
                }
                ExprKind::Call(call) => v.call(call),
                ExprKind::Measure { name, over } => {
                    v.identifier(name);
                    walk_over(v, over);
                }
                ExprKind::Lambda { parameters, body } => {
                    identifiers(v, parameters);
                    v.expr(body);
                }
                ExprKind::Extract { field, value } => {
                    v.identifier(field);
                    v.expr(value);
                }
                ExprKind::Grouping(columns) => for column in columns { v.other_name(column); },
                ExprKind::JsonPath { form: _, path, returning, clauses: _, defaults } => {
                    json_path(v, path);
                    json_returning(v, returning);
                    exprs(v, defaults);
                }
                ExprKind::JsonObject { members, nulls: _, unique_keys: _, returning } => {
                    for JsonMember { key, value } in members {
                        v.expr(key);
                        json_input(v, value);
                    }
                    json_returning(v, returning);
                }
                ExprKind::JsonArray { elements, nulls: _, returning } => {
                    for element in elements { json_input(v, element); }
                    json_returning(v, returning);
                }
            }
        }

        pub fn call<V: $name + ?Sized>(v: &mut V, node: & $($mutable)? Call) {
            let Call {
                name, processing: _, quantifier: _, arguments, order_by, filter, ignore_nulls: _, over, listagg,
            } = node;
            v.other_name(name);
            match arguments {
                Arguments::Star(None) => {}
                Arguments::Star(Some(label)) => v.identifier(label),
                Arguments::List(items) => exprs(v, items),
                Arguments::Named(items) => call_arguments(v, items),
            }
            if let Some(ListaggOverflow::Truncate { filler: Some(filler), with_count: _ }) = listagg { v.string(filler); }
            sort_items(v, order_by);
            if let Some(filter) = filter { v.expr(filter); }
            if let Some(over) = over { walk_over(v, over); }
        }

        fn walk_over<V: $name + ?Sized>(v: &mut V, node: & $($mutable)? Over) {
            match node {
                Over::Name(name) => v.identifier(name),
                Over::Window(window) => v.window(window),
            }
        }
    };
}
pub(super) use expr;
