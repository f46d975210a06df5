//! Whatever is written, its form is the same documents, and the form of a form is itself.

use super::*;
use proptest::prelude::*;

/// A scalar as somebody may write it.
fn scalar() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z*][a-z0-9_]{0,6}",
        "'[a-z #:\"\\\\{]{0,6}'",
        "\"[a-z #:',\\[]{0,6}\"",
        Just("-4".to_owned()),
        Just("1.50".to_owned()),
        Just("''''".to_owned()),
        Just("true".to_owned()),
        Just("\"a\\\n  \\ b\"".to_owned()),
        Just("2026-01-01T00:00:00[Europe/Berlin]".to_owned()),
    ]
    .prop_map(|text| if text.starts_with('*') { format!("\"{text}\"") } else { text })
}

#[derive(Clone, Debug)]
enum Tree {
    Scalar(String),
    Block(&'static str, Vec<String>),
    Flow(bool, Vec<Tree>, &'static str),
    List(Vec<(Trivia, Tree)>),
    Map(Vec<(Trivia, Tree)>),
}

/// What stands around an entry: lines above it, spaces, a comment behind it.
#[derive(Clone, Debug)]
struct Trivia {
    above: Vec<Option<(usize, String)>>,
    spaces: usize,
    behind: Option<(usize, String)>,
}

fn trivia() -> impl Strategy<Value = Trivia> {
    let comment = || (0..6_usize, "#[ a-z:#'\"{-]{0,6}");
    let above = prop::collection::vec(prop::option::of(comment()), 0..3);
    (
        prop_oneof![4 => Just(Vec::new()), 1 => above],
        1..4_usize,
        prop_oneof![4 => Just(None), 1 => comment().prop_map(Some)],
    )
        .prop_map(|(above, spaces, behind)| Trivia { above, spaces, behind })
}

fn tree() -> impl Strategy<Value = Tree> {
    let line = prop_oneof!["[a-z#]([a-z #:]{0,6}[a-z])?", Just(String::new()), " {1,2}[a-z]"];
    let leaf = prop_oneof![
        6 => scalar().prop_map(Tree::Scalar),
        1 => (prop::sample::select(vec!["|", ">", "|-", ">+", "|+"]), "[a-z]{1,3}", prop::collection::vec(line, 0..4))
            .prop_map(|(header, first, rest)| Tree::Block(header, [vec![first], rest].concat())),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let entries = || prop::collection::vec((trivia(), inner.clone()), 1..4);
        let breaks = prop::sample::select(vec!["", " ", "\n", "  # c\n", "\n\n"]);
        prop_oneof![
            (any::<bool>(), prop::collection::vec(inner.clone(), 0..4), breaks)
                .prop_map(|(map, items, breaks)| Tree::Flow(map, items, breaks)),
            entries().prop_map(Tree::List),
            entries().prop_map(Tree::Map),
        ]
    })
}

impl Tree {
    /// Writes it behind a `:` or `-`, its lines indented by `indent` or more.
    fn write(&self, indent: usize, step: usize, out: &mut String) {
        match self {
            Tree::Scalar(_) | Tree::Flow(..) => {
                out.push(' ');
                self.write_flow(indent, out);
            }
            Tree::Block(header, lines) => {
                out.push_str(&format!(" {header}"));
                for line in lines {
                    out.push_str(&format!("\n{}{line}", " ".repeat(indent)));
                }
            }
            Tree::List(entries) | Tree::Map(entries) => {
                for (place, (trivia, tree)) in entries.iter().enumerate() {
                    for above in &trivia.above {
                        out.push('\n');
                        if let Some((column, comment)) = above {
                            out.push_str(&format!("{}{comment}", " ".repeat(*column)));
                        }
                    }
                    let word = if matches!(self, Tree::List(_)) { "-".to_owned() } else { format!("k{place}:") };
                    out.push_str(&format!("\n{}{word}", " ".repeat(indent)));
                    let spaces = if matches!(tree, Tree::Scalar(_)) { trivia.spaces } else { 0 };
                    out.push_str(&" ".repeat(spaces));
                    let has_lines = matches!(tree, Tree::List(_) | Tree::Map(_));
                    let behind = trivia.behind.as_ref().filter(|_| !matches!(tree, Tree::Block(..)));
                    let behind = behind.map(|(spaces, comment)| format!("{}{comment}", " ".repeat(spaces + 1)));
                    let behind = behind.unwrap_or_default();
                    if has_lines {
                        out.push_str(&behind);
                    }
                    tree.write(indent + step, step, out);
                    if !has_lines {
                        out.push_str(&behind);
                    }
                }
            }
        }
    }

    fn write_flow(&self, indent: usize, out: &mut String) {
        let breaks = |breaks: &str| breaks.replace('\n', &format!("\n{}", " ".repeat(indent)));
        match self {
            Tree::Scalar(text) => out.push_str(&text.replace('\n', &format!("\n{}", " ".repeat(indent)))),
            Tree::Flow(map, items, gap) => {
                out.push(if *map { '{' } else { '[' });
                for (place, item) in items.iter().enumerate() {
                    out.push_str(&breaks(gap));
                    if *map {
                        out.push_str(&format!("k{place}: "));
                    }
                    item.write_flow(indent, out);
                    out.push_str(if place + 1 < items.len() { "," } else { "" });
                }
                out.push_str(&breaks(gap));
                out.push(if *map { '}' } else { ']' });
            }
            // No block stands in brackets.
            _ => out.push('x'),
        }
    }
}

fn files() -> impl Strategy<Value = String> {
    let documents = prop::collection::vec((prop::collection::vec((trivia(), tree()), 1..4), 0..4_usize), 1..3);
    (documents, 1..5_usize).prop_map(|(documents, step)| {
        let mut text = String::new();
        for (fields, order) in documents {
            let mut names = ["apiVersion", "kind", "metadata", "spec"];
            names.rotate_left(order);
            for ((trivia, tree), name) in fields.iter().zip(names) {
                let one = Tree::Map(vec![(trivia.clone(), tree.clone())]);
                let mut field = String::new();
                one.write(0, step, &mut field);
                text.push_str(&field.replace("\nk0:", &format!("\n{name}:")));
            }
            text.push_str("\n---");
        }
        text
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn a_form_says_the_same_and_its_form_is_itself(text in files()) {
        // What is no YAML at all is no case.
        if documents(&text).is_ok() {
            let once = format(&text, Form::Yaml).map_err(|error| TestCaseError::fail(format!("{error}:\n{text}")))?;
            let twice = format(&once, Form::Yaml).map_err(|error| TestCaseError::fail(format!("{error}:\n{once}")))?;
            prop_assert_eq!(&twice, &once, "of\n{}", text);
            // In a block, and behind an escape, spaces are text.
            let bare = !once.contains(['|', '>', '\\']);
            prop_assert!(!bare || once.lines().all(|line| !line.ends_with(' ')), "{}", once);
        }
    }
}
