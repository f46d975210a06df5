//! What the documents say that is allowed, but hardly meant.
//!
//! In: files and the snapshot that was compiled from them. Out: warnings with their places. A warning is only given where
//! nothing outside of the documents could make it wrong: groups come from identification too, so a group that no document
//! knows is no warning. It never changes what a snapshot decides.

mod grants;
mod masks;
mod principals;

use super::SourceFile;
use super::diagnostics::{Diagnostic, Diagnostics, Place};
use super::index::{TablePattern, Who};
use super::rule::Rule;
use super::snapshot::Snapshot;
use super::{PolicyRef, document};
use std::sync::Arc;

/// The warnings about files from which `snapshot` was compiled.
pub fn lint(mut files: Vec<SourceFile>, snapshot: &Snapshot) -> Diagnostics {
    files.sort();
    let files: Arc<[SourceFile]> = files.into();
    let places = Places { files: &files };
    let mut found = Vec::new();
    grants::check(&snapshot.rules, &places, &mut found);
    masks::check(&snapshot.rules, &places, &mut found);
    principals::check(&document::nodes(&files), &mut found);
    Diagnostics::new(files.clone(), found.into_iter().map(Diagnostic::warning).collect())
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
