//! `sluice sql`: how Sluice reads SQL.

use super::Failure;
use crate::sql;
use clap::{Args, Subcommand};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::path::PathBuf;

/// Show how Sluice reads SQL.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Parse(Parse),
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
        match &self.command {
            Command::Parse(parse) => parse.run(),
        }
    }
}

impl Parse {
    fn run(&self) -> Result<(), Failure> {
        let input: Box<dyn Read> =
            if self.file.as_os_str() == "-" { Box::new(io::stdin()) } else { Box::new(File::open(&self.file)?) };
        self.parse(BufReader::new(input), BufWriter::new(io::stdout().lock()))?;
        Ok(())
    }

    fn parse(&self, mut input: impl BufRead, mut output: impl Write) -> io::Result<()> {
        if !self.jsonl {
            let mut bytes = Vec::new();
            input.read_to_end(&mut bytes)?;
            return write_line(&mut output, &read_bytes(&bytes));
        }
        for line in input.lines() {
            let line: Line = serde_json::from_str(&line?)?;
            let (Line::Text(text) | Line::Object { sql: text }) = &line;
            write_line(&mut output, &read(text))?;
        }
        output.flush()
    }
}

fn write_line(output: &mut impl Write, reading: &Reading) -> io::Result<()> {
    serde_json::to_writer(&mut *output, reading)?;
    output.write_all(b"\n")
}

fn read_bytes(bytes: &[u8]) -> Reading {
    match std::str::from_utf8(bytes) {
        Ok(text) => read(text),
        Err(error) => {
            let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
            let text = String::from_utf8_lossy(before);
            let message = format!("invalid UTF-8 at byte {}", error.valid_up_to());
            refused(&text, error.valid_up_to() as u32, message)
        }
    }
}

fn read(text: &str) -> Reading {
    let statement = match sql::parse_statement(text) {
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
        Parse { file: "-".into(), jsonl }.parse(input, &mut output).unwrap();
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
