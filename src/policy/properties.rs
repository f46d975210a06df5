//! What holds for any policies: tried on random ones, and compared with a reading of them that looks at each rule.

use super::template::Template;
use super::*;
use crate::names::TableName;
use proptest::collection::{btree_set, vec};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;

const USERS: [&str; 4] = ["u1", "u2", "u3", "nobody"];
const GROUPS: [&str; 3] = ["g1", "g2", "g3"];
const COLUMNS: [&str; 4] = ["a", "b", "c", "d"];
const PATTERNS: [&str; 8] = ["c1.s1.t1", "c1.s1.t2", "c1.s1.*", "c1.s*.t1", "c1.*.*", "*.s1.t*1", "*.*.*", "c2.s2.t2x"];
const TABLES: [&str; 6] = ["c1.s1.t1", "c1.s1.t2", "c1.s2.t1", "c2.s1.t11", "c2.s2.t2x", "c3.s3.t3"];

#[derive(Clone, Debug)]
struct Subjects {
    users: BTreeSet<&'static str>,
    groups: BTreeSet<&'static str>,
}

#[derive(Clone, Debug)]
enum Rule {
    Grant { to: Subjects, privileges: BTreeSet<&'static str>, columns: Option<(bool, BTreeSet<&'static str>)> },
    Mask { column: &'static str, value: u8, priority: i8, except: Option<Subjects> },
    Filter { value: u8, except: Option<Subjects> },
    Deny { to: Subjects, column: Option<&'static str> },
}

#[derive(Clone, Debug)]
struct Policy {
    tables: Vec<&'static str>,
    rules: Vec<Rule>,
}

fn subjects() -> impl Strategy<Value = Subjects> {
    (subsequence(&USERS[..3], 0..3), subsequence(&GROUPS[..], 0..3))
        .prop_filter("somebody", |(users, groups)| !users.is_empty() || !groups.is_empty())
        .prop_map(|(users, groups)| Subjects {
            users: users.into_iter().collect(),
            groups: groups.into_iter().collect(),
        })
}

fn rule() -> impl Strategy<Value = Rule> {
    let columns = || proptest::option::of((any::<bool>(), btree_set(select(&COLUMNS[..]), 1..3)));
    let grant = (subjects(), btree_set(select(vec!["select", "show"]), 1..3), columns())
        .prop_map(|(to, privileges, columns)| Rule::Grant { to, privileges, columns });
    let mask = (select(&COLUMNS[..]), any::<u8>(), -1..2_i8, proptest::option::of(subjects()))
        .prop_map(|(column, value, priority, except)| Rule::Mask { column, value, priority, except });
    prop_oneof![4 => grant, 1 => mask, 1 => filter(), 1 => deny()]
}

fn deny() -> impl Strategy<Value = Rule> {
    (subjects(), proptest::option::of(select(&COLUMNS[..]))).prop_map(|(to, column)| Rule::Deny { to, column })
}

fn filter() -> impl Strategy<Value = Rule> {
    (any::<u8>(), proptest::option::of(subjects())).prop_map(|(value, except)| Rule::Filter { value, except })
}

fn policies() -> impl Strategy<Value = Vec<Policy>> {
    let policy =
        (subsequence(&PATTERNS[..], 1..3), vec(rule(), 1..4)).prop_map(|(tables, rules)| Policy { tables, rules });
    vec(policy, 1..8)
}

fn list(words: &BTreeSet<&'static str>) -> String {
    words.iter().copied().collect::<Vec<_>>().join(", ")
}

impl Subjects {
    fn yaml(&self) -> String {
        format!("{{users: [{}], groups: [{}]}}", list(&self.users), list(&self.groups))
    }

    fn take_in(&self, subject: &Subject) -> bool {
        self.users.contains(subject.user.as_str()) || subject.groups.iter().any(|g| self.groups.contains(g.as_str()))
    }
}

impl Policy {
    fn yaml(&self, name: usize) -> String {
        let mut text = format!(
            "apiVersion: sluice/v1\nkind: AccessPolicy\nmetadata: {{name: p{name}, domain: all}}\nspec:\n  tables:\n"
        );
        for table in &self.tables {
            let parts: Vec<&str> = table.split('.').collect();
            let _ = writeln!(text, "    - {{catalog: '{}', schema: '{}', table: '{}'}}", parts[0], parts[1], parts[2]);
        }
        for (title, chosen) in [("grants", 0), ("masks", 1), ("filters", 2), ("denies", 3)] {
            let _ = writeln!(text, "  {title}:");
            let mut any = false;
            for rule in &self.rules {
                let except = |except: &Option<Subjects>| {
                    except.as_ref().map_or(String::new(), |except| format!(", except: {}", except.yaml()))
                };
                let (kind, line) = match rule {
                    Rule::Grant { to, privileges, columns } => {
                        let columns = columns.as_ref().map_or(String::new(), |(only, names)| {
                            format!(", columns: {{{}: [{}]}}", if *only { "only" } else { "except" }, list(names))
                        });
                        (0, format!("to: {}, privileges: [{}]{columns}", to.yaml(), list(privileges)))
                    }
                    Rule::Mask { column, value, priority, except: e } => {
                        (1, format!("column: {column}, expression: \"{value}\", priority: {priority}{}", except(e)))
                    }
                    Rule::Filter { value, except: e } => (2, format!("expression: \"a = {value}\"{}", except(e))),
                    Rule::Deny { to, column } => {
                        let column = column.map_or(String::new(), |column| format!(", columns: {{only: [{column}]}}"));
                        (3, format!("to: {}, privileges: [select]{column}", to.yaml()))
                    }
                };
                if kind == chosen {
                    any = true;
                    let _ = writeln!(text, "    - {{{line}}}");
                }
            }
            if !any {
                text.truncate(text.trim_end().len());
                text.push_str(" []\n");
            }
        }
        text
    }

    fn about(&self, table: &TableName) -> bool {
        self.tables.iter().any(|pattern| {
            let parts: Vec<&str> = pattern.split('.').collect();
            matches(parts[0], &table.catalog) && matches(parts[1], &table.schema) && matches(parts[2], &table.table)
        })
    }
}

const BASE: &str = "apiVersion: sluice/v1
kind: Domain
metadata: {name: all}
spec: {central: true, owners: [owner]}
---
apiVersion: sluice/v1
kind: Principals
spec:
  users:
    u1: {groups: [g1]}
    u2: {groups: [g1, g2]}
    u3: {groups: [g3]}
";

fn documents(policies: &[Policy]) -> Vec<String> {
    let base = BASE.split("---\n").map(str::to_owned);
    base.chain(policies.iter().enumerate().map(|(name, policy)| policy.yaml(name))).collect()
}

fn compiled(files: Vec<SourceFile>) -> Snapshot {
    compile(files).unwrap_or_else(|problems| panic!("{problems}"))
}

fn one_file(documents: &[String]) -> Vec<SourceFile> {
    vec![SourceFile { path: "a.yaml".into(), text: documents.join("---\n") }]
}

fn tables_named() -> impl Iterator<Item = TableName> {
    TABLES.iter().map(|name| {
        let parts: Vec<&str> = name.split('.').collect();
        TableName::new(parts[0], parts[1], parts[2])
    })
}

fn privileges_of(snapshot: &Snapshot, subject: &Subject, table: &TableName) -> BTreeSet<Privilege> {
    snapshot.table_access(subject, table).privileges().clone()
}

/// Each user's access to each table, without the places of rules.
fn all_access(snapshot: &Snapshot) -> Vec<(String, TableAccess)> {
    let nowhere =
        |policy: &PolicyRef| Arc::new(PolicyRef { policy: policy.policy.clone(), file: String::new(), line: 0 });
    let mut all = Vec::new();
    for user in USERS {
        for table in tables_named() {
            let mut access = snapshot.table_access(&snapshot.subject(user, &[]), &table);
            access.granted_by.iter_mut().for_each(|policy| *policy = nowhere(policy));
            access.denied_by.iter_mut().for_each(|policy| *policy = nowhere(policy));
            let moved = |expression: &mut Expression| {
                expression.policies = expression.policies.iter().map(|policy| nowhere(policy)).collect();
            };
            access.filters.iter_mut().for_each(moved);
            for mask in &mut access.masks {
                let mut whole = mask.template.whole.clone();
                moved(&mut whole);
                let (holes, missing) = (mask.template.holes.clone(), mask.template.missing);
                mask.template = Arc::new(Template { whole, holes, missing });
            }
            all.push((format!("{user} on {table}"), access));
        }
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_order_of_documents_and_files_changes_nothing(
        (policies, order, cuts) in policies().prop_flat_map(|policies| {
            let count = policies.len() + 2;
            (Just(policies), Just((0..count).collect::<Vec<_>>()).prop_shuffle(), vec(any::<bool>(), count))
        }),
    ) {
        let documents = documents(&policies);
        let mut files: Vec<Vec<String>> = vec![Vec::new()];
        for (document, cut) in order.iter().map(|at| documents[*at].clone()).zip(cuts) {
            if cut {
                files.push(Vec::new());
            }
            files.last_mut().unwrap().push(document);
        }
        let files = files.iter().enumerate().map(|(number, documents)| SourceFile {
            path: format!("{}.yaml", files.len() - number),
            text: documents.join("---\n"),
        });
        let shuffled = compiled(files.collect());
        let sorted = compiled(one_file(&documents));
        prop_assert_eq!(all_access(&shuffled), all_access(&sorted));
        for user in USERS {
            let subject = sorted.subject(user, &[]);
            prop_assert_eq!(shuffled.visible(&subject), sorted.visible(&subject));
        }
    }

    #[test]
    fn each_rule_that_is_for_a_user_and_a_table_is_found_and_no_other(policies in policies()) {
        let snapshot = compiled(one_file(&documents(&policies)));
        for user in USERS {
            let subject = snapshot.subject(user, &[]);
            let visible = snapshot.visible(&subject);
            for table in tables_named() {
                let mut privileges = BTreeSet::<&str>::new();
                let mut columns = BTreeSet::<&str>::new();
                // By `select` and by `show`, each by itself.
                let mut seen = [BTreeSet::<&str>::new(), BTreeSet::new()];
                let mut masked = BTreeSet::<&str>::new();
                let mut filters = Vec::new();
                let mut denied = BTreeSet::<&str>::new();
                let mut all_denied = false;
                for rule in policies.iter().filter(|policy| policy.about(&table)).flat_map(|policy| &policy.rules) {
                    let spared =
                        |except: &Option<Subjects>| except.as_ref().is_some_and(|except| except.take_in(&subject));
                    match rule {
                        Rule::Grant { to, privileges: given, columns: named } if to.take_in(&subject) => {
                            let taken = COLUMNS.iter().filter(|column| match named {
                                None => true,
                                Some((only, names)) => names.contains(*column) == *only,
                            });
                            for (seen, privilege) in seen.iter_mut().zip(["select", "show"]) {
                                if given.contains(privilege) {
                                    seen.extend(taken.clone());
                                }
                            }
                            if given.contains("select") {
                                columns.extend(taken);
                            }
                            privileges.extend(given);
                        }
                        Rule::Mask { column, except, .. } if !spared(except) => _ = masked.insert(*column),
                        Rule::Filter { value, except } if !spared(except) => filters.push(format!("a = {value}")),
                        Rule::Deny { to, column } if to.take_in(&subject) => match column {
                            Some(column) => _ = denied.insert(*column),
                            None => all_denied = true,
                        },
                        _ => {}
                    }
                }
                if all_denied {
                    privileges.remove("select");
                    columns.clear();
                }
                columns.retain(|column| !denied.contains(column));
                let [mut seen, shown] = seen;
                if all_denied {
                    seen.clear();
                }
                seen.retain(|column| !denied.contains(column));
                seen.extend(shown);
                let access = snapshot.table_access(&subject, &table);
                prop_assert_eq!(access.grants(Privilege::Select), privileges.contains("select"));
                prop_assert_eq!(access.grants(Privilege::Show), privileges.contains("show"));
                for column in COLUMNS {
                    prop_assert_eq!(access.allow(column), columns.contains(column), "{} of {}", column, table);
                    prop_assert_eq!(access.mask(column).unwrap().is_some(), masked.contains(column));
                    prop_assert_eq!(visible.column(&table, column), seen.contains(column));
                }
                let mut found: Vec<String> = access.filters.iter().map(|filter| filter.text.to_string()).collect();
                found.sort();
                filters.sort();
                prop_assert_eq!(found, filters);
                prop_assert_eq!(visible.table(&table), !privileges.is_empty());
                prop_assert!(!privileges.is_empty() || COLUMNS.iter().all(|column| !access.allow(column)), "denied by default");
            }
        }
    }

    #[test]
    fn one_more_filter_shows_nobody_more(policies in policies(), more in filter(), tables in subsequence(&PATTERNS[..], 1..3)) {
        let before = all_access(&compiled(one_file(&documents(&policies))));
        let added = Policy { tables, rules: vec![more] };
        let after = all_access(&compiled(one_file(&documents(&[policies, vec![added]].concat()))));
        for ((who, before), (_, after)) in before.iter().zip(&after) {
            prop_assert_eq!(&before.privileges, &after.privileges);
            prop_assert_eq!(before.columns(), after.columns());
            prop_assert_eq!(&before.masks, &after.masks);
            prop_assert!(before.filters.iter().all(|filter| after.filters.contains(filter)), "{}", who);
            prop_assert!(before.unrestricted() || !after.unrestricted());
        }
    }

    #[test]
    fn one_more_denial_shows_nobody_more(policies in policies(), more in deny(), tables in subsequence(&PATTERNS[..], 1..3)) {
        let before = compiled(one_file(&documents(&policies)));
        let added = Policy { tables, rules: vec![more] };
        let after = compiled(one_file(&documents(&[policies, vec![added]].concat())));
        for user in USERS {
            let (was, is) = (before.subject(user, &[]), after.subject(user, &[]));
            let (known, knows) = (before.visible(&was), after.visible(&is));
            for table in tables_named() {
                let (was, is) = (before.table_access(&was, &table), after.table_access(&is, &table));
                prop_assert!(is.privileges().is_subset(was.privileges()));
                prop_assert!(was.unrestricted() || !is.unrestricted());
                prop_assert_eq!(was.filters().unwrap().len(), is.filters().unwrap().len());
                prop_assert!(known.table(&table) || !knows.table(&table));
                for column in COLUMNS {
                    prop_assert!(was.allow(column) || !is.allow(column));
                    prop_assert!(known.column(&table, column) || !knows.column(&table, column));
                }
            }
        }
    }

    #[test]
    fn no_policy_of_a_domain_lifts_a_guardrail(policies in policies()) {
        let guardrail = "apiVersion: sluice/v1\nkind: Guardrail\nmetadata: {name: g}\nspec:\n  tables: [{catalog: c1, schema: '*', \
            table: '*'}]\n  denies: [{privileges: [select], columns: {only: [a]}}]\n  masks: [{column: b, expression: \"'g'\", \
            priority: 99}]\n  filters: [{expression: g = 1}]\n".to_owned();
        let snapshot = compiled(one_file(&[documents(&policies), vec![guardrail]].concat()));
        for user in USERS {
            let subject = snapshot.subject(user, &[]);
            for table in tables_named().filter(|table| table.catalog == "c1") {
                let access = snapshot.table_access(&subject, &table);
                prop_assert!(!access.allow("a") && !access.unrestricted());
                prop_assert_eq!(&*access.mask("b").unwrap().unwrap().text, "'g'");
                prop_assert!(access.filters().unwrap().iter().any(|filter| &*filter.text == "g = 1"));
                let visible = snapshot.visible(&subject);
                let mut selecting = visible.rules.iter().filter(|rule| rule.privileges.contains(&Privilege::Select));
                prop_assert!(!selecting.any(|rule| rule.shows(&table, "a")));
            }
        }
    }

    #[test]
    fn an_exception_that_has_ended_or_not_begun_grants_nothing(policies in policies(), to in subjects(), tables in subsequence(&PATTERNS[..], 1..3)) {
        let tables: Vec<String> = tables.iter().map(|table| {
            let parts: Vec<&str> = table.split('.').collect();
            format!("{{catalog: '{}', schema: '{}', table: '{}'}}", parts[0], parts[1], parts[2])
        }).collect();
        let exception = format!("apiVersion: sluice/v1\nkind: Exception\nmetadata: {{name: e, domain: all}}\nspec: {{reason: r, ticket: t, \
            approvers: [owner], from: '2026-01-01T00:00:00Z', until: '2026-02-01T00:00:00Z', to: {}, tables: [{}], \
            privileges: [all]}}\n", to.yaml(), tables.join(", "));
        let before = compiled(one_file(&documents(&policies)));
        let after = compiled(one_file(&[documents(&policies), vec![exception]].concat()));
        for user in USERS {
            for time in ["2025-12-31T23:59:59Z", "2026-02-01T00:00:00Z"] {
                let at = |snapshot: &Snapshot| {
                    let moment = Some(snapshot.moment(time.parse().unwrap()));
                    Subject { moment, ..snapshot.subject(user, &[]) }
                };
                for table in tables_named() {
                    prop_assert_eq!(privileges_of(&before, &at(&before), &table),
                        privileges_of(&after, &at(&after), &table));
                }
                prop_assert_eq!(before.visible(&at(&before)), after.visible(&at(&after)));
            }
        }
    }

    #[test]
    fn renaming_a_group_changes_the_effects_of_that_group_alone(policies in policies()) {
        let texts = documents(&policies);
        let before = compiled(one_file(&texts));
        // The policies speak of `h1` now, and `g1` is a group of which nothing speaks.
        let renamed: Vec<String> = texts[2..].iter().map(|text| text.replace("g1", "h1")).collect();
        let after = compiled(one_file(&[texts[..2].to_vec(), renamed].concat()));
        for groups in [vec![], vec!["g1"], vec!["g2"], vec!["g1", "g2"], vec!["g3"]] {
            let named = |name: &'static str| -> Vec<String> {
                groups.iter().map(|group| if *group == "g1" { name } else { group }.to_owned()).collect()
            };
            for user in ["u9", "u8"] {
                let was = before.subject(user, &named("g1"));
                let (is, without) = (after.subject(user, &named("h1")), after.subject(user, &named("g1")));
                let other: Vec<String> = groups.iter().filter(|group| **group != "g1").map(|group| (*group).to_owned()).collect();
                let other = before.subject(user, &other);
                for table in tables_named() {
                    prop_assert_eq!(privileges_of(&before, &was, &table), privileges_of(&after, &is, &table));
                    prop_assert_eq!(privileges_of(&after, &without, &table), privileges_of(&before, &other, &table));
                }
            }
        }
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in "[-a-z:{}\\[\\]'\"&*!|> \n#,é]{0,200}") {
        let _ = compile(vec![SourceFile { path: "a.yaml".into(), text }]).map_err(|problems| problems.render(true));
    }
}
