//! Statements.

use super::Dump;
use crate::sql::ast::{
    AuthorizationUser, ExplainFormat, ExplainOption, ExplainType, IsolationLevel, LikePattern, PathElement,
    QualifiedName, ShowCreateObject, Span, Statement, StatementKind, StringLiteral, TransactionMode,
};

impl Dump<'_> {
    pub(super) fn statement(&mut self, node: &Statement) {
        let Statement { span, kind } = node;
        let span = *span;
        let class = kind.class();
        match kind {
            StatementKind::Query(query) => self.query(query),
            StatementKind::Explain { options, statement } => self.node(class, Some(span), |dump| {
                dump.field("statement", |dump| dump.statement(statement));
                dump.list("options", options, |dump, option| dump.explain_option(*option));
            }),
            StatementKind::ExplainAnalyze { verbose, statement } => self.node(class, Some(span), |dump| {
                dump.field("statement", |dump| dump.statement(statement));
                dump.flag("verbose", *verbose);
            }),
            StatementKind::Prepare { name, statement } => self.node(class, Some(span), |dump| {
                dump.field("name", |dump| dump.identifier(name));
                dump.field("statement", |dump| dump.statement(statement));
            }),
            StatementKind::Deallocate { name }
            | StatementKind::DescribeInput { name }
            | StatementKind::DescribeOutput { name } => {
                self.node(class, Some(span), |dump| dump.field("name", |dump| dump.identifier(name)));
            }
            StatementKind::Execute { name, parameters } => self.node(class, Some(span), |dump| {
                dump.field("name", |dump| dump.identifier(name));
                dump.list("parameters", parameters, Self::expr);
            }),
            StatementKind::ExecuteImmediate { text, parameters } => self.node(class, Some(span), |dump| {
                dump.field("statement", |dump| dump.string(text));
                dump.list("parameters", parameters, Self::expr);
            }),
            StatementKind::ShowCatalogs { like } | StatementKind::ShowSession { like } => {
                self.node(class, Some(span), |dump| dump.like(like.as_ref()));
            }
            StatementKind::ShowSchemas { catalog, like } => self.node(class, Some(span), |dump| {
                dump.maybe("catalog", catalog.as_ref(), Self::identifier);
                dump.like(like.as_ref());
            }),
            StatementKind::ShowTables { schema, like } | StatementKind::ShowFunctions { schema, like } => {
                self.node(class, Some(span), |dump| {
                    dump.maybe("schema", schema.as_ref(), Self::qualified_name);
                    dump.like(like.as_ref());
                });
            }
            StatementKind::ShowColumns { table, like } => self.node(class, Some(span), |dump| {
                dump.field("table", |dump| dump.qualified_name(table));
                dump.like(like.as_ref());
            }),
            StatementKind::ShowCreate { object, name } => self.show_create(span, *object, name),
            StatementKind::ShowStats { table } => self.node(class, Some(span), |dump| {
                dump.field("relation", |dump| dump.table(None, table));
            }),
            StatementKind::ShowStatsForQuery { query } => self.node(class, Some(span), |dump| {
                dump.field("relation", |dump| {
                    dump.node("TableSubquery", None, |dump| dump.field("query", |dump| dump.query(query)));
                });
            }),
            StatementKind::SetSession { name, value } => self.node(class, Some(span), |dump| {
                dump.field("name", |dump| dump.qualified_name(name));
                dump.field("value", |dump| dump.expr(value));
            }),
            StatementKind::ResetSession { name } => {
                self.node(class, Some(span), |dump| dump.field("name", |dump| dump.qualified_name(name)));
            }
            StatementKind::SetTimeZone { zone } => {
                self.node(class, Some(span), |dump| dump.maybe("timeZone", zone.as_ref(), Self::expr));
            }
            StatementKind::Use { catalog, schema } => self.node(class, Some(span), |dump| {
                dump.maybe("catalog", catalog.as_ref(), Self::identifier);
                dump.field("schema", |dump| dump.identifier(schema));
            }),
            StatementKind::ShowCreateFunction { name } => self.shown(span, "FUNCTION", name),
            StatementKind::Definition(node) => self.define(span, node),
            StatementKind::Change(node) => self.change(span, node),
            StatementKind::Access(node) => self.access(span, node),
            StatementKind::Branch(node) => self.branch(span, node),
            StatementKind::DescribeQuery { query } => self.node(class, Some(span), |dump| {
                dump.field("name", |dump| {
                    dump.node("DescribeOutput.Target.InlineQuery", None, |dump| {
                        dump.field("query", |dump| dump.query(query))
                    });
                });
            }),
            StatementKind::SetPath { path } => self.node(class, Some(span), |dump| {
                dump.field("pathSpecification", |dump| {
                    dump.node("PathSpecification", None, |dump| dump.list("path", path, Self::path_element));
                });
            }),
            StatementKind::SetSessionAuthorization { user } => self.node(class, Some(span), |dump| {
                dump.field("user", |dump| match user {
                    AuthorizationUser::Name(name) => dump.identifier(name),
                    AuthorizationUser::String(name) => dump.string(name),
                });
            }),
            StatementKind::StartTransaction { modes } => self.node(class, Some(span), |dump| {
                dump.list("transactionModes", modes, |dump, mode| dump.transaction_mode(*mode));
            }),
            StatementKind::ResetSessionAuthorization | StatementKind::Commit | StatementKind::Rollback => {
                self.node(class, Some(span), |_| {});
            }
        }
    }

    fn explain_option(&mut self, node: ExplainOption) {
        let (class, value) = match node {
            ExplainOption::Format(ExplainFormat::Text) => ("ExplainFormat", "TEXT"),
            ExplainOption::Format(ExplainFormat::Graphviz) => ("ExplainFormat", "GRAPHVIZ"),
            ExplainOption::Format(ExplainFormat::Json) => ("ExplainFormat", "JSON"),
            ExplainOption::Type(ExplainType::Logical) => ("ExplainType", "LOGICAL"),
            ExplainOption::Type(ExplainType::Distributed) => ("ExplainType", "DISTRIBUTED"),
            ExplainOption::Type(ExplainType::Validate) => ("ExplainType", "VALIDATE"),
            ExplainOption::Type(ExplainType::Io) => ("ExplainType", "IO"),
        };
        self.node(class, None, |dump| dump.text("type", value));
    }

    fn like(&mut self, node: Option<&LikePattern>) {
        let Some(LikePattern { pattern, escape }) = node else { return };
        let StringLiteral { value, span: _ } = pattern;
        self.text("likePattern", value);
        self.maybe("escape", escape.as_ref(), |dump, StringLiteral { value, span: _ }| dump.quoted(value));
    }

    fn show_create(&mut self, span: Span, object: ShowCreateObject, name: &QualifiedName) {
        let kind = match object {
            ShowCreateObject::Table => "TABLE",
            ShowCreateObject::Schema => "SCHEMA",
            ShowCreateObject::View => "VIEW",
            ShowCreateObject::MaterializedView => "MATERIALIZED_VIEW",
        };
        self.shown(span, kind, name);
    }

    fn shown(&mut self, span: Span, kind: &str, name: &QualifiedName) {
        self.node("ShowCreate", Some(span), |dump| {
            dump.text("type", kind);
            dump.field("name", |dump| dump.qualified_name(name));
        });
    }

    fn path_element(&mut self, node: &PathElement) {
        let PathElement { span, catalog, schema } = node;
        self.node("PathElement", Some(*span), |dump| {
            dump.maybe("catalog", catalog.as_ref(), Self::identifier);
            dump.field("schema", |dump| dump.identifier(schema));
        });
    }

    fn transaction_mode(&mut self, node: TransactionMode) {
        match node {
            TransactionMode::Isolation(level) => self.node("Isolation", None, |dump| {
                let level = match level {
                    IsolationLevel::ReadUncommitted => "READ_UNCOMMITTED",
                    IsolationLevel::ReadCommitted => "READ_COMMITTED",
                    IsolationLevel::RepeatableRead => "REPEATABLE_READ",
                    IsolationLevel::Serializable => "SERIALIZABLE",
                };
                dump.text("level", level);
            }),
            TransactionMode::Access { read_only } => {
                self.node("TransactionAccessMode", None, |dump| dump.flag("readOnly", read_only));
            }
        }
    }
}
