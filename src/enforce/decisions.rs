//! Decisions that were made before, so that a dashboard's statements are not decided again at each look at it.
//!
//! In: a request. Out: the decision that an equal request got. Equal means in all that a [`Request`] holds: the text, the
//! session with its prepared texts, the user with the groups, the snapshot, the switches, and what Trino says of each
//! table that was looked at. So a kept decision, its proof among it, is the one that [`enforce`](super::enforce) would
//! make again. What the tables are now has to be asked first, as it is for a new decision; nothing is ever assumed of
//! them. The user stands there with the moment among the ends of validities and the minute where a condition reads it, so
//! that no decision is used past a time at which another could be made.

use super::{Decision, Enforced, Options, Outcome, Request, Stage};
use crate::analysis::session::Session;
use crate::catalog::table::Tables;
use crate::policy::Subject;
use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

/// A longer text is decided anew each time: it is seldom sent twice, and would push out many short ones.
const LONGEST: usize = 64 * 1024;
/// Nor is a decision kept that takes more than this: one over a thousand columns takes about a tenth.
const LARGEST: usize = 512 * 1024;
/// About what a decision takes besides its texts and lists, in bytes.
const OVERHEAD: usize = 2048;
/// What an entry of a list takes besides its text.
const ENTRY: usize = 32;
/// What a table takes that was looked at; its columns are shared with the cache of tables.
const TABLE: usize = 256;

/// Decisions that were made before. Cloning it is cheap and shares them.
#[derive(Clone, Debug)]
pub struct Decisions {
    /// By the hash of a request without snapshot and tables: a change of either replaces what was kept.
    kept: Cache<u64, Arc<Kept>>,
    hasher: RandomState,
}

/// A decision with all that it was made from. A hash only finds it; the comparison is of these.
#[derive(Debug)]
struct Kept {
    sql: String,
    session: Session,
    subject: Subject,
    revision: String,
    options: Options,
    tables: Tables,
    decision: Arc<Decision>,
}

impl Decisions {
    /// Keeps decisions of about so many bytes in all, the latest used; none at 0.
    pub fn new(bytes: u64) -> Decisions {
        // The latest used, not the most used: what was decided by an older snapshot has to give way.
        let cache = Cache::builder().max_capacity(bytes).eviction_policy(EvictionPolicy::lru());
        let weigh = |_: &u64, kept: &Arc<Kept>| u32::try_from(kept.bytes()).unwrap_or(u32::MAX);
        Decisions { kept: cache.weigher(weigh).build(), hasher: RandomState::new() }
    }

    /// The decision that an equal request got, or what has to be known before it can be said that there is one. `None`
    /// if there is none. `observe` is called at the end.
    pub fn recall(&self, request: &Request<'_>, observe: &mut dyn FnMut(Stage)) -> Option<Enforced> {
        let found = self.find(request);
        observe(Stage::Recall);
        found
    }

    fn find(&self, request: &Request<'_>) -> Option<Enforced> {
        let kept = self.kept.get(&self.hash(request)?).filter(|kept| kept.is_of(request))?;
        let mut needs = Vec::new();
        for (need, known) in kept.tables.iter() {
            match request.tables.get(need) {
                None => needs.push(need.clone()),
                Some(now) if now == known => {}
                Some(_) => return None,
            }
        }
        Some(if needs.is_empty() { Enforced::Decided(Arc::clone(&kept.decision)) } else { Enforced::Needs(needs) })
    }

    /// Keeps the decision about a request.
    pub fn keep(&self, request: &Request<'_>, decision: &Arc<Decision>) {
        let Some(hash) = self.hash(request) else { return };
        let kept = Kept {
            sql: request.sql.to_owned(),
            session: request.session.clone(),
            subject: request.subject.clone(),
            revision: request.snapshot.revision().to_owned(),
            options: request.options.clone(),
            tables: request.tables.clone(),
            decision: Arc::clone(decision),
        };
        if kept.bytes() <= LARGEST {
            self.kept.insert(hash, Arc::new(kept));
        }
    }

    /// `None` for a request that is not kept.
    fn hash(&self, request: &Request<'_>) -> Option<u64> {
        // By name, so that whoever adds a field has to say whether it is compared.
        let Request { sql, session, subject, snapshot: _, tables: _, options, aids: _ } = request;
        if sql.len() > LONGEST {
            return None;
        }
        Some(self.hasher.hash_one((sql, session, subject, options)))
    }
}

impl Kept {
    /// Whether it was made from the same request but for the tables.
    fn is_of(&self, request: &Request<'_>) -> bool {
        let Request { sql, session, subject, snapshot, tables: _, options, aids: _ } = request;
        self.sql == *sql
            && self.session == **session
            && self.subject == **subject
            && self.revision == snapshot.revision()
            && self.options == **options
    }

    /// About how much memory it takes.
    fn bytes(&self) -> usize {
        let forwarded = match &self.decision.outcome {
            Outcome::Forward(guarded) => {
                // The text that was edited stands there as it was and as it is, to map places back.
                let prepared = guarded.prepared().map_or(0, |(_, text)| text.len());
                guarded.text().len() + prepared + 2 * guarded.positions().edited().len() + guarded.relations().bytes()
            }
            Outcome::Refuse(refusal) => refusal.message.len(),
        };
        let Decision { outcome: _, class: _, objects, masks, filters, policies, alarm: _ } = self.decision.as_ref();
        let columns = objects.iter().flat_map(|object| &object.columns).chain(objects.iter().map(|o| &o.object));
        let applied = masks.iter().chain(filters).map(|applied| applied.to.len() + applied.policy.len() + ENTRY);
        let record: usize = columns.chain(policies).map(|name| name.len() + ENTRY).chain(applied).sum();
        let session = self.session.prepared.iter().chain(&self.session.properties);
        let session: usize = session.map(|(name, value)| name.len() + value.len()).sum();
        let groups: usize = self.subject.groups.iter().map(String::len).sum();
        let tables = self.tables.iter().count() * TABLE;
        self.sql.len() + forwarded + record + session + groups + tables + OVERHEAD
    }
}
