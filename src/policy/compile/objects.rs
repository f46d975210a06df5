//! The tables and functions that a policy is about.

use super::domains::Domain;
use super::{Context, place};
use crate::policy::diagnostics::Diagnostic;
use crate::policy::document::{At, Bytes};
use crate::policy::index::TablePattern;
use compact_str::CompactString;

/// A name of three parts as it is written in a policy, where two may be left out.
pub(super) struct Written<'a> {
    pub(super) at: &'a Bytes,
    pub(super) catalog: Option<&'a At<String>>,
    pub(super) schema: Option<&'a At<String>>,
    pub(super) object: &'a At<String>,
}

/// The pattern, with what the domain lets it leave out. What is wrong with it, or not the domain's, is reported.
pub(super) fn pattern(
    file: usize,
    written: &Written<'_>,
    owner: &str,
    domain: &Domain,
    context: &mut Context<'_>,
) -> Option<TablePattern> {
    let mut part = |name: Option<&At<String>>, default: Option<&CompactString>, what: &str| match (name, default) {
        (Some(name), _) => {
            context.check_text(file, name, &format!("the name of a {what}"));
            Some(CompactString::from(&name.value).to_lowercase())
        }
        (None, Some(default)) => Some(default.clone()),
        (None, None) => {
            let owned = if domain.central { "everything".to_owned() } else { domain.owned() };
            context.report(
                Diagnostic::new(
                    "missing-field",
                    place(file, written.at),
                    format!("`{what}` is missing"),
                    format!("in which {what}?"),
                )
                .help(format!(
                    "it can only be left out where the domain owns exactly one {what}; `{owner}` owns {owned}"
                )),
            );
            None
        }
    };
    let catalog = part(written.catalog, domain.only_catalog(), "catalog");
    let schema = part(written.schema, domain.only_schema(), "schema");
    let table = part(Some(written.object), None, "table");
    let pattern = TablePattern { catalog: catalog?, schema: schema?, table: table? };
    if !domain.may_speak_of(&pattern) {
        context.report(domain.not_owned(place(file, written.at), &pattern));
    }
    Some(pattern)
}
