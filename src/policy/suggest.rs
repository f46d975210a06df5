//! "Did you mean": the known word that an unknown one is most like.

/// The candidate that is at most a third of its letters away from `word`, if there is one.
pub(super) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| (distance(&word.to_lowercase(), &candidate.to_lowercase()), candidate))
        .filter(|(distance, candidate)| *distance <= (candidate.chars().count() / 3).max(1))
        .min()
        .map(|(_, candidate)| candidate)
}

/// As a hint.
pub(super) fn did_you_mean<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    nearest(word, candidates).map(|candidate| format!("did you mean `{candidate}`?"))
}

/// How many letters have to be put in, left out, changed or swapped with the next one.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    // Long words are no typing errors of each other, and the table is quadratic.
    if a.len() > 64 || b.len() > 64 {
        return usize::MAX;
    }
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let cell = |up: usize, left: usize| {
                let row = if up == 0 { Some(&row) } else { rows.get((i + 1).wrapping_sub(up)) };
                row.and_then(|row| row.get((j + 1).wrapping_sub(left))).copied().unwrap_or(usize::MAX - 1)
            };
            let mut best = (cell(1, 0) + 1).min(cell(0, 1) + 1).min(cell(1, 1) + usize::from(x != y));
            if i > 0 && j > 0 && a.get(i - 1) == Some(y) && b.get(j - 1) == Some(x) {
                best = best.min(cell(2, 2) + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows.last().and_then(|row| row.last()).copied().unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typing_error_leads_to_the_word_that_was_meant() {
        let words = ["grants", "masks", "filters", "tables"];
        assert_eq!(nearest("garnts", words), Some("grants"));
        assert_eq!(nearest("filter", words), Some("filters"));
        assert_eq!(nearest("Masks", words), Some("masks"));
        assert_eq!(nearest("sessions", words), None);
    }

    #[test]
    fn distance_counts_changes() {
        for (a, b, expected) in [("", "", 0), ("a", "", 1), ("ab", "ba", 1), ("kitten", "sitting", 3), ("é", "e", 1)] {
            assert_eq!(distance(a, b), expected, "{a} {b}");
        }
    }
}
