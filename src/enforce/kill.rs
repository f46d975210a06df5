//! `CALL system.runtime.kill_query`: by it clients end their own queries, so it needs no grant for these.

use super::judge::{Judge, Stop};
use super::refusals;
use crate::analysis::intent::Needed;
use crate::analysis::walk;
use crate::catalog::table::{Known, Need};
use crate::names::TableName;
use crate::policy::{Answer, Object, Privilege};
use crate::sql::StatementKind;
use crate::sql::ast::{CallArgument, Change, ExprKind};

impl Judge<'_> {
    /// Whether a query may be ended; `None` if the statement is another one, or the procedure is granted as others are.
    pub(super) fn kill_query(&mut self, text: &str, kind: &StatementKind) -> Option<Result<(), Stop>> {
        let StatementKind::Change(change) = kind else { return None };
        let Change::Call { procedure, arguments } = &**change else { return None };
        let name = walk::table_name(self.request.session, procedure).ok()?;
        if name != TableName::new("system", "runtime", "kill_query") {
            return None;
        }
        match self.world.may(Object::Procedure, &name, Privilege::Execute) {
            Answer::NotGranted => {}
            Answer::Granted(_) | Answer::Denied(_) => return None,
        }
        let killed = self.constants(arguments.iter().map(|argument| &argument.value), text);
        Some(killed.and_then(|_| self.may_kill(name, arguments)))
    }

    fn may_kill(&mut self, name: TableName, arguments: &[CallArgument]) -> Result<(), Stop> {
        let Some(query) = query_id(arguments) else {
            let why = "its arguments have to be written as texts, `CALL system.runtime.kill_query(query_id => '…')`";
            return Err(refusals::denied(format_args!("Cannot kill query: {why}")).into());
        };
        let request = self.request;
        let by = match request.snapshot.may_read_system_information(request.subject) {
            Answer::Granted(policy) => Some(policy),
            Answer::Denied(_) | Answer::NotGranted => {
                let need = Need::Query(query.into());
                let Some(known) = request.tables.get(&need) else { return Err(Stop::Needs(vec![need])) };
                let by = match known {
                    Known::QueryOf(user) if *user == request.subject.user => Some(None),
                    Known::QueryOf(user) => match request.snapshot.may_impersonate(request.subject, user) {
                        Answer::Granted(policy) => Some(Some(policy)),
                        Answer::Denied(_) | Answer::NotGranted => None,
                    },
                    Known::Table(_) | Known::View(_) | Known::SessionProperties(_) | Known::Exists | Known::Missing => {
                        None
                    }
                };
                by.ok_or_else(|| {
                    let why = "it is not yours, or there is no such query";
                    Stop::from(refusals::denied(format_args!("Cannot kill query {query}: {why}")))
                })?
            }
        };
        self.record.policies.extend(by.map(|policy| policy.policy.clone()));
        let (object, privilege) = (Object::Procedure, Privilege::Execute);
        self.record.change(&Needed { object, name, privilege, purpose: None });
        Ok(())
    }
}

/// The id where it is written out, by place or by name, and so is whatever else is said.
fn query_id(arguments: &[CallArgument]) -> Option<&str> {
    let named = |argument: &&CallArgument| argument.name.as_ref().is_some_and(|name| name.folded() == "query_id");
    let argument = match arguments {
        [first, ..] if arguments.iter().all(|argument| argument.name.is_none()) => first,
        _ if arguments.iter().all(|argument| argument.name.is_some()) => {
            let mut found = arguments.iter().filter(named);
            let first = found.next()?;
            found.next().is_none().then_some(first)?
        }
        _ => return None,
    };
    let written_out = |argument: &CallArgument| matches!(argument.value.kind, ExprKind::String(_));
    match &argument.value.kind {
        ExprKind::String(text) if arguments.iter().all(written_out) => Some(text.value.as_str()),
        _ => None,
    }
}
