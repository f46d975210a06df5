//! What analysis finds in one text: a statement, a view's text or a policy's expression.

use super::digits::Digits;
use super::object::Object;
use crate::names::TableName;
use crate::sql::Span;
use compact_str::CompactString;
use std::collections::BTreeSet;
use std::sync::Arc;

/// All that a text touches; spans are of that text.
#[derive(Clone, Debug, Default)]
pub(crate) struct Facts {
    /// The base relations in the order of the walk.
    pub(crate) relations: Vec<BaseRelation>,
    /// References by name to columns of base relations.
    pub(crate) references: Vec<Reference>,
    /// `relation.*` of base relations that go by their own name.
    pub(crate) stars: Vec<Star>,
    /// Functions called.
    pub(crate) functions: Vec<FunctionUse>,
    /// References that stand for nothing.
    pub(crate) missing: Vec<MissingColumn>,
    /// References that stand for more than one column, and `*` of more than one relation.
    pub(crate) ambiguous: Vec<Span>,
    /// Names in `COPARTITION`, which go by the written names of table arguments.
    pub(crate) copartition: Vec<(Span, Vec<CompactString>)>,
    /// What makes the text one that can't be decided; the first counts.
    pub(crate) problems: Vec<(Span, Problem)>,
    /// The first function that the statement brings along.
    pub(crate) own_functions: Option<Span>,
    /// The first expression that may fail at run time, depending on the row it is evaluated for.
    pub(crate) can_fail: Option<Span>,
    /// The digits that decimals have which are compared with anything, as many as any of them has.
    pub(crate) decimals: Digits,
    /// Whether dates, or timestamps without a zone, of rows are compared with anything.
    pub(crate) dated: bool,
    /// Whether anything is compared with a timestamp that has a zone.
    pub(crate) zoned: bool,
    /// How many queries there are, within each other too.
    pub(crate) queries: usize,
    /// A place where columns may be read that no name shows: a name of a relation of which the columns are not known, or a row
    /// pattern.
    pub(crate) not_known: Option<Span>,
    /// Whether the text is a query of which each read of a column is known, so that a guard can leave out what is not read.
    pub(crate) reads_known: bool,
    /// The names of the columns that come out; `None` where they are not all known.
    pub(crate) output: Option<Vec<Option<CompactString>>>,
}

/// A table, view or metadata table that a text names.
#[derive(Clone, Debug)]
pub(crate) struct BaseRelation {
    /// Its full name.
    pub(crate) name: TableName,
    /// What the user may do with it; `None` in a policy's expression, which reads by the policy's authority, and for
    /// the table that such an expression is about.
    pub(crate) object: Option<Arc<Object>>,
    /// Its name as written, each part in lower case.
    pub(crate) written: Arc<[CompactString]>,
    /// The name, without period, in the text.
    pub(crate) name_span: Span,
    /// `FOR … AS OF …` behind the name.
    pub(crate) period: Option<Span>,
    /// How it stands.
    pub(crate) place: Place,
    /// Where its alias stands, if it has one.
    pub(crate) alias: Option<Span>,
    /// Whether another relation beside it ends in the same name.
    pub(crate) clash: bool,
    /// Which of its columns are read by name.
    pub(crate) columns: BTreeSet<usize>,
    /// Whether all columns are read by `*` or by position.
    pub(crate) all_columns: bool,
    /// Whether none of them can be left out, read or not: aliases of columns go by position.
    pub(crate) whole: bool,
}

/// How a base relation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// A name in `FROM`.
    From,
    /// `TABLE name` as the body of a query; the span is that of the whole.
    Body(Span),
    /// `TABLE (name)` as the argument of a table function; the span is that of the whole argument.
    Argument(Span),
    /// The table that a policy's expression is about.
    Subject,
    /// The table that a statement changes.
    Target,
}

/// A reference by name to a column of a base relation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reference {
    /// Which base relation.
    pub(crate) relation: usize,
    /// The column's name as the scope has it: a column alias, if there is one.
    pub(crate) name: CompactString,
    /// The whole reference, qualifiers included, without fields of the column's value.
    pub(crate) span: Span,
    /// The qualifiers, without the last dot.
    pub(crate) qualifier: Option<Span>,
    /// How many qualifiers.
    pub(crate) qualifiers: usize,
    /// Whether the relation goes by its written name or by the alias right behind it.
    pub(crate) own: bool,
}

/// `name.*`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Star {
    /// Which base relation.
    pub(crate) relation: usize,
    /// What stands before `.*`.
    pub(crate) span: Span,
    /// How many identifiers.
    pub(crate) qualifiers: usize,
}

/// A call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FunctionUse {
    /// The name, each part in lower case.
    pub(crate) name: Vec<CompactString>,
    /// The name in the text.
    pub(crate) span: Span,
    /// Whether it stands in `TABLE (…)`.
    pub(crate) table: bool,
}

/// A reference that stands for nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MissingColumn {
    /// The name as written.
    pub(crate) name: String,
    /// The part that was meant as the column, in lower case.
    pub(crate) column: CompactString,
    /// Where it stands.
    pub(crate) span: Span,
    /// The base relations of the nearest scope that has any.
    pub(crate) relations: Vec<usize>,
}

/// Why a text can't be decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Problem {
    /// A name of more than three parts.
    TooManyParts(String),
    /// No catalog in name or session.
    NoCatalog,
    /// No schema in name or session.
    NoSchema,
    /// Names in policies and views must have three parts, since their session is not known.
    NotThreeParts(String),
    /// Something that Sluice does not decide.
    NotSupported(&'static str),
    /// A table that a policy reads does not exist.
    NoSuchTable(TableName),
}
