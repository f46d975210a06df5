//! Tokens → text in the one form.
//!
//! Line breaks stay where they are; at most one empty line stays of several. Indentation is two spaces a level, in lists
//! too. Comments behind text that stood below each other still do.

use super::Unformattable;
use super::tokens::{Kind, Token};

const STEP: usize = 2;

/// A map or list written in lines.
#[derive(Clone, Copy)]
struct Level {
    list: bool,
    /// Its column as it was.
    old: usize,
    /// Its column as it will be.
    new: usize,
}

/// An open `[` or `{`.
struct Bracket {
    /// Where the line begins that its end stands first in.
    column: usize,
    /// In which line of the result it was opened.
    row: usize,
}

/// A comment behind text.
struct Remark<'t> {
    row: usize,
    text: &'t str,
    /// Where it stood.
    old: usize,
}

#[derive(Default)]
struct Layout<'t> {
    lines: Vec<String>,
    levels: Vec<Level>,
    brackets: Vec<Bracket>,
    remarks: Vec<Remark<'t>>,
    /// The indentation of the last line.
    indent: usize,
    before: Option<Token<'t>>,
    /// Line breaks around tokens that were left out.
    breaks: usize,
}

/// The text of tokens.
pub(super) fn layout(tokens: &[Token<'_>]) -> Result<String, Unformattable> {
    let mut layout = Layout::default();
    for (place, token) in tokens.iter().enumerate() {
        let rest = tokens.get(place + 1..).unwrap_or_default();
        layout.token(token, rest)?;
    }
    Ok(layout.finish())
}

impl<'t> Layout<'t> {
    fn token(&mut self, token: &Token<'t>, rest: &[Token<'t>]) -> Result<(), Unformattable> {
        match token.kind {
            Kind::Start | Kind::End => {
                self.levels.clear();
                self.brackets.clear();
                let next = rest.iter().map(|token| token.kind).find(|kind| *kind != Kind::Comment);
                let needless = match token.kind {
                    Kind::End => next.is_none_or(|next| next == Kind::Start),
                    _ => rest.is_empty() || self.before.is_none_or(|before| before.kind == Kind::Start),
                };
                if needless {
                    self.breaks += token.breaks;
                } else {
                    self.line(0, false);
                    self.push("---");
                    self.before = Some(Token { kind: Kind::Start, ..*token });
                }
            }
            Kind::Comment => {
                self.comment(token, rest);
                self.before = Some(*token);
            }
            Kind::Block => {
                self.block(token);
                self.before = Some(*token);
            }
            Kind::Scalar | Kind::Header | Kind::Mark(_) => {
                self.place(token, rest)?;
                self.write(token);
                self.before = Some(*token);
            }
        }
        if !matches!(token.kind, Kind::Start | Kind::End) {
            self.breaks = 0;
        }
        Ok(())
    }

    /// Makes place for a token: a space, or a new line with its indentation.
    fn place(&mut self, token: &Token<'t>, rest: &[Token<'t>]) -> Result<(), Unformattable> {
        let before = self.before.map(|before| before.kind);
        let after_break = self.breaks_before(token) > 0 || matches!(before, None | Some(Kind::Comment | Kind::Start));
        let joined = matches!(token.kind, Kind::Mark(':' | ',')) && !matches!(before, None | Some(Kind::Comment));
        let first = after_break && !joined;
        let column = if self.brackets.is_empty() {
            self.in_block(token, rest, first)?
        } else {
            let inner = self.brackets.last().map_or(0, |bracket| bracket.column);
            if is_end(token.kind) { inner } else { inner + STEP }
        };
        if first {
            let inside = !self.brackets.is_empty();
            let tight = inside && (before.is_some_and(is_begin) || is_end(token.kind));
            let empty = self.breaks_before(token) > 1 && !tight;
            self.line(column, empty);
        } else if !joined && !before.is_some_and(is_begin) && !is_end(token.kind) {
            self.push(" ");
        }
        match token.kind {
            kind if is_begin(kind) => {
                let row = self.lines.len();
                let column = match self.brackets.last() {
                    Some(outer) if outer.row == row => outer.column,
                    Some(_) => self.indent,
                    None if first => column,
                    None => self.levels.last().map_or(0, |level| level.new + if level.list { STEP } else { 0 }),
                };
                self.brackets.push(Bracket { column, row });
            }
            kind if is_end(kind) => _ = self.brackets.pop(),
            _ => {}
        }
        Ok(())
    }

    /// The column of a token that stands first in its line, and the levels that it opens and closes.
    fn in_block(&mut self, token: &Token<'t>, rest: &[Token<'t>], first: bool) -> Result<usize, Unformattable> {
        let refused = |message: &str| Err(Unformattable { line: token.line, message: message.to_owned() });
        let before = self.before.map(|before| before.kind);
        let is_item = token.kind == Kind::Mark('-');
        let is_key = token.kind == Kind::Scalar && rest.first().is_some_and(|next| next.kind == Kind::Mark(':'));
        if token.kind == Kind::Mark(':') && before != Some(Kind::Scalar) {
            return refused("a key that is no text can't be formatted");
        }
        if !first {
            if before == Some(Kind::Mark('-')) && (is_item || is_key) {
                self.open(is_item, token.column);
            }
            return Ok(0);
        }
        while self.levels.last().is_some_and(|level| level.old > token.column) {
            self.levels.pop();
        }
        if is_key && self.levels.last().is_some_and(|level| level.list && level.old == token.column) {
            self.levels.pop();
        }
        let open = self.levels.last().copied();
        Ok(match open {
            Some(level) if (is_item || is_key) && level.old == token.column && level.list == is_item => level.new,
            _ if is_item || is_key => self.open(is_item, token.column),
            _ => open.map_or(0, |level| level.new + STEP),
        })
    }

    /// Opens a level; its new column.
    fn open(&mut self, list: bool, old: usize) -> usize {
        let new = self.levels.last().map_or(0, |level| level.new + STEP);
        self.levels.push(Level { list, old, new });
        new
    }

    fn comment(&mut self, token: &Token<'t>, rest: &[Token<'t>]) {
        let text = token.text.trim_end();
        if self.breaks_before(token) == 0 && self.before.is_some() {
            let row = self.lines.len();
            return self.remarks.push(Remark { row, text, old: token.column });
        }
        let next = rest.iter().find(|token| token.kind != Kind::Comment);
        let column = if let Some(bracket) = self.brackets.last() {
            bracket.column + STEP
        } else {
            let next = next.filter(|next| !matches!(next.kind, Kind::Start | Kind::End));
            let column = next.map_or(0, |next| self.column_of_next(next, rest));
            if token.column <= next.map_or(0, |next| next.column) {
                column
            } else {
                // What is indented further than what comes next is still about the level before.
                let about = self.levels.iter().rev().find(|level| level.old <= token.column);
                about.map_or(0, |level| level.new).max(column)
            }
        };
        let empty = self.breaks_before(token) > 1;
        self.line(column, empty);
        self.push(text);
    }

    /// The column that the next token of a block gets, without opening its level.
    fn column_of_next(&self, next: &Token<'t>, rest: &[Token<'t>]) -> usize {
        let mut after = rest.iter().skip_while(|token| token.kind == Kind::Comment).skip(1);
        let is_item = next.kind == Kind::Mark('-');
        let is_key = next.kind == Kind::Scalar && after.next().is_some_and(|token| token.kind == Kind::Mark(':'));
        let same = |level: &&Level| level.old < next.column || (level.old == next.column && !(is_key && level.list));
        match self.levels.iter().rev().find(same) {
            Some(level) if level.old == next.column && (is_key || is_item) && level.list == is_item => level.new,
            Some(level) => level.new + STEP,
            None => 0,
        }
    }

    fn write(&mut self, token: &Token<'t>) {
        if !token.text.contains('\n') {
            let quoted = double_quoted(token.text);
            return self.push(quoted.as_deref().unwrap_or(token.text));
        }
        let column = match self.brackets.last() {
            Some(bracket) => bracket.column + STEP,
            None => self.levels.last().map_or(0, |level| level.new + STEP),
        };
        for (place, line) in token.text.split('\n').enumerate() {
            let line = without_end(if place == 0 { line } else { line.trim_start_matches([' ', '\t']) });
            if place > 0 {
                self.lines.push(if line.is_empty() { String::new() } else { " ".repeat(column) });
            }
            self.push(line);
        }
    }

    /// The lines of a block, with another indentation.
    fn block(&mut self, token: &Token<'t>) {
        let level = self.levels.last();
        let given = self.header_digit();
        let spaces = |line: &str| line.len() - line.trim_start_matches(' ').len();
        let first = token.text.split('\n').find(|line| !line.trim().is_empty()).map_or(0, spaces);
        let (old, new) = match (given, level) {
            (Some(given), level) => {
                (level.map_or(0, |level| level.old) + given, level.map_or(0, |level| level.new) + given)
            }
            (None, level) => (first, level.map_or(0, |level| level.new + STEP)),
        };
        for line in token.text.split('\n') {
            let line = line.strip_suffix('\r').unwrap_or(line);
            let content = line.get(old.min(spaces(line))..).unwrap_or_default();
            self.lines.push(if content.is_empty() { String::new() } else { " ".repeat(new) });
            self.push(content);
        }
    }

    /// The indentation that the last header says.
    fn header_digit(&self) -> Option<usize> {
        let line = self.lines.last()?;
        let (_, header) = line.rsplit_once(['|', '>'])?;
        header.chars().find_map(|c| c.to_digit(10)).and_then(|digit| usize::try_from(digit).ok())
    }

    fn breaks_before(&self, token: &Token<'t>) -> usize {
        self.breaks + token.breaks
    }

    fn line(&mut self, column: usize, empty: bool) {
        if empty && self.before.is_some_and(|before| before.kind != Kind::Start) {
            self.lines.push(String::new());
        }
        self.lines.push(" ".repeat(column));
        self.indent = column;
    }

    fn push(&mut self, text: &str) {
        if let Some(line) = self.lines.last_mut() {
            line.push_str(text);
        }
    }

    fn finish(mut self) -> String {
        let mut remarks = self.remarks.as_slice();
        while let Some(first) = remarks.first() {
            let with =
                (first.row..).zip(remarks).take_while(|(row, other)| other.row == *row && other.old == first.old);
            let (group, rest) = remarks.split_at(with.count());
            let width =
                |remark: &Remark<'_>| self.lines.get(remark.row.wrapping_sub(1)).map_or(0, |line| line.chars().count());
            let widest = group.iter().map(width).max().unwrap_or_default();
            for remark in group {
                if let Some(line) = self.lines.get_mut(remark.row.wrapping_sub(1)) {
                    let gap = widest + STEP - line.chars().count();
                    line.push_str(&" ".repeat(gap));
                    line.push_str(remark.text);
                }
            }
            remarks = rest;
        }
        let mut text = self.lines.join("\n");
        if !text.is_empty() {
            text.push('\n');
        }
        text
    }
}

fn is_begin(kind: Kind) -> bool {
    matches!(kind, Kind::Mark('[' | '{'))
}

fn is_end(kind: Kind) -> bool {
    matches!(kind, Kind::Mark(']' | '}'))
}

/// A text in single quotes as one in double quotes, if nothing in it would have to be escaped.
fn double_quoted(text: &str) -> Option<String> {
    let inner = text.strip_prefix('\'')?.strip_suffix('\'')?.replace("''", "'");
    (!inner.contains(['"', '\\']) && !inner.chars().any(char::is_control)).then(|| format!("\"{inner}\""))
}

/// A line of a scalar without the white space at its end; an escaped space is none.
fn without_end(line: &str) -> &str {
    let end = line.trim_end_matches([' ', '\t', '\r']);
    let escapes = end.len() - end.trim_end_matches('\\').len();
    let kept = if escapes % 2 == 1 { (end.len() + 1).min(line.len()) } else { end.len() };
    line.get(..kept).unwrap_or(end)
}
