//! Trino's file of rules as types: what `FileBasedSystemAccessControl` reads, each rule with its place.
//!
//! A field that Trino does not know is an error here as it is there.

use super::fields::{Fields, wrong_type};
use super::java_regex::{Regex, Unsupported};
use super::json::{Json, Value};
use super::note::{Bytes, Note, RuleName};
use std::collections::BTreeSet;

/// All lists of rules; an absent one is `None`.
#[derive(Debug, Default)]
pub(super) struct Rules {
    pub(super) catalogs: Option<Vec<CatalogRule>>,
    pub(super) schemas: Option<Vec<SchemaRule>>,
    pub(super) tables: Option<Vec<TableRule>>,
    pub(super) functions: Option<Vec<RoutineRule>>,
    pub(super) procedures: Option<Vec<RoutineRule>>,
    pub(super) queries: Option<Vec<QueryRule>>,
    pub(super) impersonation: Option<Vec<ImpersonationRule>>,
    pub(super) system_properties: Option<Vec<PropertyRule>>,
    pub(super) catalog_properties: Option<Vec<PropertyRule>>,
    pub(super) system_information: Option<Vec<QueryRule>>,
    /// Lists that are only named: key, place of each rule.
    pub(super) others: Vec<(&'static str, Vec<Bytes>)>,
}

/// An expression as it is written.
#[derive(Clone, Debug)]
pub(super) struct Re {
    pub(super) at: Bytes,
    pub(super) text: String,
    pub(super) regex: Result<Regex, Unsupported>,
}

/// Where a rule stands: its list, its place in the list from 0, its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Origin {
    pub(super) list: &'static str,
    pub(super) index: usize,
    pub(super) at: Bytes,
}

/// Whom a rule is about: all of what is given has to match.
#[derive(Clone, Debug)]
pub(super) struct About {
    pub(super) origin: Origin,
    pub(super) user: Option<Re>,
    pub(super) role: Option<Re>,
    pub(super) group: Option<Re>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum CatalogMode {
    None,
    ReadOnly,
    All,
    /// All, and the catalog itself.
    Owner,
}

#[derive(Debug)]
pub(super) struct CatalogRule {
    pub(super) about: About,
    pub(super) catalog: Option<Re>,
    pub(super) mode: CatalogMode,
}

#[derive(Debug)]
pub(super) struct SchemaRule {
    pub(super) about: About,
    pub(super) catalog: Option<Re>,
    pub(super) schema: Option<Re>,
    pub(super) owner: bool,
}

#[derive(Debug)]
pub(super) struct TableRule {
    pub(super) about: About,
    pub(super) catalog: Option<Re>,
    pub(super) schema: Option<Re>,
    pub(super) table: Option<Re>,
    pub(super) privileges: BTreeSet<String>,
    pub(super) columns: Vec<Column>,
    pub(super) filter: Option<Expression>,
}

#[derive(Debug)]
pub(super) struct Column {
    pub(super) at: Bytes,
    pub(super) name: String,
    pub(super) allow: bool,
    pub(super) mask: Option<Expression>,
}

/// The text of a mask or filter, and as whom it is to be evaluated.
#[derive(Clone, Debug)]
pub(super) struct Expression {
    pub(super) at: Bytes,
    pub(super) text: String,
    pub(super) environment: Option<Bytes>,
}

/// A rule about functions or procedures.
#[derive(Debug)]
pub(super) struct RoutineRule {
    pub(super) about: About,
    pub(super) catalog: Option<Re>,
    pub(super) schema: Option<Re>,
    pub(super) routine: Option<Re>,
    pub(super) privileges: BTreeSet<String>,
}

/// A rule about queries, or about system information.
#[derive(Debug)]
pub(super) struct QueryRule {
    pub(super) about: About,
    pub(super) allow: BTreeSet<String>,
    /// Whether it is about the queries of some users only.
    pub(super) owner: bool,
}

#[derive(Debug)]
pub(super) struct ImpersonationRule {
    pub(super) about: About,
    pub(super) new_user: Re,
    pub(super) allow: bool,
}

#[derive(Debug)]
pub(super) struct PropertyRule {
    pub(super) about: About,
    pub(super) catalog: Option<Re>,
    pub(super) property: Option<Re>,
    pub(super) allow: bool,
}

impl Rules {
    /// Whom each rule is about, of the lists that are read.
    pub(super) fn abouts(&self) -> impl Iterator<Item = &About> {
        let catalogs = self.catalogs.iter().flatten().map(|rule| &rule.about);
        let schemas = self.schemas.iter().flatten().map(|rule| &rule.about);
        let tables = self.tables.iter().flatten().map(|rule| &rule.about);
        let routines = self.functions.iter().chain(&self.procedures).flatten().map(|rule| &rule.about);
        let queries = self.queries.iter().chain(&self.system_information).flatten().map(|rule| &rule.about);
        let properties =
            self.system_properties.iter().chain(&self.catalog_properties).flatten().map(|rule| &rule.about);
        let acting = self.impersonation.iter().flatten().map(|rule| &rule.about);
        catalogs.chain(schemas).chain(tables).chain(routines).chain(queries).chain(properties).chain(acting)
    }

    /// The rule that a place is in. A rule's own place is where it begins.
    pub(super) fn at(&self, at: &Bytes) -> Option<RuleName> {
        let read = self.abouts().map(|About { origin, .. }| (origin.list, origin.index, origin.at.start));
        let named = self
            .others
            .iter()
            .flat_map(|(list, places)| places.iter().enumerate().map(|(index, place)| (*list, index, place.start)));
        let begun = read.chain(named).filter(|(.., start)| *start <= at.start);
        begun.max_by_key(|(.., start)| *start).map(|(list, index, _)| RuleName { list, index })
    }
}

/// Reads the rules, or says all that Trino would not take.
pub(super) fn read(json: &Json) -> Result<Rules, Vec<Note>> {
    let mut problems = Vec::new();
    let mut rules = Rules::default();
    let mut top = Fields::new(json, "the file", &mut problems);
    for (list, keep) in LISTS {
        let Some(found) = top.take(list) else { continue };
        match &found.value {
            Value::List(items) => keep(&mut rules, list, items, top.problems),
            _ => top.problems.push(wrong_type(found, list, "a list")),
        }
    }
    top.close();
    if problems.is_empty() { Ok(rules) } else { Err(problems) }
}

type Keep = fn(&mut Rules, &'static str, &[Json], &mut Vec<Note>);

const LISTS: [(&str, Keep); 12] = [
    ("catalogs", |rules, list, items, problems| rules.catalogs = Some(each(list, items, problems, catalog))),
    ("schemas", |rules, list, items, problems| rules.schemas = Some(each(list, items, problems, schema))),
    ("tables", |rules, list, items, problems| rules.tables = Some(each(list, items, problems, table))),
    ("functions", |rules, list, items, problems| rules.functions = Some(each(list, items, problems, function))),
    ("procedures", |rules, list, items, problems| rules.procedures = Some(each(list, items, problems, procedure))),
    ("queries", |rules, list, items, problems| rules.queries = Some(each(list, items, problems, query))),
    ("impersonation", |rules, list, items, problems| {
        rules.impersonation = Some(each(list, items, problems, impersonation));
    }),
    ("system_session_properties", |rules, list, items, problems| {
        rules.system_properties = Some(each(list, items, problems, |f, o| property(f, o, false)));
    }),
    ("catalog_session_properties", |rules, list, items, problems| {
        rules.catalog_properties = Some(each(list, items, problems, |f, o| property(f, o, true)));
    }),
    ("system_information", |rules, list, items, problems| {
        rules.system_information = Some(each(list, items, problems, information));
    }),
    ("principals", other),
    ("authorization", other),
];

fn other(rules: &mut Rules, list: &'static str, items: &[Json], _problems: &mut Vec<Note>) {
    rules.others.push((list, items.iter().map(|item| item.at.clone()).collect()));
}

fn each<T>(
    list: &'static str,
    items: &[Json],
    problems: &mut Vec<Note>,
    read: fn(&mut Fields<'_, '_>, Origin) -> Option<T>,
) -> Vec<T> {
    let mut rules = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let mut fields = Fields::new(item, &format!("{list}[{index}]"), problems);
        let rule = read(&mut fields, Origin { list, index, at: item.at.clone() });
        fields.close();
        rules.extend(rule);
    }
    rules
}

fn catalog(fields: &mut Fields<'_, '_>, origin: Origin) -> Option<CatalogRule> {
    let (about, catalog) = (fields.about(origin), fields.re("catalog"));
    let mode = match fields.take("allow") {
        None => return fields.missing("allow"),
        Some(Json { value: Value::Boolean(true), .. }) => CatalogMode::All,
        Some(Json { value: Value::Boolean(false), .. }) => CatalogMode::None,
        Some(Json { value: Value::Text(word), at }) => match word.to_ascii_lowercase().as_str() {
            "owner" => CatalogMode::Owner,
            "all" => CatalogMode::All,
            "read-only" => CatalogMode::ReadOnly,
            "none" => CatalogMode::None,
            _ => return fields.unknown_word(at, word, "`owner`, `all`, `read-only` or `none`"),
        },
        Some(other) => return fields.wrong(other, "allow", "a text or a boolean"),
    };
    Some(CatalogRule { about, catalog, mode })
}

fn schema(fields: &mut Fields<'_, '_>, origin: Origin) -> Option<SchemaRule> {
    // As in Trino: absent means that the user is no owner.
    let owner = fields.boolean("owner").unwrap_or(false);
    let about = fields.about(origin);
    Some(SchemaRule { about, catalog: fields.re("catalog"), schema: fields.re("schema"), owner })
}

const TABLE_PRIVILEGES: [&str; 6] = ["SELECT", "INSERT", "DELETE", "UPDATE", "OWNERSHIP", "GRANT_SELECT"];
const FUNCTION_PRIVILEGES: [&str; 3] = ["EXECUTE", "GRANT_EXECUTE", "OWNERSHIP"];
const PROCEDURE_PRIVILEGES: [&str; 2] = ["EXECUTE", "GRANT_EXECUTE"];

fn table(fields: &mut Fields<'_, '_>, origin: Origin) -> Option<TableRule> {
    let about = fields.about(origin);
    let (catalog, schema, table) = (fields.re("catalog"), fields.re("schema"), fields.re("table"));
    let filter = fields.expression("filter", "filter_environment");
    let columns = match fields.take("columns") {
        None => Some(Vec::new()),
        Some(Json { value: Value::List(items), .. }) => {
            Some(each_column(items, &format!("{}.columns", fields.path), fields.problems))
        }
        Some(other) => fields.wrong(other, "columns", "a list"),
    };
    let privileges = fields.words("privileges", &TABLE_PRIVILEGES);
    Some(TableRule { about, catalog, schema, table, privileges: privileges?, columns: columns?, filter })
}

fn each_column(items: &[Json], path: &str, problems: &mut Vec<Note>) -> Vec<Column> {
    let mut columns: Vec<Column> = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let mut fields = Fields::new(item, &format!("{path}[{index}]"), problems);
        let name = fields.text("name").or_else(|| fields.missing("name"));
        let allow = fields.boolean("allow").unwrap_or(true);
        let mask = fields.expression("mask", "mask_environment");
        fields.close();
        let Some((at, name)) = name else { continue };
        if columns.iter().any(|column| column.name == name) {
            problems.push(Note::error(
                "duplicate-column",
                at,
                format!("column `{name}` is given twice"),
                "given again",
            ));
        } else {
            columns.push(Column { at, name, allow, mask });
        }
    }
    columns
}

fn routine(
    fields: &mut Fields<'_, '_>,
    origin: Origin,
    name: &'static str,
    privileges: &[&str],
) -> Option<RoutineRule> {
    let about = fields.about(origin);
    let (catalog, schema, routine) = (fields.re("catalog"), fields.re("schema"), fields.re(name));
    let privileges = fields.words("privileges", privileges)?;
    Some(RoutineRule { about, catalog, schema, routine, privileges })
}

fn function(fields: &mut Fields<'_, '_>, origin: Origin) -> Option<RoutineRule> {
    routine(fields, origin, "function", &FUNCTION_PRIVILEGES)
}

fn procedure(fields: &mut Fields<'_, '_>, origin: Origin) -> Option<RoutineRule> {
    routine(fields, origin, "procedure", &PROCEDURE_PRIVILEGES)
}

fn query(fields: &mut Fields<'_, '_>, origin: Origin) -> Option<QueryRule> {
    let (about, owner) = (fields.about(origin), fields.re("queryOwner").is_some());
    let allow = fields.words("allow", &["EXECUTE", "VIEW", "KILL"])?;
    Some(QueryRule { about, allow, owner })
}

fn information(fields: &mut Fields<'_, '_>, origin: Origin) -> Option<QueryRule> {
    let about = About { origin, user: fields.re("user"), role: fields.re("role"), group: None };
    let allow = fields.words("allow", &["READ", "WRITE"])?;
    Some(QueryRule { about, allow, owner: false })
}

fn impersonation(fields: &mut Fields<'_, '_>, origin: Origin) -> Option<ImpersonationRule> {
    let user = fields.re("original_user").or_else(|| fields.re("originalUser"));
    let role = fields.re("original_role");
    let allow = fields.boolean("allow").unwrap_or(true);
    let new_user = fields.re("new_user").or_else(|| fields.re("newUser"));
    let new_user = new_user.or_else(|| fields.missing("new_user"))?;
    Some(ImpersonationRule { about: About { origin, user, role, group: None }, new_user, allow })
}

fn property(fields: &mut Fields<'_, '_>, origin: Origin, of_catalogs: bool) -> Option<PropertyRule> {
    // As in Trino: absent means that it is not allowed.
    let allow = fields.boolean("allow").unwrap_or(false);
    let catalog = if of_catalogs { fields.re("catalog") } else { None };
    Some(PropertyRule { about: fields.about(origin), catalog, property: fields.re("property"), allow })
}
