//! Findings as workflow commands, which GitHub Actions shows at the lines of a pull request
//! (<https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands>).

use crate::policy::{Finding, Severity};
use std::fmt::Write as _;

/// One line a finding.
pub fn commands(findings: &[Finding]) -> String {
    let mut text = String::new();
    for finding in findings {
        let word = match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let mut message = finding.message.clone();
        for help in &finding.help {
            // Writing to a string does not fail.
            let _ = write!(message, "\nhelp: {help}");
        }
        let _ = write!(text, "::{word} file={},line={}", property(&finding.file), finding.line);
        // Columns are only taken for a place within one line.
        if finding.end_line == finding.line {
            let _ = write!(text, ",col={},endColumn={}", finding.column, finding.end_column);
        } else {
            let _ = write!(text, ",endLine={}", finding.end_line);
        }
        let _ = writeln!(text, ",title={}::{}", property(finding.code), data(&message));
    }
    text
}

/// A command's text: one line, so line breaks are written as `%0A`.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A command's property: what ends one is escaped too.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(file: &str, message: &str, end_line: usize) -> Finding {
        Finding {
            severity: Severity::Error,
            code: "bad-name",
            message: message.into(),
            file: file.into(),
            line: 3,
            column: 5,
            end_line,
            end_column: 9,
            help: vec!["did you mean `b`?".into()],
        }
    }

    #[test]
    fn a_finding_is_one_line_that_cannot_be_broken_out_of() {
        let text = commands(&[finding("a,b:c%.yaml", "100%\n::error::x", 3), finding("a.yaml", "m", 4)]);
        insta::assert_snapshot!(text, @r"
        ::error file=a%2Cb%3Ac%25.yaml,line=3,col=5,endColumn=9,title=bad-name::100%25%0A::error::x%0Ahelp: did you mean `b`?
        ::error file=a.yaml,line=3,endLine=4,title=bad-name::m%0Ahelp: did you mean `b`?
        ");
    }
}
