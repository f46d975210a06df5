//! Prepared statements as they stand in a header.
//!
//! Trino packs long ones when it tells a client of them (`$zstd:` and base64; no SQL begins with a dollar sign), and the
//! client sends back what it got. They are unpacked here, within a bound, so that they can be decided about, and go on
//! unpacked.

use base64::Engine;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

/// Most bytes of an unpacked text: Trino's own limit of a statement.
const MOST: usize = 1_000_000;

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The text of a prepared statement, or `None` if it can't be read.
pub(crate) fn unpack(value: &str) -> Option<String> {
    let Some(packed) = value.strip_prefix('$') else {
        return Some(value.to_owned());
    };
    let packed = BASE64.decode(packed.strip_prefix("zstd:")?).ok()?;
    let mut rest = packed.as_slice();
    let mut frame = FrameDecoder::new();
    frame.init(&mut rest).ok()?;
    // It stops soon after so many bytes, whatever the frame says of its size.
    frame.decode_blocks(&mut rest, BlockDecodingStrategy::UptoBytes(MOST)).ok()?;
    if !frame.is_finished() || !rest.is_empty() {
        return None;
    }
    let text = frame.collect().filter(|text| text.len() <= MOST)?;
    String::from_utf8(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ruzstd::encoding::{CompressionLevel, compress_to_vec};

    fn packed(text: &str) -> String {
        format!("$zstd:{}", BASE64.encode(compress_to_vec(text.as_bytes(), CompressionLevel::Fastest)))
    }

    #[test]
    fn packed_and_plain_texts_are_read() {
        assert_eq!(unpack("SELECT ?").as_deref(), Some("SELECT ?"));
        let long = format!("SELECT {}?", "1 + ".repeat(2000));
        assert_eq!(unpack(&packed(&long)), Some(long));
    }

    #[test]
    fn what_can_not_be_unpacked_or_is_too_large_is_refused() {
        for value in ["$", "$zstd:", "$zstd:AAAA", "$gzip:AAAA", "$zstd:!"] {
            assert_eq!(unpack(value), None, "{value}");
        }
        assert_eq!(unpack(&packed(&"x".repeat(MOST + 1))), None);
        assert_eq!(unpack(&packed(&"x".repeat(50 * MOST))), None);
        let whole = packed("SELECT 1, 2, 3");
        assert_eq!(unpack(whole.get(..whole.len() - 8).unwrap()), None);
        assert_eq!(unpack(&format!("{}AAAA", whole.trim_end_matches('='))), None);
    }
}
