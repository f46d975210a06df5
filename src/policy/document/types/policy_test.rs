//! `PolicyTest`.

use super::super::bridge::At;
use super::ApiVersion;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

/// Says what the policies have to decide. `sluice test` runs it; it changes no decision.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(rename = "PolicyTest")]
pub(crate) struct PolicyTestDocument {
    #[expect(dead_code, reason = "checked by its type alone")]
    api_version: ApiVersion,
    #[expect(dead_code, reason = "checked by its type alone")]
    kind: PolicyTestKind,
    pub(crate) metadata: PolicyTestMetadata,
    pub(crate) spec: PolicyTestSpec,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
enum PolicyTestKind {
    PolicyTest,
}

/// What the document is called.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct PolicyTestMetadata {
    /// The document's name: lower-case letters, digits, `-`, `_`, `.`. Results are listed under it.
    #[schemars(regex(pattern = super::NAME))]
    pub(crate) name: At<String>,
    /// What it is for, in a sentence. For readers: it changes no decision.
    #[serde(default)]
    #[expect(dead_code, reason = "for readers of the document")]
    description: Option<String>,
}

/// Tables and tests.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct PolicyTestSpec {
    /// What tables look like, by `catalog.schema.table`; for the tests of all documents of the folder.
    #[serde(default)]
    pub(crate) tables: BTreeMap<String, At<Shape>>,
    /// The tests.
    #[serde(default)]
    pub(crate) tests: Vec<At<Test>>,
}

/// What a table looks like.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "TableShape")]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Shape {
    /// Columns in order, each with its type as Trino writes it.
    pub(crate) columns: At<ColumnTypes>,
    /// The text of a view; it is a table if absent.
    #[serde(default)]
    pub(crate) view: Option<At<String>>,
}

/// Columns with their types, in the order of the text.
#[derive(Debug)]
pub(crate) struct ColumnTypes(pub(crate) Vec<(String, String)>);

impl<'de> Deserialize<'de> for ColumnTypes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<ColumnTypes, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = ColumnTypes;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("columns with their types")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<ColumnTypes, A::Error> {
                let mut columns = Vec::new();
                while let Some(column) = access.next_entry()? {
                    columns.push(column);
                }
                Ok(ColumnTypes(columns))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

impl JsonSchema for ColumnTypes {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "ColumnTypes".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        BTreeMap::<String, String>::json_schema(generator)
    }
}

/// One question to the policies, about a `statement` or a `table`, and what the answer has to be.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(extend("oneOf" = [{"required": ["statement"]}, {"required": ["table"]}]))]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Test {
    /// What it shows, in a sentence.
    pub(crate) name: At<String>,
    /// Who asks.
    #[serde(rename = "as")]
    pub(crate) asker: At<TestAsker>,
    /// When, and in which session.
    #[serde(default)]
    pub(crate) context: Option<At<TestContext>>,
    /// The statement that is asked about; either this or `table`.
    #[serde(default)]
    pub(crate) statement: Option<At<String>>,
    /// The table that is asked about, `catalog.schema.table`; either this or `statement`.
    #[serde(default)]
    pub(crate) table: Option<At<String>>,
    /// What has to come of it.
    pub(crate) expect: At<Expect>,
}

/// Who asks.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(rename = "Asker")]
pub(crate) struct TestAsker {
    /// The user.
    pub(crate) user: At<String>,
    /// Groups that identification gives, beside those of Principals documents.
    #[serde(default)]
    pub(crate) groups: Vec<At<String>>,
    /// Attributes, each with its values, in the place of those of Principals documents.
    #[serde(default)]
    pub(crate) attributes: BTreeMap<String, Vec<At<String>>>,
}

/// When and from where it is asked, and what completes names in the statement.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(rename = "Context")]
pub(crate) struct TestContext {
    /// When: a time with a zone or an offset, such as `2026-01-01T00:00:00[Europe/Berlin]`. When the test is run, if
    /// absent.
    #[serde(default)]
    #[schemars(regex(pattern = super::TIME))]
    pub(crate) at: Option<At<String>>,
    /// What the client calls itself; believed where a Principals document vouches for the user.
    #[serde(default)]
    pub(crate) source: Option<At<String>>,
    /// The client's tags, `purpose:…` among them; believed where a Principals document vouches for the user.
    #[serde(default)]
    pub(crate) client_tags: Vec<At<String>>,
    /// The client's address.
    #[serde(default)]
    pub(crate) address: Option<At<String>>,
    /// The session's catalog.
    #[serde(default)]
    pub(crate) catalog: Option<At<String>>,
    /// The session's schema.
    #[serde(default)]
    pub(crate) schema: Option<At<String>>,
}

/// What has to come of a test. What is absent is not compared.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Expect {
    /// Whether the statement passes, rewritten or not, or something of the table may be read.
    pub(crate) decision: At<Verdict>,
    /// The columns of the table that may be read, in its order; only with `table`.
    #[serde(default)]
    pub(crate) columns: Option<At<Vec<At<String>>>>,
    /// The masks: by column, for a statement by `catalog.schema.table.column`; each is the policy's name, the mask's name,
    /// or for a table the SQL that is shown.
    #[serde(default)]
    pub(crate) masks: Option<At<BTreeMap<String, At<String>>>>,
    /// The filters: each is the policy's name, or for a table the condition.
    #[serde(default)]
    pub(crate) filters: Option<At<Vec<At<String>>>>,
    /// What is sent to Trino, but for white space; only with `statement`.
    #[serde(default)]
    pub(crate) sql: Option<At<String>>,
    /// A part of what the user is told of a refusal; only with `statement`.
    #[serde(default)]
    pub(crate) message: Option<At<String>>,
    /// The policies that take part, by name, in any order; only with `statement`.
    #[serde(default)]
    pub(crate) policies: Option<At<Vec<At<String>>>>,
}

/// What a test expects of the decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Verdict {
    /// It passes, rewritten or not; of a table, something may be read.
    Allow,
    /// It is refused.
    Deny,
}
