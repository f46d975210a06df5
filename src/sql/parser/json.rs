//! The JSON functions and JSON_TABLE.

use super::{Parsed, Parser};
use crate::sql::ast::{Expr, ExprKind, JsonPathForm, JsonPathInvocation, JsonTable, JsonTableColumn, Relation, Span};
use crate::sql::token::TokenKind;

impl<'a> Parser<'a> {
    /// JSON forms, which begin with reserved words.
    pub(super) fn json_form(&mut self) -> Parsed<ExprKind> {
        let rule: fn(&mut Parser<'a>) -> Parsed<ExprKind> = if self.is("JSON_EXISTS") {
            |parser| parser.json_path_form(JsonPathForm::Exists)
        } else if self.is("JSON_VALUE") {
            |parser| parser.json_path_form(JsonPathForm::Value)
        } else if self.is("JSON_QUERY") {
            |parser| parser.json_path_form(JsonPathForm::Query)
        } else if self.is("JSON_OBJECT") {
            Self::json_object
        } else if self.is("JSON_ARRAY") {
            Self::json_array
        } else {
            return Err(self.unexpected("<expression>"));
        };
        self.advance();
        self.expect_symbol("(")?;
        let kind = rule(self)?;
        self.expect_symbol(")")?;
        Ok(kind)
    }

    fn json_path_form(&mut self, form: JsonPathForm) -> Parsed<ExprKind> {
        let path = Box::new(self.json_path_invocation()?);
        let mut returning = None;
        let mut defaults = Vec::new();
        match form {
            JsonPathForm::Exists => {
                if self.is_any(&["TRUE", "FALSE", "UNKNOWN", "ERROR"]) {
                    self.advance();
                    self.expect_all(&["ON", "ERROR"])?;
                }
            }
            JsonPathForm::Value => {
                if self.eat("RETURNING") {
                    returning = Some(self.data_type()?);
                }
                self.value_behaviors(&mut defaults)?;
            }
            JsonPathForm::Query => {
                returning = self.json_returning()?;
                self.wrapper_and_quotes()?;
                self.query_behaviors()?;
            }
        }
        Ok(ExprKind::JsonPath { form, path, returning, defaults })
    }

    /// `input [FORMAT …], 'path' [AS name] [PASSING …]`.
    fn json_path_invocation(&mut self) -> Parsed<JsonPathInvocation> {
        let start = self.here();
        let input = self.json_value()?;
        self.expect_symbol(",")?;
        let path = self.string()?;
        let name = if self.eat("AS") { Some(self.identifier()?) } else { None };
        let passing = if self.eat("PASSING") {
            self.list(|parser| {
                let value = parser.json_value()?;
                parser.expect("AS")?;
                Ok((value, parser.identifier()?))
            })?
        } else {
            Vec::new()
        };
        Ok(JsonPathInvocation { span: self.since(start), input, path, name, passing })
    }

    fn json_value(&mut self) -> Parsed<Expr> {
        let value = self.expression()?;
        self.json_format()?;
        Ok(value)
    }

    /// `FORMAT JSON [ENCODING …]`, or nothing.
    fn json_format(&mut self) -> Parsed<bool> {
        if !self.eat("FORMAT") {
            return Ok(false);
        }
        self.expect("JSON")?;
        if self.eat("ENCODING") {
            self.one_of(&[("UTF8", ()), ("UTF16", ()), ("UTF32", ())])?;
        }
        Ok(true)
    }

    fn json_returning(&mut self) -> Parsed<Option<crate::sql::ast::DataType>> {
        if !self.eat("RETURNING") {
            return Ok(None);
        }
        let data_type = self.data_type()?;
        self.json_format()?;
        Ok(Some(data_type))
    }

    /// `[… ON EMPTY] [… ON ERROR]` of JSON_VALUE.
    fn value_behaviors(&mut self, defaults: &mut Vec<Expr>) -> Parsed<()> {
        for behaviors in [&[("EMPTY", false), ("ERROR", true)] as &[_], &[("ERROR", true)]] {
            if self.eat("DEFAULT") {
                defaults.push(self.expression()?);
            } else if !(self.is_any(&["NULL", "ERROR"]) && self.is_at(1, "ON")) {
                return Ok(());
            } else {
                self.advance();
            }
            self.expect("ON")?;
            if self.one_of(behaviors)? {
                return Ok(());
            }
        }
        Ok(())
    }

    /// `[… ON EMPTY] [… ON ERROR]` of JSON_QUERY.
    fn query_behaviors(&mut self) -> Parsed<()> {
        for behaviors in [&[("EMPTY", false), ("ERROR", true)] as &[_], &[("ERROR", true)]] {
            if self.eat("EMPTY") {
                self.one_of(&[("ARRAY", ()), ("OBJECT", ())])?;
            } else if self.is_any(&["NULL", "ERROR"]) && self.is_at(1, "ON") {
                self.advance();
            } else {
                return Ok(());
            }
            self.expect("ON")?;
            if self.one_of(behaviors)? {
                return Ok(());
            }
        }
        Ok(())
    }

    fn wrapper_and_quotes(&mut self) -> Parsed<()> {
        if self.is_any(&["WITH", "WITHOUT"]) {
            if self.one_of(&[("WITH", true), ("WITHOUT", false)])? && self.is_any(&["CONDITIONAL", "UNCONDITIONAL"]) {
                self.advance();
            }
            self.eat("ARRAY");
            self.expect("WRAPPER")?;
        }
        if self.is_any(&["KEEP", "OMIT"]) {
            self.advance();
            self.expect("QUOTES")?;
            if self.eat("ON") {
                self.expect_all(&["SCALAR", "STRING"])?;
            }
        }
        Ok(())
    }

    fn json_object(&mut self) -> Parsed<ExprKind> {
        let mut members = Vec::new();
        if !self.is_symbol(")") && !self.is_returning() {
            members = self.list(Self::json_member)?;
            self.null_handling()?;
            if self.is_any(&["WITH", "WITHOUT"]) {
                self.advance();
                self.expect("UNIQUE")?;
                self.eat("KEYS");
            }
        }
        Ok(ExprKind::JsonObject { members, returning: self.json_returning()? })
    }

    fn json_member(&mut self) -> Parsed<(Expr, Expr)> {
        if self.is("KEY") && self.key_is_a_word() {
            self.advance();
            let key = self.expression()?;
            self.expect("VALUE")?;
            return Ok((key, self.json_value()?));
        }
        let key = self.expression()?;
        if !self.eat_symbol(":") {
            self.expect("VALUE")?;
        }
        Ok((key, self.json_value()?))
    }

    /// Whether `KEY` that comes next is the grammar's word, behind which `VALUE` has to stand, and not a name.
    fn key_is_a_word(&self) -> bool {
        if self.is_at(1, "VALUE") {
            return self.is_at(2, "VALUE");
        }
        let mut ahead = 1;
        while self.starts_operand(1) && self.token(ahead).kind != TokenKind::End {
            if self.is_at(ahead, "VALUE") {
                return true;
            }
            if [":", ",", ")"].iter().any(|symbol| self.is_symbol_at(ahead, symbol)) {
                return false;
            }
            ahead = if self.is_symbol_at(ahead, "(") { self.after_parenthesis(ahead) } else { ahead + 1 };
        }
        false
    }

    fn json_array(&mut self) -> Parsed<ExprKind> {
        let mut elements = Vec::new();
        if !self.is_symbol(")") && !self.is_returning() {
            elements = self.list(Self::json_value)?;
            self.null_handling()?;
        }
        Ok(ExprKind::JsonArray { elements, returning: self.json_returning()? })
    }

    fn is_returning(&self) -> bool {
        self.is("RETURNING") && self.is_identifier_at(1) && !self.is_at(1, "VALUE") && !self.is_at(1, "FORMAT")
    }

    fn null_handling(&mut self) -> Parsed<()> {
        if self.is_any(&["NULL", "ABSENT"]) {
            self.advance();
            self.expect_all(&["ON", "NULL"])?;
        }
        Ok(())
    }

    /// What follows the word `JSON_TABLE`, which stands at `start`.
    pub(super) fn json_table(&mut self, start: Span) -> Parsed<Relation> {
        self.expect_symbol("(")?;
        let path = self.json_path_invocation()?;
        self.expect("COLUMNS")?;
        let columns = self.parenthesized_list(Self::json_table_column)?;
        if self.eat("PLAN") {
            if self.eat("DEFAULT") {
                self.expect_symbol("(")?;
                let words = [("OUTER", true), ("INNER", true), ("UNION", false), ("CROSS", false)];
                let first = self.one_of(&words)?;
                if self.eat_symbol(",") && self.one_of(&words)? == first {
                    return Err(self.unexpected("')'"));
                }
                self.expect_symbol(")")?;
            } else {
                self.expect_symbol("(")?;
                self.json_table_plan()?;
                self.expect_symbol(")")?;
            }
        }
        if self.is_any(&["ERROR", "EMPTY"]) {
            self.advance();
            self.expect_all(&["ON", "ERROR"])?;
        }
        self.expect_symbol(")")?;
        Ok(Relation::JsonTable(Box::new(JsonTable { span: self.since(start), path, columns })))
    }

    fn json_table_column(&mut self) -> Parsed<JsonTableColumn> {
        if self.is("NESTED") && (self.is_at(1, "PATH") || !self.is_identifier_at(1)) {
            self.advance();
            self.eat("PATH");
            self.string()?;
            let name = if self.eat("AS") { Some(self.identifier()?) } else { None };
            self.expect("COLUMNS")?;
            let columns = self.nested(|parser| parser.parenthesized_list(Self::json_table_column))?;
            return Ok(JsonTableColumn::Nested { name, columns });
        }
        let name = self.identifier()?;
        if self.eat_all(&["FOR", "ORDINALITY"]) {
            return Ok(JsonTableColumn::Ordinality(name));
        }
        let data_type = self.data_type()?;
        let mut defaults = Vec::new();
        let query = self.json_format()?;
        if self.eat("PATH") {
            self.string()?;
        }
        if query {
            self.wrapper_and_quotes()?;
            self.query_behaviors()?;
        } else {
            self.value_behaviors(&mut defaults)?;
        }
        Ok(JsonTableColumn::Value { name, data_type, defaults })
    }

    fn json_table_plan(&mut self) -> Parsed<()> {
        self.nested(|parser| {
            let name_first = !parser.is_symbol("(");
            parser.json_table_plan_primary()?;
            if name_first && parser.is_any(&["OUTER", "INNER"]) {
                parser.advance();
                return parser.json_table_plan_primary();
            }
            for word in ["UNION", "CROSS"] {
                if parser.is(word) {
                    while parser.eat(word) {
                        parser.json_table_plan_primary()?;
                    }
                    return Ok(());
                }
            }
            if name_first { Ok(()) } else { Err(parser.unexpected("'CROSS', 'UNION'")) }
        })
    }

    fn json_table_plan_primary(&mut self) -> Parsed<()> {
        if self.eat_symbol("(") {
            self.json_table_plan()?;
            return self.expect_symbol(")");
        }
        self.identifier().map(|_| ())
    }
}
