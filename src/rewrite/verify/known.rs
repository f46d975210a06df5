//! Guards that were proved before, and how one of the same pieces is known again without being read.
//!
//! In: a text that rewriting proposes. Out: the same text with `(SELECT 0)` in the place of each guard that consists, byte for byte,
//! of what the verifier itself has proved for an equal user, by equal policies, over the table as Trino describes it now. The rest
//! is read and proved as ever. Pieces are put down by the proof alone ([`keep`]); rewriting has no part in it.
//!
//! Why that proves the text as it is sent: a guard and what stands for it are both a query in parentheses, so around them the
//! grammar reads the same. That each of them is met as a query at its very place ([`Reading::all_met`]) shows that no string,
//! quoted name or comment begins before it and ends in it or behind it, and no piece holds what ends a comment. A piece is taken
//! for proved in just the frame in which it was: an item between commas, a condition in parentheses. And what is left out is counted
//! as levels of nesting. Where anything of this fails, the text is proved as a whole.

use super::guard::Parts;
use super::walk::Walk;
use super::{Unproved, own_rules};
use crate::catalog::table::{Known, Need, Table, TableKind};
use crate::enforce::Request;
use crate::enforce::kept::{Kept, OfUser, Weigh};
use crate::names::{TableName, push_quoted, quoted};
use crate::policy::TableAccess;
use crate::rewrite::relations::Is;
use crate::sql::ast::{Query, SelectItem, Span};
use crate::sql::visit::Visit;
use crate::sql::{self, Identifier, MAX_NESTING, QualifiedName, Statement};
use memchr::memmem;
use std::borrow::Cow;
use std::cell::Cell;
use std::collections::BTreeSet;
use std::sync::Arc;

/// How a guard begins.
const BEGINS: &str = "(SELECT ";
/// What stands for a guard.
const STANDS_FOR_IT: &str = "(SELECT 0)";
/// The table's name in a guard, as rewriting gives it where the statement has no such name itself.
const TABLE: &str = "sluice_1";
/// What stands before the table's name, before its columns' and behind its own.
const FROM: &str = " FROM \"";
/// How the guarded form goes on behind its own items, behind the table's, and behind the condition and the table.
const WITHIN: &str = " FROM (SELECT ";
const CONDITION: &str = ", (";
const SHOWN: &str = ") AS \"sluice_3\"";
const LIMITED: &str = ") \"sluice_2\" WHERE \"sluice_3\" LIMIT 9223372036854775807";

/// Levels that a guard may nest; one that nests deeper is read each time.
const LEVELS: u32 = 32;
/// Longer texts are read as a whole, so that a limit of the parser's is met where it would be.
const LONGEST: usize = 1024 * 1024;
/// Bytes of a table's name; one that is longer, or has letters beyond ASCII where these end, is read each time.
const LONGEST_NAME: usize = 256;
/// What begins or ends a comment. No piece holds it.
const COMMENTS: [&str; 3] = ["--", "/*", "*/"];
/// About what pieces take besides their texts, in bytes.
const OVERHEAD: usize = 512;
const COLUMN: usize = 64;

/// What was proved of guards. Cloning it is cheap and shares it.
#[derive(Clone, Debug)]
pub struct Proofs(Kept<Pieces>);

impl Proofs {
    /// Keeps proofs of about so many bytes in all, the latest used; none at 0.
    pub fn new(bytes: u64) -> Proofs {
        Proofs(Kept::new(bytes))
    }

    fn of_user<'a>(&'a self, request: &Request<'a>) -> OfUser<'a, Pieces> {
        OfUser::new(&self.0, request.snapshot, request.subject, request.options)
    }
}

/// What guards of one table may be made of, for one user.
#[derive(Clone, Debug)]
struct Pieces {
    /// The table's columns, in its order.
    columns: Vec<Column>,
    /// `"catalog"."schema"."table" "sluice_1"`, with what stands before it.
    source: String,
    /// The filters, if there are any.
    filter: Option<String>,
    hides: Hides,
}

#[derive(Clone, Debug)]
struct Column {
    /// As an item over the table; `None` if there is none, or none that was proved yet.
    item: Option<String>,
    /// As an item of the guarded form.
    shown: String,
}

/// What a guard keeps from the user.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hides {
    /// Rows.
    pub(super) rows: bool,
    /// Rows or values of columns.
    pub(super) values: bool,
    /// Whether a table of which it hides rows has JSON in it.
    pub(super) json: bool,
}

impl Weigh for Pieces {
    fn bytes(&self) -> usize {
        let column = |Column { item, shown }: &Column| COLUMN + item.as_ref().map_or(0, String::len) + shown.len();
        let filter = self.filter.as_ref().map_or(0, String::len);
        OVERHEAD + self.source.len() + filter + self.columns.iter().map(column).sum::<usize>()
    }
}

impl Pieces {
    /// Those that need no proof but the policies' own word: columns without a mask.
    fn new(name: &TableName, table: &Table, access: &TableAccess, filter: Option<String>, hides: Hides) -> Pieces {
        let columns = table.columns.iter().map(|column| {
            let name = quoted(&column.name);
            let plain = access.allow(&column.name)
                && matches!(access.mask(&column.name, &column.data_type), Ok(None))
                && !column.name.contains('"')
                && !is_in_comments(&name);
            let item = plain.then(|| ["\"", TABLE, "\".", &name].concat());
            Column { item, shown: ["IF(\"sluice_3\", ", &name, ") AS ", &name].concat() }
        });
        let mut source = " FROM ".to_owned();
        name.push_sql(&mut source);
        source.push(' ');
        push_quoted(&mut source, TABLE);
        Pieces { columns: columns.collect(), source, filter, hides }
    }

    /// The length of a guard with which `text` begins, behind its opening parenthesis and without the closing one, and whether it is
    /// in the plain form.
    fn length(&self, text: &str) -> Option<(usize, bool)> {
        let mut chosen = Vec::with_capacity(self.columns.len().min(32));
        let items = text.strip_prefix("SELECT ")?;
        let (rest, plain) = match self.choose(items, |column| column.item.as_deref(), &mut chosen) {
            Some(rest) => (self.filtered(rest.strip_prefix(self.source.as_str())?)?, true),
            None => {
                let rest = self.choose(items, Column::shown_if_known, &mut chosen)?.strip_prefix(WITHIN)?;
                (self.guarded(rest, &chosen)?, false)
            }
        };
        rest.starts_with(')').then(|| (text.len() - rest.len(), plain))
    }

    /// Reads items of different columns, in the table's order, and notes which; `None` if there are none.
    fn choose<'t>(
        &self,
        mut rest: &'t str,
        item: impl Fn(&Column) -> Option<&str>,
        chosen: &mut Vec<usize>,
    ) -> Option<&'t str> {
        for (at, column) in self.columns.iter().enumerate() {
            let Some(item) = item(column) else { continue };
            let here = if chosen.is_empty() { Some(rest) } else { rest.strip_prefix(", ") };
            if let Some(behind) = here.and_then(|here| here.strip_prefix(item)) {
                rest = behind;
                chosen.push(at);
            }
        }
        (!chosen.is_empty()).then_some(rest)
    }

    fn filtered<'t>(&self, rest: &'t str) -> Option<&'t str> {
        match &self.filter {
            None => Some(rest),
            Some(filter) => rest.strip_prefix(" WHERE ")?.strip_prefix(filter.as_str()),
        }
    }

    /// The rest of the guarded form, which has the same columns within.
    fn guarded<'t>(&self, mut rest: &'t str, chosen: &[usize]) -> Option<&'t str> {
        let filter = self.filter.as_deref()?;
        for (at, column) in chosen.iter().enumerate() {
            rest = if at > 0 { rest.strip_prefix(", ")? } else { rest };
            rest = rest.strip_prefix(self.columns.get(*column)?.item.as_deref()?)?;
        }
        let rest = rest.strip_prefix(CONDITION)?.strip_prefix(filter)?.strip_prefix(SHOWN)?;
        rest.strip_prefix(self.source.as_str())?.strip_prefix(LIMITED)
    }
}

impl Column {
    fn shown_if_known(&self) -> Option<&str> {
        self.item.as_ref().map(|_| self.shown.as_str())
    }
}

/// A text that is to be proved.
#[derive(Debug)]
pub(super) struct Reading<'t> {
    /// The text, with `(SELECT 0)` in the place of each guard that is known.
    pub(super) text: Cow<'t, str>,
    /// Where these stand.
    places: Vec<Place>,
}

/// Where a guard stands that is known.
#[derive(Debug)]
pub(super) struct Place {
    /// Of what stands for it, without the parentheses.
    span: Span,
    table: TableName,
    hides: Hides,
    plain: bool,
    met: Cell<bool>,
}

impl<'t> Reading<'t> {
    /// Without anything that is known.
    pub(super) fn whole(text: &'t str) -> Reading<'t> {
        Reading { text: Cow::Borrowed(text), places: Vec::new() }
    }

    /// With each guard left out that is known.
    pub(super) fn shortened(text: &'t str, request: &Request<'_>) -> Reading<'t> {
        let proofs = request.aids.proofs.filter(|_| text.len() <= LONGEST);
        proofs.map_or_else(|| Reading::whole(text), |proofs| shortened(text, request, &proofs.of_user(request)))
    }

    pub(super) fn places(&self) -> &[Place] {
        &self.places
    }

    /// Whether each guard that is known was met where it stands.
    pub(super) fn all_met(&self) -> bool {
        self.places.iter().all(|place| place.met.get())
    }

    pub(super) fn parse(&self, request: &Request<'_>) -> Result<Statement, Unproved> {
        let levels = if self.places.is_empty() { 0 } else { LEVELS };
        sql::parse_statement_within(levels, &self.text, request.options.grammar).map_err(Unproved::unreadable)
    }
}

fn shortened<'t>(text: &'t str, request: &Request<'_>, proofs: &OfUser<'_, Pieces>) -> Reading<'t> {
    let mut reading = Reading { text: Cow::Borrowed(text), places: Vec::new() };
    let mut short = String::new();
    let mut done = 0;
    // Both are looked for once from the start to the end, however often one stands there without the other.
    let mut sources = memmem::find_iter(text.as_bytes(), FROM).peekable();
    for start in memmem::find_iter(text.as_bytes(), BEGINS) {
        if start < done {
            continue;
        }
        while sources.next_if(|source| *source < start).is_some() {}
        let Some(source) = sources.peek() else { break };
        let Some((length, place)) = known(text, start + 1, source + FROM.len(), request, proofs) else { continue };
        short.push_str(text.get(done..start).unwrap_or_default());
        let at = short.len() as u32;
        short.push_str(STANDS_FOR_IT);
        let span = Span { start: at + 1, end: at + STANDS_FOR_IT.len() as u32 - 1 };
        reading.places.push(Place { span, ..place });
        done = start + length + 2;
    }
    if done > 0 {
        short.push_str(text.get(done..).unwrap_or_default());
        reading.text = Cow::Owned(short);
    }
    reading
}

/// The guard that begins at a place in a text, and its length, if all of it is known; `source` is where its table's name may stand.
fn known(
    text: &str,
    start: usize,
    source: usize,
    request: &Request<'_>,
    proofs: &OfUser<'_, Pieces>,
) -> Option<(usize, Place)> {
    let (text, name) = (text.get(start..)?, text.as_bytes().get(source..)?);
    // What is found so may be another text than a table's name. Then nothing is known of it, or it is compared in vain.
    let name = std::str::from_utf8(name.get(..name.len().min(LONGEST_NAME))?).ok()?;
    let (catalog, rest) = name.split_once("\".\"")?;
    let (schema, rest) = rest.split_once("\".\"")?;
    let (name, _) = rest.split_once('"')?;
    let table = TableName { catalog: catalog.into(), schema: schema.into(), table: name.into() };
    let Some(Known::Table(described)) = request.tables.get(&Need::Table(table.clone())) else { return None };
    let pieces = proofs.get(&table, described)?;
    let (length, plain) = pieces.length(text)?;
    let place = Place { span: Span::default(), table, hides: pieces.hides, plain, met: Cell::new(false) };
    Some((length, place))
}

/// Whether a query stands for a guard that is known; then that is noted.
pub(super) fn met(walk: &mut Walk<'_>, query: &Query) -> Result<bool, Unproved> {
    let Ok(at) = walk.known.binary_search_by_key(&query.span, |place| place.span) else { return Ok(false) };
    let Some(Place { span: _, table, hides, plain, met }) = walk.known.get(at) else { return Ok(false) };
    if !walk.views.is_empty() || walk.kept.is_some() || walk.survey {
        return Err(Unproved::because("a guard where there is none"));
    }
    met.set(true);
    walk.found.relations.add(table.clone(), Is::Table, true);
    walk.found.relations.add_of_policy(table.clone());
    walk.found.guard(*hides, *plain);
    Ok(true)
}

/// Keeps of what a guard consists that has been proved, if nothing else is needed to know one again.
pub(super) fn keep(
    walk: &Walk<'_>,
    name: &TableName,
    alias: &Identifier,
    table: &Arc<Table>,
    access: &TableAccess,
    hides: Hides,
    parts: &Parts<'_>,
) {
    let Some(proofs) = walk.request.aids.proofs else { return };
    let proofs = proofs.of_user(walk.request);
    let before = proofs.get(name, table);
    let masked = |item: &SelectItem| {
        let SelectItem::Expr { span, expr: _, alias: Some(alias) } = item else { return None };
        let at = table.columns.iter().position(|column| alias.is(&column.name))?;
        let known = before.as_ref().and_then(|pieces| pieces.columns.get(at)?.item.as_ref());
        let (text, end) = (span.of(walk.text), [" AS ", &quoted(&alias.folded())].concat());
        (known.is_none() && text.ends_with(&end)).then(|| (at, text.to_owned()))
    };
    let masked: Vec<(usize, String)> = parts.select.items.iter().filter_map(masked).collect();
    if (before.is_some() && masked.is_empty()) || !alias.is(TABLE) || table.kind != TableKind::Table {
        return;
    }
    let filter = match (hides.rows, parts.condition) {
        (false, _) => None,
        (true, Some(condition)) => Some(condition.span.of(walk.text).to_owned()),
        (true, None) => return,
    };
    let text = parts.query.span.of(walk.text);
    let names: BTreeSet<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
    let clear = names.len() == table.columns.len() && !names.iter().any(|name| name.starts_with(own_rules::ALIAS));
    let mut only = Only { name, others: false };
    Visit::query(&mut only, parts.query);
    let nests = || sql::parse_statement_within(MAX_NESTING - LEVELS, text, walk.request.options.grammar).is_err();
    if only.others || !clear || is_in_comments(text) || nests() {
        return;
    }
    let anew = || Pieces::new(name, table, access, filter, hides);
    let mut pieces = before.map_or_else(anew, |pieces| Pieces::clone(&pieces));
    for (at, item) in masked {
        if let Some(column) = pieces.columns.get_mut(at) {
            column.item = Some(item);
        }
    }
    proofs.keep(name, table, &Arc::new(pieces));
}

fn is_in_comments(text: &str) -> bool {
    COMMENTS.iter().any(|mark| text.contains(mark))
}

/// Whether a query names another table, whose description it rests on then.
struct Only<'a> {
    name: &'a TableName,
    others: bool,
}

impl Visit for Only<'_> {
    fn table_name(&mut self, name: &QualifiedName) {
        let parts = [&self.name.catalog, &self.name.schema, &self.name.table];
        self.others |= name.parts.len() != 3 || !name.parts.iter().zip(parts).all(|(part, own)| part.is(own));
    }
}
