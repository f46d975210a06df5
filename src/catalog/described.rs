//! What rows of `information_schema` say of tables.
//!
//! In: tables of one schema by name, or all of them. Out: each as Trino describes it. Names go in as quoted literals and
//! identifiers.

use super::questions::Cause;
use super::table::{Column, Table, TableKind};
use super::trino::TrinoClient;
use crate::names::{TableName, literal, quoted};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Tables of one schema.
#[derive(Clone, Copy, Debug)]
struct Which<'a> {
    catalog: &'a str,
    schema: &'a str,
    /// Their names; all without.
    tables: Option<&'a [&'a str]>,
}

/// What a row holds beside a table's name: its kind at 0, its columns from 1, its text as a materialized view at -1, which
/// `information_schema` shows as a table, and as a view at -2.
const KIND: i64 = 0;
const MATERIALIZED: i64 = -1;
const VIEW: i64 = -2;

impl Which<'_> {
    /// That a row is of one of them, where it names schema and table by these columns.
    fn condition(self, schema: &str, table: &str) -> String {
        let of_schema = format!("{schema} = {}", literal(self.schema));
        let Some(tables) = self.tables else { return of_schema };
        let tables: Vec<String> = tables.iter().map(|name| literal(name)).collect();
        format!("{of_schema} AND {table} IN ({})", tables.join(", "))
    }

    fn selects(self) -> [String; 3] {
        let (from, these) = (quoted(self.catalog), self.condition("table_schema", "table_name"));
        [
            format!("SELECT table_name, {KIND}, table_type, '' FROM {from}.information_schema.tables WHERE {these}"),
            format!(
                "SELECT table_name, ordinal_position, column_name, data_type FROM {from}.information_schema.columns \
                 WHERE {these}"
            ),
            format!(
                "SELECT name, {MATERIALIZED}, definition, '' FROM system.metadata.materialized_views \
                 WHERE catalog_name = {} AND {}",
                literal(self.catalog),
                self.condition("schema_name", "name")
            ),
        ]
    }

    fn select_views(self) -> String {
        let (from, these) = (quoted(self.catalog), self.condition("table_schema", "table_name"));
        format!("SELECT table_name, {VIEW}, view_definition, '' FROM {from}.information_schema.views WHERE {these}")
    }
}

/// Asks for all tables of a schema, by one statement.
pub(super) async fn all(
    trino: &TrinoClient,
    catalog: &str,
    schema: &str,
) -> Result<BTreeMap<TableName, Described>, Cause> {
    let which = Which { catalog, schema, tables: None };
    let selects = which.selects().into_iter().chain([which.select_views()]);
    let mut found = BTreeMap::new();
    read(trino, which, selects, &mut found).await?;
    Ok(found)
}

/// Asks for tables by name, by one statement, and by one more for the texts of views among them.
pub(super) async fn these(
    trino: &TrinoClient,
    catalog: &str,
    schema: &str,
    tables: &[&str],
) -> Result<BTreeMap<TableName, Described>, Cause> {
    let mut found = BTreeMap::new();
    let which = Which { catalog, schema, tables: Some(tables) };
    read(trino, which, which.selects(), &mut found).await?;
    let views: Vec<TableName> =
        found.iter().filter(|(_, table)| table.is_view()).map(|(name, _)| name.clone()).collect();
    if !views.is_empty() {
        let views: Vec<&str> = views.iter().map(|name| name.table.as_str()).collect();
        let which = Which { tables: Some(&views), ..which };
        read(trino, which, [which.select_views()], &mut found).await?;
    }
    Ok(found)
}

async fn read(
    trino: &TrinoClient,
    which: Which<'_>,
    selects: impl IntoIterator<Item = String>,
    found: &mut BTreeMap<TableName, Described>,
) -> Result<(), Cause> {
    let selects: Vec<String> = selects.into_iter().collect();
    for row in trino.rows(selects.join(" UNION ALL ")).await? {
        let [Value::String(table), place, first, second] = row.as_slice() else {
            return Err(Cause::Unreadable("a row is not a name and three values"));
        };
        let name = TableName::new(which.catalog, which.schema, table);
        if which.tables.is_some_and(|tables| !tables.contains(&name.table.as_str())) {
            return Err(Cause::Unreadable("a row is of a table that was not asked for"));
        }
        found.entry(name).or_default().add(place, first, second)?;
    }
    Ok(())
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
    fn add(&mut self, place: &Value, first: &Value, second: &Value) -> Result<(), Cause> {
        let place = place.as_i64();
        // That Trino does not show a view's text is told where the view is taken.
        if let (Some(VIEW), Value::Null) = (place, first) {
            return Ok(());
        }
        let (Some(place), Value::String(first), Value::String(second)) = (place, first, second) else {
            return Err(Cause::Unreadable("a row is not a number and two texts"));
        };
        match place {
            VIEW => self.view = Some(first.as_str().into()),
            MATERIALIZED => self.materialized = Some(first.as_str().into()),
            KIND => self.kind = Some(first.clone()),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_can_not_break_out_of_the_question() {
        let name = TableName::new("a\"b", "c'd", "e' OR 'x' = 'x");
        let tables = [name.table.as_str(), "f"];
        let [tables, columns, materialized] =
            Which { catalog: &name.catalog, schema: &name.schema, tables: Some(&tables) }.selects();
        let these = "WHERE table_schema = 'c''d' AND table_name IN ('e'' or ''x'' = ''x', 'f')";
        assert!(tables.ends_with(&format!("FROM \"a\"\"b\".information_schema.tables {these}")), "{tables}");
        assert!(columns.ends_with(&format!("FROM \"a\"\"b\".information_schema.columns {these}")), "{columns}");
        let these = "catalog_name = 'a\"b' AND schema_name = 'c''d' AND name IN ('e'' or ''x'' = ''x', 'f')";
        assert!(materialized.ends_with(these), "{materialized}");
    }
}
