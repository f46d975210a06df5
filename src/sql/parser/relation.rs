//! What stands in FROM: tables, joins, sub-queries, table functions, samples and patterns.

use super::query::listed;
use super::{Parsed, Parser};
use crate::sql::ast::{
    Expr, ExprKind, Identifier, Join, JoinCriteria, JoinKind, PeriodKind, QueryPeriod, Relation, SampleMethod, Span,
    TableArgument, TableArgumentInput, TableFunction, TableFunctionArgument, TableFunctionValue, TableReference,
};
use crate::sql::error::SqlError;
use crate::sql::token::TokenKind;

const AMBIGUOUS_COPARTITION: &str = "The word \"COPARTITION\" is ambiguous in this context. \
     To alias an argument, precede the alias with \"AS\". \
     To specify co-partitioning, change the argument order so that the last argument cannot be aliased.";

impl Parser<'_> {
    /// A relation with its joins.
    pub(super) fn relation(&mut self) -> Parsed<Relation> {
        self.nested(|parser| parser.joined(None))
    }

    fn joined(&mut self, first: Option<Relation>) -> Parsed<Relation> {
        let start = first.as_ref().map_or(self.here(), Relation::span);
        let first = self.sampled(first)?;
        let mut joins = Vec::new();
        while let Some(join) = self.join()? {
            joins.push(join);
        }
        if joins.is_empty() {
            return Ok(first);
        }
        Ok(Relation::Join { span: self.since(start), first: Box::new(first), joins })
    }

    fn join(&mut self) -> Parsed<Option<Join>> {
        let start = self.here();
        if self.eat("CROSS") {
            self.expect("JOIN")?;
            let right = self.sampled(None)?;
            let span = self.since(start);
            return Ok(Some(Join { span, kind: JoinKind::Cross, right, criteria: JoinCriteria::None }));
        }
        let natural = self.eat("NATURAL");
        if !natural {
            self.note_all(&["CROSS", "FULL", "INNER", "JOIN", "LEFT", "NATURAL", "RIGHT"]);
        }
        let Some(kind) = self.join_kind()? else {
            return if natural { Err(self.unexpected("'FULL', 'INNER', 'JOIN', 'LEFT', 'RIGHT'")) } else { Ok(None) };
        };
        if natural {
            let right = self.sampled(None)?;
            return Ok(Some(Join { span: self.since(start), kind, right, criteria: JoinCriteria::Natural }));
        }
        let right = self.right_side()?;
        let criteria = if self.eat("ON") {
            JoinCriteria::On(self.expression()?)
        } else if self.eat("USING") {
            JoinCriteria::Using(self.parenthesized_list(Self::identifier)?)
        } else {
            return Err(self.unexpected("'ON', 'USING'"));
        };
        Ok(Some(Join { span: self.since(start), kind, right, criteria }))
    }

    fn join_kind(&mut self) -> Parsed<Option<JoinKind>> {
        let kind = if self.eat("JOIN") {
            return Ok(Some(JoinKind::Inner));
        } else if self.eat("INNER") {
            self.expect("JOIN")?;
            return Ok(Some(JoinKind::Inner));
        } else if self.eat("LEFT") {
            JoinKind::Left
        } else if self.eat("RIGHT") {
            JoinKind::Right
        } else if self.eat("FULL") {
            JoinKind::Full
        } else {
            return Ok(None);
        };
        self.eat("OUTER");
        self.expect("JOIN")?;
        Ok(Some(kind))
    }

    /// The right side of a join with a condition, which may hold joins itself: in `a JOIN b JOIN c ON x ON y` the
    /// first condition belongs to the second join.
    fn right_side(&mut self) -> Parsed<Relation> {
        self.nested(|parser| {
            let start = parser.here();
            let first = parser.sampled(None)?;
            let mut joins = Vec::new();
            while !parser.is_any(&["ON", "USING"])
                && let Some(join) = parser.join()?
            {
                joins.push(join);
            }
            if joins.is_empty() {
                return Ok(first);
            }
            Ok(Relation::Join { span: parser.since(start), first: Box::new(first), joins })
        })
    }

    fn sampled(&mut self, first: Option<Relation>) -> Parsed<Relation> {
        let start = first.as_ref().map_or(self.here(), Relation::span);
        let mut relation = self.pattern_recognition(first)?;
        if self.pivot_follows() {
            let pivot = self.pivot(start, relation)?;
            relation = self.aliased(start, pivot)?;
        }
        self.note("TABLESAMPLE");
        if !self.sample_follows() {
            return Ok(relation);
        }
        self.advance();
        let method = self.one_of(&[("BERNOULLI", SampleMethod::Bernoulli), ("SYSTEM", SampleMethod::System)])?;
        self.expect_symbol("(")?;
        let percentage = self.expression()?;
        self.expect_symbol(")")?;
        Ok(Relation::Sampled { span: self.since(start), relation: Box::new(relation), method, percentage })
    }

    fn pattern_recognition(&mut self, first: Option<Relation>) -> Parsed<Relation> {
        let start = first.as_ref().map_or(self.here(), Relation::span);
        let primary = match first {
            Some(first) => first,
            None => self.relation_primary()?,
        };
        let input = self.aliased(start, primary)?;
        self.note("MATCH_RECOGNIZE");
        if !self.match_recognize_follows() {
            return Ok(input);
        }
        self.skip(2);
        let clauses = Box::new(self.match_recognize()?);
        self.expect_symbol(")")?;
        let matched = Relation::MatchRecognize { span: self.since(start), input: Box::new(input), clauses };
        self.aliased(start, matched)
    }

    fn aliased(&mut self, start: Span, relation: Relation) -> Parsed<Relation> {
        match self.alias()? {
            None => Ok(relation),
            Some((alias, columns)) => {
                Ok(Relation::Aliased { span: self.since(start), relation: Box::new(relation), alias, columns })
            }
        }
    }

    /// `[AS] alias [(columns)]`, or nothing.
    fn alias(&mut self) -> Parsed<Option<(Identifier, Vec<Identifier>)>> {
        let aliased = self.maybe("AS") || (self.is_identifier_at(0) && !self.clause_follows());
        if !aliased {
            self.note("<identifier>");
            return Ok(None);
        }
        let alias = self.identifier()?;
        self.note("(");
        Ok(Some((alias, self.column_aliases()?)))
    }

    fn relation_primary(&mut self) -> Parsed<Relation> {
        let start = self.here();
        if self.is_symbol("(") {
            return self.nested(Self::parenthesized_relation);
        }
        if self.eat("UNNEST") {
            let exprs = self.parenthesized_list(Self::expression)?;
            let ordinality = self.eat_all(&["WITH", "ORDINALITY"]);
            return Ok(Relation::Unnest { span: self.since(start), exprs, ordinality });
        }
        if self.is("LATERAL") && self.is_symbol_at(1, "(") {
            self.advance();
            let query = Box::new(self.parenthesized_query()?);
            return Ok(Relation::Lateral { span: self.since(start), query });
        }
        if self.eat("TABLE") {
            self.expect_symbol("(")?;
            let function = self.nested(|parser| parser.table_function(start))?;
            return Ok(Relation::TableFunction(Box::new(function)));
        }
        if self.eat("JSON_TABLE") {
            return self.json_table(start);
        }
        if self.has_483() && self.is("NEAREST") && self.is_symbol_at(1, "(") && self.is_at(2, "FROM") {
            return self.nested(|parser| parser.nearest(start));
        }
        if !self.is_identifier_at(0) {
            return Err(self.unexpected("'(', 'JSON_TABLE', 'LATERAL', 'TABLE', 'UNNEST', <identifier>"));
        }
        let name = self.dotted_name()?;
        self.note("FOR");
        let period = if self.is("FOR") { Some(Box::new(self.period()?)) } else { None };
        Ok(Relation::Table(TableReference { span: self.since(start), name, period }))
    }

    fn period(&mut self) -> Parsed<QueryPeriod> {
        let start = self.here();
        self.expect("FOR")?;
        let kind = self.one_of(&[("VERSION", PeriodKind::Version), ("TIMESTAMP", PeriodKind::Timestamp)])?;
        self.expect_all(&["AS", "OF"])?;
        let end = self.nested(|parser| parser.value(None))?;
        Ok(QueryPeriod { span: self.since(start), kind, end })
    }

    /// `( query )` or `( relation )`; the former where both fit.
    fn parenthesized_relation(&mut self) -> Parsed<Relation> {
        let start = self.here();
        self.expect_symbol("(")?;
        self.note("<query>");
        if self.is_query_start(0) {
            let query = Box::new(self.query()?);
            self.expect_symbol(")")?;
            return Ok(Relation::Subquery { span: self.since(start), query });
        }
        if !(self.is_symbol("(") && self.parenthesis_holds_query(0)) {
            let relation = Box::new(self.relation()?);
            self.expect_symbol(")")?;
            return Ok(Relation::Parenthesized { span: self.since(start), relation });
        }
        // `((SELECT …) UNION …)` is a query, `((SELECT …) a JOIN b …)` a relation.
        match self.nested(Self::parenthesized_relation)? {
            Relation::Subquery { span, query } => {
                let first = Expr { span, kind: ExprKind::Subquery(query) };
                match self.query_after_or_alone(first)? {
                    Ok(query) => {
                        self.expect_symbol(")")?;
                        Ok(Relation::Subquery { span: self.since(start), query: Box::new(query) })
                    }
                    Err(Expr { kind: ExprKind::Subquery(query), .. }) => {
                        self.close_relation(start, Relation::Subquery { span, query })
                    }
                    Err(_) => Err(self.unexpected("')'")),
                }
            }
            relation => self.close_relation(start, relation),
        }
    }

    fn close_relation(&mut self, start: Span, first: Relation) -> Parsed<Relation> {
        let relation = Box::new(self.joined(Some(first))?);
        self.expect_symbol(")")?;
        Ok(Relation::Parenthesized { span: self.since(start), relation })
    }

    /// What stands in `TABLE ( … )`, its closing parenthesis included.
    fn table_function(&mut self, start: Span) -> Parsed<TableFunction> {
        let name = self.qualified_name()?;
        self.expect_symbol("(")?;
        let mut arguments = Vec::new();
        let copartition_alone = self.is("COPARTITION") && self.is_symbol_at(1, "(");
        if !self.is_symbol(")") && !copartition_alone {
            arguments = self.list(Self::table_function_argument)?;
        }
        let mut copartition = Vec::new();
        if self.eat("COPARTITION") {
            copartition = self.list(|parser| {
                let names = parser.parenthesized_list(Self::qualified_name)?;
                if names.len() < 2 { Err(parser.unexpected("','")) } else { Ok(names) }
            })?;
        }
        self.expect_symbol(")")?;
        self.expect_symbol(")")?;
        Ok(TableFunction { span: self.since(start), name, arguments, copartition })
    }

    fn table_function_argument(&mut self) -> Parsed<TableFunctionArgument> {
        let start = self.here();
        let name = if self.is_identifier_at(0) && self.is_symbol_at(1, "=>") {
            let name = self.identifier()?;
            self.advance();
            Some(name)
        } else {
            None
        };
        let value = if self.is("TABLE") {
            TableFunctionValue::Table(Box::new(self.table_argument()?))
        } else if self.descriptor_follows() {
            self.advance();
            let fields = self.parenthesized_list(|parser| {
                let field = parser.identifier()?;
                let typed = !parser.is_symbol(",") && !parser.is_symbol(")");
                Ok((field, if typed { Some(parser.data_type()?) } else { None }))
            })?;
            TableFunctionValue::Descriptor(Some(fields))
        } else if self.is("CAST")
            && self.is_symbol_at(1, "(")
            && ["NULL", "AS", "DESCRIPTOR"].iter().enumerate().all(|(at, word)| self.is_at(2 + at, word))
            && self.is_symbol_at(5, ")")
        {
            self.skip(6);
            TableFunctionValue::Descriptor(None)
        } else {
            TableFunctionValue::Expr(self.expression()?)
        };
        Ok(TableFunctionArgument { span: self.since(start), name, value })
    }

    /// Whether `DESCRIPTOR` with fields comes next; else it is a function of that name.
    fn descriptor_follows(&self) -> bool {
        let ends = self.is_symbol_at(3, ",") || self.is_symbol_at(3, ")");
        let field = self.is_identifier_at(2) && (self.is_identifier_at(3) || ends);
        self.is("DESCRIPTOR") && self.is_symbol_at(1, "(") && field
    }

    fn table_argument(&mut self) -> Parsed<TableArgument> {
        let start = self.here();
        self.expect("TABLE")?;
        self.expect_symbol("(")?;
        let input = if self.is_query_start(0) || self.is_symbol("(") {
            TableArgumentInput::Query(Box::new(self.query()?))
        } else {
            TableArgumentInput::Table(self.qualified_name()?)
        };
        self.expect_symbol(")")?;
        let clause = self.are(&["PARTITION", "BY"])
            || self.are(&["PRUNE", "WHEN"])
            || self.are(&["KEEP", "WHEN"])
            || (self.is("COPARTITION") && self.copartition_follows());
        if self.is("COPARTITION") && self.token(0).kind != TokenKind::Quoted && !clause {
            return Err(SqlError::syntax(self.here(), AMBIGUOUS_COPARTITION));
        }
        let alias = if clause { None } else { self.alias()? };
        let partition_by = if self.eat_all(&["PARTITION", "BY"]) { Some(self.partition_columns()?) } else { None };
        let prune_when_empty = if self.is_any(&["PRUNE", "KEEP"]) {
            let prune = self.one_of(&[("PRUNE", true), ("KEEP", false)])?;
            self.expect_all(&["WHEN", "EMPTY"])?;
            Some(prune)
        } else {
            None
        };
        let order_by = if self.eat_all(&["ORDER", "BY"]) { self.argument_order()? } else { Vec::new() };
        Ok(TableArgument { span: self.since(start), input, alias, partition_by, prune_when_empty, order_by })
    }

    fn partition_columns(&mut self) -> Parsed<Vec<Expr>> {
        if self.is_symbol("(") && self.is_symbol_at(1, ")") {
            self.skip(2);
            return Ok(Vec::new());
        }
        let in_parentheses = self.is_symbol("(");
        let expr = self.expression()?;
        Ok(if in_parentheses { listed(expr) } else { vec![expr] })
    }

    /// Whether `COPARTITION (a.b` or `COPARTITION (a, b.c` comes next, which can't be an alias with columns.
    fn copartition_follows(&self) -> bool {
        let mut ahead = 2;
        while self.is_symbol_at(1, "(") && self.is_identifier_at(ahead) {
            if self.is_symbol_at(ahead + 1, ".") {
                return true;
            }
            ahead += 2;
        }
        false
    }

    fn argument_order(&mut self) -> Parsed<Vec<crate::sql::ast::SortItem>> {
        let list = self.is_symbol("(") && !self.parenthesis_holds_query(0) && {
            let after = self.after_parenthesis(0);
            self.is_symbol_at(after, ",") || self.is_symbol_at(after, ")") || self.is_at(after, "COPARTITION")
        };
        if list { self.parenthesized_list(Self::sort_item) } else { Ok(vec![self.sort_item()?]) }
    }
}
