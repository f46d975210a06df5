//! Queries: `WITH`, bodies, `SELECT`, `ORDER BY`.

use super::super::facts::{BaseRelation, Place, Problem, Star};
use super::super::intent::routine;
use super::super::scope::{Field, FieldName, RelationType, Resolved, Scope, ScopeRef, TypeClass};
use super::column::chain;
use super::{Names, Walk};
use crate::sql::ast::{
    Expr, ExprKind, FrameBound, FrameUnit, FunctionSpecification, GroupBy, GroupingElement, GroupingSet, NamedQuery,
    Query, QueryBody, Select, SelectItem, SetTerm, SortItem, WindowDefinition, WindowFrame, WindowSpecification, With,
};
use compact_str::CompactString;
use std::rc::Rc;

/// Functions that Trino calls for something that is not written as a call, such as `||` and `POSITION (a IN b)`, and forms
/// that are written as one.
const OF_SYNTAX: [&str; 18] = [
    "at_timezone",
    "coalesce",
    "concat",
    "extract",
    "format",
    "if",
    "listagg",
    "ltrim",
    "normalize",
    "nullif",
    "overlay",
    "position",
    "rtrim",
    "strpos",
    "substring",
    "trim",
    "trim_array",
    "try",
];

impl Walk<'_, '_> {
    /// A query in `outer`; its named queries are seen by all that stands in it.
    pub(super) fn query(&mut self, query: &Query, outer: &ScopeRef) -> RelationType {
        let labels = self.labels.take();
        self.depth += 1;
        self.facts.queries += 1;
        let Query { span, session, functions, with, body, order_by, offset: _, limit: _ } = query;
        match (self.names, query.definitions()) {
            (_, None) => {}
            (Names::Session(_), Some(_)) if self.depth == 1 && session.is_empty() => self.own_functions(functions),
            (_, Some(what)) => self.problem(*span, Problem::NotSupported(what)),
        }
        let scope = match with {
            Some(with) => self.with(with, outer),
            None => outer.clone(),
        };
        let (mut output, source) = self.body(body, &scope);
        if !order_by.is_empty() {
            let order_scope = Scope::within(source.as_ref().unwrap_or(&scope), output.clone());
            self.sort_items(order_by, &order_scope);
        }
        // Of a query, a relation's own name is known to its ORDER BY alone.
        for field in &mut output.fields {
            field.own = false;
        }
        self.depth -= 1;
        self.labels = labels;
        output
    }

    /// Functions that a statement brings along. What their calls give, and whether it fails, is theirs alone.
    fn own_functions(&mut self, functions: &[FunctionSpecification]) {
        for function in functions {
            self.can_fail(function.span);
            self.facts.own_functions.get_or_insert(function.span);
            match function.name.parts.as_slice() {
                [name] if OF_SYNTAX.contains(&name.folded().as_str()) => {
                    self.problem(function.name.span, Problem::NotSupported("a function of your own with that name"));
                }
                [_] => {}
                _ => self.problem(function.name.span, Problem::NotSupported("a function of your own in a schema")),
            }
            match routine::calls(function) {
                Ok(calls) => self.facts.functions.extend(calls),
                Err((span, problem)) => self.problem(span, problem),
            }
        }
    }

    fn with(&mut self, with: &With, outer: &ScopeRef) -> ScopeRef {
        let With { span: _, recursive, queries } = with;
        let mut scope = outer.clone();
        for named in queries {
            let NamedQuery { span, name, columns, query } = named;
            let folded = name.folded();
            let columns: Vec<CompactString> = columns.iter().map(|column| column.folded()).collect();
            if self.recursive.iter().any(|(own, _)| *own == folded) {
                // Trino takes the name as the recursive reference unless a query within names one the same, and then it
                // stands for a table in some places and not in others.
                self.problem(*span, Problem::NotSupported("a recursive query whose name is given again within it"));
            }
            let mut inner = scope.clone();
            if *recursive {
                let own = RelationType::default().aliased(&folded, &columns, false);
                inner = Scope::naming(&scope, folded.clone(), Rc::new(own));
                self.recursive.push((folded.clone(), self.depth + 1));
            }
            let output = self.query(query, &inner);
            if *recursive {
                self.recursive.pop();
            }
            let output = output.aliased(&folded, &columns, false);
            scope = Scope::naming(&scope, folded, Rc::new(output));
        }
        scope
    }

    /// What comes out, and for `SELECT` the scope that its `ORDER BY` sees behind that.
    fn body(&mut self, body: &QueryBody, scope: &ScopeRef) -> (RelationType, Option<ScopeRef>) {
        match body {
            QueryBody::Select(select) => {
                let (output, source) = self.select(select, scope);
                (output, Some(source))
            }
            QueryBody::Table { span, name } => (self.table(name, None, Place::Body(*span), None, scope), None),
            QueryBody::Values { span: _, rows } => (self.values(rows, scope), None),
            QueryBody::Parenthesized { span: _, query } => (self.query(query, scope), None),
            QueryBody::SetOperation { span: _, first, rest } => (self.set_operation(first, rest, scope), None),
        }
    }

    fn set_operation(&mut self, first: &QueryBody, rest: &[SetTerm], scope: &ScopeRef) -> RelationType {
        let span = first.span();
        let (first, _) = self.body(first, scope);
        self.all_columns(&first);
        self.compared_fields(&first, span);
        let mut known = first.unknown.is_empty();
        for SetTerm { operator: _, quantifier: _, corresponding, term } in rest {
            let span = term.span();
            let (term, _) = self.body(term, scope);
            self.all_columns(&term);
            self.compared_fields(&term, span);
            known &= corresponding.is_none();
        }
        if !known {
            return RelationType::unknown();
        }
        let fields = first.fields.into_iter().filter(|field| !field.hidden);
        RelationType {
            fields: fields.map(|field| Field::plain(field.name, field.class)).collect(),
            unknown: Vec::new(),
        }
    }

    fn values(&mut self, rows: &[Expr], scope: &ScopeRef) -> RelationType {
        let mut width = 0;
        for row in rows {
            let columns = match &row.kind {
                ExprKind::Row(columns) => columns.as_slice(),
                _ => std::slice::from_ref(row),
            };
            width = width.max(columns.len());
            for column in columns {
                self.expr(column, scope);
            }
        }
        let fields = (0..width).map(|_| Field::plain(FieldName::default(), TypeClass::Scalar)).collect();
        RelationType { fields, unknown: Vec::new() }
    }

    fn select(&mut self, select: &Select, scope: &ScopeRef) -> (RelationType, ScopeRef) {
        let Select { span: _, quantifier: _, items, from, filter, group_by, having, windows } = select;
        let source = self.from(from, scope);
        self.mark_clashes(&source);
        let source = Scope::within(scope, source);
        for WindowDefinition { name: _, window } in windows {
            self.window(window, &source);
        }
        if let Some(filter) = filter {
            self.expr(filter, &source);
        }
        let mut output = RelationType::default();
        for item in items {
            self.item(item, &source, &mut output);
        }
        if let Some(group_by) = group_by {
            self.group_by(group_by, &source);
        }
        if let Some(having) = having {
            self.expr(having, &source);
        }
        (output, source)
    }

    fn item(&mut self, item: &SelectItem, source: &ScopeRef, output: &mut RelationType) {
        match item {
            SelectItem::Expr { span: _, expr, alias } => {
                let class = self.top_expr(expr, source);
                let name = match alias {
                    Some(alias) => Some(alias.folded()),
                    None => chain(expr).and_then(|chain| chain.last().map(|last| last.folded())),
                };
                output.fields.push(Field::plain(name.into(), class));
            }
            SelectItem::Star(_) => {
                self.all_columns(&source.relation);
                output.fields.extend(unqualified(&source.relation, &[]));
                if !source.relation.unknown.is_empty() {
                    output.unknown.push(None);
                }
            }
            SelectItem::QualifiedStar { span: _, target, aliases } => {
                let names: Vec<CompactString> = aliases.iter().map(|alias| alias.folded()).collect();
                self.qualified_star(target, &names, source, output);
            }
        }
    }

    /// `a.b.*`: all columns of the nearest relation of that name, or all fields of a row.
    fn qualified_star(&mut self, target: &Expr, names: &[CompactString], source: &ScopeRef, output: &mut RelationType) {
        let prefix: Option<Vec<CompactString>> =
            chain(target).map(|chain| chain.iter().map(|part| part.folded()).collect());
        if let Some(prefix) = &prefix {
            // Qualifiers give way to the last of them, which may be the name of a relation nearer by.
            let last = prefix.last().map(std::slice::from_ref).unwrap_or_default();
            let mut captured = false;
            for scope in source.outwards() {
                if scope.relation.has_relation(prefix) {
                    self.star_of(&scope.relation, prefix, target, captured);
                    let fields = unqualified(&scope.relation, prefix).enumerate().map(|(at, field)| Field {
                        name: names.get(at).cloned().map_or(field.name, Into::into),
                        ..field
                    });
                    output.fields.extend(fields);
                    return;
                }
                let column = matches!(
                    Scope { relation: scope.relation.clone(), ..Scope::default() }.resolve(prefix),
                    Resolved::Field { .. } | Resolved::Ambiguous
                );
                if column || scope.relation.may_have_relation(prefix) {
                    break;
                }
                captured |= scope.relation.has_relation(last);
            }
        }
        // The fields of a row, whose names only its type tells; or a table function's columns.
        self.can_fail(target.span);
        self.relation_or_row(target, prefix.as_deref(), source);
        output.unknown.push(None);
    }

    fn relation_or_row(&mut self, target: &Expr, prefix: Option<&[CompactString]>, source: &ScopeRef) {
        let unknown = prefix.is_some_and(|prefix| {
            source.outwards().any(|scope| scope.relation.may_have_relation(prefix))
                && !matches!(source.resolve(prefix), Resolved::Field { .. })
        });
        if !unknown {
            self.expr(target, source);
        }
    }

    fn star_of(&mut self, relation: &RelationType, prefix: &[CompactString], target: &Expr, captured: bool) {
        let mut of: Vec<(usize, bool)> = Vec::new();
        for field in &relation.fields {
            let matches = field.qualifier.as_ref().is_some_and(|qualifier| qualifier.ends_with(prefix));
            if let (true, false, Some(origin)) = (matches, field.hidden, &field.origin) {
                if let Some(base) = self.facts.relations.get_mut(origin.relation) {
                    base.all_columns = true;
                    base.clash |= captured && field.own && base.alias.is_none();
                }
                if !of.contains(&(origin.relation, field.own)) {
                    of.push((origin.relation, field.own));
                }
            }
        }
        if of.len() > 1 {
            self.facts.ambiguous.push(target.span);
        }
        for (relation, own) in of {
            if own {
                self.facts.stars.push(Star { relation, span: target.span, qualifiers: prefix.len() });
            }
        }
    }

    fn group_by(&mut self, group_by: &GroupBy, source: &ScopeRef) {
        let GroupBy { span: _, quantifier: _, elements } = group_by;
        for element in elements {
            let sets = match element {
                GroupingElement::Set(set) => std::slice::from_ref(set),
                GroupingElement::Rollup(sets) | GroupingElement::Cube(sets) | GroupingElement::Sets(sets) => sets,
                GroupingElement::Auto => &[],
            };
            for GroupingSet { span: _, exprs } in sets {
                for expr in exprs {
                    self.expr(expr, source);
                }
            }
        }
    }

    pub(super) fn sort_items(&mut self, items: &[SortItem], scope: &ScopeRef) {
        for SortItem { span: _, key, descending: _, nulls_first: _ } in items {
            self.expr(key, scope);
        }
    }

    pub(super) fn window(&mut self, window: &WindowSpecification, scope: &ScopeRef) {
        let WindowSpecification { span: _, existing: _, partition_by, order_by, frame } = window;
        for expr in partition_by {
            self.expr(expr, scope);
        }
        self.sort_items(order_by, scope);
        let Some(WindowFrame { span: _, unit, start, end, pattern }) = frame else { return };
        for bound in [Some(start), end.as_ref()].into_iter().flatten() {
            if let FrameBound::Preceding(expr) | FrameBound::Following(expr) = bound {
                // A distance is taken from the key of each row, which may leave the key's type.
                if *unit == FrameUnit::Range || !matches!(expr.kind, ExprKind::Number(_)) {
                    self.can_fail(expr.span);
                }
                self.expr(expr, scope);
            }
        }
        if let Some(pattern) = pattern {
            self.pattern_clauses(pattern, scope);
        }
    }

    /// All visible columns of a relation are read.
    pub(super) fn all_columns(&mut self, relation: &RelationType) {
        self.each_base(relation, |base| base.all_columns = true);
    }

    /// None of the visible columns of a relation can be left out.
    pub(super) fn keep_whole(&mut self, relation: &RelationType) {
        self.each_base(relation, |base| base.whole = true);
    }

    fn each_base(&mut self, relation: &RelationType, change: impl Fn(&mut BaseRelation)) {
        for origin in relation.fields.iter().filter(|field| !field.hidden).filter_map(|field| field.origin.as_ref()) {
            if let Some(base) = self.facts.relations.get_mut(origin.relation) {
                change(base);
            }
        }
    }
}

/// The visible fields of the relations called `prefix`, as `SELECT` gives them.
fn unqualified<'a>(relation: &'a RelationType, prefix: &'a [CompactString]) -> impl Iterator<Item = Field> + 'a {
    relation
        .fields
        .iter()
        .filter(|field| !field.hidden)
        .filter(move |field| {
            prefix.is_empty() || field.qualifier.as_ref().is_some_and(|qualifier| qualifier.ends_with(prefix))
        })
        .map(|field| Field::plain(field.name.clone(), field.class))
}
