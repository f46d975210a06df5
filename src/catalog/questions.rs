//! What Trino is asked to answer a [`Need`], and how its rows are read.
//!
//! A miss costs the user each statement's time, so a table takes one statement, and a view one more for its text. Names
//! go in as quoted literals and identifiers.

use super::table::{Column, Known, Need, SessionProperty, Table, TableKind};
use super::trino::{TrinoClient, TrinoError};
use crate::names::{TableName, literal, quoted};
use serde_json::Value;
use std::sync::Arc;

/// Why a need has no answer.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{need}: {cause}")]
pub struct CatalogError {
    /// What was asked for, for the operator's log.
    pub need: String,
    /// Why.
    pub cause: Arc<Cause>,
}

/// Why a need has no answer.
#[derive(Debug, thiserror::Error)]
pub enum Cause {
    /// Trino did not say.
    #[error(transparent)]
    Trino(#[from] TrinoError),
    /// Trino's answer is not of the form that was asked for.
    #[error("Trino's answer can't be read: {0}")]
    Unreadable(&'static str),
    /// A view whose text Trino does not show to the service user.
    #[error("it is a view, but Trino does not show its text")]
    NoViewText,
    /// It changed while it was asked for.
    #[error("it changed while it was asked for")]
    Changed,
}

impl CatalogError {
    /// Whether Trino could not be reached or did not answer, so that the same question may succeed later.
    pub fn unreachable(&self) -> bool {
        matches!(
            *self.cause,
            Cause::Trino(
                TrinoError::Send(_) | TrinoError::BrokenOff(_) | TrinoError::Status { .. } | TrinoError::Late(_)
            )
        )
    }
}

/// Asks Trino.
pub(super) async fn ask(trino: &TrinoClient, need: &Need) -> Result<Known, Cause> {
    match need {
        Need::Table(name) => table(trino, name).await,
        Need::Schema { catalog, schema } => {
            let from = format!("{}.information_schema.schemata", quoted(catalog));
            exists(trino, format!("SELECT 1 FROM {from} WHERE schema_name = {}", literal(schema))).await
        }
        Need::Catalog(catalog) => {
            let from = "system.metadata.catalogs";
            exists(trino, format!("SELECT 1 FROM {from} WHERE catalog_name = {}", literal(catalog))).await
        }
        Need::View(name) => super::resolved::ask(trino, name).await,
        Need::SessionProperties => {
            let rows = trino.rows("SHOW SESSION".to_owned()).await?;
            let properties = rows.iter().map(|row| session_property(row)).collect::<Option<Vec<_>>>();
            match properties {
                Some(properties) if !properties.is_empty() => Ok(Known::SessionProperties(properties.into())),
                _ => Err(Cause::Unreadable("a property of sessions is not five texts")),
            }
        }
        Need::Query(id) => {
            let from = "system.runtime.queries";
            let rows = trino.rows(format!("SELECT \"user\" FROM {from} WHERE query_id = {}", literal(id))).await?;
            match rows.as_slice() {
                [] => Ok(Known::Missing),
                [row] => match row.as_slice() {
                    [Value::String(user)] => Ok(Known::QueryOf(user.as_str().into())),
                    _ => Err(Cause::Unreadable("the user of a query is not a text")),
                },
                _ => Err(Cause::Unreadable("a query has two users")),
            }
        }
    }
}

/// Whether Trino can have such an object at all; it is not asked otherwise. A `$` names a metadata table of another
/// table, which has no columns of its own to decide about.
pub(super) fn can_exist(need: &Need) -> bool {
    match need {
        Need::Table(name) | Need::View(name) => {
            [&name.catalog, &name.schema, &name.table].iter().all(|part| !part.is_empty()) && !name.table.contains('$')
        }
        Need::Schema { catalog, schema } => !catalog.is_empty() && !schema.is_empty(),
        Need::Catalog(catalog) => !catalog.is_empty(),
        Need::SessionProperties => true,
        Need::Query(id) => {
            (1..=64).contains(&id.len()) && id.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'))
        }
    }
}

fn session_property(row: &[Value]) -> Option<SessionProperty> {
    let [name, _, default, data_type, description] = row else { return None };
    Some(SessionProperty {
        name: name.as_str()?.into(),
        default: default.as_str()?.into(),
        data_type: data_type.as_str()?.into(),
        description: description.as_str()?.into(),
    })
}

async fn exists(trino: &TrinoClient, sql: String) -> Result<Known, Cause> {
    match rows_or_missing(trino, sql).await? {
        Some(rows) if !rows.is_empty() => Ok(Known::Exists),
        _ => Ok(Known::Missing),
    }
}

/// The rows, or `None` if there is no such catalog.
async fn rows_or_missing(trino: &TrinoClient, sql: String) -> Result<Option<Vec<Vec<Value>>>, TrinoError> {
    match trino.rows(sql).await {
        Err(TrinoError::Failed { name, .. }) if name == "CATALOG_NOT_FOUND" => Ok(None),
        rows => rows.map(Some),
    }
}

/// The rows of a table's kind, of its columns, and of the text that it has as a materialized view, which
/// `information_schema` shows as a table.
fn table_question(name: &TableName) -> String {
    let catalog = quoted(&name.catalog);
    let this = format!("table_schema = {} AND table_name = {}", literal(&name.schema), literal(&name.table));
    format!(
        "SELECT 0, table_type, '' FROM {catalog}.information_schema.tables WHERE {this} \
         UNION ALL \
         SELECT ordinal_position, column_name, data_type FROM {catalog}.information_schema.columns WHERE {this} \
         UNION ALL \
         SELECT -1, definition, '' FROM system.metadata.materialized_views \
         WHERE catalog_name = {} AND schema_name = {} AND name = {}",
        literal(&name.catalog),
        literal(&name.schema),
        literal(&name.table),
    )
}

async fn table(trino: &TrinoClient, name: &TableName) -> Result<Known, Cause> {
    let Some(rows) = rows_or_missing(trino, table_question(name)).await? else {
        return Ok(Known::Missing);
    };
    let mut described = Described::default();
    for row in &rows {
        let [place, first, second] = row.as_slice() else {
            return Err(Cause::Unreadable("a row is not a number and two texts"));
        };
        described.add(place, first, second)?;
    }
    if described.is_view() {
        described.view = Some(view_text(trino, name).await?);
    }
    Ok(described.table()?.map_or(Known::Missing, |table| Known::Table(Arc::new(table))))
}

/// What rows say of one table.
#[derive(Default)]
pub(super) struct Described {
    kind: Option<String>,
    materialized: Option<Arc<str>>,
    view: Option<Arc<str>>,
    columns: Vec<(i64, Column)>,
}

impl Described {
    /// Takes a row in: a kind at 0, columns from 1, the text of a materialized view at -1, of a view at -2.
    pub(super) fn add(&mut self, place: &Value, first: &Value, second: &Value) -> Result<(), Cause> {
        let place = place.as_i64();
        // That Trino does not show a view's text is told where the view is taken.
        if let (Some(-2), Value::Null) = (place, first) {
            return Ok(());
        }
        let (Some(place), Value::String(first), Value::String(second)) = (place, first, second) else {
            return Err(Cause::Unreadable("a row is not a number and two texts"));
        };
        match place {
            -2 => self.view = Some(first.as_str().into()),
            -1 => self.materialized = Some(first.as_str().into()),
            0 => self.kind = Some(first.clone()),
            place if place > 0 => {
                self.columns.push((place, Column { name: first.to_lowercase().into(), data_type: second.into() }));
            }
            _ => return Err(Cause::Unreadable("a place is no place")),
        }
        Ok(())
    }

    fn is_view(&self) -> bool {
        self.kind.as_deref() == Some("VIEW") && self.materialized.is_none()
    }

    /// The table; `None` if there is none.
    pub(super) fn table(mut self) -> Result<Option<Table>, Cause> {
        let is_view = self.is_view();
        let kind = match (self.kind.as_deref(), self.materialized) {
            (None, None) if self.columns.is_empty() => return Ok(None),
            (None, _) => return Err(Cause::Changed),
            (Some(_), Some(text)) => TableKind::MaterializedView { text },
            (Some("BASE TABLE"), None) => TableKind::Table,
            (Some(_), None) if is_view => TableKind::View { text: self.view.ok_or(Cause::NoViewText)? },
            (Some(_), None) => return Err(Cause::Unreadable("a table of an unknown kind")),
        };
        self.columns.sort_by_key(|(place, _)| *place);
        Ok(Some(Table { columns: self.columns.into_iter().map(|(_, column)| column).collect(), kind }))
    }
}

async fn view_text(trino: &TrinoClient, name: &TableName) -> Result<Arc<str>, Cause> {
    let sql = format!(
        "SELECT view_definition FROM {}.information_schema.views WHERE table_schema = {} AND table_name = {}",
        quoted(&name.catalog),
        literal(&name.schema),
        literal(&name.table)
    );
    match trino.rows(sql).await?.as_slice() {
        [row] => match row.as_slice() {
            [Value::String(text)] => Ok(text.as_str().into()),
            _ => Err(Cause::NoViewText),
        },
        _ => Err(Cause::NoViewText),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::fake::{Fake, Reply};
    use serde_json::json;

    fn employees() -> Need {
        Need::Table(TableName::new("lake", "hr", "employees"))
    }

    async fn known(rows: Vec<Value>, view: Vec<Value>) -> (Result<Known, Cause>, usize) {
        let fake = Fake::start(move |sql| {
            let view = if sql.contains("information_schema.views") { Some(view.clone()) } else { None };
            Reply::rows(view.unwrap_or_else(|| rows.clone()))
        })
        .await;
        (ask(&fake.client(), &employees()).await, fake.statements().len())
    }

    fn table_of(known: Known) -> Arc<Table> {
        match known {
            Known::Table(table) => table,
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn a_table_takes_one_statement_and_has_its_columns_in_order() {
        let rows = vec![json!([2, "name", "varchar(9)"]), json!([1, "id", "bigint"]), json!([0, "BASE TABLE", ""])];
        let (answer, statements) = known(rows, vec![]).await;
        let table = table_of(answer.unwrap());
        let columns = table.columns.iter().map(|column| (&*column.name, &*column.data_type)).collect::<Vec<_>>();
        assert_eq!(columns, [("id", "bigint"), ("name", "varchar(9)")]);
        assert_eq!((&table.kind, statements), (&TableKind::Table, 1));
    }

    #[tokio::test]
    async fn a_view_takes_one_more_statement_for_its_text() {
        let rows = vec![json!([0, "VIEW", ""]), json!([1, "id", "bigint"])];
        let (answer, statements) = known(rows, vec![json!(["SELECT 1 id"])]).await;
        assert_eq!(table_of(answer.unwrap()).kind, TableKind::View { text: "SELECT 1 id".into() });
        assert_eq!(statements, 2);
    }

    #[tokio::test]
    async fn a_materialized_view_is_none_of_its_storage() {
        let rows = vec![json!([0, "BASE TABLE", ""]), json!([1, "id", "bigint"]), json!([-1, "SELECT 1 id", ""])];
        let (answer, _) = known(rows, vec![]).await;
        assert_eq!(table_of(answer.unwrap()).kind, TableKind::MaterializedView { text: "SELECT 1 id".into() });
    }

    #[tokio::test]
    async fn what_trino_does_not_list_is_missing() {
        assert_eq!(known(vec![], vec![]).await.0.unwrap(), Known::Missing);
        let fake = Fake::start(|_| Reply::error("CATALOG_NOT_FOUND", "Catalog 'lake' not found")).await;
        assert_eq!(ask(&fake.client(), &employees()).await.unwrap(), Known::Missing);
        let schema = Need::Schema { catalog: "lake".into(), schema: "hr".into() };
        assert_eq!(ask(&fake.client(), &schema).await.unwrap(), Known::Missing);
    }

    #[tokio::test]
    async fn an_answer_that_is_not_understood_is_an_error_and_never_a_table() {
        let hidden_view = vec![json!([0, "VIEW", ""]), json!([1, "id", "bigint"])];
        let cases = [
            (hidden_view, "it is a view, but Trino does not show its text"),
            (vec![json!([1, "id", "bigint"])], "it changed while it was asked for"),
            (vec![json!([0, "GLOBAL TEMPORARY", ""])], "Trino's answer can't be read: a table of an unknown kind"),
            (vec![json!(["id", "bigint"])], "Trino's answer can't be read: a row is not a number and two texts"),
        ];
        for (rows, message) in cases {
            assert_eq!(known(rows, vec![]).await.0.unwrap_err().to_string(), message);
        }
    }

    #[tokio::test]
    async fn a_schema_and_a_catalog_exist_if_trino_lists_them() {
        let fake = Fake::start(|sql| Reply::rows(if sql.contains("'hr'") { vec![json!([1])] } else { vec![] })).await;
        let schema = |schema: &str| Need::Schema { catalog: "lake".into(), schema: schema.into() };
        assert_eq!(ask(&fake.client(), &schema("hr")).await.unwrap(), Known::Exists);
        assert_eq!(ask(&fake.client(), &schema("none")).await.unwrap(), Known::Missing);
        assert_eq!(ask(&fake.client(), &Need::Catalog("hr".into())).await.unwrap(), Known::Exists);
        assert_eq!(ask(&fake.client(), &Need::Catalog("none".into())).await.unwrap(), Known::Missing);
    }

    #[test]
    fn names_can_not_break_out_of_the_question() {
        let question = table_question(&TableName::new("a\"b", "c'd", "e' OR 'x' = 'x"));
        assert!(question.contains("FROM \"a\"\"b\".information_schema.tables"), "{question}");
        assert!(question.contains("table_schema = 'c''d' AND table_name = 'e'' or ''x'' = ''x'"), "{question}");
    }

    #[test]
    fn a_metadata_table_is_never_asked_for() {
        assert!(!can_exist(&Need::Table(TableName::new("lake", "hr", "employees$files"))));
        assert!(!can_exist(&Need::Table(TableName::new("", "hr", "employees"))));
        assert!(can_exist(&employees()));
    }

    #[tokio::test]
    async fn the_properties_of_sessions_are_five_texts_each() {
        let known = async |rows: Vec<Value>| {
            let fake = Fake::start(move |_| Reply::rows(rows.clone())).await;
            ask(&fake.client(), &Need::SessionProperties).await.map_err(|cause| cause.to_string())
        };
        let property = SessionProperty {
            name: "lake.a".into(),
            default: "1".into(),
            data_type: "bigint".into(),
            description: "it is".into(),
        };
        assert_eq!(property.catalog(), Some("lake"));
        let row = json!(["lake.a", "2", "1", "bigint", "it is"]);
        assert_eq!(known(vec![row]).await, Ok(Known::SessionProperties([property].into())));
        for rows in [vec![], vec![json!(["a", "2", "1", "bigint"])], vec![json!(["a", "2", null, "bigint", "it is"])]] {
            let unreadable = "Trino's answer can't be read: a property of sessions is not five texts";
            assert_eq!(known(rows).await, Err(unreadable.to_owned()));
        }
    }

    #[tokio::test]
    async fn a_query_is_its_users() {
        let fake = Fake::start(|sql| {
            let mut rows = Vec::new();
            if sql.contains("query_id = '20260101_120000_00042_abcde'") {
                rows.push(json!(["anna"]));
            }
            if sql.contains("query_id = 'two'") {
                rows = vec![json!(["anna"]), json!(["bob"])];
            }
            Reply::rows(rows)
        })
        .await;
        let query = |id: &str| Need::Query(id.into());
        let client = fake.client();
        assert_eq!(ask(&client, &query("20260101_120000_00042_abcde")).await.unwrap(), Known::QueryOf("anna".into()));
        assert_eq!(ask(&client, &query("none")).await.unwrap(), Known::Missing);
        assert!(ask(&client, &query("two")).await.is_err());
        for id in ["", "A", "a'b", &"a".repeat(65)] {
            assert!(!can_exist(&query(id)), "{id}");
        }
    }
}
