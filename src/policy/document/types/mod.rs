//! The documents as types: the one description of the language.
//!
//! The JSON Schema that editors use, and by which each document is checked, is made from these types and their comments.

mod access_policy;
mod domain;
mod exception;
mod guardrail;
mod masks;
mod objects;
mod policy_test;
mod principals;
mod rules;
mod tags;

use schemars::JsonSchema;
use serde::Deserialize;

pub(crate) use access_policy::{AccessPolicyDocument, AccessPolicySpec};
pub(crate) use domain::DomainDocument;
pub(crate) use exception::ExceptionDocument;
pub(crate) use guardrail::GuardrailDocument;
pub(crate) use masks::{MaskName, MasksDocument, NamedMask, Shows};
pub(crate) use objects::{Catalogs, Functions, Procedures, Schemas, Tables};
pub(crate) use policy_test::{Expect, PolicyTestDocument, Shape, Test, Verdict};
pub(crate) use principals::PrincipalsDocument;
pub(crate) use rules::{ColumnSelection, Deny, FilterRule, Grant, MaskRule, PrivilegeWord, Subjects, Validity};
pub(crate) use tags::TagsDocument;

/// The version of the language.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub(crate) enum ApiVersion {
    #[serde(rename = "sluice/v1")]
    V1,
}

/// What a document's name looks like.
const NAME: &str = "^[a-z0-9]([a-z0-9._-]{0,98}[a-z0-9])?$";
/// What a tag looks like.
const TAG: &str = r"^[a-z0-9_-]+(\.[a-z0-9_-]+)*$";
/// What a time with its zone or offset ends with.
const TIME: &str = r"[Tt ].*([Zz]|[+-]\d\d(:?\d\d(:?\d\d)?)?|\])$";
