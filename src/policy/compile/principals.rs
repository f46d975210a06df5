//! Users' groups, and whom rules are for.

use super::{Context, Reach, place};
use crate::policy::diagnostics::{Diagnostic, Place};
use crate::policy::document::{At, Documents, Subjects};
use crate::policy::index::Who;
use crate::policy::suggest::did_you_mean;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// What `Principals` documents say.
pub(super) struct Principals {
    pub(super) groups: HashMap<String, BTreeSet<String>>,
    roles: BTreeMap<String, Who>,
    /// Whether a document could not be read, so that a role may be missing for that reason.
    broken: bool,
}

impl Principals {
    pub(super) fn new(documents: &Documents, context: &mut Context<'_>) -> Principals {
        let mut principals =
            Principals { groups: HashMap::new(), roles: BTreeMap::new(), broken: documents.broken_principals };
        let mut names = BTreeMap::<&str, Place>::new();
        let mut seen = BTreeMap::<(&str, &str), Place>::new();
        for (file, document) in &documents.principals {
            let file = *file;
            let (name, here) = match &document.metadata {
                Some(metadata) => {
                    context.check_document_name(file, &metadata.name);
                    (metadata.name.value.as_str(), place(file, &metadata.name.at))
                }
                None => ("principals", place(file, &document.spec.at)),
            };
            unique(&mut names, name, here, |name| format!("there are two documents of principals `{name}`"), context);
            for (user, groups) in &document.spec.value.users {
                let here = place(file, &groups.at);
                check_key(user, &here, "a user's name", context);
                unique(&mut seen, ("user", user), here, |(_, user)| format!("user `{user}` is listed twice"), context);
                for group in &groups.value.groups {
                    context.check_text(file, group, "a group's name");
                }
                let groups = groups.value.groups.iter().map(|group| group.value.clone());
                principals.groups.entry(user.clone()).or_default().extend(groups);
            }
            for (role, members) in &document.spec.value.roles {
                let here = place(file, &members.at);
                check_key(role, &here, "a role's name", context);
                unique(&mut seen, ("role", role), here, |(_, role)| format!("role `{role}` is listed twice"), context);
                let mut who = Who::default();
                for (list, set, what) in [
                    (&members.value.users, &mut who.users, "a user's name"),
                    (&members.value.groups, &mut who.groups, "a group's name"),
                ] {
                    for name in list {
                        context.check_text(file, name, what);
                        set.insert(name.value.clone());
                    }
                }
                principals.roles.insert(role.clone(), who);
            }
        }
        principals
    }

    /// Whom a rule is for: `to`, or everyone, without `except`.
    pub(super) fn reach(
        &self,
        file: usize,
        to: Option<&At<Subjects>>,
        except: Option<&At<Subjects>>,
        context: &mut Context<'_>,
    ) -> Reach {
        let to = to.map_or_else(Who::everyone, |to| self.who(file, to, context));
        let except = except.map_or_else(Who::default, |subjects| {
            let who = self.who(file, subjects, context);
            if who.everyone {
                context.report(
                    Diagnostic::new(
                        "never-applies",
                        place(file, &subjects.at),
                        "this rule applies to nobody",
                        "takes out everyone",
                    )
                    .help("leave the rule out"),
                );
            }
            who
        });
        Reach { to, except }
    }

    /// The users that a list of subjects names.
    pub(super) fn who(&self, file: usize, subjects: &At<Subjects>, context: &mut Context<'_>) -> Who {
        let Subjects { everyone, users, groups, roles } = &subjects.value;
        let mut who = Who { everyone: everyone.as_ref().is_some_and(|word| word.value), ..Who::default() };
        if let Some(word) = everyone
            && (!word.value || !users.is_empty() || !groups.is_empty() || !roles.is_empty())
        {
            let label = if word.value { "takes in all the others here" } else { "says nothing" };
            context.report(
                Diagnostic::new("bad-subjects", place(file, &word.at), "`everyone` is `true` and stands alone", label)
                    .help("name users, groups and roles, or everyone"),
            );
        } else if !who.everyone && users.is_empty() && groups.is_empty() && roles.is_empty() {
            context.report(
                Diagnostic::new("bad-subjects", place(file, &subjects.at), "nobody is named", "names no subject")
                    .help("name users, groups or roles, or write `everyone: true`"),
            );
        }
        for (list, set, what) in [(users, &mut who.users, "a user's name"), (groups, &mut who.groups, "a group's name")]
        {
            for name in list {
                context.check_text(file, name, what);
                if name.value.contains('*') {
                    context.report(
                        Diagnostic::new("bad-subjects", place(file, &name.at), format!("{what} is exact"), "a pattern")
                            .help("name a group, or write `everyone: true`"),
                    );
                }
                set.insert(name.value.clone());
            }
        }
        for role in roles {
            match self.roles.get(&role.value) {
                Some(members) => {
                    who.users.extend(members.users.iter().cloned());
                    who.groups.extend(members.groups.iter().cloned());
                }
                None if self.broken => {}
                None => context.report(
                    Diagnostic::new(
                        "unknown-role",
                        place(file, &role.at),
                        format!("there is no role `{}`", role.value),
                        "no document of kind Principals has it",
                    )
                    .maybe_help(did_you_mean(&role.value, self.roles.keys().map(String::as_str))),
                ),
            }
        }
        who
    }
}

fn check_key(name: &str, here: &Place, what: &str, context: &mut Context<'_>) {
    let at = At { at: here.at.clone(), value: name.to_owned() };
    context.check_text(here.file, &at, what);
}

/// Reports a name that was seen before.
fn unique<K: Ord + Copy>(
    seen: &mut BTreeMap<K, Place>,
    name: K,
    here: Place,
    message: impl Fn(K) -> String,
    context: &mut Context<'_>,
) {
    if let Some(first) = seen.get(&name) {
        context.report(
            Diagnostic::new("duplicate-document", here, message(name), "the second one")
                .other(first.clone(), "the first one"),
        );
        return;
    }
    seen.insert(name, here);
}
