//! What lies below a statement that changes rows.

macro_rules! change {
    ($name:ident, $($mutable:tt)?) => {
        pub fn change<V: $name + ?Sized>(v: &mut V, node: & $($mutable)? Change) {
            match node {
                Change::Insert { table, branch, columns, query } => {
                    v.table_name(table);
                    if let Some(branch) = branch { v.identifier(branch); }
                    identifiers(v, columns);
                    v.query(query);
                }
                Change::Delete { table, branch, filter } => {
                    v.table_name(table);
                    if let Some(branch) = branch { v.identifier(branch); }
                    if let Some(filter) = filter { v.expr(filter); }
                }
                Change::Update { table, branch, assignments: set, filter } => {
                    v.table_name(table);
                    if let Some(branch) = branch { v.identifier(branch); }
                    assignments(v, set);
                    if let Some(filter) = filter { v.expr(filter); }
                }
                Change::Merge(Merge { table, branch, alias, source, condition, cases }) => {
                    v.table_name(table);
                    if let Some(branch) = branch { v.identifier(branch); }
                    if let Some(alias) = alias { v.identifier(alias); }
                    v.relation(source);
                    v.expr(condition);
                    for case in cases { merge_case(v, case); }
                }
                Change::Truncate { table } => v.table_name(table),
                Change::TableExecute { table, procedure, arguments, filter } => {
                    v.table_name(table);
                    v.identifier(procedure);
                    if let Some(arguments) = arguments { call_arguments(v, arguments); }
                    if let Some(filter) = filter { v.expr(filter); }
                }
                Change::RefreshMaterializedView { view } | Change::RefreshView { view } => v.table_name(view),
                Change::Analyze { table, properties: given } => {
                    v.table_name(table);
                    properties(v, given);
                }
                Change::Call { procedure, arguments } => {
                    v.other_name(procedure);
                    call_arguments(v, arguments);
                }
            }
        }

        fn merge_case<V: $name + ?Sized>(v: &mut V, node: & $($mutable)? MergeCase) {
            let MergeCase { span, condition, action } = node;
            v.span(span);
            if let Some(condition) = condition { v.expr(condition); }
            match action {
                MergeAction::Update(set) => assignments(v, set),
                MergeAction::Delete => {}
                MergeAction::Insert { columns, values } => {
                    identifiers(v, columns);
                    exprs(v, values);
                }
            }
        }

        fn assignments<V: $name + ?Sized>(v: &mut V, nodes: & $($mutable)? Vec<Assignment>) {
            for Assignment { span, column, value } in nodes {
                v.span(span);
                v.identifier(column);
                v.expr(value);
            }
        }

        fn call_arguments<V: $name + ?Sized>(v: &mut V, nodes: & $($mutable)? Vec<CallArgument>) {
            for CallArgument { span, name, value } in nodes {
                v.span(span);
                if let Some(name) = name { v.identifier(name); }
                v.expr(value);
            }
        }
    };
}
pub(super) use change;
