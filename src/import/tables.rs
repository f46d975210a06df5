//! `tables` and `functions`, narrowed by `catalogs` and `queries`, as policies.
//!
//! Each piece of the tables has its own chain of rules. Where pieces have the same chain they become one policy again, so
//! that rules that don't overlap give one policy each.

use super::chain::{Link, grants, product, reached, restricted};
use super::expression::check;
use super::note::Note;
use super::objects::{Objects, Piece, Triple, cut, objects};
use super::policy::{Filter, Grant, Mask, Policy, Sort};
use super::rules::{CatalogMode, Origin, Rules, TableRule};
use super::who::{Known, Set};
use crate::policy::Privilege;
use std::collections::{BTreeMap, BTreeSet};

/// What a rule gives.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Effect {
    pub(super) privileges: BTreeSet<Privilege>,
    hidden: BTreeSet<String>,
    masks: BTreeMap<String, String>,
    filter: Option<String>,
}

impl Effect {
    pub(super) fn all(privileges: &[Privilege]) -> Effect {
        Effect { privileges: privileges.iter().copied().collect(), ..Effect::default() }
    }

    /// Whether whoever has both has no more than by this one.
    pub(super) fn covers(&self, other: &Effect) -> bool {
        self.privileges.is_superset(&other.privileges)
            && self.hidden.is_subset(&other.hidden)
            && self.masks.iter().all(|(column, mask)| other.masks.get(column) == Some(mask))
            && (self.filter.is_none() || self.filter == other.filter)
    }

    fn within(&self, mode: CatalogMode) -> Effect {
        let mut effect = self.clone();
        effect.privileges.retain(|privilege| match mode {
            CatalogMode::All | CatalogMode::Owner => true,
            CatalogMode::ReadOnly => matches!(privilege, Privilege::Select | Privilege::Execute),
            CatalogMode::None => false,
        });
        effect
    }
}

const OWNERSHIP: [Privilege; 4] = [Privilege::Create, Privilege::Drop, Privilege::Alter, Privilege::Show];
const ALL: [Privilege; 8] = [
    Privilege::Select,
    Privilege::Insert,
    Privilege::Delete,
    Privilege::Update,
    Privilege::Create,
    Privilege::Drop,
    Privilege::Alter,
    Privilege::Show,
];

/// A rule about objects.
pub(super) struct Rule<E> {
    pub(super) link: Link<E>,
    pub(super) objects: Objects,
}

/// The name of a list in a file that does not have it.
pub(super) fn absent(list: &'static str) -> Origin {
    Origin { list, index: usize::MAX, at: 0..0 }
}

/// What is said about catalogs and about who may run queries, for tables and functions alike.
pub(super) struct Bounds {
    catalogs: Vec<Rule<CatalogMode>>,
    queries: Vec<Link<CatalogMode>>,
}

impl Bounds {
    pub(super) fn new(rules: &Rules, known: &Known, notes: &mut Vec<Note>) -> Bounds {
        let any = |list| Link { origin: absent(list), set: Set::everyone(), effect: CatalogMode::All };
        let mut catalogs = Vec::new();
        match &rules.catalogs {
            None => catalogs.push(Rule { link: any("catalogs"), objects: everything() }),
            Some(list) => {
                for rule in list {
                    let set = known.set(&rule.about, notes);
                    let objects =
                        objects([("catalog", rule.catalog.as_ref()), ("schema", None), ("table", None)], notes);
                    let link = Link { origin: rule.about.origin.clone(), set, effect: rule.mode };
                    catalogs.push(Rule { link, objects });
                }
                // Trino adds this one itself.
                let system = Triple(["system", "*", "*"].map(str::to_owned));
                let objects = Objects { sure: vec![system], maybe: Vec::new() };
                catalogs.push(Rule { link: any("catalogs"), objects });
            }
        }
        let queries = match &rules.queries {
            None => vec![Link { effect: CatalogMode::Owner, ..any("queries") }],
            Some(list) => {
                let of_all = list.iter().filter(|rule| !rule.owner);
                reached(
                    of_all
                        .map(|rule| Link {
                            origin: rule.about.origin.clone(),
                            set: known.set(&rule.about, notes),
                            effect: if rule.allow.contains("EXECUTE") { CatalogMode::Owner } else { CatalogMode::None },
                        })
                        .collect(),
                )
            }
        };
        Bounds { catalogs, queries }
    }

    /// The same, without what is said about catalogs.
    pub(super) fn of_any_catalog(&self) -> Bounds {
        let link = Link { origin: absent("catalogs"), set: Set::everyone(), effect: CatalogMode::All };
        Bounds { catalogs: vec![Rule { link, objects: everything() }], queries: self.queries.clone() }
    }

    /// The pieces of the objects with their chains; `None` if they are too entangled.
    pub(super) fn pieces(&self, rules: &[Rule<Effect>], known: &Known) -> Option<Vec<(Piece, Vec<Link<Effect>>)>> {
        let of = |objects: &Objects| objects.sure.iter().chain(&objects.maybe).cloned().collect::<Vec<_>>();
        let mut patterns: Vec<Triple> = self.catalogs.iter().flat_map(|rule| of(&rule.objects)).collect();
        patterns.extend(rules.iter().flat_map(|rule| of(&rule.objects)));
        patterns.sort();
        patterns.dedup();
        patterns.retain(|pattern| *pattern != Triple::any());
        let mut pieces: Vec<(Piece, Vec<Link<Effect>>)> = Vec::new();
        for piece in cut(&patterns.iter().collect::<Vec<_>>())? {
            let within: Vec<&Triple> = piece.within.iter().filter_map(|at| patterns.get(*at)).collect();
            let of_rules = chain(rules, &within);
            let of_catalogs = chain(&self.catalogs, &within);
            let bounded = product(
                &self.queries,
                &of_catalogs,
                known,
                |query, _| query.origin.clone(),
                |query, catalog| *query.min(catalog),
            );
            let links =
                product(&bounded, &of_rules, known, |_, rule| rule.origin.clone(), |mode, rule| rule.within(*mode));
            if links.iter().all(|link| link.effect.privileges.is_empty()) {
                continue;
            }
            let same = pieces.iter_mut().filter(|(_, known)| *known == links);
            let joined = same.filter_map(|(other, _)| other.join(&piece).map(|joined| (other, joined))).next();
            match joined {
                Some((place, joined)) => *place = joined,
                None => pieces.push((piece, links)),
            }
        }
        Some(pieces)
    }
}

pub(super) fn everything() -> Objects {
    Objects { sure: vec![Triple::any()], maybe: Vec::new() }
}

/// The rules about a piece, in order.
fn chain<E: Clone + PartialEq>(rules: &[Rule<E>], within: &[&Triple]) -> Vec<Link<E>> {
    let inside = |list: &[Triple]| list.iter().any(|one| *one == Triple::any() || within.contains(&one));
    let mut links = Vec::new();
    for rule in rules {
        if inside(&rule.objects.sure) {
            links.push(rule.link.clone());
        } else if inside(&rule.objects.maybe) {
            links.push(rule.link.clone().uncertain());
        }
    }
    reached(links)
}

/// The policies of `tables`. `None` if the rules are too entangled.
pub(super) fn tables(rules: &Rules, bounds: &Bounds, known: &Known, notes: &mut Vec<Note>) -> Option<Vec<Policy>> {
    let list = match &rules.tables {
        None => vec![Rule {
            link: Link { origin: absent("tables"), set: Set::everyone(), effect: Effect::all(&ALL) },
            objects: everything(),
        }],
        Some(list) => list.iter().map(|rule| table(rule, known, notes)).collect(),
    };
    let all_own_schemas = rules.schemas.as_ref().is_none_or(|list| {
        list.first().is_some_and(|rule| {
            let anything = [&rule.about.user, &rule.about.role, &rule.about.group, &rule.catalog, &rule.schema];
            rule.owner && anything.iter().all(|re| re.as_ref().is_none_or(|re| re.text == ".*"))
        })
    });
    let mut policies = Vec::new();
    for (piece, mut links) in bounds.pieces(&list, known)? {
        // `show` on each table of a schema shows the schema's own text too, which in Trino only its owner sees.
        if !all_own_schemas && piece.tables.iter().any(|Triple([.., table])| table == "*") {
            links.iter_mut().for_each(|link| {
                link.effect.privileges.remove(&Privilege::Show);
            });
        }
        policies.extend(policy(&piece, &links, known, Sort::Table));
    }
    Some(policies)
}

/// A rule's effect, and what of it can't be mapped.
fn table(rule: &TableRule, known: &Known, notes: &mut Vec<Note>) -> Rule<Effect> {
    let mut effect = Effect::default();
    for word in &rule.privileges {
        match word.as_str() {
            "SELECT" | "GRANT_SELECT" => {
                effect.privileges.insert(Privilege::Select);
            }
            "INSERT" => {
                effect.privileges.insert(Privilege::Insert);
            }
            "DELETE" => {
                effect.privileges.insert(Privilege::Delete);
            }
            "UPDATE" => {
                effect.privileges.insert(Privilege::Update);
            }
            _ => effect.privileges.extend(OWNERSHIP),
        }
    }
    for column in &rule.columns {
        if column.name.chars().any(char::is_uppercase) {
            notes.push(
                Note::warning(
                    "upper-case-column",
                    column.at.clone(),
                    format!("Trino never matches the column `{}`: its names are in lower case", column.name),
                    "here it is protected",
                )
                .help("so the table is open in Trino where it was meant not to be"),
            );
        }
        if !column.allow {
            effect.hidden.insert(column.name.to_lowercase());
        }
    }
    // Trino checks what masks and filters read as if the user read it.
    let mut refused = Vec::new();
    for column in rule.columns.iter().filter(|column| column.allow) {
        let Some(mask) = &column.mask else { continue };
        let name = column.name.to_lowercase();
        let checked = check(mask, Some(&name));
        if !checked.words.is_disjoint(&effect.hidden) {
            refused.push((mask.at.clone(), "mask"));
        }
        let text = if checked.wrong.is_some() { "NULL".to_owned() } else { mask.text.clone() };
        notes.extend(checked.wrong);
        effect.masks.insert(name, text);
    }
    if let Some(filter) = &rule.filter {
        let checked = check(filter, None);
        if !checked.words.is_disjoint(&effect.hidden) {
            refused.push((filter.at.clone(), "filter"));
        }
        effect.filter = Some(if checked.wrong.is_some() { "false".to_owned() } else { filter.text.clone() });
        notes.extend(checked.wrong);
    }
    for (at, what) in refused {
        effect.privileges.remove(&Privilege::Select);
        notes.push(Note::warning(
            "reads-hidden-column",
            at,
            format!("the {what} reads a column that the same rule hides"),
            "so in Trino nobody can read the table by this rule, and here neither",
        ));
    }
    let set = known.set(&rule.about, notes);
    let parts = [("catalog", rule.catalog.as_ref()), ("schema", rule.schema.as_ref()), ("table", rule.table.as_ref())];
    let link = Link { origin: rule.about.origin.clone(), set, effect };
    Rule { link, objects: objects(parts, notes) }
}

/// The policy of one piece, if it gives anything to anybody.
pub(super) fn policy(piece: &Piece, links: &[Link<Effect>], known: &Known, sort: Sort) -> Option<Policy> {
    let (objects, except_objects) = (piece.tables.clone(), piece.except.clone());
    let mut policy = Policy { sort, objects, except_objects, ..Policy::default() };
    for (at, (link, to, except)) in grants(links, known, Effect::covers).into_iter().enumerate() {
        if !policy.origins.contains(&link.origin) {
            policy.origins.push(link.origin.clone());
        }
        let effect = &link.effect;
        if to.nobody() || effect.privileges.is_empty() {
            continue;
        }
        let reads = effect.privileges.contains(&Privilege::Select);
        let mut of_columns: BTreeSet<Privilege> = effect.privileges.clone();
        let mut others = BTreeSet::new();
        if reads && !effect.hidden.is_empty() {
            of_columns = BTreeSet::from([Privilege::Select]);
            others = effect.privileges.iter().copied().filter(|one| *one != Privilege::Select).collect();
        }
        for (privileges, hidden) in
            [(of_columns, if reads { effect.hidden.clone() } else { BTreeSet::new() }), (others, BTreeSet::new())]
        {
            if !privileges.is_empty() {
                let (origin, to, except) = (link.origin.clone(), to.clone(), except.clone());
                policy.grants.push(Grant { origin, to, except, privileges, hidden });
            }
        }
        let (to, except) = restricted(links, at, known);
        if to.nobody() {
            continue;
        }
        for (column, expression) in &effect.masks {
            policy.masks.push(Mask {
                origin: link.origin.clone(),
                column: column.clone(),
                expression: expression.clone(),
                to: to.clone(),
                except: except.clone(),
            });
        }
        if let Some(expression) = &effect.filter {
            policy.filters.push(Filter { origin: link.origin.clone(), expression: expression.clone(), to, except });
        }
    }
    let first = policy.grants.first()?;
    policy.name = match first.origin.index {
        usize::MAX => first.origin.list.to_owned(),
        index => format!("{}-{index}", first.origin.list),
    };
    Some(policy)
}
