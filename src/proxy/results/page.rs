//! A page of results on its way: columns and rows go by, addresses lead back to Sluice, errors and statistics say what
//! they may.
//!
//! In: the bytes of a page of Trino's. Out: the bytes for the client, and at its end a [`Summary`]. Nothing is added
//! to a page or guessed: one that can't be read ends with [`Malformed`].

use super::own_error::INFO_PATH;
use super::scanner::{Field, Malformed, Piece, Scanner, Treatment};
use super::statistics;
use super::trino_error::{self, ErrorContext};
use crate::proxy::mark::{Facts, MarkKey, Owner};
use crate::proxy::origin::Origin;
use crate::proxy::query_id::QueryId;
use crate::proxy::routes::{PagePath, PageQuery};
use crate::rewrite::PositionMap;
use bytes::{Bytes, BytesMut};
use std::sync::Arc;

/// Pieces smaller than this are put together, so that a page is not sent in crumbs.
const SMALL: usize = 4096;
/// About how much longer the parts that change become.
const LONGER: usize = 512;

/// What a page is changed by.
#[derive(Clone, Debug)]
pub(crate) struct PageContext {
    /// Where addresses lead.
    pub(crate) origin: Origin,
    /// Makes marks.
    pub(crate) key: MarkKey,
    /// Whose the query is.
    pub(crate) owner: Owner,
    /// What is known of it.
    pub(crate) facts: Facts,
    /// The mark that says so, if it is at hand.
    pub(crate) mark: Option<String>,
    /// The way back to places in the user's text, where it is still known.
    pub(crate) positions: Option<Arc<PositionMap>>,
    /// The query that the page must be of; not known for the first page.
    pub(crate) query: Option<QueryId>,
    /// Most bytes of the parts that change.
    pub(crate) envelope_bytes: usize,
}

/// What was on a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Summary {
    /// The query.
    pub(crate) query: QueryId,
    /// Path and query of the next page, as asked of Trino; `None` on the last one.
    pub(crate) next: Option<String>,
    /// The name of the error, if there is one.
    pub(crate) error: Option<String>,
    /// Rows on the page.
    pub(crate) rows: u64,
}

/// A page on its way.
#[derive(Debug)]
pub(crate) struct Page {
    context: PageContext,
    scanner: Scanner,
    query: Option<QueryId>,
    /// Parts that came before the query's id, which they depend on.
    held: Vec<(Field, Vec<u8>)>,
    fields: usize,
    next: Option<String>,
    error: Option<String>,
    pieces: Vec<Piece>,
}

impl Page {
    /// A page of which nothing has come yet.
    pub(crate) fn new(context: PageContext) -> Page {
        let statistics = if context.facts.restricted { Treatment::Keep } else { Treatment::Pass };
        let scanner = Scanner::new(context.envelope_bytes, statistics);
        let query = context.query.clone();
        Page { context, scanner, query, held: Vec::new(), fields: 0, next: None, error: None, pieces: Vec::new() }
    }

    /// Takes bytes of Trino's and gives bytes for the client.
    ///
    /// # Errors
    /// [`Malformed`]; what was given before must not be completed.
    pub(crate) fn push(&mut self, chunk: &Bytes, out: &mut impl Extend<Bytes>) -> Result<(), Malformed> {
        let mut pieces = std::mem::take(&mut self.pieces);
        let result = self.scanner.push(chunk, &mut pieces);
        let mut small = BytesMut::with_capacity(chunk.len().min(SMALL) + LONGER);
        for piece in pieces.drain(..) {
            match piece {
                Piece::Begin(field) => self.begin(field, &mut small),
                Piece::Raw(bytes) if bytes.len() < SMALL => small.extend_from_slice(&bytes),
                Piece::Raw(bytes) => {
                    if !small.is_empty() {
                        out.extend([small.split().freeze()]);
                    }
                    out.extend([bytes]);
                }
                Piece::Whole(field, value) => self.whole(field, value, &mut small)?,
                Piece::End => self.end(&mut small)?,
            }
        }
        if !small.is_empty() {
            out.extend([small.freeze()]);
        }
        self.pieces = pieces;
        result
    }

    /// The end of Trino's bytes. To be asked for once.
    ///
    /// # Errors
    /// [`Malformed`], if the page was cut off.
    pub(crate) fn finish(&mut self) -> Result<Summary, Malformed> {
        match self.query.take() {
            Some(query) if self.scanner.done() => {
                Ok(Summary { query, next: self.next.take(), error: self.error.take(), rows: self.scanner.rows() })
            }
            _ => Err(Malformed("cut off")),
        }
    }

    fn begin(&mut self, field: Field, out: &mut BytesMut) {
        begin(&mut self.fields, field, out);
    }

    fn whole(&mut self, field: Field, value: Vec<u8>, out: &mut BytesMut) -> Result<(), Malformed> {
        if field != Field::Id {
            self.held.push((field, value));
            return self.release(out);
        }
        let id = string(&value)?.and_then(|id| QueryId::parse(&id)).ok_or(Malformed("no id of a query"))?;
        if self.query.as_ref().is_some_and(|query| *query != id) {
            return Err(Malformed("of another query"));
        }
        self.begin(field, out);
        out.extend_from_slice(&value);
        self.query = Some(id);
        self.release(out)
    }

    /// Writes the parts that wait for the query's id, once it is known.
    fn release(&mut self, out: &mut BytesMut) -> Result<(), Malformed> {
        let Some(query) = &self.query else {
            return Ok(());
        };
        for (field, value) in self.held.drain(..).filter(|(_, value)| value != b"null") {
            begin(&mut self.fields, field, out);
            match self.context.change(field, &value, query, out)? {
                Noted::Nothing => {}
                Noted::Next(next) => self.next = Some(next),
                Noted::Error(name) => self.error = Some(name),
            }
        }
        Ok(())
    }

    fn end(&mut self, out: &mut BytesMut) -> Result<(), Malformed> {
        if self.query.is_none() || !self.held.is_empty() || !self.scanner.has(Field::Id) {
            return Err(Malformed("no id of a query"));
        }
        out.extend_from_slice(if self.fields == 0 { b"{}" } else { b"}" });
        Ok(())
    }
}

/// What is kept of a part that was changed.
enum Noted {
    Nothing,
    /// Path and query of the next page, as asked of Trino.
    Next(String),
    /// The name of the error.
    Error(String),
}

impl PageContext {
    /// Writes a part for the client.
    fn change(&self, field: Field, value: &[u8], query: &QueryId, out: &mut BytesMut) -> Result<Noted, Malformed> {
        let errors = ErrorContext {
            query,
            restricted: self.facts.restricted,
            rewritten: self.facts.rewritten,
            positions: self.positions.as_deref(),
        };
        match field {
            Field::InfoUri => quoted(&[self.origin.as_str(), INFO_PATH, query.as_str()], out)?,
            Field::PartialCancelUri => {
                self.address(value, query, out)?;
            }
            Field::NextUri => return Ok(Noted::Next(self.address(value, query, out)?)),
            Field::Error => {
                let (error, name) = trino_error::error(value, &errors)?;
                out.extend_from_slice(&error);
                return Ok(Noted::Error(name));
            }
            Field::Warnings if value == b"[]" => out.extend_from_slice(value),
            Field::Warnings => out.extend_from_slice(&trino_error::warnings(value, &errors)?),
            Field::Stats => statistics::without_counts(value, out)?,
            _ => return Err(Malformed("a field out of place")),
        }
        Ok(Noted::Nothing)
    }

    /// Writes an address of Trino's as one of Sluice's with a mark. Gives path and query that Trino is asked for.
    fn address(&self, value: &[u8], query: &QueryId, out: &mut BytesMut) -> Result<String, Malformed> {
        const ADDRESS: Malformed = Malformed("an address that leads elsewhere");
        let (path, asked) = path_and_query(value).ok_or(ADDRESS)?;
        if PagePath::query_in(path) != Some(query.as_str()) {
            return Err(ADDRESS);
        }
        let asked = PageQuery::parse(asked).filter(|asked| asked.mark.is_none()).ok_or(ADDRESS)?;
        let made = self.mark.is_none().then(|| self.key.mark(&self.owner, query, &self.facts));
        let mark = self.mark.as_deref().or(made.as_deref()).unwrap_or_default();
        let next = asked.upstream(path);
        let joint = if asked.trino.is_empty() { "?sluice=" } else { "&sluice=" };
        quoted(&[self.origin.as_str(), &next, joint, mark], out)?;
        Ok(next)
    }
}

/// Writes a field's name and what stands in front of it.
fn begin(fields: &mut usize, field: Field, out: &mut BytesMut) {
    out.extend_from_slice(if *fields == 0 { b"{\"" } else { b",\"" });
    out.extend_from_slice(field.name().as_bytes());
    out.extend_from_slice(b"\":");
    *fields += 1;
}

fn string(value: &[u8]) -> Result<Option<String>, Malformed> {
    serde_json::from_slice(value).map_err(|_| Malformed("a text of another shape"))
}

/// What follows host and port, if there are any, in an address that is written as a JSON string without escapes. What it says is for
/// [`PagePath`] and [`PageQuery`] to judge, which take a few characters alone.
fn path_and_query(value: &[u8]) -> Option<(&str, Option<&str>)> {
    let address = std::str::from_utf8(value).ok()?.strip_prefix('"')?.strip_suffix('"')?;
    let target = match address.strip_prefix("http://").or_else(|| address.strip_prefix("https://")) {
        Some(rest) => rest.get(rest.find('/')?..)?,
        None => address,
    };
    Some(target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query))))
}

/// Writes texts as one JSON string.
fn quoted(parts: &[&str], out: &mut BytesMut) -> Result<(), Malformed> {
    let plain = |byte: u8| byte >= b' ' && byte != b'"' && byte != b'\\';
    // All bytes are looked at, which processors do many at a time.
    if parts.iter().all(|part| part.bytes().fold(true, |all, byte| all & plain(byte))) {
        out.extend_from_slice(b"\"");
        for part in parts {
            out.extend_from_slice(part.as_bytes());
        }
        out.extend_from_slice(b"\"");
        return Ok(());
    }
    let text = serde_json::to_vec(&parts.concat()).map_err(|_| Malformed("a text of another shape"))?;
    out.extend_from_slice(&text);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proxy::origin::Origins;
    use serde_json::{Value, json};
    use uuid::Uuid;

    fn context(query: Option<&str>) -> PageContext {
        let mut headers = http::HeaderMap::new();
        headers.insert("host", "sluice.example:8443".parse().unwrap());
        PageContext {
            origin: Origins::new(None, true).of(&headers).unwrap(),
            key: MarkKey::load(None).unwrap(),
            owner: Owner { principal: "anna".to_owned(), user: "anna".to_owned() },
            facts: Facts {
                restricted: false,
                rewritten: false,
                redefines: false,
                unresolved: false,
                by_address: false,
                cluster: crate::proxy::cluster_id::ClusterId::UPSTREAM,
                decision: Uuid::from_u128(1),
            },
            mark: None,
            positions: None,
            query: query.map(|id| QueryId::parse(id).unwrap()),
            envelope_bytes: 100_000,
        }
    }

    fn run(page: &str, context: PageContext, cut: usize) -> Result<(Value, Summary), Malformed> {
        let mut reader = Page::new(context);
        let mut out: Vec<Bytes> = Vec::new();
        for part in page.as_bytes().chunks(cut) {
            reader.push(&Bytes::copy_from_slice(part), &mut out)?;
        }
        let summary = reader.finish()?;
        Ok((serde_json::from_slice(&out.concat()).unwrap(), summary))
    }

    const NEXT: &str = "http://10.0.0.1:8080/v1/statement/executing/q_1/yabc/1";

    #[test]
    fn each_address_leads_to_sluice_whatever_the_order_of_fields() {
        let fields = [
            json!({"nextUri": NEXT}),
            json!({"partialCancelUri": "http://trino/v1/statement/executing/partialCancel/q_1/0/yabc/1"}),
            json!({"infoUri": "http://trino:8080/ui/query.html?q_1"}),
            json!({"id": "q_1"}),
            json!({"columns": [{"name": "a"}]}),
            json!({"data": [[1], [2]]}),
            json!({"stats": {"state": "RUNNING"}}),
            json!({"warnings": []}),
        ];
        for rotated in 0..fields.len() {
            let mut order = fields.clone();
            order.rotate_left(rotated);
            let inner: Vec<String> = order
                .iter()
                .map(serde_json::Value::to_string)
                .map(|field| field.strip_prefix('{').unwrap().strip_suffix('}').unwrap().to_owned())
                .collect();
            let page = format!("{{{}}}", inner.join(","));
            for cut in [1, 7, 10_000] {
                let (shown, summary) = run(&page, context(None), cut).unwrap();
                assert!(!shown.to_string().contains("10.0.0.1") && !shown.to_string().contains("trino"), "{shown}");
                let next = shown["nextUri"].as_str().unwrap();
                assert!(next.starts_with("https://sluice.example:8443/v1/statement/executing/q_1/yabc/1?sluice="));
                assert_eq!(shown["infoUri"], "https://sluice.example:8443/ui/query.html?q_1");
                assert_eq!(shown["data"], json!([[1], [2]]));
                assert_eq!(summary.next.as_deref(), Some("/v1/statement/executing/q_1/yabc/1"));
                assert_eq!(summary.rows, 2);
            }
        }
    }

    #[test]
    fn counts_are_told_where_nothing_is_hidden_and_nowhere_else() {
        let page = r#"{"id":"q_1","stats":{"state":"RUNNING","processedRows": 6,"new":[1]},"warnings":[]}"#;
        for cut in [1, 7, 10_000] {
            let mut reader = Page::new(context(None));
            let mut out: Vec<Bytes> = Vec::new();
            for part in page.as_bytes().chunks(cut) {
                reader.push(&Bytes::copy_from_slice(part), &mut out).unwrap();
            }
            assert_eq!(out.concat(), page.as_bytes());
            let mut hiding = context(None);
            hiding.facts.restricted = true;
            let (shown, _) = run(page, hiding, cut).unwrap();
            assert_eq!((&shown["stats"]["state"], &shown["stats"]["processedRows"]), (&json!("RUNNING"), &json!(0)));
            assert_eq!(shown["stats"].get("new"), None);
        }
    }

    #[test]
    fn a_mark_in_an_address_is_its_owners() {
        let context = context(None);
        let (key, owner) = (context.key.clone(), context.owner.clone());
        let (shown, summary) = run(&json!({"id": "q_1", "nextUri": NEXT}).to_string(), context, 10_000).unwrap();
        let mark = shown["nextUri"].as_str().unwrap().split_once("?sluice=").unwrap().1;
        assert_eq!(key.read(mark, &owner, &summary.query).unwrap().decision, Uuid::from_u128(1));
    }

    #[test]
    fn a_page_that_leads_elsewhere_or_is_of_another_query_is_refused() {
        for page in [
            json!({"id": "q_2"}),
            json!({"id": "q_1", "nextUri": "http://evil/other"}),
            json!({"id": "q_1", "nextUri": "http://trino/v1/statement/executing/q_2/yabc/1"}),
            json!({"id": "q_1", "nextUri": format!("{NEXT}?else=1")}),
            json!({"id": "q_1", "nextUri": 7}),
            json!({"id": "q/1"}),
            json!({"id": null}),
            json!({}),
            json!({"data": [[1]], "warnings": []}),
            json!({"id": "q_1", "error": "x"}),
            json!({"id": "q_1", "data": {"encoding": "json", "segments": []}}),
        ] {
            assert!(run(&page.to_string(), context(Some("q_1")), 10_000).is_err(), "{page}");
        }
        assert!(run(&json!({"nextUri": NEXT}).to_string(), context(None), 10_000).is_err());
        assert!(run("{\"id\":\"q_1\"", context(None), 10_000).is_err());
    }

    #[test]
    fn a_large_page_goes_by_in_the_slices_that_came() {
        let row = format!("[\"{}\"],", "x".repeat(10_000));
        let page = format!("{{\"id\":\"q_1\",\"data\":[{}[1]]}}", row.repeat(50));
        let mut reader = Page::new(context(None));
        let whole = Bytes::from(page.clone());
        let mut out: Vec<Bytes> = Vec::new();
        reader.push(&whole, &mut out).unwrap();
        assert_eq!(out.len(), 3);
        assert_eq!(out.concat(), page.as_bytes());
        assert_eq!(reader.finish().unwrap().rows, 51);
    }
}
