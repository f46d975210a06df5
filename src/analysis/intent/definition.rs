//! Statements that define, rename and drop schemas and tables.

use super::properties::OF_TABLES;
use super::{Kept, Open, Reader, Reads, Unclear};
use crate::policy::{Object, Privilege};
use crate::sql::ast::{
    ColumnChange, ColumnDefinition, CommentTarget, CreateCatalog, CreateMaterializedView, CreateSchema, CreateTable,
    CreateTableAsSelect, CreateView, Definition, DropBehavior, IfExists, QualifiedName, RelationKind, TableElement,
    ViewSecurity,
};

impl<'s> Reader<'s, '_> {
    /// Whether the statement is one that is decided.
    pub(super) fn definition(&mut self, definition: &'s Definition) -> Result<bool, Unclear> {
        match definition {
            Definition::CreateCatalog(catalog) => {
                let CreateCatalog { name, if_not_exists: _, connector: _, comment: _, owner, properties } = catalog;
                self.catalog(&name.value, Privilege::Create, None);
                if owner.is_some() {
                    self.catalog(&name.value, Privilege::Alter, Some("an owner"));
                }
                self.intent.constants.extend(properties.iter().filter_map(|property| property.value.as_ref()));
            }
            Definition::DropCatalog { name, if_exists: _, behavior: _ } => {
                self.catalog(&name.value, Privilege::Drop, None);
            }
            Definition::CreateSchema(CreateSchema { name, if_not_exists: _, owner, properties }) => {
                let schema = self.schema(name, Privilege::Create)?;
                if owner.is_some() {
                    self.schema(name, Privilege::Alter)?;
                }
                self.properties(properties, &[], &schema.catalog);
            }
            Definition::DropSchema { name, if_exists: _, behavior } => {
                let schema = self.schema(name, Privilege::Drop)?;
                if *behavior == Some(DropBehavior::Cascade) {
                    self.intent.drops_all_of = Some(schema);
                }
            }
            Definition::CreateFunction { specification, replace } => {
                let name = self.function_name(&specification.name)?;
                self.need(Object::Function, name.clone(), Privilege::Create);
                if *replace {
                    self.need(Object::Function, name, Privilege::Drop);
                }
                self.intent.calls = super::routine::calls(specification)?;
            }
            Definition::DropFunction { name, parameters: _, if_exists: _ } => {
                let name = self.function_name(name)?;
                self.need(Object::Function, name, Privilege::Drop);
            }
            Definition::CreateTable(table) => self.create_table(table)?,
            Definition::CreateTableAsSelect(table) => self.create_table_as(table)?,
            Definition::DropRelation { kind: _, name, if_exists: _ } => {
                self.table(name, Privilege::Drop)?;
            }
            Definition::RenameRelation { kind: RelationKind::Table, name, if_exists: _, to } => {
                self.open(name, Privilege::Alter, Open::Read)?;
                self.table(to, Privilege::Alter)?;
            }
            Definition::RenameRelation {
                kind: RelationKind::View | RelationKind::MaterializedView, name, to, ..
            } => {
                self.open(name, Privilege::Alter, Open::Itself)?;
                self.table(to, Privilege::Alter)?;
            }
            Definition::SetProperties {
                kind: RelationKind::Table | RelationKind::MaterializedView,
                name,
                properties,
            } => {
                let table = self.table(name, Privilege::Alter)?;
                self.properties(properties, OF_TABLES, &table.catalog);
            }
            Definition::AlterColumn { table, if_exists: _, change } => {
                let table = self.open(table, Privilege::Alter, Open::IfRead)?;
                match change {
                    ColumnChange::Add { column, if_not_exists: _, position: _ } => self.column(column, &table.catalog),
                    ColumnChange::SetDefault { column: _, value } => self.intent.constants.push(value),
                    ColumnChange::Rename { column: _, if_exists: _, to: _ }
                    | ColumnChange::Drop { column: _, if_exists: _ }
                    | ColumnChange::SetType { column: _, data_type: _ }
                    | ColumnChange::DropNotNull { column: _ }
                    | ColumnChange::DropDefault { column: _ } => {}
                }
            }
            Definition::Comment { target, comment: _ } => match target {
                CommentTarget::Table(name)
                | CommentTarget::View(name)
                | CommentTarget::Column { table: Some(name), column: _ } => {
                    self.table(name, Privilege::Alter)?;
                }
                CommentTarget::Column { table: None, column: _ } => return Ok(false),
            },
            Definition::CreateView(view) => self.create_view(view)?,
            Definition::CreateMaterializedView(view) => self.create_materialized_view(view)?,
            // Each table would have the policies of another name, and which tables there are is not known.
            Definition::RenameSchema { .. } | Definition::SetProperties { kind: RelationKind::View, .. } => {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn create_table(&mut self, table: &'s CreateTable) -> Result<(), Unclear> {
        let CreateTable { name, if_exists, elements, comment: _, properties } = table;
        let catalog = self.creates(name, *if_exists)?;
        self.properties(properties, OF_TABLES, &catalog);
        for element in elements {
            match element {
                TableElement::Column(column) => self.column(column, &catalog),
                TableElement::Like { span: _, table, including_properties } => {
                    let privilege =
                        if *including_properties == Some(true) { Privilege::Show } else { Privilege::Select };
                    self.open(table, privilege, Open::Read)?;
                }
            }
        }
        Ok(())
    }

    fn create_table_as(&mut self, table: &'s CreateTableAsSelect) -> Result<(), Unclear> {
        let CreateTableAsSelect { name, if_exists, columns: _, comment: _, properties, query, with_data: _ } = table;
        let catalog = self.creates(name, *if_exists)?;
        self.properties(properties, OF_TABLES, &catalog);
        self.intent.reads = Some(Reads::Query(query));
        Ok(())
    }

    fn create_view(&mut self, view: &'s CreateView) -> Result<(), Unclear> {
        let CreateView { name, replace, comment: _, security, properties, query } = view;
        let catalog = self.creates(name, if *replace { IfExists::Replace } else { IfExists::Fail })?;
        self.properties(properties, &[], &catalog);
        // Trino takes the owner's rights where the text does not say.
        let kept = if *security == Some(ViewSecurity::Invoker) { Kept::ForReaders } else { Kept::ForOwner };
        self.intent.reads = Some(Reads::Kept(query, kept));
        Ok(())
    }

    fn create_materialized_view(&mut self, view: &'s CreateMaterializedView) -> Result<(), Unclear> {
        let CreateMaterializedView {
            name,
            replace,
            if_not_exists: _,
            grace_period,
            when_stale: _,
            comment: _,
            properties,
            query,
        } = view;
        let catalog = self.creates(name, if *replace { IfExists::Replace } else { IfExists::Fail })?;
        self.properties(properties, OF_TABLES, &catalog);
        self.intent.constants.extend(grace_period);
        self.intent.reads = Some(Reads::Kept(query, Kept::Rows));
        Ok(())
    }

    /// The catalog of a table that comes to be.
    fn creates(&mut self, name: &QualifiedName, if_exists: IfExists) -> Result<String, Unclear> {
        let table = self.table(name, Privilege::Create)?;
        if if_exists == IfExists::Replace {
            self.table(name, Privilege::Drop)?;
        }
        Ok(table.catalog.into())
    }

    fn column(&mut self, column: &'s ColumnDefinition, catalog: &str) {
        let ColumnDefinition { span: _, name: _, data_type: _, default, not_null: _, comment: _, properties } = column;
        self.intent.constants.extend(default.as_deref());
        self.properties(properties, &[], catalog);
    }
}
