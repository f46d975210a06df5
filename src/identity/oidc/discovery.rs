//! What an issuer says of itself, kept for a while.

use super::fetch::{Discovered, Documents};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

/// How long an answer is good for.
const FRESH: Duration = Duration::from_secs(300);
/// How soon an issuer is asked again that could not be.
const AGAIN: Duration = Duration::from_secs(5);

/// The discovery document of an issuer.
#[derive(Debug)]
pub(super) struct Discovery {
    documents: Documents,
    asked: Mutex<Asked>,
}

/// What was known when the issuer was asked last.
#[derive(Debug, Default)]
struct Asked {
    at: Option<Instant>,
    found: Option<Arc<Discovered>>,
}

impl Discovery {
    pub(super) fn new(documents: Documents) -> Discovery {
        Discovery { documents, asked: Mutex::default() }
    }

    /// The document, asked for once for all who need it. While it can't be had, the one before goes on.
    pub(super) async fn get(&self) -> Option<Arc<Discovered>> {
        let mut asked = self.asked.lock().await;
        let pause = if asked.found.is_some() { FRESH } else { AGAIN };
        if asked.at.is_none_or(|at| at.elapsed() >= pause) {
            let found = self.documents.discovered().await;
            asked.at = Some(Instant::now());
            match found {
                Ok(found) => asked.found = Some(Arc::new(found)),
                Err(error) => tracing::warn!(%error, "an issuer's discovery document can't be had"),
            }
        }
        asked.found.clone()
    }
}
