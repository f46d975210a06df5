//! What becomes of each statement of the corpora, a line each.

use super::mesh::{decide, session};
use crate::enforce::Outcome;

#[test]
fn corpora() {
    for (user, at, sql) in statements() {
        let mut session = session(&at);
        session.prepared.insert("q".into(), sql.clone());
        for sent in [sql.as_str(), "EXECUTE q"] {
            let decided = std::panic::catch_unwind(|| decide(&user, &session, sent).0);
            let told = match decided {
                Err(_) => "panic".to_owned(),
                Ok(decision) => match (decision.alarm, decision.outcome) {
                    (Some(alarm), _) => format!("alarm {alarm:?}"),
                    (None, Outcome::Refuse(refusal)) => format!("refuse {refusal:?}"),
                    (None, Outcome::Forward(guarded)) => {
                        let back: Vec<_> =
                            (1..400).step_by(13).map(|column| guarded.positions().original_position(1, column)).collect();
                        format!(
                            "forward {:?} {:?}\tpositions {back:?} {} {:?}",
                            guarded.text(),
                            guarded.prepared(),
                            guarded.restricted(),
                            guarded.relations()
                        )
                    }
                },
            };
            println!("@\t{user}\t{at}\t{sent:?}\t{sql:?}\t{told}");
        }
    }
}

fn statements() -> Vec<(String, String, String)> {
    let mut found = Vec::new();
    for line in include_str!("statements.txt").lines() {
        if let Some((at, sql)) = line.split_once(" | ") {
            found.push(("analyst".to_owned(), at.to_owned(), sql.to_owned()));
        }
    }
    for line in include_str!("changes.txt").lines() {
        if let [user, at, sql] = line.splitn(3, " | ").collect::<Vec<_>>()[..] {
            found.push((user.to_owned(), at.to_owned(), sql.to_owned()));
        }
    }
    for line in include_str!("../../../tests/attacks/cases.jsonl").lines().filter(|line| !line.is_empty()) {
        let case: serde_json::Value = serde_json::from_str(line).unwrap();
        let field = |name: &str| case[name].as_str().unwrap_or("-").to_owned();
        found.push((field("user"), format!("{}.{}", field("catalog"), field("schema")), field("sql")));
    }
    found
}
