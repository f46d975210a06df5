//! What stands in `FROM`.

use super::super::facts::{BaseRelation, FunctionUse, Place, Problem};
use super::super::object::{Reading, SeenColumn};
use super::super::scope::{Field, Origin, Qualifier, RelationType, Scope, ScopeRef, TypeClass};
use super::super::session::Session;
use super::{Names, Walk};
use crate::catalog::table::{Column, Known};
use crate::names::TableName;
use crate::sql::Span;
use crate::sql::ast::{
    Join, JoinCriteria, JsonTable, JsonTableColumn, QualifiedName, QueryPeriod, Relation, TableArgument,
    TableArgumentInput, TableFunction, TableFunctionArgument, TableFunctionValue, TableReference,
};
use compact_str::CompactString;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;

impl Walk<'_, '_> {
    /// The relations of `FROM`, separated by commas: each sees those on its left only where it may be lateral.
    pub(super) fn from(&mut self, from: &[Relation], scope: &ScopeRef) -> RelationType {
        let mut all = RelationType::default();
        for relation in from {
            let right = self.right(relation, &all, scope);
            all = all.join(right);
        }
        all
    }

    /// The right side of a join.
    fn right(&mut self, relation: &Relation, left: &RelationType, scope: &ScopeRef) -> RelationType {
        if is_lateral(relation) {
            let scope = Scope::within(scope, left.clone());
            self.relation(relation, &scope)
        } else {
            self.relation(relation, scope)
        }
    }

    pub(super) fn relation(&mut self, relation: &Relation, scope: &ScopeRef) -> RelationType {
        match relation {
            Relation::Table(TableReference { span: _, name, period }) => {
                self.table(name, period.as_deref(), Place::From, None, scope)
            }
            Relation::Subquery { span: _, query } | Relation::Lateral { span: _, query } => self.query(query, scope),
            Relation::Parenthesized { span: _, relation } => self.relation(relation, scope),
            Relation::Unnest { span, exprs, ordinality: _ } => {
                self.can_fail(*span);
                for expr in exprs {
                    self.expr(expr, scope);
                }
                RelationType::unknown()
            }
            Relation::TableFunction(function) => self.table_function(function, scope),
            Relation::JsonTable(table) => self.json_table(table, scope),
            Relation::Pivot(pivot) => self.not_supported(pivot.span, "PIVOT"),
            Relation::Nearest(nearest) => self.not_supported(nearest.span, "NEAREST"),
            Relation::Aliased { span: _, relation, alias, columns } => {
                let columns: Vec<CompactString> = columns.iter().map(|column| column.folded()).collect();
                let direct = matches!(**relation, Relation::Table(_));
                let inner = match &**relation {
                    Relation::Table(TableReference { span: _, name, period }) => {
                        self.table(name, period.as_deref(), Place::From, Some(alias.span), scope)
                    }
                    other => self.relation(other, scope),
                };
                if !columns.is_empty() {
                    self.keep_whole(&inner);
                }
                inner.aliased(&alias.folded(), &columns, direct)
            }
            Relation::MatchRecognize { span, input, clauses } => {
                self.can_fail(*span);
                self.facts.not_known.get_or_insert(*span);
                let input = self.relation(input, scope);
                self.match_recognize(clauses, input, scope)
            }
            Relation::Sampled { span: _, relation, method: _, percentage } => {
                self.expr(percentage, &ScopeRef::default());
                self.relation(relation, scope)
            }
            Relation::Join { span: _, first, joins } => {
                let mut left = self.relation(first, scope);
                for join in joins {
                    left = self.join(left, join, scope);
                }
                left
            }
        }
    }

    /// Nothing that it names is looked at, since the statement is refused.
    fn not_supported(&mut self, span: Span, what: &'static str) -> RelationType {
        self.problem(span, Problem::NotSupported(what));
        RelationType::unknown()
    }

    fn join(&mut self, left: RelationType, join: &Join, scope: &ScopeRef) -> RelationType {
        let Join { span: _, kind: _, right, criteria } = join;
        let right = self.right(right, &left, scope);
        match criteria {
            JoinCriteria::None => left.join(right),
            JoinCriteria::On(condition) => {
                let both = Scope::within(scope, left.join(right));
                self.expr(condition, &both);
                Rc::try_unwrap(both).map_or_else(|both| both.relation.clone(), |both| both.relation)
            }
            JoinCriteria::Using(columns) => {
                if let (Names::Policy, Some(column)) = (self.names, columns.first()) {
                    self.problem(column.span, Problem::NotSupported("USING"));
                }
                let mut joined = Vec::new();
                for column in columns {
                    let name = [column.folded()];
                    let mut class = TypeClass::Structural;
                    for side in [&left, &right] {
                        let side = Scope { relation: side.clone(), ..Scope::default() }.into();
                        class = self.column(&[column], &side);
                        self.compared(class, column.span);
                    }
                    let [name] = name;
                    joined.push(Field::plain(name.into(), class));
                }
                let names: BTreeSet<CompactString> =
                    joined.iter().filter_map(|field| field.name.text().cloned()).collect();
                let mut all = left.join(right);
                all.fields.retain(|field| field.name.text().is_none_or(|name| !names.contains(name)));
                joined.append(&mut all.fields);
                RelationType { fields: joined, unknown: all.unknown }
            }
            // Trino does not support it, and says so; both sides are guarded whatever it will mean.
            JoinCriteria::Natural => {
                self.keep_whole(&left);
                self.keep_whole(&right);
                left.join(right)
            }
        }
    }

    /// A name: of a named query, or of a table.
    pub(super) fn table(
        &mut self,
        name: &QualifiedName,
        period: Option<&QueryPeriod>,
        place: Place,
        alias: Option<Span>,
        scope: &ScopeRef,
    ) -> RelationType {
        if let [only] = name.parts.as_slice() {
            let folded = only.folded();
            if let Some(relation) = scope.named_query(&folded) {
                self.named_query(&folded, name.span, period);
                return relation.as_ref().clone();
            }
        }
        if let Some(QueryPeriod { span: _, kind: _, end }) = period {
            let before = (self.facts.queries, self.facts.missing.len());
            self.expr(end, &ScopeRef::default());
            if (self.facts.queries, self.facts.missing.len()) != before {
                self.problem(end.span, Problem::NotSupported("a column or a query in FOR … AS OF"));
            }
        }
        let written: Qualifier = name.parts.iter().map(|part| part.folded()).collect();
        let Some(full) = self.full_name(name, &written) else { return RelationType::unknown() };
        if let (Names::Policy, Place::Body(span) | Place::Argument(span)) = (self.names, place) {
            self.problem(span, Problem::NotSupported("TABLE"));
        }
        let index = self.facts.relations.len();
        let (object, columns) = match self.names {
            Names::Policy => (None, self.described_columns(&full, name.span)),
            Names::Session(_) | Names::View(_) => {
                let object = self.world.object(&full);
                let columns = match &object.reading {
                    Reading::Unrestricted { columns } => columns.clone(),
                    Reading::Guarded(guard) => Some(guard.columns.clone()),
                    _ => None,
                };
                (Some(object), columns)
            }
        };
        self.facts.relations.push(BaseRelation {
            name: full,
            object,
            written: written.clone(),
            name_span: name.span,
            period: period.map(|period| period.span),
            place,
            alias,
            clash: false,
            columns: BTreeSet::new(),
            all_columns: !matches!(place, Place::From | Place::Target),
            whole: false,
        });
        let Some(columns) = columns else { return RelationType { fields: Vec::new(), unknown: vec![Some(written)] } };
        let fields = columns.iter().enumerate().map(|(at, column)| Field {
            qualifier: Some(written.clone()),
            name: column.name.clone().into(),
            class: column.class,
            origin: Some(Origin { relation: index, column: at }),
            own: true,
            hidden: column.hidden,
        });
        RelationType { fields: fields.collect(), unknown: Vec::new() }
    }

    /// A reference to a named query.
    fn named_query(&mut self, name: &str, span: Span, period: Option<&QueryPeriod>) {
        if period.is_some() {
            self.problem(span, Problem::NotSupported("FOR … AS OF of a named query"));
        }
        // Trino expands a recursive query only where its body reads it directly.
        let recursive = self.recursive.iter().rev().find(|(own, _)| own == name);
        if recursive.is_some_and(|(_, depth)| *depth != self.depth) {
            self.problem(span, Problem::NotSupported("a recursive query that is read within a query of itself"));
        }
    }

    fn full_name(&mut self, name: &QualifiedName, written: &[CompactString]) -> Option<TableName> {
        let full = match self.names {
            Names::Session(session) => table_name(session, name),
            Names::View(Some(view)) if written.len() < 3 => match self.world.resolved(view) {
                None => return None,
                Some(resolved) => resolved
                    .and_then(|it| only_one(&it.reads, written))
                    .ok_or_else(|| Problem::NotThreeParts(written.join("."))),
            },
            Names::View(_) | Names::Policy if written.len() != 3 => Err(Problem::NotThreeParts(written.join("."))),
            Names::View(_) | Names::Policy => table_name(&Session::default(), name),
        };
        full.map_err(|problem| self.problem(name.span, problem)).ok()
    }

    fn described_columns(&mut self, name: &TableName, span: Span) -> Option<Arc<[SeenColumn]>> {
        match self.world.described(name)? {
            Known::Table(table) => {
                let seen = |column: &Column| SeenColumn::of(column, TypeClass::of(&column.data_type));
                Some(table.columns.iter().map(seen).collect())
            }
            Known::Missing | Known::Exists | Known::View(_) | Known::QueryOf(_) | Known::SessionProperties(_) => {
                self.problem(span, Problem::NoSuchTable(name.clone()));
                None
            }
        }
    }

    fn table_function(&mut self, function: &TableFunction, scope: &ScopeRef) -> RelationType {
        let TableFunction { span, name, arguments, copartition } = function;
        self.can_fail(*span);
        let folded = name.parts.iter().map(|part| part.folded()).collect();
        self.facts.functions.push(FunctionUse { name: folded, span: name.span, table: true });
        for TableFunctionArgument { span: _, name: _, value } in arguments {
            match value {
                TableFunctionValue::Table(argument) => self.table_argument(argument, scope),
                TableFunctionValue::Descriptor(_) => {}
                TableFunctionValue::Expr(expr) => self.expr(expr, scope),
            }
        }
        for names in copartition.iter().flatten() {
            let parts = names.parts.iter().map(|part| part.folded()).collect();
            self.facts.copartition.push((names.span, parts));
        }
        RelationType::unknown()
    }

    fn table_argument(&mut self, argument: &TableArgument, scope: &ScopeRef) {
        let TableArgument { span, input, alias, partition_by, prune_when_empty: _, order_by } = argument;
        let alias_span = alias.as_ref().map(|(alias, _)| alias.span);
        let mut relation = match input {
            TableArgumentInput::Table(name) => self.table(name, None, Place::Argument(*span), alias_span, scope),
            TableArgumentInput::Query(query) => self.query(query, scope),
        };
        if let Some((alias, columns)) = alias {
            let columns: Vec<CompactString> = columns.iter().map(|column| column.folded()).collect();
            let direct = matches!(input, TableArgumentInput::Table(_));
            relation = relation.aliased(&alias.folded(), &columns, direct);
        }
        self.all_columns(&relation);
        let inner = Scope::within(scope, relation);
        for expr in partition_by.iter().flatten() {
            self.expr(expr, &inner);
        }
        self.sort_items(order_by, &inner);
    }

    fn json_table(&mut self, table: &JsonTable, scope: &ScopeRef) -> RelationType {
        let JsonTable { span, path, columns, plan: _, on_error: _ } = table;
        self.can_fail(*span);
        self.json_path(path, scope);
        let mut fields = Vec::new();
        self.json_columns(columns, scope, &mut fields);
        RelationType { fields, unknown: Vec::new() }
    }

    fn json_columns(&mut self, columns: &[JsonTableColumn], scope: &ScopeRef, fields: &mut Vec<Field>) {
        for column in columns {
            match column {
                JsonTableColumn::Ordinality(name) => {
                    fields.push(Field::plain(name.folded().into(), TypeClass::Scalar));
                }
                JsonTableColumn::Value { name, data_type: _, format: _, path: _, clauses: _, defaults } => {
                    for default in defaults {
                        self.expr(default, scope);
                    }
                    fields.push(Field::plain(name.folded().into(), TypeClass::Structural));
                }
                JsonTableColumn::Nested { path: _, name: _, columns } => self.json_columns(columns, scope, fields),
            }
        }
    }

    /// Marks relations of one `FROM` that end in the same name.
    pub(super) fn mark_clashes(&mut self, source: &RelationType) {
        let mut seen: Vec<(Option<usize>, &Qualifier)> = Vec::new();
        for field in &source.fields {
            let Some(qualifier) = &field.qualifier else { continue };
            let of = field.origin.as_ref().map(|origin| origin.relation);
            // The fields of one relation stand side by side.
            if !seen.iter().rev().any(|(known, name)| *known == of && Arc::ptr_eq(name, qualifier)) {
                seen.push((of, qualifier));
            }
        }
        let unknown: Vec<&Qualifier> = source.unknown.iter().flatten().collect();
        for (at, (relation, qualifier)) in seen.iter().enumerate() {
            let Some(base) = relation.and_then(|relation| self.facts.relations.get_mut(relation)) else { continue };
            let others = seen.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, (_, name))| *name);
            let mut others = others.chain(unknown.iter().copied());
            base.clash |= base.alias.is_none() && others.any(|other| other.last() == qualifier.last());
        }
    }
}

/// Whether a relation sees what stands on its left in a join.
fn is_lateral(relation: &Relation) -> bool {
    match relation {
        Relation::Aliased { relation, .. } | Relation::Parenthesized { relation, .. } => is_lateral(relation),
        Relation::Unnest { .. } | Relation::Lateral { .. } | Relation::JsonTable(_) => true,
        _ => false,
    }
}

/// The full name of a table, by the session's catalog and schema.
pub(crate) fn table_name(session: &Session, name: &QualifiedName) -> Result<TableName, Problem> {
    let catalog = || usable(session.catalog.as_deref()).ok_or(Problem::NoCatalog);
    let (catalog, schema, table) = match name.parts.as_slice() {
        [catalog, schema, table] => (catalog.value.as_str(), schema.value.as_str(), table),
        [schema, table] => (catalog()?, schema.value.as_str(), table),
        [table] => {
            let schema = usable(session.schema.as_deref()).ok_or(Problem::NoSchema)?;
            (catalog()?, schema, table)
        }
        parts => {
            let name: Vec<CompactString> = parts.iter().map(|part| part.folded()).collect();
            return Err(Problem::TooManyParts(name.join(".")));
        }
    };
    // Trino's runtime may fold other capital letters in another way.
    let folds_alike = |name: &str| name.chars().all(|letter| letter.is_ascii() || letter.to_lowercase().eq([letter]));
    if [catalog, schema, &table.value].into_iter().all(folds_alike) {
        Ok(TableName::new(catalog, schema, &table.value))
    } else {
        Err(Problem::NotSupported("a capital letter beyond ASCII in a table's name"))
    }
}

/// The only one of these tables that a short name may stand for. What Trino resolves a name to is among them, so one that
/// ends in the name is it; of two it can't be told.
fn only_one(reads: &BTreeSet<TableName>, written: &[CompactString]) -> Option<TableName> {
    let ends_so = |table: &&TableName| match written {
        [name] => table.table == *name,
        [schema, name] => table.schema == *schema && table.table == *name,
        _ => false,
    };
    let mut found = reads.iter().filter(ends_so);
    match (found.next(), found.next()) {
        (Some(only), None) => Some(only.clone()),
        _ => None,
    }
}

/// A default of the session's that Trino would take as it is.
fn usable(name: Option<&str>) -> Option<&str> {
    name.filter(|name| !name.is_empty() && name.trim() == *name)
}
