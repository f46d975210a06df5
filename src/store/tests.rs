mod faults;
mod sources;

use super::testing::{DOMAIN, policy};
use super::*;
use crate::names::TableName;
use crate::policy::Privilege;
use std::fs;
use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;

const TIMING: Timing =
    Timing { quiet: Duration::from_millis(30), patience: Duration::from_millis(300), poll: Duration::from_millis(200) };

fn of_folder(folder: &Path) -> Policies {
    Policies { folder: Some(folder.to_owned()), ..Policies::default() }
}

/// A folder with a domain and one policy, and a store that follows it.
struct Followed {
    folder: TempDir,
    store: Arc<Store>,
    stop: CancellationToken,
}

impl Followed {
    fn new() -> Followed {
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join("domain.yaml"), DOMAIN).unwrap();
        fs::write(folder.path().join("a.yaml"), policy("a")).unwrap();
        let store = Store::open_with(&of_folder(folder.path()), TIMING).unwrap();
        let stop = CancellationToken::new();
        tokio::spawn(store.clone().watch(stop.clone()));
        Followed { folder, store, stop }
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.folder.path().join(name), text).unwrap();
    }

    fn reads(&self, table: &str) -> bool {
        let snapshot = self.store.current();
        let access = snapshot.table_access(&snapshot.subject("anna", &[]), &TableName::new("lake", "s", table));
        access.grants(Privilege::Select)
    }

    fn error(&self) -> Option<String> {
        self.store.status().last_error()
    }

    async fn until(&self, what: &str, condition: impl Fn(&Followed) -> bool) {
        for _ in 0..500 {
            if condition(self) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{what} did not come: {:?}", self.store.status());
    }
}

impl Drop for Followed {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

#[tokio::test]
async fn a_change_replaces_the_snapshot() {
    let followed = Followed::new();
    let before = followed.store.status().revision;
    followed.write("sub.yaml", &policy("b"));
    // The status follows what it tells of.
    followed.until("the new policy", |f| f.reads("b") && f.store.status().revision != before).await;
    assert_eq!(followed.store.status().revision, followed.store.current().revision());
}

#[tokio::test]
async fn a_broken_change_is_refused_until_it_is_mended() {
    let followed = Followed::new();
    let good = followed.store.status().revision;
    followed.write("b.yaml", &policy("b").replace("grants", "garnts"));
    followed.until("the error", |f| f.error().is_some()).await;
    let error = followed.error().unwrap();
    assert!(error.contains("b.yaml:6") && error.contains("did you mean `grants`?"), "{error}");
    assert_eq!(followed.store.current().revision(), good);
    assert!(followed.reads("a") && !followed.reads("b"));
    followed.write("b.yaml", &policy("b"));
    followed.until("the mended policy", |f| f.reads("b") && f.error().is_none()).await;
    assert_eq!(followed.store.status().refused, 1);
}

#[tokio::test]
async fn a_broken_change_that_is_taken_back_leaves_no_error() {
    let followed = Followed::new();
    followed.write("a.yaml", "kind: [");
    followed.until("the error", |f| f.error().is_some()).await;
    followed.write("a.yaml", &policy("a"));
    followed.until("the old state", |f| f.error().is_none()).await;
    assert!(followed.reads("a"));
}

#[tokio::test]
async fn a_half_written_file_is_refused() {
    let followed = Followed::new();
    let text = policy("b");
    let half = text.split_once("privileges").expect("a grant").0;
    followed.write("b.yaml", half);
    followed.until("the error", |f| f.error().is_some()).await;
    assert!(followed.reads("a") && !followed.reads("b"));
    followed.write("b.yaml", &text);
    followed.until("the whole file", |f| f.reads("b")).await;
}

#[tokio::test]
async fn a_deleted_file_takes_its_grants_with_it() {
    let followed = Followed::new();
    fs::remove_file(followed.folder.path().join("a.yaml")).unwrap();
    followed.until("the denial", |f| !f.reads("a")).await;
    assert_eq!(followed.error(), None);
}

#[tokio::test]
async fn an_empty_folder_is_an_error_and_not_no_policies() {
    let followed = Followed::new();
    for name in ["a.yaml", "domain.yaml"] {
        fs::remove_file(followed.folder.path().join(name)).unwrap();
    }
    followed.until("the error", |f| f.error().is_some_and(|error| error.contains("no file"))).await;
    assert!(followed.store.status().revision == followed.store.current().revision());
}

#[tokio::test]
async fn a_folder_that_vanished_is_an_error_until_it_is_back() {
    let followed = Followed::new();
    let aside = followed.folder.path().with_extension("aside");
    fs::rename(followed.folder.path(), &aside).unwrap();
    followed.until("the error", |f| f.error().is_some()).await;
    assert!(followed.reads("a"));
    fs::rename(&aside, followed.folder.path()).unwrap();
    followed.until("the folder", |f| f.error().is_none()).await;
    followed.write("b.yaml", &policy("b"));
    followed.until("a change in the folder that is back", |f| f.reads("b")).await;
}

#[tokio::test]
async fn the_last_of_many_quick_changes_wins() {
    let followed = Followed::new();
    for number in 0..200 {
        followed.write("b.yaml", &policy(&format!("t{number}")));
    }
    followed.until("the last change", |f| f.reads("t199")).await;
    assert!(!followed.reads("t198"));
}

#[test]
fn a_start_without_good_policies_fails() {
    let folder = TempDir::new().unwrap();
    let open = || Store::open(&of_folder(folder.path())).unwrap_err().to_string();
    assert!(open().contains("no file ends in"), "{}", open());
    fs::write(folder.path().join("a.yaml"), policy("a")).unwrap();
    assert!(open().contains("there is no domain `all`"), "{}", open());
}

#[test]
fn files_are_read_sorted_with_sub_folders_and_without_hidden_ones() {
    let folder = TempDir::new().unwrap();
    for name in ["b.yml", "a/z.json", "a.yaml", ".git/x.yaml", "README.md", ".hidden.yaml"] {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "{}").unwrap();
    }
    let names: Vec<String> = read_folder(folder.path()).unwrap().into_iter().map(|file| file.path).collect();
    assert_eq!(names, ["a/z.json", "a.yaml", "b.yml"]);
}

#[cfg(unix)]
#[test]
fn a_link_within_the_folder_is_followed_and_one_that_leads_out_is_refused() {
    use std::os::unix::fs::symlink;
    let outside = TempDir::new().unwrap();
    fs::write(outside.path().join("x.yaml"), DOMAIN).unwrap();
    // As Kubernetes lays out a ConfigMap.
    let folder = TempDir::new().unwrap();
    fs::create_dir(folder.path().join("..1")).unwrap();
    fs::write(folder.path().join("..1/x.yaml"), DOMAIN).unwrap();
    symlink("..1", folder.path().join("..data")).unwrap();
    symlink("..data/x.yaml", folder.path().join("x.yaml")).unwrap();
    assert_eq!(read_folder(folder.path()).unwrap().len(), 1);
    for (target, name) in [("x.yaml", "y.yaml"), ("", "sub")] {
        let link = folder.path().join(name);
        symlink(outside.path().join(target), &link).unwrap();
        let error = read_folder(folder.path()).unwrap_err().to_string();
        assert!(error.contains("leads out of the folder"), "{error}");
        fs::remove_file(link).unwrap();
    }
    symlink(".", folder.path().join("round")).unwrap();
    assert!(read_folder(folder.path()).is_err());
}

#[test]
fn a_file_that_is_too_big_or_not_utf_8_is_refused() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("a.yaml"), vec![b'#'; crate::policy::MOST_FILE_BYTES + 1]).unwrap();
    assert!(read_folder(folder.path()).unwrap_err().to_string().contains("a.yaml: has more than"));
    fs::write(folder.path().join("a.yaml"), b"a: \xff").unwrap();
    assert_eq!(read_folder(folder.path()).unwrap_err().to_string(), "a.yaml: is not UTF-8 at byte 3");
}
