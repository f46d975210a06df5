//! `Tags`.

use super::super::bridge::At;
use super::ApiVersion;
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Says which tables and columns hold what: their classification, of which guardrails and policies speak.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(rename = "Tags")]
pub(crate) struct TagsDocument {
    #[expect(dead_code, reason = "checked by its type alone")]
    api_version: ApiVersion,
    #[expect(dead_code, reason = "checked by its type alone")]
    kind: TagsKind,
    pub(crate) metadata: TagsMetadata,
    pub(crate) spec: TagsSpec,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
enum TagsKind {
    Tags,
}

/// What the document is called, and whose it is.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct TagsMetadata {
    /// The document's name: lower-case letters, digits, `-`, `_`, `.`.
    #[schemars(regex(pattern = super::NAME))]
    pub(crate) name: At<String>,
    /// The domain that it belongs to.
    pub(crate) domain: At<String>,
    /// What it is for, in a sentence. For readers: it changes no decision.
    #[serde(default)]
    #[expect(dead_code, reason = "for readers of the document")]
    description: Option<String>,
}

/// What has which tags. Those of all documents add up.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct TagsSpec {
    /// Tables with their tags and those of their columns.
    pub(crate) tables: At<Vec<At<TaggedTables>>>,
}

/// Tables by name or pattern. They must lie in what the domain owns.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct TaggedTables {
    /// The catalog; `*` stands for any text. If absent, the domain's, where it owns exactly one.
    #[serde(default)]
    pub(crate) catalog: Option<At<String>>,
    /// The schema; `*` stands for any text. If absent, the domain's, where it owns exactly one.
    #[serde(default)]
    pub(crate) schema: Option<At<String>>,
    /// The table, view or materialized view; `*` stands for any text.
    pub(crate) table: At<String>,
    /// The tables' own tags: lower-case words, joined by dots from the general to the special, such as `pii.email`.
    #[serde(default)]
    #[schemars(inner(regex(pattern = super::TAG)))]
    pub(crate) tags: Vec<At<String>>,
    /// Tags of columns, by the column's name or pattern.
    #[serde(default)]
    pub(crate) columns: BTreeMap<String, At<Vec<At<String>>>>,
}
