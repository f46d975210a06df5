//! What policies have no word for yet: whom a grant is not for, and which objects a policy is not about.
//!
//! In: policies as the rules would have them. Out: those that can be written; the others are noted.

use super::note::Note;
use super::policy::Policy;
use super::rules::Origin;

/// Takes out what can't be written.
pub(super) fn take_out(policies: &mut Vec<Policy>, notes: &mut Vec<Note>) {
    let mut lost: Vec<Origin> = Vec::new();
    for policy in policies.iter_mut() {
        let narrowed = !(policy.except_tables.is_empty() && policy.except_functions.is_empty());
        policy.grants.retain(|grant| kept(!narrowed && grant.except.nobody(), &grant.origin, &mut lost));
        policy.impersonate.retain(|rule| kept(rule.except.nobody(), &rule.origin, &mut lost));
        policy
            .properties
            .retain(|rule| kept(rule.except.nobody() && rule.except_properties.is_empty(), &rule.origin, &mut lost));
        if policy.grants.is_empty() {
            policy.masks.clear();
            policy.filters.clear();
        }
    }
    policies
        .retain(|policy| !(policy.grants.is_empty() && policy.impersonate.is_empty() && policy.properties.is_empty()));
    lost.sort_by_key(|origin| (origin.at.start, origin.list));
    lost.dedup();
    for origin in lost {
        let what = match origin.index {
            usize::MAX => format!("a file without `{}`", origin.list),
            index => format!("{}[{index}]", origin.list),
        };
        let at = if origin.index == usize::MAX { 0..1 } else { origin.at };
        notes.push(
            Note::warning(
                "overlap",
                at,
                format!("what {what} gives to all but those of earlier rules can't be written in a policy"),
                "left out where an earlier rule decides for some of its users or tables",
            )
            .help("name the users or tables that it is for"),
        );
    }
}

fn kept(fine: bool, origin: &Origin, lost: &mut Vec<Origin>) -> bool {
    if !fine {
        lost.push(origin.clone());
    }
    fine
}
