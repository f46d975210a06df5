//! `sluice fmt`: policy files in one form.

use super::failure::counted;
use super::whole;
use crate::policy::{Form, format};
use crate::store;
use clap::Args;
use clap::builder::styling::{AnsiColor, Style};
use similar::{ChangeTag, TextDiff};
use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Write policy files in one form: indentation, spaces, quotes, the order of a document's own fields.
///
/// Line breaks, comments, and what the documents say stay as they are: each file is read again before it is replaced, and
/// one that would say something else is left alone. A file is replaced as a whole or not at all, and keeps its mode.
///
/// Ends with 0, or under --check with 1 if a file is in another form; with 2 if a file can't be read, formatted or written.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sluice fmt                              the folder ./policies
  sluice fmt policies/hr other.yaml       these folders and files
  sluice fmt --check policies             for a pull request: list the files that are in another form
  sluice fmt --diff policies              show what would change, and change nothing
  sluice fmt - < a.yaml                   from standard input to standard output, for an editor")]
pub(super) struct Arguments {
    /// Folders, read with their sub-folders, and files; `-` is standard input.
    #[arg(default_value = "policies")]
    paths: Vec<PathBuf>,
    /// Change nothing; list the files that are in another form, and end with 1 if there are any.
    #[arg(long)]
    check: bool,
    /// Change nothing; show what would change.
    #[arg(long)]
    diff: bool,
}

/// A file and what it holds.
struct Source {
    path: PathBuf,
    text: String,
}

/// How many files there are of which fate.
#[derive(Default)]
struct Count {
    files: usize,
    other: usize,
    failed: usize,
}

impl Arguments {
    pub(super) fn run(&self) -> ExitCode {
        let mut stdin = io::stdin().lock();
        let code = self.fmt(&mut stdin, &mut anstream::stdout(), &mut anstream::stderr());
        // Nobody reads what can't be written; the exit code must not say that all is well.
        ExitCode::from(code.unwrap_or(2))
    }

    fn fmt(&self, stdin: &mut dyn Read, out: &mut dyn Write, messages: &mut dyn Write) -> io::Result<u8> {
        let mut count = Count::default();
        for path in &self.paths {
            if path.as_os_str() == "-" {
                let mut text = String::new();
                stdin.read_to_string(&mut text)?;
                self.one(&Source { path: path.clone(), text }, &mut count, out, messages)?;
                continue;
            }
            match sources(path) {
                Ok(sources) => {
                    for source in &sources {
                        self.one(source, &mut count, out, messages)?;
                    }
                }
                Err(message) => {
                    writeln!(messages, "error: {message}")?;
                    count.failed += 1;
                }
            }
        }
        self.summary(&count, messages)?;
        Ok(if count.failed > 0 { 2 } else { u8::from(self.check && count.other > 0) })
    }

    fn one(&self, source: &Source, count: &mut Count, out: &mut dyn Write, messages: &mut dyn Write) -> io::Result<()> {
        let Source { path, text } = source;
        let (shown, piped) = (path.display(), path.as_os_str() == "-");
        count.files += 1;
        let formatted = match format(text, form(path, text)) {
            Ok(formatted) => formatted,
            Err(error) => {
                count.failed += 1;
                return writeln!(messages, "error: {shown}:{}: {}", error.line, error.message);
            }
        };
        let same = formatted == *text;
        count.other += usize::from(!same);
        if self.check && !same {
            writeln!(out, "{shown}")?;
        }
        if self.diff {
            return difference(&shown.to_string(), text, &formatted, out);
        }
        if self.check {
            return Ok(());
        }
        if piped {
            return out.write_all(formatted.as_bytes());
        }
        if !same {
            match whole::write(path, &formatted) {
                Ok(()) => writeln!(out, "{shown}")?,
                Err(error) => {
                    count.failed += 1;
                    writeln!(messages, "error: {shown}: {error}")?;
                }
            }
        }
        Ok(())
    }

    fn summary(&self, count: &Count, messages: &mut dyn Write) -> io::Result<()> {
        let Count { files, other, failed } = count;
        if self.paths.iter().all(|path| path.as_os_str() == "-") {
            return Ok(());
        }
        let of = counted(*files, "file", "files");
        match (self.check || self.diff, *other) {
            (_, 0) if *failed > 0 => Ok(()),
            (_, 0) => writeln!(messages, "{of}, all in form"),
            (true, other) => writeln!(messages, "{other} of {of} in another form: `sluice fmt` puts it right"),
            (false, other) => writeln!(messages, "{other} of {of} formatted"),
        }
    }
}

/// The files of a folder, or the one file.
fn sources(path: &Path) -> Result<Vec<Source>, String> {
    if path.is_dir() {
        let files = store::read_folder(path).map_err(|error| error.to_string())?;
        return Ok(files.into_iter().map(|file| Source { path: path.join(file.path), text: file.text }).collect());
    }
    let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(vec![Source { path: path.to_owned(), text }])
}

/// JSON by its name; what comes by standard input, by what it is.
fn form(path: &Path, text: &str) -> Form {
    let json = match path.extension() {
        Some(extension) => extension == "json",
        None => serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok(),
    };
    if json { Form::Json } else { Form::Yaml }
}

fn difference(name: &str, old: &str, new: &str, out: &mut dyn Write) -> io::Result<()> {
    if old == new {
        return Ok(());
    }
    let (bold, place) = (Style::new().bold(), AnsiColor::Cyan.on_default());
    writeln!(out, "{bold}--- {name}{bold:#}\n{bold}+++ {name}, formatted{bold:#}")?;
    for hunk in TextDiff::from_lines(old, new).unified_diff().context_radius(2).iter_hunks() {
        writeln!(out, "{place}{}{place:#}", hunk.header())?;
        for change in hunk.iter_changes() {
            let (mark, style) = match change.tag() {
                ChangeTag::Delete => ('-', AnsiColor::Red.on_default()),
                ChangeTag::Insert => ('+', AnsiColor::Green.on_default()),
                ChangeTag::Equal => (' ', Style::new()),
            };
            writeln!(out, "{style}{mark}{}{style:#}", change.value().trim_end_matches(['\n', '\r']))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const OTHER: &str =
        "apiVersion:   sluice/v1\nkind: Domain\nmetadata: { name: a }   # ours\nspec: {central: true}\n";

    struct Run {
        code: u8,
        out: String,
        messages: String,
        folder: tempfile::TempDir,
    }

    /// In a folder with these files; `FOLDER` in a word stands for it.
    fn fmt(words: &[&str], files: &[(&str, &str)], stdin: &str) -> Run {
        #[derive(clap::Parser)]
        struct Command {
            #[command(flatten)]
            arguments: Arguments,
        }
        let folder = tempfile::tempdir().unwrap();
        let name = folder.path().to_str().unwrap().to_owned();
        for (file, text) in files {
            fs::write(folder.path().join(file), text).unwrap();
        }
        let words = ["fmt"].into_iter().chain(words.iter().copied()).map(|word| word.replace("FOLDER", &name));
        let Command { arguments } = clap::Parser::parse_from(words);
        let (mut out, mut messages) = (Vec::new(), Vec::new());
        let code = arguments.fmt(&mut stdin.as_bytes(), &mut out, &mut messages).unwrap();
        let plain = |bytes| String::from_utf8(bytes).unwrap().replace(&name, "FOLDER");
        Run { code, out: plain(out), messages: plain(messages), folder }
    }

    fn read(run: &Run, file: &str) -> String {
        fs::read_to_string(run.folder.path().join(file)).unwrap()
    }

    #[test]
    fn files_are_formatted_in_place_and_named() {
        let run = fmt(&["FOLDER"], &[("a.yaml", OTHER), ("b.json", "{\"a\":1}"), ("c.yml", "a: 1\n")], "");
        assert_eq!((run.code, run.out.as_str()), (0, "FOLDER/a.yaml\nFOLDER/b.json\n"));
        assert_eq!(run.messages, "2 of 3 files formatted\n");
        let expected = "apiVersion: sluice/v1\nkind: Domain\nmetadata: {name: a}  # ours\nspec: {central: true}\n";
        assert_eq!(read(&run, "a.yaml"), expected);
        assert_eq!(read(&run, "b.json"), "{\n  \"a\": 1\n}\n");
        let name = run.folder.path().join("a.yaml");
        let again = fmt(&[name.to_str().unwrap()], &[], "");
        assert_eq!((again.code, again.out.as_str(), again.messages.as_str()), (0, "", "1 file, all in form\n"));
    }

    #[test]
    fn a_check_lists_and_changes_nothing() {
        let run = fmt(&["--check", "FOLDER"], &[("a.yaml", OTHER), ("c.yml", "a: 1\n")], "");
        assert_eq!((run.code, run.out.as_str()), (1, "FOLDER/a.yaml\n"));
        assert_eq!(run.messages, "1 of 2 files in another form: `sluice fmt` puts it right\n");
        assert_eq!(read(&run, "a.yaml"), OTHER);
        assert_eq!(fmt(&["--check", "FOLDER"], &[("c.yml", "a: 1\n")], "").code, 0);
    }

    #[test]
    fn a_difference_is_shown_with_colours_and_changes_nothing() {
        let run = fmt(&["--diff", "FOLDER"], &[("a.yaml", OTHER)], "");
        assert_eq!((run.code, read(&run, "a.yaml").as_str()), (0, OTHER));
        assert!(run.out.contains("\u{1b}[31m-apiVersion:   sluice/v1\u{1b}[0m"), "{:?}", run.out);
        insta::assert_snapshot!(anstream::adapter::strip_str(&run.out).to_string());
    }

    #[test]
    fn standard_input_goes_to_standard_output() {
        let run = fmt(&["-"], &[], OTHER);
        assert!(run.code == 0 && run.out.starts_with("apiVersion: sluice/v1\nkind: Domain\n"), "{}", run.out);
        assert_eq!(run.messages, "");
        assert_eq!(fmt(&["-"], &[], "[1]").out, "[\n  1\n]\n");
        assert_eq!(fmt(&["--check", "-"], &[], OTHER).code, 1);
    }

    #[test]
    fn what_can_not_be_formatted_is_left_as_it_is_and_the_others_are() {
        let run = fmt(&["FOLDER", "FOLDER/none.yaml"], &[("a.yaml", "a: [1\n"), ("b.yaml", "b:  1\n")], "");
        assert_eq!((run.code, run.out.as_str()), (2, "FOLDER/b.yaml\n"));
        insta::assert_snapshot!(run.messages);
        assert_eq!(read(&run, "a.yaml"), "a: [1\n");
    }

    #[cfg(unix)]
    #[test]
    fn a_file_keeps_its_mode_and_a_link_stays_one() {
        use std::os::unix::fs::{PermissionsExt as _, symlink};
        let run = fmt(&["FOLDER"], &[("a.yaml", "a: 1\n")], "");
        let (file, link) = (run.folder.path().join("a.yaml"), run.folder.path().join("z.yaml"));
        fs::write(&file, OTHER).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        symlink("a.yaml", &link).unwrap();
        assert_eq!(fmt(&[link.to_str().unwrap()], &[], "").code, 0);
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_ne!(fs::read_to_string(&file).unwrap(), OTHER);
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
        assert_eq!(fs::read_dir(run.folder.path()).unwrap().count(), 2, "no file is left over");
    }
}
