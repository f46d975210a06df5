//! What is decided where Trino reads by a newer grammar.

use super::super::{ErrorCode, Options, Outcome};
use super::mesh::{decide_by, session};
use crate::sql::ast::{Arguments, Call, NewerExpr, Relation};
use crate::sql::visit::{Visit, walk};
use crate::sql::{GrammarVersion, StatementKind, parse_statement};

const NEWER: Options = Options { second_opinion: true, grammar: GrammarVersion::V483 };

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
            let (decision, _) = decide_by(NEWER, "hr_partner", &session("lake.hr"), &sql);
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
