//! The JSON Schema of policy documents, as editors use it, and the reference that is written from it.

#![expect(clippy::expect_used, clippy::panic, reason = "a test that can't read its files has to fail")]

use serde_json::Value as Json;
use sluice::policy::{self, Kind, SourceFile};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn read(name: &str) -> String {
    fs::read_to_string(folder(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn sluice(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_sluice")).args(arguments).current_dir(folder("")).output();
    let output = output.expect("sluice");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn what_is_written_by_the_program_is_what_it_writes() {
    for (page, arguments) in [
        ("docs/policy-reference.md", &["schema", "--output", "markdown"][..]),
        ("policies/CODEOWNERS", &["codeowners", "policies", "--organisation", "acme"]),
    ] {
        assert!(read(page) == sluice(arguments), "{page} is not what `sluice {}` writes: make reference", arguments[0]);
    }
}

#[test]
fn the_reference_knows_each_form_of_the_schema() {
    let page = read("docs/policy-reference.md");
    for (number, line) in page.lines().enumerate() {
        assert!(!line.split('|').any(|cell| cell.contains('?')), "line {}: {line}", number + 1);
        // A link within the page leads to a heading.
        for target in line.split("](#").skip(1).filter_map(|rest| rest.split_once(')')) {
            let heads = |head: &str| head.starts_with('#') && head.trim_matches(['#', ' ']).to_lowercase() == target.0;
            assert!(page.lines().any(heads), "line {}: no heading `{}`", number + 1, target.0);
        }
    }
}

#[test]
fn the_examples_are_right_together_and_their_tests_pass() {
    let examples = Kind::all();
    let file = |kind: &Kind| SourceFile { path: format!("{}.yaml", kind.name), text: kind.example.to_owned() };
    let files: Vec<SourceFile> = examples.iter().map(file).collect();
    let snapshot = policy::compile(files.clone()).unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(policy::lint(files.clone(), &snapshot).to_string(), "");
    let suite = policy::tests_of(files).unwrap_or_else(|problems| panic!("{problems}"));
    let results = sluice::effects::trial::run(&snapshot, &suite, jiff::Timestamp::UNIX_EPOCH, &mut |_, _| ());
    for test in &results.tests {
        assert!(test.differences.is_empty(), "{}: {:?}", test.name, test.differences);
    }
    for kind in &examples {
        let documents = documents(kind.example);
        assert!(documents.iter().all(|document| document["kind"] == kind.name), "{}", kind.name);
    }
}

/// The documents of a text that is YAML, with its merge keys as they stand there.
fn parsed(text: &str) -> Result<Vec<Json>, serde_saphyr::Error> {
    let options = serde_saphyr::options! { merge_keys: serde_saphyr::MergeKeyPolicy::AsOrdinary };
    serde_saphyr::from_multiple_with_options(text, options)
}

fn documents(text: &str) -> Vec<Json> {
    parsed(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn validator() -> jsonschema::Validator {
    let schema: Json = serde_json::from_str(&sluice(&["schema"])).expect("JSON");
    jsonschema::draft202012::meta::validate(&schema).expect("a schema");
    jsonschema::validator_for(&schema).expect("a schema")
}

/// What a schema finds wrong with a document.
fn wrong(validator: &jsonschema::Validator, document: &Json) -> Vec<String> {
    validator.iter_errors(document).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

/// All files below a folder with one of these endings.
fn below(name: &str, endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder(name)).unwrap_or_else(|error| panic!("{name}: {error}")) {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(below(path.to_str().expect("UTF-8"), endings));
        } else if endings.iter().any(|ending| path.extension().is_some_and(|found| found == *ending)) {
            found.push(path);
        }
    }
    found
}

#[test]
fn the_schema_takes_each_document_that_is_right() {
    let validator = validator();
    let mut count = 0;
    let mut check = |from: &str, text: &str| {
        for document in documents(text).iter().filter(|document| !document.is_null()) {
            assert_eq!(wrong(&validator, document), Vec::<String>::new(), "{from}: {document}");
            count += 1;
        }
    };
    let mut files = [below("policies", &["yaml"]), below("tests/policies/hardly-meant", &["yaml"])].concat();
    for entry in fs::read_dir(folder("tests")).expect("tests") {
        let policies = entry.expect("an entry").path().join("policies");
        if policies.is_dir() {
            files.extend(below(policies.to_str().expect("UTF-8"), &["yaml"]));
        }
    }
    files.extend([folder("benches/shop/policies.yaml"), folder("src/enforce/tests/policies.yaml")]);
    for file in files.iter().filter(|file| !file.starts_with(folder("tests/policies/wrong"))) {
        check(&file.display().to_string(), &fs::read_to_string(file).expect("a file"));
    }
    for page in below("docs", &["md"]).into_iter().chain([folder("README.md")]) {
        let text = fs::read_to_string(&page).expect("a page");
        for block in text.split("\n```yaml").skip(1).filter_map(|rest| rest.split_once('\n')) {
            let block = block.1.split_once("\n```").map_or(block.1, |(block, _)| block);
            // What the page shows to be wrong, and what is no policy document.
            let shown_wrong = block.contains("slaes");
            if block.contains("apiVersion: sluice/v1") && !shown_wrong {
                check(&page.display().to_string(), block);
            }
        }
    }
    assert!(count > 120, "{count}");
    let list = Json::Array(documents(Kind::all()[0].example));
    assert_eq!(wrong(&validator, &list), Vec::<String>::new());
}

/// What a schema can see of a document, by the code of the problem.
const SEEN: &[&str] = &["unknown-field", "unknown-kind", "unknown-word", "wrong-type"];

#[test]
fn the_schema_refuses_what_it_can_see() {
    let validator = validator();
    let mut cases = below("tests/policies/wrong", &["yaml"]);
    cases.sort();
    let mut said = String::new();
    for case in &cases {
        let name = case.file_stem().expect("a name").to_str().expect("UTF-8");
        let found: Vec<String> = match parsed(&fs::read_to_string(case).expect("a case")) {
            Ok(documents) => documents.iter().flat_map(|document| wrong(&validator, document)).collect(),
            // What is no YAML is for the parser to refuse.
            Err(_) => continue,
        };
        let told = fs::read_to_string(case.with_extension("snap")).expect("what is told of it");
        if SEEN.iter().any(|code| told.contains(&format!("error[{code}]"))) {
            assert!(!found.is_empty(), "{name}: the schema takes it");
        }
        if !found.is_empty() {
            said.push_str(&format!("{name}\n"));
        }
        for problem in found {
            said.push_str(&format!("    {problem}\n"));
        }
    }
    insta::with_settings!({snapshot_path => "policies", prepend_module_to_snapshot => false, omit_expression => true}, {
        insta::assert_snapshot!("seen-by-the-schema", said);
    });
}
