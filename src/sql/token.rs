//! Text → tokens, by Trino's lexical rules.
//!
//! In: a text. Out: its tokens with their bytes, white space and comments left out; a character that Trino's lexer has no
//! rule for is a token that the parser has none for. White space is space, tab, CR and LF only; `--` ends at CR or LF; `/* */` does not nest;
//! identifiers are ASCII. Each difference from that would be a second reading of a statement.

use super::ast::Span;
use super::error::SqlError;
use super::version::GrammarVersion::{self, V483};
use super::word::{DOUBLED, NO_KEY, is_reserved, is_reserved_since_483, symbol_key, word_key};

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenKind {
    /// An unquoted word, a keyword or not.
    Word {
        /// Whether it can't be an identifier.
        reserved: bool,
    },
    /// `"…"`.
    Quoted,
    /// `` `…` ``, which Trino reads only to refuse it.
    Backquoted,
    /// A word that begins with a digit, which Trino reads only to refuse it.
    DigitIdentifier,
    /// `'…'`.
    String,
    /// `U&'…'`.
    UnicodeString,
    /// `X'…'`.
    Binary,
    /// `1`, `1_000`, `0xFF`.
    Integer,
    /// `1.5`.
    Decimal,
    /// `1E5`.
    Double,
    /// `$$…$$`, the body of a function in another language.
    DollarString,
    /// A character that no rule of Trino's lexer begins with; no rule of the parser takes it.
    Unrecognised,
    /// An operator or a bracket.
    Symbol,
    /// The end of the text.
    End,
}

/// A token.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) span: Span,
    /// [`word_key`] of a word, [`symbol_key`] of a symbol, [`DOUBLED`] where the quotes of a token stand doubled in it, [`NO_KEY`] of
    /// any other.
    pub(super) key: u32,
}

impl Token {
    /// A token that is neither a word nor a symbol.
    pub(super) fn of_kind(kind: TokenKind, span: Span) -> Token {
        Token { kind, span, key: NO_KEY }
    }
}

/// Most tokens of a statement; each takes 16 bytes.
pub(super) const MAX_TOKENS: usize = 2_000_000;

/// Reads all tokens; the last one is `End`.
pub(super) fn tokens(text: &str, version: GrammarVersion) -> Result<Vec<Token>, SqlError> {
    let Ok(length) = u32::try_from(text.len()) else {
        return Err(SqlError::limit(Span::default(), "the statement is too large"));
    };
    let mut lexer = Lexer { text, version, at: 0, open_comment: false };
    let mut tokens = Vec::with_capacity(text.len() / 4 + 2);
    while let Some(token) = lexer.next() {
        if tokens.len() >= MAX_TOKENS {
            return Err(SqlError::limit(token.span, "the statement has too many tokens"));
        }
        tokens.push(token);
    }
    tokens.push(Token::of_kind(TokenKind::End, Span { start: length, end: length }));
    Ok(tokens)
}

/// The bytes that words are of.
#[expect(clippy::indexing_slicing, reason = "it runs in the compiler")]
static IN_WORDS: [bool; 256] = {
    let mut bytes = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        bytes[byte] = (byte as u8).is_ascii_alphanumeric() || byte as u8 == b'_';
        byte += 1;
    }
    bytes
};

/// A one in each of eight bytes.
const EACH: u64 = u64::from_le_bytes([1; 8]);

struct Lexer<'a> {
    text: &'a str,
    version: GrammarVersion,
    at: usize,
    /// A comment was met that nothing ends; nor does anything end a later one, so that none is searched again.
    open_comment: bool,
}

impl Lexer<'_> {
    fn bytes(&self) -> &[u8] {
        self.text.as_bytes()
    }

    fn byte(&self, ahead: usize) -> u8 {
        self.bytes().get(self.at + ahead).copied().unwrap_or(0)
    }

    /// The next token, behind white space and comments.
    fn next(&mut self) -> Option<Token> {
        loop {
            let first = *self.bytes().get(self.at)?;
            let start = self.at;
            let found = match first {
                b' ' | b'\t' | b'\r' | b'\n' => {
                    self.at += 1;
                    continue;
                }
                b'-' if self.byte(1) == b'-' => {
                    self.at = self.find(start, |byte| byte == b'\n' || byte == b'\r').unwrap_or(self.bytes().len());
                    continue;
                }
                b'/' if self.byte(1) == b'*' && self.skip_comment() => continue,
                b'\'' => self.quoted(TokenKind::String, 0, b'\''),
                b'"' => self.quoted(TokenKind::Quoted, 0, b'"'),
                b'a'..=b'z' | b'A'..=b'Z' | b'_' => self.letters(first),
                // Nothing longer begins with these.
                b'(' | b')' | b',' | b'[' | b']' | b'}' | b'+' | b'*' | b'/' | b'%' | b';' | b'?' | b'^' => {
                    self.at += 1;
                    Some((TokenKind::Symbol, symbol_key(&[first])))
                }
                b'.' if !self.byte(1).is_ascii_digit() => {
                    self.at += 1;
                    Some((TokenKind::Symbol, symbol_key(b".")))
                }
                b'0'..=b'9' | b'.' => Some((self.number(), NO_KEY)),
                _ => self.rare(first),
            };
            let (kind, key) = found.unwrap_or_else(|| self.unrecognised(start));
            return Some(Token { kind, span: Span { start: start as u32, end: self.at as u32 }, key });
        }
    }

    /// Moves behind a comment that begins here, if it ends.
    fn skip_comment(&mut self) -> bool {
        if self.open_comment {
            return false;
        }
        match self.text.get(self.at + 2..).and_then(|rest| rest.find("*/")) {
            Some(end) => self.at += end + 4,
            // Trino's lexer then reads a slash and an asterisk.
            None => self.open_comment = true,
        }
        !self.open_comment
    }

    /// Moves behind what begins with a letter: a word, unless a quote behind it makes it more.
    #[inline]
    fn letters(&mut self, first: u8) -> Option<(TokenKind, u32)> {
        match first {
            b'u' | b'U' if self.byte(1) == b'&' && self.byte(2) == b'\'' => {
                self.quoted(TokenKind::UnicodeString, 2, b'\'').or_else(|| Some(self.word()))
            }
            b'x' | b'X' if self.byte(1) == b'\'' && self.binary() => Some((TokenKind::Binary, NO_KEY)),
            _ => Some(self.word()),
        }
    }

    /// Moves behind what begins with another byte; nothing if no rule fits.
    fn rare(&mut self, first: u8) -> Option<(TokenKind, u32)> {
        match first {
            b'`' => self.quoted(TokenKind::Backquoted, 0, first),
            b'$' if self.byte(1) == b'$' => {
                let length = self.text.get(self.at + 2..)?.find("$$")?;
                self.at += length + 4;
                Some((TokenKind::DollarString, NO_KEY))
            }
            _ => self.symbol(),
        }
    }

    /// Where a byte stands next, eight bytes at a look.
    #[inline]
    fn find_byte(&self, from: usize, byte: u8) -> Option<usize> {
        let rest = self.bytes().get(from..)?;
        let (eights, last) = rest.as_chunks();
        let mut at = from;
        for eight in eights {
            // A byte of zero borrows from the bit above it; the lowest that does is one.
            let differs = u64::from_le_bytes(*eight) ^ (u64::from(byte) * EACH);
            let zero = differs.wrapping_sub(EACH) & !differs & (EACH << 7);
            if zero != 0 {
                return Some(at + zero.trailing_zeros() as usize / 8);
            }
            at += 8;
        }
        last.iter().position(|other| *other == byte).map(|found| at + found)
    }

    #[inline]
    fn find(&self, from: usize, is: impl Fn(u8) -> bool) -> Option<usize> {
        self.bytes().get(from..)?.iter().position(|byte| is(*byte)).map(|at| from + at)
    }

    fn word(&mut self) -> (TokenKind, u32) {
        let start = self.at;
        self.skip_word();
        let word = self.bytes().get(start..self.at).unwrap_or_default();
        let key = word_key(word);
        let reserved = is_reserved(word, key) || (self.version >= V483 && is_reserved_since_483(word));
        (TokenKind::Word { reserved }, key)
    }

    /// Moves behind a token whose quotes begin `ahead` and in which a doubled quote stands for one, if the quotes end.
    fn quoted(&mut self, kind: TokenKind, ahead: usize, quote: u8) -> Option<(TokenKind, u32)> {
        let mut from = self.at + ahead + 1;
        let mut closed = None;
        let mut key = NO_KEY;
        while let Some(end) = self.find_byte(from, quote) {
            closed = Some(end + 1);
            if self.bytes().get(end + 1) != Some(&quote) {
                break;
            }
            key = DOUBLED;
            from = end + 2;
        }
        self.at = closed?;
        Some((kind, key))
    }

    /// Moves behind `X'…'`, which knows no doubled quotes.
    fn binary(&mut self) -> bool {
        let end = self.find(self.at + 2, |byte| byte == b'\'');
        self.at = end.map_or(self.at, |end| end + 1);
        end.is_some()
    }

    fn skip_word(&mut self) {
        let ends = self.find(self.at, |byte| !IN_WORDS.get(usize::from(byte)).is_some_and(|is| *is));
        self.at = ends.unwrap_or(self.bytes().len());
    }

    /// The longest of an integer, a decimal, a double and a word that begins with a digit.
    fn number(&mut self) -> TokenKind {
        let start = self.at;
        let (kind, end) = number_at(self.bytes().get(start..).unwrap_or_default());
        self.skip_word();
        if self.at > start + end {
            return TokenKind::DigitIdentifier;
        }
        self.at = start + end;
        kind
    }

    fn symbol(&mut self) -> Option<(TokenKind, u32)> {
        let two = [self.byte(0), self.byte(1)];
        let length = match &two {
            b"::" if self.version >= V483 => 2,
            [b'@', _] if self.version >= V483 => 1,
            b"<>" | b"!=" | b"<=" | b">=" | b"||" | b"->" | b"=>" | b"{-" | b"-}" => 2,
            [b'{' | b'<' | b'>' | b'=' | b'-' | b':' | b'|', _] => 1,
            [b'$', next] if *next != b'$' => 1,
            _ => return None,
        };
        self.at += length;
        Some((TokenKind::Symbol, symbol_key(two.get(..length).unwrap_or_default())))
    }

    fn unrecognised(&mut self, start: usize) -> (TokenKind, u32) {
        let found = self.text.get(start..).and_then(|rest| rest.chars().next());
        self.at = start + found.map_or(1, char::len_utf8);
        (TokenKind::Unrecognised, NO_KEY)
    }
}

/// Kind and length of the longest number at the start of `bytes`, which begin with a digit or with `.` and a digit.
fn number_at(bytes: &[u8]) -> (TokenKind, usize) {
    let radix = match bytes {
        [b'0', b'x' | b'X', ..] => Some(16),
        [b'0', b'o' | b'O', ..] => Some(8),
        [b'0', b'b' | b'B', ..] => Some(2),
        _ => None,
    };
    if let Some(radix) = radix {
        let digits = run(bytes.get(2..).unwrap_or_default(), radix, true);
        if digits > 0 {
            return (TokenKind::Integer, 2 + digits);
        }
    }
    let whole = run(bytes, 10, false);
    let mut kind = TokenKind::Integer;
    let mut end = whole;
    // `1..2` is not a number with two points; a point alone may end one.
    if bytes.get(end) == Some(&b'.') {
        kind = TokenKind::Decimal;
        end += 1 + run(bytes.get(end + 1..).unwrap_or_default(), 10, false);
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        let from = end + 1 + sign;
        let digits = bytes.get(from..).unwrap_or_default().iter().take_while(|byte| byte.is_ascii_digit()).count();
        if digits > 0 && !bytes.get(..end).unwrap_or_default().contains(&b'_') {
            return (TokenKind::Double, from + digits);
        }
    }
    (kind, end)
}

/// The length of a run of digits, in which single underscores may stand between two digits (and in front, if `leading`).
fn run(bytes: &[u8], radix: u32, leading: bool) -> usize {
    let digit = |at: usize| bytes.get(at).is_some_and(|byte| char::from(*byte).is_digit(radix));
    let mut end = 0;
    loop {
        if digit(end) {
            end += 1;
        } else if bytes.get(end) == Some(&b'_') && digit(end + 1) && (end > 0 || leading) {
            end += 2;
        } else {
            return end;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(TokenKind, &str)> {
        let tokens = tokens(text, GrammarVersion::V476).expect(text);
        tokens
            .iter()
            .map(|token| (token.kind, token.span.of(text)))
            .filter(|(kind, _)| *kind != TokenKind::End)
            .collect()
    }

    #[test]
    fn numbers_are_as_long_as_they_can_be() {
        use TokenKind::*;
        for (text, kind) in [
            ("1", Integer),
            ("1_000", Integer),
            ("0x1F", Integer),
            ("0b_1", Integer),
            ("1.", Decimal),
            (".5", Decimal),
            ("1.5", Decimal),
            ("1e5", Double),
            ("1.e-5", Double),
            (".5E+1", Double),
            ("1a", DigitIdentifier),
            ("1e2x", DigitIdentifier),
            ("1_", DigitIdentifier),
            ("0xG", DigitIdentifier),
        ] {
            assert_eq!(read(text), [(kind, text)]);
        }
        assert_eq!(read("1.5abc"), [(Decimal, "1.5"), (Word { reserved: false }, "abc")]);
    }

    #[test]
    fn comments_end_where_trino_ends_them() {
        let words = |text| read(text).into_iter().map(|(_, word)| word).collect::<Vec<_>>();
        assert_eq!(words("a -- b\rc"), ["a", "c"]);
        assert_eq!(words("a -- b\nc -- d"), ["a", "c"]);
        assert_eq!(words("a /* /* */ b */"), ["a", "b", "*", "/"]);
        assert_eq!(words("a /*"), ["a", "/", "*"]);
    }

    #[test]
    fn quotes_are_doubled_within_quotes() {
        use TokenKind::Word;
        assert_eq!(read("'it''s'"), [(TokenKind::String, "'it''s'")]);
        assert_eq!(read("\"a\"\"b\""), [(TokenKind::Quoted, "\"a\"\"b\"")]);
        assert_eq!(read("U&'x'X'0a'").len(), 2);
        for length in 0..40 {
            // Bytes that differ from a quote by their lowest bit or their highest.
            for filler in ["a", "#", "!", "\u{a2}", "\u{1f422}"] {
                let quoted = format!("\"{}\"", filler.repeat(length));
                assert_eq!(
                    read(&format!("{quoted} b")),
                    [(TokenKind::Quoted, quoted.as_str()), (Word { reserved: false }, "b")]
                );
            }
        }
    }

    #[test]
    fn a_character_without_a_rule_is_a_token_of_its_own() {
        for (text, at) in [
            ("SELECT \u{a0}1", 7),
            ("'open", 0),
            ("'a''b", 3),
            ("a \"b", 2),
            ("é", 0),
            ("a & b", 2),
            ("$$x$", 0),
            ("!a", 0),
            ("a\u{b}b", 1),
            ("U&'open", 1),
        ] {
            let found = tokens(text, GrammarVersion::V476).unwrap();
            let first = found.iter().find(|token| token.kind == TokenKind::Unrecognised).expect(text);
            assert_eq!(first.span.start, at, "{text}");
        }
        assert_eq!(read("$$ x ' $$"), [(TokenKind::DollarString, "$$ x ' $$")]);
    }

    #[test]
    fn many_comments_that_nothing_ends_are_read_in_linear_time() {
        assert!(tokens(&"/* ".repeat(400_000), GrammarVersion::V476).is_ok());
    }
}
