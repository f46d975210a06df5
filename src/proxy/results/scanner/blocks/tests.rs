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

/// The same, a byte at a time.
fn slowly(block: &[u8; BLOCK]) -> (Marks, Lists) {
    let bits = |is: &dyn Fn(u8) -> bool| {
        block.iter().enumerate().fold(0, |bits, (place, byte)| bits | u64::from(is(*byte)) << place)
    };
    let marks = Marks {
        quotes: bits(&|byte| byte == b'"'),
        brackets: bits(&|byte| b"[]{}Y_y\x7f".contains(&byte)),
        odd: block.iter().any(|byte| *byte == b'\\' || *byte < b' '),
    };
    let others = bits(&|byte| b"{}Y_y\x7f".contains(&byte));
    (marks, Lists { opens: bits(&|byte| byte == b'['), closes: bits(&|byte| byte == b']'), others })
}

/// Whether brackets take turns, and what comes of it.
fn flat_slowly(lists: &Lists, inside: u64, mut within: bool) -> Option<Flat> {
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
    Some(Flat { begun, within })
}

proptest! {
    #[test]
    fn each_kind_of_instructions_finds_the_same(
        block in prop::collection::vec(any::<u8>(), BLOCK).prop_map(|bytes| <[u8; BLOCK]>::try_from(bytes).unwrap())
    ) {
        for level in levels() {
            let found = dispatch!(level, simd => {
                let marks = Marks::of(simd, &block);
                (marks, marks.lists(simd, &block))
            });
            prop_assert_eq!(found, slowly(&block), "{:?}", level);
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
        let inside = marks.inside(in_string);
        prop_assert_eq!(lists.flat(inside, within), flat_slowly(&lists, inside, within));
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
                let found = lists.flat(0, within);
                assert_eq!(found, flat_slowly(&lists, 0, within), "{opens:b} {closes:b} {within}");
                flat += u32::from(found.is_some());
            }
        }
    }
    assert!(flat > 500, "{flat}");
}
