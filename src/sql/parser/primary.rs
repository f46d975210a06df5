//! Primary expressions: literals, names, parentheses, and what stands behind a dot or a bracket.

use super::newer::newer;
use super::{Parsed, Parser};
use crate::sql::ast::{
    CurrentKind, CurrentValue, Expr, ExprKind, Identifier, NewerExpr, NormalForm, NumberKind, Span, SpecialForm,
    TrimSide,
};
use crate::sql::error::SqlError;
use crate::sql::token::TokenKind;

const CURRENT: &[(&str, CurrentKind, bool)] = &[
    ("CURRENT_DATE", CurrentKind::Date, false),
    ("CURRENT_TIME", CurrentKind::Time, true),
    ("CURRENT_TIMESTAMP", CurrentKind::Timestamp, true),
    ("LOCALTIME", CurrentKind::LocalTime, true),
    ("LOCALTIMESTAMP", CurrentKind::LocalTimestamp, true),
    ("CURRENT_USER", CurrentKind::User, false),
    ("CURRENT_CATALOG", CurrentKind::Catalog, false),
    ("CURRENT_SCHEMA", CurrentKind::Schema, false),
    ("CURRENT_PATH", CurrentKind::Path, false),
];

const EXTRACT_FIELDS: &[&str] = &[
    "YEAR",
    "QUARTER",
    "MONTH",
    "WEEK",
    "DAY",
    "DAY_OF_MONTH",
    "DAY_OF_WEEK",
    "DOW",
    "DAY_OF_YEAR",
    "DOY",
    "YEAR_OF_WEEK",
    "YOW",
    "HOUR",
    "MINUTE",
    "SECOND",
    "TIMEZONE_MINUTE",
    "TIMEZONE_HOUR",
];

type Rule<'a> = fn(&mut Parser<'a>) -> Parsed<ExprKind>;

impl<'a> Parser<'a> {
    /// A primary expression with its `.field` and `[index]`.
    pub(super) fn postfix(&mut self, first: Option<Expr>) -> Parsed<Expr> {
        let start = first.as_ref().map_or(self.here(), |expr| expr.span);
        // What was read before counts for the chain too.
        let outer = if first.is_some() { 0 } else { self.begin_chain() };
        let mut expr = match first {
            Some(first) => first,
            None => self.primary()?,
        };
        loop {
            let kind = if self.method_follows() {
                self.method_call(expr)?
            } else if self.has_483() && self.is_symbol(".") && self.is_string_at(1) {
                self.advance();
                let field = self.string_field()?;
                ExprKind::Dereference { base: Box::new(expr), field }
            } else if self.has_483() && self.is_symbol("[") && self.is_symbol_at(1, "*") && self.is_symbol_at(2, "]") {
                self.skip(3);
                newer(NewerExpr::AllElements(expr))
            } else if self.is_symbol(".") && !self.is_symbol_at(1, "*") {
                self.advance();
                self.note("*");
                let field = self.identifier()?;
                ExprKind::Dereference { base: Box::new(expr), field }
            } else if self.eat_symbol("[") {
                let index = Box::new(self.nested(|parser| parser.value(None))?);
                self.expect_symbol("]")?;
                ExprKind::Subscript { base: Box::new(expr), index }
            } else {
                self.note_all(&[".", "["]);
                self.end_chain(outer);
                return Ok(expr);
            };
            expr = Expr { span: self.since(start), kind };
            self.lengthen_chain()?;
        }
    }

    fn primary(&mut self) -> Parsed<Expr> {
        if self.is_symbol("(") {
            return self.nested(Self::parenthesized);
        }
        let start = self.here();
        let rule = self.primary_rule();
        let kind = rule(self)?;
        Ok(Expr { span: self.since(start), kind })
    }

    /// The rule is chosen first and run then, so that the stack holds the frame of one rule and not of all.
    fn primary_rule(&self) -> Rule<'a> {
        match self.kind() {
            TokenKind::String | TokenKind::UnicodeString => |parser| parser.string().map(ExprKind::String),
            TokenKind::Binary => Self::binary,
            TokenKind::Integer | TokenKind::Decimal | TokenKind::Double => |parser| parser.number(parser.here()),
            TokenKind::Symbol if self.is_symbol("-") => |parser| {
                let start = parser.here();
                parser.advance();
                parser.number(start)
            },
            TokenKind::Symbol if self.is_symbol("[") => Self::array,
            TokenKind::Symbol if self.is_symbol("?") => |parser| {
                parser.advance();
                Ok(ExprKind::Parameter)
            },
            TokenKind::Word { reserved: true } => self.reserved_rule(),
            TokenKind::Word { reserved: false } => self.word_rule(),
            _ => Self::name_form,
        }
    }

    /// A literal: what a column's default can be.
    pub(super) fn literal(&mut self) -> Parsed<Expr> {
        let start = self.here();
        let typed = self.is_identifier_at(0) && self.is_string_at(1);
        let double = self.is("DOUBLE") && self.is_at(1, "PRECISION") && self.is_string_at(2);
        let interval = self.is("INTERVAL") && self.is_interval_at(1);
        let kind = match self.kind() {
            TokenKind::String
            | TokenKind::UnicodeString
            | TokenKind::Binary
            | TokenKind::Integer
            | TokenKind::Decimal
            | TokenKind::Double => self.primary_rule()(self)?,
            TokenKind::Symbol if self.is_symbol("-") => self.primary_rule()(self)?,
            _ if typed || double || interval || self.is_any(&["NULL", "TRUE", "FALSE"]) => self.primary_rule()(self)?,
            _ => return Err(self.unexpected("<literal>")),
        };
        Ok(Expr { span: self.since(start), kind })
    }

    /// A number whose sign, if any, stands at `start`.
    fn number(&mut self, start: Span) -> Parsed<ExprKind> {
        let kind = match self.kind() {
            TokenKind::Integer => {
                self.check_integer(start)?;
                NumberKind::Integer
            }
            TokenKind::Decimal => NumberKind::Decimal,
            TokenKind::Double => NumberKind::Double,
            _ => return Err(self.unexpected("<integer>, <decimal>, <double>")),
        };
        self.advance();
        Ok(ExprKind::Number(kind))
    }

    /// Trino reads integers into Java's `long`.
    pub(super) fn check_integer(&self, start: Span) -> Parsed<()> {
        let token = self.token(0);
        let negative = start != token.span;
        let (radix, digits) = match self.text_of(token).as_bytes() {
            [b'0', b'x' | b'X', digits @ ..] => (16, digits),
            [b'0', b'o' | b'O', digits @ ..] => (8, digits),
            [b'0', b'b' | b'B', digits @ ..] => (2, digits),
            digits => (10, digits),
        };
        let mut digits = digits.iter().filter(|digit| **digit != b'_');
        let value = digits.try_fold(0_u64, |value, digit| {
            value.checked_mul(radix.into())?.checked_add(char::from(*digit).to_digit(radix)?.into())
        });
        let most = if negative { 1 << 63 } else { (1 << 63) - 1 };
        if value.is_some_and(|value| value <= most) {
            return Ok(());
        }
        let sign = if negative { "-" } else { "" };
        Err(SqlError::syntax(start, format!("Invalid numeric literal: {sign}{}", self.text_of(token))))
    }

    fn binary(&mut self) -> Parsed<ExprKind> {
        let token = self.token(0);
        let digits = self.text_of(token).get(2..).and_then(|rest| rest.strip_suffix('\'')).unwrap_or_default();
        let mut count = 0;
        for digit in digits.chars().filter(|digit| !matches!(digit, ' ' | '\r' | '\n' | '\t' | '\u{c}' | '\u{b}')) {
            if !digit.is_ascii_hexdigit() {
                let message = "Binary literal can only contain hexadecimal digits";
                return Err(SqlError::syntax(token.span, message));
            }
            count += 1;
        }
        if count % 2 == 1 {
            return Err(SqlError::syntax(token.span, "Binary literal must contain an even number of digits"));
        }
        self.advance();
        Ok(ExprKind::Binary)
    }

    /// What begins with `(`: a lambda, a sub-query, a row, an expression.
    pub(super) fn parenthesized(&mut self) -> Parsed<Expr> {
        let start = self.here();
        if let Some(parameters) = self.lambda_parameters() {
            let body = Box::new(self.expression()?);
            return Ok(Expr { span: self.since(start), kind: ExprKind::Lambda { parameters, body } });
        }
        self.expect_symbol("(")?;
        self.note_all(&[")", "<query>"]);
        let kind = if self.is_query_start(0) {
            ExprKind::Subquery(Box::new(self.query()?))
        } else if self.is_symbol("(") && self.parenthesis_holds_query(0) {
            let first = self.nested(Self::parenthesized)?;
            match self.query_after_or_alone(first)? {
                Ok(query) => ExprKind::Subquery(Box::new(query)),
                Err(first) => {
                    let items = self.list_after(first)?;
                    row_or_parenthesized(items)
                }
            }
        } else if self.eat_symbol(")") {
            return Err(self.unexpected("'->'"));
        } else {
            let first = self.expression()?;
            if self.maybe_symbol(",") {
                let mut items = vec![first];
                items.append(&mut self.list(Self::expression)?);
                ExprKind::Row(items)
            } else {
                ExprKind::Parenthesized(Box::new(first))
            }
        };
        self.expect_symbol(")")?;
        Ok(Expr { span: self.since(start), kind })
    }

    /// `(a, b) ->`, or nothing read.
    fn lambda_parameters(&mut self) -> Option<Vec<Identifier>> {
        let before = self.at;
        let mut parameters = Vec::new();
        self.advance();
        while self.is_identifier_at(0) && (self.is_symbol_at(1, ",") || self.is_symbol_at(1, ")")) {
            parameters.push(self.identifier().ok()?);
            // A name has to follow each comma.
            if !(self.is_identifier_at(1) && self.eat_symbol(",")) {
                break;
            }
        }
        if self.is_symbol(")") && self.is_symbol_at(1, "->") {
            self.skip(2);
            return Some(parameters);
        }
        self.go_to(before);
        None
    }

    /// Forms that begin with a reserved word.
    fn reserved_rule(&self) -> Rule<'a> {
        let rules: [(&str, Rule<'a>); 10] = [
            ("NULL", |parser| {
                parser.advance();
                Ok(ExprKind::Null)
            }),
            ("TRUE", Self::boolean_literal),
            ("FALSE", Self::boolean_literal),
            ("EXISTS", |parser| {
                parser.advance();
                parser.parenthesized_query().map(|query| ExprKind::Exists(Box::new(query)))
            }),
            ("CASE", Self::case),
            ("CAST", Self::cast),
            ("TRIM", Self::trim),
            ("NORMALIZE", Self::normalize),
            ("EXTRACT", Self::extract),
            ("GROUPING", Self::grouping),
        ];
        if let Some((_, rule)) = rules.iter().find(|(word, _)| self.is(word)) {
            return *rule;
        }
        if CURRENT.iter().any(|(word, ..)| self.is(word)) {
            return Self::current;
        }
        if self.is("LISTAGG") { Self::listagg } else { Self::json_form }
    }

    fn boolean_literal(&mut self) -> Parsed<ExprKind> {
        let value = self.is("TRUE");
        self.advance();
        Ok(ExprKind::Boolean(value))
    }

    fn normalize(&mut self) -> Parsed<ExprKind> {
        self.advance();
        self.expect_symbol("(")?;
        let operands = vec![self.nested(|parser| parser.value(None))?];
        let form = if self.eat_symbol(",") {
            Some(self.one_of(&[
                ("NFD", NormalForm::Nfd),
                ("NFC", NormalForm::Nfc),
                ("NFKD", NormalForm::Nfkd),
                ("NFKC", NormalForm::Nfkc),
            ])?)
        } else {
            None
        };
        self.expect_symbol(")")?;
        Ok(ExprKind::SpecialForm { form: SpecialForm::Normalize(form), operands })
    }

    fn extract(&mut self) -> Parsed<ExprKind> {
        let start = self.here();
        self.advance();
        self.expect_symbol("(")?;
        let field = self.identifier()?;
        self.expect("FROM")?;
        let value = Box::new(self.nested(|parser| parser.value(None))?);
        self.expect_symbol(")")?;
        let written = field.span.of(self.text);
        if !EXTRACT_FIELDS.iter().any(|known| known.eq_ignore_ascii_case(written)) {
            let known = EXTRACT_FIELDS.join(", ");
            let message = format!("Invalid EXTRACT field {written}, valid fields are: {known}");
            return Err(SqlError::syntax(start, message));
        }
        Ok(ExprKind::Extract { field, value })
    }

    fn grouping(&mut self) -> Parsed<ExprKind> {
        self.advance();
        self.expect_symbol("(")?;
        if self.is_symbol(")") {
            return Err(SqlError::syntax(self.here(), "grouping operation columns cannot be empty"));
        }
        let columns = self.list(Self::qualified_name)?;
        self.expect_symbol(")")?;
        Ok(ExprKind::Grouping(columns))
    }

    fn current(&mut self) -> Parsed<ExprKind> {
        let Some((_, kind, precision)) = CURRENT.iter().find(|(word, ..)| self.is(word)) else {
            return Err(self.unexpected("<expression>"));
        };
        self.advance();
        let mut value = CurrentValue { kind: *kind, precision: None };
        if *precision && self.eat_symbol("(") {
            let digits = self.integer()?;
            // Trino reads it into Java's `int`, which knows no other notation.
            let Some(number) = digits.of(self.text).parse().ok().filter(|number| *number <= i32::MAX as u32) else {
                return Err(SqlError::syntax(digits, format!("Invalid precision: {}", digits.of(self.text))));
            };
            value.precision = Some(number);
            self.expect_symbol(")")?;
        }
        Ok(ExprKind::Current(value))
    }

    fn case(&mut self) -> Parsed<ExprKind> {
        self.advance();
        let operand = if self.is("WHEN") { None } else { Some(Box::new(self.expression()?)) };
        let mut whens = Vec::new();
        while self.eat("WHEN") {
            let condition = if operand.is_some() && self.partial_predicate_follows() {
                let value = self.case_operand();
                self.nested(|parser| parser.predicate_behind(value))?
            } else {
                self.expression()?
            };
            self.expect("THEN")?;
            whens.push((condition, self.expression()?));
        }
        if whens.is_empty() {
            return Err(self.unexpected("'WHEN'"));
        }
        let otherwise = if self.eat("ELSE") { Some(Box::new(self.expression()?)) } else { None };
        self.expect("END")?;
        Ok(ExprKind::Case { operand, whens, otherwise })
    }

    fn cast(&mut self) -> Parsed<ExprKind> {
        let safe = self.is("TRY_CAST");
        self.advance();
        self.expect_symbol("(")?;
        let value = Box::new(self.expression()?);
        self.expect("AS")?;
        let data_type = Box::new(self.data_type()?);
        self.expect_symbol(")")?;
        Ok(ExprKind::Cast { safe, value, data_type })
    }

    fn trim(&mut self) -> Parsed<ExprKind> {
        let start = self.here();
        self.advance();
        let with_from = self.stands_in_parenthesis(0, "FROM");
        self.expect_symbol("(")?;
        let mut operands = Vec::new();
        let mut side = None;
        if with_from {
            let specified =
                self.is_any(&["LEADING", "TRAILING", "BOTH"]) && (self.is_at(1, "FROM") || self.all_quantifies());
            if specified {
                let sides =
                    [("LEADING", TrimSide::Leading), ("TRAILING", TrimSide::Trailing), ("BOTH", TrimSide::Both)];
                side = Some(self.one_of(&sides)?);
            }
            if !self.is("FROM") {
                operands.push(self.nested(|parser| parser.value(None))?);
            } else if side.is_none() {
                let message = "The 'trim' function must have specification, char or both arguments when it takes FROM";
                return Err(SqlError::syntax(start, message));
            }
            self.expect("FROM")?;
            operands.push(self.nested(|parser| parser.value(None))?);
        } else {
            operands.push(self.nested(|parser| parser.value(None))?);
            if self.eat_symbol(",") {
                operands.push(self.nested(|parser| parser.value(None))?);
            }
        }
        self.expect_symbol(")")?;
        Ok(ExprKind::SpecialForm { form: SpecialForm::Trim { side, from: with_from }, operands })
    }

    /// Forms that begin with a word which may be an identifier too.
    fn word_rule(&self) -> Rule<'a> {
        if self.is("INTERVAL") && self.is_interval_at(1) {
            return Self::interval;
        }
        if self.is("DOUBLE") && self.is_at(1, "PRECISION") && self.is_string_at(2) {
            return |parser| {
                let type_name = parser.double_precision()?;
                Ok(ExprKind::TypedLiteral { type_name, value: Box::new(parser.string()?) })
            };
        }
        if self.is_symbol_at(1, "(") {
            if self.is("TRY_CAST") && self.stands_in_parenthesis(1, "AS") {
                return Self::cast;
            }
            if self.is("ROW") && !self.row_is_called() {
                return |parser| {
                    parser.advance();
                    if parser.has_483() {
                        return parser.row_fields();
                    }
                    parser.parenthesized_list(Self::expression).map(ExprKind::Row)
                };
            }
            if self.has_483() && self.is("OVERLAY") && self.stands_in_parenthesis(1, "FROM") {
                return Self::overlay;
            }
            if self.unique_follows() {
                return |parser| {
                    parser.advance();
                    parser.parenthesized_query().map(|query| newer(NewerExpr::Unique(query)))
                };
            }
            let position = self.is("POSITION") && self.position_follows();
            if position || (self.is("SUBSTRING") && self.stands_in_parenthesis(1, "FROM")) {
                return Self::position_or_substring;
            }
        }
        // `[*]` takes all elements of what has the name.
        let all = self.has_483() && self.is_symbol_at(2, "*") && self.is_symbol_at(3, "]");
        if self.is("ARRAY") && self.is_symbol_at(1, "[") && !all {
            return |parser| {
                parser.advance();
                parser.array()
            };
        }
        Self::name_form
    }

    /// `[a, b]`, with the word `ARRAY` in front or without it.
    fn array(&mut self) -> Parsed<ExprKind> {
        self.expect_symbol("[")?;
        self.note("]");
        let items = if self.is_symbol("]") { Vec::new() } else { self.list(Self::expression)? };
        self.expect_symbol("]")?;
        Ok(ExprKind::Array(items))
    }

    /// `POSITION (a IN b)` and `SUBSTRING (a FROM b FOR c)`; both words are also ordinary function names.
    fn position_or_substring(&mut self) -> Parsed<ExprKind> {
        let position = self.is("POSITION");
        self.advance();
        self.expect_symbol("(")?;
        let mut operands = vec![self.nested(|parser| parser.value(None))?];
        self.expect(if position { "IN" } else { "FROM" })?;
        operands.push(self.nested(|parser| parser.value(None))?);
        if !position && self.eat("FOR") {
            operands.push(self.nested(|parser| parser.value(None))?);
        }
        self.expect_symbol(")")?;
        let form = if position { SpecialForm::Position } else { SpecialForm::Substring };
        Ok(ExprKind::SpecialForm { form, operands })
    }

    pub(super) fn is_string_at(&self, ahead: usize) -> bool {
        matches!(self.token(ahead).kind, TokenKind::String | TokenKind::UnicodeString)
    }
}

fn row_or_parenthesized(mut items: Vec<Expr>) -> ExprKind {
    match (items.len(), items.pop()) {
        (1, Some(only)) => ExprKind::Parenthesized(Box::new(only)),
        (_, last) => {
            items.extend(last);
            ExprKind::Row(items)
        }
    }
}
