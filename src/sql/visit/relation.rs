//! What lies below a relation of `FROM`.

macro_rules! relation {
    ($name:ident, $($mutable:tt)?) => {
        pub fn relation<V: $name + ?Sized>(v: &mut V, node: & $($mutable)? Relation) {
            match node {
                Relation::Table(TableReference { span, name, period }) => {
                    v.span(span);
                    v.table_name(name);
                    if let Some(period) = period {
                        let QueryPeriod { span, kind: _, end } = & $($mutable)? **period;
                        v.span(span);
                        v.expr(end);
                    }
                }
                Relation::Subquery { span, query } | Relation::Lateral { span, query } => {
                    v.span(span);
                    v.query(query);
                }
                Relation::Parenthesized { span, relation } => {
                    v.span(span);
                    v.relation(relation);
                }
                Relation::Unnest { span, exprs: arrays, ordinality: _ } => {
                    v.span(span);
                    exprs(v, arrays);
                }
                Relation::TableFunction(function) => v.table_function(function),
                Relation::JsonTable(table) => json_table(v, table),
                Relation::Pivot(node) => pivot(v, node),
                Relation::Nearest(node) => nearest(v, node),
                Relation::Aliased { span, relation, alias, columns } => {
                    v.span(span);
                    v.relation(relation);
                    v.identifier(alias);
                    identifiers(v, columns);
                }
                Relation::MatchRecognize { span, input, clauses } => {
                    v.span(span);
                    v.relation(input);
                    v.pattern_clauses(clauses);
                }
                Relation::Sampled { span, relation, method: _, percentage } => {
                    v.span(span);
                    v.relation(relation);
                    v.expr(percentage);
                }
                Relation::Join { span, first, joins } => {
                    v.span(span);
                    v.relation(first);
                    for Join { span, kind: _, right, criteria } in joins {
                        v.span(span);
                        v.relation(right);
                        match criteria {
                            JoinCriteria::On(condition) => v.expr(condition),
                            JoinCriteria::Using(columns) => identifiers(v, columns),
                            JoinCriteria::None | JoinCriteria::Natural => {}
                        }
                    }
                }
            }
        }

        pub fn table_function<V: $name + ?Sized>(v: &mut V, node: & $($mutable)? TableFunction) {
            let TableFunction { span, name, arguments, copartition } = node;
            v.span(span);
            v.other_name(name);
            for TableFunctionArgument { span, name, value } in arguments {
                v.span(span);
                if let Some(name) = name { v.identifier(name); }
                match value {
                    TableFunctionValue::Table(table) => table_argument(v, table),
                    TableFunctionValue::Descriptor(None) => {}
                    TableFunctionValue::Descriptor(Some(fields)) => for (name, kind) in fields {
                        v.identifier(name);
                        if let Some(kind) = kind { v.data_type(kind); }
                    },
                    TableFunctionValue::Expr(value) => v.expr(value),
                }
            }
            for tables in copartition {
                // They name arguments, not tables.
                for table in tables { v.other_name(table); }
            }
        }

        fn table_argument<V: $name + ?Sized>(v: &mut V, node: & $($mutable)? TableArgument) {
            let TableArgument { span, input, alias, partition_by, prune_when_empty: _, order_by } = node;
            v.span(span);
            match input {
                TableArgumentInput::Table(name) => v.table_name(name),
                TableArgumentInput::Query(query) => v.query(query),
            }
            if let Some((alias, columns)) = alias {
                v.identifier(alias);
                identifiers(v, columns);
            }
            if let Some(keys) = partition_by { exprs(v, keys); }
            sort_items(v, order_by);
        }

        fn json_table<V: $name + ?Sized>(v: &mut V, node: & $($mutable)? JsonTable) {
            let JsonTable { span, path, columns, plan, on_error: _ } = node;
            v.span(span);
            json_path(v, path);
            json_table_columns(v, columns);
            match plan {
                None | Some(JsonTablePlan::Default { inner: _, cross: _ }) => {}
                Some(JsonTablePlan::Specific(plan)) => json_plan(v, plan),
            }
        }

        fn json_plan<V: $name + ?Sized>(v: &mut V, node: & $($mutable)? JsonPlan) {
            match node {
                JsonPlan::Path(name) => v.identifier(name),
                JsonPlan::ParentChild { inner: _, parent, child } => {
                    v.identifier(parent);
                    json_plan(v, child);
                }
                JsonPlan::Siblings { cross: _, plans } => for plan in plans { json_plan(v, plan); },
            }
        }

        fn json_table_columns<V: $name + ?Sized>(v: &mut V, nodes: & $($mutable)? Vec<JsonTableColumn>) {
            for node in nodes {
                match node {
                    JsonTableColumn::Ordinality(name) => v.identifier(name),
                    JsonTableColumn::Value { name, data_type, format: _, path, clauses: _, defaults } => {
                        v.identifier(name);
                        v.data_type(data_type);
                        if let Some(path) = path { v.string(path); }
                        exprs(v, defaults);
                    }
                    JsonTableColumn::Nested { path, name, columns } => {
                        v.string(path);
                        if let Some(name) = name { v.identifier(name); }
                        json_table_columns(v, columns);
                    }
                }
            }
        }

        fn json_path<V: $name + ?Sized>(v: &mut V, node: & $($mutable)? JsonPathInvocation) {
            let JsonPathInvocation { span, input, path, name, passing } = node;
            v.span(span);
            json_input(v, input);
            v.string(path);
            if let Some(name) = name { v.identifier(name); }
            for JsonArgument { input, name } in passing {
                json_input(v, input);
                v.identifier(name);
            }
        }

        fn json_input<V: $name + ?Sized>(v: &mut V, node: & $($mutable)? JsonInput) {
            let JsonInput { value, format: _ } = node;
            v.expr(value);
        }

        fn json_returning<V: $name + ?Sized>(v: &mut V, node: & $($mutable)? Option<Box<JsonReturning>>) {
            if let Some(returning) = node {
                let JsonReturning { data_type, format: _ } = & $($mutable)? **returning;
                v.data_type(data_type);
            }
        }
    };
}
pub(super) use relation;
