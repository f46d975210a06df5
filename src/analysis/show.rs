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
use crate::sql::ast::{Identifier, LikePattern, QualifiedName, StatementKind};
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

/// The query that stands for `SHOW CATALOGS`, `SHOW SCHEMAS`, `SHOW TABLES`, `SHOW COLUMNS` or `DESCRIBE`.
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
    let asked = |visible| Asked { visible, tables };
    let shown = match kind {
        StatementKind::ShowCatalogs { like } => Ok(catalogs(like.as_ref())),
        StatementKind::ShowSchemas { catalog, like } => {
            let catalog = catalog_name(session, catalog.as_ref())?;
            schemas(&catalog, like.as_ref(), &asked(snapshot.visible(subject)))
        }
        StatementKind::ShowTables { schema, like } => {
            let (catalog, schema) = schema_name(session, schema.as_ref())?;
            tables_of(&catalog, &schema, like.as_ref(), &asked(snapshot.visible(subject)))
        }
        StatementKind::ShowColumns { table, like } => {
            let table = table_name(session, table)?;
            columns_of(&table, like.as_ref(), &asked(snapshot.visible(subject)))
        }
        _ => return Ok(Shown::Other),
    };
    match shown {
        Ok(text) => Ok(Shown::Query(text)),
        Err(Stop::Need(need)) => Ok(Shown::Needs(vec![need])),
        Err(Stop::Refuse(refusal)) => Err(refusal),
    }
}

/// Why there is no query.
enum Stop {
    Need(Need),
    Refuse(Refusal),
}

/// What a user may know of, and what is known of it.
struct Asked<'a> {
    visible: VisibleTables,
    tables: &'a Tables,
}

impl Asked<'_> {
    fn exists(&self, need: Need) -> Result<bool, Stop> {
        match self.tables.get(&need) {
            Some(Known::Missing) => Ok(false),
            Some(Known::Exists | Known::Table(_)) => Ok(true),
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
        self.exists(Need::Table(table.clone()))
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
