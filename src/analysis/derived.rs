//! A connector's own tables about a table, such as `t$files`: which names are such, and when they may be read.

use crate::names::TableName;
use crate::policy::TableAccess;

/// The kinds that Trino's connectors have
/// (<https://trino.io/docs/476/connector/iceberg.html#metadata-tables>,
/// <https://trino.io/docs/476/connector/delta-lake.html#metadata-tables>,
/// <https://trino.io/docs/476/connector/hive.html#metadata-tables>,
/// <https://trino.io/docs/476/connector/hudi.html#metadata-tables>).
const KINDS: [&str; 13] = [
    "all_entries",
    "all_manifests",
    "entries",
    "files",
    "history",
    "manifests",
    "metadata_log_entries",
    "partitions",
    "properties",
    "refs",
    "snapshots",
    "timeline",
    "transactions",
];

/// The table that a name with `$` or `@` in it may be about.
pub(super) fn base(name: &TableName) -> Option<TableName> {
    let (base, _) = name.table.split_once(['$', '@'])?;
    Some(TableName { table: base.into(), ..name.clone() })
}

/// Whether such a name may be read where all of its base may be, by what policies say of the name itself. To many
/// connectors `$` is a letter like others, so that a name which is of no known kind needs a grant of its own.
pub(super) fn open(name: &TableName, access: &TableAccess) -> bool {
    let Some((_, kind)) = name.table.split_once(['$', '@']) else { return false };
    let of_kind = KINDS.contains(&kind) && !access.withholds();
    // What Iceberg stores of a materialized view, whose name may be kept as that of a table, is nobody's to read.
    kind != "materialized_view_storage" && name.table.find('@').is_none() && (of_kind || access.unrestricted())
}
