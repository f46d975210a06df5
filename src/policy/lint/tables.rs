//! Names, patterns and tags that no table or column has, as far as a listing of tables knows.

use crate::catalog::table::Table;
use crate::names::TableName;
use crate::policy::diagnostics::{Diagnostic, Place};
use crate::policy::document::{Node, Value};
use crate::policy::index::TablePattern;
use crate::policy::matches;
use crate::policy::snapshot::is_below;
use crate::policy::suggest::nearest;
use compact_str::CompactString;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// All tables that there are.
type Tables = BTreeMap<TableName, Arc<Table>>;

/// A table that there is.
type Known<'k> = (&'k TableName, &'k Table);

pub(super) fn check(documents: &[(usize, Node)], tables: &Tables, found: &mut Vec<Diagnostic>) {
    let mut looking = Looking { tables, owned: owned(documents), tags: Vec::new(), found };
    for (_, document) in documents.iter().filter(|(_, document)| kind(document) == "Tags") {
        looking.note_tags(document);
    }
    for (file, document) in documents {
        match kind(document) {
            "Domain" => looking.domain(*file, document),
            "Tags" => looking.tags(*file, document),
            "AccessPolicy" | "Guardrail" | "Exception" => looking.rules(*file, document),
            _ => {}
        }
    }
}

fn kind(document: &Node) -> &str {
    document.get("kind").and_then(Node::text).unwrap_or_default()
}

fn items<'n>(node: Option<&'n Node>, key: &str) -> &'n [Node] {
    match node.and_then(|node| node.get(key)).map(|node| &node.value) {
        Some(Value::List(items)) => items,
        _ => &[],
    }
}

fn name(node: &Node, key: &str) -> Option<CompactString> {
    node.get(key).and_then(Node::text).map(|text| CompactString::from(text).to_lowercase())
}

/// The one catalog and the one schema that a domain owns.
#[derive(Default)]
struct Only {
    catalog: Option<CompactString>,
    schema: Option<CompactString>,
}

fn owned(documents: &[(usize, Node)]) -> BTreeMap<&str, Only> {
    let mut owned = BTreeMap::new();
    for (_, document) in documents.iter().filter(|(_, document)| kind(document) == "Domain") {
        let owns = items(document.get("spec"), "owns");
        let only = |key: &str| {
            let names: BTreeSet<Option<CompactString>> = owns.iter().map(|item| name(item, key)).collect();
            let mut names = names.into_iter();
            match (names.next(), names.next()) {
                (Some(Some(name)), None) if !name.contains('*') => Some(name),
                _ => None,
            }
        };
        let domain = document.get("metadata").and_then(|metadata| metadata.get("name")).and_then(Node::text);
        owned.insert(domain.unwrap_or_default(), Only { catalog: only("catalog"), schema: only("schema") });
    }
    owned
}

/// A tag of tables, or of their columns.
struct Tagged<'n> {
    tables: TablePattern,
    columns: Option<CompactString>,
    tag: &'n str,
}

struct Looking<'a> {
    tables: &'a Tables,
    owned: BTreeMap<&'a str, Only>,
    tags: Vec<Tagged<'a>>,
    found: &'a mut Vec<Diagnostic>,
}

impl<'a> Looking<'a> {
    /// The pattern of an entry; what it leaves out is what the domain owns, else anything.
    fn pattern(&self, document: &Node, entry: &Node) -> TablePattern {
        let domain = document.get("metadata").and_then(|metadata| metadata.get("domain")).and_then(Node::text);
        let only = self.owned.get(domain.unwrap_or_default()).filter(|_| entry.get("tag").is_none());
        let part = |key: &str, default: Option<&CompactString>| {
            name(entry, key).or_else(|| default.cloned()).unwrap_or_else(|| CompactString::const_new("*"))
        };
        TablePattern {
            catalog: part("catalog", only.and_then(|only| only.catalog.as_ref())),
            schema: part("schema", only.and_then(|only| only.schema.as_ref())),
            table: part("table", None),
        }
    }

    fn matching(&self, pattern: &TablePattern) -> Vec<Known<'a>> {
        let TablePattern { catalog, schema, table } = pattern;
        let exact = |name: &str| if name.contains('*') { CompactString::default() } else { name.into() };
        let start = match exact(catalog) {
            catalog if catalog.is_empty() => TableName::new("", "", ""),
            catalog => TableName::new(&catalog, &exact(schema), ""),
        };
        let in_catalog = |(name, _): &(&TableName, _)| catalog.contains('*') || name.catalog == *catalog;
        let of = |(name, _): &(&TableName, _)| {
            matches(catalog, &name.catalog) && matches(schema, &name.schema) && matches(table, &name.table)
        };
        let found = self.tables.range(start..).take_while(in_catalog).filter(of);
        found.map(|(name, table)| (name, &**table)).collect()
    }

    /// The tables of an entry; told if there are none.
    fn entry(&mut self, file: usize, document: &Node, entry: &Node) -> Vec<Known<'a>> {
        let pattern = self.pattern(document, entry);
        let found = self.matching(&pattern);
        if found.is_empty() {
            let meant = self.meant(&pattern);
            let keys = meant.iter().map(|(key, _)| *key).chain(["table", "schema", "catalog"]);
            let word = keys.filter_map(|key| entry.get(key)).next().unwrap_or(entry);
            let message = format!("there is no table `{}`", pattern.shown());
            let problem = Diagnostic::new("matches-nothing", place(file, word), message, "not in the listing");
            self.found.push(problem.maybe_help(meant.map(|(_, meant)| format!("did you mean `{meant}`?"))));
        }
        found
    }

    /// The part of a pattern in which it differs by a typing error from what there is, and what that is.
    fn meant(&self, pattern: &TablePattern) -> Option<(&'static str, String)> {
        let any = || CompactString::const_new("*");
        let TablePattern { catalog, schema, table } = pattern;
        type Part = fn(&TableName) -> &CompactString;
        let parts: [(&str, &CompactString, TablePattern, Part); 3] = [
            ("table", table, TablePattern { table: any(), ..pattern.clone() }, |name| &name.table),
            ("schema", schema, TablePattern { schema: any(), ..pattern.clone() }, |name| &name.schema),
            ("catalog", catalog, TablePattern { catalog: any(), ..pattern.clone() }, |name| &name.catalog),
        ];
        parts.into_iter().find_map(|(key, word, others, part)| {
            let names: BTreeSet<&str> = self.matching(&others).iter().map(|(name, _)| part(name).as_str()).collect();
            Some((key, nearest(word, names)?.to_owned()))
        })
    }

    fn domain(&mut self, file: usize, document: &Node) {
        for entry in items(document.get("spec"), "owns") {
            self.entry(file, document, entry);
        }
    }

    fn note_tags(&mut self, document: &'a Node) {
        for entry in items(document.get("spec"), "tables") {
            let tables = self.pattern(document, entry);
            for tag in items(Some(entry), "tags").iter().filter_map(Node::text) {
                self.tags.push(Tagged { tables: tables.clone(), columns: None, tag });
            }
            let Some(Value::Map(columns)) = entry.get("columns").map(|node| &node.value) else { continue };
            for (key, tags) in columns {
                let Value::List(tags) = &tags.value else { continue };
                for tag in tags.iter().filter_map(Node::text) {
                    let columns = Some(CompactString::from(&key.name).to_lowercase());
                    self.tags.push(Tagged { tables: tables.clone(), columns, tag });
                }
            }
        }
    }

    fn tags(&mut self, file: usize, document: &Node) {
        for entry in items(document.get("spec"), "tables") {
            let tables = self.entry(file, document, entry);
            let Some(Value::Map(columns)) = entry.get("columns").map(|node| &node.value) else { continue };
            for (key, _) in columns {
                self.column(Place { file, at: key.at.clone() }, &key.name, &tables);
            }
        }
    }

    /// The tables of a document and the columns that its rules name.
    fn rules(&mut self, file: usize, document: &Node) {
        let Some(spec) = document.get("spec") else { return };
        let mut tables = Vec::new();
        for entry in items(Some(spec), "tables") {
            match entry.get("tag") {
                None => tables.extend(self.entry(file, document, entry)),
                Some(tag) => {
                    let within = self.matching(&self.pattern(document, entry));
                    let tagged: Vec<Known<'_>> =
                        within.into_iter().filter(|table| self.has_tag(*table, None, tag)).collect();
                    if tagged.is_empty() {
                        self.tag(file, tag, "table");
                    }
                    tables.extend(tagged);
                }
            }
        }
        for entry in items(Some(spec), "exceptTables").iter().filter(|entry| entry.get("tag").is_none()) {
            self.entry(file, document, entry);
        }
        if tables.is_empty() {
            return;
        }
        let lists = ["grants", "denies"].into_iter().flat_map(|list| items(Some(spec), list));
        for columns in lists.chain([spec]).filter_map(|rule| rule.get("columns")) {
            for name in ["only", "except"].into_iter().flat_map(|key| items(Some(columns), key)) {
                self.column(place(file, name), name.text().unwrap_or_default(), &tables);
            }
            for tag in ["onlyTagged", "exceptTagged"].into_iter().flat_map(|key| items(Some(columns), key)) {
                self.tagged_column(file, tag, &tables);
            }
        }
        for mask in items(Some(spec), "masks") {
            if let Some(column) = mask.get("column") {
                self.column(place(file, column), column.text().unwrap_or_default(), &tables);
            }
            if let Some(tag) = mask.get("tag") {
                self.tagged_column(file, tag, &tables);
            }
        }
    }

    /// Says so if no table has a column.
    fn column(&mut self, place: Place, written: &str, tables: &[Known<'_>]) {
        let name = written.to_lowercase();
        let columns = || tables.iter().flat_map(|(_, table)| &table.columns).map(|column| column.name.as_str());
        if tables.is_empty() || columns().any(|column| matches(&name, column)) {
            return;
        }
        let of = match tables {
            [(table, _)] => format!("`{table}` has no column `{name}`"),
            tables => format!("none of the {} tables has a column `{name}`", tables.len()),
        };
        let meant = nearest(&name, columns()).map(|meant| format!("did you mean `{meant}`?"));
        let problem = Diagnostic::new("matches-nothing", place, of, "not in the listing");
        self.found.push(problem.maybe_help(meant));
    }

    fn tagged_column(&mut self, file: usize, tag: &Node, tables: &[Known<'_>]) {
        let has = |(name, table): &Known<'_>| {
            table.columns.iter().any(|column| self.has_tag((name, table), Some(&column.name), tag))
        };
        if !tables.iter().any(has) {
            self.tag(file, tag, "column");
        }
    }

    /// Whether a table, or a column of it, has a tag or one below it.
    fn has_tag(&self, (name, _): Known<'_>, column: Option<&str>, tag: &Node) -> bool {
        let tag = tag.text().unwrap_or_default();
        self.tags.iter().any(|tagged| {
            let TablePattern { catalog, schema, table } = &tagged.tables;
            let of_column = match (&tagged.columns, column) {
                (None, None) => true,
                (Some(pattern), Some(column)) => matches(pattern, column),
                _ => false,
            };
            of_column
                && is_below(tagged.tag, tag)
                && matches(catalog, &name.catalog)
                && matches(schema, &name.schema)
                && matches(table, &name.table)
        })
    }

    fn tag(&mut self, file: usize, tag: &Node, what: &str) {
        let message = format!("no {what} that there is has the tag `{}`", tag.text().unwrap_or_default());
        self.found.push(Diagnostic::new("matches-nothing", place(file, tag), message, "on nothing in the listing"));
    }
}

fn place(file: usize, node: &Node) -> Place {
    Place { file, at: node.at.clone() }
}
