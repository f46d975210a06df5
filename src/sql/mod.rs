//! Text → tokens → tree: Trino's grammar, nothing else.
//!
//! In: the text of a statement. Out: its tree ([`ast`]), each node with its byte span, or the error that Trino would
//! report at the same place. It knows no catalog, no policy and no session, and it never guesses: a text that Trino's
//! grammar refuses is refused, and so is one that it can't read.

pub mod ast;
mod dump;
mod error;
mod parser;
mod print;
mod redact;
mod summary;
mod token;
mod version;
pub mod visit;
mod word;

pub use ast::{Identifier, QualifiedName, Span, Statement, StatementKind};
pub use dump::dump;
pub use error::{SqlError, SqlErrorKind};
pub(crate) use parser::MAX_NESTING;
pub use print::{print_expression, print_statement, same_expression, same_statement};
pub use redact::redacted;
pub use summary::{RelationName, Summary, summary};
pub use version::{Fit, GrammarVersion};

/// Reads one statement by a grammar of Trino's.
///
/// # Errors
/// [`SqlError`], with the place and, where it is common, the wording of Trino's own parser.
pub fn parse_statement(text: &str, version: GrammarVersion) -> Result<Statement, SqlError> {
    parser::statement(text, version, 0)
}

/// The same, for a text that stands for a longer one, or in it: it may nest so many levels less.
///
/// # Errors
/// As [`parse_statement`].
pub(crate) fn parse_statement_within(levels: u32, text: &str, version: GrammarVersion) -> Result<Statement, SqlError> {
    parser::statement(text, version, levels)
}

/// Reads one expression, as a policy's mask or filter is.
///
/// # Errors
/// As [`parse_statement`].
pub fn parse_expression(text: &str, version: GrammarVersion) -> Result<ast::Expr, SqlError> {
    parser::expression(text, version)
}

/// Where the tokens of a text stand, without white space and comments.
///
/// # Errors
/// A limit of Sluice's: the text is too long or has too many tokens.
pub fn token_spans(text: &str, version: GrammarVersion) -> Result<Vec<Span>, SqlError> {
    let tokens = token::tokens(text, version)?;
    Ok(tokens.iter().map(|token| token.span).filter(|span| span.start < span.end).collect())
}

/// Line and column (both from 1, in characters, as Trino counts them) of a byte offset in `text`.
pub fn line_and_column(text: &str, offset: u32) -> (u32, u32) {
    let before = text.get(..(offset as usize).min(text.len())).unwrap_or(text);
    let line = before.bytes().filter(|byte| *byte == b'\n').count() as u32 + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() as u32 + 1;
    (line, column)
}

/// Reading by Trino 476's grammar, for tests to which the version does not matter.
#[cfg(test)]
pub(crate) mod v476 {
    use super::{GrammarVersion, SqlError, Statement, ast};

    pub(crate) fn parse_statement(text: &str) -> Result<Statement, SqlError> {
        super::parse_statement(text, GrammarVersion::V476)
    }

    pub(crate) fn parse_expression(text: &str) -> Result<ast::Expr, SqlError> {
        super::parse_expression(text, GrammarVersion::V476)
    }

    pub(crate) fn print_statement(text: &str) -> Result<String, SqlError> {
        super::print_statement(text, GrammarVersion::V476)
    }

    pub(crate) fn print_expression(text: &str) -> Result<String, SqlError> {
        super::print_expression(text, GrammarVersion::V476)
    }
}
