//! Edits of a part of a text.

use super::positions::Edit;
use crate::sql::Span;

/// The bytes `span` of `text` with `edits` applied, which lie within it and do not overlap.
pub(super) fn splice(text: &str, span: Span, mut edits: Vec<Edit>) -> String {
    edits.sort_by_key(|edit| edit.span);
    let mut out = String::with_capacity(span.of(text).len() * 2);
    let mut done = span.start;
    for edit in edits {
        out.push_str(Span { start: done, end: edit.span.start }.of(text));
        out.push_str(&edit.text);
        done = edit.span.end;
    }
    out.push_str(Span { start: done, end: span.end }.of(text));
    out
}
