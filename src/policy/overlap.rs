//! Whether two patterns have a name in common.

/// Whether some text is of both patterns, in which `*` stands for any text.
pub(super) fn common(a: &str, b: &str) -> bool {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    // `open` says for each length of `b`'s start whether it has a text in common with the start of `a` seen so far.
    let mut open = Vec::with_capacity(b.len() + 1);
    open.push(true);
    for c in &b {
        open.push(*c == '*' && open.last().copied().unwrap_or(false));
    }
    for x in &a {
        let before = open;
        let mut now = Vec::with_capacity(before.len());
        now.push(*x == '*' && before.first().copied().unwrap_or(false));
        for (y, pair) in b.iter().zip(before.windows(2)) {
            let (diagonal, up) = match pair {
                [diagonal, up] => (*diagonal, *up),
                _ => (false, false),
            };
            let left = now.last().copied().unwrap_or(false);
            now.push(if *x == '*' || *y == '*' { up || left } else { diagonal && x == y });
        }
        open = now;
    }
    open.last().copied().unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_patterns_have_a_name_in_common_or_not() {
        for (a, b, expected) in [
            ("orders", "orders", true),
            ("orders", "order", false),
            ("*", "orders", true),
            ("", "*", true),
            ("*_eu", "orders_*", true),
            ("orders_*", "customers_*", false),
            ("*_eu", "*_us", false),
            ("a*c", "ab*", true),
            ("a*c", "*d", false),
            ("**", "x", true),
            ("é*", "*é", true),
        ] {
            assert_eq!((common(a, b), common(b, a)), (expected, expected), "{a} {b}");
        }
    }
}
