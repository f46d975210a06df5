//! A page of results on its way: columns and rows go by, addresses lead back to Sluice, errors and statistics say what
//! they may.
//!
//! In: the bytes of a page of Trino's. Out: the bytes for the client, and at its end a [`Summary`]. Nothing is added
//! to a page or guessed: one that can't be read ends with [`Malformed`].

use super::own_error::INFO_PATH;
use super::scanner::{Field, Malformed, Piece, Scanner, Treatment};
use super::segments::{Of, Segments};
use super::statistics;
use super::trino_error::{self, ErrorContext};
use crate::proxy::characters::{Kind, are_all};
use crate::proxy::mark::{Facts, MarkKey, Owner};
use crate::proxy::origin::Origin;
use crate::proxy::query_id::QueryId;
use crate::proxy::routes::{PagePath, PageQuery, cut};
use crate::proxy::spooled::Spooled;
use crate::rewrite::PositionMap;
use bytes::{BufMut, Bytes, BytesMut};
use std::borrow::Cow;
use std::sync::Arc;

const NO_ID: Malformed = Malformed("no id of a query");
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
    pub(crate) mark: Option<Arc<str>>,
    /// The way back to places in the user's text, where it is still known.
    pub(crate) positions: Option<Arc<PositionMap>>,
    /// The query that the page must be of; not known for the first page.
    pub(crate) query: Option<QueryId>,
    /// By what rows in segments are changed, where there may be any.
    pub(crate) segments: Option<Spooled>,
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
    scanner: Scanner,
    made: Made,
}

/// What has been made of the pieces that came.
#[derive(Debug)]
struct Made {
    context: PageContext,
    query: Option<QueryId>,
    /// Whether the id has come.
    named: bool,
    /// Parts that came before the query's id, which they depend on.
    held: Vec<(Field, Bytes)>,
    fields: usize,
    next: Option<String>,
    error: Option<String>,
    /// Of the rows that are on their way, if they are in segments.
    segments: Option<Segments>,
    /// Rows in segments.
    spooled: u64,
}

impl Page {
    /// A page of which nothing has come yet.
    #[inline]
    pub(crate) fn new(context: PageContext) -> Page {
        let statistics = if context.facts.restricted { Treatment::Keep } else { Treatment::Pass };
        let scanner = Scanner::new(context.envelope_bytes, statistics);
        let query = context.query.clone();
        let (held, fields, segments, spooled) = (Vec::new(), 0, None, 0);
        let made = Made { context, query, named: false, held, fields, next: None, error: None, segments, spooled };
        Page { scanner, made }
    }

    /// Takes bytes of Trino's and gives bytes for the client.
    ///
    /// # Errors
    /// [`Malformed`]; what was given before must not be completed.
    pub(crate) fn push(&mut self, chunk: &Bytes, out: &mut impl Extend<Bytes>) -> Result<(), Malformed> {
        let Page { scanner, made } = self;
        let mut small = BytesMut::with_capacity(chunk.len().min(SMALL) + LONGER);
        let result = scanner.push(chunk, &mut |piece| {
            let Some(large) = made.take(piece, &mut small)? else {
                return Ok(());
            };
            if !small.is_empty() {
                out.extend([small.split().freeze()]);
            }
            out.extend([large]);
            Ok(())
        });
        if !small.is_empty() {
            out.extend([small.freeze()]);
        }
        result
    }

    /// The end of Trino's bytes. To be asked for once.
    ///
    /// # Errors
    /// [`Malformed`], if the page was cut off.
    pub(crate) fn finish(&mut self) -> Result<Summary, Malformed> {
        let made = &mut self.made;
        match made.query.take() {
            Some(query) if self.scanner.done() => Ok(Summary {
                query,
                next: made.next.take(),
                error: made.error.take(),
                rows: self.scanner.rows() + made.spooled,
            }),
            _ => Err(Malformed("cut off")),
        }
    }
}

impl Made {
    /// Takes a piece and writes what becomes of it; gives it back where it is large and goes as it is.
    fn take(&mut self, piece: Piece, out: &mut BytesMut) -> Result<Option<Bytes>, Malformed> {
        if self.segments.is_some() && self.segment(&piece, out)? {
            return Ok(None);
        }
        match piece {
            Piece::Begin(Field::Segments) => self.begin_segments(out)?,
            Piece::Begin(field) => self.begin(field, out),
            Piece::Raw(bytes) if bytes.len() < SMALL => out.extend_from_slice(&bytes),
            Piece::Raw(bytes) => return Ok(Some(bytes)),
            Piece::Whole(field, value) => self.whole(field, value, out)?,
            Piece::End => self.end(out)?,
        }
        Ok(None)
    }

    fn begin(&mut self, field: Field, out: &mut BytesMut) {
        begin(&mut self.fields, field, out);
    }

    fn begin_segments(&mut self, out: &mut BytesMut) -> Result<(), Malformed> {
        if self.context.segments.is_none() {
            return Err(Malformed("data that is no list of rows"));
        }
        self.begin(Field::Segments, out);
        self.segments = Some(Segments::new(self.context.envelope_bytes));
        Ok(())
    }

    /// Takes a piece if it is of the segments that are on their way; else they have ended.
    fn segment(&mut self, piece: &Piece, out: &mut BytesMut) -> Result<bool, Malformed> {
        let Some(segments) = &mut self.segments else {
            return Ok(false);
        };
        let Piece::Raw(bytes) = piece else {
            self.spooled = segments.finish()?;
            self.segments = None;
            return Ok(false);
        };
        let (Some(spooled), Some(query)) = (&self.context.segments, &self.query) else {
            return Err(Malformed("segments of no query"));
        };
        let mark = self.context.mark(query);
        let (origin, owner) = (&self.context.origin, &self.context.owner);
        segments.push(bytes, Of { spooled, origin, owner, query, mark: &mark }, out)?;
        Ok(true)
    }

    fn whole(&mut self, field: Field, value: Bytes, out: &mut BytesMut) -> Result<(), Malformed> {
        if field != Field::Id {
            // Most often the query is known from the page's address.
            if self.query.is_none() || !self.held.is_empty() {
                self.held.push((field, value));
                return Ok(());
            }
            return self.change(field, &value, out);
        }
        // An id has no characters that JSON would write in another way.
        let id = value.strip_prefix(b"\"").and_then(|id| id.strip_suffix(b"\"")).ok_or(NO_ID)?;
        match &self.query {
            Some(query) if query.as_str().as_bytes() == id => {}
            known => {
                let id = std::str::from_utf8(id).ok().and_then(QueryId::parse).ok_or(NO_ID)?;
                if known.is_some() {
                    return Err(Malformed("of another query"));
                }
                self.query = Some(id);
            }
        }
        self.named = true;
        self.begin(field, out);
        out.extend_from_slice(&value);
        self.release(out)
    }

    /// Writes the parts that waited for the query's id.
    fn release(&mut self, out: &mut BytesMut) -> Result<(), Malformed> {
        for (field, value) in std::mem::take(&mut self.held) {
            self.change(field, &value, out)?;
        }
        Ok(())
    }

    /// Writes a part that changes, unless there is nothing in it.
    fn change(&mut self, field: Field, value: &[u8], out: &mut BytesMut) -> Result<(), Malformed> {
        if value == b"null" {
            return Ok(());
        }
        let query = self.query.as_ref().ok_or(NO_ID)?;
        begin(&mut self.fields, field, out);
        match self.context.change(field, value, query, out)? {
            Noted::Nothing => {}
            Noted::Next(next) => self.next = Some(next),
            Noted::Error(name) => self.error = Some(name),
        }
        Ok(())
    }

    fn end(&mut self, out: &mut BytesMut) -> Result<(), Malformed> {
        if self.query.is_none() || !self.held.is_empty() || !self.named {
            return Err(NO_ID);
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

    /// The mark of the query.
    fn mark(&self, query: &QueryId) -> Cow<'_, str> {
        match &self.mark {
            Some(mark) => Cow::Borrowed(mark),
            None => Cow::Owned(self.key.mark(&self.owner, query, &self.facts)),
        }
    }

    /// Writes an address of Trino's as one of Sluice's with a mark. Gives path and query that Trino is asked for.
    fn address(&self, value: &[u8], query: &QueryId, out: &mut BytesMut) -> Result<String, Malformed> {
        const ADDRESS: Malformed = Malformed("an address that leads elsewhere");
        let (path, asked) = path_and_query(value).ok_or(ADDRESS)?;
        if PagePath::query_in(path) != Some(query.as_str()) {
            return Err(ADDRESS);
        }
        let asked = PageQuery::parse(asked).filter(|asked| asked.mark.is_none()).ok_or(ADDRESS)?;
        let mark = self.mark(query);
        let next = asked.upstream(path);
        let joint = if asked.trino.is_empty() { "?sluice=" } else { "&sluice=" };
        quoted(&[self.origin.as_str(), &next, joint, &mark], out)?;
        Ok(next.into_owned())
    }
}

/// Writes a field's name and what stands in front of it.
fn begin(fields: &mut usize, field: Field, out: &mut BytesMut) {
    out.put_u8(if *fields == 0 { b'{' } else { b',' });
    out.extend_from_slice(field.name().as_bytes());
    *fields += 1;
}

/// What follows host and port, if there are any, in an address that is written as a JSON string without escapes. What it says is for
/// [`PagePath`] and [`PageQuery`] to judge, which take a few characters alone.
fn path_and_query(value: &[u8]) -> Option<(&str, Option<&str>)> {
    let address = std::str::from_utf8(value).ok()?.strip_prefix('"')?.strip_suffix('"')?;
    let target = match address.strip_prefix("http://").or_else(|| address.strip_prefix("https://")) {
        Some(rest) => rest.get(memchr::memchr(b'/', rest.as_bytes())?..)?,
        None => address,
    };
    Some(cut(target, b'?').map_or((target, None), |(path, query)| (path, Some(query))))
}

/// Writes texts as one JSON string.
fn quoted(parts: &[&str], out: &mut BytesMut) -> Result<(), Malformed> {
    let before = out.len();
    out.extend_from_slice(b"\"");
    for part in parts {
        out.extend_from_slice(part.as_bytes());
    }
    if out.get(before + 1..).is_some_and(|text| are_all(text, Kind::Unescaped)) {
        out.extend_from_slice(b"\"");
        return Ok(());
    }
    out.truncate(before);
    let text = serde_json::to_vec(&parts.concat()).map_err(|_| Malformed("a text of another shape"))?;
    out.extend_from_slice(&text);
    Ok(())
}

#[cfg(test)]
pub(super) mod tests;
