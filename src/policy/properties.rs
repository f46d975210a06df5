//! What holds for any policies: tried on random ones, and compared with a reading of them that looks at each rule.

mod random;

use super::mask::{Does, Mask};
use super::template::Template;
use super::*;
use crate::names::TableName;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::subsequence;
use random::{COLUMNS, PATTERNS, Policy, Rule, Subjects, TABLES, TYPE, USERS, deny, filter, policies, subjects};
use std::collections::BTreeSet;
use std::sync::Arc;

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
---
apiVersion: sluice/v1
kind: Masks
metadata: {name: masks, domain: all}
spec: {masks: {named: {text: redact, otherwise: null}}}
";
/// How many documents that is.
const OF_BASE: usize = 3;

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
                mask.policy = nowhere(&mask.policy);
                let does = |does: &Does| match does {
                    Does::Builtin(builtin) => Does::Builtin(builtin.clone()),
                    Does::Sql(template) => {
                        let mut whole = template.whole.clone();
                        moved(&mut whole);
                        let (holes, missing) = (template.holes.clone(), template.missing);
                        Does::Sql(Arc::new(Template { whole, holes, missing }))
                    }
                };
                let parts = mask.mask.parts.iter().map(|(family, part)| (*family, does(part))).collect();
                mask.mask = Arc::new(Mask { name: mask.mask.name.clone(), parts });
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
            let count = policies.len() + OF_BASE;
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
                        Rule::Grant { to, except, privileges: given, columns: named } if to.take_in(&subject) && !spared(except) => {
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
                    prop_assert_eq!(access.mask(column, TYPE).unwrap().is_some(), masked.contains(column));
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
        let added = Policy { tables, except: Vec::new(), rules: vec![more] };
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
        let added = Policy { tables, except: Vec::new(), rules: vec![more] };
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
    fn one_more_exception_from_a_grant_shows_nobody_more(
        policies in policies(), at in any::<proptest::sample::Index>(), but in subjects(), out in subsequence(&PATTERNS[..], 1..3),
    ) {
        let before = compiled(one_file(&documents(&policies)));
        let mut narrowed = policies;
        let policy = at.get_mut(&mut narrowed);
        // A policy's denials, masks and filters would not be about the tables either.
        if policy.rules.iter().all(|rule| matches!(rule, Rule::Grant { .. })) {
            *policy = policy.clone().leaving_out(Some(out));
        }
        for rule in &mut policy.rules {
            if let Rule::Grant { except, .. } = rule {
                let more = except.get_or_insert_with(|| but.clone());
                more.users.extend(&but.users);
                more.groups.extend(&but.groups);
            }
        }
        let after = compiled(one_file(&documents(&narrowed)));
        for user in USERS {
            for more_groups in [false, true] {
                let (was, is) = (before.subject(user, &[]), after.subject(user, &[]));
                let is = Subject { more_groups, ..is };
                let (known, knows) = (before.visible(&was), after.visible(&is));
                for table in tables_named() {
                    let (was, is) = (before.table_access(&was, &table), after.table_access(&is, &table));
                    prop_assert!(is.privileges().is_subset(was.privileges()));
                    prop_assert!(was.unrestricted() || !is.unrestricted());
                    let filters = |of: &TableAccess| -> Vec<String> {
                        of.filters.iter().map(|filter| filter.text.to_string()).collect()
                    };
                    prop_assert_eq!(filters(&was), filters(&is));
                    prop_assert!(known.table(&table) || !knows.table(&table));
                    prop_assert!(known.schema(&table.catalog, &table.schema) || !knows.schema(&table.catalog, &table.schema));
                    prop_assert!(known.catalog(&table.catalog) || !knows.catalog(&table.catalog));
                    for column in COLUMNS {
                        let mask = |of: &TableAccess| of.mask(column, TYPE).unwrap().map(|mask| mask.text.to_string());
                        prop_assert_eq!(mask(&was), mask(&is));
                        prop_assert!(was.allow(column) || !is.allow(column));
                        prop_assert!(known.column(&table, column) || !knows.column(&table, column));
                    }
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
                prop_assert_eq!(&*access.mask("b", TYPE).unwrap().unwrap().text, "'g'");
                prop_assert!(access.filters().unwrap().iter().any(|filter| &*filter.text == "g = 1"));
                let visible = snapshot.visible(&subject);
                let mut selecting = visible.rules.iter().filter(|rule| rule.privileges.contains(&Privilege::Select));
                prop_assert!(!selecting.any(|rule| rule.shows(&table, "a")));
            }
        }
    }

    #[test]
    fn no_mask_of_a_domain_lifts_that_of_a_guardrail_in_a_column(policies in policies()) {
        let guardrail = "apiVersion: sluice/v1\nkind: Guardrail\nmetadata: {name: g}\nspec:\n  tables: [{catalog: c1, schema: '*', \
            table: '*'}]\n  masks: [{column: b, path: f, expression: \"'g'\", priority: 99}]\n".to_owned();
        let before = compiled(one_file(&documents(&policies)));
        let after = compiled(one_file(&[documents(&policies), vec![guardrail]].concat()));
        for user in USERS {
            for table in tables_named().filter(|table| table.catalog == "c1") {
                let mask = |snapshot: &Snapshot| {
                    let access = snapshot.table_access(&snapshot.subject(user, &[]), &table);
                    access.mask("b", TYPE).unwrap().map(|mask| mask.text.to_string())
                };
                let (was, is) = (mask(&before), mask(&after).unwrap());
                // The field shows what the guardrail says, and the other one nothing that it did not show before.
                prop_assert!(is.contains("CAST(ROW(CAST('g' AS varchar), ") && !is.contains("\"b\"[1]"), "{}", is);
                let shows_other = |text: &str| text.contains("\"b\"[2]");
                prop_assert!(!shows_other(&is) || was.as_deref().is_none_or(shows_other), "{:?} {}", was, is);
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
        let renamed: Vec<String> = texts[OF_BASE..].iter().map(|text| text.replace("g1", "h1")).collect();
        let after = compiled(one_file(&[texts[..OF_BASE].to_vec(), renamed].concat()));
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
