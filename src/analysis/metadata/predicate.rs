//! From what a user may know of to a filter over a metadata table.
//!
//! In: the rules of [`VisibleTables`], and which columns of the metadata table name a catalog, a schema, a table and a
//! column. Out: a disjunction of conjunctions of `"col" = 'lit'`, `"col" IN (…)`, `"col" NOT IN (…)` and
//! `"col" LIKE 'pat' ESCAPE '\'`, without parentheses but those of lists; or `TRUE`, or `FALSE`. Whichever literal is
//! chosen out of each `IN`, what a disjunct takes in is taken in by one rule alone, so that a filter can be checked rule
//! by rule. What another disjunct covers is left out, and disjuncts that differ in one list are joined.

use crate::names::{literal, quoted};
use crate::policy::{ColumnRule, Columns, VisibleTables, matches};
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
}

/// A set of column names.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Names {
    Any,
    In(BTreeSet<CompactString>),
    NotIn(BTreeSet<CompactString>),
}

impl Names {
    fn covers(&self, other: &Names) -> bool {
        match (self, other) {
            (Names::Any, _) => true,
            (Names::In(these), Names::In(those)) => those.is_subset(these),
            (Names::NotIn(these), Names::NotIn(those)) => these.is_subset(those),
            (Names::NotIn(these), Names::In(those)) => these.is_disjoint(those),
            (Names::In(_), Names::Any | Names::NotIn(_)) | (Names::NotIn(_), Names::Any) => false,
        }
    }
}

impl Objects {
    /// A pattern takes in another one if it takes in its text, since a `*` can only be taken in by a `*`.
    fn covers(&self, other: &Objects) -> bool {
        self.names.iter().zip(&other.names).all(|(pattern, text)| matches(pattern, text))
            && self.columns.covers(&other.columns)
    }

    /// The names in one text, up to the first `*` if `literal_part`.
    fn key(&self, literal_part: bool) -> String {
        let [catalog, schema, table] = &self.names;
        let key = format!("{catalog}\0{schema}\0{table}");
        match key.split_once('*') {
            Some((before, _)) if literal_part => before.to_owned(),
            _ => key,
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
    let disjuncts: Vec<String> =
        joined(objects).iter().map(|disjunct| disjunct.to_sql(columns)).collect::<BTreeSet<_>>().into_iter().collect();
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
        let in_catalog = if catalog.is_some() { any() } else { one_star(&rule.catalog) };
        if information_schema {
            let names = [in_catalog.clone(), CompactString::const_new(INFORMATION_SCHEMA), any()];
            objects.insert(Objects { names, columns: Names::Any });
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
        objects.extend(visible_columns.into_iter().map(|columns| Objects { names: names.clone(), columns }));
    }
    objects
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
            .filter_map(|rule| match rule {
                ColumnRule::Only(names) if names.is_empty() => None,
                ColumnRule::Only(names) => Some(Names::In(names.clone())),
                ColumnRule::Except(names) if names.is_empty() => Some(Names::Any),
                ColumnRule::Except(names) => Some(Names::NotIn(names.clone())),
            })
            .collect(),
    }
}

/// Drops what another one covers.
///
/// An object with a `*` can only cover those whose names begin with its text before the first `*`, and one without only
/// those of the same names; so each is looked up, and thousands of rules don't have to be compared with each other.
fn without_covered(objects: HashSet<Objects>) -> Vec<Objects> {
    let objects: Vec<Objects> = objects.into_iter().collect();
    let mut patterns: HashMap<String, Vec<&Objects>> = HashMap::new();
    let mut exact: HashMap<String, Vec<&Objects>> = HashMap::new();
    for object in &objects {
        let is_pattern = object.names.iter().any(|name| name.contains('*'));
        let index = if is_pattern { &mut patterns } else { &mut exact };
        index.entry(object.key(true)).or_default().push(object);
    }
    let lengths: BTreeSet<usize> = patterns.keys().map(String::len).collect();
    let covered = |object: &Objects| {
        let key = object.key(false);
        let wider = lengths.range(..=key.len()).filter_map(|length| patterns.get(key.get(..*length)?)).flatten();
        let same_names = exact.get(&key).into_iter().flatten();
        wider.chain(same_names).any(|other| *other != object && other.covers(object))
    };
    objects.iter().filter(|object| !covered(object)).cloned().collect()
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
    fn to_sql(&self, columns: NameColumns) -> String {
        let columns = [columns.catalog, columns.schema, columns.table, columns.column];
        let atoms = self.0.iter().zip(columns).filter_map(|(atom, column)| atom.to_sql(column?));
        atoms.collect::<Vec<_>>().join(" AND ")
    }
}

/// Joins disjuncts that differ in one list of names only.
fn joined(objects: Vec<Objects>) -> Vec<Disjunct> {
    let mut disjuncts: Vec<Disjunct> = objects
        .into_iter()
        .map(|Objects { names: [catalog, schema, table], columns }| {
            let columns = match columns {
                Names::Any => Atom::Any,
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
