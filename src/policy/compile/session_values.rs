//! What the user sets for a session, and so could move a mask or filter by: its time zone, catalog, schema and path.
//!
//! A client names its time zone in a header, and `SET TIME ZONE` changes it. Trino takes the date of today, and the times
//! that stand without a zone, by it (<https://trino.io/docs/476/functions/datetime.html>).

use crate::sql::ast::{
    Arguments, Call, CurrentKind, CurrentValue, DataType, DataTypeKind, Expr, ExprKind, TypeParameter,
};

/// How a time is written that is the same for each user.
pub(super) const HELP: &str = "write the zone: `CAST(current_timestamp AT TIME ZONE 'UTC' AS date)`, or `AS timestamp`";

/// Functions that take or give a time by the session's zone.
const BY_ZONE: [&str; 6] = [
    "current_timezone",
    "now",
    "from_iso8601_timestamp",
    "from_iso8601_timestamp_nanos",
    "from_unixtime_nanos",
    "parse_datetime",
];
/// One that does unless it is given a zone.
const BY_ZONE_UNLESS_GIVEN: &str = "from_unixtime";

/// Whether a cast makes of an instant in a written zone a date or time without one: it is the same in each session.
pub(super) fn is_fixed(value: &Expr, data_type: &DataType) -> bool {
    let ExprKind::AtTimeZone { value, zone } = &value.kind else { return false };
    let is_now = match &value.kind {
        ExprKind::Current(CurrentValue { kind: CurrentKind::Timestamp, precision: _ }) => true,
        ExprKind::Call(call) => {
            matches!(&call.arguments, Arguments::List(list) if list.is_empty())
                && matches!(call.name.parts.as_slice(), [name] if name.folded() == "now")
        }
        _ => false,
    };
    let without_zone = match &data_type.kind {
        DataTypeKind::DateTime { with_time_zone, .. } => !with_time_zone,
        DataTypeKind::Generic { name, parameters } => parameters.is_empty() && name.folded() == "date",
        DataTypeKind::Row(_) | DataTypeKind::Interval(_) => false,
    };
    is_now && without_zone && matches!(zone.kind, ExprKind::String(_))
}

/// Whether values of a type have a zone, which a cast to it takes from the session.
pub(super) fn has_zone(data_type: &DataType) -> bool {
    match &data_type.kind {
        DataTypeKind::DateTime { with_time_zone, .. } => *with_time_zone,
        DataTypeKind::Generic { name: _, parameters } => {
            parameters.iter().any(|parameter| matches!(parameter, TypeParameter::Type(of) if has_zone(of)))
        }
        DataTypeKind::Row(fields) => fields.iter().any(|(_, of)| has_zone(of)),
        DataTypeKind::Interval(_) => false,
    }
}

/// Why a value of the session can't stand in a policy.
pub(super) fn of_session(value: CurrentValue) -> Option<(&'static str, Option<&'static str>)> {
    match value.kind {
        CurrentKind::User => None,
        CurrentKind::Date
        | CurrentKind::Time
        | CurrentKind::Timestamp
        | CurrentKind::LocalTime
        | CurrentKind::LocalTimestamp => Some(("the user's time zone would decide about it", Some(HELP))),
        CurrentKind::Catalog | CurrentKind::Schema | CurrentKind::Path => Some(("the user sets it", None)),
    }
}

/// Whether a function of Trino's own reads the session's zone.
pub(super) fn reads_zone(call: &Call) -> bool {
    let name = match call.name.parts.as_slice() {
        [name] => name.folded(),
        [catalog, schema, name] if (&*catalog.folded(), &*schema.folded()) == ("system", "builtin") => name.folded(),
        _ => return false,
    };
    let given = matches!(&call.arguments, Arguments::List(list) if list.len() > 1);
    BY_ZONE.contains(&name.as_str()) || (name == BY_ZONE_UNLESS_GIVEN && !given)
}

#[cfg(test)]
mod tests {
    use super::super::check::check;
    use crate::sql::v476::parse_expression;

    fn refused(sql: &str) -> Option<String> {
        check(&parse_expression(sql).unwrap()).forbidden.into_iter().next().map(|found| found.message)
    }

    #[test]
    fn nothing_that_the_user_sets_decides_about_a_row() {
        for sql in [
            "d <= current_date",
            "at <= current_timestamp",
            "at <= current_timestamp(3) AT TIME ZONE 'UTC'",
            "at <= now() - INTERVAL '1' DAY",
            "CAST(now() AS date) = d",
            "CAST(current_timestamp AT TIME ZONE INTERVAL '1' HOUR AS date) = d",
            "CAST(current_timestamp AT TIME ZONE 'UTC' AS timestamp(3) with time zone) > at",
            "t < localtime",
            "t < current_time",
            "at < localtimestamp(6)",
            "hour(from_unixtime(seconds)) < 8",
            "from_iso8601_timestamp(text) < at",
            "parse_datetime(text, 'yyyy') < at",
            "zone = current_timezone()",
            "CAST(text AS timestamp with time zone) < at",
            "CAST(times AS array(timestamp(3) with time zone))[1] < at",
            "CAST(ROW(text) AS row(t timestamp with time zone)).t < at",
            "JSON_VALUE(text, 'lax $.t' RETURNING timestamp(3) with time zone) < at",
            "at <= system.builtin.now()",
            "hour(\"system\".\"builtin\".FROM_UNIXTIME(seconds)) < 8",
            "d IN (SELECT d FROM lake.hr.days WHERE d < current_date)",
        ] {
            assert_eq!(refused(sql).as_deref(), Some("the user's time zone would decide about it"), "{sql}");
        }
        for sql in ["s = current_schema", "s = current_catalog", "s = current_path"] {
            assert_eq!(refused(sql).as_deref(), Some("the user sets it"), "{sql}");
        }
    }

    #[test]
    fn what_is_the_same_in_each_session_is_taken() {
        for sql in [
            "d <= CAST(current_timestamp AT TIME ZONE 'UTC' AS date)",
            "at <= CAST(now() AT TIME ZONE 'Europe/Vienna' AS timestamp(3)) - INTERVAL '1' DAY",
            "TRY_CAST(current_timestamp(0) AT TIME ZONE '+01:00' AS time) < t",
            "owner = current_user",
            "d < DATE '2026-01-01' AND CAST(at AS date) = d",
            "hour(from_unixtime(seconds, 'UTC')) < 8",
            "date_format(at, '%Y') = '2026'",
        ] {
            assert_eq!(refused(sql), None, "{sql}");
        }
    }
}
