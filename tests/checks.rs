//! The checks of pull requests in deploy/checks do what they say: their steps are run here, in a repository of policies.

#![expect(clippy::expect_used, clippy::panic, reason = "a test that can't read its files has to fail")]

use serde_json::Value as Json;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn read(name: &str) -> Json {
    let text = fs::read_to_string(Path::new(ROOT).join(name)).expect("a check");
    serde_saphyr::from_str(&text).expect("YAML")
}

/// A repository with the sample mesh, and a change of it that is not committed: a mask less.
struct Repository {
    folder: tempfile::TempDir,
    base: String,
}

impl Repository {
    fn new() -> Repository {
        let folder = tempfile::tempdir().expect("a folder");
        copy(&Path::new(ROOT).join("policies"), &folder.path().join("policies"));
        let git = |arguments: &[&str]| {
            let identity = ["-c", "user.name=t", "-c", "user.email=t@example.test", "-c", "commit.gpgsign=false"];
            let output = Command::new("git").current_dir(folder.path()).args(identity).args(arguments).output();
            let output = output.expect("git");
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            String::from_utf8(output.stdout).expect("UTF-8")
        };
        git(&["init", "-q"]);
        git(&["add", "."]);
        git(&["commit", "-q", "-m", "policies"]);
        let base = git(&["rev-parse", "HEAD"]).trim().to_owned();
        Repository { folder, base }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Changes a file of policies.
    fn replace(&self, name: &str, old: &str, new: &str) {
        let text = fs::read_to_string(self.file(name)).expect("a file");
        assert!(text.contains(old), "{name} holds no `{old}`");
        fs::write(self.file(name), text.replace(old, new)).expect("a file");
    }

    /// Runs a script as both runners do: whether it went well, and all that it said.
    fn run(&self, script: &str) -> (bool, String) {
        let program = Path::new(env!("CARGO_BIN_EXE_sluice")).parent().expect("a folder");
        let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap_or_default());
        let output = Command::new("bash")
            .args(["-eo", "pipefail", "-c", script])
            .current_dir(self.folder.path())
            .env("PATH", path)
            .env("BASE", &self.base)
            .env("CI_MERGE_REQUEST_DIFF_BASE_SHA", &self.base)
            .env("RUNNER_TEMP", self.folder.path())
            .env("GITHUB_STEP_SUMMARY", self.file("summary.md"))
            .output()
            .expect("bash");
        (output.status.success(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let path = entry.expect("an entry").path();
        let target = to.join(path.file_name().expect("a name"));
        if path.is_dir() { copy(&path, &target) } else { _ = fs::copy(&path, &target).expect("a file") }
    }
}

/// The step of a name.
fn step<'s>(workflow: &'s Json, name: &str) -> &'s str {
    let steps = workflow.pointer("/jobs/policies/steps").and_then(Json::as_array).expect("steps");
    let step = steps.iter().find(|step| step.get("name").and_then(Json::as_str) == Some(name));
    step.and_then(|step| step.get("run")).and_then(Json::as_str).unwrap_or_else(|| panic!("no step `{name}`"))
}

#[test]
fn the_check_for_github_tells_what_is_wrong_and_who_gains() {
    let workflow = read("deploy/checks/github.yml");
    // Named so, this shell fails where any part of a pipe does, as the steps are run here.
    assert_eq!(workflow.pointer("/defaults/run/shell").and_then(Json::as_str), Some("bash"));
    let repository = Repository::new();
    for name in ["check", "test", "who gains and who loses"] {
        let (well, said) = repository.run(step(&workflow, name));
        assert!(well, "{name}: {said}");
    }
    // A team's own rule is dropped: the check has nothing against it, the test has, and the comment says who gains.
    let filter = "    - expression: region = ${user.attributes.region}\n";
    repository.replace("policies/hr/access.yaml", filter, "    - expression: \"true\"\n");
    assert!(repository.run(step(&workflow, "check")).0);
    let (well, said) = repository.run(step(&workflow, "test"));
    assert!(!well && said.contains("filters"), "{said}");
    let (well, said) = repository.run(step(&workflow, "who gains and who loses"));
    assert!(well, "{said}");
    for name in ["diff.md", "summary.md"] {
        assert!(fs::read_to_string(repository.file(name)).expect("Markdown").contains("lake.hr.employees"), "{name}");
    }
    // What is wrong is a message at its line.
    repository.replace("policies/hr/access.yaml", "privileges: [all]", "privileges: [al]");
    let (well, said) = repository.run(step(&workflow, "check"));
    assert!(!well && said.contains("::error file=policies/hr/access.yaml,line="), "{said}");
}

#[test]
fn the_check_for_gitlab_reports_tests_and_who_gains() {
    let file = read("deploy/checks/gitlab.yml");
    let lines = file.pointer("/policies/script").and_then(Json::as_array).expect("a script");
    let script = lines.iter().filter_map(Json::as_str).collect::<Vec<_>>().join("\n");
    let repository = Repository::new();
    let (well, said) = repository.run(&script);
    assert!(well, "{said}");
    let report = fs::read_to_string(repository.file("tests.xml")).expect("a report");
    assert!(report.contains("<testsuite") && !report.contains("<failure"), "{report}");
    let filter = "    - expression: region = ${user.attributes.region}\n";
    repository.replace("policies/hr/access.yaml", filter, "    - expression: \"true\"\n");
    let (well, said) = repository.run(&script);
    let report = fs::read_to_string(repository.file("tests.xml")).expect("a report");
    assert!(!well && report.contains("<failure") && said.contains("coverage:"), "{said}");
}
