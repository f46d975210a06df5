//! Whether files hold documents of one domain alone: those of a source that is bound to the domain.
//!
//! In: files and the domain. Out: all documents that are of more than it. What a domain may say is checked elsewhere;
//! here it is only about who may speak at all, so a kind that is not known to be a domain's own is refused.

use super::super::SourceFile;
use super::super::diagnostics::{Diagnostic, Diagnostics, Place};
use super::node::{self, Node, Value};
use std::sync::Arc;

/// The kinds that speak for a domain and reach no further than it.
const OWN: [&str; 4] = ["AccessPolicy", "Tags", "Masks", "PolicyTest"];

/// Checks that all documents are of `domain`. What can't be read is left to [`super::super::compile()`].
///
/// # Errors
/// [`Diagnostics`]: each document that is not, with file and line.
pub fn bound_to(files: &[SourceFile], domain: &str) -> Result<(), Diagnostics> {
    let mut problems = Vec::new();
    for (file, source) in files.iter().enumerate() {
        for node in node::read(&source.text).into_iter().flatten() {
            match &node.value {
                Value::List(items) => items.iter().for_each(|item| one(file, item, domain, &mut problems)),
                _ => one(file, &node, domain, &mut problems),
            }
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(Diagnostics::new(Arc::from(files), problems)) }
}

fn one(file: usize, document: &Node, domain: &str, problems: &mut Vec<Diagnostic>) {
    let Some(kind) = document.get("kind") else { return };
    let mut report = |at: &Node, message: String, label: &str, help: String| {
        let place = Place { file, at: at.at.clone() };
        problems.push(Diagnostic::new("foreign-domain", place, message, label).help(help));
    };
    let word = kind.text().unwrap_or_default();
    if !OWN.contains(&word) {
        return report(
            kind,
            format!("a source that is bound to the domain `{domain}` can't hold a document of kind `{word}`"),
            "speaks for more than one domain",
            format!("it may hold {}; others stand in a source that is not bound", OWN.join(", ")),
        );
    }
    let named = document.get("metadata").and_then(|metadata| metadata.get("domain"));
    match named.and_then(Node::text) {
        Some(found) if found == domain => {}
        // A test grants nothing, and need not name a domain.
        None if word == "PolicyTest" => {}
        Some(found) => report(
            named.unwrap_or(document),
            format!("this source is bound to the domain `{domain}`, and the document is of `{found}`"),
            "another domain",
            "policies.sources of the configuration binds it".to_owned(),
        ),
        None => report(
            document,
            format!("this source is bound to the domain `{domain}`, and the document names no domain"),
            "a policy document begins here",
            format!("metadata.domain: {domain}"),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> String {
        let files = [SourceFile { path: "sales/a.yaml".to_owned(), text: text.to_owned() }];
        bound_to(&files, "sales").err().map_or_else(String::new, |problems| problems.render(false))
    }

    #[test]
    fn documents_of_the_domain_alone_are_taken() {
        for right in [
            "kind: AccessPolicy\nmetadata: {name: a, domain: sales}",
            "- {kind: PolicyTest}\n- {kind: Masks, metadata: {domain: sales}}",
            "kind: PolicyTest",
            "kind: [",
            "",
        ] {
            assert_eq!(found(right), "", "{right}");
        }
    }

    #[test]
    fn others_are_refused_with_file_and_line() {
        for (wrong, place) in [
            ("\nkind: AccessPolicy\nmetadata: {name: a, domain: hr}", "sales/a.yaml:3:29"),
            ("kind: AccessPolicy\nmetadata: {name: a}", "sales/a.yaml:1:1"),
            ("kind: Domain\nmetadata: {name: sales}", "sales/a.yaml:1:7"),
            ("kind: Guardrail\nmetadata: {domain: sales}", "sales/a.yaml:1:7"),
            ("kind: Principals", "sales/a.yaml:1:7"),
            ("kind: Exception\nmetadata: {domain: sales}", "sales/a.yaml:1:7"),
            ("- {kind: Masks, metadata: {domain: sales}}\n- kind: Masks", "sales/a.yaml:2:"),
        ] {
            assert!(found(wrong).contains(place), "{wrong}: {}", found(wrong));
        }
    }

    #[test]
    fn a_foreign_document_is_shown_at_its_domain() {
        insta::assert_snapshot!(found("kind: AccessPolicy\nmetadata: {name: a, domain: hr}\n"));
    }
}
