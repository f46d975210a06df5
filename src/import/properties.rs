//! `system_session_properties` and `catalog_session_properties` as policies.

use super::chain::{Link, grants};
use super::note::Note;
use super::objects::{Triple, objects};
use super::policy::{Policy, Properties};
use super::rules::{PropertyRule, Rules};
use super::tables::{Bounds, Effect, Rule, absent, everything};
use super::who::{Known, Set};
use crate::policy::Privilege;

/// The properties of catalogs, as a pattern of whole names: those of the system have no dot.
const OF_CATALOGS: &str = "*.*";

/// The policies; `None` if the rules are too entangled.
pub(super) fn properties(rules: &Rules, bounds: &Bounds, known: &Known, notes: &mut Vec<Note>) -> Option<Vec<Policy>> {
    let system = &rules.system_properties;
    let mut policies =
        one_list("system_session_properties", system, &bounds.of_any_catalog(), known, notes, |triple| {
            let Triple([.., property]) = triple;
            property.clone()
        })?;
    for properties in policies.iter_mut().flat_map(|policy| &mut policy.properties) {
        if properties.properties.iter().any(|pattern| pattern.contains('*')) {
            properties.except_properties.push(OF_CATALOGS.to_owned());
        }
    }
    let catalogs = &rules.catalog_properties;
    policies.extend(one_list("catalog_session_properties", catalogs, bounds, known, notes, |triple| {
        let Triple([catalog, _, property]) = triple;
        format!("{catalog}.{property}")
    })?);
    Some(policies)
}

fn one_list(
    list: &'static str,
    found: &Option<Vec<PropertyRule>>,
    bounds: &Bounds,
    known: &Known,
    notes: &mut Vec<Note>,
    name: impl Fn(&Triple) -> String,
) -> Option<Vec<Policy>> {
    let rules = match found {
        None => vec![Rule {
            link: Link { origin: absent(list), set: Set::everyone(), effect: Effect::all(&[Privilege::Execute]) },
            objects: everything(),
        }],
        Some(found) => found.iter().map(|rule| property(rule, known, notes)).collect(),
    };
    let mut policies = Vec::new();
    for (piece, links) in bounds.pieces(&rules, known)? {
        let mut policy = Policy::default();
        for (link, to, except) in grants(&links, known, Effect::covers) {
            if !policy.origins.contains(&link.origin) {
                policy.origins.push(link.origin.clone());
            }
            if !to.nobody() && !link.effect.privileges.is_empty() {
                policy.properties.push(Properties {
                    origin: link.origin.clone(),
                    to,
                    except,
                    properties: piece.tables.iter().map(&name).collect(),
                    except_properties: piece.except.iter().map(&name).collect(),
                });
            }
        }
        let Some(first) = policy.properties.first() else { continue };
        let words = list.replace('_', "-");
        policy.name = match first.origin.index {
            usize::MAX => words,
            index => format!("{words}-{index}"),
        };
        policies.push(policy);
    }
    Some(policies)
}

fn property(rule: &PropertyRule, known: &Known, notes: &mut Vec<Note>) -> Rule<Effect> {
    let effect = Effect::all(if rule.allow { &[Privilege::Execute] } else { &[] });
    let set = known.set(&rule.about, notes);
    let parts = [("catalog", rule.catalog.as_ref()), ("schema", None), ("property", rule.property.as_ref())];
    let link = Link { origin: rule.about.origin.clone(), set, effect };
    Rule { link, objects: objects(parts, notes) }
}
