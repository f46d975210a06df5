//! Whether a tree has the shape that the schema gives: all that is unknown, missing, twice or of a wrong type.
//!
//! It reads the part of JSON Schema that is generated for this room's types; a form that it does not know is a fault of
//! this program and said so, never passed over.

use super::node::{Bytes, Node, Value};
use crate::policy::suggest::did_you_mean;
use serde_json::{Map, Value as Json};
use std::collections::HashMap;

/// What to do about a key with nothing behind its colon.
const LEAVE_OUT: &str = "nothing stands behind the colon: write it, or leave the field out";

/// Something that does not fit.
pub(super) struct Problem {
    pub(super) code: &'static str,
    pub(super) at: Bytes,
    pub(super) message: String,
    pub(super) label: String,
    /// The first place of a key that stands twice.
    pub(super) first: Option<Bytes>,
    pub(super) help: Option<String>,
}

/// A schema with its definitions.
pub(super) struct Shape<'s> {
    pub(super) root: &'s Json,
    pub(super) problems: Vec<Problem>,
}

impl<'s> Shape<'s> {
    /// Checks a whole document.
    pub(super) fn check(root: &'s Json, node: &Node) -> Vec<Problem> {
        let mut shape = Shape { root, problems: Vec::new() };
        shape.node(root, node, "");
        shape.problems
    }

    fn node(&mut self, schema: &'s Json, node: &Node, path: &str) {
        let schema = self.resolved(schema);
        let Some(schema) = schema.as_object() else {
            return self.unknown_schema(node, path);
        };
        if let Some(words) = words_of(schema) {
            return self.word(&words, node, path);
        }
        let types = types_of(schema);
        match (&node.value, types.as_slice()) {
            (Value::Null, types) if types.contains(&"null") => {}
            (Value::Map(_), types) if types.contains(&"object") => self.map(schema, node, path),
            (Value::List(items), types) if types.contains(&"array") => match schema.get("items") {
                Some(schema) => {
                    for (index, item) in items.iter().enumerate() {
                        self.node(schema, item, &format!("{path}[{index}]"));
                    }
                }
                None => self.unknown_schema(node, path),
            },
            (Value::Text(_), types) if types.contains(&"string") => {}
            (Value::Boolean(_), types) if types.contains(&"boolean") => {}
            (Value::Integer(_), types) if types.contains(&"integer") => {}
            (_, []) => self.unknown_schema(node, path),
            (value, types) => self.wrong_type(value, types, node, path),
        }
    }

    fn map(&mut self, schema: &'s Map<String, Json>, node: &Node, path: &str) {
        let Value::Map(entries) = &node.value else { return };
        let properties = schema.get("properties").and_then(Json::as_object);
        let others = schema.get("additionalProperties");
        let mut seen = HashMap::with_capacity(entries.len());
        for (key, value) in entries {
            let inner = if path.is_empty() { key.name.clone() } else { format!("{path}.{}", key.name) };
            if let Some(first) = seen.get(key.name.as_str()) {
                self.problems.push(Problem {
                    code: "duplicate-key",
                    at: key.at.clone(),
                    message: format!("`{}` is given twice", key.name),
                    label: "given again".to_owned(),
                    first: Some(Bytes::clone(first)),
                    help: None,
                });
                continue;
            }
            seen.insert(key.name.as_str(), key.at.clone());
            if let Some(schema) = properties.and_then(|properties| properties.get(&key.name)) {
                self.node(schema, value, &inner);
            } else if let Some(schema) = others.filter(|schema| schema.is_object()) {
                self.node(schema, value, &inner);
            } else {
                let known = || properties.into_iter().flatten().map(|(name, _)| name.as_str());
                let all = || format!("known here: {}", listed(known()));
                let inside = if path.is_empty() { "the document".to_owned() } else { format!("`{path}`") };
                self.problems.push(Problem {
                    code: "unknown-field",
                    at: key.at.clone(),
                    message: format!("unknown field `{}`", key.name),
                    label: format!("not a field of {inside}"),
                    first: None,
                    help: Some(did_you_mean(&key.name, known()).unwrap_or_else(all)),
                });
            }
        }
        for name in schema.get("required").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str) {
            if !entries.iter().any(|(key, _)| key.name == name) {
                let inside = if path.is_empty() { "the document" } else { path };
                self.problems.push(Problem {
                    code: "missing-field",
                    at: node.at.clone(),
                    message: format!("`{name}` is missing"),
                    label: format!("`{inside}` needs it"),
                    first: None,
                    help: None,
                });
            }
        }
    }

    fn word(&mut self, words: &[&str], node: &Node, path: &str) {
        let given = match &node.value {
            Value::Text(text) if words.contains(&text.as_str()) => return,
            Value::Text(text) => text,
            value => return self.wrong_type(value, &["string"], node, path),
        };
        self.problems.push(Problem {
            code: "unknown-word",
            at: node.at.clone(),
            message: format!("`{given}` is not known here"),
            label: format!("in `{path}`"),
            first: None,
            help: Some(
                did_you_mean(given, words.iter().copied())
                    .unwrap_or_else(|| format!("known here: {}", listed(words.iter().copied()))),
            ),
        });
    }

    fn wrong_type(&mut self, value: &Value, types: &[&str], node: &Node, path: &str) {
        let expected = types.first().copied().unwrap_or_default();
        let (expected, help) = match (expected, value) {
            ("string", Value::Boolean(_) | Value::Integer(_) | Value::Number) => {
                ("a text", Some("put it in quotes if it is meant as a text".to_owned()))
            }
            ("string", Value::List(_) | Value::Map(_)) if !types.contains(&"object") => {
                ("a text", Some("a text that begins with `[` or `{` needs quotes".to_owned()))
            }
            ("string", Value::Null) => ("a text", Some(LEAVE_OUT.to_owned())),
            ("string", _) => ("a text", None),
            ("array", Value::Text(text)) => ("a list", Some(format!("a list of one is written `[{text}]`"))),
            ("array", Value::Map(_)) => ("a list", Some("begin each item of a list with `- `".to_owned())),
            ("array", Value::Null) => ("a list", Some("leave the field out, or write `[]`".to_owned())),
            ("array", _) => ("a list", None),
            ("object", Value::List(_)) => ("a map", Some("write `key: value` without `- ` in front".to_owned())),
            ("object", Value::Null) => ("a map", Some(LEAVE_OUT.to_owned())),
            ("object", _) => ("a map", None),
            ("boolean", _) => ("`true` or `false`", None),
            ("integer", _) => ("a whole number", None),
            (other, _) => (other, None),
        };
        self.problems.push(Problem {
            code: "wrong-type",
            at: node.at.clone(),
            message: format!("`{path}` is {}, {expected} was expected", value.what()),
            label: format!("{expected} was expected"),
            first: None,
            help,
        });
    }

    fn unknown_schema(&mut self, node: &Node, path: &str) {
        self.problems.push(Problem {
            code: "internal",
            at: node.at.clone(),
            message: format!("Sluice has no rule for `{path}`; this is a fault of Sluice"),
            label: "cannot be checked".to_owned(),
            first: None,
            help: None,
        });
    }

    /// Follows references.
    fn resolved(&self, mut schema: &'s Json) -> &'s Json {
        // References of generated schemas are not circular; the bound is for the reader's peace.
        for _ in 0..16 {
            let reference = schema.get("$ref").and_then(Json::as_str).and_then(|name| name.strip_prefix("#/$defs/"));
            match reference.and_then(|name| self.root.get("$defs")?.get(name)) {
                Some(definition) => schema = definition,
                None => return schema,
            }
        }
        schema
    }
}

fn types_of(schema: &Map<String, Json>) -> Vec<&str> {
    match schema.get("type") {
        Some(Json::String(one)) => vec![one],
        Some(Json::Array(several)) => several.iter().filter_map(Json::as_str).collect(),
        _ => Vec::new(),
    }
}

/// The words of a closed list.
fn words_of(schema: &Map<String, Json>) -> Option<Vec<&str>> {
    if let Some(one) = schema.get("const").and_then(Json::as_str) {
        return Some(vec![one]);
    }
    schema.get("enum").and_then(Json::as_array).map(|words| words.iter().filter_map(Json::as_str).collect())
}

fn listed<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    words.into_iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}
