//! The tables that sqlparser sees.

use super::Name;
use super::dialect::Trino;
use sqlparser::ast::{ObjectName, ObjectNamePart, Statement, TableFactor, Visit, Visitor};
use sqlparser::parser::Parser;
use sqlparser::tokenizer::{Token, Tokenizer};
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::ControlFlow;

/// Nesting that sqlparser is let into. It grows its stack as it parses and visits.
const DEEPEST: usize = 100;

/// Tokens that sqlparser is given. A chain of operators becomes a tree as deep as it is long, and dropping a tree does
/// not grow the stack: a thread of 2 MiB can drop chains three times as long as this allows.
const MOST_TOKENS: usize = 10_000;

/// How long a token of most texts is at least; white space is one to sqlparser.
const BYTES_A_TOKEN: usize = 3;

/// What sqlparser made while it read a text.
#[derive(Default)]
pub(crate) struct Leftovers {
    parser: Option<Parser<'static>>,
    statements: Vec<Statement>,
}

/// The names of relations in a text, or `None` if sqlparser can't read it; and what can be dropped once they are told.
pub(super) fn names(sql: &str) -> (Option<BTreeSet<Name>>, Leftovers) {
    let mut leftovers = Leftovers::default();
    (leftovers.names(sql), leftovers)
}

impl Leftovers {
    fn names(&mut self, sql: &str) -> Option<BTreeSet<Name>> {
        // Trino ends a comment at a carriage return too, sqlparser does not.
        let lines = if sql.contains('\r') { Cow::Owned(sql.replace('\r', "\n")) } else { Cow::Borrowed(sql) };
        let mut tokens = Vec::with_capacity(lines.len() / BYTES_A_TOKEN);
        Tokenizer::new(&Trino, &lines).tokenize_with_location_into_buf(&mut tokens).ok()?;
        if tokens.iter().filter(|token| !matches!(token.token, Token::Whitespace(_))).count() > MOST_TOKENS {
            return None;
        }
        let parser = Parser::new(&Trino).with_recursion_limit(DEEPEST).with_tokens_with_locations(tokens);
        self.statements = self.parser.insert(parser).parse_statements().ok()?;
        let mut names = Names::default();
        match self.statements.visit(&mut names) {
            ControlFlow::Continue(()) => Some(names.seen),
            ControlFlow::Break(never) => match never {},
        }
    }
}

#[derive(Default)]
struct Names {
    seen: BTreeSet<Name>,
}

impl Visitor for Names {
    type Break = std::convert::Infallible;

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<Self::Break> {
        if let TableFactor::Table { name, args: None, .. } = factor {
            self.seen.extend(parts(name));
        }
        ControlFlow::Continue(())
    }
}

fn parts(name: &ObjectName) -> Option<Name> {
    name.0
        .iter()
        .map(|part| match part {
            ObjectNamePart::Identifier(identifier) => Some(identifier.value.to_lowercase()),
            ObjectNamePart::Function(_) => None,
        })
        .collect()
}
