//! Decisions about whole statements, by a small mesh in memory.

mod beside;
mod decisions;
mod definer;
mod guards;
mod language;
mod masks;
mod mesh;
mod narrow;
mod newer;
mod objects;
mod own_functions;
mod trees;

use super::{Aids, Alarm, ErrorCode, Outcome, Stage};
use crate::analysis::session::Session;
use crate::catalog::table::Need;
use crate::policy::{Snapshot, SourceFile};
use crate::sql::StatementKind;
use crate::sql::ast::Access;
use crate::sql::v476::parse_statement;
use mesh::{decide, outcome, session};
use std::fmt::Write as _;

fn compile(text: &str) -> Snapshot {
    crate::policy::compile(vec![SourceFile { path: "policies.yaml".into(), text: text.into() }]).unwrap()
}

#[test]
fn each_statement_becomes_what_the_snapshot_says() {
    let mut out = String::new();
    for line in include_str!("statements.txt").lines() {
        let Some((at, sql)) = line.split_once(" | ") else {
            if line.starts_with("##") {
                let _ = writeln!(out, "{line}\n");
            }
            continue;
        };
        let _ = writeln!(out, "[{at}] {sql}");
        let _ = match outcome("analyst", &session(at), sql) {
            Ok(text) if text == sql => writeln!(out, "  = as it is\n"),
            Ok(text) => writeln!(out, "  > {text}\n"),
            Err(refusal) => {
                let (code, ..) = refusal.code.parts();
                writeln!(out, "  ! {code} {:?} {}\n", refusal.location, refusal.message)
            }
        };
    }
    insta::assert_snapshot!(out);
}

#[test]
fn each_changing_statement_becomes_what_the_snapshot_says() {
    let mut out = String::new();
    for line in include_str!("changes.txt").lines() {
        let [user, at, sql] = line.splitn(3, " | ").collect::<Vec<_>>()[..] else {
            if line.starts_with("##") {
                let _ = writeln!(out, "{line}\n");
            }
            continue;
        };
        let _ = writeln!(out, "[{user}, {at}] {sql}");
        let _ = match outcome(user, &session(at), sql) {
            Ok(text) if text == sql => writeln!(out, "  = as it is\n"),
            Ok(text) => writeln!(out, "  > {text}\n"),
            Err(refusal) => {
                let (code, ..) = refusal.code.parts();
                writeln!(out, "  ! {code} {:?} {}\n", refusal.location, refusal.message)
            }
        };
    }
    insta::assert_snapshot!(out);
}

#[test]
fn each_reading_statement_of_the_attack_corpus_is_decided_as_it_must_be() {
    let mut failed = Vec::new();
    for line in include_str!("attacks.txt").lines().filter(|line| !line.starts_with('#')) {
        let [id, user, at, expected, sql] = line.splitn(5, " | ").collect::<Vec<_>>().try_into().unwrap();
        let sql = sql.replace("\\n", "\n").replace("\\r", "\r").replace("\\t", "\t").replace("\\0", "\0");
        let outcome = outcome(user, &session(at), &sql.replace("\\\\", "\\"));
        let right = match expected {
            "refuse" => outcome.is_err(),
            "forward" => outcome.is_ok(),
            _ => true,
        };
        if !right {
            failed.push(format!("{id}: must {expected}: {outcome:?}"));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn a_name_with_a_dollar_is_read_as_its_table_where_connectors_have_it_of_each() {
    let forwards =
        |user: &str, table: &str| outcome(user, &Session::default(), &format!("SELECT * FROM lake.{table}")).is_ok();
    assert!(forwards("boxer", "vault.\"box$files\""));
    // To many connectors it is a letter like others, and this another table.
    assert!(!forwards("boxer", "vault.\"box$2024\""));
    assert!(!forwards("boxer", "vault.\"box$history\""));
    assert!(!forwards("boxer", "vault.\"box@main$files\""));
    assert!(forwards("analyst", "sales.\"customers$2024\""));
}

#[test]
fn a_prepared_statement_can_be_dropped() {
    let mut session = Session::default();
    session.prepared.insert("q".into(), "SELECT * FROM lake.finance.payments".into());
    // Trino looks for the name; the text is not needed, and is not the user's.
    assert_eq!(outcome("analyst", &session, "DEALLOCATE PREPARE q").unwrap(), "SELECT 1");
    assert!(outcome("analyst", &session, "DEALLOCATE PREPARE p").is_err());
}

#[test]
fn a_table_that_is_not_granted_is_not_asked_for() {
    for sql in
        ["SELECT * FROM lake.finance.payments", "SHOW CREATE TABLE lake.finance.payments", "SHOW STATS FOR x.y.z"]
    {
        let (_, asked) = decide("analyst", &Session::default(), sql);
        assert_eq!(asked, [], "{sql}");
    }
}

#[test]
fn what_is_not_granted_and_what_is_not_there_get_the_same_answer() {
    let pairs = [
        ("SELECT * FROM lake.finance.payments", "SELECT * FROM lake.finance.zayments"),
        ("SELECT ssn FROM lake.hr.employees", "SELECT zsn FROM lake.hr.employees"),
        ("SHOW STATS FOR lake.finance.payments", "SHOW STATS FOR lake.finance.zayments"),
        ("SHOW CREATE TABLE lake.finance.payments", "SHOW CREATE TABLE lake.finance.zayments"),
        ("SELECT * FROM lake.hr.\"employees$files\"", "SELECT * FROM lake.hr.\"employees$ziles\""),
        ("USE lake.finance", "USE lake.zinance"),
    ];
    for (hidden, absent) in pairs {
        let message = |sql| outcome("analyst", &Session::default(), sql).unwrap_err();
        let (hidden, absent) = (message(hidden), message(absent));
        let absent_message = absent.message.replace("zayments", "payments").replace("zsn", "ssn");
        let absent_message = absent_message.replace("ziles", "files").replace("zinance", "finance");
        assert_eq!((hidden.code, hidden.location, hidden.message), (absent.code, absent.location, absent_message));
    }
}

#[test]
fn nothing_is_changed_without_a_grant() {
    let statements = include_str!("../../sql/parser/tests/accepted.sql");
    let mut refused = 0;
    for sql in statements.lines().filter(|line| !line.is_empty() && !line.starts_with("##")) {
        let kind = parse_statement(sql).unwrap().kind;
        if !matches!(
            kind,
            StatementKind::Definition(_)
                | StatementKind::Change(_)
                | StatementKind::Access(_)
                | StatementKind::Branch(_)
        ) {
            continue;
        }
        // These show the user's own roles, or none.
        if matches!(&kind, StatementKind::Access(access) if matches!(**access, Access::ShowRoles { .. } | Access::ShowRoleGrants { .. }))
        {
            continue;
        }
        for sql in
            [sql.to_owned(), format!("EXPLAIN {sql}"), format!("EXECUTE IMMEDIATE '{}'", sql.replace('\'', "''"))]
        {
            let (decision, asked) = decide("outsider", &session("lake.hr"), &sql);
            assert!(matches!(decision.outcome, Outcome::Refuse(_)) && decision.alarm.is_none(), "{sql}: {decision:?}");
            // Whose query it is has to be asked: it may be the user's own.
            assert!(asked.iter().all(|need| matches!(need, Need::Query(_))), "{sql}: {asked:?}");
        }
        refused += 1;
    }
    assert!(refused > 100, "{refused}");
}

#[test]
fn the_verifier_refuses_each_change_that_is_refused() {
    let mut refused = 0;
    for line in include_str!("changes.txt").lines() {
        let [user, at, sql] = line.splitn(3, " | ").collect::<Vec<_>>()[..] else { continue };
        let session = session(at);
        let Err(refusal) = outcome(user, &session, sql) else { continue };
        if refusal.code == ErrorCode::TableNotFound {
            continue;
        }
        let unproved = mesh::forged(user, &session, sql);
        assert!(unproved.is_err(), "{sql} is refused by {refusal:?}, and proved");
        refused += 1;
    }
    assert!(refused > 40, "{refused}");
}

#[test]
fn settings_in_front_of_a_query_are_refused_wherever_they_may_stand() {
    let setting = "WITH SESSION query_max_run_time = '1s' SELECT 1";
    for sql in [
        setting,
        "WITH SESSION a = 1 WITH FUNCTION f() RETURNS int RETURN 1 SELECT 1",
        &format!("EXPLAIN (TYPE VALIDATE) {setting}"),
        &format!("EXPLAIN ANALYZE {setting}"),
        &format!("EXECUTE IMMEDIATE '{}'", setting.replace('\'', "''")),
        "EXECUTE q",
        "DESCRIBE OUTPUT q",
    ] {
        let mut session = session("lake.hr");
        session.prepared.insert("q".into(), setting.into());
        let refusal = outcome("hr_partner", &session, sql).unwrap_err();
        let message = "WITH SESSION is not supported by Sluice yet".to_owned();
        assert_eq!((refusal.code, refusal.message), (ErrorCode::NotSupported, message), "{sql}");
    }
}

#[test]
fn a_function_in_another_language_is_not_created() {
    let sql = "CREATE FUNCTION lake.attic.f(x bigint) RETURNS bigint LANGUAGE PYTHON AS $$\ndef f(x): return x\n$$";
    let refusal = outcome("keeper", &session("lake.attic"), sql).unwrap_err();
    assert_eq!(refusal.message, "a function in another language than SQL is not supported by Sluice yet");
    assert!(mesh::forged("keeper", &session("lake.attic"), sql).is_err());
}

#[test]
fn what_only_shows_or_ends_a_query_forgets_nothing_of_tables() {
    for (sql, redefines) in [
        ("SHOW CURRENT ROLES", false),
        ("CALL system.runtime.kill_query('of_guest')", false),
        ("DROP SCHEMA attic CASCADE", true),
        ("EXPLAIN ANALYZE DROP SCHEMA attic", true),
    ] {
        let (decision, _) = decide("keeper", &session("lake.attic"), sql);
        let Outcome::Forward(guarded) = decision.outcome else { panic!("{sql}: {decision:?}") };
        assert_eq!(guarded.redefines(), redefines, "{sql}");
    }
}

#[test]
fn a_query_alone_only_reads() {
    for (sql, only_reads) in [
        ("SELECT 1", true),
        ("WITH a AS (VALUES 1) TABLE a", true),
        ("SHOW CURRENT ROLES", false),
        ("DROP SCHEMA attic CASCADE", false),
        ("EXPLAIN ANALYZE DROP SCHEMA attic", false),
        ("CALL system.runtime.kill_query('of_guest')", false),
    ] {
        let (decision, _) = decide("keeper", &session("lake.attic"), sql);
        let Outcome::Forward(guarded) = decision.outcome else { panic!("{sql}: {decision:?}") };
        assert_eq!(guarded.only_reads(), only_reads, "{sql}");
    }
}

#[test]
fn a_view_that_defines_a_function_or_sets_a_property_is_refused() {
    for view in ["defining", "setting"] {
        let refusal = outcome("analyst", &session("lake.sales"), &format!("TABLE {view}")).unwrap_err();
        assert!(refusal.message.contains("something that Sluice does not support yet"), "{refusal:?}");
    }
}

#[test]
fn the_user_who_may_read_all_sends_the_text_as_it_is() {
    for sql in ["SELECT ssn, lake.hr.employees.* FROM lake.hr.employees", "TABLE lake.hr.directory"] {
        assert_eq!(outcome("hr_partner", &Session::default(), sql).unwrap(), sql);
    }
}

#[test]
fn a_prepared_statement_goes_along_guarded() {
    let mut session = session("lake.hr");
    session.prepared.insert("q".into(), "SELECT name FROM employees WHERE id = ?".into());
    session.prepared.insert("other".into(), "SELECT * FROM lake.finance.payments".into());
    for sql in ["EXECUTE q USING 3", "DESCRIBE OUTPUT q", "DESCRIBE INPUT q"] {
        let (decision, _) = decide("analyst", &session, sql);
        let super::Outcome::Forward(guarded) = decision.outcome else { panic!("{decision:?}") };
        assert_eq!(guarded.text(), sql);
        let (name, text) = guarded.prepared().unwrap();
        assert_eq!(name, "q");
        assert!(
            text.starts_with("SELECT name FROM (SELECT ") && text.ends_with(" \"employees\" WHERE id = ?"),
            "{text}"
        );
        assert!(guarded.restricted());
    }
    assert_eq!(outcome("analyst", &session, "EXECUTE other").unwrap_err().code, ErrorCode::PermissionDenied);
}

#[test]
fn a_session_property_of_the_header_needs_a_grant() {
    let mut session = Session::default();
    session.properties.insert("legacy_catalog_roles".into(), "true".into());
    let refusal = outcome("analyst", &session, "SELECT 1").unwrap_err();
    assert_eq!(refusal.code, ErrorCode::PermissionDenied);
    assert!(refusal.message.starts_with("Access Denied: Cannot set system session property legacy_catalog_roles"));
}

#[test]
fn a_decision_says_what_was_read_and_by_which_policies() {
    let (decision, _) = decide("analyst", &Session::default(), "SELECT count(id) FROM lake.hr.directory d");
    let objects: Vec<_> =
        decision.objects.iter().map(|object| (object.object.as_str(), object.columns.join(","))).collect();
    assert_eq!(objects, [("lake.hr.directory", "id".into()), ("lake.hr.employees", "email,id,name".to_owned())]);
    let masks: Vec<_> = decision.masks.iter().map(|mask| mask.to.as_str()).collect();
    // The mask of the salary, which the view does not read, is not put in.
    assert_eq!(masks, ["lake.hr.employees.email"]);
    assert_eq!(decision.filters.len(), 1);
    assert_eq!(decision.policies.iter().map(String::as_str).collect::<Vec<_>>(), ["hr/directory", "hr/employees"]);
}

#[test]
fn stages_are_told_in_their_order() {
    let mut stages = Vec::new();
    let snapshot = crate::policy::Snapshot::default();
    let request = super::Request {
        sql: "SELECT 1",
        session: &Session::default(),
        subject: &snapshot.subject("nobody", &[]),
        snapshot: &snapshot,
        tables: &crate::catalog::table::Tables::default(),
        options: &super::Options { second_opinion: false, ..super::Options::TESTS },
        aids: Aids::default(),
    };
    let super::Enforced::Decided(decision) = super::enforce(&request, &mut |stage| stages.push(stage)) else {
        panic!()
    };
    assert_eq!(decision.alarm, None::<Alarm>);
    assert_eq!(stages, [Stage::Parse, Stage::Analyze, Stage::Decide, Stage::Rewrite, Stage::Verify]);
}
