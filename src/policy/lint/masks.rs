//! Masks that never win, and masks and filters of tables whose name is mistyped.

use super::{Places, all_covered, covers};
use crate::policy::diagnostics::Diagnostic;
use crate::policy::index::TablePattern;
use crate::policy::matches;
use crate::policy::rule::{Effect, Object, Rule, Window};
use crate::policy::suggest::nearest;
use compact_str::CompactString;
use std::collections::{BTreeSet, HashMap};

pub(super) fn check(rules: &[Rule], places: &Places<'_>, found: &mut Vec<Diagnostic>) {
    shadowed(rules, places, found);
    // A grant of each catalog names no table, so it says nothing about whether a name is right.
    let granted: BTreeSet<&TablePattern> = rules
        .iter()
        .filter(|rule| matches!(rule.effect, Effect::Grant { of: Object::Table, .. }))
        .flat_map(|rule| &*rule.objects)
        .filter(|pattern| pattern.catalog != "*")
        .collect();
    for rule in rules {
        let what = match &rule.effect {
            Effect::Grant { .. } | Effect::Deny { .. } | Effect::Lift(_) => continue,
            Effect::Mask { .. } => "mask",
            Effect::Filter(_) => "filter",
        };
        for pattern in rule.objects.iter() {
            if is_granted(&granted, pattern) {
                continue;
            }
            if let Some(meant) = granted.iter().find_map(|granted| mistyped(granted, pattern)) {
                let problem = Diagnostic::new(
                    "nothing-granted",
                    places.of(&rule.policy),
                    format!("no policy grants anything on `{}`", pattern.shown()),
                    format!("a {what} of it"),
                );
                found.push(problem.help(format!("did you mean `{meant}`, which is granted?")));
            }
        }
    }
}

fn is_granted(granted: &BTreeSet<&TablePattern>, pattern: &TablePattern) -> bool {
    granted.contains(pattern) || granted.iter().any(|granted| granted.may_meet(pattern))
}

/// What is granted, if the pattern differs from it by a typing error in one part. A table that nothing is like may be
/// one that is read through views alone, so it is no mistake to restrict it.
fn mistyped(granted: &TablePattern, pattern: &TablePattern) -> Option<String> {
    let parts = |of: &TablePattern| [of.catalog.clone(), of.schema.clone(), of.table.clone()];
    let differing: Vec<_> = parts(granted).into_iter().zip(parts(pattern)).filter(|(a, b)| !matches(a, b)).collect();
    match differing.as_slice() {
        [(known, written)] if nearest(written, [known.as_str()]).is_some() => Some(granted.shown()),
        _ => None,
    }
}

/// A mask and where it stands in the order in which masks win.
struct Mask<'r> {
    rule: &'r Rule,
    order: (bool, i64, usize),
}

fn shadowed(rules: &[Rule], places: &Places<'_>, found: &mut Vec<Diagnostic>) {
    let mut by_column = HashMap::<&CompactString, Vec<Mask<'_>>>::new();
    for (place, rule) in rules.iter().enumerate() {
        if let Effect::Mask { columns, priority, .. } = &rule.effect {
            let order = (rule.guardrail.is_none(), *priority, place);
            by_column.entry(columns).or_default().push(Mask { rule, order });
        }
    }
    for (column, masks) in by_column {
        for mask in &masks {
            let Some(winner) = masks.iter().filter(|other| other.order < mask.order).find(|other| other.hides(mask))
            else {
                continue;
            };
            let problem = Diagnostic::new(
                "shadowed-mask",
                places.of(&mask.rule.policy),
                format!("this mask of `{column}` never wins"),
                "never shown",
            );
            found.push(
                problem
                    .other(
                        places.of(&winner.rule.policy),
                        format!("this one of `{}` always comes first", winner.rule.policy.policy),
                    )
                    .help("the smallest `priority` wins, then the policy whose name comes first"),
            );
        }
    }
}

impl<'r> Mask<'r> {
    /// Whether it applies wherever the other one does, to the same or to what stands around it.
    fn hides(&self, other: &Mask<'r>) -> bool {
        let (reach, narrow) = (&self.rule.reach, &other.rule.reach);
        let place = |rule: &'r Rule| match &rule.effect {
            Effect::Mask { path, .. } => Some(path),
            _ => None,
        };
        place(self.rule).zip(place(other.rule)).is_some_and(|(wide, narrow)| wide.takes_in(narrow))
            // A guardrail can be lifted by an exception, and then the other one shows.
            && (self.rule.guardrail.is_none() || self.rule.guardrail == other.rule.guardrail)
            && reach.window == Window::default()
            && reach.when.is_none()
            && covers(&reach.to, &narrow.to)
            && covers(&narrow.except, &reach.except)
            && all_covered(self.rule, other.rule)
    }
}
