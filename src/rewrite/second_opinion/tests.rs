use super::{Beside, GrammarVersion, TheirReading, Unseen, second_opinion, theirs};
use crate::sql::v476::parse_statement;
use std::sync::Arc;

fn opinion_on(sql: &str) -> Result<(), Unseen> {
    second_opinion(
        sql,
        &parse_statement(sql).unwrap_or_else(|error| panic!("{error}: {sql}")),
        GrammarVersion::V476,
        None,
    )
}

/// What sqlparser makes of `theirs`, beside our tree of `ours`.
fn compared(theirs: &str, ours: &str) -> Result<(), Unseen> {
    second_opinion(theirs, &parse_statement(ours).unwrap(), GrammarVersion::V476, None)
}

/// Queries as people and tools write them. Each of them is read by both parsers.
const ORDINARY: &[&str] = &[
    "SELECT 1",
    "SELECT extract(YOW FROM o.orderdate) FROM orders o",
    "SELECT l.returnflag, sum(l.quantity) AS q, avg(l.discount) FROM tpch.tiny.lineitem AS l WHERE l.shipdate <= DATE '1998-12-01' - INTERVAL '90' DAY GROUP BY l.returnflag ORDER BY 1",
    "SELECT s.acctbal, n.name FROM part p, supplier s, partsupp ps, nation n, region r WHERE p.partkey = ps.partkey AND ps.supplycost = (SELECT min(x.supplycost) FROM partsupp x, supplier y WHERE x.suppkey = y.suppkey) LIMIT 100",
    "SELECT orderpriority, count(*) FROM orders o WHERE EXISTS (SELECT * FROM lineitem WHERE orderkey = o.orderkey AND commitdate < receiptdate) GROUP BY orderpriority",
    "SELECT sum(CASE WHEN nation = 'BRAZIL' THEN volume ELSE 0 END) / sum(volume) FROM (SELECT extract(YEAR FROM o.orderdate) AS y, n.name AS nation, l.extendedprice * (1 - l.discount) AS volume FROM lineitem l JOIN orders o ON o.orderkey = l.orderkey CROSS JOIN nation n) AS all_nations GROUP BY y",
    "WITH revenue (supplier_no, total) AS (SELECT suppkey, sum(extendedprice) FROM lineitem GROUP BY suppkey), top AS (SELECT max(total) AS m FROM revenue) SELECT s.name FROM supplier s, revenue, top WHERE s.suppkey = supplier_no AND total = m",
    "WITH RECURSIVE t (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 5) SELECT sum(n) FROM t",
    "WITH orders AS (SELECT * FROM \"Sales\".\"Orders\") SELECT * FROM (WITH x AS (SELECT * FROM orders) SELECT * FROM x) y",
    "SELECT \"E\".\"ID\" FROM \"lake\".\"hr\".\"employees\" AS \"E\" LEFT JOIN hr.reviews r USING (id)",
    "SELECT a.\"x y\" FROM \"my schema\".\"my \"\"quoted\"\" table\" a",
    "SELECT x FROM t CROSS JOIN UNNEST(t.xs) AS u (x) WHERE x IN (1, 2, 3) AND y NOT BETWEEN 1 AND 2 AND z LIKE 'a%' ESCAPE '\\'",
    "SELECT count(DISTINCT a) FILTER (WHERE b > 1), row_number() OVER (PARTITION BY c ORDER BY d DESC NULLS LAST) FROM t",
    "SELECT transform(array_agg(id ORDER BY id), x -> x + 1), try_cast(a AS double), if(a, b, c) FROM t GROUP BY ROLLUP (a, b)",
    "SELECT * FROM (SELECT id FROM a UNION ALL SELECT id FROM b EXCEPT SELECT id FROM c) AS virtual_table LIMIT 1001",
    "SELECT * FROM (VALUES (1, 'a'), (2, 'b')) AS v (x, y) JOIN LATERAL (SELECT * FROM t WHERE t.x = v.x) l ON true",
    "SELECT \"$path\", t.* FROM lake.hr.\"employees$files\" t",
    "SELECT table_name FROM lake.information_schema.tables WHERE table_schema = 'hr'",
    "SELECT /* one */ a -- two\r\n, b FROM t -- three",
    "SELECT 'it''s', U&'\\00e9', 1e3, .5 FROM t WHERE a > 1_000 AND b",
    "SELECT reduce(a, 0, (s, x) -> s + x, s -> IF(s > 0, s)) FROM t",
    "SELECT * FROM t MATCH_RECOGNIZE (PARTITION BY a ORDER BY b MEASURES A.c AS x PATTERN (A B+) DEFINE B AS B.c > A.c)",
    "SELECT id FROM t FETCH FIRST 1 ROW ONLY",
    "SELECT a1, b2_c FROM t1_x GROUP BY GROUPING SETS ((a1, b2_c), ())",
    "SELECT 1 FROM (a) CROSS JOIN (b JOIN (c) ON b.x = c.x)",
    "SELECT * FROM a NATURAL JOIN b, c RIGHT JOIN d ON c.x = d.x",
    "SELECT listagg(a, ',') WITHIN GROUP (ORDER BY b) FROM t",
];

#[test]
fn ordinary_queries_are_read_the_same() {
    for sql in ORDINARY {
        assert!(theirs::names(sql).0.is_some(), "sqlparser can't read {sql}");
        assert_eq!(opinion_on(sql), Ok(()), "{sql}");
    }
}

#[test]
fn what_sqlparser_can_not_read_has_no_opinion() {
    for sql in [
        "TABLE t",
        "VALUES 1, 2",
        "SELECT * FROM t FOR VERSION AS OF 1",
        "SELECT * FROM TABLE(exclude_columns(input => TABLE(t), columns => DESCRIPTOR(x)))",
        "SHOW STATS FOR t",
    ] {
        assert_eq!(opinion_on(sql), Ok(()), "{sql}");
    }
}

#[test]
fn a_table_that_only_sqlparser_sees_is_told() {
    for (theirs, ours, name) in [
        ("SELECT 1 FROM a, b.c", "SELECT 1 FROM a", "b.c"),
        ("SELECT 1 WHERE EXISTS (SELECT 1 FROM X.\"Y\".z)", "SELECT 1", "x.y.z"),
        ("WITH a AS (SELECT 1 FROM b) SELECT 1 FROM a", "SELECT 1 FROM a", "b"),
        ("SELECT sum(x) FILTER (WHERE EXISTS (SELECT 1 FROM b)) FROM a", "SELECT 1 FROM a", "b"),
        ("SELECT transform(x, y -> (SELECT 1 FROM b)) FROM a", "SELECT 1 FROM a", "b"),
    ] {
        assert_eq!(compared(theirs, ours), Err(Unseen { names: vec![name.to_owned()] }), "{theirs}");
    }
}

/// It gives the same reading for each text.
#[derive(Debug)]
struct Always(Arc<TheirReading>);

impl Beside for Always {
    fn begin(&self, _: &str) {}

    fn reading(&self, _: &str) -> Option<Arc<TheirReading>> {
        Some(Arc::clone(&self.0))
    }
}

#[test]
fn what_was_read_beside_counts_for_its_own_text_alone() {
    let (sql, ours) = ("SELECT 1 FROM a, b", parse_statement("SELECT 1 FROM a").unwrap());
    let beside = |reading| second_opinion(sql, &ours, GrammarVersion::V476, Some(&Always(Arc::new(reading))));
    assert_eq!(beside(TheirReading::for_tests(sql, &[&["c"]])), Err(Unseen { names: vec!["c".to_owned()] }));
    assert_eq!(beside(TheirReading::of("SELECT 1 FROM a".into())), Err(Unseen { names: vec!["b".to_owned()] }));
}

#[test]
fn the_text_of_execute_immediate_is_read_too() {
    let ours = parse_statement("EXECUTE IMMEDIATE 'SELECT 1 FROM a, b'").unwrap();
    assert_eq!(second_opinion("EXECUTE IMMEDIATE 'SELECT 1 FROM a, b'", &ours, GrammarVersion::V476, None), Ok(()));
    // Of the text in the tree alone.
    assert_eq!(second_opinion("SELECT 1 FROM c", &ours, GrammarVersion::V476, None), Ok(()));
}

#[test]
fn a_name_without_quotes_is_of_ascii() {
    assert_eq!(theirs::names("SELECT 1 FROM \u{e9}").0, None);
}

#[test]
fn long_texts_are_not_read_and_blanks_are_no_tokens() {
    let long = |blanks: usize| compared(&format!("SELECT 1 FROM b{}", "\n".repeat(blanks)), "SELECT 1 FROM a");
    assert!(long(20_000).is_err());
    assert_eq!(long(super::LONGEST), Ok(()));
}

#[test]
fn comments_end_where_trino_ends_them() {
    // Read with a lone carriage return as part of the comment, or with nested comments, the second table would be hidden.
    let ours = "SELECT 1 FROM a";
    assert!(compared("SELECT 1 FROM a -- x\rUNION SELECT 1 FROM b", ours).is_err());
    assert!(compared("SELECT 1 /* /* */ FROM b -- */", ours).is_err());
    assert!(compared("SELECT 1 FROM a /*! UNION SELECT 1 FROM b */", ours).is_ok());
}

#[test]
fn no_text_overflows_the_stack() {
    const TERMS: usize = 4_900;
    let chain = |term: &str, operator: &str| format!("SELECT {}", vec![term; TERMS].join(operator));
    let nested = |open: &str, close: &str| format!("SELECT {}1{}", open.repeat(TERMS), close.repeat(TERMS));
    let texts = [
        chain("1", "+"),
        chain("a", " AND "),
        chain("1", "||"),
        format!("SELECT 1{}", " UNION SELECT 1".repeat(3_300)),
        chain("a", "."),
        format!("SELECT a{}", "[1]".repeat(3_300)),
        format!("SELECT {}1", "NOT ".repeat(9_900)),
        format!("SELECT {}1", "- ".repeat(9_900)),
        nested("(", ")"),
        nested("(SELECT ", ")"),
        nested("ARRAY[", "]"),
        nested("CASE WHEN ", " THEN 1 END"),
        format!("SELECT 1 FROM a{}", " JOIN a ON 1=1".repeat(1_600)),
    ];
    let reading = std::thread::Builder::new().stack_size(2 * 1024 * 1024);
    let names = reading.spawn(move || texts.iter().map(|text| theirs::names(text).0.is_some()).collect::<Vec<_>>());
    assert!(names.unwrap().join().unwrap().contains(&true));
}
