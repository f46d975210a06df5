//! A text → the tree of the `cel` crate, or a syntax error in our words.
//!
//! The tree carries numbers and no places. The places of those numbers are told with errors alone, so a text that has a
//! type error is read again with an error of syntax behind it.

use super::{ConditionError, MOST_BYTES, MOST_CHOICES, MOST_DEPTH};
use cel::IdedExpr;
use cel::common::ast::{EntryExpr, Expr, SourceInfo};
use cel::parser::{ParseError, ParseErrors, PrattParser};
use std::ops::Range;

/// A text that was read.
pub(super) struct Parsed<'t> {
    pub(super) text: &'t str,
    pub(super) expr: IdedExpr,
}

pub(super) fn parse(text: &str) -> Result<Parsed<'_>, ConditionError> {
    bounded(text)?;
    match read(text) {
        Ok(expr) => Ok(Parsed { text, expr }),
        Err(errors) => Err(syntax_error(text, &errors)),
    }
}

fn read(text: &str) -> Result<IdedExpr, ParseErrors> {
    PrattParser::new().max_recursion_depth(u16::try_from(MOST_DEPTH).unwrap_or(u16::MAX)).parse(text)
}

/// Refuses what could take much of the parser's stack or time.
fn bounded(text: &str) -> Result<(), ConditionError> {
    let refuse = |message: String| {
        Err(ConditionError { at: 0..text.len(), message, help: Some("make a role or a group of it".to_owned()) })
    };
    if text.len() > MOST_BYTES {
        return refuse(format!("a condition has at most {MOST_BYTES} bytes"));
    }
    if text.matches('?').count() > MOST_CHOICES {
        return refuse(format!("a condition has at most {MOST_CHOICES} `?`"));
    }
    Ok(())
}

const TOO_DEEP: &str = "recursion limit";

/// The first error, in our words.
fn syntax_error(text: &str, errors: &ParseErrors) -> ConditionError {
    // What stands behind a place where the parser went no deeper is not its error.
    let too_deep = errors.errors.iter().find(|error| error.msg.contains(TOO_DEEP));
    let placed = errors.errors.iter().find(|error| error.pos.0 > 0);
    let Some(error) = too_deep.or(placed).or(errors.errors.first()) else {
        return ConditionError { at: 0..text.len(), message: "it can't be read".to_owned(), help: None };
    };
    if text.trim().is_empty() {
        let message = "a condition can't be empty".to_owned();
        return ConditionError { at: 0..text.len(), message, help: Some("leave `when` out".to_owned()) };
    }
    if error.msg.contains(TOO_DEEP) {
        return ConditionError {
            at: 0..text.len(),
            message: format!("a condition nests at most {MOST_DEPTH} deep"),
            help: None,
        };
    }
    let at = place_of(text, error);
    let found = text.get(at.clone()).unwrap_or_default();
    let (message, help) = in_our_words(&error.msg, found);
    ConditionError { at, message, help }
}

fn in_our_words(theirs: &str, found: &str) -> (String, Option<String>) {
    if theirs.contains("<EOF>' expecting") || theirs.contains("<EOF> expecting") || found.is_empty() {
        return ("the condition ends too early".to_owned(), None);
    }
    let instead = match found.to_ascii_lowercase().as_str() {
        "=" => Some("equality is `==`"),
        "<>" => Some("inequality is `!=`"),
        "&" | "and" => Some("write `&&`"),
        "|" | "or" => Some("write `||`"),
        "not" => Some("write `!`"),
        _ if theirs.contains("unterminated string") => Some("close it with the quote that opens it"),
        _ => None,
    };
    let message = match theirs {
        _ if theirs.contains("unterminated string") => "this text is not closed".to_owned(),
        _ if theirs.contains("unescape") => "this text holds a `\\` that means nothing".to_owned(),
        _ if theirs.contains("invalid int literal") => "this number is too great".to_owned(),
        _ if theirs.contains("has() macro") => {
            "`has` asks for an attribute: `has(user.attributes.department)`".to_owned()
        }
        _ if theirs.contains("must be a simple name") => {
            "the first argument names the element: `exists(g, …)`".to_owned()
        }
        _ if theirs.contains("reserved identifier") => format!("`{found}` is a reserved word of CEL"),
        _ => format!("`{found}` was not expected here"),
    };
    (message, instead.map(str::to_owned))
}

/// Where an error is: its token, or the character at its line and column.
fn place_of(text: &str, error: &ParseError) -> Range<usize> {
    let told = error.source_info.as_ref().and_then(|info| info.offset_for(error.expr_id));
    if let Some(found) = told.and_then(|(start, end)| within(text, start, end)) {
        return found;
    }
    let number = |n: isize| usize::try_from(n).unwrap_or_default().saturating_sub(1);
    let line: usize = text.split_inclusive('\n').take(number(error.pos.0)).map(str::len).sum();
    let start = floor(text, line + number(error.pos.1));
    start..text.get(start..).and_then(|rest| rest.chars().next()).map_or(start, |next| start + next.len_utf8())
}

/// A range that begins and ends where characters do. One that ends inside a character takes the whole of it.
fn within(text: &str, start: u32, end: u32) -> Option<Range<usize>> {
    let (start, mut end) = (floor(text, usize::try_from(start).ok()?), usize::try_from(end).ok()?.min(text.len()));
    while !text.is_char_boundary(end) {
        end += 1;
    }
    (start <= end).then_some(start..end)
}

fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// Where the parts of a tree stand in its text.
pub(super) struct Places<'t> {
    text: &'t str,
    info: Option<std::sync::Arc<SourceInfo>>,
}

impl<'t> Places<'t> {
    pub(super) fn of(parsed: &Parsed<'t>) -> Places<'t> {
        // A bracket that nothing has opened is read as a token, so it moves none of the numbers, and then refused. The
        // line break ends a comment.
        let info = match read(&format!("{}\n)", parsed.text)) {
            Ok(_) => None,
            Err(errors) => errors.errors.into_iter().find_map(|error| error.source_info),
        };
        Places { text: parsed.text, info }
    }

    fn token(&self, id: u64) -> Option<Range<usize>> {
        let (start, end) = self.info.as_ref()?.offset_for(id)?;
        within(self.text, start, end)
    }

    /// All of an expression, as far as the places of its parts are known; the whole text if none is.
    pub(super) fn whole(&self, expr: &IdedExpr) -> Range<usize> {
        let mut found: Option<Range<usize>> = None;
        let mut open = vec![expr];
        while let Some(expr) = open.pop() {
            if let Some(token) = self.named(expr) {
                found = Some(match found {
                    Some(range) => range.start.min(token.start)..range.end.max(token.end),
                    None => token,
                });
            }
            open.extend(parts(expr));
        }
        found.unwrap_or(0..self.text.len())
    }

    /// The name of a call or a field, the sign of an operator, or the literal.
    pub(super) fn name(&self, expr: &IdedExpr) -> Range<usize> {
        self.named(expr).unwrap_or_else(|| self.whole(expr))
    }

    fn named(&self, expr: &IdedExpr) -> Option<Range<usize>> {
        let token = self.token(expr.id)?;
        let name = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_';
        let found = match self.text.get(token.clone())? {
            // The token of a method is what opens its arguments.
            "(" => {
                let before = self.text.get(..token.start)?.trim_end();
                before.len() - before.bytes().rev().take_while(name).count()..before.len()
            }
            // The token of a field is its dot.
            "." => {
                let rest = self.text.get(token.end..)?;
                let start = token.end + (rest.len() - rest.trim_start().len());
                start..start + rest.trim_start().bytes().take_while(name).count()
            }
            _ => token.clone(),
        };
        Some(if found.is_empty() { token } else { found })
    }
}

/// The expressions that an expression is made of.
fn parts(expr: &IdedExpr) -> Vec<&IdedExpr> {
    match &expr.expr {
        Expr::Call(call) => call.target.as_deref().into_iter().chain(&call.args).collect(),
        Expr::List(list) => list.elements.iter().collect(),
        Expr::Select(select) => vec![&select.operand],
        Expr::Comprehension(each) => {
            vec![&each.iter_range, &each.accu_init, &each.loop_cond, &each.loop_step, &each.result]
        }
        Expr::Map(map) => map.entries.iter().flat_map(|entry| entries(&entry.expr)).collect(),
        Expr::Struct(made) => made.entries.iter().flat_map(|entry| entries(&entry.expr)).collect(),
        Expr::Ident(_) | Expr::Literal(_) | Expr::Unspecified => Vec::new(),
    }
}

fn entries(entry: &EntryExpr) -> Vec<&IdedExpr> {
    match entry {
        EntryExpr::MapEntry(entry) => vec![&entry.key, &entry.value],
        EntryExpr::StructField(field) => vec![&field.value],
    }
}
