//! An incremental reader of the JSON object that a page of results is.
//!
//! In: the bytes of a page as they come, cut anywhere. Out: [`Piece`]s: the bytes of fields that go by untouched, as
//! slices of what came in, and the whole values of the few fields that must change. It keeps only those few (bounded),
//! whatever the size of the page. It never repairs: what is not the JSON object that Trino writes is [`Malformed`].

use bytes::Bytes;

/// Deepest nesting within one field. Trino's types nest far less.
const DEEPEST: usize = 256;
/// Longest name of a field.
const LONGEST_NAME: usize = 64;

/// The page is not what Trino writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a page of results from Trino can't be read: {0}")]
pub(crate) struct Malformed(pub(crate) &'static str);

/// The fields of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    Id,
    InfoUri,
    PartialCancelUri,
    NextUri,
    Columns,
    Data,
    Stats,
    Error,
    Warnings,
    UpdateType,
    UpdateCount,
    /// One that is not known: it is read over and left out.
    Unknown,
}

impl Field {
    fn named(name: &[u8]) -> Field {
        match name {
            b"id" => Field::Id,
            b"infoUri" => Field::InfoUri,
            b"partialCancelUri" => Field::PartialCancelUri,
            b"nextUri" => Field::NextUri,
            b"columns" => Field::Columns,
            b"data" => Field::Data,
            b"stats" => Field::Stats,
            b"error" => Field::Error,
            b"warnings" => Field::Warnings,
            b"updateType" => Field::UpdateType,
            b"updateCount" => Field::UpdateCount,
            _ => Field::Unknown,
        }
    }

    /// The field's name in JSON.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Field::Id => "id",
            Field::InfoUri => "infoUri",
            Field::PartialCancelUri => "partialCancelUri",
            Field::NextUri => "nextUri",
            Field::Columns => "columns",
            Field::Data => "data",
            Field::Stats => "stats",
            Field::Error => "error",
            Field::Warnings => "warnings",
            Field::UpdateType => "updateType",
            Field::UpdateCount => "updateCount",
            Field::Unknown => "",
        }
    }

    fn treatment(self) -> Treatment {
        match self {
            Field::Columns | Field::Data | Field::Stats | Field::UpdateType | Field::UpdateCount => Treatment::Pass,
            Field::Id | Field::InfoUri | Field::PartialCancelUri | Field::NextUri | Field::Error | Field::Warnings => {
                Treatment::Keep
            }
            Field::Unknown => Treatment::LeaveOut,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Treatment {
    Pass,
    Keep,
    LeaveOut,
}

/// What the reader found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// A field whose value follows in [`Piece::Raw`].
    Begin(Field),
    /// Bytes of the field that was begun.
    Raw(Bytes),
    /// A field with its whole value.
    Whole(Field, Vec<u8>),
    /// The object is closed.
    End,
}

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
    kept_before: usize,
    most_kept: usize,
    rows: u64,
}

impl Scanner {
    /// A reader that keeps at most `most_kept` bytes of the fields that must change.
    pub(crate) fn new(most_kept: usize) -> Scanner {
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
            kept_before: 0,
            most_kept,
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

    /// Reads on.
    pub(crate) fn push(&mut self, chunk: &Bytes, out: &mut Vec<Piece>) -> Result<(), Malformed> {
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
            self.between(byte, out)?;
            at += 1;
        }
        Ok(())
    }

    /// One byte outside of a value.
    fn between(&mut self, byte: u8, out: &mut Vec<Piece>) -> Result<(), Malformed> {
        if self.state != State::InName && is_space(byte) {
            return Ok(());
        }
        self.state = match (self.state, byte) {
            (State::Start, b'{') => State::FirstNameOrEnd,
            (State::FirstNameOrEnd | State::Name, b'"') => {
                self.name.clear();
                State::InName
            }
            (State::InName, b'"') => {
                self.field = Field::named(&self.name);
                self.once()?;
                State::Colon
            }
            (State::InName, b'\\' | 0..=0x1f) => return Err(Malformed("an escaped name")),
            (State::InName, _) if self.name.len() >= LONGEST_NAME => return Err(Malformed("a long name")),
            (State::InName, _) => {
                self.name.push(byte);
                State::InName
            }
            (State::Colon, b':') => State::BeforeValue,
            (State::AfterValue, b',') => State::Name,
            (State::FirstNameOrEnd | State::AfterValue, b'}') => {
                out.push(Piece::End);
                State::Done
            }
            (State::Done, _) => return Err(Malformed("more after its end")),
            _ => return Err(Malformed("not an object")),
        };
        Ok(())
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

    fn begin_value(&mut self, first: u8, out: &mut Vec<Piece>) -> Result<(), Malformed> {
        if self.field == Field::Data && first != b'[' && first != b'n' {
            return Err(Malformed("data that is no list of rows"));
        }
        self.open.clear();
        self.begun = false;
        self.in_string = false;
        self.escaped = false;
        self.kept.clear();
        self.state = State::Value;
        if self.field.treatment() == Treatment::Pass {
            out.push(Piece::Begin(self.field));
        }
        Ok(())
    }

    /// Reads on within a value from `start`, and says where it stopped: behind the value's last byte or at the end.
    fn value(&mut self, chunk: &Bytes, start: usize, out: &mut Vec<Piece>) -> Result<usize, Malformed> {
        let bytes: &[u8] = chunk;
        let mut at = start;
        let mut ended = false;
        while let Some(&byte) = bytes.get(at) {
            if self.in_string {
                at = self.string(bytes, at)?;
                ended = !self.in_string && self.open.is_empty();
            } else {
                let alone = self.open.is_empty();
                match byte {
                    // A number or a word ends at what follows it.
                    b',' | b'}' | b' ' | b'\t' | b'\r' | b'\n' if alone && self.begun => {
                        self.emit(chunk, start, at, out)?;
                        self.end_value(out);
                        return Ok(at);
                    }
                    b'"' | b'[' | b'{' if alone && self.begun => return Err(Malformed("two values")),
                    b'"' => self.in_string = true,
                    b'[' | b'{' => self.bracket(byte)?,
                    b']' | b'}' => {
                        if self.open.pop() != Some(if byte == b']' { b'[' } else { b'{' }) {
                            return Err(Malformed("brackets that don't match"));
                        }
                        ended = self.open.is_empty();
                    }
                    b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'.' | b'+' | b'-' => {}
                    b',' | b':' | b' ' | b'\t' | b'\r' | b'\n' if !alone => {}
                    _ => return Err(Malformed("a byte that JSON has not outside of a string")),
                }
                self.begun = true;
                at += 1;
            }
            if ended {
                self.emit(chunk, start, at, out)?;
                self.end_value(out);
                return Ok(at);
            }
        }
        self.emit(chunk, start, at, out)?;
        Ok(at)
    }

    /// Reads on within a string; stops behind its closing quote or at the end of the bytes.
    fn string(&mut self, bytes: &[u8], mut at: usize) -> Result<usize, Malformed> {
        if self.escaped {
            self.escaped = false;
            at += 1;
        }
        while let Some(rest) = bytes.get(at..) {
            match rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f)) {
                None => return Ok(bytes.len()),
                Some(step) => match rest.get(step) {
                    Some(b'"') => {
                        self.in_string = false;
                        return Ok(at + step + 1);
                    }
                    Some(b'\\') => {
                        at += step + 2;
                        if at > bytes.len() {
                            self.escaped = true;
                            return Ok(bytes.len());
                        }
                    }
                    _ => return Err(Malformed("a control character in a string")),
                },
            }
        }
        Ok(bytes.len())
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

    fn emit(&mut self, chunk: &Bytes, start: usize, end: usize, out: &mut Vec<Piece>) -> Result<(), Malformed> {
        if start == end {
            return Ok(());
        }
        match self.field.treatment() {
            Treatment::Pass => out.push(Piece::Raw(chunk.slice(start..end))),
            Treatment::Keep => {
                let bytes = chunk.get(start..end).unwrap_or_default();
                if self.kept_before + self.kept.len() + bytes.len() > self.most_kept {
                    return Err(Malformed("the parts that Sluice reads are larger than limits.envelope_bytes"));
                }
                self.kept.extend_from_slice(bytes);
            }
            Treatment::LeaveOut => {}
        }
        Ok(())
    }

    fn end_value(&mut self, out: &mut Vec<Piece>) {
        self.state = State::AfterValue;
        if self.field.treatment() == Treatment::Keep {
            self.kept_before += self.kept.len();
            out.push(Piece::Whole(self.field, std::mem::take(&mut self.kept)));
        }
    }
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What came out, with neighbouring bytes joined.
    fn read(page: &[u8], cuts: &[usize]) -> Result<(Vec<Piece>, u64), Malformed> {
        let mut scanner = Scanner::new(10_000);
        let mut out = Vec::new();
        let page = Bytes::copy_from_slice(page);
        let mut from = 0;
        for cut in cuts.iter().copied().chain([page.len()]) {
            let cut = cut.clamp(from, page.len());
            scanner.push(&page.slice(from..cut), &mut out)?;
            from = cut;
        }
        if !scanner.done() {
            return Err(Malformed("cut off"));
        }
        let mut joined: Vec<Piece> = Vec::new();
        for piece in out {
            match (joined.last_mut(), piece) {
                (Some(Piece::Raw(last)), Piece::Raw(next)) => *last = [&last[..], &next[..]].concat().into(),
                (_, piece) => joined.push(piece),
            }
        }
        Ok((joined, scanner.rows()))
    }

    const PAGE: &[u8] = br#" {"id":"20260101_000000_00000_abcde", "infoUri":"http://t/ui?x", "columns":[{"name":"a\"]}","type":"varchar"}],
        "data":[["x\\",1,null],["]}\u0041",-1.5e3,[[1],{"k":"v"}]],[]],"stats":{"state":"RUNNING","nodes":1},"future":{"a":["}"]},
        "nextUri":"http://t/v1/statement/executing/q/s/1","warnings":[],"updateCount":12 , "updateType":null}
"#;

    #[test]
    fn fields_go_by_or_are_kept_and_unknown_ones_are_left_out() {
        let (pieces, rows) = read(PAGE, &[]).unwrap();
        assert_eq!(rows, 3);
        let whole = |field, text: &str| Piece::Whole(field, text.as_bytes().to_vec());
        assert_eq!(pieces[0], whole(Field::Id, "\"20260101_000000_00000_abcde\""));
        assert_eq!(pieces[2], Piece::Begin(Field::Columns));
        assert_eq!(pieces[3], Piece::Raw(Bytes::from_static(br#"[{"name":"a\"]}","type":"varchar"}]"#)));
        assert_eq!(
            pieces[5],
            Piece::Raw(Bytes::from_static(br#"[["x\\",1,null],["]}\u0041",-1.5e3,[[1],{"k":"v"}]],[]]"#))
        );
        assert_eq!(pieces[8], whole(Field::NextUri, "\"http://t/v1/statement/executing/q/s/1\""));
        assert_eq!(pieces[9], whole(Field::Warnings, "[]"));
        assert_eq!(*pieces.last().unwrap(), Piece::End);
        assert!(!format!("{pieces:?}").contains("future"));
    }

    #[test]
    fn each_cut_gives_the_same() {
        let whole = read(PAGE, &[]).unwrap();
        for cut in 0..PAGE.len() {
            assert_eq!(read(PAGE, &[cut]).unwrap(), whole, "cut at {cut}");
        }
        let each: Vec<usize> = (0..PAGE.len()).collect();
        assert_eq!(read(PAGE, &each).unwrap(), whole);
    }

    #[test]
    fn what_trino_does_not_write_is_malformed() {
        for page in [
            "",
            "[]",
            "null",
            "{",
            "{\"id\":",
            "{\"id\":\"a\"",
            "{\"id\":\"a\"}}",
            "{\"id\":\"a\",}",
            "{\"data\":[1}]}",
            "{\"data\":{\"segments\":[]}}",
            "{\"data\":\"x\"}",
            "{\"id\":\"a\",\"id\":\"b\"}",
            "{\"i\\u0064\":\"a\"}",
            "{\"stats\":[\"\n\"]}",
            "{\"stats\":<>}",
            "{id:1}",
            "{\"updateCount\":1\"a\"}",
            "{\"updateCount\":1 2}",
            "{\"updateCount\":1:2}",
            "{\"id\" \"a\"}",
            "{\"id\":\"a\"\"b\"}",
        ] {
            assert!(read(page.as_bytes(), &[]).is_err(), "{page}");
        }
        let deep = format!("{{\"data\":{}", "[".repeat(10_000));
        assert_eq!(read(deep.as_bytes(), &[]), Err(Malformed("nested too deep")));
    }

    #[test]
    fn only_so_much_is_kept() {
        let page = format!("{{\"error\":\"{}\"}}", "x".repeat(20_000));
        assert!(read(page.as_bytes(), &[]).is_err());
        let page = format!("{{\"data\":[[\"{}\"]]}}", "x".repeat(20_000));
        assert_eq!(read(page.as_bytes(), &[7, 9_000]).unwrap().1, 1);
    }

    fn json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            "[\\PC\"\\\\\n{}\\[\\]]{0,12}".prop_map(serde_json::Value::from),
        ];
        leaf.prop_recursive(4, 32, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(serde_json::Value::from),
                prop::collection::btree_map("[a-z\"]{1,4}", inner, 0..5)
                    .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn any_rows_cut_anywhere_go_by_untouched(
            rows in prop::collection::vec(prop::collection::vec(json(), 0..4), 0..5),
            error in json(),
            cuts in prop::collection::vec(0..400_usize, 0..8),
        ) {
            let count = rows.len() as u64;
            let data = serde_json::to_vec(&rows).unwrap();
            let error = serde_json::to_vec(&error).unwrap();
            let page = [b"{\"data\":", &data[..], b",\"error\":", &error[..], b"}"].concat();
            let mut cuts = cuts;
            cuts.sort_unstable();
            let (pieces, seen) = read(&page, &cuts).unwrap();
            prop_assert_eq!(seen, count);
            prop_assert_eq!(&pieces[1], &Piece::Raw(data.into()));
            prop_assert_eq!(&pieces[2], &Piece::Whole(Field::Error, error));
        }
    }
}
