//! Tables and functions by patterns of three parts, cut into pieces that don't overlap.
//!
//! Of Trino's rules the first that matches decides; Sluice's grants add up. So the tables are cut along all patterns of the
//! rules, and each piece gets what its own first rules say.

use super::java_regex::Pattern;
use super::note::Note;
use super::rules::Re;
use super::who::names;
use crate::policy::matches;

/// Most pieces, before the rules are too entangled to be read by anybody.
const MOST_PIECES: usize = 2_000;
/// Most patterns that the overlap of two patterns may take.
const MOST_OVERLAPS: usize = 64;

/// Catalog, schema and object; `*` stands for any text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Triple(pub(super) [String; 3]);

impl Triple {
    pub(super) fn any() -> Triple {
        Triple(["*"; 3].map(str::to_owned))
    }

    /// Whether each name of `other` is one of these. `false` may be said of some that it covers.
    pub(super) fn covers(&self, other: &Triple) -> bool {
        self.0.iter().zip(&other.0).all(|(wide, narrow)| matches(wide, narrow))
    }

    /// The names of both; `None` if there are too many patterns.
    fn overlap(&self, other: &Triple) -> Option<Vec<Triple>> {
        let [a, b, c] = &self.0;
        let [d, e, f] = &other.0;
        let (catalogs, schemas, objects) = (overlap(a, d)?, overlap(b, e)?, overlap(c, f)?);
        let mut all = Vec::new();
        for catalog in &catalogs {
            for schema in &schemas {
                all.extend(objects.iter().map(|object| Triple([catalog.clone(), schema.clone(), object.clone()])));
            }
        }
        (all.len() <= MOST_OVERLAPS).then_some(all)
    }

    fn meets(&self, other: &Triple) -> Option<bool> {
        self.overlap(other).map(|found| !found.is_empty())
    }
}

/// What a rule is about: the patterns that surely are of it, and those that only may be.
#[derive(Clone, Debug, Default)]
pub(super) struct Objects {
    pub(super) sure: Vec<Triple>,
    pub(super) maybe: Vec<Triple>,
}

/// The objects of a rule's three expressions.
pub(super) fn objects(parts: [(&str, Option<&Re>); 3], notes: &mut Vec<Note>) -> Objects {
    let mut triples = vec![(Vec::new(), true)];
    for (what, re) in parts {
        let patterns = part(what, re, notes);
        triples = triples
            .iter()
            .flat_map(|(parts, exact)| {
                patterns.iter().map(move |pattern| {
                    let mut parts = parts.clone();
                    parts.push(pattern.text.clone());
                    (parts, *exact && pattern.exact)
                })
            })
            .collect();
    }
    let mut found = Objects::default();
    for (parts, exact) in triples {
        let Ok(parts) = <[String; 3]>::try_from(parts) else { continue };
        let list = if exact { &mut found.sure } else { &mut found.maybe };
        list.push(Triple(parts));
    }
    found
}

/// The patterns of one part of a name. Trino's names are in lower case, its expressions are not folded.
pub(super) fn part(what: &str, re: Option<&Re>, notes: &mut Vec<Note>) -> Vec<Pattern> {
    let any = |exact| vec![Pattern { text: "*".to_owned(), exact }];
    let Some(re) = re else { return any(true) };
    let Some(mut patterns) = names(re, what, notes) else { return any(false) };
    let before = patterns.len();
    patterns.retain(|pattern| !pattern.text.chars().any(char::is_uppercase) && !pattern.text.is_empty());
    if patterns.len() < before && patterns.is_empty() {
        notes.push(
            Note::warning(
                "never-matches",
                re.at.clone(),
                format!("`{}` matches nothing: Trino's names are in lower case", re.text),
                "so the rule does nothing, there and here",
            )
            .help("Trino does not fold the letters of an expression"),
        );
    }
    if patterns.iter().any(|pattern| !pattern.exact) {
        notes.push(
            Note::warning(
                "not-mapped",
                re.at.clone(),
                format!("`{}` can't be told as names with `*`", re.text),
                "what is only of this expression is granted to nobody",
            )
            .help("write the names out, or `.*` in place of a part"),
        );
    }
    patterns
}

/// A piece: the names of some pattern of `tables`, without those of any of `except`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) tables: Vec<Triple>,
    pub(super) except: Vec<Triple>,
    /// Which of the patterns that were cut along it lies in, in order.
    pub(super) within: Vec<usize>,
}

/// Cuts all names along patterns. `None` if that makes too many pieces.
pub(super) fn cut(patterns: &[&Triple]) -> Option<Vec<Piece>> {
    let mut pieces = vec![Piece { tables: vec![Triple::any()], except: Vec::new(), within: Vec::new() }];
    for (index, pattern) in patterns.iter().enumerate() {
        let mut next = Vec::new();
        for piece in pieces {
            let mut inside = Vec::new();
            for table in &piece.tables {
                inside.extend(table.overlap(pattern)?);
            }
            let inside = simplest(inside, &piece.except);
            if inside.is_empty() {
                next.push(piece);
                continue;
            }
            let mut except = Vec::new();
            for other in &piece.except {
                if any(&inside, |table| table.meets(other))? {
                    except.push(other.clone());
                }
            }
            let mut within = piece.within.clone();
            within.push(index);
            next.push(Piece { tables: inside, except, within });

            let mut except = piece.except;
            except.push((*pattern).clone());
            let tables = simplest(piece.tables, &except);
            if !tables.is_empty() {
                next.push(Piece { tables, except, within: piece.within });
            }
        }
        if next.len() > MOST_PIECES {
            return None;
        }
        pieces = next;
    }
    pieces.into_iter().map(Piece::tidy).collect()
}

impl Piece {
    /// Without exceptions that leave nothing out.
    fn tidy(mut self) -> Option<Piece> {
        let mut needed: Vec<Triple> = Vec::new();
        for (index, pattern) in self.except.iter().enumerate() {
            let wider = |(at, other): (usize, &Triple)| {
                at != index && other.covers(pattern) && (!pattern.covers(other) || at < index)
            };
            let covered = self.except.iter().enumerate().any(wider);
            if !covered && any(&self.tables, |table| table.meets(pattern))? {
                needed.push(pattern.clone());
            }
        }
        self.except = needed;
        Some(self)
    }

    /// One piece of two, where that is as easy to say.
    pub(super) fn join(&self, other: &Piece) -> Option<Piece> {
        let free = |except: &[Triple], tables: &[Triple], same: &[Triple]| {
            let mut left = Vec::new();
            for pattern in except {
                if same.contains(pattern) || !any(tables, |table| table.meets(pattern))? {
                    left.push(pattern.clone());
                } else if !(same.is_empty() && tables.iter().any(|table| table.covers(pattern))) {
                    return None;
                }
            }
            Some(left)
        };
        let mut except = free(&self.except, &other.tables, &other.except)?;
        except.extend(free(&other.except, &self.tables, &self.except)?);
        except.sort();
        except.dedup();
        let tables = simplest(self.tables.iter().chain(&other.tables).cloned().collect(), &[]);
        Piece { tables, except, within: Vec::new() }.tidy()
    }
}

fn any(tables: &[Triple], meets: impl Fn(&Triple) -> Option<bool>) -> Option<bool> {
    for table in tables {
        if meets(table)? {
            return Some(true);
        }
    }
    Some(false)
}

/// Without those that another one, or one of `gone`, covers.
fn simplest(mut triples: Vec<Triple>, gone: &[Triple]) -> Vec<Triple> {
    triples.sort();
    triples.dedup();
    let all = triples.clone();
    triples.retain(|one| {
        let wider = |other: &Triple| other != one && other.covers(one) && !(one.covers(other) && other > one);
        !all.iter().any(wider) && !gone.iter().any(|other| other.covers(one))
    });
    triples
}

/// The texts of two patterns, as patterns.
fn overlap(a: &str, b: &str) -> Option<Vec<String>> {
    if !b.contains('*') {
        return Some(if matches(a, b) { vec![b.to_owned()] } else { Vec::new() });
    }
    if !a.contains('*') {
        return overlap(b, a);
    }
    if matches(a, b) {
        return Some(vec![b.to_owned()]);
    }
    if matches(b, a) {
        return Some(vec![a.to_owned()]);
    }
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    // found[i][j]: the overlaps of what follows i in a and j in b.
    let mut below: Vec<Vec<String>> = Vec::new();
    for i in (0..=a.len()).rev() {
        let mut row: Vec<Vec<String>> = Vec::new();
        for j in (0..=b.len()).rev() {
            // `row` and `below` are built from their ends.
            let right = || row.last().cloned().unwrap_or_default();
            let down = || below_at(&below, b.len() - j);
            let diagonal = || (b.len() - j).checked_sub(1).map(|at| below_at(&below, at)).unwrap_or_default();
            let found = match (a.get(i), b.get(j)) {
                (None, None) => vec![String::new()],
                (Some('*'), None) => down(),
                (None, Some('*')) => right(),
                (Some('*'), Some('*')) => prefixed('*', down().into_iter().chain(right())),
                (Some('*'), Some(c)) => down().into_iter().chain(prefixed(*c, right())).collect(),
                (Some(c), Some('*')) => right().into_iter().chain(prefixed(*c, down())).collect(),
                (Some(c), Some(d)) if c == d => prefixed(*c, diagonal()),
                _ => Vec::new(),
            };
            row.push(widest(found)?);
        }
        below = row;
    }
    below.pop()
}

fn below_at(below: &[Vec<String>], at: usize) -> Vec<String> {
    below.get(at).cloned().unwrap_or_default()
}

fn prefixed(character: char, texts: impl IntoIterator<Item = String>) -> Vec<String> {
    let join = |text: String| match text.strip_prefix('*') {
        Some(_) if character == '*' => text,
        _ => format!("{character}{text}"),
    };
    texts.into_iter().map(join).collect()
}

/// Without what another one covers; `None` if too many are left.
fn widest(mut texts: Vec<String>) -> Option<Vec<String>> {
    texts.sort();
    texts.dedup();
    let all = texts.clone();
    texts.retain(|one| !all.iter().any(|other| other != one && matches(other, one)));
    (texts.len() <= MOST_OVERLAPS).then_some(texts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn triple(text: &str) -> Triple {
        Triple(text.split('.').map(str::to_owned).collect::<Vec<_>>().try_into().unwrap())
    }

    #[test]
    fn two_patterns_overlap_in_patterns() {
        for (a, b, both) in [
            ("*", "x", "x"),
            ("a*", "*b", "a*b"),
            ("ab*", "*bc", "ab*bc abc"),
            ("a*", "b*", ""),
            ("a*c", "a*", "a*c"),
            ("*x*", "*y*", "*x*y* *y*x*"),
            ("hr_*", "hr_*_eu", "hr_*_eu"),
        ] {
            assert_eq!(overlap(a, b).unwrap().join(" "), both, "{a} {b}");
            assert_eq!(overlap(b, a).unwrap().join(" "), both, "{b} {a}");
        }
    }

    #[test]
    fn names_are_cut_into_pieces_that_each_name_is_in_one_of() {
        let patterns =
            ["lake.hr.*", "lake.*.salary", "*.*.*", "lake.hr.salary_2020", "*.fin*.*a", "*.*.a*"].map(triple);
        let pieces = cut(&patterns.iter().collect::<Vec<_>>()).unwrap();
        for name in [
            "lake.hr.salary",
            "lake.hr.x",
            "lake.fin.salary",
            "tpch.fin2.a",
            "tpch.fin.ab",
            "x.y.z",
            "lake.hr.a",
            "lake.hr.salary_2020",
        ] {
            let name = triple(name);
            let within: Vec<&Piece> = pieces
                .iter()
                .filter(|piece| {
                    piece.tables.iter().any(|t| t.covers(&name)) && !piece.except.iter().any(|t| t.covers(&name))
                })
                .collect();
            let expected: Vec<usize> = (0..patterns.len()).filter(|at| patterns[*at].covers(&name)).collect();
            assert_eq!(within.iter().map(|piece| &piece.within).collect::<Vec<_>>(), [&expected], "{name:?}");
        }
    }

    #[test]
    fn a_piece_and_what_was_cut_from_it_join_again() {
        let pieces = cut(&[&triple("lake.hr.salary")]).unwrap();
        let whole = pieces[0].join(&pieces[1]).unwrap();
        assert_eq!((whole.tables, whole.except), (vec![Triple::any()], vec![]));
    }
}
