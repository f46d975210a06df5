//! Types.

use super::Dump;
use crate::sql::ast::{DataType, DataTypeKind, IntervalQualifier, TypeParameter};

impl Dump<'_> {
    pub(super) fn data_type(&mut self, node: &DataType) {
        let DataType { span, kind } = node;
        match kind {
            DataTypeKind::Generic { name, parameters } => self.node("GenericDataType", Some(*span), |dump| {
                dump.field("name", |dump| dump.identifier(name));
                dump.list("arguments", parameters, Self::type_parameter);
            }),
            DataTypeKind::Row(fields) => self.node("RowDataType", Some(*span), |dump| {
                dump.list("fields", fields, |dump, (name, data_type)| {
                    dump.node("RowDataType.Field", None, |dump| {
                        dump.maybe("name", name.as_ref(), Self::identifier);
                        dump.field("type", |dump| dump.data_type(data_type));
                    });
                });
            }),
            DataTypeKind::DateTime { timestamp, precision, with_time_zone } => {
                self.node("DateTimeDataType", Some(*span), |dump| {
                    dump.text("type", if *timestamp { "TIMESTAMP" } else { "TIME" });
                    dump.flag("withTimeZone", *with_time_zone);
                    dump.maybe("precision", precision.as_deref(), Self::type_parameter);
                });
            }
            DataTypeKind::Interval(qualifier) => {
                let IntervalQualifier { from, precision, to, fraction } = qualifier;
                if precision.or(*fraction).is_some() {
                    return self.node("IntervalDataType", Some(*span), |dump| {
                        dump.field("qualifier", |dump| dump.interval_qualifier(qualifier));
                    });
                }
                self.node("IntervalDayTimeDataType", Some(*span), |dump| {
                    dump.text("from", from.word());
                    dump.text("to", to.unwrap_or(*from).word());
                });
            }
        }
    }

    fn type_parameter(&mut self, node: &TypeParameter) {
        match node {
            TypeParameter::Number(span) => {
                let value = span.of(self.text);
                self.node("NumericParameter", Some(*span), |dump| dump.text("value", value));
            }
            TypeParameter::Type(data_type) => {
                self.node("TypeParameter", Some(data_type.span), |dump| {
                    dump.field("type", |dump| dump.data_type(data_type));
                });
            }
        }
    }
}
