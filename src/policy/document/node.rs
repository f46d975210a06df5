//! Text → trees of nodes, each with its place.
//!
//! Documents are read into trees first and into types later, so that all that is wrong with them can be said at once,
//! with the place of each key and value. YAML's means of saying more than is written (anchors, aliases, merge keys, tags)
//! are refused: a reviewer of a policy has to see what it says.

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{DuplicateKeyPolicy, MergeKeyPolicy, Options, Spanned};
use std::fmt;
use std::ops::Range;

/// Most bytes of one file.
pub(crate) const MOST_BYTES: usize = 4 * 1024 * 1024;
/// How deep lists and maps may nest in each other. The language itself needs eight.
const MOST_DEPTH: usize = 32;

/// Bytes of a file.
pub(crate) type Bytes = Range<usize>;

/// A value and where it stands.
#[derive(Clone, Debug)]
pub(in crate::policy) struct Node {
    /// The bytes of a scalar; the first byte of a list or map.
    pub(in crate::policy) at: Bytes,
    pub(in crate::policy) value: Value,
}

#[derive(Clone, Debug)]
pub(in crate::policy) enum Value {
    Null,
    Boolean(bool),
    Integer(i64),
    /// A number that is no whole one of 64 bits.
    Number,
    Text(String),
    List(Vec<Node>),
    /// Keys in the order of the text; the same one may stand there twice.
    Map(Vec<(Key, Node)>),
}

#[derive(Clone, Debug)]
pub(in crate::policy) struct Key {
    pub(in crate::policy) at: Bytes,
    pub(in crate::policy) name: String,
}

impl Node {
    /// The value of a map's key.
    pub(in crate::policy) fn get(&self, key: &str) -> Option<&Node> {
        match &self.value {
            Value::Map(entries) => entries.iter().find(|(k, _)| k.name == key).map(|(_, node)| node),
            _ => None,
        }
    }

    pub(in crate::policy) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }
}

impl Value {
    /// What it is, in the words of a message.
    pub(super) fn what(&self) -> &'static str {
        match self {
            Value::Null => "nothing",
            Value::Boolean(_) => "a boolean",
            Value::Integer(_) | Value::Number => "a number",
            Value::Text(_) => "a text",
            Value::List(_) => "a list",
            Value::Map(_) => "a map",
        }
    }
}

/// What is wrong with a file as a whole.
pub(super) struct Unreadable {
    pub(super) at: Bytes,
    pub(super) message: String,
}

/// Reads the documents of a file. An empty document is none.
pub(super) fn read(text: &str) -> Result<Vec<Node>, Unreadable> {
    if text.len() > MOST_BYTES {
        let message = format!("the file has {} bytes, more than the {MOST_BYTES} that are read", text.len());
        return Err(Unreadable { at: 0..0, message });
    }
    let documents = serde_saphyr::from_multiple_with_options::<Raw>(text, options()).map_err(|error| Unreadable {
        at: error.location().map_or(0..0, |place| byte_of(text, place.line(), place.column())),
        message: message_of(&error),
    })?;
    Ok(documents.into_iter().map(|raw| raw.into_node(text)).collect())
}

fn options() -> Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_aliases: 0,
            max_anchors: 0,
            max_depth: MOST_DEPTH,
            flow_nesting_limit: MOST_DEPTH,
            max_documents: 100_000,
            max_events: 4_000_000,
            max_nodes: 2_000_000,
        },
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        merge_keys: MergeKeyPolicy::AsOrdinary,
        strict_booleans: true,
        reject_unsupported_tags: true,
        with_snippet: false,
    }
}

/// The message without the place, which is told apart.
fn message_of(error: &serde_saphyr::Error) -> String {
    use serde_saphyr::MessageFormatter as _;
    use serde_saphyr::budget::BudgetBreach;
    if let serde_saphyr::Error::Budget { breach, .. } = error {
        return match breach {
            BudgetBreach::Anchors { .. } | BudgetBreach::Aliases { .. } => {
                "anchors and aliases are not allowed: a reader has to see what a policy says where it says it"
                    .to_owned()
            }
            BudgetBreach::Depth { .. } => "lists and maps are nested too deeply".to_owned(),
            other => format!("the file is too large: {other:?}"),
        };
    }
    serde_saphyr::UserMessageFormatter.format_message(error).into_owned()
}

/// The bytes of the character at a line and column, both from 1 and in characters.
fn byte_of(text: &str, line: u64, column: u64) -> Bytes {
    let mut start = 0;
    for (number, content) in (1..).zip(text.split_inclusive('\n')) {
        if number == line {
            let within = content.trim_end().char_indices().nth(usize::try_from(column).unwrap_or(1).saturating_sub(1));
            return match within {
                Some((at, character)) => start + at..start + at + character.len_utf8(),
                None => start + content.trim_end().len()..start + content.trim_end().len(),
            };
        }
        start += content.len();
    }
    text.len()..text.len()
}

/// What the YAML reader gives, with its own idea of places.
struct Raw(Spanned<RawValue>);

enum RawValue {
    Scalar(Value),
    List(Vec<Raw>),
    Map(Vec<(Spanned<String>, Raw)>),
}

impl Raw {
    fn into_node(self, text: &str) -> Node {
        let at = bytes_of(&self.0.referenced, text);
        match self.0.value {
            RawValue::Scalar(value) => Node { at, value },
            RawValue::List(items) => Node {
                at: first_of(at),
                value: Value::List(items.into_iter().map(|item| item.into_node(text)).collect()),
            },
            RawValue::Map(entries) => Node {
                at: first_of(at),
                value: Value::Map(
                    entries
                        .into_iter()
                        .map(|(key, raw)| {
                            let key = Key { at: bytes_of(&key.referenced, text), name: key.value };
                            (key, raw.into_node(text))
                        })
                        .collect(),
                ),
            },
        }
    }
}

fn first_of(at: Bytes) -> Bytes {
    at.start..at.end.min(at.start + 1)
}

fn bytes_of(location: &serde_saphyr::Location, text: &str) -> Bytes {
    let span = location.span();
    let (Some(start), Some(len)) = (span.byte_offset(), span.byte_len()) else {
        return byte_of(text, location.line(), location.column());
    };
    let start = usize::try_from(start).unwrap_or(text.len()).min(text.len());
    let end = start.saturating_add(usize::try_from(len).unwrap_or(0)).min(text.len());
    // A block scalar's bytes end with the line breaks after it.
    let end = start + text.get(start..end).unwrap_or_default().trim_end().len();
    start..end
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Raw, D::Error> {
        Spanned::deserialize(deserializer).map(Raw)
    }
}

impl<'de> Deserialize<'de> for RawValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<RawValue, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = RawValue;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, number, boolean, list or map")
    }

    fn visit_bool<E>(self, value: bool) -> Result<RawValue, E> {
        Ok(RawValue::Scalar(Value::Boolean(value)))
    }

    fn visit_i64<E>(self, value: i64) -> Result<RawValue, E> {
        Ok(RawValue::Scalar(Value::Integer(value)))
    }

    fn visit_u64<E>(self, value: u64) -> Result<RawValue, E> {
        Ok(RawValue::Scalar(i64::try_from(value).map_or(Value::Number, Value::Integer)))
    }

    fn visit_i128<E>(self, _value: i128) -> Result<RawValue, E> {
        Ok(RawValue::Scalar(Value::Number))
    }

    fn visit_u128<E>(self, _value: u128) -> Result<RawValue, E> {
        Ok(RawValue::Scalar(Value::Number))
    }

    fn visit_f64<E>(self, _value: f64) -> Result<RawValue, E> {
        Ok(RawValue::Scalar(Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<RawValue, E> {
        Ok(RawValue::Scalar(Value::Text(value.to_owned())))
    }

    fn visit_string<E>(self, value: String) -> Result<RawValue, E> {
        Ok(RawValue::Scalar(Value::Text(value)))
    }

    fn visit_unit<E>(self) -> Result<RawValue, E> {
        Ok(RawValue::Scalar(Value::Null))
    }

    fn visit_none<E>(self) -> Result<RawValue, E> {
        Ok(RawValue::Scalar(Value::Null))
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<RawValue, D::Error> {
        RawValue::deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<RawValue, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(RawValue::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<RawValue, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = access.next_entry()? {
            entries.push(entry);
        }
        Ok(RawValue::Map(entries))
    }
}
