//! What sets and resets a session, and transactions.

use super::{Parsed, Parser};
use crate::sql::ast::{
    Access, AuthorizationUser, IsolationLevel, PathElement, RoleSetting, StatementKind, TransactionMode,
};
use crate::sql::token::TokenKind;

impl Parser<'_> {
    /// What follows `SET`.
    pub(super) fn set(&mut self) -> Parsed<StatementKind> {
        if self.maybe("SESSION") {
            // A property may be called `authorization`.
            let property = self.is_symbol_at(1, "=") || self.is_symbol_at(1, ".");
            if !property && self.maybe("AUTHORIZATION") {
                let user = if self.is_string() {
                    AuthorizationUser::String(self.string()?)
                } else {
                    self.note_all(&["<string>", ".", "="]);
                    AuthorizationUser::Name(self.identifier()?)
                };
                return Ok(StatementKind::SetSessionAuthorization { user });
            }
            let name = self.dotted_name()?;
            self.expect_symbol("=")?;
            return Ok(StatementKind::SetSession { name, value: self.expression()? });
        }
        if self.maybe("ROLE") {
            return self.set_role();
        }
        if self.maybe("PATH") {
            return Ok(StatementKind::SetPath { path: self.list(Self::path_element)? });
        }
        self.expect_all(&["TIME", "ZONE"])?;
        if self.is("LOCAL") && self.token(1).kind == TokenKind::End {
            self.advance();
            return Ok(StatementKind::SetTimeZone { zone: None });
        }
        self.note("LOCAL");
        Ok(StatementKind::SetTimeZone { zone: Some(self.expression()?) })
    }

    fn set_role(&mut self) -> Parsed<StatementKind> {
        let role = if self.maybe("ALL") {
            RoleSetting::All
        } else if self.maybe("NONE") {
            RoleSetting::None
        } else {
            RoleSetting::Role(self.identifier()?)
        };
        let catalog = self.in_catalog()?;
        Ok(StatementKind::Access(Box::new(Access::SetRole { role, catalog })))
    }

    fn path_element(&mut self) -> Parsed<PathElement> {
        let start = self.here();
        let first = self.identifier()?;
        let (catalog, schema) = if self.eat_symbol(".") { (Some(first), self.identifier()?) } else { (None, first) };
        Ok(PathElement { span: self.since(start), catalog, schema })
    }

    /// What follows `RESET`.
    pub(super) fn reset(&mut self) -> Parsed<StatementKind> {
        self.expect("SESSION")?;
        if !self.is_symbol_at(1, ".") && self.maybe("AUTHORIZATION") {
            return Ok(StatementKind::ResetSessionAuthorization);
        }
        Ok(StatementKind::ResetSession { name: self.dotted_name()? })
    }

    /// What follows `START`.
    pub(super) fn start_transaction(&mut self) -> Parsed<StatementKind> {
        self.expect("TRANSACTION")?;
        if self.kind() == TokenKind::End {
            return Ok(StatementKind::StartTransaction { modes: Vec::new() });
        }
        self.note("<EOF>");
        Ok(StatementKind::StartTransaction { modes: self.list(Self::transaction_mode)? })
    }

    fn transaction_mode(&mut self) -> Parsed<TransactionMode> {
        let mode = if self.maybe("ISOLATION") {
            self.expect("LEVEL")?;
            TransactionMode::Isolation(self.isolation_level()?)
        } else {
            self.expect("READ")?;
            TransactionMode::Access { read_only: self.one_of(&[("ONLY", true), ("WRITE", false)])? }
        };
        Ok(mode)
    }

    fn isolation_level(&mut self) -> Parsed<IsolationLevel> {
        if self.maybe("READ") {
            return self.one_of(&[
                ("COMMITTED", IsolationLevel::ReadCommitted),
                ("UNCOMMITTED", IsolationLevel::ReadUncommitted),
            ]);
        }
        if self.maybe_all(&["REPEATABLE", "READ"])? {
            return Ok(IsolationLevel::RepeatableRead);
        }
        self.expect("SERIALIZABLE")?;
        Ok(IsolationLevel::Serializable)
    }
}
