//! The decision about one statement, by its class.

use super::record::Record;
use super::{Alarm, ErrorCode, Refusal, Request, Stage, begin_second_opinion, immediate, refusals};
use crate::analysis::object::Reading;
use crate::analysis::show::{Shown, show_query};
use crate::analysis::walk;
use crate::analysis::world::World;
use crate::catalog::table::Need;
use crate::names::TableName;
use crate::policy::{Answer, Privilege, matches};
use crate::rewrite::{self, Edit, PositionMap};
use crate::sql::ast::{
    AuthorizationUser, Branch, ExplainOption, ExplainType, Expr, Identifier, QualifiedName, ShowCreateObject,
    Statement, StringLiteral,
};
use crate::sql::{StatementKind, line_and_column, parse_statement};

/// How deep statements may stand in statements.
const STATEMENT_DEPTH: usize = 4;

/// Why there is no decision to forward.
#[derive(Debug)]
pub(super) enum Stop {
    /// Trino has to be asked first.
    Needs(Vec<Need>),
    /// The statement is refused.
    Refuse(Box<Refusal>),
    /// The statement is refused, since Sluice's own parts disagree.
    Alarm(Alarm),
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Stop {
        Stop::Refuse(Box::new(refusal))
    }
}

/// What is to be forwarded, before it is proved.
#[derive(Debug, Default)]
pub(super) struct Draft {
    /// The edits of the statement's own text.
    pub(super) edits: Vec<Edit>,
    /// The prepared statement that goes along: its name and its text.
    pub(super) prepared: Option<(String, PositionMap)>,
}

/// One decision in the making.
pub(super) struct Judge<'a> {
    pub(super) request: &'a Request<'a>,
    pub(super) observe: &'a mut dyn FnMut(Stage),
    pub(super) world: World<'a>,
    pub(super) record: Record,
    /// Whether a parameter is more than a literal.
    pub(super) parameters_can_fail: bool,
    /// A table of which something is hidden, if one was met, and whether it is a view that is read by its owner.
    pub(super) hides: Option<(TableName, bool)>,
    /// The prepared statement that goes along, as the user's session has it.
    prepared: Option<(&'a str, Statement)>,
    depth: usize,
}

impl<'a> Judge<'a> {
    pub(super) fn new(request: &'a Request<'a>, observe: &'a mut dyn FnMut(Stage)) -> Judge<'a> {
        Judge {
            request,
            observe,
            world: World::new(request.snapshot, request.subject, request.tables, request.options, request.aids.objects),
            record: Record::default(),
            parameters_can_fail: false,
            hides: None,
            prepared: None,
            depth: 0,
        }
    }

    /// Each session property of the client's must be one that the user may set.
    pub(super) fn session_properties(&mut self) -> Result<(), Stop> {
        let request = self.request;
        request.session.properties.keys().try_for_each(|property| self.may_set(&property.to_lowercase()))
    }

    /// Decides about a statement that was read from `text`.
    pub(super) fn statement(&mut self, text: &str, statement: &Statement) -> Result<Draft, Stop> {
        self.depth += 1;
        if self.depth > STATEMENT_DEPTH {
            return Err(refusals::not_supported("a statement within so many statements").into());
        }
        let draft = self.kind(text, statement)?;
        self.depth -= 1;
        Ok(draft)
    }

    fn kind(&mut self, text: &str, statement: &Statement) -> Result<Draft, Stop> {
        let edited = |edits| Draft { edits, prepared: None };
        match &statement.kind {
            StatementKind::Query(query) => self.query(query, text).map(edited),
            StatementKind::Explain { options, statement } => self.explain(text, statement, validates_only(options)),
            StatementKind::ExplainAnalyze { verbose: _, statement } => self.explain(text, statement, false),
            // It reads nothing and runs nothing: what it keeps is decided when it is run.
            StatementKind::Prepare { name: _, statement: _ } => Ok(Draft::default()),
            StatementKind::DescribeQuery { query } => self.query(query, text).map(edited),
            StatementKind::Execute { name, parameters } => {
                self.parameters(parameters, text)?;
                self.prepared(name)
            }
            StatementKind::DescribeInput { name } | StatementKind::DescribeOutput { name } => self.prepared(name),
            // Trino wants to know the name, and looks at nothing of the text.
            StatementKind::Deallocate { name } => self.prepared_text(name).map(|_| {
                let text = PositionMap::apply("SELECT 1", Vec::new());
                Draft { edits: Vec::new(), prepared: Some((name.value.to_string(), text)) }
            }),
            StatementKind::ExecuteImmediate { text: inner, parameters } => {
                self.parameters(parameters, text)?;
                self.immediate(text, inner)
            }
            StatementKind::ShowCatalogs { like: _ }
            | StatementKind::ShowSchemas { catalog: _, like: _ }
            | StatementKind::ShowTables { schema: _, like: _ }
            | StatementKind::ShowColumns { table: _, like: _ }
            | StatementKind::ShowSession { like: _ } => self.show(text, statement).map(edited),
            StatementKind::ShowCreate { object, name } => {
                self.show_create(text, *object, name).map(|()| Draft::default())
            }
            StatementKind::ShowStats { table } => self.show_stats(text, table).map(|()| Draft::default()),
            StatementKind::ShowStatsForQuery { query } => {
                let facts = self.analyze(query)?;
                self.check(&facts, text)?;
                match facts.relations.iter().find(|relation| relation.guard().is_some()) {
                    Some(relation) => Err(refusals::stats_denied(&relation.name).into()),
                    None => Ok(Draft::default()),
                }
            }
            StatementKind::ShowFunctions { schema, like: _ } => match schema {
                Some(schema) => self.visible_schema(text, &schema.parts).map(|()| Draft::default()),
                None => Ok(Draft::default()),
            },
            StatementKind::SetSession { name, value } => {
                self.constants([value], text)?;
                self.may_set(&property(name)).map(|()| Draft::default())
            }
            StatementKind::ResetSession { name } => self.may_set(&property(name)).map(|()| Draft::default()),
            StatementKind::SetTimeZone { zone } => self.constants(zone, text).map(|_| Draft::default()),
            StatementKind::Use { catalog, schema } => {
                let parts: Vec<Identifier> = catalog.iter().chain([schema]).cloned().collect();
                self.visible_schema(text, &parts).map(|()| Draft::default())
            }
            StatementKind::StartTransaction { modes: _ } | StatementKind::Commit | StatementKind::Rollback => {
                Ok(Draft::default())
            }
            StatementKind::Definition(_)
            | StatementKind::Change(_)
            | StatementKind::Access(_)
            | StatementKind::Branch(_) => {
                if let StatementKind::Branch(branch) = &statement.kind
                    && let Branch::Show { table } = &**branch
                {
                    return self.show_branches(text, table).map(|()| Draft::default());
                }
                match self.shows_access(text, statement) {
                    Some(shown) => shown,
                    None => self.change(text, &statement.kind).map(|(edits, _)| edited(edits)),
                }
            }
            StatementKind::ShowCreateFunction { name } => {
                self.show_create_function(text, name).map(|()| Draft::default())
            }
            StatementKind::SetSessionAuthorization { user } => self.may_act_as(user).map(|()| Draft::default()),
            StatementKind::ResetSessionAuthorization => Ok(Draft::default()),
            StatementKind::SetPath { path: _ } => Err(refusals::path().into()),
        }
    }

    /// Later requests name the user as the one to act as, and are checked then.
    fn may_act_as(&mut self, user: &AuthorizationUser) -> Result<(), Stop> {
        let user = match user {
            AuthorizationUser::Name(name) => name.value.as_str(),
            AuthorizationUser::String(text) => text.value.as_str(),
        };
        if user == self.request.subject.user {
            return Ok(());
        }
        match self.request.snapshot.may_impersonate(self.request.subject, user) {
            Answer::Granted(policy) => {
                self.record.policies.insert(policy.policy.clone());
                Ok(())
            }
            Answer::Denied(_) | Answer::NotGranted => {
                let own = &self.request.subject.user;
                Err(refusals::denied(format_args!(
                    "User {own} cannot impersonate user {user}: no policy grants it to you"
                ))
                .into())
            }
        }
    }

    /// A plan, and what it says of rows, would tell of what is hidden.
    fn explain(&mut self, text: &str, statement: &Statement, validates: bool) -> Result<Draft, Stop> {
        let draft = self.statement(text, statement)?;
        match &self.hides {
            Some((table, of_owner)) if !validates => Err(refusals::explain_denied(table, *of_owner).into()),
            _ => Ok(draft),
        }
    }

    fn prepared_text(&self, name: &Identifier) -> Result<&'a str, Stop> {
        let request = self.request;
        request.session.prepared.get(name.value.as_str()).map(String::as_str).ok_or_else(|| {
            let message = format!("Prepared statement not found: {}", name.value);
            Refusal { code: ErrorCode::NotFound, message, location: None }.into()
        })
    }

    fn prepared(&mut self, name: &Identifier) -> Result<Draft, Stop> {
        let text = self.prepared_text(name)?;
        begin_second_opinion(self.request, text);
        let statement = self.request.parse(text).map_err(|error| refusals::unreadable(text, &error))?;
        let draft = match self.statement(text, &statement) {
            Ok(draft) => draft,
            Err(stop) => {
                self.request.put_aside(text, statement, &stop);
                return Err(stop);
            }
        };
        self.prepared = Some((text, statement));
        if draft.prepared.is_some() {
            return Err(refusals::prepared_execute().into());
        }
        let map = PositionMap::apply(text, draft.edits);
        Ok(Draft { edits: Vec::new(), prepared: Some((name.value.to_string(), map)) })
    }

    fn immediate(&mut self, outer: &str, inner: &StringLiteral) -> Result<Draft, Stop> {
        let text = inner.value.as_str();
        begin_second_opinion(self.request, text);
        let draft = match self.request.parse(text) {
            Ok(statement) => {
                let draft = self.statement(text, &statement);
                if let Err(stop) = &draft {
                    self.request.put_aside(text, statement, stop);
                }
                draft
            }
            Err(error) => Err(refusals::unreadable(text, &error).into()),
        };
        let literal_at = line_and_column(outer, inner.span.start);
        let draft = draft.map_err(|stop| match stop {
            Stop::Refuse(refusal) => {
                let location = refusal.location.map(|location| immediate::location(literal_at, location));
                Refusal { location, ..*refusal }.into()
            }
            needs => needs,
        })?;
        Ok(Draft { edits: immediate::outwards(outer, inner, draft.edits), prepared: draft.prepared })
    }

    /// Trino puts parameters where the `?` stand, so they must read nothing.
    fn parameters(&mut self, parameters: &[Expr], text: &str) -> Result<(), Stop> {
        let can_fail = self.constants(parameters, text)?;
        self.parameters_can_fail |= can_fail;
        Ok(())
    }

    /// Refuses expressions that read anything; whether evaluating them can fail.
    pub(super) fn constants<'e>(
        &mut self,
        exprs: impl IntoIterator<Item = &'e Expr>,
        text: &str,
    ) -> Result<bool, Stop> {
        let mut can_fail = false;
        for expr in exprs {
            let facts = walk::expressions(&mut self.world, self.request.session, [expr]);
            if facts.queries > 0 || !facts.missing.is_empty() {
                let message = "a column or a query in a parameter or a session value is not supported by Sluice yet";
                return Err(refusals::at(text, expr.span, ErrorCode::NotSupported, message).into());
            }
            self.check(&facts, text)?;
            can_fail |= facts.can_fail.is_some() || facts.zoned || !facts.decimals.none();
        }
        Ok(can_fail)
    }

    pub(super) fn show(&mut self, text: &str, statement: &Statement) -> Result<Vec<Edit>, Stop> {
        let request = self.request;
        let shown = show_query(&statement.kind, request.session, request.subject, request.snapshot, request.tables)
            .map_err(|refusal| Refusal {
                location: refusal.location.map(|_| line_and_column(text, statement.span.start)),
                ..refusal
            })?;
        let query_text = match shown {
            Shown::Query(query_text) => query_text,
            Shown::Needs(needs) => return Err(Stop::Needs(needs)),
            Shown::Other => return Err(refusals::not_supported(statement.kind.class()).into()),
        };
        let query = parse_statement(&query_text, self.request.options.grammar)
            .map_err(|error| refusals::unreadable(text, &error))?;
        let StatementKind::Query(query) = &query.kind else {
            return Err(refusals::not_supported(statement.kind.class()).into());
        };
        let edits = self.query(query, &query_text)?;
        let guarded = PositionMap::apply(&query_text, edits);
        Ok(vec![Edit { span: statement.span, text: guarded.edited().to_owned() }])
    }

    fn show_create(&mut self, text: &str, object: ShowCreateObject, name: &QualifiedName) -> Result<(), Stop> {
        let what = match object {
            ShowCreateObject::Schema => return self.show_create_schema(text, name),
            ShowCreateObject::Table => "table",
            ShowCreateObject::View => "view",
            ShowCreateObject::MaterializedView => "materialized view",
        };
        let table = self.table_name(text, name)?;
        let object = self.world.object(&table);
        self.needs()?;
        let shows = object.access.as_ref().is_some_and(|access| access.grants(Privilege::Show));
        if shows && object.reading.unrestricted() && !table.table.contains('$') {
            return Ok(());
        }
        Err(refusals::denied(format_args!(
            "Cannot show create {what} for {table}: it needs a grant of show and of each row and column, or there is no \
             such {what}"
        ))
        .into())
    }

    fn show_create_schema(&mut self, text: &str, name: &QualifiedName) -> Result<(), Stop> {
        let (catalog, schema) = self.schema_name(text, &name.parts)?;
        let shows = self.world.visible().rules.iter().any(|rule| {
            matches(&rule.catalog, &catalog)
                && matches(&rule.schema, &schema)
                && rule.table == "*"
                && rule.privileges.contains(&Privilege::Show)
                && !rule.hidden.iter().any(|hidden| {
                    hidden.columns.all() && matches(&hidden.catalog, &catalog) && matches(&hidden.schema, &schema)
                })
        });
        if shows {
            return Ok(());
        }
        Err(refusals::denied(format_args!(
            "Cannot show create schema for {catalog}.{schema}: it needs a grant of show on each table of it, or there is \
             no such schema"
        ))
        .into())
    }

    fn show_stats(&mut self, text: &str, table: &QualifiedName) -> Result<(), Stop> {
        let name = self.table_name(text, table)?;
        let object = self.world.object(&name);
        self.needs()?;
        match &object.reading {
            Reading::Unrestricted { .. } => Ok(()),
            Reading::Missing => {
                let message = format!("Table '{name}' does not exist");
                Err(refusals::at(text, table.span, ErrorCode::TableNotFound, message).into())
            }
            _ => Err(refusals::stats_denied(&name).into()),
        }
    }

    /// A schema that is not visible is refused as one that is not there.
    fn visible_schema(&mut self, text: &str, parts: &[Identifier]) -> Result<(), Stop> {
        let (catalog, schema) = self.schema_name(text, parts)?;
        let visible = self.world.visible();
        let known_catalog = catalog == "system" || visible.catalog(&catalog);
        if !known_catalog {
            let message = format!("Catalog '{catalog}' not found");
            return Err(Refusal { code: ErrorCode::CatalogNotFound, message, location: Some((1, 1)) }.into());
        }
        let of_trino = catalog == "system" || schema == "information_schema";
        if of_trino || visible.schema(&catalog, &schema) {
            return Ok(());
        }
        let message = format!("Schema does not exist: {catalog}.{schema}");
        Err(Refusal { code: ErrorCode::NotFound, message, location: None }.into())
    }

    fn schema_name(&self, text: &str, parts: &[Identifier]) -> Result<(String, String), Stop> {
        let (catalog, schema) = match parts {
            [catalog, schema] => (Some(catalog.folded()), schema),
            [schema] => (self.request.session.catalog.as_deref().map(|catalog| catalog.to_lowercase().into()), schema),
            _ => return Err(refusals::not_supported("a schema's name of so many parts").into()),
        };
        match catalog {
            Some(catalog) => Ok((catalog.into(), schema.folded().into())),
            None => {
                let message = "Catalog must be specified when session catalog is not set";
                Err(refusals::at(text, schema.span, ErrorCode::MissingCatalogName, message).into())
            }
        }
    }

    pub(super) fn table_name(&self, text: &str, name: &QualifiedName) -> Result<TableName, Stop> {
        walk::table_name(self.request.session, name)
            .map_err(|problem| refusals::problem(text, name.span, &problem).into())
    }

    fn may_set(&mut self, property: &str) -> Result<(), Stop> {
        match self.request.snapshot.may_set_session(self.request.subject, property) {
            Answer::Granted(policy) => {
                self.record.policies.insert(policy.policy.clone());
                Ok(())
            }
            Answer::Denied(_) | Answer::NotGranted => {
                let what = if property.contains('.') { "catalog" } else { "system" };
                Err(refusals::denied(format_args!(
                    "Cannot set {what} session property {property}: no policy grants it to you"
                ))
                .into())
            }
        }
    }

    /// Asks another parser which tables the user's texts name.
    pub(super) fn second_opinion(&mut self, statement: &Statement) -> Result<(), Stop> {
        if !self.request.options.second_opinion {
            return Ok(());
        }
        let prepared = self.prepared.as_ref().map(|(text, statement)| (*text, statement));
        let mut texts = [Some((self.request.sql, statement)), prepared].into_iter().flatten();
        let grammar = self.request.options.grammar;
        let beside = self.request.aids.beside;
        let agreed = texts.try_for_each(|(text, statement)| rewrite::second_opinion(text, statement, grammar, beside));
        (self.observe)(Stage::SecondOpinion);
        agreed.map_err(|unseen| Stop::Alarm(Alarm::SecondOpinion(unseen.to_string())))
    }

    /// Stops where Trino has to be asked.
    pub(super) fn needs(&mut self) -> Result<(), Stop> {
        let needs = self.world.needs();
        if needs.is_empty() { Ok(()) } else { Err(Stop::Needs(needs.into_iter().collect())) }
    }
}

/// The name of a session property as Trino compares it.
fn property(name: &QualifiedName) -> String {
    name.parts.iter().map(|part| part.folded()).collect::<Vec<_>>().join(".")
}

fn validates_only(options: &[ExplainOption]) -> bool {
    let mut types = options.iter().filter_map(|option| match option {
        ExplainOption::Type(explain_type) => Some(*explain_type),
        ExplainOption::Format(_) => None,
    });
    types.next() == Some(ExplainType::Validate) && types.next().is_none()
}
