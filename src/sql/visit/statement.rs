//! What lies below a statement.

macro_rules! statement {
    ($name:ident, $($mutable:tt)?) => {
        pub fn statement<V: $name + ?Sized>(v: &mut V, node: & $($mutable)? Statement) {
            let Statement { span, kind } = node;
            v.span(span);
            match kind {
                StatementKind::Query(query)
                | StatementKind::ShowStatsForQuery { query }
                | StatementKind::DescribeQuery { query } => v.query(query),
                StatementKind::Explain { options: _, statement } => v.statement(statement),
                StatementKind::ExplainAnalyze { verbose: _, statement } => v.statement(statement),
                StatementKind::Prepare { name, statement } => {
                    v.identifier(name);
                    v.statement(statement);
                }
                StatementKind::Deallocate { name }
                | StatementKind::DescribeInput { name }
                | StatementKind::DescribeOutput { name } => v.identifier(name),
                StatementKind::Execute { name, parameters } => {
                    v.identifier(name);
                    exprs(v, parameters);
                }
                StatementKind::ExecuteImmediate { text, parameters } => {
                    v.string(text);
                    exprs(v, parameters);
                }
                StatementKind::ShowCatalogs { like } | StatementKind::ShowSession { like } => like_pattern(v, like),
                StatementKind::ShowSchemas { catalog, like } => {
                    if let Some(catalog) = catalog { v.identifier(catalog); }
                    like_pattern(v, like);
                }
                StatementKind::ShowTables { schema, like } | StatementKind::ShowFunctions { schema, like } => {
                    if let Some(schema) = schema { v.other_name(schema); }
                    like_pattern(v, like);
                }
                StatementKind::ShowColumns { table, like } => {
                    v.table_name(table);
                    like_pattern(v, like);
                }
                StatementKind::ShowCreate { object: ShowCreateObject::Schema, name } => v.other_name(name),
                StatementKind::ShowCreate { object: _, name } => v.table_name(name),
                StatementKind::ShowStats { table } => v.table_name(table),
                StatementKind::SetSession { name, value } => {
                    v.other_name(name);
                    v.expr(value);
                }
                StatementKind::ResetSession { name } => v.other_name(name),
                StatementKind::SetTimeZone { zone } => if let Some(zone) = zone { v.expr(zone); },
                StatementKind::Use { catalog, schema } => {
                    if let Some(catalog) = catalog { v.identifier(catalog); }
                    v.identifier(schema);
                }
                StatementKind::ShowCreateFunction { name } => v.other_name(name),
                StatementKind::Definition(node) => v.definition(node),
                StatementKind::Change(node) => v.change(node),
                StatementKind::Access(node) => v.access(node),
                StatementKind::Branch(node) => v.branch(node),
                StatementKind::SetPath { path } => for PathElement { span, catalog, schema } in path {
                    v.span(span);
                    if let Some(catalog) = catalog { v.identifier(catalog); }
                    v.identifier(schema);
                },
                StatementKind::SetSessionAuthorization { user: AuthorizationUser::Name(name) } => v.identifier(name),
                StatementKind::SetSessionAuthorization { user: AuthorizationUser::String(name) } => v.string(name),
                StatementKind::ResetSessionAuthorization
                | StatementKind::StartTransaction { modes: _ }
                | StatementKind::Commit
                | StatementKind::Rollback => {}
            }
        }

        fn like_pattern<V: $name + ?Sized>(v: &mut V, node: & $($mutable)? Option<LikePattern>) {
            let Some(LikePattern { pattern, escape }) = node else { return };
            v.string(pattern);
            if let Some(escape) = escape { v.string(escape); }
        }
    };
}
pub(super) use statement;
