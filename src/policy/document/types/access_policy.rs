//! `AccessPolicy`.

use super::super::bridge::At;
use super::ApiVersion;
use super::objects::{Catalogs, Functions, Procedures, Schemas, Tables};
use super::rules::{Deny, FilterRule, Grant, Impersonate, MaskRule, SessionProperties, SystemInformation};
use schemars::JsonSchema;
use serde::Deserialize;

/// Says who may do what with tables, which columns are masked and which rows are hidden.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(rename = "AccessPolicy")]
pub(crate) struct AccessPolicyDocument {
    #[expect(dead_code, reason = "checked by its type alone")]
    api_version: ApiVersion,
    #[expect(dead_code, reason = "checked by its type alone")]
    kind: AccessPolicyKind,
    pub(crate) metadata: AccessPolicyMetadata,
    pub(crate) spec: AccessPolicySpec,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
enum AccessPolicyKind {
    AccessPolicy,
}

/// What the policy is called, and whose it is.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct AccessPolicyMetadata {
    /// The policy's name: lower-case letters, digits, `-`, `_`, `.`. Decisions name the policy as `domain/name`.
    #[schemars(regex(pattern = super::NAME))]
    pub(crate) name: At<String>,
    /// The domain that it belongs to.
    pub(crate) domain: At<String>,
    /// What it is for, in a sentence. For readers: it changes no decision.
    #[serde(default)]
    #[expect(dead_code, reason = "for readers of the document")]
    description: Option<String>,
}

/// What a policy says.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct AccessPolicySpec {
    /// The tables, views and materialized views that grants, masks and filters are about. They must lie in what the
    /// domain owns.
    #[serde(default)]
    pub(crate) tables: Vec<At<Tables>>,
    /// The tables that the policy is not about, though `tables` takes them in.
    #[serde(default)]
    pub(crate) except_tables: Vec<At<Tables>>,
    /// The functions of catalogs that `execute` is about; Trino's own need no grant. They must lie in what the domain
    /// owns.
    #[serde(default)]
    pub(crate) functions: Vec<At<Functions>>,
    /// The functions that the policy is not about, though `functions` takes them in.
    #[serde(default)]
    pub(crate) except_functions: Vec<At<Functions>>,
    /// The procedures that `execute` is about. They must lie in what the domain owns.
    #[serde(default)]
    pub(crate) procedures: Vec<At<Procedures>>,
    /// The procedures that the policy is not about, though `procedures` takes them in.
    #[serde(default)]
    pub(crate) except_procedures: Vec<At<Procedures>>,
    /// The schemas that `create`, `drop`, `alter`, `show`, `grant` and `revoke` are about. The domain must own the whole
    /// of them.
    #[serde(default)]
    pub(crate) schemas: Vec<At<Schemas>>,
    /// The schemas that the policy is not about, though `schemas` takes them in.
    #[serde(default)]
    pub(crate) except_schemas: Vec<At<Schemas>>,
    /// The catalogs that `create`, `drop`, `alter` and `show` are about. The domain must own the whole of them.
    #[serde(default)]
    pub(crate) catalogs: Vec<At<Catalogs>>,
    /// The catalogs that the policy is not about, though `catalogs` takes them in.
    #[serde(default)]
    pub(crate) except_catalogs: Vec<At<Catalogs>>,
    /// The roles of Trino that `create`, `drop`, `grant` and `revoke` are about; `*` stands for any text. Only in a
    /// central domain.
    #[serde(default)]
    pub(crate) sql_roles: Vec<At<String>>,
    /// Who may do what. What nothing grants is denied.
    #[serde(default)]
    pub(crate) grants: Vec<At<Grant>>,
    /// Who may not do what, whatever grants it.
    #[serde(default)]
    pub(crate) denies: Vec<At<Deny>>,
    /// Which columns show something else than their value.
    #[serde(default)]
    pub(crate) masks: Vec<At<MaskRule>>,
    /// Which rows are shown. All filters that apply to a user have to be true.
    #[serde(default)]
    pub(crate) filters: Vec<At<FilterRule>>,
    /// Who may act as another user. Only in a central domain.
    #[serde(default)]
    pub(crate) impersonate: Vec<At<Impersonate>>,
    /// Who may set which session properties. Only in a central domain.
    #[serde(default)]
    pub(crate) session_properties: Vec<At<SessionProperties>>,
    /// Who may see what goes on in Trino. Only in a central domain.
    #[serde(default)]
    pub(crate) system_information: Vec<At<SystemInformation>>,
}
