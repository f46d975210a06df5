//! A mask of what stands inside a value: a field of a ROW, the elements of an ARRAY, the values of a MAP.

use super::builtin::CannotHold;
use super::types::{Field, Kind, Type};

/// A way into a value: `address.street`, `phones[]`, `contacts[].email`, `labels{}`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Path {
    text: String,
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
#[error("`{0}` is no path: a field is `.name` or `.\"a name\"`, elements are `[]`, values of a map are `{{}}`")]
pub struct NoPath(String);

/// Most steps of a path.
pub const MOST_STEPS: usize = 16;

impl Path {
    /// Reads a path behind a column's name: `.street`, `[].email`, `{}`, `.a."b c"[]`.
    ///
    /// # Errors
    /// [`NoPath`], if it is none, or has more than [`MOST_STEPS`] steps.
    pub fn parse(text: &str) -> Result<Path, NoPath> {
        let mut steps = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let (step, behind) = step(rest).ok_or_else(|| NoPath(text.to_owned()))?;
            steps.push(step);
            rest = behind;
        }
        if steps.is_empty() || steps.len() > MOST_STEPS {
            return Err(NoPath(text.to_owned()));
        }
        Ok(Path { text: text.to_owned(), steps })
    }
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
    let plain = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    plain.then(|| (Step::Field(name.to_lowercase()), behind))
}

/// An expression that rebuilds a value with a mask inside it. `inner` gives the mask's expression for the type that the
/// path leads to, with `{column}` for the value; so has the result, for the whole value.
///
/// # Errors
/// [`CannotHold`], if the path does not fit the type, or as `inner`; also if the mask holds a sub-query and the path goes
/// through elements or values, since a lambda can't hold one.
pub fn nested(
    path: &Path,
    data_type: &Type,
    inner: &dyn Fn(&Type) -> Result<String, CannotHold>,
) -> Result<String, CannotHold> {
    let rebuild = Rebuild { path, whole: data_type, inner };
    rebuild.value("{column}", data_type, &path.steps, 0)
}

struct Rebuild<'a> {
    path: &'a Path,
    whole: &'a Type,
    inner: &'a dyn Fn(&Type) -> Result<String, CannotHold>,
}

impl Rebuild<'_> {
    fn value(&self, value: &str, data_type: &Type, steps: &[Step], lambdas: usize) -> Result<String, CannotHold> {
        let Some((step, rest)) = steps.split_first() else {
            let masked = (self.inner)(data_type)?;
            // A text that only holds the word is refused too.
            if lambdas > 0 && masked.to_ascii_uppercase().contains("SELECT") {
                return Err(self.cannot("a mask with a sub-query can't stand inside an array or a map"));
            }
            return Ok(format!("CAST({} AS {})", filled(&masked, value), data_type.text));
        };
        let element = format!("element_{}", lambdas + 1);
        match (step, &data_type.kind) {
            (Step::Field(name), Kind::Row(fields)) => {
                let masked = |field: &Field| field.name.as_deref() == Some(name);
                if fields.iter().filter(|field| masked(field)).count() != 1 {
                    return Err(self.cannot(&format!("{} has not one field `{name}`", data_type.text)));
                }
                let fields = (1..).zip(fields).map(|(place, field): (usize, _)| {
                    let part = format!("{value}[{place}]");
                    if masked(field) { self.value(&part, &field.kind, rest, lambdas) } else { Ok(part) }
                });
                let fields: Vec<String> = fields.collect::<Result<_, _>>()?;
                let row = format!("CAST(ROW({}) AS {})", fields.join(", "), data_type.text);
                Ok(format!("IF({value} IS NULL, NULL, {row})"))
            }
            (Step::Elements, Kind::Array(inner)) => {
                let masked = self.value(&element, inner, rest, lambdas + 1)?;
                Ok(format!("transform({value}, {element} -> {masked})"))
            }
            (Step::Values, Kind::Map(inner)) => {
                let masked = self.value(&element, inner, rest, lambdas + 1)?;
                Ok(format!("transform_values({value}, (key_{}, {element}) -> {masked})", lambdas + 1))
            }
            (Step::Field(name), _) => Err(self.cannot(&format!("{} has no field `{name}`", data_type.text))),
            (Step::Elements, _) => Err(self.cannot(&format!("{} has no elements", data_type.text))),
            (Step::Values, _) => Err(self.cannot(&format!("{} has no values", data_type.text))),
        }
    }

    fn cannot(&self, reason: &str) -> CannotHold {
        let mask = self.path.text.clone();
        CannotHold { mask, data_type: self.whole.text.clone(), reason: reason.to_owned() }
    }
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
