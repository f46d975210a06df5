//! What holds for any text and any circumstances.

use super::tests::{conditions, known, without};
use super::*;
use cel::{Context, Program, Value};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

const INPUTS: [&str; 11] =
    ["user", "groups", "roles", "attributes", "source", "tags", "catalog", "schema", "purpose", "address", "time"];

/// Pieces of conditions, whole ones among them, and what the parser has stumbled over.
fn soup() -> impl Strategy<Value = String> {
    let pieces = vec![
        "user",
        ".name",
        ".groups",
        ".attributes",
        ".x",
        "[",
        "]",
        "(",
        ")",
        "{",
        "}",
        "'a'",
        "\"",
        "'",
        "'''",
        "`",
        "r'",
        "b'\\xff'",
        "\\",
        "1",
        "0x",
        "1.",
        "1e",
        "9223372036854775808",
        "-",
        "!",
        "+",
        "*",
        "/",
        "%",
        "?",
        ":",
        ",",
        "==",
        "=",
        "<=",
        "&&",
        "||",
        "&",
        " in ",
        "true",
        "null",
        "has(",
        ".exists(g,",
        ".all(g,",
        ".map(g,",
        ".filter(",
        ".size()",
        ".getHours(",
        ".in_network('10.0.0.0/8')",
        "timestamp('2026-01-01T00:00:00Z')",
        "request.time",
        "//",
        "\n",
        "\r",
        "é",
        "\u{1F600}",
        "\0",
        "let",
        "'\\u00",
        "@",
        " ",
    ];
    let whole: Vec<&'static str> = conditions().collect();
    let piece = prop_oneof![6 => select(pieces), 1 => select(whole)];
    proptest::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

/// A condition of Boolean operators over the table's.
fn condition() -> impl Strategy<Value = String> {
    let uncommented: Vec<&'static str> = conditions().filter(|text| !text.contains("//")).collect();
    let leaf = select(uncommented).prop_map(|text| format!("({text})"));
    leaf.prop_recursive(4, 12, 3, |inner| {
        let operator = select(vec!["&&", "||", "==", "!="]);
        prop_oneof![
            (inner.clone(), operator, inner.clone()).prop_map(|(a, operator, b)| format!("({a} {operator} {b})")),
            inner.clone().prop_map(|a| format!("!{a}")),
            (inner.clone(), inner.clone(), inner).prop_map(|(a, b, c)| format!("({a} ? {b} : {c})")),
        ]
    })
}

/// What the interpreter of `cel` makes of a condition that the cases know all inputs of; nothing if it can't tell.
/// Addresses and times are none of its values here, so it can't tell what needs them.
fn reference(text: &str) -> Option<bool> {
    let mut context = Context::default();
    let inputs = [
        (
            "user",
            serde_json::json!({
                "name": "amal",
                "groups": ["analysts", "everyone"],
                "roles": ["planners"],
                "attributes": {"department": "audit", "cost-center": "4711", "region": ["EU", "UK"]},
            }),
        ),
        (
            "session",
            serde_json::json!({
                "source": "superset", "client_tags": ["etl", "nightly"], "catalog": "lake", "schema": "sales",
            }),
        ),
        ("request", serde_json::json!({"purpose": "fraud"})),
    ];
    for (name, value) in inputs {
        context.add_variable(name, value).unwrap();
    }
    match Program::compile(text).unwrap().execute(&context) {
        Ok(Value::Bool(truth)) => Some(truth),
        _ => None,
    }
}

/// What the interpreter of `cel` can tell, we tell too, and the same. On purpose we don't tell whether an attribute of
/// several values equals a text: for CEL a list just is no text, and `!=` would be true.
fn agrees(text: &str) -> bool {
    if text.contains("user.attributes.region == 'EU'") {
        return true;
    }
    let ours = Condition::parse(text).unwrap().evaluate(&known().circumstances());
    match reference(text) {
        Some(truth) => ours == if truth { Truth::True } else { Truth::False },
        None => true,
    }
}

#[test]
fn conditions_mean_what_they_mean_in_cel() {
    let told = conditions().filter(|text| reference(text).is_some()).count();
    assert!(told > 40, "the interpreter can tell {told} conditions only");
    let different: Vec<&str> = conditions().filter(|text| !agrees(text)).collect();
    assert!(different.is_empty(), "{different:#?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn combined_conditions_mean_what_they_mean_in_cel(text in condition()) {
        prop_assert!(agrees(&text));
    }

    #[test]
    fn no_text_makes_parsing_panic(text in prop_oneof![soup(), any::<String>(), ".{0,400}"]) {
        match Condition::parse(&text) {
            Ok(condition) => drop(condition.evaluate(&known().circumstances())),
            Err(error) => prop_assert!(text.get(error.at.clone()).is_some(), "{:?}: {:?}", text, error),
        }
    }

    #[test]
    fn no_circumstances_make_evaluating_panic(
        text in condition(),
        user in any::<String>(),
        seconds in any::<i64>(),
        unknown in subsequence(&INPUTS[..], 0..INPUTS.len()),
    ) {
        let known = known();
        let mut circumstances = known.circumstances();
        circumstances.user = Some(&user);
        circumstances.time = jiff::Timestamp::from_second(seconds % 253_402_207_201).ok();
        for input in unknown {
            circumstances = without(circumstances, input);
        }
        let _ = Condition::parse(&text).unwrap().evaluate(&circumstances);
    }

    /// Who leaves an input out gets nothing that no value of it would have given.
    #[test]
    fn what_is_true_or_false_without_an_input_is_so_whatever_the_input_is(
        text in condition(),
        unknown in subsequence(&INPUTS[..], 1..INPUTS.len()),
        user in select(vec!["amal", "bob", ""]),
        source in select(vec!["superset", "dbt", ""]),
        address in select(vec!["10.1.2.3", "192.168.1.1", "fd00::1"]),
        time in select(vec!["2026-07-01T12:30:00Z", "1969-12-31T23:59:00Z"]),
    ) {
        let condition = Condition::parse(&text).unwrap();
        let known = known();
        let mut circumstances = known.circumstances();
        (circumstances.user, circumstances.source) = (Some(user), Some(source));
        (circumstances.address, circumstances.time) = (address.parse().ok(), time.parse().ok());
        let whole = condition.evaluate(&circumstances);
        let less = unknown.iter().fold(circumstances, |circumstances, input| without(circumstances, input));
        match condition.evaluate(&less) {
            Truth::Unknown(_) => {}
            truth => prop_assert_eq!(truth, whole),
        }
    }

    /// An input that is not among those that a condition reads changes nothing.
    #[test]
    fn what_is_not_read_changes_nothing(text in condition(), input in select(&INPUTS[..])) {
        let condition = Condition::parse(&text).unwrap();
        let read = condition.reads().iter().any(|read| matches!(
            (read, input),
            (Input::User, "user") | (Input::Groups, "groups") | (Input::Roles, "roles")
                | (Input::Attribute(_), "attributes") | (Input::Source, "source") | (Input::ClientTags, "tags")
                | (Input::SessionCatalog, "catalog") | (Input::SessionSchema, "schema")
                | (Input::Purpose, "purpose") | (Input::Address, "address") | (Input::Time, "time")
        ));
        let known = known();
        if !read {
            let whole = condition.evaluate(&known.circumstances());
            prop_assert_eq!(condition.evaluate(&without(known.circumstances(), input)), whole);
        }
    }
}
