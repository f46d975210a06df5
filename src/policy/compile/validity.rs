//! When rules hold: texts of times → moments.

use super::{Context, place};
use crate::policy::condition::Condition;
use crate::policy::diagnostics::Diagnostic;
use crate::policy::document::{At, Validity};
use jiff::Timestamp;
use jiff::fmt::temporal::DateTimeParser;
use jiff::tz::TimeZoneDatabase;

/// When a rule holds.
#[derive(Clone, Debug, Default)]
pub(super) struct Terms {
    pub(super) period: Period,
    pub(super) when: Option<Condition>,
}

/// From one time to another; without a bound where there is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Period {
    pub(super) from: Option<Timestamp>,
    pub(super) until: Option<Timestamp>,
}

/// The time that a text names: with a zone in brackets (RFC 9557), or with an offset (RFC 3339). `None` if it is wrong,
/// which has been reported.
pub(super) fn time(file: usize, text: &At<String>, context: &mut Context<'_>) -> Option<Timestamp> {
    let parser = DateTimeParser::new();
    let written = text.value.as_str();
    // The zones that are built in, not those of the machine: the same text is the same time everywhere.
    let read = if written.contains('[') {
        parser.parse_zoned_with(&TimeZoneDatabase::bundled(), written).map(|zoned| zoned.timestamp())
    } else {
        parser.parse_timestamp(written)
    };
    read.map_err(|error| {
        context.report(
            Diagnostic::new("bad-time", place(file, &text.at), format!("`{written}` is no time with a zone"), "here")
                .help(error.to_string())
                .help("write it with its zone, such as `2026-01-01T00:00:00[Europe/Berlin]` or `2026-01-01T00:00:00Z`"),
        );
    })
    .ok()
}

/// The terms of a rule.
pub(super) fn terms(
    file: usize,
    validity: Option<&At<Validity>>,
    when: Option<&At<String>>,
    context: &mut Context<'_>,
) -> Terms {
    let period = period(file, validity, context);
    Terms { period, when: when.and_then(|text| condition(file, text, context)) }
}

/// A condition. `None` if it is wrong, which has been reported.
fn condition(file: usize, written: &At<String>, context: &mut Context<'_>) -> Option<Condition> {
    let text = written.value.trim();
    Condition::parse(text)
        .map_err(|error| {
            let raw = context.files.get(file).and_then(|source| source.text.get(written.at.clone()));
            // Where the file holds the text letter by letter, its part is shown; else the whole.
            let start = raw.and_then(|raw| raw.find(text)).map(|start| written.at.start + start);
            let at = start.map_or(written.at.clone(), |start| start + error.at.start..start + error.at.end);
            let problem = Diagnostic::new("bad-condition", place(file, &at), error.message, "here");
            context.report(problem.maybe_help(error.help));
        })
        .ok()
}

/// The period of a rule.
fn period(file: usize, validity: Option<&At<Validity>>, context: &mut Context<'_>) -> Period {
    let Some(At { at, value: Validity { from, until } }) = validity else { return Period::default() };
    if from.is_none() && until.is_none() {
        context.report(
            Diagnostic::new("bad-time", place(file, at), "`validity` names no time", "neither `from` nor `until`")
                .help("leave it out"),
        );
    }
    between(file, from.as_ref(), until.as_ref(), context)
}

/// From one time to another; an end that does not come after the beginning is reported.
pub(super) fn between(
    file: usize,
    from: Option<&At<String>>,
    until: Option<&At<String>>,
    context: &mut Context<'_>,
) -> Period {
    let start = from.and_then(|text| time(file, text, context));
    let end = until.and_then(|text| time(file, text, context));
    if let (Some(start), Some(end), Some(from), Some(until)) = (start, end, from, until)
        && end <= start
    {
        context.report(
            Diagnostic::new("bad-time", place(file, &until.at), "it ends before it begins", "the end")
                .other(place(file, &from.at), "the beginning"),
        );
    }
    Period { from: start, until: end }
}
