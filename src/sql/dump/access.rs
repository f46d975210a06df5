//! Statements about roles, privileges and owners.

use super::Dump;
use crate::sql::ast::{
    Access, EntityKind, GrantObject, Grantor, Identifier, Principal, PrincipalKind, PrivilegeGrant, PrivilegeName,
    PrivilegeWord, RoleGrant, RoleSetting, Span,
};

impl Dump<'_> {
    pub(super) fn access(&mut self, span: Span, node: &Access) {
        self.node(node.class(), Some(span), |dump| match node {
            Access::CreateRole { name, admin, catalog } => {
                dump.field("name", |dump| dump.identifier(name));
                dump.maybe("grantor", admin.as_ref(), Self::grantor);
                dump.maybe("catalog", catalog.as_ref(), Self::identifier);
            }
            Access::DropRole { name, if_exists, catalog } => {
                dump.field("name", |dump| dump.identifier(name));
                dump.maybe("catalog", catalog.as_ref(), Self::identifier);
                dump.flag("exists", *if_exists);
            }
            Access::GrantRoles(grant) | Access::RevokeRoles(grant) => dump.role_grant(grant),
            Access::Grant(grant) => {
                let PrivilegeGrant { grant_option, privileges, object, principal } = grant;
                dump.privileges(privileges.as_deref(), object, principal);
                dump.flag("grantOption", *grant_option);
            }
            Access::Revoke(grant) => {
                let PrivilegeGrant { grant_option, privileges, object, principal } = grant;
                dump.flag("grantOptionFor", *grant_option);
                dump.privileges(privileges.as_deref(), object, principal);
            }
            Access::Deny(grant) => {
                let PrivilegeGrant { grant_option: _, privileges, object, principal } = grant;
                dump.privileges(privileges.as_deref(), object, principal);
            }
            Access::SetAuthorization { kind, name, owner } => {
                dump.entity_kind("ownedEntityKind", kind);
                dump.field("source", |dump| dump.qualified_name(name));
                dump.field("principal", |dump| dump.principal(owner));
            }
            Access::SetRole { role, catalog } => {
                let (kind, role) = match role {
                    RoleSetting::All => ("ALL", None),
                    RoleSetting::None => ("NONE", None),
                    RoleSetting::Role(role) => ("ROLE", Some(role)),
                };
                dump.text("type", kind);
                dump.maybe("role", role, Self::identifier);
                dump.maybe("catalog", catalog.as_ref(), Self::identifier);
            }
            Access::ShowGrants { object } => dump.maybe("grantObject", object.as_ref(), Self::grant_object),
            Access::ShowRoles { current, catalog } => {
                dump.maybe("catalog", catalog.as_ref(), Self::identifier);
                dump.flag("current", *current);
            }
            Access::ShowRoleGrants { catalog } => dump.maybe("catalog", catalog.as_ref(), Self::identifier),
        });
    }

    /// Trino keeps roles and principals in sets.
    fn role_grant(&mut self, node: &RoleGrant) {
        let RoleGrant { admin_option, roles, principals, grantor, catalog } = node;
        let mut once: Vec<&Identifier> = Vec::with_capacity(roles.len());
        for role in roles {
            if !once.iter().any(|other| same_name(other, role)) {
                once.push(role);
            }
        }
        self.list("roles", &once, |dump, role| dump.identifier(role));
        let mut once: Vec<&Principal> = Vec::with_capacity(principals.len());
        for principal in principals {
            if !once.iter().any(|other| other.kind == principal.kind && same_name(&other.name, &principal.name)) {
                once.push(principal);
            }
        }
        self.list("grantees", &once, |dump, principal| dump.principal(principal));
        self.flag("adminOption", *admin_option);
        self.maybe("grantor", grantor.as_ref(), Self::grantor);
        self.maybe("catalog", catalog.as_ref(), Self::identifier);
    }

    fn privileges(&mut self, privileges: Option<&[PrivilegeName]>, object: &GrantObject, principal: &Principal) {
        self.maybe("privileges", privileges, |dump, privileges| {
            dump.items(privileges, |dump, privilege| match privilege {
                PrivilegeName::Word { span: _, word } => dump.quoted(match word {
                    PrivilegeWord::Create => "CREATE",
                    PrivilegeWord::Select => "SELECT",
                    PrivilegeWord::Delete => "DELETE",
                    PrivilegeWord::Insert => "INSERT",
                    PrivilegeWord::Update => "UPDATE",
                    PrivilegeWord::CreateBranch => "CREATE BRANCH",
                }),
                PrivilegeName::Name(name) => dump.word(name),
            });
        });
        self.field("grantObject", |dump| dump.grant_object(object));
        self.field("grantee", |dump| dump.principal(principal));
    }

    fn grant_object(&mut self, node: &GrantObject) {
        let GrantObject { span, branch, kind, name } = node;
        self.node("GrantObject", Some(*span), |dump| {
            if let Some(kind) = kind {
                dump.entity_kind("entityKind", kind);
            }
            dump.field("name", |dump| dump.qualified_name(name));
            dump.maybe("branch", branch.as_ref(), Self::identifier);
        });
    }

    fn entity_kind(&mut self, key: &str, node: &EntityKind) {
        match node {
            EntityKind::Table => self.text(key, "TABLE"),
            EntityKind::Schema => self.text(key, "SCHEMA"),
            EntityKind::View => self.text(key, "VIEW"),
            EntityKind::MaterializedView => self.text(key, "MATERIALIZED VIEW"),
            EntityKind::Other(name) => self.field(key, |dump| dump.word(name)),
        }
    }

    /// A name that Trino keeps as its text in upper case, quotes included.
    fn word(&mut self, Identifier { value: _, delimited: _, span }: &Identifier) {
        self.quoted(&span.of(self.text).to_uppercase());
    }

    fn grantor(&mut self, node: &Grantor) {
        self.node("GrantorSpecification", None, |dump| {
            let (kind, principal) = match node {
                Grantor::Principal(principal) => ("PRINCIPAL", Some(principal)),
                Grantor::CurrentUser => ("CURRENT_USER", None),
                Grantor::CurrentRole => ("CURRENT_ROLE", None),
            };
            dump.text("type", kind);
            dump.maybe("principal", principal, Self::principal);
        });
    }

    pub(super) fn principal(&mut self, node: &Principal) {
        let Principal { span: _, kind, name } = node;
        self.node("PrincipalSpecification", None, |dump| {
            let kind = match kind {
                None => "UNSPECIFIED",
                Some(PrincipalKind::User) => "USER",
                Some(PrincipalKind::Role) => "ROLE",
            };
            dump.text("type", kind);
            dump.field("name", |dump| dump.identifier(name));
        });
    }
}

fn same_name(left: &Identifier, right: &Identifier) -> bool {
    left.value == right.value && left.delimited == right.delimited
}
