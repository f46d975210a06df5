//! What is decided where Trino reads by a newer grammar.

use super::super::{Aids, Enforced, ErrorCode, Options, Outcome, Request, enforce};
use super::mesh::{POLICIES, answer, decide_by, session};
use crate::catalog::table::Tables;
use crate::policy::SourceFile;
use crate::sql::ast::{Arguments, Call, NewerExpr, Relation};
use crate::sql::visit::{Visit, walk};
use crate::sql::{GrammarVersion, StatementKind, parse_statement};
use std::sync::Arc;

const NEWER: Options = Options { grammar: GrammarVersion::V483, ..Options::TESTS };

/// Whether a tree holds what no decision is made about.
#[derive(Default)]
struct Undecided(bool);

impl Visit for Undecided {
    fn newer(&mut self, _: &NewerExpr) {
        self.0 = true;
    }

    fn relation(&mut self, node: &Relation) {
        self.0 |= matches!(node, Relation::Pivot(_) | Relation::Nearest(_));
        walk::relation(self, node);
    }

    fn call(&mut self, node: &Call) {
        self.0 |= matches!(node.arguments, Arguments::Named(_));
        walk::call(self, node);
    }
}

#[test]
fn what_is_newer_than_trino_476_is_refused_where_it_is_not_decided_yet() {
    let statements = include_str!("../../sql/parser/tests/accepted_483.sql");
    let mut refused = 0;
    for sql in statements.lines().filter(|line| !line.starts_with("##")) {
        let statement = parse_statement(sql, GrammarVersion::V483).unwrap();
        let mut undecided = Undecided::default();
        undecided.statement(&statement);
        if matches!(statement.kind, StatementKind::Query(_)) && !undecided.0 {
            continue;
        }
        for sql in
            [sql.to_owned(), format!("EXPLAIN {sql}"), format!("EXECUTE IMMEDIATE '{}'", sql.replace('\'', "''"))]
        {
            let (decision, _) = decide_by(NEWER, "outsider", &session("lake.hr"), &sql);
            let Outcome::Refuse(refusal) = &decision.outcome else { panic!("{sql}: {decision:?}") };
            assert!(decision.alarm.is_none(), "{sql}: {decision:?}");
            let missing = matches!(refusal.code, ErrorCode::PermissionDenied | ErrorCode::ColumnNotFound);
            assert!(refusal.code == ErrorCode::NotSupported || missing, "{sql}: {refusal:?}");
        }
        refused += 1;
    }
    assert!(refused > 100, "{refused}");
}

#[test]
fn a_statement_is_read_by_the_grammar_of_its_request() {
    let sql = "SELECT name FROM employees WHERE (name IS NULL) IS NOT TRUE";
    let (decision, _) = decide_by(NEWER, "analyst", &session("lake.hr"), sql);
    assert!(matches!(decision.outcome, Outcome::Forward(_)), "{decision:?}");
    let (decision, _) = decide_by(Options::TESTS, "analyst", &session("lake.hr"), sql);
    let Outcome::Refuse(refusal) = decision.outcome else { panic!("{sql}") };
    assert_eq!(refusal.code, ErrorCode::SyntaxError);
}

/// What comes of a statement of the analyst's where the mask of `card_number` is `mask`, by both grammars.
fn masked_by(mask: &str) -> [Outcome; 2] {
    let snapshot = super::compile(&POLICIES.replace("\"'XXXX'\"", &format!("\"{mask}\"")));
    let subject = snapshot.subject("analyst", &[]);
    let session = session("lake.sales");
    GrammarVersion::ALL.map(|grammar| {
        let options = Options { grammar, ..Options::TESTS };
        let mut tables = Tables::default();
        loop {
            let sql = "SELECT card_number FROM orders";
            let request = Request {
                sql,
                session: &session,
                subject: &subject,
                snapshot: &snapshot,
                tables: &tables,
                options: &options,
                aids: Aids::default(),
            };
            match enforce(&request, &mut |_| ()) {
                Enforced::Decided(decision) => return Arc::try_unwrap(decision).unwrap().outcome,
                Enforced::Needs(needs) => needs.into_iter().for_each(|need| {
                    let known = answer(&need);
                    tables.insert(need, known);
                }),
            }
        }
    })
}

#[test]
fn a_policy_that_trino_cannot_read_refuses_its_tables() {
    let [older, newer] = masked_by("CAST((card_number IS NULL) IS TRUE AS varchar)");
    assert!(matches!(newer, Outcome::Forward(_)), "{newer:?}");
    let Outcome::Refuse(refusal) = older else { panic!("{older:?}") };
    assert!(refusal.message.contains("Trino 476 can't read its expression"), "{refusal:?}");
}

#[test]
fn a_policy_that_two_versions_read_in_two_ways_is_an_error() {
    let policies = POLICIES.replace("\"'XXXX'\"", "CAST(1 BETWEEN symmetric + 1 AND 2 AS varchar)");
    let files = vec![SourceFile { path: "policies.yaml".into(), text: policies }];
    let error = crate::policy::compile(files).unwrap_err().render(false);
    assert!(error.contains("Trino 483 reads this in another way than older versions"), "{error}");
}

#[test]
fn a_prepared_text_is_read_by_the_grammar_of_its_request() {
    let mut session = session("lake.hr");
    session.prepared.insert("p".to_owned(), "SELECT overlaps FROM (SELECT 1 AS overlaps) t".to_owned());
    let forwards = |options: Options| {
        let (decision, _) = decide_by(options, "analyst", &session, "EXECUTE p");
        matches!(decision.outcome, Outcome::Forward(_))
    };
    assert!(forwards(Options::TESTS));
    assert!(!forwards(NEWER));
}

#[test]
fn a_column_that_a_string_names_is_guarded_as_any_other() {
    for column in ["ssn", "name", "email", "no_such"] {
        let outcome = |written: &str| {
            let sql = format!("SELECT e.{written} FROM employees e WHERE e.{written} <> ''");
            let (decision, _) = decide_by(NEWER, "analyst", &session("lake.hr"), &sql);
            assert!(decision.alarm.is_none(), "{sql}: {decision:?}");
            match decision.outcome {
                Outcome::Forward(guarded) => guarded.text().replace(&format!("e.{written}"), "e.x"),
                Outcome::Refuse(refusal) => refusal.message,
            }
        };
        assert_eq!(outcome(&format!("'{column}'")), outcome(&format!("\"{column}\"")));
    }
}

#[test]
fn branches_are_shown_of_tables_that_are_open() {
    for (user, sql, shown) in [
        ("analyst", "SHOW BRANCHES FROM TABLE lake.scratch.own", true),
        ("analyst", "SHOW BRANCHES IN TABLE lake.hr.employees", false),
        ("analyst", "SHOW BRANCHES FROM TABLE lake.finance.payments", false),
        ("hr_partner", "SHOW BRANCHES FROM TABLE lake.hr.employees", true),
        ("analyst", "EXPLAIN SHOW BRANCHES FROM TABLE lake.hr.employees", false),
    ] {
        let (decision, _) = decide_by(NEWER, user, &session("lake.hr"), sql);
        assert!(decision.alarm.is_none(), "{sql}: {decision:?}");
        assert_eq!(matches!(decision.outcome, Outcome::Forward(_)), shown, "{sql}: {decision:?}");
    }
}

#[test]
fn a_query_is_described_as_it_is_seen() {
    let (decision, _) = decide_by(NEWER, "analyst", &session("lake.hr"), "DESCRIBE OUTPUT (TABLE reviews)");
    let Outcome::Forward(guarded) = decision.outcome else { panic!("{decision:?}") };
    assert!(guarded.restricted() && guarded.text().contains(" WHERE "), "{}", guarded.text());
    let (decision, _) = decide_by(NEWER, "analyst", &session("lake.hr"), "DESCRIBE OUTPUT (SELECT ssn FROM employees)");
    assert!(matches!(decision.outcome, Outcome::Refuse(_)), "{decision:?}");
}
