//! The mask rules of a document.

use super::expression::{Usage, template};
use super::section::Section;
use super::validity::terms;
use super::{Context, place};
use crate::policy::diagnostics::Diagnostic;
use crate::policy::document::{At, Bytes, MaskRule};
use crate::policy::index::TablePattern;
use crate::policy::mask::{Mask, Path, no_lambda};
use crate::policy::rule::Effect;
use compact_str::CompactString;
use std::sync::Arc;

impl Section<'_> {
    pub(super) fn masks(&self, masks: &[At<MaskRule>], context: &mut Context<'_>) {
        for At { at, value: rule } in masks {
            let file = self.file;
            let audience = self.principals.audience(file, rule.to.as_ref(), rule.except.as_ref(), context);
            let terms = terms(file, rule.validity.as_ref(), rule.when.as_ref(), context);
            let targets = self.targets(at, rule, context);
            let path = rule.path.as_ref().map_or_else(|| Some(Path::default()), |path| self.path(path, context));
            let mask = self.shown(at, rule, path.as_ref(), context);
            let (Some(path), Some(mask)) = (path.map(Arc::new), mask) else { continue };
            for (objects, columns) in targets {
                let (path, mask) = (path.clone(), mask.clone());
                let effect = Effect::Mask { columns, path, priority: rule.priority, mask };
                self.draft(at, objects, &audience, &terms, effect, context);
            }
        }
    }

    /// The columns that a rule is about, with their tables.
    fn targets(
        &self,
        at: &Bytes,
        rule: &MaskRule,
        context: &mut Context<'_>,
    ) -> Vec<(Arc<[TablePattern]>, CompactString)> {
        let file = self.file;
        match (&rule.column, &rule.tag) {
            (Some(column), None) => {
                context.check_text(file, column, "a column's name");
                vec![(self.tables(), CompactString::from(&column.value).to_lowercase())]
            }
            (None, Some(tag)) => {
                let mut targets: Vec<(Arc<[TablePattern]>, CompactString)> = Vec::new();
                for table in self.tables().iter() {
                    let columns = self.tags.columns(file, &[tag], table, context);
                    targets.extend(columns.into_iter().map(|(table, column)| (Arc::from([table]), column)));
                }
                targets
            }
            _ => {
                let problem =
                    Diagnostic::new("bad-columns", place(file, at), "a mask is of a column or of a tag", "of which?");
                context.report(problem.help("name either `column` or `tag`"));
                Vec::new()
            }
        }
    }

    fn path(&self, path: &At<String>, context: &mut Context<'_>) -> Option<Path> {
        let read = Path::parse(&path.value);
        if let Err(no_path) = &read {
            let problem = Diagnostic::new("bad-path", place(self.file, &path.at), no_path.to_string(), "no path");
            context.report(problem.help("such as `street`, `address.street`, `\"[]\"` or `\"[].email\"`"));
        }
        read.ok()
    }

    /// What a rule shows: one of the masks that have names, or SQL of its own.
    fn shown(&self, at: &Bytes, rule: &MaskRule, path: Option<&Path>, context: &mut Context<'_>) -> Option<Arc<Mask>> {
        match (&rule.mask, &rule.expression) {
            (Some(mask), None) => self.masks.find(self.file, self.domain, mask, context),
            (None, Some(expression)) => {
                let column = rule.column.as_ref().map(|column| column.value.as_str());
                // What stands inside of a column is known when its type is.
                let column = column.filter(|name| rule.path.is_none() && !name.contains('*'));
                let template = template(self, at, expression, Usage::Mask { column }, context)?;
                let why = path.filter(|path| path.is_of_many()).and_then(|_| no_lambda(&template.whole.text));
                if let Some(why) = why {
                    let problem =
                        Diagnostic::new("bad-expression", place(self.file, &expression.at), why, "not inside of it");
                    context.report(problem.help("mask the whole column instead"));
                    return None;
                }
                Some(Arc::new(Mask::of_rule(template)))
            }
            (mask, _) => {
                let label = if mask.is_some() { "either `mask` or `expression`" } else { "what does it show?" };
                let message = "a mask rule names a mask or has an expression";
                let problem = Diagnostic::new("bad-mask", place(self.file, at), message, label);
                context.report(problem.help("`mask: redact`, or `expression: \"'***'\"`"));
                None
            }
        }
    }
}
