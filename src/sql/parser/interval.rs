//! Intervals: their literals and their fields.

use super::{Parsed, Parser};
use crate::sql::ast::{ExprKind, Interval, IntervalField, IntervalQualifier, Span};
use crate::sql::error::SqlError;

impl Parser<'_> {
    /// Whether a text and a field stand `ahead`; without a field it is a literal of a type named `interval`.
    pub(super) fn is_interval_at(&self, ahead: usize) -> bool {
        let sign = self.is_symbol_at(ahead, "+") || self.is_symbol_at(ahead, "-");
        let text = ahead + usize::from(sign);
        let field = if self.is_at(text + 1, "UESCAPE") { text + 3 } else { text + 1 };
        self.is_string_at(text) && self.is_interval_field_at(field)
    }

    /// `INTERVAL [+|-] 'text' from [TO to]`.
    pub(super) fn interval(&mut self) -> Parsed<ExprKind> {
        self.expect("INTERVAL")?;
        let negative = self.eat_symbol("-");
        if !negative {
            self.eat_symbol("+");
        }
        let value = self.string()?;
        let qualifier = self.interval_qualifier()?;
        Ok(ExprKind::Interval(Box::new(Interval { negative, value, qualifier })))
    }

    /// `from [(precision)] [TO to [(fraction)]]`; `to` without a field behind it is a name.
    pub(super) fn interval_qualifier(&mut self) -> Parsed<IntervalQualifier> {
        let start = self.here();
        let from = self.interval_field()?;
        let mut qualifier = IntervalQualifier { from, precision: None, to: None, fraction: None };
        if self.has_483() && self.eat_symbol("(") {
            qualifier.precision = Some(self.precision()?);
            if from == IntervalField::Second && self.eat_symbol(",") {
                qualifier.fraction = Some(self.precision()?);
            }
            self.expect_symbol(")")?;
        }
        if !(self.is("TO") && self.is_interval_field_at(1)) {
            return Ok(qualifier);
        }
        if self.has_483() {
            self.check_interval_end(start, from)?;
        }
        self.advance();
        let to = self.interval_field()?;
        qualifier.to = Some(to);
        if self.has_483() && to == IntervalField::Second && self.eat_symbol("(") {
            qualifier.fraction = Some(self.precision()?);
            self.expect_symbol(")")?;
        }
        Ok(qualifier)
    }

    /// Trino 483 knows which field can end an interval; 476 asks when it reads the value.
    fn check_interval_end(&self, start: Span, from: IntervalField) -> Parsed<()> {
        use IntervalField::{Day, Hour, Minute, Month, Second, Year};
        let ends: &[&str] = match from {
            Year => &["MONTH"],
            Day | Hour | Minute => &["HOUR", "MINUTE", "SECOND"],
            Month | Second => &[],
        };
        if ends.is_empty() {
            return Err(self.unexpected("<EOF>"));
        }
        if !ends.iter().any(|word| self.is_at(1, word)) {
            let token = self.token(1);
            return Err(SqlError::syntax(token.span, format!("mismatched input '{}'", self.text_of(token))));
        }
        let valid = match from {
            Hour => !self.is_at(1, "HOUR"),
            Minute => self.is_at(1, "SECOND"),
            Year | Month | Day | Second => true,
        };
        if valid {
            return Ok(());
        }
        let to = self.text_of(self.token(1));
        Err(SqlError::syntax(start, format!("Invalid interval qualifier: {} TO {to}", start.of(self.text))))
    }

    /// A number that Trino reads into Java's `int`.
    fn precision(&mut self) -> Parsed<Span> {
        let digits = self.integer()?;
        let fits = digits.of(self.text).parse::<u32>().is_ok_and(|number| number <= i32::MAX as u32);
        if fits { Ok(digits) } else { Err(SqlError::syntax(digits, "Invalid precision")) }
    }

    pub(super) fn is_interval_field_at(&self, ahead: usize) -> bool {
        ["YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND"].iter().any(|word| self.is_at(ahead, word))
    }

    fn interval_field(&mut self) -> Parsed<IntervalField> {
        self.one_of(&[
            ("YEAR", IntervalField::Year),
            ("MONTH", IntervalField::Month),
            ("DAY", IntervalField::Day),
            ("HOUR", IntervalField::Hour),
            ("MINUTE", IntervalField::Minute),
            ("SECOND", IntervalField::Second),
        ])
    }
}
