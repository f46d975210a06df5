//! Tree → the form in which Trino's own parser keeps it, as JSON.
//!
//! In: a statement and the text it was read from. Out: one JSON object a node, with Trino's class name (of
//! `io.trino.sql.tree`) under `is` and the fields in the order in which that class declares them. An absent, false or
//! empty field is left out. What Trino's parser makes anew (`a || b` is a call of `concat`) is made here too, so that
//! two readings of one text can be compared as they stand. Each node is taken apart without `..`: what is added to the
//! tree does not compile until it is written here.
//!
//! It is written without being built, and chains without recursion, so that it is as deep as the tree and no deeper.

mod access;
mod branch;
mod change;
mod definition;
mod expr;
mod function;
mod json;
mod newer;
mod pattern;
mod query;
mod relation;
mod routine;
mod statement;
mod types;

use super::ast::{Identifier, QualifiedName, Span, Statement, StringLiteral};
use std::fmt::Write;

/// The tree of a statement as Trino's parser would keep it, as JSON without white space; with `spans`, each node that
/// stands in the text has its bytes under `at`.
pub fn dump(text: &str, statement: &Statement, spans: bool) -> String {
    let mut dump = Dump { text, spans, json: String::with_capacity(text.len() * 8) };
    dump.statement(statement);
    dump.json
}

struct Dump<'a> {
    text: &'a str,
    spans: bool,
    json: String,
}

/// How JSON is written.
impl<'a> Dump<'a> {
    /// Begins a node; `span` is none for what Trino makes anew.
    fn open(&mut self, class: &str, span: Option<Span>) {
        self.json.push_str("{\"is\":\"");
        self.json.push_str(class);
        self.json.push('"');
        if let Some(Span { start, end }) = span.filter(|_| self.spans) {
            let written = write!(self.json, ",\"at\":[{start},{end}]");
            debug_assert!(written.is_ok(), "a string takes all that is written");
        }
    }

    fn close(&mut self) {
        self.json.push('}');
    }

    fn node(&mut self, class: &str, span: Option<Span>, fields: impl FnOnce(&mut Self)) {
        self.open(class, span);
        fields(self);
        self.close();
    }

    /// Begins a field.
    fn key(&mut self, name: &str) {
        self.json.push_str(",\"");
        self.json.push_str(name);
        self.json.push_str("\":");
    }

    fn field(&mut self, name: &str, value: impl FnOnce(&mut Self)) {
        self.key(name);
        value(self);
    }

    /// A field that may be absent.
    fn maybe<T>(&mut self, name: &str, value: Option<T>, write: impl FnOnce(&mut Self, T)) {
        if let Some(value) = value {
            self.key(name);
            write(self, value);
        }
    }

    fn flag(&mut self, name: &str, value: bool) {
        if value {
            self.key(name);
            self.json.push_str("true");
        }
    }

    /// A field that holds a text.
    fn text(&mut self, name: &str, value: &str) {
        self.key(name);
        self.quoted(value);
    }

    /// A field that holds items, left out without any.
    fn list<T>(&mut self, name: &str, items: &[T], item: impl FnMut(&mut Self, &T)) {
        if !items.is_empty() {
            self.key(name);
            self.items(items, item);
        }
    }

    fn items<T>(&mut self, items: &[T], mut item: impl FnMut(&mut Self, &T)) {
        self.json.push('[');
        for (at, each) in items.iter().enumerate() {
            if at > 0 {
                self.json.push(',');
            }
            item(self, each);
        }
        self.json.push(']');
    }

    fn quoted(&mut self, value: &str) {
        self.json.push('"');
        for character in value.chars() {
            match character {
                '"' => self.json.push_str("\\\""),
                '\\' => self.json.push_str("\\\\"),
                '\u{8}' => self.json.push_str("\\b"),
                '\u{c}' => self.json.push_str("\\f"),
                '\n' => self.json.push_str("\\n"),
                '\r' => self.json.push_str("\\r"),
                '\t' => self.json.push_str("\\t"),
                control if control < ' ' => {
                    let written = write!(self.json, "\\u{:04x}", u32::from(control));
                    debug_assert!(written.is_ok(), "a string takes all that is written");
                }
                other => self.json.push(other),
            }
        }
        self.json.push('"');
    }
}

/// Names and strings.
impl Dump<'_> {
    fn identifier(&mut self, node: &Identifier) {
        let Identifier { value, delimited, span } = node;
        self.node("Identifier", Some(*span), |dump| {
            dump.text("value", value);
            dump.flag("delimited", *delimited);
        });
    }

    /// A name that Trino makes anew.
    fn made_identifier(&mut self, value: &str, delimited: bool) {
        self.node("Identifier", None, |dump| {
            dump.text("value", value);
            dump.flag("delimited", delimited);
        });
    }

    fn qualified_name(&mut self, node: &QualifiedName) {
        let QualifiedName { parts, span: _ } = node;
        self.items(parts, |dump, part| dump.identifier(part));
    }

    fn string(&mut self, node: &StringLiteral) {
        let StringLiteral { value, span } = node;
        self.node("StringLiteral", Some(*span), |dump| dump.text("value", value));
    }

    /// A string that Trino makes anew.
    fn made_string(&mut self, value: &str) {
        self.node("StringLiteral", None, |dump| dump.text("value", value));
    }
}

#[cfg(test)]
mod tests {
    use super::super::v476::parse_statement;
    use super::*;

    fn select_item(text: &str) -> String {
        let text = format!("SELECT {text}");
        let tree = dump(&text, &parse_statement(&text).unwrap(), false);
        let before = r#"{"is":"Query","queryBody":{"is":"QuerySpecification","select":{"is":"Select","selectItems":[{"is":"SingleColumn","expression":"#;
        tree.strip_prefix(before).unwrap().strip_suffix("}]}}}").unwrap().to_owned()
    }

    #[test]
    fn nodes_are_written_as_trino_makes_them() {
        for (text, tree) in [
            ("\"A\"", r#"{"is":"Identifier","value":"A","delimited":true}"#),
            ("(- /* one */ 1)", r#"{"is":"LongLiteral","value":"-1"}"#),
            ("1.50e3", r#"{"is":"DoubleLiteral","value":"1.5e3"}"#),
            ("x'0a b1'", r#"{"is":"BinaryLiteral","value":"0AB1"}"#),
            ("DECIMAL '1'", r#"{"is":"DecimalLiteral","value":"1"}"#),
            ("double precision '1'", r#"{"is":"GenericLiteral","type":"DOUBLE","value":"1"}"#),
            (
                "INTERVAL -'1' DAY TO HOUR",
                r#"{"is":"IntervalLiteral","value":"1","sign":"NEGATIVE","startField":"DAY","endField":"HOUR"}"#,
            ),
            (
                "1 - 2 - 3",
                r#"{"is":"ArithmeticBinaryExpression","operator":"SUBTRACT","left":{"is":"ArithmeticBinaryExpression","operator":"SUBTRACT","left":{"is":"LongLiteral","value":"1"},"right":{"is":"LongLiteral","value":"2"}},"right":{"is":"LongLiteral","value":"3"}}"#,
            ),
            (
                "a || b",
                r#"{"is":"FunctionCall","name":[{"is":"Identifier","value":"concat"}],"arguments":[{"is":"Identifier","value":"a"},{"is":"Identifier","value":"b"}]}"#,
            ),
            (
                "a NOT LIKE '\"\\\u{1}'",
                r#"{"is":"NotExpression","value":{"is":"LikePredicate","value":{"is":"Identifier","value":"a"},"pattern":{"is":"StringLiteral","value":"\"\\\u0001"}}}"#,
            ),
            ("trim(a)", r#"{"is":"Trim","specification":"BOTH","trimSource":{"is":"Identifier","value":"a"}}"#),
            (
                "trim(LEADING 'x' FROM a)",
                r#"{"is":"Trim","specification":"LEADING","trimSource":{"is":"Identifier","value":"a"},"trimCharacter":{"is":"StringLiteral","value":"x"}}"#,
            ),
        ] {
            assert_eq!(select_item(text), tree, "{text}");
        }
    }

    #[test]
    fn a_long_chain_is_written_without_recursion() {
        for (first, more) in [("SELECT a", " + a"), ("SELECT a", " || a"), ("TABLE a", " UNION TABLE a")] {
            let text = format!("{first}{}", more.repeat(50_000));
            let statement = parse_statement(&text).unwrap();
            let tree = dump(&text, &statement, true);
            assert_eq!(tree.matches("{\"is\"").count(), tree.matches('}').count());
        }
    }

    #[test]
    fn spans_are_those_of_the_text() {
        let text = "TABLE a.\"B\"";
        let tree = dump(text, &parse_statement(text).unwrap(), true);
        assert!(tree.contains(r#"{"is":"Identifier","at":[8,11],"value":"B","delimited":true}"#), "{tree}");
    }
}
