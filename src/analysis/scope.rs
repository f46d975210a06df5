//! Scopes: which names stand for which columns at a place of a statement, as Trino resolves them.
//!
//! In: relations with their fields, one scope within another. Out: what a chain of identifiers stands for there. Where
//! the fields of a relation can't be known (a table function's, an array of rows'), the answer is that it is not known;
//! a guess is never made.
//!
//! The rules are those of Trino's `Scope` and `RelationType`
//! (<https://github.com/trinodb/trino/blob/476/core/trino-main/src/main/java/io/trino/sql/analyzer/Scope.java>).

use super::digits::Digits;
use compact_str::CompactString;
use std::rc::Rc;
use std::sync::Arc;

/// A relation's name as written, each part in lower case.
pub(super) type Qualifier = Arc<[CompactString]>;

/// A scope that others stand in.
pub(super) type ScopeRef = Rc<Scope>;

/// What a type may do in a comparison, where Trino makes both sides alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TypeClass {
    /// Comparing two values of it can't fail.
    Scalar,
    /// A date, or a timestamp without a zone: beside one with a zone, which ends in the year 73326, it can fail.
    Dated,
    /// A timestamp with a zone.
    Zoned,
    /// A decimal of so many digits before its point and behind it: a number of another type is made one of as many.
    Decimal(Digits),
    /// Arrays, maps, rows, JSON: comparing or casting may fail.
    Structural,
}

impl TypeClass {
    /// The class of a type as Trino prints it.
    pub(super) fn of(data_type: &str) -> TypeClass {
        // The most frequent first, without a search for where the name ends.
        let of_length = |name: &str| data_type.strip_prefix(name).is_some_and(|rest| rest.starts_with('('));
        if matches!(data_type, "bigint" | "integer" | "double" | "varchar") || of_length("varchar") || of_length("char")
        {
            return TypeClass::Scalar;
        }
        let end = data_type.bytes().position(|byte| matches!(byte, b'(' | b' '));
        let name = end.and_then(|end| data_type.get(..end)).unwrap_or(data_type);
        match name {
            "varchar" | "bigint" | "integer" | "double" => TypeClass::Scalar,
            "decimal" => Digits::of(data_type).map_or(TypeClass::Structural, TypeClass::Decimal),
            "date" => TypeClass::Dated,
            "timestamp" if data_type.ends_with("with time zone") => TypeClass::Zoned,
            "timestamp" => TypeClass::Dated,
            "char" | "boolean" | "smallint" | "tinyint" | "real" | "varbinary" | "time" | "interval" | "uuid"
            | "ipaddress" => TypeClass::Scalar,
            _ => TypeClass::Structural,
        }
    }
}

/// A field's name in lower case, if it has one, with a number by which most names differ: each name of a statement is compared
/// with each column in its scope.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct FieldName {
    number: u64,
    text: Option<CompactString>,
}

impl FieldName {
    /// Of its length, its first eight bytes and its last eight.
    fn number(name: &str) -> u64 {
        let bytes = name.as_bytes();
        let ends = match (bytes.first_chunk(), bytes.last_chunk()) {
            (Some(first), Some(last)) => [u64::from_le_bytes(*first), u64::from_le_bytes(*last)],
            _ => [bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)), 0],
        };
        let [first, last] = ends;
        first ^ last.rotate_left(29) ^ bytes.len() as u64
    }

    /// The name; an expression's result may have none.
    pub(super) fn text(&self) -> Option<&CompactString> {
        self.text.as_ref()
    }
}

impl From<CompactString> for FieldName {
    fn from(text: CompactString) -> FieldName {
        FieldName { number: FieldName::number(&text), text: Some(text) }
    }
}

impl From<Option<CompactString>> for FieldName {
    fn from(text: Option<CompactString>) -> FieldName {
        text.map(FieldName::from).unwrap_or_default()
    }
}

/// A column of a base relation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Origin {
    /// Which of the statement's base relations.
    pub(super) relation: usize,
    /// Which of the relation's columns.
    pub(super) column: usize,
}

/// A field of a relation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Field {
    /// The relation's alias, or its name as written.
    pub(super) qualifier: Option<Qualifier>,
    /// Its name.
    pub(super) name: FieldName,
    /// The column it is, as it stands.
    pub(super) origin: Option<Origin>,
    /// Whether the qualifier is that of the base relation itself: its written name, or the alias right behind it.
    pub(super) own: bool,
    /// Whether `*` leaves it out.
    pub(super) hidden: bool,
    /// Of what class its type is.
    pub(super) class: TypeClass,
}

impl Field {
    /// A field without qualifier or origin.
    pub(super) fn plain(name: FieldName, class: TypeClass) -> Field {
        Field { qualifier: None, name, origin: None, own: false, hidden: false, class }
    }
}

/// A chain of identifiers that is looked for as a whole.
struct Wanted<'a> {
    number: u64,
    last: &'a str,
    prefix: &'a [CompactString],
}

impl<'a> Wanted<'a> {
    fn of(name: &'a [CompactString]) -> Option<Wanted<'a>> {
        let (last, prefix) = name.split_last()?;
        Some(Wanted { number: FieldName::number(last), last, prefix })
    }

    #[inline]
    fn is(&self, field: &Field) -> bool {
        field.name.number == self.number && self.is_by_letters(field)
    }

    /// Apart, so that the search through fields is one comparison for each.
    #[inline(never)]
    fn is_by_letters(&self, field: &Field) -> bool {
        field.name.text.as_ref().is_some_and(|name| name == self.last)
            && qualifies(field.qualifier.as_ref(), self.prefix)
    }
}

/// Whether a relation of this name can be called `prefix`: the last parts of it, or nothing.
fn qualifies(qualifier: Option<&Qualifier>, prefix: &[CompactString]) -> bool {
    prefix.is_empty() || qualifier.is_some_and(|qualifier| qualifier.ends_with(prefix))
}

/// The fields of a relation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct RelationType {
    /// Those that are known.
    pub(super) fields: Vec<Field>,
    /// One for each part of which the fields are not known, with its name. A part without a name goes by any name,
    /// since what stands in it may have kept its own.
    pub(super) unknown: Vec<Option<Qualifier>>,
}

impl RelationType {
    /// A relation of which nothing is known.
    pub(super) fn unknown() -> RelationType {
        RelationType { fields: Vec::new(), unknown: vec![None] }
    }

    /// The fields of both.
    pub(super) fn join(mut self, other: RelationType) -> RelationType {
        if self.fields.is_empty() && self.unknown.is_empty() {
            return other;
        }
        self.fields.extend(other.fields);
        self.unknown.extend(other.unknown);
        self
    }

    /// The relation under an alias, with column aliases if there are any. `own` says that it is a base relation itself.
    pub(super) fn aliased(self, alias: &CompactString, columns: &[CompactString], own: bool) -> RelationType {
        let qualifier: Qualifier = Arc::from([alias.clone()]);
        if columns.is_empty() {
            let fields = self
                .fields
                .into_iter()
                .map(|field| Field { qualifier: Some(qualifier.clone()), own: own && field.own, ..field })
                .collect();
            let unknown = self.unknown.iter().map(|_| Some(qualifier.clone())).collect();
            return RelationType { fields, unknown };
        }
        let known = self.unknown.is_empty();
        let mut visible = self.fields.into_iter().filter(|field| !field.hidden);
        let fields = columns
            .iter()
            .map(|name| {
                let was = if known { visible.next() } else { None };
                let was = was.unwrap_or_else(|| Field::plain(FieldName::default(), TypeClass::Structural));
                Field {
                    qualifier: Some(qualifier.clone()),
                    name: name.clone().into(),
                    own: own && was.own,
                    hidden: false,
                    ..was
                }
            })
            .collect();
        RelationType { fields, unknown: Vec::new() }
    }

    /// Whether a name stands for a field.
    fn has(&self, name: &[CompactString]) -> bool {
        Wanted::of(name).is_some_and(|wanted| self.fields.iter().any(|field| wanted.is(field)))
    }

    /// Whether a field that is not known may have this name.
    fn may_have(&self, name: &[CompactString]) -> bool {
        let prefix = name.split_last().map(|(_, prefix)| prefix).unwrap_or_default();
        self.unknown.iter().any(|part| part.is_none() || qualifies(part.as_ref(), prefix))
    }

    /// Whether one of its relations can be called `name`.
    pub(super) fn has_relation(&self, name: &[CompactString]) -> bool {
        self.fields.iter().any(|field| field.qualifier.is_some() && qualifies(field.qualifier.as_ref(), name))
    }

    /// Whether a relation of which the fields are not known may be called `name`.
    pub(super) fn may_have_relation(&self, name: &[CompactString]) -> bool {
        self.unknown.iter().any(|part| part.is_none() || qualifies(part.as_ref(), name))
    }
}

/// A scope.
#[derive(Debug, Default)]
pub(super) struct Scope {
    /// The scope that this one stands in.
    pub(super) parent: Option<ScopeRef>,
    /// What names stand for here, before the parent is asked.
    pub(super) relation: RelationType,
    /// The named query that this scope adds.
    pub(super) named: Option<(CompactString, Rc<RelationType>)>,
}

impl Scope {
    /// A scope of `relation` within `parent`.
    pub(super) fn within(parent: &ScopeRef, relation: RelationType) -> ScopeRef {
        Rc::new(Scope { parent: Some(parent.clone()), relation, named: None })
    }

    /// A scope that adds a named query.
    pub(super) fn naming(parent: &ScopeRef, name: CompactString, relation: Rc<RelationType>) -> ScopeRef {
        Rc::new(Scope {
            parent: Some(parent.clone()),
            relation: RelationType::default(),
            named: Some((name, relation)),
        })
    }

    /// This scope and those around it, from the inside.
    pub(super) fn outwards(&self) -> impl Iterator<Item = &Scope> {
        std::iter::successors(Some(self), |scope| scope.parent.as_deref())
    }

    /// The named query of this name.
    pub(super) fn named_query(&self, name: &str) -> Option<Rc<RelationType>> {
        self.outwards().find_map(|scope| {
            scope.named.as_ref().filter(|(known, _)| known == name).map(|(_, relation)| relation.clone())
        })
    }

    /// What a chain of identifiers stands for: the longest part of it that is a column; what follows is a field of it.
    pub(super) fn resolve(&self, chain: &[CompactString]) -> Resolved<'_> {
        for length in (1..=chain.len()).rev() {
            let name = chain.get(..length).unwrap_or_default();
            match self.resolve_whole(name) {
                Whole::Is(field) => return Resolved::Field { field, length },
                Whole::Ambiguous => return Resolved::Ambiguous,
                Whole::NotKnown => return Resolved::NotKnown,
                Whole::Shorter => {}
                Whole::Missing => return Resolved::Missing,
            }
        }
        Resolved::Missing
    }

    fn resolve_whole(&self, name: &[CompactString]) -> Whole<'_> {
        let Some(wanted) = Wanted::of(name) else { return Whole::Missing };
        for scope in self.outwards() {
            let mut found = None;
            for field in &scope.relation.fields {
                if wanted.is(field) && found.replace(field).is_some() {
                    return Whole::Ambiguous;
                }
            }
            if let Some(field) = found {
                return Whole::Is(field);
            }
            let shorter = (1..name.len()).any(|length| {
                let name = name.get(..length).unwrap_or_default();
                scope.relation.has(name)
            });
            if shorter {
                return Whole::Shorter;
            }
            let not_known = (1..=name.len()).any(|length| {
                let name = name.get(..length).unwrap_or_default();
                scope.relation.may_have(name)
            });
            if not_known {
                return Whole::NotKnown;
            }
        }
        Whole::Missing
    }
}

/// What a chain of identifiers stands for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Resolved<'a> {
    /// Its first `length` identifiers are a column.
    Field {
        /// The column.
        field: &'a Field,
        /// How many identifiers name it.
        length: usize,
    },
    /// More than one column of one scope has the name.
    Ambiguous,
    /// There is a relation whose fields are not known.
    NotKnown,
    /// There is no such column.
    Missing,
}

enum Whole<'a> {
    Is(&'a Field),
    Ambiguous,
    NotKnown,
    Shorter,
    Missing,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(name: &[&str], columns: &[&str], relation: usize) -> RelationType {
        let qualifier: Qualifier = name.iter().map(|part| CompactString::from(*part)).collect();
        let fields = columns
            .iter()
            .enumerate()
            .map(|(at, column)| Field {
                qualifier: Some(qualifier.clone()),
                name: CompactString::from(*column).into(),
                origin: Some(Origin { relation, column: at }),
                own: true,
                hidden: false,
                class: TypeClass::Scalar,
            })
            .collect();
        RelationType { fields, unknown: Vec::new() }
    }

    fn resolve(scope: &Scope, chain: &str) -> String {
        let chain: Vec<CompactString> = chain.split('.').map(CompactString::from).collect();
        match scope.resolve(&chain) {
            Resolved::Field { field, length } => {
                let origin = field.origin.as_ref().expect("an origin");
                format!("{}.{} by {length}", origin.relation, origin.column)
            }
            Resolved::Ambiguous => "ambiguous".into(),
            Resolved::NotKnown => "not known".into(),
            Resolved::Missing => "missing".into(),
        }
    }

    #[test]
    fn the_longest_name_wins_and_a_column_hides_outer_relations() {
        let outer = Rc::new(Scope { relation: table(&["lake", "hr", "id"], &["name"], 0), ..Scope::default() });
        let scope = Scope::within(&outer, table(&["lake", "hr", "e"], &["id", "hr"], 1));
        assert_eq!(resolve(&scope, "id"), "1.0 by 1");
        assert_eq!(resolve(&scope, "hr.e.id"), "1.0 by 3");
        assert_eq!(resolve(&scope, "lake.hr.e.id.x"), "1.0 by 4");
        assert_eq!(resolve(&scope, "id.name"), "1.0 by 1");
        assert_eq!(resolve(&scope, "name"), "0.0 by 1");
        assert_eq!(resolve(&scope, "hr.id.name"), "1.1 by 1");
        assert_eq!(resolve(&scope, "e.none"), "missing");
    }

    #[test]
    fn an_alias_replaces_the_name_and_column_aliases_the_columns() {
        let alias =
            table(&["lake", "hr", "e"], &["id", "name"], 0).aliased(&"x".into(), &["a".into(), "b".into()], true);
        let scope = Scope { relation: alias, ..Scope::default() };
        assert_eq!(resolve(&scope, "x.b"), "0.1 by 2");
        assert_eq!(resolve(&scope, "e.id"), "missing");
        assert_eq!(resolve(&scope, "id"), "missing");
    }

    #[test]
    fn a_relation_that_is_not_known_stops_the_search() {
        let outer = Rc::new(Scope { relation: table(&["t"], &["id"], 0), ..Scope::default() });
        let scope = Scope::within(&outer, RelationType::unknown().aliased(&"u".into(), &[], false));
        assert_eq!(resolve(&scope, "id"), "not known");
        assert_eq!(resolve(&scope, "u.id"), "not known");
        assert_eq!(resolve(&scope, "t.id"), "not known");
    }

    #[test]
    fn types_that_can_fail_in_comparisons_are_told_apart() {
        assert_eq!(TypeClass::of("varchar(10)"), TypeClass::Scalar);
        assert_eq!(TypeClass::of("timestamp(3) with time zone"), TypeClass::Zoned);
        assert_eq!(TypeClass::of("timestamp(6)"), TypeClass::Dated);
        assert_eq!(TypeClass::of("date"), TypeClass::Dated);
        assert_eq!(TypeClass::of("time(3) with time zone"), TypeClass::Scalar);
        assert_eq!(TypeClass::of("decimal(21,2)"), TypeClass::Decimal(Digits::of("decimal(21,2)").unwrap()));
        assert_eq!(TypeClass::of("decimal(38)"), TypeClass::Structural);
        assert_eq!(TypeClass::of("array(bigint)"), TypeClass::Structural);
        assert_eq!(TypeClass::of("row(a bigint)"), TypeClass::Structural);
    }
}
