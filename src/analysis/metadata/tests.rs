//! Tests of the filters over metadata tables.

use super::*;
use crate::policy::{ColumnRule, Hidden};
use proptest::prelude::*;
use std::collections::BTreeSet;

fn subject() -> Subject {
    Subject { user: "o'neil".to_owned(), ..Subject::default() }
}

/// A rule, written as `catalog.schema.table` and then, each behind a space: `select`, `show`, `insert`, `+a,b` for only
/// these columns, `-a,b` for all but these.
fn rule(text: &str) -> Visible {
    let mut words = text.split(' ');
    let name: Vec<&str> = words.next().unwrap().split('.').collect();
    let mut rule = Visible {
        catalog: name[0].into(),
        schema: name[1].into(),
        table: name[2].into(),
        columns: Columns::All,
        privileges: BTreeSet::new(),
        hidden: Vec::new(),
    };
    let names = |list: &str| list.split(',').filter(|name| !name.is_empty()).map(CompactString::from).collect();
    let mut columns = Vec::new();
    for word in words {
        match word.split_at(1) {
            ("+", list) => columns.push(ColumnRule::Only(names(list))),
            ("-", list) => columns.push(ColumnRule::Except(names(list))),
            _ => {
                rule.privileges.insert(match word {
                    "select" => Privilege::Select,
                    "show" => Privilege::Show,
                    "insert" => Privilege::Insert,
                    _ => panic!("{word}"),
                });
            }
        }
    }
    if !columns.is_empty() {
        rule.columns = Columns::Some(columns);
    }
    rule
}

fn rules(texts: &[&str]) -> VisibleTables {
    VisibleTables { rules: texts.iter().map(|text| rule(text)).collect() }
}

fn access(table: &str, visible: &VisibleTables) -> Metadata {
    let parts: Vec<&str> = table.split('.').collect();
    metadata_access(&TableName::new(parts[0], parts[1], parts[2]), &subject(), visible)
}

fn filtered(table: &str, visible: &VisibleTables) -> String {
    match access(table, visible) {
        Metadata::Filtered { predicate, .. } => predicate,
        other => panic!("{table}: {other:?}"),
    }
}

#[test]
fn filters_follow_what_is_visible() {
    const HR: &[&str] = &["lake.hr.employees select -ssn", "lake.hr.reviews select", "lake.sales.orders select"];
    for (table, visible, expected) in [
        (
            "lake.information_schema.tables",
            HR,
            r#""table_schema" = 'hr' AND "table_name" IN ('employees', 'reviews') OR "table_schema" = 'information_schema' OR "table_schema" = 'sales' AND "table_name" = 'orders'"#,
        ),
        ("lake.information_schema.schemata", HR, r#""schema_name" IN ('hr', 'information_schema', 'sales')"#),
        (
            "lake.information_schema.columns",
            &["lake.hr.employees select -ssn", "lake.hr.employees insert", "lake.hr.pay insert"],
            r#""table_schema" = 'hr' AND "table_name" = 'employees' AND "column_name" NOT IN ('ssn') OR "table_schema" = 'information_schema'"#,
        ),
        (
            "lake.information_schema.columns",
            &["lake.hr.a select +x", "lake.hr.a select +y +z", "lake.hr.b select +x,y,z"],
            r#""table_schema" = 'hr' AND "table_name" IN ('a', 'b') AND "column_name" IN ('x', 'y', 'z') OR "table_schema" = 'information_schema'"#,
        ),
        (
            "lake.information_schema.columns",
            &["lake.hr.* select -ssn", "lake.*.a* select +id"],
            r#""table_name" LIKE 'a%' ESCAPE '\' AND "column_name" = 'id' AND "table_name" NOT LIKE '%$%' OR "table_schema" = 'hr' AND "column_name" NOT IN ('ssn') AND "table_name" NOT LIKE '%$%' OR "table_schema" = 'information_schema'"#,
        ),
        ("lake.information_schema.tables", &["lake.*.* select"], "TRUE"),
        ("lake.information_schema.tables", &["*.*.* select", "lake.hr.employees select show"], "TRUE"),
        ("lake.information_schema.columns", &["lake.**.* select", "lake.*.** select -x"], "TRUE"),
        ("lake.information_schema.views", &["lake.hr.v insert"], r#""table_schema" = 'hr' AND "table_name" = 'v'"#),
        (
            "system.jdbc.tables",
            &["lake.hr.* select", "l*.hr.a* select", "tpch.*.* select", "te_st.o'k.100% select"],
            r#""table_cat" = 'lake' AND "table_schem" = 'hr' OR "table_cat" = 'te_st' AND "table_schem" = 'information_schema' OR "table_cat" = 'te_st' AND "table_schem" = 'o''k' AND "table_name" = '100%' OR "table_cat" = 'tpch' OR "table_cat" LIKE 'l%' ESCAPE '\' AND "table_schem" = 'hr' AND "table_name" LIKE 'a%' ESCAPE '\' OR "table_cat" LIKE 'l%' ESCAPE '\' AND "table_schem" = 'information_schema'"#,
        ),
        ("system.metadata.catalogs", &["b.x.y select", "a.x.y show"], r#""catalog_name" IN ('a', 'b')"#),
        ("system.metadata.catalogs", &[r"a_\*.x.y select"], r#""catalog_name" LIKE 'a\_\\%' ESCAPE '\'"#),
        ("system.jdbc.catalogs", &[], "FALSE"),
        ("system.jdbc.columns", &[], "FALSE"),
        ("system.runtime.queries", &["*.*.* select show"], r#""user" = 'o''neil'"#),
        ("lake.information_schema.roles", HR, "FALSE"),
        ("lake.information_schema.enabled_roles", &["*.*.* select show"], "FALSE"),
    ] {
        assert_eq!(filtered(table, &rules(visible)), expected, "{table} for {visible:?}");
    }
}

#[test]
fn texts_of_views_need_show_and_all_columns() {
    let masks = |table: &str, visible: &[&str]| match access(table, &rules(visible)) {
        Metadata::Filtered { masks, .. } => {
            masks.iter().map(|(column, mask)| format!("{column}: {mask}")).collect::<Vec<_>>()
        }
        other => panic!("{other:?}"),
    };
    let views = "lake.information_schema.views";
    for hidden in ["lake.hr.v select", "lake.hr.v show", "lake.hr.v select show -ssn"] {
        assert_eq!(masks(views, &[hidden]), ["view_definition: NULL"], "{hidden}");
    }
    assert_eq!(
        masks(views, &["lake.hr.* select", "lake.hr.v select show", "lake.hr.w select show"]),
        [r#"view_definition: IF("table_schema" = 'hr' AND "table_name" IN ('v', 'w'), "view_definition")"#]
    );
    assert_eq!(masks("system.metadata.materialized_views", &["lake.hr.v select"]).len(), 4);
    assert_eq!(masks("system.runtime.queries", &["lake.hr.v select"]), ["query: NULL"]);
    assert!(masks("lake.information_schema.tables", &["lake.hr.v select"]).is_empty());
}

#[test]
fn what_is_not_known_is_refused() {
    let all = rules(&["*.*.* select show"]);
    let system = rules(&["*.*.* select show", "system.runtime.t* select", "system.jdbc.* select"]);
    let none = rules(&["lake.hr.employees select"]);
    for (table, visible, expected) in [
        ("lake.hr.employees", &none, Metadata::NotMetadata),
        ("lake.system.iceberg_tables", &none, Metadata::NotMetadata),
        ("lake.information_schema.tables", &all, Metadata::Open),
        ("lake.information_schema.views", &all, Metadata::Open),
        ("lake.information_schema.new_in_trino_999", &all, Metadata::Refused),
        ("hidden.information_schema.tables", &none, Metadata::Refused),
        ("system.information_schema.tables", &none, Metadata::Refused),
        ("system.jdbc.tables", &all, Metadata::Open),
        ("system.jdbc.types", &none, Metadata::Open),
        ("system.jdbc.new_in_trino_999", &system, Metadata::Refused),
        ("system.metadata.new_in_trino_999", &all, Metadata::Refused),
        ("system.runtime.nodes", &all, Metadata::Refused),
        ("system.runtime.tasks", &system, Metadata::NotMetadata),
        ("system.runtime.nodes", &system, Metadata::Refused),
        ("system.new.thing", &all, Metadata::Refused),
    ] {
        assert_eq!(access(table, visible), expected, "{table}");
    }
    // A grant on system.jdbc is about reading it, not about what is in it.
    let jdbc = rules(&["system.jdbc.* select", "lake.hr.employees select"]);
    assert!(filtered("system.jdbc.tables", &jdbc).contains("'employees'"));
}

#[test]
fn names_are_visible_with_the_information_schema_of_their_catalog() {
    let visible = rules(&["lake.hr.employees select -ssn", "lake.hr.dep* select"]);
    assert!(catalog_is_visible(&visible, "lake") && !catalog_is_visible(&visible, "other"));
    for (schema, expected) in [("hr", true), ("finance", false), ("information_schema", true)] {
        assert_eq!(schema_is_visible(&visible, "lake", schema), expected, "{schema}");
    }
    assert!(!schema_is_visible(&visible, "other", "information_schema"));
    for (table, expected) in [
        ("lake.hr.employees", true),
        ("lake.hr.payments", false),
        ("lake.information_schema.columns", true),
        ("other.information_schema.columns", false),
        ("lake.hr.employees$files", false),
        ("lake.hr.departments$files", true),
    ] {
        let parts: Vec<&str> = table.split('.').collect();
        assert_eq!(table_is_visible(&visible, &TableName::new(parts[0], parts[1], parts[2])), expected, "{table}");
    }
}

#[test]
fn twenty_thousand_rules_make_one_filter() {
    let texts: Vec<String> = (0..10_000)
        .flat_map(|n| [format!("lake.domain_{n}.table_{n} select"), format!("lake.team_{n}_*.* select")])
        .collect();
    let visible = rules(&texts.iter().map(String::as_str).collect::<Vec<_>>());
    let predicate = filtered("lake.information_schema.tables", &visible);
    assert_eq!(predicate.split(" OR ").count(), 20_001);
}

/// Reads a filter of the normal form back and asks it about one row.
fn holds(predicate: &str, row: &[(&str, &str)]) -> bool {
    let unquoted = |text: &str| text.trim_matches('\'').to_owned();
    let atom = |atom: &str| {
        let (column, rest) = atom.split_once(' ').unwrap();
        let value = row.iter().find(|(name, _)| *name == column.trim_matches('"')).unwrap().1;
        if let Some(literal) = rest.strip_prefix("= ") {
            return value == unquoted(literal);
        }
        if rest == "NOT LIKE '%$%'" {
            return !value.contains('$');
        }
        if let Some(pattern) = rest.strip_prefix("LIKE ") {
            let pattern = unquoted(pattern.strip_suffix(r" ESCAPE '\'").unwrap()).replace('%', "*");
            return matches(&pattern, value);
        }
        let (list, wanted) = match rest.strip_prefix("NOT IN (") {
            Some(list) => (list, false),
            None => (rest.strip_prefix("IN (").unwrap(), true),
        };
        list.trim_end_matches(')').split(", ").any(|literal| unquoted(literal) == value) == wanted
    };
    let taken_out = |disjunct: &str| conjuncts(disjunct).into_iter().all(&atom);
    let conjunct = |text: &str| match text.strip_prefix("NOT (") {
        Some(inner) => !taken_out(inner.strip_suffix(')').unwrap()),
        None => atom(text),
    };
    match predicate {
        "TRUE" => true,
        "FALSE" => false,
        _ => predicate.split(" OR ").any(|disjunct| conjuncts(disjunct).into_iter().all(conjunct)),
    }
}

/// The terms of an `AND`, those in parentheses left whole.
fn conjuncts(text: &str) -> Vec<&str> {
    let mut found = vec![text];
    let mut depth = 0;
    for (at, character) in text.char_indices() {
        match character {
            '(' => depth += 1,
            ')' => depth -= 1,
            ' ' if depth == 0 => {
                let rest = text.get(at..).and_then(|rest| rest.strip_prefix(" AND "));
                if let Some(rest) = rest {
                    let last = found.pop().unwrap();
                    found.extend([last.get(..last.len() - rest.len() - " AND ".len()).unwrap(), rest]);
                }
            }
            _ => {}
        }
    }
    found
}

fn some_hidden() -> impl Strategy<Value = Hidden> {
    let name = prop::sample::select(vec!["*", "a", "b", "a*", "*b", "a*b"]);
    let columns = prop::sample::select(vec!["", "+x", "+x,y", "+*", "+x*,y", "-x", "-x,y"]);
    (name.clone(), name.clone(), name, columns).prop_map(|(catalog, schema, table, columns)| {
        let Visible { catalog, schema, table, columns, .. } =
            rule(format!("{catalog}.{schema}.{table} {columns}").trim_end());
        Hidden { catalog, schema, table, columns }
    })
}

fn some_rule() -> impl Strategy<Value = Visible> {
    let name = prop::sample::select(vec!["*", "a", "b", "ab", "a*", "*b", "a*b", "**", "*a*"]);
    let columns = prop::sample::select(vec![
        "", "+x", "+y", "-x", "-x,y", "+x,y", "+x +y", "-", "+", "+x*", "+*x,y", "-x*", "-x*,y", "+xx*,z",
    ]);
    let hidden = prop::collection::vec(some_hidden(), 0..3);
    let privileges = prop::sample::select(vec!["select", "show", "insert", "select show"]);
    let parts = (name.clone(), name.clone(), name, columns, privileges, hidden);
    parts.prop_map(|(catalog, schema, table, columns, privileges, hidden)| {
        let text = format!("{catalog}.{schema}.{table} {privileges} {columns}");
        Visible { hidden, ..rule(text.trim_end()) }
    })
}

const NAMES: [&str; 6] = ["a", "b", "ab", "ba", "c", "information_schema"];

proptest! {
    /// A filter takes in just the rows that the rules take in, and each disjunct, with one literal out of each `IN`, is
    /// taken in by one rule.
    #[test]
    fn a_filter_says_what_the_rules_say(rules in prop::collection::vec(some_rule(), 0..6)) {
        let visible = VisibleTables { rules };
        let jdbc_tables = access("system.jdbc.tables", &visible);
        let jdbc_columns = access("system.jdbc.columns", &visible);
        let (Metadata::Filtered { predicate: tables, .. }, Metadata::Filtered { predicate: columns, .. }) =
            (jdbc_tables, jdbc_columns)
        else {
            return Ok(());
        };
        let schemas = filtered("system.jdbc.schemas", &visible);
        let catalogs = filtered("system.jdbc.catalogs", &visible);
        for catalog in NAMES {
            prop_assert_eq!(holds(&catalogs, &[("table_cat", catalog)]), visible.catalog(catalog), "{} in {}", catalog, catalogs);
            for schema in NAMES {
                let row = [("table_catalog", catalog), ("table_schem", schema)];
                let known = schema_is_visible(&visible, catalog, schema);
                prop_assert_eq!(holds(&schemas, &row), known, "{}.{} in {}", catalog, schema, schemas);
                for table in NAMES {
                    let itself = schema == "information_schema" && visible.catalog(catalog);
                    let name = TableName::new(catalog, schema, table);
                    let row = [("table_cat", catalog), ("table_schem", schema), ("table_name", table)];
                    prop_assert_eq!(holds(&tables, &row), itself || visible.table(&name), "{} in {}", name, tables);
                    for column in ["x", "y", "z", "xx", "zx"] {
                        let row = [row[0], row[1], row[2], ("column_name", column)];
                        let selected = VisibleTables {
                            rules: visible.rules.iter().filter(|rule| rule.selects()).cloned().collect(),
                        };
                        let expected = itself || selected.column(&name, column);
                        prop_assert_eq!(holds(&columns, &row), expected, "{}.{} in {}", name, column, columns);
                    }
                }
            }
        }
    }
}

#[test]
fn what_is_hidden_of_a_table_is_hidden_of_the_tables_about_it() {
    let Visible { catalog, schema, table, columns, .. } = rule("lake.hr.employees +ssn");
    let hidden = vec![Hidden { catalog, schema, table, columns }];
    let visible = VisibleTables { rules: vec![Visible { hidden, ..rule("lake.hr.* select show") }] };
    let sees = |table: &str| table_is_visible(&visible, &TableName::new("lake", "hr", table));
    assert!(sees("employees") && !sees("employees$partitions") && sees("reviews$partitions"));
    let predicate = filtered("lake.information_schema.columns", &visible);
    for (table, column, seen) in
        [("employees", "ssn", false), ("employees$partitions", "ssn", false), ("employees", "id", true)]
    {
        let row = [("table_schema", "hr"), ("table_name", table), ("column_name", column)];
        assert_eq!(holds(&predicate, &row), seen, "{table}.{column} in {predicate}");
    }
}
