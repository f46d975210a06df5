//! A feed of users with their groups: the types of `identity.group_feed`, and what they can't say.

use super::oidc::{SpeaksFor, is_trusted};
use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Users with their groups and attributes, as SCIM 2.0 lists them.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GroupFeed {
    /// Where all users are listed, such as `https://login.example.com/scim/v2/Users`.
    pub url: String,
    /// Certificates that its own leads to, as PEM; the public ones without it.
    #[serde(default)]
    pub ca: Option<PathBuf>,
    /// A file with a token, sent as `Authorization: Bearer`; read anew when it changes.
    #[serde(default)]
    pub token_file: Option<PathBuf>,
    /// Most users of a page.
    #[serde(default = "two_hundred")]
    pub page_size: usize,
    /// The field with the user's name. It, and those of attributes, is a name, or a path of them such as `/name/familyName`.
    #[serde(default = "user_name")]
    pub user: String,
    /// The field of each of a user's groups that has its name.
    #[serde(default = "display")]
    pub group: String,
    /// Attributes of the user, each by the field that it is taken from.
    #[serde(default)]
    pub attributes: BTreeMap<String, String>,
    /// Of whom it may speak; of all users and groups without it.
    #[serde(default)]
    pub speaks_for: SpeaksFor,
    /// How often it is fetched.
    #[serde(default = "five_minutes")]
    #[schemars(with = "String")]
    pub refresh: SignedDuration,
    /// How long it is believed while it can't be fetched. Then nobody's groups are known.
    #[serde(default = "one_hour")]
    #[schemars(with = "String")]
    pub maximum_age: SignedDuration,
    /// How long a page may take.
    #[serde(default = "ten_seconds")]
    #[schemars(with = "String")]
    pub timeout: SignedDuration,
}

impl GroupFeed {
    /// The files that it names.
    pub(super) fn paths(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        self.ca.iter_mut().chain(&mut self.token_file)
    }

    /// All that does not go together.
    pub(super) fn check(&self, problems: &mut Vec<String>) {
        let mut wrong = |reason: &str| problems.push(format!("identity.group_feed {}: {reason}", self.url));
        if !is_trusted(&self.url) {
            wrong("url: must be an https URL without a query (http on a loopback address alone)");
        }
        if self.token_file.is_some() && !self.url.starts_with("https://") {
            wrong("token_file: a token is only sent to an https URL");
        }
        if !(1..=10_000).contains(&self.page_size) {
            wrong("page_size: from 1 to 10000");
        }
        for (field, names) in [("users", &self.speaks_for.users), ("groups", &self.speaks_for.groups)] {
            if names.as_ref().is_some_and(|names| names.is_empty() || names.iter().any(String::is_empty)) {
                wrong(&format!("speaks_for.{field}: names at least one, or leave it out"));
            }
        }
        for (field, duration) in
            [("refresh", self.refresh), ("maximum_age", self.maximum_age), ("timeout", self.timeout)]
        {
            if duration <= SignedDuration::ZERO {
                wrong(&format!("{field}: must be more than nothing"));
            }
        }
        if self.maximum_age < self.refresh {
            wrong("maximum_age: at least refresh");
        }
    }
}

fn two_hundred() -> usize {
    200
}

fn user_name() -> String {
    "userName".to_owned()
}

fn display() -> String {
    "display".to_owned()
}

fn five_minutes() -> SignedDuration {
    SignedDuration::from_mins(5)
}

fn one_hour() -> SignedDuration {
    SignedDuration::from_hours(1)
}

fn ten_seconds() -> SignedDuration {
    SignedDuration::from_secs(10)
}
