//! The rules of one document, whatever its kind.

use super::Context;
use super::domains::Domain;
use super::expression::{Usage, template};
use super::masks::Masks;
use super::principals::{Audience, Principals};
use super::privileges::{Way, check_columns, privileges, selections};
use super::tags::Tags;
use super::validity::{Terms, terms};
use crate::policy::document::{At, Bytes, Deny, FilterRule, Grant};
use crate::policy::index::TablePattern;
use crate::policy::rule::{Effect, Object};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A rule before all ends of validities are known.
pub(super) struct Draft {
    /// The place in its document.
    pub(super) at: usize,
    pub(super) policy: Arc<crate::policy::PolicyRef>,
    pub(super) guardrail: Option<Arc<str>>,
    pub(super) objects: Arc<[TablePattern]>,
    pub(super) not_about: Arc<[TablePattern]>,
    pub(super) audience: Audience,
    pub(super) terms: Terms,
    pub(super) effect: Effect,
}

/// The part of a document that says who may do what with which objects.
pub(super) struct Section<'a> {
    pub(super) file: usize,
    /// The document's name in decisions.
    pub(super) name: String,
    /// `None` where it is not known; that has been reported.
    pub(super) domain: Option<&'a Domain>,
    pub(super) guardrail: Option<Arc<str>>,
    pub(super) objects: BTreeMap<Object, Arc<[TablePattern]>>,
    /// Of `objects`, those that it is not about.
    pub(super) not_about: BTreeMap<Object, Arc<[TablePattern]>>,
    pub(super) principals: &'a Principals,
    pub(super) tags: &'a Tags,
    pub(super) masks: &'a Masks,
}

impl Section<'_> {
    pub(super) fn draft(
        &self,
        at: &Bytes,
        objects: Arc<[TablePattern]>,
        audience: &Audience,
        terms: &Terms,
        effect: Effect,
        context: &mut Context<'_>,
    ) {
        let policy = context.policy_ref(self.file, &self.name, at);
        let not_about = self.not_about.get(&effect.of()).cloned().unwrap_or_default();
        let (audience, terms, guardrail) = (audience.clone(), terms.clone(), self.guardrail.clone());
        context.drafts.push(Draft { at: at.start, policy, guardrail, objects, not_about, audience, terms, effect });
    }

    pub(super) fn tables(&self) -> Arc<[TablePattern]> {
        self.objects.get(&Object::Table).cloned().unwrap_or_default()
    }

    pub(super) fn grants(&self, grants: &[At<Grant>], context: &mut Context<'_>) {
        for At { at, value: grant } in grants {
            let file = self.file;
            let audience = self.principals.audience(file, Some(&grant.to), grant.except.as_ref(), context);
            let terms = terms(file, grant.validity.as_ref(), grant.when.as_ref(), context);
            if grant.privileges.value.is_empty() {
                context.empty(file, &grant.privileges.at);
            }
            let words = &grant.privileges.value;
            check_columns(file, words, grant.columns.as_ref().map(|columns| &columns.at), Way::Give, context);
            let rows = grant.rows.as_ref().and_then(|rows| template(self, at, rows, Usage::Rows, context));
            if let Some(rows) = &grant.rows {
                check_columns(file, words, Some(&rows.at), Way::Give, context);
            }
            for (of, privileges) in privileges(file, words, &self.objects, Way::Give, context) {
                let Some(objects) = self.objects.get(&of) else { continue };
                let columns = grant.columns.as_ref().filter(|_| of == Object::Table);
                for (objects, columns) in selections(file, columns, objects, self.tags, context) {
                    let (privileges, rows) = (privileges.clone(), rows.clone());
                    let effect = Effect::Grant { of, privileges, columns, rows };
                    self.draft(at, objects, &audience, &terms, effect, context);
                }
            }
        }
    }

    pub(super) fn denies(&self, denies: &[At<Deny>], context: &mut Context<'_>) {
        for At { at, value: deny } in denies {
            let file = self.file;
            let audience = self.principals.audience(file, deny.to.as_ref(), deny.except.as_ref(), context);
            let terms = terms(file, deny.validity.as_ref(), deny.when.as_ref(), context);
            if deny.privileges.value.is_empty() {
                context.empty(file, &deny.privileges.at);
            }
            let words = &deny.privileges.value;
            check_columns(file, words, deny.columns.as_ref().map(|columns| &columns.at), Way::Take, context);
            for (of, privileges) in privileges(file, words, &self.objects, Way::Take, context) {
                let Some(objects) = self.objects.get(&of) else { continue };
                let columns = deny.columns.as_ref().filter(|_| of == Object::Table);
                for (objects, columns) in selections(file, columns, objects, self.tags, context) {
                    let effect = Effect::Deny { of, privileges: privileges.clone(), columns };
                    self.draft(at, objects, &audience, &terms, effect, context);
                }
            }
        }
    }

    pub(super) fn filters(&self, filters: &[At<FilterRule>], context: &mut Context<'_>) {
        for At { at, value: filter } in filters {
            let audience = self.principals.audience(self.file, filter.to.as_ref(), filter.except.as_ref(), context);
            let terms = terms(self.file, filter.validity.as_ref(), filter.when.as_ref(), context);
            if let Some(template) = template(self, at, &filter.expression, Usage::Filter, context) {
                self.draft(at, self.tables(), &audience, &terms, Effect::Filter(template), context);
            }
        }
    }
}
