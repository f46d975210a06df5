//! What the parser has to know of the tokens ahead before it chooses a rule.
//!
//! It looks, and never reads a part of the text twice: trying one rule and then another would take exponential time on
//! nested ones.

use super::{MAX_NESTING, Parser};
use crate::sql::token::TokenKind;

/// Reserved words that begin an operand.
const OPERANDS: &[&str] = &[
    "CASE",
    "CAST",
    "CURRENT_CATALOG",
    "CURRENT_DATE",
    "CURRENT_PATH",
    "CURRENT_SCHEMA",
    "CURRENT_TIME",
    "CURRENT_TIMESTAMP",
    "CURRENT_USER",
    "EXISTS",
    "EXTRACT",
    "FALSE",
    "GROUPING",
    "JSON_ARRAY",
    "JSON_EXISTS",
    "JSON_OBJECT",
    "JSON_QUERY",
    "JSON_VALUE",
    "LISTAGG",
    "LOCALTIME",
    "LOCALTIMESTAMP",
    "NORMALIZE",
    "NOT",
    "NULL",
    "TRIM",
    "TRUE",
];

impl Parser<'_> {
    /// Whether the token `ahead` begins an operand, and can't go on with an expression that stands before it.
    pub(super) fn starts_operand(&self, ahead: usize) -> bool {
        match self.token(ahead).kind {
            TokenKind::Symbol => self.is_symbol_at(ahead, "(") || self.is_symbol_at(ahead, "?"),
            TokenKind::Word { reserved: true } => OPERANDS.iter().any(|word| self.is_at(ahead, word)),
            TokenKind::Unrecognised | TokenKind::DollarString | TokenKind::End => false,
            _ => true,
        }
    }

    /// Whether the word that comes next, `ALL` or one that stands where it may, is the grammar's word before what
    /// follows it, and not a column.
    pub(super) fn all_quantifies(&self) -> bool {
        self.all_quantifies_at(0)
    }

    fn all_quantifies_at(&self, ahead: usize) -> bool {
        let next = ahead + 1;
        if self.is_symbol_at(next, "*") {
            return !self.starts_value_at(next + 1);
        }
        let is_operand =
            ["IN", "LIKE", "BETWEEN"].iter().any(|word| self.is_at(next, "NOT") && self.is_at(next + 1, word))
                || (self.is_at(next, "AT") && self.is_at(next + 1, "TIME"))
                || self.newer_operand_ends_at(next)
                || (self.limit_follows_at(next) && !self.is_limit_all_at(next))
                || self.window_follows_at(next);
        let is_function = self.is_symbol_at(next, "(")
            && !self.parenthesis_holds_query(next)
            && (self.is_function_without_arguments(next) || self.can_only_be_called_at(ahead));
        !is_operand && !is_function && self.starts_value_at(next)
    }

    /// Whether the token `ahead` begins a value, a sign or an array among them.
    pub(super) fn starts_value_at(&self, ahead: usize) -> bool {
        self.starts_operand(ahead) || ["+", "-", "["].iter().any(|symbol| self.is_symbol_at(ahead, symbol))
    }

    /// Whether `()` stands `ahead`, and begins no lambda.
    fn is_function_without_arguments(&self, ahead: usize) -> bool {
        self.is_symbol_at(ahead + 1, ")") && !self.is_symbol_at(ahead + 2, "->")
    }

    /// Whether `ROW (` that comes next calls a function and makes no row.
    pub(super) fn row_is_called(&self) -> bool {
        self.is_symbol_at(2, ")") || self.can_only_be_called_at(0)
    }

    /// Whether the word `ahead`, with a parenthesis behind it, can only be a function's name: where what stands in the
    /// parenthesis or behind it can't belong to a row or to an expression in parentheses.
    pub(super) fn can_only_be_called_at(&self, ahead: usize) -> bool {
        let first = ahead + 2;
        let label = self.is_identifier_at(first)
            && [".", "*", ")"].iter().enumerate().all(|(at, symbol)| self.is_symbol_at(first + 1 + at, symbol));
        let row_of_all = ["(", "+", "-", "[", "*"].iter().any(|symbol| self.is_symbol_at(first + 1, symbol))
            || matches!(self.token(first + 1).kind, TokenKind::String | TokenKind::UnicodeString)
            || self.over_follows_at(first + 1)
            || (self.is_at(ahead, "ROW") && self.is_field_with_name_at(first));
        let all = self.is_at(first, "ALL") && !row_of_all && self.all_quantifies_at(first);
        let star = self.is_symbol_at(first, "*") && self.is_symbol_at(first + 1, ")");
        label
            || all
            || star
            || self.is_at(first, "DISTINCT")
            || self.call_goes_on_at(self.after_parenthesis(ahead + 1))
            || self.any_in_parenthesis(ahead + 1, |at| self.is_at(at, "ORDER") || self.is_symbol_at(at, "=>"))
    }

    /// Whether a name with another behind it makes a field `ahead`, which a row has since Trino 483.
    fn is_field_with_name_at(&self, ahead: usize) -> bool {
        let ends = [",", ")"].iter().any(|symbol| self.is_symbol_at(ahead + 2, symbol));
        self.has_483() && self.is_identifier_at(ahead + 1) && ends
    }

    /// Whether `ahead` stands what may follow the parenthesis of a call only.
    fn call_goes_on_at(&self, ahead: usize) -> bool {
        let nulls = (self.is_at(ahead, "IGNORE") || self.is_at(ahead, "RESPECT")) && self.is_at(ahead + 1, "NULLS");
        let filter = self.is_at(ahead, "FILTER") && self.is_symbol_at(ahead + 1, "(");
        nulls || filter || self.over_follows_at(ahead)
    }

    /// Whether the name that comes next is a measure with `OVER (` behind it, and not a word before a call of `over`:
    /// where what stands in the parenthesis can only be a window's.
    pub(super) fn measure_follows(&self) -> bool {
        let clause = |at: usize| {
            let words = ["ROWS", "RANGE", "GROUPS", "MEASURES"].iter().any(|word| self.is_at(at, word));
            let follows =
                self.is_at(at + 1, "BETWEEN") || (self.starts_operand(at + 1) && !self.is_symbol_at(at + 1, "("));
            (words && follows) || (self.is_at(at, "PARTITION") && self.is_at(at + 1, "BY"))
        };
        self.is_at(1, "OVER") && self.is_symbol_at(2, "(") && self.any_in_parenthesis(2, clause)
    }

    /// `OVER w` and `OVER (` as the words of a window; the word alone may be an alias.
    pub(super) fn over_follows_at(&self, ahead: usize) -> bool {
        self.is_at(ahead, "OVER") && (self.is_symbol_at(ahead + 1, "(") || self.is_identifier_at(ahead + 1))
    }

    /// Whether `POSITION (` that comes next is the grammar's own form and not a call whose argument is `a IN (…)`.
    pub(super) fn position_follows(&self) -> bool {
        const OF_EXPRESSIONS: &[&str] = &["AND", "OR", "NOT", "IS", "LIKE", "BETWEEN", "ORDER"];
        let mut list = None;
        let mut in_lambda = false;
        let is_call = self.any_in_parenthesis(1, |at| {
            if self.is_at(at, "IN") {
                list = Some(self.is_symbol_at(at + 1, "("));
            }
            // A lambda is an operand, whatever its body is.
            in_lambda = list.is_none() && (in_lambda || self.is_symbol_at(at, "->"));
            let symbol =
                [",", "=", "<>", "!=", "<", "<=", ">", ">="].iter().any(|symbol| self.is_symbol_at(at, symbol));
            !in_lambda && (symbol || OF_EXPRESSIONS.iter().any(|word| self.is_at(at, word)))
        });
        let is_call = is_call || self.is_at(2, "DISTINCT") || self.call_goes_on_at(self.after_parenthesis(1));
        match list {
            None => false,
            Some(list) => !(list && is_call),
        }
    }

    /// Whether a token of the parenthesis that opens `ahead` is as asked for; those of inner parentheses and of `CASE`
    /// are passed over. All are looked at until one is.
    fn any_in_parenthesis(&self, ahead: usize, mut asked: impl FnMut(usize) -> bool) -> bool {
        let mut at = ahead + 1;
        let mut cases = 0_usize;
        while !self.is_symbol_at(at, ")") && self.token(at).kind != TokenKind::End {
            if self.is_symbol_at(at, "(") {
                at = self.after_parenthesis(at);
                continue;
            }
            if self.is_at(at, "CASE") {
                cases += 1;
            } else if self.is_at(at, "END") {
                cases = cases.saturating_sub(1);
            } else if cases == 0 && asked(at) {
                return true;
            }
            at += 1;
        }
        false
    }

    /// How many tokens ahead the one stands that follows the parenthesis which opens `ahead`, or the end of the text.
    pub(super) fn after_parenthesis(&self, ahead: usize) -> usize {
        if !self.is_symbol_at(ahead, "(") {
            return ahead + 1;
        }
        let pairs = self.parentheses.get_or_init(|| self.pairs());
        let open = self.at + ahead;
        let close = match pairs.binary_search_by_key(&(open as u32), |(open, _)| *open) {
            Ok(found) => pairs.get(found).map(|(_, close)| *close as usize + 1),
            Err(_) => None,
        };
        close.unwrap_or(self.tokens.len().saturating_sub(1)).saturating_sub(self.at)
    }

    /// The tokens of the text that open and close a parenthesis, in the order of those that open; one look at each
    /// token, whatever is nested in what.
    fn pairs(&self) -> Vec<(u32, u32)> {
        let mut open = Vec::new();
        let mut pairs = Vec::new();
        for (at, token) in self.tokens.iter().enumerate().filter(|(_, token)| token.kind == TokenKind::Symbol) {
            match self.text_of(*token) {
                "(" => open.push(at as u32),
                ")" => pairs.extend(open.pop().map(|open| (open, at as u32))),
                _ => {}
            }
        }
        pairs.sort_unstable();
        pairs
    }

    /// Whether the parenthesis of a row pattern that opens `ahead` holds two patterns or more.
    pub(super) fn several_patterns_follow(&self, ahead: usize) -> bool {
        let mut at = ahead + 1;
        while !self.is_symbol_at(at, ")") && self.token(at).kind != TokenKind::End {
            if self.is_symbol_at(at, "(") {
                at = self.after_parenthesis(at);
                continue;
            }
            // The comma of `{1,2}` separates no patterns.
            let in_braces = self.is_symbol_at(at - 1, "{") || self.is_symbol_at(at - 2, "{");
            if self.is_symbol_at(at, ",") && !in_braces {
                return true;
            }
            at += 1;
        }
        false
    }

    /// Whether `word` stands in the parenthesis that opens `ahead`, before its first comma and in no inner parenthesis.
    pub(super) fn stands_in_parenthesis(&self, ahead: usize, word: &str) -> bool {
        let mut at = ahead + 1;
        loop {
            if self.is_symbol_at(at, "(") {
                at = self.after_parenthesis(at);
                continue;
            }
            let ends = self.is_symbol_at(at, ")") || self.is_symbol_at(at, ",");
            if ends || self.token(at).kind == TokenKind::End {
                return false;
            }
            if self.is_at(at, word) {
                return !self.is_at(at - 1, "NOT") && !self.is_at(at - 1, "DISTINCT");
            }
            at += 1;
        }
    }

    /// Whether a query, not in parentheses, begins with the token `ahead`.
    pub(super) fn is_query_start(&self, ahead: usize) -> bool {
        self.is_at(ahead, "SELECT")
            || self.is_at(ahead, "WITH")
            || self.is_at(ahead, "VALUES")
            || (self.is_at(ahead, "TABLE") && !self.is_symbol_at(ahead + 1, "("))
    }

    /// Whether the run of opening parentheses that begins `ahead` leads to a query.
    pub(super) fn parenthesis_holds_query(&self, ahead: usize) -> bool {
        let mut at = ahead;
        while self.is_symbol_at(at, "(") && at <= ahead + MAX_NESTING as usize {
            at += 1;
        }
        at > ahead && self.is_query_start(at)
    }

    /// Whether the parenthesis that opens `ahead` holds a query, where Trino takes a value in parentheses if both fit.
    pub(super) fn parenthesis_is_query(&self, ahead: usize) -> bool {
        if !self.parenthesis_holds_query(ahead) {
            return false;
        }
        let words = ["UNION", "INTERSECT", "EXCEPT", "ORDER", "LIMIT", "OFFSET", "FETCH"];
        !self.is_symbol_at(ahead + 1, "(") || {
            let after = self.after_parenthesis(ahead + 1);
            words.iter().any(|word| self.is_at(after, word))
        }
    }

    /// Whether `LIMIT`, `OFFSET` or `FETCH` comes next as the word of a clause, and not as a name.
    pub(super) fn limit_follows(&self) -> bool {
        self.limit_follows_at(0)
    }

    fn limit_follows_at(&self, ahead: usize) -> bool {
        let next = ahead + 1;
        let count = self.token(next).kind == TokenKind::Integer || self.is_symbol_at(next, "?");
        (self.is_at(ahead, "LIMIT") && (count || self.is_at(next, "ALL")))
            || (self.is_at(ahead, "OFFSET") && count)
            || (self.is_at(ahead, "FETCH")
                && (self.is_at(next, "FIRST") || self.is_at(next, "NEXT"))
                && self.rows_follow_at(next + 1))
    }

    /// `LIMIT ALL`, which in a `SELECT` list may be a column and its alias.
    pub(super) fn is_limit_all_at(&self, ahead: usize) -> bool {
        self.is_at(ahead, "LIMIT") && self.is_at(ahead + 1, "ALL")
    }

    fn rows_follow_at(&self, ahead: usize) -> bool {
        let count = self.token(ahead).kind == TokenKind::Integer || self.is_symbol_at(ahead, "?");
        count || self.is_at(ahead, "ROW") || self.is_at(ahead, "ROWS")
    }

    /// Whether `WINDOW w AS` stands `ahead`, which is a clause.
    pub(super) fn window_follows_at(&self, ahead: usize) -> bool {
        self.is_at(ahead, "WINDOW") && self.is_identifier_at(ahead + 1) && self.is_at(ahead + 2, "AS")
    }

    /// Whether `MATCH_RECOGNIZE` comes next as the word of its clause, and not as an alias with columns.
    pub(super) fn match_recognize_follows(&self) -> bool {
        self.is("MATCH_RECOGNIZE")
            && self.is_symbol_at(1, "(")
            && !(self.is_identifier_at(2) && (self.is_symbol_at(3, ",") || self.is_symbol_at(3, ")")))
    }

    /// Whether `TABLESAMPLE` comes next as the word of its clause, and not as an alias.
    pub(super) fn sample_follows(&self) -> bool {
        self.is("TABLESAMPLE") && (self.is_at(1, "BERNOULLI") || self.is_at(1, "SYSTEM"))
    }
}
