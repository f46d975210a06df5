//! What lies below a statement that defines something.

macro_rules! definition {
    ($name:ident, $($mutable:tt)?) => {
        pub fn definition<V: $name + ?Sized>(v: &mut V, node: & $($mutable)? Definition) {
            match node {
                Definition::CreateCatalog(create) => {
                    let CreateCatalog { name, if_not_exists: _, connector, comment, owner, properties: given } = create;
                    v.identifier(name);
                    v.identifier(connector);
                    if let Some(comment) = comment { v.string(comment); }
                    if let Some(owner) = owner { principal(v, owner); }
                    properties(v, given);
                }
                Definition::DropCatalog { name, if_exists: _, behavior: _ } => v.identifier(name),
                Definition::CreateSchema(CreateSchema { name, if_not_exists: _, owner, properties: given }) => {
                    v.other_name(name);
                    if let Some(owner) = owner { principal(v, owner); }
                    properties(v, given);
                }
                Definition::DropSchema { name, if_exists: _, behavior: _ } => v.other_name(name),
                Definition::RenameSchema { name, to } => {
                    v.other_name(name);
                    v.identifier(to);
                }
                Definition::CreateTable(create) => {
                    let CreateTable { name, if_exists: _, elements, comment, properties: given } = create;
                    v.table_name(name);
                    for element in elements { table_element(v, element); }
                    if let Some(comment) = comment { v.string(comment); }
                    properties(v, given);
                }
                Definition::CreateTableAsSelect(create) => {
                    let CreateTableAsSelect {
                        name, if_exists: _, columns, comment, properties: given, query, with_data: _,
                    } = create;
                    v.table_name(name);
                    identifiers(v, columns);
                    if let Some(comment) = comment { v.string(comment); }
                    properties(v, given);
                    v.query(query);
                }
                Definition::DropRelation { kind: _, name, if_exists: _ } => v.table_name(name),
                Definition::RenameRelation { kind: _, name, if_exists: _, to } => {
                    v.table_name(name);
                    v.table_name(to);
                }
                Definition::SetProperties { kind: _, name, properties: given } => {
                    v.table_name(name);
                    properties(v, given);
                }
                Definition::AlterColumn { table, if_exists: _, change } => {
                    v.table_name(table);
                    column_change(v, change);
                }
                Definition::CreateView(create) => {
                    let CreateView { name, replace: _, comment, security: _, properties: given, query } = create;
                    v.table_name(name);
                    if let Some(comment) = comment { v.string(comment); }
                    properties(v, given);
                    v.query(query);
                }
                Definition::CreateMaterializedView(create) => {
                    let CreateMaterializedView {
                        name, replace: _, if_not_exists: _, grace_period, when_stale: _, comment, properties: given, query,
                    } = create;
                    v.table_name(name);
                    if let Some(period) = grace_period { v.expr(period); }
                    if let Some(comment) = comment { v.string(comment); }
                    properties(v, given);
                    v.query(query);
                }
                Definition::CreateFunction { specification, replace: _ } => v.function_specification(specification),
                Definition::DropFunction { name, parameters, if_exists: _ } => {
                    v.other_name(name);
                    parameter_declarations(v, parameters);
                }
                Definition::Comment { target, comment } => {
                    match target {
                        CommentTarget::Table(name) | CommentTarget::View(name) => v.table_name(name),
                        CommentTarget::Column { table, column } => {
                            if let Some(table) = table { v.table_name(table); }
                            v.identifier(column);
                        }
                    }
                    if let Some(comment) = comment { v.string(comment); }
                }
            }
        }

        fn table_element<V: $name + ?Sized>(v: &mut V, node: & $($mutable)? TableElement) {
            match node {
                TableElement::Column(column) => column_definition(v, column),
                TableElement::Like { span, table, including_properties: _ } => {
                    v.span(span);
                    v.table_name(table);
                }
            }
        }

        fn column_definition<V: $name + ?Sized>(v: &mut V, node: & $($mutable)? ColumnDefinition) {
            let ColumnDefinition { span, name, data_type, default, not_null: _, comment, properties: given } = node;
            v.span(span);
            v.other_name(name);
            v.data_type(data_type);
            if let Some(default) = default { v.expr(default); }
            if let Some(comment) = comment { v.string(comment); }
            properties(v, given);
        }

        fn column_change<V: $name + ?Sized>(v: &mut V, node: & $($mutable)? ColumnChange) {
            match node {
                ColumnChange::Add { column, if_not_exists: _, position } => {
                    column_definition(v, column);
                    match position {
                        None | Some(ColumnPosition::First | ColumnPosition::Last) => {}
                        Some(ColumnPosition::After(column)) => v.identifier(column),
                    }
                }
                ColumnChange::Rename { column, if_exists: _, to } => {
                    v.other_name(column);
                    v.identifier(to);
                }
                ColumnChange::Drop { column, if_exists: _ } => v.other_name(column),
                ColumnChange::SetType { column, data_type } => {
                    v.other_name(column);
                    v.data_type(data_type);
                }
                ColumnChange::DropNotNull { column } => v.identifier(column),
                ColumnChange::SetDefault { column, value } => {
                    v.other_name(column);
                    v.expr(value);
                }
                ColumnChange::DropDefault { column } => v.other_name(column),
            }
        }

        fn properties<V: $name + ?Sized>(v: &mut V, nodes: & $($mutable)? Vec<Property>) {
            for Property { span, name, value } in nodes {
                v.span(span);
                v.identifier(name);
                if let Some(value) = value { v.expr(value); }
            }
        }
    };
}
pub(super) use definition;
