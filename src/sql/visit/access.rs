//! What lies below a statement about roles, privileges or owners.

macro_rules! access {
    ($name:ident, $($mutable:tt)?) => {
        pub fn access<V: $name + ?Sized>(v: &mut V, node: & $($mutable)? Access) {
            match node {
                Access::CreateRole { name, admin, catalog } => {
                    v.identifier(name);
                    if let Some(admin) = admin { grantor(v, admin); }
                    if let Some(catalog) = catalog { v.identifier(catalog); }
                }
                Access::DropRole { name, if_exists: _, catalog } => {
                    v.identifier(name);
                    if let Some(catalog) = catalog { v.identifier(catalog); }
                }
                Access::GrantRoles(grant) | Access::RevokeRoles(grant) => {
                    let RoleGrant { admin_option: _, roles, principals, grantor: by, catalog } = grant;
                    identifiers(v, roles);
                    for node in principals { principal(v, node); }
                    if let Some(by) = by { grantor(v, by); }
                    if let Some(catalog) = catalog { v.identifier(catalog); }
                }
                Access::Grant(grant) | Access::Revoke(grant) | Access::Deny(grant) => {
                    let PrivilegeGrant { grant_option: _, privileges, object, principal: grantee } = grant;
                    if let Some(privileges) = privileges {
                        for privilege in privileges {
                            match privilege {
                                PrivilegeName::Word { span, word: _ } => v.span(span),
                                PrivilegeName::Name(name) => v.identifier(name),
                            }
                        }
                    }
                    grant_object(v, object);
                    principal(v, grantee);
                }
                Access::SetAuthorization { kind, name, owner } => {
                    entity(v, Some(kind), name);
                    principal(v, owner);
                }
                Access::SetRole { role, catalog } => {
                    match role {
                        RoleSetting::All | RoleSetting::None => {}
                        RoleSetting::Role(role) => v.identifier(role),
                    }
                    if let Some(catalog) = catalog { v.identifier(catalog); }
                }
                Access::ShowGrants { object } => if let Some(object) = object { grant_object(v, object); },
                Access::ShowRoles { current: _, catalog } | Access::ShowRoleGrants { catalog } => {
                    if let Some(catalog) = catalog { v.identifier(catalog); }
                }
            }
        }

        fn grant_object<V: $name + ?Sized>(v: &mut V, node: & $($mutable)? GrantObject) {
            let GrantObject { span, branch, kind, name } = node;
            v.span(span);
            if let Some(branch) = branch { v.identifier(branch); }
            let kind = if let Some(kind) = kind { Some(kind) } else { None };
            entity(v, kind, name);
        }

        /// An object's name, and the kind before it; without one it is a table's.
        fn entity<V: $name + ?Sized>(
            v: &mut V,
            kind: Option<& $($mutable)? EntityKind>,
            name: & $($mutable)? QualifiedName,
        ) {
            match kind {
                None | Some(EntityKind::Table | EntityKind::View | EntityKind::MaterializedView) => v.table_name(name),
                Some(EntityKind::Schema) => v.other_name(name),
                Some(EntityKind::Other(kind)) => {
                    v.identifier(kind);
                    v.other_name(name);
                }
            }
        }

        fn grantor<V: $name + ?Sized>(v: &mut V, node: & $($mutable)? Grantor) {
            match node {
                Grantor::Principal(node) => principal(v, node),
                Grantor::CurrentUser | Grantor::CurrentRole => {}
            }
        }

        fn principal<V: $name + ?Sized>(v: &mut V, node: & $($mutable)? Principal) {
            let Principal { span, kind: _, name } = node;
            v.span(span);
            v.identifier(name);
        }
    };
}
pub(super) use access;
