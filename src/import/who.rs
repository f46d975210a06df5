//! Whom a rule is about, as the users, groups and roles that a policy can name.
//!
//! A rule may be about users that can't be named: those of an expression with any number of names, or those who are both
//! in a group and of some name. So a set has two bounds: who is surely in it, and who may be. A grant goes to the first,
//! and what an earlier rule may have taken is kept from later ones by the second.

use super::java_regex::Pattern;
use super::note::Note;
use super::rules::{About, Re};
use std::collections::{BTreeMap, BTreeSet};

/// Users, groups and roles: whoever is any of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Who {
    pub(super) everyone: bool,
    pub(super) users: BTreeSet<String>,
    pub(super) groups: BTreeSet<String>,
    pub(super) roles: BTreeSet<String>,
}

impl Who {
    pub(super) fn everyone() -> Who {
        Who { everyone: true, ..Who::default() }
    }

    fn users(users: BTreeSet<String>) -> Who {
        Who { users, ..Who::default() }
    }

    pub(super) fn nobody(&self) -> bool {
        !self.everyone && self.users.is_empty() && self.groups.is_empty() && self.roles.is_empty()
    }

    pub(super) fn add(&mut self, other: &Who) {
        if self.everyone || other.everyone {
            *self = Who::everyone();
            return;
        }
        self.users.extend(other.users.iter().cloned());
        self.groups.extend(other.groups.iter().cloned());
        self.roles.extend(other.roles.iter().cloned());
    }

    fn only_users(&self) -> bool {
        !self.everyone && self.groups.is_empty() && self.roles.is_empty()
    }
}

/// A set of subjects by its two bounds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Set {
    /// Who is surely in it.
    pub(super) sure: Who,
    /// Who may be in it, beside `strangers`.
    pub(super) maybe: Who,
    /// Whether users that nothing names may be in it. Those that are known are not among them.
    pub(super) strangers: bool,
}

impl Set {
    pub(super) fn everyone() -> Set {
        Set::exact(Who::everyone())
    }

    pub(super) fn exact(who: Who) -> Set {
        Set { sure: who.clone(), maybe: who, strangers: false }
    }

    /// Takes in who is in another set too.
    pub(super) fn add(&mut self, other: &Set) {
        self.sure.add(&other.sure);
        self.maybe.add(&other.maybe);
        self.strangers |= other.strangers;
    }

    /// Nobody, for sure.
    pub(super) fn empty(&self) -> bool {
        self.maybe.nobody() && !self.strangers
    }
}

/// The users and groups that are known: from lists that were given, and from names in the rules.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    pub(super) users: BTreeSet<String>,
    pub(super) groups: BTreeSet<String>,
    /// The members of groups, if a list of them was given: then it is taken for the whole truth.
    pub(super) members: Option<BTreeMap<String, BTreeSet<String>>>,
}

impl Known {
    /// The set of a rule, and what could not be mapped.
    pub(super) fn set(&self, about: &About, notes: &mut Vec<Note>) -> Set {
        let user = about.user.as_ref().map_or_else(Set::everyone, |re| self.user_set(re, notes));
        let group = about.group.as_ref().map_or_else(Set::everyone, |re| self.group_set(re, notes));
        let role = about.role.as_ref().map_or_else(Set::everyone, |re| role_set(re, notes));
        let both = self.both(&self.both(&user, &group), &role);
        if both.sure.nobody() && !user.sure.nobody() && !group.sure.nobody() && !role.sure.nobody() && !both.empty() {
            notes.push(
                Note::warning(
                    "not-mapped",
                    about.origin.at.clone(),
                    format!(
                        "{}[{}] is about users who are several things at once",
                        about.origin.list, about.origin.index
                    ),
                    "it gives nothing, and later rules give nothing to whom it may be about",
                )
                .help("`--groups FILE` with the members of the groups says who they are"),
            );
        }
        both
    }

    /// Users by an expression.
    pub(super) fn user_set(&self, re: &Re, notes: &mut Vec<Note>) -> Set {
        let Some(patterns) = names(re, "user", notes) else {
            return Set { sure: Who::default(), maybe: Who::users(self.users.clone()), strangers: true };
        };
        if patterns.iter().any(|pattern| pattern.exact && pattern.text == "*") {
            return Set::everyone();
        }
        let mut users: BTreeSet<String> = patterns.iter().filter(|p| literal(p)).map(|p| p.text.clone()).collect();
        let strangers = patterns.iter().any(|pattern| !literal(pattern));
        if strangers {
            users.extend(self.users.iter().filter(|user| matches(re, user)).cloned());
            notes.push(
                Note::warning(
                    "known-users-only",
                    re.at.clone(),
                    format!("`{}` stands for any number of users; policies name them one by one", re.text),
                    listed("here", &users),
                )
                .help("`--users FILE` names more of them, one a line; users that nobody named are granted less"),
            );
        }
        Set { sure: Who::users(users.clone()), maybe: Who::users(users), strangers }
    }

    fn group_set(&self, re: &Re, notes: &mut Vec<Note>) -> Set {
        let Some(patterns) = names(re, "group", notes) else {
            return Set { sure: Who::default(), maybe: Who::everyone(), strangers: false };
        };
        let mut groups: BTreeSet<String> = patterns.iter().filter(|p| literal(p)).map(|p| p.text.clone()).collect();
        let open = patterns.iter().any(|pattern| !literal(pattern));
        if open {
            groups.extend(self.groups.iter().filter(|group| matches(re, group)).cloned());
            // Not everyone is in some group, so `.*` is not everyone either.
            if self.members.is_none() {
                notes.push(
                    Note::warning(
                        "known-groups-only",
                        re.at.clone(),
                        format!("`{}` stands for any number of groups; policies name them one by one", re.text),
                        listed("here", &groups),
                    )
                    .help("`--groups FILE` names them, as Trino's file group provider has them: group:user,user"),
                );
            }
        }
        let sure = Who { groups, ..Who::default() };
        let maybe = if open && self.members.is_none() { Who::everyone() } else { sure.clone() };
        Set { sure, maybe, strangers: false }
    }

    /// Who is in both.
    pub(super) fn both(&self, a: &Set, b: &Set) -> Set {
        let sure = self.intersection(&a.sure, &b.sure, false);
        let mut maybe = self.intersection(&a.maybe, &b.maybe, true);
        // A stranger of one set may be in a group of the other.
        for (one, other) in [(a, b), (b, a)] {
            if one.strangers {
                maybe.groups.extend(other.maybe.groups.iter().cloned());
                maybe.roles.extend(other.maybe.roles.iter().cloned());
            }
        }
        let strangers = a.strangers && (b.strangers || b.maybe.everyone) || b.strangers && a.maybe.everyone;
        Set { sure, maybe, strangers }
    }

    /// A bound of who is in both: from above, or from below.
    fn intersection(&self, a: &Who, b: &Who, above: bool) -> Who {
        if a.everyone {
            return b.clone();
        }
        if b.everyone {
            return a.clone();
        }
        let mut who = Who {
            everyone: false,
            users: a.users.intersection(&b.users).cloned().collect(),
            groups: a.groups.intersection(&b.groups).cloned().collect(),
            roles: a.roles.intersection(&b.roles).cloned().collect(),
        };
        for (one, other) in [(a, b), (b, a)] {
            for group in &one.groups {
                match self.members.as_ref().map(|members| members.get(group)) {
                    Some(members) => {
                        let inside = |user: &&String| self.is_in(user, other);
                        who.users.extend(members.into_iter().flatten().filter(inside).cloned());
                    }
                    None if above => {
                        who.users.extend(other.users.iter().cloned());
                        if other.groups.iter().any(|known| known != group) || !other.roles.is_empty() {
                            who.groups.insert(group.clone());
                        }
                    }
                    None => {}
                }
            }
            if above && !one.roles.is_empty() {
                who.users.extend(other.users.iter().cloned());
                if other.roles != one.roles {
                    who.roles.extend(one.roles.iter().cloned());
                }
            }
        }
        who
    }

    /// Whether a user is in a set by name, or by a group whose members are known.
    pub(super) fn is_in(&self, user: &str, who: &Who) -> bool {
        let in_group = |group: &String| {
            let members = self.members.as_ref().and_then(|members| members.get(group));
            members.is_some_and(|members| members.contains(user))
        };
        who.everyone || who.users.contains(user) || who.groups.iter().any(in_group)
    }

    /// What is left of `who` without `taken`: whom to name, and whom to leave out. Both are from above in `taken` and
    /// from below in `who`.
    pub(super) fn without(&self, who: &Who, taken: &[&Set]) -> (Who, Who) {
        let mut except = Who::default();
        taken.iter().for_each(|set| except.add(&set.maybe));
        if taken.iter().any(|set| set.strangers) {
            // Only who is known to be outside may be named.
            let users = if who.everyone { &self.users } else { &who.users };
            let mut left = Who::users(users.iter().filter(|user| !self.is_in(user, &except)).cloned().collect());
            if let Some(members) = &self.members {
                for user in who.groups.iter().filter_map(|group| members.get(group)).flatten() {
                    if !self.is_in(user, &except) {
                        left.users.insert(user.clone());
                    }
                }
            }
            except.users.clear();
            return if except.everyone { (Who::default(), Who::default()) } else { (left, except) };
        }
        if except.everyone {
            return (Who::default(), Who::default());
        }
        let mut left = who.clone();
        left.users.retain(|user| !except.users.contains(user));
        left.groups.retain(|group| !except.groups.contains(group));
        left.roles.retain(|role| !except.roles.contains(role));
        if left.only_users() {
            if self.members.is_some() {
                left.users.retain(|user| !self.is_in(user, &except));
                except.groups.clear();
            }
            except.users.clear();
        }
        if left.nobody() { (left, Who::default()) } else { (left, except) }
    }
}

fn role_set(re: &Re, notes: &mut Vec<Note>) -> Set {
    let patterns = names(re, "role", notes).unwrap_or_else(|| vec![Pattern { text: "*".to_owned(), exact: false }]);
    let roles: BTreeSet<String> = patterns.iter().filter(|p| literal(p)).map(|p| p.text.clone()).collect();
    let open = patterns.iter().any(|pattern| !literal(pattern));
    if open {
        notes.push(Note::warning(
            "not-mapped",
            re.at.clone(),
            format!("`{}` stands for any number of roles; policies name them one by one", re.text),
            "who has them is not known",
        ));
    }
    let sure = Who { roles, ..Who::default() };
    Set { maybe: if open { Who::everyone() } else { sure.clone() }, sure, strangers: false }
}

fn literal(pattern: &Pattern) -> bool {
    pattern.exact && !pattern.text.contains('*')
}

fn matches(re: &Re, name: &str) -> bool {
    re.regex.as_ref().is_ok_and(|regex| regex.matches(name))
}

/// The names of an expression; what can't be told is noted.
pub(super) fn names(re: &Re, what: &str, notes: &mut Vec<Note>) -> Option<Vec<Pattern>> {
    let why = match &re.regex {
        Ok(regex) => match regex.patterns() {
            Some(patterns) => return Some(patterns),
            None => "it stands for too many names",
        },
        Err(unsupported) => unsupported.0,
    };
    notes.push(
        Note::warning(
            "not-mapped",
            re.at.clone(),
            format!("the expression of `{what}` can't be told as names: {why}"),
            "the rule gives nothing, and later rules give nothing where it may apply",
        )
        .help("write the names out, or `.*` in place of a part"),
    );
    None
}

fn listed(prefix: &str, names: &BTreeSet<String>) -> String {
    if names.is_empty() {
        return format!("{prefix}: none is known");
    }
    format!("{prefix}: {}", names.iter().map(String::as_str).collect::<Vec<_>>().join(", "))
}
