//! What Trino resolves in the text of a view.
//!
//! `information_schema` shows a view's text, and not in which catalog and schema its names are looked up, nor with whose
//! rights it is read. Both are known to Trino's analysis of a query over the view, and Trino tells of that in the query's
//! own info. So a query that gives no rows is run, and its info is read. It is asked for where a decision needs it.

use super::questions::Cause;
use super::table::{Known, Resolved};
use super::trino::{TrinoClient, TrinoError};
use crate::names::TableName;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::sync::Arc;

/// A query's info, as far as it matters here (`QueryInfo` of Trino 476 and 483).
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Info {
    referenced_tables: Vec<Referenced>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Referenced {
    catalog: String,
    schema: String,
    table: String,
    authorization: String,
    view_text: Option<String>,
    /// Through what it was reached, the innermost first; empty for what the statement names.
    reference_chain: Vec<Link>,
}

#[derive(Deserialize)]
#[serde(tag = "@type", rename_all = "camelCase")]
enum Link {
    #[serde(alias = "materializedView", rename_all = "camelCase")]
    View { catalog_name: String, schema_name: String, view_name: String },
    /// What a row filter or a column mask of Trino's own reads is not what the view reads.
    #[serde(alias = "columnMask")]
    RowFilter {},
}

/// Asks Trino. A view that it can't read, and one of which it does not tell, are missing.
pub(super) async fn ask(trino: &TrinoClient, view: &TableName) -> Result<Known, Cause> {
    let info = match trino.info_of(format!("SELECT * FROM {} WHERE false", view.to_sql())).await {
        Err(TrinoError::Failed { .. }) => return Ok(Known::Missing),
        Err(TrinoError::Status { status, .. }) if status.is_client_error() => return Ok(Known::Missing),
        info => info?,
    };
    let info: Info = serde_json::from_slice(&info).map_err(|_| Cause::Unreadable("the info of a query"))?;
    Ok(resolved(&info, view, trino.user()).map_or(Known::Missing, |resolved| Known::View(Arc::new(resolved))))
}

fn resolved(info: &Info, view: &TableName, service: Option<&str>) -> Option<Resolved> {
    let name = |table: &Referenced| TableName::new(&table.catalog, &table.schema, &table.table);
    let itself =
        info.referenced_tables.iter().find(|table| table.reference_chain.is_empty() && name(table) == *view)?;
    let text = itself.view_text.as_deref()?.into();
    let within: Vec<&Referenced> = info
        .referenced_tables
        .iter()
        .filter(|table| {
            matches!(table.reference_chain.as_slice(),
            [Link::View { catalog_name, schema_name, view_name }]
                if TableName::new(catalog_name, schema_name, view_name) == *view)
        })
        .collect();
    let owners: BTreeSet<&str> = within.iter().map(|table| table.authorization.as_str()).collect();
    // A view that is read with its reader's rights was read with those of the service user.
    let owner = match Vec::from_iter(owners).as_slice() {
        [owner] if Some(*owner) != service => Some((*owner).to_owned()),
        _ => None,
    };
    Some(Resolved { text, reads: within.into_iter().map(name).collect(), owner })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn told(owner: &str) -> Option<Resolved> {
        let link = |name: &str| json!({"@type": "view", "catalogName": "lake", "schemaName": "s", "viewName": name});
        let table = |name: &str, by: &str, text: Option<&str>, chain: &[&str]| {
            let chain: Vec<_> = chain.iter().map(|name| link(name)).collect();
            json!({"catalog": "lake", "schema": "s", "table": name, "authorization": by, "viewText": text,
                   "filters": [], "columns": [], "directlyReferenced": chain.is_empty(), "referenceChain": chain})
        };
        let info = json!({"queryId": "q", "referencedTables": [
            table("keys", "o", None, &["inner", "outer"]),
            json!({"catalog": "lake", "schema": "s", "table": "masking", "authorization": "x", "columns": [], "filters": [],
                   "directlyReferenced": false, "referenceChain": [{"@type": "rowFilter", "expression": "x"}]}),
            table("inner", owner, Some("TABLE keys"), &["outer"]),
            table("t", owner, None, &["outer"]),
            table("outer", "sluice", Some("SELECT * FROM t, inner"), &[]),
        ]});
        let info: Info = serde_json::from_value(info).unwrap();
        resolved(&info, &TableName::new("lake", "s", "outer"), Some("sluice"))
    }

    #[test]
    fn a_view_reads_what_its_own_text_names() {
        let told = told("olga").unwrap();
        let reads: Vec<_> = told.reads.iter().map(|name| name.table.as_str()).collect();
        assert_eq!((reads, &*told.text), (vec!["inner", "t"], "SELECT * FROM t, inner"));
        assert_eq!(told.owner.as_deref(), Some("olga"));
    }

    #[test]
    fn a_view_that_is_read_with_its_readers_rights_has_no_owner() {
        assert_eq!(told("sluice").unwrap().owner, None);
    }
}
