//! The JSON Schema of documents: by it each document is checked, from it the reference is written, and editors read it.
//!
//! It is made from the types and their comments, and then made plain: nothing may be left empty behind its colon, closed
//! lists of words are `enum`, and each description is one line a paragraph.

use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value as Json, json};

/// The schema of the documents of one type.
pub(super) fn of<T: JsonSchema>() -> Json {
    generator().into_root_schema_for::<T>().to_value()
}

/// A kind's name, and its schema by reference.
pub(super) type Refer = (&'static str, fn(&mut SchemaGenerator) -> Schema);

/// The schema of a document of any kind, or of a list of them, as a JSON file has it.
///
/// The kind is looked at first, so that what is wrong with a document is told by its own kind's schema.
pub(super) fn of_all(kinds: &[Refer]) -> Json {
    let mut generator = generator();
    let each: Vec<Json> = kinds
        .iter()
        .map(|(name, refer)| {
            json!({
                "if": {"type": "object", "properties": {"kind": {"const": name}}, "required": ["kind"]},
                "then": refer(&mut generator).to_value(),
            })
        })
        .collect();
    let mut definitions = generator.take_definitions(true);
    let mut about = Vec::new();
    for (name, _) in kinds {
        about.push(definitions.get(*name).and_then(|kind| kind.get("description")).cloned().unwrap_or_default());
    }
    let names: Vec<&str> = kinds.iter().map(|(name, _)| *name).collect();
    let document = json!({
        "type": "object",
        "required": ["apiVersion", "kind"],
        "properties": {
            "kind": {"description": "What the document is.", "enum": names, "enumDescriptions": about},
        },
        "allOf": each,
    });
    definitions.insert("Document".to_owned(), document);
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Sluice policy documents",
        "if": {"type": "array"},
        "then": {"items": {"$ref": "#/$defs/Document"}},
        "else": {"$ref": "#/$defs/Document"},
        "$defs": definitions,
    })
}

fn generator() -> SchemaGenerator {
    SchemaSettings::draft2020_12().with_transform(RecursiveTransform(plain as fn(&mut Schema))).into_generator()
}

fn plain(schema: &mut Schema) {
    let Some(schema) = schema.as_object_mut() else { return };
    required_value(schema);
    // `null` without quotes is the name of a mask: such a value is no absent one.
    if schema.remove("nullable").is_some()
        && let Some(types) = schema.get_mut("type")
    {
        let mut several = types.as_array().cloned().unwrap_or_else(|| vec![types.clone()]);
        several.push(json!("null"));
        *types = Json::Array(several);
    }
    words(schema);
    if let Some(Json::String(text)) = schema.get_mut("description") {
        let paragraphs = text.split("\n\n").map(|lines| lines.split('\n').collect::<Vec<_>>().join(" "));
        *text = paragraphs.collect::<Vec<_>>().join("\n\n");
    }
}

/// A field may be absent, but where it is written it has a value: `rows:` with nothing behind it would show all rows.
fn required_value(schema: &mut Map<String, Json>) {
    let of_null = |schema: &Json| schema.get("type").and_then(Json::as_str) == Some("null");
    if let Some(Json::Array(types)) = schema.get_mut("type") {
        types.retain(|name| name != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            schema.insert("type".to_owned(), only);
        }
    }
    if let Some(Json::Array(mut branches)) = schema.remove("anyOf") {
        branches.retain(|branch| !of_null(branch));
        match branches.as_slice() {
            [Json::Object(only)] => {
                for (key, value) in only {
                    schema.entry(key).or_insert_with(|| value.clone());
                }
            }
            _ => _ = schema.insert("anyOf".to_owned(), Json::Array(branches)),
        }
    }
    let empty = |value: &Json| match value {
        Json::Null => true,
        Json::Array(items) => items.is_empty(),
        Json::Object(fields) => fields.is_empty(),
        _ => false,
    };
    if schema.get("default").is_some_and(empty) {
        schema.remove("default");
    }
}

/// Words with a comment each come as one schema a word.
fn words(schema: &mut Map<String, Json>) {
    let Some(Json::Array(branches)) = schema.get("oneOf") else { return };
    let of_each = |key: &str| branches.iter().map(|branch| branch.get(key).cloned()).collect::<Option<Vec<Json>>>();
    if let (Some(words), Some(about)) = (of_each("const"), of_each("description")) {
        schema.remove("oneOf");
        schema.insert("type".to_owned(), json!("string"));
        schema.insert("enum".to_owned(), Json::Array(words));
        schema.insert("enumDescriptions".to_owned(), Json::Array(about));
    }
}
