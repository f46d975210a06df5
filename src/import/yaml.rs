//! Policies → the text of a file, for a reader.

use super::objects::Triple;
use super::policy::Policy;
use super::rules::Origin;
use super::who::Who;
use crate::policy::Privilege;
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// Where rules come from, for comments.
pub(super) struct Source<'t> {
    pub(super) path: &'t str,
    pub(super) text: &'t str,
}

impl Source<'_> {
    fn origin(&self, origin: &Origin) -> String {
        match origin.index {
            usize::MAX => format!("no `{}`: Trino allows everything", origin.list),
            index => format!("{}[{index}], line {}", origin.list, super::note::line_of(self.text, origin.at.start)),
        }
    }
}

/// All documents of the file.
pub(super) fn file(source: &Source<'_>, domain: &str, groups: &[(String, Vec<String>)], policies: &[Policy]) -> String {
    let mut text =
        format!("# From {}, Trino's file-based access control, by `sluice import trino-rules`.\n", source.path);
    // Writing to a string does not fail.
    let _ =
        write!(text, "apiVersion: sluice/v1\nkind: Domain\nmetadata: {{name: {domain}}}\nspec: {{central: true}}\n");
    let roles: BTreeSet<&String> = policies.iter().flat_map(roles_of).collect();
    if !groups.is_empty() || !roles.is_empty() {
        text.push_str("---\napiVersion: sluice/v1\nkind: Principals\nspec:\n");
        if !groups.is_empty() {
            text.push_str("  users:\n");
            for (user, groups) in groups {
                let _ = writeln!(text, "    {}: {{groups: {}}}", scalar(user), list(groups));
            }
        }
        if !roles.is_empty() {
            text.push_str("  # Who has a role is not in the rules: name users and groups.\n  roles:\n");
            for role in roles {
                let _ = writeln!(text, "    {}: {{users: []}}", scalar(role));
            }
        }
    }
    for policy in policies {
        text.push_str("---\n");
        text.push_str(&document(source, domain, policy));
    }
    text
}

fn roles_of(policy: &Policy) -> impl Iterator<Item = &String> {
    let grants = policy.grants.iter().flat_map(|one| [&one.to, &one.except]);
    let masks = policy.masks.iter().flat_map(|one| [&one.to, &one.except]);
    let filters = policy.filters.iter().flat_map(|one| [&one.to, &one.except]);
    let others = policy.impersonate.iter().flat_map(|one| [&one.to, &one.except]);
    let properties = policy.properties.iter().flat_map(|one| [&one.to, &one.except]);
    let information = policy.information.iter().flat_map(|one| [&one.to, &one.except]);
    grants.chain(masks).chain(filters).chain(others).chain(properties).chain(information).flat_map(|who| &who.roles)
}

fn document(source: &Source<'_>, domain: &str, policy: &Policy) -> String {
    let mut text = String::new();
    if let [only] = policy.origins.as_slice() {
        let _ = writeln!(text, "# {}", source.origin(only));
    } else {
        let names = policy.origins.iter().map(|origin| match origin.index {
            usize::MAX => format!("no {}", origin.list),
            index => format!("{}[{index}]", origin.list),
        });
        let _ = writeln!(text, "# {}: the first that is about a user decides", names.collect::<Vec<_>>().join(", "));
    }
    let _ = writeln!(
        text,
        "apiVersion: sluice/v1\nkind: AccessPolicy\nmetadata: {{name: {}, domain: {domain}}}\nspec:",
        policy.name
    );
    for (field, named) in policy.sort.fields().into_iter().zip([&policy.objects, &policy.except_objects]) {
        objects(&mut text, field, policy.sort.parts(), named);
    }
    let several = policy.origins.len() > 1;
    let begin = |text: &mut String, field: &str, index: usize, origin: &Origin| {
        if index == 0 {
            let _ = writeln!(text, "  {field}:");
        }
        if several {
            let _ = writeln!(text, "    # {}", source.origin(origin));
        }
    };
    for (index, grant) in policy.grants.iter().enumerate() {
        begin(&mut text, "grants", index, &grant.origin);
        let _ = writeln!(text, "    - to: {}", who(&grant.to));
        except(&mut text, &grant.except);
        let _ = writeln!(text, "      privileges: [{}]", privileges(&grant.privileges));
        if !grant.hidden.is_empty() {
            let _ = writeln!(text, "      columns: {{except: {}}}", list(&grant.hidden));
        }
    }
    for (index, mask) in policy.masks.iter().enumerate() {
        begin(&mut text, "masks", index, &mask.origin);
        let _ = writeln!(text, "    - column: {}", scalar(&mask.column));
        let _ = writeln!(text, "      expression: {}", scalar(&mask.expression));
        reach(&mut text, &mask.to, &mask.except);
    }
    for (index, filter) in policy.filters.iter().enumerate() {
        begin(&mut text, "filters", index, &filter.origin);
        let _ = writeln!(text, "    - expression: {}", scalar(&filter.expression));
        reach(&mut text, &filter.to, &filter.except);
    }
    for (index, rule) in policy.impersonate.iter().enumerate() {
        begin(&mut text, "impersonate", index, &rule.origin);
        let _ = writeln!(text, "    - to: {}", who(&rule.to));
        except(&mut text, &rule.except);
        let _ = writeln!(text, "      users: {}", list(&rule.users));
        if !rule.except_users.is_empty() {
            let _ = writeln!(text, "      exceptUsers: {}", list(&rule.except_users));
        }
    }
    for (index, rule) in policy.properties.iter().enumerate() {
        begin(&mut text, "sessionProperties", index, &rule.origin);
        let _ = writeln!(text, "    - to: {}", who(&rule.to));
        except(&mut text, &rule.except);
        let _ = writeln!(text, "      properties: {}", list(&rule.properties));
        if !rule.except_properties.is_empty() {
            let _ = writeln!(text, "      exceptProperties: {}", list(&rule.except_properties));
        }
    }
    for (index, rule) in policy.information.iter().enumerate() {
        begin(&mut text, "systemInformation", index, &rule.origin);
        let _ = writeln!(text, "    - to: {}", who(&rule.to));
        except(&mut text, &rule.except);
    }
    text
}

fn objects(text: &mut String, field: &str, names: &[&str], triples: &[Triple]) {
    if triples.is_empty() {
        return;
    }
    let _ = writeln!(text, "  {field}:");
    for Triple(parts) in triples {
        let named = names.iter().zip(parts).map(|(name, part)| format!("{name}: {}", scalar(part)));
        let _ = writeln!(text, "    - {{{}}}", named.collect::<Vec<_>>().join(", "));
    }
}

fn except(text: &mut String, whom: &Who) {
    if !whom.nobody() {
        let _ = writeln!(text, "      except: {}", who(whom));
    }
}

/// Whom a mask or filter is for: everyone if nothing is said.
fn reach(text: &mut String, to: &Who, whom: &Who) {
    if !to.everyone {
        let _ = writeln!(text, "      to: {}", who(to));
    }
    except(text, whom);
}

fn who(who: &Who) -> String {
    if who.everyone {
        return "{everyone: true}".to_owned();
    }
    let parts = [("users", &who.users), ("groups", &who.groups), ("roles", &who.roles)];
    let told =
        parts.iter().filter(|(_, names)| !names.is_empty()).map(|(field, names)| format!("{field}: {}", list(*names)));
    format!("{{{}}}", told.collect::<Vec<_>>().join(", "))
}

fn privileges(set: &BTreeSet<Privilege>) -> String {
    let all = set.len() == 8 && !set.contains(&Privilege::Execute);
    if all { "all".to_owned() } else { set.iter().map(|one| one.as_str()).collect::<Vec<_>>().join(", ") }
}

fn list<'a>(names: impl IntoIterator<Item = &'a String>) -> String {
    format!("[{}]", names.into_iter().map(|name| scalar(name)).collect::<Vec<_>>().join(", "))
}

/// A text as YAML has it: plain where nothing can be read into it, else in double quotes, as JSON has it.
fn scalar(text: &str) -> String {
    const WORDS: [&str; 9] = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    let fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let plain = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(fine)
        && !WORDS.contains(&text.to_ascii_lowercase().as_str());
    if plain { text.to_owned() } else { serde_json::to_string(text).unwrap_or_default() }
}
