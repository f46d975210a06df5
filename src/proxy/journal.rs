//! What is written down and counted of each statement.
//!
//! A decision is written before anything else happens with the statement; what came of it is written when its end is
//! seen.

use super::decide::{Asked, Weighed};
use super::started::{End, Ended};
use crate::audit::{
    AuditError, CompletionRecord, DecisionRecord, ErrorRecord, Log, Outcome as Word, ProofRecord, QueryState, Record,
    fingerprint,
};
use crate::console::Metrics;
use crate::enforce::{Alarm, ErrorCode, Outcome};
use crate::identity::Proof;
use crate::sql::redacted;
use jiff::Timestamp;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_util::task::TaskTracker;
use uuid::Uuid;

/// Writes and counts.
#[derive(Debug)]
pub(super) struct Journal {
    log: Arc<Log>,
    metrics: Arc<Metrics>,
    tasks: TaskTracker,
}

impl Journal {
    pub(super) fn new(log: Arc<Log>, metrics: Arc<Metrics>, tasks: TaskTracker) -> Journal {
        Journal { log, metrics, tasks }
    }

    /// Writes a decision down, and gives its id.
    ///
    /// # Errors
    /// [`AuditError`]: then the statement must not be forwarded.
    pub(super) async fn decided(&self, asked: &Asked, weighed: &Weighed) -> Result<Uuid, AuditError> {
        let id = Uuid::now_v7();
        let record = record(id, asked, weighed);
        self.metrics.decided(record.outcome, weighed.made_before);
        for (stage, took) in &weighed.stages {
            self.metrics.stage(*stage, *took);
        }
        self.metrics.enforced(asked.arrived.elapsed());
        self.alarm(id, weighed);
        let began = Instant::now();
        let result = self.log.append(&Record::Decision(Box::new(record))).await;
        match &result {
            Ok(()) => self.metrics.audited(began.elapsed()),
            Err(error) => {
                self.metrics.audit_failed();
                tracing::error!(%error, decision = %id, "a decision could not be written down; its statement is refused");
            }
        }
        result.map(|()| id)
    }

    /// Writes down what came of a statement that Trino has taken.
    pub(super) fn ended(self: &Arc<Self>, ended: &Ended) {
        let (state, error) = match &ended.end {
            End::Finished => (QueryState::Finished, None),
            End::Failed(name) => (QueryState::Failed, Some(name.clone())),
            End::Canceled | End::ClientGone => (QueryState::Canceled, None),
            End::Revoked => (QueryState::Canceled, Some(ErrorCode::PermissionDenied.parts().0.to_owned())),
            End::Withheld { error, .. } => (QueryState::Canceled, Some(error.clone())),
            End::Unknown => (QueryState::Unknown, None),
        };
        let reason = match &ended.end {
            End::Withheld { why, .. } => Some(why.clone()),
            _ => None,
        };
        self.completion(CompletionRecord {
            decision: ended.statement.facts.decision,
            time: Timestamp::now(),
            query_id: Some(ended.statement.query.as_str().to_owned()),
            state,
            error,
            reason,
            rows: ended.rows,
            bytes: ended.bytes,
            elapsed_us: micros(ended.took),
        });
    }

    /// Writes down that Trino did not take a statement, or that it is not known whether it did.
    pub(super) fn not_started(self: &Arc<Self>, decision: Uuid, maybe: bool, error: &str, took: Duration) {
        self.completion(CompletionRecord {
            decision,
            time: Timestamp::now(),
            query_id: None,
            state: if maybe { QueryState::Unknown } else { QueryState::Failed },
            error: Some(error.to_owned()),
            reason: None,
            rows: 0,
            bytes: 0,
            elapsed_us: micros(took),
        });
    }

    fn completion(self: &Arc<Self>, record: CompletionRecord) {
        let journal = Arc::clone(self);
        // The runtime may be gone when the last entries are dropped.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        self.tasks.spawn_on(
            async move {
                if let Err(error) = journal.log.append(&Record::Completion(record)).await {
                    journal.metrics.audit_failed();
                    tracing::error!(%error, "a completion could not be written down");
                }
            },
            &runtime,
        );
    }

    fn alarm(&self, decision: Uuid, weighed: &Weighed) {
        match &weighed.decision.alarm {
            Some(Alarm::Unproved(reason)) => {
                self.metrics.verifier_alarm();
                tracing::error!(%decision, %reason, "a rewritten statement has no proof and is refused");
            }
            Some(Alarm::SecondOpinion(reason)) => {
                self.metrics.second_opinion_refused();
                tracing::error!(%decision, %reason, "a second parser sees another statement, which is refused");
            }
            None => {}
        }
    }
}

fn record(id: Uuid, asked: &Asked, weighed: &Weighed) -> DecisionRecord {
    let decision = &weighed.decision;
    let sql = redacted(&asked.sql);
    let (outcome, rewritten, error) = match &decision.outcome {
        Outcome::Forward(guarded) => {
            let changed = if guarded.text() == asked.sql {
                guarded.prepared().filter(|_| !guarded.positions().unchanged()).map(|(_, text)| text)
            } else {
                Some(guarded.text())
            };
            let outcome = if changed.is_some() { Word::Rewrite } else { Word::Allow };
            (outcome, changed.map(|text| redacted(text).into_owned()), None)
        }
        Outcome::Refuse(refusal) => {
            // What can't be read is quoted in the error, and may be what must not be written down.
            let quotes = refusal.code == ErrorCode::SyntaxError && sql != asked.sql;
            let message = if quotes { String::new() } else { refusal.message.clone() };
            let error = ErrorRecord { name: refusal.code.parts().0.to_owned(), message };
            (Word::Deny, None, Some(error))
        }
    };
    let headers = &asked.headers;
    DecisionRecord {
        id,
        time: Timestamp::now(),
        principal: asked.principal.clone(),
        proofs: asked.proofs.iter().map(proof).collect(),
        user: asked.subject.user.clone(),
        groups: asked.subject.groups.clone(),
        source: headers.source.clone(),
        client_address: Some(asked.peer),
        client_tags: headers.client_tags.clone(),
        catalog: headers.session.catalog.clone(),
        schema: headers.session.schema.clone(),
        cluster: asked.cluster.is_named().then(|| asked.cluster.name.to_string()),
        fingerprint: fingerprint(&sql),
        sql: sql.into_owned(),
        statement: decision.class,
        objects: decision.objects.clone(),
        outcome,
        error,
        masks: decision.masks.clone(),
        filters: decision.filters.clone(),
        policies: decision.policies.clone(),
        snapshot: asked.snapshot.revision().to_owned(),
        commits: asked.snapshot.commits().clone(),
        rewritten,
        stages_us: weighed.stages.iter().map(|(stage, took)| (*stage, micros(*took))).collect(),
        total_us: micros(asked.arrived.elapsed()),
    }
}

fn proof(proof: &Proof) -> ProofRecord {
    let bare = |by| ProofRecord { by, ..ProofRecord::default() };
    match proof {
        Proof::Password => bare("password"),
        Proof::Directory => bare("ldap"),
        Proof::ServiceToken => bare("service_token"),
        Proof::TrustedHeader => bare("trusted_header"),
        Proof::Token { issuer } => ProofRecord { issuer: Some(issuer.clone()), ..bare("token") },
        Proof::Certificate(shown) => ProofRecord {
            issuer: Some(shown.issuer.clone()),
            serial: Some(shown.serial.clone()),
            fingerprint: Some(shown.fingerprint.clone()),
            ..bare("certificate")
        },
    }
}

fn micros(took: Duration) -> u64 {
    u64::try_from(took.as_micros()).unwrap_or(u64::MAX)
}
