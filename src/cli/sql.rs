//! `sluice sql`: how Sluice reads SQL.

use super::Failure;
use crate::sql::{self, Fit, GrammarVersion};
use clap::{Args, Subcommand};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

/// Show how Sluice reads SQL.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  echo 'SELECT * FROM lake.hr.employees' | sluice sql parse
  echo 'SELECT a + 1 FROM t' | sluice sql --trino-version 476 tree")]
pub(super) struct Arguments {
    /// The version of Trino by whose grammar texts are read; the newest that is known without it.
    #[arg(long, value_name = "N", global = true)]
    trino_version: Option<u32>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Parse(Parse),
    Tree(Tree),
    Tokens(Tokens),
    Format(Format),
}

/// Print the tree of a statement as Trino's own parser would keep it, as JSON.
///
/// Each node has Trino's class name (of io.trino.sql.tree) under `is` and the fields of that class, in their order;
/// what is absent, false or empty is left out.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  echo 'SELECT a + 1 FROM t' | sluice sql tree | python3 -m json.tool")]
struct Tree {
    /// The file to read; `-` is standard input.
    #[arg(default_value = "-")]
    file: PathBuf,
    /// Each line is a statement, as for `sql parse`; for each a tree is printed, or null where it can't be read.
    #[arg(long)]
    jsonl: bool,
    /// Say under `at` which bytes each node stands at.
    #[arg(long)]
    spans: bool,
}

/// Print the tokens of a statement, one a line: its first byte, the byte behind it, its text.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  echo 'SELECT a + 1 FROM t' | sluice sql tokens")]
struct Tokens {
    /// The file with one statement; `-` is standard input.
    #[arg(default_value = "-")]
    file: PathBuf,
}

/// Print a statement as it is written when nobody's habits show: one space, words in upper case, no comments.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  echo 'select * from  t -- all' | sluice sql format")]
struct Format {
    /// The file to read; `-` is standard input.
    #[arg(default_value = "-")]
    file: PathBuf,
    /// Each line is a statement, as for `sql parse`; each is printed as a JSON string, or null where it can't be read.
    #[arg(long)]
    jsonl: bool,
}

/// Parse statements; print for each a JSON object that says what it names, or where it is wrong.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  echo 'SELECT * FROM lake.hr.employees' | sluice sql parse
  sluice sql parse --jsonl statements.jsonl")]
struct Parse {
    /// The file to read; `-` is standard input.
    #[arg(default_value = "-")]
    file: PathBuf,
    /// Each line is a statement: a JSON string, or an object with the key `sql`. Else the whole file is one.
    #[arg(long)]
    jsonl: bool,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Line {
    Text(String),
    Object { sql: String },
}

/// What is known of a statement.
#[derive(Debug, Serialize)]
struct Reading {
    ok: bool,
    /// Trino's class name of the statement.
    kind: Option<&'static str>,
    relations: Vec<Relation>,
    functions: Vec<String>,
    error: Option<ReadingError>,
}

/// A name that stands where a table or view can stand; `start..end` are its bytes.
#[derive(Debug, Serialize)]
struct Relation {
    name: Vec<String>,
    start: u32,
    end: u32,
    cte: bool,
}

/// Where a statement is wrong, from 1, the column in characters.
#[derive(Debug, Serialize)]
struct ReadingError {
    line: u32,
    column: u32,
    message: String,
}

impl Arguments {
    pub(super) fn run(&self) -> Result<(), Failure> {
        let grammar = self.grammar()?;
        match &self.command {
            Command::Parse(parse) => parse.run(grammar),
            Command::Tree(tree) => tree.run(grammar),
            Command::Tokens(tokens) => tokens.run(grammar),
            Command::Format(format) => format.run(grammar),
        }
    }

    /// The grammar of the version that was asked for; which one it is is said where it is not that version's own.
    fn grammar(&self) -> io::Result<GrammarVersion> {
        let Some(version) = self.trino_version else { return Ok(GrammarVersion::NEWEST) };
        let (grammar, fit) = GrammarVersion::of_trino(&version.to_string());
        if fit != Fit::Exact {
            writeln!(io::stderr(), "Sluice has no grammar of Trino {version}; that of {grammar} is used")?;
        }
        Ok(grammar)
    }
}

/// The bytes of a file, or of standard input for `-`.
fn open(file: &Path) -> io::Result<Box<dyn BufRead>> {
    if file.as_os_str() == "-" {
        return Ok(Box::new(BufReader::new(io::stdin())));
    }
    Ok(Box::new(BufReader::new(File::open(file)?)))
}

impl Tree {
    fn run(&self, grammar: GrammarVersion) -> Result<(), Failure> {
        let input = open(&self.file)?;
        let mut output = BufWriter::new(io::stdout().lock());
        if !self.jsonl {
            writeln!(output, "{}", self.tree(&io::read_to_string(input)?, grammar)?)?;
            return Ok(output.flush()?);
        }
        for line in input.lines() {
            let tree = self.tree(&text_of_line(&line?)?, grammar);
            writeln!(output, "{}", tree.as_deref().unwrap_or("null"))?;
        }
        Ok(output.flush()?)
    }

    fn tree(&self, text: &str, grammar: GrammarVersion) -> Result<String, sql::SqlError> {
        Ok(sql::dump(text, &sql::parse_statement(text, grammar)?, self.spans))
    }
}

impl Tokens {
    fn run(&self, grammar: GrammarVersion) -> Result<(), Failure> {
        let text = io::read_to_string(open(&self.file)?)?;
        let mut output = BufWriter::new(io::stdout().lock());
        for span in sql::token_spans(&text, grammar)? {
            writeln!(output, "{} {} {}", span.start, span.end, span.of(&text))?;
        }
        output.flush()?;
        Ok(())
    }
}

impl Format {
    fn run(&self, grammar: GrammarVersion) -> Result<(), Failure> {
        let input = open(&self.file)?;
        let mut output = BufWriter::new(io::stdout().lock());
        if !self.jsonl {
            writeln!(output, "{}", sql::print_statement(&io::read_to_string(input)?, grammar)?)?;
            return Ok(output.flush()?);
        }
        for line in input.lines() {
            write_line(&mut output, &sql::print_statement(&text_of_line(&line?)?, grammar).ok())?;
        }
        Ok(output.flush()?)
    }
}

/// The statement of a line of JSON.
fn text_of_line(line: &str) -> io::Result<String> {
    let (Line::Text(text) | Line::Object { sql: text }) = serde_json::from_str(line)?;
    Ok(text)
}

impl Parse {
    fn run(&self, grammar: GrammarVersion) -> Result<(), Failure> {
        self.parse(open(&self.file)?, BufWriter::new(io::stdout().lock()), grammar)?;
        Ok(())
    }

    fn parse(&self, mut input: impl BufRead, mut output: impl Write, grammar: GrammarVersion) -> io::Result<()> {
        if !self.jsonl {
            let mut bytes = Vec::new();
            input.read_to_end(&mut bytes)?;
            return write_line(&mut output, &read_bytes(&bytes, grammar));
        }
        for line in input.lines() {
            write_line(&mut output, &read(&text_of_line(&line?)?, grammar))?;
        }
        output.flush()
    }
}

fn write_line(output: &mut impl Write, reading: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *output, reading)?;
    output.write_all(b"\n")
}

fn read_bytes(bytes: &[u8], grammar: GrammarVersion) -> Reading {
    match std::str::from_utf8(bytes) {
        Ok(text) => read(text, grammar),
        Err(error) => {
            let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
            let text = String::from_utf8_lossy(before);
            let message = format!("invalid UTF-8 at byte {}", error.valid_up_to());
            refused(&text, error.valid_up_to() as u32, message)
        }
    }
}

fn read(text: &str, grammar: GrammarVersion) -> Reading {
    let statement = match sql::parse_statement(text, grammar) {
        Ok(statement) => statement,
        Err(error) => return refused(text, error.span.start, error.message),
    };
    let summary = sql::summary(&statement);
    let relations = summary.relations.into_iter().map(|relation| Relation {
        name: relation.parts.iter().map(ToString::to_string).collect(),
        start: relation.span.start,
        end: relation.span.end,
        cte: relation.is_named_query,
    });
    Reading {
        ok: true,
        kind: Some(summary.class),
        relations: relations.collect(),
        functions: summary.functions,
        error: None,
    }
}

fn refused(text: &str, offset: u32, message: String) -> Reading {
    let (line, column) = sql::line_and_column(text, offset);
    let error = Some(ReadingError { line, column, message });
    Reading { ok: false, kind: None, relations: Vec::new(), functions: Vec::new(), error }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(jsonl: bool, input: &[u8]) -> Vec<serde_json::Value> {
        let mut output = Vec::new();
        Parse { file: "-".into(), jsonl }.parse(input, &mut output, GrammarVersion::NEWEST).unwrap();
        String::from_utf8(output).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn each_line_is_a_statement() {
        let found = parse(true, b"\"SELECT f(1) FROM \\\"A\\\".b\"\n{\"sql\": \"SELECT FORM t\\nx y z\"}\n");
        assert_eq!(
            found.first().unwrap(),
            &serde_json::json!({
                "ok": true, "kind": "Query", "functions": ["f"], "error": null,
                "relations": [{"name": ["a", "b"], "start": 17, "end": 22, "cte": false}],
            })
        );
        assert_eq!(found.get(1).unwrap().pointer("/error/line").unwrap(), 2);
        assert_eq!(found.len(), 2);
    }

    #[test]
    fn bytes_that_are_no_text_are_refused_at_their_place() {
        let found = parse(false, b"SELECT '\xff'");
        assert_eq!(found.first().unwrap().pointer("/error/column").unwrap(), 9);
    }
}
