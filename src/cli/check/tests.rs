//! How the command ends, and what it says.

use super::*;
use std::fs;

const DOMAIN: &str = "apiVersion: sluice/v1\nkind: Domain\nmetadata: {name: all}\nspec: {central: true}\n";
const BROAD: &str = "---\napiVersion: sluice/v1\nkind: AccessPolicy\nmetadata: {name: broad, domain: all}\nspec:\n  \
    tables: [{catalog: '*', schema: '*', table: '*'}]\n  grants:\n    - to: {everyone: true}\n      privileges: [select]\n";

#[derive(clap::Parser)]
struct Command {
    #[command(flatten)]
    arguments: Arguments,
}

/// Exit code, standard output and standard error.
fn check(text: Option<&str>, output: Output, deny_warnings: bool) -> (u8, String, String) {
    let output = output.to_possible_value().unwrap();
    let words = ["--output", output.get_name()].into_iter().chain(deny_warnings.then_some("--deny-warnings"));
    run(text, &words.collect::<Vec<_>>())
}

/// The same by words; `FOLDER` stands for the folder.
fn run(text: Option<&str>, words: &[&str]) -> (u8, String, String) {
    let folder = tempfile::tempdir().unwrap();
    if let Some(text) = text {
        fs::write(folder.path().join("a.yaml"), text).unwrap();
    }
    let name = slashed(folder.path());
    let words = ["check", &name].into_iter().chain(words.iter().copied()).map(|word| word.replace("FOLDER", &name));
    let Command { arguments } = clap::Parser::parse_from(words);
    let (mut out, mut messages) = (Vec::new(), Vec::new());
    let code = arguments.check(&mut anstream::StripStream::new(&mut out), &mut messages).unwrap();
    let messages = anstream::adapter::strip_bytes(&messages).into_vec();
    let plain = |bytes| String::from_utf8(bytes).unwrap().replace(&name, "FOLDER");
    (code, plain(out), plain(messages))
}

#[test]
fn right_policies_end_with_0() {
    let (code, out, messages) = check(Some(DOMAIN), Output::Text, true);
    assert_eq!((code, messages.as_str()), (0, ""));
    assert!(out.starts_with("FOLDER: right, 0 access policies, revision "), "{out}");
}

#[test]
fn wrong_policies_end_with_1_and_are_shown_like_a_compiler_does() {
    let (code, out, messages) = check(Some(&DOMAIN.replace("central", "centrl")), Output::Text, false);
    assert_eq!((code, out.as_str()), (1, ""));
    insta::assert_snapshot!(messages);
}

#[test]
fn wrong_policies_are_data_for_other_programs() {
    let (code, out, messages) = check(Some(&DOMAIN.replace("central", "centrl")), Output::Json, false);
    assert_eq!((code, messages.as_str()), (1, ""));
    insta::assert_snapshot!(out);
}

#[test]
fn wrong_policies_are_a_sarif_log_for_code_scanning() {
    let (code, out, messages) = check(Some(&DOMAIN.replace("central", "centrl")), Output::Sarif, false);
    assert_eq!((code, messages.as_str()), (1, ""));
    insta::assert_snapshot!(out);
}

#[test]
fn warnings_alone_end_with_0_unless_they_are_denied() {
    let text = format!("{DOMAIN}{BROAD}");
    let (code, out, messages) = check(Some(&text), Output::Text, false);
    assert_eq!(code, 0);
    assert!(out.starts_with("FOLDER: right, 1 access policy, 1 warning, revision "), "{out}");
    insta::assert_snapshot!(messages);
    assert_eq!(check(Some(&text), Output::Text, true).0, 1);
}

#[test]
fn warnings_are_workflow_commands_for_github() {
    let (code, out, messages) = check(Some(&format!("{DOMAIN}{BROAD}")), Output::Github, false);
    assert_eq!(code, 0);
    assert!(messages.starts_with("FOLDER: right, "), "{messages}");
    insta::assert_snapshot!(out);
}

const OVER: &str = "---
apiVersion: sluice/v1
kind: AccessPolicy
metadata: {name: over, domain: all}
spec:
  tables: [{catalog: lake, schema: hr, table: employees}]
  grants:
    - to: {groups: [a]}
      privileges: [select]
      validity: {until: 2026-05-01T00:00:00Z}
  impersonate:
    - {to: {users: [b]}, users: [c], validity: {until: 2026-05-02T00:00:00Z}}
  masks:
    - {column: email, expression: \"NULL\", validity: {from: 2026-05-01T00:00:00Z}}
---
apiVersion: sluice/v1
kind: Exception
metadata: {name: past, domain: all}
spec:
  reason: r
  ticket: t
  approvers: [o]
  from: 2026-04-01T00:00:00Z
  until: 2026-04-02T00:00:00Z
  to: {groups: [a]}
  tables: [{catalog: lake, schema: hr, table: employees}]
  privileges: [select, insert]
";

#[test]
fn rules_that_are_over_are_told_as_of_a_time() {
    let text = format!("{}{OVER}", DOMAIN.replace("{central: true}", "{central: true, owners: [o]}"));
    let told = |at: &str| run(Some(&text), &["--at", at]);
    let (code, out, messages) = told("2026-05-03T00:00:00Z");
    assert!(code == 0 && out.contains("right, 2 access policies, 3 warnings"), "{out}");
    insta::assert_snapshot!(messages);
    assert_eq!(told("2026-04-01T00:00:00Z").2, "");
    let (code, _, messages) = told("yesterday");
    assert!(code == 2 && messages.contains("`yesterday` is no time"), "{messages}");
}

const NAMES: &str = "---
apiVersion: sluice/v1
kind: Domain
metadata: {name: hr}
spec: {owns: [{catalog: lake, schema: hr}, {catalog: lake, schema: hr, table: past_*}]}
---
apiVersion: sluice/v1
kind: Tags
metadata: {name: hr, domain: hr}
spec:
  tables:
    - {table: employees, tags: [people], columns: {emial: [pii.mail], name: [pii.name]}}
    - {table: reviews, tags: [notes], columns: {note: [pii.note]}}
---
apiVersion: sluice/v1
kind: AccessPolicy
metadata: {name: reads, domain: hr}
spec:
  tables: [{table: employes}, {table: e*}, {tag: notes}]
  grants:
    - {to: {groups: [a]}, privileges: [select], columns: {only: [id, Name, salery, \"*_note\"]}}
    - {to: {groups: [b]}, privileges: [select], columns: {exceptTagged: [pii.mail, pii.name]}}
  masks:
    - {column: region, expression: \"NULL\"}
    - {tag: pii.note, expression: \"NULL\"}
---
apiVersion: sluice/v1
kind: AccessPolicy
metadata: {name: others, domain: all}
spec:
  tables: [{catalog: lake, schema: hrr, table: employees}, {catalog: lke, schema: hr, table: \"*\"}]
  grants: [{to: {groups: [a]}, privileges: [insert]}]
";

#[test]
fn names_that_no_table_has_are_told_by_a_listing() {
    let folder = tempfile::tempdir().unwrap();
    let listing = folder.path().join("listing.json");
    let columns = ["id", "name", "email", "salary"].map(|name| format!(r#"{{"name": "{name}", "type": "varchar"}}"#));
    let text = format!(r#"{{"tables": {{"lake.hr.employees": {{"columns": [{}]}}}}}}"#, columns.join(", "));
    fs::write(&listing, text).unwrap();
    let policies = format!("{DOMAIN}{NAMES}");
    let (code, _, messages) = run(Some(&policies), &["--catalog", listing.to_str().unwrap()]);
    assert_eq!(code, 0);
    insta::assert_snapshot!(messages);
    assert_eq!(run(Some(&policies), &[]).2, "", "without a listing nothing is told");
    let (code, _, messages) = run(Some(&policies), &["--catalog", "FOLDER/none.json"]);
    assert!(code == 2 && messages.contains("none.json: No such file"), "{messages}");
}

#[test]
fn names_that_no_table_has_are_told_by_a_trino() {
    let (_runtime, fake) = trino::fake();
    let policies = format!("{DOMAIN}{NAMES}");
    let (code, _, messages) = run(Some(&policies), &["--against-trino", fake.url(), "--trino-user", "reader"]);
    assert!(code == 0 && messages.contains("there is no table `lake.hr.employes`"), "{messages}");
    assert!(messages.contains("has no column `emial`") && messages.contains("did you mean `email`?"), "{messages}");
    assert_eq!(fake.header("x-trino-user"), "reader");
}

#[test]
fn a_trino_that_does_not_answer_ends_with_2() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (code, out, messages) = run(Some(DOMAIN), &["--against-trino", &format!("http://{free}")]);
    assert!(code == 2 && out.is_empty() && messages.starts_with("error: the catalogs: "), "{messages}");
}

#[test]
fn a_mask_that_can_not_hold_for_a_column_of_a_listing_ends_with_1() {
    let folder = tempfile::tempdir().unwrap();
    let listing = folder.path().join("listing.json");
    let masks = BROAD.replace("name: broad", "name: masks").split("  grants").next().unwrap().to_owned();
    let text = format!("{DOMAIN}{masks}  masks:\n    - {{column: born, mask: year}}\n");
    let columns = r#"{"tables": {"lake.hr.people": {"columns": [{"name": "born", "type": "bigint"}]}}}"#;
    fs::write(&listing, columns).unwrap();
    let code = |words: &[&str]| run(Some(&text), words).0;
    assert_eq!((code(&[]), code(&["--catalog", "FOLDER/none.json"])), (0, 2));
    let (code, _, messages) = run(Some(&text), &["--catalog", listing.to_str().unwrap()]);
    assert_eq!(code, 1);
    insta::assert_snapshot!(messages);
}

#[test]
fn an_empty_folder_ends_with_2() {
    let (code, out, messages) = check(None, Output::Json, false);
    assert_eq!((code, out.as_str()), (2, ""));
    assert_eq!(messages, "error: FOLDER: no file ends in .yaml, .yml or .json\n");
}
