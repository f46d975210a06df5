//! The fields of one rule, read by name and type.

use super::java_regex::Regex;
use super::json::{Json, Value};
use super::note::{Bytes, Note};
use super::rules::{About, Expression, Origin, Re};
use std::collections::BTreeSet;

/// The fields of one map, each taken once; what is left is unknown.
pub(super) struct Fields<'j, 'p> {
    pub(super) path: String,
    at: Bytes,
    entries: Vec<(&'j Bytes, &'j str, &'j Json)>,
    known: Vec<&'static str>,
    pub(super) problems: &'p mut Vec<Note>,
}

pub(super) fn wrong_type(json: &Json, path: &str, expected: &str) -> Note {
    Note::error("wrong-type", json.at.clone(), format!("`{path}` has to be {expected}"), format!("not {expected}"))
}

impl<'j, 'p> Fields<'j, 'p> {
    pub(super) fn new(json: &'j Json, path: &str, problems: &'p mut Vec<Note>) -> Fields<'j, 'p> {
        let entries = match &json.value {
            Value::Map(entries) => entries.iter().map(|(at, key, value)| (at, key.as_str(), value)).collect(),
            _ => {
                problems.push(wrong_type(json, path, "an object"));
                Vec::new()
            }
        };
        Fields { path: path.to_owned(), at: json.at.clone(), entries, known: Vec::new(), problems }
    }

    /// The value of a field; `null` is as if absent.
    pub(super) fn take(&mut self, key: &'static str) -> Option<&'j Json> {
        self.known.push(key);
        let at = self.entries.iter().position(|(_, name, _)| *name == key)?;
        let (_, _, value) = self.entries.swap_remove(at);
        (!matches!(value.value, Value::Null)).then_some(value)
    }

    pub(super) fn close(self) {
        let path = &self.path;
        for (at, key, _) in self.entries {
            let note = Note::error("unknown-field", at.clone(), format!("unknown field `{key}`"), "Trino refuses it")
                .help(format!("known in {path}: {}", self.known.join(", ")));
            self.problems.push(note);
        }
    }

    pub(super) fn missing<T>(&mut self, key: &str) -> Option<T> {
        let message = format!("`{}` needs `{key}`", self.path);
        self.problems.push(Note::error("missing-field", self.at.clone(), message, "in this rule"));
        None
    }

    pub(super) fn wrong<T>(&mut self, json: &Json, key: &str, expected: &str) -> Option<T> {
        self.problems.push(wrong_type(json, &format!("{}.{key}", self.path), expected));
        None
    }

    pub(super) fn unknown_word<T>(&mut self, at: &Bytes, word: &str, known: &str) -> Option<T> {
        let message = format!("`{word}` is not one of {known}");
        self.problems.push(Note::error("unknown-word", at.clone(), message, "Trino refuses it"));
        None
    }

    pub(super) fn text(&mut self, key: &'static str) -> Option<(Bytes, String)> {
        let found = self.take(key)?;
        match &found.value {
            Value::Text(text) => Some((found.at.clone(), text.clone())),
            _ => self.wrong(found, key, "a text"),
        }
    }

    pub(super) fn boolean(&mut self, key: &'static str) -> Option<bool> {
        let found = self.take(key)?;
        match &found.value {
            Value::Boolean(value) => Some(*value),
            _ => self.wrong(found, key, "a boolean"),
        }
    }

    pub(super) fn re(&mut self, key: &'static str) -> Option<Re> {
        self.text(key).map(|(at, text)| Re { at, regex: Regex::read(&text), text })
    }

    /// Words of a list, in upper case; letter case does not matter in Trino.
    pub(super) fn words(&mut self, key: &'static str, known: &[&str]) -> Option<BTreeSet<String>> {
        let Some(found) = self.take(key) else { return self.missing(key) };
        let Value::List(items) = &found.value else { return self.wrong(found, key, "a list") };
        let mut words = BTreeSet::new();
        for item in items {
            match &item.value {
                Value::Text(word) if known.contains(&word.to_ascii_uppercase().as_str()) => {
                    words.insert(word.to_ascii_uppercase());
                }
                Value::Text(word) => return self.unknown_word(&item.at, word, &known.join(", ")),
                _ => return self.wrong(item, key, "a list of texts"),
            }
        }
        Some(words)
    }

    pub(super) fn expression(&mut self, key: &'static str, environment: &'static str) -> Option<Expression> {
        let environment = match self.take(environment) {
            None => None,
            Some(found) => {
                let path = format!("{}.{environment}", self.path);
                let mut inner = Fields::new(found, &path, self.problems);
                let user = inner.text("user");
                inner.close();
                user.map(|(at, _)| at)
            }
        };
        self.text(key).map(|(at, text)| Expression { at, text, environment })
    }

    pub(super) fn about(&mut self, origin: Origin) -> About {
        About { origin, user: self.re("user"), role: self.re("role"), group: self.re("group") }
    }
}
