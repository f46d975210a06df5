//! `CREATE`, with the elements and properties of what is created.

use super::{Parsed, Parser};
use crate::sql::ast::{
    ColumnDefinition, CreateCatalog, CreateMaterializedView, CreateSchema, CreateTable, CreateTableAsSelect,
    CreateView, DataType, DataTypeKind, Definition, Expr, IfExists, Principal, Property, Query, Span, StatementKind,
    StringLiteral, TableElement, ViewSecurity, WhenStale,
};
use crate::sql::token::TokenKind;

const REPLACE_IF_NOT_EXISTS: &str = "'OR REPLACE' and 'IF NOT EXISTS' clauses can not be used together";

fn definition(definition: Definition) -> Parsed<StatementKind> {
    Ok(StatementKind::Definition(Box::new(definition)))
}

impl Parser<'_> {
    /// What follows `CREATE`; the statement begins at `start`.
    pub(super) fn create(&mut self, start: Span) -> Parsed<StatementKind> {
        let replace = self.maybe_all(&["OR", "REPLACE"])?;
        if self.is("FUNCTION") {
            return self.create_function(replace);
        }
        self.note("FUNCTION");
        if self.has_483() && self.maybe("BRANCH") {
            return self.create_branch(start, replace);
        }
        if !replace {
            if self.maybe("CATALOG") {
                return self.create_catalog();
            }
            if self.maybe("SCHEMA") {
                return self.create_schema();
            }
            if self.maybe("ROLE") {
                return self.create_role();
            }
        }
        if self.maybe("TABLE") {
            return self.create_table(start, replace);
        }
        if self.maybe_all(&["MATERIALIZED", "VIEW"])? {
            return self.create_materialized_view(replace);
        }
        self.expect("VIEW")?;
        self.create_view(replace)
    }

    fn create_catalog(&mut self) -> Parsed<StatementKind> {
        let if_not_exists = self.if_not_exists();
        let name = self.identifier()?;
        self.expect("USING")?;
        let connector = self.identifier()?;
        let comment = self.comment_clause()?;
        let owner = self.authorization()?;
        let properties = self.with_properties()?;
        definition(Definition::CreateCatalog(CreateCatalog {
            name,
            if_not_exists,
            connector,
            comment,
            owner,
            properties,
        }))
    }

    fn create_schema(&mut self) -> Parsed<StatementKind> {
        let if_not_exists = self.if_not_exists();
        let name = self.dotted_name()?;
        let owner = self.authorization()?;
        let properties = self.with_properties()?;
        definition(Definition::CreateSchema(CreateSchema { name, if_not_exists, owner, properties }))
    }

    fn create_table(&mut self, start: Span, replace: bool) -> Parsed<StatementKind> {
        let if_exists = self.what_if_exists(start, replace);
        let name = self.dotted_name()?;
        self.note("(");
        // Names alone are the columns of a query's result.
        let names = self.is_identifier_at(1) && (self.is_symbol_at(2, ",") || self.is_symbol_at(2, ")"));
        if self.is_symbol("(") && !names {
            let elements = self.parenthesized_list(Self::table_element)?;
            let comment = self.comment_clause()?;
            let properties = self.with_properties()?;
            return definition(Definition::CreateTable(CreateTable { name, if_exists, elements, comment, properties }));
        }
        let columns = self.column_aliases()?;
        let comment = self.comment_clause()?;
        let properties = self.with_properties()?;
        self.expect("AS")?;
        let query = Box::new(self.query_of_table()?);
        let with_data = if self.maybe("WITH") {
            let with_data = !self.maybe("NO");
            self.expect("DATA")?;
            Some(with_data)
        } else {
            None
        };
        definition(Definition::CreateTableAsSelect(CreateTableAsSelect {
            name,
            if_exists,
            columns,
            comment,
            properties,
            query,
            with_data,
        }))
    }

    /// A query, or one in parentheses that begins with `WITH`.
    fn query_of_table(&mut self) -> Parsed<Query> {
        if !(self.is_symbol("(") && self.is_at(1, "WITH")) {
            self.note("(");
            return self.root_query();
        }
        self.expect_symbol("(")?;
        let query = self.root_query()?;
        self.expect_symbol(")")?;
        Ok(query)
    }

    fn create_view(&mut self, replace: bool) -> Parsed<StatementKind> {
        let name = self.qualified_name()?;
        let comment = self.comment_clause()?;
        let security = if self.maybe("SECURITY") {
            Some(self.one_of(&[("DEFINER", ViewSecurity::Definer), ("INVOKER", ViewSecurity::Invoker)])?)
        } else {
            None
        };
        let properties = self.with_properties()?;
        self.expect("AS")?;
        let query = Box::new(self.root_query()?);
        definition(Definition::CreateView(CreateView { name, replace, comment, security, properties, query }))
    }

    fn create_materialized_view(&mut self, replace: bool) -> Parsed<StatementKind> {
        let if_not_exists = self.if_not_exists();
        let name = self.qualified_name()?;
        let grace_period = self.grace_period()?;
        let when_stale = self.when_stale()?;
        let comment = self.comment_clause()?;
        let properties = self.with_properties()?;
        self.expect("AS")?;
        let query = Box::new(self.root_query()?);
        definition(Definition::CreateMaterializedView(CreateMaterializedView {
            name,
            replace,
            if_not_exists,
            grace_period,
            when_stale,
            comment,
            properties,
            query,
        }))
    }

    fn grace_period(&mut self) -> Parsed<Option<Expr>> {
        if !self.maybe_all(&["GRACE", "PERIOD"])? {
            return Ok(None);
        }
        let start = self.here();
        let kind = self.interval()?;
        Ok(Some(Expr { span: self.since(start), kind }))
    }

    /// `[WHEN STALE {FAIL | INLINE}]`.
    fn when_stale(&mut self) -> Parsed<Option<WhenStale>> {
        if !(self.has_483() && self.maybe_all(&["WHEN", "STALE"])?) {
            return Ok(None);
        }
        self.one_of(&[("FAIL", WhenStale::Fail), ("INLINE", WhenStale::Inline)]).map(Some)
    }

    /// `[IF NOT EXISTS]`, which does not go with `OR REPLACE`.
    pub(super) fn what_if_exists(&mut self, start: Span, replace: bool) -> IfExists {
        let if_not_exists = self.if_not_exists();
        if if_not_exists && replace {
            self.object(start, REPLACE_IF_NOT_EXISTS);
        }
        if replace {
            IfExists::Replace
        } else if if_not_exists {
            IfExists::Ignore
        } else {
            IfExists::Fail
        }
    }

    /// `[IF NOT EXISTS]`. A name may be `if`.
    pub(super) fn if_not_exists(&mut self) -> bool {
        let found = self.eat_all(&["IF", "NOT", "EXISTS"]);
        if !found {
            self.note("IF");
        }
        found
    }

    fn table_element(&mut self) -> Parsed<TableElement> {
        let start = self.here();
        let element = if self.maybe("LIKE") {
            let table = self.dotted_name()?;
            let including_properties = if self.maybe("EXCLUDING") {
                Some(false)
            } else if self.maybe("INCLUDING") {
                Some(true)
            } else {
                None
            };
            if including_properties.is_some() {
                self.expect("PROPERTIES")?;
            }
            TableElement::Like { span: self.since(start), table, including_properties }
        } else {
            TableElement::Column(self.column_definition()?)
        };
        // Trino forgets here what else could have gone on with the column.
        self.possible.clear();
        Ok(element)
    }

    /// `name type [NOT NULL] [COMMENT 'text'] [WITH (properties)]`.
    pub(super) fn column_definition(&mut self) -> Parsed<ColumnDefinition> {
        let start = self.here();
        let name = self.qualified_name()?;
        let data_type = self.data_type_at_end()?;
        let default = if self.has_483() && self.maybe("DEFAULT") { Some(Box::new(self.literal()?)) } else { None };
        let not_null = self.maybe_all(&["NOT", "NULL"])?;
        let comment = self.comment_clause()?;
        let properties = self.with_properties()?;
        Ok(ColumnDefinition { span: self.since(start), name, data_type, default, not_null, comment, properties })
    }

    /// A type that stands at the end of what Trino tells apart by a single word.
    pub(super) fn data_type_at_end(&mut self) -> Parsed<DataType> {
        let data_type = self.data_type()?;
        if matches!(&data_type.kind, DataTypeKind::Generic { name: _, parameters } if parameters.is_empty()) {
            self.note("(");
        }
        self.note("ARRAY");
        Ok(data_type)
    }

    fn comment_clause(&mut self) -> Parsed<Option<StringLiteral>> {
        if self.maybe("COMMENT") { self.string().map(Some) } else { Ok(None) }
    }

    fn authorization(&mut self) -> Parsed<Option<Principal>> {
        if self.maybe("AUTHORIZATION") { self.principal().map(Some) } else { Ok(None) }
    }

    /// `[WITH (name = value, …)]`.
    pub(super) fn with_properties(&mut self) -> Parsed<Vec<Property>> {
        if self.maybe("WITH") { self.parenthesized_list(Self::property) } else { Ok(Vec::new()) }
    }

    /// `name = value`. The word `DEFAULT` stands for a value only if nothing goes on with it as an expression.
    pub(super) fn property(&mut self) -> Parsed<Property> {
        let start = self.here();
        let name = self.identifier()?;
        self.expect_symbol("=")?;
        let ends = self.is_symbol_at(1, ",") || self.is_symbol_at(1, ")") || self.token(1).kind == TokenKind::End;
        let value = if ends && self.eat("DEFAULT") { None } else { Some(self.expression()?) };
        Ok(Property { span: self.since(start), name, value })
    }
}
