//! What is read, what is refused and where.

mod columns;

use crate::sql::SqlErrorKind;
use crate::sql::ast::{Access, Relation, Select, Span, StatementKind};
use crate::sql::v476::{parse_expression, parse_statement};

/// Statements that Trino reads, one a line.
const ACCEPTED: &str = include_str!("tests/accepted.sql");

/// Statements that Trino refuses, one a line, with the column of the error in front.
const REFUSED: &str = include_str!("tests/refused.sql");

/// Statements that Trino 483 reads and 476 refuses.
const NEW: &str = include_str!("tests/accepted_483.sql");

/// Statements that Trino 476 reads and 483 refuses.
const GONE: &str = include_str!("tests/gone_483.sql");

fn lines(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.lines().filter(|line| !line.is_empty() && !line.starts_with("## "))
}

#[test]
fn what_trino_reads_is_read() {
    for sql in lines(ACCEPTED) {
        if let Err(error) = parse_statement(sql) {
            panic!("{sql}\n{error} at {:?}", error.span);
        }
    }
}

#[test]
fn each_version_reads_what_is_its_own() {
    use crate::sql::GrammarVersion::{V476, V483};
    for (texts, reads, refuses) in [(NEW, V483, V476), (GONE, V476, V483)] {
        for sql in lines(texts) {
            let read = crate::sql::parse_statement(sql, reads);
            assert!(read.is_ok(), "{reads}: {sql}: {read:?}");
            assert!(crate::sql::parse_statement(sql, refuses).is_err(), "{refuses}: {sql}");
        }
    }
}

#[test]
fn what_means_the_same_in_all_versions_is_read_alike() {
    use crate::sql::GrammarVersion::{V476, V483};
    let mut refused = 0;
    for sql in lines(ACCEPTED) {
        match crate::sql::parse_statement(sql, V483) {
            Ok(newer) => assert_eq!(newer, crate::sql::parse_statement(sql, V476).expect(sql), "{sql}"),
            Err(_) => refused += 1,
        }
    }
    assert!(refused < 3, "{refused}");
}

#[test]
fn what_trino_refuses_is_refused_at_the_same_place() {
    for line in lines(REFUSED) {
        let (column, sql) = line.split_once(' ').expect(line);
        let error = parse_statement(sql).expect_err(sql);
        assert_eq!(error.span.start + 1, column.parse::<u32>().expect(line), "{sql}: {error}");
    }
}

#[test]
fn each_statement_spans_its_whole_text() {
    for sql in lines(ACCEPTED) {
        let statement = parse_statement(sql).expect(sql);
        assert_eq!(statement.span, Span { start: 0, end: sql.len() as u32 }, "{sql}");
    }
}

#[test]
fn a_statement_has_the_class_that_trino_gives_it() {
    for (sql, class) in [
        ("ALTER TABLE a ADD COLUMN b int", "AddColumn"),
        ("ALTER TABLE a RENAME TO b", "RenameTable"),
        ("ALTER TABLE a RENAME COLUMN b TO c", "RenameColumn"),
        ("ALTER TABLE a DROP COLUMN b", "DropColumn"),
        ("ALTER TABLE a ALTER COLUMN b SET DATA TYPE int", "SetColumnType"),
        ("ALTER TABLE a ALTER COLUMN b DROP NOT NULL", "DropNotNullConstraint"),
        ("ALTER TABLE a SET PROPERTIES b = 1", "SetProperties"),
        ("ALTER TABLE a SET AUTHORIZATION b", "SetAuthorizationStatement"),
        ("ALTER TABLE a EXECUTE b", "TableExecute"),
        ("ALTER MATERIALIZED VIEW a RENAME TO b", "RenameMaterializedView"),
        ("ALTER MATERIALIZED VIEW SET AUTHORIZATION b", "SetAuthorizationStatement"),
        ("ALTER VIEW a RENAME TO b", "RenameView"),
        ("ALTER SCHEMA a RENAME TO b", "RenameSchema"),
        ("CREATE TABLE a (b int)", "CreateTable"),
        ("CREATE TABLE a (b) AS TABLE c", "CreateTableAsSelect"),
        ("DROP MATERIALIZED VIEW a", "DropMaterializedView"),
        ("TRUNCATE TABLE a", "TruncateTable"),
        ("GRANT a TO b", "GrantRoles"),
        ("GRANT a ON b TO c", "Grant"),
        ("REVOKE a FROM b", "RevokeRoles"),
        ("REVOKE a ON b FROM c", "Revoke"),
        ("EXPLAIN ANALYZE a", "Explain"),
        ("EXPLAIN ANALYZE ANALYZE a", "ExplainAnalyze"),
        ("SHOW CREATE FUNCTION a", "ShowCreate"),
        ("SET SESSION AUTHORIZATION a", "SetSessionAuthorization"),
        ("SET SESSION authorization = 1", "SetSession"),
        ("RESET SESSION AUTHORIZATION", "ResetSessionAuthorization"),
        ("RESET SESSION authorization.a", "ResetSession"),
    ] {
        assert_eq!(parse_statement(sql).expect(sql).kind.class(), class, "{sql}");
    }
}

#[test]
fn the_word_before_a_granted_object_is_its_kind_only_if_the_rest_fits() {
    for (sql, kind, name) in [
        ("GRANT a ON to TO to", "", "to"),
        ("GRANT a ON to to TO to", "to", "to"),
        ("GRANT a ON b TO TO c", "b", "TO"),
        ("GRANT a ON b to.c TO d", "b", "to.c"),
        ("GRANT a ON to TO user to", "", "to"),
        ("GRANT a ON b TO to WITH GRANT OPTION", "", "b"),
        ("GRANT a ON schema TO b", "", "schema"),
        ("GRANT a ON TABLE b TO c", "TABLE", "b"),
    ] {
        let StatementKind::Access(access) = parse_statement(sql).expect(sql).kind else { panic!("{sql}") };
        let Access::Grant(grant) = *access else { panic!("{sql}") };
        let written = grant.object.span.of(sql);
        let found = grant.object.name.span.of(sql);
        assert_eq!((written.strip_suffix(found).unwrap().trim(), found), (kind, name), "{sql}");
    }
}

#[test]
fn errors_name_what_could_stand_there() {
    for (sql, expecting) in [
        (
            "SELECT 1 FORM t",
            "',', 'EXCEPT', 'FETCH', 'FROM', 'GROUP', 'HAVING', 'INTERSECT', 'LIMIT', 'OFFSET', 'ORDER', 'UNION', 'WHERE', 'WINDOW', <EOF>",
        ),
        ("SELECT , FROM t", "'*', 'ALL', 'DISTINCT', <expression>"),
        ("SELECT a, FROM t", "'*', <expression>"),
        ("SELECT (", "')', <expression>, <query>"),
        ("SELECT a FROM (", "'(', 'JSON_TABLE', 'LATERAL', 'TABLE', 'UNNEST', <identifier>, <query>"),
        ("SELECT a FROM t WHERE a IS x", "'DISTINCT', 'NOT', 'NULL'"),
        (
            "SELECT a FROM t WHERE a = b;",
            "'%', '*', '+', '-', '.', '/', 'AND', 'AT', 'EXCEPT', 'FETCH', 'GROUP', 'HAVING', 'INTERSECT', 'LIMIT', 'OFFSET', 'OR', 'ORDER', 'UNION', 'WINDOW', '[', '||', <EOF>",
        ),
        ("SELECT 1 UNION", "'(', 'ALL', 'CORRESPONDING', 'DISTINCT', 'SELECT', 'TABLE', 'VALUES'"),
        ("DROP TABLE 1", "'IF', <identifier>"),
        ("DROP x", "'CATALOG', 'FUNCTION', 'MATERIALIZED', 'ROLE', 'SCHEMA', 'TABLE', 'VIEW'"),
        ("CREATE OR REPLACE SCHEMA a", "'FUNCTION', 'MATERIALIZED', 'TABLE', 'VIEW'"),
        ("INSERT INTO t", "'(', 'WITH', <query>"),
        ("SET x", "'PATH', 'ROLE', 'SESSION', 'TIME'"),
        ("GRANT SELECT", "',', 'ON', 'TO'"),
        ("SHOW ROLES x", "'FROM', 'IN', <EOF>"),
        ("CREATE TABLE a (b, c", "')', ','"),
        ("CREATE TABLE a (b int x", "')', ','"),
        ("CREATE TABLE a (b int) x", "'COMMENT', 'WITH', <EOF>"),
        ("CREATE VIEW a x", "'AS', 'COMMENT', 'SECURITY', 'WITH'"),
        ("ALTER TABLE a ADD COLUMN b", "<type>"),
        ("ALTER TABLE a ALTER COLUMN b SET DATA TYPE int x", "'(', 'ARRAY', <EOF>"),
        ("ALTER TABLE a x", "'.', 'ADD', 'ALTER', 'DROP', 'EXECUTE', 'RENAME', 'SET'"),
        ("TRUNCATE TABLE a b", "'.', <EOF>"),
        ("EXECUTE a x", "'USING', <EOF>"),
        ("GRANT a TO b c", "',', 'GRANTED', 'IN', 'WITH', <EOF>"),
    ] {
        let message = parse_statement(sql).expect_err(sql).message;
        assert_eq!(message.split_once(" Expecting: ").unwrap().1, expecting, "{sql}");
    }
}

fn select(sql: &str) -> Select {
    match parse_statement(sql).expect(sql).kind {
        StatementKind::Query(query) => match query.body {
            crate::sql::ast::QueryBody::Select(select) => *select,
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_word_that_begins_a_clause_is_no_alias() {
    assert!(matches!(select("SELECT a FROM t LIMIT 5").from.as_slice(), [Relation::Table(_)]));
    assert!(matches!(select("SELECT a FROM t OFFSET 5").from.as_slice(), [Relation::Table(_)]));
    assert!(matches!(select("SELECT a FROM t limit").from.as_slice(), [Relation::Aliased { .. }]));
    assert!(matches!(select("SELECT a FROM t fetch").from.as_slice(), [Relation::Aliased { .. }]));
    assert!(matches!(select("SELECT a FROM t TABLESAMPLE SYSTEM (1)").from.as_slice(), [Relation::Sampled { .. }]));
}

#[test]
fn nesting_is_bounded_and_chains_are_not() {
    let deep = |depth: usize| format!("SELECT {}1{}", "(".repeat(depth), ")".repeat(depth));
    assert!(parse_statement(&deep(50)).is_ok());
    assert_eq!(parse_statement(&deep(100_000)).expect_err("too deep").kind, SqlErrorKind::Limit);
    for (open, close) in
        [("(SELECT ", ")"), ("NOT ", ""), ("- ", ""), ("x -> ", ""), ("CAST(", " AS x)"), ("ARRAY[", "]"), ("f(", ")")]
    {
        let sql = format!("SELECT {}1{}", open.repeat(20_000), close.repeat(20_000));
        assert_eq!(parse_statement(&sql).expect_err(open).kind, SqlErrorKind::Limit, "{open}");
    }
    for chain in [" + 1", " OR x", " AND x", " || 'a'", " UNION SELECT 1", ", 1"] {
        let sql = format!("SELECT 1{}", chain.repeat(30_000));
        assert!(parse_statement(&sql).is_ok(), "{chain}");
    }
    let joins = format!("SELECT 1 FROM a{}", " CROSS JOIN b".repeat(30_000));
    assert!(parse_statement(&joins).is_ok());
}

#[test]
fn the_deepest_text_fits_a_small_stack() {
    for (open, close) in [
        ("(", ")"),
        ("(SELECT ", ")"),
        ("f(", ")"),
        ("CASE WHEN ", " THEN 1 END"),
        ("a IN (", ")"),
        ("EXISTS (SELECT ", ")"),
        ("JSON_OBJECT(KEY ", " VALUE 1)"),
        ("JSON_VALUE(", ", 'lax $')"),
        ("CAST(", " AS int)"),
        ("x -> ", ""),
        ("x BETWEEN 1 AND (", ")"),
        ("count(*) FILTER (WHERE ", ")"),
        ("count(*) OVER (PARTITION BY ", ")"),
        ("(SELECT 1 FROM (SELECT ", ") x)"),
        ("(SELECT 1 FROM TABLE(f(", ")))"),
        ("(SELECT 1 FROM a JOIN b ON ", ")"),
        ("(SELECT 1 FROM t MATCH_RECOGNIZE (PATTERN (A) DEFINE A AS ", "))"),
    ] {
        for depth in [1, 50, 60, 80, 120, 240, 249, 300] {
            let sql = format!("SELECT {}1{}", open.repeat(depth), close.repeat(depth));
            match parse_statement(&sql) {
                Ok(statement) => drop(statement.clone()),
                Err(error) => assert_eq!(error.kind, SqlErrorKind::Limit, "{sql}"),
            }
        }
    }
}

#[test]
fn the_deepest_routine_fits_a_small_stack() {
    for (open, close) in [
        ("BEGIN ", "; END"),
        ("IF a THEN ", "; END IF"),
        ("CASE WHEN a THEN ", "; END CASE"),
        ("LOOP ", "; END LOOP"),
        ("REPEAT ", "; UNTIL a END REPEAT"),
    ] {
        for depth in [1, 60, 120, 240, 249, 300] {
            let (open, close) = (open.repeat(depth), close.repeat(depth));
            let sql = format!("CREATE FUNCTION f() RETURNS int BEGIN {open}RETURN 1{close}; END");
            match parse_statement(&sql) {
                Ok(statement) => drop(statement.clone()),
                Err(error) => assert_eq!(error.kind, SqlErrorKind::Limit, "{sql}"),
            }
        }
    }
}

#[test]
fn chains_within_chains_are_bounded_as_one() {
    // Each level is short and the levels are few, but their tree would be 40,000 nodes deep.
    for chain in ["[1]", ".a", " AT TIME ZONE 'UTC'"] {
        let (open, close) = ("(".repeat(200), format!("){}", chain.repeat(200)).repeat(200));
        assert_eq!(
            parse_statement(&format!("SELECT {open}x{close}")).unwrap_err().kind,
            SqlErrorKind::Limit,
            "{chain}"
        );
        let columns = format!("SELECT x{}", format!("{chain}, x").repeat(30_000));
        assert!(parse_statement(&columns).is_ok(), "{chain}");
    }
}

#[test]
fn nothing_is_read_twice() {
    // A rule that tries one way and then another takes time that doubles with each level.
    for (open, close) in [
        ("position(", ")"),
        ("position(1 IN ", ")"),
        ("row(", ")"),
        ("substring(", ")"),
        ("try_cast(", ")"),
        ("trim(", ")"),
        ("JSON_OBJECT(KEY ", ")"),
        ("JSON_OBJECT(KEY 'a' VALUE ", ")"),
        ("a = ALL (", ")"),
        ("a IN ((", "))"),
        ("(SELECT 1 GROUP BY (1 + ", ") + 1)"),
        ("(SELECT 1 FROM TABLE(f(TABLE(t) PARTITION BY (1 + ", ") + 1)))"),
        ("(SELECT 1 FROM ((SELECT ", ") a CROSS JOIN b))"),
    ] {
        for (middle, close) in [("x", close), ("x y z", close), ("", "")] {
            let _ = parse_statement(&format!("SELECT {}{middle}{}", open.repeat(100), close.repeat(100)));
        }
    }
    // Looking ahead over a parenthesis takes no time that grows with what is in it.
    for open in ["row(", "position(1 IN ", "trim(1 FROM "] {
        let long = format!("f(1{})", ", 1".repeat(100_000));
        parse_statement(&format!("SELECT {}{long}{}", open.repeat(200), ")".repeat(200))).expect("read");
    }
    let types = format!("SELECT CAST(x AS {}int z{})", "row(".repeat(100), ") z".repeat(100));
    let _ = parse_statement(&types);
}

#[test]
fn a_unicode_string_is_decoded() {
    let statement = parse_statement(r"EXECUTE IMMEDIATE U&'SELECT \0031' USING 2").expect("read");
    let StatementKind::ExecuteImmediate { text, .. } = statement.kind else { panic!("not immediate") };
    assert_eq!(text.value, "SELECT 1");
}

#[test]
fn an_expression_is_read_to_its_end() {
    assert!(parse_expression("region = 'EU'").is_ok());
    assert!(parse_expression("region = 'EU' -- of Europe").is_ok());
    assert!(parse_expression("region = 'EU')").is_err());
    assert!(parse_expression("").is_err());
}

proptest::proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,200}") {
        let _ = parse_statement(&text);
    }

    #[test]
    fn no_row_of_tokens_makes_it_panic(words in proptest::collection::vec(proptest::sample::select(vec![
        "SELECT", "FROM", "WHERE", "(", ")", ",", ".", "*", "a", "\"b\"", "'c'", "1", "1.5", "1e5", "?", "->", "=>", "AS",
        "JOIN", "ON", "USING", "TABLE", "VALUES", "WITH", "IN", "NOT", "NULL", "CASE", "WHEN", "THEN", "END", "INTERVAL",
        "DAY", "ARRAY", "[", "]", "ROW", "OVER", "WINDOW", "PARTITION", "BY", "ORDER", "GROUP", "GROUPING", "SETS",
        "MATCH_RECOGNIZE", "PATTERN", "{", "}", "{-", "-}", "|", "^", "$", "JSON_TABLE", "COLUMNS", "UNION", "LATERAL",
        "UNNEST", "CAST", "EXISTS", "LIKE", "ESCAPE", "BETWEEN", "AND", "OR", "-", "+", "||", "EXPLAIN", "SHOW", "FOR",
        "CREATE", "DROP", "ALTER", "VIEW", "MATERIALIZED", "SCHEMA", "COLUMN", "IF", "RENAME", "TO", "SET", "INSERT", "INTO",
        "MERGE", "MATCHED", "UPDATE", "DELETE", "GRANT", "REVOKE", "DENY", "PRIVILEGES", "ADMIN", "OPTION", "ROLE", "CALL",
        "COMMENT", "AUTHORIZATION", "PROPERTIES", "=", "DEFAULT", "REPLACE", "EXECUTE", "TRUNCATE", "ANALYZE", "DATA",
        "TIMESTAMP", "TIME", "ZONE", "AT", "LIMIT", "ALL", "DISTINCT", "TRIM", "LISTAGG", "X'0a'", "U&'x'", "DESCRIPTOR",
    ]), 0..40)) {
        let _ = parse_statement(&words.join(" "));
    }
}
