//! `sluice access`: who can see what.

use super::Failure;
use super::asking::{listing, snapshot, time};
use super::progress::Progress;
use crate::effects::{Access, Principal, accesses};
use crate::names::TableName;
use crate::policy::matches;
use crate::report::table;
use clap::{Args, ValueEnum};
use std::io::Write;
use std::path::PathBuf;

/// Say who can see what: by user, group, table or column, at a time.
///
/// Users and groups are those of Principals documents and of rules. A group is shown as somebody who is in it alone, a
/// user with the groups that Principals documents give; what identification adds is not known here. Somebody's rights by
/// several groups add up. Where a table's columns are not known, `*` stands for those that no rule names; the same for tables.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sluice access --table lake.hr.employees
  sluice access --user anna --catalog listing.json
  sluice access --column lake.hr.employees.ssn --at 2026-12-31T00:00:00Z --output csv")]
pub(super) struct Arguments {
    /// The folder of policies.
    #[arg(default_value = "policies")]
    policies: PathBuf,
    /// This user alone; may be given several times.
    #[arg(long = "user", value_name = "USER")]
    users: Vec<String>,
    /// This group alone; may be given several times.
    #[arg(long = "group", value_name = "GROUP")]
    groups: Vec<String>,
    /// This table alone: `catalog.schema.table`; `*` stands for any text.
    #[arg(long, value_name = "TABLE")]
    table: Option<String>,
    /// This column alone: `catalog.schema.table.column`.
    #[arg(long, value_name = "COLUMN", conflicts_with = "table")]
    column: Option<String>,
    /// When, with a zone or an offset; now without it.
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// A listing of tables, for their columns.
    #[arg(long, value_name = "FILE")]
    catalog: Option<PathBuf>,
    /// How to say it.
    #[arg(long, value_enum, default_value_t = Output::Table)]
    output: Output,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Output {
    /// For people.
    Table,
    /// For a spreadsheet.
    Csv,
    /// A JSON array.
    Json,
}

impl Arguments {
    pub(super) fn run(&self) -> Result<(), Failure> {
        self.access(&mut anstream::stdout())
    }

    fn access(&self, out: &mut dyn Write) -> Result<(), Failure> {
        let snapshot = snapshot(&self.policies)?;
        let users = self.users.iter().cloned().map(Principal::User);
        let only: Vec<Principal> = users.chain(self.groups.iter().cloned().map(Principal::Group)).collect();
        let also = match (&self.table, self.column.as_deref().and_then(|column| column.rsplit_once('.'))) {
            (Some(table), _) if !table.contains('*') => TableName::parse(table),
            (None, Some((table, _))) => TableName::parse(table),
            _ => None,
        };
        let listing = listing(self.catalog.as_deref())?;
        let mut progress = Progress::new("tables");
        let step = &mut |done, all| progress.at(done, all);
        let found = accesses(&snapshot, &listing, &only, also.as_ref(), time(self.at.as_deref())?, step);
        drop(progress);
        let found: Vec<Access> = found.into_iter().filter_map(|access| self.wanted(access)).collect();
        let heads = ["who", "table", "may", "columns", "rows"];
        let rows: Vec<Vec<String>> = found
            .iter()
            .map(|access| {
                vec![
                    access.principal.to_string(),
                    access.table.clone(),
                    access.privileges_text(),
                    access.columns_text(),
                    access.rows_text(),
                ]
            })
            .collect();
        match self.output {
            Output::Table => write!(out, "{}", table::text(&heads, &rows))?,
            Output::Csv => write!(out, "{}", table::csv(&heads, &rows))?,
            Output::Json => writeln!(out, "{}", serde_json::to_string_pretty(&found)?)?,
        }
        Ok(())
    }

    /// The part that is asked for; a column alone is told of those who may read it.
    fn wanted(&self, mut access: Access) -> Option<Access> {
        if let Some(table) = &self.table {
            return matches(&table.to_lowercase(), &access.table).then_some(access);
        }
        let Some(column) = &self.column else { return Some(access) };
        let column = column.to_lowercase();
        let (table, column) = column.rsplit_once('.')?;
        if access.table != table {
            return None;
        }
        let others = access.columns.remove("*").filter(|_| !access.columns.contains_key(column));
        let shown = access.columns.remove(column).or(others)?;
        access.columns = std::iter::once((column.to_owned(), shown)).collect();
        Some(access)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        arguments: Arguments,
    }

    fn access(words: &[&str]) -> String {
        let policies = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/attacks/policies");
        let fixed = ["access", policies, "--at", "2026-03-01T00:00:00Z"];
        let mut out = Vec::new();
        let words = fixed.into_iter().chain(words.iter().copied());
        Command::parse_from(words).arguments.access(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_table_is_told_by_everybody_who_sees_it() {
        insta::assert_snapshot!(access(&["--table", "lake.hr.employees"]));
    }

    #[test]
    fn a_column_is_told_by_everybody_who_reads_it() {
        insta::assert_snapshot!(access(&["--column", "lake.hr.employees.email", "--output", "csv"]));
    }

    #[test]
    fn a_table_that_no_rule_names_is_told_by_the_rules_about_patterns() {
        insta::assert_snapshot!(access(&["--column", "lake.hr.new_table.any", "--output", "csv"]));
    }

    #[test]
    fn a_user_is_told_by_tables_and_as_data() {
        let text = access(&["--user", "analyst", "--table", "lake.sales.*", "--output", "json"]);
        insta::assert_snapshot!(text);
    }
}
