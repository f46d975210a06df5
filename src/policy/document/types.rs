//! The documents as types: the one description of the language.
//!
//! The JSON Schema that editors use, and by which each document is checked, is made from these types and their comments.

use super::bridge::At;
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;

/// The version of the language.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
pub(crate) enum ApiVersion {
    #[serde(rename = "sluice/v1")]
    V1,
}

/// A policy document: one of the kinds.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(title = "Sluice policy document")]
#[expect(dead_code, reason = "gives the schema of all kinds together; documents are read by kind")]
pub(crate) enum Document {
    Domain(DomainDocument),
    AccessPolicy(AccessPolicyDocument),
    Principals(PrincipalsDocument),
}

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
    /// The domain's name: lower-case letters, digits, `-`, `_`, `.`.
    pub(crate) name: At<String>,
    /// For readers.
    #[serde(default)]
    #[expect(dead_code, reason = "for readers of the document")]
    description: Option<String>,
}

/// What a domain owns.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct DomainSpec {
    /// Owns everything, and alone may say who may impersonate whom and who may set which session property.
    #[serde(default)]
    pub(crate) central: Option<At<bool>>,
    /// What it owns.
    #[serde(default)]
    pub(crate) owns: Vec<At<Owned>>,
    /// Who answers for the domain: people or groups.
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
    pub(crate) name: At<String>,
    /// The domain that it belongs to.
    pub(crate) domain: At<String>,
    /// For readers.
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
    /// The functions of catalogs that `execute` is about; Trino's own need no grant. They must lie in what the domain
    /// owns.
    #[serde(default)]
    pub(crate) functions: Vec<At<Functions>>,
    /// Who may do what. What nothing grants is denied.
    #[serde(default)]
    pub(crate) grants: Vec<At<Grant>>,
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
}

/// Tables by name or pattern.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Tables {
    /// The catalog; `*` stands for any text. If absent, the domain's, where it owns exactly one.
    #[serde(default)]
    pub(crate) catalog: Option<At<String>>,
    /// The schema; `*` stands for any text. If absent, the domain's, where it owns exactly one.
    #[serde(default)]
    pub(crate) schema: Option<At<String>>,
    /// The table, view or materialized view; `*` stands for any text.
    pub(crate) table: At<String>,
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

/// Gives privileges.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Grant {
    /// To whom.
    pub(crate) to: At<Subjects>,
    /// Which, or `all`: all but `execute`, which alone is about `functions`.
    pub(crate) privileges: At<Vec<At<PrivilegeWord>>>,
    /// The columns that may be selected and are seen in metadata. All of them, those to come too, if absent.
    #[serde(default)]
    pub(crate) columns: Option<At<ColumnSelection>>,
}

/// Some columns: either `only` or `except`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct ColumnSelection {
    /// These and no others.
    #[serde(default)]
    pub(crate) only: Option<At<Vec<At<String>>>>,
    /// All but these, those to come too.
    #[serde(default)]
    pub(crate) except: Option<At<Vec<At<String>>>>,
}

/// Users, by name, group or role, or everyone.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Subjects {
    /// Each user who is authenticated.
    #[serde(default)]
    pub(crate) everyone: Option<At<bool>>,
    /// Users by name; letter case matters.
    #[serde(default)]
    pub(crate) users: Vec<At<String>>,
    /// Groups by name; letter case matters.
    #[serde(default)]
    pub(crate) groups: Vec<At<String>>,
    /// Roles of a Principals document.
    #[serde(default)]
    pub(crate) roles: Vec<At<String>>,
}

/// What may be done with a table, or with a function: `execute`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PrivilegeWord {
    All,
    Select,
    Insert,
    Delete,
    Update,
    Create,
    Drop,
    Alter,
    Show,
    Execute,
}

/// Replaces a column's value.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct MaskRule {
    /// The column.
    pub(crate) column: At<String>,
    /// What is shown: an SQL expression over the table's columns. `{column}` stands for the column itself. The result is
    /// cast to the column's type.
    pub(crate) expression: At<String>,
    /// Which of several masks wins: the one with the smallest number, then the policy whose name comes first.
    #[serde(default)]
    pub(crate) priority: i64,
    /// Whom it applies to; everyone if absent.
    #[serde(default)]
    pub(crate) to: Option<At<Subjects>>,
    /// Whom it does not apply to.
    #[serde(default)]
    pub(crate) except: Option<At<Subjects>>,
}

/// Hides rows.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct FilterRule {
    /// An SQL condition over the table's columns. A row is shown where it is true.
    pub(crate) expression: At<String>,
    /// Whom it applies to; everyone if absent.
    #[serde(default)]
    pub(crate) to: Option<At<Subjects>>,
    /// Whom it does not apply to.
    #[serde(default)]
    pub(crate) except: Option<At<Subjects>>,
}

/// Lets some users act as others.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Impersonate {
    /// Who may act as another user.
    pub(crate) to: At<Subjects>,
    /// As whom: users by name; `*` stands for any text.
    pub(crate) users: At<Vec<At<String>>>,
    /// As whom not, though `users` takes them in: users by name; `*` stands for any text.
    #[serde(default)]
    pub(crate) except_users: Vec<At<String>>,
}

/// Lets some users set session properties.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct SessionProperties {
    /// Who may set them.
    pub(crate) to: At<Subjects>,
    /// `name` of the system's or `catalog.name`; `*` stands for any text.
    pub(crate) properties: At<Vec<At<String>>>,
}

/// Says which groups users are in and what roles there are, beside what identification says.
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
    /// The document's name; only needed where there are several.
    pub(crate) name: At<String>,
    /// For readers.
    #[serde(default)]
    #[expect(dead_code, reason = "for readers of the document")]
    description: Option<String>,
}

/// Users and roles.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct PrincipalsSpec {
    /// Users by name.
    #[serde(default)]
    pub(crate) users: BTreeMap<String, At<User>>,
    /// Roles by name.
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
