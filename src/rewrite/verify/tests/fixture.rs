//! A small mesh, its policies, and the guards that an analyst's statements get.

use super::super::{Proofs, Proposal, Unproved, verify};
use crate::analysis::session::Session;
use crate::catalog::table::{Column, Known, Need, Table, TableKind, Tables};
use crate::enforce::{Aids, Options, Request};
use crate::names::TableName;
use crate::policy::{Snapshot, SourceFile, compile};
use crate::rewrite::{Guarded, PositionMap};
use std::sync::{Arc, LazyLock};

const POLICIES: &str = include_str!("policies.yaml");

static SNAPSHOT: LazyLock<Snapshot> = LazyLock::new(|| {
    let file = SourceFile { path: "policies.yaml".to_owned(), text: POLICIES.to_owned() };
    compile(vec![file]).unwrap_or_else(|diagnostics| panic!("{diagnostics:#?}"))
});

/// The guard of employees in the plain form.
pub(super) const EMPLOYEES: &str = concat!(
    r#"(SELECT "sluice_1"."id" AS "id", "sluice_1"."name" AS "name", "#,
    r#"CAST(('***@' || system.builtin.split_part("sluice_1"."email", '@', 2)) AS varchar) AS "email", "#,
    r#"CAST((NULL) AS bigint) AS "salary", "sluice_1"."region" AS "region" "#,
    r#"FROM "lake"."hr"."employees" "sluice_1" WHERE ("sluice_1"."region" = 'EU'))"#,
);

/// The same of two columns, which have their own names.
pub(super) const EMPLOYEES_BARE: &str = concat!(
    r#"(SELECT "sluice_1"."id", "sluice_1"."region" "#,
    r#"FROM "lake"."hr"."employees" "sluice_1" WHERE ("sluice_1"."region" = 'EU'))"#,
);

/// The guard of employees in the guarded form.
pub(super) const EMPLOYEES_GUARDED: &str = concat!(
    r#"(SELECT IF("sluice_2"."sluice_3", "sluice_2"."id") AS "id", "#,
    r#"IF("sluice_2"."sluice_3", "sluice_2"."email") AS "email" "#,
    r#"FROM (SELECT "sluice_1"."id" AS "id", "#,
    r#"CAST(('***@' || system.builtin.split_part("sluice_1"."email", '@', 2)) AS varchar) AS "email", "#,
    r#"(("sluice_1"."region" = 'EU')) AS "sluice_3" "#,
    r#"FROM "lake"."hr"."employees" "sluice_1") "sluice_2" WHERE "sluice_2"."sluice_3" "#,
    "LIMIT 9223372036854775807)",
);

/// The guard of reviews: a filter with a sub-query and one without.
pub(super) const REVIEWS: &str = concat!(
    r#"(SELECT "sluice_1"."id" AS "id", "sluice_1"."note" AS "note" FROM "lake"."hr"."reviews" "sluice_1" "#,
    r#"WHERE ("sluice_1"."employee_id" IN (SELECT "sluice_2"."id" FROM "lake"."hr"."employees" "sluice_2" "#,
    r#"WHERE "sluice_2"."region" = 'EU')) AND ("sluice_1"."score" < 9))"#,
);

/// The guard of orders: a mask and no filter.
pub(super) const ORDERS: &str = concat!(
    r#"(SELECT "sluice_1"."order_id" AS "order_id", CAST(('XXXX') AS varchar) AS "card_number" "#,
    r#"FROM "lake"."sales"."orders" "sluice_1")"#,
);

/// The guard of contacts: a pseudonym, a masked field of a row, and one of the rows of an array.
pub(super) const CONTACTS: &str = concat!(
    r#"(SELECT CAST((system.builtin.to_hex(system.builtin.hmac_sha256(system.builtin.to_utf8("sluice_1"."name"), "#,
    r#"(SELECT IF(system.builtin.count(*) = 1, system.builtin.max("sluice_2"."key")) FROM "lake"."keys"."keys" "sluice_2" "#,
    r#"WHERE "sluice_2"."name" = 'people' AND system.builtin.length("sluice_2"."key") >= 16)))) AS varchar) AS "name", "#,
    r#"CAST((IF("sluice_1"."home" IS NULL, NULL, CAST(ROW(CAST(IF("sluice_1"."home"[1] IS NULL, NULL, '****') AS varchar), "#,
    r#""sluice_1"."home"[2]) AS row(street varchar, city varchar)))) AS row(street varchar, city varchar)) AS "home", "#,
    r#"CAST((system.builtin.transform("sluice_1"."phones", element_1 -> IF(element_1 IS NULL, NULL, "#,
    r#"CAST(ROW(element_1[1], CAST(NULL AS varchar)) AS row(kind varchar, number varchar))))) "#,
    r#"AS array(row(kind varchar, number varchar))) AS "phones" FROM "lake"."hr"."contacts" "sluice_1")"#,
);

/// The guard of a catalog's tables.
pub(super) const SHOWN_TABLES: &str = concat!(
    r#"(SELECT "sluice_1"."table_schema" AS "table_schema", "sluice_1"."table_name" AS "table_name" "#,
    r#"FROM "lake"."information_schema"."tables" "sluice_1" "#,
    r#"WHERE "sluice_1"."table_schema" = 'information_schema' "#,
    r#"OR "sluice_1"."table_schema" = 'hr' AND "sluice_1"."table_name" IN ('employees', 'reviews', 'directory') "#,
    r#"OR "sluice_1"."table_schema" LIKE 'scratch\_%' ESCAPE '\')"#,
);

/// The guard of a catalog's columns.
pub(super) const SHOWN_COLUMNS: &str = concat!(
    r#"(SELECT "sluice_1"."column_name" AS "column_name" FROM "lake"."information_schema"."columns" "sluice_1" "#,
    r#"WHERE "sluice_1"."table_schema" = 'hr' AND "sluice_1"."table_name" = 'employees' "#,
    r#"AND "sluice_1"."column_name" NOT IN ('ssn', 'address'))"#,
);

/// The guard of the user's own statements.
pub(super) const OWN_QUERIES: &str = concat!(
    r#"(SELECT "sluice_1"."query_id" AS "query_id", CAST((NULL) AS varchar) AS "query" "#,
    r#"FROM "system"."runtime"."queries" "sluice_1" WHERE "sluice_1"."user" = 'analyst')"#,
);

pub(super) fn tables() -> Tables {
    let mut tables = Tables::default();
    let mut add = |schema: &str, table: &str, columns: &[(&str, &str)], kind: TableKind| {
        let columns =
            columns.iter().map(|(name, data_type)| Column { name: (*name).into(), data_type: (*data_type).into() });
        let known = Table { columns: columns.collect(), kind };
        tables.insert(Need::Table(TableName::new("lake", schema, table)), Known::Table(Arc::new(known)));
    };
    let view = |text: &str| TableKind::View { text: text.into() };
    let employees = [
        ("id", "bigint"),
        ("name", "varchar"),
        ("email", "varchar"),
        ("ssn", "varchar"),
        ("salary", "bigint"),
        ("region", "varchar"),
        ("address", "row(street varchar, city varchar)"),
    ];
    add("hr", "employees", &employees, TableKind::Table);
    let reviews = [("id", "bigint"), ("employee_id", "bigint"), ("score", "bigint"), ("note", "varchar")];
    add("hr", "reviews", &reviews, TableKind::Table);
    let contacts = [
        ("name", "varchar"),
        ("home", "row(street varchar, city varchar)"),
        ("phones", "array(row(kind varchar, number varchar))"),
    ];
    add("hr", "contacts", &contacts, TableKind::Table);
    add("keys", "keys", &[("name", "varchar"), ("key", "varbinary")], TableKind::Table);
    add("hr", "notes", &[("id", "bigint"), ("note", "json")], TableKind::Table);
    add("hr", "directory", &[("id", "bigint")], view("SELECT id FROM lake.hr.employees"));
    let customers = [("customer_id", "bigint"), ("company", "varchar"), ("region", "varchar")];
    add("sales", "customers", &customers, TableKind::Table);
    add("sales", "orders", &[("order_id", "bigint"), ("card_number", "varchar")], TableKind::Table);
    add("sales", "companies", &[("company", "varchar")], view("SELECT company FROM lake.sales.customers"));
    add("sales", "short_names", &[("company", "varchar")], view("SELECT company FROM customers"));
    add("sales", "defining", &[("x", "integer")], view("WITH FUNCTION f() RETURNS integer RETURN 1 SELECT f() AS x"));
    add("sales", "setting", &[("x", "integer")], view("WITH SESSION a = 1 SELECT 1 AS x"));
    add("sales", "itself", &[("x", "varchar")], view("SELECT x FROM lake.sales.itself"));
    add("sales", "big_orders", &[("order_id", "bigint")], view("SELECT order_id FROM lake.sales.orders"));
    add("finance", "payments", &[("payment_id", "bigint"), ("iban", "varchar")], TableKind::Table);
    tables.insert(Need::Table(TableName::new("lake", "sales", "gone")), Known::Missing);
    tables
}

/// Verifies `text` as what an analyst's `sql` became, in the session lake.hr. What is prepared is what the user sent.
pub(super) fn verify_rewritten(sql: &str, text: &str, prepared: Option<&str>) -> Result<Guarded, Unproved> {
    let mut session = Session { catalog: Some("lake".into()), schema: Some("hr".into()), ..Session::default() };
    session.prepared.extend(prepared.map(|text| ("q".into(), text.into())));
    verify_in(&session, sql, text, prepared)
}

pub(super) fn verify_in(session: &Session, sql: &str, text: &str, prepared: Option<&str>) -> Result<Guarded, Unproved> {
    verify_over(&tables(), session, sql, text, prepared)
}

/// As [`verify_in`], over these tables. What was proved before changes nothing.
pub(super) fn verify_over(
    tables: &Tables,
    session: &Session,
    sql: &str,
    text: &str,
    prepared: Option<&str>,
) -> Result<Guarded, Unproved> {
    static PROOFS: LazyLock<Proofs> = LazyLock::new(|| Proofs::new(1 << 24));
    let subject = SNAPSHOT.subject("analyst", &[]);
    let verified = |proofs| {
        let aids = Aids { proofs, ..Aids::default() };
        let options = &Options::TESTS;
        let request = Request { sql, session, subject: &subject, snapshot: &SNAPSHOT, tables, options, aids };
        let prepared = prepared.map(|text| ("q".to_owned(), text.to_owned()));
        let positions = PositionMap::apply(text, Vec::new());
        verify(Proposal { text: text.to_owned(), prepared, positions }, &request)
    };
    let anew = verified(None);
    for _ in 0..2 {
        assert_eq!(format!("{:?}", verified(Some(&PROOFS))), format!("{anew:?}"), "{text}");
    }
    anew
}

/// Does something with the request of an analyst who sends a text, and by what was proved before.
pub(super) fn with_request<T>(proofs: Option<&Proofs>, sql: &str, work: impl FnOnce(&Request<'_>) -> T) -> T {
    let session = Session { catalog: Some("lake".into()), schema: Some("hr".into()), ..Session::default() };
    let (subject, options, tables) = (SNAPSHOT.subject("analyst", &[]), Options::TESTS, tables());
    let aids = Aids { proofs, ..Aids::default() };
    let (session, subject, tables, options) = (&session, &subject, &tables, &options);
    work(&Request { sql, session, subject, snapshot: &SNAPSHOT, tables, options, aids })
}

/// Verifies a text that is what the user sent, by what was proved before.
pub(super) fn verify_by(proofs: Option<&Proofs>, text: &str) -> Result<Guarded, Unproved> {
    let positions = PositionMap::apply(text, Vec::new());
    let proposal = Proposal { text: text.to_owned(), prepared: None, positions };
    with_request(proofs, text, |request| verify(proposal, request))
}

/// The same of a prepared text.
pub(super) fn verify_prepared_by(proofs: Option<&Proofs>, text: &str) -> Result<Guarded, Unproved> {
    let prepared = Some(("q".to_owned(), text.to_owned()));
    let positions = PositionMap::apply(text, Vec::new());
    with_request(proofs, "EXECUTE q USING 1", |request| {
        let mut session = request.session.clone();
        session.prepared.insert("q".to_owned(), text.to_owned());
        verify(
            Proposal { text: request.sql.to_owned(), prepared, positions },
            &Request { session: &session, ..*request },
        )
    })
}

/// Verifies a text that is what the user sent.
pub(super) fn verify_text(text: &str) -> Result<Guarded, Unproved> {
    verify_rewritten(text, text, None)
}
