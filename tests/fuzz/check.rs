//! What must hold for any bytes.

use sluice::sql::ast::{
    DataType, Expr, ExprKind, Identifier, NamedQuery, NewerExpr, Query, QueryBody, Relation, Select,
};
use sluice::sql::visit::{Visit, walk};
use sluice::sql::{
    GrammarVersion, Span, Statement, dump, parse_expression, parse_statement, print_statement, same_statement, summary,
    token_spans,
};
use std::panic::catch_unwind;
use std::time::{Duration, Instant};

/// What a text may take whatever its length, and for each of its bytes. Some hundred times what it takes: another
/// program may have the processor.
const AT_LEAST: Duration = Duration::from_millis(150);
const EACH_BYTE: Duration = Duration::from_micros(100);

/// Whether the bytes are read as a statement by some grammar, or which rule they break.
pub(crate) fn check(bytes: &[u8]) -> Result<bool, String> {
    // What is no text at all is refused before it is read; with its bad bytes replaced it is one.
    let text = String::from_utf8_lossy(bytes);
    let mut read = false;
    for version in GrammarVersion::ALL {
        let checked = catch_unwind(|| one(&text, version));
        read |= checked.map_err(|panic| format!("{version:?}: it panics: {}", said(panic.as_ref())))??;
    }
    Ok(read)
}

pub(crate) fn said(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or_default()
}

fn one(text: &str, version: GrammarVersion) -> Result<bool, String> {
    let most = AT_LEAST + EACH_BYTE * text.len() as u32;
    let mut taken = Duration::MAX;
    // A text that is slow is slow each time.
    for _ in 0..3 {
        let began = Instant::now();
        let _ = parse_statement(text, version);
        taken = taken.min(began.elapsed());
        if taken <= most {
            break;
        }
    }
    if taken > most {
        return Err(format!("{version:?}: it takes {taken:?}"));
    }
    let whole = |span: Span| {
        let (start, end) = (span.start as usize, span.end as usize);
        start <= end && text.is_char_boundary(start) && text.is_char_boundary(end)
    };
    if let Ok(spans) = token_spans(text, version)
        && !(spans.iter().all(|span| whole(*span)) && spans.is_sorted_by(|before, after| before.end <= after.start))
    {
        return Err(format!("{version:?}: its tokens overlap"));
    }
    let statement = match parse_statement(text, version) {
        Ok(statement) => statement,
        Err(error) if whole(error.span) => return Ok(false),
        Err(error) => return Err(format!("{version:?}: the error stands at {:?}", error.span)),
    };
    spans(text, &statement).map_err(|why| format!("{version:?}: {why}"))?;
    let found = summary(&statement);
    if found.class != statement.kind.class() || !found.relations.iter().all(|name| whole(name.span)) {
        return Err(format!("{version:?}: its summary is wrong"));
    }
    let tree = dump(text, &statement, false);
    let printed = print_statement(text, version).map_err(|error| format!("{version:?}: it is not printed: {error}"))?;
    let again = parse_statement(&printed, version)
        .map_err(|error| format!("{version:?}: printed as {printed:?} it is not read: {error}"))?;
    if !same_statement(&statement, &again) || tree != dump(&printed, &again, false) {
        return Err(format!("{version:?}: printed as {printed:?} it is another statement"));
    }
    if print_statement(&printed, version).ok().as_ref() != Some(&printed) {
        return Err(format!("{version:?}: {printed:?} is printed in another way"));
    }
    Ok(true)
}

fn spans(text: &str, statement: &Statement) -> Result<(), String> {
    let mut spans = Spans { text, within: Vec::new(), wrong: None };
    spans.statement(statement);
    spans.wrong.map_or(Ok(()), Err)
}

/// Each node stands in the text and within the node that holds it; each name is what stands there.
struct Spans<'t> {
    text: &'t str,
    within: Vec<Span>,
    wrong: Option<String>,
}

impl Spans<'_> {
    fn node(&mut self, what: &str, span: Span, below: impl FnOnce(&mut Self)) {
        let outer = self.within.last().copied().unwrap_or(Span { start: 0, end: self.text.len() as u32 });
        if span.start < outer.start || span.end > outer.end || span.start >= span.end {
            self.wrong.get_or_insert_with(|| format!("the span {span:?} of {what} is not within {outer:?}"));
        }
        self.within.push(span);
        below(self);
        self.within.pop();
    }
}

impl Visit for Spans<'_> {
    fn statement(&mut self, node: &Statement) {
        self.node("a statement", node.span, |spans| walk::statement(spans, node));
    }

    fn query(&mut self, node: &Query) {
        self.node("a query", node.span, |spans| walk::query(spans, node));
    }

    fn named_query(&mut self, node: &NamedQuery) {
        self.node("a named query", node.span, |spans| walk::named_query(spans, node));
    }

    fn select(&mut self, node: &Select) {
        self.node("a select", node.span, |spans| walk::select(spans, node));
    }

    fn query_body(&mut self, node: &QueryBody) {
        walk::query_body(self, node);
    }

    fn relation(&mut self, node: &Relation) {
        self.node("a relation", node.span(), |spans| walk::relation(spans, node));
    }

    fn expr(&mut self, node: &Expr) {
        // The only node that is not written: what `WHEN <> 1` of Trino 483 compares.
        if matches!(&node.kind, ExprKind::Newer(newer) if **newer == NewerExpr::CaseOperand) {
            return self.span(&node.span);
        }
        self.node("an expression", node.span, |spans| walk::expr(spans, node));
    }

    fn data_type(&mut self, node: &DataType) {
        self.node("a type", node.span, |spans| walk::data_type(spans, node));
    }

    fn identifier(&mut self, node: &Identifier) {
        let written = node.span.of(self.text);
        let value = if written.ends_with('\'') {
            // Trino 483 takes a field that is named by a string for one in double quotes.
            match parse_expression(written, GrammarVersion::NEWEST).map(|expr| expr.kind) {
                Ok(ExprKind::String(string)) => string.value.to_string(),
                _ => String::new(),
            }
        } else if node.delimited {
            written.get(1..written.len().saturating_sub(1)).unwrap_or_default().replace("\"\"", "\"")
        } else {
            written.to_owned()
        };
        if node.value != value && node.value != "double precision" {
            self.wrong.get_or_insert_with(|| format!("the name {:?} stands as {written:?}", node.value));
        }
    }

    fn span(&mut self, span: &Span) {
        let inside = self.text.get(span.start as usize..span.end as usize).is_some();
        if !inside {
            self.wrong.get_or_insert_with(|| format!("the span {span:?} is not in the text"));
        }
    }
}
