//! `SHOW`.

use super::{Parsed, Parser};
use crate::sql::ast::{Access, Identifier, LikePattern, QualifiedName, ShowCreateObject, StatementKind};

impl Parser<'_> {
    /// What follows `SHOW`.
    pub(super) fn show(&mut self) -> Parsed<StatementKind> {
        if self.has_483() && self.maybe("BRANCHES") {
            return self.show_branches();
        }
        if self.eat("GRANTS") {
            return self.show_grants();
        }
        if self.eat("ROLES") {
            return self.show_roles(false);
        }
        if self.eat("CURRENT") {
            self.expect("ROLES")?;
            return self.show_roles(true);
        }
        if self.eat("ROLE") {
            self.expect("GRANTS")?;
            let catalog = self.catalog_after_from()?;
            return Ok(StatementKind::Access(Box::new(Access::ShowRoleGrants { catalog })));
        }
        if self.eat("CATALOGS") {
            return Ok(StatementKind::ShowCatalogs { like: self.like_pattern()? });
        }
        if self.eat("SCHEMAS") {
            let catalog = self.catalog_after_from()?;
            return Ok(StatementKind::ShowSchemas { catalog, like: self.like_pattern()? });
        }
        if self.eat("TABLES") {
            let schema = self.schema_after_from()?;
            return Ok(StatementKind::ShowTables { schema, like: self.like_pattern()? });
        }
        if self.eat("COLUMNS") {
            if !self.eat_from_or_in() {
                return Err(self.unexpected("'FROM'"));
            }
            let table = self.dotted_name()?;
            return Ok(StatementKind::ShowColumns { table, like: self.like_pattern()? });
        }
        if self.eat("CREATE") {
            let object = if self.eat("MATERIALIZED") {
                self.expect("VIEW")?;
                ShowCreateObject::MaterializedView
            } else {
                if self.maybe("FUNCTION") {
                    return Ok(StatementKind::ShowCreateFunction { name: self.dotted_name()? });
                }
                self.note("MATERIALIZED");
                self.one_of(&[
                    ("TABLE", ShowCreateObject::Table),
                    ("SCHEMA", ShowCreateObject::Schema),
                    ("VIEW", ShowCreateObject::View),
                ])?
            };
            return Ok(StatementKind::ShowCreate { object, name: self.dotted_name()? });
        }
        if self.eat("STATS") {
            self.expect("FOR")?;
            self.note("(");
            if self.is_symbol("(") {
                self.advance();
                let query = Box::new(self.root_query()?);
                self.expect_symbol(")")?;
                return Ok(StatementKind::ShowStatsForQuery { query });
            }
            return Ok(StatementKind::ShowStats { table: self.dotted_name()? });
        }
        if self.eat("FUNCTIONS") {
            let schema = self.schema_after_from()?;
            return Ok(StatementKind::ShowFunctions { schema, like: self.like_pattern()? });
        }
        if self.eat("SESSION") {
            return Ok(StatementKind::ShowSession { like: self.like_pattern()? });
        }
        Err(self.unexpected(
            "'CATALOGS', 'COLUMNS', 'CREATE', 'CURRENT', 'FUNCTIONS', 'GRANTS', 'ROLE', 'ROLES', 'SCHEMAS', 'SESSION', \
             'STATS', 'TABLES'",
        ))
    }

    fn eat_from_or_in(&mut self) -> bool {
        self.maybe("FROM") || self.maybe("IN")
    }

    fn show_roles(&mut self, current: bool) -> Parsed<StatementKind> {
        let catalog = self.catalog_after_from()?;
        Ok(StatementKind::Access(Box::new(Access::ShowRoles { current, catalog })))
    }

    fn catalog_after_from(&mut self) -> Parsed<Option<Identifier>> {
        if self.eat_from_or_in() { self.identifier().map(Some) } else { Ok(None) }
    }

    fn schema_after_from(&mut self) -> Parsed<Option<QualifiedName>> {
        if self.eat_from_or_in() { self.dotted_name().map(Some) } else { Ok(None) }
    }

    fn like_pattern(&mut self) -> Parsed<Option<LikePattern>> {
        if !self.maybe("LIKE") {
            return Ok(None);
        }
        let pattern = self.string()?;
        let escape = if self.maybe("ESCAPE") { Some(self.string()?) } else { None };
        Ok(Some(LikePattern { pattern, escape }))
    }
}
