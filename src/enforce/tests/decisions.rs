//! A decision is used again where all that it was made from is the same, and nowhere else.

use super::compile;
use super::mesh::{POLICIES, SNAPSHOT, answer, session};
use crate::analysis::session::Session;
use crate::catalog::table::{Column, Known, Need, Table, TableKind, Tables};
use crate::enforce::{Aids, Decision, Decisions, Enforced, Options, Outcome, Request, Stage, enforce};
use crate::policy::{Snapshot, Subject};
use std::sync::Arc;

const SQL: &str = "SELECT name, email FROM employees";

/// A request that owns what it holds.
struct Asked {
    sql: String,
    session: Session,
    subject: Subject,
    snapshot: Arc<Snapshot>,
    options: Options,
    /// What Trino says of a table where it says something else than usual.
    changed: Option<(Need, Known)>,
}

impl Asked {
    fn new() -> Asked {
        Asked {
            sql: SQL.to_owned(),
            session: session("lake.hr"),
            subject: SNAPSHOT.subject("analyst", &[]),
            snapshot: Arc::new(compile(POLICIES)),
            options: Options::TESTS,
            changed: None,
        }
    }

    fn with(change: impl FnOnce(&mut Asked)) -> Asked {
        let mut asked = Asked::new();
        change(&mut asked);
        asked
    }

    /// The decision, whether it was made before, and how often Trino was asked.
    fn decide(&self, decisions: &Decisions) -> (Arc<Decision>, bool, usize) {
        let mut tables = Tables::default();
        for rounds in 0..20 {
            let Asked { sql, session, subject, snapshot, options, .. } = self;
            let request = Request { sql, session, subject, snapshot, tables: &tables, options, aids: Aids::default() };
            let recalled = decisions.recall(&request, &mut |stage| assert_eq!(stage, Stage::Recall));
            let made_before = recalled.is_some();
            match recalled.unwrap_or_else(|| enforce(&request, &mut |_| ())) {
                Enforced::Decided(decision) => {
                    if !made_before {
                        decisions.keep(&request, &decision);
                    }
                    return (decision, made_before, rounds);
                }
                Enforced::Needs(needs) => {
                    for need in needs {
                        let changed = self.changed.as_ref().filter(|(of, _)| *of == need);
                        let known = changed.map_or_else(|| answer(&need), |(_, known)| known.clone());
                        tables.insert(need, known);
                    }
                }
            }
        }
        panic!("it asks and asks");
    }
}

fn decisions() -> Decisions {
    Decisions::new(1024 * 1024)
}

#[test]
fn an_equal_request_gets_the_decision_that_was_made() {
    let decisions = decisions();
    let (first, made_before, _) = Asked::new().decide(&decisions);
    assert!(!made_before);
    let (second, made_before, _) = Asked::new().decide(&decisions);
    assert!(made_before && Arc::ptr_eq(&first, &second));
    assert!(matches!(&second.outcome, Outcome::Forward(guarded) if guarded.restricted()));
}

#[test]
fn a_refusal_is_used_again_too() {
    let decisions = decisions();
    let asked = Asked::with(|asked| asked.sql = "SELECT * FROM lake.finance.payments".to_owned());
    let (first, ..) = asked.decide(&decisions);
    let (second, made_before, _) = asked.decide(&decisions);
    assert!(made_before && Arc::ptr_eq(&first, &second));
    assert!(matches!(second.outcome, Outcome::Refuse(_)));
}

#[test]
fn what_a_decision_needs_to_know_is_asked_at_once_the_second_time() {
    let decisions = decisions();
    let asked = Asked::with(|asked| asked.sql = "SELECT * FROM lake.hr.directory".to_owned());
    let (_, _, rounds) = asked.decide(&decisions);
    assert_eq!(rounds, 2, "the view, and then its table");
    let (_, made_before, rounds) = asked.decide(&decisions);
    assert_eq!((made_before, rounds), (true, 1));
}

#[test]
fn whatever_differs_in_a_request_is_decided_anew() {
    let renamed =
        Table { columns: vec![Column { name: "name".into(), data_type: "varchar".into() }], kind: TableKind::Table };
    let employees = Need::Table(crate::names::TableName::new("lake", "hr", "employees"));
    let other_snapshot = || Arc::new(compile(&format!("{POLICIES}# not a word more\n")));
    let others: Vec<(&str, Asked)> = vec![
        ("text", Asked::with(|asked| asked.sql.push(' '))),
        ("letters", Asked::with(|asked| asked.sql = SQL.to_lowercase())),
        ("catalog", Asked::with(|asked| asked.session.catalog = Some("other".to_owned()))),
        ("schema", Asked::with(|asked| asked.session.schema = Some("sales".to_owned()))),
        ("no schema", Asked::with(|asked| asked.session.schema = None)),
        ("prepared text", Asked::with(|asked| drop(asked.session.prepared.insert("q".into(), "SELECT 1".into())))),
        ("property", Asked::with(|asked| drop(asked.session.properties.insert("p".into(), "1".into())))),
        ("user", Asked::with(|asked| asked.subject.user = "outsider".to_owned())),
        ("more groups", Asked::with(|asked| asked.subject.groups.extend(["hr".to_owned()]))),
        ("no groups", Asked::with(|asked| asked.subject.groups.clear())),
        ("snapshot", Asked::with(|asked| asked.snapshot = other_snapshot())),
        ("switch", Asked::with(|asked| asked.options.second_opinion = false)),
        ("grammar", Asked::with(|asked| asked.options.grammar = crate::sql::GrammarVersion::V483)),
        ("columns", Asked::with(|asked| asked.changed = Some((employees.clone(), Known::Table(Arc::new(renamed)))))),
        ("no table", Asked::with(|asked| asked.changed = Some((employees.clone(), Known::Missing)))),
    ];
    for (what, other) in others {
        let decisions = decisions();
        Asked::new().decide(&decisions);
        let (kept, made_before, _) = other.decide(&decisions);
        assert!(!made_before, "{what}");
        let (anew, ..) = other.decide(&Decisions::new(0));
        assert_eq!(format!("{:?}", kept.outcome), format!("{:?}", anew.outcome), "{what}");
    }
}

#[test]
fn a_new_snapshot_takes_the_place_of_the_old_one_and_back() {
    let decisions = decisions();
    let lenient = Asked::new();
    let strict = Asked::with(|asked| asked.snapshot = Arc::new(Snapshot::default()));
    for _ in 0..2 {
        assert!(matches!(lenient.decide(&decisions).0.outcome, Outcome::Forward(_)));
        assert!(matches!(strict.decide(&decisions).0.outcome, Outcome::Refuse(_)));
    }
}

#[test]
fn nothing_is_kept_without_room_nor_of_a_long_text() {
    let none = Decisions::new(0);
    Asked::new().decide(&none);
    assert!(!Asked::new().decide(&none).1);
    let long = Asked::with(|asked| asked.sql.push_str(&" ".repeat(65 * 1024)));
    let decisions = decisions();
    long.decide(&decisions);
    assert!(!long.decide(&decisions).1);
}
