//! Who sees what, and what a change of policies changes of it.

use super::{Asker, Step};
use crate::catalog::listing::Listing;
use crate::names::TableName;
use crate::policy::{Privilege, Snapshot, Subject, Told};
use jiff::Timestamp;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// The name that stands for the columns that no rule names, where a table's columns are not known.
const OTHERS: &str = "*";

/// Somebody whose view is told.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind", content = "name")]
pub enum Principal {
    /// A user in no group.
    Everyone,
    /// A user whom nothing names, in this group alone.
    Group(String),
    /// A user, with what Principals documents say.
    User(String),
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Principal::Everyone => f.write_str("everyone"),
            Principal::Group(name) => write!(f, "group {name}"),
            Principal::User(name) => write!(f, "user {name}"),
        }
    }
}

impl Principal {
    /// All whom some snapshots name.
    pub fn all(snapshots: &[&Snapshot]) -> BTreeSet<Principal> {
        let mut all = BTreeSet::from([Principal::Everyone]);
        for named in snapshots.iter().map(|snapshot| snapshot.named()) {
            all.extend(named.groups.into_iter().map(Principal::Group));
            all.extend(named.users.into_iter().map(Principal::User));
        }
        all
    }

    fn subject(&self, snapshot: &Snapshot, at: Timestamp) -> Subject {
        let (user, groups) = match self {
            // A name that can't be a user's: it holds a control character.
            Principal::Everyone => ("\u{0}", Vec::new()),
            Principal::Group(group) => ("\u{0}", vec![group.clone()]),
            Principal::User(user) => (user.as_str(), Vec::new()),
        };
        Asker { user: user.to_owned(), groups, at, ..Asker::default() }.subject(snapshot)
    }
}

/// What somebody sees of a column.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case", tag = "shows", content = "expression")]
pub enum Shown {
    /// Its value.
    Value,
    /// This instead.
    Masked(Instead),
}

/// What is shown instead of a value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Instead {
    /// In short: masks by their name.
    pub short: String,
    /// With what named masks do, of which a change is one too.
    #[serde(skip)]
    long: String,
}

/// What somebody may do with a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Access {
    /// Who.
    pub principal: Principal,
    /// The table; `*` in it stands for those that no rule names.
    pub table: String,
    /// What may be done.
    pub privileges: BTreeSet<Privilege>,
    /// The columns that may be read; `*` stands for those that no rule names.
    pub columns: BTreeMap<String, Shown>,
    /// The conditions that rows have to meet; none if all rows are seen.
    pub rows: BTreeSet<String>,
}

impl Access {
    fn of(
        snapshot: &Snapshot,
        principal: &Principal,
        table: &TableName,
        columns: &BTreeSet<String>,
        at: Timestamp,
    ) -> Access {
        let subject = principal.subject(snapshot, at);
        let access = snapshot.table_access(&subject, table);
        let mut seen = Access {
            principal: principal.clone(),
            table: table.to_string(),
            privileges: access.privileges().clone(),
            columns: BTreeMap::new(),
            rows: BTreeSet::new(),
        };
        if !access.grants(Privilege::Select) {
            return seen;
        }
        match access.filters() {
            Ok(filters) => seen.rows.extend(filters.iter().map(|filter| filter.text.to_string())),
            // The table can't be read.
            Err(why) => {
                seen.rows.insert(format!("false -- {why}"));
                return seen;
            }
        }
        for column in columns.iter().filter(|column| access.allow(column)) {
            let shown = match access.told(column) {
                Ok(None) => Shown::Value,
                Ok(Some(Told { short, long })) => Shown::Masked(Instead { short, long }),
                Err(_) => continue,
            };
            seen.columns.insert(column.clone(), shown);
        }
        seen
    }

    /// Whether nothing may be done.
    pub fn is_nothing(&self) -> bool {
        self.privileges.is_empty()
    }

    /// The columns in one line: masked ones with `=` and what they show.
    pub fn columns_text(&self) -> String {
        let texts = self.columns.iter().map(|(column, shown)| match shown {
            Shown::Value => column.clone(),
            Shown::Masked(instead) => format!("{column} = {}", instead.short),
        });
        texts.collect::<Vec<_>>().join(", ")
    }

    /// The rows in one line.
    pub fn rows_text(&self) -> String {
        match (self.columns.is_empty(), self.rows.is_empty()) {
            (true, _) => String::new(),
            (false, true) => "all".to_owned(),
            (false, false) => self.rows.iter().cloned().collect::<Vec<_>>().join(" AND "),
        }
    }

    /// The privileges in one line.
    pub fn privileges_text(&self) -> String {
        self.privileges.iter().map(|privilege| privilege.as_str()).collect::<Vec<_>>().join(" ")
    }
}

/// The tables that a snapshot's rules or a listing name.
fn tables(snapshots: &[&Snapshot], listing: &Listing) -> BTreeSet<TableName> {
    let mut tables: BTreeSet<TableName> = listing.tables().keys().cloned().collect();
    tables.extend(snapshots.iter().flat_map(|snapshot| snapshot.named().tables));
    tables
}

fn columns(snapshots: &[&Snapshot], listing: &Listing, table: &TableName) -> BTreeSet<String> {
    if let Some(known) = listing.tables().get(table) {
        return known.columns.iter().map(|column| column.name.to_string()).collect();
    }
    let mut columns: BTreeSet<String> = snapshots.iter().flat_map(|snapshot| snapshot.named_columns(table)).collect();
    columns.insert(OTHERS.to_owned());
    columns
}

/// What each principal that the documents name, or one of `only`, may do with each table; where it is nothing, it is left
/// out.
///
/// `also` is a table that is told though neither a rule nor the listing may name it. `step` is told how many tables of how
/// many are done.
pub fn accesses(
    snapshot: &Snapshot,
    listing: &Listing,
    only: &[Principal],
    also: Option<&TableName>,
    at: Timestamp,
    step: &mut Step<'_>,
) -> Vec<Access> {
    let principals = if only.is_empty() { Principal::all(&[snapshot]) } else { only.iter().cloned().collect() };
    let mut found = Vec::new();
    let mut tables = tables(&[snapshot], listing);
    tables.extend(also.cloned());
    let count = tables.len();
    for (done, table) in tables.into_iter().enumerate() {
        step(done, count);
        let columns = columns(&[snapshot], listing, &table);
        let all = principals.iter().map(|principal| Access::of(snapshot, principal, &table, &columns, at));
        found.extend(all.filter(|access| !access.is_nothing()));
    }
    found
}

/// What changes for somebody about a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Who.
    pub principal: Principal,
    /// The table; `*` in it stands for those that no rule names.
    pub table: String,
    /// What is gained.
    pub gains: Vec<String>,
    /// What is lost.
    pub loses: Vec<String>,
    /// What is another than before, so that neither can be said.
    pub changes: Vec<String>,
}

/// What is another under `new` than under `old`. `step` is told how many tables of how many are done.
pub fn changes(old: &Snapshot, new: &Snapshot, listing: &Listing, at: Timestamp, step: &mut Step<'_>) -> Vec<Change> {
    let both = [old, new];
    let principals = Principal::all(&both);
    let mut found = Vec::new();
    let tables = tables(&both, listing);
    let count = tables.len();
    for (done, table) in tables.into_iter().enumerate() {
        step(done, count);
        let columns = columns(&both, listing, &table);
        for principal in &principals {
            let before = Access::of(old, principal, &table, &columns, at);
            let after = Access::of(new, principal, &table, &columns, at);
            if before != after {
                found.push(change(&before, &after));
            }
        }
    }
    found
}

fn change(before: &Access, after: &Access) -> Change {
    let mut change = Change {
        principal: after.principal.clone(),
        table: after.table.clone(),
        gains: Vec::new(),
        loses: Vec::new(),
        changes: Vec::new(),
    };
    let only = |of: &Access, not: &Access| Access {
        privileges: of.privileges.difference(&not.privileges).copied().collect(),
        ..of.clone()
    };
    for (text, list) in [
        (only(after, before).privileges_text(), &mut change.gains),
        (only(before, after).privileges_text(), &mut change.loses),
    ] {
        if !text.is_empty() {
            list.push(text);
        }
    }
    for column in before.columns.keys().chain(after.columns.keys()).collect::<BTreeSet<_>>() {
        let name = if column == OTHERS { "the other columns".to_owned() } else { format!("column {column}") };
        match (before.columns.get(column), after.columns.get(column)) {
            (None, Some(Shown::Value)) => change.gains.push(name),
            (None, Some(Shown::Masked(mask))) => change.gains.push(format!("{name}, masked: {}", mask.short)),
            (Some(_), None) => change.loses.push(name),
            (Some(Shown::Masked(mask)), Some(Shown::Value)) => {
                change.gains.push(format!("the value of {name}, which showed {}", mask.short));
            }
            (Some(Shown::Value), Some(Shown::Masked(mask))) => {
                change.loses.push(format!("the value of {name}, which shows {}", mask.short));
            }
            (Some(Shown::Masked(old)), Some(Shown::Masked(new))) if old != new => {
                let same = old.short == new.short;
                let (old, new) = if same { (&old.long, &new.long) } else { (&old.short, &new.short) };
                change.changes.push(format!("{name} shows {new}, it showed {old}"));
            }
            _ => {}
        }
    }
    if before.columns.is_empty() && !after.rows.is_empty() {
        change.gains.push(format!("rows: {}", after.rows_text()));
    }
    if !before.columns.is_empty() && !after.columns.is_empty() && before.rows != after.rows {
        let text = format!("rows: {}, it was: {}", after.rows_text(), before.rows_text());
        // All filters have to be true, so one more shows less.
        if before.rows.is_subset(&after.rows) {
            change.loses.push(text);
        } else if after.rows.is_subset(&before.rows) {
            change.gains.push(text);
        } else {
            change.changes.push(text);
        }
    }
    change
}
