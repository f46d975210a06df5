//! `Exception`.

use super::super::bridge::At;
use super::ApiVersion;
use super::objects::Tables;
use super::rules::{ColumnSelection, PrivilegeWord, Subjects};
use schemars::JsonSchema;
use serde::Deserialize;

/// Grants something for some time, or lifts guardrails, with the reason and who approved it. It ends by itself.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(rename = "Exception")]
pub(crate) struct ExceptionDocument {
    #[expect(dead_code, reason = "checked by its type alone")]
    api_version: ApiVersion,
    #[expect(dead_code, reason = "checked by its type alone")]
    kind: ExceptionKind,
    pub(crate) metadata: ExceptionMetadata,
    pub(crate) spec: ExceptionSpec,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
enum ExceptionKind {
    Exception,
}

/// What the exception is called, and whose it is.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct ExceptionMetadata {
    /// The exception's name: lower-case letters, digits, `-`, `_`, `.`. Decisions name it as `domain/name`.
    #[schemars(regex(pattern = super::NAME))]
    pub(crate) name: At<String>,
    /// The domain that it belongs to.
    pub(crate) domain: At<String>,
    /// What it is for, in a sentence. For readers: it changes no decision.
    #[serde(default)]
    #[expect(dead_code, reason = "for readers of the document")]
    description: Option<String>,
}

/// What an exception allows, to whom, how long and why.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct ExceptionSpec {
    /// Why it is needed. Not empty.
    #[schemars(length(min = 1))]
    pub(crate) reason: At<String>,
    /// Where it was asked for: the ticket. Not empty.
    #[schemars(length(min = 1))]
    pub(crate) ticket: At<String>,
    /// Who approved it: an owner of the domain where it grants something, an approver of each guardrail that it lifts.
    #[schemars(length(min = 1))]
    pub(crate) approvers: At<Vec<At<String>>>,
    /// When it begins: a time with a zone or an offset, such as `2026-01-01T00:00:00[Europe/Berlin]`.
    #[schemars(regex(pattern = super::TIME))]
    pub(crate) from: At<String>,
    /// When it ends: a time like that of `from`. At that time it no longer holds.
    #[schemars(regex(pattern = super::TIME))]
    pub(crate) until: At<String>,
    /// For whom it holds.
    pub(crate) to: At<Subjects>,
    /// The tables, views and materialized views that it is about. They must lie in what the domain owns.
    #[schemars(length(min = 1))]
    pub(crate) tables: At<Vec<At<Tables>>>,
    /// What it grants on them, or `all`. Nothing if absent, where it lifts a guardrail only.
    #[serde(default)]
    pub(crate) privileges: Vec<At<PrivilegeWord>>,
    /// The columns that may be selected; all of them if absent.
    #[serde(default)]
    pub(crate) columns: Option<At<ColumnSelection>>,
    /// The rows that may be selected: an SQL condition over the table's columns; all of them if absent.
    #[serde(default)]
    pub(crate) rows: Option<At<String>>,
    /// The guardrails, by name, that do not hold for these users and tables meanwhile.
    #[serde(default)]
    pub(crate) lifts: Vec<At<String>>,
}
