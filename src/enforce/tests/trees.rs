//! A text is parsed once, though something is asked before there is a decision.

use super::mesh::{SNAPSHOT, answer, session};
use crate::analysis::session::Session;
use crate::catalog::table::Tables;
use crate::enforce::{Aids, Enforced, Options, Outcome, Request, Trees, enforce};

const TEXT: &str = "SELECT name FROM employees";

/// Decides, and has exactly these trees kept while something is asked.
#[track_caller]
fn keeps(sql: &str, session: &Session, kept: &[&str]) {
    let (subject, trees) = (SNAPSHOT.subject("analyst", &[]), Trees::default());
    let mut tables = Tables::default();
    for rounds in 0..20 {
        let request = Request {
            sql,
            session,
            subject: &subject,
            snapshot: &SNAPSHOT,
            tables: &tables,
            options: &Options::TESTS,
            aids: Aids { trees: Some(&trees), ..Aids::default() },
        };
        match enforce(&request, &mut |_| ()) {
            Enforced::Needs(needs) => {
                assert_eq!(trees.texts(), kept, "{sql}");
                needs.into_iter().for_each(|need| {
                    let known = answer(&need);
                    tables.insert(need, known);
                });
            }
            Enforced::Decided(decision) => {
                assert!(rounds > 0 && matches!(decision.outcome, Outcome::Forward(_)), "{sql}: {decision:?}");
                assert_eq!(trees.texts(), [""; 0], "{sql}: they are taken");
                return;
            }
        }
    }
    panic!("it asks and asks");
}

#[test]
fn the_tree_of_a_statement_is_kept() {
    keeps(TEXT, &session("lake.hr"), &[TEXT]);
    // A view, and then its table.
    let view = "SELECT * FROM lake.hr.directory";
    keeps(view, &session("lake.hr"), &[view]);
}

#[test]
fn the_trees_of_a_text_behind_it_and_within_it_are_kept() {
    let prepared = Session { prepared: [("q".to_owned(), TEXT.to_owned())].into(), ..session("lake.hr") };
    for sql in ["EXECUTE q", "DESCRIBE OUTPUT q"] {
        keeps(sql, &prepared, &[TEXT, sql]);
    }
    let immediate = format!("EXECUTE IMMEDIATE '{TEXT}'");
    keeps(&immediate, &session("lake.hr"), &[TEXT, &immediate]);
}
