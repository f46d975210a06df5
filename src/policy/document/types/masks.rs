//! `Masks`.

use super::super::bridge::At;
use super::ApiVersion;
use crate::policy::mask::Family;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error as _, MapAccess, Visitor};
use serde_json::{Map, Value as Json};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

/// Gives masks names, by which rules speak of them.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(rename = "Masks")]
pub(crate) struct MasksDocument {
    #[expect(dead_code, reason = "checked by its type alone")]
    api_version: ApiVersion,
    #[expect(dead_code, reason = "checked by its type alone")]
    kind: MasksKind,
    pub(crate) metadata: MasksMetadata,
    pub(crate) spec: MasksSpec,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
enum MasksKind {
    Masks,
}

/// What the document is called, and whose it is.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct MasksMetadata {
    /// The document's name: lower-case letters, digits, `-`, `_`, `.`.
    #[schemars(regex(pattern = super::NAME))]
    pub(crate) name: At<String>,
    /// The domain that it belongs to. Its masks serve the policies of this domain, those of a central one all.
    pub(crate) domain: At<String>,
    /// What it is for, in a sentence. For readers: it changes no decision.
    #[serde(default)]
    #[expect(dead_code, reason = "for readers of the document")]
    description: Option<String>,
}

/// The masks.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct MasksSpec {
    /// The table of the keys of `hash`. It is denied to everyone; Sluice's own identity alone reads it.
    #[serde(default)]
    pub(crate) keys: Option<At<KeyTable>>,
    /// Each by its name: lower-case letters, digits, `-`, `_`, `.`.
    pub(crate) masks: At<BTreeMap<String, At<NamedMask>>>,
}

/// A table with the columns `name varchar` and `key varbinary`. It must lie in what the domain owns.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct KeyTable {
    /// The catalog. If absent, the domain's, where it owns exactly one.
    #[serde(default)]
    pub(crate) catalog: Option<At<String>>,
    /// The schema. If absent, the domain's, where it owns exactly one.
    #[serde(default)]
    pub(crate) schema: Option<At<String>>,
    /// The table.
    pub(crate) table: At<String>,
}

/// A mask that Sluice brings, for each type that it holds for, or what is shown by the family of the type.
#[derive(Debug)]
pub(crate) enum NamedMask {
    Builtin(String),
    ByFamily(BTreeMap<String, At<Shows>>),
}

/// What a mask shows: the name of one that Sluice brings, or SQL.
#[derive(Debug)]
pub(crate) enum Shows {
    Builtin(String),
    Expression(At<String>),
}

/// The name of a mask, as a rule writes it: also `null` without quotes.
#[derive(Debug)]
pub(crate) struct MaskName(pub(crate) String);

/// The family that stands for all that are not named.
const OTHERWISE: &str = "otherwise";

const NULL: &str = "null";

const BRINGS: &str = "`null`, `redact`, `first(4)`, `last(4)`, `email`, `year`, `bucket(100)`";

impl<'de> Deserialize<'de> for NamedMask {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<NamedMask, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = NamedMask;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a mask")
            }

            fn visit_unit<E>(self) -> Result<NamedMask, E> {
                Ok(NamedMask::Builtin(NULL.to_owned()))
            }

            fn visit_str<E>(self, text: &str) -> Result<NamedMask, E> {
                Ok(NamedMask::Builtin(text.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<NamedMask, A::Error> {
                BTreeMap::deserialize(MapAccessDeserializer::new(map)).map(NamedMask::ByFamily)
            }
        }
        deserializer.deserialize_any(Read)
    }
}

impl<'de> Deserialize<'de> for Shows {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Shows, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = Shows;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("what a mask shows")
            }

            fn visit_unit<E>(self) -> Result<Shows, E> {
                Ok(Shows::Builtin(NULL.to_owned()))
            }

            fn visit_str<E>(self, text: &str) -> Result<Shows, E> {
                Ok(Shows::Builtin(text.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Shows, A::Error> {
                let mut fields = BTreeMap::<String, At<String>>::deserialize(MapAccessDeserializer::new(map))?;
                fields.remove("expression").map(Shows::Expression).ok_or_else(|| A::Error::custom("no expression"))
            }
        }
        deserializer.deserialize_any(Read)
    }
}

impl<'de> Deserialize<'de> for MaskName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<MaskName, D::Error> {
        struct Read;
        impl Visitor<'_> for Read {
            type Value = MaskName;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a mask's name")
            }

            fn visit_unit<E>(self) -> Result<MaskName, E> {
                Ok(MaskName(NULL.to_owned()))
            }

            fn visit_str<E>(self, text: &str) -> Result<MaskName, E> {
                Ok(MaskName(text.to_owned()))
            }
        }
        deserializer.deserialize_any(Read)
    }
}

/// Reads a name where the field is there, `null` too, which is no absent one.
pub(super) fn even_null<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<At<MaskName>>, D::Error> {
    At::deserialize(deserializer).map(Some)
}

impl JsonSchema for NamedMask {
    fn schema_name() -> Cow<'static, str> {
        "NamedMask".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let shows = generator.subschema_for::<Shows>();
        let mut families = Map::new();
        for family in Family::NAMED {
            let mut schema = shows.clone();
            schema.insert("description".to_owned(), format!("For {}.", family.described()).into());
            families.insert(family.name().to_owned(), schema.into());
        }
        let mut otherwise = shows;
        otherwise.insert("description".to_owned(), "For each type that is not named.".into());
        families.insert(OTHERWISE.to_owned(), otherwise.into());
        json_schema!({
            "description": format!(
                "A mask that Sluice brings ({BRINGS}, `hash(KEY)`), or what is shown by the family of the column's type. \
                 A type for which nothing is said refuses the statement."
            ),
            "type": ["string", "object"],
            "nullable": true,
            "properties": Json::Object(families),
            "additionalProperties": false,
        })
    }
}

impl JsonSchema for Shows {
    fn schema_name() -> Cow<'static, str> {
        "Shows".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut expression = generator.subschema_for::<String>();
        expression.insert(
            "description".to_owned(),
            "An SQL expression; `{column}` stands for the value. The result is cast to the value's type.".into(),
        );
        json_schema!({
            "description": format!("A mask that Sluice brings ({BRINGS}, `hash(KEY)`), or SQL."),
            "type": ["string", "object"],
            "nullable": true,
            "properties": {"expression": expression},
            "required": ["expression"],
            "additionalProperties": false,
        })
    }
}

impl JsonSchema for MaskName {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "MaskName".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "nullable": true})
    }
}
