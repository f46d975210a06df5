//! What a statement that changes something must prove: each privilege, that the tables stand as open as they must, and
//! that whatever it reads is guarded.
//!
//! It asks the snapshot by itself, from the text that is sent, and takes no list from analysis.

use super::Unproved;
use super::names::{Defaults, shown};
use super::routine;
use super::standing::{self, Standing};
use super::walk::{Kept, Walk};
use crate::enforce::Request;
use crate::names::TableName;
use crate::policy::{Object, Privilege, matches};
use crate::rewrite::relations::Relations;
use crate::sql::ast::{
    Access, Branch, CallArgument, Change, ColumnChange, CommentTarget, Definition, DropBehavior, EntityKind, Expr,
    IfExists, MergeAction, Property, RelationKind, TableElement, ViewSecurity,
};
use crate::sql::{Identifier, QualifiedName, StatementKind};

/// Properties that name no place, and so need no right to the catalog.
const STORING: [&str; 28] = [
    "format",
    "format_version",
    "compression_codec",
    "partitioning",
    "partitioned_by",
    "sorted_by",
    "bucketed_by",
    "bucket_count",
    "bucketing_version",
    "object_store_layout_enabled",
    "max_commit_retry",
    "orc_bloom_filter_columns",
    "orc_bloom_filter_fpp",
    "parquet_bloom_filter_columns",
    "transactional",
    "auto_purge",
    "null_format",
    "csv_separator",
    "csv_quote",
    "csv_escape",
    "textfile_field_separator",
    "textfile_field_separator_escape",
    "skip_header_line_count",
    "skip_footer_line_count",
    "checkpoint_interval",
    "column_mapping_mode",
    "deletion_vectors_enabled",
    "change_data_feed_enabled",
];
const ANALYZING: [&str; 4] = ["partitions", "columns", "mode", "files_modified_after"];
const WITHIN: [&str; 6] = [
    "optimize",
    "expire_snapshots",
    "remove_orphan_files",
    "drop_extended_stats",
    "optimize_manifests",
    "rollback_to_snapshot",
];

/// Proves a statement that changes something; what it reads is met by the walk.
pub(super) fn prove(walk: &mut Walk<'_>, kind: &StatementKind) -> Result<(), Unproved> {
    match kind {
        StatementKind::Definition(definition) => defines(walk, definition),
        StatementKind::Change(change) => changes(walk, change),
        StatementKind::Access(access) => gives(walk, access),
        StatementKind::Branch(branch) => branches(walk, branch),
        other => Err(Unproved::because(format!("a statement of class {}", other.class()))),
    }
}

fn defines(walk: &mut Walk<'_>, definition: &Definition) -> Result<(), Unproved> {
    use Privilege::{Alter, Create, Drop};
    match definition {
        Definition::CreateCatalog(catalog) => {
            let name = TableName::new(&catalog.name.value, "", "");
            has(walk.request, Object::Catalog, &name, Create)?;
            if catalog.owner.is_some() {
                has(walk.request, Object::Catalog, &name, Alter)?;
            }
            catalog.properties.iter().try_for_each(|property| constant(walk, property.value.as_ref()))
        }
        Definition::DropCatalog { name, .. } => {
            has(walk.request, Object::Catalog, &TableName::new(&name.value, "", ""), Drop)
        }
        Definition::CreateSchema(schema) => {
            let catalog = has_schema(walk, &schema.name, Create)?;
            if schema.owner.is_some() {
                has_schema(walk, &schema.name, Alter)?;
            }
            values(walk, &schema.properties, &[], &catalog)
        }
        Definition::DropSchema { name, behavior, .. } => {
            has_schema(walk, name, Drop)?;
            if *behavior == Some(DropBehavior::Cascade) { drops_all(walk, name) } else { Ok(()) }
        }
        Definition::CreateFunction { specification, replace } => {
            has_function(walk.request, &specification.name, Create)?;
            if *replace {
                has_function(walk.request, &specification.name, Drop)?;
            }
            routine::prove(walk.request, specification)
        }
        Definition::DropFunction { name, .. } => has_function(walk.request, name, Drop),
        Definition::CreateTable(table) => {
            let created = comes_to_be(walk, &table.name, table.if_exists)?;
            values(walk, &table.properties, &STORING, &created.catalog)?;
            for element in &table.elements {
                match element {
                    TableElement::Column(column) => {
                        values(walk, &column.properties, &[], &created.catalog)?;
                        constant(walk, column.default.as_deref())?;
                    }
                    TableElement::Like { table, including_properties, .. } => {
                        let like = read_as_a_whole(walk, table)?;
                        if *including_properties == Some(true) {
                            has(walk.request, Object::Table, &like, Privilege::Show)?;
                        }
                    }
                }
            }
            Ok(())
        }
        Definition::CreateTableAsSelect(table) => {
            let created = comes_to_be(walk, &table.name, table.if_exists)?;
            values(walk, &table.properties, &STORING, &created.catalog)?;
            walk.query(&table.query)
        }
        Definition::DropRelation { name, .. } => has_table(walk, name, Drop).map(drop),
        Definition::RenameRelation { kind: RelationKind::Table, name, to, .. } => {
            has_table(walk, name, Alter)?;
            read_as_a_whole(walk, name)?;
            has_table(walk, to, Alter).map(drop)
        }
        Definition::RenameRelation { kind: RelationKind::View | RelationKind::MaterializedView, name, to, .. } => {
            let view = has_table(walk, name, Alter)?;
            if !walk.request.snapshot.table_access(walk.request.subject, &view).unrestricted() {
                return Err(Unproved::because(format!("{view} gets another name, which is restricted")));
            }
            has_table(walk, to, Alter).map(drop)
        }
        Definition::CreateView(view) => {
            let created = replaces(walk, &view.name, view.replace)?;
            values(walk, &view.properties, &[], &created.catalog)?;
            walk.kept = Some(match view.security {
                Some(ViewSecurity::Invoker) => Kept::ForReaders,
                Some(ViewSecurity::Definer) | None => Kept::Open,
            });
            walk.query(&view.query)
        }
        Definition::CreateMaterializedView(view) => {
            let created = replaces(walk, &view.name, view.replace)?;
            values(walk, &view.properties, &STORING, &created.catalog)?;
            constant(walk, view.grace_period.as_ref())?;
            // Trino looks short names up in the session of whoever refreshes it.
            walk.defaults = Defaults::default();
            walk.kept = Some(Kept::Open);
            walk.query(&view.query)
        }
        Definition::SetProperties { kind: RelationKind::Table | RelationKind::MaterializedView, name, properties } => {
            let table = has_table(walk, name, Alter)?;
            values(walk, properties, &STORING, &table.catalog)
        }
        Definition::AlterColumn { table, change, .. } => {
            let table = has_table(walk, table, Alter)?;
            let access = walk.request.snapshot.table_access(walk.request.subject, &table);
            if access.grants(Privilege::Select) && !access.unrestricted() {
                return Err(Unproved::because(format!("the columns of {table} change, which is restricted")));
            }
            match change {
                ColumnChange::Add { column, .. } => {
                    values(walk, &column.properties, &[], &table.catalog)?;
                    constant(walk, column.default.as_deref())
                }
                ColumnChange::SetDefault { value, .. } => constant(walk, Some(value)),
                _ => Ok(()),
            }
        }
        Definition::Comment { target, .. } => match target {
            CommentTarget::Table(table) | CommentTarget::View(table) => has_table(walk, table, Alter).map(drop),
            CommentTarget::Column { table: Some(table), .. } => has_table(walk, table, Alter).map(drop),
            CommentTarget::Column { table: None, .. } => Err(unknown(definition.class())),
        },
        _ => Err(unknown(definition.class())),
    }
}

fn changes(walk: &mut Walk<'_>, change: &Change) -> Result<(), Unproved> {
    use Privilege::{Alter, Delete, Execute, Insert, Update};
    match change {
        Change::Insert { table, query, .. } => {
            written(walk, table, Insert)?;
            walk.query(query)
        }
        Change::Truncate { table } | Change::Delete { table, filter: None, .. } => written(walk, table, Delete),
        Change::Delete { table, filter: Some(filter), .. } => {
            has_table(walk, table, Delete)?;
            read_as_a_whole(walk, table)?;
            walk.expr(filter)
        }
        Change::Update { table, assignments, filter, .. } => {
            has_table(walk, table, Update)?;
            read_as_a_whole(walk, table)?;
            assignments.iter().try_for_each(|assignment| walk.expr(&assignment.value))?;
            walk.optional(filter.as_ref())
        }
        Change::Merge(merge) => {
            read_as_a_whole(walk, &merge.table)?;
            walk.relation(&merge.source)?;
            walk.expr(&merge.condition)?;
            for case in &merge.cases {
                walk.optional(case.condition.as_ref())?;
                match &case.action {
                    MergeAction::Update(assignments) => {
                        has_table(walk, &merge.table, Update)?;
                        assignments.iter().try_for_each(|assignment| walk.expr(&assignment.value))?;
                    }
                    MergeAction::Delete => has_table(walk, &merge.table, Delete).map(drop)?,
                    MergeAction::Insert { values, .. } => {
                        has_table(walk, &merge.table, Insert)?;
                        walk.exprs(values)?;
                    }
                }
            }
            Ok(())
        }
        Change::TableExecute { table, procedure, arguments, filter } => {
            let name = has_table(walk, table, Alter)?;
            if !WITHIN.contains(&procedure.folded().as_str()) {
                has_catalog(walk.request, &name.catalog)?;
            }
            given(walk, arguments.as_deref().unwrap_or_default())?;
            if let Some(filter) = filter {
                read_as_a_whole(walk, table)?;
                walk.expr(filter)?;
            }
            Ok(())
        }
        Change::RefreshMaterializedView { view } => {
            let view = has_table(walk, view, Alter)?;
            match walk.standing(&view)? {
                Standing::Unrestricted => Ok(()),
                Standing::Restricted(..) | Standing::OfOwner(..) | Standing::Metadata(_) => {
                    Err(Unproved::because(format!("{view} is refreshed, whose rows are restricted")))
                }
            }
        }
        Change::RefreshView { view } => has_table(walk, view, Alter).map(drop),
        Change::Analyze { table, properties } => {
            let table = has_table(walk, table, Alter)?;
            values(walk, properties, &ANALYZING, &table.catalog)
        }
        Change::Call { procedure, arguments } => {
            let name = walk.defaults.table(procedure)?;
            has(walk.request, Object::Procedure, &name, Execute)?;
            given(walk, arguments)
        }
    }
}

fn gives(walk: &mut Walk<'_>, access: &Access) -> Result<(), Unproved> {
    use Privilege::{Alter, Create, Drop, Grant, Revoke};
    let role =
        |name: &Identifier, privilege| has(walk.request, Object::Role, &TableName::new(&name.value, "", ""), privilege);
    match access {
        Access::CreateRole { name, admin: None, catalog: None } => role(name, Create),
        Access::DropRole { name, catalog: None, .. } => role(name, Drop),
        Access::GrantRoles(grant) if grant.catalog.is_none() && grant.grantor.is_none() => {
            grant.roles.iter().try_for_each(|name| role(name, Grant))
        }
        Access::RevokeRoles(grant) if grant.catalog.is_none() && grant.grantor.is_none() => {
            grant.roles.iter().try_for_each(|name| role(name, Revoke))
        }
        Access::Grant(grant) | Access::Revoke(grant) | Access::Deny(grant) if grant.object.branch.is_none() => {
            let privilege = if matches!(access, Access::Grant(_)) { Grant } else { Revoke };
            owned(walk, grant.object.kind.as_ref(), &grant.object.name, privilege)
        }
        Access::SetAuthorization { kind: EntityKind::View | EntityKind::MaterializedView, .. } => {
            Err(unknown(access.class()))
        }
        Access::SetAuthorization { kind, name, .. } => owned(walk, Some(kind), name, Alter),
        // One's own roles; the privileges of others are shown by a query.
        Access::ShowRoles { current: true, catalog } | Access::ShowRoleGrants { catalog } => {
            knows(walk, catalog.as_ref())
        }
        Access::ShowRoles { current: false, .. } => {
            if walk.request.snapshot.may_read_system_information(walk.request.subject).granted() {
                return Ok(());
            }
            Err(Unproved::because("all roles are shown"))
        }
        _ => Err(unknown(access.class())),
    }
}

fn branches(walk: &mut Walk<'_>, branch: &Branch) -> Result<(), Unproved> {
    match branch {
        Branch::Create { properties, table, .. } => {
            let table = has_table(walk, table, Privilege::Alter)?;
            values(walk, properties, &[], &table.catalog)
        }
        Branch::Drop { table, .. } | Branch::FastForward { table, .. } => {
            has_table(walk, table, Privilege::Alter).map(drop)
        }
        Branch::Show { table } => {
            let table = read_as_a_whole(walk, table)?;
            if table.table.contains(['$', '@']) {
                return Err(Unproved::because(format!("branches of {table}")));
            }
            Ok(())
        }
    }
}

fn knows(walk: &Walk<'_>, catalog: Option<&Identifier>) -> Result<(), Unproved> {
    let visible = walk.request.snapshot.visible(walk.request.subject);
    match catalog.map(Identifier::folded) {
        Some(catalog) if catalog != "system" && !visible.catalog(&catalog) => {
            Err(Unproved::because(format!("catalog {catalog} is not visible")))
        }
        _ => Ok(()),
    }
}

fn unknown(class: &str) -> Unproved {
    Unproved::because(format!("a statement of class {class}"))
}

fn has(request: &Request<'_>, object: Object, name: &TableName, privilege: Privilege) -> Result<(), Unproved> {
    if request.snapshot.may(request.subject, object, name, privilege).granted() {
        Ok(())
    } else {
        Err(Unproved::because(format!("{} on {object:?} {name} is not granted", privilege.as_str())))
    }
}

/// A function by its full name.
pub(super) fn has_function(request: &Request<'_>, name: &QualifiedName, privilege: Privilege) -> Result<(), Unproved> {
    match name.parts.as_slice() {
        [catalog, schema, function] => {
            let name = TableName::new(&catalog.value, &schema.value, &function.value);
            has(request, Object::Function, &name, privilege)
        }
        _ => Err(Unproved::because(format!("the function {} is not named in full", shown(name)))),
    }
}

/// Each table that a schema may hold may be dropped: one grant is of all of them, and nothing takes any of it away.
fn drops_all(walk: &Walk<'_>, name: &QualifiedName) -> Result<(), Unproved> {
    let (catalog, schema) = walk.defaults.schema_of(&name.parts)?;
    for rule in walk.request.snapshot.visible(walk.request.subject).rules {
        let each = rule.table == "*" && matches(&rule.catalog, &catalog) && matches(&rule.schema, &schema);
        let whole = rule.hidden.iter().all(|out| !matches(&out.catalog, &catalog) || !matches(&out.schema, &schema));
        if each && whole && rule.privileges.contains(&Privilege::Drop) {
            return Ok(());
        }
    }
    Err(Unproved::because(format!("some table of {catalog}.{schema} may not be dropped")))
}

fn has_catalog(request: &Request<'_>, catalog: &str) -> Result<(), Unproved> {
    has(request, Object::Catalog, &TableName::new(catalog, "", ""), Privilege::Alter)
}

/// A table that is no table of Trino's own.
fn has_table(walk: &Walk<'_>, name: &QualifiedName, privilege: Privilege) -> Result<TableName, Unproved> {
    let table = walk.defaults.table(name)?;
    let of_trino = table.catalog == "system" || table.schema == "information_schema";
    if of_trino || table.table.contains(['$', '@']) || standing::holds_a_materialized_view(&table) {
        return Err(Unproved::because(format!("a change of {table}")));
    }
    has(walk.request, Object::Table, &table, privilege)?;
    Ok(table)
}

/// The catalog of a schema.
fn has_schema(walk: &Walk<'_>, name: &QualifiedName, privilege: Privilege) -> Result<String, Unproved> {
    let (catalog, schema) = walk.defaults.schema_of(&name.parts)?;
    has(walk.request, Object::Schema, &TableName::new(&catalog, &schema, ""), privilege)?;
    Ok(catalog.into())
}

fn owned(
    walk: &Walk<'_>,
    kind: Option<&EntityKind>,
    name: &QualifiedName,
    privilege: Privilege,
) -> Result<(), Unproved> {
    match kind {
        None | Some(EntityKind::Table | EntityKind::View | EntityKind::MaterializedView) => {
            has_table(walk, name, privilege).map(drop)
        }
        Some(EntityKind::Schema) => has_schema(walk, name, privilege).map(drop),
        Some(EntityKind::Other(kind)) => Err(Unproved::because(format!("a right on a {}", kind.value))),
    }
}

fn comes_to_be(walk: &Walk<'_>, name: &QualifiedName, if_exists: IfExists) -> Result<TableName, Unproved> {
    if if_exists == IfExists::Replace {
        has_table(walk, name, Privilege::Drop)?;
    }
    has_table(walk, name, Privilege::Create)
}

fn replaces(walk: &Walk<'_>, name: &QualifiedName, replace: bool) -> Result<TableName, Unproved> {
    comes_to_be(walk, name, if replace { IfExists::Replace } else { IfExists::Fail })
}

/// A table that is written to without being read: neither mask nor filter may apply to it.
fn written(walk: &Walk<'_>, name: &QualifiedName, privilege: Privilege) -> Result<(), Unproved> {
    let table = has_table(walk, name, privilege)?;
    if walk.request.snapshot.table_access(walk.request.subject, &table).protects_values() {
        return Err(Unproved::because(format!("{table} is written to, which has a mask or a filter")));
    }
    Ok(())
}

fn read_as_a_whole(walk: &Walk<'_>, name: &QualifiedName) -> Result<TableName, Unproved> {
    let table = walk.defaults.table(name)?;
    // Trino does not change a view, nor tell of the table that it changes.
    match standing::of(walk.request, &table, &[], &mut Relations::default())? {
        Standing::Unrestricted => Ok(table),
        Standing::Restricted(..) | Standing::OfOwner(..) | Standing::Metadata(_) => {
            Err(Unproved::because(format!("{} changes, whose rows are restricted", shown(name))))
        }
    }
}

fn constant(walk: &mut Walk<'_>, value: Option<&Expr>) -> Result<(), Unproved> {
    value.map_or(Ok(()), |value| walk.constant("a value of a definition", value))
}

fn given(walk: &mut Walk<'_>, arguments: &[CallArgument]) -> Result<(), Unproved> {
    arguments.iter().try_for_each(|argument| constant(walk, Some(&argument.value)))
}

fn values(walk: &mut Walk<'_>, properties: &[Property], fine: &[&str], catalog: &str) -> Result<(), Unproved> {
    for property in properties {
        constant(walk, property.value.as_ref())?;
        if !fine.contains(&property.name.folded().as_str()) {
            has_catalog(walk.request, catalog)?;
        }
    }
    Ok(())
}
