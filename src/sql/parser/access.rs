//! Roles, privileges and owners.

use super::{Parsed, Parser};
use crate::sql::ast::{
    Access, EntityKind, GrantObject, Grantor, Identifier, Principal, PrincipalKind, PrivilegeGrant, PrivilegeName,
    PrivilegeWord, QualifiedName, RoleGrant, StatementKind,
};

/// The privileges that are words of the grammar, in Trino's order.
const PRIVILEGES: &[(&str, PrivilegeWord)] = &[
    ("CREATE", PrivilegeWord::Create),
    ("DELETE", PrivilegeWord::Delete),
    ("INSERT", PrivilegeWord::Insert),
    ("SELECT", PrivilegeWord::Select),
    ("UPDATE", PrivilegeWord::Update),
];

fn access(access: Access) -> Parsed<StatementKind> {
    Ok(StatementKind::Access(Box::new(access)))
}

impl Parser<'_> {
    /// What follows `CREATE ROLE`.
    pub(super) fn create_role(&mut self) -> Parsed<StatementKind> {
        let name = self.identifier()?;
        let admin = if self.maybe_all(&["WITH", "ADMIN"])? { Some(self.grantor()?) } else { None };
        access(Access::CreateRole { name, admin, catalog: self.in_catalog()? })
    }

    /// What follows `DROP ROLE`.
    pub(super) fn drop_role(&mut self) -> Parsed<StatementKind> {
        let if_exists = self.if_exists();
        let name = self.identifier()?;
        access(Access::DropRole { name, if_exists, catalog: self.in_catalog()? })
    }

    /// What follows `GRANT`: privileges on an object, or roles.
    pub(super) fn grant(&mut self) -> Parsed<StatementKind> {
        let privileges = self.privileges()?;
        if privileges.is_some() {
            self.note("TO");
        }
        match privileges {
            Some(roles) if !self.is("ON") && self.is("TO") => {
                self.advance();
                let roles = self.roles(roles);
                let principals = self.list(Self::principal)?;
                let admin_option = self.maybe_all(&["WITH", "ADMIN", "OPTION"])?;
                let grantor = self.granted_by()?;
                let catalog = self.in_catalog()?;
                access(Access::GrantRoles(RoleGrant { admin_option, roles, principals, grantor, catalog }))
            }
            privileges => {
                self.expect("ON")?;
                let object = self.grant_object("TO")?;
                self.expect("TO")?;
                let principal = self.principal()?;
                let grant_option = self.maybe_all(&["WITH", "GRANT", "OPTION"])?;
                access(Access::Grant(PrivilegeGrant { grant_option, privileges, object, principal }))
            }
        }
    }

    /// What follows `REVOKE`: privileges on an object, or roles.
    pub(super) fn revoke(&mut self) -> Parsed<StatementKind> {
        let admin_option = self.are(&["ADMIN", "OPTION"]);
        let grant_option = self.are(&["GRANT", "OPTION"]);
        if admin_option || grant_option {
            self.skip(2);
            self.expect("FOR")?;
        } else {
            self.note_all(&["ADMIN", "GRANT"]);
        }
        if admin_option {
            self.note("<identifier>");
        }
        let privileges = if admin_option { Some(self.list(Self::privilege)?) } else { self.privileges()? };
        if privileges.is_some() && !grant_option {
            self.note("FROM");
        }
        match privileges {
            Some(roles) if !grant_option && (admin_option || self.is("FROM")) => {
                self.expect("FROM")?;
                let roles = self.roles(roles);
                let principals = self.list(Self::principal)?;
                let grantor = self.granted_by()?;
                let catalog = self.in_catalog()?;
                access(Access::RevokeRoles(RoleGrant { admin_option, roles, principals, grantor, catalog }))
            }
            privileges => {
                self.expect("ON")?;
                let object = self.grant_object("FROM")?;
                self.expect("FROM")?;
                let principal = self.principal()?;
                access(Access::Revoke(PrivilegeGrant { grant_option, privileges, object, principal }))
            }
        }
    }

    /// What follows `DENY`.
    pub(super) fn deny(&mut self) -> Parsed<StatementKind> {
        let privileges = self.privileges()?;
        self.expect("ON")?;
        let object = self.grant_object("TO")?;
        self.expect("TO")?;
        let principal = self.principal()?;
        access(Access::Deny(PrivilegeGrant { grant_option: false, privileges, object, principal }))
    }

    /// Privileges or roles; `None` for `ALL PRIVILEGES`.
    fn privileges(&mut self) -> Parsed<Option<Vec<PrivilegeName>>> {
        if self.eat_all(&["ALL", "PRIVILEGES"]) {
            return Ok(None);
        }
        self.note("ALL");
        self.list(Self::privilege).map(Some)
    }

    fn privilege(&mut self) -> Parsed<PrivilegeName> {
        let span = self.here();
        let word = PRIVILEGES.iter().find(|(keyword, _)| self.is(keyword));
        if let Some((_, word)) = word {
            self.advance();
            if *word == PrivilegeWord::Create && self.has_483() && self.maybe("BRANCH") {
                return Ok(PrivilegeName::Word { span: self.since(span), word: PrivilegeWord::CreateBranch });
            }
            return Ok(PrivilegeName::Word { span, word: *word });
        }
        PRIVILEGES.iter().for_each(|(keyword, _)| self.note(keyword));
        self.identifier().map(PrivilegeName::Name)
    }

    /// The names of roles. The grammar takes the words of privileges for them too, Trino does not.
    fn roles(&mut self, names: Vec<PrivilegeName>) -> Vec<Identifier> {
        let mut roles = Vec::with_capacity(names.len());
        for name in names {
            match name {
                PrivilegeName::Name(name) => roles.push(name),
                PrivilegeName::Word { span, word: _ } => {
                    self.object(span, "May not use a privilege name as a role name");
                }
            }
        }
        roles
    }

    /// `[kind] name`, before the word `end`. Both kind and name may be that word, if it is none of the reserved.
    fn grant_object(&mut self, end: &str) -> Parsed<GrantObject> {
        let start = self.here();
        let branch = if self.has_483() && self.is("BRANCH") && self.is_identifier_at(1) && self.is_at(2, "IN") {
            self.advance();
            let branch = self.identifier()?;
            self.expect("IN")?;
            Some(branch)
        } else {
            None
        };
        let kind_follows = self.is("TABLE") || (self.is_identifier_at(0) && self.name_follows_kind(end));
        let kind = if kind_follows {
            Some(self.entity_kind(false)?)
        } else {
            self.note_all(&["SCHEMA", "TABLE"]);
            None
        };
        let name = self.dotted_name()?;
        Ok(GrantObject { span: self.since(start), branch, kind, name })
    }

    /// Whether an object's name and the word `end` follow the word that comes next, which is the object's kind then.
    fn name_follows_kind(&self, end: &str) -> bool {
        if !self.is_identifier_at(1) {
            return false;
        }
        if !self.is_at(1, end) || self.is_symbol_at(2, ".") {
            return true;
        }
        self.is_at(2, end) && self.is_identifier_at(3)
    }

    /// `TABLE`, `SCHEMA`, or any other word; `VIEW` where it is a word of the grammar or may be taken for it.
    fn entity_kind(&mut self, owned: bool) -> Parsed<EntityKind> {
        let words = [("SCHEMA", EntityKind::Schema), ("TABLE", EntityKind::Table), ("VIEW", EntityKind::View)];
        for (word, kind) in words {
            if self.eat(word) {
                return Ok(kind);
            }
            if owned || kind != EntityKind::View {
                self.note(word);
            }
        }
        self.identifier().map(EntityKind::Other)
    }

    /// `kind name SET AUTHORIZATION owner`.
    pub(super) fn alter_owner(&mut self) -> Parsed<StatementKind> {
        let kind = self.entity_kind(true)?;
        let name = self.dotted_name()?;
        self.expect("SET")?;
        self.set_authorization(kind, name)
    }

    /// `AUTHORIZATION owner`.
    pub(super) fn set_authorization(&mut self, kind: EntityKind, name: QualifiedName) -> Parsed<StatementKind> {
        self.expect("AUTHORIZATION")?;
        access(Access::SetAuthorization { kind, name, owner: self.principal()? })
    }

    /// `[USER | ROLE] name`. Either word may be the name itself.
    pub(super) fn principal(&mut self) -> Parsed<Principal> {
        let start = self.here();
        let name_follows = self.is_identifier_at(1) && !(self.is_at(1, "GRANTED") && self.is_at(2, "BY"));
        let kind = if name_follows && self.maybe("USER") {
            Some(PrincipalKind::User)
        } else if name_follows && self.maybe("ROLE") {
            Some(PrincipalKind::Role)
        } else {
            self.note_all(&["ROLE", "USER"]);
            None
        };
        let alone = kind.is_none() && self.is_any(&["ROLE", "USER"]);
        let name = self.identifier()?;
        if alone {
            self.note("<identifier>");
        }
        Ok(Principal { span: self.since(start), kind, name })
    }

    fn grantor(&mut self) -> Parsed<Grantor> {
        if self.maybe("CURRENT_USER") {
            return Ok(Grantor::CurrentUser);
        }
        if self.maybe("CURRENT_ROLE") {
            return Ok(Grantor::CurrentRole);
        }
        self.principal().map(Grantor::Principal)
    }

    fn granted_by(&mut self) -> Parsed<Option<Grantor>> {
        if self.maybe_all(&["GRANTED", "BY"])? { self.grantor().map(Some) } else { Ok(None) }
    }

    /// `[IN catalog]`.
    pub(super) fn in_catalog(&mut self) -> Parsed<Option<Identifier>> {
        if self.maybe("IN") { self.identifier().map(Some) } else { Ok(None) }
    }

    /// What follows `SHOW GRANTS`.
    pub(super) fn show_grants(&mut self) -> Parsed<StatementKind> {
        let object = if self.maybe("ON") { Some(self.grant_object("")?) } else { None };
        access(Access::ShowGrants { object })
    }
}
