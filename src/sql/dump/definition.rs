//! Statements that define something.

use super::Dump;
use crate::sql::ast::{
    ColumnChange, ColumnDefinition, ColumnPosition, CommentTarget, CreateCatalog, CreateMaterializedView, CreateSchema,
    CreateTable, CreateTableAsSelect, CreateView, Definition, DropBehavior, IfExists, Property, QualifiedName,
    RelationKind, Span, StringLiteral, TableElement, ViewSecurity, WhenStale,
};

impl Dump<'_> {
    pub(super) fn define(&mut self, span: Span, node: &Definition) {
        self.node(node.class(), Some(span), |dump| match node {
            Definition::CreateCatalog(create) => dump.create_catalog(create),
            Definition::DropCatalog { name, if_exists, behavior } => {
                dump.field("catalogName", |dump| dump.identifier(name));
                dump.flag("exists", *if_exists);
                dump.flag("cascade", *behavior == Some(DropBehavior::Cascade));
            }
            Definition::CreateSchema(create) => {
                let CreateSchema { name, if_not_exists, owner, properties } = create;
                dump.field("schemaName", |dump| dump.qualified_name(name));
                dump.flag("notExists", *if_not_exists);
                dump.properties(properties);
                dump.maybe("principal", owner.as_ref(), Self::principal);
            }
            Definition::DropSchema { name, if_exists, behavior } => {
                dump.field("schemaName", |dump| dump.qualified_name(name));
                dump.flag("exists", *if_exists);
                dump.flag("cascade", *behavior == Some(DropBehavior::Cascade));
            }
            Definition::RenameSchema { name, to } => {
                dump.field("source", |dump| dump.qualified_name(name));
                dump.field("target", |dump| dump.identifier(to));
            }
            Definition::CreateTable(create) => {
                let CreateTable { name, if_exists, elements, comment, properties } = create;
                dump.field("name", |dump| dump.qualified_name(name));
                dump.list("elements", elements, Self::table_element);
                dump.save_mode(*if_exists);
                dump.properties(properties);
                dump.comment(comment.as_ref());
            }
            Definition::CreateTableAsSelect(create) => dump.create_table_as_select(create),
            Definition::DropRelation { kind, name, if_exists } => {
                let key = if *kind == RelationKind::Table { "tableName" } else { "name" };
                dump.field(key, |dump| dump.qualified_name(name));
                dump.flag("exists", *if_exists);
            }
            Definition::RenameRelation { kind: _, name, if_exists, to } => {
                dump.field("source", |dump| dump.qualified_name(name));
                dump.field("target", |dump| dump.qualified_name(to));
                dump.flag("exists", *if_exists);
            }
            Definition::SetProperties { kind, name, properties } => {
                let kind = match kind {
                    RelationKind::Table => "TABLE",
                    RelationKind::View => "VIEW",
                    RelationKind::MaterializedView => "MATERIALIZED_VIEW",
                };
                dump.text("type", kind);
                dump.field("name", |dump| dump.qualified_name(name));
                dump.properties(properties);
            }
            Definition::AlterColumn { table, if_exists, change } => dump.column_change(table, *if_exists, change),
            Definition::CreateView(create) => dump.create_view(create),
            Definition::CreateMaterializedView(create) => dump.create_materialized_view(create),
            Definition::CreateFunction { specification, replace } => {
                dump.field("specification", |dump| dump.function_specification(specification));
                dump.flag("replace", *replace);
            }
            Definition::DropFunction { name, parameters, if_exists } => {
                dump.field("name", |dump| dump.qualified_name(name));
                dump.list("parameters", parameters, Self::parameter_declaration);
                dump.flag("exists", *if_exists);
            }
            Definition::Comment { target, comment } => {
                match target {
                    CommentTarget::Table(name) => dump.comment_target("TABLE", name),
                    CommentTarget::View(name) => dump.comment_target("VIEW", name),
                    CommentTarget::Column { table, column } => {
                        dump.text("type", "COLUMN");
                        let table = table.iter().flat_map(|QualifiedName { parts, span: _ }| parts);
                        let parts: Vec<_> = table.chain([column]).collect();
                        dump.field("name", |dump| dump.items(&parts, |dump, part| dump.identifier(part)));
                    }
                }
                dump.comment(comment.as_ref());
            }
        });
    }

    fn comment_target(&mut self, kind: &str, name: &QualifiedName) {
        self.text("type", kind);
        self.field("name", |dump| dump.qualified_name(name));
    }

    fn create_catalog(&mut self, node: &CreateCatalog) {
        let CreateCatalog { name, if_not_exists, connector, comment, owner, properties } = node;
        self.field("catalogName", |dump| dump.identifier(name));
        self.flag("notExists", *if_not_exists);
        self.field("connectorName", |dump| dump.identifier(connector));
        self.properties(properties);
        self.maybe("principal", owner.as_ref(), Self::principal);
        self.comment(comment.as_ref());
    }

    fn create_table_as_select(&mut self, node: &CreateTableAsSelect) {
        let CreateTableAsSelect { name, if_exists, columns, comment, properties, query, with_data } = node;
        self.field("name", |dump| dump.qualified_name(name));
        self.field("query", |dump| dump.query(query));
        self.save_mode(*if_exists);
        self.properties(properties);
        self.flag("withData", with_data.unwrap_or(true));
        self.list("columnAliases", columns, Self::identifier);
        self.comment(comment.as_ref());
    }

    fn create_view(&mut self, node: &CreateView) {
        let CreateView { name, replace, comment, security, properties, query } = node;
        self.field("name", |dump| dump.qualified_name(name));
        self.field("query", |dump| dump.query(query));
        self.flag("replace", *replace);
        self.comment(comment.as_ref());
        self.maybe("security", *security, |dump, security| {
            dump.quoted(match security {
                ViewSecurity::Definer => "DEFINER",
                ViewSecurity::Invoker => "INVOKER",
            });
        });
        self.properties(properties);
    }

    fn create_materialized_view(&mut self, node: &CreateMaterializedView) {
        let CreateMaterializedView {
            name,
            replace,
            if_not_exists,
            grace_period,
            when_stale,
            comment,
            properties,
            query,
        } = node;
        self.field("name", |dump| dump.qualified_name(name));
        self.field("query", |dump| dump.query(query));
        self.flag("replace", *replace);
        self.flag("notExists", *if_not_exists);
        self.maybe("gracePeriod", grace_period.as_ref(), Self::expr);
        self.maybe("whenStaleBehavior", *when_stale, |dump, when_stale| {
            dump.quoted(match when_stale {
                WhenStale::Fail => "FAIL",
                WhenStale::Inline => "INLINE",
            });
        });
        self.properties(properties);
        self.comment(comment.as_ref());
    }

    pub(super) fn save_mode(&mut self, node: IfExists) {
        let mode = match node {
            IfExists::Fail => "FAIL",
            IfExists::Ignore => "IGNORE",
            IfExists::Replace => "REPLACE",
        };
        self.text("saveMode", mode);
    }

    fn comment(&mut self, node: Option<&StringLiteral>) {
        self.maybe("comment", node, |dump, StringLiteral { value, span: _ }| dump.quoted(value));
    }

    fn table_element(&mut self, node: &TableElement) {
        match node {
            TableElement::Column(column) => self.column_definition(column),
            TableElement::Like { span, table, including_properties } => {
                self.node("LikeClause", Some(*span), |dump| {
                    dump.field("tableName", |dump| dump.qualified_name(table));
                    dump.maybe("propertiesOption", *including_properties, |dump, including| {
                        dump.quoted(if including { "INCLUDING" } else { "EXCLUDING" });
                    });
                });
            }
        }
    }

    fn column_definition(&mut self, node: &ColumnDefinition) {
        let ColumnDefinition { span, name, data_type, default, not_null, comment, properties } = node;
        self.node("ColumnDefinition", Some(*span), |dump| {
            dump.field("name", |dump| dump.qualified_name(name));
            dump.field("type", |dump| dump.data_type(data_type));
            dump.maybe("defaultValue", default.as_deref(), Self::expr);
            dump.flag("nullable", !*not_null);
            dump.properties(properties);
            dump.comment(comment.as_ref());
        });
    }

    fn column_change(&mut self, table: &QualifiedName, if_exists: bool, change: &ColumnChange) {
        let key = match change {
            ColumnChange::Add { .. } => "name",
            ColumnChange::SetType { .. } | ColumnChange::SetDefault { .. } | ColumnChange::DropDefault { .. } => {
                "tableName"
            }
            ColumnChange::Rename { .. } | ColumnChange::Drop { .. } | ColumnChange::DropNotNull { .. } => "table",
        };
        self.field(key, |dump| dump.qualified_name(table));
        match change {
            ColumnChange::Add { column, if_not_exists, position } => {
                self.field("column", |dump| dump.column_definition(column));
                self.maybe("position", position.as_ref(), Self::column_position);
                self.flag("tableExists", if_exists);
                self.flag("columnNotExists", *if_not_exists);
            }
            ColumnChange::Rename { column, if_exists: column_exists, to } => {
                self.field("source", |dump| dump.qualified_name(column));
                self.field("target", |dump| dump.identifier(to));
                self.flag("tableExists", if_exists);
                self.flag("columnExists", *column_exists);
            }
            ColumnChange::Drop { column, if_exists: column_exists } => {
                self.field("field", |dump| dump.qualified_name(column));
                self.flag("tableExists", if_exists);
                self.flag("columnExists", *column_exists);
            }
            ColumnChange::SetType { column, data_type } => {
                self.field("columnName", |dump| dump.qualified_name(column));
                self.field("type", |dump| dump.data_type(data_type));
                self.flag("tableExists", if_exists);
            }
            ColumnChange::SetDefault { column, value } => {
                self.field("columnName", |dump| dump.qualified_name(column));
                self.field("defaultValue", |dump| dump.expr(value));
                self.flag("tableExists", if_exists);
            }
            ColumnChange::DropDefault { column } => {
                self.field("columnName", |dump| dump.qualified_name(column));
                self.flag("tableExists", if_exists);
            }
            ColumnChange::DropNotNull { column } => {
                self.field("column", |dump| dump.identifier(column));
                self.flag("tableExists", if_exists);
            }
        }
    }

    fn column_position(&mut self, node: &ColumnPosition) {
        match node {
            ColumnPosition::First => self.node("ColumnPosition.First", None, |_| {}),
            ColumnPosition::Last => self.node("ColumnPosition.Last", None, |_| {}),
            ColumnPosition::After(column) => self.node("ColumnPosition.After", None, |dump| {
                dump.field("column", |dump| dump.identifier(column));
            }),
        }
    }

    pub(super) fn properties(&mut self, nodes: &[Property]) {
        self.list("properties", nodes, |dump, Property { span, name, value }| {
            dump.node("Property", Some(*span), |dump| {
                dump.field("name", |dump| dump.identifier(name));
                dump.maybe("value", value.as_ref(), Self::expr);
            });
        });
    }
}
