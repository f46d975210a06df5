//! A tree and circumstances → its truth.
//!
//! Three-valued: `false && unknown` is false and `true || unknown` is true, as in CEL; all else that needs what is not
//! known is unknown. So a condition is true or false only if it is so whatever the unknown inputs are.

use super::inputs::{Lists, Texts};
use super::tree::{Arithmetic, Bool, Choice, List, Look, Number, Part, Text, Time};
use super::{Input, MOST_STEPS, moment};
use compact_str::CompactString;
use core::net::IpAddr;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::borrow::Cow;
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// What is known of the user, the session and the request.
///
/// `None` is what is not known: missing, or merely claimed by the client without any proof. An empty set is known to be
/// empty.
#[derive(Clone, Copy, Debug, Default)]
pub struct Circumstances<'a> {
    /// The effective user's name.
    pub user: Option<&'a str>,
    /// The groups of that user.
    pub groups: Option<&'a BTreeSet<String>>,
    /// The roles of that user.
    pub roles: Option<&'a BTreeSet<String>>,
    /// The attributes of that user, each with its values.
    pub attributes: Option<&'a BTreeMap<String, BTreeSet<String>>>,
    /// What the client calls itself.
    pub source: Option<&'a str>,
    /// The client's tags.
    pub client_tags: Option<&'a BTreeSet<String>>,
    /// The session's catalog.
    pub catalog: Option<&'a str>,
    /// The session's schema.
    pub schema: Option<&'a str>,
    /// What the request is for.
    pub purpose: Option<&'a str>,
    /// The client's address. One of IPv4 inside IPv6 counts as the IPv4 one.
    pub address: Option<IpAddr>,
    /// When the request came. Conditions see the minute alone.
    pub time: Option<Timestamp>,
}

/// Whether a condition is true.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Truth {
    /// It is.
    True,
    /// It is not.
    False,
    /// It can't be told.
    Unknown(Why),
}

/// Why a condition is neither true nor false.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// This input is not known.
    Input(Input),
    /// The user does not have this attribute.
    NoAttribute(Input),
    /// One value of this attribute was asked for, and the user has several of it, or none.
    SeveralValues(Input),
    /// A number is too great.
    Overflow,
    /// A number is divided by zero.
    DivisionByZero,
    /// More than [`MOST_STEPS`] steps.
    TooCostly,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Why::Input(input) => write!(f, "`{input}` is not known"),
            Why::NoAttribute(input) => write!(f, "the user has no `{input}`"),
            Why::SeveralValues(input) => write!(f, "`{input}` has not one value"),
            Why::Overflow => write!(f, "a number is too great"),
            Why::DivisionByZero => write!(f, "a number is divided by zero"),
            Why::TooCostly => write!(f, "it takes more than {MOST_STEPS} steps"),
        }
    }
}

pub(super) fn evaluate(tree: &Bool, circumstances: &Circumstances<'_>) -> Truth {
    let evaluation = Evaluation { circumstances, steps: Cell::new(0) };
    match evaluation.bool(tree, None) {
        Ok(true) => Truth::True,
        Ok(false) => Truth::False,
        Err(why) => Truth::Unknown(why),
    }
}

struct Evaluation<'a> {
    circumstances: &'a Circumstances<'a>,
    steps: Cell<usize>,
}

/// A list's elements.
enum Elements<'e> {
    Set(&'e BTreeSet<String>),
    Written(Vec<Cow<'e, str>>),
}

/// Each method has the element that `exists` or `all` looks at, if it is inside one.
impl Evaluation<'_> {
    /// Counts a step that looks at so many bytes.
    fn step(&self, bytes: usize) -> Result<(), Why> {
        let steps = self.steps.get() + 1 + bytes / 64;
        self.steps.set(steps);
        if steps > MOST_STEPS { Err(Why::TooCostly) } else { Ok(()) }
    }

    fn bool(&self, tree: &Bool, element: Option<&str>) -> Result<bool, Why> {
        self.step(0)?;
        Ok(match tree {
            Bool::Literal(value) => *value,
            Bool::Not(inner) => !self.bool(inner, element)?,
            Bool::And(sides) => return self.decided(false, sides, element),
            Bool::Or(sides) => return self.decided(true, sides, element),
            Bool::Same { negated, sides } => {
                let [left, right] = &**sides;
                (self.bool(left, element)? == self.bool(right, element)?) != *negated
            }
            Bool::If(choice) => return self.bool(self.chosen(choice, element)?, element),
            Bool::Numbers(comparison, sides) => {
                let [left, right] = &**sides;
                comparison.holds(self.number(left, element)?.cmp(&self.number(right, element)?))
            }
            Bool::Texts(comparison, sides) => {
                let [left, right] = &**sides;
                let (left, right) = (self.text(left, element)?, self.text(right, element)?);
                self.step(left.len().min(right.len()))?;
                comparison.holds(left.cmp(&right))
            }
            Bool::Times(comparison, sides) => {
                let [left, right] = &**sides;
                comparison.holds(self.time(left, element)?.cmp(&self.time(right, element)?))
            }
            Bool::TextIn(text, list) => {
                let text = self.text(text, element)?;
                match self.list(list, element)? {
                    Elements::Set(set) => {
                        self.step(text.len())?;
                        set.contains(&*text)
                    }
                    Elements::Written(list) => {
                        self.step(text.len().saturating_mul(list.len()))?;
                        list.contains(&text)
                    }
                }
            }
            Bool::NumberIn(number, list) => {
                let number = self.number(number, element)?;
                let mut found = false;
                for other in list {
                    found |= self.number(other, element)? == number;
                }
                found
            }
            Bool::InNetwork(network) => {
                let address = self.circumstances.address.ok_or(Why::Input(Input::Address))?;
                network.contains(&address.to_canonical())
            }
            Bool::Has(name) => self.attributes(name)?.contains_key(name.as_str()),
            Bool::Looks(look, sides) => {
                let [text, part] = &**sides;
                let (text, part) = (self.text(text, element)?, self.text(part, element)?);
                self.step(text.len().saturating_add(part.len()))?;
                match look {
                    Look::Contains => text.contains(&*part),
                    Look::StartsWith => text.starts_with(&*part),
                    Look::EndsWith => text.ends_with(&*part),
                }
            }
            Bool::Some { list, holds } => return self.any(true, list, holds),
            Bool::Each { list, holds } => return self.any(false, list, holds),
        })
    }

    /// `wanted`, if one side is that, whatever the other one is; else the opposite, if both are.
    fn decided(&self, wanted: bool, sides: &[Bool; 2], element: Option<&str>) -> Result<bool, Why> {
        let [left, right] = sides;
        match self.bool(left, element) {
            Ok(value) if value == wanted => Ok(wanted),
            Ok(_) => self.bool(right, element),
            Err(why) => match self.bool(right, element) {
                Ok(value) if value == wanted => Ok(wanted),
                _ => Err(why),
            },
        }
    }

    /// `wanted`, if the condition is that of one of the elements; else the opposite, if it is that of all of them.
    fn any(&self, wanted: bool, list: &List, holds: &Bool) -> Result<bool, Why> {
        let mut unknown = None;
        let mut found = |each: &str| {
            match self.bool(holds, Some(each)) {
                Ok(value) => return value == wanted,
                Err(why) => unknown = unknown.take().or(Some(why)),
            }
            false
        };
        // `exists` and `all` don't stand inside each other, so the list knows no element.
        let decided = match self.list(list, None)? {
            Elements::Set(set) => set.iter().any(|each| found(each)),
            Elements::Written(list) => list.iter().any(|each| found(each)),
        };
        match (decided, unknown) {
            (true, _) => Ok(wanted),
            (false, None) => Ok(!wanted),
            (false, Some(why)) => Err(why),
        }
    }

    fn chosen<'e, T>(&self, choice: &'e Choice<T>, element: Option<&str>) -> Result<&'e T, Why> {
        Ok(if self.bool(&choice.condition, element)? { &choice.yes } else { &choice.no })
    }

    fn number(&self, tree: &Number, element: Option<&str>) -> Result<i64, Why> {
        self.step(0)?;
        match tree {
            Number::Literal(value) => Ok(*value),
            Number::Negated(inner) => self.number(inner, element)?.checked_neg().ok_or(Why::Overflow),
            Number::Arithmetic(operator, sides) => {
                let [left, right] = &**sides;
                let (left, right) = (self.number(left, element)?, self.number(right, element)?);
                if right == 0 && matches!(operator, Arithmetic::Divide | Arithmetic::Remainder) {
                    return Err(Why::DivisionByZero);
                }
                let result = match operator {
                    Arithmetic::Add => left.checked_add(right),
                    Arithmetic::Subtract => left.checked_sub(right),
                    Arithmetic::Multiply => left.checked_mul(right),
                    Arithmetic::Divide => left.checked_div(right),
                    Arithmetic::Remainder => left.checked_rem(right),
                };
                result.ok_or(Why::Overflow)
            }
            Number::Length(text) => {
                let text = self.text(text, element)?;
                self.step(text.len())?;
                count(text.chars().count())
            }
            Number::Count(list) => match self.list(list, element)? {
                Elements::Set(set) => count(set.len()),
                Elements::Written(list) => count(list.len()),
            },
            Number::Part(part, zone, time) => Ok(part_of(*part, zone, self.time(time, element)?)),
            Number::If(choice) => self.number(self.chosen(choice, element)?, element),
        }
    }

    fn text<'e>(&'e self, tree: &'e Text, element: Option<&'e str>) -> Result<Cow<'e, str>, Why> {
        self.step(0)?;
        match tree {
            Text::Literal(value) => Ok(Cow::Borrowed(value)),
            Text::Input(input) => self.input(*input).map(Cow::Borrowed).ok_or_else(|| Why::Input(input.input())),
            Text::Attribute(name) => {
                let mut values = self.values(name)?.iter();
                match (values.next(), values.next()) {
                    (Some(value), None) => Ok(Cow::Borrowed(value)),
                    _ => Err(Why::SeveralValues(Input::Attribute(name.clone()))),
                }
            }
            // Typing lets it stand inside `exists` and `all` alone.
            Text::Element => Ok(Cow::Borrowed(element.unwrap_or_default())),
            Text::Joined(sides) => {
                let [left, right] = &**sides;
                let (left, right) = (self.text(left, element)?, self.text(right, element)?);
                self.step(left.len().saturating_add(right.len()))?;
                Ok(left + right)
            }
            Text::If(choice) => self.text(self.chosen(choice, element)?, element),
        }
    }

    fn list<'e>(&'e self, list: &'e List, element: Option<&'e str>) -> Result<Elements<'e>, Why> {
        match list {
            List::Literal(texts) => {
                let texts: Result<Vec<_>, _> = texts.iter().map(|text| self.text(text, element)).collect();
                texts.map(Elements::Written)
            }
            List::Input(input) => {
                let known = match input {
                    Lists::Groups => self.circumstances.groups,
                    Lists::Roles => self.circumstances.roles,
                    Lists::ClientTags => self.circumstances.client_tags,
                };
                known.map(Elements::Set).ok_or_else(|| Why::Input(input.input()))
            }
            List::Attribute(name) => self.values(name).map(Elements::Set),
        }
    }

    fn time(&self, tree: &Time, element: Option<&str>) -> Result<Timestamp, Why> {
        self.step(0)?;
        match tree {
            Time::Literal(time) => Ok(*time),
            Time::Request => self.circumstances.time.map(moment::minute).ok_or(Why::Input(Input::Time)),
            Time::If(choice) => self.time(self.chosen(choice, element)?, element),
        }
    }

    fn input(&self, input: Texts) -> Option<&str> {
        match input {
            Texts::User => self.circumstances.user,
            Texts::Source => self.circumstances.source,
            Texts::Catalog => self.circumstances.catalog,
            Texts::Schema => self.circumstances.schema,
            Texts::Purpose => self.circumstances.purpose,
        }
    }

    fn attributes(&self, name: &CompactString) -> Result<&BTreeMap<String, BTreeSet<String>>, Why> {
        self.circumstances.attributes.ok_or_else(|| Why::Input(Input::Attribute(name.clone())))
    }

    fn values(&self, name: &CompactString) -> Result<&BTreeSet<String>, Why> {
        let values = self.attributes(name)?.get(name.as_str());
        values.ok_or_else(|| Why::NoAttribute(Input::Attribute(name.clone())))
    }
}

fn count(elements: usize) -> Result<i64, Why> {
    i64::try_from(elements).map_err(|_| Why::Overflow)
}

/// As CEL counts, which counts months and most days from 0.
fn part_of(part: Part, zone: &TimeZone, time: Timestamp) -> i64 {
    let local = zone.to_datetime(time);
    match part {
        Part::FullYear => local.year().into(),
        Part::Month => i64::from(local.month()) - 1,
        Part::Date => local.day().into(),
        Part::DayOfMonth => i64::from(local.day()) - 1,
        Part::DayOfWeek => local.weekday().to_sunday_zero_offset().into(),
        Part::DayOfYear => i64::from(local.day_of_year()) - 1,
        Part::Hours => local.hour().into(),
        Part::Minutes => local.minute().into(),
    }
}
