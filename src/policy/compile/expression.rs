//! The SQL of masks and filters.

use super::check::{Forbidden, check};
use super::{Context, place};
use crate::names::quoted;
use crate::policy::diagnostics::Diagnostic;
use crate::policy::document::{At, Bytes};
use crate::sql::ast::Expr;
use crate::sql::{Span, parse_expression};
use std::ops::Range;
use std::sync::Arc;

/// What an expression is for.
#[derive(Clone, Copy)]
pub(super) enum Usage<'a> {
    Mask { column: &'a str },
    Filter,
}

/// Reads and checks an expression. `None` if it is wrong, which has been reported.
pub(super) fn expression(
    file: usize,
    written: &At<String>,
    usage: Usage<'_>,
    context: &mut Context<'_>,
) -> Option<(Arc<str>, Arc<Expr>)> {
    let source = Source::new(file, written, usage, context)?;
    let bytes = |span: Span| source.place_of(span.start as usize..span.end as usize);
    let expr = match parse_expression(&source.text) {
        Ok(expr) => expr,
        Err(error) => {
            let place = place(file, &bytes(error.span));
            context.report(Diagnostic::new("bad-expression", place, error.message, "here"));
            return None;
        }
    };
    let forbidden = check(&expr);
    if forbidden.is_empty() {
        return Some((source.text.into(), Arc::new(expr)));
    }
    for Forbidden { span, message, help } in forbidden {
        let problem = Diagnostic::new("bad-expression", place(file, &bytes(span)), message, "not in a policy");
        context.report(problem.maybe_help(help.map(str::to_owned)));
    }
    None
}

/// An expression's text as it is parsed, and the way back to the file.
struct Source {
    text: String,
    /// What stands in the file: the whole scalar.
    scalar: Bytes,
    /// The first byte of the text in the file, where the file holds it letter by letter.
    start: Option<usize>,
    /// Bytes of `text` that stand for `{column}`.
    replaced: Vec<Range<usize>>,
}

const COLUMN: &str = "{column}";

impl Source {
    fn new(file: usize, written: &At<String>, usage: Usage<'_>, context: &mut Context<'_>) -> Option<Source> {
        let trimmed = written.value.trim();
        let raw = context.files.get(file).and_then(|source| source.text.get(written.at.clone())).unwrap_or_default();
        let mut source = Source {
            text: String::with_capacity(trimmed.len()),
            scalar: written.at.clone(),
            start: raw.find(trimmed).map(|within| written.at.start + within),
            replaced: Vec::new(),
        };
        let mut rest = trimmed;
        let mut quote = None;
        while let Some(character) = rest.chars().next() {
            let problem = match (quote, character) {
                (Some(open), _) if open == character => {
                    quote = None;
                    None
                }
                (Some(_), _) => None,
                (None, '\'' | '"') => {
                    quote = Some(character);
                    None
                }
                (None, '{') if rest.starts_with(COLUMN) => match usage {
                    Usage::Mask { column } => {
                        let start = source.text.len();
                        source.text.push_str(&quoted(column));
                        source.replaced.push(start..source.text.len());
                        rest = rest.get(COLUMN.len()..).unwrap_or_default();
                        continue;
                    }
                    Usage::Filter => Some((COLUMN.len(), "`{column}` is the masked column, so a filter has none")),
                },
                (None, '-') if rest.starts_with("--") => Some((2, "an expression can't hold comments")),
                (None, '/') if rest.starts_with("/*") => Some((2, "an expression can't hold comments")),
                (None, _) => None,
            };
            if let Some((length, message)) = problem {
                let at = source.place_of(source.text.len()..source.text.len() + length);
                let help = if length == 2 { "write them as comments of YAML: `# …`" } else { "name the column" };
                context.report(Diagnostic::new("bad-expression", place(file, &at), message, "here").help(help));
                return None;
            }
            source.text.push(character);
            rest = rest.get(character.len_utf8()..).unwrap_or_default();
        }
        Some(source)
    }

    /// Where bytes of the text stand in the file; the whole scalar where that is not known.
    fn place_of(&self, span: Range<usize>) -> Bytes {
        let Some(start) = self.start else { return self.scalar.clone() };
        let back = |offset: usize| {
            let mut shift = 0_usize;
            let mut text = offset;
            for replaced in self.replaced.iter().take_while(|replaced| replaced.start < offset) {
                text -= offset.min(replaced.end) - replaced.start;
                shift += COLUMN.len();
            }
            start + text + shift
        };
        let (from, to) = (back(span.start), back(span.end));
        from.min(self.scalar.end)..to.clamp(from.min(self.scalar.end), self.scalar.end)
    }
}
