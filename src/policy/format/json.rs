//! JSON in one form: each entry on a line of its own, numbers and texts as they are written.

use super::Unformattable;
use super::order::rank;
use super::tokens::{Kind, Token, tokens};
use serde::de::IgnoredAny;

enum Tree<'t> {
    Leaf(&'t str),
    List(Vec<Tree<'t>>),
    Map(Vec<(&'t str, Tree<'t>)>),
}

/// The text in the one form.
pub(super) fn format(text: &str) -> Result<String, Unformattable> {
    serde_json::from_str::<IgnoredAny>(text)
        .map_err(|error| Unformattable { line: error.line(), message: without_place(&error.to_string()) })?;
    let tokens = tokens(text)?;
    let mut tree = tree(&mut tokens.iter().peekable());
    match &mut tree {
        Tree::List(documents) => documents.iter_mut().for_each(in_order),
        document => in_order(document),
    }
    let mut out = String::new();
    write(&tree, 0, &mut out);
    out.push('\n');
    Ok(out)
}

/// The place is told apart.
fn without_place(message: &str) -> String {
    format!("no JSON: {}", message.split(" at line ").next().unwrap_or(message))
}

fn in_order(document: &mut Tree<'_>) {
    if let Tree::Map(fields) = document {
        fields.sort_by_key(|(key, _)| rank(key.trim_matches('"')));
    }
}

/// The next value. The text is known to be JSON, nested no deeper than policies may be.
fn tree<'t>(tokens: &mut std::iter::Peekable<std::slice::Iter<'_, Token<'t>>>) -> Tree<'t> {
    let Some(token) = tokens.next() else { return Tree::Leaf("") };
    let ends = |tokens: &mut std::iter::Peekable<std::slice::Iter<'_, Token<'t>>>| {
        while tokens.next_if(|token| token.kind == Kind::Mark(',')).is_some() {}
        tokens.next_if(|token| matches!(token.kind, Kind::Mark(']' | '}'))).is_some() || tokens.peek().is_none()
    };
    match token.kind {
        Kind::Mark('[') => {
            let mut items = Vec::new();
            while !ends(tokens) {
                items.push(tree(tokens));
            }
            Tree::List(items)
        }
        Kind::Mark('{') => {
            let mut entries = Vec::new();
            while !ends(tokens) {
                let key = tokens.next().map_or("", |key| key.text);
                tokens.next_if(|token| token.kind == Kind::Mark(':'));
                entries.push((key, tree(tokens)));
            }
            Tree::Map(entries)
        }
        _ => Tree::Leaf(token.text),
    }
}

fn write(tree: &Tree<'_>, indent: usize, out: &mut String) {
    let line = |indent: usize, out: &mut String| {
        out.push('\n');
        out.push_str(&" ".repeat(indent));
    };
    let (begin, end, count) = match tree {
        Tree::Leaf(text) => return out.push_str(text),
        Tree::List(items) => ('[', ']', items.len()),
        Tree::Map(entries) => ('{', '}', entries.len()),
    };
    out.push(begin);
    for place in 0..count {
        if place > 0 {
            out.push(',');
        }
        line(indent + 2, out);
        match tree {
            Tree::List(items) => items.get(place).into_iter().for_each(|item| write(item, indent + 2, out)),
            Tree::Map(entries) => {
                if let Some((key, value)) = entries.get(place) {
                    out.push_str(key);
                    out.push_str(": ");
                    write(value, indent + 2, out);
                }
            }
            Tree::Leaf(_) => {}
        }
    }
    if count > 0 {
        line(indent, out);
    }
    out.push(end);
}
