//! What the documents say that is allowed, but hardly meant.
//!
//! In: files and the snapshot that was compiled from them; a time and a listing of tables, if there are. Out: warnings with
//! their places, and errors where a mask can't hold for a column. A warning is only given where nothing outside of these
//! could make it wrong: groups come from identification too, so a group that no document knows is no warning. It never
//! changes what a snapshot decides.

mod grants;
mod masks;
mod principals;
mod reach;
mod tables;
mod types;

use super::SourceFile;
use super::diagnostics::{Diagnostic, Diagnostics, Place};
use super::index::{TablePattern, Who};
use super::rule::Rule;
use super::snapshot::Snapshot;
use super::{PolicyRef, document, tests_of};
use crate::catalog::table::Table;
use crate::names::TableName;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What the documents are held against, beside each other.
#[derive(Clone, Copy, Debug, Default)]
pub struct Against<'a> {
    /// The time: rules that are over by then are told.
    pub now: Option<Timestamp>,
    /// All tables that there are: names and patterns that none of them has are told, and masks that can't hold for them.
    pub tables: Option<&'a BTreeMap<TableName, Arc<Table>>>,
}

/// The warnings about files from which `snapshot` was compiled. Of tables is known what the tests among the files say.
pub fn lint(files: Vec<SourceFile>, snapshot: &Snapshot) -> Diagnostics {
    lint_against(files, snapshot, Against::default())
}

/// The warnings about files from which `snapshot` was compiled, and what is known beside them.
pub fn lint_against(mut files: Vec<SourceFile>, snapshot: &Snapshot, against: Against<'_>) -> Diagnostics {
    files.sort();
    let files: Arc<[SourceFile]> = files.into();
    let places = Places { files: &files };
    let mut found = Vec::new();
    grants::check(&snapshot.rules, &snapshot.keys, &places, &mut found);
    masks::check(&snapshot.rules, &places, &mut found);
    reach::check(snapshot, against.now, &places, &mut found);
    let documents = document::nodes(&files);
    principals::check(&documents, &mut found);
    if let Some(tables) = against.tables {
        tables::check(&documents, tables, &mut found);
    }
    let mut found: Vec<Diagnostic> = found.into_iter().map(Diagnostic::warning).collect();
    // The listing knows better than tests.
    let suite = tests_of(files.to_vec()).unwrap_or_default();
    let mut known: BTreeMap<TableName, Arc<Table>> =
        suite.tables.into_iter().map(|(name, table)| (name, Arc::new(table))).collect();
    known.extend(against.tables.into_iter().flatten().map(|(name, table)| (name.clone(), table.clone())));
    types::check(&snapshot.rules, known.iter(), &places, &mut found);
    Diagnostics::new(files.clone(), found)
}

/// Where rules stand in the files.
struct Places<'f> {
    files: &'f [SourceFile],
}

impl Places<'_> {
    /// The first line of a rule, without what leads to it.
    fn of(&self, rule: &PolicyRef) -> Place {
        let file = self.files.iter().position(|file| file.path == rule.file).unwrap_or_default();
        let text = self.files.get(file).map(|file| file.text.as_str()).unwrap_or_default();
        let mut start = 0;
        for (number, line) in (1..).zip(text.split_inclusive('\n')) {
            if number == rule.line {
                let rest = line.trim_start_matches([' ', '-']);
                let rest_start = start + line.len() - rest.len();
                return Place { file, at: rest_start..rest_start + rest.trim_end().len() };
            }
            start += line.len();
        }
        Place { file, at: 0..0 }
    }
}

/// Whether each object of `narrow` is one that `wide` is about too.
fn all_covered(wide: &Rule, narrow: &Rule) -> bool {
    let covered = |one: &TablePattern, by: &[TablePattern]| by.iter().any(|wide| wide.covers(one));
    let apart = |out: &&TablePattern| narrow.objects.iter().all(|narrow| !narrow.may_meet(out));
    narrow.objects.iter().all(|narrow| covered(narrow, &wide.objects))
        && wide.not_about.iter().all(|out| apart(&out) || covered(out, &narrow.not_about))
}

/// Whether each user of `narrow` is surely one of `wide`.
fn covers(wide: &Who, narrow: &Who) -> bool {
    let named = !narrow.everyone && narrow.users.is_subset(&wide.users) && narrow.groups.is_subset(&wide.groups);
    wide.everyone || (named && (narrow.attributes.is_empty() || narrow.attributes == wide.attributes))
}
