//! The schema of policy documents → a page for people: each kind with an example, each field with its type and meaning.
//!
//! It reads the part of JSON Schema that is generated for documents. What it does not know becomes `?`, which a test
//! refuses.

use crate::policy::Kind;
use serde_json::Value as Json;
use std::collections::BTreeSet;

const HEAD: &str = "\
# Policy reference

Each kind of policy document with its fields. [policies.md](policies.md) tells what they mean together. This page is written
by `sluice schema --output markdown` from the same types by which documents are read; a test compares them.

A document begins with `apiVersion: sluice/v1` and its `kind`. A field that is not named here is an error, and so is one
with nothing behind its colon. Required fields stand first. Where a field that is not required has no default, it says
nothing if it is absent. The examples of this page are right together.
";

/// The page.
pub(super) fn page(kinds: &[Kind]) -> String {
    let mut page = Page { text: HEAD.to_owned(), parts: Vec::new(), known: BTreeSet::new() };
    let links: Vec<String> = kinds.iter().map(|kind| link(kind.name)).collect();
    page.line(&format!("\nKinds: {}.", links.join(", ")));
    for kind in kinds {
        page.kind(kind);
    }
    page.line("\n## Parts of documents\n\nWhat fields above are made of.");
    // Parts name further parts.
    let mut next = 0;
    while let Some((name, schema)) = page.parts.get(next).cloned() {
        page.part(&name, schema);
        next += 1;
    }
    page.text
}

struct Page<'s> {
    text: String,
    /// The parts that were named, in that order, each with the schema of the kind that named it first.
    parts: Vec<(String, &'s Json)>,
    known: BTreeSet<String>,
}

impl<'s> Page<'s> {
    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn kind(&mut self, kind: &'s Kind) {
        let root = &kind.schema;
        self.line(&format!("\n## {}\n\n{}\n\n```yaml\n{}```\n", kind.name, description(root), kind.example));
        self.table(|page| {
            for section in ["metadata", "spec"] {
                let Some(schema) = root.get("properties").and_then(|fields| fields.get(section)) else { continue };
                let given = if required(root).contains(&section) { None } else { Some(section) };
                page.fields(root, resolved(root, schema), &format!("{section}."), given);
            }
        });
    }

    fn part(&mut self, name: &str, root: &'s Json) {
        let Some(schema) = definition(root, name) else { return };
        self.line(&format!("\n### {name}\n\n{}\n", description(schema)));
        if let Some(words) = strings(schema, "enum") {
            self.line("| word | meaning |\n| --- | --- |");
            for (word, about) in words.iter().zip(strings(schema, "enumDescriptions").unwrap_or_default()) {
                self.line(&format!("| `{word}` | {} |", cell(about)));
            }
        } else {
            self.table(|page| page.fields(root, schema, "", None));
        }
    }

    fn table(&mut self, rows: impl FnOnce(&mut Self)) {
        self.line("| field | type | required | default | meaning |\n| --- | --- | --- | --- | --- |");
        rows(self);
    }

    /// The rows of an object's fields. `given` is the object's own name, where it may be absent as a whole.
    fn fields(&mut self, root: &'s Json, object: &'s Json, path: &str, given: Option<&str>) {
        let needed = required(object);
        let fields = object.get("properties").and_then(Json::as_object).into_iter().flatten();
        let (first, rest): (Vec<_>, Vec<_>) = fields.partition(|(name, _)| needed.contains(&name.as_str()));
        for (name, schema) in first.into_iter().chain(rest) {
            let is_required = match (needed.contains(&name.as_str()), given) {
                (false, _) => String::new(),
                (true, None) => "yes".to_owned(),
                (true, Some(given)) => format!("in `{given}`"),
            };
            let default = schema.get("default").map_or_else(String::new, |value| match value {
                Json::String(text) => format!("`{text}`"),
                other => format!("`{other}`"),
            });
            let kind = self.type_of(root, schema);
            let meaning = cell(description(schema));
            self.line(&format!("| `{path}{name}` | {kind} | {is_required} | {default} | {meaning} |"));
        }
    }

    /// What stands in a field, in words; a part that is named is told of further down.
    fn type_of(&mut self, root: &'s Json, schema: &'s Json) -> String {
        if let Some(name) = reference(schema) {
            if self.known.insert(name.to_owned()) {
                self.parts.push((name.to_owned(), root));
            }
            return link(name);
        }
        if let Some(words) = strings(schema, "enum") {
            return words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(" or ");
        }
        let named = strings(schema, "type").and_then(|types| types.into_iter().next());
        match schema.get("type").and_then(Json::as_str).or(named) {
            Some("string") => "text".to_owned(),
            Some("integer") => "whole number".to_owned(),
            Some("boolean") => "`true` or `false`".to_owned(),
            Some("array") => match schema.get("items") {
                Some(items) => match self.type_of(root, items).as_str() {
                    "text" => "list of texts".to_owned(),
                    other => format!("list of {other}"),
                },
                None => "?".to_owned(),
            },
            Some("object") => match schema.get("additionalProperties") {
                Some(values @ Json::Object(_)) => format!("map from names to {}", self.type_of(root, values)),
                _ => "?".to_owned(),
            },
            _ => "?".to_owned(),
        }
    }
}

fn link(name: &str) -> String {
    format!("[{name}](#{})", name.to_lowercase())
}

fn reference(schema: &Json) -> Option<&str> {
    schema.get("$ref").and_then(Json::as_str).and_then(|path| path.strip_prefix("#/$defs/"))
}

fn definition<'s>(root: &'s Json, name: &str) -> Option<&'s Json> {
    root.get("$defs").and_then(|definitions| definitions.get(name))
}

fn resolved<'s>(root: &'s Json, schema: &'s Json) -> &'s Json {
    reference(schema).and_then(|name| definition(root, name)).unwrap_or(schema)
}

fn description(schema: &Json) -> &str {
    schema.get("description").and_then(Json::as_str).unwrap_or("?")
}

fn required(schema: &Json) -> Vec<&str> {
    strings(schema, "required").unwrap_or_default()
}

fn strings<'s>(schema: &'s Json, key: &str) -> Option<Vec<&'s str>> {
    schema.get(key).and_then(Json::as_array).map(|words| words.iter().filter_map(Json::as_str).collect())
}

/// A text as a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}
