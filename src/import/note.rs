//! What is said about a file of rules: errors, after which nothing is written, and notes about what could not be mapped.

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use serde::Serialize;
use std::fmt;
use std::ops::Range;

/// Bytes of the file.
pub(super) type Bytes = Range<usize>;

/// How much a note matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Trino would not take the file.
    Error,
    /// Something has no counterpart; what is written grants less.
    Warning,
}

/// One thing to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// How much it matters.
    pub severity: Severity,
    /// A stable name for this kind of note.
    pub code: &'static str,
    /// Which bytes of the file it is about.
    pub at: Bytes,
    /// The rule that it is about.
    pub rule: Option<Box<RuleName>>,
    /// What it says.
    pub message: String,
    /// What stands there.
    pub label: String,
    /// What to do.
    pub help: Option<String>,
}

/// A list of the file, and a place in it from 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleName {
    /// The list's key.
    pub list: &'static str,
    /// The rule's place.
    pub index: usize,
}

impl fmt::Display for RuleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}]", self.list, self.index)
    }
}

impl Note {
    pub(super) fn error(code: &'static str, at: Bytes, message: impl Into<String>, label: impl Into<String>) -> Note {
        Note {
            severity: Severity::Error,
            code,
            at,
            rule: None,
            message: message.into(),
            label: label.into(),
            help: None,
        }
    }

    pub(super) fn warning(code: &'static str, at: Bytes, message: impl Into<String>, label: impl Into<String>) -> Note {
        Note { severity: Severity::Warning, ..Note::error(code, at, message, label) }
    }

    pub(super) fn help(self, help: impl Into<String>) -> Note {
        Note { help: Some(help.into()), ..self }
    }

    /// Its line, from 1.
    pub fn line(&self, text: &str) -> usize {
        line_of(text, self.at.start)
    }

    /// As text, like a compiler's.
    pub fn render(&self, path: &str, text: &str, coloured: bool) -> String {
        let renderer = if coloured { Renderer::styled() } else { Renderer::plain() };
        let level = match self.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let end = self.at.end.min(text.len());
        let place = AnnotationKind::Primary.span(self.at.start.min(end)..end).label(self.label.as_str());
        let snippet = Snippet::source(text).path(path).fold(true).annotation(place);
        let mut group = level.primary_title(self.message.as_str()).id(self.code).element(snippet);
        if let Some(help) = &self.help {
            group = group.element(Level::HELP.message(help.as_str()));
        }
        renderer.render(&[group])
    }
}

/// The line, from 1, of a byte.
pub(super) fn line_of(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
}
