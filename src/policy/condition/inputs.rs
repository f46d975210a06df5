//! What a condition can read.

use compact_str::CompactString;
use serde::Serialize;
use std::fmt;

/// Something that a condition reads.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Input {
    /// `user.name`: the effective user.
    User,
    /// `user.groups`
    Groups,
    /// `user.roles`
    Roles,
    /// `user.attributes.NAME`: one attribute, or whether the user has it.
    Attribute(CompactString),
    /// `session.source`: what the client says it is.
    Source,
    /// `session.client_tags`
    ClientTags,
    /// `session.catalog`
    SessionCatalog,
    /// `session.schema`
    SessionSchema,
    /// `request.purpose`
    Purpose,
    /// `request.address`: the client's.
    Address,
    /// `request.time`: the minute of the request.
    Time,
}

impl fmt::Display for Input {
    /// As a condition writes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Input::Attribute(name) = self {
            return match plain(name) {
                true => write!(f, "user.attributes.{name}"),
                false => write!(f, "user.attributes['{name}']"),
            };
        }
        let found = VARIABLES.iter().find(|(_, _, variable)| match variable {
            Variable::Text(text) => text.input() == *self,
            Variable::List(list) => list.input() == *self,
            Variable::Attributes => false,
            Variable::Address => *self == Input::Address,
            Variable::Time => *self == Input::Time,
        });
        let (root, field, _) = found.copied().unwrap_or(("", "", Variable::Attributes));
        write!(f, "{root}.{field}")
    }
}

/// Whether a name can stand behind a dot.
fn plain(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// What a variable holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Variable {
    Text(Texts),
    List(Lists),
    Attributes,
    Address,
    Time,
}

/// The inputs that are a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Texts {
    User,
    Source,
    Catalog,
    Schema,
    Purpose,
}

impl Texts {
    pub(super) fn input(self) -> Input {
        match self {
            Texts::User => Input::User,
            Texts::Source => Input::Source,
            Texts::Catalog => Input::SessionCatalog,
            Texts::Schema => Input::SessionSchema,
            Texts::Purpose => Input::Purpose,
        }
    }
}

/// The inputs that are a list of texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lists {
    Groups,
    Roles,
    ClientTags,
}

impl Lists {
    pub(super) fn input(self) -> Input {
        match self {
            Lists::Groups => Input::Groups,
            Lists::Roles => Input::Roles,
            Lists::ClientTags => Input::ClientTags,
        }
    }
}

/// Each variable: what stands before the dot, what stands behind it, what it is.
pub(super) const VARIABLES: [(&str, &str, Variable); 11] = [
    ("user", "name", Variable::Text(Texts::User)),
    ("user", "groups", Variable::List(Lists::Groups)),
    ("user", "roles", Variable::List(Lists::Roles)),
    ("user", "attributes", Variable::Attributes),
    ("session", "source", Variable::Text(Texts::Source)),
    ("session", "client_tags", Variable::List(Lists::ClientTags)),
    ("session", "catalog", Variable::Text(Texts::Catalog)),
    ("session", "schema", Variable::Text(Texts::Schema)),
    ("request", "purpose", Variable::Text(Texts::Purpose)),
    ("request", "address", Variable::Address),
    ("request", "time", Variable::Time),
];
