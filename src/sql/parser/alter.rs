//! `ALTER`, `DROP` and `COMMENT ON`.

use super::{Parsed, Parser};
use crate::sql::ast::{
    Change, ColumnChange, ColumnPosition, CommentTarget, Definition, DropBehavior, EntityKind, QualifiedName,
    RelationKind, Span, StatementKind,
};

fn definition(definition: Definition) -> Parsed<StatementKind> {
    Ok(StatementKind::Definition(Box::new(definition)))
}

impl Parser<'_> {
    /// What follows `DROP`.
    pub(super) fn drop_statement(&mut self) -> Parsed<StatementKind> {
        if self.maybe("FUNCTION") {
            return self.drop_function();
        }
        if self.maybe("CATALOG") {
            let if_exists = self.if_exists();
            let name = self.identifier()?;
            return definition(Definition::DropCatalog { name, if_exists, behavior: self.drop_behavior() });
        }
        if self.maybe("SCHEMA") {
            let if_exists = self.if_exists();
            let name = self.dotted_name()?;
            return definition(Definition::DropSchema { name, if_exists, behavior: self.drop_behavior() });
        }
        if self.has_483() && self.maybe("BRANCH") {
            return self.drop_branch();
        }
        if self.maybe("ROLE") {
            return self.drop_role();
        }
        let kind = self.relation_kind()?;
        let if_exists = self.if_exists();
        definition(Definition::DropRelation { kind, if_exists, name: self.dotted_name()? })
    }

    fn drop_behavior(&mut self) -> Option<DropBehavior> {
        if self.maybe("CASCADE") {
            Some(DropBehavior::Cascade)
        } else if self.maybe("RESTRICT") {
            Some(DropBehavior::Restrict)
        } else {
            None
        }
    }

    /// `TABLE`, `VIEW`, `MATERIALIZED VIEW`.
    fn relation_kind(&mut self) -> Parsed<RelationKind> {
        if self.maybe_all(&["MATERIALIZED", "VIEW"])? {
            return Ok(RelationKind::MaterializedView);
        }
        self.one_of(&[("TABLE", RelationKind::Table), ("VIEW", RelationKind::View)])
    }

    /// `[IF EXISTS]`. A name may be `if`.
    pub(super) fn if_exists(&mut self) -> bool {
        let found = self.eat_all(&["IF", "EXISTS"]);
        if !found {
            self.note("IF");
        }
        found
    }

    /// What follows `ALTER`.
    pub(super) fn alter(&mut self) -> Parsed<StatementKind> {
        // An owner is set by the same words for objects of any kind; `view` can be one of a kind `materialized`.
        let materialized_view = self.are(&["MATERIALIZED", "VIEW"])
            && !self.is_symbol_at(2, ".")
            && !(self.is_at(2, "SET") && self.is_at(3, "AUTHORIZATION"));
        if self.has_483() && self.is("BRANCH") && self.is_at(2, "IN") {
            self.advance();
            return self.alter_branch();
        }
        if self.is("SCHEMA") {
            return self.alter_schema();
        }
        if materialized_view || self.is_any(&["TABLE", "VIEW"]) {
            return self.alter_relation();
        }
        self.note("MATERIALIZED");
        self.alter_owner()
    }

    fn alter_schema(&mut self) -> Parsed<StatementKind> {
        self.expect("SCHEMA")?;
        let name = self.dotted_name()?;
        if self.maybe("SET") {
            return self.set_authorization(EntityKind::Schema, name);
        }
        self.expect_all(&["RENAME", "TO"])?;
        definition(Definition::RenameSchema { name, to: self.identifier()? })
    }

    fn alter_relation(&mut self) -> Parsed<StatementKind> {
        let kind = self.relation_kind()?;
        let if_exists = kind != RelationKind::View && self.if_exists();
        let name = self.dotted_name()?;
        if kind == RelationKind::View && self.has_483() && self.maybe("REFRESH") {
            return Ok(StatementKind::Change(Box::new(Change::RefreshView { view: name })));
        }
        if !if_exists && self.maybe("SET") {
            return self.alter_properties_or_owner(kind, name);
        }
        if kind == RelationKind::Table && !(self.is("RENAME") && self.is_at(1, "TO")) {
            return self.alter_table(name, if_exists);
        }
        self.expect_all(&["RENAME", "TO"])?;
        definition(Definition::RenameRelation { kind, name, if_exists, to: self.dotted_name()? })
    }

    fn alter_properties_or_owner(&mut self, kind: RelationKind, name: QualifiedName) -> Parsed<StatementKind> {
        let owned = match kind {
            RelationKind::Table => Some(EntityKind::Table),
            RelationKind::View => Some(EntityKind::View),
            RelationKind::MaterializedView if self.has_483() => Some(EntityKind::MaterializedView),
            RelationKind::MaterializedView => None,
        };
        if let Some(owned) = owned {
            if kind == RelationKind::View || self.is("AUTHORIZATION") {
                return self.set_authorization(owned, name);
            }
            self.note("AUTHORIZATION");
        }
        self.expect("PROPERTIES")?;
        definition(Definition::SetProperties { kind, name, properties: self.list(Self::property)? })
    }

    /// What follows the name of a table in `ALTER TABLE`, but for what views have too.
    fn alter_table(&mut self, table: QualifiedName, if_exists: bool) -> Parsed<StatementKind> {
        if !if_exists && self.maybe("EXECUTE") {
            return self.table_execute(table);
        }
        let change = if self.maybe("ADD") {
            self.add_column()?
        } else if self.maybe("RENAME") {
            self.note("TO");
            self.expect("COLUMN")?;
            let if_exists = self.if_exists();
            let column = self.dotted_name()?;
            self.expect("TO")?;
            ColumnChange::Rename { column, if_exists, to: self.identifier()? }
        } else if self.maybe("DROP") {
            self.expect("COLUMN")?;
            let if_exists = self.if_exists();
            ColumnChange::Drop { if_exists, column: self.dotted_name()? }
        } else {
            self.expect_all(&["ALTER", "COLUMN"])?;
            self.alter_column()?
        };
        definition(Definition::AlterColumn { table, if_exists, change })
    }

    fn add_column(&mut self) -> Parsed<ColumnChange> {
        self.expect("COLUMN")?;
        let if_not_exists = self.if_not_exists();
        let column = self.column_definition()?;
        let position = if self.maybe("FIRST") {
            Some(ColumnPosition::First)
        } else if self.maybe("LAST") {
            Some(ColumnPosition::Last)
        } else if self.maybe("AFTER") {
            Some(ColumnPosition::After(self.identifier()?))
        } else {
            None
        };
        Ok(ColumnChange::Add { column, if_not_exists, position })
    }

    /// What follows `ALTER COLUMN`. Only a whole column can be made nullable.
    fn alter_column(&mut self) -> Parsed<ColumnChange> {
        let mut column = self.dotted_name()?;
        let drops_default = self.has_483() && self.is_at(1, "DEFAULT");
        if column.parts.len() == 1
            && !drops_default
            && self.maybe("DROP")
            && let Some(column) = column.parts.pop()
        {
            self.expect_all(&["NOT", "NULL"])?;
            return Ok(ColumnChange::DropNotNull { column });
        }
        if self.has_483() && self.maybe("DROP") {
            self.expect("DEFAULT")?;
            return Ok(ColumnChange::DropDefault { column });
        }
        self.expect("SET")?;
        if self.has_483() && self.maybe("DEFAULT") {
            return Ok(ColumnChange::SetDefault { column, value: self.literal()? });
        }
        self.expect_all(&["DATA", "TYPE"])?;
        Ok(ColumnChange::SetType { column, data_type: self.data_type_at_end()? })
    }

    /// What follows `EXECUTE` in `ALTER TABLE`.
    fn table_execute(&mut self, table: QualifiedName) -> Parsed<StatementKind> {
        let procedure = self.identifier()?;
        let arguments = if self.maybe_symbol("(") { Some(self.call_arguments()?) } else { None };
        let filter = self.filter()?;
        Ok(StatementKind::Change(Box::new(Change::TableExecute { table, procedure, arguments, filter })))
    }

    /// What follows `COMMENT`.
    pub(super) fn comment(&mut self) -> Parsed<StatementKind> {
        self.expect("ON")?;
        let target = if self.maybe("COLUMN") {
            let mut table = self.dotted_name()?;
            let Some(column) = table.parts.pop() else { return Err(self.unexpected("<identifier>")) };
            let table = table
                .parts
                .last()
                .map(|last| last.span.end)
                .map(|end| QualifiedName { span: Span { start: table.span.start, end }, parts: table.parts });
            CommentTarget::Column { table, column }
        } else if self.maybe("VIEW") {
            CommentTarget::View(self.dotted_name()?)
        } else {
            self.expect("TABLE")?;
            CommentTarget::Table(self.dotted_name()?)
        };
        self.expect("IS")?;
        let comment = if self.maybe("NULL") { None } else { Some(self.string()?) };
        definition(Definition::Comment { target, comment })
    }
}
