//! What goes through a browser to the issuer and back: a sealed state, and a cookie that binds it to the browser.
//!
//! All secrets of one round trip come from one seed, which stands sealed in the state: PKCE's verifier, the nonce of the ID
//! token, and the cookie. So no replica has to remember any of them, and nobody else knows one from another.

use super::Wrong;
use super::addresses::{Hash, Named};
use crate::identity::Sealer;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderMap;
use http::header::COOKIE;
use ring::hmac;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

/// By the prefix a browser takes such a cookie from this host alone, over TLS.
const COOKIE_PREFIX: &str = "__Host-sluice-";

/// One way to the issuer and back.
#[derive(Deserialize, Serialize)]
pub(super) struct Trip {
    hash: Hash,
    until: i64,
    seed: [u8; 32],
}

impl Trip {
    /// A new one; `None` if there are no random bytes.
    pub(super) fn new(named: Named) -> Option<Trip> {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).ok()?;
        Some(Trip { hash: named.hash, until: named.until, seed })
    }

    /// The one of a state that came back.
    pub(super) fn open(sealer: &Sealer, state: &str, now: i64) -> Result<Trip, Wrong> {
        let trip: Trip = sealer.open(state).ok_or(Wrong::Unknown)?;
        if now >= trip.until { Err(Wrong::Over) } else { Ok(trip) }
    }

    /// The state to send along.
    pub(super) fn state(&self, sealer: &Sealer) -> Option<String> {
        sealer.seal(self)
    }

    /// The log-in that it is of.
    pub(super) fn named(&self) -> Named {
        Named { hash: self.hash, until: self.until }
    }

    /// PKCE's verifier.
    pub(super) fn verifier(&self) -> String {
        self.derived(b"verifier")
    }

    /// The nonce of the ID token.
    pub(super) fn nonce(&self) -> String {
        self.derived(b"nonce")
    }

    /// `Set-Cookie` for the browser that sets out.
    pub(super) fn cookie(&self, seconds: i64) -> String {
        let (name, value) = (self.cookie_name(), self.derived(b"cookie"));
        format!("{name}={value}; Path=/; Max-Age={seconds}; Secure; HttpOnly; SameSite=Lax")
    }

    /// `Set-Cookie` that takes it back.
    pub(super) fn no_cookie(&self) -> String {
        format!("{}=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Lax", self.cookie_name())
    }

    /// Whether it was this browser that set out.
    pub(super) fn is_of(&self, headers: &HeaderMap) -> bool {
        let (name, value) = (self.cookie_name(), self.derived(b"cookie"));
        let cookies = headers.get_all(COOKIE).iter().filter_map(|header| header.to_str().ok());
        let mut given = cookies.flat_map(|header| header.split(';')).filter_map(|pair| pair.trim().split_once('='));
        given.any(|(named, given)| named == name && bool::from(given.as_bytes().ct_eq(value.as_bytes())))
    }

    /// Each trip has a cookie of its own, so that two log-ins in one browser don't meet.
    fn cookie_name(&self) -> String {
        let name = self.derived(b"name");
        format!("{COOKIE_PREFIX}{}", name.get(..16).unwrap_or_default())
    }

    fn derived(&self, what: &[u8]) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.seed);
        URL_SAFE_NO_PAD.encode(hmac::sign(&key, what))
    }
}
