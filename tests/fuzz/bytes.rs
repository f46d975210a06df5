//! Any bytes: statements that were bent, and noise.

use crate::random::Random;

/// Pieces at which readings part.
const PIECES: &[&[u8]] = &[
    b"--",
    b"/*",
    b"*/",
    b"\r",
    b"\n",
    b"'",
    b"''",
    b"\"",
    b"`",
    b"$$",
    b"U&'",
    b"UESCAPE '!'",
    b"X'",
    b"\\",
    b"\0",
    b"(",
    b")",
    b"[",
    b"]",
    b"{-",
    b"-}",
    b"->",
    b"=>",
    b"::",
    b"..",
    b".1",
    b"1.",
    b"1e",
    b"0x",
    b"1_0",
    b"1__0",
    b"@",
    b";",
    b"?",
    b"\xC2\xA0",
    b"\xEF\xBB\xBF",
    b"\xE2\x80\x8B",
    b"\xF0\x9F\x98\x80",
    b"\xC3",
    b"\xFF",
    b"\xC0\x80",
    b"\xED\xA0\x80",
    b" TABLE ",
    b" SELECT ",
    b" WITH ",
    b" AS ",
    b" NOT ",
];

pub(crate) fn text(random: &mut Random, seeds: &[&str]) -> Vec<u8> {
    let mut text = if random.one_in(8) { Vec::new() } else { random.of(seeds).as_bytes().to_vec() };
    for _ in 0..=random.below(3) {
        let at = random.below(text.len() + 1);
        match random.below(7) {
            0 => insert(&mut text, at, random.of(PIECES)),
            1 => text.insert(at, random.byte()),
            2 if at < text.len() => text[at] = random.byte(),
            3 if at < text.len() => text[at] ^= 1 << random.below(8),
            4 => {
                let end = (at + random.below(12)).min(text.len());
                text.drain(at..end);
            }
            5 => {
                let other = random.of(seeds).as_bytes();
                let from = random.below(other.len());
                insert(&mut text, at, &other[from..(from + random.below(30)).min(other.len())]);
            }
            _ => {
                let piece = *random.of(&PIECES.iter().collect::<Vec<_>>());
                for _ in 0..random.below(300) {
                    insert(&mut text, at, piece);
                }
            }
        }
    }
    text
}

fn insert(text: &mut Vec<u8>, at: usize, piece: &[u8]) {
    text.splice(at..at, piece.iter().copied());
}
