//! Statements about Trino's own roles and privileges, owners, and branches of tables.

use super::{Reader, Unclear};
use crate::analysis::facts::Problem;
use crate::policy::Privilege;
use crate::sql::ast::{Access, Branch, EntityKind, GrantObject, PrivilegeGrant, RoleGrant};

impl<'s> Reader<'s, '_> {
    /// Whether the statement is one that is decided.
    pub(super) fn access(&mut self, access: &'s Access) -> Result<bool, Unclear> {
        match access {
            Access::CreateRole { name, admin: None, catalog: None } => self.role(name, Privilege::Create),
            Access::DropRole { name, if_exists: _, catalog: None } => self.role(name, Privilege::Drop),
            Access::GrantRoles(RoleGrant { admin_option: _, roles, principals: _, grantor: None, catalog: None }) => {
                roles.iter().for_each(|role| self.role(role, Privilege::Grant));
            }
            Access::RevokeRoles(RoleGrant { admin_option: _, roles, principals: _, grantor: None, catalog: None }) => {
                roles.iter().for_each(|role| self.role(role, Privilege::Revoke));
            }
            Access::Grant(grant) => return self.privileges(grant, Privilege::Grant),
            Access::Revoke(grant) | Access::Deny(grant) => return self.privileges(grant, Privilege::Revoke),
            Access::SetAuthorization { kind, name, owner: _ } => match kind {
                EntityKind::Table => {
                    self.table(name, Privilege::Alter)?;
                }
                // Its text would be read with rights that whoever gives it away does not have.
                EntityKind::View | EntityKind::MaterializedView => {
                    return Err((name.span, Problem::NotSupported("giving a view to another owner")));
                }
                EntityKind::Schema => {
                    self.schema(name, Privilege::Alter)?;
                }
                EntityKind::Other(_) => return Ok(false),
            },
            // What Trino knows of roles and of their members is not for each user.
            Access::SetRole { .. }
            | Access::ShowGrants { .. }
            | Access::ShowRoles { .. }
            | Access::ShowRoleGrants { .. }
            | Access::CreateRole { .. }
            | Access::DropRole { .. }
            | Access::GrantRoles(_)
            | Access::RevokeRoles(_) => return Ok(false),
        }
        Ok(true)
    }

    fn privileges(&mut self, grant: &PrivilegeGrant, privilege: Privilege) -> Result<bool, Unclear> {
        let PrivilegeGrant { grant_option: _, privileges: _, object, principal: _ } = grant;
        match object {
            GrantObject { span: _, branch: None, kind: Some(EntityKind::Schema), name } => {
                self.schema(name, privilege)?;
            }
            GrantObject { span: _, branch: None, kind, name } if kind.as_ref().is_none_or(EntityKind::is_relation) => {
                self.table(name, privilege)?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Whether the statement is one that is decided.
    pub(super) fn branch(&mut self, branch: &'s Branch) -> Result<bool, Unclear> {
        match branch {
            Branch::Create { name: _, if_exists: _, properties, table, from: _ } => {
                let table = self.table(table, Privilege::Alter)?;
                self.properties(properties, &[], &table.catalog);
            }
            Branch::Drop { name: _, if_exists: _, table } | Branch::FastForward { name: _, table, to: _ } => {
                self.table(table, Privilege::Alter)?;
            }
            Branch::Show { table: _ } => return Ok(false),
        }
        Ok(true)
    }
}
