//! Findings as SARIF 2.1.0, which code scanning and editors read
//! (<https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>).

use crate::policy::{Finding, Severity};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// What may stand in a path of a URI as it is (RFC 3986, `pchar` and `/`, without `:`).
const PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'@')
    .remove(b'+')
    .remove(b'=')
    .remove(b'(')
    .remove(b')');

/// A log of one run.
pub fn log(findings: &[Finding]) -> Value {
    let codes: Vec<&str> = findings.iter().map(|finding| finding.code).collect::<BTreeSet<_>>().into_iter().collect();
    let results: Vec<Value> = findings.iter().map(|finding| result(finding, &codes)).collect();
    let rules: Vec<Value> =
        codes.iter().map(|code| json!({"id": code, "shortDescription": {"text": code.replace('-', " ")}})).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {"name": "sluice", "version": env!("CARGO_PKG_VERSION"), "rules": rules}},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn result(finding: &Finding, codes: &[&str]) -> Value {
    let level = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let mut text = finding.message.clone();
    for help in &finding.help {
        text.push_str("\nhelp: ");
        text.push_str(help);
    }
    json!({
        "ruleId": finding.code,
        "ruleIndex": codes.iter().position(|code| *code == finding.code),
        "level": level,
        "message": {"text": text},
        "locations": [{
            "physicalLocation": {
                "artifactLocation": {"uri": utf8_percent_encode(&finding.file, PATH).to_string()},
                "region": {
                    "startLine": finding.line,
                    "startColumn": finding.column,
                    "endLine": finding.end_line,
                    "endColumn": finding.end_column,
                },
            },
        }],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(severity: Severity, code: &'static str) -> Finding {
        Finding {
            severity,
            code,
            message: "no".into(),
            file: "policies/a b:ü.yaml".into(),
            line: 1,
            column: 2,
            end_line: 1,
            end_column: 4,
            help: vec!["mend it".into()],
        }
    }

    #[test]
    fn the_log_has_what_the_standard_demands() {
        let log = log(&[finding(Severity::Warning, "b-code"), finding(Severity::Error, "a-code")]);
        // Section 3.13: version and runs; 3.14: tool, with a driver that has a name (3.19.8).
        assert_eq!(log["version"], "2.1.0");
        let run = &log["runs"][0];
        assert!(run["tool"]["driver"]["name"].is_string());
        let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
        for result in run["results"].as_array().unwrap() {
            // 3.27.6: ruleIndex leads to the descriptor whose id is ruleId; 3.27.10: level; 3.27.11: message.
            let rule = &rules[usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()];
            assert_eq!(rule["id"], result["ruleId"]);
            assert!(["none", "note", "warning", "error"].contains(&result["level"].as_str().unwrap()));
            assert!(!result["message"]["text"].as_str().unwrap().is_empty());
            // 3.30: lines and columns count from 1, the end is not before the start; 3.10.1: the URI is one.
            let place = &result["locations"][0]["physicalLocation"];
            let number = |name: &str| place["region"][name].as_u64().unwrap();
            assert!(number("startLine") >= 1 && number("startColumn") >= 1);
            assert!((number("endLine"), number("endColumn")) >= (number("startLine"), number("startColumn")));
            assert_eq!(place["artifactLocation"]["uri"], "policies/a%20b%3A%C3%BC.yaml");
        }
    }
}
