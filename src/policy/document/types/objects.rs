//! The objects that rules are about.

use super::super::bridge::At;
use schemars::JsonSchema;
use serde::Deserialize;

/// Tables, views and materialized views by name, pattern or tag.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Tables {
    /// The catalog; `*` stands for any text. If absent, the domain's, where it owns exactly one.
    #[serde(default)]
    pub(crate) catalog: Option<At<String>>,
    /// The schema; `*` stands for any text. If absent, the domain's, where it owns exactly one.
    #[serde(default)]
    pub(crate) schema: Option<At<String>>,
    /// The table, view or materialized view; `*` stands for any text. May be absent where `tag` is given.
    #[serde(default)]
    pub(crate) table: Option<At<String>>,
    /// Only tables with this tag, or one below it: `pii` takes in `pii.email`. Names that are absent stand for all that
    /// the domain owns.
    #[serde(default)]
    pub(crate) tag: Option<At<String>>,
}

/// Functions by name or pattern.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Functions {
    /// The catalog; `*` stands for any text. If absent, the domain's, where it owns exactly one.
    #[serde(default)]
    pub(crate) catalog: Option<At<String>>,
    /// The schema; `*` stands for any text. If absent, the domain's, where it owns exactly one.
    #[serde(default)]
    pub(crate) schema: Option<At<String>>,
    /// The function; `*` stands for any text.
    pub(crate) function: At<String>,
}

/// Procedures by name or pattern.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Procedures {
    /// The catalog; `*` stands for any text. If absent, the domain's, where it owns exactly one.
    #[serde(default)]
    pub(crate) catalog: Option<At<String>>,
    /// The schema; `*` stands for any text. If absent, the domain's, where it owns exactly one.
    #[serde(default)]
    pub(crate) schema: Option<At<String>>,
    /// The procedure; `*` stands for any text.
    pub(crate) procedure: At<String>,
}

/// Schemas by name or pattern.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Schemas {
    /// The catalog; `*` stands for any text. If absent, the domain's, where it owns exactly one.
    #[serde(default)]
    pub(crate) catalog: Option<At<String>>,
    /// The schema; `*` stands for any text.
    pub(crate) schema: At<String>,
}

/// Catalogs by name or pattern.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Catalogs {
    /// The catalog; `*` stands for any text.
    pub(crate) catalog: At<String>,
}
