use super::*;
use proptest::prelude::*;

/// What came out, with neighbouring bytes joined.
fn read(page: &[u8], cuts: &[usize]) -> Result<(Vec<Piece>, u64), Malformed> {
    let mut scanner = Scanner::new(10_000, Treatment::Pass);
    let mut out = Vec::new();
    let page = Bytes::copy_from_slice(page);
    let mut from = 0;
    for cut in cuts.iter().copied().chain([page.len()]) {
        let cut = cut.clamp(from, page.len());
        scanner.push(&page.slice(from..cut), &mut |piece| {
            out.push(piece);
            Ok(())
        })?;
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
    let whole = |field, text: &str| Piece::Whole(field, Bytes::copy_from_slice(text.as_bytes()));
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

/// Of these the client gets nothing, so it would wait for ever for what never ends.
#[test]
fn only_so_much_is_read_over() {
    let endless = " ".repeat(20_000);
    for page in [
        format!("{endless}{{\"id\":\"q\"}}"),
        format!("{{\"id\":{endless}\"q\"}}"),
        format!("{{\"id\":\"q\"{endless},{endless}\"data\":[]}}"),
        format!("{{\"id\":\"q\"}}{endless}"),
        format!("{{\"new\":\"{endless}\"}}"),
        format!("{{\"new\":[0{}]}}", ",0".repeat(20_000)),
        format!("{{{}\"id\":\"q\"}}", "\"new\":[1],".repeat(10_000)),
    ] {
        assert!(read(page.as_bytes(), &[]).is_err(), "{page:.20}");
        assert!(read(page.as_bytes(), &[3, 100, 5_000]).is_err(), "{page:.20}");
    }
}

/// The same read a byte at a time, in which there is no block.
fn closely(page: &[u8]) -> Result<(Vec<Piece>, u64), Malformed> {
    read(page, &(0..page.len()).collect::<Vec<_>>())
}

#[test]
fn a_list_may_end_at_each_place_of_a_block() {
    for before in 0..300 {
        for row in ["[\"]\"]", "[1]", "[{\"a\":[2]}]", "[\"\\\"]\"]"] {
            let page = format!("{{\"data\":[[\"{}\"],{row}],\"stats\":{{\"nodes\":[1]}}}}", "x".repeat(before));
            let (pieces, rows) = read(page.as_bytes(), &[]).unwrap();
            assert_eq!(rows, 2);
            assert_eq!((pieces, rows), closely(page.as_bytes()).unwrap(), "{page}");
        }
    }
}

#[test]
fn what_is_wrong_within_a_block_is_seen() {
    let filled = |row: &str| format!("{{\"data\":[[\"{}\"],{row}", "x".repeat(80));
    for rest in ["[1}],[\"y\"]]}", "[\"a\n\"]]}", "[1]]]}", "[1]}", "[\"a]]}"] {
        let page = filled(&format!("{rest}{}", " ".repeat(80)));
        assert!(read(page.as_bytes(), &[]).is_err(), "{page}");
    }
}

fn leaf() -> impl Strategy<Value = serde_json::Value> {
    prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        "[\\PC\"\\\\\n{}\\[\\]]{0,12}".prop_map(serde_json::Value::from),
    ]
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    leaf().prop_recursive(4, 32, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(serde_json::Value::from),
            prop::collection::btree_map("[a-z\"]{1,4}", inner, 0..5)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}

/// Most of a page's rows have neither lists nor objects in them.
fn row() -> impl Strategy<Value = Vec<serde_json::Value>> {
    prop_oneof![8 => prop::collection::vec(leaf(), 0..6), 1 => prop::collection::vec(json(), 0..6)]
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
        prop_assert_eq!(&pieces[2], &Piece::Whole(Field::Error, error.into()));
    }

    #[test]
    fn blocks_find_what_single_bytes_do(
        rows in prop::collection::vec(row(), 0..80),
        cuts in prop::collection::vec(0..3_000_usize, 0..4),
        changes in prop::collection::vec((0..3_000_usize, prop::sample::select(br#""\[]{},1a\n "#.to_vec())), 0..3),
    ) {
        let data = serde_json::to_vec(&rows).unwrap();
        let mut page = [b"{\"data\":", &data[..], b",\"stats\":{\"nodes\":1}}"].concat();
        for (place, byte) in changes {
            if let Some(changed) = page.get_mut(place) {
                *changed = byte;
            }
        }
        let mut cuts = cuts;
        cuts.sort_unstable();
        let expected = closely(&page);
        prop_assert_eq!(read(&page, &[]).ok(), expected.clone().ok());
        prop_assert_eq!(read(&page, &cuts).ok(), expected.ok());
    }
}
