//! `sluice explain`: why a statement is decided as it is.

use super::Failure;
use super::asking::{Message, TableSource, attribute, snapshot, time};
use crate::analysis::session::Session;
use crate::effects::explain::{Explanation, statement, table};
use crate::effects::{Asked, Asker};
use crate::names::TableName;
use crate::policy::Claims;
use crate::sql::GrammarVersion;
use clap::{Args, ValueEnum};
use core::net::IpAddr;
use std::collections::BTreeMap;
use std::fs;
use std::io::{Read as _, Write};
use std::path::PathBuf;

/// Say why a statement, or a table, is decided as it is for a user, and what would be needed to be allowed.
///
/// Each rule about each table is listed with its file and line, and with why it holds (✓) or does not (·). The decision is
/// made by the same function as in the proxy. What tables look like comes from a listing (`--catalog`) or from the Trino
/// of a configuration (`--config`).
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sluice explain --user anna --table lake.hr.employees
  sluice explain --user anna --catalog listing.json 'SELECT * FROM lake.hr.employees'
  sluice explain --user anna --group analysts --at '2026-03-01T00:00:00[Europe/Berlin]' \\
    --config sluice.yaml --file report.sql --output json")]
pub(super) struct Arguments {
    /// The statement.
    #[arg(required_unless_present_any = ["file", "table"], conflicts_with_all = ["file", "table"])]
    sql: Option<String>,
    /// A file with the statement; `-` is standard input.
    #[arg(long, value_name = "FILE", conflicts_with = "table")]
    file: Option<PathBuf>,
    /// A table instead of a statement: `catalog.schema.table`. Nothing has to be known of it.
    #[arg(long, value_name = "TABLE")]
    table: Option<String>,
    /// Who asks.
    #[arg(long)]
    user: String,
    /// A group that identification gives the user, beside those of Principals documents; may be given several times.
    #[arg(long = "group", value_name = "GROUP")]
    groups: Vec<String>,
    /// An attribute of the user; may be given several times.
    #[arg(long = "attribute", value_name = "NAME=VALUE", value_parser = attribute)]
    attributes: Vec<(String, String)>,
    /// When, with a zone or an offset; now without it.
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// What the client calls itself. It is believed where a Principals document vouches for the user.
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// A tag of the client, such as `purpose:audit`, believed likewise; may be given several times.
    #[arg(long = "client-tag", value_name = "TAG")]
    client_tags: Vec<String>,
    /// The client's address.
    #[arg(long, value_name = "ADDRESS")]
    address: Option<IpAddr>,
    /// The folder of policies.
    #[arg(long, value_name = "FOLDER", default_value = "policies")]
    policies: PathBuf,
    /// A listing of tables.
    #[arg(long, value_name = "FILE", conflicts_with = "config")]
    catalog: Option<PathBuf>,
    /// The configuration whose Trino is asked about tables.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The session, as `catalog` or `catalog.schema`: what completes names in the statement.
    #[arg(long, value_name = "CATALOG.SCHEMA")]
    session: Option<String>,
    /// The version of Trino by whose grammar the statement is read; the newest that is known without it.
    #[arg(long, value_name = "N")]
    trino_version: Option<u32>,
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
}

impl Arguments {
    pub(super) fn run(&self) -> Result<(), Failure> {
        self.explain(&mut anstream::stdout())
    }

    fn explain(&self, out: &mut dyn Write) -> Result<(), Failure> {
        let explanation = self.explanation()?;
        match self.output {
            Output::Text => write!(out, "{}", explanation.text())?,
            Output::Json => writeln!(out, "{}", serde_json::to_string_pretty(&explanation)?)?,
        }
        Ok(())
    }

    fn explanation(&self) -> Result<Explanation, Failure> {
        let snapshot = snapshot(&self.policies)?;
        let mut attributes = BTreeMap::<String, _>::new();
        for (name, value) in &self.attributes {
            attributes.entry(name.clone()).or_insert_with(std::collections::BTreeSet::new).insert(value.clone());
        }
        let at = time(self.at.as_deref())?;
        let session = self.session();
        let asker = Asker {
            principal: None,
            user: self.user.clone(),
            groups: self.groups.clone(),
            attributes,
            at,
            claims: Claims { source: self.source.clone(), client_tags: self.client_tags.iter().cloned().collect() },
            address: self.address,
            catalog: session.catalog.clone(),
            schema: session.schema.clone(),
        };
        let subject = asker.subject(&snapshot);
        if let Some(name) = &self.table {
            let name =
                TableName::parse(name).ok_or_else(|| Message(format!("`{name}` is not `catalog.schema.table`")))?;
            return Ok(table(&snapshot, &subject, &name));
        }
        if self.catalog.is_none() && self.config.is_none() {
            let help =
                "give a listing (--catalog) or a configuration (--config); a table alone (--table) needs neither";
            return Err(Message(format!("what the statement's tables look like has to be known: {help}")).into());
        }
        let source = TableSource::open(self.catalog.as_deref(), self.config.as_deref())?;
        let sql = self.sql()?;
        let grammar = self
            .trino_version
            .map_or(GrammarVersion::NEWEST, |version| GrammarVersion::of_trino(&version.to_string()).0);
        let asked = Asked { sql: &sql, session: &session, grammar, views: source.views() };
        Ok(statement(&snapshot, &subject, asked, &mut |needs| source.answer(needs))?)
    }

    fn sql(&self) -> Result<String, Failure> {
        let mut text = match (&self.sql, &self.file) {
            (Some(sql), _) => sql.clone(),
            (None, Some(file)) if file.as_os_str() == "-" => {
                let mut text = String::new();
                std::io::stdin().lock().read_to_string(&mut text)?;
                text
            }
            (None, Some(file)) => {
                fs::read_to_string(file).map_err(|error| Message(format!("{}: {error}", file.display())))?
            }
            (None, None) => String::new(),
        };
        // As clients do, which take the end of a statement off.
        text.truncate(text.trim_end().trim_end_matches(';').trim_end().len());
        Ok(text)
    }

    fn session(&self) -> Session {
        let text = self.session.as_deref();
        let (catalog, schema) = match text.and_then(|text| text.split_once('.')) {
            Some((catalog, schema)) => (Some(catalog.to_owned()), Some(schema.to_owned())),
            None => (text.map(str::to_owned), None),
        };
        Session { catalog, schema, ..Session::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    const LISTING: &str = r#"{"tables": {"lake.hr.employees": {"columns": [
        {"name": "id", "type": "bigint"}, {"name": "name", "type": "varchar"}, {"name": "email", "type": "varchar"},
        {"name": "ssn", "type": "varchar"}, {"name": "salary", "type": "bigint"}, {"name": "region", "type": "varchar"}]},
        "lake.finance.payments": {"columns": [{"name": "iban", "type": "varchar"}]}}}"#;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        arguments: Arguments,
    }

    fn explain(words: &[&str]) -> String {
        let folder = tempfile::tempdir().unwrap();
        let listing = folder.path().join("listing.json");
        fs::write(&listing, LISTING).unwrap();
        let policies = concat!(env!("CARGO_MANIFEST_DIR"), "/policies");
        let fixed: &[&str] =
            if words.contains(&"--policies") { &["explain"] } else { &["explain", "--policies", policies] };
        let words = fixed.iter().chain(words).copied();
        let words: Vec<&str> =
            words.map(|word| if word == "LISTING" { listing.to_str().unwrap() } else { word }).collect();
        let mut out = Vec::new();
        match Command::parse_from(words).arguments.explain(&mut out) {
            Ok(()) => String::from_utf8(out).unwrap(),
            Err(failure) => failure.text().to_owned(),
        }
    }

    #[test]
    fn a_rewritten_statement_is_told_with_its_rules_and_what_is_sent() {
        insta::assert_snapshot!(explain(&[
            "--user",
            "anna",
            "--catalog",
            "LISTING",
            "SELECT id, email FROM lake.hr.employees;"
        ]));
    }

    #[test]
    fn a_denied_statement_says_what_would_be_needed() {
        let statement =
            ["--user", "olga", "--catalog", "LISTING", "--session", "lake.finance", "SELECT * FROM payments"];
        insta::assert_snapshot!(explain(&statement));
    }

    #[test]
    fn a_table_alone_needs_no_listing() {
        insta::assert_snapshot!(explain(&["--user", "zoe", "--group", "hr", "--table", "lake.hr.reviews"]));
    }

    /// A policy by which a grant, a denial and a mask are each kept from holding, or not, by something else.
    const REASONS: &str = "
apiVersion: sluice/v1
kind: Domain
metadata: {name: d}
spec: {owns: [{catalog: lake, schema: s}]}
---
apiVersion: sluice/v1
kind: Principals
spec:
  users: {anna: {attributes: {region: [EU, US]}}}
---
apiVersion: sluice/v1
kind: AccessPolicy
metadata: {name: p, domain: d}
spec:
  tables: [{table: t}]
  grants:
    - {to: {groups: [a]}, privileges: [select], validity: {from: 2026-04-01T00:00:00Z}}
    - {to: {groups: [b]}, privileges: [select], validity: {until: 2026-02-01T00:00:00Z}}
    - {to: {attributes: {region: [APAC], department: [audit]}}, privileges: [select]}
    - to: {everyone: true}
      privileges: [select]
      when: user.name == 'anna' && user.attributes.region == 'EU' && (user.name == 'x' || request.time.getHours() < 5)
    - {to: {everyone: true}, privileges: [select], when: \"user.name == 'x' || user.attributes.clearance == 'a && b'\"}
    - {to: {everyone: true}, privileges: [show]}
  denies:
    - {privileges: [select], when: request.purpose != 'audit'}
    - {privileges: [insert], except: {users: [anna]}}
    - {privileges: [update], when: session.catalog == 'x'}
";

    fn of_reasons(words: &[&str]) -> String {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.yaml"), REASONS).unwrap();
        let fixed = ["--policies", folder.path().to_str().unwrap(), "--user", "anna", "--table", "lake.s.t"];
        explain(&[&fixed[..], &["--at", "2026-03-01T12:00:00Z"], words].concat())
    }

    #[test]
    fn each_thing_that_stands_against_a_rule_is_told() {
        insta::assert_snapshot!(of_reasons(&["--group", "a"]));
    }

    #[test]
    fn each_thing_that_stands_against_a_rule_is_data() {
        let json: serde_json::Value = serde_json::from_str(&of_reasons(&["--output", "json"])).unwrap();
        let not: Vec<&serde_json::Value> =
            json["tables"][0]["rules"].as_array().unwrap().iter().map(|rule| &rule["not"]).collect();
        insta::assert_json_snapshot!(not);
    }

    /// By the Trino of a configuration.
    fn with_config(url: &str, words: &[&str]) -> String {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("sluice.yaml");
        let text = format!(
            "listen: {{address: '127.0.0.1:0'}}\nupstream: {{url: '{url}', user: reader}}\n\
             identity: {{password_file: passwords, passwords_without_tls: true}}\n\
             policies: {{folder: policies}}\naudit: {{folder: log}}\n"
        );
        fs::write(&config, text).unwrap();
        explain(&[&["--user", "anna", "--config", config.to_str().unwrap()], words].concat())
    }

    #[test]
    fn tables_are_asked_of_the_trino_of_a_configuration() {
        let (_runtime, fake) = crate::cli::trino::fake();
        insta::assert_snapshot!(with_config(fake.url(), &["SELECT id, email FROM lake.hr.employees"]));
        assert_eq!(fake.header("x-trino-user"), "reader");
        let none = with_config(fake.url(), &["SELECT 1 FROM lake.hr.none"]);
        assert!(none.contains("decision: deny"), "{none}");
    }

    #[test]
    fn a_trino_that_does_not_answer_is_told() {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let told = with_config(&format!("http://{free}"), &["SELECT id FROM lake.hr.employees"]);
        assert!(told.starts_with("nothing is known of the statement's tables: "), "{told}");
    }

    #[test]
    fn other_programs_get_json() {
        let text = explain(&["--user", "anna", "--table", "lake.finance.budgets", "--output", "json"]);
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!((json["decision"].as_str(), json["tables"][0]["readable"].as_bool()), (Some("deny"), Some(false)));
        assert!(json["tables"][0]["rules"][0]["file"].is_string(), "{text}");
    }

    #[test]
    fn what_is_missing_is_said() {
        let asked = [&["SELECT 1"][..], &["--table", "employees"], &["--table", "a.b.c", "--at", "2026-01-01"]];
        let said: Vec<String> =
            asked.into_iter().map(|words| explain(&[&["--user", "anna"], words].concat())).collect();
        insta::assert_snapshot!(said.join("\n"));
    }
}
