//! Statements: those that Sluice reads, and the names of those that it refuses.

use super::{Parsed, Parser};
use crate::sql::ast::{
    ExplainFormat, ExplainOption, ExplainType, Expr, LikePattern, QualifiedName, ShowCreateObject, Statement,
    StatementKind,
};

/// Statements that are known by their first words and not read further. Longer beginnings stand before shorter ones.
const UNSUPPORTED: &[(&[&str], &str)] = &[
    (&["WITH", "FUNCTION"], "Query"),
    (&["WITH", "SESSION"], "Query"),
    (&["CREATE", "CATALOG"], "CreateCatalog"),
    (&["DROP", "CATALOG"], "DropCatalog"),
    (&["CREATE", "SCHEMA"], "CreateSchema"),
    (&["DROP", "SCHEMA"], "DropSchema"),
    (&["ALTER", "SCHEMA"], "RenameSchema"),
    (&["DROP", "TABLE"], "DropTable"),
    (&["INSERT", "INTO"], "Insert"),
    (&["DELETE", "FROM"], "Delete"),
    (&["TRUNCATE", "TABLE"], "TruncateTable"),
    (&["COMMENT", "ON"], "Comment"),
    (&["ALTER", "TABLE"], "AlterTable"),
    (&["ANALYZE"], "Analyze"),
    (&["CREATE", "MATERIALIZED"], "CreateMaterializedView"),
    (&["CREATE", "OR", "REPLACE", "MATERIALIZED"], "CreateMaterializedView"),
    (&["CREATE", "VIEW"], "CreateView"),
    (&["CREATE", "OR", "REPLACE", "VIEW"], "CreateView"),
    (&["CREATE", "FUNCTION"], "CreateFunction"),
    (&["CREATE", "OR", "REPLACE", "FUNCTION"], "CreateFunction"),
    (&["CREATE", "TABLE"], "CreateTable"),
    (&["CREATE", "OR", "REPLACE", "TABLE"], "CreateTable"),
    (&["REFRESH", "MATERIALIZED"], "RefreshMaterializedView"),
    (&["DROP", "MATERIALIZED"], "DropMaterializedView"),
    (&["ALTER", "MATERIALIZED"], "AlterMaterializedView"),
    (&["DROP", "VIEW"], "DropView"),
    (&["ALTER", "VIEW"], "AlterView"),
    (&["CALL"], "Call"),
    (&["DROP", "FUNCTION"], "DropFunction"),
    (&["CREATE", "ROLE"], "CreateRole"),
    (&["DROP", "ROLE"], "DropRole"),
    (&["GRANT"], "Grant"),
    (&["REVOKE"], "Revoke"),
    (&["DENY"], "Deny"),
    (&["SET", "ROLE"], "SetRole"),
    (&["SHOW", "GRANTS"], "ShowGrants"),
    (&["SHOW", "ROLES"], "ShowRoles"),
    (&["SHOW", "CURRENT", "ROLES"], "ShowRoles"),
    (&["SHOW", "ROLE", "GRANTS"], "ShowRoleGrants"),
    (&["SET", "SESSION", "AUTHORIZATION"], "SetSessionAuthorization"),
    (&["RESET", "SESSION", "AUTHORIZATION"], "ResetSessionAuthorization"),
    (&["SET", "PATH"], "SetPath"),
    (&["UPDATE"], "Update"),
    (&["MERGE"], "Merge"),
];

impl Parser<'_> {
    /// A statement.
    pub(super) fn statement(&mut self) -> Parsed<Statement> {
        self.nested(|parser| {
            let start = parser.here();
            let kind = parser.statement_kind()?;
            Ok(Statement { span: parser.since(start), kind })
        })
    }

    fn statement_kind(&mut self) -> Parsed<StatementKind> {
        if let Some(class) = self.unsupported() {
            // Nothing of it is believed: it is refused whatever the rest says.
            self.at = self.tokens.len().saturating_sub(1);
            return Ok(StatementKind::Unsupported { class });
        }
        if self.is_query_start(0) || self.is_symbol("(") {
            return Ok(StatementKind::Query(Box::new(self.query()?)));
        }
        if self.eat("SHOW") {
            return self.show();
        }
        if self.eat("EXPLAIN") {
            return self.explain();
        }
        if self.is("DESCRIBE") || self.is("DESC") {
            return self.describe();
        }
        if self.eat("PREPARE") {
            let name = self.identifier()?;
            self.expect("FROM")?;
            return Ok(StatementKind::Prepare { name, statement: Box::new(self.statement()?) });
        }
        if self.eat("DEALLOCATE") {
            self.expect("PREPARE")?;
            return Ok(StatementKind::Deallocate { name: self.identifier()? });
        }
        if self.eat("EXECUTE") {
            return self.execute();
        }
        if self.eat("USE") {
            let first = self.identifier()?;
            if self.eat_symbol(".") {
                return Ok(StatementKind::Use { catalog: Some(first), schema: self.identifier()? });
            }
            return Ok(StatementKind::Use { catalog: None, schema: first });
        }
        self.session_statement()
    }

    /// The class of a statement that is only known by its first words.
    fn unsupported(&self) -> Option<&'static str> {
        let found = UNSUPPORTED.iter().find(|(words, _)| self.are(words)).map(|(_, class)| *class)?;
        // `WITH function AS (…)` and `WITH session AS (…)` are queries of that name; `UPDATE`, `CALL` and their like
        // can't begin anything else.
        let named_query = found == "Query" && (self.is_at(2, "AS") || self.is_symbol_at(2, "("));
        (!named_query).then_some(found)
    }

    fn session_statement(&mut self) -> Parsed<StatementKind> {
        if self.eat_all(&["SET", "SESSION"]) {
            let name = self.qualified_name()?;
            self.expect_symbol("=")?;
            return Ok(StatementKind::SetSession { name, value: self.expression()? });
        }
        if self.eat_all(&["RESET", "SESSION"]) {
            return Ok(StatementKind::ResetSession { name: self.qualified_name()? });
        }
        if self.eat_all(&["SET", "TIME", "ZONE"]) {
            if self.is("LOCAL") && self.token(1).kind == crate::sql::token::TokenKind::End {
                self.advance();
                return Ok(StatementKind::SetTimeZone { zone: None });
            }
            return Ok(StatementKind::SetTimeZone { zone: Some(self.expression()?) });
        }
        if self.eat_all(&["START", "TRANSACTION"]) {
            if self.kind() != crate::sql::token::TokenKind::End {
                self.list(Self::transaction_mode)?;
            }
            return Ok(StatementKind::StartTransaction);
        }
        if self.eat("COMMIT") {
            self.eat("WORK");
            return Ok(StatementKind::Commit);
        }
        if self.eat("ROLLBACK") {
            self.eat("WORK");
            return Ok(StatementKind::Rollback);
        }
        Err(self.unexpected(
            "'ALTER', 'ANALYZE', 'CALL', 'COMMENT', 'COMMIT', 'CREATE', 'DEALLOCATE', 'DELETE', 'DENY', 'DESC', \
             'DESCRIBE', 'DROP', 'EXECUTE', 'EXPLAIN', 'GRANT', 'INSERT', 'MERGE', 'PREPARE', 'REFRESH', 'RESET', \
             'REVOKE', 'ROLLBACK', 'SET', 'SHOW', 'START', 'TRUNCATE', 'UPDATE', 'USE', 'WITH', <query>",
        ))
    }

    fn transaction_mode(&mut self) -> Parsed<()> {
        if self.eat_all(&["ISOLATION", "LEVEL"]) {
            if self.eat("READ") {
                return self.one_of(&[("UNCOMMITTED", ()), ("COMMITTED", ())]);
            }
            if self.eat("REPEATABLE") {
                return self.expect("READ");
            }
            return self.expect("SERIALIZABLE");
        }
        self.expect("READ")?;
        self.one_of(&[("ONLY", ()), ("WRITE", ())])
    }

    fn explain(&mut self) -> Parsed<StatementKind> {
        if self.eat("ANALYZE") {
            let verbose = self.eat("VERBOSE");
            return Ok(StatementKind::ExplainAnalyze { verbose, statement: Box::new(self.statement()?) });
        }
        let has_options = self.is_symbol("(") && (self.is_at(1, "FORMAT") || self.is_at(1, "TYPE"));
        let options = if has_options { self.parenthesized_list(Self::explain_option)? } else { Vec::new() };
        Ok(StatementKind::Explain { options, statement: Box::new(self.statement()?) })
    }

    fn explain_option(&mut self) -> Parsed<ExplainOption> {
        if self.eat("FORMAT") {
            let formats =
                [("TEXT", ExplainFormat::Text), ("GRAPHVIZ", ExplainFormat::Graphviz), ("JSON", ExplainFormat::Json)];
            return self.one_of(&formats).map(ExplainOption::Format);
        }
        self.expect("TYPE")?;
        self.one_of(&[
            ("LOGICAL", ExplainType::Logical),
            ("DISTRIBUTED", ExplainType::Distributed),
            ("VALIDATE", ExplainType::Validate),
            ("IO", ExplainType::Io),
        ])
        .map(ExplainOption::Type)
    }

    fn describe(&mut self) -> Parsed<StatementKind> {
        let long = self.is("DESCRIBE");
        self.advance();
        // A table may have the name `input` or `output`.
        if long && self.is_identifier_at(1) && self.eat("INPUT") {
            return Ok(StatementKind::DescribeInput { name: self.identifier()? });
        }
        if long && self.is_identifier_at(1) && self.eat("OUTPUT") {
            return Ok(StatementKind::DescribeOutput { name: self.identifier()? });
        }
        Ok(StatementKind::ShowColumns { table: self.qualified_name()?, like: None })
    }

    fn execute(&mut self) -> Parsed<StatementKind> {
        if self.is("IMMEDIATE")
            && matches!(self.token(1).kind, super::TokenKind::String | super::TokenKind::UnicodeString)
        {
            self.advance();
            let text = self.string()?;
            return Ok(StatementKind::ExecuteImmediate { text, parameters: self.parameters()? });
        }
        let name = self.identifier()?;
        Ok(StatementKind::Execute { name, parameters: self.parameters()? })
    }

    fn parameters(&mut self) -> Parsed<Vec<Expr>> {
        if self.eat("USING") { self.list(Self::expression) } else { Ok(Vec::new()) }
    }

    fn show(&mut self) -> Parsed<StatementKind> {
        if self.eat("CATALOGS") {
            return Ok(StatementKind::ShowCatalogs { like: self.like_pattern()? });
        }
        if self.eat("SCHEMAS") {
            let catalog = if self.eat_from_or_in() { Some(self.identifier()?) } else { None };
            return Ok(StatementKind::ShowSchemas { catalog, like: self.like_pattern()? });
        }
        if self.eat("TABLES") {
            let schema = self.schema_after_from()?;
            return Ok(StatementKind::ShowTables { schema, like: self.like_pattern()? });
        }
        if self.eat("COLUMNS") {
            if !self.eat_from_or_in() {
                return Err(self.unexpected("'FROM', 'IN'"));
            }
            let table = self.qualified_name()?;
            return Ok(StatementKind::ShowColumns { table, like: self.like_pattern()? });
        }
        if self.eat("CREATE") {
            let object = if self.eat("MATERIALIZED") {
                self.expect("VIEW")?;
                ShowCreateObject::MaterializedView
            } else {
                self.one_of(&[
                    ("TABLE", ShowCreateObject::Table),
                    ("SCHEMA", ShowCreateObject::Schema),
                    ("VIEW", ShowCreateObject::View),
                ])?
            };
            return Ok(StatementKind::ShowCreate { object, name: self.qualified_name()? });
        }
        if self.eat("STATS") {
            self.expect("FOR")?;
            if self.is_symbol("(") {
                return Ok(StatementKind::ShowStatsForQuery { query: Box::new(self.parenthesized_query()?) });
            }
            return Ok(StatementKind::ShowStats { table: self.qualified_name()? });
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
        self.eat("FROM") || self.eat("IN")
    }

    fn schema_after_from(&mut self) -> Parsed<Option<QualifiedName>> {
        if self.eat_from_or_in() { self.qualified_name().map(Some) } else { Ok(None) }
    }

    fn like_pattern(&mut self) -> Parsed<Option<LikePattern>> {
        if !self.eat("LIKE") {
            return Ok(None);
        }
        let pattern = self.string()?;
        let escape = if self.eat("ESCAPE") { Some(self.string()?) } else { None };
        Ok(Some(LikePattern { pattern, escape }))
    }
}
