//! One issuer: which of its tokens are believed, and what of them.

use super::claims::{Claims, Names, Template, Validity};
use super::fetch::Documents;
use super::keys::{Keys, Pace};
use super::{OidcError, Refused};
use crate::config;
use crate::identity::{Principal, Proof, is_user};
use jsonwebtoken::{Algorithm, Header, Validation};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// An issuer's rules and keys.
#[derive(Debug)]
pub(super) struct Issuer {
    pub(super) name: String,
    pub(super) keys: Arc<Keys>,
    pub(super) skew: i64,
    audience: Vec<String>,
    algorithms: Vec<Algorithm>,
    user: Template,
    groups_claim: Option<String>,
    attributes: BTreeMap<String, String>,
    users: Option<Names>,
    groups: Option<Names>,
}

impl Issuer {
    /// `gap` is the least time between two fetches of its keys.
    pub(super) fn new(oidc: &config::Oidc, gap: Duration) -> Result<Issuer, OidcError> {
        let user = Template::parse(&oidc.user)
            .ok_or_else(|| OidcError::Template { issuer: oidc.issuer.clone(), template: oidc.user.clone() })?;
        let pace = Pace { refresh: oidc.refresh.unsigned_abs(), gap, keep: oidc.keep_keys.unsigned_abs() };
        let names = |patterns: &Option<Vec<String>>| patterns.as_deref().map(Names::new);
        Ok(Issuer {
            name: oidc.issuer.clone(),
            keys: Keys::new(&oidc.issuer, Documents::new(oidc)?, pace),
            skew: oidc.clock_skew.as_secs(),
            audience: oidc.audience.clone(),
            algorithms: oidc.algorithms.iter().copied().map(algorithm).collect(),
            user,
            groups_claim: oidc.groups_claim.clone(),
            attributes: oidc.attributes.clone(),
            users: names(&oidc.speaks_for.users),
            groups: names(&oidc.speaks_for.groups),
        })
    }

    /// Whether its tokens could tell groups of this user.
    pub(super) fn tells_groups_of(&self, user: &str) -> bool {
        self.groups_claim.is_some() && self.may_speak_for(user)
    }

    /// Whether its tokens tell groups.
    pub(super) fn tells_groups(&self) -> bool {
        self.groups_claim.is_some()
    }

    fn may_speak_for(&self, user: &str) -> bool {
        self.users.as_ref().is_none_or(|users| users.take_in(user))
    }

    /// Whether its tokens may be signed so.
    pub(super) fn signs_by(&self, algorithm: Algorithm) -> bool {
        self.algorithms.contains(&algorithm)
    }

    /// Whether tokens for this audience are for Sluice.
    pub(super) fn is_for(&self, audience: &str) -> bool {
        self.audience.iter().any(|mine| mine == audience)
    }

    /// What can be said against a token before its key is looked for: a token that is refused here costs the issuer nothing.
    pub(super) fn check(&self, header: &Header, claims: &Claims, now: i64) -> Result<Validity, Refused> {
        if !self.signs_by(header.alg) {
            return Err(Refused::Algorithm);
        }
        if !header.typ.as_deref().is_none_or(is_access_token) {
            return Err(Refused::Kind);
        }
        self.check_claims(claims, now)
    }

    /// What can be said against a token by its claims, whoever told them.
    fn check_claims(&self, claims: &Claims, now: i64) -> Result<Validity, Refused> {
        // What Keycloak calls its tokens in a claim. Its others, such as `ID` and `Refresh`, are no proof here.
        if claims.0.get("typ").is_some_and(|typ| typ.as_str() != Some("Bearer")) {
            return Err(Refused::Kind);
        }
        // Only who has another secret besides may use it, which is not looked at here.
        if claims.0.contains_key("cnf") {
            return Err(Refused::Bound);
        }
        if !claims.has("aud", &self.audience) {
            return Err(Refused::Audience);
        }
        let validity = Validity::of(claims)?;
        validity.holds(now, self.skew)?;
        Ok(validity)
    }

    /// The same of what the issuer told of a token. It need not say who it is, as it was asked itself.
    pub(super) fn check_told(&self, claims: &Claims, now: i64) -> Result<Validity, Refused> {
        if claims.0.get("iss").is_some_and(|iss| iss.as_str() != Some(&self.name)) {
            return Err(Refused::Issuer);
        }
        let bearer = |kind: &Value| kind.as_str().is_some_and(|kind| kind.eq_ignore_ascii_case("Bearer"));
        if !claims.0.get("token_type").is_none_or(bearer) {
            return Err(Refused::Bound);
        }
        self.check_claims(claims, now)
    }

    /// What the JWT crate is to check besides the signature.
    pub(super) fn validation(&self, algorithm: Algorithm) -> Validation {
        let mut validation = Validation::new(algorithm);
        validation.set_required_spec_claims(&["exp", "iss", "aud"]);
        validation.set_issuer(&[&self.name]);
        validation.set_audience(&self.audience);
        // Times are held against one clock, here and when a token is seen again.
        validation.validate_exp = false;
        validation
    }

    /// Who a proved token is of.
    pub(super) fn principal(&self, claims: &Claims) -> Result<Principal, Refused> {
        let name = self.user.of(claims)?;
        if !is_user(&name) || name.trim() != name || !self.may_speak_for(&name) {
            return Err(Refused::User);
        }
        let groups = self.groups(claims)?;
        let mut attributes = BTreeMap::new();
        for (attribute, claim) in &self.attributes {
            // No value is as good as none: a row filter with a missing attribute shows no rows.
            if let Some(values) = claims.texts(claim)?.filter(|values| !values.is_empty()) {
                attributes.insert(attribute.clone(), values);
            }
        }
        let proof = Proof::Token { issuer: self.name.clone() };
        let (groups, more_groups) = groups.map_or((Vec::new(), true), |groups| (groups, false));
        Ok(Principal { groups, more_groups, attributes, ..Principal::new(name, proof) })
    }

    /// The groups that it may speak for; `None` if the token does not tell them, or says that they are elsewhere. A token
    /// may be had without its groups, by who asks for another scope, and many issuers leave an empty list out.
    fn groups(&self, claims: &Claims) -> Result<Option<Vec<String>>, Refused> {
        let Some(claim) = &self.groups_claim else {
            return Ok(Some(Vec::new()));
        };
        let elsewhere = claims.0.get("_claim_names").and_then(Value::as_object);
        if elsewhere.is_some_and(|names| names.contains_key(claim)) {
            return Ok(None);
        }
        let mine = |group: &String| self.groups.as_ref().is_none_or(|groups| groups.take_in(group));
        Ok(claims.texts(claim)?.map(|groups| groups.into_iter().filter(mine).collect()))
    }
}

/// By RFC 9068, and as most issuers say it.
fn is_access_token(typ: &str) -> bool {
    ["JWT", "at+jwt", "application/at+jwt"].iter().any(|known| known.eq_ignore_ascii_case(typ))
}

fn algorithm(configured: config::SigningAlgorithm) -> Algorithm {
    use config::SigningAlgorithm as Configured;
    match configured {
        Configured::Rs256 => Algorithm::RS256,
        Configured::Rs384 => Algorithm::RS384,
        Configured::Rs512 => Algorithm::RS512,
        Configured::Ps256 => Algorithm::PS256,
        Configured::Ps384 => Algorithm::PS384,
        Configured::Ps512 => Algorithm::PS512,
        Configured::Es256 => Algorithm::ES256,
        Configured::Es384 => Algorithm::ES384,
        Configured::EdDsa => Algorithm::EdDSA,
    }
}
