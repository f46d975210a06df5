//! Values within brackets, block by block.

use super::blocks::{BLOCK, Flat, Marks};
use super::class::Class;
use super::{Field, Malformed, Scanner};
use fearless_simd::Simd;

impl Scanner {
    /// Reads within brackets up to the end of the bytes. Says where it stopped, in front of a block that needs a look at each
    /// byte or behind the value's end, and whether the value ended.
    #[inline(always)]
    pub(super) fn in_blocks<S: Simd>(
        &mut self,
        simd: S,
        bytes: &[u8],
        mut at: usize,
    ) -> Result<(usize, bool), Malformed> {
        let mut within = self.within_row();
        let mut last = [b' '; BLOCK];
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            let block = rest.first_chunk().unwrap_or_else(|| filled(&mut last, rest));
            let marks = Marks::of(simd, block);
            if marks.odd {
                break;
            }
            let begin = at;
            at += rest.len().min(BLOCK);
            let begins_in_string = self.in_string;
            self.in_string = marks.ends_in_string(begins_in_string);
            if marks.plain() {
                continue;
            }
            let inside = marks.inside(begins_in_string);
            let flat = within.and_then(|within| marks.lists(simd, block).flat(inside, within));
            if let Some(Flat { begun, within: after }) = flat {
                self.rows += begun;
                within = Some(after);
            } else {
                self.settle(within);
                for place in marks.brackets(inside) {
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
                within = self.within_row();
            }
        }
        self.settle(within);
        Ok((at, false))
    }

    /// Among rows, whether what comes is within one of them and not deeper.
    fn within_row(&self) -> Option<bool> {
        match self.open.as_slice() {
            b"[" if self.field == Field::Data => Some(false),
            b"[[" if self.field == Field::Data => Some(true),
            _ => None,
        }
    }

    /// Takes note of what [`Self::within_row`] has become.
    fn settle(&mut self, within: Option<bool>) {
        if let Some(within) = within {
            self.open.truncate(1);
            self.open.extend(within.then_some(b'['));
        }
    }
}

/// A block that begins with fewer bytes than it has, and goes on with what says nothing.
fn filled<'a>(block: &'a mut [u8; BLOCK], bytes: &[u8]) -> &'a [u8; BLOCK] {
    block.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
    block
}
