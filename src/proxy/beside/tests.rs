use super::*;
use crate::analysis::session::Session;
use crate::catalog::table::Tables;
use crate::enforce::{Aids, Alarm, Decision, Enforced, Options, Outcome, Request, enforce};
use crate::policy::Snapshot;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

/// Of a length at which it is given to another thread.
fn text(of: &str) -> String {
    format!("SELECT '{of}{}'", " ".repeat(SHORTEST))
}

fn read(text: Arc<str>) -> TheirReading {
    TheirReading::of(text)
}

fn sees_more(text: Arc<str>) -> TheirReading {
    TheirReading::for_tests(&text, &[&["lake", "hr", "hidden"]])
}

fn breaks(text: Arc<str>) -> TheirReading {
    assert!(!text.contains("break"), "it breaks");
    TheirReading::of(text)
}

/// One thread that says when it begins to read a text, and reads it when it is told to.
fn at_a_gate(read: fn(Arc<str>) -> TheirReading) -> (Readers, Receiver<()>, Sender<()>) {
    let ((begins, begun), (open, gate)) = (channel(), channel());
    let gate = Arc::new(Mutex::new(gate));
    let readers = Readers::reading_by(1, move |text| {
        let _ = begins.send(());
        let _ = hold(&gate).recv();
        (read(text), ())
    });
    (readers, begun, open)
}

fn decided(sql: &str, beside: &ReadBeside) -> Arc<Decision> {
    let snapshot = Snapshot::default();
    let (session, subject, tables) = (Session::default(), snapshot.subject("anna", &[]), Tables::default());
    let request = Request {
        sql,
        session: &session,
        subject: &subject,
        snapshot: &snapshot,
        tables: &tables,
        options: &Options::TESTS,
        aids: Aids { beside: Some(beside), ..Aids::default() },
    };
    match enforce(&request, &mut |_| ()) {
        Enforced::Decided(decision) => decision,
        Enforced::Needs(needs) => panic!("{needs:?}"),
    }
}

fn forwards(decision: &Decision) -> bool {
    matches!(decision.outcome, Outcome::Forward(_))
}

fn until(what: impl Fn() -> bool) {
    let begun = Instant::now();
    while !what() {
        assert!(begun.elapsed() < Duration::from_secs(60), "it does not come");
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn what_the_other_thread_sees_refuses_the_statement() {
    let (readers, begun, open) = at_a_gate(sees_more);
    let (beside, sql) = (readers.for_statement(), text("a"));
    beside.begin(&sql);
    begun.recv().unwrap();
    open.send(()).unwrap();
    let decision = decided(&sql, &beside);
    assert!(!forwards(&decision));
    let Some(Alarm::SecondOpinion(reason)) = &decision.alarm else { panic!("{decision:?}") };
    assert_eq!(reason, "another parser sees lake.hr.hidden in the statement");
}

#[test]
fn no_decision_is_made_before_a_text_that_is_being_read_was_read() {
    let (readers, begun, open) = at_a_gate(sees_more);
    let (beside, sql) = (readers.for_statement(), text("a"));
    beside.begin(&sql);
    begun.recv().unwrap();
    let deciding = std::thread::spawn(move || decided(&sql, &beside));
    std::thread::sleep(Duration::from_millis(50));
    assert!(!deciding.is_finished());
    open.send(()).unwrap();
    assert!(!forwards(&deciding.join().unwrap()));
}

#[test]
fn a_text_that_no_thread_has_begun_is_read_by_who_asks() {
    let without_threads = Readers::reading_by(0, |text| (sees_more(text), ()));
    let beside = without_threads.for_statement();
    beside.begin(&text("a"));
    assert_eq!(hold(&without_threads.line.waiting).texts.len(), 1);
    assert!(beside.reading(&text("a")).is_none());
    assert!(forwards(&decided(&text("a"), &beside)), "who asks sees nothing more");
    assert!(hold(&without_threads.line.waiting).texts.is_empty());

    let (busy, begun, open) = at_a_gate(sees_more);
    let (first, second) = (busy.for_statement(), busy.for_statement());
    first.begin(&text("a"));
    begun.recv().unwrap();
    assert!(forwards(&decided(&text("b"), &second)));
    open.send(()).unwrap();
    assert!(first.reading(&text("a")).is_some());
}

#[test]
fn a_thread_that_breaks_is_no_failure_and_reads_on() {
    let readers = Readers::reading_by(1, |text| (breaks(text), ()));
    let beside = readers.for_statement();
    for of in ["break", "break again"] {
        beside.begin(&text(of));
        until(|| hold(&readers.line.waiting).texts.is_empty());
        assert!(beside.reading(&text(of)).is_none());
        assert!(forwards(&decided(&text(of), &beside)));
    }
    beside.begin(&text("whole"));
    until(|| hold(&readers.line.waiting).texts.is_empty());
    assert!(beside.reading(&text("whole")).is_some());
}

#[test]
fn each_text_is_read_once_in_all_rounds_and_short_ones_by_who_asks() {
    let (readers, begun, open) = at_a_gate(read);
    let beside = readers.for_statement();
    beside.begin(&text("a"));
    begun.recv().unwrap();
    beside.begin(&text("a"));
    beside.begin(&text("b"));
    beside.begin(&text("b"));
    beside.begin("SELECT 1");
    assert_eq!(hold(&readers.line.waiting).texts.len(), 1);
    open.send(()).unwrap();
    let (first, again) = (beside.reading(&text("a")).unwrap(), beside.reading(&text("a")).unwrap());
    assert!(Arc::ptr_eq(&first, &again));
    assert!(beside.reading(&text("none")).is_none());
    drop(open);
}

#[test]
fn the_line_is_bounded_and_left_with_the_statement() {
    let readers = Readers::reading_by(0, |text| (read(text), ()));
    let statements: Vec<ReadBeside> = (0..=MOST_WAITING).map(|_| readers.for_statement()).collect();
    statements.iter().for_each(|beside| beside.begin(&text("a")));
    assert_eq!(hold(&readers.line.waiting).texts.len(), MOST_WAITING);
    drop(statements);
    assert!(hold(&readers.line.waiting).texts.is_empty());
}

#[test]
fn threads_end_with_their_owner_and_what_waits_then_is_read_by_who_asks() {
    let (readers, begun, open) = at_a_gate(read);
    let beside = readers.for_statement();
    beside.begin(&text("a"));
    begun.recv().unwrap();
    beside.begin(&text("b"));
    let line = Arc::downgrade(&readers.line);
    drop(readers);
    open.send(()).unwrap();
    assert!(beside.reading(&text("a")).is_some());
    beside.begin(&text("c"));
    for of in ["b", "c"] {
        assert!(beside.reading(&text(of)).is_none());
    }
    drop(beside);
    until(|| line.upgrade().is_none());
}
