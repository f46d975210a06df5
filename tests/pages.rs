//! The pages of the repository lead to each other: no link is dead, and the README leads to each page.

#![expect(clippy::expect_used, reason = "a test that can't read its files has to fail")]

use std::fs;
use std::path::{Path, PathBuf};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn pages() -> Vec<PathBuf> {
    let root = Path::new(ROOT);
    let names = ["README.md", "ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "policies/README.md"];
    let mut pages: Vec<PathBuf> = names.iter().map(|name| root.join(name)).collect();
    for entry in fs::read_dir(root.join("docs")).expect("docs") {
        pages.push(entry.expect("an entry").path());
    }
    pages
}

/// Where a page's links within the repository lead: the part before `#`, and the one behind it.
fn links(text: &str) -> Vec<(String, Option<String>)> {
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target);
    targets
        .filter(|target| !target.contains("://") && !target.contains(char::is_whitespace))
        .map(|target| match target.split_once('#') {
            Some((file, anchor)) => (file.to_owned(), Some(anchor.to_owned())),
            None => (target.to_owned(), None),
        })
        .collect()
}

/// The name by which a heading is linked to.
fn anchor(heading: &str) -> String {
    let kept = heading.trim_matches(['#', ' ']).chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

#[test]
fn no_link_is_dead() {
    let mut dead = Vec::new();
    for page in pages() {
        let text = fs::read_to_string(&page).expect("a page");
        for (file, wanted) in links(&text) {
            let target = if file.is_empty() { page.clone() } else { page.parent().expect("a folder").join(&file) };
            let there = match (&wanted, target.is_file()) {
                (Some(wanted), true) => {
                    let of_target = fs::read_to_string(&target).expect("a page");
                    of_target.lines().any(|line| line.starts_with('#') && anchor(line) == *wanted)
                }
                _ => target.exists(),
            };
            if !there {
                dead.push(format!("{}: {file}#{}", page.display(), wanted.unwrap_or_default()));
            }
        }
    }
    assert!(dead.is_empty(), "{}", dead.join("\n"));
}

#[test]
fn the_readme_leads_to_each_page() {
    let readme = fs::read_to_string(Path::new(ROOT).join("README.md")).expect("the README");
    let linked: Vec<String> = links(&readme).into_iter().map(|(file, _)| file).collect();
    for page in pages() {
        let name = page.strip_prefix(ROOT).expect("of the repository").to_string_lossy().into_owned();
        let known = ["README.md", "policies/README.md"].contains(&name.as_str()) || linked.contains(&name);
        assert!(known, "{name} is not linked from the README");
    }
}

/// What stands in backquotes.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

#[test]
fn each_test_that_a_page_names_exists() {
    let cases = fs::read_to_string(Path::new(ROOT).join("tests/attacks/cases.jsonl")).expect("cases of attacks");
    let mut missing = Vec::new();
    for (page, least) in [("docs/threat-model.md", 60), ("docs/operators.md", 40)] {
        let text = fs::read_to_string(Path::new(ROOT).join(page)).expect("a page");
        let mut named = 0;
        for (place, test) in code(&text).filter_map(|code| code.split_once(": ")) {
            let there = match place {
                "attacks" => cases.contains(&format!("\"category\": \"{test}\"")),
                _ if place.starts_with("src/") || place.starts_with("tests/") => {
                    let text = fs::read_to_string(Path::new(ROOT).join(place)).unwrap_or_default();
                    if place.ends_with(".rs") { text.contains(&format!("fn {test}(")) } else { text.contains(test) }
                }
                _ => continue,
            };
            named += 1;
            if !there {
                missing.push(format!("{page}: {place}: {test}"));
            }
        }
        assert!(named > least, "{page} names {named} tests");
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}
