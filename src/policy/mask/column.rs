//! The masks of one column for one user, put together.
//!
//! Masks come in the order in which they win. One that is of the same place as an earlier one, or of a place inside of
//! it, is hidden by it. The others hold together: that of a wider place first, and those inside over what it shows.

use super::builtin::CannotHold;
use super::named::Mask;
use super::nested::{Inner, Path, filled, nested};
use super::types::Type;
use crate::names::quoted;
use crate::policy::access::{PolicyRef, Subject, matches};
use crate::policy::template::{Expression, Values};
use crate::sql::GrammarVersion;
use compact_str::CompactString;
use std::cell::{Cell, RefCell};
use std::sync::Arc;

/// A mask of the columns of a pattern, or of a place in them.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::policy) struct ColumnMask {
    pub(in crate::policy) columns: CompactString,
    pub(in crate::policy) path: Arc<Path>,
    pub(in crate::policy) mask: Arc<Mask>,
    /// Where the rule is written.
    pub(in crate::policy) policy: Arc<PolicyRef>,
    /// Whether a guardrail has it; those come first.
    pub(in crate::policy) of_guardrail: bool,
    /// Behind that, the smallest comes first.
    pub(in crate::policy) priority: i64,
    /// The values of the user, for each part of the mask.
    pub(in crate::policy) values: Vec<Values>,
}

/// The masks of a column that hold, of those that are there in the order in which they win.
pub(in crate::policy) fn holding<'m>(masks: &'m [ColumnMask], column: &str) -> Vec<&'m ColumnMask> {
    let mut held: Vec<&ColumnMask> = Vec::new();
    for mask in masks.iter().filter(|mask| matches(&mask.columns, column)) {
        if !held.iter().any(|earlier| earlier.path.takes_in(&mask.path)) {
            held.push(mask);
        }
    }
    held
}

/// What a column of a type shows by masks that hold together.
///
/// # Errors
/// A text for the user, if a mask can't hold for the type or can't be read.
pub(in crate::policy) fn shown<'m>(
    masks: &[&'m ColumnMask],
    column: &str,
    data_type: &str,
) -> Result<Expression, String> {
    if let [mask] = masks
        && let (true, Some(template), Some(values)) = (mask.path.is_whole(), mask.mask.own_sql(), mask.values.first())
    {
        return template.fill(values, column);
    }
    let data_type = Type::read(data_type);
    let grammars = RefCell::new(GrammarVersion::ALL.to_vec());
    // The mask that is asked last is the one that can't hold, unless a path does not fit.
    let asked: Cell<Option<&ColumnMask>> = Cell::new(None);
    let inner = |mask: &'m ColumnMask, data_type: &Type| -> Result<String, CannotHold> {
        asked.set(Some(mask));
        let (text, read_by) = mask.mask.expression(&mask.values, data_type)?;
        grammars.borrow_mut().retain(|grammar| read_by.contains(grammar));
        Ok(text)
    };
    let text = if let [mask] = masks
        && mask.path.is_whole()
    {
        inner(mask, &data_type)
    } else {
        let inners: Vec<Box<Inner<'_>>> =
            masks.iter().map(|mask| Box::new(|data_type: &Type| inner(mask, data_type)) as Box<Inner<'_>>).collect();
        let placed: Vec<(&Path, &Inner<'_>)> =
            masks.iter().zip(&inners).map(|(mask, inner)| (&*mask.path, &**inner)).collect();
        nested(&placed, &data_type)
    };
    let text = text.map_err(|cannot| {
        let of_path = masks.iter().find(|mask| !mask.path.is_whole() && mask.path.to_string() == cannot.mask).copied();
        let mask = of_path.or(asked.get()).or(masks.first().copied());
        let (policy, path) = mask.map(|mask| (mask.policy.policy.as_str(), mask.path.to_string())).unwrap_or_default();
        format!("policy {policy} can't be applied to column {column}{path}: {cannot}")
    })?;
    let mut policies: Vec<Arc<PolicyRef>> = Vec::new();
    for mask in masks {
        if !policies.contains(&mask.policy) {
            policies.push(mask.policy.clone());
        }
    }
    let grammars = grammars.into_inner();
    let mut shown = Expression::read(filled(&text, &quoted(column)), grammars.into(), policies.into())?;
    shown.masks = named(masks);
    Ok(shown)
}

/// Whether a mask can hold at a place in a column of a type.
pub(in crate::policy) fn fits(mask: &Mask, path: &Path, data_type: &str) -> Result<(), CannotHold> {
    if path.is_whole() && mask.own_sql().is_some() {
        return Ok(());
    }
    let data_type = Type::read(data_type);
    // With missing values it shows `NULL`, which holds for each type.
    let values = mask.values(&Subject::default());
    let inner = |data_type: &Type| mask.expression(&values, data_type).map(|(text, _)| text);
    if path.is_whole() { inner(&data_type) } else { nested(&[(path, &inner)], &data_type) }.map(|_| ())
}

/// The masks by name, each with its place.
fn named(masks: &[&ColumnMask]) -> Arc<[Arc<str>]> {
    let name = |mask: &&ColumnMask| {
        let name = mask.mask.name.clone()?;
        Some(if mask.path.is_whole() { name } else { format!("{} {name}", mask.path).into() })
    };
    masks.iter().filter_map(name).collect()
}

/// What a column shows, for people, whatever its type: in short, and with what named masks do.
pub(in crate::policy) fn told(masks: &[&ColumnMask], column: &str) -> Result<(String, String), String> {
    let mut short = Vec::new();
    let mut long = Vec::new();
    for ColumnMask { path, mask, values, .. } in masks {
        let (brief, full) = match (&mask.name, mask.own_sql(), values.first()) {
            (Some(name), _, _) => (format!("mask {name}"), mask.to_string()),
            (None, Some(template), Some(values)) if path.is_whole() => {
                let text = template.fill(values, column)?.text.to_string();
                (text.clone(), text)
            }
            _ => (mask.to_string(), mask.to_string()),
        };
        if path.is_whole() && masks.len() == 1 {
            return Ok((brief, full));
        }
        let place = if path.is_whole() { "all".to_owned() } else { path.to_string() };
        short.push(format!("{place}: {brief}"));
        long.push(format!("{place}: {full}"));
    }
    Ok((short.join(", "), long.join(", ")))
}
