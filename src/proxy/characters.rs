//! Of which kind the characters of a short text are.
//!
//! One table tells of each byte of which kinds it is, and one loop goes through a text for it. Such texts are looked at many times
//! on the way of a page: code and constants of their own for each kind would be more to fetch than the texts are.

/// A kind of characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Kind {
    /// ASCII's digits.
    Digit = 1,
    /// Its small letters, digits and `_`.
    Small = 2,
    /// Its letters, digits and `_`.
    Word = 4,
    /// What has no other meaning than itself in a request's target: words, and the marks of a page's path and query.
    Plain = 8,
    /// What of ASCII can be seen.
    Graphic = 16,
    /// What stands for itself in a string of JSON.
    Unescaped = 32,
}

/// The kinds of each byte.
#[expect(clippy::indexing_slicing, reason = "it runs in the compiler")]
static KINDS: [u8; 256] = {
    let mut kinds = [0; 256];
    let mut at = 0;
    while at < kinds.len() {
        kinds[at] = kinds_of(at as u8);
        at += 1;
    }
    kinds
};

const fn kinds_of(byte: u8) -> u8 {
    let word = byte.is_ascii_alphanumeric() || byte == b'_';
    let all = [
        (Kind::Digit, byte.is_ascii_digit()),
        (Kind::Small, word && !byte.is_ascii_uppercase()),
        (Kind::Word, word),
        (Kind::Plain, word || matches!(byte, b'/' | b'?' | b'=' | b'&' | b'.' | b'-')),
        (Kind::Graphic, byte.is_ascii_graphic()),
        (Kind::Unescaped, byte >= b' ' && byte != b'"' && byte != b'\\'),
    ];
    let (mut kinds, mut left) = (0, all.as_slice());
    while let [(kind, is), rest @ ..] = left {
        kinds |= if *is { *kind as u8 } else { 0 };
        left = rest;
    }
    kinds
}

fn kinds(byte: u8) -> u8 {
    KINDS.get(usize::from(byte)).copied().unwrap_or(0)
}

/// Whether a byte is of a kind.
pub(super) fn is(byte: u8, kind: Kind) -> bool {
    kinds(byte) & kind as u8 != 0
}

/// Whether all of a text is of one kind, as a text without a byte is.
#[inline(never)]
pub(super) fn are_all(text: &[u8], kind: Kind) -> bool {
    text.iter().fold(u8::MAX, |common, byte| common & kinds(*byte)) & kind as u8 != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_byte_is_of_its_kinds() {
        for byte in 0..=u8::MAX {
            let character = char::from(byte);
            for (kind, right) in [
                (Kind::Digit, character.is_ascii_digit()),
                (Kind::Small, "_abcdefghijklmnopqrstuvwxyz0123456789".contains(character)),
                (Kind::Word, character.is_ascii_alphanumeric() || character == '_'),
                (Kind::Plain, character.is_ascii_alphanumeric() || "_/?=&.-".contains(character)),
                (Kind::Graphic, ('!'..='~').contains(&character)),
                (
                    Kind::Unescaped,
                    !character.is_ascii_control() && character != '"' && character != '\\' || character == '\x7f',
                ),
            ] {
                assert_eq!((is(byte, kind), are_all(&[byte], kind)), (right, right), "{byte} {kind:?}");
                assert_eq!(are_all(&[b'0', byte, b'0'], kind), right, "{byte} {kind:?}");
            }
        }
    }

    #[test]
    fn a_text_is_of_a_kind_if_all_of_it_is() {
        assert!(are_all(b"", Kind::Digit));
        assert!(are_all("a\u{e9}".as_bytes(), Kind::Unescaped));
        assert!(are_all(b"/v1/statement?a=b&c=d-e_f.g", Kind::Plain));
        assert!(!are_all(b"/v1/%73tatement", Kind::Plain));
        assert!(!are_all(b"12a", Kind::Digit));
    }
}
