//! Statements: those that Sluice reads, and the names of those that it refuses.

use super::{Parsed, Parser};
use crate::sql::ast::{
    ExplainFormat, ExplainOption, ExplainType, Expr, LikePattern, QualifiedName, ShowCreateObject, Statement,
    StatementKind,
};

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
        if let Some(class) = self.unsupported_class() {
            // Nothing of it is believed: it is refused whatever the rest says.
            self.at = self.tokens.len().saturating_sub(1);
            return Ok(StatementKind::Unsupported { class });
        }
        if self.is_query_start(0) || self.is("TABLE") || self.is_symbol("(") {
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
        if self.is("ANALYZE") && !self.is_analyze_statement() {
            self.advance();
            let verbose = self.eat("VERBOSE");
            return Ok(StatementKind::ExplainAnalyze { verbose, statement: Box::new(self.statement()?) });
        }
        let has_options = self.is_symbol("(") && (self.is_at(1, "FORMAT") || self.is_at(1, "TYPE"));
        let options = if has_options { self.parenthesized_list(Self::explain_option)? } else { Vec::new() };
        Ok(StatementKind::Explain { options, statement: Box::new(self.statement()?) })
    }

    /// Whether `ANALYZE` begins the statement `ANALYZE table`, which ends after the table or its properties.
    fn is_analyze_statement(&self) -> bool {
        let mut ahead = 1;
        while self.is_identifier_at(ahead) && self.is_symbol_at(ahead + 1, ".") {
            ahead += 2;
        }
        let properties = self.is_at(ahead + 1, "WITH") && self.is_symbol_at(ahead + 2, "(");
        self.is_identifier_at(ahead) && (properties || self.token(ahead + 1).kind == crate::sql::token::TokenKind::End)
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
        if self.eat_all(&["CREATE", "FUNCTION"]) {
            self.qualified_name()?;
            return Ok(StatementKind::Unsupported { class: "ShowCreate" });
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
