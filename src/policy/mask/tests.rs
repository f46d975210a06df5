//! Each mask for each type. The snapshot `tests/masks/expressions.snap` is also what is tried on a real Trino.

use super::*;
use crate::names::{TableName, quoted};
use crate::policy::{SourceFile, compile};
use crate::sql::{GrammarVersion, parse_expression};
use proptest::prelude::*;
use std::fmt::Write as _;

const MASKS: [&str; 9] =
    ["null", "redact", "first(2)", "last(2)", "last(4)", "email", "hash(customers)", "year", "bucket(1000)"];

const TYPES: [&str; 36] = [
    "varchar",
    "varchar(0)",
    "varchar(1)",
    "varchar(3)",
    "varchar(64)",
    "char(1)",
    "char(5)",
    "char(20)",
    "tinyint",
    "smallint",
    "integer",
    "bigint",
    "decimal(5,2)",
    "decimal(18,0)",
    "decimal(38,0)",
    "decimal(38,38)",
    "real",
    "double",
    "boolean",
    "date",
    "timestamp(3)",
    "timestamp(0)",
    "timestamp(12)",
    "timestamp(3) with time zone",
    "timestamp(12) with time zone",
    "time(3)",
    "time(12)",
    "time(3) with time zone",
    "varbinary",
    "uuid",
    "ipaddress",
    "json",
    "interval day to second",
    "interval year to month",
    "array(varchar(3))",
    "map(varchar, bigint)",
];

/// A type, a path into it, a mask of what is there.
const NESTED: [(&str, &str, &str); 13] = [
    ("row(a bigint, b varchar(3))", "", "null"),
    ("row(a bigint, b varchar(3))", "", "redact"),
    ("row(a bigint, b varchar(3))", ".b", "redact"),
    ("row(a bigint, \"b \"\" C\" varchar)", ".\"B \"\" c\"", "last(2)"),
    ("row(a bigint, b row(c varchar, d date))", ".b.d", "year"),
    ("row(a varchar, b varchar)", ".a", "hash(customers)"),
    ("array(varchar(3))", "[]", "redact"),
    ("array(varchar)", "[]", "hash(customers)"),
    ("array(row(a bigint, email varchar))", "[].email", "email"),
    ("array(array(bigint))", "[][]", "bucket(1000)"),
    ("map(varchar, bigint)", "{}", "bucket(1000)"),
    ("map(varchar, array(row(a date, b varchar)))", "{}[].a", "year"),
    ("row(a map(varchar, varchar))", ".a{}", "first(2)"),
];

fn keys() -> TableName {
    TableName::new("memory", "masks", "keys")
}

fn builtin(text: &str) -> Builtin {
    Builtin::parse(text, Some(&keys())).unwrap()
}

/// Type, path with mask, and the expression or why there is none.
fn all() -> Vec<(String, String, Result<String, CannotHold>)> {
    let plain = TYPES.iter().flat_map(|data_type| MASKS.iter().map(move |mask| (*data_type, "", *mask)));
    plain
        .chain(NESTED)
        .map(|(data_type, path, mask)| {
            let (of, mask) = (Type::parse(data_type).unwrap(), builtin(mask));
            let expression = match path {
                "" => mask.expression(&of),
                path => nested(&[(&Path::parse(path).unwrap(), &|inner| mask.expression(inner))], &of),
            };
            (data_type.to_owned(), format!("{path} {mask}").trim().to_owned(), expression)
        })
        .collect()
}

#[test]
fn each_mask_has_its_expression_for_each_type() {
    let mut told = String::new();
    for (data_type, mask, expression) in all() {
        let _ = match expression {
            Ok(expression) => writeln!(told, "{data_type} | {mask} | {expression}"),
            Err(why) => writeln!(told, "{data_type} | {mask} ! {}", why.reason),
        };
    }
    insta::with_settings!({snapshot_path => "../../../tests/masks", prepend_module_to_snapshot => false}, {
        insta::assert_snapshot!("expressions", told);
    });
}

#[test]
fn each_expression_may_stand_in_a_policy() {
    let mut text = String::from(
        "apiVersion: sluice/v1\nkind: Domain\nmetadata: {name: all}\nspec: {central: true}\n---\n\
         apiVersion: sluice/v1\nkind: AccessPolicy\nmetadata: {name: masks, domain: all}\nspec:\n  \
         tables: [{catalog: lake, schema: s, table: t}]\n  masks:\n",
    );
    for (number, expression) in all().into_iter().filter_map(|(_, _, expression)| expression.ok()).enumerate() {
        let _ = writeln!(text, "    - {{column: c{number}, expression: '{}'}}", expression.replace('\'', "''"));
    }
    if let Err(problems) = compile(vec![SourceFile { path: "masks.yaml".to_owned(), text }]) {
        panic!("{problems}");
    }
}

#[test]
fn a_type_is_read_as_trino_prints_it() {
    let kind = |text: &str| Type::parse(text).map(|data_type| data_type.kind);
    assert_eq!(kind("varchar(10)"), Ok(Kind::Varchar(Some(10))));
    assert_eq!(kind("timestamp(3) with time zone"), Ok(Kind::Timestamp { zone: true }));
    assert_eq!(kind("decimal(12,2)"), Ok(Kind::Decimal));
    assert_eq!(kind("HyperLogLog"), Ok(Kind::Other));
    assert_eq!(kind("qdigest(bigint)"), Ok(Kind::Other));
    let Ok(Kind::Row(fields)) = kind("row(a bigint, \"b C\" array(varchar), map(varchar, date))") else {
        panic!("no row");
    };
    let told: Vec<_> = fields.iter().map(|field| (field.name.as_deref(), field.kind.text.as_str())).collect();
    assert_eq!(told, [(Some("a"), "bigint"), (Some("b c"), "array(varchar)"), (None, "map(varchar, date)")]);
    for text in
        ["", "varchar) , (1", "bigint) + CAST(1 AS bigint", "varchar(", "row(a b c)", "date(3)", "1", "varchar -- x"]
    {
        assert_eq!(kind(text), Err(NoType(text.trim().to_owned())), "{text}");
    }
}

#[test]
fn what_is_no_mask_is_refused() {
    let told = |text: &str| Builtin::parse(text, None).map_err(|no| no.message);
    let refused = |message: &str| Err(message.to_owned());
    assert_eq!(told("first (4)"), Ok(Builtin::First(4)));
    assert_eq!(told("redacted"), refused("there is no mask `redacted`"));
    assert_eq!(told("redact(1)"), refused("`redact` takes no argument"));
    assert_eq!(told("first"), refused("`first` takes a number from 1 to 1000: `first(4)`"));
    assert_eq!(told("first(0)"), refused("`first` takes a number from 1 to 1000: `first(4)`"));
    assert_eq!(told("last(4"), refused("`last` takes a number from 1 to 1000: `last(4)`"));
    assert_eq!(told("bucket(1000000001)"), refused("`bucket` takes a number from 1 to 1000000000: `bucket(4)`"));
    assert_eq!(told("hash(a)"), refused("`hash` needs a table of keys, and none is named"));
    assert_eq!(told("hash()"), refused("`hash` takes the name of a key: `hash(customers)`"));
}

#[test]
fn what_does_not_fit_is_told() {
    let told = |data_type: &str, path: &str| {
        let (path, data_type) = (Path::parse(path).unwrap(), Type::parse(data_type).unwrap());
        let fit = nested(&[(&path, &|inner| Builtin::Year.expression(inner))], &data_type);
        fit.map_err(|why| why.to_string())
    };
    let refused = |message: &str| Err(message.to_owned());
    assert_eq!(told("bigint", ".a"), refused("the mask `.a` can't hold for the type bigint: it has no field `a`"));
    assert_eq!(
        told("array(row(b date))", "[].a"),
        refused("the mask `[].a` can't hold for the type array(row(b date)): row(b date) has no field `a`")
    );
    assert_eq!(told("date", "[]"), refused("the mask `[]` can't hold for the type date: it has no elements"));
    assert_eq!(told("date", "{}"), refused("the mask `{}` can't hold for the type date: it has no values"));
    assert_eq!(
        told("row(a date, A date)", ".a"),
        refused("the mask `.a` can't hold for the type row(a date, A date): it has several fields `a`")
    );
    assert_eq!(
        told("array(uuid)", "[]"),
        refused("the mask `year` can't hold for the type uuid: it is for dates and timestamps")
    );
    for path in ["", ".", "..a", "a b", ".a b", "[", "[1]", "{}}", "{}a", "[]a", ".\"a", "\"a", ".a..b", ".a;"] {
        assert!(Path::parse(path).is_err(), "{path}");
    }
    assert!(Path::parse(&"[]".repeat(17)).is_err());
}

#[test]
fn a_path_is_told_as_it_stands_behind_a_column() {
    for (path, told) in [("a", ".a"), (".A", ".a"), ("[].\"b \"\" C\"", "[].\"b \"\" c\""), ("\"a\"{}[]", ".a{}[]")] {
        assert_eq!(Path::parse(path).map(|path| path.to_string()).as_deref(), Ok(told));
        assert_eq!(Path::parse(told), Path::parse(path));
    }
}

#[test]
fn masks_of_one_value_are_put_together() {
    let data_type = Type::parse("row(a varchar, b row(c date, d varchar))").unwrap();
    let paths = ["a", "b.c", "b.d"].map(|path| Path::parse(path).unwrap());
    let put_together = |masks: &[(&Path, &str)]| {
        let inners: Vec<Box<Inner<'_>>> =
            masks.iter().map(|(_, text)| Box::new(|_: &Type| Ok((*text).to_owned())) as Box<Inner<'_>>).collect();
        let masks: Vec<(&Path, &Inner<'_>)> =
            masks.iter().zip(&inners).map(|((path, _), inner)| (*path, &**inner)).collect();
        nested(&masks, &data_type).unwrap()
    };
    let all = put_together(&[(&paths[0], "'a'"), (&paths[1], "NULL"), (&paths[2], "upper({column})")]);
    assert_eq!(
        all,
        "IF({column} IS NULL, NULL, CAST(ROW(CAST('a' AS varchar), IF({column}[2] IS NULL, NULL, CAST(ROW(CAST(NULL AS date), \
         CAST(upper({column}[2][2]) AS varchar)) AS row(c date, d varchar)))) AS row(a varchar, b row(c date, d varchar))))"
    );
    // Their order changes nothing.
    assert_eq!(put_together(&[(&paths[2], "upper({column})"), (&paths[1], "NULL"), (&paths[0], "'a'")]), all);
    // What stands inside is a mask of what the whole shows.
    assert_eq!(
        put_together(&[(&paths[0], "'a'"), (&Path::default(), "f({column})")]),
        "IF(CAST(f({column}) AS row(a varchar, b row(c date, d varchar))) IS NULL, NULL, CAST(ROW(CAST('a' AS varchar), \
         CAST(f({column}) AS row(a varchar, b row(c date, d varchar)))[2]) AS row(a varchar, b row(c date, d varchar))))"
    );
}

#[test]
fn what_could_take_the_place_of_an_element_is_refused() {
    let told = |text: &'static str| {
        let path = Path::parse("[]").unwrap();
        let data_type = Type::parse("array(varchar)").unwrap();
        nested(&[(&path, &|_| Ok(text.to_owned()))], &data_type).map_err(|cannot| cannot.reason)
    };
    assert!(told("upper({column})").is_ok());
    let refused = |reason: &str| Err(reason.to_owned());
    assert!(told("concat('selected element_1', {column})").is_ok(), "words of a text are no names");
    let element = "inside an array or a map, `element_…` is the name of an element";
    assert_eq!(told("Element_1"), refused(element));
    assert_eq!(told("any_match(ARRAY[1], element_1 -> element_1 = {column})"), refused(element));
    assert_eq!(told("(SELECT 1)"), refused("a mask with a sub-query can't stand inside an array or a map"));
}

#[test]
fn what_grows_too_long_is_refused() {
    let path = Path::parse("a").unwrap();
    let fields: Vec<String> = (0..2000).map(|number| format!("f{number} varchar(20)")).collect();
    let data_type = Type::parse(&format!("row(a varchar, {})", fields.join(", "))).unwrap();
    let whole = |_: &Type| Ok(format!("f({{column}}, '{}')", "x".repeat(100)));
    let null = |_: &Type| Ok("NULL".to_owned());
    let told = nested(&[(&path, &null), (&Path::default(), &whole)], &data_type).map_err(|cannot| cannot.reason);
    assert_eq!(told, Err("what it shows is too long to be put together".to_owned()));
}

#[test]
fn a_name_stays_a_literal() {
    let mask = builtin("hash(a' OR '1'='1)");
    let expression = mask.expression(&Type::parse("varchar").unwrap()).unwrap();
    assert!(expression.contains("k.name = 'a'' OR ''1''=''1'"), "{expression}");
}

#[test]
fn a_value_stands_in_no_quotes() {
    assert_eq!(
        filled("concat({column}, '{column}', \"{column}\", 'it''s {column}')", "x"),
        "concat(x, '{column}', \"{column}\", 'it''s {column}')"
    );
}

proptest! {
    #[test]
    fn no_text_makes_reading_panic(text in "(row|array|map|varchar|date|[a-z]{1,3}|[0-9]{1,2}|[(), \"<>.\\[\\]{}]){0,20}") {
        let _ = Builtin::parse(&text, Some(&keys()));
        let path = Path::parse(&text);
        if let Ok(data_type) = Type::parse(&text) {
            for mask in MASKS {
                if let Ok(expression) = builtin(mask).expression(&data_type) {
                    let whole = format!("CAST({} AS {})", filled(&expression, &quoted("c")), data_type.text);
                    prop_assert!(parse_expression(&whole, GrammarVersion::NEWEST).is_ok(), "{}", whole);
                }
            }
            if let Ok(path) = path {
                let _ = nested(&[(&path, &|inner| Builtin::Redact.expression(inner))], &data_type);
            }
        }
    }
}
