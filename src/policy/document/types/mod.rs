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
pub(crate) enum ApiVersion {
    #[serde(rename = "sluice/v1")]
    V1,
}

/// A policy document: one of the kinds.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(title = "Sluice policy document")]
#[expect(clippy::large_enum_variant, reason = "never made")]
#[expect(dead_code, reason = "gives the schema of all kinds together; documents are read by kind")]
pub(crate) enum Document {
    Domain(DomainDocument),
    AccessPolicy(AccessPolicyDocument),
    Guardrail(GuardrailDocument),
    Exception(ExceptionDocument),
    Tags(TagsDocument),
    Masks(MasksDocument),
    Principals(PrincipalsDocument),
    PolicyTest(PolicyTestDocument),
}
