//! A statement's text as it may be written down: without the values of a catalog's properties, which hold passwords.
//!
//! In: a text. Out: the text, each such value replaced by `'***'`. A text that speaks of `CREATE` and `CATALOG` and can't
//! be read is left out as a whole.

use super::ast::{CreateCatalog, Definition, Span, Statement, StatementKind};
use super::visit::{Visit, walk};
use super::{GrammarVersion, parse_statement};
use std::borrow::Cow;

/// What stands for a value.
const HIDDEN: &str = "'***'";
/// What stands for a text that can't be read.
const UNREADABLE: &str = "CREATE CATALOG (a text that can't be read)";
/// `EXECUTE IMMEDIATE` within each other that are read.
const DEEPEST: usize = 4;

/// The text as it may be written down.
pub fn redacted(sql: &str) -> Cow<'_, str> {
    if !may_hold_a_catalog(sql) {
        return Cow::Borrowed(sql);
    }
    let Some(spans) = hidden(sql, 0) else { return Cow::Borrowed(UNREADABLE) };
    if spans.is_empty() {
        return Cow::Borrowed(sql);
    }
    let mut shown = String::with_capacity(sql.len());
    let mut from = 0;
    for span in spans {
        shown.push_str(Span { start: from, end: span.start }.of(sql));
        shown.push_str(HIDDEN);
        from = span.end;
    }
    shown.push_str(sql.get(from as usize..).unwrap_or_default());
    Cow::Owned(shown)
}

/// Whether both words stand in it, wherever.
fn may_hold_a_catalog(sql: &str) -> bool {
    let has = |word: &[u8]| sql.as_bytes().windows(word.len()).any(|part| part.eq_ignore_ascii_case(word));
    // A literal with Unicode escapes may hold any word.
    (has(b"create") && has(b"catalog")) || (has(b"immediate") && has(b"u&"))
}

/// The places of values, in order; `None` if the text can't be read.
fn hidden(sql: &str, depth: usize) -> Option<Vec<Span>> {
    let statement = GrammarVersion::ALL.iter().find_map(|grammar| parse_statement(sql, *grammar).ok())?;
    let mut values = Values { depth, spans: Vec::new() };
    values.statement(&statement);
    Some(values.spans)
}

struct Values {
    depth: usize,
    spans: Vec<Span>,
}

impl Visit for Values {
    fn statement(&mut self, node: &Statement) {
        if let StatementKind::ExecuteImmediate { text, .. } = &node.kind
            && may_hold_a_catalog(&text.value)
            && (self.depth >= DEEPEST || hidden(&text.value, self.depth + 1).is_none_or(|spans| !spans.is_empty()))
        {
            self.spans.push(text.span);
            return;
        }
        walk::statement(self, node);
    }

    fn definition(&mut self, node: &Definition) {
        if let Definition::CreateCatalog(CreateCatalog { properties, .. }) = node {
            self.spans.extend(properties.iter().filter_map(|property| property.value.as_ref()).map(|value| value.span));
        }
        walk::definition(self, node);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_a_catalogs_properties_are_not_written_down() {
        for (sql, shown) in [
            ("SELECT 'create catalog'", "SELECT 'create catalog'"),
            ("CREATE CATALOG c USING memory", "CREATE CATALOG c USING memory"),
            (
                "create catalog c using p with (\"user\" = 'u', \"password\" = 's3cret' || 'x')",
                "create catalog c using p with (\"user\" = '***', \"password\" = '***')",
            ),
            (
                "PREPARE p FROM EXPLAIN CREATE CATALOG c USING p WITH (a = 's3cret')",
                "PREPARE p FROM EXPLAIN CREATE CATALOG c USING p WITH (a = '***')",
            ),
            ("EXECUTE IMMEDIATE 'CREATE CATALOG c USING p WITH (a = ''s3cret'')'", "EXECUTE IMMEDIATE '***'"),
            ("EXECUTE IMMEDIATE U&'CREATE C\\0041TALOG c USING p WITH (a = ''s3cret'')'", "EXECUTE IMMEDIATE '***'"),
            (
                "EXECUTE IMMEDIATE 'EXECUTE IMMEDIATE ''CREATE CATALOG c USING p WITH (a = ''''s3cret'''')'''",
                "EXECUTE IMMEDIATE '***'",
            ),
            ("CREATE CATALOG c USING p WITH (a = 's3cret' 'x')", UNREADABLE),
            ("EXECUTE IMMEDIATE 'CREATE CATALOG c WITH (a = ''s3cret'')'", "EXECUTE IMMEDIATE '***'"),
        ] {
            assert_eq!(redacted(sql), shown, "{sql}");
        }
    }
}
