//! `sluice test`: do the policies decide what their tests say?

use super::Failure;
use super::asking::{Message, time};
use super::failure::{counted, slashed};
use super::progress::Progress;
use crate::effects::trial::{Difference, Results, TestResult, run};
use crate::policy;
use crate::report::junit::{self, Case};
use crate::store;
use clap::{Args, ValueEnum};
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// How often `--watch` looks whether a file has changed.
const LOOK: Duration = Duration::from_millis(500);

/// Run the tests of policies: the PolicyTest documents of a folder.
///
/// A test asks as a user about a statement or a table, and says what has to come of it. It is decided by the same function
/// as in the proxy; what tables look like stands in the tests, so that no Trino is needed.
///
/// Ends with 0 if all tests pass, with 1 if one fails or too few rules are covered, with 2 if the policies can't be read.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sluice test                                     the folder ./policies
  sluice test policies --coverage                 and which rules hold in no test
  sluice test policies --min-coverage 100 --output junit > tests.xml
  sluice test policies --watch                    again at each change")]
pub(super) struct Arguments {
    /// The folder of policies and their tests.
    #[arg(default_value = "policies")]
    folder: PathBuf,
    /// Say which rules about tables hold in no test.
    #[arg(long)]
    coverage: bool,
    /// Fail if fewer rules, in per cent, hold in some test.
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u32).range(0..=100))]
    min_coverage: Option<u32>,
    /// When tests are run that name no time, with a zone or an offset; now without it.
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// Run them again at each change, until it is stopped.
    #[arg(long)]
    watch: bool,
    /// How to say it.
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Output {
    /// For people.
    Text,
    /// One JSON object.
    Json,
    /// JUnit's XML, for build servers.
    Junit,
}

impl Arguments {
    pub(super) fn run(&self) -> ExitCode {
        if self.watch {
            return self.follow();
        }
        match self.test(&mut anstream::stdout()) {
            Ok(passed) => ExitCode::from(u8::from(!passed)),
            Err(failure) => {
                failure.report();
                ExitCode::from(2)
            }
        }
    }

    fn follow(&self) -> ExitCode {
        let mut last = None;
        loop {
            let now = store::read_folder(&self.folder).map_err(|error| error.to_string());
            if last.as_ref() != Some(&now) {
                if let Err(failure) = self.test(&mut anstream::stdout()) {
                    failure.report();
                }
                if writeln!(anstream::stdout(), "\nwaiting for a change of {}", self.folder.display()).is_err() {
                    return ExitCode::from(2);
                }
                last = Some(now);
            }
            std::thread::sleep(LOOK);
        }
    }

    /// Whether all is well.
    fn test(&self, out: &mut dyn Write) -> Result<bool, Failure> {
        let files = store::read_folder(&self.folder)?;
        let wrong = |problems: policy::Diagnostics| {
            let text = problems.within(&slashed(&self.folder)).render(true);
            Failure::from(Message(format!("{}: the policies are wrong\n{text}", self.folder.display())))
        };
        let snapshot = policy::compile(files.clone()).map_err(wrong)?;
        let suite = policy::tests_of(files).map_err(wrong)?;
        if suite.tests.is_empty() {
            return Err(Message(format!("{}: there is no test", self.folder.display())).into());
        }
        let mut progress = Progress::new("tests");
        let results = run(&snapshot, &suite, time(self.at.as_deref())?, &mut |done, all| progress.at(done, all));
        drop(progress);
        let failed = results.tests.iter().filter(|test| !test.differences.is_empty()).count();
        let covered = self.min_coverage.is_none_or(|least| results.coverage.percent() >= least);
        match self.output {
            Output::Text => self.say(&results, failed, covered, out)?,
            Output::Json => writeln!(out, "{}", serde_json::to_string_pretty(&results)?)?,
            Output::Junit => write!(out, "{}", self.junit(&results))?,
        }
        Ok(failed == 0 && covered)
    }

    fn say(&self, results: &Results, failed: usize, covered: bool, out: &mut dyn Write) -> Result<(), Failure> {
        let mut document = "";
        for test in &results.tests {
            if test.document != document {
                document = &test.document;
                writeln!(out, "{document}")?;
            }
            let mark = if test.differences.is_empty() { '✓' } else { '✗' };
            writeln!(out, "  {mark} {}", test.name)?;
            if !test.differences.is_empty() {
                write!(out, "{}", indented(&self.failure(test), "      "))?;
            }
        }
        let coverage = &results.coverage;
        if self.coverage || !covered {
            let of = counted(coverage.rules, "rule", "rules");
            writeln!(out, "\ncoverage: {}% of {of} about tables", coverage.percent())?;
            for rule in &coverage.missed {
                writeln!(
                    out,
                    "  not covered: `{}` ({}/{}:{})",
                    rule.policy,
                    slashed(&self.folder),
                    rule.file,
                    rule.line
                )?;
            }
            if let Some(least) = self.min_coverage.filter(|_| !covered) {
                writeln!(out, "  less than {least}%")?;
            }
        }
        let passed = results.tests.len() - failed;
        writeln!(out, "\n{}: {passed} passed, {failed} failed", self.folder.display())?;
        Ok(())
    }

    /// Where a failed test stands, and what was expected and came.
    fn failure(&self, test: &TestResult) -> String {
        let mut text = format!("{}/{}:{}\n", slashed(&self.folder), test.file, test.line);
        for Difference { field, expected, got } in &test.differences {
            text.push_str(&format!("{field}: expected (-), got (+)\n"));
            let changed = |mark: char, list: &[String], other: &[String]| {
                list.iter()
                    .filter(|line| !other.contains(line))
                    .map(|line| format!("  {mark} {line}\n"))
                    .collect::<String>()
            };
            let same: String =
                expected.iter().filter(|line| got.contains(line)).map(|line| format!("    {line}\n")).collect();
            text.push_str(&same);
            text.push_str(&changed('-', expected, got));
            text.push_str(&changed('+', got, expected));
            if expected.len() == got.len() && expected.iter().all(|line| got.contains(line)) {
                text.push_str(&format!("  + in another order: {}\n", got.join(", ")));
            }
        }
        text
    }

    fn junit(&self, results: &Results) -> String {
        let cases: Vec<Case<'_>> = results
            .tests
            .iter()
            .map(|test| Case {
                class: &test.document,
                name: &test.name,
                file: &test.file,
                line: test.line,
                failure: (!test.differences.is_empty()).then(|| self.failure(test)),
            })
            .collect();
        junit::document(&self.folder.display().to_string(), &cases)
    }
}

fn indented(text: &str, by: &str) -> String {
    text.lines().map(|line| format!("{by}{line}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    const POLICIES: &str = "
apiVersion: sluice/v1
kind: Domain
metadata: {name: hr}
spec: {owns: [{catalog: lake, schema: hr}]}
---
apiVersion: sluice/v1
kind: AccessPolicy
metadata: {name: reads, domain: hr}
spec:
  tables: [{table: employees}]
  grants:
    - {to: {groups: [analysts]}, privileges: [select], columns: {except: [ssn]}}
    - {to: {groups: [hr]}, privileges: [all]}
  masks:
    - {column: email, expression: \"'***'\", except: {groups: [hr]}}
  filters:
    - {expression: region = 'EU', except: {groups: [hr]}}
";

    const TESTS: &str = "
apiVersion: sluice/v1
kind: PolicyTest
metadata: {name: employees}
spec:
  tables:
    lake.hr.employees: {columns: {region: varchar, id: bigint, email: varchar, ssn: varchar}}
    lake.hr.mails: {columns: {email: varchar}, view: SELECT email FROM lake.hr.employees}
  tests:
    - name: analysts see masked mail of the EU
      as: {user: anna, groups: [analysts]}
      table: lake.hr.employees
      expect:
        decision: allow
        columns: [region, id, email]
        masks: {email: \"'***'\"}
        filters: [hr/reads]
    - name: a statement is rewritten
      as: {user: anna, groups: [analysts]}
      context: {catalog: lake, schema: hr}
      statement: SELECT id, email FROM employees
      expect:
        decision: allow
        masks: {lake.hr.employees.email: hr/reads}
        filters: [hr/reads]
        policies: [hr/reads]
    - name: nobody else sees anything
      as: {user: olga}
      statement: SELECT id FROM lake.hr.employees
      expect: {decision: deny, message: no policy grants it}
";

    fn test(tests: &str, change: impl FnOnce(&mut Arguments)) -> (Option<bool>, String) {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.yaml"), POLICIES).unwrap();
        fs::write(folder.path().join("tests.yaml"), tests).unwrap();
        let at = Some("2026-03-01T00:00:00Z".to_owned());
        let (min_coverage, output) = (None, Output::Text);
        let mut arguments =
            Arguments { folder: folder.path().to_owned(), coverage: false, min_coverage, at, watch: false, output };
        change(&mut arguments);
        let mut out = Vec::new();
        let (passed, said) = match arguments.test(&mut out) {
            Ok(passed) => (Some(passed), String::from_utf8(out).unwrap()),
            Err(failure) => (None, anstream::adapter::strip_str(failure.text()).to_string()),
        };
        (passed, said.replace(&slashed(folder.path()), "FOLDER"))
    }

    #[test]
    fn tests_that_pass_end_well_and_say_which_rules_they_cover() {
        let (passed, said) = test(TESTS, |arguments| arguments.coverage = true);
        assert_eq!(passed, Some(true), "{said}");
        insta::assert_snapshot!(said);
    }

    #[test]
    fn a_mask_is_expected_by_its_name() {
        let policies = "
---
apiVersion: sluice/v1
kind: AccessPolicy
metadata: {name: masks, domain: hr}
spec:
  tables: [{table: people}]
  grants: [{to: {users: [anna]}, privileges: [select]}]
  masks:
    - {column: mail, mask: email}
    - {column: home, path: street, mask: redact}
    - {column: age, mask: email, to: {users: [olga]}}
---
apiVersion: sluice/v1
kind: AccessPolicy
metadata: {name: olga, domain: hr}
spec:
  tables: [{table: people}]
  grants: [{to: {users: [olga]}, privileges: [select]}]
---
apiVersion: sluice/v1
kind: PolicyTest
metadata: {name: masks}
spec:
  tables:
    lake.hr.people: {columns: {mail: varchar, home: 'row(street varchar, city varchar)', age: bigint}}
  tests:
    - name: of a table
      as: {user: anna}
      table: lake.hr.people
      expect: {decision: allow, columns: [mail, home, age], masks: {mail: email, home: .street redact}}
    - name: of a statement
      as: {user: anna}
      statement: SELECT mail FROM lake.hr.people
      expect: {decision: allow, masks: {lake.hr.people.mail: email, lake.hr.people.home: .street redact}}
    - name: one that can't hold refuses
      as: {user: olga}
      statement: SELECT mail FROM lake.hr.people
      expect: {decision: deny, message: 'policy hr/masks can''t be applied to column age'}
    - name: of the table too
      as: {user: olga}
      table: lake.hr.people
      expect: {decision: deny}
    - name: another one fails
      as: {user: anna}
      table: lake.hr.people
      expect: {decision: allow, masks: {mail: redact, home: .street redact}}
";
        let (passed, said) = test(&format!("{TESTS}{policies}"), |_| {});
        assert_eq!(passed, Some(false));
        insta::assert_snapshot!(said);
    }

    #[test]
    fn too_little_coverage_fails() {
        assert_eq!(test(TESTS, |arguments| arguments.min_coverage = Some(75)).0, Some(true));
        let (passed, said) = test(TESTS, |arguments| arguments.min_coverage = Some(76));
        assert_eq!(passed, Some(false), "{said}");
        insta::assert_snapshot!(said);
    }

    #[test]
    fn a_failing_test_shows_what_was_expected_and_what_came() {
        let tests = TESTS
            .replace("[region, id, email]", "[id, region, email]")
            .replace("masks: {email: \"'***'\"}", "masks: {email: \"NULL\"}")
            .replace("filters: [hr/reads]\n        policies", "filters: []\n        policies")
            .replace("SELECT id FROM lake", "SELECT 1 FROM lake")
            .replace("no policy grants it", "go away");
        let (passed, said) = test(&tests, |_| ());
        assert_eq!(passed, Some(false), "{said}");
        insta::assert_snapshot!(said);
        insta::assert_snapshot!(test(&tests, |arguments| arguments.output = Output::Junit).1);
    }

    #[test]
    fn other_programs_get_json() {
        let (_, said) = test(TESTS, |arguments| arguments.output = Output::Json);
        let json: serde_json::Value = serde_json::from_str(&said).unwrap();
        assert_eq!((json["tests"].as_array().unwrap().len(), json["coverage"]["rules"].as_u64()), (3, Some(4)));
    }

    #[test]
    fn a_wrong_test_is_told_like_any_wrong_document() {
        let tests = TESTS.replace("columns: [region, id, email]", "message: no").replace("lake.hr.mails:", "mails:");
        let (passed, said) = test(&tests, |_| ());
        assert_eq!(passed, None);
        insta::assert_snapshot!(said);
    }
}
