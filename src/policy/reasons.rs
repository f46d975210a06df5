//! Why a user may do what with a table, for people: each rule about it, and why it holds or does not.
//!
//! It decides nothing: [`Snapshot::table_access`] does. It looks at each rule of the snapshot, so it is for tools, not for
//! the way of a statement.

use super::access::{ColumnRule, Columns, PolicyRef, Privilege, Subject};
use super::condition::{Input, Truth, Why};
use super::index::{TablePattern, Who};
use super::rule::{Effect, Object, Rule, Selection};
use super::snapshot::Snapshot;
use crate::names::TableName;
use jiff::Timestamp;
use serde::Serialize;
use std::collections::BTreeSet;
use std::sync::Arc;

/// A rule about a table, and what it is to a user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// Where it is written.
    #[serde(flatten)]
    pub policy: PolicyRef,
    /// What it does.
    pub sort: Sort,
    /// What it says, in short.
    pub says: String,
    /// Whether it is about selecting.
    #[serde(skip)]
    pub selects: bool,
    /// Why it does not hold: each thing that stands against it. Empty where it holds.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not: Vec<Not>,
    /// Why it holds though that is not sure: a rule that takes something away holds where its condition can't be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unsure: Option<Part>,
}

/// What a rule does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the words of the language")]
pub enum Sort {
    Grant,
    Deny,
    Mask,
    Filter,
    Lift,
}

/// Why a rule does not hold for a user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "why")]
pub enum Not {
    /// It is for others.
    ForOthers {
        /// For whom.
        to: String,
        /// The attributes that it asks for and the user does not have at all.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        missing: Vec<String>,
    },
    /// The user is among those whom it leaves out.
    LeftOut {
        /// Whom it leaves out.
        except: String,
    },
    /// Its policy leaves the table out.
    OtherTables,
    /// It does not hold yet.
    NotYet {
        /// From when on it does.
        from: Timestamp,
    },
    /// It holds no more.
    Over {
        /// Since when.
        until: Timestamp,
    },
    /// Its condition is not met: these parts of it, all of which have to be true.
    Condition {
        /// The parts.
        parts: Vec<Part>,
    },
    /// An exception lifts its guardrail.
    Lifted,
}

/// A part of a condition that is not true.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Part {
    /// As it is written.
    pub text: String,
    /// Why it is neither true nor false; absent where it is false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unknown: Option<String>,
}

/// Who and what the rules name, for lists.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Named {
    /// Users of Principals documents and of rules.
    pub users: BTreeSet<String>,
    /// Groups of Principals documents and of rules.
    pub groups: BTreeSet<String>,
    /// Tables; a part that is `*` stands for those that no rule names.
    pub tables: BTreeSet<TableName>,
}

impl Sort {
    /// The word of the language.
    pub fn as_str(self) -> &'static str {
        match self {
            Sort::Grant => "grant",
            Sort::Deny => "deny",
            Sort::Mask => "mask",
            Sort::Filter => "filter",
            Sort::Lift => "lift",
        }
    }
}

impl Snapshot {
    /// Each rule about a table, in the order of policies, with why it holds for a user or does not.
    pub fn reasons(&self, subject: &Subject, table: &TableName) -> Vec<Reason> {
        let about: Vec<&Rule> = self
            .rules
            .iter()
            .filter(|rule| rule.effect.of() == Object::Table && rule.objects.iter().any(|of| of.takes_in(table)))
            .collect();
        let lifted: BTreeSet<&Arc<str>> = about
            .iter()
            .filter(|rule| rule.is_about(table) && rule.holds(subject))
            .filter_map(|rule| match &rule.effect {
                Effect::Lift(names) => Some(names),
                _ => None,
            })
            .flatten()
            .collect();
        let reason = |rule: &&Rule| {
            let (sort, says, selects) = said(&rule.effect);
            let mut not = self.against(rule, subject, table);
            let mut unsure = None;
            if rule.is_about(table) && rule.holds(subject) {
                // It holds, so what can't be told does not stand against it.
                if let Some(Not::Condition { parts }) = not.pop() {
                    unsure = parts.into_iter().find(|part| part.unknown.is_some());
                }
                not.clear();
                not.extend(rule.guardrail.as_ref().filter(|name| lifted.contains(name)).map(|_| Not::Lifted));
            }
            Reason { policy: PolicyRef::clone(&rule.policy), sort, says, selects, not, unsure }
        };
        about.iter().map(reason).collect()
    }

    /// All that stands against a rule for a user: whom it is for, when, under which condition; the condition last.
    fn against(&self, rule: &Rule, subject: &Subject, table: &TableName) -> Vec<Not> {
        let reach = &rule.reach;
        let mut not = Vec::new();
        if !rule.is_about(table) {
            not.push(Not::OtherTables);
        }
        if !rule.is_for(subject) {
            let missing = reach.to.attributes.keys().filter(|name| !subject.attributes.contains_key(*name));
            not.push(Not::ForOthers { to: shown(&reach.to), missing: missing.cloned().collect() });
        } else if rule.leaves_out(subject) {
            not.push(Not::LeftOut { except: shown(&reach.except) });
        }
        let end = |place: Option<u32>| place.and_then(|place| Some((place, *self.ends.get(place as usize)?)));
        let past = subject.moment.map_or(0, |moment| moment.past);
        if let Some((_, from)) = end(reach.window.from).filter(|(from, _)| *from >= past) {
            not.push(Not::NotYet { from });
        }
        if let Some((_, until)) = end(reach.window.until).filter(|(until, _)| *until < past) {
            not.push(Not::Over { until });
        }
        let circumstances = subject.circumstances();
        if let Some(when) = &reach.when
            && when.evaluate(&circumstances) != Truth::True
        {
            let part = |(text, truth)| {
                let unknown = match truth {
                    Truth::Unknown(why) => Some(unknown(&why)),
                    Truth::True | Truth::False => None,
                };
                Part { text, unknown }
            };
            not.push(Not::Condition { parts: when.unmet(&circumstances).into_iter().map(part).collect() });
        }
        not
    }

    /// For whom the rules of a policy are, and what tables they are about, in short.
    pub fn scope(&self, policy: &PolicyRef) -> (String, BTreeSet<String>) {
        let rules = || self.rules.iter().filter(|rule| *rule.policy == *policy);
        let whom = rules().next().map(|rule| shown(&rule.reach.to)).unwrap_or_default();
        (whom, rules().flat_map(|rule| rule.objects.iter().map(TablePattern::shown)).collect())
    }

    /// Where each rule about tables is written.
    pub fn rules(&self) -> BTreeSet<Arc<PolicyRef>> {
        self.rules.iter().filter(|rule| rule.effect.of() == Object::Table).map(|rule| rule.policy.clone()).collect()
    }

    /// Who and what the documents name.
    pub fn named(&self) -> Named {
        let mut named = Named::default();
        for (user, known) in &self.known {
            named.users.insert(user.clone());
            named.groups.extend(known.groups.iter().cloned());
        }
        for rule in self.rules.iter().filter(|rule| rule.effect.of() == Object::Table) {
            for who in [&rule.reach.to, &rule.reach.except] {
                named.users.extend(who.users.iter().cloned());
                named.groups.extend(who.groups.iter().cloned());
            }
            let name = |of: &TablePattern| TableName::new(&of.catalog, &of.schema, &of.table);
            named.tables.extend(rule.objects.iter().chain(&*rule.not_about).map(name));
        }
        named
    }

    /// The columns that rules about a table name exactly.
    pub fn named_columns(&self, table: &TableName) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let about = self.rules.iter().filter(|rule| rule.is_about(table));
        for rule in about {
            match &rule.effect {
                Effect::Grant { columns, .. } | Effect::Deny { columns, .. } => {
                    let Columns::Some(rules) = &columns.columns else { continue };
                    for rule in rules {
                        let (ColumnRule::Only(names) | ColumnRule::Except(names)) = rule;
                        found.extend(names.iter().map(ToString::to_string));
                    }
                }
                Effect::Mask { columns, .. } => _ = found.insert(columns.to_string()),
                Effect::Filter(_) | Effect::Lift(_) => {}
            }
        }
        found.extend(self.tagged.all(table).flatten().map(|tagged| tagged.columns.to_string()));
        found.retain(|name| !name.contains('*'));
        found
    }
}

/// Why a condition can't be told, with what a reader can do about it.
fn unknown(why: &Why) -> String {
    match why {
        Why::Input(Input::Source | Input::ClientTags | Input::Purpose) => {
            format!("{why}: what a client claims is believed only of a service that vouches for it")
        }
        why => why.to_string(),
    }
}

fn said(effect: &Effect) -> (Sort, String, bool) {
    match effect {
        Effect::Grant { of: _, privileges, columns, rows } => {
            let mut says = format!("{}{}", words(privileges), selection(columns));
            if let Some(rows) = rows {
                says = format!("{says}, rows where {}", rows.whole.text);
            }
            (Sort::Grant, says, privileges.contains(&Privilege::Select))
        }
        Effect::Deny { of: _, privileges, columns } => {
            let says = format!("{}{}", words(privileges), selection(columns));
            (Sort::Deny, says, privileges.contains(&Privilege::Select))
        }
        Effect::Mask { columns, path, priority: _, mask } => {
            (Sort::Mask, format!("{columns}{path} shows {mask}"), true)
        }
        Effect::Filter(template) => (Sort::Filter, format!("rows where {}", template.whole.text), true),
        Effect::Lift(names) => {
            let names: Vec<String> = names.iter().map(|name| format!("guardrail/{name}")).collect();
            (Sort::Lift, names.join(", "), true)
        }
    }
}

fn words(privileges: &BTreeSet<Privilege>) -> String {
    privileges.iter().map(|privilege| privilege.as_str()).collect::<Vec<_>>().join(" ")
}

fn selection(selection: &Selection) -> String {
    let mut texts = Vec::new();
    if let Columns::Some(rules) = &selection.columns {
        for rule in rules {
            let (word, names) = match rule {
                ColumnRule::Only(names) => ("only", names),
                ColumnRule::Except(names) => ("all but", names),
            };
            texts.push(format!("{word} {}", names.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(" ")));
        }
    }
    for tag in &selection.except_tagged {
        texts.push(format!("none tagged {tag}"));
    }
    if texts.is_empty() { String::new() } else { format!(", columns {}", texts.join(", ")) }
}

/// Whom a rule is for, in the words of the language.
fn shown(who: &Who) -> String {
    if who.everyone {
        return "everyone".to_owned();
    }
    let list = |word: &str, names: &BTreeSet<String>| {
        (!names.is_empty()).then(|| format!("{word} {}", names.iter().cloned().collect::<Vec<_>>().join(", ")))
    };
    let mut parts: Vec<String> =
        [list("users", &who.users), list("groups", &who.groups)].into_iter().flatten().collect();
    let attributes: Vec<String> = who
        .attributes
        .iter()
        .map(|(name, values)| format!("{name} = {}", values.iter().cloned().collect::<Vec<_>>().join(" or ")))
        .collect();
    if !attributes.is_empty() {
        parts.push(format!("who has {}", attributes.join(" and ")));
    }
    parts.join("; ")
}

impl std::fmt::Display for Not {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Not::ForOthers { to, missing } => {
                write!(f, "it is for {to}")?;
                if missing.is_empty() { Ok(()) } else { write!(f, "; the user has no {}", missing.join(", no ")) }
            }
            Not::LeftOut { except } => write!(f, "it is not for {except}"),
            Not::OtherTables => f.write_str("its policy leaves this table out"),
            Not::NotYet { from } => write!(f, "it begins at {from}"),
            Not::Over { until } => write!(f, "it ended at {until}"),
            Not::Condition { parts } => {
                f.write_str("its condition is not met: ")?;
                for (place, part) in parts.iter().enumerate() {
                    write!(f, "{}{part}", if place > 0 { ", and " } else { "" })?;
                }
                Ok(())
            }
            Not::Lifted => f.write_str("an exception lifts the guardrail"),
        }
    }
}

impl std::fmt::Display for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.unknown {
            None => write!(f, "`{}` is false", self.text),
            Some(why) => write!(f, "of `{}` it can't be told, since {why}", self.text),
        }
    }
}
