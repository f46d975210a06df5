//! Whether all texts of a `LIKE` pattern are of a policy's pattern.

/// A part of a `LIKE` pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Char(char),
    /// `_`
    One,
    /// `%`
    Any,
}

/// Whether each text that `like` matches is of `pattern`, in which `*` stands for any text. `None` in `like` if the
/// pattern is not well formed.
pub(super) fn takes_in(pattern: &str, like: &str, escape: Option<char>) -> bool {
    parts(like, escape).is_some_and(|parts| {
        let pattern: Vec<char> = pattern.chars().collect();
        covers(&pattern, &parts)
    })
}

/// Whether each text of a policy's `pattern` is matched by `like`. Only such as `pattern` would be written as are known to
/// be: the same characters, with `%` for `*`.
pub(super) fn like_takes_in(like: &str, escape: Option<char>, pattern: &str) -> bool {
    let Some(parts) = parts(like, escape) else { return false };
    if parts.contains(&Part::One) {
        return false;
    }
    // Turned round: `like` is the pattern, and a `*` of the policy's is a run that only a `%` takes in.
    let like: Vec<Option<char>> = parts
        .iter()
        .map(|part| match part {
            Part::Char(c) => Some(*c),
            Part::One | Part::Any => None,
        })
        .collect();
    let text: Vec<char> = pattern.chars().collect();
    let mut reachable = vec![false; text.len() + 1];
    if let Some(first) = reachable.first_mut() {
        *first = true;
    }
    for part in like {
        let mut next = vec![false; text.len() + 1];
        let mut open = false;
        for (index, slot) in next.iter_mut().enumerate() {
            let here = reachable.get(index).copied().unwrap_or_default();
            match part {
                None => {
                    open |= here;
                    *slot = open;
                }
                // A `*` of the policy's is never one character of a `LIKE` pattern.
                Some(c) => {
                    *slot = index.checked_sub(1).is_some_and(|before| {
                        c != '*' && reachable.get(before).copied().unwrap_or_default() && text.get(before) == Some(&c)
                    });
                }
            }
        }
        reachable = next;
    }
    reachable.last().copied().unwrap_or_default()
}

fn parts(like: &str, escape: Option<char>) -> Option<Vec<Part>> {
    let mut chars = like.chars();
    let mut parts = Vec::new();
    while let Some(c) = chars.next() {
        parts.push(match c {
            c if Some(c) == escape => {
                Part::Char(chars.next().filter(|c| matches!(c, '%' | '_') || Some(*c) == escape)?)
            }
            '%' => Part::Any,
            '_' => Part::One,
            c => Part::Char(c),
        });
    }
    Some(parts)
}

/// A `*` takes any run of parts; any other character takes only itself. So a wildcard of `LIKE` is always taken by a
/// `*`, and what is covered part by part is covered text by text.
fn covers(pattern: &[char], parts: &[Part]) -> bool {
    // reachable[i]: the first i parts are covered by the pattern read so far
    let mut reachable = vec![false; parts.len() + 1];
    if let Some(first) = reachable.first_mut() {
        *first = true;
    }
    for c in pattern {
        let mut next = vec![false; parts.len() + 1];
        let mut open = false;
        for (index, slot) in next.iter_mut().enumerate() {
            let here = reachable.get(index).copied().unwrap_or_default();
            if *c == '*' {
                open |= here;
                *slot = open;
            } else {
                let before = index.checked_sub(1);
                *slot = before.is_some_and(|before| {
                    reachable.get(before).copied().unwrap_or_default() && parts.get(before) == Some(&Part::Char(*c))
                });
            }
        }
        reachable = next;
    }
    reachable.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_like_pattern_is_taken_in_only_where_each_text_of_it_is() {
        for (pattern, like, taken) in [
            ("*", "%", true),
            ("*", "", true),
            ("", "%", false),
            ("hr", "hr", true),
            ("hr", "h_", false),
            ("h*", "hr%", true),
            ("h*", "h_", true),
            ("h*", "%", false),
            ("h*", "_r", false),
            ("*_raw", "sales\\_raw", true),
            ("*_raw", "sales_raw", false),
            ("*_raw", "%\\_raw", true),
            ("a*b*c", "a%b%c", true),
            ("a*b*c", "a%c", false),
            ("a*b*c", "abxc", true),
            ("a%", "a%", false),
            ("a%", "a\\%", true),
            ("ab", "a%b", false),
            ("**", "%x%", true),
        ] {
            assert_eq!(takes_in(pattern, like, Some('\\')), taken, "{pattern} takes in {like}");
        }
    }

    #[test]
    fn an_escape_before_anything_but_a_wildcard_is_not_well_formed() {
        assert!(!takes_in("*", "a\\b", Some('\\')));
        assert!(!takes_in("*", "a\\", Some('\\')));
        assert!(takes_in("a\\b", "a\\b", None));
    }
}
