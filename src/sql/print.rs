//! Text → canonical text: how a statement is written when nobody's habits show.
//!
//! In: a text and its tree. Out: the same tokens with one way to write each: one space where tokens need one, words of
//! the grammar in upper case, names as they stand, no comments. What it prints reads as an equal tree but for spans. A
//! rewriting never prints: it edits the user's text.

use super::ast::{Expr, ExprKind, Identifier, Span, Statement};
use super::error::SqlError;
use super::token::{Token, TokenKind, tokens};
use super::version::GrammarVersion;
use super::visit::{ForgetSpans, Visit, VisitMut, walk};
use std::collections::HashSet;

/// The canonical text of a statement.
///
/// # Errors
/// As [`super::parse_statement`].
pub fn print_statement(text: &str, version: GrammarVersion) -> Result<String, SqlError> {
    let statement = super::parse_statement(text, version)?;
    let mut names = Roles::default();
    names.statement(&statement);
    print(text, version, &names)
}

/// The canonical text of an expression.
///
/// # Errors
/// As [`super::parse_expression`].
pub fn print_expression(text: &str, version: GrammarVersion) -> Result<String, SqlError> {
    let expr = super::parse_expression(text, version)?;
    let mut names = Roles::default();
    names.expr(&expr);
    print(text, version, &names)
}

/// Whether two statements have one tree but for spans.
pub fn same_statement(left: &Statement, right: &Statement) -> bool {
    let (mut left, mut right) = (left.clone(), right.clone());
    ForgetSpans.statement(&mut left);
    ForgetSpans.statement(&mut right);
    left == right
}

/// Whether two expressions have one tree but for spans.
pub fn same_expression(left: &Expr, right: &Expr) -> bool {
    let (mut left, mut right) = (left.clone(), right.clone());
    ForgetSpans.expr(&mut left);
    ForgetSpans.expr(&mut right);
    left == right
}

/// What only the tree knows of a token: whether a word is a name, and whether a sign belongs to the number behind it.
#[derive(Default)]
struct Roles {
    /// Where names start.
    names: HashSet<u32>,
    /// Where signs of one operand start.
    signs: HashSet<u32>,
}

impl Visit for Roles {
    fn identifier(&mut self, node: &Identifier) {
        self.names.insert(node.span.start);
    }

    fn expr(&mut self, node: &Expr) {
        if matches!(node.kind, ExprKind::Number(_) | ExprKind::Unary { .. }) {
            self.signs.insert(node.span.start);
        }
        walk::expr(self, node);
    }
}

fn print(text: &str, version: GrammarVersion, roles: &Roles) -> Result<String, SqlError> {
    let mut printed = String::with_capacity(text.len());
    let mut before: Option<Token> = None;
    for token in tokens(text, version)? {
        if token.kind == TokenKind::End {
            break;
        }
        if before.is_some_and(|before| spaced(text, roles, before, token)) {
            printed.push(' ');
        }
        let written = token.span.of(text);
        let name = roles.names.contains(&token.span.start);
        match token.kind {
            TokenKind::Word { .. } if !name => printed.push_str(&written.to_ascii_uppercase()),
            TokenKind::Symbol if written == "!=" => printed.push_str("<>"),
            _ => printed.push_str(written),
        }
        before = Some(token);
    }
    Ok(printed)
}

/// Whether a space stands between two tokens. Where leaving it out could make one token of two, there is one.
fn spaced(text: &str, roles: &Roles, before: Token, token: Token) -> bool {
    let (left, right) = (before.span.of(text), token.span.of(text));
    let number = |token: Token| matches!(token.kind, TokenKind::Integer | TokenKind::Decimal | TokenKind::Double);
    if right == "." || left == "." {
        return number(before) || number(token);
    }
    if matches!(right, "," | ")" | "]" | ";") || matches!(left, "(" | "[") {
        return false;
    }
    if matches!(right, "(" | "[") {
        let ends = matches!(left, ")" | "]") && right == "[";
        return !ends && !is_name(roles, before);
    }
    let sign = matches!(left, "-" | "+") && roles.signs.contains(&before.span.start);
    !sign || matches!(right, "-" | "+" | "->" | "-}")
}

fn is_name(roles: &Roles, token: Token) -> bool {
    let Token { kind, span: Span { start, end: _ }, key: _ } = token;
    matches!(kind, TokenKind::Word { .. } | TokenKind::Quoted) && roles.names.contains(&start)
}

#[cfg(test)]
mod tests {
    use super::super::v476::{parse_expression, parse_statement, print_expression, print_statement};
    use super::*;

    #[test]
    fn there_is_one_way_to_write_a_statement() {
        for (text, printed) in [
            ("select  A ,b\r\n from T -- c\n where x!=1", "SELECT A, b FROM T WHERE x <> 1"),
            ("select count ( * )over( partition by a)", "SELECT count(*) OVER (PARTITION BY a)"),
            ("select - - 1, -  x, a-1, 1 .b", "SELECT - -1, -x, a - 1, 1 .b"),
            ("select a [ 1 ] [ 2 ] . b, (c) [1], array [ 1 ]", "SELECT a[1][2].b, (c)[1], ARRAY [1]"),
            ("select limit, \"Limit\" limit 1", "SELECT limit, \"Limit\" LIMIT 1"),
            ("values (1,2) /* two */", "VALUES (1, 2)"),
        ] {
            assert_eq!(print_statement(text).unwrap(), printed);
        }
        assert_eq!(print_expression("a  in (1,2)and not b").unwrap(), "a IN (1, 2) AND NOT b");
    }

    #[test]
    fn what_is_printed_reads_as_the_same_tree() {
        let all = include_str!("parser/tests/accepted.sql");
        for text in all.lines().filter(|line| !line.is_empty() && !line.starts_with("##")) {
            let statement = parse_statement(text).expect(text);
            let printed = print_statement(text).unwrap();
            let again = parse_statement(&printed).unwrap_or_else(|error| panic!("{error}: {printed}"));
            assert!(same_statement(&statement, &again), "{text}\n{printed}");
            assert_eq!(print_statement(&printed).unwrap(), printed, "printed twice");
        }
    }

    #[test]
    fn what_is_printed_of_a_newer_version_reads_as_the_same_tree() {
        let all = include_str!("parser/tests/accepted_483.sql");
        for text in all.lines().filter(|line| !line.starts_with("##")) {
            let read = |text: &str| super::super::parse_statement(text, GrammarVersion::V483).expect(text);
            let printed = super::print_statement(text, GrammarVersion::V483).unwrap();
            assert!(same_statement(&read(text), &read(&printed)), "{text}\n{printed}");
        }
    }

    #[test]
    fn trees_that_differ_are_not_the_same() {
        let expr = |text| parse_expression(text).unwrap();
        assert!(same_expression(&expr("a+b"), &expr("a  +  b")));
        assert!(!same_expression(&expr("a + b"), &expr("a - b")));
        let statement = |text| parse_statement(text).unwrap();
        assert!(!same_statement(&statement("SELECT a"), &statement("SELECT \"a\"")));
    }
}
