//! What all tables of a Trino look like, for a listing.
//!
//! In: which catalogs and schemas. Out: their tables, views and materialized views, each schema by one statement. Nothing
//! is left out silently: what can't be read is an error.

use super::described;
use super::listing::Listing;
use super::questions::{CatalogError, Cause};
use super::trino::TrinoClient;
use crate::names::quoted;
use serde_json::Value;
use std::sync::Arc;
use tokio::task::JoinSet;

/// Schemas that are asked for at once. What waits for its turn counts towards the longest time of its answer.
const AT_ONCE: usize = 8;

/// Which parts of Trino are wanted: a catalog, or a schema of one.
pub type Wanted<'a> = dyn Fn(&str, Option<&str>) -> bool + 'a;

/// Reads what is wanted; `step` is told how many schemas of how many are read.
///
/// # Errors
/// [`CatalogError`] of the first catalog or schema that can't be read.
pub async fn export(
    trino: &TrinoClient,
    wanted: &Wanted<'_>,
    step: &mut dyn FnMut(usize, usize),
) -> Result<Listing, CatalogError> {
    let catalogs = "SELECT catalog_name FROM system.metadata.catalogs ORDER BY 1".to_owned();
    let catalogs = names(trino, catalogs).await.map_err(|cause| of("the catalogs", cause))?;
    let mut schemas = Vec::new();
    for catalog in catalogs.into_iter().filter(|catalog| wanted(catalog, None)) {
        let sql = format!("SELECT schema_name FROM {}.information_schema.schemata ORDER BY 1", quoted(&catalog));
        let found = names(trino, sql).await.map_err(|cause| of(&catalog, cause))?;
        let found = found.into_iter().filter(|schema| schema != "information_schema" && wanted(&catalog, Some(schema)));
        schemas.extend(found.map(|schema| (catalog.clone(), schema)));
    }
    let (mut listing, count) = (Listing::default(), schemas.len());
    let (mut waiting, mut asking) = (schemas.into_iter(), JoinSet::new());
    let mut read = 0;
    loop {
        while asking.len() < AT_ONCE
            && let Some((catalog, schema)) = waiting.next()
        {
            let trino = trino.clone();
            asking.spawn(async move {
                let tables = described::all(&trino, &catalog, &schema).await;
                tables.map_err(|cause| of(&format!("{catalog}.{schema}"), cause))
            });
        }
        step(read, count);
        match asking.join_next().await {
            None => return Ok(listing),
            Some(Ok(tables)) => {
                for (name, described) in tables? {
                    let needed = name.to_string();
                    if let Some(table) = described.table().map_err(|cause| of(&needed, cause))? {
                        listing.insert(name, table);
                    }
                }
                read += 1;
            }
            Some(Err(stopped)) if stopped.is_panic() => std::panic::resume_unwind(stopped.into_panic()),
            Some(Err(_)) => {}
        }
    }
}

fn of(need: &str, cause: Cause) -> CatalogError {
    CatalogError { need: need.to_owned(), cause: Arc::new(cause) }
}

async fn names(trino: &TrinoClient, sql: String) -> Result<Vec<String>, Cause> {
    let name = |row: Vec<Value>| match row.as_slice() {
        [Value::String(name)] => Ok(name.clone()),
        _ => Err(Cause::Unreadable("a row is not a name")),
    };
    trino.rows(sql).await?.into_iter().map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::fake::{Fake, Reply};
    use crate::catalog::table::TableKind;
    use serde_json::json;

    fn reply(sql: &str) -> Reply {
        Reply::rows(if sql.contains("metadata.catalogs") {
            vec![json!(["lake"]), json!(["tpch"])]
        } else if sql.contains("schemata") {
            vec![json!(["hr"]), json!(["information_schema"]), json!(["other"])]
        } else if sql.contains("'hr'") {
            vec![
                json!(["employees", 2, "name", "varchar"]),
                json!(["employees", 0, "BASE TABLE", ""]),
                json!(["directory", -2, "SELECT 1 id", ""]),
                json!(["employees", 1, "id", "bigint"]),
                json!(["directory", 1, "id", "bigint"]),
                json!(["directory", 0, "VIEW", ""]),
                json!(["totals", 0, "BASE TABLE", ""]),
                json!(["totals", 1, "id", "bigint"]),
                json!(["totals", -1, "SELECT 2 id", ""]),
            ]
        } else if sql.contains("'tpch'") {
            vec![
                json!(["hidden", 0, "VIEW", ""]),
                json!(["hidden", 1, "id", "bigint"]),
                json!(["hidden", -2, null, ""]),
            ]
        } else {
            vec![]
        })
    }

    async fn read(wanted: &Wanted<'_>) -> (Result<Listing, CatalogError>, Vec<(usize, usize)>) {
        let fake = Fake::start(reply).await;
        let mut steps = Vec::new();
        let listing = export(&fake.client(), wanted, &mut |read, of| steps.push((read, of))).await;
        (listing, steps)
    }

    #[tokio::test]
    async fn tables_and_views_of_what_is_wanted_are_listed() {
        let (listing, steps) = read(&|catalog, _| catalog == "lake").await;
        let listing = listing.unwrap();
        let told: Vec<String> = listing
            .tables()
            .iter()
            .map(|(name, table)| {
                let columns: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
                let text = match &table.kind {
                    TableKind::Table => "",
                    TableKind::View { text } | TableKind::MaterializedView { text } => text,
                };
                format!("{name} {} {text}", columns.join(" "))
            })
            .collect();
        assert_eq!(
            told,
            ["lake.hr.directory id SELECT 1 id", "lake.hr.employees id name ", "lake.hr.totals id SELECT 2 id"]
        );
        assert!(matches!(listing.tables().iter().last().unwrap().1.kind, TableKind::MaterializedView { .. }));
        assert_eq!(steps, [(0, 2), (1, 2), (2, 2)]);
    }

    #[tokio::test]
    async fn a_schema_that_is_not_wanted_is_not_asked_for() {
        let (listing, steps) =
            read(&|catalog, schema| catalog == "lake" && schema.is_none_or(|name| name == "none")).await;
        assert!(listing.unwrap().tables().is_empty());
        assert_eq!(steps, [(0, 0)]);
    }

    #[tokio::test]
    async fn what_can_not_be_read_is_an_error_with_its_name() {
        let error = read(&|catalog, _| catalog == "tpch").await.0.unwrap_err();
        assert!(error.to_string().starts_with("tpch.other.hidden: "), "{error}");
        assert_eq!(error.cause.to_string(), "it is a view, but Trino does not show its text");
    }
}
