//! The proof that a metadata table shows only what is visible.
//!
//! The predicate in its guard is read back as a disjunction of conjunctions of `"a"."col" = 'lit'`, `LIKE`, `IN` and
//! `NOT IN`; whichever literal is chosen from the `IN` lists, one rule of [`VisibleTables`] must take in all that is
//! left. A table that is not listed here may show nothing.

use super::pattern;
use super::shape::is_column;
use crate::enforce::Request;
use crate::names::TableName;
use crate::policy::{ColumnRule, Columns, Hidden, Privilege, Visible, VisibleTables, matches};
use crate::sql::Identifier;
use crate::sql::ast::{Arguments, ComparisonOperator, Expr, ExprKind, LogicalOperator};
use std::collections::BTreeSet;

/// Conjunctions that a predicate may unfold to.
const MOST_CONJUNCTIONS: usize = 100_000;

/// What the rows of a metadata table speak about.
#[derive(Debug)]
pub(super) struct Metadata {
    rows: Rows,
    /// Columns with texts that name what a reader may not know of.
    texts: &'static [&'static str],
    visible: VisibleTables,
}

#[derive(Debug)]
enum Rows {
    /// Objects, named by these columns.
    Objects(Objects),
    /// Statements of this user only.
    OwnQueries { user: String },
    /// Nothing that a policy could hide.
    Fixed,
    /// Not known: no row may be shown.
    Unknown,
}

#[derive(Clone, Debug)]
struct Objects {
    catalog: CatalogColumn,
    schema: Option<&'static str>,
    table: Option<&'static str>,
    column: Option<&'static str>,
}

#[derive(Clone, Debug)]
enum CatalogColumn {
    /// The catalog's column.
    Named(&'static str),
    /// The catalog's column, and the only catalog that rows can have.
    Fixed(&'static str, String),
}

/// The metadata table of a name, if it is one.
pub(super) fn of(request: &Request<'_>, name: &TableName) -> Option<Metadata> {
    let metadata = |rows, texts| {
        let visible = request.snapshot.visible(request.subject);
        Some(Metadata { rows, texts, visible })
    };
    let objects = |catalog, columns: &[&'static str]| {
        let mut columns = columns.iter().copied();
        Rows::Objects(Objects { catalog, schema: columns.next(), table: columns.next(), column: columns.next() })
    };
    let named = CatalogColumn::Named;
    if name.schema == "information_schema" {
        let here = |column| CatalogColumn::Fixed(column, name.catalog.to_string());
        return match name.table.as_str() {
            "tables" | "table_privileges" => {
                metadata(objects(here("table_catalog"), &["table_schema", "table_name"]), &[])
            }
            "views" => metadata(objects(here("table_catalog"), &["table_schema", "table_name"]), &["view_definition"]),
            "columns" => metadata(objects(here("table_catalog"), &["table_schema", "table_name", "column_name"]), &[]),
            "schemata" => metadata(objects(here("catalog_name"), &["schema_name"]), &[]),
            _ => metadata(Rows::Unknown, &[]),
        };
    }
    if name.catalog != "system" {
        return None;
    }
    match (name.schema.as_str(), name.table.as_str()) {
        ("jdbc", "catalogs") => metadata(objects(named("table_cat"), &[]), &[]),
        ("jdbc", "schemas") => metadata(objects(named("table_catalog"), &["table_schem"]), &[]),
        ("jdbc", "tables") => metadata(objects(named("table_cat"), &["table_schem", "table_name"]), &[]),
        ("jdbc", "columns") => {
            metadata(objects(named("table_cat"), &["table_schem", "table_name", "column_name"]), &[])
        }
        // Trino fills none of these but the two of types (io.trino.connector.system.jdbc).
        (
            "jdbc",
            "attributes" | "procedures" | "procedure_columns" | "pseudo_columns" | "super_tables" | "super_types"
            | "table_types" | "types" | "udts",
        ) => metadata(Rows::Fixed, &[]),
        (
            "metadata",
            "catalogs"
            | "analyze_properties"
            | "column_properties"
            | "materialized_view_properties"
            | "schema_properties"
            | "table_properties",
        ) => metadata(objects(named("catalog_name"), &[]), &[]),
        ("metadata", "table_comments") => metadata(objects(named("catalog_name"), &["schema_name", "table_name"]), &[]),
        ("metadata", "materialized_views") => metadata(
            objects(named("catalog_name"), &["schema_name", "name"]),
            &["storage_catalog", "storage_schema", "storage_table", "definition"],
        ),
        ("jdbc" | "metadata", _) => metadata(Rows::Unknown, &[]),
        ("runtime", "queries") if !granted_by_name(request, name) => {
            metadata(Rows::OwnQueries { user: request.subject.user.clone() }, &["query"])
        }
        _ => None,
    }
}

/// Whether a rule about the catalog `system` itself lets the user select from the table, which opens others' statements.
fn granted_by_name(request: &Request<'_>, name: &TableName) -> bool {
    request.snapshot.visible(request.subject).rules.iter().any(|rule| {
        rule.catalog == name.catalog
            && matches(&rule.schema, &name.schema)
            && matches(&rule.table, &name.table)
            && rule.privileges.contains(&Privilege::Select)
            && rule.hidden.is_empty()
    })
}

/// A condition on one column.
#[derive(Clone, Debug)]
enum Test {
    In(Vec<String>),
    NotIn(BTreeSet<String>),
    Like(String, Option<char>),
    /// It takes something away, so it proves nothing and does no harm.
    NotLike,
}

/// A condition of a conjunction.
#[derive(Clone, Debug)]
enum Atom<'e> {
    On(&'e Expr, Test),
    /// `NOT (…)` around conditions.
    Without(Vec<(&'e Expr, Test)>),
}

/// Conditions on columns, by the column's name.
type Tests = Vec<(String, Test)>;

impl Metadata {
    /// Proves that `predicate` takes in nothing that is not visible.
    pub(super) fn prove(&self, alias: &Identifier, predicate: &Expr) -> Result<(), String> {
        self.covered(alias, predicate, false)
    }

    /// Whether the user may know of all that a row can speak of, texts too, so that no guard is needed.
    pub(super) fn hides_nothing(&self) -> bool {
        self.conjunction_covered(&[], &[], false) && (self.texts.is_empty() || self.conjunction_covered(&[], &[], true))
    }

    /// Proves the item of a column: the column itself, unless it is a text that is hidden by `NULL`, or by `IF` where
    /// the whole table is open to be shown.
    pub(super) fn item(&self, alias: &Identifier, column: &str, item: &Expr) -> Result<(), String> {
        let differs = || Err(format!("{column} is not the table's column"));
        if !self.texts.contains(&column) {
            return if is_column(item, alias, column) { Ok(()) } else { differs() };
        }
        let ExprKind::Cast { safe: false, value, data_type: _ } = &item.kind else { return differs() };
        match &bare(value).kind {
            ExprKind::Null => Ok(()),
            ExprKind::Call(call) if matches!(call.name.parts.as_slice(), [name] if name.folded() == "if") => {
                match &call.arguments {
                    Arguments::List(arguments) => match arguments.as_slice() {
                        [condition, text] if is_column(text, alias, column) => self.covered(alias, condition, true),
                        _ => differs(),
                    },
                    Arguments::Star(_) | Arguments::Named(_) => differs(),
                }
            }
            _ => differs(),
        }
    }

    /// `texts`: whether the texts of views are shown, which takes more than to know of them.
    fn covered(&self, alias: &Identifier, predicate: &Expr, texts: bool) -> Result<(), String> {
        for conjunction in unfold(predicate)? {
            let mut tests: Tests = Vec::new();
            let mut without: Vec<Tests> = Vec::new();
            for atom in conjunction {
                match atom {
                    Atom::On(column, test) => tests.push((self.test_column(alias, column)?, test)),
                    Atom::Without(atoms) => {
                        let named = |(column, test)| Ok::<_, String>((self.test_column(alias, column)?, test));
                        without.push(atoms.into_iter().map(named).collect::<Result<_, _>>()?);
                    }
                }
            }
            if !self.conjunction_covered(&tests, &without, texts) {
                return Err("a part of the predicate takes in what is not visible".to_owned());
            }
        }
        Ok(())
    }

    /// The name of the column that a condition is on.
    fn test_column(&self, alias: &Identifier, column: &Expr) -> Result<String, String> {
        let ExprKind::Dereference { base: _, field } = &column.kind else {
            return Err("a condition on something else than a column".to_owned());
        };
        let name = field.folded().to_string();
        if is_column(column, alias, &name) && self.has_test_column(&name) {
            Ok(name)
        } else {
            Err(format!("a condition on {name}"))
        }
    }

    fn has_test_column(&self, name: &str) -> bool {
        match &self.rows {
            Rows::Objects(objects) => {
                let (CatalogColumn::Named(catalog) | CatalogColumn::Fixed(catalog, _)) = &objects.catalog;
                [Some(*catalog), objects.schema, objects.table, objects.column].contains(&Some(name))
            }
            Rows::OwnQueries { .. } => name == "user",
            Rows::Fixed | Rows::Unknown => false,
        }
    }

    fn conjunction_covered(&self, tests: &[(String, Test)], without: &[Tests], texts: bool) -> bool {
        let of = |column: &str| tests_of(tests, column);
        let objects = match &self.rows {
            Rows::Fixed => return !texts,
            Rows::Unknown => return false,
            Rows::OwnQueries { user } => {
                let own = |test: &&Test| matches!(test, Test::In(names) if names.iter().all(|name| name == user));
                return !texts && of("user").iter().any(own);
            }
            Rows::Objects(objects) => objects,
        };
        let catalog = match &objects.catalog {
            CatalogColumn::Named(column) => Part::of(of(column)),
            CatalogColumn::Fixed(_, only) => Part::one(only),
        };
        let of = |column: Option<&'static str>| column.map(|column| Part::of(of(column)));
        let without = without.iter().map(|tests| {
            let part = |column: &'static str| Part::of(tests_of(tests, column));
            let (CatalogColumn::Named(catalog) | CatalogColumn::Fixed(catalog, _)) = &objects.catalog;
            [Some(*catalog), objects.schema, objects.table, objects.column].map(|column| column.map(part))
        });
        let parts = Parts {
            catalog,
            schema: of(objects.schema),
            table: of(objects.table),
            column: of(objects.column),
            without: without.collect(),
        };
        let rules: Vec<&Visible> = self.visible.rules.iter().collect();
        parts.covered(&rules, texts)
    }
}

fn tests_of<'t>(tests: &'t [(String, Test)], column: &str) -> Vec<&'t Test> {
    tests.iter().filter(|(name, _)| name == column).map(|(_, test)| test).collect()
}

/// What is known of one part of a name.
#[derive(Clone, Debug)]
struct Part {
    tests: Vec<Test>,
}

impl Part {
    fn of(tests: Vec<&Test>) -> Part {
        Part { tests: tests.into_iter().cloned().collect() }
    }

    fn one(name: &str) -> Part {
        Part { tests: vec![Test::In(vec![name.to_owned()])] }
    }

    /// Each choice from the lists of literals; the part itself if it has none.
    fn choices(&self) -> Vec<Part> {
        let lists = self.tests.iter().find_map(|test| match test {
            Test::In(names) => Some(names),
            Test::NotIn(_) | Test::Like(..) | Test::NotLike => None,
        });
        lists.map_or_else(|| vec![self.clone()], |names| names.iter().map(|name| Part::one(name)).collect())
    }

    fn within(&self, rule: &str) -> bool {
        pattern::takes_in(rule, "%", None)
            || self.tests.iter().any(|test| match test {
                Test::In(names) => names.iter().all(|name| matches(rule, name)),
                Test::NotIn(_) | Test::NotLike => false,
                Test::Like(like, escape) => pattern::takes_in(rule, like, *escape),
            })
    }

    fn is(&self, name: &str) -> bool {
        self.tests.iter().any(|test| matches!(test, Test::In(names) if names.iter().all(|other| other == name)))
    }

    /// Whether a rule takes in each column that is left. Patterns are none of exact names' business.
    fn granted(&self, columns: &Columns) -> bool {
        let rules = match columns {
            Columns::All => return true,
            Columns::Some(rules) => rules,
        };
        let has = |names: &BTreeSet<compact_str::CompactString>, name: &String| {
            names.iter().any(|pattern| matches(pattern, name))
        };
        rules.iter().any(|rule| {
            self.tests.iter().any(|test| match (rule, test) {
                (ColumnRule::Only(only), Test::In(names)) => names.iter().all(|name| has(only, name)),
                (ColumnRule::Except(except), Test::In(names)) => !names.iter().any(|name| has(except, name)),
                (ColumnRule::Except(except), Test::NotIn(names)) => except.iter().all(|name| exactly(names, name)),
                (ColumnRule::Only(only), Test::Like(like, escape)) => {
                    only.iter().any(|pattern| pattern::takes_in(pattern, like, *escape))
                }
                (ColumnRule::Only(_), Test::NotIn(_)) | (_, Test::Like(..) | Test::NotLike) => false,
            })
        })
    }
}

/// The parts of a name that a conjunction speaks about; a part that the rows don't have is `None`.
#[derive(Clone, Debug)]
struct Parts {
    catalog: Part,
    schema: Option<Part>,
    table: Option<Part>,
    column: Option<Part>,
    /// What is taken out: catalog, schema, table and column, each with no test where any name is meant.
    without: Vec<[Option<Part>; 4]>,
}

impl Parts {
    /// Whether each choice of literals is taken in by one of the rules.
    fn covered(&self, rules: &[&Visible], texts: bool) -> bool {
        let any = &Part { tests: Vec::new() };
        self.catalog.choices().iter().all(|catalog| {
            let rules: Vec<_> = rules.iter().copied().filter(|rule| catalog.within(&rule.catalog)).collect();
            let known = rules.iter().any(|rule| {
                let mut hidden = rule.hidden.iter().filter(|hidden| hidden.hides_catalogs());
                hidden.all(|hidden| self.leaves_out(&[catalog, any, any], None, hidden))
            });
            let Some(schema) = &self.schema else { return known };
            schema.choices().iter().all(|schema| {
                if known && !texts && schema.is("information_schema") {
                    return true;
                }
                let rules: Vec<_> = rules.iter().copied().filter(|rule| schema.within(&rule.schema)).collect();
                let Some(table) = &self.table else {
                    return rules.iter().any(|rule| {
                        let mut hidden = rule.hidden.iter().filter(|hidden| hidden.hides_schemas());
                        hidden.all(|hidden| self.leaves_out(&[catalog, schema, any], None, hidden))
                    });
                };
                table.choices().iter().all(|table| {
                    let names = [catalog, schema, table];
                    let mut rules = rules.iter().filter(|rule| table.within(&rule.table));
                    match &self.column {
                        None if texts => rules.any(|rule| {
                            rule.hidden.iter().all(|hidden| self.leaves_out(&names, None, hidden))
                                && rule.columns.all()
                                && rule.privileges.contains(&Privilege::Select)
                                && rule.privileges.contains(&Privilege::Show)
                        }),
                        None => rules.any(|rule| {
                            let mut hidden = rule.hidden.iter().filter(|hidden| hidden.columns.all());
                            hidden.all(|hidden| self.leaves_out(&names, None, hidden))
                        }),
                        Some(column) => {
                            let rules: Vec<_> =
                                rules.filter(|rule| rule.privileges.contains(&Privilege::Select)).collect();
                            column.choices().iter().all(|column| {
                                rules.iter().any(|rule| {
                                    let out = |hidden| self.leaves_out(&names, Some(column), hidden);
                                    rule.hidden.iter().all(out)
                                        && (column.granted(&rule.columns)
                                            || self.granted_without(column, &rule.columns))
                                })
                            })
                        }
                    }
                })
            })
        })
    }
}

impl Parts {
    /// Whether what is left can't be of what is hidden: a name is another one, or what is taken out takes it in.
    fn leaves_out(&self, names: &[&Part; 3], column: Option<&Part>, hidden: &Hidden) -> bool {
        let patterns = [&hidden.catalog, &hidden.schema, &hidden.table];
        let other = |(part, pattern): (&&Part, &&compact_str::CompactString)| {
            part.tests
                .iter()
                .any(|test| matches!(test, Test::In(names) if !names.iter().any(|name| matches(pattern, name))))
        };
        let other_column = column.is_some_and(|column| {
            column.tests.iter().any(|test| match (test, &hidden.columns) {
                (Test::In(names), columns) => !names.iter().any(|name| columns.allow(name)),
                (Test::NotIn(names), Columns::Some(rules)) => rules.iter().all(|rule| match rule {
                    ColumnRule::Only(only) => only.iter().all(|name| exactly(names, name)),
                    ColumnRule::Except(_) => false,
                }),
                _ => false,
            })
        });
        if names.iter().zip(&patterns).any(other) || other_column {
            return true;
        }
        // Several of what is taken out may take in what is hidden, each some of its columns.
        let taking: Vec<&Option<Part>> = self
            .without
            .iter()
            .filter(|[catalog, schema, table, _]| {
                [catalog, schema, table]
                    .into_iter()
                    .zip(patterns)
                    .all(|(part, pattern)| takes_in(part.as_ref(), pattern))
            })
            .map(|[_, _, _, column]| column)
            .collect();
        let any = |part: &&Option<Part>| part.as_ref().is_none_or(|part| part.tests.is_empty());
        if taking.iter().any(any) {
            return true;
        }
        let Columns::Some(rules) = &hidden.columns else { return false };
        rules.iter().all(|rule| match rule {
            ColumnRule::Only(only) => only.iter().all(|name| taking.iter().any(|part| takes_in(part.as_ref(), name))),
            ColumnRule::Except(except) => taking.iter().any(|part| {
                let tests = part.iter().flat_map(|part| &part.tests);
                tests.clone().count() == 1
                    && tests.clone().any(|test| {
                        matches!(test, Test::NotIn(names) if names.iter().all(|name| except.contains(name.as_str())))
                    })
            }),
        })
    }

    /// Whether a rule that leaves columns out by patterns leaves in what is left here.
    fn granted_without(&self, column: &Part, columns: &Columns) -> bool {
        let Columns::Some(rules) = columns else { return true };
        rules.iter().any(|rule| {
            let ColumnRule::Except(except) = rule else { return false };
            except.iter().all(|name| {
                let not_in = column.tests.iter().any(|test| match test {
                    Test::NotIn(names) => exactly(names, name),
                    Test::In(names) => !names.iter().any(|other| matches(name, other)),
                    Test::Like(..) | Test::NotLike => false,
                });
                let everywhere = |part: &Option<Part>| part.as_ref().is_none_or(|part| part.tests.is_empty());
                let taken = self.without.iter().any(|[catalog, schema, table, column]| {
                    [catalog, schema, table].into_iter().all(everywhere) && takes_in(column.as_ref(), name)
                });
                not_in || taken
            })
        })
    }
}

/// Whether a name is no pattern and one of these.
fn exactly(names: &BTreeSet<String>, name: &str) -> bool {
    !name.contains('*') && names.contains(name)
}

/// Whether a part that is taken out takes in each name of a policy's pattern; one without a test takes in any.
fn takes_in(part: Option<&Part>, pattern: &str) -> bool {
    let Some(part) = part else { return true };
    part.tests.iter().all(|test| match test {
        Test::In(names) => !pattern.contains('*') && names.iter().any(|name| name == pattern),
        Test::NotIn(names) => !pattern.contains('*') && !names.contains(pattern),
        Test::Like(like, escape) => pattern::like_takes_in(like, *escape, pattern),
        Test::NotLike => false,
    })
}

/// The predicate as a disjunction of conjunctions; `TRUE` is an empty conjunction, `FALSE` none at all.
fn unfold(predicate: &Expr) -> Result<Vec<Vec<Atom<'_>>>, String> {
    let predicate = bare(predicate);
    match &predicate.kind {
        ExprKind::Boolean(true) => Ok(vec![Vec::new()]),
        ExprKind::Boolean(false) => Ok(Vec::new()),
        ExprKind::Logical { operator: LogicalOperator::Or, terms } => {
            let mut all = Vec::new();
            for term in terms {
                all.extend(unfold(term)?);
                bounded(all.len())?;
            }
            Ok(all)
        }
        ExprKind::Logical { operator: LogicalOperator::And, terms } => {
            let mut all: Vec<Vec<Atom<'_>>> = vec![Vec::new()];
            for term in terms {
                let unfolded = unfold(term)?;
                bounded(all.len().saturating_mul(unfolded.len()))?;
                all = all
                    .iter()
                    .flat_map(|left| unfolded.iter().map(|right| left.iter().chain(right).cloned().collect()))
                    .collect();
            }
            Ok(all)
        }
        ExprKind::Not(inner) => {
            let inner = bare(inner);
            let terms = match &inner.kind {
                ExprKind::Logical { operator: LogicalOperator::And, terms } => terms.as_slice(),
                _ => std::slice::from_ref(inner),
            };
            let atoms: Option<Vec<_>> = terms.iter().map(|term| atom(bare(term))).collect();
            atoms.map(|atoms| vec![vec![Atom::Without(atoms)]]).ok_or_else(|| "NOT of another form".to_owned())
        }
        _ => atom(predicate)
            .map(|(column, test)| vec![vec![Atom::On(column, test)]])
            .ok_or_else(|| "a condition of another form".to_owned()),
    }
}

fn bounded(conjunctions: usize) -> Result<(), String> {
    if conjunctions > MOST_CONJUNCTIONS { Err("the predicate is too large".to_owned()) } else { Ok(()) }
}

fn atom(condition: &Expr) -> Option<(&Expr, Test)> {
    match &condition.kind {
        ExprKind::Comparison { operator: ComparisonOperator::Equal, left, right } => {
            Some((left.as_ref(), Test::In(vec![text(right)?])))
        }
        ExprKind::InList { negated: false, value, list } => {
            Some((value.as_ref(), Test::In(list.iter().map(text).collect::<Option<_>>()?)))
        }
        ExprKind::InList { negated: true, value, list } => {
            Some((value.as_ref(), Test::NotIn(list.iter().map(text).collect::<Option<_>>()?)))
        }
        ExprKind::Like { negated: false, value, pattern, escape } => {
            let escape = match escape {
                None => None,
                Some(escape) => {
                    let escape = text(escape)?;
                    let mut chars = escape.chars();
                    Some(chars.next().filter(|_| chars.next().is_none())?)
                }
            };
            Some((value.as_ref(), Test::Like(text(pattern)?, escape)))
        }
        ExprKind::Like { negated: true, value, pattern, escape: None } => {
            text(pattern).map(|_| (value.as_ref(), Test::NotLike))
        }
        _ => None,
    }
}

fn text(literal: &Expr) -> Option<String> {
    match &literal.kind {
        ExprKind::String(text) => Some(text.value.to_string()),
        _ => None,
    }
}

fn bare(mut expr: &Expr) -> &Expr {
    while let ExprKind::Parenthesized(inner) = &expr.kind {
        expr = inner;
    }
    expr
}
