//! What one user may do with one table.
//!
//! Grants' rows add up, but a cell shows only where one grant covers both its column and its row: where grants differ in
//! columns, a column that is granted for fewer rows than are shown is `NULL` in the others.

use super::access::{ColumnRule, Columns, PolicyRef, Privilege};
use super::mask::{ColumnMask, holding, shown, told};
use super::template::Expression;
use crate::names::quoted;
use crate::sql::ast::{Expr, ExprKind};
use compact_str::CompactString;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What one user may do with one table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TableAccess {
    pub(super) privileges: BTreeSet<Privilege>,
    /// What grants of `select` give; columns and rows of one grant belong together.
    pub(super) parts: Vec<Part>,
    /// The columns that may not be selected, whatever grants them.
    pub(super) denied: BTreeSet<ColumnRule>,
    /// Those of them that a guardrail denies.
    pub(super) guarded: BTreeSet<ColumnRule>,
    /// In the order in which they win.
    pub(super) masks: Vec<ColumnMask>,
    pub(super) filters: Vec<Expression>,
    /// Whether `select` of the whole table is denied, granted or not.
    pub(super) select_denied: bool,
    /// Why it can't be said which rows may be seen.
    pub(super) unclear: Option<String>,
    /// The policies that granted something.
    pub granted_by: Vec<Arc<PolicyRef>>,
    /// The policies that took something away that was granted.
    pub denied_by: Vec<Arc<PolicyRef>>,
    /// The exceptions by which a guardrail does not hold.
    pub lifted_by: Vec<Arc<PolicyRef>>,
}

/// Columns that may be selected, and in which rows.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Part {
    pub(super) columns: Columns,
    /// All rows if absent.
    pub(super) rows: Option<Expression>,
}

/// What a column shows instead of its value, for people.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Told {
    /// In short: masks by their name.
    pub short: String,
    /// With what named masks do.
    pub long: String,
}

impl TableAccess {
    /// How many rules it was made of, and how many names of columns stand in them: by this its memory is estimated.
    pub(crate) fn rules_and_names(&self) -> (usize, usize) {
        let policies = self.granted_by.len() + self.denied_by.len() + self.lifted_by.len();
        let rules = self.parts.len() + self.masks.len() + self.filters.len() + policies;
        let granted = self.parts.iter().flat_map(|part| match &part.columns {
            Columns::All => &[],
            Columns::Some(rules) => rules.as_slice(),
        });
        let names = granted.chain(&self.denied).chain(&self.guarded).map(|rule| match rule {
            ColumnRule::Only(names) | ColumnRule::Except(names) => names.len(),
        });
        (rules, names.sum())
    }

    /// Access to nothing.
    pub fn none() -> TableAccess {
        TableAccess::default()
    }

    /// Whether `privilege` is granted.
    pub fn grants(&self, privilege: Privilege) -> bool {
        self.privileges.contains(&privilege)
    }

    /// The privileges that are granted.
    pub fn privileges(&self) -> &BTreeSet<Privilege> {
        &self.privileges
    }

    /// Whether a column, in lower case, may be selected, in some rows at least.
    pub fn allow(&self, column: &str) -> bool {
        self.grants(Privilege::Select)
            && self.parts.iter().any(|part| part.columns.allow(column))
            && !self.denied.iter().any(|denied| denied.takes_in(column))
    }

    /// Whether each column may be selected, those unknown today too.
    pub(crate) fn allows_all(&self) -> bool {
        self.grants(Privilege::Select) && self.parts.iter().any(|part| part.columns.all()) && self.denied.is_empty()
    }

    /// The columns that grants of `select` name, in some rows at least; some of them may be denied.
    pub fn columns(&self) -> Columns {
        let mut union = ColumnUnion::default();
        self.parts.iter().for_each(|part| union.add(&part.columns));
        union.columns().unwrap_or_else(|| Columns::Some(Vec::new()))
    }

    /// Whether each row and each column may be read as it is.
    pub fn unrestricted(&self) -> bool {
        self.grants(Privilege::Select)
            && self.parts.iter().any(|part| part.columns.all() && part.rows.is_none())
            && self.denied.is_empty()
            && self.masks.is_empty()
            && self.filters.is_empty()
            && self.unclear.is_none()
    }

    /// Whether rows may be hidden.
    pub fn filters_rows(&self) -> bool {
        !self.filters.is_empty() || self.unclear.is_some() || self.parts.iter().all(|part| part.rows.is_some())
    }

    /// Whether a mask, a filter or the rows of a grant stand before the values of the table.
    pub fn protects_values(&self) -> bool {
        !self.masks.is_empty()
            || !self.filters.is_empty()
            || self.unclear.is_some()
            || self.parts.iter().any(|part| part.rows.is_some())
    }

    /// Whether anything takes away from what reading could give: a denial, a mask or a filter, even of what is not granted.
    pub fn withholds(&self) -> bool {
        self.select_denied || !self.denied.is_empty() || self.protects_values()
    }

    /// What a column, in lower case, of a type, as Trino prints it, shows instead of its value; `None` if it shows its value.
    ///
    /// # Errors
    /// A text for the user, if it can't be said: the column can't be read then.
    pub fn mask(&self, column: &str, data_type: &str) -> Result<Option<Expression>, String> {
        // Most columns are as they are.
        let masked = self.masks.iter().any(|mask| super::matches(&mask.columns, column));
        if !masked && self.parts.iter().all(|part| part.rows.is_none()) {
            return Ok(None);
        }
        let masks = holding(&self.masks, column);
        let mask = if masks.is_empty() { None } else { Some(shown(&masks, column, data_type)?) };
        if let Some(mask) = &mask
            && masks.iter().any(|mask| !mask.of_guardrail)
        {
            self.shows_nothing_guarded(mask, column)?;
        }
        match self.rows_of(column)? {
            Some(condition) => Expression::shown_where(&condition, mask.as_ref(), column).map(Some),
            None => Ok(mask),
        }
    }

    /// What a column, in lower case, shows instead of its value, whatever its type; `None` if it shows its value.
    ///
    /// # Errors
    /// A text for the user, if it can't be said.
    pub fn told(&self, column: &str) -> Result<Option<Told>, String> {
        let masks = holding(&self.masks, column);
        let told = if masks.is_empty() { None } else { Some(told(&masks, column)?) };
        let told = match self.rows_of(column)? {
            Some(Expression { text, .. }) => {
                let (short, long) = told.unwrap_or_else(|| (quoted(column), quoted(column)));
                Some((format!("IF({text}, {short})"), format!("IF({text}, {long})")))
            }
            None => told,
        };
        Ok(told.map(|(short, long)| Told { short, long }))
    }

    /// Refuses the mask of a domain that names another column which a guardrail masks or denies: it would show in one
    /// column what the guardrail hides in another.
    fn shows_nothing_guarded(&self, mask: &Expression, column: &str) -> Result<(), String> {
        let guarded = |name: &str| {
            let masked = self.masks.iter().any(|mask| mask.of_guardrail && super::matches(&mask.columns, name));
            masked || self.guarded.iter().any(|rule| rule.takes_in(name))
        };
        match names_in(&mask.expr).into_iter().find(|name| name != column && guarded(name)) {
            None => Ok(()),
            Some(name) => Err(format!(
                "policy {} can't be applied to column {column}: its mask reads column {name}, which a guardrail hides from you",
                mask.named()
            )),
        }
    }

    /// The rows of a column, where it is not granted for all that are shown.
    fn rows_of(&self, column: &str) -> Result<Option<Expression>, String> {
        let covering: Vec<&Part> = self.parts.iter().filter(|part| part.columns.allow(column)).collect();
        let rows: Option<Vec<&Expression>> = covering.iter().map(|part| part.rows.as_ref()).collect();
        match rows {
            // Where each grant covers the column, those rows are the ones that are shown at all.
            Some(rows) if covering.len() < self.parts.len() && !rows.is_empty() => Expression::any_of(&rows).map(Some),
            _ => Ok(None),
        }
    }

    /// The row filters; all of them apply.
    ///
    /// # Errors
    /// A text for the user, if they can't be said: the table can't be read then.
    pub fn filters(&self) -> Result<Vec<Expression>, String> {
        if let Some(why) = &self.unclear {
            return Err(why.clone());
        }
        let mut filters = self.filters.clone();
        let rows: Option<Vec<&Expression>> = self.parts.iter().map(|part| part.rows.as_ref()).collect();
        if let Some(rows) = rows.filter(|rows| !rows.is_empty()) {
            filters.push(Expression::any_of(&rows)?);
        }
        Ok(filters)
    }
}

/// All names in an expression that may be those of columns.
fn names_in(expr: &Expr) -> BTreeSet<CompactString> {
    use crate::sql::visit::{Visit, walk};
    struct Find(BTreeSet<CompactString>);
    impl Visit for Find {
        fn expr(&mut self, node: &Expr) {
            match &node.kind {
                ExprKind::Identifier(name) | ExprKind::Dereference { base: _, field: name } => {
                    self.0.insert(name.folded());
                }
                _ => {}
            }
            walk::expr(self, node);
        }
    }
    let mut find = Find(BTreeSet::new());
    find.expr(expr);
    find.0
}

/// The union of grants' columns in its simplest form, so that the order of grants changes nothing.
#[derive(Default)]
pub(super) struct ColumnUnion {
    all: bool,
    only: BTreeSet<CompactString>,
    /// Names that each of the rules so far leaves out; only rules without patterns.
    except: Option<BTreeSet<CompactString>>,
    /// What can't be put together with the others.
    others: BTreeSet<ColumnRule>,
}

impl ColumnUnion {
    pub(super) fn add(&mut self, columns: &Columns) {
        match columns {
            Columns::All => self.all = true,
            Columns::Some(rules) => rules.iter().for_each(|rule| match rule {
                ColumnRule::Only(names) => self.only.extend(names.iter().cloned()),
                ColumnRule::Except(names) if names.iter().any(|name| name.contains('*')) => {
                    self.others.insert(rule.clone());
                }
                ColumnRule::Except(names) => {
                    self.except = Some(match self.except.take() {
                        Some(known) => known.intersection(names).cloned().collect(),
                        None => names.clone(),
                    });
                }
            }),
        }
    }

    /// The union; `None` if nothing was added.
    pub(super) fn columns(self) -> Option<Columns> {
        if self.all {
            return Some(Columns::All);
        }
        let mut rules: Vec<ColumnRule> = self.others.into_iter().collect();
        match self.except {
            None if self.only.is_empty() => {}
            None => rules.push(ColumnRule::Only(self.only)),
            Some(except) => {
                let left: BTreeSet<_> = except
                    .into_iter()
                    .filter(|name| !self.only.iter().any(|pattern| super::matches(pattern, name)))
                    .collect();
                if left.is_empty() {
                    return Some(Columns::All);
                }
                // What a pattern takes in beyond these names is taken in already.
                rules.push(ColumnRule::Except(left));
            }
        }
        if rules.is_empty() { None } else { Some(Columns::Some(rules)) }
    }
}
