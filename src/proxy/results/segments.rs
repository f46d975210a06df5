//! The rows of a page where Trino gives them in segments: within the page, or in a storage from which a client fetches them.
//!
//! In: the bytes of the object that stands for `data`, as they come. Out: the same object, in which a spooled segment's
//! addresses lead to Sluice and tell nothing of where it is. No more than one segment is held. What is not just what Trino
//! writes is [`Malformed`].

use super::scanner::Malformed;
use crate::config::Encoding;
use crate::proxy::mark::Owner;
use crate::proxy::origin::Origin;
use crate::proxy::query_id::QueryId;
use crate::proxy::spooled::{KEY_HEADER, Part, Segment, Spooled};
use bytes::BytesMut;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// A segment is in a storage that the configuration does not name.
pub(crate) const ELSEWHERE: Malformed = Malformed("a segment in a place that upstream.spooling.origins does not name");
const SHAPE: Malformed = Malformed("segments of another shape");

/// Whose segments they are, and where they lead.
#[derive(Clone, Copy, Debug)]
pub(super) struct Of<'a> {
    pub(super) spooled: &'a Spooled,
    pub(super) origin: &'a Origin,
    pub(super) owner: &'a Owner,
    pub(super) query: &'a QueryId,
    /// The mark of the query.
    pub(super) mark: &'a str,
}

/// The reader of one such object.
#[derive(Debug)]
pub(super) struct Segments {
    part: Reading,
    /// Open brackets.
    depth: usize,
    in_string: bool,
    escaped: bool,
    /// The head, a segment or what follows them, as far as it has come.
    kept: Vec<u8>,
    most: usize,
    rows: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reading {
    /// All in front of the first segment.
    Head,
    /// Where a segment may begin; a comma must be in front of it or not.
    Between {
        first: bool,
        comma: bool,
    },
    Segment,
    Tail,
    Done,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Head<'a> {
    #[serde(borrow)]
    encoding: Cow<'a, str>,
    #[serde(default, rename = "metadata")]
    _metadata: Option<Nothing>,
    segments: Vec<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Came<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
    #[serde(borrow)]
    uri: Option<Cow<'a, str>>,
    #[serde(borrow)]
    ack_uri: Option<Cow<'a, str>>,
    metadata: Metadata,
    headers: Option<BTreeMap<String, Vec<String>>>,
}

/// What Trino says of a segment.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Metadata {
    segment_size: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    uncompressed_size: Option<u64>,
    rows_count: u64,
    row_offset: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "camelCase")]
enum Shown<'a> {
    Inline {
        data: &'a str,
        metadata: Metadata,
    },
    #[serde(rename_all = "camelCase")]
    Spooled {
        uri: String,
        ack_uri: String,
        metadata: Metadata,
        headers: BTreeMap<&'static str, [String; 1]>,
    },
}

impl Segments {
    /// One that holds at most so many bytes.
    pub(super) fn new(most: usize) -> Segments {
        let part = Reading::Head;
        Segments { part, depth: 0, in_string: false, escaped: false, kept: Vec::new(), most, rows: 0 }
    }

    /// Takes bytes of Trino's and writes those for the client.
    pub(super) fn push(&mut self, bytes: &[u8], of: Of<'_>, out: &mut BytesMut) -> Result<(), Malformed> {
        for &byte in bytes {
            self.take(byte, of, out)?;
        }
        Ok(())
    }

    /// How many rows the segments have. To be asked for at the object's end.
    pub(super) fn finish(&self) -> Result<u64, Malformed> {
        if self.part == Reading::Done { Ok(self.rows) } else { Err(SHAPE) }
    }

    fn take(&mut self, byte: u8, of: Of<'_>, out: &mut BytesMut) -> Result<(), Malformed> {
        if let Reading::Between { first, comma } = self.part {
            match byte {
                b' ' | b'\t' | b'\r' | b'\n' => return Ok(()),
                b',' if !first && !comma => {
                    self.part = Reading::Between { first, comma: true };
                    return Ok(());
                }
                b'{' if first || comma => {
                    out.extend_from_slice(if first { b"" } else { b"," });
                    self.part = Reading::Segment;
                }
                b']' if !comma => {
                    self.depth -= 1;
                    self.part = Reading::Tail;
                    return Ok(());
                }
                _ => return Err(SHAPE),
            }
        }
        if self.kept.len() >= self.most {
            return Err(Malformed("a segment is larger than limits.envelope_bytes"));
        }
        self.kept.push(byte);
        self.step(byte);
        match (self.part, self.depth) {
            (Reading::Head, 2) if !self.in_string && byte == b'[' => self.head(out),
            (Reading::Segment, 2) if !self.in_string && byte == b'}' => self.segment(of, out),
            (Reading::Tail, 0) if self.kept.trim_ascii() == b"}" => {
                out.extend_from_slice(b"]}");
                self.part = Reading::Done;
                Ok(())
            }
            (Reading::Head | Reading::Tail, 0) | (Reading::Done, _) => Err(SHAPE),
            _ => Ok(()),
        }
    }

    fn step(&mut self, byte: u8) {
        match byte {
            _ if self.escaped => self.escaped = false,
            b'\\' if self.in_string => self.escaped = true,
            b'"' => self.in_string = !self.in_string,
            _ if self.in_string => {}
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
    }

    fn head(&mut self, out: &mut BytesMut) -> Result<(), Malformed> {
        self.kept.extend_from_slice(b"]}");
        let head: Head<'_> = serde_json::from_slice(&self.kept).map_err(|_| SHAPE)?;
        let known = Encoding::named(&head.encoding).ok_or(Malformed("segments in an encoding that is not known"))?;
        if !head.segments.is_empty() {
            return Err(SHAPE);
        }
        out.extend_from_slice(b"{\"encoding\":\"");
        out.extend_from_slice(known.name().as_bytes());
        out.extend_from_slice(b"\",\"segments\":[");
        self.kept.clear();
        self.part = Reading::Between { first: true, comma: false };
        Ok(())
    }

    fn segment(&mut self, of: Of<'_>, out: &mut BytesMut) -> Result<(), Malformed> {
        let came: Came<'_> = serde_json::from_slice(&self.kept).map_err(|_| SHAPE)?;
        self.rows = self.rows.saturating_add(came.metadata.rows_count);
        let shown = match came {
            Came { kind, data: Some(data), uri: None, ack_uri: None, metadata, headers: None } if kind == "inline" => {
                let data = data.get().strip_prefix('"').and_then(|data| data.strip_suffix('"')).ok_or(SHAPE)?;
                if !data.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte)) {
                    return Err(SHAPE);
                }
                Shown::Inline { data, metadata }
            }
            Came { kind, data: None, uri: Some(uri), ack_uri: Some(ack_uri), metadata, headers }
                if kind == "spooled" =>
            {
                of.spooled(&uri, &ack_uri, metadata, headers.unwrap_or_default())?
            }
            _ => return Err(SHAPE),
        };
        let shown = serde_json::to_vec(&shown).map_err(|_| SHAPE)?;
        out.extend_from_slice(&shown);
        self.kept.clear();
        self.part = Reading::Between { first: false, comma: false };
        Ok(())
    }
}

impl<'a> Of<'a> {
    fn spooled(
        self,
        uri: &str,
        ack_uri: &str,
        metadata: Metadata,
        headers: BTreeMap<String, Vec<String>>,
    ) -> Result<Shown<'a>, Malformed> {
        let spooling = &self.spooled.spooling;
        let place = spooling.place(uri, Part::Download).ok_or(ELSEWHERE)?;
        let ack = spooling.place(ack_uri, Part::Ack).filter(|ack| ack.origin.is_none());
        let ack = ack.ok_or(Malformed("a segment that is acknowledged elsewhere"))?;
        let mut segment = Segment::new(self.owner, self.query, self.mark, place).ok_or(Malformed("no random bytes"))?;
        for (name, values) in headers {
            let [value] = &values[..] else { return Err(SHAPE) };
            if !segment.add(&name, value) {
                return Err(Malformed("a segment with a header that is not known"));
            }
        }
        let address = |segment: &Segment, part: Part| {
            let sealed = self.spooled.sealer.seal(segment).ok_or(Malformed("no random bytes"))?;
            Ok(format!("{}{}{sealed}", self.origin.as_str(), part.path()))
        };
        let uri = address(&segment, Part::Download)?;
        segment.place = ack;
        let ack_uri = address(&segment, Part::Ack)?;
        Ok(Shown::Spooled { uri, ack_uri, metadata, headers: BTreeMap::from([(KEY_HEADER, [segment.key])]) })
    }
}

#[cfg(test)]
mod tests;
