//! Walks over trees that can't forget a child.
//!
//! A visitor overrides the methods of the nodes it cares for and calls the `walk_…` function of the same name to go on
//! below. The walks take every node apart without `..`, so that a field or a variant that is added to the tree does not
//! compile until it is walked here. [`Visit`] reads, [`VisitMut`] changes; both are made from one text.
//!
//! Children are visited in the order of the text. A walk is as deep as the tree, which the parser bounds.

use super::ast::*;

macro_rules! visitor {
    (
        $(#[$about:meta])*
        $name:ident, $walk:ident, $($mutable:tt)?
    ) => {
        $(#[$about])*
        pub trait $name {
            /// A whole statement, or one within another.
            fn statement(&mut self, node: & $($mutable)? Statement) { $walk::statement(self, node); }
            /// A query.
            fn query(&mut self, node: & $($mutable)? Query) { $walk::query(self, node); }
            /// A query that `WITH` names.
            fn named_query(&mut self, node: & $($mutable)? NamedQuery) { $walk::named_query(self, node); }
            /// The part of a query that yields rows.
            fn query_body(&mut self, node: & $($mutable)? QueryBody) { $walk::query_body(self, node); }
            /// `SELECT …`.
            fn select(&mut self, node: & $($mutable)? Select) { $walk::select(self, node); }
            /// An item of a `SELECT` list.
            fn select_item(&mut self, node: & $($mutable)? SelectItem) { $walk::select_item(self, node); }
            /// What stands in `FROM`.
            fn relation(&mut self, node: & $($mutable)? Relation) { $walk::relation(self, node); }
            /// A table function's call.
            fn table_function(&mut self, node: & $($mutable)? TableFunction) { $walk::table_function(self, node); }
            /// The name of a table or view, wherever one may stand: in `FROM`, `TABLE t`, `TABLE(t)`, `DESCRIBE t`, ….
            fn table_name(&mut self, node: & $($mutable)? QualifiedName) { $walk::qualified_name(self, node); }
            /// The name of a schema, function, session property or column.
            fn other_name(&mut self, node: & $($mutable)? QualifiedName) { $walk::qualified_name(self, node); }
            /// An expression.
            fn expr(&mut self, node: & $($mutable)? Expr) { $walk::expr(self, node); }
            /// A function's call.
            fn call(&mut self, node: & $($mutable)? Call) { $walk::call(self, node); }
            /// What stands in the parentheses of a window.
            fn window(&mut self, node: & $($mutable)? WindowSpecification) { $walk::window(self, node); }
            /// The clauses of row pattern recognition.
            fn pattern_clauses(&mut self, node: & $($mutable)? PatternClauses) { $walk::pattern_clauses(self, node); }
            /// A row pattern.
            fn row_pattern(&mut self, node: & $($mutable)? RowPattern) { $walk::row_pattern(self, node); }
            /// A type.
            fn data_type(&mut self, node: & $($mutable)? DataType) { $walk::data_type(self, node); }
            /// A name of one part: of a column, an alias, a variable, a parameter, a part of a longer name.
            fn identifier(&mut self, node: & $($mutable)? Identifier) { $walk::identifier(self, node); }
            /// A string.
            fn string(&mut self, node: & $($mutable)? StringLiteral) { $walk::string(self, node); }
            /// Where a node stands; that of every node is visited.
            fn span(&mut self, _span: & $($mutable)? Span) {}
        }

        /// What lies below each node.
        #[expect(missing_docs, reason = "each function walks over the children of the node that it is named after")]
        pub mod $walk {
            use super::*;

            type Names<'a> = &'a $($mutable)? Vec<Identifier>;

            pub fn statement<V: $name + ?Sized>(v: &mut V, node: & $($mutable)? Statement) {
                let Statement { span, kind } = node;
                v.span(span);
                match kind {
                    StatementKind::Query(query) | StatementKind::ShowStatsForQuery { query } => v.query(query),
                    StatementKind::Explain { options: _, statement } => v.statement(statement),
                    StatementKind::ExplainAnalyze { verbose: _, statement } => v.statement(statement),
                    StatementKind::Prepare { name, statement } => {
                        v.identifier(name);
                        v.statement(statement);
                    }
                    StatementKind::Deallocate { name }
                    | StatementKind::DescribeInput { name }
                    | StatementKind::DescribeOutput { name } => v.identifier(name),
                    StatementKind::Execute { name, parameters } => {
                        v.identifier(name);
                        exprs(v, parameters);
                    }
                    StatementKind::ExecuteImmediate { text, parameters } => {
                        v.string(text);
                        exprs(v, parameters);
                    }
                    StatementKind::ShowCatalogs { like } | StatementKind::ShowSession { like } => like_pattern(v, like),
                    StatementKind::ShowSchemas { catalog, like } => {
                        if let Some(catalog) = catalog { v.identifier(catalog); }
                        like_pattern(v, like);
                    }
                    StatementKind::ShowTables { schema, like } | StatementKind::ShowFunctions { schema, like } => {
                        if let Some(schema) = schema { v.other_name(schema); }
                        like_pattern(v, like);
                    }
                    StatementKind::ShowColumns { table, like } => {
                        v.table_name(table);
                        like_pattern(v, like);
                    }
                    StatementKind::ShowCreate { object: ShowCreateObject::Schema, name } => v.other_name(name),
                    StatementKind::ShowCreate { object: _, name } => v.table_name(name),
                    StatementKind::ShowStats { table } => v.table_name(table),
                    StatementKind::SetSession { name, value } => {
                        v.other_name(name);
                        v.expr(value);
                    }
                    StatementKind::ResetSession { name } => v.other_name(name),
                    StatementKind::SetTimeZone { zone } => if let Some(zone) = zone { v.expr(zone); },
                    StatementKind::Use { catalog, schema } => {
                        if let Some(catalog) = catalog { v.identifier(catalog); }
                        v.identifier(schema);
                    }
                    StatementKind::StartTransaction
                    | StatementKind::Commit
                    | StatementKind::Rollback
                    | StatementKind::Unsupported { class: _ } => {}
                }
            }

            fn like_pattern<V: $name + ?Sized>(v: &mut V, node: & $($mutable)? Option<LikePattern>) {
                let Some(LikePattern { pattern, escape }) = node else { return };
                v.string(pattern);
                if let Some(escape) = escape { v.string(escape); }
            }

            pub fn query<V: $name + ?Sized>(v: &mut V, node: & $($mutable)? Query) {
                let Query { span, with, body, order_by, offset, limit } = node;
                v.span(span);
                if let Some(With { span, recursive: _, queries }) = with {
                    v.span(span);
                    for query in queries { v.named_query(query); }
                }
                v.query_body(body);
                sort_items(v, order_by);
                if let Some(offset) = offset { row_count(v, offset); }
                match limit {
                    Some(Limit::Rows(rows) | Limit::Fetch { rows: Some(rows), with_ties: _ }) => row_count(v, rows),
                    None | Some(Limit::All | Limit::Fetch { rows: None, with_ties: _ }) => {}
                }
            }

            fn row_count<V: $name + ?Sized>(v: &mut V, node: & $($mutable)? RowCount) {
                match node { RowCount::Number(span) | RowCount::Parameter(span) => v.span(span) }
            }

            pub fn named_query<V: $name + ?Sized>(v: &mut V, node: & $($mutable)? NamedQuery) {
                let NamedQuery { span, name, columns, query } = node;
                v.span(span);
                v.identifier(name);
                identifiers(v, columns);
                v.query(query);
            }

            pub fn query_body<V: $name + ?Sized>(v: &mut V, node: & $($mutable)? QueryBody) {
                match node {
                    QueryBody::Select(select) => v.select(select),
                    QueryBody::Table { span, name } => {
                        v.span(span);
                        v.table_name(name);
                    }
                    QueryBody::Values { span, rows } => {
                        v.span(span);
                        exprs(v, rows);
                    }
                    QueryBody::Parenthesized { span, query } => {
                        v.span(span);
                        v.query(query);
                    }
                    QueryBody::SetOperation { span, first, rest } => {
                        v.span(span);
                        v.query_body(first);
                        for SetTerm { operator: _, quantifier: _, corresponding, term } in rest {
                            if let Some(columns) = corresponding { identifiers(v, columns); }
                            v.query_body(term);
                        }
                    }
                }
            }

            pub fn select<V: $name + ?Sized>(v: &mut V, node: & $($mutable)? Select) {
                let Select { span, quantifier: _, items, from, filter, group_by, having, windows } = node;
                v.span(span);
                for item in items { v.select_item(item); }
                for relation in from { v.relation(relation); }
                if let Some(filter) = filter { v.expr(filter); }
                if let Some(GroupBy { span, quantifier: _, elements }) = group_by {
                    v.span(span);
                    for element in elements {
                        match element {
                            GroupingElement::Set(set) => grouping_set(v, set),
                            GroupingElement::Auto => {}
                            GroupingElement::Rollup(sets) | GroupingElement::Cube(sets) | GroupingElement::Sets(sets) => {
                                for set in sets { grouping_set(v, set); }
                            }
                        }
                    }
                }
                if let Some(having) = having { v.expr(having); }
                for WindowDefinition { name, window } in windows {
                    v.identifier(name);
                    v.window(window);
                }
            }

            fn grouping_set<V: $name + ?Sized>(v: &mut V, node: & $($mutable)? GroupingSet) {
                let GroupingSet { span, exprs: keys } = node;
                v.span(span);
                exprs(v, keys);
            }

            pub fn select_item<V: $name + ?Sized>(v: &mut V, node: & $($mutable)? SelectItem) {
                match node {
                    SelectItem::Expr { span, expr, alias } => {
                        v.span(span);
                        v.expr(expr);
                        if let Some(alias) = alias { v.identifier(alias); }
                    }
                    SelectItem::Star(span) => v.span(span),
                    SelectItem::QualifiedStar { span, target, aliases } => {
                        v.span(span);
                        v.expr(target);
                        identifiers(v, aliases);
                    }
                }
            }

            pub fn window<V: $name + ?Sized>(v: &mut V, node: & $($mutable)? WindowSpecification) {
                let WindowSpecification { span, existing, partition_by, order_by, frame } = node;
                v.span(span);
                if let Some(existing) = existing { v.identifier(existing); }
                exprs(v, partition_by);
                sort_items(v, order_by);
                let Some(WindowFrame { span, unit: _, start, end, pattern }) = frame else { return };
                v.span(span);
                frame_bound(v, start);
                if let Some(end) = end { frame_bound(v, end); }
                if let Some(pattern) = pattern { v.pattern_clauses(pattern); }
            }

            fn frame_bound<V: $name + ?Sized>(v: &mut V, node: & $($mutable)? FrameBound) {
                match node {
                    FrameBound::Preceding(bound) | FrameBound::Following(bound) => v.expr(bound),
                    FrameBound::UnboundedPreceding | FrameBound::CurrentRow | FrameBound::UnboundedFollowing => {}
                }
            }

            pub fn pattern_clauses<V: $name + ?Sized>(v: &mut V, node: & $($mutable)? PatternClauses) {
                let PatternClauses {
                    measures, partition_by, order_by, rows_per_match: _, skip_to, seek: _, pattern, subsets, definitions,
                } = node;
                exprs(v, partition_by);
                sort_items(v, order_by);
                for (measure, name) in measures {
                    v.expr(measure);
                    v.identifier(name);
                }
                match skip_to {
                    Some(SkipTo::First(name) | SkipTo::Last(name) | SkipTo::Variable(name)) => v.identifier(name),
                    None | Some(SkipTo::NextRow | SkipTo::PastLastRow) => {}
                }
                if let Some(pattern) = pattern { v.row_pattern(pattern); }
                for (name, members) in subsets {
                    v.identifier(name);
                    identifiers(v, members);
                }
                for (name, condition) in definitions {
                    v.identifier(name);
                    v.expr(condition);
                }
            }

            pub fn row_pattern<V: $name + ?Sized>(v: &mut V, node: & $($mutable)? RowPattern) {
                let RowPattern { span, kind } = node;
                v.span(span);
                match kind {
                    RowPatternKind::Variable(name) => v.identifier(name),
                    RowPatternKind::Empty | RowPatternKind::PartitionStart | RowPatternKind::PartitionEnd => {}
                    RowPatternKind::Grouped(inner) | RowPatternKind::Excluded(inner) => v.row_pattern(inner),
                    RowPatternKind::Permutation(parts)
                    | RowPatternKind::Concatenation(parts)
                    | RowPatternKind::Alternation(parts) => for part in parts { v.row_pattern(part); },
                    RowPatternKind::Quantified { pattern, at_least: _, at_most: _, reluctant: _, span } => {
                        v.row_pattern(pattern);
                        v.span(span);
                    }
                }
            }

            pub fn relation<V: $name + ?Sized>(v: &mut V, node: & $($mutable)? Relation) {
                match node {
                    Relation::Table(TableReference { span, name, period }) => {
                        v.span(span);
                        v.table_name(name);
                        if let Some(QueryPeriod { span, kind: _, end }) = period {
                            v.span(span);
                            v.expr(end);
                        }
                    }
                    Relation::Subquery { span, query } | Relation::Lateral { span, query } => {
                        v.span(span);
                        v.query(query);
                    }
                    Relation::Parenthesized { span, relation } => {
                        v.span(span);
                        v.relation(relation);
                    }
                    Relation::Unnest { span, exprs: arrays, ordinality: _ } => {
                        v.span(span);
                        exprs(v, arrays);
                    }
                    Relation::TableFunction(function) => v.table_function(function),
                    Relation::JsonTable(table) => json_table(v, table),
                    Relation::Aliased { span, relation, alias, columns } => {
                        v.span(span);
                        v.relation(relation);
                        v.identifier(alias);
                        identifiers(v, columns);
                    }
                    Relation::MatchRecognize { span, input, clauses } => {
                        v.span(span);
                        v.relation(input);
                        v.pattern_clauses(clauses);
                    }
                    Relation::Sampled { span, relation, method: _, percentage } => {
                        v.span(span);
                        v.relation(relation);
                        v.expr(percentage);
                    }
                    Relation::Join { span, first, joins } => {
                        v.span(span);
                        v.relation(first);
                        for Join { span, kind: _, right, criteria } in joins {
                            v.span(span);
                            v.relation(right);
                            match criteria {
                                JoinCriteria::On(condition) => v.expr(condition),
                                JoinCriteria::Using(columns) => identifiers(v, columns),
                                JoinCriteria::None | JoinCriteria::Natural => {}
                            }
                        }
                    }
                }
            }

            pub fn table_function<V: $name + ?Sized>(v: &mut V, node: & $($mutable)? TableFunction) {
                let TableFunction { span, name, arguments, copartition } = node;
                v.span(span);
                v.other_name(name);
                for TableFunctionArgument { span, name, value } in arguments {
                    v.span(span);
                    if let Some(name) = name { v.identifier(name); }
                    match value {
                        TableFunctionValue::Table(table) => table_argument(v, table),
                        TableFunctionValue::Descriptor(None) => {}
                        TableFunctionValue::Descriptor(Some(fields)) => for (name, kind) in fields {
                            v.identifier(name);
                            if let Some(kind) = kind { v.data_type(kind); }
                        },
                        TableFunctionValue::Expr(value) => v.expr(value),
                    }
                }
                for tables in copartition {
                    // They name arguments, not tables.
                    for table in tables { v.other_name(table); }
                }
            }

            fn table_argument<V: $name + ?Sized>(v: &mut V, node: & $($mutable)? TableArgument) {
                let TableArgument { span, input, alias, partition_by, prune_when_empty: _, order_by } = node;
                v.span(span);
                match input {
                    TableArgumentInput::Table(name) => v.table_name(name),
                    TableArgumentInput::Query(query) => v.query(query),
                }
                if let Some((alias, columns)) = alias {
                    v.identifier(alias);
                    identifiers(v, columns);
                }
                if let Some(keys) = partition_by { exprs(v, keys); }
                sort_items(v, order_by);
            }

            fn json_table<V: $name + ?Sized>(v: &mut V, node: & $($mutable)? JsonTable) {
                let JsonTable { span, path, columns } = node;
                v.span(span);
                json_path(v, path);
                json_table_columns(v, columns);
            }

            fn json_table_columns<V: $name + ?Sized>(v: &mut V, nodes: & $($mutable)? Vec<JsonTableColumn>) {
                for node in nodes {
                    match node {
                        JsonTableColumn::Ordinality(name) => v.identifier(name),
                        JsonTableColumn::Value { name, data_type, defaults } => {
                            v.identifier(name);
                            v.data_type(data_type);
                            exprs(v, defaults);
                        }
                        JsonTableColumn::Nested { name, columns } => {
                            if let Some(name) = name { v.identifier(name); }
                            json_table_columns(v, columns);
                        }
                    }
                }
            }

            fn json_path<V: $name + ?Sized>(v: &mut V, node: & $($mutable)? JsonPathInvocation) {
                let JsonPathInvocation { span, input, path, name, passing } = node;
                v.span(span);
                v.expr(input);
                v.string(path);
                if let Some(name) = name { v.identifier(name); }
                for (value, name) in passing {
                    v.expr(value);
                    v.identifier(name);
                }
            }

            pub fn expr<V: $name + ?Sized>(v: &mut V, node: & $($mutable)? Expr) {
                let Expr { span, kind } = node;
                v.span(span);
                match kind {
                    ExprKind::Null
                    | ExprKind::Boolean(_)
                    | ExprKind::Binary
                    | ExprKind::Number(_)
                    | ExprKind::Parameter
                    | ExprKind::Current(_) => {}
                    ExprKind::String(text) | ExprKind::Interval(text) => v.string(text),
                    ExprKind::TypedLiteral { type_name, value } => {
                        v.identifier(type_name);
                        v.string(value);
                    }
                    ExprKind::Identifier(name) => v.identifier(name),
                    ExprKind::Dereference { base, field } => {
                        v.expr(base);
                        v.identifier(field);
                    }
                    ExprKind::Subscript { base: left, index: right }
                    | ExprKind::Comparison { operator: _, left, right }
                    | ExprKind::IsDistinctFrom { negated: _, left, right }
                    | ExprKind::AtTimeZone { value: left, zone: right } => {
                        v.expr(left);
                        v.expr(right);
                    }
                    ExprKind::Parenthesized(inner)
                    | ExprKind::Not(inner)
                    | ExprKind::IsNull { negated: _, value: inner }
                    | ExprKind::Unary { negative: _, operand: inner } => v.expr(inner),
                    ExprKind::Row(items)
                    | ExprKind::Array(items)
                    | ExprKind::Concat(items)
                    | ExprKind::Logical { operator: _, terms: items }
                    | ExprKind::SpecialForm { form: _, operands: items } => exprs(v, items),
                    ExprKind::QuantifiedComparison { operator: _, quantifier: _, left, query }
                    | ExprKind::InSubquery { negated: _, value: left, query } => {
                        v.expr(left);
                        v.query(query);
                    }
                    ExprKind::Between { negated: _, value, low, high } => {
                        v.expr(value);
                        v.expr(low);
                        v.expr(high);
                    }
                    ExprKind::InList { negated: _, value, list } => {
                        v.expr(value);
                        exprs(v, list);
                    }
                    ExprKind::Like { negated: _, value, pattern, escape } => {
                        v.expr(value);
                        v.expr(pattern);
                        if let Some(escape) = escape { v.expr(escape); }
                    }
                    ExprKind::Arithmetic { first, rest } => {
                        v.expr(first);
                        for (_operator, operand) in rest { v.expr(operand); }
                    }
                    ExprKind::Subquery(query) | ExprKind::Exists(query) => v.query(query),
                    ExprKind::Case { operand, whens, otherwise } => {
                        if let Some(operand) = operand { v.expr(operand); }
                        for (condition, result) in whens {
                            v.expr(condition);
                            v.expr(result);
                        }
                        if let Some(otherwise) = otherwise { v.expr(otherwise); }
                    }
                    ExprKind::Cast { safe: _, value, data_type } => {
                        v.expr(value);
                        v.data_type(data_type);
                    }
                    ExprKind::Call(call) => v.call(call),
                    ExprKind::Measure { name, over } => {
                        v.identifier(name);
                        walk_over(v, over);
                    }
                    ExprKind::Lambda { parameters, body } => {
                        identifiers(v, parameters);
                        v.expr(body);
                    }
                    ExprKind::Extract { field, value } => {
                        v.identifier(field);
                        v.expr(value);
                    }
                    ExprKind::Grouping(columns) => for column in columns { v.other_name(column); },
                    ExprKind::JsonPath { form: _, path, returning, defaults } => {
                        json_path(v, path);
                        if let Some(returning) = returning { v.data_type(returning); }
                        exprs(v, defaults);
                    }
                    ExprKind::JsonObject { members, returning } => {
                        for (key, value) in members {
                            v.expr(key);
                            v.expr(value);
                        }
                        if let Some(returning) = returning { v.data_type(returning); }
                    }
                    ExprKind::JsonArray { elements, returning } => {
                        exprs(v, elements);
                        if let Some(returning) = returning { v.data_type(returning); }
                    }
                }
            }

            pub fn call<V: $name + ?Sized>(v: &mut V, node: & $($mutable)? Call) {
                let Call { name, processing: _, quantifier: _, arguments, order_by, filter, ignore_nulls: _, over } = node;
                v.other_name(name);
                match arguments {
                    Arguments::Star(None) => {}
                    Arguments::Star(Some(label)) => v.identifier(label),
                    Arguments::List(items) => exprs(v, items),
                }
                sort_items(v, order_by);
                if let Some(filter) = filter { v.expr(filter); }
                if let Some(over) = over { walk_over(v, over); }
            }

            fn walk_over<V: $name + ?Sized>(v: &mut V, node: & $($mutable)? Over) {
                match node {
                    Over::Name(name) => v.identifier(name),
                    Over::Window(window) => v.window(window),
                }
            }

            pub fn data_type<V: $name + ?Sized>(v: &mut V, node: & $($mutable)? DataType) {
                let DataType { span, kind } = node;
                v.span(span);
                match kind {
                    DataTypeKind::Generic { name, parameters } => {
                        v.identifier(name);
                        for parameter in parameters { type_parameter(v, parameter); }
                    }
                    DataTypeKind::Row(fields) => for (name, kind) in fields {
                        if let Some(name) = name { v.identifier(name); }
                        v.data_type(kind);
                    },
                    DataTypeKind::Array(element) => v.data_type(element),
                    DataTypeKind::Map(key, value) => {
                        v.data_type(key);
                        v.data_type(value);
                    }
                    DataTypeKind::DateTime { timestamp: _, precision, with_time_zone: _ } => {
                        if let Some(precision) = precision { type_parameter(v, precision); }
                    }
                    DataTypeKind::Interval => {}
                }
            }

            fn type_parameter<V: $name + ?Sized>(v: &mut V, node: & $($mutable)? TypeParameter) {
                match node {
                    TypeParameter::Number(span) => v.span(span),
                    TypeParameter::Type(kind) => v.data_type(kind),
                }
            }

            pub fn qualified_name<V: $name + ?Sized>(v: &mut V, node: & $($mutable)? QualifiedName) {
                let QualifiedName { parts, span } = node;
                v.span(span);
                identifiers(v, parts);
            }

            pub fn identifier<V: $name + ?Sized>(v: &mut V, node: & $($mutable)? Identifier) {
                let Identifier { value: _, delimited: _, span } = node;
                v.span(span);
            }

            pub fn string<V: $name + ?Sized>(v: &mut V, node: & $($mutable)? StringLiteral) {
                let StringLiteral { value: _, span } = node;
                v.span(span);
            }

            fn identifiers<V: $name + ?Sized>(v: &mut V, names: Names<'_>) {
                for name in names { v.identifier(name); }
            }

            fn exprs<V: $name + ?Sized>(v: &mut V, nodes: & $($mutable)? Vec<Expr>) {
                for node in nodes { v.expr(node); }
            }

            fn sort_items<V: $name + ?Sized>(v: &mut V, nodes: & $($mutable)? Vec<SortItem>) {
                for SortItem { span, key, descending: _, nulls_first: _ } in nodes {
                    v.span(span);
                    v.expr(key);
                }
            }
        }
    };
}

visitor! {
    /// Reads a tree.
    Visit, walk,
}

visitor! {
    /// Changes a tree.
    VisitMut, walk_mut, mut
}

/// Sets all spans of a tree to zero, so that trees of different texts can be compared.
pub struct ForgetSpans;

impl VisitMut for ForgetSpans {
    fn span(&mut self, span: &mut Span) {
        *span = Span::default();
    }
}
