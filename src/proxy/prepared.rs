//! Prepared statements as they stand in a header.

/// The text of a prepared statement, or `None` if it can't be read.
pub(crate) fn unpack(value: &str) -> Option<String> {
    // Trino packs long texts (`$zstd:`), and no SQL begins with a dollar sign.
    (!value.starts_with('$')).then(|| value.to_owned())
}
