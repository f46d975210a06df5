//! Which statements may be sent, and what each must prove.

use super::Unproved;
use super::known::Reading;
use super::names::{Defaults, shown};
use super::standing::{self, Standing};
use super::walk::{Found, Walk};
use super::{change, kill};
use crate::enforce::Request;
use crate::names::TableName;
use crate::policy::{Answer, Privilege, matches};
use crate::rewrite::relations::{Relations, Told};
use crate::sql::ast::{AuthorizationUser, Branch, ExplainOption, ExplainType, Expr, Query, ShowCreateObject};
use crate::sql::{QualifiedName, Statement, StatementKind};

/// `EXECUTE IMMEDIATE`, `EXECUTE` and `EXPLAIN` within each other, no deeper.
const DEEPEST_STATEMENT: usize = 4;

/// Proves a statement; answers what was met in it.
pub(super) fn prove(
    request: &Request<'_>,
    reading: &Reading<'_>,
    statement: &Statement,
    prepared: Option<&(&str, Reading<'_>)>,
) -> Result<Found, Unproved> {
    let mut proof = Proof { request, prepared, survey: false, depth: 0 };
    let found = proof.statement(reading, statement)?;
    if found.can_tell_of_hidden_rows() {
        return Err(Unproved::because("an expression that can fail beside a filtered guard in the plain form"));
    }
    Ok(found)
}

/// The tables that the user's own statement names, each as often as it does, prepared statements' texts included.
pub(super) fn named(
    request: &Request<'_>,
    statement: &Statement,
    prepared: Option<(&str, &str)>,
) -> Result<Vec<TableName>, Unproved> {
    let prepared = prepared.map(|(name, text)| (name, Reading::whole(text)));
    let mut proof = Proof { request, prepared: prepared.as_ref(), survey: true, depth: 0 };
    proof.statement(&Reading::whole(request.sql), statement).map(|found| found.named)
}

/// Proves that the user may set a session property, its name in lower case.
pub(super) fn may_set(request: &Request<'_>, property: &str) -> Result<(), Unproved> {
    match request.snapshot.may_set_session(request.subject, property) {
        Answer::Granted(_) => Ok(()),
        Answer::Denied(_) | Answer::NotGranted => {
            Err(Unproved::because(format!("session property {property} is not granted")))
        }
    }
}

struct Proof<'a> {
    request: &'a Request<'a>,
    prepared: Option<&'a (&'a str, Reading<'a>)>,
    survey: bool,
    depth: usize,
}

impl Proof<'_> {
    fn statement(&mut self, text: &Reading<'_>, statement: &Statement) -> Result<Found, Unproved> {
        self.depth += 1;
        if self.depth > DEEPEST_STATEMENT {
            return Err(Unproved::because("statements within statements are too deep"));
        }
        let found = self.kind(text, &statement.kind)?;
        self.depth -= 1;
        Ok(found)
    }

    fn kind(&mut self, text: &Reading<'_>, kind: &StatementKind) -> Result<Found, Unproved> {
        let nothing = Found::default();
        match kind {
            StatementKind::Query(query) => self.query(text, query),
            StatementKind::Explain { options, statement } => {
                let found = self.statement(text, statement)?;
                if found.values_hidden && !validates_only(options) {
                    return Err(Unproved::because("EXPLAIN over a masked or filtered table"));
                }
                Ok(found.told_at(Told::Never))
            }
            StatementKind::ExplainAnalyze { verbose: _, statement } => {
                let found = self.statement(text, statement)?;
                if found.values_hidden {
                    return Err(Unproved::because("EXPLAIN ANALYZE over a masked or filtered table"));
                }
                Ok(found)
            }
            // Nothing is read or run; what is kept is proved when it is run.
            StatementKind::Prepare { name: _, statement: _ } => Ok(nothing),
            StatementKind::DescribeQuery { query } => self.query(text, query).map(|found| found.told_at(Told::Never)),
            StatementKind::Execute { name, parameters } => {
                let found = self.parameters(text, parameters)?;
                self.prepared(&name.value).map(|inner| inner.and(found))
            }
            StatementKind::Deallocate { name } => self.prepared(&name.value),
            StatementKind::DescribeInput { name } | StatementKind::DescribeOutput { name } => {
                self.prepared(&name.value).map(|found| found.told_at(Told::Never))
            }
            StatementKind::ExecuteImmediate { text: inner, parameters } => {
                let found = self.parameters(text, parameters)?;
                let inner = Reading::whole(&inner.value);
                self.statement(&inner, &inner.parse(self.request)?).map(|inner| inner.and(found))
            }
            StatementKind::ShowCreate { object, name } => {
                self.show_create(*object, name).map(|()| nothing.told_at(Told::Never))
            }
            StatementKind::ShowStats { table } => self.unrestricted(table).map(|()| nothing.told_at(Told::Never)),
            StatementKind::ShowStatsForQuery { query } => {
                let found = self.query(text, query)?;
                if found.guard {
                    return Err(Unproved::because("SHOW STATS over a restricted table"));
                }
                Ok(found.told_at(Told::Never))
            }
            StatementKind::ShowFunctions { schema, like: _ } => {
                schema.as_ref().map_or(Ok(()), |schema| self.visible_schema(&schema.parts)).map(|()| nothing)
            }
            StatementKind::SetSession { name, value } => {
                self.constant(text, "the value of a session property", value)?;
                may_set(self.request, &shown(name).to_lowercase()).map(|()| nothing)
            }
            StatementKind::ResetSession { name } => {
                may_set(self.request, &shown(name).to_lowercase()).map(|()| nothing)
            }
            StatementKind::SetTimeZone { zone } => {
                zone.as_ref().map_or(Ok(nothing), |zone| self.constant(text, "a time zone", zone))
            }
            StatementKind::Use { catalog, schema } => {
                let parts: Vec<_> = catalog.iter().chain([schema]).cloned().collect();
                self.visible_schema(&parts).map(|()| nothing)
            }
            StatementKind::ShowCreateFunction { name } => {
                change::has_function(self.request, name, Privilege::Show).map(|()| nothing)
            }
            StatementKind::SetSessionAuthorization { user } => {
                let user = match user {
                    AuthorizationUser::Name(name) => &name.value,
                    AuthorizationUser::String(text) => &text.value,
                };
                let Request { snapshot, subject, .. } = self.request;
                if *user == *subject.user || snapshot.may_impersonate(subject, user).granted() {
                    return Ok(nothing);
                }
                Err(Unproved::because(format!("{user} is not to be impersonated")))
            }
            StatementKind::ResetSessionAuthorization
            | StatementKind::StartTransaction { modes: _ }
            | StatementKind::Commit
            | StatementKind::Rollback => Ok(nothing),
            StatementKind::Definition(_)
            | StatementKind::Change(_)
            | StatementKind::Access(_)
            | StatementKind::Branch(_) => {
                let mut walk = self.walk(text);
                if kill::may_end(&walk, kind)? {
                    return Ok(nothing);
                }
                change::prove(&mut walk, kind)?;
                // Whatever is read goes into a table, whose types it is cast to.
                let redefines = match kind {
                    StatementKind::Change(change) => !change.is_of_rows(),
                    StatementKind::Access(access) => !access.only_shows(),
                    StatementKind::Branch(branch) => !matches!(**branch, Branch::Show { .. }),
                    _ => true,
                };
                Ok(Found { can_fail: true, redefines, ..walk.found }.told_at(Told::Late))
            }
            StatementKind::ShowCatalogs { like: _ }
            | StatementKind::ShowSchemas { catalog: _, like: _ }
            | StatementKind::ShowTables { schema: _, like: _ }
            | StatementKind::ShowColumns { table: _, like: _ }
            | StatementKind::ShowSession { like: _ }
            | StatementKind::SetPath { path: _ } => {
                Err(Unproved::because(format!("a statement of class {}", kind.class())))
            }
        }
    }

    fn walk<'t>(&'t self, text: &'t Reading<'_>) -> Walk<'t> {
        let mut walk = Walk::new(self.request, &text.text, self.defaults(), Vec::new());
        walk.known = text.places();
        walk.survey = self.survey;
        walk
    }

    fn defaults(&self) -> Defaults<'_> {
        Defaults { catalog: self.request.session.catalog.as_deref(), schema: self.request.session.schema.as_deref() }
    }

    fn query(&self, text: &Reading<'_>, query: &Query) -> Result<Found, Unproved> {
        let mut walk = self.walk(text);
        walk.query(query)?;
        Ok(walk.found)
    }

    fn constant(&self, text: &Reading<'_>, what: &'static str, expr: &Expr) -> Result<Found, Unproved> {
        let mut walk = self.walk(text);
        walk.constant(what, expr)?;
        Ok(walk.found)
    }

    /// Trino puts parameters where the `?` stand and resolves them there, so a column or a query in one would be read
    /// at a place that was judged without it.
    fn parameters(&self, text: &Reading<'_>, parameters: &[Expr]) -> Result<Found, Unproved> {
        parameters.iter().try_fold(Found::default(), |found, parameter| {
            Ok(found.and(self.constant(text, "a parameter", parameter)?))
        })
    }

    /// Trino runs the text that goes along under this name.
    fn prepared(&mut self, name: &str) -> Result<Found, Unproved> {
        match self.prepared {
            Some((sent, inner)) if *sent == name => self.statement(inner, &inner.parse(self.request)?),
            _ => Err(Unproved::because(format!("the text of the prepared statement {name} does not go along"))),
        }
    }

    fn unrestricted(&self, table: &QualifiedName) -> Result<(), Unproved> {
        let name = self.defaults().table(table)?;
        match standing::of(self.request, &name, &[], &mut Relations::default())? {
            Standing::Unrestricted => Ok(()),
            Standing::Restricted(..) | Standing::OfOwner(..) | Standing::Metadata(_) => {
                Err(Unproved::because(format!("statistics of the restricted table {name}")))
            }
        }
    }

    fn show_create(&self, object: ShowCreateObject, name: &QualifiedName) -> Result<(), Unproved> {
        let refused = || Unproved::because(format!("SHOW CREATE of {}", shown(name)));
        if object == ShowCreateObject::Schema {
            let (catalog, schema) = self.defaults().schema_of(&name.parts)?;
            let rules = self.request.snapshot.visible(self.request.subject).rules;
            let shows = rules.iter().any(|rule| {
                matches(&rule.catalog, &catalog)
                    && matches(&rule.schema, &schema)
                    && rule.table == "*"
                    && rule.privileges.contains(&Privilege::Show)
            });
            return if shows { Ok(()) } else { Err(refused()) };
        }
        let name = self.defaults().table(name)?;
        let access = self.request.snapshot.table_access(self.request.subject, &name);
        let whole = access.unrestricted() && access.grants(Privilege::Show) && !name.table.contains(['$', '@']);
        if whole { Ok(()) } else { Err(refused()) }
    }

    /// Schemas that each catalog has are visible where the catalog is; `system` holds Trino's own objects only.
    fn visible_schema(&self, parts: &[crate::sql::Identifier]) -> Result<(), Unproved> {
        let (catalog, schema) = self.defaults().schema_of(parts)?;
        let visible = self.request.snapshot.visible(self.request.subject);
        let of_trino = catalog == "system" || (schema == "information_schema" && visible.catalog(&catalog));
        if of_trino || visible.schema(&catalog, &schema) {
            Ok(())
        } else {
            Err(Unproved::because(format!("schema {catalog}.{schema} is not visible")))
        }
    }
}

fn validates_only(options: &[ExplainOption]) -> bool {
    let mut types = options.iter().filter_map(|option| match option {
        ExplainOption::Type(explain_type) => Some(*explain_type),
        ExplainOption::Format(_) => None,
    });
    types.next() == Some(ExplainType::Validate) && types.next().is_none()
}
