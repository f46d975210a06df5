//! What a user reads when a statement is refused, in Trino's wording.
//!
//! A refusal names the object, why, and what to do. What is not granted and what does not exist get the same text.

use super::{Alarm, ErrorCode, Refusal};
use crate::analysis::facts::{BaseRelation, MissingColumn, Problem};
use crate::analysis::intent::{Kept, Needed};
use crate::analysis::object::Guard;
use crate::names::TableName;
use crate::policy::{PolicyRef, Privilege};
use crate::sql::{Span, SqlError, SqlErrorKind, line_and_column};
use std::collections::BTreeSet;
use std::fmt::Display;

/// A refusal that stands at `span` of `text`.
pub(super) fn at(text: &str, span: Span, code: ErrorCode, message: impl Into<String>) -> Refusal {
    Refusal { code, message: message.into(), location: Some(line_and_column(text, span.start)) }
}

/// A refusal of access, without a place.
pub(super) fn denied(message: impl Display) -> Refusal {
    Refusal { code: ErrorCode::PermissionDenied, message: format!("Access Denied: {message}"), location: None }
}

/// A text that can't be read.
pub(super) fn unreadable(text: &str, error: &SqlError) -> Refusal {
    let code = match error.kind {
        SqlErrorKind::Syntax => ErrorCode::SyntaxError,
        SqlErrorKind::Limit => ErrorCode::ExceededLimit,
    };
    at(text, error.span, code, error.message.clone())
}

/// A statement that Sluice does not decide yet.
pub(super) fn not_supported(what: &str) -> Refusal {
    Refusal { code: ErrorCode::NotSupported, message: format!("{what} is not supported by Sluice yet"), location: None }
}

/// A statement that is not decided, with the reason where there is a lasting one.
pub(super) fn undecided(class: &str) -> Refusal {
    let message = match class {
        "RenameSchema" => {
            "ALTER SCHEMA … RENAME TO is refused by Sluice: policies are by name, so each table of the schema would get the \
             masks and filters of another one"
        }
        "SetRole" => {
            "SET ROLE is refused by Sluice: policies know nothing of Trino's roles, and what you may do does not depend on them"
        }
        _ => return not_supported(&format!("The statement {class}")),
    };
    Refusal { code: ErrorCode::NotSupported, message: message.to_owned(), location: None }
}

/// With a path, a function's name would stand for another function than the one that was judged.
pub(super) fn path() -> Refusal {
    let message = "SET PATH is refused by Sluice: a function is judged by its name; call functions by their full names, \
                   catalog.schema.function";
    Refusal { code: ErrorCode::NotSupported, message: message.to_owned(), location: None }
}

/// One prepared text goes along with a statement.
pub(super) fn prepared_execute() -> Refusal {
    let message = "Invalid statement type for prepared statement: EXECUTE".to_owned();
    Refusal { code: ErrorCode::NotSupported, message, location: None }
}

/// A table that is not granted or not there; or one that is denied though something is granted on it.
pub(super) fn table_denied(name: &TableName, by: Option<&PolicyRef>) -> Refusal {
    if let Some(PolicyRef { policy, .. }) = by {
        return denied(format_args!(
            "Cannot select from table {name}: policy {policy} denies it to you; ask whoever is responsible for that policy"
        ));
    }
    denied(format_args!(
        "Cannot select from table {name}: no policy grants it to you, or there is no such table; \
         ask the owners of {}.{} for a grant of select",
        name.catalog, name.schema
    ))
}

/// A privilege that is not granted, or denied though it is granted.
pub(super) fn change_denied(needed: &Needed, by: Option<&PolicyRef>) -> Refusal {
    let (sort, name, privilege) = (needed.sort(), needed.shown(), needed.privilege.as_str());
    let verb = match needed.privilege {
        Privilege::Select => "select from",
        Privilege::Insert => "insert into",
        Privilege::Delete => "delete from",
        Privilege::Grant => "grant on",
        Privilege::Revoke => "revoke on",
        Privilege::Show => "show create",
        _ => privilege,
    };
    let purpose = needed.purpose.map(|purpose| format!(", for {purpose}")).unwrap_or_default();
    if let Some(PolicyRef { policy, .. }) = by {
        return denied(format_args!(
            "Cannot {verb} {sort} {name}{purpose}: policy {policy} denies it to you; ask whoever is responsible for \
             that policy"
        ));
    }
    denied(format_args!(
        "Cannot {verb} {sort} {name}{purpose}: no policy grants it to you, or there is no such {sort}; ask its owners for \
         a grant of {privilege}"
    ))
}

/// A table that is granted and can't be guarded.
pub(super) fn table_impossible(name: &TableName, why: &str) -> Refusal {
    denied(format_args!("Cannot select from table {name}: {why}; ask the owners of {}.{}", name.catalog, name.schema))
}

/// A column that is not granted or not there, of the restricted tables at hand.
pub(super) fn column_denied(missing: &MissingColumn, relations: &[&BaseRelation]) -> Refusal {
    let tables: BTreeSet<&TableName> = relations.iter().map(|relation| &relation.name).collect();
    let tables = tables.into_iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let column = &missing.column;
    denied(format_args!(
        "Cannot select from columns [{column}] in table or view {tables}: no policy grants the column to you, or there \
         is no such column; ask the owners of the table for a grant of it"
    ))
}

/// What analysis could not resolve.
pub(super) fn problem(text: &str, span: Span, problem: &Problem) -> Refusal {
    match problem {
        Problem::TooManyParts(name) => {
            at(text, span, ErrorCode::SyntaxError, format!("Too many dots in table name: {name}"))
        }
        Problem::NoCatalog => {
            at(text, span, ErrorCode::MissingCatalogName, "Catalog must be specified when session catalog is not set")
        }
        Problem::NoSchema => {
            at(text, span, ErrorCode::MissingSchemaName, "Schema must be specified when session schema is not set")
        }
        Problem::NotSupported(what) => {
            at(text, span, ErrorCode::NotSupported, format!("{what} is not supported by Sluice yet"))
        }
        Problem::NotThreeParts(name) => {
            at(text, span, ErrorCode::NotSupported, format!("table {name} must be named by catalog, schema and table"))
        }
        Problem::NoSuchTable(name) => {
            at(text, span, ErrorCode::TableNotFound, format!("Table '{name}' does not exist"))
        }
    }
}

/// `EXPLAIN` would quote the policies' constants and count hidden rows.
pub(super) fn explain_denied(table: &TableName, of_owner: bool) -> Refusal {
    let why = if of_owner {
        "it is a view that reads with its owner's rights what is not granted to you, and a plan would show that"
    } else {
        "a mask or a row filter applies to it for you, and a plan would show what they hide"
    };
    denied(format_args!("Cannot explain a query over table {table}: {why}; EXPLAIN (TYPE VALIDATE) is possible"))
}

/// Statistics count hidden rows and quote hidden values.
pub(super) fn stats_denied(name: &TableName) -> Refusal {
    denied(format_args!(
        "Cannot show stats for table {name}: you may not read each row and column of it, or there is no such table"
    ))
}

/// A view whose text would show more than its maker sees.
pub(super) fn kept_denied(name: &TableName, kept: Kept, guard: &Guard, whole: bool) -> Refusal {
    let why = match (guard.metadata, whole, kept) {
        (true, ..) => "what Trino tells of itself is not the same for each reader",
        (false, false, _) => {
            "you may not read each column of it, and Trino would look for the view's among all of them"
        }
        (false, true, Kept::Rows) if guard.of_owner() => {
            "it reads with its owner's rights what is not granted to you, and a materialized view would store that"
        }
        (false, true, Kept::ForOwner) if guard.of_owner() => {
            "it reads with its owner's rights what is not granted to you, and the view would be read with yours; create it \
             with SECURITY INVOKER"
        }
        (false, true, Kept::Rows) => "a materialized view would store what a mask or a row filter hides from you",
        (false, true, Kept::ForReaders | Kept::ForOwner) => {
            "a mask or a row filter applies to it for you, and the view would be read with its owner's rights; create it \
             with SECURITY INVOKER"
        }
    };
    denied(format_args!("Cannot create a view over table {name}: {why}"))
}

/// What the user reads of a disagreement between Sluice's own parts.
pub(super) fn alarming(alarm: &Alarm) -> Refusal {
    let what = match alarm {
        Alarm::Unproved(_) => "it could not be proved that the statement shows only what you may see",
        Alarm::SecondOpinion(_) => "the statement can be read in two ways",
    };
    denied(format_args!("Cannot execute query: {what}; its operators have been told, write it in another way"))
}
