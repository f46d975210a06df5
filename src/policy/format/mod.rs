//! Policy documents in one form: indentation, spaces, quotes and the order of a document's own fields.
//!
//! In: a file's text. Out: the same documents with the same comments, laid out in one way; line breaks and the choice
//! between `{…}` and lines are the writer's. Only what stands between words is changed, so no word and no comment can get
//! lost, and before a text is given out it is read again: if it would not be the same documents, there is none.

mod json;
mod layout;
mod order;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
mod tokens;

use super::document::{Key, Node, Value, read_one};
use tokens::{Kind, tokens};

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// YAML, with comments.
    Yaml,
    /// JSON.
    Json,
}

/// Why a text is left as it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct Unformattable {
    /// The line, from 1.
    pub line: usize,
    /// Why.
    pub message: String,
}

/// The text in the one form.
///
/// # Errors
/// [`Unformattable`], if it can't be read, or would not say the same.
pub fn format(text: &str, form: Form) -> Result<String, Unformattable> {
    let before = documents(text)?;
    let formatted = match form {
        Form::Json => json::format(text)?,
        Form::Yaml => {
            let laid_out = layout::layout(&tokens(text)?)?;
            match order::ordered(&laid_out, &tokens(&laid_out)?) {
                Some(ordered) => layout::layout(&tokens(&ordered)?)?,
                None => laid_out,
            }
        }
    };
    let same = documents(&formatted).is_ok_and(|after| {
        before.len() == after.len()
            && before.iter().zip(&after).all(|(before, after)| same_document((before, text), (after, &formatted)))
    });
    if !same || comments(text)? != comments(&formatted)? {
        return Err(Unformattable { line: 1, message: "its documents would not be the same afterwards".to_owned() });
    }
    Ok(formatted)
}

fn documents(text: &str) -> Result<Vec<Node>, Unformattable> {
    read_one(text).map_err(|(line, message)| Unformattable { line, message })
}

/// The comments, sorted, since fields change places.
fn comments(text: &str) -> Result<Vec<&str>, Unformattable> {
    let mut found: Vec<&str> =
        tokens(text)?.iter().filter(|token| token.kind == Kind::Comment).map(|token| token.text.trim_end()).collect();
    found.sort_unstable();
    Ok(found)
}

/// A node and the text that it stands in.
type Placed<'n> = (&'n Node, &'n str);

/// Whether two documents, or lists of them, are the same but for the order of their own fields.
fn same_document(before: Placed<'_>, after: Placed<'_>) -> bool {
    match (&before.0.value, &after.0.value) {
        (Value::Map(old), Value::Map(new)) => {
            let (old, new) = (sorted(old), sorted(new));
            old.len() == new.len()
                && old
                    .iter()
                    .zip(new)
                    .all(|((key, old), (other, new))| key.name == other.name && same((old, before.1), (new, after.1)))
        }
        (Value::List(old), Value::List(new)) => {
            old.len() == new.len()
                && old.iter().zip(new).all(|(old, new)| same_document((old, before.1), (new, after.1)))
        }
        _ => same(before, after),
    }
}

fn sorted(entries: &[(Key, Node)]) -> Vec<&(Key, Node)> {
    let mut entries: Vec<_> = entries.iter().collect();
    entries.sort_by_key(|(key, _)| order::rank(&key.name));
    entries
}

fn same((old, old_text): Placed<'_>, (new, new_text): Placed<'_>) -> bool {
    match (&old.value, &new.value) {
        (Value::Null, Value::Null) => true,
        (Value::Boolean(old), Value::Boolean(new)) => old == new,
        (Value::Integer(old), Value::Integer(new)) => old == new,
        (Value::Number, Value::Number) => old_text.get(old.at.clone()) == new_text.get(new.at.clone()),
        (Value::Text(old), Value::Text(new)) => old == new,
        (Value::List(old), Value::List(new)) => {
            old.len() == new.len() && old.iter().zip(new).all(|(old, new)| same((old, old_text), (new, new_text)))
        }
        (Value::Map(old), Value::Map(new)) => {
            old.len() == new.len()
                && old
                    .iter()
                    .zip(new)
                    .all(|((key, old), (other, new))| key.name == other.name && same((old, old_text), (new, new_text)))
        }
        _ => false,
    }
}
