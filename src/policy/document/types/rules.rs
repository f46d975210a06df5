//! What the rules of documents are made of.

use super::super::bridge::At;
use super::masks::{MaskName, even_null};
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;

/// When a rule holds. Both ends are times with a zone or an offset, such as `2026-01-01T00:00:00[Europe/Berlin]` or
/// `2026-01-01T00:00:00Z`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(extend("minProperties" = 1))]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Validity {
    /// It holds from then on.
    #[serde(default)]
    #[schemars(regex(pattern = super::TIME))]
    pub(crate) from: Option<At<String>>,
    /// It holds until then, and no longer at that time.
    #[serde(default)]
    #[schemars(regex(pattern = super::TIME))]
    pub(crate) until: Option<At<String>>,
}

/// Gives privileges.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Grant {
    /// To whom they are given.
    pub(crate) to: At<Subjects>,
    /// To whom not, though `to` takes them in. Where it can't be told, to nobody of them.
    #[serde(default)]
    pub(crate) except: Option<At<Subjects>>,
    /// Which privileges, or `all`: each that the objects have, but `execute`, `grant` and `revoke`.
    #[schemars(length(min = 1))]
    pub(crate) privileges: At<Vec<At<PrivilegeWord>>>,
    /// The columns that may be selected and are seen in metadata. All of them, those to come too, if absent.
    #[serde(default)]
    pub(crate) columns: Option<At<ColumnSelection>>,
    /// The rows that may be selected: an SQL condition over the table's columns. All of them if absent.
    #[serde(default)]
    pub(crate) rows: Option<At<String>>,
    /// A condition, in CEL, under which the grant holds.
    #[serde(default)]
    pub(crate) when: Option<At<String>>,
    /// When the grant holds; always if absent.
    #[serde(default)]
    pub(crate) validity: Option<At<Validity>>,
}

/// Takes privileges away, whatever grants them.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(rename = "Denial")]
pub(crate) struct Deny {
    /// From whom they are taken; from everyone if absent.
    #[serde(default)]
    pub(crate) to: Option<At<Subjects>>,
    /// From whom they are not taken.
    #[serde(default)]
    pub(crate) except: Option<At<Subjects>>,
    /// Which privileges, or `all`: each that the objects have.
    #[schemars(length(min = 1))]
    pub(crate) privileges: At<Vec<At<PrivilegeWord>>>,
    /// The columns that may not be selected. The whole table if absent.
    #[serde(default)]
    pub(crate) columns: Option<At<ColumnSelection>>,
    /// A condition, in CEL, under which it is denied. Where it can't be told, it is denied.
    #[serde(default)]
    pub(crate) when: Option<At<String>>,
    /// When it is denied; always if absent.
    #[serde(default)]
    pub(crate) validity: Option<At<Validity>>,
}

/// Some columns: either `only` and `onlyTagged`, or `except` and `exceptTagged`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(rename = "Columns", extend("minProperties" = 1))]
pub(crate) struct ColumnSelection {
    /// These and no others; `*` stands for any text.
    #[serde(default)]
    #[schemars(length(min = 1))]
    pub(crate) only: Option<At<Vec<At<String>>>>,
    /// Those with one of these tags, or one below it, and no others.
    #[serde(default)]
    #[schemars(length(min = 1))]
    pub(crate) only_tagged: Option<At<Vec<At<String>>>>,
    /// All but these, those to come too; `*` stands for any text.
    #[serde(default)]
    #[schemars(length(min = 1))]
    pub(crate) except: Option<At<Vec<At<String>>>>,
    /// All but those with one of these tags, or one below it.
    #[serde(default)]
    #[schemars(length(min = 1))]
    pub(crate) except_tagged: Option<At<Vec<At<String>>>>,
}

/// Users: by name, group, role, service or attribute, or everyone.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(extend("minProperties" = 1))]
pub(crate) struct Subjects {
    /// `true` for each user who has logged in. It stands alone.
    #[serde(default)]
    #[schemars(extend("default" = false))]
    pub(crate) everyone: Option<At<bool>>,
    /// Users by name; letter case matters.
    #[serde(default)]
    pub(crate) users: Vec<At<String>>,
    /// Groups by name; letter case matters.
    #[serde(default)]
    pub(crate) groups: Vec<At<String>>,
    /// Roles of Principals documents, by name.
    #[serde(default)]
    pub(crate) roles: Vec<At<String>>,
    /// Services of Principals documents, by name: programs that log in as themselves.
    #[serde(default)]
    pub(crate) services: Vec<At<String>>,
    /// Users by attributes: who has one of the values of each attribute that is named. It stands alone; to
    /// narrow a group, use `when`.
    #[serde(default)]
    pub(crate) attributes: BTreeMap<String, At<Vec<At<String>>>>,
}

/// What may be done with an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "Privilege")]
pub(crate) enum PrivilegeWord {
    /// Each privilege that the objects have; in a grant not `execute`, `grant` and `revoke`.
    All,
    /// To read columns of tables.
    Select,
    /// To add rows to tables.
    Insert,
    /// To delete rows of tables.
    Delete,
    /// To change rows of tables.
    Update,
    /// To create the object.
    Create,
    /// To drop the object.
    Drop,
    /// To change what the object is: its columns, name, comment, properties.
    Alter,
    /// To see how the object was made: `SHOW CREATE`.
    Show,
    /// To call functions and procedures.
    Execute,
    /// To give others a right to the object, or a role of Trino's own.
    Grant,
    /// To take such a right or role away.
    Revoke,
}

/// Replaces a column's value.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(
    rename = "Mask",
    extend("allOf" = [
        {"oneOf": [{"required": ["column"]}, {"required": ["tag"]}]},
        {"oneOf": [{"required": ["mask"]}, {"required": ["expression"]}]},
    ])
)]
pub(crate) struct MaskRule {
    /// The column; `*` stands for any text. Either this or `tag`.
    #[serde(default)]
    pub(crate) column: Option<At<String>>,
    /// Columns with this tag, or one below it.
    #[serde(default)]
    pub(crate) tag: Option<At<String>>,
    /// The place in the column: a field of a row `street`, the elements of an array `"[]"`, the values of a map `"{}"`, or
    /// further inside, such as `address.street` and `"[].email"`. The whole column if absent.
    #[serde(default)]
    pub(crate) path: Option<At<String>>,
    /// What is shown: a mask of Sluice's (`null`, `redact`, `first(4)`, `last(4)`, `email`, `year`, `bucket(100)`), or one
    /// of a document of kind Masks, by its name. Either this or `expression`.
    #[serde(default, deserialize_with = "even_null")]
    pub(crate) mask: Option<At<MaskName>>,
    /// What is shown: an SQL expression over the table's columns. `{column}` stands for the column itself, or what `path`
    /// leads to. The result is cast to its type.
    #[serde(default)]
    pub(crate) expression: Option<At<String>>,
    /// Which of several masks wins: the one with the smallest number, then the policy whose name comes first.
    #[serde(default)]
    pub(crate) priority: i64,
    /// Whom it applies to; everyone if absent.
    #[serde(default)]
    pub(crate) to: Option<At<Subjects>>,
    /// Whom it does not apply to.
    #[serde(default)]
    pub(crate) except: Option<At<Subjects>>,
    /// A condition, in CEL, under which it applies. Where it can't be told, it applies.
    #[serde(default)]
    pub(crate) when: Option<At<String>>,
    /// When it applies; always if absent.
    #[serde(default)]
    pub(crate) validity: Option<At<Validity>>,
}

/// Hides rows.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(rename = "Filter")]
pub(crate) struct FilterRule {
    /// An SQL condition over the table's columns. A row is shown where it is true.
    pub(crate) expression: At<String>,
    /// Whom it applies to; everyone if absent.
    #[serde(default)]
    pub(crate) to: Option<At<Subjects>>,
    /// Whom it does not apply to.
    #[serde(default)]
    pub(crate) except: Option<At<Subjects>>,
    /// A condition, in CEL, under which it applies. Where it can't be told, it applies.
    #[serde(default)]
    pub(crate) when: Option<At<String>>,
    /// When it applies; always if absent.
    #[serde(default)]
    pub(crate) validity: Option<At<Validity>>,
}

/// Lets some users act as others.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Impersonate {
    /// Who may act as another user.
    pub(crate) to: At<Subjects>,
    /// Who may not by this rule, though `to` takes them in.
    #[serde(default)]
    pub(crate) except: Option<At<Subjects>>,
    /// As whom: users by name; `*` stands for any text.
    #[schemars(length(min = 1))]
    pub(crate) users: At<Vec<At<String>>>,
    /// As whom not, though `users` takes them in: users by name; `*` stands for any text.
    #[serde(default)]
    pub(crate) except_users: Vec<At<String>>,
    /// A condition, in CEL, under which it holds.
    #[serde(default)]
    pub(crate) when: Option<At<String>>,
    /// When it holds; always if absent.
    #[serde(default)]
    pub(crate) validity: Option<At<Validity>>,
}

/// Lets some users set session properties.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct SessionProperties {
    /// Who may set them.
    pub(crate) to: At<Subjects>,
    /// Who may not by this rule, though `to` takes them in.
    #[serde(default)]
    pub(crate) except: Option<At<Subjects>>,
    /// Properties: `name` of one of the system's, `catalog.name` of one of a catalog's; `*` stands for any text.
    #[schemars(length(min = 1))]
    pub(crate) properties: At<Vec<At<String>>>,
    /// Those that it is not about, though `properties` takes them in; `*` stands for any text.
    #[serde(default)]
    pub(crate) except_properties: Vec<At<String>>,
    /// A condition, in CEL, under which it holds.
    #[serde(default)]
    pub(crate) when: Option<At<String>>,
    /// When it holds; always if absent.
    #[serde(default)]
    pub(crate) validity: Option<At<Validity>>,
}

/// Lets some users see what goes on in Trino: others' queries, nodes, tasks.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct SystemInformation {
    /// Who may see it.
    pub(crate) to: At<Subjects>,
    /// Who may not by this rule, though `to` takes them in.
    #[serde(default)]
    pub(crate) except: Option<At<Subjects>>,
    /// A condition, in CEL, under which it holds.
    #[serde(default)]
    pub(crate) when: Option<At<String>>,
    /// When it holds; always if absent.
    #[serde(default)]
    pub(crate) validity: Option<At<Validity>>,
}
