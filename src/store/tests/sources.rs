//! Several sources, Git servers that go and come, and starts without them.

use super::super::testing::{DOMAIN, GitServer, Repository, policy};
use super::*;
use std::path::PathBuf;

pub(super) fn policies(text: &str) -> Policies {
    serde_saphyr::from_str(text).unwrap()
}

/// A store that is looked at by hand.
pub(super) struct Looked(pub(super) Arc<Store>);

impl Looked {
    pub(super) fn open(text: &str) -> Result<Looked, String> {
        Store::open(&policies(text)).map(Looked).map_err(|error| error.to_string())
    }

    pub(super) fn look(&self, index: usize) -> Option<String> {
        self.0.look(index, false);
        self.0.status().sources[index].error.clone()
    }

    pub(super) fn reads(&self, table: &str) -> bool {
        let snapshot = self.0.current();
        let access = snapshot.table_access(&snapshot.subject("anna", &[]), &TableName::new("lake", "s", table));
        access.grants(Privilege::Select)
    }
}

pub(super) fn repository() -> Repository {
    let repository = Repository::new();
    repository.write("domain.yaml", DOMAIN);
    repository.write("a.yaml", &policy("a"));
    repository.commit("begin");
    repository
}

/// A repository of a domain's own, and one of the centre that says what the domain owns.
pub(super) fn federation() -> (Repository, Repository) {
    let centre = repository();
    centre.write(
        "sales.yaml",
        "apiVersion: sluice/v1\nkind: Domain\nmetadata: {name: sales}\nspec: {owns: [{catalog: sales}]}\n",
    );
    centre.commit("sales");
    let sales = Repository::new();
    sales.write("s.yaml", &sales_policy("s"));
    sales.commit("begin");
    (centre, sales)
}

pub(super) fn sales_policy(table: &str) -> String {
    policy(table).replace("domain: all", "domain: sales").replace("catalog: lake", "catalog: sales")
}

pub(super) fn of(centre: &Repository, sales: &Repository) -> String {
    format!(
        "sources:\n- {{name: centre, git: {{url: '{}'}}}}\n- {{name: sales, domain: sales, git: {{url: '{}'}}}}\n",
        centre.path(),
        sales.path()
    )
}

#[test]
fn a_push_replaces_the_snapshot_and_a_broken_one_does_not() {
    let repository = repository();
    let server = GitServer::of(&repository);
    let store = Looked::open(&format!("sources: [{{git: {{url: '{}'}}}}]", server.url())).unwrap();
    assert_eq!(store.look(0), None);
    repository.write("b.yaml", &policy("b"));
    let commit = repository.commit("more");
    assert_eq!(store.look(0), None);
    assert!(store.reads("b"));
    assert_eq!(store.0.status().sources[0].version, commit);
    let good = store.0.current().revision().to_owned();
    repository.write("c.yaml", &policy("c").replace("grants", "garnts"));
    repository.commit("broken");
    let error = store.look(0).unwrap();
    assert!(error.contains("c.yaml:6") && error.contains("did you mean `grants`?"), "{error}");
    assert_eq!(store.look(0), Some(error), "and it stays said");
    assert_eq!((store.0.current().revision(), store.0.status().refused), (good.as_str(), 1));
    assert_eq!(store.0.status().sources[0].version, commit);
    repository.write("c.yaml", &policy("c"));
    repository.commit("mended");
    assert_eq!(store.look(0), None);
    assert!(store.reads("c"));
}

#[test]
fn what_attacks_a_reader_is_refused_and_the_old_policies_stay() {
    let bomb = "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nd: [*c, *c]\n".to_owned();
    let deep = format!("a: {}{}\n", "[".repeat(5000), "]".repeat(5000));
    let twice = policy("c").replace("kind: AccessPolicy", "kind: AccessPolicy\nkind: AccessPolicy");
    let half = policy("c").split_once("privileges").unwrap().0.to_owned();
    let large = "#".repeat(50 * 1024 * 1024);
    let of_bytes = |text: String| text.into_bytes();
    let mut not_text = policy("c").into_bytes();
    not_text.push(0xff);
    for wrong in [bomb, deep, twice, half, large].into_iter().map(of_bytes).chain([not_text]) {
        let repository = repository();
        let store = Looked::open(&format!("sources: [{{git: {{url: '{}'}}}}]", repository.path())).unwrap();
        std::fs::write(repository.file("c.yaml"), &wrong).unwrap();
        repository.commit("attack");
        let error = store.look(0);
        assert!(error.as_ref().is_some_and(|error| error.contains("c.yaml")), "{error:?}");
        assert!(store.reads("a") && !store.reads("c"));
    }
}

#[test]
fn a_server_that_is_gone_changes_nothing_until_it_is_back() {
    let repository = repository();
    let server = GitServer::of(&repository);
    let store = Looked::open(&format!("{{sources: [{{git: {{url: '{}'}}}}]}}", server.url())).unwrap();
    let (before, confirmed) = (store.0.current().revision().to_owned(), store.0.status().sources[0].confirmed.at);
    server.answer_by(Some("503 Service Unavailable"));
    repository.write("b.yaml", &policy("b"));
    repository.commit("meanwhile");
    for _ in 0..3 {
        assert!(store.look(0).unwrap().contains("503"));
    }
    let status = store.0.status();
    assert_eq!((status.sources[0].confirmed.at, status.refused), (confirmed, 0));
    assert_eq!(store.0.current().revision(), before);
    server.answer_by(None);
    assert_eq!(store.look(0), None);
    assert!(store.reads("b") && store.0.status().sources[0].confirmed.at > confirmed);
}

#[test]
fn a_domains_repository_speaks_of_its_domain_alone() {
    let (centre, sales) = federation();
    let store = Looked::open(&of(&centre, &sales)).unwrap();
    sales.write("other.yaml", &policy("x"));
    sales.commit("of another domain");
    let error = store.look(1).unwrap();
    assert!(error.contains("foreign-domain") && error.contains("sales/other.yaml:3:"), "{error}");
    sales.write("other.yaml", "apiVersion: sluice/v1\nkind: Domain\nmetadata: {name: sales}\nspec: {central: true}\n");
    sales.commit("of all domains");
    assert!(store.look(1).unwrap().contains("can't hold a document of kind `Domain`"));
    assert!(!store.reads("x"));
}

#[test]
fn a_merge_that_breaks_one_domain_leaves_all_as_they_were_and_others_go_on() {
    let (centre, sales) = federation();
    let store = Looked::open(&of(&centre, &sales)).unwrap();
    sales.write("s.yaml", &sales_policy("s").replace("select", "selct"));
    sales.write("t.yaml", &sales_policy("t"));
    sales.commit("broken");
    let before = store.0.current().revision().to_owned();
    assert!(store.look(1).is_some());
    assert_eq!(store.0.current().revision(), before, "the whole old snapshot stays");
    centre.write("b.yaml", &policy("b"));
    centre.commit("more");
    assert_eq!(store.look(0), None);
    assert!(store.reads("b"), "another source's change is taken");
    assert!(store.look(1).is_some(), "and the error is still said");
}

#[test]
fn changes_of_two_sources_that_need_each_other_are_taken_together() {
    let (centre, sales) = federation();
    let store = Looked::open(&of(&centre, &sales)).unwrap();
    // A policy about what the domain does not own yet.
    sales.write("s.yaml", &sales_policy("s").replace("catalog: sales", "catalog: crm"));
    sales.commit("crm");
    assert!(store.look(1).is_some());
    centre.write(
        "sales.yaml",
        "apiVersion: sluice/v1\nkind: Domain\nmetadata: {name: sales}\nspec: {owns: [{catalog: crm}]}\n",
    );
    centre.commit("sales owns crm");
    assert_eq!(store.look(0), None);
    assert_eq!(store.0.status().last_error(), None);
}

#[test]
fn a_start_without_the_server_uses_what_was_kept() {
    let repository = repository();
    let server = GitServer::of(&repository);
    let state = TempDir::new().unwrap();
    let text = format!(
        "sources: [{{name: mesh, git: {{url: '{}', timeout: 5s}}}}]\nstate: '{}'\nmax_staleness: 1h",
        server.url(),
        state.path().display()
    );
    let revision = Looked::open(&text).unwrap().0.current().revision().to_owned();
    server.answer_by(Some("503 Service Unavailable"));
    let store = Looked::open(&text).unwrap();
    assert_eq!(store.0.current().revision(), revision);
    assert!(store.0.status().last_error().unwrap().contains("503"));
    assert_eq!(store.0.stale(), None, "it is known how old they are");
    server.answer_by(None);
    assert_eq!(store.look(0), None);

    // Without a note when they were confirmed they may be of any age.
    std::fs::remove_file(state.path().join("last-good-confirmed")).unwrap();
    server.answer_by(Some("503 Service Unavailable"));
    let store = Looked::open(&text).unwrap();
    insta::assert_snapshot!(store.0.stale().unwrap(), @"it is not known when the policies of `mesh` were last current, longer ago than 1h (policies.max_staleness)");
    server.answer_by(None);
    assert_eq!(store.look(0), None);
    assert_eq!(store.0.stale(), None);

    // A set that somebody changed is no set.
    let kept = state.path().join("last-good-policies");
    std::fs::write(&kept, std::fs::read_to_string(&kept).unwrap().replace("table: a", "table: b")).unwrap();
    server.answer_by(Some("503 Service Unavailable"));
    let error = Looked::open(&text).map(|_| ()).unwrap_err();
    assert!(error.contains("503") && error.contains("its checksum is wrong"), "{error}");
}

#[test]
fn a_disk_that_is_full_is_said_and_the_policies_are_in_force() {
    let repository = repository();
    let state = TempDir::new().unwrap();
    // A file stands where the folder should be.
    let full: PathBuf = state.path().join("file");
    std::fs::write(&full, "").unwrap();
    let text = format!("sources: [{{git: {{url: '{}'}}}}]\nstate: '{}'", repository.path(), full.display());
    let store = Looked::open(&text).unwrap();
    assert_eq!(store.0.status().not_kept, 1);
    repository.write("b.yaml", &policy("b"));
    repository.commit("more");
    assert_eq!(store.look(0), None);
    assert!(store.reads("b"));
    assert_eq!(store.0.status().not_kept, 2);
    std::fs::remove_file(&full).unwrap();
    assert_eq!(store.look(0), None);
    assert_eq!(store.0.status().not_kept, 2);
    std::fs::rename(repository.file(".git"), repository.file("gone")).unwrap();
    assert!(Looked::open(&text).unwrap().reads("b"), "it was kept as soon as there was room");
}

#[test]
fn a_commit_that_is_not_signed_never_replaces_a_good_snapshot() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store/git/signature/fixtures");
    let repository = Repository::new();
    repository.write("domain.yaml", DOMAIN);
    repository.commit("the tree of the commits that were signed");
    let signed = |name: &str| {
        let path = fixtures.join(format!("{name}.commit"));
        let commit = repository.git(&["hash-object", "-w", "-t", "commit", path.to_str().unwrap()]);
        repository.git(&["update-ref", "refs/heads/main", &commit]);
    };
    let text = format!(
        "sources: [{{git: {{url: '{}', signed_by: {{allowed_signers_file: '{}'}}}}}}]",
        repository.path(),
        fixtures.join("allowed_signers").display()
    );
    assert!(Looked::open(&text).map(|_| ()).unwrap_err().contains("it is not signed"));
    signed("ssh");
    let store = Looked::open(&text).unwrap();
    for wrong in ["unsigned", "ssh-other", "openpgp-good"] {
        signed(wrong);
        assert!(store.look(0).unwrap().contains("is refused"), "{wrong}");
    }
    assert!(store.0.status().refused >= 3);
    signed("ssh-rsa");
    assert_eq!(store.look(0), None);
}

#[tokio::test]
async fn a_call_of_the_git_servers_makes_a_look_happen_now() {
    let repository = repository();
    let server = GitServer::of(&repository);
    let text = format!("sources: [{{git: {{url: '{}', poll: 1h}}}}]", server.url());
    let store = tokio::task::spawn_blocking(move || Store::open(&policies(&text)).unwrap()).await.unwrap();
    let stop = CancellationToken::new();
    let watching = tokio::spawn(Arc::clone(&store).watch(stop.clone()));
    let mut replacements = store.replacements();
    repository.write("b.yaml", &policy("b"));
    let commit = repository.commit("more");
    store.look_now();
    replacements.changed().await.unwrap();
    stop.cancel();
    watching.await.unwrap();
    assert!(Looked(Arc::clone(&store)).reads("b"));
    assert_eq!(store.status().sources[0].version, commit);
}
