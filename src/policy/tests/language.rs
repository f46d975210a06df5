//! What each part of the language means.

use super::*;
use jiff::Timestamp;

const BASE: &str = "
apiVersion: sluice/v1
kind: Domain
metadata: {name: hr}
spec: {owns: [{catalog: lake, schema: hr}], owners: [hr-owners]}
---
apiVersion: sluice/v1
kind: Domain
metadata: {name: platform}
spec: {central: true}
---
apiVersion: sluice/v1
kind: Tags
metadata: {name: tags, domain: hr}
spec:
  tables:
    - table: employees
      tags: [confidential]
      columns: {ssn: [pii.id], email: [pii.contact], 'phone*': [pii.contact]}
    - table: 'old_*'
      tags: [confidential.archive]
---
apiVersion: sluice/v1
kind: Principals
spec:
  users:
    anna: {groups: [analysts], attributes: {region: [EU, 'o''neil'], department: [audit]}}
    bob: {groups: [analysts], attributes: {region: [EU]}}
  services:
    robot: {groups: [services]}
";

/// The base with the specs of access policies of `hr`, and with whole documents.
fn with(specs: &[&str], documents: &[&str]) -> Snapshot {
    let mut text = BASE.to_owned();
    for (number, spec) in specs.iter().enumerate() {
        text.push_str(&format!(
            "---\napiVersion: sluice/v1\nkind: AccessPolicy\nmetadata: {{name: p{number}, domain: hr}}\nspec: {spec}\n"
        ));
    }
    documents.iter().for_each(|document| text.push_str(&format!("---\napiVersion: sluice/v1\n{document}\n")));
    compile(vec![file("a.yaml", &text)]).unwrap_or_else(|problems| panic!("{problems}"))
}

fn employees() -> TableName {
    TableName::new("lake", "hr", "employees")
}

fn access(snapshot: &Snapshot, user: &str) -> TableAccess {
    snapshot.table_access(&snapshot.subject(user, &[]), &employees())
}

fn at(snapshot: &Snapshot, user: &str, time: &str) -> TableAccess {
    let now: Timestamp = time.parse().unwrap();
    let subject = Subject { moment: Some(snapshot.moment(now)), ..snapshot.subject(user, &[]) };
    snapshot.table_access(&subject, &employees())
}

fn texts(expressions: Result<Vec<Expression>, String>) -> Vec<String> {
    expressions.unwrap().iter().map(|one| one.text.to_string()).collect()
}

fn mask(access: &TableAccess, column: &str) -> String {
    access.mask(column, "varchar").unwrap().map_or_else(|| "as it is".to_owned(), |mask| mask.text.to_string())
}

const ALL: &str = "{tables: [{table: '*'}], grants: [{to: {everyone: true}, privileges: [all]}]}";

#[test]
fn a_denial_wins_over_any_grant_and_is_named_only_to_whom_something_is_granted() {
    let denies = "{tables: [{table: employees}], denies: [{to: {groups: [analysts]}, privileges: [select, drop]}]}";
    let snapshot = with(&[ALL, denies], &[]);
    let anna = access(&snapshot, "anna");
    assert!(!anna.grants(Privilege::Select) && !anna.grants(Privilege::Drop) && anna.grants(Privilege::Insert));
    assert!(!anna.allow("id") && !anna.unrestricted());
    assert_eq!(anna.denied_by[0].policy, "hr/p1");
    assert!(access(&snapshot, "robot").unrestricted());
    let alone = access(&with(&[denies], &[]), "anna");
    // Only what a table's own tables may show goes by it.
    assert_eq!(alone, TableAccess { select_denied: true, ..TableAccess::none() });
}

#[test]
fn a_denial_of_columns_takes_them_out_of_each_grant() {
    let denies = "{tables: [{table: employees}], denies: [{to: {groups: [analysts]}, except: {users: [bob]}, \
                  privileges: [select], columns: {only: [ssn, 'sal*']}}]}";
    let snapshot = with(&[ALL, denies], &[]);
    let anna = access(&snapshot, "anna");
    assert!(anna.allow("id") && !anna.allow("ssn") && !anna.allow("salary") && !anna.unrestricted());
    assert!(access(&snapshot, "bob").unrestricted());
}

#[test]
fn what_is_denied_is_not_visible() {
    let denies = "{tables: [{table: employees}], denies: [{privileges: [all]}]}";
    let columns = "{tables: [{table: reviews}], denies: [{privileges: [select, show], columns: {only: [note]}}]}";
    let reads = "{tables: [{table: '*'}], grants: [{to: {everyone: true}, privileges: [select]}]}";
    let snapshot = with(&[reads, denies, columns], &[]);
    let visible = snapshot.visible(&snapshot.subject("anna", &[]));
    assert!(!visible.table(&employees()) && visible.table(&TableName::new("lake", "hr", "other")));
    let reviews = TableName::new("lake", "hr", "reviews");
    assert!(visible.column(&reviews, "id") && !visible.column(&reviews, "note"));
}

#[test]
fn tags_name_tables_and_columns_those_below_them_too() {
    let snapshot = with(
        &[
            "{tables: [{tag: confidential}], grants: [{to: {users: [anna]}, privileges: [select], \
             columns: {exceptTagged: [pii]}}]}",
            "{tables: [{table: employees}], grants: [{to: {users: [bob]}, privileges: [select], \
             columns: {only: [id], onlyTagged: [pii.contact]}}]}",
        ],
        &[],
    );
    let anna = access(&snapshot, "anna");
    for (column, allowed) in [("id", true), ("ssn", false), ("email", false), ("phone_home", false)] {
        assert_eq!(anna.allow(column), allowed, "{column}");
    }
    let subject = snapshot.subject("anna", &[]);
    let archive = snapshot.table_access(&subject, &TableName::new("lake", "hr", "old_1999"));
    assert!(archive.unrestricted(), "nothing in it is tagged");
    assert!(!snapshot.table_access(&subject, &TableName::new("lake", "hr", "reviews")).grants(Privilege::Select));
    let visible = snapshot.visible(&subject);
    assert!(visible.column(&employees(), "id") && !visible.column(&employees(), "phone_home"));
    let bob = access(&snapshot, "bob");
    for (column, allowed) in [("id", true), ("ssn", false), ("email", true), ("phone_home", true), ("salary", false)] {
        assert_eq!(bob.allow(column), allowed, "{column}");
    }
}

const GUARDRAIL: &str = "kind: Guardrail
metadata: {name: contacts}
spec:
  tables: [{catalog: '*', schema: '*', table: '*'}]
  masks: [{tag: pii.contact, expression: \"'***' || substr({column}, -2)\", priority: 9}]
  denies: [{privileges: [select], columns: {onlyTagged: [pii.id]}}]
  approvers: [ciso]
  longestException: 8h";

#[test]
fn a_guardrail_holds_over_domains_and_its_mask_comes_first() {
    let masks = "{tables: [{table: '*'}], masks: [{column: email, expression: \"'domain'\", priority: -1}]}";
    let snapshot = with(&[ALL, masks], &[GUARDRAIL]);
    let anna = access(&snapshot, "anna");
    assert!(!anna.allow("ssn"));
    assert_eq!(mask(&anna, "email"), "'***' || substr(\"email\", -2)");
    assert_eq!(mask(&anna, "phone_work"), "'***' || substr(\"phone_work\", -2)");
    assert_eq!(anna.mask("email", "varchar").unwrap().unwrap().policies[0].policy, "guardrail/contacts");
    let other = snapshot.table_access(&snapshot.subject("anna", &[]), &TableName::new("lake", "hr", "reviews"));
    assert!(other.allow("ssn"), "no tag says that this one is the same");
    assert_eq!(mask(&other, "email"), "'domain'");
}

const EXCEPTION: &str = "kind: Exception
metadata: {name: incident, domain: hr}
spec:
  reason: payments to a stranger
  ticket: SEC-1
  approvers: [hr-owners, ciso]
  from: 2026-03-29T01:30:00[Europe/Berlin]
  until: 2026-03-29T04:30:00[Europe/Berlin]
  to: {users: [bob]}
  tables: [{table: employees}]
  privileges: [select]
  lifts: [contacts]";

#[test]
fn an_exception_grants_and_lifts_the_guardrail_that_it_names_until_it_ends() {
    let snapshot = with(&[], &[GUARDRAIL, EXCEPTION]);
    // The night in which summer time begins: two hours later by the sun.
    for (time, granted) in [
        ("2026-03-29T00:29:59Z", false),
        ("2026-03-29T00:30:00Z", true),
        ("2026-03-29T02:29:59Z", true),
        ("2026-03-29T02:30:00Z", false),
        ("2030-01-01T00:00:00Z", false),
    ] {
        let bob = at(&snapshot, "bob", time);
        assert_eq!(bob.grants(Privilege::Select) && bob.unrestricted(), granted, "{time}");
        assert_eq!(bob.lifted_by.len(), usize::from(granted), "{time}");
        assert!(!at(&snapshot, "anna", time).grants(Privilege::Select), "it is for bob alone");
    }
    assert!(!access(&snapshot, "bob").grants(Privilege::Select), "at a time that is not known");
    let [exception] = snapshot.exceptions() else { panic!("one exception") };
    assert_eq!((exception.ticket.as_str(), exception.policy.policy.as_str()), ("SEC-1", "hr/incident"));
}

#[test]
fn an_exception_that_lifts_one_guardrail_leaves_the_others() {
    let second =
        GUARDRAIL.replace("contacts", "more").replace("pii.contact", "pii.id").replace("pii.id", "pii.contact");
    let snapshot = with(&[ALL], &[GUARDRAIL, &second, EXCEPTION]);
    let bob = at(&snapshot, "bob", "2026-03-29T01:00:00Z");
    assert!(!bob.unrestricted());
    assert_eq!(bob.mask("email", "varchar").unwrap().unwrap().policies[0].policy, "guardrail/more");
}

#[test]
fn a_grant_of_rows_shows_its_columns_in_its_rows_alone() {
    let snapshot = with(
        &[
            "{tables: [{table: employees}], grants: [{to: {groups: [analysts]}, privileges: [select], \
             columns: {only: [id, name]}, rows: region = 'EU'}]}",
            "{tables: [{table: employees}], grants: [{to: {users: [anna]}, privileges: [select], \
             columns: {only: [id, salary]}, rows: manager_id = 7}], masks: [{column: salary, expression: '0'}]}",
        ],
        &[],
    );
    let bob = access(&snapshot, "bob");
    assert_eq!(texts(bob.filters()), ["region = 'EU'"]);
    assert_eq!((mask(&bob, "id"), mask(&bob, "name")), ("as it is".to_owned(), "as it is".to_owned()));
    let anna = access(&snapshot, "anna");
    assert_eq!(texts(anna.filters()), ["(region = 'EU') OR (manager_id = 7)"]);
    assert_eq!(mask(&anna, "id"), "as it is");
    assert_eq!(mask(&anna, "name"), "IF(region = 'EU', \"name\")");
    assert_eq!(mask(&anna, "salary"), "IF(manager_id = 7, 0)");
    assert!(!anna.unrestricted() && anna.filters_rows() && anna.protects_values());
    let names = |expression: &Expression| expression.named();
    assert_eq!(names(&anna.filters().unwrap()[0]), "hr/p0 and hr/p1");
}

#[test]
fn a_grant_of_all_rows_leaves_no_filter_and_columns_of_some_rows() {
    let snapshot = with(
        &["{tables: [{table: employees}], grants: [{to: {everyone: true}, privileges: [select], \
             columns: {only: [id]}}, {to: {everyone: true}, privileges: [select], rows: region = 'EU'}]}"],
        &[],
    );
    let anna = access(&snapshot, "anna");
    assert_eq!(texts(anna.filters()), Vec::<String>::new());
    assert_eq!((mask(&anna, "id"), mask(&anna, "salary")), ("as it is".into(), "IF(region = 'EU', \"salary\")".into()));
    assert!(!anna.unrestricted());
}

#[test]
fn a_rule_holds_in_its_validity_and_what_is_not_known_never_shows_more() {
    let snapshot = with(
        &["{tables: [{table: employees}], grants: [{to: {everyone: true}, privileges: [select], \
             validity: {until: '2026-06-01T00:00:00+02:00'}}], filters: [{expression: id = 1, \
             validity: {from: '2026-01-01T00:00:00Z'}}]}"],
        &[],
    );
    for (time, granted, filters) in [
        ("2025-12-31T23:59:59Z", true, 0),
        ("2026-01-01T00:00:00Z", true, 1),
        ("2026-05-31T21:59:59Z", true, 1),
        ("2026-05-31T22:00:00Z", false, 1),
        // A clock that jumps back is a clock.
        ("2025-12-31T23:59:59Z", true, 0),
    ] {
        let anna = at(&snapshot, "anna", time);
        assert_eq!(anna.grants(Privilege::Select), granted, "{time}");
        assert_eq!(anna.filters.len(), filters, "{time}");
    }
    let unknown = access(&snapshot, "anna");
    assert!(!unknown.grants(Privilege::Select) && unknown.filters.len() == 1);
    let moment = |time: &str| snapshot.moment(time.parse().unwrap());
    assert_eq!(moment("2026-02-01T00:00:00Z"), moment("2026-05-31T21:59:59Z"));
    assert_ne!(moment("2026-02-01T00:00:00Z"), moment("2026-05-31T22:00:00Z"));
}

#[test]
fn values_of_the_user_are_quoted_and_a_missing_one_leaves_no_rows() {
    let snapshot = with(
        &["{tables: [{table: employees}], grants: [{to: {everyone: true}, privileges: [select]}], filters: [\
             {expression: 'region = ${user.attributes.region}'}, \
             {expression: 'region IN (''x'', ${user.attributes.region})'}, \
             {expression: 'NOT (region <> ${user.attributes.region} OR name = ${user.name})'}, \
             {expression: 'lower(${user.attributes.region}) = region'}], \
             masks: [{column: name, expression: 'concat(${user.attributes.department}, {column})'}]}"],
        &[],
    );
    assert_eq!(
        texts(access(&snapshot, "anna").filters()),
        [
            "(region IN ('EU', 'o''neil'))",
            "region IN ('x', 'EU', 'o''neil')",
            "NOT ((region NOT IN ('EU', 'o''neil')) OR name = 'anna')",
            // Several values can't stand where one is needed.
            "false",
        ]
    );
    assert_eq!(
        texts(access(&snapshot, "bob").filters()),
        ["region = 'EU'", "region IN ('x', 'EU')", "NOT (region <> 'EU' OR name = 'bob')", "lower('EU') = region"]
    );
    assert_eq!(texts(access(&snapshot, "olga").filters()), ["false"; 4]);
    assert_eq!(mask(&access(&snapshot, "anna"), "name"), "concat('audit', \"name\")");
    assert_eq!(mask(&access(&snapshot, "bob"), "name"), "NULL");
}

#[test]
fn values_on_both_sides_of_a_comparison_are_no_list() {
    let filter = "{tables: [{table: employees}], grants: [{to: {everyone: true}, privileges: [select]}], filters: [\
                  {expression: '${user.attributes.region} <> concat(${user.name}, name)'}]}";
    assert_eq!(texts(access(&with(&[filter], &[]), "anna").filters()), ["false"]);
}

#[test]
fn a_mask_of_a_pattern_is_of_each_column_that_it_takes_in() {
    let masks =
        "{tables: [{table: employees}], masks: [{column: '*_id', expression: '{column} * 0 + length(''{column}'')'}]}";
    let anna = access(&with(&[ALL, masks], &[]), "anna");
    assert_eq!(mask(&anna, "manager_id"), "\"manager_id\" * 0 + length('{column}')");
    assert_eq!(mask(&anna, "x\"_id"), "\"x\"\"_id\" * 0 + length('{column}')");
    assert_eq!(mask(&anna, "id"), "as it is");
}

#[test]
fn attributes_and_services_name_users() {
    let snapshot = with(
        &["{tables: [{table: employees}], grants: [{to: {attributes: {department: [audit, risk], region: [EU]}}, \
           privileges: [select]}, {to: {services: [robot]}, privileges: [show]}]}"],
        &[],
    );
    let granted = |user, privilege| access(&snapshot, user).grants(privilege);
    assert!(granted("anna", Privilege::Select) && !granted("bob", Privilege::Select));
    assert!(granted("robot", Privilege::Show) && !granted("anna", Privilege::Show));
}

#[test]
fn each_sort_of_objects_has_its_privileges() {
    let snapshot = with(
        &["{schemas: [{schema: hr}], procedures: [{procedure: 'refresh_*'}], functions: [{function: f}], \
           grants: [{to: {users: [anna]}, privileges: [create, execute]}], \
           denies: [{privileges: [execute], to: {users: [bob]}}]}"],
        &["kind: AccessPolicy
metadata: {name: central, domain: platform}
spec:
  catalogs: [{catalog: 'lake*'}]
  sqlRoles: ['analyst_*']
  grants: [{to: {users: [anna]}, privileges: [drop]}]
  systemInformation: [{to: {users: [anna]}}]"],
    );
    let anna = snapshot.subject("anna", &[]);
    let may = |object, parts: [&str; 3], privilege| {
        snapshot.may(&anna, object, &TableName::new(parts[0], parts[1], parts[2]), privilege).granted()
    };
    for (object, parts, privilege, granted) in [
        (Object::Schema, ["lake", "hr", ""], Privilege::Create, true),
        (Object::Schema, ["lake", "hr", ""], Privilege::Drop, false),
        (Object::Schema, ["lake", "sales", ""], Privilege::Create, false),
        (Object::Procedure, ["lake", "hr", "refresh_all"], Privilege::Execute, true),
        (Object::Procedure, ["lake", "hr", "f"], Privilege::Execute, false),
        (Object::Function, ["lake", "hr", "f"], Privilege::Execute, true),
        (Object::Function, ["lake", "hr", "f"], Privilege::Create, true),
        (Object::Catalog, ["lake2", "", ""], Privilege::Drop, true),
        (Object::Catalog, ["lake2", "", ""], Privilege::Create, false),
        (Object::Role, ["analyst_eu", "", ""], Privilege::Drop, true),
        (Object::Role, ["admin", "", ""], Privilege::Drop, false),
    ] {
        assert_eq!(may(object, parts, privilege), granted, "{object:?} {parts:?} {privilege:?}");
    }
    assert!(snapshot.may_read_system_information(&anna).granted());
    assert_eq!(snapshot.may_read_system_information(&snapshot.subject("bob", &[])), Answer::NotGranted);
    assert_eq!(snapshot.visible(&anna), VisibleTables::default(), "no table is granted");
}

/// What user `user` gets by principal `principal` in a session of catalog `lake`, by a client that claims this.
fn asked(snapshot: &Snapshot, user: &str, principal: &str, source: Option<&str>, tags: &[&str]) -> TableAccess {
    let now = "2026-06-01T12:00:59Z".parse().unwrap();
    let known = Inputs { catalog: Some("lake".into()), address: "10.1.2.3".parse().ok(), ..Inputs::default() };
    let claims =
        Claims { source: source.map(str::to_owned), client_tags: tags.iter().map(|tag| (*tag).to_owned()).collect() };
    let subject = snapshot.of_request(snapshot.subject(user, &[]), now, known, principal, &claims);
    snapshot.table_access(&subject, &employees())
}

const TRUSTED: &str = "kind: Principals
metadata: {name: services}
spec:
  services:
    superset: {vouchesFor: [source, purpose]}
  roles:
    planners: {users: [bob]}";

#[test]
fn a_condition_on_what_a_client_claims_never_satisfies_a_grant_and_never_avoids_a_denial() {
    let grant = "{tables: [{table: employees}], grants: [{to: {everyone: true}, privileges: [select], \
                 when: session.source == 'superset'}]}";
    let deny = "{tables: [{table: employees}], denies: [{privileges: [show], when: session.source != 'superset'}], \
                masks: [{column: email, expression: 'NULL', when: session.source != 'superset'}], \
                filters: [{expression: id = 1, when: \"request.purpose != 'fraud'\"}]}";
    let snapshot = with(
        &[grant, deny, "{tables: [{table: '*'}], grants: [{to: {users: [anna]}, privileges: [select, show]}]}"],
        &[TRUSTED],
    );
    let claimed = asked(&snapshot, "anna", "anna", Some("superset"), &["purpose:fraud"]);
    assert!(!claimed.grants(Privilege::Show) && mask(&claimed, "email") == "NULL" && claimed.filters.len() == 1);
    let vouched = asked(&snapshot, "anna", "superset", Some("superset"), &["purpose:fraud"]);
    assert!(vouched.grants(Privilege::Show) && vouched.unrestricted());
    let two = asked(&snapshot, "anna", "superset", Some("superset"), &["purpose:fraud", "purpose:other"]);
    assert_eq!(two.filters.len(), 1, "two purposes are none");
    for (principal, source, granted) in [
        ("bob", Some("superset"), false),
        ("superset", Some("superset"), true),
        ("superset", Some("dbt"), false),
        ("superset", None, false),
    ] {
        let bob = asked(&snapshot, "bob", principal, source, &[]);
        assert_eq!(bob.grants(Privilege::Select), granted, "{principal} {source:?}");
    }
    assert!(!access(&snapshot, "bob").grants(Privilege::Select), "of a request of which nothing is known");
}

#[test]
fn conditions_read_the_user_the_session_the_address_and_the_minute() {
    for (condition, granted) in [
        ("'planners' in user.roles", true),
        ("'planners' in user.groups", false),
        ("user.attributes.region == 'EU'", true),
        ("user.attributes.department == 'audit'", false),
        ("has(user.attributes.department)", false),
        ("session.catalog == 'lake'", true),
        ("session.schema == 'hr'", false),
        ("request.address.in_network('10.0.0.0/8')", true),
        ("request.time.getHours('Europe/Berlin') == 14", true),
        ("request.time == timestamp('2026-06-01T12:00:00Z')", true),
    ] {
        let grant = format!(
            "{{tables: [{{table: employees}}], grants: [{{to: {{users: [bob]}}, privileges: [select], when: \"{condition}\"}}]}}"
        );
        let snapshot = with(&[&grant], &[TRUSTED]);
        assert_eq!(asked(&snapshot, "bob", "bob", None, &[]).grants(Privilege::Select), granted, "{condition}");
    }
}

#[test]
fn what_no_condition_reads_is_no_part_of_the_subject() {
    let now: Timestamp = "2026-06-01T12:00:59Z".parse().unwrap();
    let ask = |snapshot: &Snapshot| {
        let claims = Claims { source: Some("dbt".into()), ..Claims::default() };
        let known = Inputs { catalog: Some("lake".into()), schema: Some("hr".into()), ..Inputs::default() };
        snapshot.of_request(snapshot.subject("bob", &[]), now, known, "superset", &claims).inputs
    };
    assert_eq!(ask(&with(&[ALL], &[TRUSTED])), Inputs::default());
    let grant = "{tables: [{table: t}], grants: [{to: {everyone: true}, privileges: [select], \
                 when: request.time.getHours() > 8 && session.schema == 'x'}]}";
    let minute = "2026-06-01T12:00:00Z".parse().ok();
    assert_eq!(ask(&with(&[grant], &[TRUSTED])), Inputs { schema: Some("hr".into()), minute, ..Inputs::default() });
}
