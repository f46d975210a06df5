//! `Domain`.

use super::super::bridge::At;
use super::ApiVersion;
use schemars::JsonSchema;
use serde::Deserialize;

/// Says which catalogs, schemas and tables a team owns. The team's policies can only speak about these.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(rename = "Domain")]
pub(crate) struct DomainDocument {
    #[expect(dead_code, reason = "checked by its type alone")]
    api_version: ApiVersion,
    #[expect(dead_code, reason = "checked by its type alone")]
    kind: DomainKind,
    pub(crate) metadata: DomainMetadata,
    pub(crate) spec: DomainSpec,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
enum DomainKind {
    Domain,
}

/// What the document is called.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct DomainMetadata {
    /// The domain's name: lower-case letters, digits, `-`, `_`, `.`. Other documents belong to the domain by it.
    #[schemars(regex(pattern = super::NAME))]
    pub(crate) name: At<String>,
    /// What it is for, in a sentence. For readers: it changes no decision.
    #[serde(default)]
    #[expect(dead_code, reason = "for readers of the document")]
    description: Option<String>,
}

/// What a domain owns.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct DomainSpec {
    /// `true` for a domain that owns everything. It alone says who acts as another user, who sets session properties, who
    /// sees what goes on in Trino, and what becomes of Trino's own roles.
    #[serde(default)]
    #[schemars(extend("default" = false))]
    pub(crate) central: Option<At<bool>>,
    /// What it owns: catalogs, schemas or tables. A central domain names nothing here.
    #[serde(default)]
    pub(crate) owns: Vec<At<Owned>>,
    /// Who answers for the domain: people or groups. They approve its exceptions, and `sluice codeowners` makes them
    /// reviewers of its files.
    #[serde(default)]
    pub(crate) owners: Vec<At<String>>,
}

/// A catalog, or a part of it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Owned {
    /// The catalog; `*` stands for any text.
    pub(crate) catalog: At<String>,
    /// The schema; `*` stands for any text. All schemas if absent.
    #[serde(default)]
    pub(crate) schema: Option<At<String>>,
    /// The table; `*` stands for any text. All tables if absent.
    #[serde(default)]
    pub(crate) table: Option<At<String>>,
}
