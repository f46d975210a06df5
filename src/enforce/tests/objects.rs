//! What a table was to a user is used again where all that it rests on is the same, and nowhere else.

use super::compile;
use super::mesh::{POLICIES, SNAPSHOT, answer};
use crate::analysis::object::{Object, Reading};
use crate::analysis::world::World;
use crate::catalog::table::{Column, Known, Need, Table, TableKind, Tables};
use crate::enforce::{Objects, Options, Views};
use crate::names::TableName;
use crate::policy::{Snapshot, Subject};
use crate::sql::GrammarVersion;
use std::sync::Arc;

/// Who looks at a table, and all that what it is to them rests on.
struct Look {
    table: &'static str,
    subject: Subject,
    snapshot: Arc<Snapshot>,
    options: Options,
    tables: Tables,
}

impl Look {
    fn new() -> Look {
        Look {
            table: "lake.hr.employees",
            subject: SNAPSHOT.subject("analyst", &[]),
            snapshot: Arc::new(compile(POLICIES)),
            options: Options::TESTS,
            tables: Tables::default(),
        }
    }

    fn with(change: impl FnOnce(&mut Look)) -> Look {
        let mut look = Look::new();
        change(&mut look);
        look
    }

    fn at(table: &'static str) -> Look {
        Look::with(|look| look.table = table)
    }

    fn describe(&mut self, table: &str, known: Known) {
        self.tables.insert(Need::Table(TableName::parse(table).unwrap()), known);
    }

    /// What the table is, all questions answered.
    fn object(&mut self, objects: Option<&Objects>) -> Arc<Object> {
        let name = TableName::parse(self.table).unwrap();
        for _ in 0..20 {
            let mut world = World::new(&self.snapshot, &self.subject, &self.tables, &self.options, objects);
            let object = world.object(&name);
            let needs = world.needs();
            if needs.is_empty() {
                return object;
            }
            needs.into_iter().for_each(|need| {
                let known = answer(&need);
                self.tables.insert(need, known);
            });
        }
        panic!("it asks and asks");
    }

    /// Whether what was made first is used again.
    fn again(&mut self, objects: &Objects) -> bool {
        let first = self.object(Some(objects));
        Arc::ptr_eq(&first, &self.object(Some(objects)))
    }
}

fn objects() -> Objects {
    Objects::new(1 << 20)
}

fn described(columns: &[(&str, &str)]) -> Known {
    let column = |(name, data_type): &(&str, &str)| Column { name: (*name).into(), data_type: (*data_type).into() };
    Known::Table(Arc::new(Table { columns: columns.iter().map(column).collect(), kind: TableKind::Table }))
}

#[test]
fn what_a_table_was_is_used_again() {
    for table in ["lake.hr.employees", "lake.sales.customers", "lake.scratch.own"] {
        assert!(Look::at(table).again(&objects()), "{table}");
    }
    let objects = objects();
    let first = Look::new().object(Some(&objects));
    assert!(matches!(first.reading, Reading::Guarded(_)));
    // Trino described it anew, and as before.
    assert!(Arc::ptr_eq(&first, &Look::new().object(Some(&objects))));
}

#[test]
fn whatever_differs_is_made_anew() {
    let fewer = described(&[("id", "bigint"), ("name", "varchar")]);
    let other_type = described(&[("id", "bigint"), ("name", "varchar"), ("salary", "array(bigint)")]);
    let others: Vec<(&str, Look)> = vec![
        ("table", Look::at("lake.hr.reviews")),
        ("user", Look::with(|look| look.subject.user = "outsider".to_owned())),
        ("more groups", Look::with(|look| look.subject.groups.extend(["hr".to_owned()]))),
        ("no groups", Look::with(|look| look.subject.groups.clear())),
        (
            "attributes",
            Look::with(|look| drop(look.subject.attributes.insert("a".to_owned(), ["b".to_owned()].into()))),
        ),
        ("maybe more groups", Look::with(|look| look.subject.more_groups = true)),
        ("snapshot", Look::with(|look| look.snapshot = Arc::new(compile(&format!("{POLICIES}# not a word more\n"))))),
        ("no policies", Look::with(|look| look.snapshot = Arc::new(Snapshot::default()))),
        ("grammar", Look::with(|look| look.options.grammar = GrammarVersion::V483)),
        ("views", Look::with(|look| look.options.views = Views::Definer { more_groups: false })),
        ("columns", Look::with(|look| look.describe("lake.hr.employees", fewer))),
        ("type", Look::with(|look| look.describe("lake.hr.employees", other_type))),
        ("no table", Look::with(|look| look.describe("lake.hr.employees", Known::Missing))),
    ];
    for (what, mut other) in others {
        let objects = objects();
        let first = Look::new().object(Some(&objects));
        let now = other.object(Some(&objects));
        assert!(!Arc::ptr_eq(&first, &now), "{what}");
        assert_eq!(format!("{now:?}"), format!("{:?}", other.object(None)), "{what}");
    }
}

#[test]
fn what_rests_on_other_tables_is_not_kept() {
    for table in [
        "lake.hr.directory",
        "lake.scratch.kept",
        "lake.hr.employees$partitions",
        "lake.information_schema.tables",
        "system.metadata.catalogs",
        "lake.finance.payments",
        "lake.sales.nowhere",
    ] {
        assert!(!Look::at(table).again(&objects()), "{table}");
    }
}

#[test]
fn what_is_called_after_a_table_is_not_kept_though_that_one_is() {
    let objects = objects();
    assert!(Look::at("lake.scratch.own").again(&objects));
    let mut look = Look::at("lake.scratch.own$partitions");
    look.describe("lake.scratch.own", answer(&Need::Table(TableName::new("lake", "scratch", "own"))));
    look.describe("lake.scratch.own$partitions", described(&[("id", "bigint")]));
    assert!(look.object(Some(&objects)).reading.unrestricted());
    assert!(!look.again(&objects));
}

/// The filter of a table reads another one, which changes.
#[test]
fn a_table_whose_policy_reads_another_is_looked_at_anew() {
    let policies = POLICIES.replace("region = 'EU'", "id IN (SELECT r.employee_id FROM lake.hr.reviews r)");
    assert_ne!(policies, POLICIES);
    let snapshot = Arc::new(compile(&policies));
    let objects = objects();
    let mut look = Look::with(|look| look.snapshot = Arc::clone(&snapshot));
    assert!(!look.again(&objects));
    assert!(matches!(look.object(Some(&objects)).reading, Reading::Guarded(_)));
    look.describe("lake.hr.reviews", described(&[("score", "bigint")]));
    assert!(matches!(look.object(Some(&objects)).reading, Reading::Impossible(_)));
    look.describe("lake.hr.reviews", Known::Missing);
    assert!(matches!(look.object(Some(&objects)).reading, Reading::Impossible(_)));
}

#[test]
fn without_room_nothing_is_kept() {
    assert!(!Look::new().again(&Objects::new(0)));
}
