//! What a grant gives, or a denial takes away.

use super::tags::Tags;
use super::{Context, place};
use crate::policy::diagnostics::Diagnostic;
use crate::policy::document::{At, Bytes, ColumnSelection, PrivilegeWord};
use crate::policy::index::TablePattern;
use crate::policy::rule::{Object, Selection};
use crate::policy::{ColumnRule, Columns, Privilege};
use compact_str::CompactString;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The privileges that an object has, in Ranger's words; `all` stands for the first number of them.
fn of(object: Object) -> (&'static [Privilege], usize) {
    use Privilege::{Alter, Create, Delete, Drop, Execute, Grant, Insert, Revoke, Select, Show, Update};
    match object {
        Object::Table => (&[Select, Insert, Delete, Update, Create, Drop, Alter, Show, Grant, Revoke], 8),
        Object::Schema => (&[Create, Drop, Alter, Show, Grant, Revoke], 4),
        Object::Catalog => (&[Create, Drop, Alter, Show], 4),
        Object::Function => (&[Create, Drop, Show, Execute], 0),
        Object::Procedure => (&[Execute], 0),
        Object::Role => (&[Create, Drop, Grant, Revoke], 0),
    }
}

/// Each privilege that a table has.
pub(super) fn each_of_tables() -> BTreeSet<Privilege> {
    of(Object::Table).0.iter().copied().collect()
}

fn privilege(word: PrivilegeWord) -> Option<Privilege> {
    Some(match word {
        PrivilegeWord::All => return None,
        PrivilegeWord::Select => Privilege::Select,
        PrivilegeWord::Insert => Privilege::Insert,
        PrivilegeWord::Delete => Privilege::Delete,
        PrivilegeWord::Update => Privilege::Update,
        PrivilegeWord::Create => Privilege::Create,
        PrivilegeWord::Drop => Privilege::Drop,
        PrivilegeWord::Alter => Privilege::Alter,
        PrivilegeWord::Show => Privilege::Show,
        PrivilegeWord::Execute => Privilege::Execute,
        PrivilegeWord::Grant => Privilege::Grant,
        PrivilegeWord::Revoke => Privilege::Revoke,
    })
}

/// Whether words are given or taken away.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// `all` is what is given without danger of giving too much.
    Give,
    /// `all` is each one.
    Take,
}

/// The privileges that words give on each sort of objects that a document names. A word that none of them has is
/// reported.
pub(super) fn privileges(
    file: usize,
    words: &[At<PrivilegeWord>],
    objects: &BTreeMap<Object, Arc<[TablePattern]>>,
    way: Way,
    context: &mut Context<'_>,
) -> BTreeMap<Object, BTreeSet<Privilege>> {
    let mut found = BTreeMap::<Object, BTreeSet<Privilege>>::new();
    for word in words {
        let mut known = false;
        for object in objects.keys() {
            let (each, all) = of(*object);
            let given: Vec<Privilege> = match (privilege(word.value), way) {
                (Some(privilege), _) => each.iter().copied().filter(|other| *other == privilege).collect(),
                (None, Way::Give) => each.iter().copied().take(all).collect(),
                (None, Way::Take) => each.to_vec(),
            };
            if !given.is_empty() {
                known = true;
                found.entry(*object).or_default().extend(given);
            }
        }
        if !known {
            lacking(file, word, context);
        }
    }
    found
}

/// Says that a word is about objects that the document does not name.
fn lacking(file: usize, word: &At<PrivilegeWord>, context: &mut Context<'_>) {
    let field = match word.value {
        PrivilegeWord::Execute => "functions",
        PrivilegeWord::Grant | PrivilegeWord::Revoke => "tables",
        _ => "tables",
    };
    let thing = field.trim_end_matches('s');
    context.report(
        Diagnostic::new(
            "missing-field",
            place(file, &word.at),
            format!("of which {field}?"),
            format!("this privilege needs `{field}`"),
        )
        .help(format!("add `{field}: [{{catalog: …, schema: …, {thing}: …}}]` to `spec`")),
    );
}

/// Says so where a rule of some columns speaks of privileges that have none.
pub(super) fn check_columns(
    file: usize,
    words: &[At<PrivilegeWord>],
    selection: Option<&Bytes>,
    way: Way,
    context: &mut Context<'_>,
) {
    let Some(selection) = selection else { return };
    let fits = |word: &&At<PrivilegeWord>| matches!(word.value, PrivilegeWord::Select | PrivilegeWord::Show);
    let what = if way == Way::Give {
        "a grant of some columns can only give"
    } else {
        "a denial of some columns can only take"
    };
    if let Some(word) = words.iter().find(|word| !fits(word)) {
        context.report(
            Diagnostic::new(
                "bad-columns",
                place(file, &word.at),
                format!("{what} `select` and `show`"),
                "is not of columns",
            )
            .other(place(file, selection), "the columns")
            .help("write it in a rule of its own"),
        );
    } else if way == Way::Take
        && !words.iter().any(|word| word.value == PrivilegeWord::Select)
        && let Some(word) = words.first()
    {
        context.report(
            Diagnostic::new("bad-columns", place(file, &word.at), "`show` alone is not of columns", "without `select`")
                .other(place(file, selection), "the columns")
                .help("leave `columns` out, or take `select` too"),
        );
    }
}

/// The columns that a rule names of some tables: one selection of all of them, and others of some of them, where tags
/// say which.
pub(super) fn selections(
    file: usize,
    written: Option<&At<ColumnSelection>>,
    tables: &Arc<[TablePattern]>,
    tags: &Tags,
    context: &mut Context<'_>,
) -> Vec<(Arc<[TablePattern]>, Selection)> {
    let all = |columns| Selection { columns, except_tagged: BTreeSet::new() };
    let Some(At { at, value }) = written else { return vec![(tables.clone(), all(Columns::All))] };
    let ColumnSelection { only, only_tagged, except, except_tagged } = value;
    let some = |rule| Columns::Some(vec![rule]);
    match (only.is_some() || only_tagged.is_some(), except.is_some() || except_tagged.is_some()) {
        (true, false) => {
            let mut found = Vec::new();
            if let Some(only) = only {
                found.push((tables.clone(), all(some(ColumnRule::Only(names(file, only, context))))));
            }
            if let Some(only) = only_tagged {
                let wanted: Vec<&At<String>> = only.value.iter().collect();
                if wanted.is_empty() {
                    no_column(file, &only.at, context);
                }
                for table in tables.iter() {
                    for (tagged, column) in tags.columns(file, &wanted, table, context) {
                        let columns = some(ColumnRule::Only(BTreeSet::from([column])));
                        found.push((Arc::from([tagged]), all(columns)));
                    }
                }
            }
            found
        }
        (false, true) => {
            let columns =
                except.as_ref().map_or(Columns::All, |except| some(ColumnRule::Except(names(file, except, context))));
            let tagged = except_tagged.iter().flat_map(|list| &list.value);
            let except_tagged = tagged.map(|tag| tags.name(file, tag, context)).collect();
            vec![(tables.clone(), Selection { columns, except_tagged })]
        }
        _ => {
            context.report(Diagnostic::new(
                "bad-columns",
                place(file, at),
                "`columns` takes either `only` or `except`",
                "one of them, not both and not none",
            ));
            Vec::new()
        }
    }
}

fn no_column(file: usize, at: &Bytes, context: &mut Context<'_>) {
    context.report(
        Diagnostic::new("bad-columns", place(file, at), "no column is named", "an empty list")
            .help("leave `columns` out to grant all columns"),
    );
}

fn names(file: usize, list: &At<Vec<At<String>>>, context: &mut Context<'_>) -> BTreeSet<CompactString> {
    if list.value.is_empty() {
        no_column(file, &list.at, context);
    }
    let mut names = BTreeSet::new();
    for name in &list.value {
        context.check_text(file, name, "a column's name");
        if !names.insert(CompactString::from(&name.value).to_lowercase()) {
            context.report(Diagnostic::new(
                "duplicate-name",
                place(file, &name.at),
                format!("column `{}` is named twice", name.value),
                "named again",
            ));
        }
    }
    names
}
