//! SQL routines, and what can stand in front of a query that is a statement: `WITH SESSION` and `WITH FUNCTION`.

use super::{Parsed, Parser};
use crate::sql::ast::{
    ControlBranch, ControlStatement, ControlStatementKind, Definition, ElseClause, FunctionSpecification,
    ParameterDeclaration, Query, ReturnsClause, RoutineBody, RoutineCharacteristic, RoutineCharacteristicKind,
    SessionProperty, StatementKind, StringLiteral, VariableDeclaration, ViewSecurity,
};
use crate::sql::token::TokenKind;

/// The words that statements of a body begin with.
const CONTROL: &[&str] = &["BEGIN", "CASE", "IF", "ITERATE", "LEAVE", "LOOP", "REPEAT", "RETURN", "SET", "WHILE"];

impl Parser<'_> {
    /// A query that is a statement: `[WITH SESSION name = value, …] [WITH FUNCTION …] query`.
    pub(super) fn query_with_session(&mut self) -> Parsed<Query> {
        if !self.defines("SESSION") {
            return self.root_query();
        }
        let start = self.here();
        self.skip(2);
        let session = self.list(Self::session_property)?;
        let query = self.root_query()?;
        Ok(Query { span: self.since(start), session, ..query })
    }

    /// A query that is a statement of its own or the last part of one: `[WITH FUNCTION …, …] query`.
    pub(super) fn root_query(&mut self) -> Parsed<Query> {
        if !self.defines("FUNCTION") {
            return self.query_of_root();
        }
        let start = self.here();
        self.advance();
        let functions = self.list(Self::function_specification)?;
        let query = self.query_of_root()?;
        Ok(Query { span: self.since(start), functions, ..query })
    }

    fn query_of_root(&mut self) -> Parsed<Query> {
        if !self.is_query_start(0) && !self.is("TABLE") && !self.is_symbol("(") {
            return Err(self.unexpected("'WITH', <query>"));
        }
        self.query()
    }

    /// `WITH` and this word, and not a named query of that name.
    fn defines(&self, word: &str) -> bool {
        self.is("WITH") && self.is_at(1, word) && !self.is_at(2, "AS") && !self.is_symbol_at(2, "(")
    }

    fn session_property(&mut self) -> Parsed<SessionProperty> {
        let start = self.here();
        let name = self.dotted_name()?;
        self.expect_symbol("=")?;
        let value = self.expression()?;
        Ok(SessionProperty { span: self.since(start), name, value })
    }

    /// What follows `CREATE [OR REPLACE]`.
    pub(super) fn create_function(&mut self, replace: bool) -> Parsed<StatementKind> {
        let specification = self.function_specification()?;
        Ok(StatementKind::Definition(Box::new(Definition::CreateFunction { specification, replace })))
    }

    /// What follows `DROP FUNCTION`.
    pub(super) fn drop_function(&mut self) -> Parsed<StatementKind> {
        let if_exists = self.if_exists();
        let name = self.dotted_name()?;
        let parameters = self.parameter_declarations()?;
        Ok(StatementKind::Definition(Box::new(Definition::DropFunction { name, parameters, if_exists })))
    }

    fn function_specification(&mut self) -> Parsed<FunctionSpecification> {
        let start = self.here();
        self.expect("FUNCTION")?;
        let name = self.dotted_name()?;
        let parameters = self.parameter_declarations()?;
        let returns = self.returns_clause()?;
        let mut characteristics = Vec::new();
        let mut next = self.here();
        while let Some(kind) = self.characteristic()? {
            characteristics.push(RoutineCharacteristic { span: self.since(next), kind });
            next = self.here();
        }
        let body = if self.maybe("AS") {
            RoutineBody::Definition(self.function_definition()?)
        } else {
            RoutineBody::Statement(self.body()?)
        };
        Ok(FunctionSpecification { span: self.since(start), name, parameters, returns, characteristics, body })
    }

    /// `([name] type, …)`.
    fn parameter_declarations(&mut self) -> Parsed<Vec<ParameterDeclaration>> {
        self.expect_symbol("(")?;
        if self.maybe_symbol(")") {
            return Ok(Vec::new());
        }
        let parameters = self.list(Self::parameter_declaration)?;
        self.expect_symbol(")")?;
        Ok(parameters)
    }

    /// `[name] type`. What can be read as a name and a type is, `double precision` too.
    fn parameter_declaration(&mut self) -> Parsed<ParameterDeclaration> {
        let start = self.here();
        let before = self.at;
        if self.is_identifier_at(0) && self.is_identifier_at(1) {
            let name = self.identifier()?;
            if let Ok(data_type) = self.data_type()
                && (self.is_symbol(",") || self.is_symbol(")"))
            {
                return Ok(ParameterDeclaration { span: self.since(start), name: Some(name), data_type });
            }
            self.go_to(before);
        }
        let data_type = self.data_type_at_end()?;
        Ok(ParameterDeclaration { span: self.since(start), name: None, data_type })
    }

    fn returns_clause(&mut self) -> Parsed<ReturnsClause> {
        let start = self.here();
        self.expect("RETURNS")?;
        let data_type = self.data_type_at_end()?;
        Ok(ReturnsClause { span: self.since(start), data_type })
    }

    fn characteristic(&mut self) -> Parsed<Option<RoutineCharacteristicKind>> {
        let kind = if self.maybe("LANGUAGE") {
            RoutineCharacteristicKind::Language(self.identifier()?)
        } else if self.maybe("DETERMINISTIC") {
            RoutineCharacteristicKind::Deterministic(true)
        } else if self.maybe_all(&["NOT", "DETERMINISTIC"])? {
            RoutineCharacteristicKind::Deterministic(false)
        } else if self.maybe_all(&["RETURNS", "NULL", "ON", "NULL", "INPUT"])? {
            RoutineCharacteristicKind::CalledOnNull(false)
        } else if self.maybe_all(&["CALLED", "ON", "NULL", "INPUT"])? {
            RoutineCharacteristicKind::CalledOnNull(true)
        } else if self.maybe("SECURITY") {
            let security = self.one_of(&[("DEFINER", ViewSecurity::Definer), ("INVOKER", ViewSecurity::Invoker)])?;
            RoutineCharacteristicKind::Security(security)
        } else if self.maybe("COMMENT") {
            RoutineCharacteristicKind::Comment(self.string()?)
        } else if self.maybe("WITH") {
            RoutineCharacteristicKind::Properties(self.parenthesized_list(Self::property)?)
        } else {
            return Ok(None);
        };
        Ok(Some(kind))
    }

    /// `$$…$$`, whose text begins on a line of its own.
    fn function_definition(&mut self) -> Parsed<StringLiteral> {
        let token = self.token(0);
        if token.kind != TokenKind::DollarString {
            return Err(self.unexpected("<dollar string>"));
        }
        self.advance();
        let text = self.text_of(token);
        let inner = text.strip_prefix("$$").and_then(|rest| rest.strip_suffix("$$")).unwrap_or_default();
        if !inner.starts_with(['\r', '\n']) {
            self.object(token.span, "Function definition must start with a newline after opening quotes");
        }
        let inner = inner.strip_prefix('\r').unwrap_or(inner);
        let inner = inner.strip_prefix('\n').unwrap_or(inner);
        Ok(StringLiteral { value: inner.into(), span: token.span })
    }

    fn body(&mut self) -> Parsed<ControlStatement> {
        let statement = self.control_statement()?;
        if !matches!(statement.kind, ControlStatementKind::Return(_) | ControlStatementKind::Compound { .. }) {
            self.object(statement.span, "Function body must start with RETURN or BEGIN");
        }
        Ok(statement)
    }

    fn control_statement(&mut self) -> Parsed<ControlStatement> {
        self.nested(|parser| {
            let start = parser.here();
            let kind = parser.control_statement_kind()?;
            Ok(ControlStatement { span: parser.since(start), kind })
        })
    }

    fn control_statement_kind(&mut self) -> Parsed<ControlStatementKind> {
        let mut label = None;
        if self.label_follows() {
            label = Some(self.identifier()?);
            self.expect_symbol(":")?;
        }
        if self.maybe("LOOP") {
            let statements = self.statements()?;
            self.expect_all(&["END", "LOOP"])?;
            return Ok(ControlStatementKind::Loop { label, statements });
        }
        if self.maybe("WHILE") {
            let condition = self.expression()?;
            self.expect("DO")?;
            let statements = self.statements()?;
            self.expect_all(&["END", "WHILE"])?;
            return Ok(ControlStatementKind::While { label, condition, statements });
        }
        if label.is_some() {
            self.expect("REPEAT")?;
        }
        if label.is_some() || self.maybe("REPEAT") {
            let statements = self.statements()?;
            self.expect("UNTIL")?;
            let condition = self.expression()?;
            self.expect_all(&["END", "REPEAT"])?;
            return Ok(ControlStatementKind::Repeat { label, statements, condition });
        }
        if self.maybe("RETURN") {
            return Ok(ControlStatementKind::Return(self.value(None)?));
        }
        if self.maybe("SET") {
            let target = self.identifier()?;
            self.expect_symbol("=")?;
            return Ok(ControlStatementKind::Set { target, value: self.expression()? });
        }
        if self.maybe("ITERATE") {
            return Ok(ControlStatementKind::Iterate(self.identifier()?));
        }
        if self.maybe("LEAVE") {
            return Ok(ControlStatementKind::Leave(self.identifier()?));
        }
        if self.maybe("CASE") {
            return self.case_statement();
        }
        if self.maybe("IF") {
            return self.if_statement();
        }
        self.note("<identifier>");
        self.expect("BEGIN")?;
        self.compound_statement()
    }

    fn label_follows(&self) -> bool {
        self.is_identifier_at(0) && self.is_symbol_at(1, ":")
    }

    fn case_statement(&mut self) -> Parsed<ControlStatementKind> {
        self.note("WHEN");
        let operand = if self.is("WHEN") { None } else { Some(self.expression()?) };
        let mut branches = vec![self.branch("WHEN")?];
        while self.is("WHEN") {
            branches.push(self.branch("WHEN")?);
        }
        self.note("WHEN");
        let otherwise = self.else_clause()?;
        self.expect_all(&["END", "CASE"])?;
        Ok(ControlStatementKind::Case { operand, branches, otherwise })
    }

    fn if_statement(&mut self) -> Parsed<ControlStatementKind> {
        let condition = self.expression()?;
        self.expect("THEN")?;
        let statements = self.statements()?;
        let mut branches = Vec::new();
        while self.is("ELSEIF") {
            branches.push(self.branch("ELSEIF")?);
        }
        self.note("ELSEIF");
        let otherwise = self.else_clause()?;
        self.expect_all(&["END", "IF"])?;
        Ok(ControlStatementKind::If { condition, statements, branches, otherwise })
    }

    fn compound_statement(&mut self) -> Parsed<ControlStatementKind> {
        let mut variables = Vec::new();
        while self.is("DECLARE") && !self.label_follows() {
            variables.push(self.variable_declaration()?);
            self.expect_symbol(";")?;
        }
        self.note("DECLARE");
        let statements = if self.control_follows() { self.statements()? } else { Vec::new() };
        self.expect("END")?;
        Ok(ControlStatementKind::Compound { variables, statements })
    }

    fn variable_declaration(&mut self) -> Parsed<VariableDeclaration> {
        let start = self.here();
        self.expect("DECLARE")?;
        let names = self.list(Self::identifier)?;
        let data_type = self.data_type_at_end()?;
        let default = if self.maybe("DEFAULT") { Some(self.value(None)?) } else { None };
        Ok(VariableDeclaration { span: self.since(start), names, data_type, default })
    }

    fn branch(&mut self, word: &str) -> Parsed<ControlBranch> {
        let start = self.here();
        self.expect(word)?;
        let condition = self.expression()?;
        self.expect("THEN")?;
        let statements = self.statements()?;
        Ok(ControlBranch { span: self.since(start), condition, statements })
    }

    fn else_clause(&mut self) -> Parsed<Option<ElseClause>> {
        let start = self.here();
        if !self.maybe("ELSE") {
            return Ok(None);
        }
        let statements = self.statements()?;
        Ok(Some(ElseClause { span: self.since(start), statements }))
    }

    /// `statement; …`, one or more.
    fn statements(&mut self) -> Parsed<Vec<ControlStatement>> {
        let mut statements = Vec::new();
        loop {
            statements.push(self.control_statement()?);
            self.expect_symbol(";")?;
            if !self.control_follows() {
                return Ok(statements);
            }
        }
    }

    fn control_follows(&mut self) -> bool {
        let follows = self.label_follows() || self.is_any(CONTROL);
        if !follows {
            self.note_all(CONTROL);
            self.note("<identifier>");
        }
        follows
    }
}
