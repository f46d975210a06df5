//! How a base table stands to a user: unrestricted, to be guarded, or not to be read at all.

use super::Unproved;
use super::metadata::{self, Metadata};
use super::names::{Defaults, shown};
use super::walk::{Kept, Walk};
use crate::catalog::table::{Known, Need, Table, TableKind};
use crate::enforce::{Request, Views};
use crate::names::TableName;
use crate::policy::{Privilege, TableAccess};
use crate::rewrite::relations::{Is, Relations};
use crate::sql::{Identifier, QualifiedName, StatementKind};
use compact_str::CompactString;
use std::rc::Rc;
use std::sync::Arc;

/// Views within views that are read before giving up.
const DEEPEST_VIEW: usize = 16;

/// What connectors show of each of their tables: Iceberg, Delta Lake, Hive and Hudi.
const OF_TABLES: [&str; 13] = [
    "history",
    "snapshots",
    "manifests",
    "all_manifests",
    "partitions",
    "files",
    "entries",
    "all_entries",
    "refs",
    "properties",
    "metadata_log_entries",
    "transactions",
    "timeline",
];

/// How a table stands.
#[derive(Clone, Debug)]
pub(super) enum Standing {
    /// It may be named as it is.
    Unrestricted,
    /// It must stand in a guard.
    Restricted(Arc<Table>, Rc<TableAccess>),
    /// So must a view that is read with the rights of its owner, who sees more of what it reads than who asks.
    OfOwner(Arc<Table>, Rc<TableAccess>),
    /// It must stand in a guard that filters by what is visible.
    Metadata(Rc<Metadata>),
}

/// Finds how a table stands, and notes it and what stands behind it as read. `views` are the views whose text is being
/// read, the outermost first.
pub(super) fn of(
    request: &Request<'_>,
    name: &TableName,
    views: &[TableName],
    read: &mut Relations,
) -> Result<Standing, Unproved> {
    let (standing, is) = found(request, name, views, read)?;
    read.add(name.clone(), is, views.is_empty());
    Ok(standing)
}

fn found(
    request: &Request<'_>,
    name: &TableName,
    views: &[TableName],
    read: &mut Relations,
) -> Result<(Standing, Is), Unproved> {
    if let Some(metadata) = metadata::of(request, name) {
        let open = metadata.hides_nothing();
        return Ok((if open { Standing::Unrestricted } else { Standing::Metadata(Rc::new(metadata)) }, Is::Table));
    }
    if let Some(end) = name.table.find(['$', '@']) {
        let base = name.table.get(..end).unwrap_or_default();
        let base = TableName::new(&name.catalog, &name.schema, base);
        return derived(request, name, &base, views).map(|standing| (standing, Is::Table));
    }
    let access = request.snapshot.table_access(request.subject, name);
    if !access.grants(Privilege::Select) || holds_a_materialized_view(name) {
        return Err(Unproved::because(format!("{name} may not be selected from")));
    }
    let table = match request.tables.get(&Need::Table(name.clone())) {
        Some(Known::Table(table)) => table,
        Some(Known::Missing) if access.unrestricted() => return Ok((Standing::Unrestricted, Is::Table)),
        _ => return Err(Unproved::because(format!("nothing is known of {name}"))),
    };
    let of_owner = match &table.kind {
        TableKind::Table => false,
        TableKind::View { text } | TableKind::MaterializedView { text } => {
            let for_reader = text_of_view(request, name, text, views, read, None);
            match (for_reader, owner(request, name, table, text)) {
                (Ok(()), _) => false,
                (Err(unproved), None) => return Err(unproved),
                (Err(_), Some(owner)) => {
                    text_for_owner(request, &owner, name, text, views, read)?;
                    true
                }
            }
        }
    };
    let is = Is::from(&table.kind);
    let standing = match (of_owner, access.unrestricted()) {
        (true, _) => Standing::OfOwner(Arc::clone(table), Rc::new(access)),
        (false, true) => Standing::Unrestricted,
        (false, false) => Standing::Restricted(Arc::clone(table), Rc::new(access)),
    };
    Ok((standing, is))
}

/// Whether it has the name that Iceberg gives to a table with the rows of a materialized view: `st_` and 32 hexadecimal
/// digits.
pub(super) fn holds_a_materialized_view(name: &TableName) -> bool {
    match name.table.as_bytes() {
        [b's', b't', b'_', digits @ ..] => digits.len() == 32 && digits.iter().all(u8::is_ascii_hexdigit),
        _ => false,
    }
}

/// `t$files` and its like show what is in `t`, so all of `t` must be open.
fn derived(
    request: &Request<'_>,
    name: &TableName,
    base: &TableName,
    views: &[TableName],
) -> Result<Standing, Unproved> {
    let is_table = matches!(
        request.tables.get(&Need::Table(base.clone())),
        Some(Known::Table(table)) if table.kind == TableKind::Table
    );
    match of(request, base, views, &mut Relations::default())? {
        Standing::Unrestricted if is_table && itself_is_open(request, name) => Ok(Standing::Unrestricted),
        _ => Err(Unproved::because(format!("{name} shows what is in {base}"))),
    }
}

/// What the policies say of the name itself: a whole grant, or nothing at all where connectors have such tables of each
/// table. `$` may be a letter like others, so that another name is another table.
fn itself_is_open(request: &Request<'_>, name: &TableName) -> bool {
    let access = request.snapshot.table_access(request.subject, name);
    let shows_a_table = match name.table.split('$').collect::<Vec<_>>().as_slice() {
        [_, shown] => OF_TABLES.contains(shown),
        _ => false,
    };
    // The view whose storage it is may have been a table when it was last looked at.
    let is_storage = name.table.ends_with("$materialized_view_storage");
    !is_storage && !name.table.contains('@') && (access.unrestricted() || shows_a_table && !access.withholds())
}

/// A table that the text of a view names, which is read with the reader's rights: whoever makes the view must be able to
/// read each column of it, and something of what stands behind it.
pub(super) fn named_by_readers(walk: &mut Walk<'_>, name: &TableName) -> Result<(), Unproved> {
    let Walk { request, views, found, .. } = walk;
    if metadata::of(request, name).is_some() || name.table.contains(['$', '@']) {
        return match of(request, name, views, &mut found.relations)? {
            Standing::Unrestricted => Ok(()),
            _ => Err(Unproved::because(format!("{name} in the text of a view"))),
        };
    }
    let access = request.snapshot.table_access(request.subject, name);
    let Some(Known::Table(table)) = request.tables.get(&Need::Table(name.clone())) else {
        return Err(Unproved::because(format!("nothing is known of {name}")));
    };
    let columns = !views.is_empty() || table.columns.iter().all(|column| access.allow(&column.name));
    if !access.grants(Privilege::Select) || !columns || holds_a_materialized_view(name) {
        return Err(Unproved::because(format!("not each column of {name} may be selected from")));
    }
    found.relations.add(name.clone(), Is::from(&table.kind), views.is_empty());
    match &table.kind {
        TableKind::Table => Ok(()),
        TableKind::View { text } | TableKind::MaterializedView { text } => match owner(request, name, table, text) {
            // Each reader of it sees what its owner does, unless all of it is open to the maker.
            Some(owner) => text_of_view(request, name, text, views, &mut found.relations, None)
                .or_else(|_| text_for_owner(request, &owner, name, text, views, &mut found.relations)),
            None => text_of_view(request, name, text, views, &mut found.relations, Some(Kept::ForReaders)),
        },
    }
}

/// The table that a short name in the text of a view stands for: the one that Trino read for it. A materialized view has
/// none, since its rows come from where the names of whoever refreshes it lead.
pub(super) fn short_name_in(
    request: &Request<'_>,
    view: &TableName,
    text: &str,
    name: &QualifiedName,
) -> Result<TableName, Unproved> {
    let unknown = || Unproved::because(format!("the name {} in the text of {view} can't be resolved", shown(name)));
    let is_view = matches!(request.tables.get(&Need::Table(view.clone())),
        Some(Known::Table(table)) if matches!(table.kind, TableKind::View { .. }));
    let Some(Known::View(resolved)) = request.tables.get(&Need::View(view.clone())) else { return Err(unknown()) };
    if !is_view || &*resolved.text != text {
        return Err(unknown());
    }
    let parts: Vec<_> = name.parts.iter().map(Identifier::folded).collect();
    let mut candidates = Vec::new();
    for table in &resolved.reads {
        let full = [&table.catalog, &table.schema, &table.table];
        if full.iter().rev().zip(parts.iter().rev()).all(|(one, other)| **one == *other) {
            candidates.push(table);
        }
    }
    match candidates.as_slice() {
        [table] => Ok((*table).clone()),
        _ => Err(unknown()),
    }
}

/// The tables that the text of a view names, each as often as it does.
pub(super) fn named_in_view(
    request: &Request<'_>,
    name: &TableName,
    text: &str,
    views: &[TableName],
) -> Result<Vec<TableName>, Unproved> {
    let tree = super::parse(text, request)?;
    let StatementKind::Query(query) = &tree.kind else {
        return Err(Unproved::because(format!("the text of {name} is no query")));
    };
    let mut walk = Walk::new(request, text, Defaults::default(), [views, std::slice::from_ref(name)].concat());
    walk.survey = true;
    walk.query(query)?;
    Ok(walk.found.named)
}

/// The user with whose rights the text of a view is read, where that is not whoever asks. What a materialized view has
/// stored is nobody's.
fn owner(request: &Request<'_>, view: &TableName, table: &Table, text: &str) -> Option<CompactString> {
    let is_view = matches!(table.kind, TableKind::View { .. });
    match (request.options.views, request.tables.get(&Need::View(view.clone()))) {
        (Views::Definer { .. }, Some(Known::View(resolved))) if is_view && *resolved.text == *text => {
            resolved.owner.clone()
        }
        _ => None,
    }
}

/// Everything that the text of a view reads has to be unrestricted for its owner.
fn text_for_owner(
    request: &Request<'_>,
    owner: &CompactString,
    name: &TableName,
    text: &str,
    views: &[TableName],
    read: &mut Relations,
) -> Result<(), Unproved> {
    let Views::Definer { more_groups } = request.options.views else {
        return Err(Unproved::because(format!("{name} is read with the rights of who asks")));
    };
    let subject = request.snapshot.owner(owner, request.subject, more_groups);
    text_of_view(&Request { subject: &subject, ..*request }, name, text, views, read, None)?;
    read.add_owner(name.clone(), owner.clone());
    Ok(())
}

/// A view may be named only where everything that its text reads is unrestricted for who reads it.
fn text_of_view(
    request: &Request<'_>,
    name: &TableName,
    text: &str,
    views: &[TableName],
    read: &mut Relations,
    kept: Option<Kept>,
) -> Result<(), Unproved> {
    if views.len() >= DEEPEST_VIEW || views.contains(name) {
        return Err(Unproved::because(format!("{name} stands in views that are too deep, or in itself")));
    }
    let tree = super::parse(text, request)?;
    let StatementKind::Query(query) = &tree.kind else {
        return Err(Unproved::because(format!("the text of {name} is no query")));
    };
    let mut within = views.to_vec();
    within.push(name.clone());
    let mut walk = Walk::new(request, text, Defaults::default(), within);
    walk.kept = kept;
    walk.query(query)?;
    for name in walk.found.relations.names() {
        if let Some(is) = walk.found.relations.proved(name) {
            read.add(name.clone(), is.clone(), false);
        }
        if let Some(owner) = walk.found.relations.owner(name) {
            read.add_owner(name.clone(), owner.into());
        }
    }
    Ok(())
}
