//! `SHOW` and `DESCRIBE` as queries over metadata tables.
//!
//! In: the statement, its session, who asks, the snapshot and what is known of tables. Out: the text of a query with the
//! columns, types and order that Trino gives for the statement, as Trino's own `ShowQueriesRewrite` does. The query is
//! not filtered: it goes the same way as any other query, so its metadata tables are guarded as those of a user's own
//! text are. What does not exist and what the user may not know of get the same answer.

use super::metadata::{
    INFORMATION_SCHEMA, catalog_is_visible, in_information_schema, schema_is_visible, table_is_visible,
};
use super::session::Session;
use crate::catalog::table::{Known, Need, Tables};
use crate::enforce::{ErrorCode, Refusal};
use crate::names::{TableName, literal, quoted};
use crate::policy::{Snapshot, Subject, VisibleTables};
use crate::sql::ast::{Access, EntityKind, GrantObject, Identifier, LikePattern, QualifiedName, StatementKind};
use compact_str::CompactString;

/// What becomes of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shown {
    /// It is not one that is rewritten here.
    Other,
    /// Whether these exist has to be known first.
    Needs(Vec<Need>),
    /// A query that shows the same, not yet guarded.
    Query(String),
}

/// The query that stands for `SHOW CATALOGS`, `SHOW SCHEMAS`, `SHOW TABLES`, `SHOW COLUMNS`, `DESCRIBE`, `SHOW GRANTS` or
/// `SHOW SESSION`.
///
/// # Errors
/// Trino's own error for a catalog, schema or table that does not exist or that the user may not know of, and for a
/// session without catalog or schema. A location of `(1, 1)` stands for the place where the statement starts.
pub fn show_query(
    kind: &StatementKind,
    session: &Session,
    subject: &Subject,
    snapshot: &Snapshot,
    tables: &Tables,
) -> Result<Shown, Refusal> {
    match kind {
        StatementKind::ShowCatalogs { .. }
        | StatementKind::ShowSchemas { .. }
        | StatementKind::ShowTables { .. }
        | StatementKind::ShowColumns { .. }
        | StatementKind::ShowSession { .. } => {}
        StatementKind::Access(access) if matches!(**access, Access::ShowGrants { .. }) => {}
        _ => return Ok(Shown::Other),
    }
    match query(kind, session, &Asked { visible: snapshot.visible(subject), tables }) {
        Ok(Some(text)) => Ok(Shown::Query(text)),
        Ok(None) => Ok(Shown::Other),
        Err(Stop::Need(need)) => Ok(Shown::Needs(vec![need])),
        Err(Stop::Refuse(refusal)) => Err(refusal),
    }
}

fn query(kind: &StatementKind, session: &Session, asked: &Asked<'_>) -> Result<Option<String>, Stop> {
    let text = match kind {
        StatementKind::ShowCatalogs { like } => catalogs(like.as_ref()),
        StatementKind::ShowSchemas { catalog, like } => {
            schemas(&catalog_name(session, catalog.as_ref())?, like.as_ref(), asked)?
        }
        StatementKind::ShowTables { schema, like } => {
            let (catalog, schema) = schema_name(session, schema.as_ref())?;
            tables_of(&catalog, &schema, like.as_ref(), asked)?
        }
        StatementKind::ShowColumns { table, like } => columns_of(&table_name(session, table)?, like.as_ref(), asked)?,
        StatementKind::ShowSession { like } => match asked.tables.get(&Need::SessionProperties) {
            Some(Known::SessionProperties(properties)) => {
                let visible = |catalog: &str| catalog_is_visible(&asked.visible, catalog);
                super::show_session::query(session, properties, visible, &clause(&[condition("Name", like.as_ref())]))
            }
            Some(_) => return Ok(None),
            None => return Err(Stop::Need(Need::SessionProperties)),
        },
        StatementKind::Access(access) => match &**access {
            Access::ShowGrants { object } => grants(session, object.as_ref(), asked)?,
            _ => return Ok(None),
        },
        _ => return Ok(None),
    };
    Ok(Some(text))
}

/// Why there is no query.
#[derive(Debug, PartialEq, Eq)]
enum Stop {
    Need(Need),
    Refuse(Refusal),
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Stop {
        Stop::Refuse(refusal)
    }
}

/// What a user may know of, and what is known of it.
struct Asked<'a> {
    visible: VisibleTables,
    tables: &'a Tables,
}

impl Asked<'_> {
    fn exists(&self, need: Need) -> Result<bool, Stop> {
        match self.tables.get(&need) {
            Some(Known::Missing | Known::QueryOf(_) | Known::SessionProperties(_)) => Ok(false),
            Some(Known::Exists | Known::Table(_) | Known::View(_)) => Ok(true),
            None => Err(Stop::Need(need)),
        }
    }

    fn catalog(&self, catalog: &str) -> Result<bool, Stop> {
        Ok(catalog_is_visible(&self.visible, catalog) && self.exists(Need::Catalog(catalog.into()))?)
    }

    fn schema(&self, catalog: &str, schema: &str) -> Result<bool, Stop> {
        if !schema_is_visible(&self.visible, catalog, schema) {
            return Ok(false);
        }
        if schema == INFORMATION_SCHEMA {
            return self.catalog(catalog);
        }
        self.exists(Need::Schema { catalog: catalog.into(), schema: schema.into() })
    }

    fn table(&self, table: &TableName) -> Result<bool, Stop> {
        if !table_is_visible(&self.visible, table) {
            return Ok(false);
        }
        if table.schema == INFORMATION_SCHEMA {
            return Ok(in_information_schema(&table.table) && self.catalog(&table.catalog)?);
        }
        // A connector's own table about a table (`t$files`) is not among those that Trino can be asked about.
        let base = table.table.split_once('$').map_or(table.table.as_str(), |(base, _)| base);
        self.exists(Need::Table(TableName { table: base.into(), ..table.clone() }))
    }
}

fn catalogs(like: Option<&LikePattern>) -> String {
    format!(
        r#"SELECT "catalog_name" AS "Catalog" FROM "system"."metadata"."catalogs"{} ORDER BY "catalog_name""#,
        clause(&[condition("catalog_name", like)])
    )
}

fn schemas(catalog: &str, like: Option<&LikePattern>, asked: &Asked<'_>) -> Result<String, Stop> {
    if !asked.catalog(catalog)? {
        let refusal = refusal(ErrorCode::CatalogNotFound, format!("Catalog '{catalog}' not found"));
        return Err(Stop::Refuse(Refusal { location: None, ..refusal }));
    }
    Ok(format!(
        r#"SELECT "schema_name" AS "Schema" FROM {}{} ORDER BY "schema_name""#,
        information_schema(catalog, "schemata"),
        clause(&[condition("schema_name", like)])
    ))
}

fn tables_of(catalog: &str, schema: &str, like: Option<&LikePattern>, asked: &Asked<'_>) -> Result<String, Stop> {
    if !asked.schema(catalog, schema)? {
        return Err(missing_schema(catalog, schema, asked)?);
    }
    Ok(format!(
        r#"SELECT "table_name" AS "Table" FROM {}{} ORDER BY "table_name""#,
        information_schema(catalog, "tables"),
        clause(&[Some(format!(r#""table_schema" = {}"#, literal(schema))), condition("table_name", like)])
    ))
}

fn columns_of(table: &TableName, like: Option<&LikePattern>, asked: &Asked<'_>) -> Result<String, Stop> {
    if !asked.table(table)? {
        if !asked.schema(&table.catalog, &table.schema)? {
            return Err(missing_schema(&table.catalog, &table.schema, asked)?);
        }
        return Err(Stop::Refuse(refusal(ErrorCode::TableNotFound, format!("Table '{table}' does not exist"))));
    }
    Ok(format!(
        r#"SELECT "column_name" AS "Column", "data_type" AS "Type", coalesce("extra_info", '') AS "Extra", coalesce("comment", '') AS "Comment" FROM {}{} ORDER BY "ordinal_position""#,
        information_schema(&table.catalog, "columns"),
        clause(&[
            Some(format!(r#""table_schema" = {}"#, literal(&table.schema))),
            Some(format!(r#""table_name" = {}"#, literal(&table.table))),
            condition("column_name", like),
        ])
    ))
}

/// The privileges that Trino itself keeps.
fn grants(session: &Session, object: Option<&GrantObject>, asked: &Asked<'_>) -> Result<String, Stop> {
    let (catalog, of) = match object {
        None => {
            let catalog = catalog_name(session, None)?;
            if !asked.catalog(&catalog)? {
                return Err(Stop::Refuse(refusal(
                    ErrorCode::CatalogNotFound,
                    format!("Catalog '{catalog}' not found"),
                )));
            }
            (catalog, Vec::new())
        }
        Some(GrantObject { span: _, branch: None, kind: None | Some(EntityKind::Table), name }) => {
            let table = table_name(session, name)?;
            if !asked.table(&table)? {
                let message = format!("Table '{table}' does not exist");
                return Err(Stop::Refuse(refusal(ErrorCode::TableNotFound, message)));
            }
            let of = [("table_schema", &table.schema), ("table_name", &table.table)];
            let of = of.map(|(column, name)| Some(format!("{} = {}", quoted(column), literal(name)))).to_vec();
            (table.catalog, of)
        }
        Some(_) => {
            let message = "SHOW GRANTS is for tables alone".to_owned();
            return Err(Stop::Refuse(refusal(ErrorCode::NotSupported, message)));
        }
    };
    Ok(format!(
        r#"SELECT "grantor" AS "Grantor", "grantor_type" AS "Grantor Type", "grantee" AS "Grantee", "grantee_type" AS "Grantee Type", "table_catalog" AS "Catalog", "table_schema" AS "Schema", "table_name" AS "Table", "privilege_type" AS "Privilege", "is_grantable" AS "Grantable" FROM {}{}"#,
        information_schema(&catalog, "table_privileges"),
        clause(&of)
    ))
}

/// Trino looks for the catalog first.
fn missing_schema(catalog: &str, schema: &str, asked: &Asked<'_>) -> Result<Stop, Stop> {
    let missing = if asked.catalog(catalog)? {
        refusal(ErrorCode::SchemaNotFound, format!("Schema '{schema}' does not exist"))
    } else {
        refusal(ErrorCode::CatalogNotFound, format!("Catalog '{catalog}' not found"))
    };
    Ok(Stop::Refuse(missing))
}

fn information_schema(catalog: &str, table: &str) -> String {
    format!("{}.{}.{}", quoted(catalog), quoted(INFORMATION_SCHEMA), quoted(table))
}

/// Trino checks the escape character when it runs the query, so ours is checked in the same way.
fn condition(column: &str, like: Option<&LikePattern>) -> Option<String> {
    let LikePattern { pattern, escape } = like?;
    let escape = escape.as_ref().map(|escape| format!(" ESCAPE {}", literal(&escape.value)));
    Some(format!("{} LIKE {}{}", quoted(column), literal(&pattern.value), escape.unwrap_or_default()))
}

fn clause(conditions: &[Option<String>]) -> String {
    let conditions: Vec<&str> = conditions.iter().flatten().map(String::as_str).collect();
    if conditions.is_empty() { String::new() } else { format!(" WHERE {}", conditions.join(" AND ")) }
}

fn catalog_name(session: &Session, catalog: Option<&Identifier>) -> Result<CompactString, Refusal> {
    catalog.map(Identifier::folded).or_else(|| folded(session.catalog.as_ref())).ok_or_else(missing_catalog_name)
}

/// Catalog and schema; in Trino's order the catalog is missed first.
fn schema_name(session: &Session, name: Option<&QualifiedName>) -> Result<(CompactString, CompactString), Refusal> {
    let (catalog, schema) = match name.map(|name| name.parts.as_slice()) {
        None => (None, None),
        Some([schema]) => (None, Some(schema.folded())),
        Some([catalog, schema]) => (Some(catalog.folded()), Some(schema.folded())),
        Some(parts) => {
            let message = format!("Too many parts in schema name: {}", joined(parts));
            return Err(refusal(ErrorCode::SyntaxError, message));
        }
    };
    let catalog = catalog.or_else(|| folded(session.catalog.as_ref())).ok_or_else(missing_catalog_name)?;
    let schema = schema.or_else(|| folded(session.schema.as_ref())).ok_or_else(missing_schema_name)?;
    Ok((catalog, schema))
}

/// Catalog, schema and table; in Trino's order the schema is missed first.
fn table_name(session: &Session, name: &QualifiedName) -> Result<TableName, Refusal> {
    let (catalog, schema, table) = match name.parts.as_slice() {
        [table] => (None, None, table),
        [schema, table] => (None, Some(schema.folded()), table),
        [catalog, schema, table] => (Some(catalog.folded()), Some(schema.folded()), table),
        parts => {
            let message = format!("Too many dots in table name: {}", joined(parts));
            return Err(Refusal { location: None, ..refusal(ErrorCode::SyntaxError, message) });
        }
    };
    let schema = schema.or_else(|| folded(session.schema.as_ref())).ok_or_else(missing_schema_name)?;
    let catalog = catalog.or_else(|| folded(session.catalog.as_ref())).ok_or_else(missing_catalog_name)?;
    Ok(TableName { catalog, schema, table: table.folded() })
}

fn folded(name: Option<&String>) -> Option<CompactString> {
    name.map(|name| CompactString::from(name.as_str()).to_lowercase())
}

fn joined(parts: &[Identifier]) -> String {
    parts.iter().map(Identifier::folded).collect::<Vec<_>>().join(".")
}

fn missing_catalog_name() -> Refusal {
    refusal(ErrorCode::MissingCatalogName, "Catalog must be specified when session catalog is not set".to_owned())
}

fn missing_schema_name() -> Refusal {
    refusal(ErrorCode::MissingSchemaName, "Schema must be specified when session schema is not set".to_owned())
}

/// Trino reports these at the start of the statement.
fn refusal(code: ErrorCode, message: String) -> Refusal {
    Refusal { code, message, location: Some((1, 1)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{Columns, Privilege, Visible};
    use crate::sql::ast::{Span, StringLiteral};
    use std::collections::BTreeSet;

    fn identifier(value: &str) -> Identifier {
        Identifier { value: value.into(), delimited: true, span: Span::default() }
    }

    fn name(parts: &str) -> QualifiedName {
        QualifiedName { parts: parts.split('.').map(identifier).collect(), span: Span::default() }
    }

    fn like(pattern: &str, escape: Option<&str>) -> Option<LikePattern> {
        let string = |value: &str| StringLiteral { value: value.into(), span: Span::default() };
        Some(LikePattern { pattern: string(pattern), escape: escape.map(string) })
    }

    fn tables(name: Option<&str>) -> StatementKind {
        StatementKind::ShowTables { schema: name.map(self::name), like: None }
    }

    fn columns(table: &str) -> StatementKind {
        StatementKind::ShowColumns { table: name(table), like: None }
    }

    fn session(catalog: Option<&str>, schema: Option<&str>) -> Session {
        Session { catalog: catalog.map(str::to_owned), schema: schema.map(str::to_owned), ..Session::default() }
    }

    /// What becomes of a statement for a user who may know of `lake.hr.employees` and all of `lake.raw` and `tpch`, where
    /// of those `lake`, its schemas `hr` and `raw`, `hr.employees`, `raw.events`, and the catalog `tpch` are there.
    fn shown(kind: &StatementKind, session: &Session) -> Result<String, String> {
        let rule = |catalog: &str, schema: &str, table: &str| Visible {
            catalog: catalog.into(),
            schema: schema.into(),
            table: table.into(),
            columns: Columns::All,
            privileges: BTreeSet::from([Privilege::Select]),
            hidden: Vec::new(),
        };
        let visible = VisibleTables {
            rules: vec![
                rule("lake", "hr", "employees"),
                rule("lake", "hr", "gone"),
                rule("lake", "raw", "*"),
                rule("tpch", "*", "*"),
            ],
        };
        let mut known = Tables::default();
        loop {
            match query(kind, session, &Asked { visible: visible.clone(), tables: &known }) {
                Ok(text) => return Ok(text.unwrap()),
                Err(Stop::Refuse(refusal)) => {
                    let (line, column) = refusal.location.unwrap_or_default();
                    return Err(format!("{} {line}:{column} {}", refusal.code.parts().0, refusal.message));
                }
                Err(Stop::Need(need)) => {
                    let answer = match &need {
                        Need::Catalog(catalog) if catalog == "lake" || catalog == "tpch" => Known::Exists,
                        Need::Schema { catalog, schema } if catalog == "lake" && schema != "x" => Known::Exists,
                        Need::Table(table)
                            if ["lake.hr.employees", "lake.raw.events"].contains(&table.to_string().as_str()) =>
                        {
                            Known::Exists
                        }
                        _ => Known::Missing,
                    };
                    assert!(known.get(&need).is_none(), "asked twice: {need:?}");
                    known.insert(need, answer);
                }
            }
        }
    }

    fn refused(kind: &StatementKind, session: &Session) -> String {
        shown(kind, session).unwrap_err()
    }

    #[test]
    fn a_pattern_is_quoted_again() {
        let kind = StatementKind::ShowCatalogs { like: like("l'a$_%", Some("$")) };
        assert_eq!(
            shown(&kind, &Session::default()).unwrap(),
            r#"SELECT "catalog_name" AS "Catalog" FROM "system"."metadata"."catalogs" WHERE "catalog_name" LIKE 'l''a$_%' ESCAPE '$' ORDER BY "catalog_name""#
        );
    }

    #[test]
    fn names_that_are_left_out_are_the_sessions_in_lower_case() {
        let lake = session(Some("LAKE"), Some("Hr"));
        let text = shown(&tables(None), &lake).unwrap();
        assert_eq!(text, shown(&tables(Some("Lake.HR")), &Session::default()).unwrap());
        assert_eq!(
            text,
            r#"SELECT "table_name" AS "Table" FROM "lake"."information_schema"."tables" WHERE "table_schema" = 'hr' ORDER BY "table_name""#
        );
        let text = shown(&StatementKind::ShowSchemas { catalog: None, like: None }, &lake).unwrap();
        assert!(text.contains(r#"FROM "lake"."information_schema"."schemata" ORDER"#), "{text}");
        let text = shown(&columns("employees"), &lake).unwrap();
        assert!(text.contains(r#"WHERE "table_schema" = 'hr' AND "table_name" = 'employees' ORDER"#), "{text}");
    }

    #[test]
    fn what_is_hidden_and_what_does_not_exist_get_trinos_answer() {
        let none = Session::default();
        let no_catalog = "CATALOG_NOT_FOUND 1:1 Catalog 'x' not found";
        let no_schema = "SCHEMA_NOT_FOUND 1:1 Schema 'x' does not exist";
        for (kind, expected) in [
            (tables(Some("x.hr")), no_catalog),
            (tables(Some("lake.x")), no_schema),
            (tables(Some("tpch.x")), no_schema),
            (columns("x.hr.employees"), no_catalog),
            (columns("lake.x.employees"), no_schema),
            (columns("tpch.x.employees"), no_schema),
            (columns("lake.hr.secret"), "TABLE_NOT_FOUND 1:1 Table 'lake.hr.secret' does not exist"),
            (columns("lake.hr.gone"), "TABLE_NOT_FOUND 1:1 Table 'lake.hr.gone' does not exist"),
            (
                columns("lake.information_schema.x"),
                "TABLE_NOT_FOUND 1:1 Table 'lake.information_schema.x' does not exist",
            ),
            (columns("lake.hr.employees$files"), "TABLE_NOT_FOUND 1:1 Table 'lake.hr.employees$files' does not exist"),
            (columns("lake.raw.gone$files"), "TABLE_NOT_FOUND 1:1 Table 'lake.raw.gone$files' does not exist"),
        ] {
            assert_eq!(refused(&kind, &none), expected);
        }
        let schemas = StatementKind::ShowSchemas { catalog: Some(identifier("X")), like: None };
        assert_eq!(refused(&schemas, &none), "CATALOG_NOT_FOUND 0:0 Catalog 'x' not found");
    }

    #[test]
    fn the_information_schema_of_a_visible_catalog_is_there() {
        for kind in [tables(Some("lake.information_schema")), columns("tpch.information_schema.columns")] {
            assert!(shown(&kind, &Session::default()).is_ok());
        }
        assert_eq!(
            refused(&columns("x.information_schema.columns"), &Session::default()),
            "CATALOG_NOT_FOUND 1:1 Catalog 'x' not found"
        );
    }

    #[test]
    fn a_table_of_the_connectors_about_a_visible_table_is_there() {
        let text = shown(&columns("lake.raw.events$files"), &Session::default()).unwrap();
        assert!(text.contains(r#""table_name" = 'events$files' ORDER"#), "{text}");
    }

    #[test]
    fn a_missing_part_of_a_name_is_trinos_error() {
        let catalog = "MISSING_CATALOG_NAME 1:1 Catalog must be specified when session catalog is not set";
        let schema = "MISSING_SCHEMA_NAME 1:1 Schema must be specified when session schema is not set";
        let none = session(None, None);
        let lake = session(Some("lake"), None);
        let hr = session(None, Some("hr"));
        for (kind, session, expected) in [
            (StatementKind::ShowSchemas { catalog: None, like: None }, &none, catalog),
            (tables(None), &none, catalog),
            (tables(Some("hr")), &none, catalog),
            (tables(None), &lake, schema),
            (columns("employees"), &none, schema),
            (columns("employees"), &lake, schema),
            (columns("employees"), &hr, catalog),
            (columns("hr.employees"), &none, catalog),
            (tables(Some("a.B.c")), &none, "SYNTAX_ERROR 1:1 Too many parts in schema name: a.b.c"),
            (columns("a.b.c.D"), &none, "SYNTAX_ERROR 0:0 Too many dots in table name: a.b.c.d"),
        ] {
            assert_eq!(refused(&kind, session), expected);
        }
    }

    #[test]
    fn other_statements_are_left_alone() {
        let shown = show_query(
            &StatementKind::Commit,
            &Session::default(),
            &subject(),
            &Snapshot::default(),
            &Tables::default(),
        );
        assert_eq!(shown, Ok(Shown::Other));
    }

    fn subject() -> Subject {
        Subject { user: "anna".to_owned(), ..Subject::default() }
    }
}
