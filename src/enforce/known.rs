//! Statements that show what Trino knows of roles, functions and branches.

use super::judge::{Draft, Judge, Stop};
use super::{ErrorCode, Refusal, refusals};
use crate::analysis::metadata::catalog_is_visible;
use crate::analysis::object::Reading;
use crate::catalog::table::Need;
use crate::names::TableName;
use crate::policy::{Answer, Object, Privilege};
use crate::rewrite::Edit;
use crate::sql::ast::{Access, Identifier, QualifiedName};
use crate::sql::{Span, Statement, StatementKind};

/// As `SHOW ROLES` where there are none.
const NO_ROLES: &str = r#"SELECT CAST(NULL AS varchar) AS "Role" WHERE FALSE"#;

impl Judge<'_> {
    /// A statement about roles and privileges that changes nothing; `None` for another one.
    pub(super) fn shows_access(&mut self, text: &str, statement: &Statement) -> Option<Result<Draft, Stop>> {
        let StatementKind::Access(access) = &statement.kind else { return None };
        Some(match &**access {
            Access::ShowGrants { object: _ } => {
                self.show(text, statement).map(|edits| Draft { edits, ..Draft::default() })
            }
            // Of the user's own roles.
            Access::ShowRoles { current: true, catalog } | Access::ShowRoleGrants { catalog } => {
                self.of_visible_catalog(catalog.as_ref()).map(|()| Draft::default())
            }
            Access::ShowRoles { current: false, catalog } => self.show_roles(catalog.as_ref(), statement.span),
            _ => return None,
        })
    }

    /// All roles are shown to whoever may see what goes on in Trino, none to others.
    fn show_roles(&mut self, catalog: Option<&Identifier>, span: Span) -> Result<Draft, Stop> {
        self.of_visible_catalog(catalog)?;
        match self.request.snapshot.may_read_system_information(self.request.subject) {
            Answer::Granted(policy) => {
                self.record.policies.insert(policy.policy.clone());
                Ok(Draft::default())
            }
            Answer::Denied(_) | Answer::NotGranted => {
                Ok(Draft { edits: vec![Edit { span, text: NO_ROLES.to_owned() }], ..Draft::default() })
            }
        }
    }

    /// A catalog that is not visible is refused as one that is not there.
    fn of_visible_catalog(&mut self, catalog: Option<&Identifier>) -> Result<(), Stop> {
        let Some(catalog) = catalog.map(Identifier::folded) else { return Ok(()) };
        let need = Need::Catalog(catalog.clone());
        let visible = catalog_is_visible(self.world.visible(), &catalog);
        match self.request.tables.get(&need) {
            _ if !visible => {}
            None => return Err(Stop::Needs(vec![need])),
            Some(crate::catalog::table::Known::Exists) => return Ok(()),
            Some(_) => {}
        }
        let message = format!("Catalog '{catalog}' not found");
        Err(Refusal { code: ErrorCode::CatalogNotFound, message, location: Some((1, 1)) }.into())
    }

    /// The text of a function needs a grant of `show`.
    pub(super) fn show_create_function(&mut self, text: &str, name: &QualifiedName) -> Result<(), Stop> {
        let [catalog, schema, function] = name.parts.as_slice() else {
            let message = "Sluice needs the function's full name: catalog.schema.function";
            return Err(refusals::at(text, name.span, ErrorCode::NotSupported, message).into());
        };
        let name = TableName::new(&catalog.value, &schema.value, &function.value);
        self.granted(&crate::analysis::intent::Needed {
            object: Object::Function,
            name,
            privilege: Privilege::Show,
            purpose: None,
        })
    }

    /// Branches tell when and by whom a table was changed, as its table `$refs` does: all of it has to be open.
    pub(super) fn show_branches(&mut self, text: &str, name: &QualifiedName) -> Result<(), Stop> {
        let table = self.table_name(text, name)?;
        let object = self.world.object(&table);
        self.needs()?;
        match &object.reading {
            Reading::Unrestricted { .. } if !table.table.contains(['$', '@']) => Ok(()),
            Reading::Missing => {
                let message = format!("Table '{table}' does not exist");
                Err(refusals::at(text, name.span, ErrorCode::TableNotFound, message).into())
            }
            _ => Err(refusals::denied(format_args!(
                "Cannot show branches of table {table}: you may not read each row and column of it, or there is no such table"
            ))
            .into()),
        }
    }
}
