//! Walks over trees that can't forget a child.
//!
//! A visitor overrides the methods of the nodes it cares for and calls the `walk_…` function of the same name to go on
//! below. The walks take every node apart without `..`, so that a field or a variant that is added to the tree does not
//! compile until it is walked here. [`Visit`] reads, [`VisitMut`] changes; both are made from one text: each file of this
//! module has a macro with the walks over one part of the grammar, and `visitor!` puts them together.
//!
//! Children are visited in the order of the text. A walk is as deep as the tree, which the parser bounds.

mod access;
mod branch;
mod change;
mod definition;
mod expr;
mod newer;
mod pattern;
mod query;
mod relation;
mod routine;
mod statement;
mod types;

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
            /// A statement that defines something.
            fn definition(&mut self, node: & $($mutable)? Definition) { $walk::definition(self, node); }
            /// A statement that changes rows.
            fn change(&mut self, node: & $($mutable)? Change) { $walk::change(self, node); }
            /// A statement about roles, privileges or owners.
            fn access(&mut self, node: & $($mutable)? Access) { $walk::access(self, node); }
            /// A statement about branches of tables.
            fn branch(&mut self, node: & $($mutable)? Branch) { $walk::branch(self, node); }
            /// A query.
            fn query(&mut self, node: & $($mutable)? Query) { $walk::query(self, node); }
            /// A query that `WITH` names.
            fn named_query(&mut self, node: & $($mutable)? NamedQuery) { $walk::named_query(self, node); }
            /// A function that a query or a schema defines.
            fn function_specification(&mut self, node: & $($mutable)? FunctionSpecification) {
                $walk::function_specification(self, node);
            }
            /// A statement of a function's body.
            fn control_statement(&mut self, node: & $($mutable)? ControlStatement) {
                $walk::control_statement(self, node);
            }
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
            /// The name of a table or view, wherever one may stand: in `FROM`, `TABLE t`, `DROP TABLE t`, ….
            fn table_name(&mut self, node: & $($mutable)? QualifiedName) { $walk::qualified_name(self, node); }
            /// The name of a schema, function, session property or column.
            fn other_name(&mut self, node: & $($mutable)? QualifiedName) { $walk::qualified_name(self, node); }
            /// An expression.
            fn expr(&mut self, node: & $($mutable)? Expr) { $walk::expr(self, node); }
            /// An expression that came after Trino 476.
            fn newer(&mut self, node: & $($mutable)? NewerExpr) { $walk::newer(self, node); }
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

            statement::statement! { $name, $($mutable)? }
            definition::definition! { $name, $($mutable)? }
            change::change! { $name, $($mutable)? }
            access::access! { $name, $($mutable)? }
            branch::branch! { $name, $($mutable)? }
            query::query! { $name, $($mutable)? }
            pattern::pattern! { $name, $($mutable)? }
            relation::relation! { $name, $($mutable)? }
            routine::routine! { $name, $($mutable)? }
            expr::expr! { $name, $($mutable)? }
            newer::newer! { $name, $($mutable)? }
            types::types! { $name, $($mutable)? }

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
