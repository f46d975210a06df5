//! Properties of schemas, tables and columns, and procedures of tables.
//!
//! Some name a place to read or write at, which may be that of another table, whose policies then say nothing. So those
//! that are known to name no place are for whoever may do what the statement does, and all others for whoever may alter
//! the catalog.

use super::Reader;
use crate::policy::Privilege;
use crate::sql::ast::{Identifier, Property};

/// Properties of tables that say how rows are stored, and not where
/// (<https://trino.io/docs/476/connector/iceberg.html#table-properties>,
/// <https://trino.io/docs/476/connector/hive.html#table-properties>,
/// <https://trino.io/docs/476/connector/delta-lake.html#table-properties>).
pub(super) const OF_TABLES: &[&str] = &[
    "auto_purge",
    "bucket_count",
    "bucketed_by",
    "bucketing_version",
    "change_data_feed_enabled",
    "checkpoint_interval",
    "column_mapping_mode",
    "compression_codec",
    "csv_escape",
    "csv_quote",
    "csv_separator",
    "deletion_vectors_enabled",
    "format",
    "format_version",
    "max_commit_retry",
    "null_format",
    "object_store_layout_enabled",
    "orc_bloom_filter_columns",
    "orc_bloom_filter_fpp",
    "parquet_bloom_filter_columns",
    "partitioned_by",
    "partitioning",
    "skip_footer_line_count",
    "skip_header_line_count",
    "sorted_by",
    "textfile_field_separator",
    "textfile_field_separator_escape",
    "transactional",
];

/// Properties of `ANALYZE`.
pub(super) const OF_ANALYZE: &[&str] = &["columns", "files_modified_after", "mode", "partitions"];

/// Procedures of tables that stay within the table
/// (<https://trino.io/docs/476/connector/iceberg.html#alter-table-execute>).
const PROCEDURES: &[&str] = &[
    "drop_extended_stats",
    "expire_snapshots",
    "optimize",
    "optimize_manifests",
    "remove_orphan_files",
    "rollback_to_snapshot",
];

impl<'s> Reader<'s, '_> {
    /// The properties of something in a catalog, of which those of `harmless` need nothing more.
    pub(super) fn properties(&mut self, properties: &'s [Property], harmless: &[&str], catalog: &str) {
        self.intent.constants.extend(properties.iter().filter_map(|property| property.value.as_ref()));
        if properties.iter().any(|property| !harmless.contains(&property.name.folded().as_str())) {
            self.catalog(catalog, Privilege::Alter, Some("a property that may name a place"));
        }
    }

    /// `ALTER TABLE … EXECUTE`.
    pub(super) fn procedure_of_table(&mut self, name: &Identifier, catalog: &str) {
        if !PROCEDURES.contains(&name.folded().as_str()) {
            self.catalog(catalog, Privilege::Alter, Some("a procedure that may reach beyond the table"));
        }
    }
}
