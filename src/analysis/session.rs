//! The client's session, as far as a decision depends on it.

use std::collections::BTreeMap;

/// What the client's headers say. Names are as sent; analysis folds them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Session {
    /// `X-Trino-Catalog`.
    pub catalog: Option<String>,
    /// `X-Trino-Schema`.
    pub schema: Option<String>,
    /// `X-Trino-Prepared-Statement`: name to text, both decoded.
    pub prepared: BTreeMap<String, String>,
    /// `X-Trino-Session`: property (`name` or `catalog.name`) to value, decoded.
    pub properties: BTreeMap<String, String>,
}
