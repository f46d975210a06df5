//! What lies below a query and its clauses.

macro_rules! query {
    ($name:ident, $($mutable:tt)?) => {
        pub fn query<V: $name + ?Sized>(v: &mut V, node: & $($mutable)? Query) {
            let Query { span, session, functions, with, body, order_by, offset, limit } = node;
            v.span(span);
            session_properties(v, session);
            for function in functions { v.function_specification(function); }
            if let Some(With { span, recursive: _, queries }) = with {
                v.span(span);
                for query in queries { v.named_query(query); }
            }
            v.query_body(body);
            sort_items(v, order_by);
            if let Some(offset) = offset { row_count(v, offset); }
            match limit {
                Some(Limit::Rows(rows) | Limit::Fetch { rows: Some(rows), with_ties: _ }) => row_count(v, rows),
                None | Some(Limit::All | Limit::Fetch { rows: None, with_ties: _ }) => {}
            }
        }

        fn row_count<V: $name + ?Sized>(v: &mut V, node: & $($mutable)? RowCount) {
            match node { RowCount::Number(span) | RowCount::Parameter(span) => v.span(span) }
        }

        pub fn named_query<V: $name + ?Sized>(v: &mut V, node: & $($mutable)? NamedQuery) {
            let NamedQuery { span, name, columns, query } = node;
            v.span(span);
            v.identifier(name);
            identifiers(v, columns);
            v.query(query);
        }

        pub fn query_body<V: $name + ?Sized>(v: &mut V, node: & $($mutable)? QueryBody) {
            match node {
                QueryBody::Select(select) => v.select(select),
                QueryBody::Table { span, name } => {
                    v.span(span);
                    v.table_name(name);
                }
                QueryBody::Values { span, rows } => {
                    v.span(span);
                    exprs(v, rows);
                }
                QueryBody::Parenthesized { span, query } => {
                    v.span(span);
                    v.query(query);
                }
                QueryBody::SetOperation { span, first, rest } => {
                    v.span(span);
                    v.query_body(first);
                    for SetTerm { operator: _, quantifier: _, corresponding, term } in rest {
                        if let Some(columns) = corresponding { identifiers(v, columns); }
                        v.query_body(term);
                    }
                }
            }
        }

        pub fn select<V: $name + ?Sized>(v: &mut V, node: & $($mutable)? Select) {
            let Select { span, quantifier: _, items, from, filter, group_by: grouped, having, windows } = node;
            v.span(span);
            for item in items { v.select_item(item); }
            for relation in from { v.relation(relation); }
            if let Some(filter) = filter { v.expr(filter); }
            if let Some(grouped) = grouped { group_by(v, grouped); }
            if let Some(having) = having { v.expr(having); }
            for WindowDefinition { name, window } in windows {
                v.identifier(name);
                v.window(window);
            }
        }

        fn group_by<V: $name + ?Sized>(v: &mut V, node: & $($mutable)? GroupBy) {
            let GroupBy { span, quantifier: _, elements } = node;
            v.span(span);
            for element in elements {
                match element {
                    GroupingElement::Set(set) => grouping_set(v, set),
                    GroupingElement::Auto => {}
                    GroupingElement::Rollup(sets) | GroupingElement::Cube(sets) | GroupingElement::Sets(sets) => {
                        for set in sets { grouping_set(v, set); }
                    }
                }
            }
        }

        fn grouping_set<V: $name + ?Sized>(v: &mut V, node: & $($mutable)? GroupingSet) {
            let GroupingSet { span, exprs: keys } = node;
            v.span(span);
            exprs(v, keys);
        }

        pub fn select_item<V: $name + ?Sized>(v: &mut V, node: & $($mutable)? SelectItem) {
            match node {
                SelectItem::Expr { span, expr, alias } => {
                    v.span(span);
                    v.expr(expr);
                    if let Some(alias) = alias { v.identifier(alias); }
                }
                SelectItem::Star(span) => v.span(span),
                SelectItem::QualifiedStar { span, target, aliases } => {
                    v.span(span);
                    v.expr(target);
                    identifiers(v, aliases);
                }
            }
        }

        pub fn window<V: $name + ?Sized>(v: &mut V, node: & $($mutable)? WindowSpecification) {
            let WindowSpecification { span, existing, partition_by, order_by, frame } = node;
            v.span(span);
            if let Some(existing) = existing { v.identifier(existing); }
            exprs(v, partition_by);
            sort_items(v, order_by);
            let Some(WindowFrame { span, unit: _, start, end, pattern }) = frame else { return };
            v.span(span);
            frame_bound(v, start);
            if let Some(end) = end { frame_bound(v, end); }
            if let Some(pattern) = pattern { v.pattern_clauses(pattern); }
        }

        fn frame_bound<V: $name + ?Sized>(v: &mut V, node: & $($mutable)? FrameBound) {
            match node {
                FrameBound::Preceding(bound) | FrameBound::Following(bound) => v.expr(bound),
                FrameBound::UnboundedPreceding | FrameBound::CurrentRow | FrameBound::UnboundedFollowing => {}
            }
        }
    };
}
pub(super) use query;
