//! Tokens → tree, by recursive descent.
//!
//! One file a part of the grammar. Where Trino's grammar is ambiguous, the reading is the one that ANTLR takes: the first
//! alternative that fits. Nesting is counted and bounded, so that no text can exhaust the stack; long chains are loops.

mod access;
mod alter;
mod branch;
mod change;
mod create;
mod expecting;
mod expression;
mod function;
mod interval;
mod json;
mod lookahead;
mod newer;
mod pattern;
mod primary;
mod query;
mod relation;
mod routine;
mod session;
mod show;
mod statement;
#[cfg(test)]
mod tests;
mod types;

use super::ast::{Expr, Identifier, QualifiedName, Span, Statement, StringLiteral};
use super::error::{SqlError, SqlErrorKind};
use super::token::{Token, TokenKind, tokens};
use super::version::GrammarVersion;
use super::word::{DOUBLED, NO_KEY, symbol_key, word_key};
use compact_str::CompactString;
use std::cell::OnceCell;

/// How deep queries, expressions, types and patterns may nest.
pub(crate) const MAX_NESTING: u32 = 250;

/// Most bytes of a statement.
pub(super) const MAX_BYTES: usize = 16 * 1024 * 1024;

type Parsed<T> = Result<T, SqlError>;

/// Reads a whole statement, as if it stood within so many levels.
pub(super) fn statement(text: &str, version: GrammarVersion, within: u32) -> Parsed<Statement> {
    whole(text, version, within, |parser| parser.statement())
}

/// Reads a whole expression.
pub(super) fn expression(text: &str, version: GrammarVersion) -> Parsed<Expr> {
    whole(text, version, 0, |parser| parser.expression())
}

fn whole<T>(
    text: &str,
    version: GrammarVersion,
    within: u32,
    read: impl Fn(&mut Parser<'_>) -> Parsed<T>,
) -> Parsed<T> {
    if text.len() > MAX_BYTES {
        return Err(SqlError::limit(Span::default(), format!("the statement has more than {MAX_BYTES} bytes")));
    }
    let mut parser = Parser {
        text,
        version,
        tokens: tokens(text, version)?,
        at: 0,
        next: Token::of_kind(TokenKind::End, Span::default()),
        depth: within,
        deepest: within,
        objection: None,
        parentheses: OnceCell::new(),
        match_clause: None,
        wrong: None,
        possible: Vec::new(),
    };
    let result = to_the_end(&mut parser, &read);
    if matches!(&result, Err(error) if error.kind == SqlErrorKind::Syntax) {
        // What else could have stood there is found by reading once more: what is right is read without asking for it.
        let wrong = Some(parser.at);
        parser = Parser { depth: within, deepest: within, objection: None, match_clause: None, wrong, ..parser };
        return to_the_end(&mut parser, &read);
    }
    result
}

fn to_the_end<T>(parser: &mut Parser<'_>, read: impl Fn(&mut Parser<'_>) -> Parsed<T>) -> Parsed<T> {
    parser.go_to(0);
    let result = read(parser)?;
    if parser.kind() != TokenKind::End {
        return Err(parser.unexpected("<EOF>"));
    }
    match parser.objection.take() {
        Some(objection) => Err(objection),
        None => Ok(result),
    }
}

struct Parser<'a> {
    text: &'a str,
    version: GrammarVersion,
    tokens: Vec<Token>,
    /// The place of the next token.
    at: usize,
    /// The next token.
    next: Token,
    depth: u32,
    /// The depth of the deepest node below the one that is being read.
    deepest: u32,
    /// What Trino objects to in a tree that its grammar allows, which it says only when all is read.
    objection: Option<SqlError>,
    /// Which token closes each parenthesis, by the one that opens it; found when it is first asked for.
    parentheses: OnceCell<Vec<(u32, u32)>>,
    /// The `MATCH` that begins the condition of the `NEAREST` whose other parts are being read.
    match_clause: Option<usize>,
    /// The token that can't stand where it does, when all is read once more to say what could.
    wrong: Option<usize>,
    /// What could stand at the place of the wrong token: keywords, symbols, `<names>`.
    possible: Vec<&'static str>,
}

impl<'a> Parser<'a> {
    /// Whether the grammar has what Trino 483 has and 476 has not.
    fn has_483(&self) -> bool {
        self.version >= GrammarVersion::V483
    }

    /// Inlined so that the next token, which is asked for most, is not looked up.
    #[inline(always)]
    fn token(&self, ahead: usize) -> Token {
        if ahead == 0 { self.next } else { self.token_at(self.at + ahead) }
    }

    /// The key of the token `ahead`, without all else of it; behind the end there is none.
    #[inline(always)]
    fn key_at(&self, ahead: usize) -> u32 {
        if ahead == 0 { self.next.key } else { self.tokens.get(self.at + ahead).map_or(NO_KEY, |token| token.key) }
    }

    #[inline]
    fn token_at(&self, at: usize) -> Token {
        self.tokens.get(at).copied().unwrap_or_else(|| self.last_token())
    }

    #[cold]
    fn last_token(&self) -> Token {
        self.tokens.last().copied().unwrap_or(Token::of_kind(TokenKind::End, Span::default()))
    }

    fn kind(&self) -> TokenKind {
        self.token(0).kind
    }

    /// Where the next token stands.
    fn here(&self) -> Span {
        self.token(0).span
    }

    /// From the start of `start` to the end of the token before the next one.
    fn since(&self, start: Span) -> Span {
        let end = self.at.checked_sub(1).and_then(|at| self.tokens.get(at)).map_or(start.end, |token| token.span.end);
        Span { start: start.start, end: end.max(start.start) }
    }

    fn text_of(&self, token: Token) -> &'a str {
        token.span.of(self.text)
    }

    fn advance(&mut self) {
        if self.at + 1 < self.tokens.len() {
            self.skip(1);
        }
    }

    fn skip(&mut self, tokens: usize) {
        self.go_to(self.at + tokens);
    }

    fn go_to(&mut self, at: usize) {
        self.at = at;
        self.next = self.token_at(at);
    }

    /// Whether the token `ahead` is this keyword, in upper case. It is inlined so that the keyword's key is a constant.
    #[inline(always)]
    fn is_at(&self, ahead: usize, keyword: &str) -> bool {
        self.key_at(ahead) == word_key(keyword.as_bytes())
            && self.text_of(self.token(ahead)).eq_ignore_ascii_case(keyword)
    }

    #[inline(always)]
    fn is(&self, keyword: &str) -> bool {
        self.is_at(0, keyword)
    }

    #[inline(always)]
    fn is_any(&self, keywords: &[&str]) -> bool {
        keywords.iter().any(|keyword| self.is(keyword))
    }

    /// Whether the next tokens are these keywords.
    #[inline(always)]
    fn are(&self, keywords: &[&str]) -> bool {
        keywords.iter().enumerate().all(|(ahead, keyword)| self.is_at(ahead, keyword))
    }

    #[inline(always)]
    fn eat(&mut self, keyword: &str) -> bool {
        let found = self.is(keyword);
        if found {
            self.advance();
        }
        found
    }

    #[inline(always)]
    fn eat_all(&mut self, keywords: &[&str]) -> bool {
        let found = self.are(keywords);
        if found {
            self.skip(keywords.len());
        }
        found
    }

    fn expect(&mut self, keyword: &str) -> Parsed<()> {
        if self.eat(keyword) { Ok(()) } else { Err(self.unexpected(&format!("'{keyword}'"))) }
    }

    fn expect_all(&mut self, keywords: &[&str]) -> Parsed<()> {
        keywords.iter().try_for_each(|keyword| self.expect(keyword))
    }

    /// Reads one of these keywords and says which.
    fn one_of<T: Copy>(&mut self, choices: &[(&str, T)]) -> Parsed<T> {
        match choices.iter().find(|(keyword, _)| self.is(keyword)) {
            Some((_, value)) => {
                self.advance();
                Ok(*value)
            }
            None => {
                let mut words: Vec<String> = choices.iter().map(|(keyword, _)| format!("'{keyword}'")).collect();
                words.sort_unstable();
                Err(self.unexpected(&words.join(", ")))
            }
        }
    }

    #[inline(always)]
    fn is_symbol_at(&self, ahead: usize, symbol: &str) -> bool {
        self.key_at(ahead) == symbol_key(symbol.as_bytes())
    }

    #[inline(always)]
    fn is_symbol(&self, symbol: &str) -> bool {
        self.is_symbol_at(0, symbol)
    }

    #[inline(always)]
    fn eat_symbol(&mut self, symbol: &str) -> bool {
        let found = self.is_symbol(symbol);
        if found {
            self.advance();
        }
        found
    }

    fn expect_symbol(&mut self, symbol: &str) -> Parsed<()> {
        if self.eat_symbol(symbol) { Ok(()) } else { Err(self.unexpected(&format!("'{symbol}'"))) }
    }

    /// A name that could have gone on with a dot.
    fn dotted_name(&mut self) -> Parsed<QualifiedName> {
        let name = self.qualified_name()?;
        self.note(".");
        Ok(name)
    }

    /// Runs `read` one level deeper.
    fn nested<T>(&mut self, read: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth >= MAX_NESTING {
            return Err(self.too_deep());
        }
        self.depth += 1;
        let outer = self.begin_chain();
        let result = read(self);
        self.end_chain(outer);
        self.depth -= 1;
        result
    }

    /// Begins a node that others may be put around without the parser going deeper, as `a.b.c` or `a[1][2]`; gives what
    /// [`Parser::end_chain`] takes.
    fn begin_chain(&mut self) -> u32 {
        std::mem::replace(&mut self.deepest, self.depth)
    }

    /// Counts a node that was put around all that was read since [`Parser::begin_chain`]. Without it, chains within
    /// chains would make a tree that is too deep to be walked or dropped.
    fn lengthen_chain(&mut self) -> Parsed<()> {
        self.deepest += 1;
        if self.deepest > MAX_NESTING { Err(self.too_deep()) } else { Ok(()) }
    }

    fn end_chain(&mut self, outer: u32) {
        self.deepest = self.deepest.max(outer);
    }

    fn too_deep(&self) -> SqlError {
        SqlError::limit(self.here(), format!("the statement nests deeper than {MAX_NESTING} levels"))
    }

    /// `item, item, …`.
    fn list<T>(&mut self, mut read: impl FnMut(&mut Self) -> Parsed<T>) -> Parsed<Vec<T>> {
        let first = read(self)?;
        if !self.maybe_symbol(",") {
            return Ok(vec![first]);
        }
        let mut items = Vec::with_capacity(4);
        items.push(first);
        loop {
            items.push(read(self)?);
            if !self.maybe_symbol(",") {
                return Ok(items);
            }
        }
    }

    /// `( item, item, … )`.
    fn parenthesized_list<T>(&mut self, read: impl FnMut(&mut Self) -> Parsed<T>) -> Parsed<Vec<T>> {
        self.expect_symbol("(")?;
        let items = self.list(read)?;
        self.expect_symbol(")")?;
        Ok(items)
    }

    /// Whether the token `ahead` can be an identifier.
    fn is_identifier_at(&self, ahead: usize) -> bool {
        match self.token(ahead).kind {
            TokenKind::Word { reserved } => !reserved,
            TokenKind::Quoted | TokenKind::Backquoted | TokenKind::DigitIdentifier => true,
            _ => false,
        }
    }

    fn identifier(&mut self) -> Parsed<Identifier> {
        let token = self.token(0);
        if let Some(identifier) = self.plain_identifier(0) {
            self.advance();
            return Ok(identifier);
        }
        let message = match token.kind {
            TokenKind::Quoted => "Zero-length delimited identifier not allowed",
            TokenKind::Backquoted => "backquoted identifiers are not supported; use double quotes to quote identifiers",
            TokenKind::DigitIdentifier => {
                "identifiers must not start with a digit; surround the identifier with double quotes"
            }
            _ => return Err(self.unexpected("<identifier>")),
        };
        Err(SqlError::syntax(token.span, message))
    }

    /// The token `ahead` as an identifier, if Trino takes it for one.
    #[inline]
    fn plain_identifier(&self, ahead: usize) -> Option<Identifier> {
        let Token { kind, span, key } = self.token(ahead);
        let (name, delimited) = match kind {
            TokenKind::Word { reserved: false } => (span, false),
            TokenKind::Quoted if key != DOUBLED => {
                (Span { start: span.start + 1, end: span.end.saturating_sub(1) }, true)
            }
            TokenKind::Quoted => {
                let value = self.unquoted(self.token(ahead));
                return (!value.is_empty()).then_some(Identifier { value, delimited: true, span });
            }
            _ => return None,
        };
        let name = name.of(self.text);
        (!name.is_empty()).then(|| Identifier { value: CompactString::new(name), delimited, span })
    }

    /// The text of a token without the quotes that it stands in, doubled ones undone.
    #[inline]
    fn unquoted(&self, token: Token) -> CompactString {
        let before = if token.kind == TokenKind::UnicodeString { 3 } else { 1 };
        let inner = Span { start: token.span.start + before, end: token.span.end.saturating_sub(1) }.of(self.text);
        if token.key != DOUBLED {
            return CompactString::new(inner);
        }
        let quote = if token.kind == TokenKind::Quoted { "\"" } else { "'" };
        CompactString::from(inner.replace(&quote.repeat(2), quote))
    }

    fn qualified_name(&mut self) -> Parsed<QualifiedName> {
        let start = self.here();
        let mut parts = Vec::with_capacity(if self.is_symbol_at(1, ".") { 3 } else { 1 });
        parts.push(self.identifier()?);
        while self.eat_symbol(".") {
            parts.push(self.identifier()?);
        }
        Ok(QualifiedName { parts, span: self.since(start) })
    }

    fn is_string(&self) -> bool {
        matches!(self.kind(), TokenKind::String | TokenKind::UnicodeString)
    }

    fn string(&mut self) -> Parsed<StringLiteral> {
        let token = self.token(0);
        match token.kind {
            TokenKind::String => {
                self.advance();
                Ok(StringLiteral { value: self.unquoted(token), span: token.span })
            }
            TokenKind::UnicodeString => {
                let start = token.span;
                self.advance();
                let raw = self.unquoted(token);
                let escape = if self.eat("UESCAPE") {
                    let token = self.token(0);
                    if token.kind != TokenKind::String {
                        return Err(self.unexpected("<string>"));
                    }
                    self.advance();
                    let given = self.unquoted(token);
                    unicode_escape(&given).ok_or_else(|| {
                        let message = match given.as_str() {
                            "" => "Empty Unicode escape character".to_owned(),
                            given => format!("Invalid Unicode escape character: {given}"),
                        };
                        SqlError::syntax(start, message)
                    })?
                } else {
                    '\\'
                };
                let span = self.since(token.span);
                let value = decode_unicode(&raw, escape).map_err(|message| SqlError::syntax(token.span, message))?;
                Ok(StringLiteral { value, span })
            }
            _ => Err(self.unexpected("<string>")),
        }
    }

    /// An integer that fits Java's `long`.
    fn long(&mut self) -> Parsed<Span> {
        if self.kind() == TokenKind::Integer {
            self.check_integer(self.here())?;
        }
        self.integer()
    }

    fn integer(&mut self) -> Parsed<Span> {
        let token = self.token(0);
        if token.kind != TokenKind::Integer {
            return Err(self.unexpected("<integer>"));
        }
        self.advance();
        Ok(token.span)
    }
}

/// The escape character of `UESCAPE`: one character that can't be part of an escape.
fn unicode_escape(text: &str) -> Option<char> {
    let mut chars = text.chars();
    let escape = chars.next()?;
    let fits = chars.next().is_none()
        && (' '..='~').contains(&escape)
        && !escape.is_ascii_hexdigit()
        && !matches!(escape, '"' | '+' | '\'' | ' ');
    fits.then_some(escape)
}

/// Undoes `\0041` and `\+000041`.
fn decode_unicode(raw: &str, escape: char) -> Result<CompactString, &'static str> {
    let mut decoded = CompactString::default();
    let mut rest = raw.chars();
    while let Some(next) = rest.next() {
        if next != escape {
            decoded.push(next);
            continue;
        }
        let mut ahead = rest.clone();
        let digits = match ahead.next() {
            Some(second) if second == escape => {
                decoded.push(escape);
                rest = ahead;
                continue;
            }
            Some('+') => {
                rest = ahead;
                6
            }
            _ => 4,
        };
        let mut value = 0;
        for _ in 0..digits {
            let digit = rest.next().ok_or("Incomplete escape sequence: ")?;
            value = value * 16 + digit.to_digit(16).ok_or("Invalid hexadecimal digit")?;
        }
        decoded.push(char::from_u32(value).ok_or("Invalid escaped character")?);
    }
    Ok(decoded)
}
