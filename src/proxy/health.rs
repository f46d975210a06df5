//! Whether a cluster takes statements, found out by asking it now and then.
//!
//! A check holds if `/v1/info` says in time that Trino has started. One that fails once, or holds once, changes nothing:
//! as many in a row as the configuration says do.

use super::connect::{HttpClient, empty};
use crate::config::HealthChecks;
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Limited};
use serde::Deserialize;
use std::fmt::Display;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Most bytes of what Trino says of itself.
const MOST: usize = 64 * 1024;

/// What checks have come to.
#[derive(Debug)]
pub(super) struct Health {
    healthy: AtomicBool,
    client: HttpClient,
    checks: HealthChecks,
}

/// Checks in a row that say otherwise than what is held to be so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Streak {
    healthy: bool,
    otherwise: u32,
}

impl Streak {
    /// One more check. Whether what is held to be so has changed.
    fn add(&mut self, held: bool, checks: &HealthChecks) -> bool {
        if held == self.healthy {
            self.otherwise = 0;
            return false;
        }
        self.otherwise += 1;
        let enough = if self.healthy { checks.unhealthy_after } else { checks.healthy_after };
        if self.otherwise < enough {
            return false;
        }
        *self = Streak { healthy: held, otherwise: 0 };
        true
    }
}

/// The one field that counts.
#[derive(Deserialize)]
struct Info {
    starting: bool,
}

impl Health {
    /// Of a cluster that is reached by this client: it begins as the first check says.
    pub(super) async fn first(client: HttpClient, checks: HealthChecks) -> Health {
        let health = Health { healthy: AtomicBool::new(false), client, checks };
        health.healthy.store(health.check().await.is_ok(), Ordering::Relaxed);
        health
    }

    /// Whether it gets statements.
    pub(super) fn is_healthy(&self) -> bool {
        self.healthy.load(Ordering::Relaxed)
    }

    /// Checks for good. `changed` is told when it gets statements from now on, or none, and why.
    pub(super) async fn follow(&self, mut changed: impl FnMut(bool, &str)) {
        let mut streak = Streak { healthy: self.is_healthy(), otherwise: 0 };
        loop {
            tokio::time::sleep(self.checks.every.unsigned_abs()).await;
            let found = self.check().await;
            if streak.add(found.is_ok(), &self.checks) {
                self.healthy.store(streak.healthy, Ordering::Relaxed);
                changed(streak.healthy, found.err().as_deref().unwrap_or("it answers"));
            }
        }
    }

    async fn check(&self) -> Result<(), String> {
        let timeout: Duration = self.checks.timeout.unsigned_abs();
        let late = |_| format!("it did not answer within {} s", timeout.as_secs_f32());
        tokio::time::timeout(timeout, self.ask()).await.map_err(late)?
    }

    async fn ask(&self) -> Result<(), String> {
        let text = |error: &dyn Display| error.to_string();
        let request = Request::builder().method(Method::GET).uri("/v1/info").body(empty());
        let response = self.client.send(request.map_err(|error| text(&error))?).await.map_err(|error| text(&error))?;
        if response.status() != StatusCode::OK {
            return Err(format!("it answered {}", response.status()));
        }
        let body = Limited::new(response.into_body(), MOST).collect().await.map_err(|error| error.to_string())?;
        match serde_json::from_slice(&body.to_bytes()) {
            Ok(Info { starting: false }) => Ok(()),
            Ok(Info { starting: true }) => Err("it is starting".to_owned()),
            Err(error) => Err(format!("its answer can't be read: {error}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_checks_in_a_row_as_are_asked_for_change_what_is_held_to_be_so() {
        let checks = HealthChecks { unhealthy_after: 3, healthy_after: 2, ..HealthChecks::default() };
        // Checks that held and failed, and what is held to be so after each.
        for (began, found, expected) in [
            (true, "+--+---", "++++++-"),
            (true, "---", "++-"),
            (false, "+", "-"),
            (false, "++", "-+"),
            (false, "+-++--+---", "---++++++-"),
        ] {
            let mut streak = Streak { healthy: began, otherwise: 0 };
            let mut shown = String::new();
            for check in found.chars() {
                let before = streak.healthy;
                let changed = streak.add(check == '+', &checks);
                assert_eq!(changed, before != streak.healthy);
                shown.push(if streak.healthy { '+' } else { '-' });
            }
            assert_eq!(shown, expected, "{began} {found}");
        }
    }
}
