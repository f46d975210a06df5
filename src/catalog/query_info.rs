//! What Trino tells of a query that it has analysed: the relations that it resolved.
//!
//! Measured on Trino 476 and read in the sources of 483 (`QueryInfo`, `TableInfo`, `TableReferenceInfo`). A field that is
//! missing makes the whole one that can't be read.

use crate::names::TableName;
use serde::Deserialize;

/// A query's info, as far as it matters here.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct QueryInfo {
    pub(crate) query_id: String,
    pub(crate) state: String,
    pub(crate) referenced_tables: Vec<Referenced>,
}

/// A relation that was resolved for a query.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Referenced {
    catalog: String,
    schema: String,
    table: String,
    /// The user with whose rights it is read.
    pub(crate) authorization: String,
    /// Not there for a table.
    pub(crate) view_text: Option<String>,
    reference_chain: Vec<Link>,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "@type", rename_all = "camelCase")]
enum Link {
    #[serde(alias = "materializedView", rename_all = "camelCase")]
    View { catalog_name: String, schema_name: String, view_name: String },
    #[serde(alias = "columnMask")]
    RowFilter {},
}

impl Referenced {
    pub(crate) fn name(&self) -> TableName {
        TableName::new(&self.catalog, &self.schema, &self.table)
    }

    /// The views through which it was reached, the innermost first; none for what the statement names. `None` if a row
    /// filter or a column mask of Trino's own reads it.
    pub(crate) fn through(&self) -> Option<Vec<TableName>> {
        let view = |link: &Link| match link {
            Link::View { catalog_name, schema_name, view_name } => {
                Some(TableName::new(catalog_name, schema_name, view_name))
            }
            Link::RowFilter {} => None,
        };
        self.reference_chain.iter().map(view).collect()
    }
}
