//! Random policies, as text and by a reading of their own.

use crate::names::TableName;
use crate::policy::Subject;
use crate::policy::matches;
use crate::policy::overlap::common;
use proptest::collection::{btree_set, vec};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use std::collections::BTreeSet;
use std::fmt::Write as _;

pub(super) const USERS: [&str; 4] = ["u1", "u2", "u3", "nobody"];
const GROUPS: [&str; 3] = ["g1", "g2", "g3"];
pub(super) const COLUMNS: [&str; 4] = ["a", "b", "c", "d"];
/// The type of each column, which all masks hold for.
pub(super) const TYPE: &str = "row(f varchar, g varchar)";
pub(super) const PATTERNS: [&str; 8] =
    ["c1.s1.t1", "c1.s1.t2", "c1.s1.*", "c1.s*.t1", "c1.*.*", "*.s1.t*1", "*.*.*", "c2.s2.t2x"];
pub(super) const TABLES: [&str; 6] = ["c1.s1.t1", "c1.s1.t2", "c1.s2.t1", "c2.s1.t11", "c2.s2.t2x", "c3.s3.t3"];

#[derive(Clone, Debug)]
pub(super) struct Subjects {
    pub(super) users: BTreeSet<&'static str>,
    pub(super) groups: BTreeSet<&'static str>,
}

#[derive(Clone, Debug)]
pub(super) enum Rule {
    Grant {
        to: Subjects,
        except: Option<Subjects>,
        privileges: BTreeSet<&'static str>,
        columns: Option<(bool, BTreeSet<&'static str>)>,
    },
    Mask {
        column: &'static str,
        value: u8,
        priority: i8,
        except: Option<Subjects>,
    },
    Filter {
        value: u8,
        except: Option<Subjects>,
    },
    Deny {
        to: Subjects,
        column: Option<&'static str>,
    },
}

#[derive(Clone, Debug)]
pub(super) struct Policy {
    pub(super) tables: Vec<&'static str>,
    /// Of these, those that it is not about.
    pub(super) except: Vec<&'static str>,
    pub(super) rules: Vec<Rule>,
}

pub(super) fn subjects() -> impl Strategy<Value = Subjects> {
    (subsequence(&USERS[..3], 0..3), subsequence(&GROUPS[..], 0..3))
        .prop_filter("somebody", |(users, groups)| !users.is_empty() || !groups.is_empty())
        .prop_map(|(users, groups)| Subjects {
            users: users.into_iter().collect(),
            groups: groups.into_iter().collect(),
        })
}

fn rule() -> impl Strategy<Value = Rule> {
    let columns = || proptest::option::of((any::<bool>(), btree_set(select(&COLUMNS[..]), 1..3)));
    let except = proptest::option::weighted(0.3, subjects());
    let grant = (subjects(), except, btree_set(select(vec!["select", "show"]), 1..3), columns())
        .prop_map(|(to, except, privileges, columns)| Rule::Grant { to, except, privileges, columns });
    let mask = (select(&COLUMNS[..]), any::<u8>(), -1..2_i8, proptest::option::of(subjects()))
        .prop_map(|(column, value, priority, except)| Rule::Mask { column, value, priority, except });
    prop_oneof![4 => grant, 1 => mask, 1 => filter(), 1 => deny()]
}

pub(super) fn deny() -> impl Strategy<Value = Rule> {
    (subjects(), proptest::option::of(select(&COLUMNS[..]))).prop_map(|(to, column)| Rule::Deny { to, column })
}

pub(super) fn filter() -> impl Strategy<Value = Rule> {
    (any::<u8>(), proptest::option::of(subjects())).prop_map(|(value, except)| Rule::Filter { value, except })
}

pub(super) fn policies() -> impl Strategy<Value = Vec<Policy>> {
    let names = || subsequence(&PATTERNS[..], 1..3);
    let policy = (names(), proptest::option::weighted(0.4, names()), vec(rule(), 1..4))
        .prop_map(|(tables, except, rules)| Policy { tables, except: Vec::new(), rules }.leaving_out(except));
    vec(policy, 1..8)
}

fn list(words: &BTreeSet<&'static str>) -> String {
    words.iter().copied().collect::<Vec<_>>().join(", ")
}

impl Subjects {
    pub(super) fn yaml(&self) -> String {
        format!("{{users: [{}], groups: [{}]}}", list(&self.users), list(&self.groups))
    }

    pub(super) fn take_in(&self, subject: &Subject) -> bool {
        self.users.contains(subject.user.as_str()) || subject.groups.iter().any(|g| self.groups.contains(g.as_str()))
    }
}

impl Policy {
    /// The same, but not about some tables, as far as that may be said.
    pub(super) fn leaving_out(mut self, tables: Option<Vec<&'static str>>) -> Policy {
        let meets = |a: &str, b: &str| a.split('.').zip(b.split('.')).all(|(a, b)| common(a, b));
        let covers = |a: &str, b: &str| a.split('.').zip(b.split('.')).all(|(a, b)| matches(a, b));
        for out in tables.into_iter().flatten() {
            let mut except = self.except.clone();
            except.push(out);
            let leaves = self.tables.iter().any(|table| !except.iter().any(|out| covers(out, table)));
            if leaves && self.tables.iter().any(|table| meets(table, out)) {
                self.except = except;
            }
        }
        self
    }

    pub(super) fn yaml(&self, name: usize) -> String {
        let mut text = format!(
            "apiVersion: sluice/v1\nkind: AccessPolicy\nmetadata: {{name: p{name}, domain: all}}\nspec:\n  tables:\n"
        );
        list_tables(&mut text, &self.tables);
        if !self.except.is_empty() {
            text.push_str("  exceptTables:\n");
            list_tables(&mut text, &self.except);
        }
        for (title, chosen) in [("grants", 0), ("masks", 1), ("filters", 2), ("denies", 3)] {
            let _ = writeln!(text, "  {title}:");
            let mut any = false;
            for rule in &self.rules {
                let except = |except: &Option<Subjects>| {
                    except.as_ref().map_or(String::new(), |except| format!(", except: {}", except.yaml()))
                };
                let (kind, line) = match rule {
                    Rule::Grant { to, except: e, privileges, columns } => {
                        let columns = columns.as_ref().map_or(String::new(), |(only, names)| {
                            format!(", columns: {{{}: [{}]}}", if *only { "only" } else { "except" }, list(names))
                        });
                        (0, format!("to: {}{}, privileges: [{}]{columns}", to.yaml(), except(e), list(privileges)))
                    }
                    Rule::Mask { column, value, priority, except: e } => {
                        // Of the whole column and of places in it, by name and by SQL.
                        let shows = match value % 6 {
                            0 => "path: f, mask: redact".to_owned(),
                            1 => "path: g, expression: \"'v'\"".to_owned(),
                            2 => "mask: named".to_owned(),
                            3 => "mask: null".to_owned(),
                            _ => format!("expression: \"{value}\""),
                        };
                        (1, format!("column: {column}, {shows}, priority: {priority}{}", except(e)))
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

    pub(super) fn about(&self, table: &TableName) -> bool {
        let one_of = |patterns: &[&str]| {
            patterns.iter().any(|pattern| {
                let parts: Vec<&str> = pattern.split('.').collect();
                matches(parts[0], &table.catalog) && matches(parts[1], &table.schema) && matches(parts[2], &table.table)
            })
        };
        one_of(&self.tables) && !one_of(&self.except)
    }
}

fn list_tables(text: &mut String, tables: &[&str]) {
    for table in tables {
        let parts: Vec<&str> = table.split('.').collect();
        let _ = writeln!(text, "    - {{catalog: '{}', schema: '{}', table: '{}'}}", parts[0], parts[1], parts[2]);
    }
}
