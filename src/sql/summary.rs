//! What a statement names: its class, the relations and the functions, for people, tests and other programs.
//!
//! In: a tree. Out: a [`Summary`]. It decides nothing: names are as they stand, not resolved.

use super::ast::{Call, Identifier, NamedQuery, QualifiedName, Query, Span, Statement, TableFunction};
use super::visit::{Visit, walk};
use compact_str::CompactString;

/// What a statement names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Trino's class name of the statement.
    pub class: &'static str,
    /// Each name that stands where a table or view can stand, in the order of the text.
    pub relations: Vec<RelationName>,
    /// Each function that is called, in the order of the text, folded; parts joined by a dot.
    pub functions: Vec<String>,
}

/// A name that stands where a table or view can stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelationName {
    /// Its parts, folded.
    pub parts: Vec<CompactString>,
    /// Where it stands.
    pub span: Span,
    /// Whether it is the name of a query of a `WITH` in whose scope it stands.
    pub is_named_query: bool,
}

/// What `statement` names.
pub fn summary(statement: &Statement) -> Summary {
    let mut names = Names { scope: Vec::new(), relations: Vec::new(), functions: Vec::new() };
    names.statement(statement);
    Summary { class: statement.kind.class(), relations: names.relations, functions: names.functions }
}

struct Names {
    /// The named queries that can be seen, the innermost last.
    scope: Vec<CompactString>,
    relations: Vec<RelationName>,
    functions: Vec<String>,
}

fn folded(name: &QualifiedName) -> Vec<CompactString> {
    name.parts.iter().map(Identifier::folded).collect()
}

impl Visit for Names {
    fn query(&mut self, node: &Query) {
        let outer = self.scope.len();
        if let Some(with) = &node.with
            && with.recursive
        {
            self.scope.extend(with.queries.iter().map(|query| query.name.folded()));
        }
        walk::query(self, node);
        self.scope.truncate(outer);
    }

    /// A named query is seen by those after it, and by itself in `WITH RECURSIVE`.
    fn named_query(&mut self, node: &NamedQuery) {
        walk::named_query(self, node);
        self.scope.push(node.name.folded());
    }

    fn table_name(&mut self, node: &QualifiedName) {
        let parts = folded(node);
        let is_named_query = matches!(parts.as_slice(), [only] if self.scope.contains(only));
        self.relations.push(RelationName { parts, span: node.span, is_named_query });
    }

    fn table_function(&mut self, node: &TableFunction) {
        self.functions.push(folded(&node.name).join("."));
        walk::table_function(self, node);
    }

    fn call(&mut self, node: &Call) {
        self.functions.push(folded(&node.name).join("."));
        walk::call(self, node);
    }
}

#[cfg(test)]
mod tests {
    use super::super::v476::parse_statement;
    use super::*;

    fn relations(text: &str) -> Vec<(String, bool)> {
        let found = summary(&parse_statement(text).unwrap());
        found.relations.iter().map(|name| (name.parts.join("."), name.is_named_query)).collect()
    }

    #[test]
    fn a_named_query_is_known_in_its_scope_only() {
        assert_eq!(
            relations("WITH a AS (SELECT 1 FROM A), b AS (TABLE a) SELECT * FROM b, c.a, (SELECT 1 FROM a)"),
            [
                ("a".to_owned(), false),
                ("a".to_owned(), true),
                ("b".to_owned(), true),
                ("c.a".to_owned(), false),
                ("a".to_owned(), true)
            ]
        );
        assert_eq!(
            relations("SELECT (WITH a AS (SELECT 1) SELECT 1 FROM a) FROM a").last().unwrap(),
            &("a".to_owned(), false)
        );
        assert_eq!(relations("WITH RECURSIVE a(n) AS (TABLE a) TABLE b").first().unwrap(), &("a".to_owned(), true));
    }

    #[test]
    fn tables_are_found_wherever_they_may_stand() {
        for text in [
            "SELECT 1 WHERE EXISTS (TABLE hidden)",
            "SELECT x -> (SELECT max(y) FROM hidden)",
            "SELECT * FROM TABLE(f(TABLE(hidden)))",
            "SELECT * FROM TABLE(f(a => TABLE(SELECT 1 FROM hidden) PARTITION BY b))",
            "SELECT count(*) FILTER (WHERE (TABLE hidden)) OVER (ORDER BY x)",
            "VALUES (1, (SELECT 2 FROM hidden))",
            "SELECT 1 ORDER BY (TABLE hidden)",
            "SELECT JSON_VALUE(a, 'lax $' PASSING (TABLE hidden) AS x DEFAULT 1 ON EMPTY)",
            "SHOW STATS FOR (SELECT * FROM hidden)",
            "DESCRIBE hidden",
            "EXPLAIN ANALYZE TABLE hidden",
        ] {
            assert_eq!(relations(text), [("hidden".to_owned(), false)], "{text}");
        }
    }

    #[test]
    fn tables_are_found_in_the_order_of_the_text() {
        for (text, names) in [
            ("CREATE TABLE a.b (x int, LIKE c, y int, LIKE d EXCLUDING PROPERTIES)", "a.b c d"),
            ("CREATE TABLE a (b) WITH (p = (TABLE c)) AS WITH d AS (TABLE e) TABLE d", "a c e d*"),
            ("DROP TABLE IF EXISTS a", "a"),
            ("DROP SCHEMA a", ""),
            ("DROP CATALOG a", ""),
            ("ALTER TABLE a RENAME TO b.c", "a b.c"),
            ("ALTER TABLE a RENAME COLUMN b.c TO d", "a"),
            ("ALTER TABLE a ADD COLUMN b.c int AFTER d", "a"),
            ("ALTER TABLE a DROP COLUMN b.c", "a"),
            ("ALTER TABLE a ALTER COLUMN b.c SET DATA TYPE int", "a"),
            ("ALTER TABLE a ALTER COLUMN b DROP NOT NULL", "a"),
            ("ALTER TABLE a SET PROPERTIES b = 1", "a"),
            ("ALTER TABLE a EXECUTE b (c => (TABLE d)) WHERE e IN (TABLE f)", "a d f"),
            ("ALTER TABLE a SET AUTHORIZATION b", "a"),
            ("ALTER VIEW a SET AUTHORIZATION b", "a"),
            ("ALTER SCHEMA a SET AUTHORIZATION b", ""),
            ("ALTER x a SET AUTHORIZATION b", ""),
            ("COMMENT ON TABLE a IS 'b'", "a"),
            ("COMMENT ON VIEW a IS NULL", "a"),
            ("COMMENT ON COLUMN \"A\".b.c IS 'd'", "a.b"),
            ("COMMENT ON COLUMN a IS 'b'", ""),
            ("CREATE VIEW a AS TABLE b", "a b"),
            ("CREATE MATERIALIZED VIEW a AS TABLE b", "a b"),
            ("ALTER MATERIALIZED VIEW a RENAME TO b", "a b"),
            ("REFRESH MATERIALIZED VIEW a", "a"),
            ("ANALYZE a WITH (p = (TABLE b))", "a b"),
            ("INSERT INTO a (b) TABLE c", "a c"),
            ("DELETE FROM a WHERE EXISTS (TABLE b)", "a b"),
            ("UPDATE a SET b = (TABLE c) WHERE d IN (TABLE e)", "a c e"),
            (
                "MERGE INTO a b USING c JOIN d ON (TABLE e) ON (TABLE f) WHEN MATCHED AND (TABLE g) THEN DELETE \
                 WHEN NOT MATCHED THEN INSERT (h) VALUES ((TABLE i)) WHEN MATCHED THEN UPDATE SET j = (TABLE k)",
                "a c d e f g i k",
            ),
            ("TRUNCATE TABLE a", "a"),
            ("CALL a.b(c => (TABLE d))", "d"),
            ("GRANT a ON b TO c", "b"),
            ("GRANT a ON TABLE b TO c", "b"),
            ("REVOKE a ON VIEW b FROM c", "b"),
            ("DENY a ON SCHEMA b TO c", ""),
            ("DENY a ON \"view\" b TO c", ""),
            ("GRANT a TO b", ""),
            ("SHOW GRANTS ON a", "a"),
            ("SHOW CREATE FUNCTION a", ""),
            ("EXPLAIN INSERT INTO a TABLE b", "a b"),
            ("PREPARE a FROM DELETE FROM b", "b"),
        ] {
            let found: Vec<String> = relations(text)
                .into_iter()
                .map(|(name, named_query)| if named_query { format!("{name}*") } else { name })
                .collect();
            assert_eq!(found.join(" "), names, "{text}");
        }
    }

    #[test]
    fn functions_are_named_in_order() {
        let found = summary(&parse_statement("SELECT A.f(G(1)) FROM TABLE(h(j(2)))").unwrap());
        assert_eq!(found.functions, ["a.f", "g", "h", "j"]);
    }
}
