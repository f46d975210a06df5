//! Tests of the room as a whole.

mod except;
mod language;
mod masks;

use super::*;
use crate::names::TableName;
use std::collections::{BTreeMap, BTreeSet};

const MESH: &str = "
apiVersion: sluice/v1
kind: Domain
metadata: {name: hr}
spec:
  owns: [{catalog: lake, schema: hr}]
---
apiVersion: sluice/v1
kind: Domain
metadata: {name: platform}
spec: {central: true}
---
apiVersion: sluice/v1
kind: Principals
spec:
  users:
    anna: {groups: [analysts]}
    hugo: {groups: [hr]}
  roles:
    stewards: {users: [sam], groups: [hr]}
---
apiVersion: sluice/v1
kind: AccessPolicy
metadata: {name: analysts-read-employees, domain: hr}
spec:
  tables: [{table: employees}]
  grants:
    - to: {groups: [analysts]}
      privileges: [select]
      columns: {except: [ssn]}
---
apiVersion: sluice/v1
kind: AccessPolicy
metadata: {name: hr-does-all, domain: hr}
spec:
  tables: [{table: '*'}]
  grants:
    - to: {roles: [stewards]}
      privileges: [all]
---
apiVersion: sluice/v1
kind: AccessPolicy
metadata: {name: people, domain: platform}
spec:
  impersonate:
    - to: {users: [superset]}
      users: ['*']
      exceptUsers: [ada]
  sessionProperties:
    - to: {everyone: true}
      properties: [query_max_run_time, 'lake.*']
";

fn mesh() -> Snapshot {
    compile(vec![file("mesh.yaml", MESH)]).unwrap_or_else(|problems| panic!("{problems}"))
}

fn file(path: &str, text: &str) -> SourceFile {
    SourceFile { path: path.into(), text: text.into() }
}

#[test]
fn what_no_policy_grants_is_denied() {
    let mesh = mesh();
    let anna = mesh.subject("anna", &[]);
    assert_eq!(mesh.table_access(&anna, &TableName::new("lake", "hr", "reviews")), TableAccess::none());
    let olga = mesh.subject("olga", &[]);
    assert_eq!(mesh.table_access(&olga, &TableName::new("lake", "hr", "employees")), TableAccess::none());
    assert_eq!(mesh.visible(&olga), VisibleTables::default());
    assert_eq!(Snapshot::default().may_set_session(&olga, "query_max_run_time"), Answer::NotGranted);
}

#[test]
fn a_grant_reaches_a_user_by_group_and_names_its_columns() {
    let mesh = mesh();
    let access = mesh.table_access(&mesh.subject("anna", &[]), &TableName::new("LAKE", "hr", "Employees"));
    assert!(access.grants(Privilege::Select) && !access.grants(Privilege::Show));
    assert!(access.allow("email") && !access.allow("ssn"));
    assert!(!access.unrestricted());
    assert_eq!(access.granted_by[0].policy, "hr/analysts-read-employees");
    assert_eq!((access.granted_by[0].file.as_str(), access.granted_by[0].line), ("mesh.yaml", 28));
}

#[test]
fn a_role_stands_for_its_users_and_groups() {
    let mesh = mesh();
    for user in ["hugo", "sam"] {
        let access = mesh.table_access(&mesh.subject(user, &[]), &TableName::new("lake", "hr", "anything"));
        assert!(access.unrestricted() && access.grants(Privilege::Drop), "{user}");
    }
    assert!(!mesh.table_access(&mesh.subject("hugo", &[]), &TableName::new("lake", "sales", "x")).unrestricted());
}

#[test]
fn users_and_groups_are_compared_letter_by_letter() {
    let mesh = mesh();
    let table = TableName::new("lake", "hr", "employees");
    assert_eq!(mesh.table_access(&mesh.subject("Anna", &[]), &table), TableAccess::none());
    assert_eq!(mesh.table_access(&mesh.subject("zoe", &["Analysts".into()]), &table), TableAccess::none());
    assert!(mesh.table_access(&mesh.subject("zoe", &["analysts".into()]), &table).grants(Privilege::Select));
}

#[test]
fn impersonation_names_who_acts_as_whom_and_as_whom_not() {
    let mesh = mesh();
    let superset = mesh.subject("superset", &[]);
    assert!(
        matches!(mesh.may_impersonate(&superset, "anna"), Answer::Granted(policy) if policy.policy == "platform/people")
    );
    assert_eq!(mesh.may_impersonate(&superset, "ada"), Answer::NotGranted);
    assert_eq!(mesh.may_impersonate(&mesh.subject("anna", &[]), "hugo"), Answer::NotGranted);
}

#[test]
fn session_properties_are_set_by_name_or_pattern() {
    let mesh = mesh();
    let anna = mesh.subject("anna", &[]);
    for (property, granted) in [
        ("query_max_run_time", true),
        ("QUERY_MAX_RUN_TIME", true),
        ("lake.target_size", true),
        ("lake", false),
        ("query_priority", false),
    ] {
        assert_eq!(mesh.may_set_session(&anna, property) != Answer::NotGranted, granted, "{property}");
    }
}

#[test]
fn errors_are_told_all_at_once() {
    let text = "
apiVersion: sluice/v1
kind: AccessPolicy
metadata: {name: p, domain: hr}
spec:
  tabels: [{table: t}]
  grants:
    - to: {groups: analysts}
      privileges: [selct]
    - privileges: [select]
      privileges: [show]
      to: {users: [yes]}
---
kind: Dmain
";
    let problems = compile(vec![file("a.yaml", text)]).unwrap_err();
    let codes: Vec<_> = problems.findings().iter().map(|finding| (finding.line, finding.code)).collect();
    assert_eq!(
        codes,
        [(6, "unknown-field"), (8, "wrong-type"), (9, "unknown-word"), (11, "duplicate-key"), (14, "unknown-kind")]
    );
}

#[test]
fn a_function_is_granted_by_itself_and_makes_no_table_visible() {
    let text = "
apiVersion: sluice/v1
kind: AccessPolicy
metadata: {name: functions, domain: hr}
spec:
  functions: [{function: 'score_*'}]
  grants: [{to: {users: [olga]}, privileges: [execute]}]
";
    let mesh =
        compile(vec![file("mesh.yaml", MESH), file("f.yaml", text)]).unwrap_or_else(|problems| panic!("{problems}"));
    let olga = mesh.subject("olga", &[]);
    let score = TableName::new("lake", "hr", "score_eu");
    let may = |subject: &Subject| mesh.may(subject, Object::Function, &score, Privilege::Execute);
    assert!(may(&olga).granted());
    assert_eq!(mesh.table_access(&olga, &score), TableAccess::none());
    assert_eq!(mesh.visible(&olga), VisibleTables::default());
    assert_eq!(may(&mesh.subject("hugo", &[])), Answer::NotGranted, "`all` is all of tables");
}

#[test]
fn a_connectors_own_schema_is_granted_by_its_name_alone() {
    let access = |schema: &str| {
        let policy = format!(
            "---\napiVersion: sluice/v1\nkind: AccessPolicy\nmetadata: {{name: all, domain: platform}}\nspec:\n  \
             tables: [{{catalog: '*', schema: '{schema}', table: '*'}}]\n  \
             grants:\n    - to: {{everyone: true}}\n      privileges: [select]\n"
        );
        let mesh = compile(vec![file("mesh.yaml", &format!("{MESH}{policy}"))]).unwrap();
        mesh.table_access(&mesh.subject("anna", &[]), &TableName::new("lake", "system", "iceberg_tables"))
    };
    assert!(access("system").unrestricted());
    for pattern in ["*", "s*", "*system", "syst*m"] {
        assert_eq!(access(pattern), TableAccess::none(), "{pattern}");
    }
}

#[test]
fn many_policies_compile_and_each_is_found() {
    let mut documents = MESH.to_owned();
    for number in 0..3_000 {
        documents.push_str(&format!(
            "---\napiVersion: sluice/v1\nkind: AccessPolicy\nmetadata: {{name: n{number}, domain: hr}}\nspec:\n  \
             tables: [{{table: t{number}}}]\n  grants: [{{to: {{groups: [g{number}]}}, privileges: [select]}}]\n"
        ));
    }
    let mesh = compile(vec![file("mesh.yaml", &documents)]).unwrap_or_else(|problems| panic!("{problems}"));
    let subject = mesh.subject("u", &["g2999".into()]);
    assert!(mesh.table_access(&subject, &TableName::new("lake", "hr", "t2999")).unrestricted());
    assert_eq!(mesh.table_access(&subject, &TableName::new("lake", "hr", "t2998")), TableAccess::none());
    assert_eq!(mesh.visible(&subject).rules.len(), 1);
}

#[test]
fn json_says_the_same_as_yaml() {
    let json = r#"[
	{"apiVersion": "sluice/v1", "kind": "Domain", "metadata": {"name": "hr", "description": "\u00e9 \ud83d\ude00 \/"},
	 "spec": {"owns": [{"catalog": "lake", "schema": "hr"}]}},
	{"apiVersion": "sluice/v1", "kind": "AccessPolicy", "metadata": {"name": "p", "domain": "hr"},
	 "spec": {"tables": [{"table": "t"}], "grants": [{"to": {"everyone": true}, "privileges": ["select"]}]}}
]"#;
    let mesh = compile(vec![file("mesh.json", json)]).unwrap_or_else(|problems| panic!("{problems}"));
    assert!(mesh.table_access(&mesh.subject("u", &[]), &TableName::new("lake", "hr", "t")).unrestricted());
}

#[test]
fn line_ends_of_windows_and_a_byte_order_mark_change_nothing() {
    let text = format!("\u{feff}{}", MESH.trim_start().replace('\n', "\r\n"));
    let mesh = compile(vec![file("mesh.yaml", &text)]).unwrap_or_else(|problems| panic!("{problems}"));
    let access = mesh.table_access(&mesh.subject("anna", &[]), &TableName::new("lake", "hr", "employees"));
    assert_eq!(access.granted_by[0].line, 27);
}

#[test]
fn the_revision_is_of_the_contents() {
    let revision = |files: Vec<SourceFile>| compile(files).unwrap_or_else(|p| panic!("{p}")).revision().to_owned();
    let (a, b) = (file("a.yaml", MESH), file("b.yaml", "# nothing"));
    let one = revision(vec![a.clone(), b.clone()]);
    assert_eq!(one, revision(vec![b.clone(), a.clone()]));
    assert_ne!(one, revision(vec![a.clone()]));
    assert_ne!(one, revision(vec![a, file("b.yaml", "# something")]));
    assert_eq!(one.len(), 40);
}

#[test]
fn what_was_read_before_changes_nothing() {
    let other =
        "apiVersion: sluice/v1\nkind: Domain\nmetadata: {name: other}\nspec: {owns: [{catalog: other, schema: s}]}\n";
    let policy = |table: &str| {
        format!(
            "apiVersion: sluice/v1\nkind: AccessPolicy\nmetadata: {{name: p, domain: other}}\nspec:\n  tables: \
             [{{catalog: other, schema: s, table: {table}}}]\n  grants: [{{to: {{everyone: true}}, privileges: [select]}}]\n"
        )
    };
    let sets: [&[(&str, &str)]; 12] = [
        &[("a", MESH)],
        &[("a", MESH), ("b", other), ("c", &policy("t"))],
        &[("a", MESH), ("b", other), ("c", &policy("u"))],
        // In other files, so that the places in all of them are told anew.
        &[("0", ""), ("b", MESH), ("a", other), ("c", &policy("u"))],
        &[("b", MESH), ("a", other), ("c", &policy("u")), ("d", &policy("u"))],
        // What is wrong is wrong each time, and is not kept.
        &[("a", MESH), ("b", "kind: Nothing")],
        &[("a", MESH), ("b", "kind: Nothing")],
        &[("a", MESH), ("b", "- {}")],
        &[("a", MESH), ("b", "- {}"), ("c", "{")],
        &[("a", MESH), ("c", "{"), ("d", &policy("t"))],
        &[("a", MESH), ("c", &policy("t").replace("grants", "garnts"))],
        &[("a", MESH), ("b", other)],
    ];
    let told = |result: Result<Snapshot, Diagnostics>| match result {
        Ok(snapshot) => format!("{} {:#?}", snapshot.revision(), snapshot.rules),
        Err(problems) => problems.render(false),
    };
    let (mut compiler, mut wrong) = (Compiler::new(|| {}), 0);
    for set in sets {
        let files: Vec<SourceFile> = set.iter().map(|(path, text)| file(path, text)).collect();
        let anew = compile(files.clone());
        wrong += usize::from(anew.is_err());
        assert_eq!(told(compiler.compile(files)), told(anew), "{set:?}");
    }
    assert_eq!(wrong, 7);
}

#[test]
fn grants_of_columns_add_up_to_the_simplest_form() {
    let text = "
apiVersion: sluice/v1
kind: AccessPolicy
metadata: {name: p, domain: hr}
spec:
  tables: [{table: t}]
  grants:
    - {to: {groups: [a]}, privileges: [select], columns: {except: [X, y]}}
    - {to: {groups: [b]}, privileges: [select], columns: {only: [x]}}
    - {to: {groups: [c]}, privileges: [select], columns: {except: [y, z]}}
    - {to: {groups: [d]}, privileges: [select], columns: {only: [y]}}
";
    let mesh = compile(vec![file("mesh.yaml", MESH), file("p.yaml", text)]).unwrap_or_else(|p| panic!("{p}"));
    let names = |names: &[&str]| names.iter().map(|name| compact_str::CompactString::from(*name)).collect();
    for (groups, expected) in [
        (vec!["a"], Columns::Some(vec![ColumnRule::Except(names(&["x", "y"]))])),
        (vec!["a", "b"], Columns::Some(vec![ColumnRule::Except(names(&["y"]))])),
        (vec!["a", "c"], Columns::Some(vec![ColumnRule::Except(names(&["y"]))])),
        (vec!["a", "c", "d"], Columns::All),
        (vec!["b", "d"], Columns::Some(vec![ColumnRule::Only(names(&["x", "y"]))])),
    ] {
        let groups: Vec<String> = groups.into_iter().map(str::to_owned).collect();
        let access = mesh.table_access(&mesh.subject("u", &groups), &TableName::new("lake", "hr", "t"));
        assert_eq!(access.columns(), expected, "{groups:?}");
    }
}

#[test]
fn the_schema_is_closed_and_names_each_kind() {
    let schema = schema();
    let document = &schema["$defs"]["Document"];
    let kinds = Kind::all().map(|kind| kind.name);
    assert_eq!(document["properties"]["kind"]["enum"], serde_json::json!(kinds));
    assert_eq!(document["allOf"].as_array().unwrap().len(), kinds.len());
    for (name, definition) in schema["$defs"].as_object().unwrap() {
        if definition["type"] == "object" && name != "Document" {
            assert_eq!(definition["additionalProperties"], serde_json::Value::Bool(false), "{name}");
        }
    }
}

#[test]
fn what_a_document_says_of_an_attribute_stands_before_what_a_proof_tells() {
    let text = "apiVersion: sluice/v1\nkind: Principals\nspec:\n  users:\n    \
                anna: {groups: [hr], attributes: {region: [EU]}}\n";
    let snapshot = compile(vec![file("principals.yaml", text)]).unwrap_or_else(|problems| panic!("{problems}"));
    let values = |value: &str| BTreeSet::from([value.to_owned()]);
    let told = BTreeMap::from([("region".to_owned(), values("US")), ("level".to_owned(), values("3"))]);
    let anna = snapshot.subject_by_proof("anna", &["analysts".to_owned()], &told, true);
    assert_eq!(anna.groups, BTreeSet::from(["analysts".to_owned(), "hr".to_owned()]));
    assert_eq!((&anna.attributes["region"], &anna.attributes["level"]), (&values("EU"), &values("3")));
    assert!(anna.more_groups);
}
