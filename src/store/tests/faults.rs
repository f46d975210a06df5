//! What goes wrong around a store, and what is in force then.

use super::super::source::{Source as _, SourceError};
use super::super::testing::{DOMAIN, GitServer, Repository, policy};
use super::sources::{Looked, federation, of, repository, sales_policy};
use super::*;
use std::os::unix::fs::symlink;

fn git(url: &str) -> String {
    format!("sources: [{{name: mesh, git: {{url: '{url}', timeout: 20s}}}}]")
}

#[test]
fn a_snapshot_names_the_commit_of_each_repository() {
    let (centre, sales) = federation();
    let store = Looked::open(&of(&centre, &sales)).unwrap();
    let commits = |store: &Looked| store.0.current().commits().clone().into_values().collect::<Vec<_>>();
    let head = |repository: &Repository| repository.git(&["rev-parse", "HEAD"]);
    assert_eq!(commits(&store), [head(&centre), head(&sales)]);
    // A commit that is not taken is not named.
    let good = head(&sales);
    sales.write("s.yaml", "kind: [");
    sales.commit("broken");
    assert!(store.look(1).is_some());
    centre.write("b.yaml", &policy("b"));
    centre.commit("more");
    assert_eq!(store.look(0), None);
    assert_eq!(commits(&store), [head(&centre), good]);
    // One that changes no policy is.
    let revision = store.0.current().revision().to_owned();
    let mut replacements = store.0.replacements();
    replacements.mark_unchanged();
    centre.write("README.md", "Read me.");
    centre.commit("say more");
    assert_eq!(store.look(0), None);
    assert_eq!(commits(&store)[0], head(&centre));
    assert_eq!(store.0.current().revision(), revision);
    assert!(!replacements.has_changed().unwrap(), "nothing has to be decided anew");
}

#[test]
fn a_folder_is_of_no_commit() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("domain.yaml"), DOMAIN).unwrap();
    let store = Store::open(&of_folder(folder.path())).unwrap();
    assert!(store.current().commits().is_empty() && !store.status().sources[0].is_commit);
}

#[test]
fn the_last_good_policies_know_their_commit() {
    let repository = repository();
    let server = GitServer::of(&repository);
    let state = TempDir::new().unwrap();
    let text = format!("{}\nstate: '{}'", git(&server.url()), state.path().display());
    let commits = Looked::open(&text).unwrap().0.current().commits().clone();
    server.answer_by(Some("503 Service Unavailable"));
    let store = Looked::open(&text).unwrap();
    assert_eq!(store.0.current().commits(), &commits);
    assert_eq!(commits["mesh"], repository.git(&["rev-parse", "HEAD"]));
}

#[test]
fn a_branch_that_was_deleted_leaves_the_policies_until_it_is_back() {
    let repository = repository();
    let server = GitServer::of(&repository);
    let text = git(&server.url()).replace("timeout", "branch: live, timeout");
    repository.git(&["branch", "live"]);
    let store = Looked::open(&text).unwrap();
    repository.git(&["branch", "-D", "-q", "live"]);
    let error = store.look(0).unwrap();
    assert!(error.ends_with("there is no branch `live`"), "{error}");
    assert!(store.reads("a"));
    repository.write("b.yaml", &policy("b"));
    repository.commit("more");
    repository.git(&["branch", "live"]);
    assert_eq!(store.look(0), None);
    assert!(store.reads("b"));
}

#[test]
fn a_history_that_was_written_anew_is_followed() {
    let repository = repository();
    let server = GitServer::of(&repository);
    let store = Looked::open(&git(&server.url())).unwrap();
    repository.git(&["checkout", "-q", "--orphan", "anew"]);
    repository.git(&["rm", "-q", "--cached", "a.yaml"]);
    fs::remove_file(repository.file("a.yaml")).unwrap();
    repository.write("b.yaml", &policy("b"));
    let commit = repository.commit("another beginning");
    repository.git(&["branch", "-M", "anew", "main"]);
    repository.git(&["reflog", "expire", "--expire=now", "--all"]);
    repository.git(&["gc", "-q", "--prune=now"]);
    assert_eq!(store.look(0), None);
    assert!(store.reads("b") && !store.reads("a"));
    assert_eq!(store.0.current().commits()["mesh"], commit);
}

/// A repository whose commit is one of the fixtures that were signed, and a file of those who may sign.
struct Signed {
    repository: Repository,
    folder: TempDir,
}

impl Signed {
    fn new() -> Signed {
        let repository = Repository::new();
        repository.write("domain.yaml", DOMAIN);
        repository.commit("the tree of the commits that were signed");
        let signed = Signed { repository, folder: TempDir::new().unwrap() };
        signed.commit("ssh");
        signed.may_sign(|_| true);
        signed
    }

    fn fixture(name: &str) -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store/git/signature/fixtures").join(name)
    }

    fn commit(&self, name: &str) {
        let path = Signed::fixture(&format!("{name}.commit"));
        let commit = self.repository.git(&["hash-object", "-w", "-t", "commit", path.to_str().unwrap()]);
        self.repository.git(&["update-ref", "refs/heads/main", &commit]);
    }

    /// Leaves those lines of the file for which `keep` holds.
    fn may_sign(&self, keep: impl Fn(&str) -> bool) {
        let all = fs::read_to_string(Signed::fixture("allowed_signers")).unwrap();
        let lines: Vec<&str> = all.lines().filter(|line| keep(line)).collect();
        fs::write(self.signers(), lines.join("\n")).unwrap();
    }

    fn signers(&self) -> std::path::PathBuf {
        self.folder.path().join("allowed_signers")
    }

    fn text(&self) -> String {
        let (url, signers) = (self.repository.path(), self.signers().display().to_string());
        format!("sources: [{{git: {{url: '{url}', signed_by: {{allowed_signers_file: '{signers}'}}}}}}]")
    }
}

#[test]
fn who_may_sign_is_read_anew_when_it_changes() {
    let signed = Signed::new();
    let store = Looked::open(&signed.text()).unwrap();
    let confirmed = || store.0.status().sources[0].confirmed.at;
    // One who may sign no more: the policies stay, and age, since their commit is not believed any more.
    signed.may_sign(|line| !line.contains("ssh-ed25519"));
    let before = confirmed();
    let error = store.look(0).unwrap();
    assert!(error.contains("is refused: it is signed by the key"), "{error}");
    assert_eq!(confirmed(), before);
    // A commit by one who may still sign is taken.
    signed.commit("ssh-rsa");
    assert_eq!(store.look(0), None);
    // And one by who may sign now.
    signed.commit("ssh");
    assert!(store.look(0).is_some());
    signed.may_sign(|_| true);
    assert_eq!(store.look(0), None);
    assert!(confirmed() > before);
}

#[test]
fn a_file_of_signers_that_is_broken_lets_nobody_sign() {
    let signed = Signed::new();
    let store = Looked::open(&signed.text()).unwrap();
    let confirmed = store.0.status().sources[0].confirmed.at;
    for (broken, said) in [("* cert-authority x", "line 1: "), ("", "names nobody who may sign")] {
        fs::write(signed.signers(), broken).unwrap();
        let error = store.look(0).unwrap();
        assert!(error.contains("allowed_signers: ") && error.contains(said), "{error}");
    }
    fs::remove_file(signed.signers()).unwrap();
    assert!(store.look(0).unwrap().contains("No such file"));
    signed.commit("ssh-rsa");
    assert!(store.look(0).is_some(), "nor does one who might before");
    assert_eq!(store.0.status().sources[0].confirmed.at, confirmed, "the policies stay, and age");
    assert!(Looked::open(&signed.text()).is_err(), "and nothing starts by it");
    signed.may_sign(|_| true);
    assert_eq!(store.look(0), None);
}

#[test]
fn a_clock_that_is_set_says_nothing_of_how_old_policies_are() {
    let repository = repository();
    let server = GitServer::of(&repository);
    let state = TempDir::new().unwrap();
    let text = format!("{}\nstate: '{}'\nmax_staleness: 1h", git(&server.url()), state.path().display());
    Looked::open(&text).unwrap();
    let last_good = LastGood::new(state.path());
    let age = |hours: i64| {
        last_good.confirm(&[Timestamp::now() + jiff::SignedDuration::from_hours(hours)]).unwrap();
        server.answer_by(Some("503 Service Unavailable"));
        let stale = Looked::open(&text).unwrap().0.stale();
        server.answer_by(None);
        stale.map(|stale| stale.since.is_some())
    };
    assert_eq!(age(0), None);
    assert_eq!(age(-2), Some(true), "they were confirmed two hours ago");
    assert_eq!(age(2), Some(false), "they were confirmed by a clock that was ahead: it is not known when");
}

#[test]
fn a_state_folder_that_cannot_be_written_or_was_damaged_is_said() {
    let repository = repository();
    let state = TempDir::new().unwrap();
    let text = format!("{}\nstate: '{}'", git(&repository.path()), state.path().display());
    let store = Looked::open(&text).unwrap();
    assert_eq!(store.0.status().not_kept, 0);
    // A device that is always full stands where the next set is written.
    symlink("/dev/full", state.path().join("last-good-policies.new")).unwrap();
    let kept = fs::read(state.path().join("last-good-policies")).unwrap();
    repository.write("b.yaml", &policy("b"));
    repository.commit("more");
    assert_eq!(store.look(0), None);
    assert!(store.reads("b"), "they are in force all the same");
    assert_eq!(store.0.status().not_kept, 1);
    assert_eq!(fs::read(state.path().join("last-good-policies")).unwrap(), kept, "the old set is whole");
    assert_eq!(store.look(0), None);
    assert_ne!(fs::read(state.path().join("last-good-policies")).unwrap(), kept, "it is tried again");
}

#[test]
fn a_merge_that_breaks_one_domain_keeps_the_whole_old_snapshot() {
    let repository = repository();
    repository.write(
        "sales.yaml",
        "apiVersion: sluice/v1\nkind: Domain\nmetadata: {name: sales}\nspec: {owns: [{catalog: sales}]}\n",
    );
    repository.write("s.yaml", &sales_policy("s"));
    repository.commit("two domains");
    let store = Looked::open(&git(&repository.path())).unwrap();
    let before = store.0.current();
    repository.write("s.yaml", &sales_policy("s").replace("select", "selct"));
    repository.write("a.yaml", &policy("b"));
    repository.commit("broken for one, good for the other");
    let error = store.look(0).unwrap();
    assert!(error.contains("s.yaml:6:") && !error.contains("a.yaml"), "{error}");
    assert_eq!((store.0.current().revision(), store.0.current().commits()), (before.revision(), before.commits()));
    assert!(store.reads("a") && !store.reads("b"));
    assert_eq!(store.0.status().refused, 1);
}

#[test]
fn a_folder_that_links_make_endless_is_refused() {
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("domain.yaml"), DOMAIN).unwrap();
    fs::create_dir(at("many")).unwrap();
    for number in 0..400 {
        fs::write(at(&format!("many/{number}.yaml")), "").unwrap();
    }
    for number in 0..300 {
        symlink("many", at(&format!("more{number}"))).unwrap();
    }
    let error = read_folder(folder.path()).unwrap_err().to_string();
    assert!(error.contains("there are more than 100000 files"), "{error}");
    fs::write(at("a.yaml"), "").unwrap();
    fs::write(at("A.yaml"), "").unwrap();
    (0..300).for_each(|number| fs::remove_file(at(&format!("more{number}"))).unwrap());
    let error = read_folder(folder.path()).unwrap_err().to_string();
    assert!(error.contains("differs from A.yaml in upper and lower case only"), "{error}");
}

#[test]
fn a_folder_that_is_changed_while_it_is_read_is_not_taken() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("a.yaml");
    fs::write(&path, "").unwrap();
    let source = super::super::folder::Folder::new(folder.path(), Duration::from_secs(1));
    let stop = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for length in (1..50).cycle().take_while(|_| !stop.load(std::sync::atomic::Ordering::Relaxed)) {
                fs::write(&path, "#".repeat(length)).unwrap();
            }
        });
        let changing = (0..10_000).any(|_| matches!(source.read(), Err(SourceError::Changing)));
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        assert!(changing);
    });
}
