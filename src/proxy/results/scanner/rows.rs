//! Values within brackets, block by block.

use super::blocks::{BLOCK, BLOCKS, Flat, Marks};
use super::class::Class;
use super::{Field, Malformed, Scanner};
use fearless_simd::Simd;

/// How many bytes are not looked at as flat rows where some were none.
const NESTED: usize = 4 * BLOCKS;

impl Scanner {
    /// Reads within brackets up to the end of the bytes. Says where it stopped, in front of a block that needs a look at each
    /// byte or behind the value's end, and whether the value ended. From `flat` on it is worth a try whether rows are flat.
    #[inline(always)]
    pub(super) fn in_blocks<S: Simd>(
        &mut self,
        simd: S,
        bytes: &[u8],
        mut at: usize,
        flat: &mut usize,
    ) -> Result<(usize, bool), Malformed> {
        let mut last = [b' '; BLOCK];
        loop {
            if at >= *flat {
                at += self.in_rows(simd, bytes.get(at..).unwrap_or_default());
                *flat = at + NESTED;
            }
            let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) else {
                return Ok((at, false));
            };
            let block = rest.first_chunk().unwrap_or_else(|| filled(&mut last, rest));
            let marks = Marks::of(simd, block);
            if marks.odd {
                return Ok((at, false));
            }
            let begin = at;
            at += rest.len().min(BLOCK);
            let begins_in_string = self.in_string;
            self.in_string = marks.ends_in_string(begins_in_string);
            if marks.plain() {
                continue;
            }
            for place in marks.brackets(marks.inside(simd, begins_in_string)) {
                let byte = block.get(place).copied().unwrap_or_default();
                match Class::of(byte) {
                    Class::Open => self.bracket(byte)?,
                    Class::Close if self.close(byte)? => {
                        self.in_string = false;
                        return Ok((begin + place + 1, true));
                    }
                    _ => {}
                }
            }
        }
    }

    /// Reads rows without lists and objects in them, as far as a few blocks at once hold nothing else. How many bytes it read.
    #[inline(always)]
    fn in_rows<S: Simd>(&mut self, simd: S, bytes: &[u8]) -> usize {
        let within = match self.open.as_slice() {
            b"[" if self.field == Field::Data => false,
            b"[[" if self.field == Field::Data => true,
            _ => return 0,
        };
        let (mut rows, mut read) = (Flat { begun: 0, within, in_string: self.in_string }, 0);
        for blocks in bytes.as_chunks::<BLOCKS>().0 {
            let Some(behind) = rows.behind(simd, blocks) else {
                break;
            };
            rows = behind;
            read += BLOCKS;
        }
        self.rows += rows.begun;
        self.in_string = rows.in_string;
        self.open.truncate(1);
        self.open.extend(rows.within.then_some(b'['));
        read
    }
}

/// A block that begins with fewer bytes than it has, and goes on with what says nothing.
fn filled<'a>(block: &'a mut [u8; BLOCK], bytes: &[u8]) -> &'a [u8; BLOCK] {
    block.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
    block
}
