//! Edits of a text, and the way back from the edited text to the user's own.

use crate::sql::{Span, line_and_column};

/// One replacement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// What is replaced, in the original text.
    pub span: Span,
    /// By what.
    pub text: String,
}

/// From places in the forwarded text to places in the user's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PositionMap {
    original: String,
    edited: String,
    /// Replaced spans, with their bytes in the edited text, in order.
    edits: Vec<(Span, Span)>,
}

impl PositionMap {
    /// Applies `edits`, which must not overlap, to `text`.
    pub fn apply(text: &str, mut edits: Vec<Edit>) -> PositionMap {
        edits.sort_by_key(|edit| edit.span);
        let longest = text.len() + edits.iter().map(|edit| edit.text.len()).sum::<usize>();
        let mut map = PositionMap {
            original: text.to_owned(),
            edited: String::with_capacity(longest),
            edits: Vec::with_capacity(edits.len()),
        };
        let mut done = 0;
        for edit in edits {
            map.edited.push_str(text.get(done as usize..edit.span.start as usize).unwrap_or_default());
            let start = map.edited.len() as u32;
            map.edited.push_str(&edit.text);
            map.edits.push((edit.span, Span { start, end: map.edited.len() as u32 }));
            done = edit.span.end;
        }
        map.edited.push_str(text.get(done as usize..).unwrap_or_default());
        map
    }

    /// The text with the edits applied.
    pub fn edited(&self) -> &str {
        &self.edited
    }

    /// Whether nothing was changed.
    pub fn unchanged(&self) -> bool {
        self.edits.is_empty()
    }

    /// Line and column (from 1, in characters) in the user's text of a line and column in the forwarded one. A place
    /// within a replacement leads to the start of what it replaced.
    pub fn original_position(&self, line: u32, column: u32) -> (u32, u32) {
        if self.edits.is_empty() {
            return (line, column);
        }
        let offset = offset_of(&self.edited, line, column);
        let mut shift = 0_i64;
        for (was, now) in &self.edits {
            if offset < now.start {
                break;
            }
            if offset < now.end {
                return line_and_column(&self.original, was.start);
            }
            shift = i64::from(was.end) - i64::from(now.end);
        }
        let original = u32::try_from(i64::from(offset) + shift).unwrap_or_default();
        line_and_column(&self.original, original)
    }
}

/// The byte offset of a line and column; the end of the text if there is no such place.
fn offset_of(text: &str, line: u32, column: u32) -> u32 {
    let mut start = 0;
    for (number, content) in (1..).zip(text.split('\n')) {
        if number == line {
            let within =
                content.char_indices().nth(column.saturating_sub(1) as usize).map_or(content.len(), |(at, _)| at);
            return (start + within) as u32;
        }
        start += content.len() + 1;
    }
    text.len() as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_after_an_edit_leads_back_to_the_same_token() {
        let map = PositionMap::apply(
            "SELECT a\nFROM t WHERE b",
            vec![Edit { span: Span { start: 14, end: 15 }, text: "(SELECT\n1) t".into() }],
        );
        assert_eq!(map.edited(), "SELECT a\nFROM (SELECT\n1) t WHERE b");
        assert_eq!(map.original_position(1, 8), (1, 8));
        assert_eq!(map.original_position(3, 12), (2, 14));
        assert_eq!(map.original_position(2, 9), (2, 6));
    }

    #[test]
    fn edits_may_come_in_any_order() {
        let edit = |start, text: &str| Edit { span: Span { start, end: start + 1 }, text: text.into() };
        assert_eq!(PositionMap::apply("a b c", vec![edit(4, "C"), edit(0, "A")]).edited(), "A b C");
    }

    #[test]
    fn only_a_text_without_edits_is_unchanged_and_its_places_stay() {
        let map = PositionMap::apply("SELECT a", Vec::new());
        assert!(map.unchanged());
        assert_eq!(map.original_position(7, 400), (7, 400));
        let edit = Edit { span: Span { start: 7, end: 8 }, text: "a".into() };
        assert!(!PositionMap::apply("SELECT a", vec![edit]).unchanged());
    }
}
