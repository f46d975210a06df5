//! `sluice serve`: the proxy, from its configuration to the end of its last query.

use super::Failure;
use super::reload::{Making, Reloading, Stamp, stamp};
use crate::audit::Log;
use crate::config::{Config, Identity, InForce, Limits, LogFormat};
use crate::console::{self, Answers, Hook, Metrics, PoliciesInUse, Readiness, ReadinessProbe, SourceInUse};
use crate::identity::{
    ClientCertificates, GroupFeed, Identify, Ldap, Oidc, Passwords, ServiceTokens, TrustedPeers, Ways,
};
use crate::proxy::{Acceptor, Proxy, Rooms, Threads, page_key, serve_by_threads};
use crate::store::{Status, Store, Webhook};
use clap::Args;
use std::num::NonZero;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing_subscriber::EnvFilter;

/// How often the state of the policies is told to the metrics.
const LOOK: Duration = Duration::from_secs(1);

/// Run the proxy.
///
/// It serves until SIGTERM or SIGINT: then no statement is started any more, and those that run are served until they
/// end or `limits.drain` is over. SIGHUP reads the configuration, passwords, service tokens and the files of
/// `listen.tls` again, which are also looked at every two seconds; policies are followed by themselves.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sluice serve --config /etc/sluice/sluice.yaml
  sluice config check --config /etc/sluice/sluice.yaml   # first")]
pub(super) struct Arguments {
    /// The configuration.
    #[arg(long, value_name = "FILE", default_value = "sluice.yaml")]
    config: PathBuf,
}

impl Arguments {
    pub(super) fn run(&self) -> Result<(), Failure> {
        let stamp = stamp(&self.config);
        let in_force = InForce::load(&self.config)?;
        let set_filter = log_messages(&in_force.config)?;
        // Memory holds passwords and rows, which a crash must not write to the disk.
        let none = rustix::process::Rlimit { current: Some(0), maximum: Some(0) };
        rustix::process::setrlimit(rustix::process::Resource::Core, none).map_err(std::io::Error::from)?;
        let (config, threads, stay_awake) = (self.config.clone(), workers(), in_force.config.listen.stay_awake);
        serve_by_threads(threads.saturating_sub(1), stay_awake, move |threads| {
            serve(config, (in_force, stamp), set_filter, threads)
        })?
    }
}

/// How many threads serve: as tokio has it, what the environment says or one for each processor.
fn workers() -> usize {
    let told = std::env::var("TOKIO_WORKER_THREADS").ok().and_then(|told| told.parse().ok());
    told.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, NonZero::get))
}

async fn serve(
    path: PathBuf,
    (in_force, stamp): (InForce, Stamp),
    set_filter: SetFilter,
    threads: Threads,
) -> Result<(), Failure> {
    let config = in_force.config.clone();
    let metrics = Arc::new(Metrics::new()?);
    let log = Arc::new(Log::open_for(&config.audit, threads.several())?);
    let policies = config.policies.clone();
    let webhook = policies.webhook.as_ref().map(Webhook::load).transpose()?;
    let store = tokio::task::spawn_blocking(move || Store::open(&policies)).await??;
    let (stop, end) = (CancellationToken::new(), CancellationToken::new());
    let beside = TaskTracker::new();
    let secret = page_key(config.listen.page_key_file.as_deref())?;
    let making = Making { secret, metrics: Arc::clone(&metrics), beside: beside.clone(), end: end.clone() };
    let live = making.all(&config).await?;
    let tls = config.listen.tls.as_ref().map(Acceptor::open).transpose()?.map(Arc::new);
    let rooms = Rooms { store: Arc::clone(&store), log: Arc::clone(&log), metrics: Arc::clone(&metrics) };
    let proxy = Proxy::new(&config, rooms, live)?;
    let listener = bind("listen.address", config.listen.address).await?;
    let operators = bind("console.address", config.console.address).await?;

    beside.spawn(Arc::clone(&store).watch(end.clone()));
    beside.spawn(tell(Arc::clone(&store), Arc::clone(&metrics), end.clone()));
    let answers = Answers {
        metrics: Arc::clone(&metrics),
        readiness: readiness(&proxy, &log, &store, &stop),
        hook: webhook.map(|webhook| hook(webhook, &store)),
    };
    beside.spawn(console::serve(operators, answers, end.clone()));
    beside.spawn(Arc::clone(&proxy).follow_policies(end.clone()));
    if let Some(tls) = &tls {
        beside.spawn(Arc::clone(tls).watch(end.clone()));
        let tls = Arc::clone(tls);
        beside.spawn(reread(Arc::new(move || tls.reload()), end.clone())?);
    }
    let reloading = Reloading { path, in_force, stamp, making, proxy: Arc::clone(&proxy), set_filter };
    beside.spawn(reloading.follow(signal(SignalKind::hangup())?));
    beside.spawn(wait_for_signal(stop.clone())?);

    let urls = config.clusters().map(|(_, upstream)| upstream.url.as_str()).collect::<Vec<_>>().join(", ");
    tracing::info!(address = %listener.local_addr()?, tls = tls.is_some(), trino = urls, "serving");
    proxy.serve(listener, tls, threads, stop).await;
    end.cancel();
    beside.close();
    beside.wait().await;
    tracing::info!("ended");
    Ok(())
}

async fn bind(field: &str, address: std::net::SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address)
        .await
        .map_err(|error| Failure::from(std::io::Error::new(error.kind(), format!("{field} {address}: {error}"))))
}

/// The ways to log in that have something to follow.
pub(super) struct Followed {
    passwords: Option<Arc<Passwords>>,
    tokens: Option<Arc<ServiceTokens>>,
    pub(super) oidc: Option<Arc<Oidc>>,
    feed: Option<Arc<GroupFeed>>,
}

/// What reads a file again.
type Reload = Arc<dyn Fn() + Send + Sync>;

impl Followed {
    /// Follows them until `end`; their files are read again on SIGHUP too.
    pub(super) fn follow(self, beside: &TaskTracker, end: &CancellationToken) -> Result<(), Failure> {
        let mut reloads: Vec<Reload> = Vec::new();
        if let Some(passwords) = self.passwords {
            beside.spawn(Arc::clone(&passwords).watch(end.clone()));
            reloads.push(Arc::new(move || passwords.reload()));
        }
        if let Some(tokens) = self.tokens {
            beside.spawn(Arc::clone(&tokens).watch(end.clone()));
            reloads.push(Arc::new(move || tokens.reload()));
        }
        if let Some(oidc) = self.oidc {
            beside.spawn(oidc.watch(end.clone()));
        }
        if let Some(feed) = self.feed {
            beside.spawn(feed.watch(end.clone()));
        }
        for reload in reloads {
            beside.spawn(reread(reload, end.clone())?);
        }
        Ok(())
    }
}

/// The ways to log in, and what there is to follow for them.
pub(super) fn ways(identity: &Identity, limits: &Limits, secret: &[u8]) -> Result<(Ways, Followed), Failure> {
    let mut ways: Vec<Arc<dyn Identify>> = Vec::new();
    if let Some(header) = &identity.trusted_header {
        ways.push(Arc::new(TrustedPeers::new(header.name.parse()?, header.peers.clone())));
    }
    let timeout = limits.identify_timeout.unsigned_abs();
    let passwords = identity.password_file.as_deref().map(|path| Passwords::open(path, timeout)).transpose()?;
    let beside = |passwords: Passwords| if identity.ldap.is_some() { passwords.beside_another() } else { passwords };
    let passwords = passwords.map(beside).map(Arc::new);
    if let Some(passwords) = &passwords {
        ways.push(Arc::clone(passwords) as Arc<dyn Identify>);
    }
    if let Some(ldap) = &identity.ldap {
        ways.push(Arc::new(Ldap::open(ldap, timeout, passwords.clone())?));
    }
    let tokens = identity.token_file.as_deref().map(ServiceTokens::open).transpose()?.map(Arc::new);
    let sealed = identity.oidc.iter().any(|oidc| oidc.browser.as_ref().is_some_and(|browser| browser.refresh_tokens));
    let oidc = (!identity.oidc.is_empty()).then(|| Oidc::open(&identity.oidc, timeout)).transpose()?;
    let oidc = oidc.map(|oidc| oidc.leaving(tokens.clone()));
    let oidc = oidc.map(|oidc| Arc::new(if sealed { oidc.opening_by(secret) } else { oidc }));
    if let Some(oidc) = &oidc {
        ways.push(Arc::clone(oidc) as Arc<dyn Identify>);
    }
    if let Some(tokens) = &tokens {
        ways.push(Arc::clone(tokens) as Arc<dyn Identify>);
    }
    let feed = identity.group_feed.as_ref().map(GroupFeed::open).transpose()?.map(Arc::new);
    if !identity.client_certificates.is_empty() {
        ways.push(Arc::new(ClientCertificates::new(&identity.client_certificates)?));
    }
    Ok((Ways::new(ways).with_feed(feed.clone()), Followed { passwords, tokens, oidc, feed }))
}

/// Not ready while draining, so that no new client is sent here.
fn readiness(proxy: &Arc<Proxy>, log: &Arc<Log>, store: &Arc<Store>, stop: &CancellationToken) -> ReadinessProbe {
    let (proxy, log, store, stop) = (Arc::clone(proxy), Arc::clone(log), Arc::clone(store), stop.clone());
    Arc::new(move || {
        let status = store.status();
        let current = match store.stale() {
            Some(stale) => Err(format!("revision {}: {stale}", status.revision)),
            None => Ok(described(&status)),
        };
        let snapshot = current.as_deref().map_err(String::as_str);
        let mut readiness = Readiness::of(snapshot, in_use(&status), log.healthy(), proxy.reaches_trino());
        readiness.ready &= !stop.is_cancelled();
        readiness
    })
}

/// The policies in use, with their age and where they are from.
fn described(status: &Status) -> String {
    let age = |age: Duration| match age {
        Duration::MAX => "not known to be current".to_owned(),
        age => format!("current {} s ago", age.as_secs()),
    };
    let sources = status.sources.iter().map(|source| {
        let error =
            if source.error.is_some() { ", but what it holds now is refused or not known (see the log)" } else { "" };
        format!("{} at {}, {}{error}", source.name, source.version, age(source.confirmed.age()))
    });
    format!("{}; {}", status.revision, sources.collect::<Vec<_>>().join("; "))
}

/// The same for programs.
fn in_use(status: &Status) -> PoliciesInUse {
    let sources = status.sources.iter().map(|source| SourceInUse {
        name: source.name.clone(),
        commit: source.is_commit.then(|| source.version.clone()),
        current: source.error.is_none(),
        age_seconds: Some(source.confirmed.age()).filter(|age| *age != Duration::MAX).map(|age| age.as_secs()),
    });
    PoliciesInUse { revision: status.revision.clone(), sources: sources.collect() }
}

/// What is done when the Git server calls.
fn hook(webhook: Webhook, store: &Arc<Store>) -> Hook {
    let store = Arc::clone(store);
    Arc::new(move |headers, body| {
        let right = webhook.is_from_server(headers, body);
        if right {
            store.look_now();
        }
        right
    })
}

async fn tell(store: Arc<Store>, metrics: Arc<Metrics>, end: CancellationToken) {
    let (mut refused, mut not_kept) = (0, 0);
    loop {
        let status = store.status();
        metrics.snapshot_loaded(status.loaded_at);
        metrics.snapshot_age(Some(status.age()).filter(|age| *age != Duration::MAX));
        let sources = status.sources.iter();
        let sources = sources.map(|source| (source.name.as_str(), source.version.as_str(), source.error.is_none()));
        metrics.snapshot_made_of(&status.revision, sources);
        for _ in not_kept..status.not_kept {
            metrics.snapshot_not_kept();
        }
        not_kept = status.not_kept;
        for _ in refused..status.refused {
            metrics.snapshot_failed();
        }
        refused = status.refused;
        if end.run_until_cancelled(tokio::time::sleep(LOOK)).await.is_none() {
            return;
        }
    }
}

fn reread(reload: Reload, end: CancellationToken) -> Result<impl Future<Output = ()> + Send, Failure> {
    let mut hangup = signal(SignalKind::hangup())?;
    Ok(async move {
        while let Some(Some(())) = end.run_until_cancelled(hangup.recv()).await {
            let reload = Arc::clone(&reload);
            if let Err(error) = tokio::task::spawn_blocking(move || reload()).await {
                tracing::error!(%error, "a file could not be read again");
            }
        }
    })
}

fn wait_for_signal(stop: CancellationToken) -> Result<impl Future<Output = ()> + Send, Failure> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => tracing::info!("SIGTERM"),
            _ = interrupt.recv() => tracing::info!("SIGINT"),
        }
        stop.cancel();
    })
}

/// Sets which messages are written.
pub(super) type SetFilter = Box<dyn Fn(&str) -> Result<(), Failure> + Send + Sync>;

fn log_messages(config: &Config) -> Result<SetFilter, Failure> {
    let filter = EnvFilter::try_new(&config.log.filter)?;
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    Ok(match config.log.format {
        LogFormat::Human => {
            let lines = lines.with_filter_reloading();
            let filter = lines.reload_handle();
            lines.init();
            Box::new(move |text| Ok(filter.reload(EnvFilter::try_new(text)?)?))
        }
        LogFormat::Json => {
            let lines = lines.json().with_filter_reloading();
            let filter = lines.reload_handle();
            lines.init();
            Box::new(move |text| Ok(filter.reload(EnvFilter::try_new(text)?)?))
        }
    })
}
