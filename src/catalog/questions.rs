//! What Trino is asked to answer a [`Need`], and how its rows are read.
//!
//! A miss costs the user each statement's time, so tables of one schema take one statement together, and the views among
//! them one more for their texts. Names go in as quoted literals and identifiers.

use super::described::{self, Described};
use super::table::{Known, Need, SessionProperty};
use super::trino::{TrinoClient, TrinoError};
use crate::names::{TableName, literal, quoted};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Most tables that one statement asks for while somebody waits: Trino looks one up after another, which may take long in a
/// lake.
pub(super) const FEW: usize = 4;

/// Most tables that one statement asks for. Of more than a hundred names Trino would list the whole schema instead
/// (its default of `optimizer.experimental-max-prefetched-information-schema-prefixes`).
pub(super) const MANY: usize = 50;

/// Trino's name of the error where there is no such catalog.
const NO_CATALOG: &str = "CATALOG_NOT_FOUND";

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

/// The needs that one question answers: tables of one schema, `most` at a time, and each other need by itself.
pub(super) fn together(needs: impl IntoIterator<Item = Need>, most: usize) -> Vec<Vec<Need>> {
    let (mut schemas, mut questions) = (BTreeMap::<_, Vec<Need>>::new(), Vec::new());
    for need in needs.into_iter().collect::<BTreeSet<_>>() {
        match &need {
            Need::Table(name) => schemas.entry((name.catalog.clone(), name.schema.clone())).or_default().push(need),
            _ => questions.push(vec![need]),
        }
    }
    questions.extend(schemas.values().flat_map(|needs| needs.chunks(most)).map(<[Need]>::to_vec));
    questions
}

/// Asks Trino what stands [`together`]; the answers come in the same order.
pub(super) async fn ask(trino: &TrinoClient, needs: &[Need]) -> Vec<Result<Known, Arc<Cause>>> {
    let names: Vec<&TableName> = needs.iter().filter_map(table).collect();
    if names.len() > 1 && names.len() == needs.len() {
        match tables(trino, &names).await {
            Ok(mut found) => {
                let answers = names.iter().map(|name| known(found.remove(*name)).map_err(Arc::new));
                return answers.collect();
            }
            // One of them may be at fault, or all of them too much; the others must not suffer for it.
            Err(Cause::Trino(TrinoError::Failed { .. } | TrinoError::TooLarge(_))) => {}
            Err(cause) => return vec![Err(Arc::new(cause)); needs.len()],
        }
    }
    let mut answers = Vec::with_capacity(needs.len());
    for need in needs {
        answers.push(ask_one(trino, need).await.map_err(Arc::new));
    }
    answers
}

fn table(need: &Need) -> Option<&TableName> {
    if let Need::Table(name) = need { Some(name) } else { None }
}

/// Asks for tables of one schema.
async fn tables(trino: &TrinoClient, names: &[&TableName]) -> Result<BTreeMap<TableName, Described>, Cause> {
    let Some(TableName { catalog, schema, .. }) = names.first() else { return Ok(BTreeMap::new()) };
    let tables: Vec<&str> = names.iter().map(|name| name.table.as_str()).collect();
    match described::these(trino, catalog, schema, &tables).await {
        Err(Cause::Trino(TrinoError::Failed { name, .. })) if name == NO_CATALOG => Ok(BTreeMap::new()),
        found => found,
    }
}

fn known(described: Option<Described>) -> Result<Known, Cause> {
    let table = described.map(Described::table).transpose()?.flatten();
    Ok(table.map_or(Known::Missing, |table| Known::Table(Arc::new(table))))
}

async fn ask_one(trino: &TrinoClient, need: &Need) -> Result<Known, Cause> {
    match need {
        Need::Table(name) => known(tables(trino, &[name]).await?.remove(name)),
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
    match trino.rows(sql).await {
        Err(TrinoError::Failed { name, .. }) if name == NO_CATALOG => Ok(Known::Missing),
        rows => Ok(if rows?.is_empty() { Known::Missing } else { Known::Exists }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::fake::{Fake, Reply, tables_of};
    use crate::catalog::table::{Table, TableKind};
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
        (ask_one(&fake.client(), &employees()).await, fake.statements().len())
    }

    fn table_of(known: Known) -> Arc<Table> {
        match known {
            Known::Table(table) => table,
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn a_table_takes_one_statement_and_has_its_columns_in_order() {
        let rows = vec![
            json!(["employees", 2, "name", "varchar(9)"]),
            json!(["employees", 1, "id", "bigint"]),
            json!(["employees", 0, "BASE TABLE", ""]),
        ];
        let (answer, statements) = known(rows, vec![]).await;
        let table = table_of(answer.unwrap());
        let columns = table.columns.iter().map(|column| (&*column.name, &*column.data_type)).collect::<Vec<_>>();
        assert_eq!(columns, [("id", "bigint"), ("name", "varchar(9)")]);
        assert_eq!((&table.kind, statements), (&TableKind::Table, 1));
    }

    #[tokio::test]
    async fn a_view_takes_one_more_statement_for_its_text() {
        let rows = vec![json!(["employees", 0, "VIEW", ""]), json!(["employees", 1, "id", "bigint"])];
        let (answer, statements) = known(rows, vec![json!(["employees", -2, "SELECT 1 id", ""])]).await;
        assert_eq!(table_of(answer.unwrap()).kind, TableKind::View { text: "SELECT 1 id".into() });
        assert_eq!(statements, 2);
    }

    #[tokio::test]
    async fn a_materialized_view_is_none_of_its_storage() {
        let rows = vec![
            json!(["employees", 0, "BASE TABLE", ""]),
            json!(["employees", 1, "id", "bigint"]),
            json!(["employees", -1, "SELECT 1 id", ""]),
        ];
        let (answer, _) = known(rows, vec![]).await;
        assert_eq!(table_of(answer.unwrap()).kind, TableKind::MaterializedView { text: "SELECT 1 id".into() });
    }

    #[tokio::test]
    async fn what_trino_does_not_list_is_missing() {
        assert_eq!(known(vec![], vec![]).await.0.unwrap(), Known::Missing);
        let fake = Fake::start(|_| Reply::error("CATALOG_NOT_FOUND", "Catalog 'lake' not found")).await;
        assert_eq!(ask_one(&fake.client(), &employees()).await.unwrap(), Known::Missing);
        let schema = Need::Schema { catalog: "lake".into(), schema: "hr".into() };
        assert_eq!(ask_one(&fake.client(), &schema).await.unwrap(), Known::Missing);
    }

    #[tokio::test]
    async fn an_answer_that_is_not_understood_is_an_error_and_never_a_table() {
        let hidden_view = vec![json!(["employees", 0, "VIEW", ""]), json!(["employees", 1, "id", "bigint"])];
        let cases = [
            (hidden_view, "it is a view, but Trino does not show its text"),
            (vec![json!(["employees", 1, "id", "bigint"])], "it changed while it was asked for"),
            (
                vec![json!(["employees", 0, "GLOBAL TEMPORARY", ""])],
                "Trino's answer can't be read: a table of an unknown kind",
            ),
            (vec![json!(["id", "bigint"])], "Trino's answer can't be read: a row is not a name and three values"),
            (
                vec![json!(["employees", "1", "id", "bigint"])],
                "Trino's answer can't be read: a row is not a number and two texts",
            ),
            (
                vec![json!(["salaries", 1, "id", "bigint"])],
                "Trino's answer can't be read: a row is of a table that was not asked for",
            ),
        ];
        for (rows, message) in cases {
            assert_eq!(known(rows, vec![]).await.0.unwrap_err().to_string(), message);
        }
    }

    #[test]
    fn tables_of_one_schema_stand_together() {
        let table = |schema: &str, table: &str| Need::Table(TableName::new("lake", schema, table));
        let (view, catalog) = (Need::View(TableName::new("lake", "hr", "a")), Need::Catalog("lake".into()));
        let needs = [&view, &table("hr", "a"), &table("it", "a"), &catalog, &table("hr", "b"), &table("hr", "a")];
        let questions = together(needs.into_iter().cloned(), 2);
        let tables = vec![table("hr", "a"), table("hr", "b")];
        assert_eq!(questions, [vec![catalog], vec![view], tables, vec![table("it", "a")]]);
        let many = together((0..9).map(|number| table("hr", &number.to_string())), FEW);
        assert_eq!(many.iter().map(Vec::len).collect::<Vec<_>>(), [4, 4, 1]);
    }

    /// A schema with a table, two views and a table that can't be read.
    fn staff(sql: &str) -> Reply {
        let asked = tables_of(sql);
        if asked.iter().any(|name| name == "broken") {
            return Reply::error("HIVE_INVALID_METADATA", "its storage is gone");
        }
        let rows = if sql.contains("information_schema.views") {
            vec![json!(["names", -2, "SELECT 1 id", ""]), json!(["secret", -2, null, ""])]
        } else {
            let kinds = [("employees", "BASE TABLE"), ("names", "VIEW"), ("secret", "VIEW")];
            let of = |(name, kind)| [json!([name, 0, kind, ""]), json!([name, 1, "id", "bigint"])];
            kinds.into_iter().flat_map(of).collect()
        };
        let of_asked = |row: &Value| asked.iter().any(|name| row[0] == *name);
        Reply::rows(rows.into_iter().filter(of_asked).collect())
    }

    async fn together_known(names: &[&str]) -> (Vec<String>, usize) {
        let fake = Fake::start(staff).await;
        let needs: Vec<Need> = names.iter().map(|name| Need::Table(TableName::new("lake", "hr", name))).collect();
        let answers = ask(&fake.client(), &needs).await.into_iter().map(|answer| match answer {
            Ok(Known::Table(table)) => format!("{:?}", table.kind),
            Ok(known) => format!("{known:?}"),
            Err(cause) => cause.to_string(),
        });
        (answers.collect(), fake.statements().len())
    }

    #[tokio::test]
    async fn tables_of_one_schema_take_one_statement_and_views_among_them_one_more() {
        let (answers, statements) = together_known(&["secret", "employees", "none", "names"]).await;
        let hidden = "it is a view, but Trino does not show its text";
        assert_eq!((answers[0].as_str(), &*answers[1], &*answers[2]), (hidden, "Table", "Missing"));
        assert_eq!((&*answers[3], statements), ("View { text: \"SELECT 1 id\" }", 2));
        assert_eq!(together_known(&["employees", "none"]).await.1, 1);
    }

    #[tokio::test]
    async fn a_table_that_can_not_be_read_spoils_no_other() {
        let (answers, statements) = together_known(&["employees", "broken", "none"]).await;
        assert_eq!(answers, ["Table", "HIVE_INVALID_METADATA: its storage is gone", "Missing"]);
        assert_eq!(statements, 4);
    }

    #[tokio::test]
    async fn a_schema_and_a_catalog_exist_if_trino_lists_them() {
        let fake = Fake::start(|sql| Reply::rows(if sql.contains("'hr'") { vec![json!([1])] } else { vec![] })).await;
        let schema = |schema: &str| Need::Schema { catalog: "lake".into(), schema: schema.into() };
        assert_eq!(ask_one(&fake.client(), &schema("hr")).await.unwrap(), Known::Exists);
        assert_eq!(ask_one(&fake.client(), &schema("none")).await.unwrap(), Known::Missing);
        assert_eq!(ask_one(&fake.client(), &Need::Catalog("hr".into())).await.unwrap(), Known::Exists);
        assert_eq!(ask_one(&fake.client(), &Need::Catalog("none".into())).await.unwrap(), Known::Missing);
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
            ask_one(&fake.client(), &Need::SessionProperties).await.map_err(|cause| cause.to_string())
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
        assert_eq!(
            ask_one(&client, &query("20260101_120000_00042_abcde")).await.unwrap(),
            Known::QueryOf("anna".into())
        );
        assert_eq!(ask_one(&client, &query("none")).await.unwrap(), Known::Missing);
        assert!(ask_one(&client, &query("two")).await.is_err());
        for id in ["", "A", "a'b", &"a".repeat(65)] {
            assert!(!can_exist(&query(id)), "{id}");
        }
    }
}
