//! `Principals`.

use super::super::bridge::At;
use super::ApiVersion;
use crate::policy::inputs::Claim;
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Says which groups and attributes users have, beside what identification says, which services there are, and what
/// roles. Whoever may change it may give any right.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(rename = "Principals")]
pub(crate) struct PrincipalsDocument {
    #[expect(dead_code, reason = "checked by its type alone")]
    api_version: ApiVersion,
    #[expect(dead_code, reason = "checked by its type alone")]
    kind: PrincipalsKind,
    #[serde(default)]
    pub(crate) metadata: Option<PrincipalsMetadata>,
    pub(crate) spec: At<PrincipalsSpec>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
enum PrincipalsKind {
    Principals,
}

/// What the document is called.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct PrincipalsMetadata {
    /// The document's name: lower-case letters, digits, `-`, `_`, `.`. Only needed where there are several.
    #[schemars(regex(pattern = super::NAME))]
    pub(crate) name: At<String>,
    /// What it is for, in a sentence. For readers: it changes no decision.
    #[serde(default)]
    #[expect(dead_code, reason = "for readers of the document")]
    description: Option<String>,
}

/// Users and roles.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct PrincipalsSpec {
    /// Users by name; letter case matters.
    #[serde(default)]
    pub(crate) users: BTreeMap<String, At<User>>,
    /// Services by name: programs that log in as themselves.
    #[serde(default)]
    pub(crate) services: BTreeMap<String, At<Service>>,
    /// Roles by name: each a name for several users and groups.
    #[serde(default)]
    pub(crate) roles: BTreeMap<String, At<Role>>,
}

/// A user.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct User {
    /// The groups that the user is in.
    #[serde(default)]
    pub(crate) groups: Vec<At<String>>,
    /// Attributes, each with its values, for `attributes` of rules, conditions and `${user.attributes.NAME}`.
    #[serde(default)]
    pub(crate) attributes: BTreeMap<String, At<Vec<At<String>>>>,
}

/// A program that logs in as itself.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Service {
    /// The groups that it is in.
    #[serde(default)]
    pub(crate) groups: Vec<At<String>>,
    /// Attributes, each with its values, for `attributes` of rules, conditions and `${user.attributes.NAME}`.
    #[serde(default)]
    pub(crate) attributes: BTreeMap<String, At<Vec<At<String>>>>,
    /// What it says of a request that is to be believed. What anybody else says of these is a claim, which never satisfies
    /// a grant and never avoids a denial.
    #[serde(default)]
    pub(crate) vouches_for: Vec<At<Claim>>,
}

/// A name for several users and groups.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Role {
    /// Users by name.
    #[serde(default)]
    pub(crate) users: Vec<At<String>>,
    /// Groups by name.
    #[serde(default)]
    pub(crate) groups: Vec<At<String>>,
}
