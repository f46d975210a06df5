//! `impersonation` as policies.

use super::java_regex::Regex;
use super::note::Note;
use super::policy::{Impersonate, Policy};
use super::rules::{ImpersonationRule, Re};
use super::who::{Known, Set, Who, names};

/// A rule, or its share of one user where `new_user` depends on who asks.
struct Share<'r> {
    rule: &'r ImpersonationRule,
    set: Set,
    /// As whom, surely and at most.
    sure: Vec<String>,
    maybe: Vec<String>,
    /// Whether it takes from later rules whom it is about.
    denies: bool,
}

/// The policies; one a rule that allows something.
pub(super) fn impersonation(rules: &[ImpersonationRule], known: &Known, notes: &mut Vec<Note>) -> Vec<Policy> {
    let shares: Vec<Share<'_>> = rules.iter().flat_map(|rule| shares(rule, known, notes)).collect();
    let mut policies: Vec<Policy> = Vec::new();
    for (at, share) in shares.iter().enumerate() {
        if !share.rule.allow || share.sure.is_empty() {
            continue;
        }
        let denied: Vec<&Share<'_>> = shares.iter().take(at).filter(|before| before.denies).collect();
        let mut written: Vec<Impersonate> = Vec::new();
        for (to, except) in apart(&share.set.sure, &denied) {
            let applies = |before: &&&Share<'_>| {
                if to.everyone {
                    return before.set.strangers || before.set.maybe.everyone;
                }
                !known.both(&before.set, &Set::exact(to.clone())).empty()
            };
            let mut except_users: Vec<String> =
                denied.iter().filter(applies).flat_map(|before| before.maybe.iter().cloned()).collect();
            except_users.sort();
            except_users.dedup();
            if except_users.iter().any(|pattern| pattern == "*") || to.nobody() {
                continue;
            }
            let users: Vec<String> = share.sure.iter().filter(|user| !except_users.contains(user)).cloned().collect();
            let same = |known: &&mut Impersonate| known.except_users == except_users && known.except == except;
            match written.iter_mut().find(same) {
                Some(known) => known.to.add(&to),
                None if users.is_empty() => {}
                None => written.push(Impersonate {
                    origin: share.rule.about.origin.clone(),
                    to,
                    except,
                    users,
                    except_users,
                }),
            }
        }
        if written.is_empty() {
            continue;
        }
        let name = format!("impersonation-{}", share.rule.about.origin.index);
        match policies.last_mut().filter(|policy| policy.name == name) {
            Some(policy) => policy.impersonate.extend(written),
            None => policies.push(Policy {
                name,
                origins: vec![share.rule.about.origin.clone()],
                impersonate: written,
                ..Policy::default()
            }),
        }
    }
    policies
}

/// Each user, group and role by itself, so that what is denied to one is not taken from the others; and whom to leave
/// out.
fn apart(who: &Who, denied: &[&Share<'_>]) -> Vec<(Who, Who)> {
    if who.everyone {
        // Everyone but those to whom something is denied, and those.
        let mut some = Who::default();
        denied.iter().filter(|before| !before.set.maybe.everyone).for_each(|before| some.add(&before.set.maybe));
        let all = (who.clone(), some.clone());
        return std::iter::once(all).chain(each(&some)).collect();
    }
    each(who)
}

fn each(who: &Who) -> Vec<(Who, Who)> {
    let users = who.users.iter().map(|user| Who { users: [user.clone()].into(), ..Who::default() });
    let groups = who.groups.iter().map(|group| Who { groups: [group.clone()].into(), ..Who::default() });
    let roles = who.roles.iter().map(|role| Who { roles: [role.clone()].into(), ..Who::default() });
    users.chain(groups).chain(roles).map(|who| (who, Who::default())).collect()
}

fn shares<'r>(rule: &'r ImpersonationRule, known: &Known, notes: &mut Vec<Note>) -> Vec<Share<'r>> {
    let set = known.set(&rule.about, notes);
    let Some(original) = &rule.about.user else {
        let (sure, maybe) = targets(&rule.new_user, known, notes);
        return vec![Share { rule, set, sure, maybe, denies: !rule.allow }];
    };
    let plain = substituted(&rule.new_user.text, None);
    if let Some(text) = plain {
        let new_user = Re { at: rule.new_user.at.clone(), regex: Regex::read(&text), text };
        let (sure, maybe) = targets(&new_user, known, notes);
        return vec![Share { rule, set, sure, maybe, denies: !rule.allow }];
    }
    // `new_user` says `$1`: it is another one for each user.
    let groups = original.regex.as_ref().map_or(0, Regex::groups);
    if substituted(&rule.new_user.text, Some(&vec![String::new(); groups + 1])).is_none() {
        notes.push(Note::warning(
            "no-such-group",
            rule.new_user.at.clone(),
            format!("`{}` names a part that `original_user` does not have", rule.new_user.text),
            "Trino refuses whoever it is about, and so do the policies",
        ));
        return vec![Share { rule, set, sure: Vec::new(), maybe: vec!["*".to_owned()], denies: true }];
    }
    let users = if set.sure.everyone { &known.users } else { &set.sure.users };
    let mut shares = Vec::new();
    for user in users {
        let captured = original.regex.as_ref().ok().and_then(|regex| regex.captures(user));
        let text = captured.and_then(|groups| substituted(&rule.new_user.text, Some(&groups)));
        let Some(text) = text else { continue };
        let new_user = Re { at: rule.new_user.at.clone(), regex: Regex::read(&text), text };
        let (sure, maybe) = targets(&new_user, known, notes);
        let set = Set::exact(Who { users: [user.clone()].into(), ..Who::default() });
        shares.push(Share { rule, set, sure, maybe, denies: !rule.allow });
    }
    let listed = shares.iter().flat_map(|share| &share.set.sure.users).cloned().collect::<Vec<_>>();
    let told = if listed.is_empty() { "none is known".to_owned() } else { listed.join(", ") };
    notes.push(
        Note::warning(
            "known-users-only",
            rule.new_user.at.clone(),
            format!("`{}` is another user for each who asks; policies name them one by one", rule.new_user.text),
            format!("here: {told}"),
        )
        .help("`--users FILE` names more of them, one a line"),
    );
    // What it may take from later rules is not known of the others.
    let set = Set { sure: Who::default(), ..set };
    shares.push(Share { rule, set, sure: Vec::new(), maybe: vec!["*".to_owned()], denies: !rule.allow });
    shares
}

/// The users of an expression: surely, and at most.
fn targets(re: &Re, known: &Known, notes: &mut Vec<Note>) -> (Vec<String>, Vec<String>) {
    let Some(patterns) = names(re, "new_user", notes) else { return (Vec::new(), vec!["*".to_owned()]) };
    let mut sure: Vec<String> = patterns.iter().filter(|one| one.exact).map(|one| one.text.clone()).collect();
    if sure.len() < patterns.len() {
        sure.extend(
            known.users.iter().filter(|user| re.regex.as_ref().is_ok_and(|regex| regex.matches(user))).cloned(),
        );
        notes.push(
            Note::warning(
                "known-users-only",
                re.at.clone(),
                format!("`{}` can't be told as names with `*`", re.text),
                "here only users that are known",
            )
            .help("`--users FILE` names more of them, one a line"),
        );
    }
    sure.sort();
    sure.dedup();
    (sure, patterns.into_iter().map(|one| one.text).collect())
}

/// `new_user` as Trino makes it of what `original_user` takes: `$1` is a group, a backslash takes the meaning from what
/// follows it. `None` where it names a group and none are given, or one that is not there.
fn substituted(text: &str, groups: Option<&[String]>) -> Option<String> {
    let mut made = String::new();
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\\' => made.extend(characters.next()),
            '$' => {
                let digit = characters.next().and_then(|c| c.to_digit(10))?;
                // What a user is called is put in as it is, and read as a part of the expression.
                made.push_str(groups?.get(digit as usize)?);
            }
            _ => made.push(character),
        }
    }
    Some(made)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_original_user_takes_is_put_in_as_trino_does() {
        let groups = ["alice@corp", "alice"].map(str::to_owned);
        for (text, made) in [
            ("$1", Some("alice")),
            ("$1_test", Some("alice_test")),
            ("$0", Some("alice@corp")),
            (r"a\.b", Some("a.b")),
            (r"\$1", Some("$1")),
            ("$2", None),
            ("${name}", None),
        ] {
            assert_eq!(substituted(text, Some(&groups)).as_deref(), made, "{text}");
        }
        assert_eq!(substituted("$1", None), None);
    }
}
