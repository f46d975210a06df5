//! The text within `EXECUTE IMMEDIATE`, and the way between it and the statement around it.

use crate::names::literal;
use crate::rewrite::Edit;
use crate::sql::Span;
use crate::sql::ast::StringLiteral;

/// The edits of the outer text that make those of the inner one.
pub(super) fn outwards(outer: &str, inner: &StringLiteral, edits: Vec<Edit>) -> Vec<Edit> {
    if edits.is_empty() {
        return edits;
    }
    let text = inner.value.as_str();
    if inner.span.of(outer) == literal(text) {
        let place = |offset: u32| {
            let before = Span { start: 0, end: offset }.of(text);
            let quotes = before.bytes().filter(|byte| *byte == b'\'').count() as u32;
            inner.span.start + 1 + offset + quotes
        };
        let outwards = |edit: Edit| Edit {
            span: Span { start: place(edit.span.start), end: place(edit.span.end) },
            text: edit.text.replace('\'', "''"),
        };
        return edits.into_iter().map(outwards).collect();
    }
    // A literal with Unicode escapes is written anew as a whole.
    let edited = crate::rewrite::PositionMap::apply(text, edits);
    vec![Edit { span: inner.span, text: literal(edited.edited()) }]
}

/// The place in the outer text of a line and column in the inner one, as Trino reports it.
pub(super) fn location(literal_at: (u32, u32), (line, column): (u32, u32)) -> (u32, u32) {
    let (outer_line, outer_column) = literal_at;
    (outer_line + line - 1, if line == 1 { outer_column + column } else { column })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rewrite::PositionMap;

    #[test]
    fn edits_of_the_inner_text_are_quoted_again() {
        let outer = "EXECUTE IMMEDIATE 'SELECT ''a'' FROM t WHERE x = ''b'''";
        let value = "SELECT 'a' FROM t WHERE x = 'b'";
        let inner = StringLiteral { value: value.into(), span: Span { start: 18, end: outer.len() as u32 } };
        let edits = vec![Edit { span: Span { start: 16, end: 17 }, text: "(SELECT 'm') t".into() }];
        let edited = PositionMap::apply(outer, outwards(outer, &inner, edits));
        assert_eq!(edited.edited(), "EXECUTE IMMEDIATE 'SELECT ''a'' FROM (SELECT ''m'') t WHERE x = ''b'''");
    }
}
