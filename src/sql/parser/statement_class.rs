//! The statements that are known by their first words only, by the name of Trino's class for each.

use super::Parser;
use crate::sql::token::TokenKind;

/// First words and class. Longer beginnings stand before shorter ones.
const CLASSES: &[(&[&str], &str)] = &[
    (&["CREATE", "CATALOG"], "CreateCatalog"),
    (&["DROP", "CATALOG"], "DropCatalog"),
    (&["CREATE", "SCHEMA"], "CreateSchema"),
    (&["DROP", "SCHEMA"], "DropSchema"),
    (&["DROP", "TABLE"], "DropTable"),
    (&["INSERT", "INTO"], "Insert"),
    (&["DELETE", "FROM"], "Delete"),
    (&["TRUNCATE", "TABLE"], "TruncateTable"),
    (&["COMMENT", "ON"], "Comment"),
    (&["ANALYZE"], "Analyze"),
    (&["CREATE", "MATERIALIZED"], "CreateMaterializedView"),
    (&["CREATE", "OR", "REPLACE", "MATERIALIZED"], "CreateMaterializedView"),
    (&["CREATE", "VIEW"], "CreateView"),
    (&["CREATE", "OR", "REPLACE", "VIEW"], "CreateView"),
    (&["CREATE", "FUNCTION"], "CreateFunction"),
    (&["CREATE", "OR", "REPLACE", "FUNCTION"], "CreateFunction"),
    (&["REFRESH", "MATERIALIZED"], "RefreshMaterializedView"),
    (&["DROP", "MATERIALIZED"], "DropMaterializedView"),
    (&["DROP", "VIEW"], "DropView"),
    (&["CALL"], "Call"),
    (&["DROP", "FUNCTION"], "DropFunction"),
    (&["CREATE", "ROLE"], "CreateRole"),
    (&["DROP", "ROLE"], "DropRole"),
    (&["DENY"], "Deny"),
    (&["SET", "ROLE"], "SetRole"),
    (&["SHOW", "GRANTS"], "ShowGrants"),
    (&["SHOW", "ROLES"], "ShowRoles"),
    (&["SHOW", "CURRENT", "ROLES"], "ShowRoles"),
    (&["SHOW", "ROLE", "GRANTS"], "ShowRoleGrants"),
    (&["SET", "PATH"], "SetPath"),
    (&["UPDATE"], "Update"),
    (&["MERGE"], "Merge"),
];

impl Parser<'_> {
    /// The class of the statement that comes next, if it is one that Sluice does not read.
    pub(super) fn unsupported_class(&self) -> Option<&'static str> {
        let known = CLASSES.iter().find(|(words, _)| self.are(words)).map(|(_, class)| *class);
        known.or_else(|| {
            if self.is("WITH") && self.begins_with_definitions() {
                Some("Query")
            } else if self.is("CREATE") {
                self.create_table_class()
            } else if self.is("ALTER") {
                self.alter_class()
            } else if self.is("GRANT") {
                Some(self.grant_class("GrantRoles", "Grant"))
            } else if self.is("REVOKE") {
                Some(self.grant_class("RevokeRoles", "Revoke"))
            } else if self.are(&["SET", "SESSION", "AUTHORIZATION"]) {
                let property = self.is_symbol_at(3, "=") || self.is_symbol_at(3, ".");
                (!property).then_some("SetSessionAuthorization")
            } else if self.are(&["RESET", "SESSION", "AUTHORIZATION"]) && !self.is_symbol_at(3, ".") {
                Some("ResetSessionAuthorization")
            } else {
                None
            }
        })
    }

    /// `WITH FUNCTION f (…)` or `WITH SESSION p = …`, and not a named query of that name.
    fn begins_with_definitions(&self) -> bool {
        let word = self.is_at(1, "FUNCTION") || self.is_at(1, "SESSION");
        word && !self.is_at(2, "AS") && !self.is_symbol_at(2, "(")
    }

    /// Roles are granted without `ON`.
    fn grant_class(&self, roles: &'static str, privileges: &'static str) -> &'static str {
        let mut ahead = 1;
        while self.token(ahead).kind != TokenKind::End {
            if self.is_at(ahead, "ON") {
                return privileges;
            }
            ahead += 1;
        }
        roles
    }

    /// A table is created from a query where `AS` stands outside of parentheses.
    fn create_table_class(&self) -> Option<&'static str> {
        let mut ahead = if self.are(&["CREATE", "OR", "REPLACE"]) { 3 } else { 1 };
        if !self.is_at(ahead, "TABLE") {
            return None;
        }
        while self.token(ahead).kind != TokenKind::End {
            if self.is_at(ahead, "AS") {
                return Some("CreateTableAsSelect");
            }
            ahead = if self.is_symbol_at(ahead, "(") { self.after_parenthesis(ahead) } else { ahead + 1 };
        }
        Some("CreateTable")
    }

    fn alter_class(&self) -> Option<&'static str> {
        let object = ["SCHEMA", "TABLE", "VIEW", "MATERIALIZED"].into_iter().find(|word| self.is_at(1, word));
        let mut ahead = if object == Some("MATERIALIZED") { 3 } else { 2 };
        if self.is_at(ahead, "IF") && self.is_at(ahead + 1, "EXISTS") {
            ahead += 2;
        }
        while self.is_identifier_at(ahead) && self.is_symbol_at(ahead + 1, ".") {
            ahead += 2;
        }
        let action = ahead + 1;
        if self.is_at(action, "SET") && self.is_at(action + 1, "AUTHORIZATION") {
            return Some("SetAuthorizationStatement");
        }
        let class = match object? {
            _ if self.is_at(action, "SET") => "SetProperties",
            "SCHEMA" => "RenameSchema",
            "VIEW" => "RenameView",
            "MATERIALIZED" => "RenameMaterializedView",
            _ if self.is_at(action, "RENAME") && self.is_at(action + 1, "COLUMN") => "RenameColumn",
            _ if self.is_at(action, "RENAME") => "RenameTable",
            _ if self.is_at(action, "ADD") => "AddColumn",
            _ if self.is_at(action, "DROP") => "DropColumn",
            _ if self.is_at(action, "EXECUTE") => "TableExecute",
            _ if self.is_at(action, "ALTER") && self.ends_with_not_null() => "DropNotNullConstraint",
            _ if self.is_at(action, "ALTER") => "SetColumnType",
            _ => return None,
        };
        Some(class)
    }

    fn ends_with_not_null(&self) -> bool {
        let count = self.tokens.len().saturating_sub(self.at);
        count >= 3 && self.is_at(count - 3, "NOT") && self.is_at(count - 2, "NULL")
    }
}
