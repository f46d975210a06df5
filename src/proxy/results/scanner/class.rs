//! What single bytes of JSON are, outside of strings.

/// What a byte is outside of a string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Class {
    /// Of a number or a word.
    Word,
    /// What stands between values.
    Between,
    Quote,
    Open,
    Close,
    Other,
}

/// That of each byte.
#[expect(clippy::indexing_slicing, reason = "it runs in the compiler")]
static CLASSES: [Class; 256] = {
    let mut classes = [Class::Other; 256];
    let mut byte = 0;
    while byte < classes.len() {
        classes[byte] = match byte as u8 {
            b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'.' | b'+' | b'-' => Class::Word,
            b',' | b':' | b' ' | b'\t' | b'\r' | b'\n' => Class::Between,
            b'"' => Class::Quote,
            b'[' | b'{' => Class::Open,
            b']' | b'}' => Class::Close,
            _ => Class::Other,
        };
        byte += 1;
    }
    classes
};

impl Class {
    /// That of a byte.
    #[inline]
    pub(in super::super) fn of(byte: u8) -> Class {
        CLASSES.get(usize::from(byte)).copied().unwrap_or(Class::Other)
    }
}

/// How many bytes say nothing of where a value ends. `alone`: outside of brackets, where what stands between values ends one.
pub(super) fn pass_over(bytes: &[u8], alone: bool) -> usize {
    let says_nothing = |byte: &u8| match Class::of(*byte) {
        Class::Word => true,
        Class::Between => !alone,
        _ => false,
    };
    bytes.iter().position(|byte| !says_nothing(byte)).unwrap_or(bytes.len())
}

/// Whether it is white space of JSON.
pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}
