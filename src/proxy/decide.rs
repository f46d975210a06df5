//! From a statement to a decision: the pure core, asked again with what Trino says of tables until it can decide.

use super::beside::{ReadBeside, Readers};
use super::client_headers::ClientHeaders;
use super::live::Cluster;
use super::serve::{Caller, Proxy};
use crate::catalog::table::{Need, Tables};
use crate::config::{self, Config};
use crate::enforce::{
    Aids, Decision, Decisions, Enforced, ErrorCode, Objects, Options, Outcome, Proofs, Refusal, Request, Stage, Trees,
    Views,
};
use crate::identity::Proof;
use crate::policy::{Moment, Snapshot, Subject};
use crate::rewrite::{Guarded, Told};
use crate::sql::GrammarVersion;
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::IpAddr;
use std::num::NonZero;
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;

/// Most rounds of questions. Each level of views is one, and 16 levels are followed.
const ROUNDS: usize = 40;
/// A text larger than this is decided about beside the tasks that serve requests, one for each processor at once.
const LARGE: usize = 32 * 1024;
/// How long such a text waits for its turn.
const TURN: Duration = Duration::from_secs(5);
/// What tables were to users may take this part of what decisions may, and what was proved of guards as much.
const PART: u64 = 4;
/// What an entry of a list takes besides its text.
const ENTRY: usize = 32;

/// What decides: [`crate::enforce::enforce`], or a stand-in in tests. Whatever it is, only a guarded statement can come
/// out of it.
pub(super) trait Enforce: Fn(&Request<'_>, &mut dyn FnMut(Stage)) -> Enforced + Send + Sync + 'static {}

impl<F: Fn(&Request<'_>, &mut dyn FnMut(Stage)) -> Enforced + Send + Sync + 'static> Enforce for F {}

/// What decides, with the decisions, objects and proofs that were made before. Cloning it is cheap and shares them.
#[derive(Clone)]
pub(super) struct Enforcer {
    enforce: Arc<dyn Enforce>,
    second_opinion: bool,
    views: config::Views,
    decisions: Decisions,
    objects: Objects,
    proofs: Proofs,
    readers: Arc<Readers>,
    /// Of large texts.
    pub(super) turns: Arc<Semaphore>,
}

impl Enforcer {
    pub(super) fn new(enforce: impl Enforce, config: &Config) -> Enforcer {
        Enforcer {
            enforce: Arc::new(enforce),
            second_opinion: config.second_opinion,
            views: config.views,
            decisions: Decisions::new(config.limits.decision_cache_bytes),
            objects: Objects::new(config.limits.decision_cache_bytes / PART),
            proofs: Proofs::new(config.limits.decision_cache_bytes / PART),
            readers: Arc::new(Readers::start()),
            turns: Arc::new(Semaphore::new(available_parallelism().map_or(1, NonZero::get))),
        }
    }

    /// One call of the core; none if the decision was made before.
    fn call(&self, asked: &Asked, grammar: GrammarVersion, tables: &Tables, once: &Once) -> Called {
        let views = views(self.views, asked.more_groups);
        let options = Options { second_opinion: self.second_opinion, grammar, views };
        let request = Request {
            sql: &asked.sql,
            session: &asked.headers.session,
            subject: &asked.subject,
            snapshot: &asked.snapshot,
            tables,
            options: &options,
            aids: Aids {
                beside: Some(&once.beside),
                objects: Some(&self.objects),
                proofs: Some(&self.proofs),
                trees: Some(&once.trees),
            },
        };
        let mut took = Vec::new();
        let mut last = Instant::now();
        let mut observe = |stage| {
            let now = Instant::now();
            took.push((stage, now - last));
            last = now;
        };
        let recalled = self.decisions.recall(&request, &mut observe);
        let made_before = recalled.is_some();
        let enforced = recalled.unwrap_or_else(|| (self.enforce)(&request, &mut observe));
        if let (Enforced::Decided(decision), false) = (&enforced, made_before) {
            self.decisions.keep(&request, decision);
        }
        Called { enforced, made_before, took }
    }
}

/// The switch of decisions; `more_groups` says whether an owner may be in groups that only a log-in tells.
pub(crate) fn views(configured: config::Views, more_groups: bool) -> Views {
    match configured {
        config::Views::Invoker => Views::Invoker,
        config::Views::Definer => Views::Definer { more_groups },
    }
}

/// What came of one call.
struct Called {
    enforced: Enforced,
    made_before: bool,
    took: Vec<(Stage, Duration)>,
}

impl fmt::Debug for Enforcer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Enforcer")
    }
}

/// A statement that was read, and who asks.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) sql: String,
    pub(super) headers: ClientHeaders,
    pub(super) subject: Subject,
    pub(super) principal: String,
    pub(super) proofs: Vec<Proof>,
    pub(super) peer: IpAddr,
    pub(super) snapshot: Arc<Snapshot>,
    /// Where it is to run, whose tables it is decided by.
    pub(super) cluster: Arc<Cluster>,
    /// Whether it can go to no other.
    pub(super) stays: bool,
    /// Whether others may be in groups that only a log-in tells.
    pub(super) more_groups: bool,
    /// The time by which it is decided.
    pub(super) now: Timestamp,
    pub(super) arrived: Instant,
}

/// What it takes to decide about a running statement anew: who asked for what, and what was sent to Trino.
#[derive(Debug)]
pub(crate) struct Memory {
    pub(super) caller: Caller,
    pub(super) headers: ClientHeaders,
    pub(super) sql: String,
    /// The text that Trino has, where it is another one.
    pub(super) sent: Option<String>,
    /// The prepared statement that Trino has, by name and text.
    pub(super) prepared: Option<(String, String)>,
    pub(super) restricted: bool,
    /// What it was decided by.
    pub(super) basis: Basis,
}

/// What a decision rests on besides the request: the policies, and the time as far as they depend on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Basis {
    /// The revision of the policies.
    pub(super) revision: String,
    /// Which ends of validities were past.
    pub(super) moment: Moment,
    /// The minute, where conditions read it.
    pub(super) minute: Option<Timestamp>,
}

impl Basis {
    /// That of a decision made by these policies at a time.
    pub(super) fn of(snapshot: &Snapshot, now: Timestamp) -> Basis {
        let (moment, minute) = (snapshot.moment(now), snapshot.minute(now));
        Basis { revision: snapshot.revision().to_owned(), moment, minute }
    }

    /// Whether a decision made by these policies at a time rests on the same.
    pub(super) fn holds(&self, snapshot: &Snapshot, now: Timestamp) -> bool {
        let Basis { revision, moment, minute } = self;
        revision == snapshot.revision() && *moment == snapshot.moment(now) && *minute == snapshot.minute(now)
    }
}

impl Memory {
    /// About how much memory it takes.
    pub(crate) fn bytes(&self) -> usize {
        let Memory { caller, headers, sql, sent, prepared, restricted: _, basis } = self;
        let prepared = prepared.as_ref().map_or(0, |(name, text)| name.len() + text.len());
        let groups: usize = caller.principal.groups.iter().map(|group| group.len() + ENTRY).sum();
        sql.len() + sent.as_ref().map_or(0, String::len) + prepared + groups + basis.revision.len() + headers.bytes()
    }

    /// Whether a decision made now is the one by which it was started.
    pub(super) fn is_of(&self, guarded: &Guarded) -> bool {
        let text = self.sent.as_ref().unwrap_or(&self.sql);
        let prepared = self.prepared.as_ref().map(|(name, text)| (name.as_str(), text.as_str()));
        guarded.text() == text && guarded.prepared() == prepared && guarded.restricted() == self.restricted
    }
}

/// A decision, and what it cost.
#[derive(Debug)]
pub(super) struct Weighed {
    pub(super) decision: Arc<Decision>,
    /// Whether the decision was made before, for an equal request.
    pub(super) made_before: bool,
    /// Whether it is a refusal for no more than that Trino could not be asked about tables.
    pub(super) unasked: bool,
    pub(super) stages: BTreeMap<Stage, Duration>,
}

impl Weighed {
    /// A refusal for which the statement was not read.
    pub(super) fn refused(refusal: Refusal) -> Weighed {
        let decision = Decision {
            outcome: Outcome::Refuse(refusal),
            class: None,
            objects: Vec::new(),
            masks: Vec::new(),
            filters: Vec::new(),
            policies: BTreeSet::new(),
            alarm: None,
        };
        Weighed { decision: Arc::new(decision), made_before: false, unasked: false, stages: BTreeMap::new() }
    }
}

/// A refusal without a place.
pub(super) fn refusal(code: ErrorCode, message: impl Into<String>) -> Refusal {
    Refusal { code, message: message.into(), location: None }
}

/// Decides, by the grammar that Trino read by when the statement came. Where Trino can't be asked about tables the
/// statement is refused.
pub(super) async fn decide(proxy: &Proxy, asked: &Arc<Asked>, grammar: GrammarVersion) -> Weighed {
    let mut tables = Tables::default();
    let once = Arc::new(Once { beside: proxy.enforcer.readers.for_statement(), trees: Trees::default() });
    let mut stages = BTreeMap::new();
    let mut known = BTreeSet::new();
    // Where Trino tells too late what it resolved, nothing that was known before is relied on.
    let mut anew = false;
    for _ in 0..ROUNDS {
        let called = match round(&proxy.enforcer, asked, grammar, tables, &once).await {
            Ok((called, same)) => {
                tables = same;
                called
            }
            Err(NoRound::BrokeDown) => {
                return Weighed::refused(refusal(ErrorCode::GenericInternalError, "Sluice could not decide"));
            }
            Err(NoRound::NoTurn) => return Weighed::refused(proxy.no_turn()),
        };
        for (stage, took) in called.took {
            *stages.entry(stage).or_default() += took;
        }
        let needs = match called.enforced {
            Enforced::Decided(decision) if !anew && !known.is_empty() && told_late(&decision.outcome) => {
                (anew, tables) = (true, Tables::default());
                known.clear();
                continue;
            }
            Enforced::Decided(decision) => {
                return Weighed { decision, made_before: called.made_before, unasked: false, stages };
            }
            Enforced::Needs(needs) => needs,
        };
        if !fresh(&needs, &mut known) {
            break;
        }
        let catalog = &asked.cluster.catalog;
        match if anew { catalog.answer_anew(&needs).await } else { catalog.answer(&needs).await } {
            Ok(answers) => answers.into_iter().for_each(|(need, answer)| tables.insert(need, answer)),
            Err(error) => {
                tracing::warn!(%error, "Trino could not be asked about tables");
                let message = "Sluice can't ask Trino about the tables of the statement at the moment";
                let unasked = error.unreachable();
                return Weighed { unasked, ..Weighed::refused(refusal(ErrorCode::ServerStartingUp, message)) };
            }
        }
    }
    Weighed::refused(refusal(ErrorCode::GenericInternalError, "Sluice asked too often about tables"))
}

/// Whether a statement is sent of which Trino does not tell in time what it resolved.
fn told_late(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Forward(guarded) if guarded.relations().told() != Told::InTime)
}

/// Whether there is something among the needs that was not asked for before.
fn fresh(needs: &[Need], known: &mut BTreeSet<Need>) -> bool {
    let before = known.len();
    known.extend(needs.iter().cloned());
    known.len() > before
}

/// What is read once for all rounds, since it depends on the statement alone.
struct Once {
    beside: ReadBeside,
    trees: Trees,
}

/// Why the core was not called to its end.
enum NoRound {
    /// It broke down, which it must not.
    BrokeDown,
    /// Too many large texts wait.
    NoTurn,
}

/// One call of the core.
async fn round(
    enforcer: &Enforcer,
    asked: &Arc<Asked>,
    grammar: GrammarVersion,
    tables: Tables,
    once: &Arc<Once>,
) -> Result<(Called, Tables), NoRound> {
    if asked.sql.len() <= LARGE {
        return Ok((enforcer.call(asked, grammar, &tables, once), tables));
    }
    let (enforcer, asked, once) = (enforcer.clone(), Arc::clone(asked), Arc::clone(once));
    let turn = tokio::time::timeout(TURN, Arc::clone(&enforcer.turns).acquire_owned()).await;
    let turn = turn.map_err(|_| NoRound::NoTurn)?.map_err(|_| NoRound::NoTurn)?;
    let call = move || {
        // It is held until the call is done, also when nobody waits for it any more.
        let _turn = turn;
        (enforcer.call(&asked, grammar, &tables, &once), tables)
    };
    tokio::task::spawn_blocking(call).await.map_err(|_| NoRound::BrokeDown)
}
