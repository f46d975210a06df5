//! Masks of what stands inside a value: fields of a ROW, the elements of an ARRAY, the values of a MAP.

use super::builtin::CannotHold;
use super::types::{Field, Kind, Type};
use crate::sql::ast::Query;
use crate::sql::visit::Visit;
use crate::sql::{GrammarVersion, Identifier, parse_expression};
use std::fmt;

/// A way into a value, from a column to a place in it: `.street`, `[].email`, `{}`. One without steps leads to the whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Path {
    steps: Vec<Step>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Step {
    /// A field, in lower case.
    Field(String),
    Elements,
    Values,
}

/// A text is no way into a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no path: fields are `name` or `\"a name\"`, joined by dots; elements of an array are `[]`, values of a map \
     `{{}}`"
)]
pub struct NoPath(String);

/// Most steps of a path.
pub const MOST_STEPS: usize = 16;

/// Most bytes of what rebuilds a value.
const MOST_BYTES: usize = 65_536;

impl Path {
    /// Reads a path behind a column's name: `street`, `[].email`, `{}`, `a."b c"[]`. A dot may stand in front.
    ///
    /// # Errors
    /// [`NoPath`], if it is none, or has more than [`MOST_STEPS`] steps.
    pub fn parse(text: &str) -> Result<Path, NoPath> {
        let no_path = || NoPath(text.to_owned());
        let dotted;
        let mut rest = text;
        if !text.starts_with(['.', '[', '{']) {
            dotted = format!(".{text}");
            rest = &dotted;
        }
        let mut steps = Vec::new();
        while !rest.is_empty() {
            let (step, behind) = step(rest).ok_or_else(no_path)?;
            steps.push(step);
            rest = behind;
        }
        if steps.is_empty() || steps.len() > MOST_STEPS { Err(no_path()) } else { Ok(Path { steps }) }
    }

    /// Whether it leads to the whole value.
    pub fn is_whole(&self) -> bool {
        self.steps.is_empty()
    }

    /// Whether it leads to what `other` leads to, or to what that stands in.
    pub fn takes_in(&self, other: &Path) -> bool {
        other.steps.starts_with(&self.steps)
    }

    /// Whether it goes through elements or values, of which an expression can't hold a sub-query.
    pub(in crate::policy) fn is_of_many(&self) -> bool {
        self.steps.iter().any(|step| !matches!(step, Step::Field(_)))
    }
}

impl fmt::Display for Path {
    /// As it stands behind a column's name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.steps.iter().try_for_each(|step| match step {
            Step::Field(name) if is_plain(name) => write!(f, ".{name}"),
            Step::Field(name) => write!(f, ".\"{}\"", name.replace('"', "\"\"")),
            Step::Elements => f.write_str("[]"),
            Step::Values => f.write_str("{}"),
        })
    }
}

fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn step(text: &str) -> Option<(Step, &str)> {
    if let Some(rest) = text.strip_prefix("[]") {
        return Some((Step::Elements, rest));
    }
    if let Some(rest) = text.strip_prefix("{}") {
        return Some((Step::Values, rest));
    }
    let rest = text.strip_prefix('.')?;
    if let Some(quoted) = rest.strip_prefix('"') {
        let mut name = String::new();
        let mut left = quoted;
        loop {
            let (part, behind) = left.split_once('"')?;
            name.push_str(part);
            match behind.strip_prefix('"') {
                Some(more) => {
                    name.push('"');
                    left = more;
                }
                None => return Some((Step::Field(name.to_lowercase()), behind)),
            }
        }
    }
    let end = rest.find(['.', '[', '{']).unwrap_or(rest.len());
    let (name, behind) = rest.split_at_checked(end)?;
    is_plain(name).then(|| (Step::Field(name.to_lowercase()), behind))
}

/// Gives a mask's expression for a type, with `{column}` for the value.
pub type Inner<'a> = dyn Fn(&Type) -> Result<String, CannotHold> + 'a;

/// An expression that rebuilds a value with masks inside it, with `{column}` for the value. Each mask is of another place;
/// one of a wider place comes first, and those of what is in it are masks of what it shows.
///
/// # Errors
/// [`CannotHold`], if a path does not fit the type, or as its mask; also if a mask holds a sub-query and its path goes
/// through elements or values, since a lambda can't hold one.
pub fn nested(masks: &[(&Path, &Inner<'_>)], data_type: &Type) -> Result<String, CannotHold> {
    let masks: Vec<Inside<'_>> =
        masks.iter().map(|(path, inner)| Inside { path, steps: &path.steps, inner: *inner }).collect();
    Rebuild { whole: data_type }.value("{column}", data_type, &masks, 0)
}

/// A mask of a place in the value at hand.
#[derive(Clone, Copy)]
struct Inside<'a> {
    path: &'a Path,
    /// The steps from the value at hand.
    steps: &'a [Step],
    inner: &'a Inner<'a>,
}

struct Rebuild<'a> {
    whole: &'a Type,
}

impl Rebuild<'_> {
    fn value(&self, value: &str, data_type: &Type, masks: &[Inside<'_>], lambdas: usize) -> Result<String, CannotHold> {
        let mut value = value.to_owned();
        if let Some(mask) = masks.iter().find(|mask| mask.steps.is_empty()) {
            let masked = (mask.inner)(data_type)?;
            if lambdas > 0 {
                self.stands_in_a_lambda(mask, &masked)?;
            }
            value = format!("CAST({} AS {})", filled(&masked, &value), data_type.text);
        }
        let inside: Vec<Inside<'_>> = masks.iter().filter(|mask| !mask.steps.is_empty()).copied().collect();
        let Some(first) = inside.first() else { return Ok(value) };
        if value.len() > MOST_BYTES {
            return Err(self.cannot(first, "what it shows is too long to be put together"));
        }
        let element = format!("element_{}", lambdas + 1);
        match &data_type.kind {
            Kind::Row(fields) => {
                self.has_fields(&inside, data_type, fields)?;
                let fields = (1..).zip(fields).map(|(place, field): (usize, _)| {
                    let masks =
                        behind(&inside, |step| matches!(step, Step::Field(name) if Some(name) == field.name.as_ref()));
                    self.value(&format!("{value}[{place}]"), &field.kind, &masks, lambdas)
                });
                let fields: Vec<String> = fields.collect::<Result<_, _>>()?;
                let row = format!("CAST(ROW({}) AS {})", fields.join(", "), data_type.text);
                if row.len() > MOST_BYTES {
                    return Err(self.cannot(first, "what it shows is too long to be put together"));
                }
                Ok(format!("IF({value} IS NULL, NULL, {row})"))
            }
            Kind::Array(inner) if all(&inside, &Step::Elements) => {
                let masks = behind(&inside, |_| true);
                let masked = self.value(&element, inner, &masks, lambdas + 1)?;
                Ok(format!("transform({value}, {element} -> {masked})"))
            }
            Kind::Map(inner) if all(&inside, &Step::Values) => {
                let masks = behind(&inside, |_| true);
                let masked = self.value(&element, inner, &masks, lambdas + 1)?;
                Ok(format!("transform_values({value}, ({element}_key, {element}) -> {masked})"))
            }
            kind => {
                let fits = |step: &Step| {
                    matches!((kind, step), (Kind::Array(_), Step::Elements) | (Kind::Map(_), Step::Values))
                };
                let wrong = inside.iter().find(|mask| !mask.steps.first().is_some_and(fits)).unwrap_or(first);
                let what = match wrong.steps.first() {
                    Some(Step::Field(name)) => format!("field `{name}`"),
                    Some(Step::Values) => "values".to_owned(),
                    Some(Step::Elements) | None => "elements".to_owned(),
                };
                Err(self.lacks(wrong, data_type, &format!("no {what}")))
            }
        }
    }

    fn has_fields(&self, masks: &[Inside<'_>], data_type: &Type, fields: &[Field]) -> Result<(), CannotHold> {
        for mask in masks {
            let what = match mask.steps.first() {
                Some(Step::Field(name)) => {
                    match fields.iter().filter(|field| field.name.as_ref() == Some(name)).count() {
                        1 => continue,
                        0 => format!("no field `{name}`"),
                        _ => format!("several fields `{name}`"),
                    }
                }
                Some(Step::Values) => "no values".to_owned(),
                Some(Step::Elements) | None => "no elements".to_owned(),
            };
            return Err(self.lacks(mask, data_type, &what));
        }
        Ok(())
    }

    fn stands_in_a_lambda(&self, mask: &Inside<'_>, masked: &str) -> Result<(), CannotHold> {
        match no_lambda(&filled(masked, "sluice")) {
            None => Ok(()),
            Some(why) => Err(self.cannot(mask, why)),
        }
    }

    fn lacks(&self, mask: &Inside<'_>, data_type: &Type, what: &str) -> CannotHold {
        let of = if data_type == self.whole { "it" } else { &data_type.text };
        self.cannot(mask, &format!("{of} has {what}"))
    }

    fn cannot(&self, mask: &Inside<'_>, reason: &str) -> CannotHold {
        let mask = mask.path.to_string();
        CannotHold { mask, data_type: self.whole.text.clone(), reason: reason.to_owned() }
    }
}

/// Why an expression can't stand inside an array or a map, if it can't.
pub(in crate::policy) fn no_lambda(text: &str) -> Option<&'static str> {
    #[derive(Default)]
    struct Holds {
        query: bool,
        element: bool,
    }
    impl Visit for Holds {
        fn query(&mut self, _: &Query) {
            self.query = true;
        }

        fn identifier(&mut self, name: &Identifier) {
            self.element |= name.folded().starts_with("element_");
        }
    }
    let Ok(expr) = parse_expression(text, GrammarVersion::NEWEST) else {
        return Some("its expression can't be read");
    };
    let mut holds = Holds::default();
    holds.expr(&expr);
    match holds {
        Holds { query: true, .. } => Some("a mask with a sub-query can't stand inside an array or a map"),
        Holds { element: true, .. } => Some("inside an array or a map, `element_…` is the name of an element"),
        Holds { query: false, element: false } => None,
    }
}

fn all(masks: &[Inside<'_>], step: &Step) -> bool {
    masks.iter().all(|mask| mask.steps.first() == Some(step))
}

/// The masks whose next step is one of these, one step further.
fn behind<'a>(masks: &[Inside<'a>], of: impl Fn(&Step) -> bool) -> Vec<Inside<'a>> {
    let next = |mask: &Inside<'a>| {
        let (step, steps) = mask.steps.split_first()?;
        of(step).then_some(Inside { steps, ..*mask })
    };
    masks.iter().filter_map(next).collect()
}

/// An expression with a value for `{column}`, but not where that stands in quotes.
pub fn filled(expression: &str, value: &str) -> String {
    let mut filled = String::with_capacity(expression.len() + value.len());
    let mut quote = None;
    let mut rest = expression;
    while let Some(next) = rest.chars().next() {
        match quote {
            Some(open) if open == next => quote = None,
            None if next == '\'' || next == '"' => quote = Some(next),
            None => {
                if let Some(behind) = rest.strip_prefix("{column}") {
                    filled.push_str(value);
                    rest = behind;
                    continue;
                }
            }
            Some(_) => {}
        }
        filled.push(next);
        rest = rest.get(next.len_utf8()..).unwrap_or_default();
    }
    filled
}
