//! Rules of which the first that matches decides, for one piece of the objects.

use super::rules::Origin;
use super::who::{Known, Set, Who};

/// One rule, or several of different lists together, as a link of a chain.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Link<E> {
    pub(super) origin: Origin,
    /// Whom it is about. If it is not sure that the rule is about these objects, nobody is surely of it.
    pub(super) set: Set,
    pub(super) effect: E,
}

impl<E> Link<E> {
    /// A link of a rule whose expressions for the objects can't all be told.
    pub(super) fn uncertain(mut self) -> Link<E> {
        self.set.sure = Who::default();
        self
    }
}

/// Without the links that nothing reaches; neighbours that give the same, by the same rule, are one.
pub(super) fn reached<E: PartialEq>(links: Vec<Link<E>>) -> Vec<Link<E>> {
    let mut kept: Vec<Link<E>> = Vec::new();
    for link in links {
        let last = link.set.sure.everyone;
        match kept.last_mut() {
            _ if link.set.empty() => {}
            Some(before) if before.origin == link.origin && before.effect == link.effect => before.set.add(&link.set),
            _ => kept.push(link),
        }
        if last {
            break;
        }
    }
    kept
}

/// The chain of the first link of `a` that matches with the first of `b`.
pub(super) fn product<A, B, E: PartialEq>(
    a: &[Link<A>],
    b: &[Link<B>],
    known: &Known,
    origin: impl Fn(&Link<A>, &Link<B>) -> Origin,
    effect: impl Fn(&A, &B) -> E,
) -> Vec<Link<E>> {
    let mut links = Vec::new();
    for one in a {
        for other in b {
            links.push(Link {
                origin: origin(one, other),
                set: known.both(&one.set, &other.set),
                effect: effect(&one.effect, &other.effect),
            });
        }
    }
    reached(links)
}

/// For each link: to whom what it gives goes, and whom to leave out.
///
/// `covers` says that falling through to a later link gives no more than the earlier one would: then nobody is left out
/// for it.
pub(super) fn grants<'l, E>(
    links: &'l [Link<E>],
    known: &Known,
    covers: impl Fn(&E, &E) -> bool,
) -> Vec<(&'l Link<E>, Who, Who)> {
    let mut found = Vec::new();
    for (at, link) in links.iter().enumerate() {
        let taken: Vec<&Set> = links
            .iter()
            .take(at)
            .filter(|before| !covers(&before.effect, &link.effect))
            .map(|link| &link.set)
            .collect();
        let (to, except) = known.without(&link.set.sure, &taken);
        found.push((link, to, except));
    }
    found
}

/// To whom a link's restrictions apply: all of the link, without those for whom an earlier one surely decides.
pub(super) fn restricted<E>(links: &[Link<E>], at: usize, known: &Known) -> (Who, Who) {
    let before: Vec<Set> = links.iter().take(at).map(|link| Set::exact(link.set.sure.clone())).collect();
    let Some(link) = links.get(at) else { return Default::default() };
    known.without(&link.set.sure, &before.iter().collect::<Vec<_>>())
}
