//! Conditions as a table, and the words about what is none.

use super::*;
use core::net::IpAddr;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::thread;

pub(super) fn set(words: &[&str]) -> BTreeSet<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// All that the cases know.
pub(super) struct Known {
    groups: BTreeSet<String>,
    roles: BTreeSet<String>,
    attributes: BTreeMap<String, BTreeSet<String>>,
    tags: BTreeSet<String>,
}

pub(super) fn known() -> Known {
    let attributes = [("department", &["audit"][..]), ("cost-center", &["4711"]), ("region", &["EU", "UK"])];
    Known {
        groups: set(&["analysts", "everyone"]),
        roles: set(&["planners"]),
        attributes: attributes.into_iter().map(|(name, values)| (name.to_owned(), set(values))).collect(),
        tags: set(&["etl", "nightly"]),
    }
}

impl Known {
    pub(super) fn circumstances(&self) -> Circumstances<'_> {
        Circumstances {
            user: Some("amal"),
            groups: Some(&self.groups),
            roles: Some(&self.roles),
            attributes: Some(&self.attributes),
            source: Some("superset"),
            client_tags: Some(&self.tags),
            catalog: Some("lake"),
            schema: Some("sales"),
            purpose: Some("fraud"),
            // As a listener of both kinds sees a client of IPv4.
            address: Some("::ffff:10.1.2.3".parse::<IpAddr>().unwrap()),
            time: Some("2026-07-01T12:30:59Z".parse::<Timestamp>().unwrap()),
        }
    }
}

pub(super) fn without<'a>(mut known: Circumstances<'a>, input: &str) -> Circumstances<'a> {
    match input {
        "user" => known.user = None,
        "groups" => known.groups = None,
        "roles" => known.roles = None,
        "attributes" => known.attributes = None,
        "source" => known.source = None,
        "tags" => known.client_tags = None,
        "catalog" => known.catalog = None,
        "schema" => known.schema = None,
        "purpose" => known.purpose = None,
        "address" => known.address = None,
        "time" => known.time = None,
        other => panic!("{other} is no input"),
    }
    known
}

pub(super) fn lines(cases: &str) -> impl Iterator<Item = &str> {
    cases.lines().filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// The conditions of the cases.
pub(super) fn conditions() -> impl Iterator<Item = &'static str> {
    lines(include_str!("cases.txt")).map(|line| {
        let (condition, _) = line.rsplit_once(" => ").unwrap();
        condition.rsplit_once(" without ").map_or(condition, |(condition, _)| condition)
    })
}

#[test]
fn a_condition_has_the_truth_that_the_table_says() {
    let known = known();
    let mut wrong = String::new();
    for line in lines(include_str!("cases.txt")) {
        let (condition, expected) = line.rsplit_once(" => ").unwrap();
        let (condition, circumstances) = match condition.rsplit_once(" without ") {
            Some((condition, input)) => (condition, without(known.circumstances(), input)),
            None => (condition, known.circumstances()),
        };
        let got = match Condition::parse(condition) {
            Err(error) => format!("error: {error}"),
            Ok(condition) => match condition.evaluate(&circumstances) {
                Truth::True => "true".to_owned(),
                Truth::False => "false".to_owned(),
                Truth::Unknown(why) => format!("unknown: {why}"),
            },
        };
        if got != expected {
            let _ = writeln!(wrong, "{line}\n    is {got}");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn what_is_no_condition_is_refused_with_its_place() {
    let mut told = String::new();
    for text in lines(include_str!("refused.txt")) {
        match Condition::parse(text) {
            Ok(_) => panic!("{text} was taken"),
            Err(ConditionError { at, message, help }) => {
                let before = text.get(..at.start).unwrap().chars().count();
                let carets = "^".repeat(text.get(at).unwrap().chars().count().max(1));
                let _ = writeln!(told, "{text}\n{}{carets} {message}", " ".repeat(before));
                if let Some(help) = help {
                    let _ = writeln!(told, "  help: {help}");
                }
                told.push('\n');
            }
        }
    }
    insta::assert_snapshot!(told);
}

#[test]
fn the_bounds_are_told() {
    let told = |text: String| Condition::parse(&text).map(|_| ()).map_err(|error| error.message);
    let refused = |message: &str| Err(message.to_owned());
    assert_eq!(told(String::new()), refused("a condition can't be empty"));
    assert_eq!(
        told(format!("user.name == '{}'", "a".repeat(MOST_BYTES))),
        refused("a condition has at most 4096 bytes")
    );
    assert_eq!(told(format!("{}true", "true ? true : ".repeat(17))), refused("a condition has at most 16 `?`"));
    assert_eq!(told(format!("{}true", "true ? true : ".repeat(16))), Ok(()));
    assert_eq!(
        told(format!("{}true{}", "!(".repeat(40), ")".repeat(40))),
        refused("a condition nests at most 32 deep")
    );
    assert_eq!(told(format!("{}true{}", "(".repeat(30), ")".repeat(30))), Ok(()));
    assert_eq!(told(format!("1{} == 2", " + 1".repeat(500))), refused("operators nest at most 128 deep"));
    assert_eq!(told(format!("true{}", " || true".repeat(500))), Ok(()));
}

#[test]
fn no_list_makes_an_evaluation_long() {
    let condition = Condition::parse("user.groups.all(g, (g + g).contains('x') || g == g)").unwrap();
    let many: BTreeSet<String> = (0..100_000).map(|number| format!("group-{number}")).collect();
    let circumstances = Circumstances { groups: Some(&many), ..Circumstances::default() };
    assert_eq!(condition.evaluate(&circumstances), Truth::Unknown(Why::TooCostly));
    let few: BTreeSet<String> = many.into_iter().take(5_000).collect();
    let circumstances = Circumstances { groups: Some(&few), ..Circumstances::default() };
    assert_eq!(condition.evaluate(&circumstances), Truth::True);
}

#[test]
fn a_condition_says_what_it_reads() {
    let reads = |text: &str| {
        let condition = Condition::parse(text).unwrap();
        condition.reads().iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(reads("true"), "");
    assert_eq!(reads("user.name == 'a' || 'g' in user.groups"), "user.name user.groups");
    assert_eq!(
        reads("has(user.attributes.a) && user.attributes['b-c'] == 'x' && 'd' in user.attributes"),
        "user.attributes.a user.attributes['b-c'] user.attributes.d"
    );
    assert_eq!(
        reads("true ? request.address.in_network('::/0') : request.time.getHours() > 1"),
        "request.address request.time"
    );
    assert_eq!(reads("session.client_tags.exists(t, t == session.source)"), "session.source session.client_tags");
    assert_eq!(
        reads("session.catalog + session.schema == request.purpose"),
        "session.catalog session.schema request.purpose"
    );
    assert_eq!(reads("user.roles.size() > 1"), "user.roles");
}

#[test]
fn a_condition_can_be_shared_between_threads() {
    fn shared<T: Send + Sync + Clone + std::fmt::Debug + 'static>(_: &T) {}
    shared(&Condition::parse("true").unwrap());
}

/// On a stack as small as a worker's may be.
fn on_a_small_stack(text: String) {
    let tried = thread::Builder::new().stack_size(1024 * 1024).spawn(move || match Condition::parse(&text) {
        Ok(condition) => drop(condition.evaluate(&known().circumstances())),
        Err(error) => assert!(text.get(error.at.clone()).is_some(), "{text:?}: {error:?}"),
    });
    assert!(tried.unwrap().join().is_ok());
}

#[test]
fn what_nests_or_goes_on_as_far_as_it_may_stays_on_a_small_stack() {
    for piece in [
        "(",
        "[",
        "{",
        "!",
        "-",
        "!-",
        "a.",
        "a(",
        ".a()",
        "1?",
        "1?1:",
        "1+",
        "1<",
        "true||",
        "has(",
        "a.exists(a,",
        "a[",
        "{1:",
        "a{b:",
        "(1||1&&1<1+1*",
        "!(",
        "-(",
        "[[1,",
        "'",
        "f(1,",
        "x.map(x,",
        "x.filter(x,x==",
    ] {
        on_a_small_stack(piece.repeat(MOST_BYTES / piece.len()));
        on_a_small_stack(format!("1{}", piece.repeat((MOST_BYTES - 2) / piece.len())));
        on_a_small_stack(format!("a{}1", piece.repeat(MOST_DEPTH)));
    }
}
