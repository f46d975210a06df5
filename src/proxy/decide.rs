//! From a statement to a decision: the pure core, asked again with what Trino says of tables until it can decide.

use super::client_headers::ClientHeaders;
use super::serve::Proxy;
use crate::catalog::table::{Need, Tables};
use crate::enforce::{Decision, Enforced, ErrorCode, Outcome, Refusal, Request, Stage};
use crate::policy::{Snapshot, Subject};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Most rounds of questions. Each level of views is one, and 16 levels are followed.
const ROUNDS: usize = 40;
/// A text larger than this is decided about beside the tasks that serve requests.
const LARGE: usize = 32 * 1024;

type EnforceFn = dyn Fn(&Request<'_>, &mut dyn FnMut(Stage)) -> Enforced + Send + Sync;

/// What decides: [`crate::enforce::enforce`], or a stand-in in tests. Whatever it is, only a guarded statement can come
/// out of it.
#[derive(Clone)]
pub struct Enforcer(Arc<EnforceFn>);

impl Enforcer {
    /// From a function.
    pub fn new(enforce: impl Fn(&Request<'_>, &mut dyn FnMut(Stage)) -> Enforced + Send + Sync + 'static) -> Enforcer {
        Enforcer(Arc::new(enforce))
    }
}

impl fmt::Debug for Enforcer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Enforcer")
    }
}

/// A statement that was read, and who asks.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) sql: String,
    pub(super) headers: ClientHeaders,
    pub(super) subject: Subject,
    pub(super) principal: String,
    pub(super) peer: IpAddr,
    pub(super) snapshot: Arc<Snapshot>,
    pub(super) arrived: Instant,
}

/// A decision, and what it cost.
#[derive(Debug)]
pub(super) struct Weighed {
    pub(super) decision: Decision,
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
        Weighed { decision, stages: BTreeMap::new() }
    }
}

/// A refusal without a place.
pub(super) fn refusal(code: ErrorCode, message: impl Into<String>) -> Refusal {
    Refusal { code, message: message.into(), location: None }
}

/// Decides. Where Trino can't be asked about tables the statement is refused.
pub(super) async fn decide(proxy: &Proxy, asked: &Arc<Asked>) -> Weighed {
    let mut tables = Tables::default();
    let mut stages = BTreeMap::new();
    let mut known = BTreeSet::new();
    for _ in 0..ROUNDS {
        let enforced = match round(proxy, asked, tables, &mut stages).await {
            Some((enforced, same)) => {
                tables = same;
                enforced
            }
            None => return Weighed::refused(refusal(ErrorCode::GenericInternalError, "Sluice could not decide")),
        };
        let needs = match enforced {
            Enforced::Decided(decision) => return Weighed { decision: *decision, stages },
            Enforced::Needs(needs) => needs,
        };
        if !fresh(&needs, &mut known) {
            break;
        }
        match proxy.rooms.catalog.answer(&needs).await {
            Ok(answers) => answers.into_iter().for_each(|(need, answer)| tables.insert(need, answer)),
            Err(error) => {
                tracing::warn!(%error, "Trino could not be asked about tables");
                let message = "Sluice can't ask Trino about the tables of the statement at the moment";
                return Weighed::refused(refusal(ErrorCode::ServerStartingUp, message));
            }
        }
    }
    Weighed::refused(refusal(ErrorCode::GenericInternalError, "Sluice asked too often about tables"))
}

/// Whether there is something among the needs that was not asked for before.
fn fresh(needs: &[Need], known: &mut BTreeSet<Need>) -> bool {
    let before = known.len();
    known.extend(needs.iter().cloned());
    known.len() > before
}

/// One call of the core. `None` if it broke down, which it must not.
async fn round(
    proxy: &Proxy,
    asked: &Arc<Asked>,
    tables: Tables,
    stages: &mut BTreeMap<Stage, Duration>,
) -> Option<(Enforced, Tables)> {
    let (enforced, tables, took) = if asked.sql.len() > LARGE {
        let (enforcer, options, asked) = (proxy.enforcer.clone(), proxy.options.clone(), Arc::clone(asked));
        tokio::task::spawn_blocking(move || {
            let (enforced, took) = call(&enforcer, &options, &asked, &tables);
            (enforced, tables, took)
        })
        .await
        .ok()?
    } else {
        let (enforced, took) = call(&proxy.enforcer, &proxy.options, asked, &tables);
        (enforced, tables, took)
    };
    for (stage, took) in took {
        *stages.entry(stage).or_default() += took;
    }
    Some((enforced, tables))
}

fn call(
    enforcer: &Enforcer,
    options: &crate::enforce::Options,
    asked: &Asked,
    tables: &Tables,
) -> (Enforced, Vec<(Stage, Duration)>) {
    let request = Request {
        sql: &asked.sql,
        session: &asked.headers.session,
        subject: &asked.subject,
        snapshot: &asked.snapshot,
        tables,
        options,
    };
    let mut took = Vec::new();
    let mut last = Instant::now();
    let enforced = (enforcer.0)(&request, &mut |stage| {
        let now = Instant::now();
        took.push((stage, now - last));
        last = now;
    });
    (enforced, took)
}
