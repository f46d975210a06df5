//! `rules.json` files of Trino beside the documents that come of them, and what is said about what has no counterpart.

#![expect(clippy::expect_used, reason = "a test that can't read its files has to fail")]

use sluice::import::{Note, Options, import};
use sluice::policy::{SourceFile, compile};
use std::fs;
use std::path::{Path, PathBuf};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn options() -> Options {
    Options { domain: "trino".to_owned(), users: vec!["dev_anna".to_owned(), "zoe@corp".to_owned()], groups: None }
}

fn told(notes: &[Note], text: &str) -> String {
    notes.iter().map(|note| note.render("rules.json", text, false) + "\n\n").collect()
}

#[test]
fn each_file_of_rules_becomes_the_documents_beside_it() {
    let mut cases: Vec<PathBuf> = fs::read_dir(folder("tests/import/cases"))
        .expect("cases")
        .map(|entry| entry.expect("entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect();
    cases.sort();
    insta::with_settings!({snapshot_path => "import/cases", prepend_module_to_snapshot => false, omit_expression => true}, {
        for case in cases {
            let name = case.file_stem().expect("name").to_str().expect("UTF-8").to_owned();
            let text = fs::read_to_string(&case).expect("case");
            match import("rules.json", &text, &options()) {
                Ok(imported) => {
                    let file = SourceFile { path: "trino-rules.yaml".to_owned(), text: imported.text.clone() };
                    compile(vec![file]).unwrap_or_else(|problems| panic!("{name}: {problems}"));
                    insta::assert_snapshot!(name, format!("{}\n{}", imported.text, told(&imported.notes, &text)));
                }
                Err(problems) => insta::assert_snapshot!(name, told(&problems, &text)),
            }
        }
    });
}

/// The text of the fenced block of a page that begins with a line.
fn block<'p>(page: &'p str, fence: &str) -> &'p str {
    let (_, after) = page.split_once(&format!("```{fence}\n")).expect("the block");
    after.split_once("```").expect("its end").0
}

#[test]
fn the_page_about_the_import_says_what_happens() {
    let page = fs::read_to_string(folder("docs/import.md")).expect("the page");
    let rules = block(&page, "json file=rules.json");
    let shell = tempfile::tempdir().expect("folder");
    fs::write(shell.path().join("rules.json"), rules).expect("rules");
    let console = block(&page, "console");
    let (command, printed) = console.split_once('\n').expect("a command");
    let run = || {
        std::process::Command::new(env!("CARGO_BIN_EXE_sluice"))
            .args(command.strip_prefix("$ sluice ").expect("sluice").split(' '))
            .current_dir(shell.path())
            .output()
            .expect("it runs")
    };
    let output = run();
    assert!(output.status.success());
    assert_eq!(String::from_utf8_lossy(&output.stderr), printed);
    let written = fs::read_to_string(shell.path().join("policies/trino-rules.yaml")).expect("policies");
    assert_eq!(written, block(&page, "yaml file=policies/trino-rules.yaml"));
    let again = run();
    assert_eq!(again.status.code(), Some(2), "a file that is there is not replaced");
    assert!(String::from_utf8_lossy(&again.stderr).contains("error: policies/trino-rules.yaml: File exists"));
}
