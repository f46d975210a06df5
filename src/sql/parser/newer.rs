//! What came after Trino 476 in expressions and in `FROM`.

use super::{Parsed, Parser};
use crate::sql::ast::{
    CallArgument, Expr, ExprKind, Identifier, MatchKind, Nearest, NewerExpr, Pivot, PivotAggregation, PivotGroup,
    QualifiedName, Relation, RowField, Span,
};
use crate::sql::token::TokenKind;

pub(super) fn newer(node: NewerExpr) -> ExprKind {
    ExprKind::Newer(Box::new(node))
}

/// Predicates.
impl Parser<'_> {
    /// Whether a predicate comes next that came after Trino 476.
    pub(super) fn newer_predicate_follows(&self) -> bool {
        self.has_483() && (self.is("OVERLAPS") || self.match_predicate_follows())
    }

    pub(super) fn newer_predicate(&mut self, value: Expr) -> Parsed<ExprKind> {
        if self.eat("OVERLAPS") {
            return Ok(newer(NewerExpr::Overlaps { left: value, right: self.value(None)? }));
        }
        self.match_predicate(value)
    }

    /// Whether `ahead` stands what came after Trino 476 and can only go on with an operand before it.
    pub(super) fn newer_operand_ends_at(&self, ahead: usize) -> bool {
        let all = ["[", "*", "]"].iter().enumerate().all(|(at, symbol)| self.is_symbol_at(ahead + at, symbol));
        let local = self.is_at(ahead, "AT") && self.is_at(ahead + 1, "LOCAL");
        self.has_483() && (all || local || self.match_predicate_follows_at(ahead))
    }

    fn match_predicate_follows(&self) -> bool {
        self.match_predicate_follows_at(0)
    }

    /// Whether `MATCH` stands `ahead` as the word of a predicate: a query in parentheses follows.
    fn match_predicate_follows_at(&self, ahead: usize) -> bool {
        if !(self.has_483() && self.is_at(ahead, "MATCH")) || self.match_clause == Some(self.at + ahead) {
            return false;
        }
        let unique = ahead + 1 + usize::from(self.is_at(ahead + 1, "UNIQUE"));
        let kind = ["SIMPLE", "PARTIAL", "FULL"].iter().any(|word| self.is_at(unique, word));
        self.parenthesis_holds_query(unique + usize::from(kind))
    }

    /// `MATCH [UNIQUE] [SIMPLE | PARTIAL | FULL] (query)`.
    fn match_predicate(&mut self, value: Expr) -> Parsed<ExprKind> {
        self.expect("MATCH")?;
        let unique = self.eat("UNIQUE");
        let kind = if self.eat("PARTIAL") {
            MatchKind::Partial
        } else if self.eat("FULL") {
            MatchKind::Full
        } else {
            self.eat("SIMPLE");
            MatchKind::Simple
        };
        let query = self.parenthesized_query()?;
        Ok(newer(NewerExpr::Match { value, unique, kind, query }))
    }

    /// `SYMMETRIC` or `ASYMMETRIC` behind `BETWEEN`; either word is a column where no value follows it.
    pub(super) fn symmetry(&mut self) -> Option<bool> {
        let symmetric = self.is("SYMMETRIC");
        if !(self.has_483() && (symmetric || self.is("ASYMMETRIC"))) {
            return None;
        }
        let of_column = self.newer_operand_ends_at(1)
            || self.zone_follows_at(1)
            || (self.is_at(1, "OVER")
                && self.is_identifier_at(2)
                && !self.over_follows_at(2)
                && !self.zone_follows_at(2))
            || (self.is_symbol_at(1, "(") && !self.parenthesis_holds_query(1) && self.called_with_nothing_or_words());
        if of_column || !self.starts_value_at(1) {
            return None;
        }
        self.advance();
        Some(symmetric)
    }

    /// Whether `AT TIME` or `AT LOCAL` stands `ahead`.
    fn zone_follows_at(&self, ahead: usize) -> bool {
        self.is_at(ahead, "AT") && (self.is_at(ahead + 1, "TIME") || self.is_at(ahead + 1, "LOCAL"))
    }

    /// Whether the word that comes next is a function's name by what stands in the parenthesis behind it.
    fn called_with_nothing_or_words(&self) -> bool {
        (self.is_symbol_at(2, ")") && !self.is_symbol_at(3, "->")) || self.can_only_be_called_at(0)
    }

    /// Whether a predicate without its value comes next, behind the `WHEN` of a simple `CASE`.
    pub(super) fn partial_predicate_follows(&self) -> bool {
        if !self.has_483() {
            return false;
        }
        let comparison = ["=", "<>", "!=", "<", "<=", ">", ">="].iter().any(|symbol| self.is_symbol(symbol));
        let negated = self.is("NOT") && ["BETWEEN", "IN", "LIKE"].iter().any(|word| self.is_at(1, word));
        comparison || negated || self.is_any(&["BETWEEN", "IN", "LIKE", "IS", "OVERLAPS"]) || self.partial_match()
    }

    /// `match ((SELECT 1))` is a predicate only where nothing goes on with it as a call.
    fn partial_match(&self) -> bool {
        if !self.match_predicate_follows() {
            return false;
        }
        if !(self.is_symbol_at(1, "(") && self.is_symbol_at(2, "(")) || self.parenthesis_is_query(1) {
            return true;
        }
        let mut at = 1;
        while self.is_symbol_at(at + 1, "(") {
            at += 1;
            if !self.is_symbol_at(self.after_parenthesis(at), ")") {
                return false;
            }
        }
        self.is_at(self.after_parenthesis(1), "THEN")
    }

    /// The operand of a simple `CASE`, which a predicate behind `WHEN` goes on with.
    pub(super) fn case_operand(&self) -> Expr {
        let start = self.here().start;
        Expr { span: Span { start, end: start }, kind: newer(NewerExpr::CaseOperand) }
    }
}

/// Primary expressions.
impl Parser<'_> {
    /// Whether `qualified.name::` comes next.
    pub(super) fn static_call_follows(&self) -> bool {
        let mut at = 0;
        while self.is_identifier_at(at) {
            if !self.is_symbol_at(at + 1, ".") {
                return self.is_symbol_at(at + 1, "::");
            }
            at += 2;
        }
        false
    }

    /// `type::method (arguments)`.
    pub(super) fn static_call(&mut self) -> Parsed<ExprKind> {
        let type_name = self.qualified_name()?;
        self.expect_symbol("::")?;
        let method = self.method_name()?;
        self.expect_symbol("(")?;
        let arguments = self.call_arguments()?;
        Ok(newer(NewerExpr::StaticMethodCall { type_name, method, arguments }))
    }

    /// Whether the dot that comes next stands before a method and its arguments.
    pub(super) fn method_follows(&self) -> bool {
        let word = matches!(self.token(1).kind, TokenKind::Word { .. });
        self.has_483() && self.is_symbol(".") && (word || self.is_identifier_at(1)) && self.is_symbol_at(2, "(")
    }

    /// `.method (arguments)`.
    pub(super) fn method_call(&mut self, receiver: Expr) -> Parsed<ExprKind> {
        self.expect_symbol(".")?;
        let method = self.method_name()?;
        self.expect_symbol("(")?;
        let arguments = self.nested(Self::call_arguments)?;
        Ok(newer(NewerExpr::MethodCall { receiver, method, arguments }))
    }

    /// Any word of the grammar may name a method.
    fn method_name(&mut self) -> Parsed<Identifier> {
        let token = self.token(0);
        if token.kind != (TokenKind::Word { reserved: true }) {
            return self.identifier();
        }
        self.advance();
        Ok(Identifier { value: self.text_of(token).into(), delimited: false, span: token.span })
    }

    /// `.'field'`, which Trino takes for `."field"`.
    pub(super) fn string_field(&mut self) -> Parsed<Identifier> {
        let string = self.string()?;
        if string.value.is_empty() {
            self.object(string.span, "value is empty");
        }
        Ok(Identifier { value: string.value, delimited: true, span: string.span })
    }

    /// The fields of `ROW (…)`.
    pub(super) fn row_fields(&mut self) -> Parsed<ExprKind> {
        let fields = self.parenthesized_list(|parser| {
            let start = parser.here();
            let value = parser.expression()?;
            let name = parser.field_name()?;
            Ok(RowField { span: parser.since(start), value, name })
        })?;
        if fields.iter().all(|field| field.name.is_none()) {
            return Ok(ExprKind::Row(fields.into_iter().map(|field| field.value).collect()));
        }
        Ok(newer(NewerExpr::Row(fields)))
    }

    /// `[[AS] name]`.
    fn field_name(&mut self) -> Parsed<Option<Identifier>> {
        if self.maybe("AS") || self.is_identifier_at(0) {
            return self.identifier().map(Some);
        }
        self.note("<identifier>");
        Ok(None)
    }

    /// `UNIQUE (query)`; what may be a call of a function of that name is one.
    pub(super) fn unique_follows(&self) -> bool {
        let after = || self.after_parenthesis(2);
        self.has_483()
            && self.is("UNIQUE")
            && self.parenthesis_is_query(1)
            && !(self.is_symbol_at(2, "(") && self.is_at(after(), "ORDER"))
    }

    /// `OVERLAY (value PLACING replacement FROM start [FOR length])`.
    pub(super) fn overlay(&mut self) -> Parsed<ExprKind> {
        self.advance();
        self.expect_symbol("(")?;
        let mut operands = vec![self.nested(|parser| parser.value(None))?];
        self.expect("PLACING")?;
        operands.push(self.nested(|parser| parser.value(None))?);
        self.expect("FROM")?;
        operands.push(self.nested(|parser| parser.value(None))?);
        if self.eat("FOR") {
            operands.push(self.nested(|parser| parser.value(None))?);
        }
        self.expect_symbol(")")?;
        Ok(newer(NewerExpr::Overlay(operands)))
    }

    /// The arguments of a function, some with names.
    pub(super) fn function_arguments(&mut self) -> Parsed<Vec<CallArgument>> {
        self.list(Self::call_argument)
    }
}

/// `PIVOT` and `NEAREST`.
impl Parser<'_> {
    /// Whether `PIVOT` comes next as the word of its clause, and not as an alias with columns.
    pub(super) fn pivot_follows(&self) -> bool {
        if !(self.has_483() && self.is("PIVOT") && self.is_symbol_at(1, "(")) {
            return false;
        }
        !self.columns_follow(1)
    }

    /// Whether names alone stand in the parenthesis that opens `ahead`, as behind an alias.
    fn columns_follow(&self, ahead: usize) -> bool {
        let mut at = ahead + 1;
        while self.is_identifier_at(at) && self.is_symbol_at(at + 1, ",") {
            at += 2;
        }
        self.is_symbol_at(ahead, "(") && self.is_identifier_at(at) && self.is_symbol_at(at + 1, ")")
    }

    /// `PIVOT (…)` behind a relation that begins at `start`.
    pub(super) fn pivot(&mut self, start: Span, input: Relation) -> Parsed<Relation> {
        self.skip(2);
        let aggregations = self.list(|parser| {
            let start = parser.here();
            let expr = parser.expression()?;
            let alias = parser.field_name()?;
            Ok(PivotAggregation { span: parser.since(start), expr, alias })
        })?;
        self.expect("FOR")?;
        let columns = self.pivot_columns()?;
        self.expect("IN")?;
        let groups = self.parenthesized_list(Self::pivot_group)?;
        let group_by = if self.is("GROUP") { Some(self.group_by()?) } else { None };
        self.expect_symbol(")")?;
        let span = self.since(start);
        Ok(Relation::Pivot(Box::new(Pivot { span, input, aggregations, columns, groups, group_by })))
    }

    fn pivot_columns(&mut self) -> Parsed<Vec<QualifiedName>> {
        if self.is_symbol("(") {
            return self.parenthesized_list(Self::qualified_name);
        }
        Ok(vec![self.qualified_name()?])
    }

    /// `(a, b)` is two values and no row.
    fn pivot_group(&mut self) -> Parsed<PivotGroup> {
        let start = self.here();
        let in_parentheses = self.is_symbol("(");
        let expr = self.expression()?;
        let values = match expr {
            Expr { kind: ExprKind::Row(values), .. } if in_parentheses => values,
            expr => vec![expr],
        };
        let alias = self.field_name()?;
        Ok(PivotGroup { span: self.since(start), values, alias })
    }

    /// `NEAREST (FROM relation [WHERE condition] MATCH condition)`.
    pub(super) fn nearest(&mut self, start: Span) -> Parsed<Relation> {
        self.skip(3);
        let clause = self.find_match_clause();
        let outer = std::mem::replace(&mut self.match_clause, clause);
        let relation = self.relation()?;
        let filter = self.filter()?;
        self.expect("MATCH")?;
        self.match_clause = outer;
        let condition = self.expression()?;
        self.expect_symbol(")")?;
        let nearest = Nearest { span: self.since(start), relation, filter, condition };
        Ok(Relation::Nearest(Box::new(nearest)))
    }

    /// Which `MATCH` begins the condition of a `NEAREST`, since others may be aliases, columns or predicates.
    fn find_match_clause(&self) -> Option<usize> {
        let mut candidates = Vec::new();
        // Behind WHERE or ON there are no aliases.
        let mut in_condition = false;
        let mut ahead = if self.is_symbol("(") { self.after_parenthesis(0) } else { 1 };
        while !self.is_symbol_at(ahead, ")") && self.token(ahead).kind != TokenKind::End {
            if self.is_symbol_at(ahead, "(") {
                ahead = self.after_parenthesis(ahead);
                continue;
            }
            in_condition =
                (in_condition && !self.is_at(ahead, "JOIN")) || self.is_at(ahead, "WHERE") || self.is_at(ahead, "ON");
            if self.is_at(ahead, "MATCH") && self.ends_operand(ahead - 1) && self.starts_value_at(ahead + 1) {
                candidates.push((ahead, in_condition));
            }
            ahead += 1;
        }
        let mut candidates = candidates.into_iter().peekable();
        while let Some((ahead, in_condition)) = candidates.next() {
            let Some((next, _)) = candidates.peek() else { return Some(self.at + ahead) };
            let named = !in_condition && self.columns_follow(ahead + 1);
            if !(named || *next == ahead + 1 || self.parenthesis_holds_query(ahead + 1)) {
                return Some(self.at + ahead);
            }
        }
        None
    }

    fn ends_operand(&self, ahead: usize) -> bool {
        match self.token(ahead).kind {
            TokenKind::Symbol => [")", "]", "?"].iter().any(|symbol| self.is_symbol_at(ahead, symbol)),
            TokenKind::Word { reserved: true } => {
                ["NULL", "TRUE", "FALSE", "END"].iter().any(|word| self.is_at(ahead, word))
            }
            _ => true,
        }
    }
}
