//! By which grammar Trino reads, followed while Sluice runs.
//!
//! In: `upstream.trino_version`, or what Trino says of itself at `/v1/info`. Out: the [`GrammarVersion`] of the moment;
//! none before Trino has told its version, since a text that is read by another grammar may say another thing.
//! Trino may be upgraded behind Sluice's back, so it is asked again every few seconds, and more often while it does not
//! answer: who is replaced is away for a while. A change is said in the log.

use super::trino::{TrinoClient, TrinoError};
use crate::sql::{Fit, GrammarVersion};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, watch};
use tokio_util::sync::CancellationToken;

/// How often Trino is asked for its version.
const OFTEN: Duration = Duration::from_secs(5);
/// How often while it does not answer.
const AWAY: Duration = Duration::from_millis(250);

/// By which grammar Trino reads.
#[derive(Debug)]
pub struct TrinoGrammar {
    now: watch::Sender<Option<GrammarVersion>>,
    trino: Option<TrinoClient>,
    /// The version that the log was told of last.
    told: Mutex<Option<String>>,
}

impl TrinoGrammar {
    /// That of a version of Trino's, whatever Trino says.
    pub fn configured(version: u32) -> TrinoGrammar {
        let version = version.to_string();
        let (grammar, fit) = GrammarVersion::of_trino(&version);
        tell(&version, grammar, fit);
        TrinoGrammar { now: watch::Sender::new(Some(grammar)), trino: None, told: Mutex::default() }
    }

    /// That of the version that Trino gives; none until it has answered.
    pub async fn asked(trino: TrinoClient) -> TrinoGrammar {
        let grammar = TrinoGrammar { now: watch::Sender::new(None), trino: Some(trino), told: Mutex::default() };
        if let Err(error) = grammar.ask().await {
            tracing::warn!(%error, "Trino's version is not known; statements are refused until it is");
        }
        grammar
    }

    /// The grammar of the moment; `None` while Trino's version has never been known.
    pub fn now(&self) -> Option<GrammarVersion> {
        *self.now.borrow()
    }

    /// Follows Trino until the end.
    pub async fn follow(self: Arc<Self>, end: CancellationToken) {
        while self.trino.is_some() {
            let pause = if self.ask().await.is_ok() { OFTEN } else { AWAY };
            if end.run_until_cancelled(tokio::time::sleep(pause)).await.is_none() {
                return;
            }
        }
    }

    /// Asks Trino for its version.
    async fn ask(&self) -> Result<(), TrinoError> {
        let Some(trino) = &self.trino else { return Ok(()) };
        let version = trino.version().await?;
        let mut told = self.told.lock().await;
        if told.as_ref() != Some(&version) {
            let (grammar, fit) = GrammarVersion::of_trino(&version);
            tell(&version, grammar, fit);
            self.now.send_replace(Some(grammar));
            *told = Some(version);
        }
        Ok(())
    }
}

/// Says which grammar was chosen, and how well it fits.
fn tell(version: &str, grammar: GrammarVersion, fit: Fit) {
    match fit {
        Fit::Exact => tracing::info!(version, %grammar, "statements are read by Trino's own grammar"),
        Fit::TooOld => {
            tracing::warn!(version, %grammar, "Trino is older than any grammar of Sluice's; the oldest is used");
        }
        Fit::Between => {
            tracing::warn!(version, %grammar, "Sluice has no grammar of this version of Trino; an older one is used");
        }
        Fit::TooNew => {
            tracing::warn!(version, %grammar, "Trino is newer than any grammar of Sluice's; the newest is used");
        }
        Fit::Unknown => {
            tracing::warn!(version, %grammar, "Trino's version is no number; the newest grammar is used");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::fake::{Fake, Reply};
    use GrammarVersion::{V476, V483};

    #[tokio::test]
    async fn an_upgrade_behind_sluices_back_is_noticed() {
        let fake = Fake::start(|_| Reply::rows(Vec::new())).await;
        fake.set_version("476");
        let grammar = Arc::new(TrinoGrammar::asked(fake.client()).await);
        assert_eq!(grammar.now(), Some(V476));
        fake.set_version("483");
        let end = CancellationToken::new();
        let following = tokio::spawn(Arc::clone(&grammar).follow(end.clone()));
        let mut changes = grammar.now.subscribe();
        tokio::time::timeout(Duration::from_secs(20), changes.wait_for(|now| *now == Some(V483)))
            .await
            .unwrap()
            .unwrap();
        end.cancel();
        following.await.unwrap();
    }

    #[tokio::test]
    async fn there_is_no_grammar_before_trino_has_told_its_version() {
        let fake = Fake::start(|_| Reply::rows(Vec::new())).await;
        assert_eq!(TrinoGrammar::asked(fake.client()).await.now(), None);
        assert_eq!(TrinoGrammar::configured(476).now(), Some(V476));
        assert_eq!(TrinoGrammar::configured(9_999).now(), Some(GrammarVersion::NEWEST));
    }
}
