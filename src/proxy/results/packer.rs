//! Pages as gzip, for clients that take it, as Trino packs them itself.
//!
//! In: the bytes of a page for the client. Out: the same packed, in pieces, so that no more is held of a page than of one that is
//! not. Quickly rather than well.

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::{HeaderMap, header};
use std::io::{self, Write};

/// A page that has come as a whole and fits one packet is not packed.
pub(super) const SMALL: usize = 1400;
/// About how long the pieces are.
const PIECE: usize = 16 * 1024;

/// Packs one page. What that takes is made with the first bytes: most pages are small, and go as they are. It stands apart, so that
/// the way of such a page does not carry the room for it.
#[derive(Debug)]
pub(crate) struct Packer(Option<Box<GzEncoder<Vec<u8>>>>);

impl Packer {
    /// One that has packed nothing.
    pub(crate) fn new() -> Packer {
        Packer(None)
    }

    /// Takes more of the page. Gives what is packed, once it is worth sending.
    pub(super) fn pack(&mut self, bytes: &[u8]) -> io::Result<Option<Bytes>> {
        let encoder = self.0.get_or_insert_with(encoder);
        encoder.write_all(bytes)?;
        let packed = encoder.get_mut();
        Ok((packed.len() >= PIECE).then(|| std::mem::take(packed).into()))
    }

    /// What is left at the page's end.
    pub(super) fn finish(self) -> io::Result<Bytes> {
        self.0.unwrap_or_else(encoder).finish().map(Bytes::from)
    }
}

fn encoder() -> Box<GzEncoder<Vec<u8>>> {
    Box::new(GzEncoder::new(Vec::new(), Compression::fast()))
}

/// Whether a client whose request has these headers takes gzip.
pub(crate) fn is_taken(headers: &HeaderMap) -> bool {
    let values = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(is_gzip)
}

/// Whether a part of `Accept-Encoding` takes gzip (RFC 9110, section 12.5.3).
fn is_gzip(part: &str) -> bool {
    let mut words = part.split(';').map(str::trim);
    let weight = |word: &str| word.strip_prefix("q=").or_else(|| word.strip_prefix("Q=")).map(str::parse::<f32>);
    words.next().is_some_and(|name| name.eq_ignore_ascii_case("gzip"))
        && words.filter_map(weight).all(|weight| weight.is_ok_and(|weight| weight > 0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_taken_where_it_is_named() {
        for (values, taken) in [
            (&[][..], false),
            (&["gzip"], true),
            (&["deflate, GZIP;q=0.5"], true),
            (&["identity", "gzip"], true),
            (&["gzip;q=0"], false),
            (&["gzip; q=0.000"], false),
            (&["gzip;q=often"], false),
            (&["deflate, br, *"], false),
            (&["xgzip"], false),
        ] {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(header::ACCEPT_ENCODING, value.parse().unwrap());
            }
            assert_eq!(is_taken(&headers), taken, "{values:?}");
        }
    }
}
