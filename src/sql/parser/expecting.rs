//! Errors, and what could stand at their place.
//!
//! A text that is refused is read once more. On the way each rule notes what it would take at the wrong token besides
//! what it asks for; the message names all of it, as Trino's does.

use super::{Parsed, Parser};
use crate::sql::ast::Span;
use crate::sql::error::SqlError;
use crate::sql::token::TokenKind;

impl Parser<'_> {
    /// An error at the next token, in Trino's words.
    pub(super) fn unexpected(&self, expecting: &str) -> SqlError {
        let token = self.token(0);
        let found = if token.kind == TokenKind::End { "<EOF>" } else { self.text_of(token) };
        let expecting = self.with_possible(expecting);
        SqlError::syntax(token.span, format!("mismatched input '{found}'. Expecting: {expecting}"))
    }

    /// What was asked for and what else could have stood here, in Trino's order.
    fn with_possible(&self, expecting: &str) -> String {
        if self.wrong.is_none() {
            return String::new();
        }
        let mut all: Vec<String> = expecting.split(", ").map(str::to_owned).collect();
        all.extend(self.possible.iter().map(|what| match what.strip_prefix('<') {
            Some(_) => (*what).to_owned(),
            None => format!("'{what}'"),
        }));
        all.sort_unstable();
        all.dedup();
        all.join(", ")
    }

    /// Notes what could stand here besides what is asked for, for the message if something else does.
    #[inline]
    pub(super) fn note(&mut self, what: &'static str) {
        self.note_all(&[what]);
    }

    #[inline]
    pub(super) fn note_all(&mut self, what: &[&'static str]) {
        if self.wrong == Some(self.at) {
            self.possible.extend(what);
        }
    }

    /// As [`Parser::eat`], with a note; inlined as that.
    #[inline(always)]
    pub(super) fn maybe(&mut self, keyword: &'static str) -> bool {
        let found = self.eat(keyword);
        if !found {
            self.note(keyword);
        }
        found
    }

    /// Reads all of these keywords if the first comes next.
    pub(super) fn maybe_all(&mut self, keywords: &[&'static str]) -> Parsed<bool> {
        let Some((first, rest)) = keywords.split_first() else { return Ok(false) };
        let found = self.maybe(first);
        if found {
            self.expect_all(rest)?;
        }
        Ok(found)
    }

    /// As [`Parser::eat_symbol`], with a note.
    #[inline(always)]
    pub(super) fn maybe_symbol(&mut self, symbol: &'static str) -> bool {
        let found = self.eat_symbol(symbol);
        if !found {
            self.note(symbol);
        }
        found
    }

    /// Keeps what Trino would object to when all else is read; it says the first objection.
    pub(super) fn object(&mut self, span: Span, message: &str) {
        self.objection.get_or_insert_with(|| SqlError::syntax(span, message));
    }
}
