//! Rows as a table for a terminal, as Markdown, or as CSV.

use std::fmt::Write as _;

/// Columns of equal width with a line below the heads; no line ends with spaces.
pub fn text(heads: &[&str], rows: &[Vec<String>]) -> String {
    let mut widths: Vec<usize> = heads.iter().map(|head| head.chars().count()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut table = String::new();
    let mut line = |cells: &mut dyn Iterator<Item = &str>| {
        let mut text = String::new();
        for (cell, width) in cells.zip(&widths) {
            // Writing to a string does not fail.
            let _ = write!(text, "{}{}  ", one_line(cell), " ".repeat(width.saturating_sub(cell.chars().count())));
        }
        table.push_str(text.trim_end());
        table.push('\n');
    };
    line(&mut heads.iter().copied());
    let rules: Vec<String> = widths.iter().map(|width| "─".repeat(*width)).collect();
    line(&mut rules.iter().map(String::as_str));
    for row in rows {
        line(&mut row.iter().map(String::as_str));
    }
    table
}

/// A table of GitHub's and GitLab's Markdown.
pub fn markdown(heads: &[&str], rows: &[Vec<String>]) -> String {
    let mut table = String::new();
    let mut line = |cells: &mut dyn Iterator<Item = String>| {
        let cells: Vec<String> = cells.collect();
        let _ = writeln!(table, "| {} |", cells.join(" | "));
    };
    line(&mut heads.iter().map(|head| (*head).to_owned()));
    line(&mut heads.iter().map(|_| "---".to_owned()));
    for row in rows {
        line(&mut row.iter().map(|cell| escaped(cell)));
    }
    table
}

/// What a cell of Markdown shows as it is.
pub fn escaped(cell: &str) -> String {
    let mut text = String::new();
    for c in one_line(cell).chars() {
        match c {
            '<' => text.push_str("&lt;"),
            '&' => text.push_str("&amp;"),
            '|' | '`' | '*' | '_' | '[' | ']' | '\\' | '@' | '#' => {
                text.push('\\');
                text.push(c);
            }
            c => text.push(c),
        }
    }
    text
}

/// CSV (RFC 4180). A cell that a spreadsheet would take for a formula gets a `'` in front.
pub fn csv(heads: &[&str], rows: &[Vec<String>]) -> String {
    let mut table = String::new();
    let mut line = |cells: &mut dyn Iterator<Item = String>| {
        let cells: Vec<String> = cells.collect();
        let _ = write!(table, "{}\r\n", cells.join(","));
    };
    line(&mut heads.iter().map(|head| (*head).to_owned()));
    for row in rows {
        line(&mut row.iter().map(|cell| csv_cell(cell)));
    }
    table
}

fn csv_cell(cell: &str) -> String {
    let cell = if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}") } else { cell.to_owned() };
    if cell.contains(['"', ',', '\n', '\r']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell }
}

fn one_line(cell: &str) -> String {
    cell.replace(['\n', '\r'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Vec<Vec<String>> {
        vec![vec!["anna".into(), "a | b\nc".into()], vec!["Zoë, \"x\"".into(), "=1+1".into()]]
    }

    #[test]
    fn a_table_for_a_terminal_is_aligned() {
        insta::assert_snapshot!(text(&["user", "sees"], &rows()), @r#"
        user      sees
        ────────  ───────
        anna      a | b c
        Zoë, "x"  =1+1
        "#);
    }

    #[test]
    fn a_cell_of_markdown_cannot_end_the_cell_nor_mark_text() {
        insta::assert_snapshot!(markdown(&["user", "sees"], &rows()), @r#"
        | user | sees |
        | --- | --- |
        | anna | a \| b c |
        | Zoë, "x" | =1+1 |
        "#);
        assert_eq!(escaped("<b>*@a"), "&lt;b>\\*\\@a");
    }

    #[test]
    fn csv_quotes_what_has_to_be_and_holds_no_formula() {
        assert_eq!(csv(&["user", "sees"], &rows()), "user,sees\r\nanna,\"a | b\nc\"\r\n\"Zoë, \"\"x\"\"\",'=1+1\r\n");
    }
}
