//! What is wrong with policy documents, for the people who write them.

use super::SourceFile;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use serde::Serialize;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The policies can't be used.
    Error,
    /// They can be used, but hardly mean what is written.
    Warning,
}

impl Severity {
    /// The word in messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
        }
    }
}

/// One thing that is wrong, or looks so.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// A stable name for this kind of error, such as `unknown-field`.
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
    /// Where.
    pub place: Place,
    /// What stands there.
    pub label: String,
    /// Another place that has to do with it, and what stands there.
    pub other: Option<(Place, String)>,
    /// What to do.
    pub help: Vec<String>,
}

/// Bytes of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Which file, as an index into what was compiled.
    pub file: usize,
    /// Which bytes of it.
    pub at: Range<usize>,
}

impl Diagnostic {
    /// An error with its message and the label of its place.
    pub(super) fn new(
        code: &'static str,
        place: Place,
        message: impl Into<String>,
        label: impl Into<String>,
    ) -> Diagnostic {
        Diagnostic {
            severity: Severity::Error,
            code,
            message: message.into(),
            place,
            label: label.into(),
            other: None,
            help: Vec::new(),
        }
    }

    /// The same as a warning.
    pub(super) fn warning(mut self) -> Diagnostic {
        self.severity = Severity::Warning;
        self
    }

    /// With a hint what to do.
    pub(super) fn help(mut self, help: impl Into<String>) -> Diagnostic {
        self.help.push(help.into());
        self
    }

    /// With a hint, if there is one.
    pub(super) fn maybe_help(mut self, help: Option<String>) -> Diagnostic {
        self.help.extend(help);
        self
    }

    /// With another place, if there is one.
    pub(super) fn maybe_other(mut self, place: Option<Place>, label: impl Into<String>) -> Diagnostic {
        self.other = place.map(|place| (place, label.into()));
        self
    }

    /// With another place.
    pub(super) fn other(mut self, place: Place, label: impl Into<String>) -> Diagnostic {
        self.other = Some((place, label.into()));
        self
    }
}

/// All that is wrong with a set of documents, in the order of files and places.
#[derive(Clone, Debug, Default)]
pub struct Diagnostics {
    files: Arc<[SourceFile]>,
    list: Vec<Diagnostic>,
}

/// A diagnostic as data, for machines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// The kind of error or warning.
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
    /// The file.
    pub file: String,
    /// Line of the place's start, from 1.
    pub line: usize,
    /// Column of the place's start, from 1, in characters.
    pub column: usize,
    /// Line of the place's end.
    pub end_line: usize,
    /// Column one past the place's end.
    pub end_column: usize,
    /// What to do.
    pub help: Vec<String>,
}

impl Diagnostics {
    pub(super) fn new(files: Arc<[SourceFile]>, mut list: Vec<Diagnostic>) -> Diagnostics {
        let path = |place: &Place| files.get(place.file).map(|file| file.path.as_str()).unwrap_or_default();
        list.sort_by(|a, b| {
            let key = |d: &Diagnostic| (d.place.file, d.place.at.start, d.place.at.end);
            (path(&a.place), key(a), a.code).cmp(&(path(&b.place), key(b), b.code))
        });
        Diagnostics { files, list }
    }

    /// With `folder/` before the paths of files, so that they lead there from where the reader is.
    pub fn within(self, folder: &str) -> Diagnostics {
        let files = self
            .files
            .iter()
            .map(|file| SourceFile { path: format!("{folder}/{}", file.path), text: file.text.clone() });
        Diagnostics { files: files.collect(), list: self.list }
    }

    /// How many there are of this severity.
    pub fn count(&self, severity: Severity) -> usize {
        self.list.iter().filter(|diagnostic| diagnostic.severity == severity).count()
    }

    /// As text, like a compiler's, with colours for a terminal or without.
    pub fn render(&self, coloured: bool) -> String {
        let renderer = if coloured { Renderer::styled() } else { Renderer::plain() };
        let mut text = String::new();
        for diagnostic in &self.list {
            text.push_str(&renderer.render(&[self.group(diagnostic)]));
            text.push_str("\n\n");
        }
        text.truncate(text.trim_end().len());
        text
    }

    /// As data.
    pub fn findings(&self) -> Vec<Finding> {
        self.list.iter().map(|diagnostic| self.finding(diagnostic)).collect()
    }

    fn finding(&self, diagnostic: &Diagnostic) -> Finding {
        let Place { file, at } = &diagnostic.place;
        let (path, text) = self.file(*file);
        let (line, column) = line_and_column(text, at.start);
        let (end_line, end_column) = line_and_column(text, at.end);
        Finding {
            severity: diagnostic.severity,
            code: diagnostic.code,
            message: diagnostic.message.clone(),
            file: path.to_owned(),
            line,
            column,
            end_line,
            end_column,
            help: diagnostic.help.clone(),
        }
    }

    fn file(&self, index: usize) -> (&str, &str) {
        self.files.get(index).map(|file| (file.path.as_str(), file.text.as_str())).unwrap_or_default()
    }

    fn group<'a>(&'a self, diagnostic: &'a Diagnostic) -> Group<'a> {
        let (path, text) = self.file(diagnostic.place.file);
        let mut snippet = Snippet::source(text).path(path).fold(true).annotation(
            AnnotationKind::Primary.span(within(text, &diagnostic.place.at)).label(diagnostic.label.as_str()),
        );
        let mut elsewhere = None;
        if let Some((place, label)) = &diagnostic.other {
            let (other_path, other_text) = self.file(place.file);
            let context = AnnotationKind::Context.span(within(other_text, &place.at)).label(label.as_str());
            if place.file == diagnostic.place.file {
                snippet = snippet.annotation(context);
            } else {
                elsewhere = Some(Snippet::source(other_text).path(other_path).fold(true).annotation(context));
            }
        }
        let level = match diagnostic.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let mut group = level.primary_title(diagnostic.message.as_str()).id(diagnostic.code).element(snippet);
        if let Some(elsewhere) = elsewhere {
            group = group.element(elsewhere);
        }
        for help in &diagnostic.help {
            group = group.element(Level::HELP.message(help.as_str()));
        }
        group
    }
}

/// The plain text.
impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl std::error::Error for Diagnostics {}

/// A span that the renderer can take: in the text, and on characters' boundaries.
fn within(text: &str, at: &Range<usize>) -> Range<usize> {
    let start = floor(text, at.start);
    start..floor(text, at.end).max(start)
}

fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

/// Line and column, both from 1, the column in characters.
pub(super) fn line_and_column(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..floor(text, offset)).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    (line, before.rsplit('\n').next().unwrap_or_default().chars().count() + 1)
}
