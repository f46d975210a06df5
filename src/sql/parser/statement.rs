//! Statements: which one comes next, and those that run or describe others.

use super::{Parsed, Parser};
use crate::sql::ast::{ExplainFormat, ExplainOption, ExplainType, Expr, Statement, StatementKind};
use crate::sql::token::TokenKind;
use compact_str::CompactString;

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
        if self.is_query_start(0) || self.is("TABLE") || self.is_symbol("(") {
            return Ok(StatementKind::Query(Box::new(self.query_with_session()?)));
        }
        let start = self.here();
        let word = self.word_in_upper_case();
        let before = self.at;
        self.advance();
        match word.as_str() {
            "SHOW" => self.show(),
            "EXPLAIN" => self.explain(),
            "DESCRIBE" => self.describe(),
            "DESC" => Ok(StatementKind::ShowColumns { table: self.dotted_name()?, like: None }),
            "PREPARE" => {
                let name = self.identifier()?;
                self.expect("FROM")?;
                Ok(StatementKind::Prepare { name, statement: Box::new(self.statement()?) })
            }
            "DEALLOCATE" => {
                self.expect("PREPARE")?;
                Ok(StatementKind::Deallocate { name: self.identifier()? })
            }
            "EXECUTE" => self.execute(),
            "USE" => {
                let first = self.identifier()?;
                if self.eat_symbol(".") {
                    return Ok(StatementKind::Use { catalog: Some(first), schema: self.identifier()? });
                }
                Ok(StatementKind::Use { catalog: None, schema: first })
            }
            "SET" => self.set(),
            "RESET" => self.reset(),
            "START" => self.start_transaction(),
            "COMMIT" => {
                self.maybe("WORK");
                Ok(StatementKind::Commit)
            }
            "ROLLBACK" => {
                self.maybe("WORK");
                Ok(StatementKind::Rollback)
            }
            "CREATE" => self.create(start),
            "DROP" => self.drop_statement(),
            "ALTER" => self.alter(),
            "COMMENT" => self.comment(),
            "INSERT" => self.insert(),
            "DELETE" => self.delete(),
            "UPDATE" => self.update(),
            "MERGE" => self.merge(),
            "TRUNCATE" => self.truncate(),
            "REFRESH" => self.refresh(),
            "ANALYZE" => self.analyze(),
            "CALL" => self.call_procedure(),
            "GRANT" => self.grant(),
            "REVOKE" => self.revoke(),
            "DENY" => self.deny(),
            _ => {
                self.go_to(before);
                Err(self.unexpected(
                    "'ALTER', 'ANALYZE', 'CALL', 'COMMENT', 'COMMIT', 'CREATE', 'DEALLOCATE', 'DELETE', 'DENY', 'DESC', \
                     'DESCRIBE', 'DROP', 'EXECUTE', 'EXPLAIN', 'GRANT', 'INSERT', 'MERGE', 'PREPARE', 'REFRESH', \
                     'RESET', 'REVOKE', 'ROLLBACK', 'SET', 'SHOW', 'START', 'TRUNCATE', 'UPDATE', 'USE', 'WITH', <query>",
                ))
            }
        }
    }

    /// The next token in upper case, if it is a word.
    fn word_in_upper_case(&self) -> CompactString {
        let token = self.token(0);
        let mut word = match token.kind {
            TokenKind::Word { .. } => CompactString::new(self.text_of(token)),
            _ => CompactString::default(),
        };
        word.make_ascii_uppercase();
        word
    }

    fn explain(&mut self) -> Parsed<StatementKind> {
        if self.is("ANALYZE") && !self.is_analyze_statement() {
            self.advance();
            let verbose = self.maybe("VERBOSE");
            return Ok(StatementKind::ExplainAnalyze { verbose, statement: Box::new(self.statement()?) });
        }
        self.note("(");
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
        self.is_identifier_at(ahead) && (properties || self.token(ahead + 1).kind == TokenKind::End)
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
        // A table may have the name `input` or `output`.
        if self.is_identifier_at(1) && self.eat("INPUT") {
            return Ok(StatementKind::DescribeInput { name: self.identifier()? });
        }
        if self.has_483() && self.is("OUTPUT") && self.is_symbol_at(1, "(") {
            self.skip(2);
            let query = Box::new(self.root_query()?);
            self.expect_symbol(")")?;
            return Ok(StatementKind::DescribeQuery { query });
        }
        if self.is_identifier_at(1) && self.eat("OUTPUT") {
            return Ok(StatementKind::DescribeOutput { name: self.identifier()? });
        }
        self.note_all(&["INPUT", "OUTPUT"]);
        Ok(StatementKind::ShowColumns { table: self.dotted_name()?, like: None })
    }

    fn execute(&mut self) -> Parsed<StatementKind> {
        if self.is("IMMEDIATE") && matches!(self.token(1).kind, TokenKind::String | TokenKind::UnicodeString) {
            self.advance();
            let text = self.string()?;
            return Ok(StatementKind::ExecuteImmediate { text, parameters: self.parameters()? });
        }
        self.note("IMMEDIATE");
        let name = self.identifier()?;
        Ok(StatementKind::Execute { name, parameters: self.parameters()? })
    }

    fn parameters(&mut self) -> Parsed<Vec<Expr>> {
        if self.maybe("USING") { self.list(Self::expression) } else { Ok(Vec::new()) }
    }
}
