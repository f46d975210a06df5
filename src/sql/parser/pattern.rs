//! Windows, their frames, and row patterns.

use super::{Parsed, Parser};
use crate::sql::ast::{
    FrameBound, FrameUnit, PatternClauses, RowPattern, RowPatternKind, RowPatternQuantifier, RowsPerMatch, SkipTo,
    Span, WindowFrame, WindowSpecification,
};
use crate::sql::token::TokenKind;

fn no_clauses() -> PatternClauses {
    PatternClauses {
        measures: Vec::new(),
        partition_by: Vec::new(),
        order_by: Vec::new(),
        rows_per_match: None,
        skip_to: None,
        seek: None,
        pattern: None,
        subsets: Vec::new(),
        definitions: Vec::new(),
    }
}

impl Parser<'_> {
    /// What stands in the parentheses of `OVER ( … )`.
    pub(super) fn window_specification(&mut self) -> Parsed<WindowSpecification> {
        let start = self.here();
        let existing = if self.window_name_follows() { Some(self.identifier()?) } else { None };
        let partition_by = if self.eat_all(&["PARTITION", "BY"]) { self.list(Self::expression)? } else { Vec::new() };
        let order_by = self.order_by()?;
        let frame = if self.is_any(&["MEASURES", "RANGE", "ROWS", "GROUPS"]) { Some(self.frame()?) } else { None };
        Ok(WindowSpecification { span: self.since(start), existing, partition_by, order_by, frame })
    }

    /// Whether the first word is a window's name, although the words of the clauses may be names too.
    fn window_name_follows(&self) -> bool {
        let units = ["MEASURES", "RANGE", "ROWS", "GROUPS"];
        if !self.is_identifier_at(0) || self.are(&["PARTITION", "BY"]) {
            return false;
        }
        let bound = self.is_at(2, "PRECEDING") || self.is_at(2, "FOLLOWING");
        !self.is_any(&units)
            || self.is_symbol_at(1, ")")
            || self.is_at(1, "ORDER")
            || (self.is_at(1, "PARTITION") && self.is_at(2, "BY"))
            || (units.iter().any(|unit| self.is_at(1, unit)) && !bound)
    }

    fn frame(&mut self) -> Parsed<WindowFrame> {
        let start = self.here();
        let mut clauses = no_clauses();
        self.measures(&mut clauses)?;
        let unit =
            self.one_of(&[("RANGE", FrameUnit::Range), ("ROWS", FrameUnit::Rows), ("GROUPS", FrameUnit::Groups)])?;
        let (first, end) = if self.is("BETWEEN") {
            self.advance();
            let first = self.frame_bound()?;
            self.expect("AND")?;
            (first, Some(self.frame_bound()?))
        } else {
            (self.frame_bound()?, None)
        };
        self.skip_and_seek(&mut clauses)?;
        if self.eat("PATTERN") {
            clauses.pattern = Some(self.parenthesized_pattern()?);
        }
        self.subsets(&mut clauses)?;
        if self.eat("DEFINE") {
            self.definitions(&mut clauses)?;
        }
        let pattern = (clauses != no_clauses()).then(|| Box::new(clauses));
        Ok(WindowFrame { span: self.since(start), unit, start: first, end, pattern })
    }

    fn frame_bound(&mut self) -> Parsed<FrameBound> {
        if self.is("UNBOUNDED") && (self.is_at(1, "PRECEDING") || self.is_at(1, "FOLLOWING")) {
            self.advance();
            return self.one_of(&[("PRECEDING", ()), ("FOLLOWING", ())]).map(|()| {
                let before = self.at.checked_sub(1).and_then(|at| self.tokens.get(at));
                match before.is_some_and(|token| self.text_of(*token).eq_ignore_ascii_case("PRECEDING")) {
                    true => FrameBound::UnboundedPreceding,
                    false => FrameBound::UnboundedFollowing,
                }
            });
        }
        if self.eat_all(&["CURRENT", "ROW"]) {
            return Ok(FrameBound::CurrentRow);
        }
        let value = self.expression()?;
        let preceding = self.one_of(&[("PRECEDING", true), ("FOLLOWING", false)])?;
        Ok(if preceding { FrameBound::Preceding(value) } else { FrameBound::Following(value) })
    }

    /// What stands in the parentheses of `MATCH_RECOGNIZE ( … )`.
    pub(super) fn match_recognize(&mut self) -> Parsed<PatternClauses> {
        let mut clauses = no_clauses();
        if self.eat_all(&["PARTITION", "BY"]) {
            clauses.partition_by = self.list(Self::expression)?;
        }
        clauses.order_by = self.order_by()?;
        self.measures(&mut clauses)?;
        clauses.rows_per_match = self.rows_per_match()?;
        self.skip_and_seek(&mut clauses)?;
        self.expect("PATTERN")?;
        clauses.pattern = Some(self.parenthesized_pattern()?);
        self.subsets(&mut clauses)?;
        self.expect("DEFINE")?;
        self.definitions(&mut clauses)?;
        Ok(clauses)
    }

    fn measures(&mut self, clauses: &mut PatternClauses) -> Parsed<()> {
        if self.eat("MEASURES") {
            clauses.measures = self.list(|parser| {
                let measure = parser.expression()?;
                parser.expect("AS")?;
                Ok((measure, parser.identifier()?))
            })?;
        }
        Ok(())
    }

    fn rows_per_match(&mut self) -> Parsed<Option<RowsPerMatch>> {
        if self.eat("ONE") {
            self.expect_all(&["ROW", "PER", "MATCH"])?;
            return Ok(Some(RowsPerMatch::One));
        }
        if !self.eat("ALL") {
            return Ok(None);
        }
        self.expect_all(&["ROWS", "PER", "MATCH"])?;
        Ok(Some(if self.eat_all(&["SHOW", "EMPTY", "MATCHES"]) {
            RowsPerMatch::AllShowEmpty
        } else if self.eat_all(&["OMIT", "EMPTY", "MATCHES"]) {
            RowsPerMatch::AllOmitEmpty
        } else if self.eat_all(&["WITH", "UNMATCHED", "ROWS"]) {
            RowsPerMatch::AllWithUnmatched
        } else {
            RowsPerMatch::All
        }))
    }

    fn skip_and_seek(&mut self, clauses: &mut PatternClauses) -> Parsed<()> {
        if self.eat("AFTER") {
            self.expect_all(&["MATCH", "SKIP"])?;
            clauses.skip_to = Some(self.skip_to()?);
        }
        if self.is_any(&["INITIAL", "SEEK"]) {
            clauses.seek = Some(self.one_of(&[("SEEK", true), ("INITIAL", false)])?);
        }
        Ok(())
    }

    fn skip_to(&mut self) -> Parsed<SkipTo> {
        if self.eat("PAST") {
            self.expect_all(&["LAST", "ROW"])?;
            return Ok(SkipTo::PastLastRow);
        }
        self.expect("TO")?;
        if self.eat_all(&["NEXT", "ROW"]) {
            return Ok(SkipTo::NextRow);
        }
        if self.is("FIRST") && self.is_identifier_at(1) && !self.is_pattern_clause_at(1) {
            self.advance();
            return Ok(SkipTo::First(self.identifier()?));
        }
        if self.is("LAST") && self.is_identifier_at(1) && !self.is_pattern_clause_at(1) {
            self.advance();
            return Ok(SkipTo::Last(self.identifier()?));
        }
        Ok(SkipTo::Variable(self.identifier()?))
    }

    fn is_pattern_clause_at(&self, ahead: usize) -> bool {
        (self.is_at(ahead, "PATTERN") && self.is_symbol_at(ahead + 1, "("))
            || ((self.is_at(ahead, "INITIAL") || self.is_at(ahead, "SEEK")) && self.is_at(ahead + 1, "PATTERN"))
    }

    fn subsets(&mut self, clauses: &mut PatternClauses) -> Parsed<()> {
        if self.eat("SUBSET") {
            clauses.subsets = self.list(|parser| {
                let name = parser.identifier()?;
                parser.expect_symbol("=")?;
                Ok((name, parser.parenthesized_list(Self::identifier)?))
            })?;
        }
        Ok(())
    }

    fn definitions(&mut self, clauses: &mut PatternClauses) -> Parsed<()> {
        clauses.definitions = self.list(|parser| {
            let name = parser.identifier()?;
            parser.expect("AS")?;
            Ok((name, parser.expression()?))
        })?;
        Ok(())
    }

    fn parenthesized_pattern(&mut self) -> Parsed<RowPattern> {
        self.expect_symbol("(")?;
        let pattern = self.row_pattern()?;
        self.expect_symbol(")")?;
        Ok(pattern)
    }

    /// Alternatives of concatenations of quantified patterns.
    fn row_pattern(&mut self) -> Parsed<RowPattern> {
        self.nested(|parser| {
            let start = parser.here();
            let mut alternatives = vec![parser.concatenation()?];
            while parser.eat_symbol("|") {
                alternatives.push(parser.concatenation()?);
            }
            Ok(one_or(alternatives, parser.since(start), RowPatternKind::Alternation))
        })
    }

    fn concatenation(&mut self) -> Parsed<RowPattern> {
        let start = self.here();
        let mut parts = vec![self.quantified()?];
        while self.is_identifier_at(0) || ["(", "^", "$", "{-"].iter().any(|symbol| self.is_symbol(symbol)) {
            parts.push(self.quantified()?);
        }
        Ok(one_or(parts, self.since(start), RowPatternKind::Concatenation))
    }

    fn quantified(&mut self) -> Parsed<RowPattern> {
        let start = self.here();
        let pattern = self.pattern_primary()?;
        let quantifier = self.here();
        let repeated = if self.eat_symbol("*") {
            RowPatternQuantifier::ZeroOrMore
        } else if self.eat_symbol("+") {
            RowPatternQuantifier::OneOrMore
        } else if self.eat_symbol("?") {
            RowPatternQuantifier::ZeroOrOne
        } else if self.eat_symbol("{") {
            self.counts()?
        } else {
            return Ok(pattern);
        };
        let reluctant = self.eat_symbol("?");
        let span = self.since(quantifier);
        let kind = RowPatternKind::Quantified { pattern: Box::new(pattern), quantifier: repeated, reluctant, span };
        Ok(RowPattern { span: self.since(start), kind })
    }

    /// What stands behind `{`, the closing brace included.
    fn counts(&mut self) -> Parsed<RowPatternQuantifier> {
        let at_least = self.count()?;
        let counts = if self.eat_symbol(",") {
            RowPatternQuantifier::Range { at_least, at_most: self.count()? }
        } else if let Some(count) = at_least {
            RowPatternQuantifier::Exactly(count)
        } else {
            return Err(self.unexpected("',', <integer>"));
        };
        self.expect_symbol("}")?;
        Ok(counts)
    }

    fn count(&mut self) -> Parsed<Option<Span>> {
        if self.kind() != TokenKind::Integer {
            return Ok(None);
        }
        self.long().map(Some)
    }

    fn pattern_primary(&mut self) -> Parsed<RowPattern> {
        let start = self.here();
        let kind = if self.eat_symbol("^") {
            RowPatternKind::PartitionStart
        } else if self.eat_symbol("$") {
            RowPatternKind::PartitionEnd
        } else if self.eat_symbol("{-") {
            let pattern = self.row_pattern()?;
            self.expect_symbol("-}")?;
            RowPatternKind::Excluded(Box::new(pattern))
        } else if self.is("PERMUTE") && self.is_symbol_at(1, "(") && self.several_patterns_follow(1) {
            self.advance();
            RowPatternKind::Permutation(self.parenthesized_list(Self::row_pattern)?)
        } else if self.is_symbol("(") && self.is_symbol_at(1, ")") {
            self.skip(2);
            RowPatternKind::Empty
        } else if self.is_symbol("(") {
            RowPatternKind::Grouped(Box::new(self.parenthesized_pattern()?))
        } else {
            RowPatternKind::Variable(self.identifier()?)
        };
        Ok(RowPattern { span: self.since(start), kind })
    }
}

fn one_or(mut parts: Vec<RowPattern>, span: Span, many: fn(Vec<RowPattern>) -> RowPatternKind) -> RowPattern {
    match (parts.len(), parts.pop()) {
        (1, Some(only)) => only,
        (_, last) => {
            parts.extend(last);
            RowPattern { span, kind: many(parts) }
        }
    }
}
