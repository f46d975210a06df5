//! What lies below a type.

macro_rules! types {
    ($name:ident, $($mutable:tt)?) => {
        pub fn data_type<V: $name + ?Sized>(v: &mut V, node: & $($mutable)? DataType) {
            let DataType { span, kind } = node;
            v.span(span);
            match kind {
                DataTypeKind::Generic { name, parameters } => {
                    v.identifier(name);
                    for parameter in parameters { type_parameter(v, parameter); }
                }
                DataTypeKind::Row(fields) => for (name, kind) in fields {
                    if let Some(name) = name { v.identifier(name); }
                    v.data_type(kind);
                },
                DataTypeKind::DateTime { timestamp: _, precision, with_time_zone: _ } => {
                    if let Some(precision) = precision { type_parameter(v, precision); }
                }
                DataTypeKind::Interval(qualifier) => interval_qualifier(v, qualifier),
            }
        }

        fn type_parameter<V: $name + ?Sized>(v: &mut V, node: & $($mutable)? TypeParameter) {
            match node {
                TypeParameter::Number(span) => v.span(span),
                TypeParameter::Type(kind) => v.data_type(kind),
            }
        }
    };
}
pub(super) use types;
