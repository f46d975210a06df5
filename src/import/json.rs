//! JSON with places: each value knows its bytes, so that a note can point at the rule that it is about.

use super::note::{Bytes, Note};

/// Most bytes of a file.
const MOST_BYTES: usize = 4 * 1024 * 1024;
/// How deep lists and maps may nest. Trino's rules need five.
const MOST_DEPTH: usize = 32;

/// A value and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Json {
    pub(super) at: Bytes,
    pub(super) value: Value,
}

#[derive(Clone, Debug)]
pub(super) enum Value {
    Null,
    Boolean(bool),
    Number,
    Text(String),
    List(Vec<Json>),
    /// Keys in the order of the text, each once.
    Map(Vec<(Bytes, String, Json)>),
}

/// Reads one value that is the whole text.
pub(super) fn read(text: &str) -> Result<Json, Note> {
    if text.len() > MOST_BYTES {
        let message = format!("the file has {} bytes, more than the {MOST_BYTES} that are read", text.len());
        return Err(Note::error("unreadable", 0..0, message, "here"));
    }
    let mut reader = Reader { text, at: 0, depth: 0 };
    let value = reader.value()?;
    reader.space();
    match reader.peek() {
        None => Ok(value),
        Some(_) => Err(reader.wrong("something follows the end of the rules")),
    }
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    depth: usize,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn wrong(&self, message: impl Into<String>) -> Note {
        let length = self.peek().map_or(0, char::len_utf8);
        Note::error("unreadable", self.at..self.at + length, message, "here")
    }

    fn space(&mut self) {
        self.at += self.rest().find(|c| !matches!(c, ' ' | '\t' | '\r' | '\n')).unwrap_or(self.rest().len());
    }

    fn eat(&mut self, character: char) -> bool {
        let there = self.peek() == Some(character);
        self.at += if there { character.len_utf8() } else { 0 };
        there
    }

    fn need(&mut self, character: char) -> Result<(), Note> {
        self.space();
        if self.eat(character) { Ok(()) } else { Err(self.wrong(format!("`{character}` is missing"))) }
    }

    fn value(&mut self) -> Result<Json, Note> {
        self.space();
        let start = self.at;
        let value = match self.peek() {
            Some('{') => self.nested(Reader::map)?,
            Some('[') => self.nested(Reader::list)?,
            Some('"') => Value::Text(self.string()?),
            Some(_) => self.word()?,
            None => return Err(self.wrong("the file ends in the middle")),
        };
        let end = if matches!(value, Value::List(_) | Value::Map(_)) { start + 1 } else { self.at };
        Ok(Json { at: start..end, value })
    }

    fn nested(&mut self, read: fn(&mut Self) -> Result<Value, Note>) -> Result<Value, Note> {
        self.depth += 1;
        if self.depth > MOST_DEPTH {
            return Err(self.wrong("lists and maps are nested too deeply"));
        }
        let value = read(self);
        self.depth -= 1;
        value
    }

    fn list(&mut self) -> Result<Value, Note> {
        self.need('[')?;
        let mut items = Vec::new();
        self.space();
        if self.eat(']') {
            return Ok(Value::List(items));
        }
        loop {
            items.push(self.value()?);
            self.space();
            if self.eat(']') {
                return Ok(Value::List(items));
            }
            self.need(',')?;
        }
    }

    fn map(&mut self) -> Result<Value, Note> {
        self.need('{')?;
        let mut entries: Vec<(Bytes, String, Json)> = Vec::new();
        self.space();
        if self.eat('}') {
            return Ok(Value::Map(entries));
        }
        loop {
            self.space();
            let start = self.at;
            let key = self.string()?;
            let at = start..self.at;
            if entries.iter().any(|(_, known, _)| *known == key) {
                return Err(Note::error("duplicate-key", at, format!("`{key}` is given twice"), "given again"));
            }
            self.need(':')?;
            entries.push((at, key, self.value()?));
            self.space();
            if self.eat('}') {
                return Ok(Value::Map(entries));
            }
            self.need(',')?;
        }
    }

    /// A string: its end is found here, what its escapes stand for is read by the JSON library.
    fn string(&mut self) -> Result<String, Note> {
        let start = self.at;
        if !self.eat('"') {
            return Err(self.wrong("a text in double quotes was expected"));
        }
        loop {
            match self.peek() {
                None => return Err(self.wrong("the file ends in the middle of a text")),
                Some('"') => break,
                Some('\\') => {
                    self.at += 1;
                    self.at += self.peek().map_or(0, char::len_utf8);
                }
                Some(character) => self.at += character.len_utf8(),
            }
        }
        self.at += 1;
        let quoted = self.text.get(start..self.at).unwrap_or_default();
        serde_json::from_str(quoted).map_err(|error| {
            Note::error("unreadable", start..self.at, format!("the text can't be read: {error}"), "here")
        })
    }

    fn word(&mut self) -> Result<Value, Note> {
        let length = self.rest().find(|c: char| !(c.is_ascii_alphanumeric() || "+-.".contains(c)));
        let word = self.rest().get(..length.unwrap_or(self.rest().len())).unwrap_or_default().to_owned();
        let value = match word.as_str() {
            "null" => Value::Null,
            "true" => Value::Boolean(true),
            "false" => Value::Boolean(false),
            _ if serde_json::from_str::<serde_json::Number>(&word).is_ok() => Value::Number,
            _ => return Err(self.wrong("this is not JSON")),
        };
        self.at += word.len();
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_know_their_bytes() {
        let json = read(r#" {"a": [true, "x\"é"], "b": null, "c": -1.5e3} "#).unwrap();
        let Value::Map(entries) = &json.value else { panic!() };
        assert_eq!(
            entries.iter().map(|(at, key, _)| (at.clone(), key.as_str())).collect::<Vec<_>>(),
            [(2..5, "a"), (24..27, "b"), (35..38, "c")]
        );
        let Value::List(items) = &entries[0].2.value else { panic!() };
        assert!(matches!(&items[1].value, Value::Text(text) if text == "x\"é"));
        assert_eq!(items[1].at, 14..21);
    }

    #[test]
    fn what_is_not_json_is_told_with_its_place() {
        for (text, at, message) in [
            ("", 0..0, "the file ends in the middle"),
            ("{\"a\": 1,}", 8..9, "a text in double quotes was expected"),
            ("{\"a\": 1} x", 9..10, "something follows the end of the rules"),
            ("{\"a\": nul}", 6..7, "this is not JSON"),
            ("{\"a\": 1, \"a\": 2}", 9..12, "`a` is given twice"),
            ("[1 2]", 3..4, "`,` is missing"),
        ] {
            let note = read(text).unwrap_err();
            assert_eq!((note.at, note.message.as_str()), (at, message), "{text}");
        }
        assert_eq!(read(&"[".repeat(100)).unwrap_err().message, "lists and maps are nested too deeply");
    }
}
