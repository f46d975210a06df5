//! The SQL of masks and filters.

use super::check::{Forbidden, Found, check};
use super::domains::Domain;
use super::section::Section;
use super::{Context, place};
use crate::names::{literal, quoted};
use crate::policy::diagnostics::Diagnostic;
use crate::policy::document::{At, Bytes};
use crate::policy::index::TablePattern;
use crate::policy::template::{Form, Hole, Template, Variable, What, form_of};
use crate::policy::{Expression, Grammars};
use crate::sql::ast::Expr;
use crate::sql::{GrammarVersion, Span, parse_expression};
use std::ops::Range;
use std::sync::Arc;

/// What an expression is for.
#[derive(Clone, Copy)]
pub(super) enum Usage<'a> {
    /// A mask; of this one column, or of those that a pattern or a tag takes in.
    Mask {
        column: Option<&'a str>,
    },
    Filter,
    Rows,
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

/// Whose expression it is.
pub(super) struct Author<'a> {
    pub(super) file: usize,
    /// The document's name in decisions.
    pub(super) name: &'a str,
    pub(super) domain: Option<&'a Domain>,
}

/// Reads and checks an expression that stands in the rule at `at`. `None` if it is wrong, which has been reported.
pub(super) fn template(
    section: &Section<'_>,
    at: &Bytes,
    written: &At<String>,
    usage: Usage<'_>,
    context: &mut Context<'_>,
) -> Option<Arc<Template>> {
    let author = Author { file: section.file, name: &section.name, domain: section.domain };
    template_by(&author, at, written, usage, context)
}

/// Reads and checks an expression of a document.
pub(super) fn template_by(
    author: &Author<'_>,
    at: &Bytes,
    written: &At<String>,
    usage: Usage<'_>,
    context: &mut Context<'_>,
) -> Option<Arc<Template>> {
    let Author { file, name, domain } = *author;
    let source = Source::new(file, written, usage, context)?;
    let bytes = |span: Span| source.place_of(span.start as usize..span.end as usize);
    let (expr, grammars) = match read(&source.text) {
        Ok(read) => read,
        Err((span, message)) => {
            context.report(Diagnostic::new("bad-expression", place(file, &bytes(span)), message, "here"));
            return None;
        }
    };
    let Found { mut forbidden, mut objects } = check(&expr);
    objects.retain(|(span, object)| {
        // What Trino keeps about a table, such as `"keys$files"`, is named after it.
        let table = object.table.split(['$', '@']).next().unwrap_or_default().into();
        let is_key_table = context.keys.contains(&TablePattern { table, ..object.clone() });
        if is_key_table {
            let message = "an expression can't read a table of keys".to_owned();
            forbidden.push(Forbidden { span: *span, message, help: Some("only the mask `hash` does") });
        }
        !is_key_table
    });
    objects.retain(|(_, object)| domain.is_some_and(|domain| !domain.may_speak_of(object)));
    if forbidden.is_empty() && objects.is_empty() {
        let policy = context.policy_ref(file, name, at);
        let holes = source.holes_in(&expr);
        let policies = Arc::from([policy]);
        let whole =
            Expression { text: source.text.into(), expr: Arc::new(expr), grammars, policies, masks: Arc::default() };
        let missing = if matches!(usage, Usage::Mask { .. }) { "NULL" } else { "false" };
        return Some(Arc::new(Template { whole, holes, missing }));
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
    /// Bytes of `text` that stand for something that is written in another way, with how many bytes that has.
    replaced: Vec<(Range<usize>, usize)>,
    /// The places of what is only known when a decision is made, in their order.
    holes: Vec<(Range<usize>, Option<Variable>)>,
}

const COLUMN: &str = "{column}";

/// What is wrong with the text at a place, how many bytes of it, and what to do.
type Wrong = (usize, String, &'static str);

impl Source {
    fn new(file: usize, written: &At<String>, usage: Usage<'_>, context: &mut Context<'_>) -> Option<Source> {
        let trimmed = written.value.trim();
        let raw = context.files.get(file).and_then(|source| source.text.get(written.at.clone())).unwrap_or_default();
        let mut source = Source {
            text: String::with_capacity(trimmed.len()),
            scalar: written.at.clone(),
            lines: lines(trimmed, raw, written.at.start),
            replaced: Vec::new(),
            holes: Vec::new(),
        };
        let mut rest = trimmed;
        let mut quote = None;
        while let Some(character) = rest.chars().next() {
            match source.hole(rest, quote.is_some(), usage) {
                Ok(0) => {}
                Ok(taken) => {
                    rest = rest.get(taken..).unwrap_or_default();
                    continue;
                }
                Err((length, message, help)) => {
                    let at = source.place_of(source.text.len()..source.text.len() + length);
                    let problem = Diagnostic::new("bad-expression", place(file, &at), message, "here");
                    context.report(problem.help(help));
                    return None;
                }
            }
            quote = match quote {
                Some(open) if open == character => None,
                None if matches!(character, '\'' | '"') => Some(character),
                other => other,
            };
            source.text.push(character);
            rest = rest.get(character.len_utf8()..).unwrap_or_default();
        }
        Some(source)
    }

    /// Puts something in the place of what `rest` begins with, if that is no SQL, and answers how many bytes it has.
    fn hole(&mut self, rest: &str, within_quotes: bool, usage: Usage<'_>) -> Result<usize, Wrong> {
        let start = self.text.len();
        if rest.starts_with("${") {
            if within_quotes {
                let help = "the quotes are put around it by Sluice: write `region = ${user.attributes.region}`";
                return Err((2, "a value can't stand in quotes".to_owned(), help));
            }
            let name = rest.get(2..).and_then(|rest| rest.split_once('}')).map(|(name, _)| name);
            let Some((name, variable)) = name.and_then(|name| Some((name, variable(name)?))) else {
                let length = name.map_or(2, |name| name.len() + 3);
                let help = "there are `${user.name}`, `${user.groups}` and `${user.attributes.NAME}`";
                return Err((length, "no such value".to_owned(), help));
            };
            let taken = name.len() + 3;
            self.text.push_str(&literal(&format!("${{{name}}}")));
            self.replaced.push((start..self.text.len(), taken));
            self.holes.push((start..self.text.len(), Some(variable)));
            return Ok(taken);
        }
        if within_quotes {
            return Ok(0);
        }
        if rest.starts_with(COLUMN) {
            let column = match usage {
                Usage::Mask { column } => column,
                Usage::Filter => {
                    let why = "`{column}` is the masked column, so a filter has none".to_owned();
                    return Err((COLUMN.len(), why, "name the column"));
                }
                Usage::Rows => {
                    let why = "`{column}` is the masked column, so a grant has none".to_owned();
                    return Err((COLUMN.len(), why, "name the column"));
                }
            };
            self.text.push_str(&quoted(column.unwrap_or(COLUMN)));
            self.replaced.push((start..self.text.len(), COLUMN.len()));
            if column.is_none() {
                self.holes.push((start..self.text.len(), None));
            }
            return Ok(COLUMN.len());
        }
        if rest.starts_with("--") || rest.starts_with("/*") {
            let why = "an expression can't hold comments".to_owned();
            return Err((2, why, "write them as comments of YAML: `# …`"));
        }
        Ok(0)
    }

    /// The holes, with the forms in which they stand in the tree.
    fn holes_in(&self, expr: &Expr) -> Vec<Hole> {
        let values = |at: &Range<usize>| self.holes.iter().any(|(hole, variable)| variable.is_some() && hole == at);
        let hole = |(at, variable): &(Range<usize>, Option<Variable>)| {
            let what = match variable {
                None => What::Column,
                Some(variable) => {
                    let span = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
                    let form = match form_of(expr, Span { start: span(at.start), end: span(at.end) }) {
                        // With values on both sides, which one would become the list?
                        Form::Equal { other, .. }
                            if self.holes.iter().any(|(hole, _)| values(hole) && within(hole, &other)) =>
                        {
                            Form::One
                        }
                        form => form,
                    };
                    What::Values(variable.clone(), form)
                }
            };
            Hole { at: at.clone(), what }
        };
        self.holes.iter().map(hole).collect()
    }

    /// Where bytes of the text stand in the file; the whole scalar where that is not known.
    fn place_of(&self, span: Range<usize>) -> Bytes {
        let back = |offset: usize| {
            let mut written = offset;
            for (replaced, length) in self.replaced.iter().take_while(|(replaced, _)| replaced.start < offset) {
                written += length;
                written -= offset.min(replaced.end) - replaced.start;
            }
            let line = self.lines.iter().rev().find(|(start, _)| *start <= written);
            line.map(|(start, in_file)| in_file + (written - start))
        };
        let (Some(from), Some(to)) = (back(span.start), back(span.end)) else { return self.scalar.clone() };
        from.min(self.scalar.end)..to.clamp(from.min(self.scalar.end), self.scalar.end)
    }
}

fn within(inner: &Range<usize>, outer: &Range<usize>) -> bool {
    inner.start >= outer.start && inner.end <= outer.end
}

/// The value that a name in `${…}` stands for.
fn variable(name: &str) -> Option<Variable> {
    let fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    match name {
        "user.name" => Some(Variable::User),
        "user.groups" => Some(Variable::Groups),
        _ => {
            let name = name.strip_prefix("user.attributes.")?;
            (!name.is_empty() && name.chars().all(fine)).then(|| Variable::Attribute(name.to_owned()))
        }
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
