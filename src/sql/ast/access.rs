//! Statements about roles, privileges and owners.

use super::{Identifier, QualifiedName, Span};

/// A statement about roles, privileges or owners.
#[derive(Clone, Debug, PartialEq)]
pub enum Access {
    /// `CREATE ROLE name [WITH ADMIN grantor] [IN catalog]`.
    CreateRole {
        /// The role.
        name: Identifier,
        /// `WITH ADMIN`.
        admin: Option<Grantor>,
        /// `IN catalog`.
        catalog: Option<Identifier>,
    },
    /// `DROP ROLE [IF EXISTS] name [IN catalog]`.
    DropRole {
        /// The role.
        name: Identifier,
        /// `IF EXISTS`.
        if_exists: bool,
        /// `IN catalog`.
        catalog: Option<Identifier>,
    },
    /// `GRANT roles TO principals …`.
    GrantRoles(RoleGrant),
    /// `REVOKE roles FROM principals …`.
    RevokeRoles(RoleGrant),
    /// `GRANT privileges ON object TO principal [WITH GRANT OPTION]`.
    Grant(PrivilegeGrant),
    /// `REVOKE [GRANT OPTION FOR] privileges ON object FROM principal`.
    Revoke(PrivilegeGrant),
    /// `DENY privileges ON object TO principal`.
    Deny(PrivilegeGrant),
    /// `ALTER kind name SET AUTHORIZATION owner`.
    SetAuthorization {
        /// Of what kind the object is.
        kind: EntityKind,
        /// The object.
        name: QualifiedName,
        /// Its new owner.
        owner: Principal,
    },
    /// `SET ROLE {ALL | NONE | role} [IN catalog]`.
    SetRole {
        /// Which.
        role: RoleSetting,
        /// `IN catalog`.
        catalog: Option<Identifier>,
    },
    /// `SHOW GRANTS [ON object]`.
    ShowGrants {
        /// On what.
        object: Option<GrantObject>,
    },
    /// `SHOW [CURRENT] ROLES [FROM catalog]`.
    ShowRoles {
        /// `CURRENT`.
        current: bool,
        /// The catalog.
        catalog: Option<Identifier>,
    },
    /// `SHOW ROLE GRANTS [FROM catalog]`.
    ShowRoleGrants {
        /// The catalog.
        catalog: Option<Identifier>,
    },
}

impl Access {
    /// Whether it changes nothing.
    pub fn only_shows(&self) -> bool {
        match self {
            Access::ShowGrants { .. } | Access::ShowRoles { .. } | Access::ShowRoleGrants { .. } => true,
            Access::CreateRole { .. }
            | Access::DropRole { .. }
            | Access::GrantRoles(_)
            | Access::RevokeRoles(_)
            | Access::Grant(_)
            | Access::Revoke(_)
            | Access::Deny(_)
            | Access::SetAuthorization { .. }
            | Access::SetRole { .. } => false,
        }
    }

    /// Trino's class name of the statement.
    pub fn class(&self) -> &'static str {
        match self {
            Access::CreateRole { .. } => "CreateRole",
            Access::DropRole { .. } => "DropRole",
            Access::GrantRoles(_) => "GrantRoles",
            Access::RevokeRoles(_) => "RevokeRoles",
            Access::Grant(_) => "Grant",
            Access::Revoke(_) => "Revoke",
            Access::Deny(_) => "Deny",
            Access::SetAuthorization { .. } => "SetAuthorizationStatement",
            Access::SetRole { .. } => "SetRole",
            Access::ShowGrants { .. } => "ShowGrants",
            Access::ShowRoles { .. } => "ShowRoles",
            Access::ShowRoleGrants { .. } => "ShowRoleGrants",
        }
    }
}

/// `roles {TO | FROM} principals [WITH ADMIN OPTION] [GRANTED BY grantor] [IN catalog]`.
#[derive(Clone, Debug, PartialEq)]
pub struct RoleGrant {
    /// `WITH ADMIN OPTION`, or `ADMIN OPTION FOR` of `REVOKE`.
    pub admin_option: bool,
    /// The roles, one or more.
    pub roles: Vec<Identifier>,
    /// To whom or from whom, one or more.
    pub principals: Vec<Principal>,
    /// `GRANTED BY`.
    pub grantor: Option<Grantor>,
    /// `IN catalog`.
    pub catalog: Option<Identifier>,
}

/// `privileges ON object {TO | FROM} principal`.
#[derive(Clone, Debug, PartialEq)]
pub struct PrivilegeGrant {
    /// `WITH GRANT OPTION`, or `GRANT OPTION FOR` of `REVOKE`; `DENY` has none.
    pub grant_option: bool,
    /// The privileges, one or more; `None` for `ALL PRIVILEGES`.
    pub privileges: Option<Vec<PrivilegeName>>,
    /// On what.
    pub object: GrantObject,
    /// To whom or from whom.
    pub principal: Principal,
}

/// What a privilege is called.
#[derive(Clone, Debug, PartialEq)]
pub enum PrivilegeName {
    /// A word of the grammar.
    Word {
        /// Where it stands.
        span: Span,
        /// Which.
        word: PrivilegeWord,
    },
    /// Any other name.
    Name(Identifier),
}

/// The privileges that are words of the grammar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words of the grammar")]
pub enum PrivilegeWord {
    Create,
    Select,
    Delete,
    Insert,
    Update,
    /// `CREATE BRANCH`, of Trino 483.
    CreateBranch,
}

/// `[kind] name`.
#[derive(Clone, Debug, PartialEq)]
pub struct GrantObject {
    /// The whole of it.
    pub span: Span,
    /// `BRANCH branch IN` before it, of Trino 483.
    pub branch: Option<Identifier>,
    /// Of what kind the object is; a table if that is not said.
    pub kind: Option<EntityKind>,
    /// The object.
    pub name: QualifiedName,
}

impl GrantObject {
    /// Whether the object is a table or a view.
    pub fn is_relation(&self) -> bool {
        self.kind.as_ref().is_none_or(EntityKind::is_relation)
    }
}

/// Of what kind an object is that has an owner or privileges.
#[derive(Clone, Debug, PartialEq)]
pub enum EntityKind {
    /// `TABLE`.
    Table,
    /// `SCHEMA`.
    Schema,
    /// `VIEW`.
    View,
    /// `MATERIALIZED VIEW`, of Trino 483.
    MaterializedView,
    /// A kind that the grammar has no word for; connectors and Trino itself know more of them.
    Other(Identifier),
}

impl EntityKind {
    /// Whether an object of this kind is a table or a view.
    pub fn is_relation(&self) -> bool {
        match self {
            EntityKind::Table | EntityKind::View | EntityKind::MaterializedView => true,
            EntityKind::Schema | EntityKind::Other(_) => false,
        }
    }
}

/// `[USER | ROLE] name`.
#[derive(Clone, Debug, PartialEq)]
pub struct Principal {
    /// The whole of it.
    pub span: Span,
    /// `USER` or `ROLE`.
    pub kind: Option<PrincipalKind>,
    /// Who.
    pub name: Identifier,
}

/// What a principal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words of the grammar")]
pub enum PrincipalKind {
    User,
    Role,
}

/// Who grants.
#[derive(Clone, Debug, PartialEq)]
pub enum Grantor {
    /// Somebody by name.
    Principal(Principal),
    /// `CURRENT_USER`.
    CurrentUser,
    /// `CURRENT_ROLE`.
    CurrentRole,
}

/// Which roles a session has.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the words of the grammar")]
pub enum RoleSetting {
    All,
    None,
    Role(Identifier),
}
