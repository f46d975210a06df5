//! The walk over everything that can name a table.
//!
//! Each node is taken apart in full, so a new field of the tree does not compile until it is looked at.

use super::Unproved;
use super::known::{self, Hides, Place};
use super::names::{Defaults, Named, NamedQueries, shown};
use super::standing::{self, Standing};
use super::{function, guard, routine};
use crate::enforce::Request;
use crate::names::TableName;
use crate::rewrite::relations::{Relations, Told};
use crate::sql::QualifiedName;
use crate::sql::ast::{
    FrameBound, FrameUnit, GroupBy, GroupingElement, Join, JoinCriteria, JsonPathInvocation, JsonTable,
    JsonTableColumn, PatternClauses, Query, QueryBody, QueryPeriod, Relation, Select, SelectItem, SetTerm, SortItem,
    TableArgument, TableArgumentInput, TableFunction, TableFunctionArgument, TableFunctionValue, TableReference,
    WindowDefinition, WindowFrame, WindowSpecification, With,
};
use std::collections::BTreeMap;

/// A walk over one text.
#[derive(Debug)]
pub(super) struct Walk<'a> {
    /// Who asks, and by what it is judged.
    pub(super) request: &'a Request<'a>,
    /// The text that the tree was read from.
    pub(super) text: &'a str,
    /// The guards that are known in it, by where they stand.
    pub(super) known: &'a [Place],
    /// Where names are looked up.
    pub(super) defaults: Defaults<'a>,
    /// The views whose text this is, the outermost first; empty for a statement. In a view's text nothing is guarded.
    pub(super) views: Vec<TableName>,
    /// Set where the text is kept as that of a view. Then nothing in it is guarded.
    pub(super) kept: Option<Kept>,
    /// Whether it only notes which tables a text names.
    pub(super) survey: bool,
    /// How the tables stand that were met.
    standings: BTreeMap<TableName, Standing>,
    /// The named queries in scope.
    named: NamedQueries,
    /// Queries around the present place.
    depth: usize,
    /// What may name neither columns nor tables, while it is walked.
    pub(super) constant: Option<&'static str>,
    /// What was met.
    pub(super) found: Found,
}

/// How open the tables must stand that the text of a new view names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kept {
    /// All the way: the text is read with its owner's rights, or its rows are stored.
    Open,
    /// Each column may be read: masks and filters are those of the view's reader.
    ForReaders,
}

/// What a text holds.
#[derive(Clone, Debug, Default)]
pub(super) struct Found {
    /// A guard.
    pub(super) guard: bool,
    /// A guard with a mask or a filter.
    pub(super) values_hidden: bool,
    /// A guard with a filter, in the plain form.
    pub(super) plain_filter: bool,
    /// A guard with a filter, in the plain form, over a table with JSON in it.
    pub(super) plain_filter_of_json: bool,
    /// An expression outside of guards that can fail.
    pub(super) can_fail: bool,
    /// An expression outside of guards that can fail where its operand is JSON.
    pub(super) can_fail_on_json: bool,
    /// A statement after which tables may look otherwise.
    pub(super) redefines: bool,
    /// The relations that are read.
    pub(super) relations: Relations,
    /// In a survey, the tables that are named, each as often as it is.
    pub(super) named: Vec<TableName>,
    /// For each guard of a view, the views that it is one of.
    pub(super) view_guards: Vec<Vec<TableName>>,
}

impl Found {
    /// Notes a guard; `plain` where it is of the plain form.
    pub(super) fn guard(&mut self, hides: Hides, plain: bool) {
        self.guard = true;
        self.values_hidden |= hides.values;
        self.plain_filter |= plain && hides.rows;
        self.plain_filter_of_json |= plain && hides.json;
    }

    /// Whether a user's expression could fail over a row that a plain guard hides.
    pub(super) fn can_tell_of_hidden_rows(&self) -> bool {
        self.plain_filter && self.can_fail || self.plain_filter_of_json && self.can_fail_on_json
    }

    /// What two texts hold together.
    pub(super) fn and(self, other: Found) -> Found {
        Found {
            guard: self.guard || other.guard,
            values_hidden: self.values_hidden || other.values_hidden,
            plain_filter: self.plain_filter || other.plain_filter,
            plain_filter_of_json: self.plain_filter_of_json || other.plain_filter_of_json,
            can_fail: self.can_fail || other.can_fail,
            can_fail_on_json: self.can_fail_on_json || other.can_fail_on_json,
            redefines: self.redefines || other.redefines,
            relations: self.relations.and(other.relations),
            named: [self.named, other.named].concat(),
            view_guards: [self.view_guards, other.view_guards].concat(),
        }
    }

    /// The same, if Trino tells of its relations no earlier than so.
    pub(super) fn told_at(self, told: Told) -> Found {
        Found { relations: self.relations.told_at(told), ..self }
    }
}

impl<'a> Walk<'a> {
    pub(super) fn new(
        request: &'a Request<'a>,
        text: &'a str,
        defaults: Defaults<'a>,
        views: Vec<TableName>,
    ) -> Walk<'a> {
        Walk {
            request,
            text,
            known: &[],
            defaults,
            views,
            kept: None,
            survey: false,
            standings: BTreeMap::new(),
            named: NamedQueries::default(),
            depth: 0,
            constant: None,
            found: Found::default(),
        }
    }

    /// Proves a query, at whatever place it stands.
    pub(super) fn query(&mut self, query: &Query) -> Result<(), Unproved> {
        if let Some(what) = self.constant {
            return Err(Unproved::because(format!("a query in {what}")));
        }
        if let Some(what) = query.definitions() {
            let of_statement = self.depth == 0 && self.views.is_empty() && self.kept.is_none();
            if !of_statement || !query.session.is_empty() {
                return Err(Unproved::because(what));
            }
            routine::prove_own(self, &query.functions)?;
        }
        self.depth += 1;
        if !(known::met(self, query)? || guard::met(self, query)?) {
            let Query { span: _, session: _, functions: _, with, body, order_by, offset: _, limit: _ } = query;
            let mark = self.named.enter();
            if let Some(with) = with {
                self.with(with)?;
            }
            self.body(body)?;
            self.sort_items(order_by)?;
            self.named.leave(mark);
        }
        self.depth -= 1;
        Ok(())
    }

    fn with(&mut self, with: &With) -> Result<(), Unproved> {
        let With { span: _, recursive, queries } = with;
        for named in queries {
            if *recursive {
                self.named.add(&named.name, Named::Itself { depth: self.depth + 1 })?;
                self.query(&named.query)?;
                self.named.drop_last();
            } else {
                self.query(&named.query)?;
            }
            self.named.add(&named.name, Named::Query)?;
        }
        Ok(())
    }

    fn body(&mut self, body: &QueryBody) -> Result<(), Unproved> {
        match body {
            QueryBody::Select(select) => self.select(select),
            QueryBody::Table { span: _, name } => self.table(name),
            QueryBody::Values { span: _, rows } => self.exprs(rows),
            QueryBody::Parenthesized { span: _, query } => self.query(query),
            QueryBody::SetOperation { span: _, first, rest } => {
                self.body(first)?;
                rest.iter()
                    .try_for_each(|SetTerm { operator: _, quantifier: _, corresponding: _, term }| self.body(term))
            }
        }
    }

    fn select(&mut self, select: &Select) -> Result<(), Unproved> {
        let Select { span: _, quantifier: _, items, from, filter, group_by, having, windows } = select;
        from.iter().try_for_each(|relation| self.relation(relation))?;
        for item in items {
            match item {
                SelectItem::Expr { span: _, expr, alias: _ } => self.expr(expr)?,
                SelectItem::Star(_) => (),
                SelectItem::QualifiedStar { span: _, target, aliases: _ } => self.expr(target)?,
            }
        }
        self.optional(filter.as_ref())?;
        if let Some(GroupBy { span: _, quantifier: _, elements }) = group_by {
            for element in elements {
                match element {
                    // It groups by items of the SELECT list, which are walked as such.
                    GroupingElement::Auto => {}
                    GroupingElement::Set(set) => self.exprs(&set.exprs)?,
                    GroupingElement::Rollup(sets) | GroupingElement::Cube(sets) | GroupingElement::Sets(sets) => {
                        sets.iter().try_for_each(|set| self.exprs(&set.exprs))?;
                    }
                }
            }
        }
        self.optional(having.as_ref())?;
        windows.iter().try_for_each(|WindowDefinition { name: _, window }| self.window(window))
    }

    /// Proves what stands in `FROM`, or is merged into a table.
    pub(super) fn relation(&mut self, relation: &Relation) -> Result<(), Unproved> {
        match relation {
            Relation::Table(TableReference { span: _, name, period }) => {
                if let Some(period) = period {
                    if self.named.get(name).is_some() {
                        return Err(Unproved::because(format!("time travel of the named query {}", shown(name))));
                    }
                    self.period(period)?;
                }
                self.table(name)
            }
            Relation::Subquery { span: _, query } | Relation::Lateral { span: _, query } => self.query(query),
            Relation::Parenthesized { span: _, relation }
            | Relation::Aliased { span: _, relation, alias: _, columns: _ } => self.relation(relation),
            Relation::Unnest { span: _, exprs, ordinality: _ } => self.exprs(exprs),
            Relation::TableFunction(function) => self.table_function(function),
            Relation::Pivot(_) => Err(Unproved::because("PIVOT")),
            Relation::Nearest(_) => Err(Unproved::because("NEAREST")),
            Relation::JsonTable(table) => {
                let JsonTable { span: _, path, columns, plan: _, on_error: _ } = table.as_ref();
                self.json_path(path)?;
                self.json_columns(columns)
            }
            Relation::MatchRecognize { span: _, input, clauses } => {
                self.relation(input)?;
                self.pattern_clauses(clauses)
            }
            Relation::Sampled { span: _, relation, method: _, percentage } => {
                self.relation(relation)?;
                self.expr(percentage)
            }
            Relation::Join { span: _, first, joins } => {
                self.relation(first)?;
                for Join { span: _, kind: _, right, criteria } in joins {
                    self.relation(right)?;
                    match criteria {
                        JoinCriteria::On(condition) => self.expr(condition)?,
                        JoinCriteria::None | JoinCriteria::Using(_) | JoinCriteria::Natural => (),
                    }
                }
                Ok(())
            }
        }
    }

    /// A name outside of a guard: a named query, or a table that is unrestricted.
    fn table(&mut self, name: &QualifiedName) -> Result<(), Unproved> {
        match self.named.get(name) {
            Some(Named::Query) => return Ok(()),
            Some(Named::Itself { depth }) if depth == self.depth => return Ok(()),
            Some(Named::Itself { .. }) => {
                return Err(Unproved::because(format!("{} is read within a query of itself", shown(name))));
            }
            None => (),
        }
        let name = match self.views.last() {
            Some(view) if name.parts.len() < 3 => standing::short_name_in(self.request, view, self.text, name)?,
            _ => self.defaults.table(name)?,
        };
        if self.survey {
            // Nothing is put in the place of a name in a text that is kept.
            if self.kept.is_none() {
                self.found.named.push(name);
            }
            return Ok(());
        }
        if self.kept == Some(Kept::ForReaders) {
            return standing::named_by_readers(self, &name);
        }
        match self.standing(&name)? {
            Standing::Unrestricted => Ok(()),
            Standing::Restricted(..) | Standing::OfOwner(..) | Standing::Metadata(_) => {
                Err(Unproved::because(format!("{name} stands outside of a guard")))
            }
        }
    }

    /// How a table stands, which is noted as one that is read. A text reads some tables at many places, and each stands alike
    /// at all of them.
    pub(super) fn standing(&mut self, name: &TableName) -> Result<Standing, Unproved> {
        if let Some(standing) = self.standings.get(name) {
            return Ok(standing.clone());
        }
        let standing = standing::of(self.request, name, &self.views, &mut self.found.relations)?;
        self.standings.insert(name.clone(), standing.clone());
        Ok(standing)
    }

    /// The version of a table must be a constant: it must not depend on anything that is read.
    pub(super) fn period(&mut self, period: &QueryPeriod) -> Result<(), Unproved> {
        let QueryPeriod { span: _, kind: _, end } = period;
        self.constant("the version of a table", end)
    }

    fn table_function(&mut self, table_function: &TableFunction) -> Result<(), Unproved> {
        let TableFunction { span: _, name, arguments, copartition: _ } = table_function;
        function::prove_table_function(self.request, name)?;
        for TableFunctionArgument { span: _, name: _, value } in arguments {
            match value {
                TableFunctionValue::Table(argument) => {
                    let TableArgument { span: _, input, alias: _, partition_by, prune_when_empty: _, order_by } =
                        argument.as_ref();
                    match input {
                        TableArgumentInput::Table(name) => self.table(name)?,
                        TableArgumentInput::Query(query) => self.query(query)?,
                    }
                    self.exprs(partition_by.as_deref().unwrap_or_default())?;
                    self.sort_items(order_by)?;
                }
                TableFunctionValue::Descriptor(_) => (),
                TableFunctionValue::Expr(expr) => self.expr(expr)?,
            }
        }
        Ok(())
    }

    fn json_columns(&mut self, columns: &[JsonTableColumn]) -> Result<(), Unproved> {
        columns.iter().try_for_each(|column| match column {
            JsonTableColumn::Ordinality(_) => Ok(()),
            JsonTableColumn::Value { name: _, data_type: _, format: _, path: _, clauses: _, defaults } => {
                self.exprs(defaults)
            }
            JsonTableColumn::Nested { path: _, name: _, columns } => self.json_columns(columns),
        })
    }

    pub(super) fn json_path(&mut self, path: &JsonPathInvocation) -> Result<(), Unproved> {
        let JsonPathInvocation { span: _, input, path: _, name: _, passing } = path;
        self.expr(&input.value)?;
        passing.iter().try_for_each(|argument| self.expr(&argument.input.value))
    }

    pub(super) fn sort_items(&mut self, items: &[SortItem]) -> Result<(), Unproved> {
        items.iter().try_for_each(|SortItem { span: _, key, descending: _, nulls_first: _ }| self.expr(key))
    }

    pub(super) fn window(&mut self, window: &WindowSpecification) -> Result<(), Unproved> {
        let WindowSpecification { span: _, existing: _, partition_by, order_by, frame } = window;
        self.exprs(partition_by)?;
        self.sort_items(order_by)?;
        let Some(WindowFrame { span: _, unit, start, end, pattern }) = frame else { return Ok(()) };
        // `RANGE 1 PRECEDING` subtracts from each row's key.
        let distance = |bound: &FrameBound| matches!(bound, FrameBound::Preceding(_) | FrameBound::Following(_));
        self.found.can_fail |= *unit == FrameUnit::Range && (distance(start) || end.as_ref().is_some_and(distance));
        self.frame_bound(start)?;
        end.as_ref().map_or(Ok(()), |end| self.frame_bound(end))?;
        pattern.as_ref().map_or(Ok(()), |clauses| self.pattern_clauses(clauses))
    }

    fn pattern_clauses(&mut self, clauses: &PatternClauses) -> Result<(), Unproved> {
        let PatternClauses {
            measures,
            partition_by,
            order_by,
            rows_per_match: _,
            skip_to: _,
            seek: _,
            pattern: _,
            subsets: _,
            definitions,
        } = clauses;
        measures.iter().try_for_each(|(measure, _)| self.expr(measure))?;
        self.exprs(partition_by)?;
        self.sort_items(order_by)?;
        definitions.iter().try_for_each(|(_, definition)| self.expr(definition))
    }
}
