//! From what all sources hold to one snapshot: good parts, parts that wait, and what was wrong with them.
//!
//! A change of one source is tried together with those of others that could not be taken yet, since one may need the
//! other; then alone. Only a set that compiles as a whole is ever taken.

use super::last_good::{Kept, LastGood};
use super::quiet;
use super::source::{self, Source, Version};
use super::status::{Confirmed, SourceStatus, Status};
use super::{GitError, SourceError, StoreError};
use crate::config::Policies;
use crate::policy::{self, Compiler, Diagnostics, Snapshot, SourceFile};
use jiff::Timestamp;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// How often it is written down that sources were confirmed.
const CONFIRM: Duration = Duration::from_secs(30);

/// A source with what the configuration says of it.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) name: String,
    /// Stands in front of its files' paths.
    prefix: String,
    domain: Option<String>,
    pub(super) source: Arc<dyn Source>,
    /// Wakes who waits to look at it.
    pub(super) wake: Notify,
    /// Held while it is looked at.
    pub(super) looking: Mutex<()>,
}

impl Part {
    /// All that are configured.
    pub(super) fn all(config: &Policies, poll: Duration) -> Result<Vec<Part>, StoreError> {
        let sources = config.all();
        let alone = sources.len() == 1;
        let part = |source: &crate::config::Source| {
            let name = source.label();
            Ok(Part {
                prefix: if alone { String::new() } else { format!("{name}/") },
                name,
                domain: source.domain.clone(),
                source: source::of(source, poll)?,
                wake: Notify::new(),
                looking: Mutex::new(()),
            })
        };
        sources.iter().map(part).collect()
    }

    fn identity(&self) -> String {
        let Part { prefix, domain, source, .. } = self;
        format!("{} as {prefix:?} of {domain:?}", source.identity())
    }
}

/// What is known of each source.
#[derive(Debug)]
pub(super) struct Building {
    parts: Vec<State>,
    compiler: Compiler,
    refused: u64,
    not_kept: u64,
    /// Whether what is on disk is not what is in force.
    unkept: bool,
    confirmed_on_disk: Option<Instant>,
    keep_error: Option<String>,
}

#[derive(Debug)]
struct State {
    version: Version,
    files: Vec<SourceFile>,
    /// A change that could not be taken, because what all sources hold does not go together.
    waiting: Option<(Version, Vec<SourceFile>)>,
    /// What the last attempt was made from; `None` if it has to be made again.
    attempted: Option<Version>,
    confirmed: Confirmed,
    error: Option<String>,
}

/// Reads a source, and checks that its documents are of its domain.
pub(super) fn collect(part: &Part) -> Result<(Version, Vec<SourceFile>), StoreError> {
    let (version, mut files) = part.source.read()?;
    for file in &mut files {
        file.path.insert_str(0, &part.prefix);
    }
    if let Some(domain) = &part.domain {
        policy::bound_to(&files, domain)?;
    }
    Ok((version, files))
}

/// The first set, from the sources themselves.
pub(super) fn from_sources(parts: &[Part]) -> Result<(Building, Snapshot), StoreError> {
    let mut states = Vec::new();
    for part in parts {
        let (version, files) = collect(part)?;
        let attempted = Some(version.clone());
        states.push(State { version, files, waiting: None, attempted, confirmed: Confirmed::now(), error: None });
    }
    let mut building = Building::new(states, true);
    let snapshot = building.compile(|_| false)?;
    let snapshot = building.of_commits(parts, snapshot);
    Ok((building, snapshot))
}

/// The first set, from what was kept.
pub(super) fn from_last_good(
    parts: &[Part],
    last_good: Option<&LastGood>,
    sources: StoreError,
) -> Result<(Building, Snapshot), StoreError> {
    let Some(last_good) = last_good else { return Err(sources) };
    let identities: Vec<String> = parts.iter().map(Part::identity).collect();
    let nothing = |sources: StoreError, kept: Box<dyn std::error::Error + Send + Sync>| StoreError::Nothing {
        sources: Box::new(sources),
        kept,
    };
    let (set, times) = match last_good.load(&identities) {
        Ok(loaded) => loaded,
        Err(error) => return Err(nothing(sources, error.into())),
    };
    let text = sources.to_string();
    let state = |(index, kept): (usize, Kept)| {
        let (version, files) = kept.open();
        let confirmed = Confirmed::on(times.get(index).copied());
        State { version, files, waiting: None, attempted: None, confirmed, error: Some(text.clone()) }
    };
    let mut building = Building::new(set.into_iter().enumerate().map(state).collect(), false);
    match building.compile(|_| false) {
        Ok(snapshot) => {
            let snapshot = building.of_commits(parts, snapshot);
            let (revision, commits) = (snapshot.revision(), snapshot.commits());
            tracing::error!(
                revision,
                ?commits,
                "the last good policies are in force, since the sources can't be used: {text}"
            );
            Ok((building, snapshot))
        }
        Err(error) => Err(nothing(sources, error.into())),
    }
}

impl Building {
    fn new(parts: Vec<State>, unkept: bool) -> Building {
        let compiler = Compiler::new(quiet::rest);
        Building { parts, compiler, refused: 0, not_kept: 0, unkept, confirmed_on_disk: None, keep_error: None }
    }

    /// What the last attempt with a source was made from.
    pub(super) fn attempted(&self, index: usize) -> Option<&Version> {
        self.parts.get(index).and_then(|state| state.attempted.as_ref())
    }

    /// A source holds what the last attempt was made from.
    pub(super) fn seen_again(&mut self, index: usize, version: &Version) {
        if let Some(state) = self.parts.get_mut(index)
            && state.version == *version
        {
            state.confirmed = Confirmed::now();
            state.error = None;
        }
    }

    /// A source was changed while it was read; the next look finds it at rest.
    pub(super) fn forget(&mut self, index: usize) {
        if let Some(state) = self.parts.get_mut(index) {
            state.attempted = None;
        }
    }

    /// A source could not be read.
    pub(super) fn failed(&mut self, index: usize, found: Option<Version>, error: &StoreError) {
        // What a commit or a folder holds stays as it is; a network, or a file of keys, may be mended.
        let lasting = match error {
            StoreError::Source(SourceError::Git(GitError::Refused { .. }) | SourceError::Folder(_)) => true,
            StoreError::Documents(_) => true,
            StoreError::Source(_) | StoreError::Nothing { .. } => false,
        };
        if let Some(state) = self.parts.get_mut(index) {
            state.attempted = found.filter(|_| lasting);
        }
        self.refuse(index, error);
    }

    /// What a source holds is not taken.
    pub(super) fn refuse(&mut self, index: usize, error: &StoreError) {
        let Some(state) = self.parts.get_mut(index) else { return };
        let text = error.to_string();
        if state.error.as_ref() != Some(&text) {
            match error {
                StoreError::Source(SourceError::Git(GitError::Unreachable { .. })) => {
                    tracing::warn!("a source of policies can't be looked at, the policies stay as they are: {text}");
                }
                _ => {
                    self.refused += 1;
                    tracing::error!("a change of the policies is refused, the policies stay as they are: {text}");
                }
            }
        }
        state.error = Some(text);
    }

    /// Makes a snapshot with what a source holds now.
    pub(super) fn take(
        &mut self,
        parts: &[Part],
        index: usize,
        version: Version,
        files: Vec<SourceFile>,
    ) -> Result<Snapshot, StoreError> {
        if let Some(state) = self.parts.get_mut(index) {
            state.attempted = Some(version.clone());
            state.waiting = Some((version, files));
        }
        let together = self.compile(|_| true);
        let (snapshot, taken): (Snapshot, &dyn Fn(usize) -> bool) = match together {
            Ok(snapshot) => (snapshot, &|_| true),
            Err(error) if self.others_wait(index) => match self.compile(|other| other == index) {
                Ok(snapshot) => (snapshot, &|other| other == index),
                Err(_) => return Err(error.into()),
            },
            Err(error) => return Err(error.into()),
        };
        for (other, state) in self.parts.iter_mut().enumerate().filter(|(other, _)| taken(*other)) {
            if let Some((version, files)) = state.waiting.take() {
                if state.error.is_some() {
                    let source = parts.get(other).map_or("", |part| &part.name);
                    tracing::info!(source, version = version.id, "what a source holds is taken again");
                }
                (state.version, state.files) = (version, files);
                (state.confirmed, state.error) = (Confirmed::now(), None);
            }
        }
        self.unkept = true;
        Ok(self.of_commits(parts, snapshot))
    }

    /// A snapshot with the commits that it is of.
    fn of_commits(&self, parts: &[Part], snapshot: Snapshot) -> Snapshot {
        let of_git = parts.iter().zip(&self.parts).filter(|(part, _)| part.source.is_git());
        snapshot.of_commits(of_git.map(|(part, state)| (part.name.clone(), state.version.id.clone())).collect())
    }

    fn others_wait(&self, index: usize) -> bool {
        self.parts.iter().enumerate().any(|(other, state)| other != index && state.waiting.is_some())
    }

    fn compile(&mut self, waiting: impl Fn(usize) -> bool) -> Result<Snapshot, Diagnostics> {
        self.compiler.compile(self.files(waiting))
    }

    /// The files of all sources: of those that are named, what waits.
    fn files(&self, waiting: impl Fn(usize) -> bool) -> Vec<SourceFile> {
        let mut all = Vec::new();
        for (index, state) in self.parts.iter().enumerate() {
            let waits = state.waiting.as_ref().filter(|_| waiting(index));
            for file in waits.map_or(&state.files, |(_, files)| files) {
                quiet::rest();
                all.push(file.clone());
            }
        }
        all
    }

    /// Keeps on disk what is new.
    pub(super) fn keep(&mut self, parts: &[Part], last_good: &LastGood) {
        let mut result = Ok(());
        if self.unkept {
            let kept = |(part, state): (&Part, &State)| Kept::new(part.identity(), &state.version, &state.files);
            result = last_good.keep(&parts.iter().zip(&self.parts).map(kept).collect::<Vec<_>>());
            self.unkept = result.is_err();
            self.confirmed_on_disk = None;
        }
        if result.is_ok() && self.confirmed_on_disk.is_none_or(|at| at.elapsed() >= CONFIRM) {
            result = last_good.confirm(&self.parts.iter().map(|state| state.confirmed.at).collect::<Vec<_>>());
            self.confirmed_on_disk = result.is_ok().then(Instant::now);
        }
        if let Err(error) = &result {
            self.not_kept += 1;
            let text = error.to_string();
            if self.keep_error.as_ref() != Some(&text) {
                tracing::error!(
                    "the policies are in force, but can't be kept for a start without their sources: {text}"
                );
            }
        }
        self.keep_error = result.err().map(|error| error.to_string());
    }

    /// How the store is doing.
    pub(super) fn status(&self, parts: &[Part], revision: &str, loaded_at: Timestamp) -> Status {
        let source = |(part, state): (&Part, &State)| SourceStatus {
            name: part.name.clone(),
            version: state.version.id.clone(),
            is_commit: part.source.is_git(),
            confirmed: state.confirmed,
            error: state.error.clone(),
        };
        Status {
            revision: revision.to_owned(),
            loaded_at,
            sources: parts.iter().zip(&self.parts).map(source).collect(),
            refused: self.refused,
            not_kept: self.not_kept,
        }
    }
}
