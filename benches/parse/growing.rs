//! Texts of a shape and any size, to see how the time and memory of the parser grow.

/// Texts of one shape.
pub(crate) struct Family {
    /// What the sizes count.
    pub(crate) name: &'static str,
    /// From the smallest to the largest.
    pub(crate) sizes: &'static [usize],
    /// The text of a size.
    pub(crate) text: fn(usize) -> String,
    /// The most bytes of memory that may be in use at once for each byte of text while it is read: half as much again as
    /// was measured.
    pub(crate) memory: usize,
}

/// All shapes.
pub(crate) const FAMILIES: &[Family] = &[
    Family { name: "bytes of a report", sizes: &[10_000, 100_000, 1_000_000], text: report, memory: 43 },
    Family { name: "columns", sizes: &[100, 1_000, 10_000], text: columns, memory: 22 },
    Family { name: "elements of IN", sizes: &[100, 1_000, 10_000, 100_000], text: in_list, memory: 63 },
    Family { name: "joins", sizes: &[5, 50, 500], text: joins, memory: 34 },
    Family { name: "rows of VALUES", sizes: &[100, 1_000, 10_000], text: values, memory: 33 },
    Family { name: "terms of AND and OR", sizes: &[100, 1_000, 10_000], text: conditions, memory: 38 },
    Family { name: "operands of + and *", sizes: &[100, 1_000, 10_000], text: sums, memory: 83 },
    Family { name: "operands of ||", sizes: &[100, 1_000, 10_000], text: concatenation, memory: 26 },
    Family { name: "branches of UNION", sizes: &[30, 300, 3_000], text: unions, memory: 41 },
    Family { name: "branches of CASE", sizes: &[100, 1_000, 10_000], text: cases, memory: 30 },
    Family { name: "named queries", sizes: &[20, 200, 2_000], text: named_queries, memory: 61 },
    Family { name: "bytes of a comment", sizes: &[10_000, 100_000, 1_000_000], text: comment, memory: 7 },
    Family {
        name: "slashes with asterisks that end nowhere",
        sizes: &[1_000, 10_000, 100_000],
        text: open_comments,
        memory: 7,
    },
    Family { name: "levels of parentheses", sizes: &[6, 60, 120], text: parentheses, memory: 62 },
    Family { name: "levels of sub-queries", sizes: &[6, 30, 80], text: sub_queries, memory: 77 },
    Family {
        name: "levels of parentheses around a query",
        sizes: &[6, 60, 120],
        text: query_in_parentheses,
        memory: 149,
    },
    Family { name: "levels of calls", sizes: &[6, 60, 120], text: calls, memory: 99 },
    Family { name: "levels of CASE", sizes: &[6, 60, 120], text: nested_cases, memory: 50 },
    Family { name: "levels of joins in parentheses", sizes: &[6, 60, 120], text: nested_joins, memory: 110 },
    Family { name: "levels of fields", sizes: &[6, 60, 240], text: fields, memory: 73 },
];

/// `count` pieces, separated.
fn repeated(count: usize, separator: &str, piece: impl Fn(usize) -> String) -> String {
    (0..count).map(piece).collect::<Vec<_>>().join(separator)
}

/// Each level `before` the one within and `after` it.
fn around(levels: usize, before: &str, core: &str, after: &str) -> String {
    format!("{}{core}{}", before.repeat(levels), after.repeat(levels))
}

/// A text of `bytes` or a little more that holds some of everything, in many named queries.
fn report(bytes: usize) -> String {
    let queries = bytes / 562 + 1;
    let one = |at| {
        format!(
            "totals_{at} AS (\n  -- one of many\n  SELECT o.customer_id, lower(c.\"Name\") AS name, count(*) AS orders,\n    sum(o.price * (1 - o.discount)) \
         FILTER (WHERE o.status <> 'void') AS revenue,\n    CASE WHEN max(o.price) > {at}.5 THEN 'large' ELSE 'small' END AS class,\n    row_number() \
         OVER (PARTITION BY c.region ORDER BY sum(o.price) DESC) AS place\n  FROM lake.shop.orders o\n  LEFT JOIN lake.shop.customers AS c ON o.customer_id = c.id \
         AND c.region IN ('EU', 'US')\n  WHERE o.ordered_at >= DATE '2024-01-01' AND (o.channel LIKE 'web%' OR o.channel IS NULL)\n  GROUP BY 1, 2\n)"
        )
    };
    format!("WITH {}\nSELECT * FROM totals_0", repeated(queries, ",\n", one))
}

/// A query of `count` columns, named as generated ones are.
pub(crate) fn columns(count: usize) -> String {
    let column = |at| format!("t.column_{at:04} AS \"Column {at}\"");
    format!("SELECT {}\nFROM lake.wide.measurements t", repeated(count, ",\n    ", column))
}

fn in_list(count: usize) -> String {
    format!("SELECT a FROM t WHERE b IN ({})", repeated(count, ", ", |at| format!("{at}")))
}

fn joins(count: usize) -> String {
    let join = |at| format!("LEFT JOIN lake.shop.table_{at} AS t{at} ON t{at}.id = t.id_{at}");
    format!("SELECT t.a FROM lake.shop.base AS t {}", repeated(count, "\n", join))
}

fn values(count: usize) -> String {
    format!("VALUES {}", repeated(count, ", ", |at| format!("({at}, 'row {at}', {at}.25, NULL)")))
}

fn conditions(count: usize) -> String {
    let pair = |at| format!("a{at} = {at} {} NOT b{at}", if at % 2 == 0 { "AND" } else { "OR" });
    format!("SELECT 1 FROM t WHERE {}", repeated(count, " AND ", pair))
}

fn sums(count: usize) -> String {
    format!("SELECT {} FROM t", repeated(count, " + ", |at| format!("a{at} * {at}")))
}

fn concatenation(count: usize) -> String {
    format!("SELECT {} FROM t", repeated(count, " || ", |at| format!("'text {at}'")))
}

fn unions(count: usize) -> String {
    repeated(count, "\nUNION ALL\n", |at| format!("SELECT id, name FROM lake.shop.part_{at} WHERE id > {at}"))
}

fn cases(count: usize) -> String {
    format!("SELECT CASE a {} END FROM t", repeated(count, " ", |at| format!("WHEN {at} THEN 'is {at}'")))
}

fn named_queries(count: usize) -> String {
    format!("WITH {} SELECT 1", repeated(count, ", ", |at| format!("q{at} AS (SELECT a, b FROM t{at} WHERE a > {at})")))
}

fn comment(bytes: usize) -> String {
    format!("SELECT /* {} */ 1 -- {}", "a * / ".repeat(bytes / 12), "- ".repeat(bytes / 4))
}

fn open_comments(count: usize) -> String {
    format!("SELECT '{}' /* */ / b{}", "/*".repeat(count / 2), "/* */".repeat(count / 2))
}

fn parentheses(levels: usize) -> String {
    format!("SELECT {}", around(levels, "(", "a", ")"))
}

fn sub_queries(levels: usize) -> String {
    format!("SELECT * FROM {}", around(levels, "(SELECT * FROM ", "t", ") u"))
}

fn query_in_parentheses(levels: usize) -> String {
    around(levels, "(", "SELECT 1", ")")
}

fn calls(levels: usize) -> String {
    format!("SELECT {}", around(levels, "coalesce(a, ", "b", ")"))
}

fn nested_cases(levels: usize) -> String {
    format!("SELECT {}", around(levels, "CASE WHEN a THEN ", "b", " END"))
}

fn nested_joins(levels: usize) -> String {
    format!("SELECT 1 FROM {}", around(levels, "(", "t", " JOIN u ON a = b)"))
}

fn fields(levels: usize) -> String {
    format!("SELECT a{}", ".b".repeat(levels))
}
