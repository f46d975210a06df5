//! Text → its words, marks and comments, in the order of the text.
//!
//! The YAML reader says where scalars and comments stand. What is between them is marks and white space.

use super::Unformattable;
use granit_parser::{Event, Parser, ScalarStyle};
use std::ops::Range;

/// A piece of the text that is no white space.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token<'t> {
    pub(super) kind: Kind,
    /// As it is written. A block's text begins at the start of its first line.
    pub(super) text: &'t str,
    /// The line that it begins in, from 1.
    pub(super) line: usize,
    /// How many bytes stand before it in its line.
    pub(super) column: usize,
    /// How many lines end between the token before and this one.
    pub(super) breaks: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A plain or quoted scalar.
    Scalar,
    /// `|` or `>`, with what belongs to it.
    Header,
    /// The lines of a block scalar.
    Block,
    Comment,
    /// One of `- : , [ ] { }`.
    Mark(char),
    /// `---`
    Start,
    /// `...`
    End,
}

/// All tokens of a text.
pub(super) fn tokens(text: &str) -> Result<Vec<Token<'_>>, Unformattable> {
    let mut reader = Reader { text, tokens: Vec::new(), line: 1, line_start: 0, at: 0, end: 0, header: None };
    for (at, kind) in scalars_and_comments(text)? {
        reader.marks(at.start)?;
        match (kind, reader.header) {
            (Kind::Block, Some(header)) => reader.block(header, at.end),
            (kind, _) => reader.push(kind, at),
        }
    }
    reader.marks(text.len())?;
    Ok(reader.tokens)
}

/// Where scalars and comments stand; empty scalars are not there to be seen.
fn scalars_and_comments(text: &str) -> Result<Vec<(Range<usize>, Kind)>, Unformattable> {
    let mut found = Vec::new();
    for event in Parser::new_from_str(text) {
        let (event, span) =
            event.map_err(|error| Unformattable { line: error.marker().line(), message: error.to_string() })?;
        let kind = match event {
            Event::Scalar(_, ScalarStyle::Literal | ScalarStyle::Folded, ..) => Kind::Block,
            Event::Scalar(..) => Kind::Scalar,
            Event::Comment(..) => Kind::Comment,
            _ => continue,
        };
        if let Some(at) = span.byte_range().filter(|at| !at.is_empty()) {
            found.push((at, kind));
        }
    }
    found.sort_by_key(|(at, _)| at.start);
    Ok(found)
}

/// Where the text has been read to.
struct Reader<'t> {
    text: &'t str,
    tokens: Vec<Token<'t>>,
    line: usize,
    line_start: usize,
    at: usize,
    /// The end of the token before.
    end: usize,
    /// The end of the header of the block that comes next.
    header: Option<usize>,
}

impl<'t> Reader<'t> {
    /// Reads the marks up to a place.
    fn marks(&mut self, until: usize) -> Result<(), Unformattable> {
        while self.at < until {
            let rest = self.text.get(self.at..until).unwrap_or_default();
            let Some(mark) = rest.chars().next() else { break };
            let first = self.at == self.line_start;
            match mark {
                '\n' => {
                    self.at += 1;
                    self.next_line();
                }
                ' ' | '\t' | '\r' | '\u{feff}' => self.at += mark.len_utf8(),
                '-' if first && rest.starts_with("---") => self.push(Kind::Start, self.at..self.at + 3),
                '.' if first && rest.starts_with("...") => self.push(Kind::End, self.at..self.at + 3),
                '|' | '>' => {
                    let more = rest.bytes().skip(1).take_while(|byte| matches!(byte, b'+' | b'-' | b'1'..=b'9'));
                    let end = self.at + 1 + more.count();
                    self.push(Kind::Header, self.at..end);
                    self.header = Some(end);
                }
                '-' | ':' | ',' | '[' | ']' | '{' | '}' => self.push(Kind::Mark(mark), self.at..self.at + 1),
                _ => {
                    return Err(Unformattable {
                        line: self.line,
                        message: format!("`{mark}` is nothing that can be formatted"),
                    });
                }
            }
        }
        Ok(())
    }

    fn next_line(&mut self) {
        self.line += 1;
        self.line_start = self.at;
    }

    fn push(&mut self, kind: Kind, at: Range<usize>) {
        let text = self.text.get(at.clone()).unwrap_or_default();
        let between = self.text.get(self.end..at.start).unwrap_or_default();
        let breaks = between.bytes().filter(|byte| *byte == b'\n').count();
        self.tokens.push(Token { kind, text, line: self.line, column: at.start - self.line_start, breaks });
        self.end = at.end;
        self.at = at.end;
        for (offset, _) in text.match_indices('\n') {
            self.line += 1;
            self.line_start = at.start + offset + 1;
        }
    }

    /// A block's lines: from behind its header to its last word, or to its end where empty lines belong to it.
    fn block(&mut self, header: usize, end: usize) {
        let head = self.text.get(header..).and_then(|rest| rest.find('\n'));
        let start = head.map_or(self.text.len(), |offset| header + offset + 1).min(end);
        let keeps = self.text.get(..header).is_some_and(|before| {
            before.bytes().rev().take_while(|byte| !matches!(byte, b'|' | b'>')).any(|byte| byte == b'+')
        });
        let lines = self.text.get(start..end).unwrap_or_default();
        // The reader may count the next line's indentation in.
        let is_blank = |line: &str| line.trim().is_empty();
        let mut kept = match lines.rsplit_once('\n') {
            Some((before, last)) if is_blank(last) => before,
            _ => lines,
        };
        while let (false, Some((before, last))) = (keeps, kept.rsplit_once('\n')) {
            if !is_blank(last) {
                break;
            }
            kept = before;
        }
        self.header = None;
        // The marks before it have been read past its first lines' starts.
        let before = self.text.get(..start).unwrap_or_default();
        self.line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
        self.line_start = start;
        self.push(Kind::Block, start..start + kept.len());
    }
}
