//! Sixty-four bytes of JSON at once: where quotes and brackets stand in them.
//!
//! In: a block, and whether it begins within a string. Out: [`Marks`], a bit for each byte, the lowest for the first. A
//! megabyte of rows is read by this in a fraction of the time that its bytes take one by one.

use fearless_simd::prelude::*;
use fearless_simd::{Level, u8x64};
use std::sync::LazyLock;

/// Bytes in a block.
pub(super) const BLOCK: usize = 64;

/// The widest instructions that the processor has.
pub(super) static LEVEL: LazyLock<Level> = LazyLock::new(Level::new);

/// What stands in a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Marks {
    quotes: u64,
    /// All brackets, and what is like them: `Y`, `_`, `y` and a control character that JSON allows.
    brackets: u64,
    /// Whether a backslash or a control character stands in it, after which nothing of this can be relied on.
    pub(super) odd: bool,
}

/// Which brackets of lists stand in a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lists {
    /// `[`.
    opens: u64,
    /// `]`.
    closes: u64,
    /// What else there is among [`Marks::brackets`].
    others: u64,
}

/// What a block holds that has nothing but values of a list of lists, none of which has further lists in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Flat {
    /// How many of the inner lists begin in it.
    pub(super) begun: u64,
    /// Whether one of them goes on behind it.
    pub(super) within: bool,
}

impl Marks {
    /// Those of a block.
    #[inline(always)]
    pub(super) fn of<S: Simd>(simd: S, block: &[u8; BLOCK]) -> Marks {
        let bytes: u8x64<S> = u8x64::from_slice(simd, block);
        let all = |byte: u8| u8x64::splat(simd, byte);
        // The four brackets are alike in all other bits than these.
        let brackets = (bytes | all(0x26)).simd_eq(all(0x7f));
        Marks {
            quotes: bytes.simd_eq(all(b'"')).to_bitmask(),
            brackets: brackets.to_bitmask(),
            odd: (bytes.simd_eq(all(b'\\')) | bytes.simd_lt(all(b' '))).any_true(),
        }
    }

    /// Whether nothing in it can be a bracket.
    #[inline(always)]
    pub(super) fn plain(&self) -> bool {
        self.brackets == 0
    }

    /// The brackets of lists in the block that these are the marks of.
    #[inline(always)]
    pub(super) fn lists<S: Simd>(&self, simd: S, block: &[u8; BLOCK]) -> Lists {
        let bytes: u8x64<S> = u8x64::from_slice(simd, block);
        let are = |byte: u8| bytes.simd_eq(u8x64::splat(simd, byte)).to_bitmask();
        let (opens, closes) = (are(b'['), are(b']'));
        Lists { opens, closes, others: self.brackets & !(opens | closes) }
    }

    /// Whether what follows is within a string, for a block with nothing odd in it.
    #[inline(always)]
    pub(super) fn ends_in_string(&self, in_string: bool) -> bool {
        in_string ^ (self.quotes.count_ones() & 1 == 1)
    }

    /// The bytes within strings, opening quotes included, for a block with nothing odd in it.
    #[inline(always)]
    pub(super) fn inside(&self, in_string: bool) -> u64 {
        let mut odd = self.quotes;
        for shift in [1, 2, 4, 8, 16, 32] {
            odd ^= odd << shift;
        }
        if in_string { !odd } else { odd }
    }

    /// Where something stands outside of strings that is a bracket or like one.
    #[inline(always)]
    pub(super) fn brackets(&self, inside: u64) -> impl Iterator<Item = usize> {
        let mut left = self.brackets & !inside;
        std::iter::from_fn(move || {
            let bit = (left != 0).then(|| left.trailing_zeros())?;
            left &= left - 1;
            Some(bit as usize)
        })
    }
}

impl Lists {
    /// The block as a part of a list of lists, if it is no more than that. `within`: whether it begins within an inner list.
    #[inline(always)]
    pub(super) fn flat(&self, inside: u64, within: bool) -> Option<Flat> {
        let (opens, closes) = (self.opens & !inside, self.closes & !inside);
        let before = u64::from(within);
        let both = opens | closes;
        // From each opening bracket up to the closing one, if they take turns: what is taken away from the closing one's bit
        // leaves all bits between the two.
        let lists = closes.wrapping_sub(opens).wrapping_sub(before);
        let turns = lists ^ (lists << 1 | before);
        let flat = (self.others & !inside == 0) & (turns == both) & (lists & both == opens);
        flat.then(|| Flat { begun: u64::from(opens.count_ones()), within: lists >> (BLOCK - 1) == 1 })
    }
}

#[cfg(test)]
mod tests;
