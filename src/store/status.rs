//! How the store is doing, for health, metrics and the refusal of statements.

use jiff::{SignedDuration, Timestamp};
use std::time::{Duration, Instant};

/// How the store is doing.
#[derive(Clone, Debug)]
pub struct Status {
    /// The current snapshot's revision.
    pub revision: String,
    /// When the current snapshot was loaded.
    pub loaded_at: Timestamp,
    /// Each source, in the order of the configuration.
    pub sources: Vec<SourceStatus>,
    /// How many changes were refused since the start.
    pub refused: u64,
    /// How often the last good set could not be kept on disk since the start.
    pub not_kept: u64,
}

/// How a source is doing.
#[derive(Clone, Debug)]
pub struct SourceStatus {
    /// What it is called.
    pub name: String,
    /// The version that the current snapshot was made from: a commit, or a hash.
    pub version: String,
    /// Whether that is a commit.
    pub is_commit: bool,
    /// When it was last known to hold that version.
    pub confirmed: Confirmed,
    /// Why what it holds now, or might hold, is not the current snapshot; `None` if it is.
    pub error: Option<String>,
}

/// When something was last known to be so. Its age is counted by a clock that nobody can set.
#[derive(Clone, Copy, Debug)]
pub struct Confirmed {
    /// By the calendar.
    pub at: Timestamp,
    /// How old it was when Sluice learned of it; `None` if that is not known.
    before: Option<Duration>,
    learned: Instant,
}

impl Confirmed {
    /// Just now.
    pub(super) fn now() -> Confirmed {
        Confirmed { at: Timestamp::now(), before: Some(Duration::ZERO), learned: Instant::now() }
    }

    /// At a time that was written down. One in the future says that a clock was set, so that its age is not known.
    pub(super) fn on(at: Option<Timestamp>) -> Confirmed {
        let before = at.and_then(|at| Duration::try_from(Timestamp::now().duration_since(at)).ok());
        Confirmed { at: at.unwrap_or(Timestamp::UNIX_EPOCH), before, learned: Instant::now() }
    }

    /// How long ago that was; [`Duration::MAX`] if that is not known.
    pub fn age(&self) -> Duration {
        self.before.map_or(Duration::MAX, |before| before.saturating_add(self.learned.elapsed()))
    }
}

impl Status {
    /// Why what the sources hold now is not the current snapshot; `None` if it is.
    pub fn last_error(&self) -> Option<String> {
        let errors: Vec<&str> = self.sources.iter().filter_map(|source| source.error.as_deref()).collect();
        if errors.is_empty() { None } else { Some(errors.join("\n")) }
    }

    /// For how long it was not known that the snapshot is what all sources hold.
    pub fn age(&self) -> Duration {
        self.sources.iter().map(|source| source.confirmed.age()).max().unwrap_or_default()
    }

    /// The sources that were not confirmed for longer than `most`.
    pub(super) fn stale(&self, most: Duration) -> Option<Stale> {
        let old = self.sources.iter().filter(|source| source.confirmed.age() > most);
        let source = old.max_by_key(|source| source.confirmed.age())?;
        let since = (source.confirmed.age() != Duration::MAX).then_some(source.confirmed.at);
        let most = SignedDuration::try_from(most).unwrap_or(SignedDuration::MAX);
        Some(Stale { source: source.name.clone(), since, most })
    }
}

/// The policies may not be those of their source any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stale {
    /// The source that was not confirmed for the longest time.
    pub source: String,
    /// Since when; `None` if that is not known.
    pub since: Option<Timestamp>,
    /// How long it may be (`policies.max_staleness`).
    pub most: SignedDuration,
}

impl std::fmt::Display for Stale {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Stale { source, since, most } = self;
        match since {
            Some(since) => write!(f, "the policies of `{source}` were last known to be current at {since:.0}"),
            None => write!(f, "it is not known when the policies of `{source}` were last current"),
        }?;
        write!(f, ", longer ago than {most:#} (policies.max_staleness)")
    }
}
