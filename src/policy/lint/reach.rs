//! Rules that never hold: their time is over, nobody is meant, their condition is false whatever is asked. Exceptions that
//! lift a guardrail where it has nothing to say.

use super::{Places, covers};
use crate::policy::PolicyRef;
use crate::policy::condition::{Circumstances, Truth};
use crate::policy::diagnostics::Diagnostic;
use crate::policy::rule::{Effect, Reach, Rule};
use crate::policy::snapshot::Snapshot;
use jiff::Timestamp;
use std::collections::BTreeSet;

pub(super) fn check(snapshot: &Snapshot, now: Option<Timestamp>, places: &Places<'_>, found: &mut Vec<Diagnostic>) {
    let mut told = BTreeSet::new();
    for rule in &snapshot.rules {
        let (what, gives) = word(&rule.effect);
        one(snapshot, now, (&rule.policy, &rule.reach), (what, gives), &mut told, places, found);
        if let Effect::Lift(names) = &rule.effect {
            for name in names.iter().filter(|name| !says_something(&snapshot.rules, name, rule)) {
                let message = format!("the guardrail `{name}` has nothing to say about these tables");
                let problem = Diagnostic::new("lifts-nothing", places.of(&rule.policy), message, "lifts nothing");
                found.push(problem.help("leave it out of `lifts`, or name the tables that are meant"));
            }
        }
    }
    for (names, what) in [
        (&snapshot.impersonation, "impersonation"),
        (&snapshot.properties, "grant of session properties"),
        (&snapshot.system_information, "grant of system information"),
    ] {
        for rule in &names.rules {
            one(snapshot, now, (&rule.policy, &rule.reach), (what, true), &mut told, places, found);
        }
    }
}

fn word(effect: &Effect) -> (&'static str, bool) {
    match effect {
        Effect::Grant { .. } => ("grant", true),
        Effect::Deny { .. } => ("denial", false),
        Effect::Mask { .. } => ("mask", false),
        Effect::Filter(_) => ("filter", false),
        Effect::Lift(_) => ("exception", true),
    }
}

/// A rule is compiled to several where it is about several objects, and told once.
fn one<'r>(
    snapshot: &Snapshot,
    now: Option<Timestamp>,
    (policy, reach): (&'r PolicyRef, &Reach),
    (what, gives): (&str, bool),
    told: &mut BTreeSet<(&'r PolicyRef, &'static str)>,
    places: &Places<'_>,
    found: &mut Vec<Diagnostic>,
) {
    let what =
        if snapshot.exceptions.iter().any(|exception| *exception.policy == *policy) { "exception" } else { what };
    let mut tell = |code, message: String, label: &str, help: &str| {
        if told.insert((policy, code)) {
            found.push(Diagnostic::new(code, places.of(policy), message, label).help(help));
        }
    };
    let until = reach.window.until.and_then(|end| snapshot.ends.get(end as usize));
    if let (Some(until), Some(now)) = (until, now)
        && *until <= now
    {
        tell("expired", format!("this {what} ended at {until}"), "over", "leave it out; Git remembers it");
    }
    // Somebody who has an attribute can be told by it alone, so only names are compared.
    if covers(&reach.except, &reach.to) {
        let message = format!("this {what} is for nobody: all whom `to` names are left out");
        tell("never-holds", message, "for nobody", "leave it out, or name others");
    }
    let truth = reach.when.as_ref().filter(|when| when.reads().is_empty());
    match truth.map(|when| when.evaluate(&Circumstances::default())) {
        Some(Truth::False) => {
            tell("never-holds", format!("this {what} never holds: its condition is false"), "never", "leave it out");
        }
        Some(Truth::Unknown(why)) if gives => {
            let message = format!("this {what} never holds: of its condition it can't be told ({why})");
            tell("never-holds", message, "never", "leave it out");
        }
        _ => {}
    }
}

/// Whether a guardrail has a rule about one of the tables of another rule.
fn says_something(rules: &[Rule], guardrail: &str, about: &Rule) -> bool {
    let of_it = rules.iter().filter(|rule| rule.guardrail.as_deref() == Some(guardrail));
    of_it.flat_map(|rule| &*rule.objects).any(|of| about.objects.iter().any(|table| table.may_meet(of)))
}
