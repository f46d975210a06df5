//! What the tables that a statement names are to the user: policies and Trino's own description brought together.
//!
//! In: a table's name. Out: its [`Object`], found once per decision. What has to be asked of Trino is collected as
//! needs, and only for tables on which the user has some privilege, so that nothing tells whether another one exists.

use super::derived;
use super::facts::{Facts, FunctionUse, MissingColumn, Problem};
use super::kept::Objects;
use super::metadata::{Metadata, is_metadata, metadata_access};
use super::object::{Guard, Object, PolicyExpr, Reading, SeenColumn, Source, ViewText};
use super::scope::{ScopeRef, TypeClass};
use super::walk::{self, ViewOf};
use crate::catalog::table::{Column, Known, Need, Resolved, Table, TableKind, Tables};
use crate::enforce::kept::OfUser;
use crate::enforce::{Options, Views};
use crate::names::TableName;
use crate::policy::{
    Answer, Expression, Object as Sort, PolicyRef, Privilege, Snapshot, Subject, TableAccess, VisibleTables,
};
use crate::sql::ast::Expr;
use crate::sql::{StatementKind, parse_expression, parse_statement};
use compact_str::CompactString;
use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How deep views may read views.
const VIEW_DEPTH: usize = 16;

/// How many guards the text of a view may need, those of the views that it reads counted at each place.
const VIEW_GUARDS: usize = 256;

/// What is said of a view whose owner's rights do not do. What it reads is not the reader's to know.
const OWNER: &str = "it is read with its owner's rights, and the owner may not read all that it reads as it is; the owner can \
                     have all of it granted, or make the view with SECURITY INVOKER";

/// The tables of one decision.
pub(crate) struct World<'a> {
    snapshot: &'a Snapshot,
    subject: &'a Subject,
    tables: &'a Tables,
    /// By which the texts of views and of metadata rules are read, and with whose rights.
    options: &'a Options,
    /// Found when it is first needed: few statements read metadata, and a user may have thousands of grants.
    visible: OnceCell<VisibleTables>,
    needs: BTreeSet<Need>,
    /// How often something was not known, whether it was among the needs already or not.
    asked: usize,
    /// How often it was looked at a table, so that it is known what an object rests on.
    looked: usize,
    objects: BTreeMap<TableName, Arc<Object>>,
    /// What tables were to the user in statements before.
    kept: Option<OfUser<'a, Object>>,
    /// Where they are kept.
    kept_in: Option<&'a Objects>,
    /// The views that are being read, from the outside.
    views: Vec<TableName>,
}

impl<'a> World<'a> {
    /// An empty world of one user.
    pub(crate) fn new(
        snapshot: &'a Snapshot,
        subject: &'a Subject,
        tables: &'a Tables,
        options: &'a Options,
        objects: Option<&'a Objects>,
    ) -> World<'a> {
        World {
            snapshot,
            subject,
            tables,
            options,
            visible: OnceCell::new(),
            needs: BTreeSet::new(),
            asked: 0,
            looked: 0,
            objects: BTreeMap::new(),
            kept: objects.map(|objects| objects.of_user(snapshot, subject, options)),
            kept_in: objects,
            views: Vec::new(),
        }
    }

    /// What has to be asked of Trino before a decision can be made.
    pub(crate) fn needs(&mut self) -> BTreeSet<Need> {
        std::mem::take(&mut self.needs)
    }

    /// What the user may know of.
    pub(crate) fn visible(&self) -> &VisibleTables {
        self.visible.get_or_init(|| self.snapshot.visible(self.subject))
    }

    /// What policies say of a table.
    pub(crate) fn access(&self, name: &TableName) -> TableAccess {
        self.snapshot.table_access(self.subject, name)
    }

    /// Whether policies grant a privilege on an object of any sort.
    pub(crate) fn may(&self, object: Sort, name: &TableName, privilege: Privilege) -> Answer {
        self.snapshot.may(self.subject, object, name, privilege)
    }

    /// Whether a function may be called. One of Trino's own may, a table function only where it reads nothing but its
    /// arguments; another needs a grant. Those of a connector's `system` schema read past all policies.
    pub(crate) fn may_call(&self, function: &FunctionUse) -> bool {
        let built_in = match function.name.as_slice() {
            [name] => Some(name),
            [catalog, schema, name] if catalog == "system" && schema == "builtin" => Some(name),
            _ => None,
        };
        match (built_in, function.name.as_slice()) {
            (Some(name), _) => {
                !name.contains('$') && (!function.table || matches!(name.as_str(), "exclude_columns" | "sequence"))
            }
            (None, [catalog, schema, name]) => {
                let name = TableName::new(catalog, schema, name);
                let granted = || self.snapshot.may(self.subject, Sort::Function, &name, Privilege::Execute).granted();
                schema != "system" && granted()
            }
            (None, _) => false,
        }
    }

    /// What Trino says of a table; `None` if it has to be asked first.
    pub(crate) fn described(&mut self, name: &TableName) -> Option<Known> {
        self.looked += 1;
        let need = Need::Table(name.clone());
        let known = self.tables.get(&need).cloned();
        if known.is_none() {
            self.needs.insert(need);
            self.asked += 1;
        }
        known
    }

    /// What Trino resolved in the text of a view; nothing where it has resolved another text. `None` if it has to be
    /// asked first.
    pub(super) fn resolved(&mut self, view: &ViewOf<'_>) -> Option<Option<Arc<Resolved>>> {
        self.looked += 1;
        let need = Need::View(view.name.clone());
        match self.tables.get(&need) {
            Some(Known::View(resolved)) if *resolved.text == *view.text => Some(Some(resolved.clone())),
            Some(_) => Some(None),
            None => {
                self.needs.insert(need);
                self.asked += 1;
                None
            }
        }
    }

    /// What a table is to the user.
    pub(crate) fn object(&mut self, name: &TableName) -> Arc<Object> {
        self.looked += 1;
        if let Some(object) = self.objects.get(name) {
            // What is not known is asked for once; each reader of it has to know that it is waiting.
            self.asked += usize::from(matches!(object.reading, Reading::Pending));
            return object.clone();
        }
        let object = self.made_before(name).unwrap_or_else(|| self.make_and_keep(name));
        self.objects.insert(name.clone(), object.clone());
        object
    }

    /// A table, as Trino describes it, that was made an object before.
    fn made_before(&self, name: &TableName) -> Option<Arc<Object>> {
        let kept = self.kept.as_ref()?;
        match self.tables.get(&Need::Table(name.clone()))? {
            Known::Table(table) if table.kind == TableKind::Table => kept.get(name, table),
            _ => None,
        }
    }

    /// Makes an object; it is kept where it rests on the user, the policies and the description of the table alone.
    fn make_and_keep(&mut self, name: &TableName) -> Arc<Object> {
        let before = self.looked;
        let object = Arc::new(self.make_object(name));
        // What is called after a table rests on that one.
        let only_itself = self.looked == before + 1 && derived::base(name).is_none();
        if let (true, Some(kept), Some(Known::Table(table))) =
            (only_itself, &self.kept, self.tables.get(&Need::Table(name.clone())))
            && table.kind == TableKind::Table
        {
            kept.keep(name, table, &object);
        }
        object
    }

    fn make_object(&mut self, name: &TableName) -> Object {
        let object = |access, reading| Object { access, reading };
        let metadata =
            if is_metadata(name) { metadata_access(name, self.subject, self.visible()) } else { Metadata::NotMetadata };
        match metadata {
            Metadata::NotMetadata => {}
            Metadata::Open => {
                return object(None, Reading::Unrestricted { columns: self.open_columns(name) });
            }
            Metadata::Refused => {
                let access = self.access(name);
                if !access.unrestricted() || !self.granted_by_full_name(name) {
                    return object(None, Reading::Denied);
                }
                return object(Some(access), Reading::Unrestricted { columns: None });
            }
            Metadata::Filtered { columns, hidden, predicate, masks } => {
                let reading = self.metadata_guard(name, columns, hidden, &predicate, &masks);
                return object(None, reading);
            }
        }
        if let Some(base) = derived::base(name) {
            let about = self.object(&base);
            let is_table = matches!(
                self.tables.get(&Need::Table(base)),
                Some(Known::Table(table)) if table.kind == TableKind::Table
            );
            let reading = match about.reading {
                Reading::Pending => Reading::Pending,
                Reading::Unrestricted { .. } if is_table && derived::open(name, &self.access(name)) => {
                    Reading::Unrestricted { columns: None }
                }
                _ => Reading::Denied,
            };
            return object(about.access.clone(), reading);
        }
        let access = self.access(name);
        if !access.grants(Privilege::Select) || is_store(name) {
            return object(Some(access), Reading::Denied);
        }
        let reading = match self.described(name) {
            None => Reading::Pending,
            Some(Known::Table(table)) => self.read(name, &access, &table),
            Some(Known::Missing | Known::Exists | Known::View(_) | Known::QueryOf(_) | Known::SessionProperties(_)) => {
                Reading::Missing
            }
        };
        object(Some(access), reading)
    }

    fn granted_by_full_name(&self, name: &TableName) -> bool {
        self.visible().rules.iter().any(|rule| {
            rule.privileges.contains(&Privilege::Select)
                && rule.hidden.is_empty()
                && (&rule.catalog, &rule.schema, &rule.table) == (&name.catalog, &name.schema, &name.table)
        })
    }

    /// The columns of a metadata table that is open, where Trino has told them; nothing depends on them but lineage.
    fn open_columns(&self, name: &TableName) -> Option<Arc<[SeenColumn]>> {
        match self.tables.get(&Need::Table(name.clone())) {
            Some(Known::Table(table)) => Some(table.columns.iter().map(seen).collect()),
            _ => None,
        }
    }

    fn read(&mut self, name: &TableName, access: &TableAccess, table: &Arc<Table>) -> Reading {
        let source = match &table.kind {
            TableKind::Table => Source::Table,
            TableKind::View { text } | TableKind::MaterializedView { text } => match self.source(name, text, table) {
                Ok(Some(source)) => source,
                Ok(None) => return Reading::Pending,
                Err(why) => return Reading::Impossible(why),
            },
        };
        if access.unrestricted() && matches!(source, Source::Table) {
            return Reading::Unrestricted { columns: Some(table.columns.iter().map(seen).collect()) };
        }
        match self.guard(name, access, table, source) {
            Ok(Some(guard)) => Reading::Guarded(Arc::new(guard)),
            Ok(None) => Reading::Pending,
            Err(why) => Reading::Impossible(why),
        }
    }

    fn guard(
        &mut self,
        name: &TableName,
        access: &TableAccess,
        table: &Arc<Table>,
        source: Source,
    ) -> Result<Option<Guard>, String> {
        let mut pending = false;
        let scope = walk::policy_scope(name, &table.columns, &[]);
        let mut columns = Vec::with_capacity(table.columns.len());
        let all = access.allows_all();
        for (column, field) in table.columns.iter().zip(&scope.relation.fields) {
            if !all && !access.allow(&column.name) {
                continue;
            }
            let mut mask = None;
            if let Some(rule) = access.mask(&column.name, &column.data_type)? {
                self.reads_like_the_policy(&rule)?;
                mask = self.policy_expr(name, &scope, &rule.text, &rule.expr, &rule.policies)?;
                mask = mask.map(|mask| PolicyExpr { masks: rule.masks.clone(), ..mask });
                pending |= mask.is_none();
            }
            columns.push(SeenColumn { mask: mask.map(Arc::new), ..SeenColumn::of(column, field.class) });
        }
        if columns.is_empty() {
            return Err("none of its columns is granted to you".to_owned());
        }
        let rules = access.filters()?;
        let mut filters = Vec::with_capacity(rules.len());
        for rule in rules {
            self.reads_like_the_policy(&rule)?;
            match self.policy_expr(name, &scope, &rule.text, &rule.expr, &rule.policies)? {
                Some(filter) => filters.push(filter),
                None => pending = true,
            }
        }
        Ok((!pending).then(|| Guard { columns: columns.into(), filters, source, metadata: false }))
    }

    fn metadata_guard(
        &mut self,
        name: &TableName,
        columns: Vec<Column>,
        hidden: Vec<Column>,
        predicate: &str,
        masks: &[(CompactString, String)],
    ) -> Reading {
        let made = |world: &mut World<'a>| -> Result<Option<Guard>, String> {
            let scope = walk::policy_scope(name, &columns, &hidden);
            let mut read = |text: &str| -> Result<Option<PolicyExpr>, String> {
                let expr = parse_expression(text, world.options.grammar).map_err(|error| error.message)?;
                world.policy_expr(name, &scope, &Arc::from(text), &expr, &Arc::default())
            };
            let Some(filter) = read(predicate)? else { return Ok(None) };
            let mut seen_columns = Vec::new();
            for (column, is_hidden) in
                columns.iter().map(|column| (column, false)).chain(hidden.iter().map(|column| (column, true)))
            {
                let mask = match masks.iter().find(|(masked, _)| *masked == column.name) {
                    Some((_, text)) => match read(text)? {
                        Some(mask) => Some(Arc::new(mask)),
                        None => return Ok(None),
                    },
                    None => None,
                };
                seen_columns.push(SeenColumn { hidden: is_hidden, mask, ..seen(column) });
            }
            Ok(Some(Guard {
                columns: seen_columns.into(),
                filters: vec![filter],
                source: Source::Table,
                metadata: true,
            }))
        };
        match made(self) {
            Ok(Some(guard)) => Reading::Guarded(Arc::new(guard)),
            Ok(None) => Reading::Pending,
            Err(why) => Reading::Impossible(why),
        }
    }

    /// A policy is checked before it is known by which grammar Trino will read its expression.
    fn reads_like_the_policy(&self, rule: &Expression) -> Result<(), String> {
        if rule.grammars.contains(&self.options.grammar) {
            return Ok(());
        }
        Err(format!(
            "policy {} can't be applied: Trino {} can't read its expression",
            rule.named(),
            self.options.grammar
        ))
    }

    /// A policy's expression over a table; `None` if Trino has to be asked first.
    fn policy_expr(
        &mut self,
        name: &TableName,
        scope: &ScopeRef,
        text: &Arc<str>,
        expr: &Expr,
        policies: &Arc<[Arc<PolicyRef>]>,
    ) -> Result<Option<PolicyExpr>, String> {
        let before = self.asked;
        let facts = walk::policy_expression(self, name, scope, expr);
        if self.asked > before {
            return Ok(None);
        }
        let by = policies.first().map_or("the metadata rules", |policy| policy.policy.as_str());
        if let Some((_, problem)) = facts.problems.first() {
            return Err(format!("policy {by} can't be applied: {}", policy_problem(problem)));
        }
        if let Some(MissingColumn { name, .. }) = facts.missing.first() {
            return Err(format!("policy {by} can't be applied: column {name} cannot be resolved"));
        }
        if !facts.ambiguous.is_empty() {
            return Err(format!("policy {by} can't be applied: a column in it is ambiguous"));
        }
        Ok(Some(PolicyExpr {
            text: text.clone(),
            span: expr.span,
            facts,
            policies: policies.clone(),
            masks: Arc::default(),
        }))
    }

    /// How a view is read. `None` if Trino has to be asked first.
    fn source(&mut self, name: &TableName, text: &Arc<str>, table: &Arc<Table>) -> Result<Option<Source>, String> {
        let for_reader = match self.view(name, text, table) {
            Ok(None) => return Ok(None),
            Ok(Some(view)) if view.facts.guards().next().is_none() => return Ok(Some(Source::Table)),
            Ok(Some(view)) => Ok(Some(Source::View(Box::new(view)))),
            Err(why) => Err(why),
        };
        let (Views::Definer { more_groups }, TableKind::View { .. }) = (self.options.views, &table.kind) else {
            return for_reader;
        };
        let Some(resolved) = self.resolved(&ViewOf { name, text }) else { return Ok(None) };
        let Some(owner) = resolved.as_ref().and_then(|resolved| resolved.owner.as_deref()) else { return for_reader };
        let owner = self.snapshot.owner(owner, self.subject, more_groups);
        let mut world = World::new(self.snapshot, &owner, self.tables, self.options, self.kept_in);
        world.views.clone_from(&self.views);
        let view = world.view(name, text, table);
        self.asked += world.asked;
        self.needs.append(&mut world.needs);
        match view {
            Ok(Some(view)) if view.facts.guards().next().is_none() => {
                Ok(Some(Source::OwnersView(Box::new(view.facts))))
            }
            Ok(None) => Ok(None),
            Ok(Some(_)) | Err(_) => Err(OWNER.to_owned()),
        }
    }

    /// The text of a view for the reader; `None` if Trino has to be asked first.
    fn view(&mut self, name: &TableName, text: &Arc<str>, table: &Arc<Table>) -> Result<Option<ViewText>, String> {
        if self.views.contains(name) || self.views.len() >= VIEW_DEPTH {
            return Err("the view reads itself, or views are nested too deeply".to_owned());
        }
        let Ok(statement) = parse_statement(text, self.options.grammar) else {
            return Err("the text of the view can't be read".to_owned());
        };
        let StatementKind::Query(query) = &statement.kind else {
            return Err("the text of the view is not a query".to_owned());
        };
        self.views.push(name.clone());
        let before = self.asked;
        // Trino fills a materialized view with what its short names mean to whoever refreshes it.
        let of = matches!(table.kind, TableKind::View { .. }).then_some(ViewOf { name, text });
        let facts = walk::view(self, of.as_ref(), query);
        self.views.pop();
        if self.asked > before {
            return Ok(None);
        }
        view_refusal(&facts)?;
        if !facts.functions.iter().all(|function| self.may_call(function)) {
            return Err("the view calls a function that is not granted to you, or that is not there".to_owned());
        }
        if facts.guard_count() > VIEW_GUARDS {
            return Err("the view reads restricted tables at too many places".to_owned());
        }
        if facts.output.as_ref().is_some_and(|output| output.len() != table.columns.len()) {
            return Err("the view's text has other columns than the view".to_owned());
        }
        let columns = table.columns.iter().map(|column| column.name.clone()).collect();
        let guards = facts.guard_count();
        Ok(Some(ViewText { text: text.clone(), span: statement.span, facts, guards, columns }))
    }
}

fn seen(column: &Column) -> SeenColumn {
    SeenColumn::of(column, TypeClass::of(&column.data_type))
}

/// Whether a table is called as Iceberg calls those that hold the rows of a materialized view, where they are not hidden:
/// `st_` and a UUID without dashes. They are read by the name of the view alone.
pub(super) fn is_store(name: &TableName) -> bool {
    let digits = name.table.strip_prefix("st_").unwrap_or_default();
    digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The reader of a view must not learn what it reads, so one text does for all that can be wrong in it.
fn view_refusal(facts: &Facts) -> Result<(), String> {
    let unreadable = facts.relations.iter().any(|relation| {
        relation.object.as_ref().is_none_or(|object| {
            matches!(object.reading, Reading::Denied | Reading::Missing | Reading::Pending | Reading::Impossible(_))
        })
    });
    if unreadable || !facts.missing.is_empty() || !facts.ambiguous.is_empty() {
        return Err("the view reads what is not granted to you, or what is not there".to_owned());
    }
    if let Some((_, problem)) = facts.problems.first() {
        return Err(match problem {
            Problem::NotThreeParts(_) | Problem::NoCatalog | Problem::NoSchema | Problem::TooManyParts(_) => {
                "a name in the view's text has no catalog and schema, and the view's own are not known".to_owned()
            }
            Problem::NotSupported(_) | Problem::NoSuchTable(_) => {
                "the view's text has something that Sluice does not support yet".to_owned()
            }
        });
    }
    Ok(())
}

fn policy_problem(problem: &Problem) -> String {
    match problem {
        Problem::TooManyParts(name) => format!("too many dots in table name {name}"),
        Problem::NoCatalog | Problem::NoSchema => "a table in it has no catalog or schema".to_owned(),
        Problem::NotThreeParts(name) => format!("table {name} in it must be named by catalog, schema and table"),
        Problem::NotSupported(what) => format!("{what} is not supported in policies"),
        Problem::NoSuchTable(_) => "a table in it does not exist".to_owned(),
    }
}
