//! What is left of a node's text when its operands are taken out: the words that the tree does not keep.

use crate::sql::Span;

/// Whether two texts without holes are the same letter by letter, so that the same is left of them, and it is not nothing.
pub(super) fn alike(text: &str, other: &str) -> bool {
    text == other && text.bytes().any(|byte| byte.is_ascii_graphic())
}

/// The text with a mark for each hole; letters outside of quotes in lower case, white space as one space.
/// `text` is what stands at `span`; `holes` are within `span`, in any order.
pub(super) fn of(text: &str, span: Span, holes: &[Span]) -> String {
    let mut holes: Vec<Span> = holes.to_vec();
    holes.sort_unstable();
    let mut residue = String::with_capacity(text.len());
    let mut done = 0;
    for hole in holes {
        let (start, end) = (hole.start.saturating_sub(span.start), hole.end.saturating_sub(span.start));
        residue.push_str(text.get(done as usize..start as usize).unwrap_or_default());
        residue.push('\u{0}');
        done = end;
    }
    residue.push_str(text.get(done as usize..).unwrap_or_default());
    folded(&residue)
}

/// Comments could hide where a line ends, so a text that may hold any is kept as it is.
fn folded(text: &str) -> String {
    if text.contains("--") || text.contains("/*") {
        return text.to_owned();
    }
    let mut folded = String::with_capacity(text.len());
    let mut quote = None;
    let mut space = false;
    for c in text.chars() {
        match quote {
            Some(end) => {
                folded.push(c);
                if c == end {
                    quote = None;
                }
            }
            None if matches!(c, ' ' | '\t' | '\r' | '\n') => space = true,
            None => {
                if std::mem::take(&mut space) {
                    folded.push(' ');
                }
                folded.push(c.to_ascii_lowercase());
                if matches!(c, '\'' | '"') {
                    quote = Some(c);
                }
            }
        }
    }
    folded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_literals_around_operands_are_kept() {
        let text = "trim(LEADING  'A' FROM x)";
        let span = Span { start: 10, end: 10 + text.len() as u32 };
        let hole = Span { start: 10 + 23, end: 10 + 24 };
        assert_eq!(of(text, span, &[hole]), "trim(leading 'A' from \u{0})");
    }

    #[test]
    fn texts_are_alike_where_the_same_is_left_of_them() {
        let left = |text: &str| of(text, Span { start: 0, end: text.len() as u32 }, &[]);
        for text in ["7", " varchar(3) ", "'A'", "", " ", "\t\n"] {
            assert_eq!(alike(text, text), !left(text).is_empty(), "{text:?}");
            assert!(!alike(text, "8"), "{text:?}");
        }
    }

    #[test]
    fn a_text_with_comments_is_kept_as_it_is() {
        assert_eq!(folded("A -- B\n C"), "A -- B\n C");
    }
}
