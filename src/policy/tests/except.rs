//! Whom rules are not for, and what policies are not about.

use super::super::*;
use crate::names::TableName;

const POLICIES: &str = "
apiVersion: sluice/v1
kind: Domain
metadata: {name: platform}
spec: {central: true}
---
apiVersion: sluice/v1
kind: Principals
spec:
  users:
    ann: {attributes: {department: [audit], region: [EU]}}
    bob: {attributes: {department: [audit, sales]}}
    cy: {attributes: {region: [EU]}}
    di: {groups: [interns], attributes: {department: [audit], region: [US]}}
  roles:
    guests: {users: [gus], groups: [visitors]}
---
apiVersion: sluice/v1
kind: AccessPolicy
metadata: {name: attributes, domain: platform}
spec:
  tables: [{catalog: lake, schema: a, table: t}]
  grants:
    - {to: {everyone: true}, except: {attributes: {department: [sales]}}, privileges: [select]}
---
apiVersion: sluice/v1
kind: AccessPolicy
metadata: {name: two-attributes, domain: platform}
spec:
  tables: [{catalog: lake, schema: b, table: t}]
  grants:
    - {to: {everyone: true}, except: {attributes: {department: [audit], region: [EU]}}, privileges: [select]}
---
apiVersion: sluice/v1
kind: AccessPolicy
metadata: {name: groups, domain: platform}
spec:
  tables: [{catalog: lake, schema: c, table: t}]
  grants:
    - {to: {everyone: true}, except: {groups: [interns], roles: [guests]}, privileges: [select]}
---
apiVersion: sluice/v1
kind: AccessPolicy
metadata: {name: users, domain: platform}
spec:
  tables: [{catalog: lake, schema: d, table: t}]
  grants:
    - {to: {everyone: true}, except: {users: [ann]}, privileges: [select]}
---
apiVersion: sluice/v1
kind: AccessPolicy
metadata: {name: central, domain: platform}
spec:
  impersonate:
    - {to: {everyone: true}, except: {groups: [interns]}, users: [bob]}
  sessionProperties:
    - {to: {everyone: true}, except: {groups: [interns]}, properties: ['*'], exceptProperties: [Task_*, 'lake.x']}
  systemInformation:
    - {to: {everyone: true}, except: {groups: [interns]}}
";

fn compiled(text: &str) -> Snapshot {
    let files = vec![SourceFile { path: "a.yaml".into(), text: text.into() }];
    compile(files).unwrap_or_else(|problems| panic!("{problems}"))
}

#[test]
fn whom_except_may_name_is_given_nothing() {
    let snapshot = compiled(POLICIES);
    let reads = |user: &str, groups: &[&str], more_groups: bool| -> String {
        let groups: Vec<String> = groups.iter().map(|group| (*group).to_owned()).collect();
        let subject = Subject { more_groups, ..snapshot.subject(user, &groups) };
        let mut schemas = ["a", "b", "c", "d"].map(str::to_owned).to_vec();
        schemas.retain(|schema| {
            let name = TableName::new("lake", schema, "t");
            let reads = snapshot.table_access(&subject, &name).grants(Privilege::Select);
            assert_eq!(snapshot.visible(&subject).table(&name), reads, "{user} and {name}");
            reads
        });
        schemas.join(" ")
    };
    for (user, groups, more_groups, expected) in [
        ("ann", &[][..], false, "a c"),
        ("bob", &[], false, "c d"),
        // It has no department, so it may have any.
        ("cy", &[], false, "c d"),
        ("di", &[], false, "a b d"),
        ("eve", &[], false, "c d"),
        ("ann", &["interns"], false, "a"),
        ("ann", &["visitors"], false, "a"),
        ("gus", &[], false, "d"),
        // Who may be in groups that are not known may be in that one.
        ("ann", &[], true, "a"),
        ("eve", &[], true, "d"),
    ] {
        assert_eq!(reads(user, groups, more_groups), expected, "{user} in {groups:?}, {more_groups}");
    }
}

#[test]
fn central_rules_leave_out_whom_and_what_they_say() {
    let snapshot = compiled(POLICIES);
    for (user, more_groups, given) in [("ann", false, true), ("di", false, false), ("ann", true, false)] {
        let subject = Subject { more_groups, ..snapshot.subject(user, &[]) };
        assert_eq!(snapshot.may_impersonate(&subject, "bob").granted(), given, "{user}");
        assert_eq!(snapshot.may_set_session(&subject, "query_max_run_time").granted(), given, "{user}");
        assert_eq!(snapshot.may_read_system_information(&subject).granted(), given, "{user}");
        for property in ["task_concurrency", "TASK_x", "lake.x"] {
            assert!(!snapshot.may_set_session(&subject, property).granted(), "{user} {property}");
        }
    }
}

#[test]
fn a_reason_says_that_a_policy_leaves_the_table_or_the_user_out() {
    let text = format!(
        "{POLICIES}---
apiVersion: sluice/v1
kind: AccessPolicy
metadata: {{name: most, domain: platform}}
spec:
  tables: [{{catalog: lake, schema: '*', table: '*'}}]
  exceptTables: [{{catalog: lake, schema: c, table: '*'}}]
  grants: [{{to: {{everyone: true}}, privileges: [show]}}]
"
    );
    let snapshot = compiled(&text);
    let subject = Subject { more_groups: true, ..snapshot.subject("ann", &[]) };
    let reasons = snapshot.reasons(&subject, &TableName::new("lake", "c", "t"));
    let told: Vec<String> = reasons
        .iter()
        .map(|reason| {
            format!("{}: {}", reason.policy.policy, reason.not.first().map_or("holds".to_owned(), ToString::to_string))
        })
        .collect();
    assert_eq!(
        told,
        [
            "platform/groups: it is not for users gus; groups interns, visitors",
            "platform/most: its policy leaves this table out",
        ]
    );
}

#[test]
fn who_may_be_in_a_group_gains_nothing_by_it_and_loses_all_that_it_takes() {
    let snapshot = compiled(
        "apiVersion: sluice/v1
kind: Domain
metadata: {name: platform}
spec: {central: true}
---
apiVersion: sluice/v1
kind: AccessPolicy
metadata: {name: p, domain: platform}
spec:
  tables: [{catalog: lake, schema: a, table: t}]
  grants:
    - {to: {everyone: true}, privileges: [select]}
    - {to: {groups: [editors]}, privileges: [update]}
    - {to: {everyone: true}, privileges: [delete], when: \"'staff' in user.groups\"}
    - {to: {everyone: true}, privileges: [insert], when: \"!('staff' in user.groups)\"}
  denies:
    - {to: {groups: [interns]}, privileges: [select], columns: {only: [c]}}
  masks:
    - {column: a, expression: \"'x'\", to: {groups: [interns]}}
    - {column: b, expression: \"'x'\", to: {groups: [interns]}, except: {users: [ann]}}
    - {column: d, expression: \"'x'\", when: \"'interns' in user.groups\"}
  filters:
    - {expression: a = 'x', to: {groups: [interns]}}
",
    );
    for (more_groups, masked, filters, privileges) in [(false, "", 0, "select insert"), (true, "a d", 1, "select")] {
        let subject = Subject { more_groups, ..snapshot.subject("ann", &[]) };
        let access = snapshot.table_access(&subject, &TableName::new("lake", "a", "t"));
        let columns = ["a", "b", "d"].into_iter().filter(|column| access.mask(column, "varchar").unwrap().is_some());
        assert_eq!(columns.collect::<Vec<_>>().join(" "), masked, "{more_groups}");
        assert_eq!(access.filters().unwrap().len(), filters, "{more_groups}");
        let granted = access.privileges().iter().map(|privilege| privilege.as_str());
        assert_eq!(granted.collect::<Vec<_>>().join(" "), privileges, "{more_groups}");
        let says = snapshot.reasons(&subject, &TableName::new("lake", "a", "t"));
        let held =
            says.iter().filter(|reason| reason.sort == crate::policy::reasons::Sort::Mask && reason.not.is_empty());
        assert_eq!(held.count(), usize::from(more_groups) * 2, "{more_groups}: {says:?}");
    }
}
