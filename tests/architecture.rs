//! Rules about the rooms of the crate that a compiler does not know: which are pure, and which may call which.

#![expect(clippy::expect_used, clippy::string_slice, reason = "a test that can't read the sources has to fail")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// What may be imported by each room: `crate::…` of these rooms only. `names` and the room itself always may.
const MAY_CALL: &[(&str, &[&str])] = &[
    ("names", &[]),
    ("sql", &[]),
    ("catalog/table", &[]),
    ("policy", &["sql", "catalog::table"]),
    ("analysis", &["sql", "policy", "catalog::table", "enforce"]),
    ("rewrite", &["sql", "policy", "catalog::table", "analysis", "enforce"]),
    ("enforce", &["sql", "policy", "catalog::table", "analysis", "rewrite"]),
    ("catalog/listing", &["catalog::table"]),
    ("effects", &["sql", "policy", "catalog::table", "catalog::listing", "analysis", "enforce"]),
    ("report", &["policy"]),
    ("import", &["sql", "policy"]),
    ("config", &["policy::matches"]),
    ("store", &["config", "policy", "proxy::connect"]),
    ("audit", &["config", "enforce"]),
    ("catalog", &["config", "sql", "proxy::connect"]),
    ("console", &["config", "enforce", "audit", "proxy::connect"]),
    ("identity", &["config", "policy", "proxy::connect"]),
];

/// Rooms whose functions depend on their arguments alone.
const PURE: &[&str] = &[
    "names",
    "sql",
    "analysis",
    "policy",
    "rewrite",
    "enforce",
    "catalog/table",
    "catalog/listing",
    "effects",
    "report",
    "import",
];

/// What a pure room must not name.
const IMPURE: &[&str] = &[
    "tokio",
    "hyper",
    "std::fs",
    "std::net",
    "std::env",
    "std::process",
    "std::thread",
    "Instant",
    "SystemTime",
    "Timestamp::now",
    "Zoned::now",
    "getrandom",
];

#[test]
fn pure_rooms_do_no_io_and_read_no_clock() {
    let mut found = Vec::new();
    for room in PURE {
        for (file, line, text) in lines_of(room) {
            for word in IMPURE {
                if names_word(&text, word) {
                    found.push(format!("{}:{line}: {word}", file.display()));
                }
            }
        }
    }
    assert!(found.is_empty(), "a pure room names what only the shell may:\n{}", found.join("\n"));
}

#[test]
fn rooms_call_only_what_comes_before_them() {
    let mut found = Vec::new();
    for (room, allowed) in MAY_CALL {
        for (file, line, text) in lines_of(room) {
            if *room == "catalog" && file.ends_with("catalog/table.rs") {
                continue;
            }
            for path in crate_paths(&text) {
                let own = room.split('/').next().unwrap_or(room);
                let fine =
                    path.starts_with("names") || path.starts_with(own) || allowed.iter().any(|a| path.starts_with(a));
                if !fine {
                    found.push(format!("{}:{line}: {room} must not call crate::{path}", file.display()));
                }
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn each_room_is_checked_or_stands_at_the_end_of_the_way() {
    let known: BTreeSet<&str> = MAY_CALL.iter().map(|(room, _)| *room).chain(["cli", "proxy", "lib", "main"]).collect();
    for entry in fs::read_dir(source()).expect("src") {
        let name = entry.expect("entry").file_name().into_string().expect("name");
        let room = name.trim_end_matches(".rs");
        assert!(known.contains(room), "src/{name} is a new room: say in tests/architecture.rs what it may call");
    }
}

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// The lines of a room's code without comments and without its unit tests.
fn lines_of(room: &str) -> Vec<(PathBuf, usize, String)> {
    let mut lines = Vec::new();
    let folder = source().join(room);
    let mut open = if folder.is_dir() { vec![folder] } else { vec![source().join(format!("{room}.rs"))] };
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(fs::read_dir(&path).expect("folder").map(|entry| entry.expect("entry").path()));
        } else if path.extension().is_some_and(|e| e == "rs")
            && !path.ends_with("tests.rs")
            && !path.ends_with("testing.rs")
            && !in_tests(&path)
        {
            let text = fs::read_to_string(&path).expect("source");
            let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
            for (number, line) in (1..).zip(code.lines()) {
                let line = line.split("//").next().unwrap_or_default();
                lines.push((path.strip_prefix(source()).expect("below src").to_owned(), number, line.to_owned()));
            }
        }
    }
    assert!(!lines.is_empty(), "src has no room {room}");
    lines
}

fn in_tests(path: &Path) -> bool {
    path.components().any(|part| part.as_os_str() == "tests")
}

fn names_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        let joins = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
        !joins(before) && !joins(after)
    })
}

fn crate_paths(line: &str) -> Vec<String> {
    line.match_indices("crate::")
        .map(|(at, found)| {
            line[at + found.len()..].chars().take_while(|c| c.is_alphanumeric() || *c == '_' || *c == ':').collect()
        })
        .collect()
}
