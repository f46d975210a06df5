//! What a token says: its claims, the time it is valid in, and names made of claims.

use super::Refused;
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::time::Duration;

/// The claims of a token, proved or not.
#[derive(Debug)]
pub(super) struct Claims(pub(super) Map<String, Value>);

impl Claims {
    /// A claim by its name, or by names that lead into objects: `realm_access.roles`. A longer name goes first, as names
    /// may hold points: `kubernetes.io.namespace`.
    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        within(&self.0, name)
    }

    /// A claim that is a text.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.get(name)?.as_str()
    }

    /// A claim that is a text or a list of texts; `None` if it is not there.
    pub(super) fn texts(&self, name: &str) -> Result<Option<BTreeSet<String>>, Refused> {
        let one = |value: &Value| match value {
            Value::String(text) => Ok(text.clone()),
            Value::Bool(_) | Value::Number(_) => Ok(value.to_string()),
            _ => Err(Refused::Claim(name.to_owned())),
        };
        match self.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Array(values)) => values.iter().map(one).collect::<Result<_, _>>().map(Some),
            Some(value) => one(value).map(|value| Some(BTreeSet::from([value]))),
        }
    }

    /// Whether a text stands in a claim that is a text or a list of them.
    pub(super) fn has(&self, name: &str, wanted: &[String]) -> bool {
        match self.0.get(name) {
            Some(Value::String(text)) => wanted.contains(text),
            Some(Value::Array(values)) => values.iter().any(|value| wanted.iter().any(|wanted| value == wanted)),
            _ => false,
        }
    }
}

fn within<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    if let Some(value) = object.get(name) {
        return Some(value);
    }
    name.rmatch_indices('.').find_map(|(at, _)| {
        let (first, rest) = name.split_at_checked(at)?;
        within(object.get(first)?.as_object()?, rest.strip_prefix('.')?)
    })
}

/// When a token is valid, in seconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Validity {
    from: i64,
    until: i64,
}

impl Validity {
    /// From `nbf` and `iat`, where they are there, to `exp`, which must be.
    pub(super) fn of(claims: &Claims) -> Result<Validity, Refused> {
        let time = |name: &str| match claims.0.get(name) {
            None => Ok(None),
            Some(value) => seconds(value).map(Some).ok_or_else(|| Refused::Claim(name.to_owned())),
        };
        let until = time("exp")?.ok_or_else(|| Refused::Claim("exp".to_owned()))?;
        let from = time("nbf")?.unwrap_or(i64::MIN).max(time("iat")?.unwrap_or(i64::MIN));
        Ok(Validity { from, until })
    }

    /// For how long from now on it is.
    pub(super) fn left(self, now: i64) -> Duration {
        Duration::from_secs(self.until.saturating_sub(now).try_into().unwrap_or_default())
    }

    /// Whether a time is within it, by clocks that may differ by `skew` seconds.
    pub(super) fn holds(self, now: i64, skew: i64) -> Result<(), Refused> {
        if now.saturating_sub(skew) >= self.until {
            return Err(Refused::Expired);
        }
        if now.saturating_add(skew) < self.from {
            return Err(Refused::Early);
        }
        Ok(())
    }
}

fn seconds(value: &Value) -> Option<i64> {
    // A number with a fraction is allowed; none that is no time.
    let seconds = value.as_i64().or_else(|| value.as_f64().filter(|f| f.abs() < 1e15).map(|f| f as i64))?;
    (seconds >= 0).then_some(seconds)
}

/// A text with claims in it, such as `{preferred_username}` or `svc:{azp}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Template(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Claim(String),
}

impl Template {
    /// Reads a template; `None` if a brace is alone, a claim has no name, or there is no claim in it.
    pub(super) fn parse(text: &str) -> Option<Template> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, claim)) = rest.split_once('{') {
            let (claim, after) = claim.split_once('}')?;
            if claim.is_empty() || claim.contains('{') || before.contains('}') {
                return None;
            }
            parts.extend([Part::Text(before.to_owned()), Part::Claim(claim.to_owned())]);
            rest = after;
        }
        if parts.is_empty() || rest.contains('}') {
            return None;
        }
        parts.push(Part::Text(rest.to_owned()));
        Some(Template(parts))
    }

    /// The text for a token. Each claim must be a text that is not empty; an address (`email`) must be verified, for in
    /// many issuers a user may write any.
    pub(super) fn of(&self, claims: &Claims) -> Result<String, Refused> {
        let mut text = String::new();
        for part in &self.0 {
            match part {
                Part::Text(part) => text.push_str(part),
                Part::Claim(name) => {
                    if name == "email" && claims.0.get("email_verified") != Some(&Value::Bool(true)) {
                        return Err(Refused::Unverified);
                    }
                    let value = claims.text(name).filter(|value| !value.is_empty());
                    text.push_str(value.ok_or_else(|| Refused::Claim(name.clone()))?);
                }
            }
        }
        Ok(text)
    }
}

/// Names with `*` for any text, of users or of groups.
#[derive(Clone, Debug)]
pub(in crate::identity) struct Names(Vec<String>);

impl Names {
    pub(in crate::identity) fn new(patterns: &[String]) -> Names {
        Names(patterns.to_vec())
    }

    pub(in crate::identity) fn take_in(&self, name: &str) -> bool {
        self.0.iter().any(|pattern| fits(pattern, name))
    }
}

fn fits(pattern: &str, name: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else {
        return pattern == name;
    };
    let Some(mut name) = name.strip_prefix(start) else {
        return false;
    };
    let (middle, end) = rest.rsplit_once('*').unwrap_or(("", rest));
    // What stands between stars is taken as early as it can be.
    for part in middle.split('*') {
        match name.split_once(part) {
            _ if part.is_empty() => {}
            Some((_, after)) => name = after,
            None => return false,
        }
    }
    name.ends_with(end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn claims(value: Value) -> Claims {
        Claims(value.as_object().unwrap().clone())
    }

    #[test]
    fn a_name_is_made_of_claims_that_are_texts() {
        let token = claims(json!({
            "sub": "42", "realm_access": {"name": "deep"}, "a.b": "whole", "a": {"b": "led"}, "empty": "", "n": 1,
            "email": "ann@example.com",
        }));
        for (template, text) in [
            ("{sub}", Some("42")),
            ("svc:{sub}@x", Some("svc:42@x")),
            ("{sub}-{realm_access.name}", Some("42-deep")),
            ("{a.b}", Some("whole")),
            ("{empty}", None),
            ("{n}", None),
            ("{missing}", None),
            ("{email}", None),
        ] {
            assert_eq!(Template::parse(template).unwrap().of(&token).ok().as_deref(), text, "{template}");
        }
        let verified = claims(json!({"email": "ann@example.com", "email_verified": true}));
        assert_eq!(Template::parse("{email}").unwrap().of(&verified).unwrap(), "ann@example.com");
        for wrong in ["", "sub", "{", "}", "{}", "{sub", "sub}", "{a{b}}", "{sub}}"] {
            assert_eq!(Template::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_token_of_kubernetes_is_read_by_names_with_points() {
        let token = claims(json!({
            "iss": "https://kubernetes.default.svc.cluster.local", "sub": "system:serviceaccount:etl:loader",
            "kubernetes.io": {
                "namespace": "etl", "node": {"name": "n1"}, "pod": {"name": "loader-1"},
                "serviceaccount": {"name": "loader", "uid": "42"},
            },
            "kubernetes": {"io": {"namespace": "shorter"}},
        }));
        for (template, text) in [
            ("svc:{sub}", Some("svc:system:serviceaccount:etl:loader")),
            ("{kubernetes.io.namespace}/{kubernetes.io.serviceaccount.name}", Some("etl/loader")),
            ("{kubernetes.io.serviceaccount}", None),
            ("{kubernetes.io.}", None),
            ("{kubernetes.io.serviceaccount.name.x}", None),
        ] {
            assert_eq!(Template::parse(template).unwrap().of(&token).ok().as_deref(), text, "{template}");
        }
    }

    #[test]
    fn a_token_is_valid_from_then_until_then() {
        let of = |value| Validity::of(&claims(value));
        let token = of(json!({"exp": 200, "nbf": 100, "iat": 90.5})).unwrap();
        for (now, skew, holds) in [
            (99, 0, false),
            (100, 0, true),
            (199, 0, true),
            (200, 0, false),
            (95, 5, true),
            (204, 5, true),
            (205, 5, false),
        ] {
            assert_eq!(token.holds(now, skew).is_ok(), holds, "{now} {skew}");
        }
        assert!(of(json!({"exp": 200, "iat": 150})).unwrap().holds(120, 0).is_err());
        for wrong in [json!({}), json!({"exp": "200"}), json!({"exp": null}), json!({"exp": -1}), json!({"exp": 1e300})]
        {
            assert!(of(wrong.clone()).is_err(), "{wrong}");
        }
        assert!(of(json!({"exp": 200, "nbf": "soon"})).is_err());
    }

    #[test]
    fn names_may_have_stars() {
        for (pattern, name, takes) in [
            ("anna", "anna", true),
            ("anna", "annas", false),
            ("*", "", true),
            ("*@example.com", "anna@example.com", true),
            ("*@example.com", "anna@example.com.evil", false),
            ("svc-*", "svc-dbt", true),
            ("svc-*", "a-svc-dbt", false),
            ("a*b*c", "aXbYc", true),
            ("a*b*c", "aXcYb", false),
            ("ab*ba", "aba", false),
        ] {
            assert_eq!(Names::new(&[pattern.to_owned()]).take_in(name), takes, "{pattern} {name}");
        }
    }
}
