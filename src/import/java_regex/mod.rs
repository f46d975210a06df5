//! Java's regular expressions, as far as rules use them: read, matched, and told as names with `*`.
//!
//! In: an expression that Trino matches against a whole name. Out: whether a name is of it, and the names or patterns that
//! it stands for, each marked as exact or as wider than the expression. Never: an expression taken for less than it is;
//! what is not known here is [`Unsupported`].

mod read;

/// Most patterns that one expression may stand for.
const MOST_PATTERNS: usize = 256;
/// Most characters of a class that are told one by one.
const MOST_CHARACTERS: u32 = 16;

/// An expression.
#[derive(Clone, Debug)]
pub(super) struct Regex {
    node: Node,
    groups: usize,
}

/// Why an expression can't be read here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unsupported(pub(super) &'static str);

/// A name in which `*` stands for any text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Pattern {
    pub(super) text: String,
    /// Whether each name of the pattern is of the expression; else it is wider.
    pub(super) exact: bool,
}

#[derive(Clone, Debug)]
enum Node {
    One(Class),
    Concat(Vec<Node>),
    Alternatives(Vec<Node>),
    Repeat { node: Box<Node>, least: usize, most: Option<usize> },
    Group { node: Box<Node>, number: Option<usize> },
}

/// A set of characters.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Class {
    negated: bool,
    ranges: Vec<(char, char)>,
}

impl Class {
    fn one(character: char) -> Class {
        Class { negated: false, ranges: vec![(character, character)] }
    }

    /// `.`: all but the ends of lines.
    fn any() -> Class {
        let ends = ['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}'];
        Class { negated: true, ranges: ends.map(|c| (c, c)).to_vec() }
    }

    fn holds(&self, character: char) -> bool {
        self.ranges.iter().any(|(from, to)| (*from..=*to).contains(&character)) != self.negated
    }

    /// The characters, if they are few.
    fn characters(&self) -> Option<Vec<char>> {
        let size: u32 = self.ranges.iter().map(|(from, to)| u32::from(*to) - u32::from(*from) + 1).sum();
        (!self.negated && size <= MOST_CHARACTERS).then(|| self.ranges.iter().flat_map(|(a, b)| *a..=*b).collect())
    }

    /// With the other case of each ASCII letter.
    fn in_any_case(mut self) -> Class {
        for (from, to) in self.ranges.clone() {
            for (low, high, shift) in [('a', 'z', -32_i32), ('A', 'Z', 32)] {
                let (start, end) = (from.max(low), to.min(high));
                let shifted = |c: char| u32::from(c).checked_add_signed(shift).and_then(char::from_u32);
                if let (true, Some(start), Some(end)) = (start <= end, shifted(start), shifted(end)) {
                    self.ranges.push((start, end));
                }
            }
        }
        self
    }
}

impl Regex {
    /// Reads an expression.
    pub(super) fn read(text: &str) -> Result<Regex, Unsupported> {
        let (any_case, text) = match text.strip_prefix("(?i)") {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (node, groups) = read::read(text, any_case)?;
        Ok(Regex { node, groups })
    }

    /// Whether the whole of `text` is of the expression.
    pub(super) fn matches(&self, text: &str) -> bool {
        let text: Vec<char> = text.chars().collect();
        ends(&self.node, &text, 0).contains(&text.len())
    }

    /// How many groups it has that take something.
    pub(super) fn groups(&self) -> usize {
        self.groups
    }

    /// What its groups take of `text`, the whole text first, where that is plain: groups of any text between fixed ones.
    pub(super) fn captures(&self, text: &str) -> Option<Vec<String>> {
        let parts = match &self.node {
            Node::Concat(nodes) => nodes.as_slice(),
            only => std::slice::from_ref(only),
        };
        if !self.matches(text) {
            return None;
        }
        let at = parts.iter().position(|part| matches!(part, Node::Group { number: Some(_), .. }));
        let Some(at) = at else { return Some(vec![text.to_owned()]) };
        // One group, and fixed text around it: there is only one way to match.
        let fixed = |nodes: &[Node]| {
            let one = |node: &Node| matches!(node, Node::One(class) if class.characters().is_some());
            nodes.iter().all(one).then_some(nodes.len())
        };
        let (before, after) = (fixed(parts.get(..at)?)?, fixed(parts.get(at + 1..)?)?);
        let inner_groups = matches!(parts.get(at), Some(Node::Group { node, .. }) if holds_group(node));
        let characters: Vec<char> = text.chars().collect();
        let middle = characters.get(before..characters.len().checked_sub(after)?)?;
        (!inner_groups).then(|| vec![text.to_owned(), middle.iter().collect()])
    }

    /// The patterns that together stand for the expression; `None` if there are too many.
    pub(super) fn patterns(&self) -> Option<Vec<Pattern>> {
        let mut patterns = told(&self.node)?;
        // Names are never empty, so "one character or more" is any name.
        if let Node::Repeat { node, least: 1, most: None } = &self.node
            && is_any(node)
        {
            patterns.iter_mut().for_each(|pattern| pattern.exact = true);
        }
        for pattern in &mut patterns {
            while pattern.text.contains("**") {
                pattern.text = pattern.text.replace("**", "*");
            }
        }
        patterns.sort();
        patterns.dedup();
        Some(patterns)
    }
}

fn holds_group(node: &Node) -> bool {
    match node {
        Node::One(_) => false,
        Node::Concat(nodes) | Node::Alternatives(nodes) => nodes.iter().any(holds_group),
        Node::Repeat { node, .. } => holds_group(node),
        Node::Group { node, number } => number.is_some() || holds_group(node),
    }
}

fn is_any(node: &Node) -> bool {
    match node {
        Node::One(class) => *class == Class::any(),
        Node::Group { node, .. } => is_any(node),
        _ => false,
    }
}

/// Where a match that begins at `from` may end.
fn ends(node: &Node, text: &[char], from: usize) -> Vec<usize> {
    match node {
        Node::One(class) => text.get(from).filter(|c| class.holds(**c)).map(|_| from + 1).into_iter().collect(),
        Node::Group { node, .. } => ends(node, text, from),
        Node::Alternatives(nodes) => union(nodes.iter().flat_map(|node| ends(node, text, from))),
        Node::Concat(nodes) => nodes
            .iter()
            .fold(vec![from], |starts, node| union(starts.into_iter().flat_map(|start| ends(node, text, start)))),
        Node::Repeat { node, least, most } => {
            let mut reached = Vec::new();
            let mut current = vec![from];
            for round in 0.. {
                if round >= *least {
                    let new: Vec<usize> = current.iter().filter(|at| !reached.contains(*at)).copied().collect();
                    reached.extend(&new);
                    if new.is_empty() {
                        break;
                    }
                }
                if most.is_some_and(|most| round >= most) || current.is_empty() {
                    break;
                }
                current = union(current.into_iter().flat_map(|start| ends(node, text, start)));
            }
            reached
        }
    }
}

fn union(places: impl Iterator<Item = usize>) -> Vec<usize> {
    let mut places: Vec<usize> = places.collect();
    places.sort_unstable();
    places.dedup();
    places
}

fn told(node: &Node) -> Option<Vec<Pattern>> {
    let one = |text: String, exact| Some(vec![Pattern { text, exact }]);
    match node {
        Node::One(class) => match class.characters() {
            Some(characters) if !characters.contains(&'*') => {
                Some(characters.into_iter().map(|c| Pattern { text: c.to_string(), exact: true }).collect())
            }
            _ => one("*".to_owned(), false),
        },
        Node::Group { node, .. } => told(node),
        Node::Concat(nodes) => nodes.iter().try_fold(one(String::new(), true)?, |before, node| {
            let after = told(node)?;
            (before.len() * after.len() <= MOST_PATTERNS).then(|| product(&before, &after))
        }),
        Node::Alternatives(nodes) => {
            let lists = nodes.iter().map(told).collect::<Option<Vec<_>>>()?;
            let all: Vec<Pattern> = lists.into_iter().flatten().collect();
            (all.len() <= MOST_PATTERNS).then_some(all)
        }
        Node::Repeat { node, least: 0, most: None } => one("*".to_owned(), is_any(node)),
        Node::Repeat { node, least, most: Some(most) } if *most <= 4 => {
            let inner = told(node)?;
            let mut all = Vec::new();
            let mut current = one(String::new(), true)?;
            for round in 0..=*most {
                if round >= *least {
                    all.extend(current.iter().cloned());
                }
                if current.len() * inner.len() > MOST_PATTERNS {
                    return None;
                }
                current = product(&current, &inner);
            }
            (all.len() <= MOST_PATTERNS).then_some(all)
        }
        Node::Repeat { .. } => one("*".to_owned(), false),
    }
}

fn product(before: &[Pattern], after: &[Pattern]) -> Vec<Pattern> {
    let joined =
        |a: &Pattern, b: &Pattern| Pattern { text: format!("{}{}", a.text, b.text), exact: a.exact && b.exact };
    before.iter().flat_map(|a| after.iter().map(move |b| joined(a, b))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_is_told_as_the_names_it_stands_for() {
        for (expression, patterns) in [
            ("employees", "employees"),
            (".*", "*"),
            (".+", "*"),
            ("", ""),
            ("a|b|c", "a b c"),
            ("(orders|customers)", "customers orders"),
            ("hr_.*", "hr_*"),
            ("(hr|fin)_(a|b)", "fin_a fin_b hr_a hr_b"),
            ("(?:tmp|temp).*_x", "temp*_x tmp*_x"),
            ("orders?", "order orders"),
            ("t[0-3]", "t0 t1 t2 t3"),
            ("^lake$", "lake"),
            ("^a|b$", "a b"),
            (r"a\.b", "a.b"),
            (r"\Qa.b*\E", "a.b~*"),
            ("a.b", "a~*b"),
            ("a.+", "~a*"),
            ("a.{0,2}", "a ~a*"),
            ("x{2}", "xx"),
            (r"t_\d+", "~t_*"),
            ("[^a]*", "~*"),
            ("(?i)ab", "AB Ab aB ab"),
            ("a.*|b.", "a* ~b*"),
        ] {
            let told = Regex::read(expression).unwrap().patterns().unwrap();
            let told: Vec<String> = told
                .iter()
                .map(|pattern| if pattern.exact { pattern.text.clone() } else { format!("~{}", pattern.text) })
                .collect();
            let mut expected: Vec<String> = patterns.split(' ').map(|one| one.to_owned()).collect();
            // `~` in the middle marks it too.
            expected.iter_mut().for_each(|one| {
                if one.contains('~') {
                    *one = format!("~{}", one.replace('~', ""));
                }
            });
            expected.sort_by_key(|one| one.trim_start_matches('~').to_owned());
            assert_eq!(told, expected, "{expression}");
        }
    }

    #[test]
    fn a_name_is_of_an_expression_as_a_whole() {
        for (expression, name, is) in [
            ("a", "a", true),
            ("a", "ab", false),
            ("a|b", "b", true),
            (r"t_\d+", "t_12", true),
            (r"t_\d+", "t_", false),
            ("(ab)*", "ababab", true),
            ("(ab)*", "aba", false),
            ("(a*)*b", "aaaab", true),
            ("[^a-c]x{2,3}", "dxxx", true),
            ("[^a-c]x{2,3}", "cxx", false),
            ("a.c", "abc", true),
            ("a.c", "a\nc", false),
            ("(?i)Alice", "aLICE", true),
            (".*_(eu|us)", "orders_us", true),
            ("(a|)b", "b", true),
        ] {
            assert_eq!(Regex::read(expression).unwrap().matches(name), is, "{expression} {name}");
        }
    }

    #[test]
    fn what_is_not_known_here_is_said() {
        for expression in [
            "(?=a)b",
            "(?!x).*",
            r"(a)\1",
            r"\bx",
            r"\p{L}",
            "a*+",
            "[a-z&&[^b]]",
            "a**",
            "(a",
            "a)",
            "a^b",
            "[]",
            "(?m)a",
        ] {
            assert!(Regex::read(expression).is_err(), "{expression}");
        }
    }

    #[test]
    fn too_many_names_are_not_told() {
        assert_eq!(Regex::read("[abcd][abcd][abcd][abcd][abcd]").unwrap().patterns(), None);
    }
}
