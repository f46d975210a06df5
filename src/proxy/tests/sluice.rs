//! A Sluice before a stand-in for Trino, with a stand-in for decisions: what a statement begins with says what comes of
//! it.

use super::trino::FakeTrino;
use crate::audit::Log;
use crate::catalog::table::Need;
use crate::catalog::{Catalog, TrinoClient, TrinoGrammar};
use crate::config::{CatalogCache, Config, Upstream};
use crate::console::Metrics;
use crate::enforce::{Decision, Enforced, ErrorCode, Outcome, Refusal, Request as Asked};
use crate::identity::{TrustedPeers, Ways};
use crate::names::TableName;
use crate::proxy::clock::Clock;
use crate::proxy::connect::{self, HttpClient, http_client};
use crate::proxy::{Cluster, Clusters, Live, Proofs, Proxy, Rooms, Spooling, Threads};
use crate::rewrite::{Edit, Guarded, Is, PositionMap, Relations, Told};
use crate::sql::Span;
use crate::store::Store;
use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

const POLICIES: &str = "\
apiVersion: sluice/v1
kind: Domain
metadata: {name: platform}
spec: {central: true, owners: [platform]}
---
apiVersion: sluice/v1
kind: AccessPolicy
metadata: {name: superset, domain: platform}
spec:
  impersonate: [{to: {users: [superset]}, users: [anna]}]
---
apiVersion: sluice/v1
kind: AccessPolicy
metadata: {name: ends, domain: platform}
spec:
  impersonate: [{to: {users: [superset]}, users: [bert], validity: {until: '2100-01-01T00:00:00Z'}}]
";

/// When that policy ends.
const END: &str = "2100-01-01T00:00:00Z";

/// A running Sluice.
pub(super) struct Sluice {
    pub(super) address: SocketAddr,
    pub(super) stop: CancellationToken,
    pub(super) serving: JoinHandle<()>,
    pub(super) folder: tempfile::TempDir,
    client: HttpClient,
    pub(super) metrics: Arc<Metrics>,
    pub(super) store: Arc<Store>,
    pub(super) proxy: Arc<Proxy>,
    /// By how many seconds its clock is set forward.
    ahead: Arc<AtomicI64>,
}

/// An answer that was read to its end.
#[derive(Debug)]
pub(super) struct Got {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Got {
    pub(super) fn page(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{self:?}"))
    }

    pub(super) fn error(&self, field: &str) -> String {
        let page = self.page();
        let field = &page["error"][field];
        field.as_str().map_or_else(|| field.to_string(), str::to_owned)
    }

    /// Path and query of the next page, which must lead to Sluice.
    pub(super) fn next(&self, sluice: &Sluice) -> String {
        let page = self.page();
        let next = page["nextUri"].as_str().unwrap_or_else(|| panic!("{page}"));
        next.strip_prefix(&format!("http://{}", sluice.address)).unwrap_or_else(|| panic!("{next}")).to_owned()
    }
}

impl Sluice {
    pub(super) async fn before(trino: &FakeTrino) -> Sluice {
        Sluice::with(trino, "").await
    }

    /// With more of a configuration. A first line of `spooling:` is put in with the upstream, what stands behind `identity:`, which comes last, is put in with the log-in of tests.
    pub(super) async fn with(trino: &FakeTrino, more: &str) -> Sluice {
        Sluice::reading(trino, more, Some(TrinoGrammar::configured(476))).await
    }

    /// By a grammar, or by that of the version which Trino gives.
    pub(super) async fn reading(trino: &FakeTrino, more: &str, grammar: Option<TrinoGrammar>) -> Sluice {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("policies")).unwrap();
        std::fs::write(folder.path().join("policies/all.yaml"), POLICIES).unwrap();
        let path = folder.path().join("sluice.yaml");
        let listen = if more.contains("listen:") { "" } else { "listen: {address: '127.0.0.1:0'}\n" };
        let policies = if more.contains("policies:") { "" } else { "policies: {folder: policies}\n" };
        let (spooling, more) = match more.split_once('\n').filter(|(first, _)| first.starts_with("spooling:")) {
            Some((spooling, more)) => (format!(", {spooling}"), more),
            None => (String::new(), more),
        };
        let (identity, more) = more.split_once("identity:").map_or(("", more), |(before, ways)| (ways, before));
        let text = format!(
            "{listen}upstream: {{url: '{}', answer_timeout: 3s{spooling}}}\n\
             identity: {{trusted_header: {{name: X-User, peers: [127.0.0.1/32]}}, {identity}}}\n\
             audit: {{folder: log, rotate_bytes: 1}}\n{policies}{more}",
            trino.url
        );
        std::fs::write(&path, text).unwrap();
        let config = Config::load(&path).unwrap();
        let upstream = config.upstream.clone().unwrap();
        let client = http_client(&upstream).unwrap();
        let asking = TrinoClient::new(client.clone(), &upstream).unwrap();
        let grammar = match grammar {
            Some(grammar) => grammar,
            None => TrinoGrammar::asked(asking.clone()).await,
        };
        let header = config.identity.trusted_header.clone().unwrap();
        let metrics = Arc::new(Metrics::new().unwrap());
        let rooms = Rooms {
            store: Store::open(&config.policies).unwrap(),
            log: Arc::new(Log::open(&config.audit).unwrap()),
            metrics: Arc::clone(&metrics),
        };
        let ways = Ways::new(vec![Arc::new(TrustedPeers::new(header.name.parse().unwrap(), header.peers))]);
        let known = (Arc::new(Catalog::new(asking, &config.catalog)), Arc::new(grammar));
        let timeout = upstream.answer_timeout.unsigned_abs();
        let live = Live {
            proofs: Arc::new(Proofs {
                ways,
                login: None,
                by_address: config.identity.pages_by_address.iter().cloned().collect(),
                following: None,
            }),
            limits: Arc::new(config.limits.clone()),
            clusters: Arc::new(Clusters::one(Arc::new(
                Cluster::new(client, timeout, known, Arc::clone(&metrics), CancellationToken::new())
                    .spooling(Spooling::new(&upstream).unwrap()),
            ))),
        };
        let store = Arc::clone(&rooms.store);
        let ahead = Arc::new(AtomicI64::new(0));
        let set = Arc::clone(&ahead);
        let clock = Clock::of(move || Timestamp::now() + SignedDuration::from_secs(set.load(Ordering::SeqCst)));
        let proxy = Proxy::with_enforcer(&config, rooms, live, clock, |asked, _| decide(asked)).unwrap();
        let listener = TcpListener::bind(config.listen.address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        tokio::spawn(Arc::clone(&store).watch(stop.clone()));
        tokio::spawn(Arc::clone(&proxy).follow_policies(stop.clone()));
        let serving = tokio::spawn(Arc::clone(&proxy).serve(listener, None, Threads::default(), stop.clone()));
        let mut to_sluice = upstream;
        to_sluice.url = format!("http://{address}");
        to_sluice.answer_timeout = jiff::SignedDuration::from_secs(30);
        Sluice {
            address,
            stop,
            serving,
            folder,
            client: http_client(&to_sluice).unwrap(),
            metrics,
            store,
            proxy,
            ahead,
        }
    }

    /// Another cluster.
    pub(super) async fn cluster_at(&self, url: &str, following: CancellationToken) -> Arc<Clusters> {
        let upstream = Upstream::at(url.to_owned());
        let client = http_client(&upstream).unwrap();
        let asking = TrinoClient::new(client.clone(), &upstream).unwrap();
        let known = (Catalog::new(asking, &CatalogCache::default()), TrinoGrammar::configured(476));
        let known = (Arc::new(known.0), Arc::new(known.1));
        let cluster = Cluster::new(client, Duration::from_secs(3), known, Arc::clone(&self.metrics), following);
        Arc::new(Clusters::one(Arc::new(cluster)))
    }

    /// Sets the clock to a time before the one that a policy names, or to one after it.
    pub(super) fn set_clock(&self, after: bool) {
        let end: Timestamp = END.parse().unwrap();
        let to = if after { end + SignedDuration::from_hours(1) } else { Timestamp::now() };
        self.ahead.store(to.duration_since(Timestamp::now()).as_secs(), Ordering::SeqCst);
    }

    /// Sends a statement as a user. An error that the answer leads to is what came.
    pub(super) async fn post(&self, user: &str, sql: impl Into<Bytes>, more: &[(&'static str, &str)]) -> Got {
        let got = self.ask(Method::POST, "/v1/statement", user, sql.into(), more).await;
        if String::from_utf8_lossy(&got.body).contains("/told/1?sluice=") {
            return self.ask(Method::GET, &got.next(self), user, Bytes::new(), more).await;
        }
        got
    }

    /// Asks for a page as a user.
    pub(super) async fn get(&self, user: &str, path: &str) -> Got {
        self.ask(Method::GET, path, user, Bytes::new(), &[]).await
    }

    /// Sends a request as a user, or without a log-in as nobody.
    pub(super) async fn ask(
        &self,
        method: Method,
        path: &str,
        user: &str,
        body: Bytes,
        more: &[(&'static str, &str)],
    ) -> Got {
        let mut request = Request::new(connect::full(body));
        *request.method_mut() = method;
        *request.uri_mut() = path.parse().unwrap();
        if !user.is_empty() {
            request.headers_mut().insert("x-user", user.parse().unwrap());
        }
        for (name, value) in more {
            request.headers_mut().append(*name, value.parse().unwrap());
        }
        let (parts, body) = self.client.send(request).await.unwrap().into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Got { status: parts.status, headers: parts.headers, body }
    }

    /// Reads a page until its connection breaks, and gives the bytes that came.
    pub(super) async fn read_until_it_breaks(&self, user: &str, path: &str) -> usize {
        let mut request = Request::new(connect::empty());
        *request.uri_mut() = path.parse().unwrap();
        request.headers_mut().insert("x-user", user.parse().unwrap());
        let mut body = self.client.send(request).await.unwrap().into_body();
        let mut read = 0;
        loop {
            match body.frame().await {
                Some(Ok(frame)) => read += frame.into_data().map_or(0, |data| data.len()),
                Some(Err(_)) => return read,
                None => panic!("the page came to its end"),
            }
        }
    }

    /// Adds a policy, and waits until it is in use.
    pub(super) async fn more_policies(&self) {
        let before = self.store.status().revision;
        let more = POLICIES.rsplit("---\n").next().unwrap().replace("name: ends", "name: more");
        std::fs::write(self.folder.path().join("policies/more.yaml"), more).unwrap();
        while self.store.current().revision() == before {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The records of one kind in the decision log.
    pub(super) fn records(&self, kind: &str) -> Vec<Value> {
        let mut names: Vec<_> = std::fs::read_dir(self.folder.path().join("log"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "jsonl"))
            .collect();
        names.sort();
        names
            .iter()
            .flat_map(|path| std::fs::read_to_string(path).unwrap().lines().map(str::to_owned).collect::<Vec<_>>())
            .map(|line| serde_json::from_str::<Value>(&line).unwrap())
            .filter(|record| record["kind"] == kind)
            .collect()
    }

    /// Waits for so many completions.
    pub(super) async fn completions(&self, count: usize) -> Vec<Value> {
        for _ in 0..200 {
            let records = self.records("completion");
            if records.len() >= count {
                return records;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("no {count} completions, but {:?}", self.records("completion"))
    }
}

/// `DENY…` is refused, `HIDE…` gets a guard of twenty characters in front of its eighth, all else passes. Once there are
/// more policies, `LOSE…` is refused and `SHOW…` is sent as `HIDE…` is. `LATE…` is refused after the time that a policy
/// names, `EARLY…` before it. `READ…` reads the table `lake.hr.people`, `WRITE…` writes what it reads of it.
fn decide(asked: &Asked<'_>) -> Enforced {
    assert!(asked.aids.beside.is_some(), "nothing reads beside");
    let people = TableName::new("lake", "hr", "people");
    if asked.sql.starts_with("WRITE") && asked.tables.get(&Need::Table(people.clone())).is_none() {
        return Enforced::Needs(vec![Need::Table(people)]);
    }
    let more = asked.snapshot.policies() > 2;
    let late = asked.subject.moment == Some(asked.snapshot.moment(Timestamp::MAX));
    let refused = [("DENY", true), ("LOSE", more), ("LATE", late), ("EARLY", !late)];
    let outcome = if refused.iter().any(|(word, now)| *now && asked.sql.starts_with(word)) {
        Outcome::Refuse(Refusal {
            code: ErrorCode::PermissionDenied,
            message: "Access Denied: Cannot select from table lake.hr.salaries".to_owned(),
            location: None,
        })
    } else {
        let edits = if asked.sql.starts_with("HIDE") || (more && asked.sql.starts_with("SHOW")) {
            vec![Edit { span: Span { start: 7, end: 7 }, text: "-".repeat(20) }]
        } else {
            Vec::new()
        };
        let restricted = !edits.is_empty();
        let mut relations = Relations::default();
        if asked.sql.starts_with("READ") || asked.sql.starts_with("WRITE") {
            relations.add(people, Is::Table, true);
        }
        let told = if asked.sql.starts_with("WRITE") { Told::Late } else { Told::InTime };
        let map = PositionMap::apply(asked.sql, edits);
        Outcome::Forward(Box::new(Guarded::for_tests(map, restricted, relations.told_at(told))))
    };
    Enforced::Decided(Arc::new(Decision {
        outcome,
        class: Some("Query"),
        objects: Vec::new(),
        masks: Vec::new(),
        filters: Vec::new(),
        policies: BTreeSet::new(),
        alarm: None,
    }))
}
