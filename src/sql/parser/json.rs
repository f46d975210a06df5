//! The JSON functions and JSON_TABLE.

use super::{Parsed, Parser};
use crate::sql::ast::{
    Expr, ExprKind, JsonArgument, JsonBehavior, JsonClauses, JsonFormat, JsonInput, JsonMember, JsonNulls,
    JsonPathForm, JsonPathInvocation, JsonPlan, JsonReturning, JsonTable, JsonTableColumn, JsonTablePlan, JsonWrapper,
    Relation, Span,
};
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
        let mut clauses = JsonClauses::default();
        let mut defaults = Vec::new();
        match form {
            JsonPathForm::Exists => {
                if self.is_any(&["TRUE", "FALSE", "UNKNOWN", "ERROR"]) {
                    clauses.on_error = Some(self.one_of(&[
                        ("TRUE", JsonBehavior::True),
                        ("FALSE", JsonBehavior::False),
                        ("UNKNOWN", JsonBehavior::Unknown),
                        ("ERROR", JsonBehavior::Error),
                    ])?);
                    self.expect_all(&["ON", "ERROR"])?;
                }
            }
            JsonPathForm::Value => {
                if self.eat("RETURNING") {
                    returning = Some(Box::new(JsonReturning { data_type: self.data_type()?, format: None }));
                }
                self.value_behaviors(&mut clauses, &mut defaults)?;
            }
            JsonPathForm::Query => {
                returning = self.json_returning()?;
                self.wrapper_and_quotes(&mut clauses)?;
                self.query_behaviors(&mut clauses)?;
            }
        }
        Ok(ExprKind::JsonPath { form, path, returning, clauses, defaults })
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
                let input = parser.json_value()?;
                parser.expect("AS")?;
                Ok(JsonArgument { input, name: parser.identifier()? })
            })?
        } else {
            Vec::new()
        };
        Ok(JsonPathInvocation { span: self.since(start), input, path, name, passing })
    }

    fn json_value(&mut self) -> Parsed<JsonInput> {
        Ok(JsonInput { value: self.expression()?, format: self.json_format()? })
    }

    /// `FORMAT JSON [ENCODING …]`, or nothing.
    fn json_format(&mut self) -> Parsed<Option<JsonFormat>> {
        if !self.eat("FORMAT") {
            return Ok(None);
        }
        self.expect("JSON")?;
        if !self.eat("ENCODING") {
            return Ok(Some(JsonFormat::Json));
        }
        let encodings = [("UTF8", JsonFormat::Utf8), ("UTF16", JsonFormat::Utf16), ("UTF32", JsonFormat::Utf32)];
        self.one_of(&encodings).map(Some)
    }

    fn json_returning(&mut self) -> Parsed<Option<Box<JsonReturning>>> {
        if !self.eat("RETURNING") {
            return Ok(None);
        }
        Ok(Some(Box::new(JsonReturning { data_type: self.data_type()?, format: self.json_format()? })))
    }

    /// `[… ON EMPTY] [… ON ERROR]` of JSON_VALUE.
    fn value_behaviors(&mut self, clauses: &mut JsonClauses, defaults: &mut Vec<Expr>) -> Parsed<()> {
        loop {
            let behavior = if clauses.on_error.is_some() {
                return Ok(());
            } else if self.eat("DEFAULT") {
                defaults.push(self.expression()?);
                JsonBehavior::Default
            } else if self.is_any(&["NULL", "ERROR"]) && self.is_at(1, "ON") {
                self.one_of(&[("NULL", JsonBehavior::Null), ("ERROR", JsonBehavior::Error)])?
            } else {
                return Ok(());
            };
            self.on_empty_or_error(behavior, clauses)?;
        }
    }

    /// `ON EMPTY`, which comes first and once, or `ON ERROR`.
    fn on_empty_or_error(&mut self, behavior: JsonBehavior, clauses: &mut JsonClauses) -> Parsed<()> {
        self.expect("ON")?;
        let words: &[_] = match clauses.on_empty {
            None => &[("EMPTY", false), ("ERROR", true)],
            Some(_) => &[("ERROR", true)],
        };
        let of = if self.one_of(words)? { &mut clauses.on_error } else { &mut clauses.on_empty };
        *of = Some(behavior);
        Ok(())
    }

    /// `[… ON EMPTY] [… ON ERROR]` of JSON_QUERY.
    fn query_behaviors(&mut self, clauses: &mut JsonClauses) -> Parsed<()> {
        loop {
            let behavior = if clauses.on_error.is_some() {
                return Ok(());
            } else if self.eat("EMPTY") {
                self.one_of(&[("ARRAY", JsonBehavior::EmptyArray), ("OBJECT", JsonBehavior::EmptyObject)])?
            } else if self.is_any(&["NULL", "ERROR"]) && self.is_at(1, "ON") {
                self.one_of(&[("NULL", JsonBehavior::Null), ("ERROR", JsonBehavior::Error)])?
            } else {
                return Ok(());
            };
            self.on_empty_or_error(behavior, clauses)?;
        }
    }

    fn wrapper_and_quotes(&mut self, clauses: &mut JsonClauses) -> Parsed<()> {
        if self.is_any(&["WITH", "WITHOUT"]) {
            clauses.wrapper = Some(if !self.one_of(&[("WITH", true), ("WITHOUT", false)])? {
                JsonWrapper::Without
            } else if self.eat("CONDITIONAL") {
                JsonWrapper::Conditional
            } else {
                self.eat("UNCONDITIONAL");
                JsonWrapper::Unconditional
            });
            self.eat("ARRAY");
            self.expect("WRAPPER")?;
        }
        if self.is_any(&["KEEP", "OMIT"]) {
            clauses.keep_quotes = Some(self.one_of(&[("KEEP", true), ("OMIT", false)])?);
            self.expect("QUOTES")?;
            if self.eat("ON") {
                self.expect_all(&["SCALAR", "STRING"])?;
            }
        }
        Ok(())
    }

    fn json_object(&mut self) -> Parsed<ExprKind> {
        let mut members = Vec::new();
        let mut nulls = None;
        let mut unique_keys = None;
        if !self.is_symbol(")") && !self.is_returning() {
            members = self.list(Self::json_member)?;
            nulls = self.null_handling()?;
            if self.is_any(&["WITH", "WITHOUT"]) {
                unique_keys = Some(self.one_of(&[("WITH", true), ("WITHOUT", false)])?);
                self.expect("UNIQUE")?;
                self.eat("KEYS");
            }
        }
        Ok(ExprKind::JsonObject { members, nulls, unique_keys, returning: self.json_returning()? })
    }

    fn json_member(&mut self) -> Parsed<JsonMember> {
        if self.is("KEY") && self.key_is_a_word() {
            self.advance();
            let key = self.expression()?;
            self.expect("VALUE")?;
            return Ok(JsonMember { key, value: self.json_value()? });
        }
        let key = self.expression()?;
        if !self.eat_symbol(":") {
            self.expect("VALUE")?;
        }
        Ok(JsonMember { key, value: self.json_value()? })
    }

    /// Whether `KEY` that comes next is the grammar's word, behind which `VALUE` has to stand, and not a name.
    fn key_is_a_word(&self) -> bool {
        if self.is_at(1, "VALUE") {
            return self.is_at(2, "VALUE");
        }
        let mut ahead = 1;
        let measure = self.is_at(1, "OVER") && self.is_identifier_at(2);
        while self.all_quantifies() && !measure && self.token(ahead).kind != TokenKind::End {
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
        let mut nulls = None;
        if !self.is_symbol(")") && !self.is_returning() {
            elements = self.list(Self::json_value)?;
            nulls = self.null_handling()?;
        }
        Ok(ExprKind::JsonArray { elements, nulls, returning: self.json_returning()? })
    }

    /// Whether `RETURNING` that comes next begins its clause, and is not a name that has other words behind it.
    fn is_returning(&self) -> bool {
        let name = self.is_at(1, "VALUE")
            || self.is_at(1, "RETURNING")
            || (self.is_at(1, "FORMAT") && self.is_at(2, "JSON"))
            || (self.is_at(1, "ABSENT") && self.is_at(2, "ON"));
        self.is("RETURNING") && self.is_identifier_at(1) && (self.is_symbol_at(2, ")") || !name)
    }

    fn null_handling(&mut self) -> Parsed<Option<JsonNulls>> {
        if !self.is_any(&["NULL", "ABSENT"]) {
            return Ok(None);
        }
        let nulls = self.one_of(&[("NULL", JsonNulls::Null), ("ABSENT", JsonNulls::Absent)])?;
        self.expect_all(&["ON", "NULL"])?;
        Ok(Some(nulls))
    }

    /// What follows the word `JSON_TABLE`, which stands at `start`.
    pub(super) fn json_table(&mut self, start: Span) -> Parsed<Relation> {
        self.expect_symbol("(")?;
        let path = self.json_path_invocation()?;
        self.expect("COLUMNS")?;
        let columns = self.parenthesized_list(Self::json_table_column)?;
        let mut plan = None;
        if self.eat("PLAN") {
            let is_default = self.eat("DEFAULT");
            self.expect_symbol("(")?;
            plan = Some(match is_default {
                true => self.json_default_plan()?,
                false => JsonTablePlan::Specific(self.json_plan()?),
            });
            self.expect_symbol(")")?;
        }
        let mut on_error = None;
        if self.is_any(&["ERROR", "EMPTY"]) {
            on_error = Some(self.one_of(&[("ERROR", JsonBehavior::Error), ("EMPTY", JsonBehavior::Empty)])?);
            self.expect_all(&["ON", "ERROR"])?;
        }
        self.expect_symbol(")")?;
        let span = self.since(start);
        Ok(Relation::JsonTable(Box::new(JsonTable { span, path, columns, plan, on_error })))
    }

    /// `OUTER | INNER` and `UNION | CROSS`, one of them or both in any order.
    fn json_default_plan(&mut self) -> Parsed<JsonTablePlan> {
        let (mut inner, mut cross) = (false, false);
        let first = self.is_any(&["OUTER", "INNER"]);
        for is_parent_child in [first, !first] {
            if is_parent_child {
                inner = self.one_of(&[("OUTER", false), ("INNER", true)])?;
            } else {
                cross = self.one_of(&[("UNION", false), ("CROSS", true)])?;
            }
            if is_parent_child == first && !self.eat_symbol(",") {
                break;
            }
        }
        Ok(JsonTablePlan::Default { inner, cross })
    }

    fn json_table_column(&mut self) -> Parsed<JsonTableColumn> {
        if self.is("NESTED") && (self.is_at(1, "PATH") || !self.is_identifier_at(1)) {
            self.advance();
            self.eat("PATH");
            let path = self.string()?;
            let name = if self.eat("AS") { Some(self.identifier()?) } else { None };
            self.expect("COLUMNS")?;
            let columns = self.nested(|parser| parser.parenthesized_list(Self::json_table_column))?;
            return Ok(JsonTableColumn::Nested { path, name, columns });
        }
        let name = self.identifier()?;
        if self.eat_all(&["FOR", "ORDINALITY"]) {
            return Ok(JsonTableColumn::Ordinality(name));
        }
        let data_type = self.data_type()?;
        let mut clauses = JsonClauses::default();
        let mut defaults = Vec::new();
        let format = self.json_format()?;
        let path = if self.eat("PATH") { Some(self.string()?) } else { None };
        if format.is_some() {
            self.wrapper_and_quotes(&mut clauses)?;
            self.query_behaviors(&mut clauses)?;
        } else {
            self.value_behaviors(&mut clauses, &mut defaults)?;
        }
        Ok(JsonTableColumn::Value { name, data_type, format, path, clauses, defaults })
    }

    fn json_plan(&mut self) -> Parsed<JsonPlan> {
        self.nested(|parser| {
            // A name in parentheses is not one here.
            let is_path = !parser.is_symbol("(");
            let first = match parser.json_plan_primary()? {
                JsonPlan::Path(parent) if is_path && parser.is_any(&["OUTER", "INNER"]) => {
                    let inner = parser.one_of(&[("OUTER", false), ("INNER", true)])?;
                    let child = Box::new(parser.json_plan_primary()?);
                    return Ok(JsonPlan::ParentChild { inner, parent, child });
                }
                first => first,
            };
            let mut plans = vec![first];
            for (word, cross) in [("UNION", false), ("CROSS", true)] {
                while parser.eat(word) {
                    plans.push(parser.json_plan_primary()?);
                }
                if plans.len() > 1 {
                    return Ok(JsonPlan::Siblings { cross, plans });
                }
            }
            match plans.pop() {
                Some(only) if is_path => Ok(only),
                _ => Err(parser.unexpected("'CROSS', 'UNION'")),
            }
        })
    }

    /// A path's name, or a plan in parentheses.
    fn json_plan_primary(&mut self) -> Parsed<JsonPlan> {
        if self.eat_symbol("(") {
            let plan = self.json_plan()?;
            self.expect_symbol(")")?;
            return Ok(plan);
        }
        self.identifier().map(JsonPlan::Path)
    }
}
