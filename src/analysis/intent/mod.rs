//! What a statement that changes something is about to do: the privileges that it needs on which objects, the rows that
//! it reads, and the tables that must stand open to the user.
//!
//! In: the tree of a statement and the session. Out: its [`Intent`]; `None` for a statement that is not decided. It looks
//! at no policy and at no table.
//!
//! The privileges are those of Ranger's service definition for Trino, as Trino's own access control asks for them
//! (<https://trino.io/docs/476/security/ranger-access-control.html>), or stricter.

mod access;
mod change;
mod definition;
mod properties;
pub(super) mod routine;

use super::facts::{FunctionUse, Problem};
use super::metadata::is_metadata;
use super::session::Session;
use super::walk::table_name;
use super::world::is_store;
use crate::names::TableName;
use crate::policy::{Object, Privilege};
use crate::sql::ast::{Expr, Identifier, QualifiedName, Query, Relation};
use crate::sql::{Span, StatementKind};

/// What a statement is about to do.
#[derive(Debug, Default)]
pub(crate) struct Intent<'s> {
    /// The privileges that it needs, all of them, in the order in which they are asked for.
    pub(crate) needed: Vec<Needed>,
    /// Tables that have to stand open, and how far.
    pub(crate) open: Vec<(TableName, Span, Open)>,
    /// Values that must be constants.
    pub(crate) constants: Vec<&'s Expr>,
    /// The rows that it reads.
    pub(crate) reads: Option<Reads<'s>>,
    /// The schema whose tables it drops, each one, known or not.
    pub(crate) drops_all_of: Option<TableName>,
    /// The functions that a function which it creates calls.
    pub(crate) calls: Vec<FunctionUse>,
}

/// A privilege on an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Needed {
    /// Of what sort the object is.
    pub(crate) object: Object,
    /// Its name; of a schema, a catalog or a role the parts that are left are empty.
    pub(crate) name: TableName,
    /// What must be granted.
    pub(crate) privilege: Privilege,
    /// For what, where the privilege alone does not tell.
    pub(crate) purpose: Option<&'static str>,
}

impl Needed {
    /// The object's name: only the parts that it has.
    pub(crate) fn shown(&self) -> String {
        let TableName { catalog, schema, table } = &self.name;
        let parts = [catalog, schema, table].into_iter().filter(|part| !part.is_empty());
        parts.map(|part| part.as_str()).collect::<Vec<_>>().join(".")
    }

    /// The word for its sort.
    pub(crate) fn sort(&self) -> &'static str {
        match self.object {
            Object::Table => "table",
            Object::Function => "function",
            Object::Procedure => "procedure",
            Object::Schema => "schema",
            Object::Catalog => "catalog",
            Object::Role => "role",
        }
    }
}

/// How far a table has to stand open to the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Open {
    /// No mask and no filter: what is written can't be told from what is hidden.
    Values,
    /// If it may be read, then each row and each column: a column that is called otherwise, or filled anew, has the masks
    /// and filters of its new name and values.
    IfRead,
    /// Each row and each column may be read: it gets other policies under its new name, or its definition is copied.
    Read,
    /// No policy about the view itself narrows it: it gets other ones under its new name. What its text reads keeps its own.
    Itself,
}

/// The rows that a statement reads.
#[derive(Debug)]
pub(crate) enum Reads<'s> {
    /// Those of a query.
    Query(&'s Query),
    /// Those of the table that it changes, which has to be open for that, and of whatever is merged into it.
    Own(Own<'s>),
    /// None yet: the text of a view is kept as it is, and read by whoever reads the view.
    Kept(&'s Query, Kept),
}

/// What is kept of a text, and with whose rights it is read where nobody but Trino looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kept {
    /// The text, which is read with the rights of the view's reader.
    ForReaders,
    /// The text, which is read with the rights of the view's owner.
    ForOwner,
    /// The text and the rows that it gives.
    Rows,
}

/// Expressions over the rows of the table that a statement changes.
#[derive(Debug)]
pub(crate) struct Own<'s> {
    /// The table.
    pub(crate) table: &'s QualifiedName,
    /// Its alias.
    pub(crate) alias: Option<&'s Identifier>,
    /// What is merged into it.
    pub(crate) source: Option<&'s Relation>,
    /// The expressions.
    pub(crate) exprs: Vec<&'s Expr>,
}

/// Why it can't be told.
pub(crate) type Unclear = (Span, Problem);

/// What a statement is about to do; `None` if it is one that is not decided.
///
/// # Errors
/// What in it can't be resolved, or is not decided.
pub(crate) fn intent<'s>(kind: &'s StatementKind, session: &Session) -> Result<Option<Intent<'s>>, Unclear> {
    let mut reader = Reader { session, intent: Intent::default() };
    let known = match kind {
        StatementKind::Definition(definition) => reader.definition(definition)?,
        StatementKind::Change(change) => reader.change(change)?,
        StatementKind::Access(access) => reader.access(access)?,
        StatementKind::Branch(branch) => reader.branch(branch)?,
        _ => false,
    };
    Ok(known.then_some(reader.intent))
}

/// Reads one statement.
struct Reader<'s, 'a> {
    session: &'a Session,
    intent: Intent<'s>,
}

impl<'s> Reader<'s, '_> {
    fn need(&mut self, object: Object, name: TableName, privilege: Privilege) {
        self.intent.needed.push(Needed { object, name, privilege, purpose: None });
    }

    /// A privilege on a table, whose full name comes out.
    fn table(&mut self, name: &QualifiedName, privilege: Privilege) -> Result<TableName, Unclear> {
        let full = self.table_name(name)?;
        self.need(Object::Table, full.clone(), privilege);
        Ok(full)
    }

    /// A privilege on a table that has to stand open.
    fn open(&mut self, name: &QualifiedName, privilege: Privilege, open: Open) -> Result<TableName, Unclear> {
        let full = self.table(name, privilege)?;
        self.intent.open.push((full.clone(), name.span, open));
        Ok(full)
    }

    fn table_name(&self, name: &QualifiedName) -> Result<TableName, Unclear> {
        let full = table_name(self.session, name).map_err(|problem| (name.span, problem))?;
        if is_metadata(&full) || is_store(&full) || full.table.contains(['$', '@']) {
            return Err((name.span, Problem::NotSupported("a change of what Trino keeps itself")));
        }
        Ok(full)
    }

    fn schema(&mut self, name: &QualifiedName, privilege: Privilege) -> Result<TableName, Unclear> {
        let full = match name.parts.as_slice() {
            [catalog, schema] => TableName::new(&catalog.value, &schema.value, ""),
            [schema] => match self.session.catalog.as_deref() {
                Some(catalog) => TableName::new(catalog, &schema.value, ""),
                None => return Err((name.span, Problem::NoCatalog)),
            },
            _ => return Err((name.span, Problem::NotSupported("a schema's name of so many parts"))),
        };
        self.need(Object::Schema, full.clone(), privilege);
        Ok(full)
    }

    /// A function's name, which is looked for at other places where it is not whole.
    fn function_name(&self, name: &QualifiedName) -> Result<TableName, Unclear> {
        match name.parts.as_slice() {
            [catalog, schema, function] => Ok(TableName::new(&catalog.value, &schema.value, &function.value)),
            _ => Err((name.span, Problem::NotSupported("a function's name without catalog and schema"))),
        }
    }

    fn catalog(&mut self, name: &str, privilege: Privilege, purpose: Option<&'static str>) {
        let name = TableName::new(name, "", "");
        self.intent.needed.push(Needed { object: Object::Catalog, name, privilege, purpose });
    }

    fn role(&mut self, name: &Identifier, privilege: Privilege) {
        self.need(Object::Role, TableName::new(&name.value, "", ""), privilege);
    }
}
