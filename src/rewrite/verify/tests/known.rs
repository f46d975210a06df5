//! What is known of guards changes nothing that is proved.

use super::super::known::{Proofs, Reading};
use super::fixture::*;
use crate::sql::MAX_NESTING;

/// Guards as rewriting writes them: of columns without masks, with masks, in the guarded form, and without a filter.
const PLAIN: &str = r#"(SELECT "sluice_1"."id", "sluice_1"."region" FROM "lake"."hr"."employees" "sluice_1" WHERE ("sluice_1"."region" = 'EU'))"#;
const MASKED: &str = concat!(
    r#"(SELECT "sluice_1"."id", CAST(('***@' || system.builtin.split_part("sluice_1"."email", '@', 2)) AS varchar) AS "email", "#,
    r#"CAST((NULL) AS bigint) AS "salary" FROM "lake"."hr"."employees" "sluice_1" WHERE ("sluice_1"."region" = 'EU'))"#,
);
const LIMITED: &str = concat!(
    r#"(SELECT IF("sluice_3", "id") AS "id", IF("sluice_3", "email") AS "email" FROM (SELECT "sluice_1"."id", "#,
    r#"CAST(('***@' || system.builtin.split_part("sluice_1"."email", '@', 2)) AS varchar) AS "email", "#,
    r#"(("sluice_1"."region" = 'EU')) AS "sluice_3" FROM "lake"."hr"."employees" "sluice_1") "sluice_2" "#,
    r#"WHERE "sluice_3" LIMIT 9223372036854775807)"#,
);
const ONLY_MASKED: &str =
    r#"(SELECT CAST(('XXXX') AS varchar) AS "card_number" FROM "lake"."sales"."orders" "sluice_1")"#;
const ALL: [&str; 4] = [PLAIN, MASKED, LIMITED, ONLY_MASKED];

/// With all of these guards known.
fn proofs() -> Proofs {
    let proofs = Proofs::new(1 << 20);
    for guard in ALL {
        verify_by(Some(&proofs), &format!("SELECT 1 FROM {guard} x")).unwrap();
    }
    proofs
}

/// How many guards are known in a text.
fn known(proofs: &Proofs, text: &str) -> usize {
    with_request(Some(proofs), text, |request| Reading::shortened(text, request).places().len())
}

/// Whether a text is proved, by what is known just as without it.
fn proved(proofs: &Proofs, text: &str) -> bool {
    let [anew, by_known] = [None, Some(proofs)].map(|proofs| verify_by(proofs, text));
    assert_eq!(format!("{by_known:?}"), format!("{anew:?}"), "{text}");
    anew.is_ok()
}

#[test]
fn a_guard_is_known_wherever_a_query_may_stand() {
    let proofs = proofs();
    for guard in ALL {
        for text in [
            "SELECT * FROM {} x",
            "SELECT * FROM {} x JOIN {} AS y ON true, {}",
            "{}",
            "({}) UNION ALL {} LIMIT 3",
            "WITH x AS {} SELECT * FROM x, ({} y CROSS JOIN (VALUES 1) z)",
            "SELECT 1 WHERE EXISTS {} AND 1 IN {} AND (SELECT 1 FROM {} z) = 1",
            "INSERT INTO lake.scratch_1.a SELECT * FROM {} x",
            "EXPLAIN (TYPE VALIDATE) SELECT * FROM {} x",
            "SELECT 'it''s', \"a\"\"b\", '(SELECT ' /* ( */ -- '\n FROM {} x",
        ] {
            let text = text.replace("{}", guard);
            assert_eq!(known(&proofs, &text), text.matches(guard).count(), "{text}");
            proved(&proofs, &text);
        }
        assert!(proved(&proofs, &format!("SELECT * FROM {guard} x, {guard} y")));
    }
}

#[test]
fn nothing_is_known_before_it_was_proved_and_for_nobody_else() {
    let proofs = Proofs::new(1 << 20);
    assert_eq!(known(&proofs, &format!("SELECT 1 FROM {PLAIN} x")), 0);
    verify_by(Some(&proofs), &format!("SELECT 1 FROM {PLAIN} x")).unwrap();
    // Columns without a mask need no proof of their own, each mask does.
    let other = PLAIN.replace("\"sluice_1\".\"id\", \"sluice_1\".\"region\"", "\"sluice_1\".\"name\"");
    assert_eq!([PLAIN, &other, MASKED, ONLY_MASKED].map(|guard| known(&proofs, guard)), [1, 1, 0, 0]);
    verify_by(Some(&proofs), &format!("SELECT 1 FROM {LIMITED} x")).unwrap();
    assert_eq!([PLAIN, LIMITED, MASKED].map(|guard| known(&proofs, guard)), [1, 1, 0]);
    let others = with_request(Some(&proofs), PLAIN, |request| {
        let subject = crate::policy::Subject { user: "other".to_owned(), ..request.subject.clone() };
        Reading::shortened(PLAIN, &crate::enforce::Request { subject: &subject, ..*request }).places().len()
    });
    assert_eq!(others, 0);
    let nothing = Proofs::new(0);
    verify_by(Some(&nothing), &format!("SELECT 1 FROM {PLAIN} x")).unwrap();
    assert_eq!(known(&nothing, PLAIN), 0);
}

#[test]
fn a_guard_that_was_not_proved_leaves_nothing() {
    let proofs = Proofs::new(1 << 20);
    for (from, to) in
        [("'EU'", "'US'"), ("\"region\" FROM", "\"ssn\" FROM"), (" WHERE (\"sluice_1\".\"region\" = 'EU')", "")]
    {
        let guard = PLAIN.replace(from, to);
        verify_by(Some(&proofs), &format!("SELECT 1 FROM {guard} x")).unwrap_err();
        assert_eq!([&guard, PLAIN].map(|guard| known(&proofs, guard)), [0, 0], "{guard}");
    }
}

#[test]
fn a_guard_that_rests_on_more_or_holds_a_comment_leaves_nothing() {
    let reviews = concat!(
        r#"(SELECT "sluice_1"."id" FROM "lake"."hr"."reviews" "sluice_1" WHERE ("sluice_1"."employee_id" IN "#,
        r#"(SELECT "sluice_2"."id" FROM "lake"."hr"."employees" "sluice_2" WHERE "sluice_2"."region" = 'EU')) "#,
        r#"AND ("sluice_1"."score" < 9))"#,
    );
    let commented = MASKED.replace("(NULL)", "(/* */ NULL)");
    let elsewhere = PLAIN.replace("sluice_1", "sluice_4");
    let in_time = ONLY_MASKED.replace("\"orders\"", "\"orders\" FOR VERSION AS OF 7");
    for guard in [reviews, &commented, &elsewhere, &in_time] {
        let proofs = Proofs::new(1 << 20);
        verify_by(Some(&proofs), &format!("SELECT 1 FROM {guard} x")).unwrap();
        for other in [guard, PLAIN, MASKED, ONLY_MASKED] {
            assert_eq!(known(&proofs, other), 0, "{guard} {other}");
        }
    }
}

/// A condition that a user writes in the guarded form need not stand in parentheses. Nothing may be made of that.
#[test]
fn a_filter_that_was_not_found_is_not_taken_for_none() {
    let bare = LIMITED.replace("((\"sluice_1\".\"region\" = 'EU'))", "\"sluice_1\".\"region\" = 'EU'");
    let without = PLAIN.replace(" WHERE (\"sluice_1\".\"region\" = 'EU')", "");
    let proofs = Proofs::new(1 << 20);
    verify_by(Some(&proofs), &format!("SELECT 1 FROM {bare} x")).unwrap();
    assert!(!proved(&proofs, &format!("SELECT 1 FROM {without} x")));
    verify_by(Some(&proofs), &format!("SELECT 1 FROM {PLAIN} x")).unwrap();
    assert!(!proved(&proofs, &format!("SELECT 1 FROM {without} x")));
    assert_eq!(known(&proofs, PLAIN), 1);
}

#[test]
fn each_byte_of_a_guard_counts() {
    let proofs = proofs();
    for guard in ALL {
        let right = format!("SELECT 1 FROM {guard} x");
        for at in 0..right.len() {
            let (before, here) = right.split_at(at);
            let (_, behind) = here.split_at(1);
            for other in
                ["", "'", "\"", "(", ")", " ", "-", "*", ",", "x", "2", "/*", "*/", "--", "\n", "\"\"", "\u{e4}"]
            {
                proved(&proofs, &format!("{before}{other}{behind}"));
                proved(&proofs, &format!("{before}{other}{here}"));
            }
        }
    }
}

#[test]
fn what_stands_around_a_guard_counts() {
    let proofs = proofs();
    for guard in ALL {
        for around in [
            // In a string, a name, a comment, a text to run: no guard, and none is taken for one.
            "SELECT '{}'",
            "SELECT ' {} FROM lake.finance.payments --'",
            "SELECT 1 AS \"{}\"",
            "SELECT 1 AS \" {} \"",
            "SELECT 1 /* {} */",
            "SELECT 1 /* {} FROM lake.finance.payments",
            "SELECT 1 -- {}",
            "SELECT 1 -- {}\n FROM lake.finance.payments",
            "EXECUTE IMMEDIATE 'SELECT 1 FROM {} x'",
            "SELECT U&'{}', X'{}'",
            "SELECT $$ {} $$",
            "SELECT ' FROM {} x",
            "SELECT \" FROM {} x",
            "SELECT 1 /* FROM {} x",
            // What a query in parentheses may not be followed or preceded by.
            "SELECT * FROM {} FOR VERSION AS OF 1",
            "SELECT * FROM {}.x",
            "SELECT * FROM x{}",
            "SELECT * FROM x.{}",
            "SELECT * FROM TABLE{}",
            "SELECT {} -> 1",
            "{}{}",
            "SELECT * FROM {} x, lake.finance.payments",
            "SELECT 1 / x.id FROM {} x",
            "SELECT 1 FROM {} x WHERE 1 / x.id > 1",
            "CREATE VIEW lake.scratch_1.v AS SELECT * FROM {} x",
            "CREATE TABLE lake.scratch_1.v AS SELECT * FROM {} x",
            "EXPLAIN SELECT * FROM {} x",
            "EXPLAIN ANALYZE SELECT * FROM {} x",
            "SHOW STATS FOR {}",
            "SELECT * FROM (SELECT 0)",
            "WITH RECURSIVE x (a) AS {} SELECT * FROM x",
            "SELECT * FROM lake.hr.employees FOR VERSION AS OF {}",
            // Forms that the grammar tells apart by what stands in a parenthesis.
            "SELECT trim({}), trim(({})), trim(({}) FROM 'a'), trim(BOTH FROM {})",
            "SELECT substring({}), substring(({})), substring(({}) FROM 1), position(({}) IN 'a')",
            "SELECT try_cast({}), try_cast(({}) AS varchar), cast({} AS varchar), cast(({}) AS varchar)",
            "SELECT row{}, row({}), array[{}], {}[1], (({})), ({}, {})",
            "SELECT count{}, count({}), count(ALL {}), count(DISTINCT ({})), array_agg(1 ORDER BY {})",
            "SELECT 1 WHERE 1 = ALL {} OR 1 = ANY ({}) OR ({}) = 1 OR 1 IN ({}) OR 1 IN (({}), 2) OR unique {}",
            "SELECT x -> {}, (x) -> {}, {} AT TIME ZONE 'a', {} BETWEEN {} AND {}, CASE WHEN {} THEN {} END",
            "SELECT * FROM ({}) x, (({})) y, LATERAL {} z, UNNEST({}), TABLE(f(a => {})), TABLE(f(TABLE{}))",
            "SELECT * FROM ({} UNION {}) x ORDER BY {} LIMIT 1",
            "SELECT * FROM ({} x JOIN {} y ON true) TABLESAMPLE BERNOULLI ({})",
            "MERGE INTO lake.scratch_1.t USING {} x ON true WHEN MATCHED THEN DELETE",
            "DELETE FROM lake.scratch_1.t WHERE EXISTS {}",
            "VALUES {}, ({})",
            "TABLE {}",
            "CALL system.runtime.kill_query({})",
            "SET SESSION query_max_run_time = {}",
        ] {
            proved(&proofs, &around.replace("{}", guard));
        }
    }
}

#[test]
fn the_text_that_is_prepared_is_known_too() {
    let proofs = proofs();
    for guard in ALL {
        let text = format!("SELECT * FROM {guard} x WHERE ? = 1");
        let [anew, by_known] = [None, Some(&proofs)].map(|proofs| verify_prepared_by(proofs, &text));
        assert_eq!(format!("{:?}", by_known.unwrap()), format!("{:?}", anew.unwrap()));
        let forged = text.replace(guard, "lake.hr.employees");
        assert!([None, Some(&proofs)].iter().all(|proofs| verify_prepared_by(*proofs, &forged).is_err()));
    }
}

#[test]
fn a_text_is_looked_through_in_linear_time() {
    let proofs = proofs();
    for text in [
        "(SELECT ",
        "(SELECT 1 FROM \"a",
        "(SELECT \"sluice_1\".\"id\", ",
        " FROM \"",
        " FROM \"lake\".\"hr\".\"employees\"",
    ] {
        assert_eq!(known(&proofs, &text.repeat(1_000_000 / text.len())), 0, "{text}");
        assert_eq!(known(&proofs, &format!("{}{PLAIN}", text.repeat(100_000 / text.len()))), 1, "{text}");
    }
}

#[test]
fn a_text_nests_as_deep_as_without_it() {
    let proofs = proofs();
    let mut proved_at = Vec::new();
    for depth in (1..MAX_NESTING as usize / 2).chain(MAX_NESTING as usize / 2 - 40..MAX_NESTING as usize + 10) {
        let text = format!("{}SELECT * FROM {LIMITED} x{}", "(".repeat(depth), ")".repeat(depth));
        proved_at.push(proved(&proofs, &text));
    }
    assert!(proved_at.contains(&true) && proved_at.contains(&false));
}
