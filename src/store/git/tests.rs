//! Real repositories, made by git(1), on a disk, behind git-http-backend(1), and behind a stand-in for ssh(1).

use super::*;
use crate::config::Signatures;
use crate::store::testing::{DOMAIN, GitServer, Repository, policy};
use std::fs;
use std::path::Path;

fn config(url: &str) -> config::Git {
    serde_saphyr::from_str(&format!("url: '{url}'\ntimeout: 20s")).unwrap()
}

fn names(git: &Git) -> Result<Vec<String>, String> {
    let (_, files) = git.read().map_err(|error| error.to_string())?;
    Ok(files.into_iter().map(|file| file.path).collect())
}

fn repository() -> Repository {
    let repository = Repository::new();
    repository.write("domain.yaml", DOMAIN);
    repository.write("sub/a.yaml", &policy("a"));
    repository.commit("begin");
    repository
}

#[test]
fn a_branch_a_tag_and_a_commit_of_a_repository_on_disk_are_read() {
    let repository = repository();
    let first = repository.git(&["rev-parse", "HEAD"]);
    repository.git(&["tag", "-a", "-m", "first", "v1"]);
    repository.git(&["checkout", "-q", "-b", "team/next"]);
    repository.write("sub/b.yaml", &policy("b"));
    let second = repository.commit("more");
    repository.git(&["checkout", "-q", "main"]);
    let with = |change: &dyn Fn(&mut config::Git)| {
        let mut config = config(&repository.path());
        change(&mut config);
        let git = Git::new(&config).unwrap();
        (git.version().unwrap().id, names(&git).unwrap().len())
    };
    assert_eq!(with(&|_| ()), (first.clone(), 2));
    assert_eq!(with(&|git| git.branch = Some("team/next".to_owned())), (second.clone(), 3));
    assert_eq!(with(&|git| git.tag = Some("v1".to_owned())), (first, 2));
    assert_eq!(with(&|git| git.commit = Some(second.to_uppercase())), (second, 3));
    assert_eq!(with(&|git| git.folder = Some("sub".to_owned())).1, 1);
}

#[test]
fn what_is_not_there_is_said() {
    let repository = repository();
    let said = |change: &dyn Fn(&mut config::Git)| {
        let mut config = config(&repository.path());
        change(&mut config);
        names(&Git::new(&config).unwrap()).unwrap_err().replace(&repository.path(), "REPOSITORY")
    };
    assert_eq!(said(&|git| git.branch = Some("gone".to_owned())), "REPOSITORY: there is no branch `gone`");
    assert_eq!(said(&|git| git.tag = Some("gone".to_owned())), "REPOSITORY: there is no tag `gone`");
    let commit = "0123456789012345678901234567890123456789";
    assert!(said(&|git| git.commit = Some(commit.to_owned())).ends_with(commit));
    assert!(said(&|git| git.folder = Some("sub/gone".to_owned())).contains("sub/gone: there is no such folder"));
    assert!(said(&|git| git.url.push_str("/gone")).contains("REPOSITORY/gone: "));
    let tree = repository.git(&["rev-parse", "HEAD^{tree}"]);
    assert!(said(&|git| git.commit = Some(tree.clone())).contains("there is no commit"));
}

fn link(target: &str, repository: &Repository, name: &str) {
    std::os::unix::fs::symlink(target, repository.file(name)).unwrap();
}

#[test]
fn what_a_tree_must_not_hold_is_refused() {
    type Change = dyn Fn(&Repository);
    let cases: [(&Change, &str); 12] = [
        (&|r| link("domain.yaml", r, "b.yaml"), "b.yaml: a symbolic link; in Git, documents are files"),
        (&|r| link("/etc/passwd", r, "README.md"), "README.md: a symbolic link leads out of the repository"),
        (&|r| link("../../x", r, "sub/x"), "sub/x: a symbolic link leads out of the repository"),
        (&|r| link("./sub/../sub", r, "team"), "team: a symbolic link to a folder"),
        (&|r| link("..", r, "sub/x"), "sub/x: a symbolic link to a folder"),
        (
            &|r| {
                link("domain.yaml", r, "x");
                link("../x/y", r, "sub/y");
            },
            "sub/y: a symbolic link to another one",
        ),
        (&|r| r.write("SUB/A.yaml", ""), "sub/a.yaml: differs from SUB/A.yaml in upper and lower case only"),
        (&|r| fs::write(r.file("b.yaml"), b"a: \xff").unwrap(), "b.yaml: is not UTF-8 at byte 3"),
        (&|r| r.write("b.yaml", &"#".repeat(50 * 1024 * 1024)), "b.yaml: has more than"),
        (&|r| r.write(&format!("{}b.yaml", "d/".repeat(40)), ""), "folders are nested too deeply"),
        (
            &|r| {
                let entry = format!("160000,{},module", r.git(&["rev-parse", "HEAD"]));
                fs::create_dir(r.file("module")).unwrap();
                r.git(&["update-index", "--add", "--cacheinfo", &entry]);
            },
            "module: a submodule",
        ),
        (
            &|r| {
                r.git(&["rm", "-rq", "."]);
                r.write("README.md", "");
            },
            "no file ends in",
        ),
    ];
    for (change, said) in cases {
        let repository = repository();
        change(&repository);
        repository.commit("wrong");
        let error = names(&Git::new(&config(&repository.path())).unwrap()).unwrap_err();
        assert!(error.contains(said), "{said}: {error}");
    }
}

#[test]
fn links_and_files_that_are_no_documents_are_nobodys_business() {
    let repository = repository();
    for (target, name) in [("LICENSE", "README.md"), ("../domain.yaml", "sub/owner"), ("domain.yaml/x", "nothing")] {
        link(target, &repository, name);
    }
    link("/etc", &repository, ".hidden");
    repository.write("LICENSE", "");
    repository.write(".github/workflow.yaml", "x");
    repository.commit("more");
    assert_eq!(names(&Git::new(&config(&repository.path())).unwrap()).unwrap(), ["domain.yaml", "sub/a.yaml"]);
}

#[test]
fn a_tree_that_holds_more_than_any_disk_is_refused() {
    let repository = repository();
    let blob = repository.git(&["hash-object", "-w", "domain.yaml"]);
    let of = |entry: &str, ending: &str, count: usize| {
        let lines: String = (0..count).map(|number| format!("{entry}\t{number}{ending}\n")).collect();
        repository.git_with(&["mktree"], &lines)
    };
    let many = of(&format!("100644 blob {blob}"), ".yaml", 100_001);
    // Ten times ten times ten …, in a few hundred bytes.
    let mut bomb = of(&format!("100644 blob {blob}"), "", 10);
    for _ in 0..15 {
        bomb = of(&format!("040000 tree {bomb}"), "", 10);
    }
    for (tree, said) in [(many, "there are more than 100000 files"), (bomb, "more than 1000000 files and folders")] {
        let commit = repository.git(&["commit-tree", "-m", "much", &tree]);
        repository.git(&["update-ref", "refs/heads/main", &commit]);
        let error = names(&Git::new(&config(&repository.path())).unwrap()).unwrap_err();
        assert!(error.contains(said), "{error}");
    }
}

#[test]
fn a_repository_behind_http_is_fetched() {
    let repository = repository();
    let first = repository.git(&["rev-parse", "HEAD"]);
    repository.git(&["tag", "-a", "-m", "first", "v1"]);
    repository.write("sub/b.yaml", &policy("b"));
    let second = repository.commit("more");
    let server = GitServer::of(&repository);
    let with = |change: &dyn Fn(&mut config::Git)| {
        let mut config = config(&server.url());
        change(&mut config);
        let git = Git::new(&config).unwrap();
        let (commit, files) = git.read().unwrap();
        assert_eq!(git.version().unwrap(), commit);
        (commit.id, files.len())
    };
    assert_eq!(with(&|_| ()), (second.clone(), 3));
    assert_eq!(with(&|git| git.branch = Some("main".to_owned())), (second, 3));
    assert_eq!(with(&|git| git.tag = Some("v1".to_owned())), (first.clone(), 2));
    assert_eq!(with(&|git| git.commit = Some(first.clone())), (first.clone(), 2));
}

#[test]
fn a_forced_push_is_followed_like_any_other() {
    let repository = repository();
    let server = GitServer::of(&repository);
    let git = Git::new(&config(&server.url())).unwrap();
    assert_eq!(names(&git).unwrap().len(), 2);
    repository.write("c.yaml", &policy("c"));
    repository.git(&["add", "."]);
    repository.git(&["commit", "-q", "--amend", "-m", "another beginning"]);
    // Nothing of what was fetched before is left on the server.
    repository.git(&["reflog", "expire", "--expire=now", "--all"]);
    repository.git(&["gc", "-q", "--prune=now"]);
    assert_eq!(names(&git).unwrap(), ["c.yaml", "domain.yaml", "sub/a.yaml"]);
    // A shallow history of the server's own is none of ours.
    let shallow = tempfile::tempdir().unwrap();
    let clone = shallow.path().to_str().unwrap();
    repository.git(&["clone", "-q", "--bare", "--depth=1", &format!("file://{}", repository.path()), clone]);
    assert_eq!(names(&Git::new(&config(clone)).unwrap()).unwrap().len(), 3);
}

#[test]
fn a_server_that_is_gone_refuses_or_knows_no_such_thing_is_said() {
    let repository = repository();
    let server = GitServer::of(&repository);
    let said = |change: &dyn Fn(&mut config::Git)| {
        let mut config = config(&server.url());
        change(&mut config);
        let git = Git::new(&config).unwrap();
        (git.version().map(|version| version.id).map_err(|error| error.to_string()), names(&git).unwrap_err())
    };
    let (look, fetch) = said(&|git| git.branch = Some("gone".to_owned()));
    assert!(look.unwrap_err().ends_with("there is no branch `gone`"), "{fetch}");
    assert!(fetch.ends_with("there is no branch `gone`"), "{fetch}");
    let (_, fetch) = said(&|git| git.commit = Some("0123456789012345678901234567890123456789".to_owned()));
    assert!(!fetch.is_empty());
    let (look, _) = said(&|git| git.url.push('x'));
    assert!(look.clone().unwrap_err().contains("no such repository"), "{look:?}");
    server.answer_by(Some("401 Unauthorized"));
    let (look, _) = said(&|_| ());
    assert!(look.clone().unwrap_err().contains("does not accept the user or password"), "{look:?}");
    server.answer_by(Some("302 Found\r\nLocation: http://127.0.0.1:1/"));
    let (look, _) = said(&|_| ());
    assert!(look.clone().unwrap_err().contains("from elsewhere"), "{look:?}");
    server.hang();
    let (look, _) = said(&|git| git.timeout = jiff::SignedDuration::from_millis(300));
    assert!(
        look.clone().unwrap_err().contains("in time") || look.clone().unwrap_err().contains("too long"),
        "{look:?}"
    );
    let (look, _) = said(&|git| git.url = "http://127.0.0.1:1/x".to_owned());
    assert!(look.clone().unwrap_err().contains("can't be reached"), "{look:?}");
}

#[test]
fn a_repository_behind_ssh_is_fetched() {
    let repository = repository();
    let folder = tempfile::tempdir().unwrap();
    let ssh = |script: &str, time: &str| {
        let program = folder.path().join("ssh");
        fs::write(&program, format!("#!/bin/sh\necho \"$@\" > {}/said\n{script}\n", folder.path().display())).unwrap();
        fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let text = format!(
            "url: 'ssh://git@host:2222{}'\nkey_file: /key\nknown_hosts_file: /hosts\ntimeout: {time}",
            repository.path()
        );
        let config = serde_saphyr::from_str(&text).unwrap();
        let mut git = Git::new(&config).unwrap();
        git.way = Way::Ssh(Ssh::new(&config).by(program));
        git
    };
    // The last argument is the command for the server's shell.
    let git = ssh("for last; do :; done; eval \"$last\"", "20s");
    let commit = repository.git(&["rev-parse", "HEAD"]);
    assert_eq!(git.version().unwrap().id, commit);
    assert_eq!(names(&git).unwrap(), ["domain.yaml", "sub/a.yaml"]);
    let said = fs::read_to_string(folder.path().join("said")).unwrap();
    for part in
        ["-F none", "-i /key", "-p 2222", "StrictHostKeyChecking=yes", "BatchMode=yes", "-- git@host git-upload"]
    {
        assert!(said.contains(part), "{part}: {said}");
    }
    let refused = ssh("echo 'Host key verification failed.' >&2; exit 255", "20s").version().unwrap_err().to_string();
    assert!(refused.contains("Host key verification failed."), "{refused}");
    let begun = std::time::Instant::now();
    let late = ssh("exec sleep 60", "300ms").version().unwrap_err().to_string();
    assert!(late.contains("took too long") && begun.elapsed() < Duration::from_secs(20), "{late}");
}

#[test]
fn only_a_commit_that_is_signed_as_it_has_to_be_is_read() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store/git/signature/fixtures");
    let repository = Repository::new();
    repository.write("domain.yaml", DOMAIN);
    repository.commit("the tree of the commits that were signed");
    let signed_by =
        Signatures { allowed_signers_file: Some(fixtures.join("allowed_signers")), openpgp_keys_file: None };
    let git = Git::new(&config::Git { signed_by: Some(signed_by), ..config(&repository.path()) }).unwrap();
    assert!(names(&git).unwrap_err().contains("is refused: it is not signed"));
    for (name, right) in [("ssh", true), ("ssh-other", false), ("openpgp-good", false), ("ssh-rsa", true)] {
        let path = fixtures.join(format!("{name}.commit"));
        let commit = repository.git(&["hash-object", "-w", "-t", "commit", path.to_str().unwrap()]);
        repository.git(&["update-ref", "refs/heads/main", &commit]);
        assert_eq!(names(&git).is_ok(), right, "{name}: {:?}", names(&git));
    }
}
