//! A page of the feed, as SCIM 2.0 (RFC 7644) has it, and what it says of each user.

use super::FeedError;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// What counts of a page.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Page {
    /// How many users there are in all.
    pub(super) total_results: usize,
    /// The number of the first user of this page, from 1.
    #[serde(default)]
    pub(super) start_index: Option<usize>,
    /// Left out where there are none.
    #[serde(default, rename = "Resources")]
    pub(super) resources: Vec<Map<String, Value>>,
}

/// What the feed says of a user.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct User {
    /// `None`: it does not say.
    pub(super) groups: Option<BTreeSet<String>>,
    pub(super) attributes: BTreeMap<String, BTreeSet<String>>,
}

/// Which fields are read.
#[derive(Debug)]
pub(super) struct Fields {
    pub(super) user: String,
    pub(super) group: String,
    pub(super) attributes: BTreeMap<String, String>,
}

impl Fields {
    /// A user's name, and what is said of it; `None` of one who is not active.
    pub(super) fn read(&self, resource: &Map<String, Value>) -> Result<Option<(String, User)>, FeedError> {
        let name = field(resource, &self.user).and_then(Value::as_str).filter(|name| crate::identity::is_user(name));
        let name = name.ok_or(FeedError::Nameless)?.to_owned();
        match resource.get("active") {
            None | Some(Value::Bool(true)) => {}
            _ => return Ok(None),
        }
        let mut user = User { groups: self.groups(resource), ..User::default() };
        for (attribute, path) in &self.attributes {
            // No value is as good as none: a row filter with a missing attribute shows no rows.
            if let Some(values) = field(resource, path).and_then(texts).filter(|values| !values.is_empty()) {
                user.attributes.insert(attribute.clone(), values);
            }
        }
        Ok(Some((name, user)))
    }

    /// Groups are known if each has a name.
    fn groups(&self, resource: &Map<String, Value>) -> Option<BTreeSet<String>> {
        let groups = resource.get("groups")?.as_array()?;
        let name = |group: &Value| match group {
            Value::String(name) => Some(name.clone()),
            Value::Object(group) => Some(field(group, &self.group)?.as_str()?.to_owned()),
            _ => None,
        };
        groups.iter().map(name).collect()
    }
}

/// A field by its name, or by a path.
fn field<'a>(object: &'a Map<String, Value>, path: &str) -> Option<&'a Value> {
    let Some(path) = path.strip_prefix('/') else {
        return object.get(path);
    };
    let mut steps = path.split('/');
    let first = object.get(steps.next()?)?;
    steps.try_fold(first, |value, step| value.get(step))
}

/// A text, number, `true` or `false`, or a list of them.
fn texts(value: &Value) -> Option<BTreeSet<String>> {
    let one = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        _ => None,
    };
    match value {
        Value::Array(values) => values.iter().map(one).collect(),
        value => one(value).map(|value| BTreeSet::from([value])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(resource: Value) -> Result<Option<(String, User)>, FeedError> {
        let attributes = [("region", "region"), ("team", "/urn:acme:2.0:User/team"), ("title", "title")];
        let attributes = attributes.map(|(name, path)| (name.to_owned(), path.to_owned())).into();
        let fields = Fields { user: "userName".to_owned(), group: "display".to_owned(), attributes };
        fields.read(resource.as_object().unwrap())
    }

    fn set(values: &[&str]) -> BTreeSet<String> {
        values.iter().map(|value| (*value).to_owned()).collect()
    }

    #[test]
    fn a_user_has_the_groups_and_attributes_that_the_feed_says() {
        let (name, user) = read(json!({
            "userName": "anna", "active": true, "groups": [{"value": "1", "display": "analysts"}, "risk"],
            "region": 3, "urn:acme:2.0:User": {"team": ["a", "b"]}, "title": {"x": 1},
        }))
        .unwrap()
        .unwrap();
        assert_eq!((name.as_str(), user.groups), ("anna", Some(set(&["analysts", "risk"]))));
        assert_eq!(user.attributes, [("region".to_owned(), set(&["3"])), ("team".to_owned(), set(&["a", "b"]))].into());
        let groups = |groups: Value| read(json!({"userName": "a", "groups": groups})).unwrap().unwrap().1.groups;
        assert_eq!(groups(json!([])), Some(set(&[])));
        for unknown in [json!(null), json!("x"), json!([{"value": "1"}]), json!([1]), json!([{"display": 1}])] {
            assert_eq!(groups(unknown.clone()), None, "{unknown}");
        }
        assert_eq!(read(json!({"userName": "a"})).unwrap().unwrap().1.groups, None);
    }

    #[test]
    fn who_is_not_active_is_not_there_and_who_has_no_name_spoils_the_feed() {
        for active in [json!(false), json!("true"), json!(null), json!(1)] {
            assert!(read(json!({"userName": "a", "active": active.clone()})).unwrap().is_none(), "{active}");
        }
        for name in [json!(null), json!(""), json!("a\nb"), json!(1)] {
            assert!(read(json!({"userName": name.clone()})).is_err(), "{name}");
        }
    }
}
