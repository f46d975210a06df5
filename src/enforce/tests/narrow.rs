//! Which columns a guard has: those that are read, and all where it is not certain which are.

use super::compile;
use crate::analysis::session::Session;
use crate::catalog::table::{Column, Known, Need, Table, TableKind, Tables};
use crate::enforce::{Aids, Decision, Enforced, Options, Outcome, Request, enforce};
use crate::names::TableName;
use std::sync::Arc;

const POLICIES: &str = "apiVersion: sluice/v1
kind: Domain
metadata: {name: all}
spec: {central: true}
---
apiVersion: sluice/v1
kind: AccessPolicy
metadata: {name: a, domain: all}
spec:
  tables: [{catalog: lake, schema: s, table: '*'}]
  grants: [{to: {everyone: true}, privileges: [select]}]
  masks: [{column: a, expression: 'NULL'}]
  filters: [{expression: z > 0}]
";

/// A statement over `t` (a, b, c, z) and `u` (b, d, z), and the columns that the guard of each relation has, in their order.
const NARROWED: &[(&str, &[&str])] = &[
    ("SELECT b FROM t", &["b"]),
    ("SELECT x.b FROM t x WHERE x.c > 1 ORDER BY a", &["a b c"]),
    ("SELECT c AS b FROM t ORDER BY b", &["c"]),
    ("SELECT c AS b FROM t GROUP BY b, c", &["b c"]),
    ("SELECT c FROM t GROUP BY GROUPING SETS ((c), (b)) HAVING count(a) > 1", &["a b c"]),
    ("SELECT count(*) FROM t", &["b"]),
    ("SELECT 1 FROM t", &["b"]),
    ("SELECT * FROM t", &["a b c z"]),
    ("SELECT x.* FROM t x, u", &["a b c z", "b"]),
    ("TABLE t", &["a b c z"]),
    ("SELECT b FROM t UNION SELECT d FROM u", &["b", "d"]),
    ("SELECT b FROM (SELECT * FROM t)", &["a b c z"]),
    ("WITH q (x) AS (SELECT c FROM t) SELECT x FROM q", &["c"]),
    // Column aliases go by position.
    ("SELECT k FROM t AS x (k, l, m, n)", &["a b c z"]),
    ("SELECT c FROM t JOIN u ON t.b = u.b", &["b c", "b"]),
    ("SELECT c, d FROM t JOIN u USING (b)", &["b c", "b d"]),
    ("SELECT c FROM t NATURAL JOIN u", &["a b c z", "b d z"]),
    ("SELECT c FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.d = t.a)", &["a c", "d"]),
    ("SELECT c FROM t WHERE b IN (SELECT a FROM u)", &["a b c", "b"]),
    ("SELECT c, x.e FROM t CROSS JOIN LATERAL (SELECT d + t.b AS e FROM u) x", &["b c", "d"]),
    ("SELECT sum(c) OVER w FROM t WINDOW w AS (PARTITION BY a ORDER BY z)", &["a c z"]),
    ("SELECT c FROM t TABLESAMPLE BERNOULLI (10) WHERE b = 1", &["b c"]),
    // What is not of one column alone would be, if others were left out.
    ("SELECT z, c FROM t, u", &["a b c z", "b d z"]),
    ("SELECT c, k FROM t CROSS JOIN UNNEST(ARRAY[1]) AS n (k)", &["c"]),
    // The name may be a column of what is not known.
    ("SELECT c, k FROM t CROSS JOIN UNNEST(ARRAY[b])", &["a b c z"]),
    ("SELECT y FROM t MATCH_RECOGNIZE (MEASURES A.c AS y PATTERN (A) DEFINE A AS true)", &["a b c z"]),
    ("SELECT a FROM TABLE(exclude_columns(TABLE(t), DESCRIPTOR(b)))", &["a b c z"]),
    // In the text of a view, each by itself.
    ("SELECT v.b FROM v", &["b", "b d z"]),
];

#[test]
fn a_guard_has_the_columns_that_are_read() {
    let wrong: Vec<String> = NARROWED
        .iter()
        .filter_map(|(sql, wanted)| {
            let decision = decided(sql);
            let Outcome::Forward(guarded) = &decision.outcome else { return Some(format!("{sql}: {decision:?}")) };
            let sent = guarded.text();
            let found = guards(sent);
            (found != *wanted).then(|| format!("{sql}: {found:?} in {sent}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_column_that_stays_unread_is_not_told_as_read() {
    for (sql, read) in
        [("SELECT k FROM t AS x (k, l, m, n)", "a"), ("SELECT b FROM t", "b"), ("SELECT count(*) FROM t", "")]
    {
        let decision = decided(sql);
        let [object] = decision.objects.as_slice() else { panic!("{decision:?}") };
        assert_eq!(object.columns.join(" "), read, "{sql}");
        // The mask of `a` is told where it was put in.
        assert_eq!(decision.masks.len(), usize::from(read == "a"), "{sql}");
    }
}

fn decided(sql: &str) -> Arc<Decision> {
    let snapshot = compile(POLICIES);
    let mut tables = Tables::default();
    let mut add = |name: &str, columns: &str, kind: TableKind| {
        let columns = columns.split(' ').map(|name| Column { name: name.into(), data_type: "bigint".into() }).collect();
        let known = Known::Table(Arc::new(Table { columns, kind }));
        tables.insert(Need::Table(TableName::new("lake", "s", name)), known);
    };
    add("t", "a b c z", TableKind::Table);
    add("u", "b d z", TableKind::Table);
    add("v", "b d z", TableKind::View { text: "SELECT b, d, z FROM lake.s.u".into() });
    let session = Session { catalog: Some("lake".into()), schema: Some("s".into()), ..Session::default() };
    let subject = snapshot.subject("anna", &[]);
    let request = Request {
        sql,
        session: &session,
        subject: &subject,
        snapshot: &snapshot,
        tables: &tables,
        options: &Options::TESTS,
        aids: Aids::default(),
    };
    match enforce(&request, &mut |_| ()) {
        Enforced::Decided(decision) => decision,
        Enforced::Needs(needs) => panic!("{sql}: {needs:?}"),
    }
}

/// The columns of each guard in a text: what its innermost SELECT gives, the condition of a guarded form aside.
fn guards(sent: &str) -> Vec<String> {
    let lists = sent.match_indices("SELECT \"sluice_").chain(sent.match_indices("SELECT CAST(("));
    let mut lists: Vec<usize> = lists.map(|(at, _)| at).collect();
    lists.sort_unstable();
    lists
        .into_iter()
        .map(|at| {
            let list = sent.get(at + 7..).and_then(|rest| rest.split(" FROM ").next()).unwrap();
            let items = list.split(", ").filter(|item| !item.starts_with("(("));
            let name = |item: &str| item.rsplit('"').nth(1).unwrap().to_owned();
            items.map(name).collect::<Vec<_>>().join(" ")
        })
        .collect()
}
