//! Reads JSON that is there as a whole, one value after another, and keeps nothing.
//!
//! For the statistics that come with each page. `None` stands for whatever is not what was looked for. What reads a value stands
//! once and is called for each field: code that is repeated for each would be more to fetch than the calls cost.

use super::scanner::Class;
use crate::proxy::characters::{Kind, are_all};

/// What is left to read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// All of it.
    pub(super) fn new(json: &'a [u8]) -> Reader<'a> {
        Reader(json)
    }

    /// Whether nothing is left.
    pub(super) fn is_done(&self) -> bool {
        self.0.trim_ascii_start().is_empty()
    }

    /// A mark such as a bracket.
    pub(super) fn mark(&mut self, mark: u8) -> Option<()> {
        self.space();
        let rest = self.0.strip_prefix(&[mark])?;
        self.0 = rest;
        Some(())
    }

    /// The name of the next field of an object, and its colon; `None` within at the object's end. `first`: nothing of the
    /// object but its bracket was read.
    pub(super) fn field(&mut self, first: bool) -> Option<Option<&'a [u8]>> {
        if self.mark(b'}').is_some() {
            return Some(None);
        }
        if !first {
            self.mark(b',')?;
        }
        let name = self.text()?;
        self.mark(b':')?;
        Some(Some(name))
    }

    /// Reads an object. Each field goes to what stands beside its name in `fields`, which is there as it is written, with quotes and
    /// colon; others are read over. They may come in any order, and are read the quicker the more of them come in that of `fields`.
    pub(super) fn object<T>(
        &mut self,
        fields: &[(&str, impl Fn(&mut T, &mut Self) -> Option<()>)],
        into: &mut T,
    ) -> Option<()> {
        self.mark(b'{')?;
        let (mut first, mut next) = (true, 0);
        loop {
            if let Some((_, read)) = fields.get(next).filter(|(name, _)| self.is_field(first, name)) {
                read(into, self)?;
                next += 1;
            } else {
                let Some(name) = self.field(first)? else { return Some(()) };
                match fields.iter().enumerate().find(|(_, (written, _))| is_written(written, name)) {
                    Some((place, (_, read))) => {
                        read(into, self)?;
                        next = place + 1;
                    }
                    None => self.pass()?,
                }
            }
            first = false;
        }
    }

    /// Whether the next field is written so and without white space; name and colon are read then.
    fn is_field(&mut self, first: bool, written: &str) -> bool {
        let begins = if first { Some(self.0) } else { self.0.strip_prefix(b",") };
        let named = begins.and_then(|rest| rest.strip_prefix(written.as_bytes()));
        self.0 = named.unwrap_or(self.0);
        named.is_some()
    }

    /// Whether there is another element of a list; its comma is read.
    pub(super) fn element(&mut self, first: bool) -> Option<bool> {
        if self.mark(b']').is_some() {
            return Some(false);
        }
        if first { Some(true) } else { self.mark(b',').map(|()| true) }
    }

    /// A string without escapes.
    #[inline(never)]
    pub(super) fn text(&mut self) -> Option<&'a [u8]> {
        self.mark(b'"')?;
        let (text, rest) = self.0.split_at_checked(memchr::memchr(b'"', self.0)?)?;
        if !are_all(text, Kind::Unescaped) {
            return None;
        }
        self.0 = rest.strip_prefix(b"\"")?;
        Some(text)
    }

    /// A number without sign, point or exponent.
    #[inline(never)]
    pub(super) fn count(&mut self) -> Option<u64> {
        self.space();
        let (mut number, mut rest) = (0_u64, self.0);
        while let [digit @ b'0'..=b'9', behind @ ..] = rest {
            number = number.checked_mul(10)?.checked_add(u64::from(digit - b'0'))?;
            rest = behind;
        }
        let whole = rest.len() < self.0.len() && rest.first().is_none_or(|byte| Class::of(*byte) != Class::Word);
        self.0 = rest;
        whole.then_some(number)
    }

    /// `true` or `false`.
    #[inline(never)]
    pub(super) fn truth(&mut self) -> Option<bool> {
        match self.word()? {
            b"true" => Some(true),
            b"false" => Some(false),
            _ => None,
        }
    }

    /// Whether a value is there, which is a number, or `null`.
    #[inline(never)]
    pub(super) fn is_number(&mut self) -> Option<bool> {
        match self.word()? {
            b"null" => Some(false),
            number => {
                number.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'-' | b'+' | b'e' | b'E')).then_some(true)
            }
        }
    }

    /// Whether `null` is there, which is read then.
    pub(super) fn null(&mut self) -> bool {
        let mut after = *self;
        let null = after.word() == Some(b"null");
        if null {
            *self = after;
        }
        null
    }

    /// Reads over a value, whatever it is and however deep.
    #[inline(never)]
    pub(super) fn pass(&mut self) -> Option<()> {
        let mut open = 0_usize;
        loop {
            self.space();
            match self.0.first()? {
                b'"' => self.pass_text()?,
                b'{' | b'[' => {
                    open += 1;
                    self.0 = self.0.get(1..)?;
                    continue;
                }
                b'}' | b']' | b',' | b':' if open > 0 => {
                    open -= usize::from(matches!(self.0.first()?, b'}' | b']'));
                    self.0 = self.0.get(1..)?;
                }
                _ => {
                    self.word()?;
                }
            }
            if open == 0 {
                return Some(());
            }
        }
    }

    fn pass_text(&mut self) -> Option<()> {
        let mut at = 1;
        loop {
            at += memchr::memchr2(b'"', b'\\', self.0.get(at..)?)?;
            if self.0.get(at) == Some(&b'"') {
                self.0 = self.0.get(at + 1..)?;
                return Some(());
            }
            at += 2;
        }
    }

    /// What stands up to the next mark or space, at least a byte.
    #[inline(never)]
    fn word(&mut self) -> Option<&'a [u8]> {
        self.space();
        let end = self.0.iter().position(|byte| Class::of(*byte) != Class::Word).unwrap_or(self.0.len());
        let (word, rest) = self.0.split_at_checked(end).filter(|(word, _)| !word.is_empty())?;
        self.0 = rest;
        Some(word)
    }

    fn space(&mut self) {
        if self.0.first().is_some_and(|byte| *byte <= b' ') {
            self.0 = self.0.trim_ascii_start();
        }
    }
}

/// Whether a name is written so.
fn is_written(written: &str, name: &[u8]) -> bool {
    written.as_bytes().strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\":")) == Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_read_over_whatever_it_is() {
        for value in ["1", "-1.5e3", "true", "null", "\"\"", "\"a\\\"]}\"", "[]", "{}", "[1,[2,{\"a\":\"]\"}], 3]"] {
            let text = format!(" {value} ,");
            let mut reader = Reader::new(text.as_bytes());
            assert_eq!(reader.pass(), Some(()), "{value}");
            assert_eq!(reader.mark(b','), Some(()), "{value}");
            assert!(reader.is_done());
        }
        let deep = format!("{}{}", "[".repeat(50_000), "]".repeat(50_000));
        assert_eq!(Reader::new(deep.as_bytes()).pass(), Some(()));
        for wrong in ["", "[", "[1", "\"a", "\"a\\\"", ",", "}", "{\"a\":"] {
            assert_eq!(Reader::new(wrong.as_bytes()).pass(), None, "{wrong}");
        }
    }

    #[test]
    fn what_is_something_else_is_nothing() {
        for (text, count) in [
            ("0", Some(0)),
            ("18446744073709551615", Some(u64::MAX)),
            ("18446744073709551616", None),
            ("-1", None),
            ("1.0", None),
            ("1e3", None),
            ("", None),
            ("\"1\"", None),
            ("null", None),
        ] {
            assert_eq!(Reader::new(text.as_bytes()).count(), count, "{text}");
        }
        assert_eq!(Reader::new(b"\"a\\u0062\"").text(), None);
        assert_eq!(Reader::new(b"truth").truth(), None);
        assert_eq!(Reader::new(b"1x").is_number(), None);
    }

    #[test]
    fn fields_and_elements_come_one_by_one() {
        let mut reader = Reader::new(b" { \"a\" : [ 1 , 2 ] , \"b\":true } ");
        reader.mark(b'{').unwrap();
        assert_eq!(reader.field(true), Some(Some(&b"a"[..])));
        reader.mark(b'[').unwrap();
        assert_eq!((reader.element(true), reader.count()), (Some(true), Some(1)));
        assert_eq!((reader.element(false), reader.count()), (Some(true), Some(2)));
        assert_eq!(reader.element(false), Some(false));
        assert_eq!((reader.field(false), reader.truth()), (Some(Some(&b"b"[..])), Some(true)));
        assert_eq!((reader.field(false), reader.is_done()), (Some(None), true));
        for wrong in ["{\"a\":1 \"b\":2}", "{a:1}", "{\"a\" 1}", "{,}"] {
            let mut reader = Reader::new(wrong.as_bytes());
            reader.mark(b'{').unwrap();
            let first = reader.field(true).and_then(|_| reader.count()).and_then(|_| reader.field(false));
            assert_eq!(first, None, "{wrong}");
        }
    }
}
