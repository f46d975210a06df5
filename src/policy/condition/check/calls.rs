//! Functions, methods and arithmetic.

use super::kind::Typed;
use super::problem::Problem;
use super::{Check, literal};
use crate::policy::condition::inputs::Input;
use crate::policy::condition::moment;
use crate::policy::condition::tree::{Arithmetic, Bool, List, Look, Number, Part, Text, Time};
use crate::policy::suggest::did_you_mean;
use cel::IdedExpr;
use cel::common::ast::operators::{ADD, DIVIDE, MODULO, MULTIPLY};
use ipnet::IpNet;
use jiff::tz::TimeZone;

const FUNCTIONS: [&str; 3] = ["has", "size", "timestamp"];
const METHODS: [&str; 7] = ["contains", "startsWith", "endsWith", "size", "exists", "all", "in_network"];
const PARTS: [(&str, Part); 8] = [
    ("getFullYear", Part::FullYear),
    ("getMonth", Part::Month),
    ("getDate", Part::Date),
    ("getDayOfMonth", Part::DayOfMonth),
    ("getDayOfWeek", Part::DayOfWeek),
    ("getDayOfYear", Part::DayOfYear),
    ("getHours", Part::Hours),
    ("getMinutes", Part::Minutes),
];

impl<'p> Check<'p> {
    pub(super) fn arithmetic(
        &mut self,
        operator: &str,
        left: &'p IdedExpr,
        right: &'p IdedExpr,
    ) -> Result<Typed, Problem<'p>> {
        let first = match self.expr(left)? {
            Typed::Number(number) => number,
            other if operator == ADD => match other.into_text() {
                Ok(text) => return Ok(Typed::Text(Text::Joined(Box::new([text, self.text(right)?])))),
                Err(other) => return Err(other.instead_of("a whole number or a text", left)),
            },
            other => return Err(other.instead_of("a whole number", left)),
        };
        let operator = match operator {
            ADD => Arithmetic::Add,
            MULTIPLY => Arithmetic::Multiply,
            DIVIDE => Arithmetic::Divide,
            MODULO => Arithmetic::Remainder,
            _ => Arithmetic::Subtract,
        };
        Ok(Typed::Number(Number::Arithmetic(operator, Box::new([first, self.number(right)?]))))
    }

    pub(super) fn function(
        &mut self,
        expr: &'p IdedExpr,
        name: &str,
        arguments: &'p [IdedExpr],
    ) -> Result<Typed, Problem<'p>> {
        match (name, arguments) {
            ("size", [argument]) => self.size(argument),
            ("timestamp", [argument]) => {
                let time = literal(argument).and_then(moment::time).ok_or_else(|| {
                    Problem::at(argument, "`timestamp` takes a date and a time with a zone, as a text")
                        .help("write `timestamp('2026-01-31T00:00:00+01:00')` or `…T00:00:00[Europe/Berlin]`")
                })?;
                Ok(Typed::Time(Time::Literal(time)))
            }
            _ if FUNCTIONS.contains(&name) => Err(Problem::name(expr, format!("`{name}` takes one argument"))),
            _ => {
                let help = match METHODS.contains(&name) || PARTS.iter().any(|(part, _)| *part == name) {
                    true => Some(format!("write `value.{name}(…)`")),
                    false => did_you_mean(name, FUNCTIONS).or_else(|| did_you_mean(name, METHODS)),
                };
                Err(Problem::name(expr, format!("unknown function `{name}`")).maybe_help(help))
            }
        }
    }

    fn size(&mut self, expr: &'p IdedExpr) -> Result<Typed, Problem<'p>> {
        Ok(Typed::Number(match self.expr(expr)? {
            Typed::Text(text) => Number::Length(Box::new(text)),
            Typed::List(list) => Number::Count(list),
            Typed::Attribute(name) => Number::Count(List::Attribute(name)),
            other => return Err(other.instead_of("a text or a list", expr)),
        }))
    }

    pub(super) fn method(
        &mut self,
        expr: &'p IdedExpr,
        target: &'p IdedExpr,
        name: &str,
        arguments: &'p [IdedExpr],
    ) -> Result<Typed, Problem<'p>> {
        let look = match name {
            "contains" => Some(Look::Contains),
            "startsWith" => Some(Look::StartsWith),
            "endsWith" => Some(Look::EndsWith),
            _ => None,
        };
        let part = PARTS.iter().find(|(known, _)| *known == name).map(|(_, part)| *part);
        match (arguments, look, part) {
            ([argument], Some(look), _) => {
                Ok(Typed::Bool(Bool::Looks(look, Box::new([self.text(target)?, self.text(argument)?]))))
            }
            ([], _, Some(part)) => {
                let time = self.time(target)?;
                Ok(Typed::Number(Number::Part(part, TimeZone::UTC, Box::new(time))))
            }
            ([zone], _, Some(part)) => {
                let time = self.time(target)?;
                Ok(Typed::Number(Number::Part(part, zone_of(zone)?, Box::new(time))))
            }
            ([], ..) if name == "size" => self.size(target),
            ([network], ..) if name == "in_network" => {
                match self.expr(target)? {
                    Typed::Address => {}
                    other => return Err(other.instead_of("an address", target)),
                }
                self.reads.insert(Input::Address);
                Ok(Typed::Bool(Bool::InNetwork(network_of(network)?)))
            }
            _ => {
                self.expr(target)?;
                Err(wrong_method(expr, name))
            }
        }
    }
}

fn wrong_method<'p>(expr: &'p IdedExpr, name: &str) -> Problem<'p> {
    let known = || METHODS.iter().copied().chain(PARTS.iter().map(|(part, _)| *part));
    match name {
        "exists" | "all" => Problem::name(expr, format!("`{name}` takes the name of an element and a condition on it"))
            .help(format!("write `user.groups.{name}(g, g.startsWith('eu-'))`")),
        "getSeconds" | "getMilliseconds" => Problem::name(expr, "a condition sees the minute, nothing finer"),
        "size" => Problem::name(expr, "`size` takes no argument"),
        _ if known().any(|method| method == name) => Problem::name(expr, format!("`{name}` takes one argument")),
        _ => Problem::name(expr, format!("unknown method `{name}`")).maybe_help(did_you_mean(name, known())),
    }
}

fn zone_of(expr: &IdedExpr) -> Result<TimeZone, Problem<'_>> {
    let Some(name) = literal(expr) else {
        return Err(Problem::at(expr, "a time zone is named by a text as it is").help("write `'Europe/Berlin'`"));
    };
    moment::zone(name).ok_or_else(|| {
        Problem::at(expr, format!("unknown time zone `{name}`")).help("write `'Europe/Berlin'` or `'+02:00'`")
    })
}

fn network_of(expr: &IdedExpr) -> Result<IpNet, Problem<'_>> {
    let Some(text) = literal(expr) else {
        return Err(Problem::at(expr, "a network is named by a text as it is").help("write `'10.0.0.0/8'`"));
    };
    match text.parse::<IpNet>() {
        Ok(network) if network.trunc() == network => Ok(network),
        Ok(network) => Err(Problem::at(expr, format!("`{text}` is an address inside a network"))
            .help(format!("did you mean `{}`?", network.trunc()))),
        Err(_) => {
            let address = text.parse::<core::net::IpAddr>().ok().map(|address| IpNet::from(address).to_string());
            let help = address.unwrap_or_else(|| "10.0.0.0/8".to_owned());
            Err(Problem::at(expr, format!("`{text}` is no network")).help(format!("write `'{help}'`")))
        }
    }
}
