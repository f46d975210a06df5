//! From what a user may know of to a filter over a metadata table.
//!
//! In: the rules of [`VisibleTables`], and which columns of the metadata table name a catalog, a schema, a table and a
//! column. Out: a disjunction of conjunctions of `"col" = 'lit'`, `"col" IN (…)`, `"col" NOT IN (…)` and
//! `"col" LIKE 'pat' ESCAPE '\'`, without parentheses but those of lists; or `TRUE`, or `FALSE`. A conjunction may be
//! narrowed by `"col" NOT LIKE '%$%'` besides, and by `NOT (…)` around a conjunction that is hidden. Whichever literal is
//! chosen out of each `IN`, what a disjunct takes in is taken in by one rule alone, so that a filter can be checked rule
//! by rule. What another disjunct covers is left out, and disjuncts that differ in one list are joined.

use crate::names::{literal, quoted};
use crate::policy::{ColumnRule, Columns, Hidden, VisibleTables, matches};
use compact_str::CompactString;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// The schema that each catalog has.
pub(in crate::analysis) const INFORMATION_SCHEMA: &str = "information_schema";

/// The columns of a metadata table that names stand in, outermost first.
#[derive(Clone, Copy, Debug)]
pub(super) struct NameColumns {
    /// The catalog's; `None` where all rows are of one catalog.
    pub(super) catalog: Option<&'static str>,
    /// The schema's; `None` where rows speak of catalogs.
    pub(super) schema: Option<&'static str>,
    /// The table's; `None` where rows speak of schemas.
    pub(super) table: Option<&'static str>,
    /// The column's; `None` where rows speak of tables.
    pub(super) column: Option<&'static str>,
}

/// A set of objects by patterns of their names. `*` stands for any text.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Objects {
    names: [CompactString; 3],
    columns: Names,
    /// What is taken out of them.
    without: BTreeSet<Disjunct>,
}

/// A set of column names.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Names {
    Any,
    In(BTreeSet<CompactString>),
    NotIn(BTreeSet<CompactString>),
    Like(CompactString),
}

impl Names {
    fn covers(&self, other: &Names) -> bool {
        match (self, other) {
            (Names::Any, _) => true,
            (Names::In(these), Names::In(those)) => those.is_subset(these),
            (Names::NotIn(these), Names::NotIn(those)) => these.is_subset(those),
            (Names::NotIn(these), Names::In(those)) => these.is_disjoint(those),
            (Names::Like(pattern), Names::In(those)) => those.iter().all(|name| matches(pattern, name)),
            (Names::Like(pattern), Names::Like(other)) => matches(pattern, other),
            (Names::Like(_), Names::Any | Names::NotIn(_))
            | (Names::In(_) | Names::NotIn(_), Names::Like(_))
            | (Names::In(_), Names::Any | Names::NotIn(_))
            | (Names::NotIn(_), Names::Any) => false,
        }
    }
}

/// Which of the rules a filter is made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Of {
    /// Each of them: what a user has any privilege on.
    AnyPrivilege,
    /// Those that let a user select columns, with these columns.
    Select,
    /// Those that let a user select each column of an object, and see how it is defined.
    Definition,
}

/// The filter that leaves what `visible` takes in. `catalog` is the one that all rows are of, if they are of one;
/// `information_schema` says whether the rows about that schema of each catalog stay.
pub(super) fn predicate(
    visible: &VisibleTables,
    of: Of,
    columns: NameColumns,
    catalog: Option<&str>,
    information_schema: bool,
) -> String {
    let objects = without_covered(objects(visible, of, columns, catalog, information_schema));
    if objects.is_empty() {
        return "FALSE".to_owned();
    }
    let mut by_without: BTreeMap<Without, Vec<Objects>> = BTreeMap::new();
    for object in objects {
        by_without.entry(object.without.clone()).or_default().push(object);
    }
    let mut disjuncts = BTreeSet::new();
    for (without, objects) in by_without {
        let taken: Vec<String> = without.iter().map(|disjunct| disjunct.atoms(columns).join(" AND ")).collect();
        if taken.iter().any(String::is_empty) {
            continue;
        }
        for disjunct in joined(objects) {
            let own = disjunct.to_sql(columns);
            // What is hidden of `t` is hidden of a connector's own tables about `t` (`t$partitions`) too.
            let about = (!without.is_empty()).then(|| disjunct.without_tables_about_tables(columns)).flatten();
            let about = about.filter(|about| !own.ends_with(about.as_str()));
            let parts = (!own.is_empty()).then_some(own).into_iter().chain(about);
            let parts = parts.chain(taken.iter().map(|taken| format!("NOT ({taken})")));
            disjuncts.insert(parts.collect::<Vec<_>>().join(" AND "));
        }
    }
    if disjuncts.is_empty() {
        return "FALSE".to_owned();
    }
    let disjuncts: Vec<String> = disjuncts.into_iter().collect();
    if disjuncts.iter().any(String::is_empty) { "TRUE".to_owned() } else { disjuncts.join(" OR ") }
}

/// What the rules take in, at the depth of the metadata table.
fn objects(
    visible: &VisibleTables,
    of: Of,
    columns: NameColumns,
    catalog: Option<&str>,
    information_schema: bool,
) -> HashSet<Objects> {
    let any = || CompactString::const_new("*");
    let mut objects = HashSet::new();
    for rule in &visible.rules {
        if catalog.is_some_and(|catalog| !matches(&rule.catalog, catalog)) {
            continue;
        }
        let in_catalog = catalog.map_or_else(|| one_star(&rule.catalog), CompactString::from);
        let here = |hidden: &&Hidden| catalog.is_none_or(|catalog| matches(&hidden.catalog, catalog));
        let without = |hides: &dyn Fn(&Hidden) -> bool| {
            let mut without = BTreeSet::new();
            let hidden = rule.hidden.iter().filter(here).filter(|hidden| hides(hidden));
            hidden.for_each(|hidden| hide(hidden, columns, catalog, &mut without));
            without
        };
        if information_schema {
            let names = [in_catalog.clone(), CompactString::const_new(INFORMATION_SCHEMA), any()];
            let without = without(&Hidden::hides_catalogs);
            objects.insert(Objects { names, columns: Names::Any, without });
        }
        let schema = if columns.schema.is_some() { one_star(&rule.schema) } else { any() };
        let table = if columns.table.is_some() { one_star(&rule.table) } else { any() };
        let names = [in_catalog, schema, table];
        let visible_columns = match of {
            Of::AnyPrivilege => vec![Names::Any],
            Of::Select if rule.selects() => column_sets(&rule.columns),
            Of::Definition if rule.defines() => vec![Names::Any],
            Of::Select | Of::Definition => Vec::new(),
        };
        let mut without = match (columns.schema, columns.table) {
            (_, Some(_)) => without(&|hidden| of != Of::AnyPrivilege || hidden.columns.all()),
            (Some(_), None) => without(&Hidden::hides_schemas),
            (None, None) => without(&Hidden::hides_catalogs),
        };
        if let (Some(_), Of::Select, Columns::Some(rules)) = (columns.table, of, &rule.columns) {
            rules.iter().for_each(|rule| hide_patterns(rule, &mut without));
        }
        objects.extend(visible_columns.into_iter().map(|columns| {
            let (names, without) = (names.clone(), without.clone());
            Objects { names, columns, without }
        }));
    }
    objects
}

/// What has to be taken out for something that is hidden, at the depth of the metadata table.
fn hide(hidden: &Hidden, columns: NameColumns, catalog: Option<&str>, without: &mut BTreeSet<Disjunct>) {
    let catalog = if catalog.is_some() { Atom::Any } else { Atom::of_pattern(one_star(&hidden.catalog)) };
    let schema = Atom::of_pattern(one_star(&hidden.schema));
    let table = Atom::of_pattern(one_star(&hidden.table));
    let mut take = |column: Atom| without.insert(Disjunct([catalog.clone(), schema.clone(), table.clone(), column]));
    let (Some(_), Columns::Some(rules)) = (columns.column, &hidden.columns) else {
        take(Atom::Any);
        return;
    };
    for rule in rules {
        match rule {
            ColumnRule::Only(names) => {
                let (patterns, exact): (BTreeSet<_>, BTreeSet<_>) =
                    names.iter().cloned().partition(|name| name.contains('*'));
                if !exact.is_empty() {
                    take(Atom::In(exact));
                }
                for pattern in patterns {
                    take(Atom::of_pattern(one_star(&pattern)));
                }
            }
            // What a pattern would leave in is hidden too.
            ColumnRule::Except(names) => {
                let exact: BTreeSet<_> = names.iter().filter(|name| !name.contains('*')).cloned().collect();
                take(if exact.is_empty() { Atom::Any } else { Atom::NotIn(exact) });
            }
        }
    }
}

/// What the patterns of a rule leave out, as `NOT IN` can't.
fn hide_patterns(rule: &ColumnRule, without: &mut BTreeSet<Disjunct>) {
    let ColumnRule::Except(names) = rule else { return };
    for pattern in names.iter().filter(|name| name.contains('*')) {
        without.insert(Disjunct([Atom::Any, Atom::Any, Atom::Any, Atom::of_pattern(one_star(pattern))]));
    }
}

/// `**` is `*`; one spelling of each pattern, so that no two cover each other.
fn one_star(pattern: &CompactString) -> CompactString {
    if !pattern.contains("**") {
        return pattern.clone();
    }
    let mut kept = CompactString::default();
    for character in pattern.chars() {
        if character != '*' || !kept.ends_with('*') {
            kept.push(character);
        }
    }
    kept
}

fn column_sets(columns: &Columns) -> Vec<Names> {
    match columns {
        Columns::All => vec![Names::Any],
        Columns::Some(rules) => rules
            .iter()
            .flat_map(|rule| {
                let (ColumnRule::Only(names) | ColumnRule::Except(names)) = rule;
                let (patterns, exact): (BTreeSet<_>, BTreeSet<_>) =
                    names.iter().cloned().partition(|name| name.contains('*'));
                let mut sets = Vec::new();
                match rule {
                    ColumnRule::Only(_) => {
                        if !exact.is_empty() {
                            sets.push(Names::In(exact));
                        }
                        sets.extend(patterns.iter().map(|pattern| Names::Like(one_star(pattern))));
                    }
                    ColumnRule::Except(_) if exact.is_empty() => sets.push(Names::Any),
                    ColumnRule::Except(_) => sets.push(Names::NotIn(exact)),
                }
                sets
            })
            .collect(),
    }
}

/// Drops what another one covers.
fn without_covered(objects: HashSet<Objects>) -> Vec<Objects> {
    let mut index: Patterns<Patterns<Patterns<Vec<&Objects>>>> = Patterns::default();
    for object in &objects {
        let [catalog, schema, table] = &object.names;
        index.at(catalog).at(schema).at(table).push(object);
    }
    let covered = |object: &Objects| {
        let [catalog, schema, table] = &object.names;
        let tables = index.taking_in(catalog).flat_map(|schemas| schemas.taking_in(schema));
        let mut others = tables.flat_map(|tables| tables.taking_in(table)).flatten();
        others.any(|other| {
            *other != object && other.columns.covers(&object.columns) && other.without.is_subset(&object.without)
        })
    };
    objects.iter().filter(|object| !covered(object)).cloned().collect()
}

/// Values by pattern. A pattern can only take in texts that begin with its own text before the first `*`, so they are
/// kept by that, and thousands of them don't have to be compared with each other.
#[derive(Debug)]
struct Patterns<T> {
    by_beginning: HashMap<CompactString, HashMap<CompactString, T>>,
    lengths: BTreeSet<usize>,
}

impl<T> Default for Patterns<T> {
    fn default() -> Patterns<T> {
        Patterns { by_beginning: HashMap::new(), lengths: BTreeSet::new() }
    }
}

impl<T: Default> Patterns<T> {
    /// The value of a pattern.
    fn at(&mut self, pattern: &CompactString) -> &mut T {
        let beginning = pattern.split('*').next().unwrap_or_default();
        self.lengths.insert(beginning.len());
        self.by_beginning.entry(beginning.into()).or_default().entry(pattern.clone()).or_default()
    }

    /// The values of the patterns that take in `other`, which may be a pattern: a `*` of it can only be taken in by a
    /// `*`, so it is compared like any other character.
    fn taking_in<'a>(&'a self, other: &'a str) -> impl Iterator<Item = &'a T> {
        self.lengths
            .range(..=other.len())
            .filter_map(|length| self.by_beginning.get(other.get(..*length)?))
            .flatten()
            .filter(|(pattern, _)| matches(pattern, other))
            .map(|(_, value)| value)
    }
}

/// A set of names of one kind, as one atom of the filter.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Atom {
    Any,
    In(BTreeSet<CompactString>),
    NotIn(BTreeSet<CompactString>),
    Like(CompactString),
}

impl Atom {
    fn of_pattern(pattern: CompactString) -> Atom {
        if pattern == "*" {
            Atom::Any
        } else if pattern.contains('*') {
            Atom::Like(pattern)
        } else {
            Atom::In(BTreeSet::from([pattern]))
        }
    }

    fn to_sql(&self, column: &str) -> Option<String> {
        let column = quoted(column);
        let list =
            |names: &BTreeSet<CompactString>| names.iter().map(|name| literal(name)).collect::<Vec<_>>().join(", ");
        match self {
            Atom::Any => None,
            Atom::In(names) if names.len() == 1 => Some(format!("{column} = {}", list(names))),
            Atom::In(names) => Some(format!("{column} IN ({})", list(names))),
            Atom::NotIn(names) => Some(format!("{column} NOT IN ({})", list(names))),
            Atom::Like(pattern) => Some(format!("{column} LIKE {} ESCAPE '\\'", literal(&like(pattern)))),
        }
    }
}

/// A pattern with `*` as a pattern of `LIKE` with the escape character `\`.
fn like(pattern: &str) -> String {
    let mut like = String::with_capacity(pattern.len());
    for character in pattern.chars() {
        match character {
            '*' => like.push('%'),
            '%' | '_' | '\\' => like.extend(['\\', character]),
            _ => like.push(character),
        }
    }
    like
}

/// Catalog, schema, table, column.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Disjunct([Atom; 4]);

impl Disjunct {
    fn atoms(&self, columns: NameColumns) -> Vec<String> {
        let columns = [columns.catalog, columns.schema, columns.table, columns.column];
        self.0.iter().zip(columns).filter_map(|(atom, column)| atom.to_sql(column?)).collect()
    }

    /// What takes out tables about tables, if the disjunct may take in some.
    fn without_tables_about_tables(&self, columns: NameColumns) -> Option<String> {
        let table = columns.table?;
        matches!(self.0, [_, _, Atom::Any | Atom::Like(_), _]).then(|| format!("{} NOT LIKE '%$%'", quoted(table)))
    }

    fn to_sql(&self, columns: NameColumns) -> String {
        let mut atoms = self.atoms(columns);
        // What a connector's own table about a table (`t$partitions`) has for columns tells of all columns of `t`.
        if columns.column.is_some() && !matches!(self.0, [_, _, _, Atom::Any]) {
            atoms.extend(self.without_tables_about_tables(columns));
        }
        atoms.join(" AND ")
    }
}

/// Disjuncts that the same is taken out of.
type Without = BTreeSet<Disjunct>;

/// Joins disjuncts that differ in one list of names only.
fn joined(objects: Vec<Objects>) -> Vec<Disjunct> {
    let mut disjuncts: Vec<Disjunct> = objects
        .into_iter()
        .map(|Objects { names: [catalog, schema, table], columns, without: _ }| {
            let columns = match columns {
                Names::Any => Atom::Any,
                Names::Like(pattern) => Atom::Like(pattern),
                Names::In(names) => Atom::In(names),
                Names::NotIn(names) => Atom::NotIn(names),
            };
            Disjunct([Atom::of_pattern(catalog), Atom::of_pattern(schema), Atom::of_pattern(table), columns])
        })
        .collect();
    for place in [3, 2, 1, 0] {
        let mut groups: BTreeMap<Disjunct, BTreeSet<CompactString>> = BTreeMap::new();
        let mut others = Vec::new();
        for mut disjunct in disjuncts {
            match disjunct.0.get_mut(place) {
                Some(atom @ Atom::In(_)) => {
                    if let Atom::In(names) = std::mem::replace(atom, Atom::Any) {
                        groups.entry(disjunct).or_default().extend(names);
                    }
                }
                _ => others.push(disjunct),
            }
        }
        disjuncts = others;
        disjuncts.extend(groups.into_iter().map(|(mut disjunct, names)| {
            if let Some(atom) = disjunct.0.get_mut(place) {
                *atom = Atom::In(names);
            }
            disjunct
        }));
    }
    disjuncts
}
