use super::*;
use fearless_simd::dispatch;
use proptest::prelude::*;

/// All that a processor of this kind may have, as far as this one has it.
fn levels() -> Vec<Level> {
    let mut levels = vec![Level::baseline(), *LEVEL];
    #[cfg(target_arch = "x86_64")]
    {
        levels.extend(LEVEL.as_sse4_2().map(Level::Sse4_2));
        levels.extend(LEVEL.as_avx2().map(Level::Avx2));
    }
    levels
}

/// Marks and brackets of a block, a byte at a time.
fn slowly(block: &[u8; BLOCK]) -> (Marks, Lists) {
    let bits = |is: &dyn Fn(u8) -> bool| {
        block.iter().enumerate().fold(0, |bits, (place, byte)| bits | u64::from(is(*byte)) << place)
    };
    let marks = Marks {
        quotes: bits(&|byte| byte == b'"'),
        brackets: bits(&|byte| b"[]{}Y_y\x7f".contains(&byte)),
        odd: block.iter().any(|byte| *byte == b'\\' || *byte < b' '),
    };
    let others = bits(&|byte| b"{}y\x7f".contains(&byte));
    (marks, Lists { opens: bits(&|byte| byte == b'['), closes: bits(&|byte| byte == b']'), others })
}

/// The bytes within strings, a quote at a time.
fn inside_slowly(quotes: u64, mut in_string: bool) -> u64 {
    (0..BLOCK).fold(0, |inside, place| {
        in_string ^= quotes >> place & 1 == 1;
        inside | u64::from(in_string) << place
    })
}

/// Whether brackets take turns, and what comes of it.
fn turns_slowly(lists: &Lists, inside: u64, mut within: bool) -> Option<(u64, bool)> {
    let mut begun = 0;
    let all = (lists.opens | lists.closes | lists.others) & !inside;
    for place in (0..BLOCK).filter(|place| all >> place & 1 == 1) {
        let is = |bits: u64| bits >> place & 1 == 1;
        match within {
            false if is(lists.opens) => begun += 1,
            true if is(lists.closes) => {}
            _ => return None,
        }
        within = !within;
    }
    Some((begun, within))
}

fn turns(lists: &Lists, inside: u64, within: bool) -> Option<(u64, bool)> {
    let (begun, after, wrong) = lists.turns(inside, within);
    (wrong == 0).then_some((begun, after))
}

/// What is behind some blocks, one after the other.
fn behind_slowly(mut flat: Flat, blocks: &[u8; BLOCKS]) -> Option<Flat> {
    for block in blocks.as_chunks::<BLOCK>().0 {
        let (marks, lists) = slowly(block);
        let inside = inside_slowly(marks.quotes, flat.in_string);
        let (begun, within) = turns_slowly(&lists, inside, flat.within).filter(|_| !marks.odd)?;
        flat = Flat { begun: flat.begun + begun, within, in_string: marks.ends_in_string(flat.in_string) };
    }
    Some(flat)
}

proptest! {
    #[test]
    fn each_kind_of_instructions_finds_the_same(
        block in prop::collection::vec(any::<u8>(), BLOCK).prop_map(|bytes| <[u8; BLOCK]>::try_from(bytes).unwrap()),
        in_string in any::<bool>(),
    ) {
        let (marks, lists) = slowly(&block);
        for level in levels() {
            let found = dispatch!(level, simd => {
                let marks = Marks::of(simd, &block);
                (marks, Lists::of(simd, u8x64::from_slice(simd, &block)), marks.inside(simd, in_string))
            });
            prop_assert_eq!(found, (marks, lists, inside_slowly(marks.quotes, in_string)), "{:?}", level);
        }
    }

    #[test]
    fn lists_of_lists_are_known_by_their_brackets(
        block in prop::collection::vec(prop::sample::select(br#"[]],,,1111"""{"#.to_vec()), BLOCK)
            .prop_map(|bytes| <[u8; BLOCK]>::try_from(bytes).unwrap()),
        in_string in any::<bool>(),
        within in any::<bool>(),
        few in any::<u64>(),
        fewer in any::<u64>(),
    ) {
        let (marks, mut lists) = slowly(&block);
        // So few that they often take turns.
        lists.opens &= few & fewer;
        lists.closes &= few & fewer;
        lists.others &= few & fewer & few.rotate_left(7);
        let inside = inside_slowly(marks.quotes, in_string);
        prop_assert_eq!(turns(&lists, inside, within), turns_slowly(&lists, inside, within));
    }

    #[test]
    fn rows_go_on_from_one_block_to_the_next(
        // Rows of every length, of which brackets and quotes so stand at every place, and seldom a byte that is no part of them.
        rows in prop::collection::vec((0_usize..90, 0_usize..60), BLOCKS),
        changed in prop::option::of((0..BLOCKS, any::<u8>())),
        begun in 0_u64..3,
    ) {
        let text: String = rows.iter().map(|(number, text)| format!("[{},\"{}\"],", "1".repeat(*number), "[x]".repeat(*text / 3))).collect();
        let mut blocks = *text.as_bytes().first_chunk::<BLOCKS>().unwrap();
        if let Some((place, byte)) = changed {
            blocks[place] = byte;
        }
        let before = Flat { begun, within: false, in_string: false };
        let expected = behind_slowly(before, &blocks);
        prop_assert!(changed.is_some() || expected.is_some());
        for level in levels() {
            prop_assert_eq!(dispatch!(level, simd => before.behind(simd, &blocks)), expected, "{:?}", level);
        }
    }
}

#[test]
fn a_byte_that_is_no_part_of_flat_rows_is_seen_at_each_place() {
    let plain = [b'1'; BLOCKS];
    let behind = |blocks: &[u8; BLOCKS], in_string| {
        let before = Flat { begun: 0, within: true, in_string };
        let found = levels().into_iter().map(|level| dispatch!(level, simd => before.behind(simd, blocks)));
        found.reduce(|one, other| if one == other { one } else { panic!("{one:?} {other:?}") }).unwrap()
    };
    assert!(behind(&plain, false).is_some() && behind(&plain, true).is_some());
    for (place, byte) in (0..BLOCKS).flat_map(|place| (0..=255).map(move |byte| (place, byte))) {
        let mut blocks = plain;
        blocks[place] = byte;
        let odd = byte == b'\\' || byte < b' ';
        assert_eq!(behind(&blocks, true).is_none(), odd, "{byte} at {place}, in a string");
        // What is like the brackets of an object is looked at more closely.
        assert_eq!(behind(&blocks, false).is_none(), odd || b"[{}y\x7f".contains(&byte), "{byte} at {place}");
    }
}

#[test]
fn up_to_three_brackets_are_judged_at_each_place() {
    let places = || [0, 1, 2, 3, 30, 31, 32, 33, 60, 61, 62, 63].map(|place| 1_u64 << place);
    let bits = || places().into_iter().chain([0]);
    let mut flat = 0;
    for ((opens, more), closes) in
        bits().flat_map(|a| bits().map(move |b| (a, b))).flat_map(|o| bits().map(move |c| (o, c)))
    {
        for (opens, closes) in [(opens | more, closes), (closes, opens | more)] {
            if opens & closes != 0 {
                continue;
            }
            let lists = Lists { opens, closes, others: 0 };
            for within in [false, true] {
                let found = turns(&lists, 0, within);
                assert_eq!(found, turns_slowly(&lists, 0, within), "{opens:b} {closes:b} {within}");
                flat += u32::from(found.is_some());
            }
        }
    }
    assert!(flat > 500, "{flat}");
}
