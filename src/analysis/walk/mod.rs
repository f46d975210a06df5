//! The walk over a tree that finds base relations, columns and functions in their scopes.
//!
//! The rules of scoping are those of Trino's `StatementAnalyzer` and `ExpressionAnalyzer`
//! (<https://github.com/trinodb/trino/tree/476/core/trino-main/src/main/java/io/trino/sql/analyzer>).

mod column;
mod expression;
mod pattern;
mod query;
mod relation;

pub(crate) use relation::table_name;

use super::facts::{BaseRelation, Facts, Place, Problem};
use super::intent::Own;
use super::scope::{Field, Origin, Qualifier, RelationType, Scope, ScopeRef, TypeClass};
use super::session::Session;
use super::world::World;
use crate::catalog::table::Column;
use crate::names::TableName;
use crate::sql::Span;
use crate::sql::ast::{Expr, Query};
use compact_str::CompactString;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;

/// What a query of the user's touches.
pub(crate) fn query(world: &mut World<'_>, session: &Session, query: &Query) -> Facts {
    let mut walk = Walk::new(world, Names::Session(session));
    walk.top(query);
    walk.facts
}

/// What the text of a view touches, for its reader. `view` finds its short names; without it none can be used.
pub(super) fn view(world: &mut World<'_>, view: Option<&ViewOf<'_>>, query: &Query) -> Facts {
    let mut walk = Walk::new(world, Names::View(view));
    walk.top(query);
    walk.facts
}

/// What expressions of the user's touch that stand outside of any query, such as parameters.
pub(crate) fn expressions<'e>(
    world: &mut World<'_>,
    session: &Session,
    exprs: impl IntoIterator<Item = &'e Expr>,
) -> Facts {
    let mut walk = Walk::new(world, Names::Session(session));
    let scope = ScopeRef::default();
    for expr in exprs {
        walk.expr(expr, &scope);
    }
    walk.facts
}

/// What expressions over the rows of a table that is changed touch. The table is the first relation of the facts.
pub(crate) fn own(world: &mut World<'_>, session: &Session, own: &Own<'_>) -> Facts {
    let Own { table, alias, source, exprs } = own;
    let mut walk = Walk::new(world, Names::Session(session));
    let outer = ScopeRef::default();
    let mut rows = walk.table(table, None, Place::Target, alias.map(|alias| alias.span), &outer);
    if let Some(alias) = alias {
        rows = rows.aliased(&alias.folded(), &[], true);
    }
    if let Some(source) = source {
        let right = walk.relation(source, &outer);
        rows = rows.join(right);
        walk.mark_clashes(&rows);
    }
    let scope = Scope::within(&outer, rows);
    for expr in exprs {
        walk.expr(expr, &scope);
    }
    walk.facts
}

/// What the names in policies' expressions over the table `name` can stand for.
pub(super) fn policy_scope(name: &TableName, columns: &[Column], hidden: &[Column]) -> ScopeRef {
    let qualifier: Qualifier = Arc::from([name.catalog.clone(), name.schema.clone(), name.table.clone()]);
    let fields = columns.iter().chain(hidden).enumerate().map(|(at, column)| Field {
        qualifier: Some(qualifier.clone()),
        name: column.name.clone().into(),
        origin: Some(Origin { relation: 0, column: at }),
        own: true,
        hidden: false,
        class: TypeClass::of(&column.data_type),
    });
    let relation = RelationType { fields: fields.collect(), unknown: Vec::new() };
    Rc::new(Scope { relation, ..Scope::default() })
}

/// What a policy's expression over the table `name` touches, in the scope of that table, which is the first relation of the
/// facts.
pub(super) fn policy_expression(world: &mut World<'_>, name: &TableName, scope: &ScopeRef, expr: &Expr) -> Facts {
    let mut walk = Walk::new(world, Names::Policy);
    walk.facts.relations.push(BaseRelation {
        name: name.clone(),
        object: None,
        written: Arc::from([name.catalog.clone(), name.schema.clone(), name.table.clone()]),
        name_span: Span::default(),
        period: None,
        place: Place::Subject,
        alias: None,
        clash: false,
        columns: BTreeSet::new(),
        all_columns: false,
        whole: false,
    });
    walk.expr(expr, scope);
    walk.facts
}

/// A view whose text is walked.
#[derive(Clone, Copy, Debug)]
pub(super) struct ViewOf<'a> {
    pub(super) name: &'a TableName,
    pub(super) text: &'a str,
}

/// How names of tables are completed.
#[derive(Clone, Copy)]
enum Names<'a> {
    /// By the session's catalog and schema.
    Session(&'a Session),
    /// As Trino does it in the text of this view. The tables are read with the reader's rights.
    View(Option<&'a ViewOf<'a>>),
    /// Not at all: three parts are needed. The tables are read by the policy's authority.
    Policy,
}

/// The walk over one text.
struct Walk<'w, 'a> {
    world: &'w mut World<'a>,
    names: Names<'w>,
    facts: Facts,
    /// The labels of the row pattern that the walk is in.
    labels: Option<Rc<BTreeSet<CompactString>>>,
    /// The recursive queries that the walk is in, each with the number of queries around what its body reads.
    recursive: Vec<(CompactString, usize)>,
    /// The number of queries around the present place.
    depth: usize,
}

impl<'w, 'a> Walk<'w, 'a> {
    fn new(world: &'w mut World<'a>, names: Names<'w>) -> Walk<'w, 'a> {
        Walk { world, names, facts: Facts::default(), labels: None, recursive: Vec::new(), depth: 0 }
    }

    fn top(&mut self, query: &Query) {
        let output = self.query(query, &ScopeRef::default());
        self.facts.output = output.unknown.is_empty().then(|| {
            output.fields.into_iter().filter(|field| !field.hidden).map(|field| field.name.text().cloned()).collect()
        });
        let Facts { not_known, missing, ambiguous, .. } = &self.facts;
        self.facts.reads_known = not_known.is_none() && missing.is_empty() && ambiguous.is_empty();
    }

    fn problem(&mut self, span: Span, problem: Problem) {
        self.facts.problems.push((span, problem));
    }

    fn can_fail(&mut self, span: Span) {
        self.facts.can_fail.get_or_insert(span);
    }
}
