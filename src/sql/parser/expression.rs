//! Expressions: boolean operators, predicates and value operators, loosest first.
//!
//! Each function takes an operand that has been read already, if any: an opening parenthesis may turn out to have begun
//! a query, and reading it twice would take exponential time on nested ones.

use super::newer::newer;
use super::{MAX_NESTING, Parsed, Parser};
use crate::sql::ast::{
    Arguments, ArithmeticOperator, Call, ComparisonOperator, ComparisonQuantifier, Expr, ExprKind, Identifier,
    LogicalOperator, NewerExpr, QualifiedName, Span,
};
use crate::sql::token::TokenKind;

impl Parser<'_> {
    /// Any expression.
    pub(super) fn expression(&mut self) -> Parsed<Expr> {
        match self.column_alone(1, Self::expression_ends_at).or_else(|| self.column_where()) {
            Some(expr) => Ok(expr),
            None => self.nested(|parser| parser.boolean(None)),
        }
    }

    /// `a` or `a.b` before what `ends` takes, the same as the rules would make of it so many levels deeper. Most operands are one of
    /// these, and a guard is full of them: none has to be asked whether it is anything else.
    fn column_alone(&mut self, levels: u32, ends: impl Fn(&Self, usize) -> bool) -> Option<Expr> {
        let qualified = self.is_symbol_at(1, ".");
        let (length, levels) = if qualified { (3, levels + 1) } else { (1, levels) };
        // Where all is read again to say what could stand here, the rules have more to say.
        if !ends(self, length) || self.wrong.is_some() || self.depth + levels > MAX_NESTING {
            return None;
        }
        let start = self.here();
        let first = self.plain_identifier(0)?;
        let field = if qualified { Some(self.plain_identifier(2)?) } else { None };
        self.skip(length);
        self.deepest = self.deepest.max(self.depth + levels);
        let first = Expr { span: start, kind: ExprKind::Identifier(first) };
        let Some(field) = field else { return Some(first) };
        let span = Span { start: start.start, end: field.span.end };
        Some(Expr { span, kind: ExprKind::Dereference { base: Box::new(first), field } })
    }

    /// `IF(a, b)`, the same as the rules would make of it: what each column of a guard is that limits its rows.
    fn column_where(&mut self) -> Option<Expr> {
        let has = |at, symbol| self.is_symbol_at(at, symbol);
        let is_it = self.is("IF") && has(1, "(") && has(3, ",") && has(5, ")") && self.expression_ends_at(6);
        if !is_it || self.wrong.is_some() || self.depth + 2 > MAX_NESTING {
            return None;
        }
        let start = self.here();
        let [name, shown, column] = [self.plain_identifier(0)?, self.plain_identifier(2)?, self.plain_identifier(4)?];
        let column_alone = |name: Identifier| Expr { span: name.span, kind: ExprKind::Identifier(name) };
        let arguments = Arguments::List(vec![column_alone(shown), column_alone(column)]);
        let name = QualifiedName { parts: vec![name], span: start };
        self.skip(6);
        self.deepest = self.deepest.max(self.depth + 2);
        Some(Expr { span: self.since(start), kind: ExprKind::Call(Box::new(Call::of(name, arguments))) })
    }

    /// Whether no expression that begins with a name goes on with the token `ahead`.
    fn expression_ends_at(&self, ahead: usize) -> bool {
        self.is_symbol_at(ahead, ",") || self.is_symbol_at(ahead, ")") || self.is_at(ahead, "AS")
    }

    /// Whether no operand that begins with a name goes on with the token `ahead`: neither a reserved word nor one of these symbols
    /// stands in a call, a literal with its type, a lambda or a window.
    fn operand_ends_at(&self, ahead: usize) -> bool {
        let is = |symbol| self.is_symbol_at(ahead, symbol);
        match self.token(ahead).kind {
            TokenKind::Word { reserved } => reserved,
            TokenKind::Symbol => {
                let compares = is("=") || is("<>") || is("!=") || is("<") || is("<=") || is(">") || is(">=");
                is(",") || is(")") || compares || is("*") || is("/") || is("||")
            }
            _ => false,
        }
    }

    /// An expression whose first operand has been read.
    pub(super) fn expression_after(&mut self, first: Expr) -> Parsed<Expr> {
        self.nested(|parser| parser.boolean(Some(first)))
    }

    /// `OR` chains of `AND` chains, each a flat list. What is neither, as most expressions, passes no function for them.
    fn boolean(&mut self, first: Option<Expr>) -> Parsed<Expr> {
        let term = self.negation(first)?;
        self.note_all(&["AND", "OR"]);
        if !(self.is("AND") || self.is("OR")) {
            return Ok(term);
        }
        let first = self.conjunction(term)?;
        self.note("OR");
        if !self.is("OR") {
            return Ok(first);
        }
        let start = first.span;
        let mut terms = vec![first];
        while self.maybe("OR") {
            let term = self.negation(None)?;
            terms.push(self.conjunction(term)?);
        }
        Ok(Expr { span: self.since(start), kind: ExprKind::Logical { operator: LogicalOperator::Or, terms } })
    }

    fn conjunction(&mut self, first: Expr) -> Parsed<Expr> {
        self.note("AND");
        if !self.is("AND") {
            return Ok(first);
        }
        let start = first.span;
        let mut terms = Vec::with_capacity(4);
        terms.push(first);
        while self.maybe("AND") {
            terms.push(self.negation(None)?);
        }
        Ok(Expr { span: self.since(start), kind: ExprKind::Logical { operator: LogicalOperator::And, terms } })
    }

    /// `NOT`, any number of times, before a predicate. It is inlined since most have none.
    #[inline(always)]
    fn negation(&mut self, first: Option<Expr>) -> Parsed<Expr> {
        if first.is_some() || !self.is("NOT") { self.predicated(first) } else { self.negated() }
    }

    fn negated(&mut self) -> Parsed<Expr> {
        let start = self.here();
        self.advance();
        let operand = self.nested(|parser| parser.negation(None))?;
        Ok(Expr { span: self.since(start), kind: ExprKind::Not(Box::new(operand)) })
    }

    /// A value with at most one predicate: `a = b = c` is not of Trino's grammar.
    fn predicated(&mut self, first: Option<Expr>) -> Parsed<Expr> {
        let value = self.value(first)?;
        self.note("<predicate>");
        self.predicate_behind(value)
    }

    /// A value with the predicate behind it, if there is one.
    pub(super) fn predicate_behind(&mut self, value: Expr) -> Parsed<Expr> {
        match self.kind() {
            TokenKind::Symbol => match self.comparison_operator() {
                Some(operator) => self.predicate(value, |parser, value| parser.comparison(operator, value)),
                None => Ok(value),
            },
            TokenKind::Word { reserved: true }
                if self.is("IS") || self.is("NOT") || self.is("BETWEEN") || self.is("IN") || self.is("LIKE") =>
            {
                self.predicate(value, Self::word_predicate)
            }
            TokenKind::Word { .. } if self.newer_predicate_follows() => self.predicate(value, Self::newer_predicate),
            _ => Ok(value),
        }
    }

    fn predicate(&mut self, value: Expr, read: impl FnOnce(&mut Self, Expr) -> Parsed<ExprKind>) -> Parsed<Expr> {
        let start = value.span;
        let kind = read(self, value)?;
        Ok(Expr { span: self.since(start), kind })
    }

    /// A predicate that begins with a word, which comes next.
    fn word_predicate(&mut self, value: Expr) -> Parsed<ExprKind> {
        if self.eat("IS") {
            return self.is_predicate(value);
        }
        let negated = self.eat("NOT");
        if negated && !self.is_any(&["BETWEEN", "IN", "LIKE"]) {
            return Err(self.unexpected("'BETWEEN', 'IN', 'LIKE'"));
        }
        self.negatable_predicate(negated, value)
    }

    fn is_predicate(&mut self, value: Expr) -> Parsed<ExprKind> {
        let negated = self.maybe("NOT");
        if self.maybe("NULL") {
            return Ok(ExprKind::IsNull { negated, value: Box::new(value) });
        }
        if self.has_483() && self.is_any(&["TRUE", "FALSE", "UNKNOWN"]) {
            let truth = self.one_of(&[("TRUE", Some(true)), ("FALSE", Some(false)), ("UNKNOWN", None)])?;
            return Ok(ExprKind::IsTruth { negated, value: Box::new(value), truth });
        }
        self.expect_all(&["DISTINCT", "FROM"])?;
        let right = Box::new(self.value(None)?);
        Ok(ExprKind::IsDistinctFrom { negated, left: Box::new(value), right })
    }

    fn comparison_operator(&mut self) -> Option<ComparisonOperator> {
        let operator = if self.is_symbol("=") {
            ComparisonOperator::Equal
        } else if self.is_symbol("<>") || self.is_symbol("!=") {
            ComparisonOperator::NotEqual
        } else if self.is_symbol("<") {
            ComparisonOperator::LessThan
        } else if self.is_symbol("<=") {
            ComparisonOperator::LessThanOrEqual
        } else if self.is_symbol(">") {
            ComparisonOperator::GreaterThan
        } else if self.is_symbol(">=") {
            ComparisonOperator::GreaterThanOrEqual
        } else {
            return None;
        };
        self.advance();
        Some(operator)
    }

    fn comparison(&mut self, operator: ComparisonOperator, left: Expr) -> Parsed<ExprKind> {
        let left = Box::new(left);
        if self.is_symbol_at(1, "(") && self.is_any(&["ALL", "SOME", "ANY"]) && self.parenthesis_is_query(1) {
            let quantifier = self.one_of(&[
                ("ALL", ComparisonQuantifier::All),
                ("SOME", ComparisonQuantifier::Some),
                ("ANY", ComparisonQuantifier::Any),
            ])?;
            let query = Box::new(self.parenthesized_query()?);
            return Ok(ExprKind::QuantifiedComparison { operator, quantifier, left, query });
        }
        self.note_all(&["ALL", "ANY", "SOME"]);
        Ok(ExprKind::Comparison { operator, left, right: Box::new(self.value(None)?) })
    }

    fn negatable_predicate(&mut self, negated: bool, value: Expr) -> Parsed<ExprKind> {
        let value = Box::new(value);
        if self.eat("BETWEEN") {
            let symmetry = self.symmetry();
            let low = Box::new(self.value(None)?);
            self.expect("AND")?;
            let high = Box::new(self.value(None)?);
            if let Some(symmetric) = symmetry {
                let (value, low, high) = (*value, *low, *high);
                return Ok(newer(NewerExpr::Between { negated, symmetric, value, low, high }));
            }
            return Ok(ExprKind::Between { negated, value, low, high });
        }
        if self.eat("LIKE") {
            let pattern = Box::new(self.value(None)?);
            let escape = if self.maybe("ESCAPE") { Some(Box::new(self.value(None)?)) } else { None };
            return Ok(ExprKind::Like { negated, value, pattern, escape });
        }
        self.expect("IN")?;
        if self.is_symbol("(") && self.is_query_start(1) {
            let query = Box::new(self.parenthesized_query()?);
            return Ok(ExprKind::InSubquery { negated, value, query });
        }
        self.expect_symbol("(")?;
        if self.is_symbol("(") && self.parenthesis_holds_query(0) {
            // `((SELECT …))` is a list of one sub-query to Trino, `((SELECT …) UNION …)` is a query.
            let first = self.nested(Self::parenthesized)?;
            let list = match self.query_after(first)? {
                Ok(query) => {
                    self.expect_symbol(")")?;
                    return Ok(ExprKind::InSubquery { negated, value, query: Box::new(query) });
                }
                Err(first) => self.list_after(first)?,
            };
            self.expect_symbol(")")?;
            return Ok(ExprKind::InList { negated, value, list });
        }
        if self.is_symbol(")") {
            return Err(self.unexpected("<expression>"));
        }
        let list = self.list(Self::expression)?;
        self.expect_symbol(")")?;
        Ok(ExprKind::InList { negated, value, list })
    }

    /// The rest of a list whose first item begins with an operand that has been read.
    pub(super) fn list_after(&mut self, first: Expr) -> Parsed<Vec<Expr>> {
        let mut items = vec![self.expression_after(first)?];
        while self.eat_symbol(",") {
            items.push(self.expression()?);
        }
        Ok(items)
    }

    /// `||` chains of `+`/`-` chains of `*`/`/`/`%` chains, each a flat list. An operand that stands alone, as most do,
    /// passes no function for them.
    pub(super) fn value(&mut self, first: Option<Expr>) -> Parsed<Expr> {
        let operand = self.signed(first)?;
        let multiplied = self.is_symbol("*") || self.is_symbol("/") || self.is_symbol("%");
        if multiplied || self.is_symbol("+") || self.is_symbol("-") || self.is_symbol("||") {
            return self.operators(operand);
        }
        self.note_all(&["*", "/", "%", "+", "-", "||"]);
        Ok(operand)
    }

    fn operators(&mut self, operand: Expr) -> Parsed<Expr> {
        let start = operand.span;
        let first = self.sum(operand)?;
        self.note("||");
        if !self.is_symbol("||") {
            return Ok(first);
        }
        let mut parts = vec![first];
        while self.maybe_symbol("||") {
            let operand = self.signed(None)?;
            parts.push(self.sum(operand)?);
        }
        Ok(Expr { span: self.since(start), kind: ExprKind::Concat(parts) })
    }

    fn sum(&mut self, operand: Expr) -> Parsed<Expr> {
        let start = operand.span;
        let first = self.product(operand)?;
        let mut rest = Vec::new();
        loop {
            let operator = if self.maybe_symbol("+") {
                ArithmeticOperator::Add
            } else if self.maybe_symbol("-") {
                ArithmeticOperator::Subtract
            } else {
                return Ok(self.arithmetic(start, first, rest));
            };
            let operand = self.signed(None)?;
            rest.push((operator, self.product(operand)?));
        }
    }

    fn product(&mut self, first: Expr) -> Parsed<Expr> {
        let start = first.span;
        let mut rest = Vec::new();
        loop {
            let operator = if self.maybe_symbol("*") {
                ArithmeticOperator::Multiply
            } else if self.maybe_symbol("/") {
                ArithmeticOperator::Divide
            } else if self.maybe_symbol("%") {
                ArithmeticOperator::Modulus
            } else {
                return Ok(self.arithmetic(start, first, rest));
            };
            rest.push((operator, self.signed(None)?));
        }
    }

    fn arithmetic(&self, start: Span, first: Expr, rest: Vec<(ArithmeticOperator, Expr)>) -> Expr {
        if rest.is_empty() {
            return first;
        }
        Expr { span: self.since(start), kind: ExprKind::Arithmetic { first: Box::new(first), rest } }
    }

    /// Signs before a value, and `AT TIME ZONE` behind it, which binds more tightly.
    fn signed(&mut self, first: Option<Expr>) -> Parsed<Expr> {
        if first.is_none()
            && let Some(column) = self.column_alone(0, Self::operand_ends_at)
        {
            return Ok(column);
        }
        let start = first.as_ref().map_or(self.here(), |expr| expr.span);
        if first.is_none() {
            let negative = self.is_symbol("-");
            let literal = negative && self.is_number_at(1);
            if (negative || self.is_symbol("+")) && !literal {
                return self.unary(negative);
            }
        }
        let outer = self.begin_chain();
        let mut value = self.postfix(first)?;
        while self.is("AT") {
            if self.has_483() && self.eat_all(&["AT", "LOCAL"]) {
                self.lengthen_chain()?;
                value = Expr { span: self.since(start), kind: newer(NewerExpr::AtLocal(value)) };
                continue;
            }
            if !self.eat_all(&["AT", "TIME"]) {
                break;
            }
            self.expect("ZONE")?;
            self.lengthen_chain()?;
            let zone_start = self.here();
            let kind = if self.is("INTERVAL") { self.interval()? } else { ExprKind::String(self.string()?) };
            let zone = Box::new(Expr { span: self.since(zone_start), kind });
            value = Expr { span: self.since(start), kind: ExprKind::AtTimeZone { value: Box::new(value), zone } };
        }
        self.note("AT");
        self.end_chain(outer);
        Ok(value)
    }

    fn unary(&mut self, negative: bool) -> Parsed<Expr> {
        let start = self.here();
        self.advance();
        let operand = Box::new(self.nested(|parser| parser.signed(None))?);
        Ok(Expr { span: self.since(start), kind: ExprKind::Unary { negative, operand } })
    }

    fn is_number_at(&self, ahead: usize) -> bool {
        matches!(self.token(ahead).kind, TokenKind::Integer | TokenKind::Decimal | TokenKind::Double)
    }
}
