//! Statements of a small grammar of our own, and statements with their tokens moved about.

use crate::random::Random;
use sluice::sql::{GrammarVersion, token_spans};

pub(crate) fn text(random: &mut Random, seeds: &[&str]) -> Vec<u8> {
    let text = if random.one_in(2) { mutated(random, seeds) } else { statement(random) };
    text.into_bytes()
}

/// A statement with tokens left out, doubled, exchanged or taken from another.
pub(crate) fn mutated(random: &mut Random, seeds: &[&str]) -> String {
    let mut tokens = words(random.of(seeds));
    for _ in 0..=random.below(4) {
        let at = random.below(tokens.len() + 1);
        let other = random.below(tokens.len() + 1);
        match random.below(4) {
            0 if at < tokens.len() => drop(tokens.remove(at)),
            1 if at < tokens.len() => tokens.insert(other, tokens[at].clone()),
            2 if at < tokens.len() && other < tokens.len() => tokens.swap(at, other),
            _ => {
                let others = words(random.of(seeds));
                let from = random.below(others.len() + 1);
                let end = (from + random.below(6)).min(others.len());
                tokens.splice(at..at, others[from..end].iter().cloned());
            }
        }
    }
    tokens.join(random.of(&[" ", " ", "\n", "/**/", " -- c\r"]))
}

fn words(text: &str) -> Vec<String> {
    let spans = token_spans(text, GrammarVersion::NEWEST).expect("the seeds are short");
    spans.iter().map(|span| span.of(text).to_owned()).collect()
}

pub(crate) fn statement(random: &mut Random) -> String {
    let mut made = Made { random, left: 60 };
    match made.random.below(8) {
        0 => format!("EXPLAIN {}", made.query()),
        1 => format!("INSERT INTO {} {}", made.name(), made.query()),
        2 => format!("CREATE TABLE {} AS {}", made.name(), made.query()),
        3 => format!("DELETE FROM {} WHERE {}", made.name(), made.expr()),
        4 => format!("WITH FUNCTION f(x int) RETURNS int {} {}", made.control(), made.query()),
        _ => made.query(),
    }
}

/// A statement in the making; what is left says how much may still be put in, so that it ends.
struct Made<'r> {
    random: &'r mut Random,
    left: usize,
}

impl Made<'_> {
    fn spent(&mut self) -> bool {
        self.left = self.left.saturating_sub(1);
        self.left == 0
    }

    fn name(&mut self) -> String {
        let part = |random: &mut Random| {
            random
                .of(&["a", "b", "T", "\"A b\"", "\"\"\"\"", "table1", "limit", "key", "position", "format", "input"])
                .to_owned()
        };
        let first = part(self.random);
        if self.random.one_in(3) { format!("{first}.{}", part(self.random)) } else { first }
    }

    fn list(&mut self, item: fn(&mut Self) -> String) -> String {
        let many = 1 + self.random.below(3);
        (0..many).map(|_| item(self)).collect::<Vec<_>>().join(", ")
    }

    fn query(&mut self) -> String {
        if self.spent() {
            return "SELECT 1".to_owned();
        }
        let with = if self.random.one_in(6) { format!("WITH c AS ({}) ", self.query()) } else { String::new() };
        let body = match self.random.below(8) {
            0 => format!("TABLE {}", self.name()),
            1 => format!("VALUES ({}), ({})", self.expr(), self.expr()),
            2 => format!("({}) UNION ALL {}", self.query(), self.select()),
            3 => format!("{} INTERSECT {}", self.select(), self.select()),
            _ => self.select(),
        };
        let order =
            if self.random.one_in(5) { format!(" ORDER BY {} DESC NULLS LAST", self.expr()) } else { String::new() };
        let limit = self.random.of(&["", "", " LIMIT 3", " OFFSET 1 ROW", " FETCH FIRST ROW ONLY"]);
        format!("{with}{body}{order}{limit}")
    }

    fn select(&mut self) -> String {
        let items = self.list(Self::item);
        let from = if self.random.one_in(4) { String::new() } else { format!(" FROM {}", self.relation()) };
        let filter = if self.random.one_in(3) { format!(" WHERE {}", self.expr()) } else { String::new() };
        let group = match self.random.below(8) {
            0 => format!(" GROUP BY {}", self.list(Self::expr)),
            1 => format!(" GROUP BY GROUPING SETS (({}), ())", self.expr()),
            2 => " GROUP BY ROLLUP (1, 2) HAVING true".to_owned(),
            _ => String::new(),
        };
        format!("SELECT {items}{from}{filter}{group}")
    }

    fn item(&mut self) -> String {
        match self.random.below(6) {
            0 => "*".to_owned(),
            1 => format!("{}.*", self.name()),
            2 => format!("{} AS \"x y\"", self.expr()),
            3 => format!("{} z", self.expr()),
            _ => self.expr(),
        }
    }

    fn relation(&mut self) -> String {
        if self.spent() {
            return self.name();
        }
        match self.random.below(10) {
            0 => format!("({}) AS s (p, q)", self.query()),
            1 => format!("{} JOIN {} ON {}", self.relation(), self.relation(), self.expr()),
            2 => format!("{} LEFT JOIN {} USING (a)", self.relation(), self.name()),
            3 => format!("{} CROSS JOIN UNNEST({}) WITH ORDINALITY u", self.name(), self.expr()),
            4 => format!("LATERAL ({})", self.query()),
            5 => format!("TABLE(f({}, DESCRIPTOR(a), TABLE({})))", self.expr(), self.name()),
            6 => format!("{} FOR VERSION AS OF {}", self.name(), self.expr()),
            7 => format!("({}) TABLESAMPLE BERNOULLI (10)", self.relation()),
            _ => format!("{} AS r", self.name()),
        }
    }

    fn expr(&mut self) -> String {
        if self.spent() {
            return "1".to_owned();
        }
        match self.random.below(24) {
            0 => format!("{} + {}", self.expr(), self.expr()),
            1 => format!("- {}", self.expr()),
            2 => format!("({})", self.expr()),
            3 => format!("({}, {})", self.expr(), self.expr()),
            4 => format!("{} = {}", self.simple(), self.simple()),
            5 => format!("NOT {} AND {}", self.expr(), self.expr()),
            6 => format!("{} IN ({})", self.simple(), self.query()),
            7 => format!("EXISTS ({})", self.query()),
            8 => format!("CASE {} WHEN 1 THEN {} ELSE 2 END", self.expr(), self.expr()),
            9 => format!("CAST({} AS {})", self.expr(), self.data_type()),
            10 => format!("{}({})", self.name(), self.list(Self::expr)),
            11 => format!(
                "count(DISTINCT {}) FILTER (WHERE {}) OVER (PARTITION BY {} ORDER BY 1)",
                self.expr(),
                self.expr(),
                self.expr()
            ),
            12 => format!("x -> {}", self.expr()),
            13 => format!("(x, y) -> {}", self.expr()),
            14 => format!("({})", self.query()),
            15 => format!("ARRAY[{}][{}]", self.list(Self::expr), self.expr()),
            16 => format!("{} BETWEEN {} AND {}", self.simple(), self.simple(), self.simple()),
            17 => format!("{} || {}", self.expr(), self.expr()),
            18 => format!("{} LIKE 'a' ESCAPE 'b'", self.simple()),
            19 => format!("{} AT TIME ZONE 'UTC'", self.simple()),
            20 => format!("JSON_VALUE({}, 'lax $' RETURNING int)", self.expr()),
            _ => self.simple(),
        }
    }

    fn simple(&mut self) -> String {
        let literals = [
            "1",
            "1.5",
            "1E3",
            "'it''s'",
            "U&'\\0041'",
            "X'0A'",
            "NULL",
            "TRUE",
            "?",
            "DATE '2020-01-01'",
            "INTERVAL '1' DAY",
            "current_user",
            "localtime",
            "0xFF",
            "1_000",
        ];
        if self.random.one_in(2) { self.name() } else { self.random.of(&literals).to_owned() }
    }

    fn data_type(&mut self) -> String {
        let simple = [
            "int",
            "varchar(3)",
            "double precision",
            "timestamp(3) with time zone",
            "decimal(3, 2)",
            "interval day to second",
        ];
        if self.spent() || self.random.one_in(2) {
            return self.random.of(&simple).to_owned();
        }
        match self.random.below(4) {
            0 => format!("array({})", self.data_type()),
            1 => format!("map({}, {})", self.data_type(), self.data_type()),
            2 => format!("row(a {}, {})", self.data_type(), self.data_type()),
            _ => format!("{} ARRAY", self.data_type()),
        }
    }

    fn control(&mut self) -> String {
        if self.spent() {
            return "RETURN 1".to_owned();
        }
        match self.random.below(4) {
            0 => format!(
                "BEGIN DECLARE v int DEFAULT 1; IF {} THEN {}; ELSE SET v = 1; END IF; END",
                self.expr(),
                self.control()
            ),
            1 => format!("BEGIN l: WHILE {} DO LEAVE l; END WHILE; {}; END", self.expr(), self.control()),
            _ => "RETURN x".to_owned(),
        }
    }
}
