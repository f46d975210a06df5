//! `Guardrail`.

use super::super::bridge::At;
use super::ApiVersion;
use super::objects::{Catalogs, Functions, Procedures, Schemas, Tables};
use super::rules::{Deny, FilterRule, MaskRule};
use schemars::JsonSchema;
use serde::Deserialize;

/// Says what holds over all domains: no domain can lift it. It takes away and grants nothing.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(rename = "Guardrail")]
pub(crate) struct GuardrailDocument {
    #[expect(dead_code, reason = "checked by its type alone")]
    api_version: ApiVersion,
    #[expect(dead_code, reason = "checked by its type alone")]
    kind: GuardrailKind,
    pub(crate) metadata: GuardrailMetadata,
    pub(crate) spec: GuardrailSpec,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
enum GuardrailKind {
    Guardrail,
}

/// What the guardrail is called.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct GuardrailMetadata {
    /// The guardrail's name: lower-case letters, digits, `-`, `_`, `.`. Decisions name it as `guardrail/name`.
    #[schemars(regex(pattern = super::NAME))]
    pub(crate) name: At<String>,
    /// What it is for, in a sentence. For readers: it changes no decision.
    #[serde(default)]
    #[expect(dead_code, reason = "for readers of the document")]
    description: Option<String>,
}

/// What a guardrail says.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct GuardrailSpec {
    /// The tables, views and materialized views that it is about, of whatever domain.
    #[serde(default)]
    pub(crate) tables: Vec<At<Tables>>,
    /// The functions of catalogs that it is about.
    #[serde(default)]
    pub(crate) functions: Vec<At<Functions>>,
    /// The procedures that it is about.
    #[serde(default)]
    pub(crate) procedures: Vec<At<Procedures>>,
    /// The schemas that it is about.
    #[serde(default)]
    pub(crate) schemas: Vec<At<Schemas>>,
    /// The catalogs that it is about.
    #[serde(default)]
    pub(crate) catalogs: Vec<At<Catalogs>>,
    /// Who may not do what, whatever grants it.
    #[serde(default)]
    pub(crate) denies: Vec<At<Deny>>,
    /// Which columns show something else than their value. They win over the masks of domains.
    #[serde(default)]
    pub(crate) masks: Vec<At<MaskRule>>,
    /// Which rows are shown, besides what other filters say.
    #[serde(default)]
    pub(crate) filters: Vec<At<FilterRule>>,
    /// Who can approve an exception that lifts it; nobody if absent.
    #[serde(default)]
    pub(crate) approvers: Vec<At<String>>,
    /// How long an exception may lift it, such as `8h` or `14d`.
    #[serde(default)]
    #[schemars(extend("default" = "7d"))]
    pub(crate) longest_exception: Option<At<String>>,
}
