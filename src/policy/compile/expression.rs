//! The SQL of masks and filters.

use super::check::{Forbidden, Found, check};
use super::domains::Domain;
use super::{Context, place};
use crate::names::quoted;
use crate::policy::Grammars;
use crate::policy::diagnostics::Diagnostic;
use crate::policy::document::{At, Bytes};
use crate::sql::ast::Expr;
use crate::sql::{GrammarVersion, Span, parse_expression};
use std::ops::Range;
use std::sync::Arc;

/// What an expression is for.
#[derive(Clone, Copy)]
pub(super) enum Usage<'a> {
    Mask { column: &'a str },
    Filter,
}

/// An expression that was read and is allowed.
pub(super) struct Read {
    pub(super) text: Arc<str>,
    pub(super) expr: Arc<Expr>,
    /// The grammars that read it.
    pub(super) grammars: Grammars,
}

/// Reads an expression by all grammars, since Trino's version is not known where policies are. Those that can read it
/// have to agree.
fn read(text: &str) -> Result<(Expr, Grammars), (Span, String)> {
    let mut found: Option<(Expr, Vec<GrammarVersion>)> = None;
    let mut refused = None;
    for grammar in GrammarVersion::ALL {
        match (parse_expression(text, grammar), &mut found) {
            (Ok(expr), None) => found = Some((expr, vec![grammar])),
            (Ok(expr), Some((read, grammars))) if expr == *read => grammars.push(grammar),
            (Ok(expr), Some(_)) => {
                return Err((expr.span, format!("Trino {grammar} reads this in another way than older versions")));
            }
            (Err(error), _) => refused = Some((error.span, error.message)),
        }
    }
    let (expr, grammars) = found.ok_or_else(|| refused.unwrap_or_default())?;
    Ok((expr, grammars.into()))
}

/// Reads and checks an expression. `None` if it is wrong, which has been reported.
pub(super) fn expression(
    file: usize,
    written: &At<String>,
    usage: Usage<'_>,
    domain: Option<&Domain>,
    context: &mut Context<'_>,
) -> Option<Read> {
    let source = Source::new(file, written, usage, context)?;
    let bytes = |span: Span| source.place_of(span.start as usize..span.end as usize);
    let (expr, grammars) = match read(&source.text) {
        Ok(read) => read,
        Err((span, message)) => {
            context.report(Diagnostic::new("bad-expression", place(file, &bytes(span)), message, "here"));
            return None;
        }
    };
    let Found { forbidden, mut objects } = check(&expr);
    objects.retain(|(_, object)| domain.is_some_and(|domain| !domain.may_speak_of(object)));
    if forbidden.is_empty() && objects.is_empty() {
        return Some(Read { text: source.text.into(), expr: Arc::new(expr), grammars });
    }
    for (span, object) in objects {
        if let Some(domain) = domain {
            context.report(domain.not_owned(place(file, &bytes(span)), &object));
        }
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
    /// Each line's first byte, in what was written and in the file, where the file holds it letter by letter.
    lines: Vec<(usize, usize)>,
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
            lines: lines(trimmed, raw, written.at.start),
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
        let back = |offset: usize| {
            let mut written = offset;
            for replaced in self.replaced.iter().take_while(|replaced| replaced.start < offset) {
                written += COLUMN.len();
                written -= offset.min(replaced.end) - replaced.start;
            }
            let line = self.lines.iter().rev().find(|(start, _)| *start <= written);
            line.map(|(start, in_file)| in_file + (written - start))
        };
        let (Some(from), Some(to)) = (back(span.start), back(span.end)) else { return self.scalar.clone() };
        from.min(self.scalar.end)..to.clamp(from.min(self.scalar.end), self.scalar.end)
    }
}

/// Where each line of a text begins, in the text and in the file, of which `raw` is the part that starts at byte `at`.
/// None, if the file writes the text in another way, as with escapes or folded lines.
fn lines(text: &str, raw: &str, at: usize) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let (mut in_text, mut in_raw) = (0, 0);
    for line in text.split_inclusive('\n') {
        let content = line.trim_end_matches('\n');
        let Some(within) = raw.get(in_raw..).and_then(|rest| rest.find(content)) else { return Vec::new() };
        in_raw += within;
        found.push((in_text, at + in_raw));
        in_raw += content.len();
        in_text += line.len();
    }
    found
}
