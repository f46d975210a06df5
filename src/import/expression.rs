//! The SQL of masks and filters: whether a policy may have it, and means the same by it.

use super::note::Note;
use super::rules::Expression;
use crate::policy::{self, SourceFile};
use crate::sql::{GrammarVersion, token_spans};
use std::collections::BTreeSet;

/// Words whose meaning depends on as whom, or where, Trino evaluates an expression.
const OF_THE_SESSION: [&str; 4] = ["current_catalog", "current_groups", "current_path", "current_schema"];
/// Words that begin a query in an expression.
const QUERIES: [&str; 3] = ["select", "table", "values"];

/// What is known of an expression.
pub(super) struct Checked {
    /// Its words that are no strings, in lower case and without quotes.
    pub(super) words: BTreeSet<String>,
    /// Why it can't be in a policy.
    pub(super) wrong: Option<Note>,
}

/// Looks at an expression that is the mask of a column or a filter.
pub(super) fn check(expression: &Expression, column: Option<&str>) -> Checked {
    let words = words(&expression.text);
    let wrong = fault(expression, column, &words).map(|(why, help)| {
        let what = if column.is_some() { "mask" } else { "filter" };
        let instead = if column.is_some() { "shows NULL" } else { "lets no row pass" };
        Note::warning(
            "not-mapped",
            expression.at.clone(),
            format!("the {what} can't be mapped: {why}"),
            format!("what is written {instead}"),
        )
        .help(help)
    });
    Checked { words, wrong }
}

fn fault(expression: &Expression, column: Option<&str>, words: &BTreeSet<String>) -> Option<(String, &'static str)> {
    let holds = |list: &[&str]| list.iter().any(|word| words.contains(*word));
    if holds(&QUERIES) {
        return Some((
            "it reads a table; Trino does so as the user, a policy by its own authority".to_owned(),
            "write it as a policy by hand, if each reader may depend on all rows of that table",
        ));
    }
    if expression.environment.is_some() {
        return Some((
            "it is to be evaluated as another user, whose own rights Trino checks".to_owned(),
            "leave the environment out if the expression only reads the row",
        ));
    }
    if holds(&OF_THE_SESSION) {
        return Some((
            "it depends on the session or on Trino's own groups".to_owned(),
            "say by `to` and `except` whom it is for",
        ));
    }
    if expression.text.contains("{column}") || expression.text.contains("${") {
        return Some(("it holds what a policy replaces".to_owned(), "write the text in two parts, joined by `||`"));
    }
    let quoted = serde_json::to_string(&expression.text).unwrap_or_default();
    let rule = match column {
        Some(column) => {
            format!("masks: [{{column: {}, expression: {quoted}}}]", serde_json::to_string(column).unwrap_or_default())
        }
        None => format!("filters: [{{expression: {quoted}}}]"),
    };
    let text = format!(
        "apiVersion: sluice/v1\nkind: Domain\nmetadata: {{name: d}}\nspec: {{central: true}}\n---\napiVersion: sluice/v1\n\
         kind: AccessPolicy\nmetadata: {{name: p, domain: d}}\nspec:\n  tables: [{{catalog: c, schema: s, table: t}}]\n  {rule}\n"
    );
    let problems = policy::compile(vec![SourceFile { path: "rule.yaml".into(), text }]).err()?;
    let message = problems.findings().into_iter().next().map(|finding| finding.message).unwrap_or_default();
    Some((message, "docs/policies.md says what an expression in a policy may hold"))
}

/// The words of a text: identifiers and keywords. Of what can't be read, all that looks like one.
fn words(text: &str) -> BTreeSet<String> {
    let spans = token_spans(text, GrammarVersion::V476).unwrap_or_default();
    let tokens = spans.iter().filter_map(|span| text.get(span.start as usize..span.end as usize));
    let words = tokens.filter(|token| !token.starts_with('\''));
    words.map(|token| token.trim_matches('"').to_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_policy_would_mean_otherwise_is_told() {
        for (text, environment, column, wrong) in [
            ("region = 'EU'", None, None, None),
            ("region = 'select'", None, None, None),
            ("id IN (SELECT id FROM lake.hr.t)", None, None, Some("it reads a table")),
            ("owner = current_user", None, None, None),
            ("owner = current_user", Some(0..1), None, Some("it is to be evaluated as another user")),
            ("contains(current_groups(), 'a')", None, None, Some("it depends on the session")),
            ("'{column}'", None, Some("c"), Some("it holds what a policy replaces")),
            ("max(x) > 1", None, None, Some("an aggregate")),
            ("a = ", None, None, Some("mismatched input")),
            ("substr(c, 1, 2)", None, Some("c"), None),
        ] {
            let expression = Expression { at: 0..1, text: text.to_owned(), environment };
            let found = check(&expression, column).wrong.map(|note| note.message);
            match wrong {
                None => assert_eq!(found, None, "{text}"),
                Some(wrong) => assert!(found.as_ref().is_some_and(|found| found.contains(wrong)), "{text}: {found:?}"),
            }
        }
    }
}
