//! What Trino resolves in the text of a view.
//!
//! `information_schema` shows a view's text, and not in which catalog and schema its names are looked up. That is
//! known to Trino's analysis of a query over the view, and Trino tells of it in the query's own info. So a query that gives no rows is run, and its info is read. It is asked for where a decision needs it.

use super::query_info::{QueryInfo, Referenced};
use super::questions::Cause;
use super::table::{Known, Resolved};
use super::trino::{TrinoClient, TrinoError};
use crate::names::TableName;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Asks Trino. A view that it can't read, and one of which it does not tell, are missing.
pub(super) async fn ask(trino: &TrinoClient, view: &TableName) -> Result<Known, Cause> {
    let info = match trino.info_of(format!("SELECT * FROM {} WHERE false", view.to_sql())).await {
        Err(TrinoError::Failed { .. }) => return Ok(Known::Missing),
        Err(TrinoError::Status { status, .. }) if status.is_client_error() => return Ok(Known::Missing),
        info => info?,
    };
    let info: QueryInfo = serde_json::from_slice(&info).map_err(|_| Cause::Unreadable("the info of a query"))?;
    Ok(resolved(&info, view, trino.user()).map_or(Known::Missing, |resolved| Known::View(Arc::new(resolved))))
}

/// `asking` is the user who ran the query.
fn resolved(info: &QueryInfo, view: &TableName, asking: &[u8]) -> Option<Resolved> {
    let reached = |through: &[&TableName]| {
        let through = through.iter().map(|name| (*name).clone()).collect::<Vec<_>>();
        info.referenced_tables.iter().filter(move |table| table.through().as_ref() == Some(&through))
    };
    let text = reached(&[]).find(|table| table.name() == *view)?.view_text.as_deref()?.into();
    let readers: BTreeSet<_> = reached(&[view]).map(|table| table.authorization.as_str()).collect();
    let owner = match readers.into_iter().collect::<Vec<_>>().as_slice() {
        [owner] if owner.as_bytes() != asking => Some((*owner).into()),
        _ => None,
    };
    Some(Resolved { text, reads: reached(&[view]).map(Referenced::name).collect(), owner })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn told(asking: &str) -> Option<Resolved> {
        let link = |name: &str| json!({"@type": "view", "catalogName": "lake", "schemaName": "s", "viewName": name});
        let table = |name: &str, text: Option<&str>, chain: &[&str]| {
            let chain: Vec<_> = chain.iter().map(|name| link(name)).collect();
            json!({"catalog": "lake", "schema": "s", "table": name, "authorization": "o", "viewText": text,
                   "filters": [], "columns": [], "directlyReferenced": chain.is_empty(), "referenceChain": chain})
        };
        let info = json!({"queryId": "q", "state": "FINISHED", "referencedTables": [
            table("keys", None, &["inner", "outer"]),
            json!({"catalog": "lake", "schema": "s", "table": "masking", "authorization": "x", "columns": [], "filters": [],
                   "directlyReferenced": false, "referenceChain": [{"@type": "rowFilter", "expression": "x"}]}),
            table("inner", Some("TABLE keys"), &["outer"]),
            table("t", None, &["outer"]),
            table("outer", Some("SELECT * FROM t, inner"), &[]),
        ]});
        let info: QueryInfo = serde_json::from_value(info).unwrap();
        resolved(&info, &TableName::new("lake", "s", "outer"), asking.as_bytes())
    }

    #[test]
    fn a_view_reads_what_its_own_text_names() {
        let told = told("sluice").unwrap();
        let reads: Vec<_> = told.reads.iter().map(|name| name.table.as_str()).collect();
        assert_eq!((reads, &*told.text), (vec!["inner", "t"], "SELECT * FROM t, inner"));
    }

    #[test]
    fn a_view_is_read_by_its_owner_unless_that_is_who_asks() {
        let owner = |asking| told(asking).unwrap().owner;
        assert_eq!((owner("sluice").as_deref(), owner("o")), (Some("o"), None));
    }
}
