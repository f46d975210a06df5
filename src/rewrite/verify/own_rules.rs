//! The proof that the policies about a view itself hold where its text stands in its place.
//!
//! Nothing in the text that is sent says of which view a piece of it is. So it is counted: as often as the user's own text
//! reads a view whose text has to be put in its place and about which there is a mask, a filter or a column that is not
//! granted, by name or through other such views, so often must a guard of that view stand in what is sent.

use super::walk::Found;
use super::{Unproved, standing, statement};
use crate::catalog::table::{Known, Need, Table, TableKind};
use crate::enforce::Request;
use crate::names::TableName;
use crate::policy::{Privilege, TableAccess};
use crate::rewrite::relations::Relations;
use crate::sql::Statement;
use std::sync::Arc;

/// Views within views that are read before giving up.
const DEEPEST: usize = 16;
/// What the alias in a guard begins with, and no name of the user's where guards are counted.
pub(super) const ALIAS: &str = "sluice_";

/// The views that may be read, but not all of them.
pub(super) fn restricted_views(request: &Request<'_>) -> Vec<(TableName, Arc<Table>, TableAccess)> {
    let restricted = |(need, known): (&Need, &Known)| match (need, known) {
        (Need::Table(name), Known::Table(table)) if table.kind != TableKind::Table => {
            let access = request.snapshot.table_access(request.subject, name);
            let restricted = access.grants(Privilege::Select) && !access.unrestricted();
            restricted.then(|| (name.clone(), Arc::clone(table), access))
        }
        _ => None,
    };
    request.tables.iter().filter_map(restricted).collect()
}

/// Proves it for what was found in the text that is sent; `prepared` is the name of the prepared statement that goes
/// along.
pub(super) fn prove(
    request: &Request<'_>,
    asked: &Statement,
    prepared: Option<&str>,
    found: &Found,
) -> Result<(), Unproved> {
    if restricted_views(request).is_empty() {
        return Ok(());
    }
    if matches!(asked.kind.class(), "ShowCatalogs" | "ShowSchemas" | "ShowTables" | "ShowColumns") {
        return Ok(());
    }
    let prepared = prepared.and_then(|name| Some((name, request.session.prepared.get(name)?.as_str())));
    let mut wanted = Vec::new();
    for name in statement::named(request, asked, prepared)? {
        read(request, &name, &mut Vec::new(), &mut wanted)?;
    }
    if wanted.is_empty() {
        return Ok(());
    }
    let texts = [Some(request.sql), prepared.map(|(_, text)| text)];
    if texts.into_iter().flatten().any(|text| text.to_ascii_lowercase().contains(ALIAS)) {
        return Err(Unproved::because(format!("{ALIAS} in a text in which guards of views are counted")));
    }
    for name in &wanted {
        let times = wanted.iter().filter(|other| *other == name).count();
        if found.view_guards.iter().filter(|views| views.contains(name)).count() < times {
            return Err(Unproved::because(format!("a guard of the view {name} is missing")));
        }
    }
    if wanted.len() == found.view_guards.len() {
        Ok(())
    } else {
        Err(Unproved::because(format!("{} guards of views for {}", found.view_guards.len(), wanted.len())))
    }
}

/// Adds the views that have to be guarded where `name` is read.
fn read(
    request: &Request<'_>,
    name: &TableName,
    views: &mut Vec<TableName>,
    wanted: &mut Vec<TableName>,
) -> Result<(), Unproved> {
    let Some(Known::Table(table)) = request.tables.get(&Need::Table(name.clone())) else { return Ok(()) };
    let (TableKind::View { text } | TableKind::MaterializedView { text }) = &table.kind else { return Ok(()) };
    // Where all that it reads is open it stands by its name, and is guarded as a table is.
    if standing::of(request, name, &[], &mut Relations::default()).is_ok() {
        return Ok(());
    }
    if views.len() >= DEEPEST || views.contains(name) {
        return Err(Unproved::because(format!("{name} stands in views that are too deep, or in itself")));
    }
    if !request.snapshot.table_access(request.subject, name).unrestricted() {
        wanted.push(name.clone());
    }
    views.push(name.clone());
    for inner in standing::named_in_view(request, name, text, &[])? {
        read(request, &inner, views, wanted)?;
    }
    views.pop();
    Ok(())
}
