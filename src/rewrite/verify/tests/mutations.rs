//! A few hundred seeded changes of correct guards: whatever is still proved holds all filters and masks.

use super::accepted::filled;
use super::fixture::*;
use crate::sql;

/// What a guard that is proved must hold, tokens in a row, parentheses and `AS` aside; and what must not stand in it.
struct Held {
    guard: &'static str,
    always: &'static [&'static str],
    never: &'static [&'static str],
}

const HELD: &[Held] = &[
    Held {
        guard: "{employees}",
        always: &["WHERE \"sluice_1\" . \"region\" = 'EU'", "FROM \"lake\" . \"hr\" . \"employees\" \"sluice_1\""],
        never: &[
            "\"ssn\"",
            "\"payments\"",
            "\"sluice_1\" . \"salary\"",
            "OR",
            "NOT",
            "\"sluice_1\" . \"email\" \"email\"",
        ],
    },
    Held {
        guard: "{guarded}",
        always: &["\"sluice_1\" . \"region\" = 'EU' \"sluice_3\"", "WHERE \"sluice_2\" . \"sluice_3\""],
        never: &["\"ssn\"", "\"payments\"", "OR", "NOT", "\"sluice_1\" . \"email\" \"email\""],
    },
    Held {
        guard: "{reviews}",
        always: &[
            "\"sluice_1\" . \"employee_id\" IN SELECT \"sluice_2\" . \"id\" FROM \"lake\" . \"hr\" . \"employees\" \"sluice_2\" WHERE \"sluice_2\" . \"region\" = 'EU'",
            "AND \"sluice_1\" . \"score\" < 9",
        ],
        never: &["\"ssn\"", "\"payments\"", "OR", "NOT"],
    },
    Held { guard: "{orders}", always: &["CAST 'XXXX' varchar \"card_number\""], never: &["\"ssn\"", "\"payments\""] },
    Held {
        guard: "{contacts}",
        always: &[
            "\"name\" = 'people'",
            "IF \"sluice_1\" . \"home\" [ 1 ] IS NULL , NULL , '****'",
            "element_1 [ 1 ] , CAST NULL varchar",
        ],
        never: &["\"ssn\"", "\"payments\"", "element_1 [ 2 ]", "OR", "NOT"],
    },
    Held {
        guard: "{columns}",
        always: &[
            "\"table_schema\" = 'hr'",
            "\"table_name\" = 'employees'",
            "\"column_name\" NOT IN 'ssn' , 'address'",
        ],
        never: &["OR", "\"payments\"", "TRUE"],
    },
    Held { guard: "{queries}", always: &["\"user\" = 'analyst'", "CAST NULL"], never: &["OR", "NOT"] },
];

const SPARE: &[&str] = &[
    "OR",
    "AND",
    "NOT",
    "TRUE",
    "FALSE",
    "NULL",
    "'US'",
    "'EU'",
    "1",
    "\"ssn\"",
    "\"salary\"",
    "\"payments\"",
    "\"finance\"",
    "\"e\"",
    "*",
    ",",
    ".",
    "=",
    "<>",
    "(",
    ")",
    "IN",
    "AS",
    "DISTINCT",
    "LIMIT",
    "||",
    "lower",
    "TABLE",
    "UNION",
    "IF",
];

/// Tokens of a guard: quoted names, literals, words and single signs.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let mut token = String::from(c);
        match c {
            ' ' => continue,
            '"' | '\'' => {
                for next in chars.by_ref() {
                    token.push(next);
                    if next == c {
                        break;
                    }
                }
            }
            c if c.is_alphanumeric() || c == '_' => {
                while let Some(next) = chars.next_if(|next| next.is_alphanumeric() || *next == '_') {
                    token.push(next);
                }
            }
            '|' | '<' => {
                while let Some(next) = chars.next_if(|next| matches!(next, '|' | '>' | '=')) {
                    token.push(next);
                }
            }
            _ => (),
        }
        tokens.push(token);
    }
    tokens
}

/// A small generator, the same on each run.
struct Seeded(u64);

impl Seeded {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound
    }
}

/// A token of the same kind, so that most of what comes out can still be read.
fn alike(tokens: &[String], at: usize, seeded: &mut Seeded) -> String {
    let kind = |token: &str| token.chars().next().map(|c| if c.is_alphabetic() { 'a' } else { c });
    let pool: Vec<&str> = tokens.iter().map(String::as_str).chain(SPARE.iter().copied()).collect();
    let alike: Vec<&str> = pool.into_iter().filter(|token| kind(token) == kind(&tokens[at])).collect();
    alike[seeded.below(alike.len())].to_owned()
}

fn mutated(tokens: &[String], seeded: &mut Seeded) -> Vec<String> {
    let mut tokens = tokens.to_vec();
    for _ in 0..=seeded.below(2) {
        let at = seeded.below(tokens.len());
        let other = seeded.below(tokens.len());
        match seeded.below(8) {
            0 => drop(tokens.remove(at)),
            1 => tokens.insert(at, tokens[at].clone()),
            2 => tokens.swap(at, other),
            3 => tokens[at] = SPARE[seeded.below(SPARE.len())].to_owned(),
            4 => tokens.insert(at, SPARE[seeded.below(SPARE.len())].to_owned()),
            _ => tokens[at] = alike(&tokens, at, seeded),
        }
    }
    tokens
}

#[test]
fn what_is_still_proved_after_a_change_holds_all_filters_and_masks() {
    let mut seeded = Seeded(0x0051_07ce);
    let (mut readable, mut proved) = (0, 0);
    for held in HELD {
        let right = tokens(&filled(held.guard));
        for _ in 0..400 {
            let changed = mutated(&right, &mut seeded);
            let text = format!("SELECT 1 FROM {} \"t\"", changed.join(" "));
            if sql::v476::parse_statement(&text).is_err() {
                continue;
            }
            readable += 1;
            if verify_text(&text).is_err() {
                continue;
            }
            proved += 1;
            let bare: Vec<_> =
                changed.iter().filter(|token| !matches!(token.as_str(), "(" | ")" | "AS")).cloned().collect();
            let bare = format!(" {} ", bare.join(" "));
            for always in held.always {
                assert!(bare.contains(&format!(" {always} ")), "{always} is gone from {text}");
            }
            for never in held.never {
                assert!(!bare.contains(&format!(" {never} ")), "{never} came into {text}");
            }
        }
    }
    assert!(readable > 300, "only {readable} of the changed texts can be read");
    assert!(proved > 0, "nothing was proved, so nothing was tested");
}
