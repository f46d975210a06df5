//! What has which tags.

use super::domains::Domains;
use super::objects::{Written, meet, pattern};
use super::{Context, place};
use crate::policy::diagnostics::{Diagnostic, Place};
use crate::policy::document::{At, Documents};
use crate::policy::index::TablePattern;
use crate::policy::snapshot::{TaggedColumns, is_below};
use crate::policy::suggest::did_you_mean;
use compact_str::CompactString;
use std::collections::{BTreeMap, BTreeSet};

/// The tags of all documents.
#[derive(Default)]
pub(super) struct Tags {
    tables: Vec<(TablePattern, BTreeSet<CompactString>)>,
    pub(super) columns: Vec<(TablePattern, TaggedColumns)>,
    known: BTreeSet<CompactString>,
    /// Whether a document can't be read, so that a tag may be missing for that reason.
    broken: bool,
}

impl Tags {
    pub(super) fn new(documents: &Documents, domains: &Domains<'_>, context: &mut Context<'_>) -> Tags {
        let mut tags = Tags { broken: documents.any_broken("Tags"), ..Tags::default() };
        let mut names = BTreeMap::<&str, Place>::new();
        for (file, document) in &documents.tags {
            let (file, metadata) = (*file, &document.metadata);
            context.check_document_name(file, &metadata.name);
            context.unique(&mut names, &metadata.name.value, place(file, &metadata.name.at), "documents of tags");
            let Some(domain) = domains.get(file, &metadata.domain, context) else { continue };
            for At { at, value: tagged } in &document.spec.tables.value {
                let written = Written {
                    at,
                    catalog: tagged.catalog.as_ref(),
                    schema: tagged.schema.as_ref(),
                    object: &tagged.table,
                };
                let owner = &metadata.domain.value;
                let pattern = pattern(file, &written, owner, domain, context);
                let own = tags.read(file, &tagged.tags, context);
                if own.is_empty() && tagged.columns.is_empty() {
                    context.empty(file, at);
                }
                for (columns, At { at, value: list }) in &tagged.columns {
                    let name = At { at: at.clone(), value: columns.clone() };
                    context.check_text(file, &name, "a column's name");
                    let of_columns = tags.read(file, list, context);
                    if of_columns.is_empty() {
                        context.empty(file, at);
                    }
                    if let Some(pattern) = &pattern {
                        let columns = CompactString::from(columns).to_lowercase();
                        tags.columns.push((pattern.clone(), TaggedColumns { columns, tags: of_columns }));
                    }
                }
                if let (Some(pattern), false) = (pattern, own.is_empty()) {
                    tags.tables.push((pattern, own));
                }
            }
        }
        // One order, whatever that of the documents.
        tags.tables.sort();
        tags.columns
            .sort_by(|(a, one), (b, other)| (a, &one.columns, &one.tags).cmp(&(b, &other.columns, &other.tags)));
        tags
    }

    fn read(&mut self, file: usize, list: &[At<String>], context: &mut Context<'_>) -> BTreeSet<CompactString> {
        let mut read = BTreeSet::new();
        for tag in list {
            let fine = |part: &str| {
                !part.is_empty()
                    && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_'))
            };
            if tag.value.len() > 100 || !tag.value.split('.').all(fine) {
                context.report(
                    Diagnostic::new(
                        "bad-name",
                        place(file, &tag.at),
                        format!("`{}` can't be a tag", tag.value),
                        "here",
                    )
                    .help("lower-case letters, digits, `-` and `_`, in parts joined by dots: `pii.email`"),
                );
                continue;
            }
            let name = CompactString::from(&tag.value);
            self.known.insert(name.clone());
            read.insert(name);
        }
        read
    }

    /// The name of a tag that a rule speaks of; reported if nothing has it.
    pub(super) fn name(&self, file: usize, tag: &At<String>, context: &mut Context<'_>) -> CompactString {
        if !self.broken && !self.known.iter().any(|known| is_below(known, &tag.value)) {
            context.report(
                Diagnostic::new(
                    "unknown-tag",
                    place(file, &tag.at),
                    format!("nothing has the tag `{}`", tag.value),
                    "no document of kind Tags gives it",
                )
                .maybe_help(did_you_mean(&tag.value, self.known.iter().map(CompactString::as_str))),
            );
        }
        CompactString::from(&tag.value)
    }

    /// The tables with a tag, among those of a pattern.
    pub(super) fn tables(
        &self,
        file: usize,
        tag: &At<String>,
        within: &TablePattern,
        context: &mut Context<'_>,
    ) -> Vec<TablePattern> {
        let name = self.name(file, tag, context);
        let has = |tags: &BTreeSet<CompactString>| tags.iter().any(|other| is_below(other, &name));
        let tagged = self.tables.iter().filter(|(_, tags)| has(tags)).map(|(pattern, _)| pattern);
        let mut met: Vec<TablePattern> =
            tagged.filter_map(|pattern| meet(place(file, &tag.at), pattern, within, context)).collect();
        met.sort();
        met.dedup();
        met
    }

    /// The columns with one of some tags, of the tables of a pattern.
    pub(super) fn columns(
        &self,
        file: usize,
        tags: &[&At<String>],
        within: &TablePattern,
        context: &mut Context<'_>,
    ) -> Vec<(TablePattern, CompactString)> {
        let mut found = Vec::new();
        for tag in tags {
            let name = BTreeSet::from([self.name(file, tag, context)]);
            for (pattern, columns) in self.columns.iter().filter(|(_, columns)| columns.has_one_of(&name)) {
                if let Some(met) = meet(place(file, &tag.at), pattern, within, context) {
                    found.push((met, columns.columns.clone()));
                }
            }
        }
        found.sort();
        found.dedup();
        found
    }
}
