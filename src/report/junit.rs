//! Results of tests as JUnit's XML, which build servers read.

/// A test's result.
#[derive(Clone, Debug)]
pub struct Case<'a> {
    /// The group that it belongs to.
    pub class: &'a str,
    /// Its name.
    pub name: &'a str,
    /// Its file.
    pub file: &'a str,
    /// Its line.
    pub line: u32,
    /// Why it failed; `None` if it passed.
    pub failure: Option<String>,
}

/// The document.
pub fn document(suite: &str, cases: &[Case<'_>]) -> String {
    let failures = cases.iter().filter(|case| case.failure.is_some()).count();
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite name=\"{}\" tests=\"{}\" failures=\"{failures}\">\n",
        escaped(suite),
        cases.len()
    );
    for Case { class, name, file, line, failure } in cases {
        let head = format!(
            "    <testcase classname=\"{}\" name=\"{}\" file=\"{}\" line=\"{line}\"",
            escaped(class),
            escaped(name),
            escaped(file)
        );
        text.push_str(&head);
        match failure {
            None => text.push_str("/>\n"),
            Some(why) => {
                let first = why.lines().next().unwrap_or_default();
                let failure = format!(
                    ">\n      <failure message=\"{}\">{}</failure>\n    </testcase>\n",
                    escaped(first),
                    escaped(why)
                );
                text.push_str(&failure);
            }
        }
    }
    text.push_str("  </testsuite>\n</testsuites>\n");
    text
}

/// What stands in an attribute or text as it is. XML 1.0 can't hold most control characters, so they are left out.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' | '\t' => escaped.push(c),
            c if c.is_control() || matches!(c, '\u{FFFE}' | '\u{FFFF}') => {}
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_holds_each_case_and_why_it_failed() {
        let case = |name, failure| Case { class: "hr", name, file: "a.yaml", line: 3, failure };
        let cases = [case("fine", None), case("<bad> & \"worse\"\u{1}", Some("columns\n- a\n+ b".to_owned()))];
        insta::assert_snapshot!(document("policies", &cases));
    }
}
