//! Which texts another parser is asked about while the decision is made.

use super::compile;
use super::mesh::{POLICIES, session};
use crate::analysis::session::Session;
use crate::catalog::table::Tables;
use crate::enforce::{Aids, Decision, Enforced, Options, Outcome, Request, enforce};
use crate::rewrite::{Beside, TheirReading};
use std::cell::RefCell;
use std::sync::Arc;

/// Notes what it is told and asked.
#[derive(Debug, Default)]
struct Noting {
    begun: RefCell<Vec<String>>,
    asked: RefCell<Vec<String>>,
}

impl Beside for Noting {
    fn begin(&self, text: &str) {
        self.begun.borrow_mut().push(text.to_owned());
    }

    fn reading(&self, text: &str) -> Option<Arc<TheirReading>> {
        self.asked.borrow_mut().push(text.to_owned());
        text.contains("hidden").then(|| Arc::new(TheirReading::for_tests(text, &[&["more"]])))
    }
}

fn decide(second_opinion: bool, session: &Session, sql: &str, beside: &Noting) -> Arc<Decision> {
    let snapshot = compile(POLICIES);
    let subject = snapshot.subject("analyst", &[]);
    let (tables, options) = (Tables::default(), Options { second_opinion, ..Options::TESTS });
    let request = Request {
        sql,
        session,
        subject: &subject,
        snapshot: &snapshot,
        tables: &tables,
        options: &options,
        aids: Aids { beside: Some(beside), ..Aids::default() },
    };
    match enforce(&request, &mut |_| ()) {
        Enforced::Decided(decision) => decision,
        Enforced::Needs(needs) => panic!("{needs:?}"),
    }
}

#[test]
fn the_texts_that_are_asked_about_have_begun_before() {
    let mut session = session("lake.hr");
    session.prepared.insert("p".into(), "SELECT 2".into());
    for (sql, begun, asked) in [
        ("SELECT 1", vec!["SELECT 1"], vec!["SELECT 1"]),
        ("EXECUTE p", vec!["EXECUTE p", "SELECT 2"], vec!["EXECUTE p", "SELECT 2"]),
        (
            "EXECUTE IMMEDIATE 'SELECT ''3'''",
            vec!["EXECUTE IMMEDIATE 'SELECT ''3'''", "SELECT '3'"],
            vec!["SELECT '3'"],
        ),
    ] {
        let beside = Noting::default();
        let decision = decide(true, &session, sql, &beside);
        assert!(matches!(decision.outcome, Outcome::Forward(_)), "{decision:?}");
        assert_eq!((beside.begun.take(), beside.asked.take()), (owned(&begun), owned(&asked)), "{sql}");
    }
}

#[test]
fn what_is_seen_in_any_of_the_texts_refuses_the_statement() {
    let mut session = session("lake.hr");
    session.prepared.insert("p".into(), "SELECT 'hidden'".into());
    for sql in ["SELECT 'hidden'", "EXECUTE p", "EXECUTE IMMEDIATE 'SELECT ''hidden'''"] {
        let decision = decide(true, &session, sql, &Noting::default());
        assert!(decision.alarm.is_some() && matches!(decision.outcome, Outcome::Refuse(_)), "{decision:?}");
    }
}

#[test]
fn nothing_is_read_where_no_opinion_is_asked_for_or_the_text_is_too_long() {
    let long = format!("SELECT 1{}", " ".repeat(64 * 1024));
    for (second_opinion, sql) in [(false, "SELECT 'hidden'"), (true, &long)] {
        let beside = Noting::default();
        let decision = decide(second_opinion, &session("lake.hr"), sql, &beside);
        assert!(matches!(decision.outcome, Outcome::Forward(_)), "{decision:?}");
        assert_eq!((beside.begun.take(), beside.asked.take()), (Vec::new(), Vec::new()));
    }
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(ToString::to_string).collect()
}
