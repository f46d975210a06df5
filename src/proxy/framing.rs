//! Where a message of HTTP/1.1 ends, read in one way alone, on the connections of clients and on those to Trino
//! (RFC 9112, sections 6 and 7).

use bytes::{Buf, BytesMut};

/// What a chunk has that none may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WrongChunk(pub(crate) &'static str);

/// A number, without a sign or a space.
pub(crate) fn digits(text: &[u8]) -> Option<u64> {
    if text.is_empty() || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// Whether a list has a word in it.
pub(crate) fn has_token(list: &[u8], token: &str) -> bool {
    let same = |part: &[u8]| part.trim_ascii().eq_ignore_ascii_case(token.as_bytes());
    list.split(|byte| *byte == b',').any(same)
}

/// Reads the ends of chunks: what stands between the data of two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Chunks {
    /// Before a line with a size, the first one of all if so.
    Size { first: bool },
    /// Within data.
    Data { left: u64 },
    /// After the last chunk, before the empty line.
    Trailers { bytes: usize },
    /// After it.
    Ended,
}

/// Longest line with a size, extensions included.
const SIZE_LINE: usize = 1024;
/// Most bytes of trailers, which are left out.
const TRAILERS: usize = 16 * 1024;

impl Chunks {
    /// Goes on to the next data or the end, as far as what was read goes. Whether it got there.
    pub(crate) fn advance(&mut self, read: &mut BytesMut) -> Result<bool, WrongChunk> {
        loop {
            match *self {
                Chunks::Data { left: 1.. } | Chunks::Ended => return Ok(true),
                Chunks::Data { left: 0 } => *self = Chunks::Size { first: false },
                Chunks::Size { first } => match size(read, first)? {
                    None => return Ok(false),
                    Some(0) => *self = Chunks::Trailers { bytes: 0 },
                    Some(left) => *self = Chunks::Data { left },
                },
                Chunks::Trailers { bytes } => {
                    let Some(end) = line(read, TRAILERS - bytes.min(TRAILERS))? else {
                        return Ok(false);
                    };
                    read.advance(end + 2);
                    *self = if end == 0 { Chunks::Ended } else { Chunks::Trailers { bytes: bytes + end + 2 } };
                }
            }
        }
    }
}

/// The size of the next chunk. Data ends with a line end of its own.
fn size(read: &mut BytesMut, first: bool) -> Result<Option<u64>, WrongChunk> {
    const WRONG: WrongChunk = WrongChunk("has a chunk without a size");
    let before = if first { 0 } else { 2 };
    if !first && !b"\r\n".starts_with(read.get(..before.min(read.len())).unwrap_or_default()) {
        return Err(WRONG);
    }
    let Some(after) = read.get(before..) else {
        return Ok(None);
    };
    let Some(end) = line(after, SIZE_LINE)? else {
        return Ok(None);
    };
    let text = after.get(..end).unwrap_or_default();
    let number = text.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii_end();
    if number.is_empty() || number.len() > 16 || !number.iter().all(u8::is_ascii_hexdigit) {
        return Err(WRONG);
    }
    let size = std::str::from_utf8(number).ok().and_then(|number| u64::from_str_radix(number, 16).ok()).ok_or(WRONG)?;
    read.advance(before + end + 2);
    Ok(Some(size))
}

/// Where a line ends, if its end is there. A line feed alone ends none.
fn line(read: &[u8], most: usize) -> Result<Option<usize>, WrongChunk> {
    const LONG: WrongChunk = WrongChunk("has a chunk's line that is too long");
    match memchr::memchr(b'\n', read) {
        Some(end) if end > most + 1 => Err(LONG),
        Some(end) if end > 0 && read.get(end - 1) == Some(&b'\r') => Ok(Some(end - 1)),
        Some(_) => Err(WrongChunk("has a chunk's line without its end")),
        None if read.len() > most + 1 => Err(LONG),
        None => Ok(None),
    }
}
