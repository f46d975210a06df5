//! Users' groups, and whom rules are for.

use super::{Context, place};
use crate::policy::diagnostics::{Diagnostic, Place};
use crate::policy::document::{At, Documents, Subjects};
use crate::policy::index::Who;
use crate::policy::inputs::Claim;
use crate::policy::snapshot::Known;
use crate::policy::suggest::did_you_mean;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// What `Principals` documents say.
pub(super) struct Principals {
    pub(super) known: HashMap<String, Known>,
    pub(super) roles: BTreeMap<String, Who>,
    /// Services, with what they vouch for.
    pub(super) services: HashMap<String, BTreeSet<Claim>>,
    /// Whether a document could not be read, so that a role may be missing for that reason.
    broken: bool,
}

/// Whom a rule is for: `to`, without `except`.
#[derive(Clone)]
pub(super) struct Audience {
    pub(super) to: Who,
    pub(super) except: Who,
}

type Attributes = BTreeMap<String, At<Vec<At<String>>>>;

impl Principals {
    pub(super) fn new(documents: &Documents, context: &mut Context<'_>) -> Principals {
        let mut principals = Principals {
            known: HashMap::new(),
            roles: BTreeMap::new(),
            services: HashMap::new(),
            broken: documents.any_broken("Principals"),
        };
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
            let spec = &document.spec.value;
            let users = spec
                .users
                .iter()
                .map(|(name, user)| (name, &user.at, &user.value.groups, &user.value.attributes, None));
            let services = spec.services.iter().map(|(name, service)| {
                (name, &service.at, &service.value.groups, &service.value.attributes, Some(&service.value.vouches_for))
            });
            for (user, at, groups, attributes, service) in users.chain(services) {
                let here = place(file, at);
                check_key(user, &here, "a user's name", context);
                unique(&mut seen, ("user", user), here, |(_, user)| format!("user `{user}` is listed twice"), context);
                for group in groups {
                    context.check_text(file, group, "a group's name");
                }
                let known = principals.known.entry(user.clone()).or_default();
                known.groups.extend(groups.iter().map(|group| group.value.clone()));
                known.attributes.extend(read_attributes(file, attributes, context));
                if let Some(vouched) = service {
                    let vouched = vouched.iter().map(|claim| claim.value).collect();
                    principals.services.insert(user.clone(), vouched);
                }
            }
            for (role, members) in &spec.roles {
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
    pub(super) fn audience(
        &self,
        file: usize,
        to: Option<&At<Subjects>>,
        except: Option<&At<Subjects>>,
        context: &mut Context<'_>,
    ) -> Audience {
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
        Audience { to, except }
    }

    /// The users that a list of subjects names.
    pub(super) fn who(&self, file: usize, subjects: &At<Subjects>, context: &mut Context<'_>) -> Who {
        let Subjects { everyone, users, groups, roles, services, attributes } = &subjects.value;
        let named = [users, groups, roles, services].iter().any(|list| !list.is_empty());
        let mut who = Who { everyone: everyone.as_ref().is_some_and(|word| word.value), ..Who::default() };
        if let Some(word) = everyone
            && (!word.value || named || !attributes.is_empty())
        {
            let label = if word.value { "takes in all the others here" } else { "says nothing" };
            context.report(
                Diagnostic::new("bad-subjects", place(file, &word.at), "`everyone` is `true` and stands alone", label)
                    .help("name users, groups and roles, or everyone"),
            );
        } else if !who.everyone && !named && attributes.is_empty() {
            context.report(
                Diagnostic::new("bad-subjects", place(file, &subjects.at), "nobody is named", "names no subject")
                    .help("name users, groups or roles, or write `everyone: true`"),
            );
        }
        if let Some((name, values)) = attributes.first_key_value()
            && named
        {
            context.report(
                Diagnostic::new(
                    "bad-subjects",
                    place(file, &values.at),
                    format!("`attributes` stands alone, and `{name}` stands beside others"),
                    "do both have to hold, or one of them?",
                )
                .help("for one of them write two rules; to narrow a group use `when`"),
            );
        }
        who.attributes = read_attributes(file, attributes, context);
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
        for service in services {
            context.check_text(file, service, "a service's name");
            if !self.services.contains_key(&service.value) && !self.broken {
                context.report(
                    Diagnostic::new(
                        "unknown-service",
                        place(file, &service.at),
                        format!("there is no service `{}`", service.value),
                        "no document of kind Principals has it",
                    )
                    .maybe_help(did_you_mean(&service.value, self.services.keys().map(String::as_str))),
                );
            }
            who.users.insert(service.value.clone());
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

/// Attributes, each with its values.
fn read_attributes(
    file: usize,
    attributes: &Attributes,
    context: &mut Context<'_>,
) -> BTreeMap<String, BTreeSet<String>> {
    let mut read = BTreeMap::new();
    for (name, values) in attributes {
        check_key(name, &place(file, &values.at), "an attribute's name", context);
        if values.value.is_empty() {
            context.empty(file, &values.at);
        }
        for value in &values.value {
            context.check_text(file, value, "an attribute's value");
        }
        read.insert(name.clone(), values.value.iter().map(|value| value.value.clone()).collect());
    }
    read
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
