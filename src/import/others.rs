//! What is not about tables: functions, procedures, schemas, catalogs and system information, as policies.

use super::chain::{Link, grants, product, reached};
use super::note::Note;
use super::objects::{Triple, objects};
use super::policy::{Information, Policy, Sort};
use super::rules::{CatalogMode, Origin, QueryRule, RoutineRule, Rules};
use super::tables::{Bounds, Effect, Rule, absent, everything, policy};
use super::who::{Known, Set};
use crate::policy::Privilege;

/// What the owner of a schema may do with it.
const OF_OWNERS: [Privilege; 4] = [Privilege::Create, Privilege::Drop, Privilege::Alter, Privilege::Show];

/// The policies of all these lists. `None` if the rules are too entangled.
pub(super) fn others(rules: &Rules, bounds: &Bounds, known: &Known, notes: &mut Vec<Note>) -> Option<Vec<Policy>> {
    let mut policies = Vec::new();
    // An absent list of these allows Trino's own alone, which need no grant.
    for (sort, list) in [(Sort::Function, &rules.functions), (Sort::Procedure, &rules.procedures)] {
        let Some(list) = list else { continue };
        let list: Vec<Rule<Effect>> = list.iter().map(|rule| routine(rule, sort, known, notes)).collect();
        // Trino asks nobody about its own functions, whatever the rules say.
        let builtin = Triple(["system", "builtin", "*"].map(str::to_owned));
        for (piece, links) in bounds.pieces(&list, known)? {
            if sort == Sort::Procedure || !piece.tables.iter().all(|table| builtin.covers(table)) {
                policies.extend(policy(&piece, &links, known, sort));
            }
        }
    }
    for (piece, links) in bounds.pieces(&schemas(rules, known, notes), known)? {
        policies.extend(policy(&piece, &links, known, Sort::Schema));
    }
    for (piece, links) in bounds.of_any_catalog().pieces(&catalogs(rules, known, notes), known)? {
        policies.extend(policy(&piece, &links, known, Sort::Catalog));
    }
    policies.extend(information(rules, known, notes));
    Some(policies)
}

fn routine(rule: &RoutineRule, sort: Sort, known: &Known, notes: &mut Vec<Note>) -> Rule<Effect> {
    let mut privileges = Vec::new();
    if rule.privileges.contains("EXECUTE") || rule.privileges.contains("GRANT_EXECUTE") {
        privileges.push(Privilege::Execute);
    }
    if rule.privileges.contains("OWNERSHIP") {
        privileges.extend([Privilege::Create, Privilege::Drop]);
    }
    let set = known.set(&rule.about, notes);
    let name = if sort == Sort::Function { "function" } else { "procedure" };
    let parts = [("catalog", rule.catalog.as_ref()), ("schema", rule.schema.as_ref()), (name, rule.routine.as_ref())];
    let link = Link { origin: rule.about.origin.clone(), set, effect: Effect::all(&privileges) };
    Rule { link, objects: objects(parts, notes) }
}

fn schemas(rules: &Rules, known: &Known, notes: &mut Vec<Note>) -> Vec<Rule<Effect>> {
    let Some(list) = &rules.schemas else {
        let link = Link { origin: absent("schemas"), set: Set::everyone(), effect: Effect::all(&OF_OWNERS) };
        return vec![Rule { link, objects: everything() }];
    };
    let rule = |rule: &super::rules::SchemaRule| {
        let set = known.set(&rule.about, notes);
        let effect = Effect::all(if rule.owner { &OF_OWNERS } else { &[] });
        let parts = [("catalog", rule.catalog.as_ref()), ("schema", rule.schema.as_ref()), ("schema", None)];
        let link = Link { origin: rule.about.origin.clone(), set, effect };
        Rule { link, objects: objects(parts, notes) }
    };
    list.iter().map(rule).collect()
}

/// Only who owns a catalog may create and drop it; without a list nobody does.
fn catalogs(rules: &Rules, known: &Known, notes: &mut Vec<Note>) -> Vec<Rule<Effect>> {
    let rule = |rule: &super::rules::CatalogRule| {
        let set = known.set(&rule.about, notes);
        let own = rule.mode == CatalogMode::Owner;
        let effect = Effect::all(if own { &[Privilege::Create, Privilege::Drop] } else { &[] });
        let parts = [("catalog", rule.catalog.as_ref()), ("catalog", None), ("catalog", None)];
        let link = Link { origin: rule.about.origin.clone(), set, effect };
        Rule { link, objects: objects(parts, notes) }
    };
    rules.catalogs.iter().flatten().map(rule).collect()
}

/// Others' queries, nodes and tasks are one thing in a policy: for who may view each query and read system information.
fn information(rules: &Rules, known: &Known, notes: &mut Vec<Note>) -> Option<Policy> {
    let reading = rules.system_information.as_ref()?;
    let mut allowed = |rule: &QueryRule, word: &str| Link {
        origin: rule.about.origin.clone(),
        set: known.set(&rule.about, notes),
        effect: rule.allow.contains(word),
    };
    let reading = reached(reading.iter().map(|rule| allowed(rule, "READ")).collect());
    let viewing = match &rules.queries {
        None => vec![Link { origin: absent("queries"), set: Set::everyone(), effect: true }],
        // A rule about some owners' queries gives less than all of them, and may take some from all.
        Some(list) => {
            let some = |rule: &&QueryRule| !(rule.owner && rule.allow.contains("VIEW"));
            reached(list.iter().filter(some).map(|rule| allowed(rule, "VIEW")).collect())
        }
    };
    let origin = |_: &Link<bool>, reading: &Link<bool>| -> Origin { reading.origin.clone() };
    let links = product(&viewing, &reading, known, origin, |view, read| *view && *read);
    let mut policy = Policy::default();
    for (link, to, except) in grants(&links, known, |before, after| before >= after) {
        if !policy.origins.contains(&link.origin) {
            policy.origins.push(link.origin.clone());
        }
        if link.effect && !to.nobody() {
            policy.information.push(Information { origin: link.origin.clone(), to, except });
        }
    }
    let first = policy.information.first()?;
    policy.name = format!("system-information-{}", first.origin.index);
    Some(policy)
}
