//! The metadata tables that Trino 476 has in each catalog (`information_schema`) and in its catalog `system`.
//!
//! Columns and types are those of Trino's `InformationSchemaTable` and of its system tables; the end-to-end test
//! compares them with a running Trino. What is not in this list is unknown, and so refused.

/// A metadata table.
#[derive(Debug)]
pub(super) struct MetadataTable {
    /// `information_schema`, or a schema of the catalog `system`.
    pub(super) schema: &'static str,
    /// The table.
    pub(super) table: &'static str,
    /// Name and type of each column that `SELECT *` gives, in order.
    pub(super) columns: &'static [(&'static str, &'static str)],
    /// Name and type of each column that `SELECT *` does not give.
    pub(super) hidden: &'static [(&'static str, &'static str)],
    /// What a row speaks about.
    pub(super) rows: Rows,
    /// Columns that quote the text of a view, or name the table that stands behind it.
    pub(super) view_texts: &'static [&'static str],
}

/// What a row of a metadata table speaks about, and so who may see it. `catalog` is the column that names the catalog;
/// in `information_schema`, which speaks of its own catalog alone, none is needed.
#[derive(Clone, Copy, Debug)]
pub(super) enum Rows {
    /// A catalog.
    Catalogs { catalog: &'static str },
    /// A schema.
    Schemas { catalog: &'static str, schema: &'static str },
    /// A table.
    Tables { catalog: &'static str, schema: &'static str, table: &'static str },
    /// A view; none is in `information_schema`.
    Views { catalog: &'static str, schema: &'static str, table: &'static str },
    /// A column.
    Columns { catalog: &'static str, schema: &'static str, table: &'static str, column: &'static str },
    /// A role, which no policy makes visible yet.
    Roles,
    /// A statement that is running or was run by `user`.
    Statements { user: &'static str },
    /// Nothing that belongs to anybody: the types and kinds of tables that Trino has, or no rows at all.
    Nothing,
}

const TEXT: &str = "varchar";
const NUMBER: &str = "bigint";
const FLAG: &str = "boolean";
const INSTANT: &str = "timestamp(3) with time zone";

const PROPERTIES: &[(&str, &str)] =
    &[("catalog_name", TEXT), ("property_name", TEXT), ("default_value", TEXT), ("type", TEXT), ("description", TEXT)];
const CATALOG_NAME: Rows = Rows::Catalogs { catalog: "catalog_name" };
const INFORMATION_SCHEMA_TABLES: Rows =
    Rows::Tables { catalog: "table_catalog", schema: "table_schema", table: "table_name" };

/// A table without hidden columns and without texts of views.
const fn plain(
    schema: &'static str,
    table: &'static str,
    columns: &'static [(&'static str, &'static str)],
    rows: Rows,
) -> MetadataTable {
    MetadataTable { schema, table, columns, hidden: &[], rows, view_texts: &[] }
}

/// All of them.
pub(super) const TABLES: &[MetadataTable] = &[
    MetadataTable {
        schema: "information_schema",
        table: "columns",
        columns: &[
            ("table_catalog", TEXT),
            ("table_schema", TEXT),
            ("table_name", TEXT),
            ("column_name", TEXT),
            ("ordinal_position", NUMBER),
            ("column_default", TEXT),
            ("is_nullable", TEXT),
            ("data_type", TEXT),
        ],
        hidden: &[("comment", TEXT), ("extra_info", TEXT), ("column_comment", TEXT)],
        rows: Rows::Columns {
            catalog: "table_catalog",
            schema: "table_schema",
            table: "table_name",
            column: "column_name",
        },
        view_texts: &[],
    },
    MetadataTable {
        schema: "information_schema",
        table: "tables",
        columns: &[("table_catalog", TEXT), ("table_schema", TEXT), ("table_name", TEXT), ("table_type", TEXT)],
        hidden: &[("table_comment", TEXT)],
        rows: INFORMATION_SCHEMA_TABLES,
        view_texts: &[],
    },
    MetadataTable {
        schema: "information_schema",
        table: "views",
        columns: &[("table_catalog", TEXT), ("table_schema", TEXT), ("table_name", TEXT), ("view_definition", TEXT)],
        hidden: &[],
        rows: Rows::Views { catalog: "table_catalog", schema: "table_schema", table: "table_name" },
        view_texts: &["view_definition"],
    },
    plain(
        "information_schema",
        "schemata",
        &[("catalog_name", TEXT), ("schema_name", TEXT)],
        Rows::Schemas { catalog: "catalog_name", schema: "schema_name" },
    ),
    plain(
        "information_schema",
        "table_privileges",
        &[
            ("grantor", TEXT),
            ("grantor_type", TEXT),
            ("grantee", TEXT),
            ("grantee_type", TEXT),
            ("table_catalog", TEXT),
            ("table_schema", TEXT),
            ("table_name", TEXT),
            ("privilege_type", TEXT),
            ("is_grantable", TEXT),
            ("with_hierarchy", TEXT),
        ],
        INFORMATION_SCHEMA_TABLES,
    ),
    plain("information_schema", "roles", &[("role_name", TEXT)], Rows::Roles),
    plain(
        "information_schema",
        "applicable_roles",
        &[("grantee", TEXT), ("grantee_type", TEXT), ("role_name", TEXT), ("is_grantable", TEXT)],
        Rows::Roles,
    ),
    plain("information_schema", "enabled_roles", &[("role_name", TEXT)], Rows::Roles),
    plain(
        "jdbc",
        "attributes",
        &[
            ("type_cat", TEXT),
            ("type_schem", TEXT),
            ("type_name", TEXT),
            ("attr_name", TEXT),
            ("data_type", NUMBER),
            ("attr_type_name", TEXT),
            ("attr_size", NUMBER),
            ("decimal_digits", NUMBER),
            ("num_prec_radix", NUMBER),
            ("nullable", NUMBER),
            ("remarks", TEXT),
            ("attr_def", TEXT),
            ("sql_data_type", NUMBER),
            ("sql_datetime_sub", NUMBER),
            ("char_octet_length", NUMBER),
            ("ordinal_position", NUMBER),
            ("is_nullable", TEXT),
            ("scope_catalog", TEXT),
            ("scope_schema", TEXT),
            ("scope_table", TEXT),
            ("source_data_type", NUMBER),
        ],
        Rows::Nothing,
    ),
    plain("jdbc", "catalogs", &[("table_cat", TEXT)], Rows::Catalogs { catalog: "table_cat" }),
    plain(
        "jdbc",
        "columns",
        &[
            ("table_cat", TEXT),
            ("table_schem", TEXT),
            ("table_name", TEXT),
            ("column_name", TEXT),
            ("data_type", NUMBER),
            ("type_name", TEXT),
            ("column_size", NUMBER),
            ("buffer_length", NUMBER),
            ("decimal_digits", NUMBER),
            ("num_prec_radix", NUMBER),
            ("nullable", NUMBER),
            ("remarks", TEXT),
            ("column_def", TEXT),
            ("sql_data_type", NUMBER),
            ("sql_datetime_sub", NUMBER),
            ("char_octet_length", NUMBER),
            ("ordinal_position", NUMBER),
            ("is_nullable", TEXT),
            ("scope_catalog", TEXT),
            ("scope_schema", TEXT),
            ("scope_table", TEXT),
            ("source_data_type", NUMBER),
            ("is_autoincrement", TEXT),
            ("is_generatedcolumn", TEXT),
        ],
        Rows::Columns { catalog: "table_cat", schema: "table_schem", table: "table_name", column: "column_name" },
    ),
    plain(
        "jdbc",
        "procedure_columns",
        &[
            ("procedure_cat", TEXT),
            ("procedure_schem", TEXT),
            ("procedure_name", TEXT),
            ("column_name", TEXT),
            ("column_type", NUMBER),
            ("data_type", NUMBER),
            ("type_name", TEXT),
            ("precision", NUMBER),
            ("length", NUMBER),
            ("scale", NUMBER),
            ("radix", NUMBER),
            ("nullable", NUMBER),
            ("remarks", TEXT),
            ("column_def", TEXT),
            ("sql_data_type", NUMBER),
            ("sql_datetime_sub", NUMBER),
            ("char_octet_length", NUMBER),
            ("ordinal_position", NUMBER),
            ("is_nullable", TEXT),
            ("specific_name", TEXT),
        ],
        Rows::Nothing,
    ),
    plain(
        "jdbc",
        "procedures",
        &[
            ("procedure_cat", TEXT),
            ("procedure_schem", TEXT),
            ("procedure_name", TEXT),
            ("remarks", TEXT),
            ("procedure_type", NUMBER),
            ("specific_name", TEXT),
        ],
        Rows::Nothing,
    ),
    plain(
        "jdbc",
        "pseudo_columns",
        &[
            ("table_cat", TEXT),
            ("table_schem", TEXT),
            ("table_name", TEXT),
            ("column_name", TEXT),
            ("data_type", NUMBER),
            ("column_size", NUMBER),
            ("decimal_digits", NUMBER),
            ("num_prec_radix", NUMBER),
            ("column_usage", TEXT),
            ("remarks", TEXT),
            ("char_octet_length", NUMBER),
            ("is_nullable", NUMBER),
        ],
        Rows::Nothing,
    ),
    plain(
        "jdbc",
        "schemas",
        &[("table_schem", TEXT), ("table_catalog", TEXT)],
        Rows::Schemas { catalog: "table_catalog", schema: "table_schem" },
    ),
    plain(
        "jdbc",
        "super_tables",
        &[("table_cat", TEXT), ("table_schem", TEXT), ("table_name", TEXT), ("supertable_name", TEXT)],
        Rows::Nothing,
    ),
    plain(
        "jdbc",
        "super_types",
        &[
            ("type_cat", TEXT),
            ("type_schem", TEXT),
            ("type_name", TEXT),
            ("supertype_cat", TEXT),
            ("supertype_schem", TEXT),
            ("supertype_name", TEXT),
        ],
        Rows::Nothing,
    ),
    plain("jdbc", "table_types", &[("table_type", TEXT)], Rows::Nothing),
    plain(
        "jdbc",
        "tables",
        &[
            ("table_cat", TEXT),
            ("table_schem", TEXT),
            ("table_name", TEXT),
            ("table_type", TEXT),
            ("remarks", TEXT),
            ("type_cat", TEXT),
            ("type_schem", TEXT),
            ("type_name", TEXT),
            ("self_referencing_col_name", TEXT),
            ("ref_generation", TEXT),
        ],
        Rows::Tables { catalog: "table_cat", schema: "table_schem", table: "table_name" },
    ),
    plain(
        "jdbc",
        "types",
        &[
            ("type_name", TEXT),
            ("data_type", NUMBER),
            ("precision", NUMBER),
            ("literal_prefix", TEXT),
            ("literal_suffix", TEXT),
            ("create_params", TEXT),
            ("nullable", NUMBER),
            ("case_sensitive", FLAG),
            ("searchable", NUMBER),
            ("unsigned_attribute", FLAG),
            ("fixed_prec_scale", FLAG),
            ("auto_increment", FLAG),
            ("local_type_name", TEXT),
            ("minimum_scale", NUMBER),
            ("maximum_scale", NUMBER),
            ("sql_data_type", NUMBER),
            ("sql_datetime_sub", NUMBER),
            ("num_prec_radix", NUMBER),
        ],
        Rows::Nothing,
    ),
    plain(
        "jdbc",
        "udts",
        &[
            ("type_cat", TEXT),
            ("type_schem", TEXT),
            ("type_name", TEXT),
            ("class_name", TEXT),
            ("data_type", TEXT),
            ("remarks", TEXT),
            ("base_type", TEXT),
        ],
        Rows::Nothing,
    ),
    plain("metadata", "analyze_properties", PROPERTIES, CATALOG_NAME),
    plain(
        "metadata",
        "catalogs",
        &[("catalog_name", TEXT), ("connector_id", TEXT), ("connector_name", TEXT)],
        CATALOG_NAME,
    ),
    plain("metadata", "column_properties", PROPERTIES, CATALOG_NAME),
    plain("metadata", "materialized_view_properties", PROPERTIES, CATALOG_NAME),
    MetadataTable {
        schema: "metadata",
        table: "materialized_views",
        columns: &[
            ("catalog_name", TEXT),
            ("schema_name", TEXT),
            ("name", TEXT),
            ("storage_catalog", TEXT),
            ("storage_schema", TEXT),
            ("storage_table", TEXT),
            ("freshness", TEXT),
            ("last_fresh_time", "timestamp(9) with time zone"),
            ("comment", TEXT),
            ("definition", TEXT),
        ],
        hidden: &[],
        rows: Rows::Views { catalog: "catalog_name", schema: "schema_name", table: "name" },
        view_texts: &["storage_catalog", "storage_schema", "storage_table", "definition"],
    },
    plain("metadata", "schema_properties", PROPERTIES, CATALOG_NAME),
    plain(
        "metadata",
        "table_comments",
        &[("catalog_name", TEXT), ("schema_name", TEXT), ("table_name", TEXT), ("comment", TEXT)],
        Rows::Tables { catalog: "catalog_name", schema: "schema_name", table: "table_name" },
    ),
    plain("metadata", "table_properties", PROPERTIES, CATALOG_NAME),
    plain(
        "runtime",
        "queries",
        &[
            ("query_id", TEXT),
            ("state", TEXT),
            ("user", TEXT),
            ("source", TEXT),
            ("query", TEXT),
            ("resource_group_id", "array(varchar)"),
            ("queued_time_ms", NUMBER),
            ("analysis_time_ms", NUMBER),
            ("planning_time_ms", NUMBER),
            ("created", INSTANT),
            ("started", INSTANT),
            ("last_heartbeat", INSTANT),
            ("end", INSTANT),
            ("error_type", TEXT),
            ("error_code", TEXT),
        ],
        Rows::Statements { user: "user" },
    ),
];
