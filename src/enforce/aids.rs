//! What makes decisions sooner, and changes none.

use super::Request;
use super::judge::Stop;
use crate::analysis::kept::Objects;
use crate::rewrite::{Beside, Proofs};
use crate::sql::{GrammarVersion, SqlError, Statement, parse_statement};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The tree of a longer text is not kept: it takes many times its memory, and there may be as many as statements that wait for Trino.
const LONGEST: usize = 32 * 1024;

/// What is at hand for a decision. Nothing that is decided depends on it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Aids<'a> {
    /// What reads texts for the second opinion meanwhile; without it they are read at the end.
    pub beside: Option<&'a dyn Beside>,
    /// What tables were to users in statements before; without it all are made anew.
    pub objects: Option<&'a Objects>,
    /// What was proved of guards in statements before; without it each is proved as if it were the first.
    pub proofs: Option<&'a Proofs>,
    /// Where the trees of the statement's texts stay while Trino is asked; without it they are parsed again.
    pub trees: Option<&'a Trees>,
}

/// The trees of a statement about which something has to be asked first: its own, and that of a text within or behind it.
#[derive(Debug, Default)]
pub struct Trees {
    parsed: Mutex<Vec<Parsed>>,
}

/// A tree with all that it was made from.
#[derive(Debug)]
struct Parsed {
    sql: String,
    grammar: GrammarVersion,
    statement: Statement,
}

impl Trees {
    /// Takes out the tree of a text, if it is there.
    fn take(&self, sql: &str, grammar: GrammarVersion) -> Option<Statement> {
        let mut parsed = self.parsed();
        let at = parsed.iter().position(|parsed| parsed.sql == sql && parsed.grammar == grammar)?;
        Some(parsed.swap_remove(at).statement)
    }

    /// Puts in the tree of a text, unless that is long.
    fn put(&self, sql: &str, grammar: GrammarVersion, statement: Statement) {
        if sql.len() <= LONGEST {
            self.parsed().push(Parsed { sql: sql.to_owned(), grammar, statement });
        }
    }

    /// The texts whose trees are there.
    #[cfg(test)]
    pub(super) fn texts(&self) -> Vec<String> {
        self.parsed().iter().map(|parsed| parsed.sql.clone()).collect()
    }

    fn parsed(&self) -> MutexGuard<'_, Vec<Parsed>> {
        // A tree is there as a whole or not at all.
        self.parsed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Request<'_> {
    /// The tree of a text of the statement.
    pub(super) fn parse(&self, text: &str) -> Result<Statement, SqlError> {
        let grammar = self.options.grammar;
        match self.aids.trees.and_then(|trees| trees.take(text, grammar)) {
            Some(statement) => Ok(statement),
            None => parse_statement(text, grammar),
        }
    }

    /// Puts a tree aside, if there is no decision since something has to be asked first.
    pub(super) fn put_aside(&self, text: &str, statement: Statement, stop: &Stop) {
        if let (Some(trees), Stop::Needs(_)) = (self.aids.trees, stop) {
            trees.put(text, self.options.grammar, statement);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::v476::parse_statement;

    #[test]
    fn the_tree_of_a_long_text_is_not_kept() {
        let trees = Trees::default();
        for (more, kept) in [(0, true), (1, false)] {
            let sql = format!("SELECT 1{}", " ".repeat(LONGEST - "SELECT 1".len() + more));
            trees.put(&sql, GrammarVersion::V476, parse_statement(&sql).unwrap());
            assert_eq!(trees.take(&sql, GrammarVersion::V476).is_some(), kept);
        }
    }

    #[test]
    fn a_tree_is_of_its_text_and_grammar_alone_and_taken_once() {
        let grammar = GrammarVersion::V476;
        let trees = Trees::default();
        for sql in ["SELECT 1", "SHOW CATALOGS"] {
            trees.put(sql, grammar, parse_statement(sql).unwrap());
        }
        assert!(trees.take("SELECT 2", grammar).is_none());
        assert!(trees.take("SELECT 1", GrammarVersion::V483).is_none());
        for (sql, class) in [("SHOW CATALOGS", "ShowCatalogs"), ("SELECT 1", "Query")] {
            assert_eq!(trees.take(sql, grammar).unwrap().kind.class(), class);
            assert!(trees.take(sql, grammar).is_none());
        }
    }
}
