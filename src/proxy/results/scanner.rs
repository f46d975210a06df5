//! An incremental reader of the JSON object that a page of results is.
//!
//! In: the bytes of a page as they come, cut anywhere. Out: [`Piece`]s: the bytes of fields that go by untouched, as
//! slices of what came in, and the whole values of the few fields that must change. It keeps only those few (bounded),
//! whatever the size of the page. It never repairs: what is not the JSON object that Trino writes is [`Malformed`]. Within
//! brackets it reads strings and brackets alone, which say where a value ends; what else is no JSON there, a client finds.

mod blocks;
mod class;
mod field;
mod rows;

use crate::proxy::characters::{self, Kind};
use blocks::{BLOCK, LEVEL};
use bytes::Bytes;
pub(super) use class::Class;
use class::{is_space, pass_over};
use fearless_simd::dispatch;
pub(crate) use field::{Field, Treatment};
use memchr::memchr2;
use std::ops::Range;

/// Deepest nesting within one field. Trino's types nest far less.
const DEEPEST: usize = 256;
/// Longest name of a field.
const LONGEST_NAME: usize = 64;

/// The page is not what Trino writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a page of results from Trino can't be read: {0}")]
pub(crate) struct Malformed(pub(crate) &'static str);

/// What the reader found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// A field whose value follows in [`Piece::Raw`].
    Begin(Field),
    /// Bytes of the field that was begun.
    Raw(Bytes),
    /// A field with its whole value.
    Whole(Field, Bytes),
    /// The object is closed.
    End,
}

/// Takes a piece as soon as it is found.
pub(super) type Taking<'a> = dyn FnMut(Piece) -> Result<(), Malformed> + 'a;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Start,
    FirstNameOrEnd,
    Name,
    InName,
    Colon,
    BeforeValue,
    Value,
    AfterValue,
    Done,
}

/// The reader.
#[derive(Debug)]
pub(crate) struct Scanner {
    state: State,
    /// What came of a name that goes on.
    name: Vec<u8>,
    field: Field,
    seen: u16,
    /// The open brackets within the value.
    open: Vec<u8>,
    /// Whether a byte of the value has been read.
    begun: bool,
    in_string: bool,
    escaped: bool,
    kept: Vec<u8>,
    /// Bytes that did not go by: kept ones, and those that were read over.
    read: usize,
    most_read: usize,
    statistics: Treatment,
    rows: u64,
}

impl Scanner {
    /// A reader of at most `most_read` bytes that don't go by: of the fields that must change, of those that are left out, and
    /// between them. Whether the statistics are among them depends on the statement.
    pub(crate) fn new(most_read: usize, statistics: Treatment) -> Scanner {
        Scanner {
            state: State::Start,
            name: Vec::new(),
            field: Field::Unknown,
            seen: 0,
            open: Vec::new(),
            begun: false,
            in_string: false,
            escaped: false,
            kept: Vec::new(),
            read: 0,
            most_read,
            statistics,
            rows: 0,
        }
    }

    /// How many rows have begun so far.
    pub(crate) fn rows(&self) -> u64 {
        self.rows
    }

    /// Whether the object has been closed.
    pub(crate) fn done(&self) -> bool {
        self.state == State::Done
    }

    fn treatment(&self) -> Treatment {
        self.field.treatment(self.statistics)
    }

    /// Reads on. Nothing more is read behind a piece that was not taken.
    ///
    /// # Errors
    /// [`Malformed`], its own or that of who takes the pieces.
    pub(crate) fn push(&mut self, chunk: &Bytes, out: &mut Taking<'_>) -> Result<(), Malformed> {
        let mut at = 0;
        while let Some(&byte) = chunk.get(at) {
            if self.state == State::Value {
                at = self.value(chunk, at, out)?;
                continue;
            }
            if self.state == State::BeforeValue && !is_space(byte) {
                self.begin_value(byte, out)?;
                continue;
            }
            if self.state == State::InName {
                at = self.in_name(chunk, at)?;
                continue;
            }
            // As Trino writes it, without white space.
            if self.state == State::AfterValue && chunk.get(at..).is_some_and(|rest| rest.starts_with(b",\"")) {
                self.state = State::InName;
                at += 2;
                continue;
            }
            self.between(byte, out)?;
            at += 1;
        }
        Ok(())
    }

    /// One byte outside of a value.
    fn between(&mut self, byte: u8, out: &mut Taking<'_>) -> Result<(), Malformed> {
        if is_space(byte) {
            return self.count(1);
        }
        self.state = match (self.state, byte) {
            (State::Start, b'{') => State::FirstNameOrEnd,
            (State::FirstNameOrEnd | State::Name, b'"') => State::InName,
            (State::Colon, b':') => State::BeforeValue,
            (State::AfterValue, b',') => State::Name,
            (State::FirstNameOrEnd | State::AfterValue, b'}') => {
                out(Piece::End)?;
                State::Done
            }
            (State::Done, _) => return Err(Malformed("more after its end")),
            _ => return Err(Malformed("not an object")),
        };
        Ok(())
    }

    /// Reads on within a name; stops behind its closing quote, or behind the colon if that comes next, or at the end of the bytes.
    fn in_name(&mut self, bytes: &[u8], at: usize) -> Result<usize, Malformed> {
        let rest = bytes.get(at..).unwrap_or_default();
        let end = rest.iter().position(|byte| !characters::is(*byte, Kind::Unescaped));
        let part = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
        if self.name.len() + part.len() > LONGEST_NAME {
            return Err(Malformed("a long name"));
        }
        let Some(end) = end else {
            self.name.extend_from_slice(part);
            return Ok(bytes.len());
        };
        if rest.get(end) != Some(&b'"') {
            return Err(Malformed("an escaped name"));
        }
        self.field = if self.name.is_empty() {
            Field::named(part)
        } else {
            self.name.extend_from_slice(part);
            let field = Field::named(&self.name);
            self.name.clear();
            field
        };
        self.once()?;
        let colon = rest.get(end + 1) == Some(&b':');
        self.state = if colon { State::BeforeValue } else { State::Colon };
        Ok(at + end + 1 + usize::from(colon))
    }

    /// A field that comes twice is read differently by different clients.
    fn once(&mut self) -> Result<(), Malformed> {
        if self.field != Field::Unknown {
            let bit = 1_u16 << (self.field as u16);
            if self.seen & bit != 0 {
                return Err(Malformed("a field twice"));
            }
            self.seen |= bit;
        }
        Ok(())
    }

    fn begin_value(&mut self, first: u8, out: &mut Taking<'_>) -> Result<(), Malformed> {
        match (self.field, first) {
            (Field::Data, b'{') => self.field = Field::Segments,
            (Field::Data, b'[' | b'n') => {}
            (Field::Data, _) => return Err(Malformed("data that is no list of rows")),
            _ => {}
        }
        self.open.clear();
        self.begun = false;
        self.in_string = false;
        self.escaped = false;
        self.kept.clear();
        self.state = State::Value;
        if self.treatment() == Treatment::Pass {
            out(Piece::Begin(self.field))?;
        }
        Ok(())
    }

    /// Reads on within a value from `start`, and says where it stopped: behind the value's last byte or at the end.
    fn value(&mut self, chunk: &Bytes, start: usize, out: &mut Taking<'_>) -> Result<usize, Malformed> {
        let bytes: &[u8] = chunk;
        let mut at = start;
        let mut ended = false;
        // In front of these a block is known to need a look at each byte, and rows are known not to be flat.
        let (mut closely, mut flat) = (start, start);
        while !ended && at < bytes.len() {
            if at >= closely && self.nested() {
                (at, ended) = dispatch!(*LEVEL, simd => self.in_blocks(simd, bytes, at, &mut flat))?;
                closely = at + BLOCK;
                continue;
            }
            if self.in_string {
                at = self.string(bytes, at)?;
                ended = !self.in_string && self.open.is_empty();
                continue;
            }
            let alone = self.open.is_empty();
            let passed = pass_over(bytes.get(at..).unwrap_or_default(), alone);
            self.begun |= passed > 0;
            at += passed;
            let Some(&byte) = bytes.get(at) else {
                break;
            };
            match Class::of(byte) {
                // A number or a word ends at what follows it.
                Class::Between | Class::Close if alone && self.begun && byte != b':' && byte != b']' => break,
                Class::Quote | Class::Open if alone && self.begun => return Err(Malformed("two values")),
                Class::Quote => self.in_string = true,
                Class::Open => self.bracket(byte)?,
                Class::Close => ended = self.close(byte)?,
                Class::Word | Class::Between | Class::Other if self.nested() => {}
                Class::Word | Class::Between | Class::Other => {
                    return Err(Malformed("a byte that JSON has not outside of a string"));
                }
            }
            self.begun = true;
            at += 1;
        }
        ended |= at < bytes.len();
        self.emit(chunk, start..at, ended, out)?;
        Ok(at)
    }

    /// Whether what comes is within brackets, where only strings and brackets say anything.
    fn nested(&self) -> bool {
        !self.open.is_empty() && !self.escaped
    }

    /// Reads on within a string; stops behind its closing quote or at the end of the bytes.
    fn string(&mut self, bytes: &[u8], mut at: usize) -> Result<usize, Malformed> {
        if self.escaped {
            self.escaped = false;
            at += 1;
        }
        while let Some(rest) = bytes.get(at..) {
            let end = memchr2(b'"', b'\\', rest);
            let plain = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
            // All of them are looked at, which processors do many at a time.
            if plain.iter().fold(false, |control, byte| control | (*byte < b' ')) {
                return Err(Malformed("a control character in a string"));
            }
            match end.and_then(|end| rest.get(end)) {
                None => return Ok(bytes.len()),
                Some(b'"') => {
                    self.in_string = false;
                    return Ok(at + plain.len() + 1);
                }
                Some(_) => {
                    at += plain.len() + 2;
                    if at > bytes.len() {
                        self.escaped = true;
                        return Ok(bytes.len());
                    }
                }
            }
        }
        Ok(bytes.len())
    }

    /// Whether the value ended with this bracket.
    fn close(&mut self, byte: u8) -> Result<bool, Malformed> {
        if self.open.pop() != Some(if byte == b']' { b'[' } else { b'{' }) {
            return Err(Malformed("brackets that don't match"));
        }
        Ok(self.open.is_empty())
    }

    fn bracket(&mut self, byte: u8) -> Result<(), Malformed> {
        if self.open.len() >= DEEPEST {
            return Err(Malformed("nested too deep"));
        }
        if self.field == Field::Data && self.open.len() == 1 {
            self.rows += 1;
        }
        self.open.push(byte);
        Ok(())
    }

    /// Gives out what was read of a value. What is kept and came in one piece is no copy.
    fn emit(&mut self, chunk: &Bytes, part: Range<usize>, ended: bool, out: &mut Taking<'_>) -> Result<(), Malformed> {
        let treatment = self.treatment();
        if treatment != Treatment::Pass {
            self.count(part.len())?;
        }
        match treatment {
            Treatment::Pass if part.is_empty() => {}
            Treatment::Pass => out(Piece::Raw(chunk.slice(part)))?,
            Treatment::Keep if ended && self.kept.is_empty() => out(Piece::Whole(self.field, chunk.slice(part)))?,
            Treatment::Keep => {
                self.kept.extend_from_slice(chunk.get(part).unwrap_or_default());
                if ended {
                    out(Piece::Whole(self.field, std::mem::take(&mut self.kept).into()))?;
                }
            }
            Treatment::LeaveOut => {}
        }
        if ended {
            self.state = State::AfterValue;
        }
        Ok(())
    }

    /// Counts bytes of which the client gets nothing, so that it does not wait for a page that never shows any.
    fn count(&mut self, bytes: usize) -> Result<(), Malformed> {
        self.read = self.read.saturating_add(bytes);
        if self.read > self.most_read {
            return Err(Malformed("the parts that Sluice reads are larger than limits.envelope_bytes"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
