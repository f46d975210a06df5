//! The order of a document's own fields: `apiVersion`, `kind`, `metadata`, `spec`.

use super::tokens::{Kind, Token};

/// Where a field stands among a document's own.
pub(super) fn rank(field: &str) -> usize {
    let known = ["apiVersion", "kind", "metadata", "spec"];
    known.iter().position(|name| *name == field).unwrap_or(known.len())
}

/// A text that is laid out, with the fields of each document in order; `None` if they are already.
///
/// What stands above a field goes with it, but not what stands above the first one: that is about the document.
pub(super) fn ordered(text: &str, tokens: &[Token<'_>]) -> Option<String> {
    let lines: Vec<&str> = text.lines().collect();
    let mut result: Vec<&str> = Vec::with_capacity(lines.len());
    let mut changed = false;
    let mut begin = 0;
    for document in tokens.split_inclusive(|token| token.kind == Kind::Start) {
        let start = document.last().filter(|token| token.kind == Kind::Start);
        let end = start.map_or(lines.len(), |start| start.line - 1);
        let part = lines.get(begin..end).unwrap_or_default();
        changed |= document_in_order(part, begin, document, &mut result);
        result.extend(lines.get(end..end + usize::from(start.is_some())).unwrap_or_default());
        begin = end + usize::from(start.is_some());
    }
    changed.then(|| {
        let mut text = result.join("\n");
        text.push('\n');
        text
    })
}

/// Where a field begins, and how far its lines may reach up: to the end of what stands before it.
struct Field {
    rank: usize,
    line: usize,
    above: usize,
}

fn document_in_order<'t>(lines: &[&'t str], begin: usize, tokens: &[Token<'_>], to: &mut Vec<&'t str>) -> bool {
    let mut fields: Vec<Field> = Vec::new();
    let (mut depth, mut end) = (0_usize, 0);
    for (place, token) in tokens.iter().enumerate() {
        let line = (token.line - 1).saturating_sub(begin);
        match token.kind {
            Kind::Comment | Kind::Start | Kind::End => continue,
            Kind::Mark('[' | '{') => depth += 1,
            Kind::Mark(']' | '}') => depth = depth.saturating_sub(1),
            Kind::Scalar
                if depth == 0
                    && token.column == 0
                    && tokens.get(place + 1).is_some_and(|next| next.kind == Kind::Mark(':')) =>
            {
                fields.push(Field { rank: rank(token.text.trim_matches('"')), line, above: end });
            }
            _ => {}
        }
        end = line + token.text.matches('\n').count() + 1;
    }
    if fields.is_sorted_by_key(|field| field.rank) {
        to.extend(lines);
        return false;
    }
    let head = fields.first().map_or(0, |field| field.line);
    // A field begins with the comments right above it; what stands above the first one is about the document.
    let first_line = |field: &Field| {
        let between = lines.get(field.above.max(head)..field.line).unwrap_or_default();
        field.line - between.iter().rev().take_while(|line| line.starts_with('#') || line.is_empty()).count()
    };
    let bounds: Vec<usize> = fields.iter().map(first_line).chain([end]).collect();
    let mut parts: Vec<(usize, &[&str])> = fields
        .iter()
        .zip(bounds.windows(2))
        .filter_map(|(field, bounds)| match bounds {
            [from, to] => lines.get(*from..*to).map(|lines| (field.rank, lines)),
            _ => None,
        })
        .collect();
    parts.sort_by_key(|(rank, _)| *rank);
    to.extend(lines.get(..head).unwrap_or_default());
    to.extend(parts.iter().flat_map(|(_, lines)| *lines));
    to.extend(lines.get(end..).unwrap_or_default());
    true
}
