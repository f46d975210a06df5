//! A mask as documents write it: for each family of types, a mask that Sluice brings or SQL.

use super::builtin::{Builtin, CannotHold};
use super::types::{Family, Type};
use crate::policy::access::Subject;
use crate::policy::template::{Template, Values};
use crate::sql::GrammarVersion;
use std::fmt;
use std::sync::Arc;

/// What is shown in the place of a value, by the value's type.
#[derive(Debug, PartialEq)]
pub(in crate::policy) struct Mask {
    /// As rules name it; `None` for SQL that a rule writes itself.
    pub(in crate::policy) name: Option<Arc<str>>,
    /// What it does for each family; without one, for all that no other names. Each once.
    pub(in crate::policy) parts: Vec<(Option<Family>, Does)>,
}

/// What a mask does.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::policy) enum Does {
    Builtin(Builtin),
    Sql(Arc<Template>),
}

impl Mask {
    /// SQL that a rule writes itself.
    pub(in crate::policy) fn of_rule(template: Arc<Template>) -> Mask {
        Mask { name: None, parts: vec![(None, Does::Sql(template))] }
    }

    /// One that Sluice brings.
    pub(in crate::policy) fn of_sluice(builtin: Builtin) -> Mask {
        Mask { name: Some(builtin.to_string().into()), parts: vec![(None, Does::Builtin(builtin))] }
    }

    /// The values of the user for each part.
    pub(in crate::policy) fn values(&self, subject: &Subject) -> Vec<Values> {
        let values = |does: &Does| match does {
            Does::Builtin(_) => Values::new(),
            Does::Sql(template) => template.values(subject),
        };
        self.parts.iter().map(|(_, does)| values(does)).collect()
    }

    /// The SQL that a rule writes itself, which holds for each type.
    pub(super) fn own_sql(&self) -> Option<&Arc<Template>> {
        match self.parts.as_slice() {
            [(None, Does::Sql(template))] if self.name.is_none() => Some(template),
            _ => None,
        }
    }

    /// The expression for a type, with `{column}` for the value, and the grammars that read it alike.
    pub(super) fn expression(
        &self,
        values: &[Values],
        data_type: &Type,
    ) -> Result<(String, Vec<GrammarVersion>), CannotHold> {
        let family = data_type.family();
        let part = |of: Option<Family>| self.parts.iter().zip(values).find(|((part, _), _)| *part == of);
        let Some(((_, does), values)) = part(Some(family)).or_else(|| part(None)) else {
            let name = self.name.as_deref().unwrap_or_default().to_owned();
            let reason = if family == Family::Other {
                "it says nothing of such a type; add `otherwise` to it".to_owned()
            } else {
                format!("it says nothing of such a type; add `{family}` or `otherwise` to it")
            };
            return Err(CannotHold { mask: name, data_type: data_type.text.clone(), reason });
        };
        match does {
            Does::Sql(template) => Ok((template.text(values, "{column}"), template.whole.grammars.to_vec())),
            Does::Builtin(builtin) => {
                let text = builtin.expression(data_type).map_err(|cannot| match self.name.as_deref() {
                    Some(name) if name != cannot.mask => {
                        CannotHold { mask: format!("{name}: {}", cannot.mask), ..cannot }
                    }
                    _ => cannot,
                })?;
                Ok((text, GrammarVersion::ALL.to_vec()))
            }
        }
    }

    /// What it does, in one line: `last(4)`, or `text last(4), otherwise null`.
    pub(in crate::policy) fn definition(&self) -> String {
        if let [(None, does)] = self.parts.as_slice() {
            return does.to_string();
        }
        let part = |(family, does): &(Option<Family>, Does)| match family {
            Some(family) => format!("{family} {does}"),
            None => format!("otherwise {does}"),
        };
        self.parts.iter().map(part).collect::<Vec<_>>().join(", ")
    }
}

impl fmt::Display for Does {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Does::Builtin(builtin) => builtin.fmt(f),
            Does::Sql(template) => f.write_str(&template.whole.text.replace("\"{column}\"", "{column}")),
        }
    }
}

impl fmt::Display for Mask {
    /// Its name with what it does, where the name does not say it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let definition = self.definition();
        match self.name.as_deref() {
            None => f.write_str(&definition),
            Some(name) if name == definition => write!(f, "mask {name}"),
            Some(name) => write!(f, "mask {name} ({definition})"),
        }
    }
}
