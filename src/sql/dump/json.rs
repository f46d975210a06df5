//! The JSON functions and JSON_TABLE.

use super::Dump;
use crate::sql::ast::{
    DataType, Expr, Identifier, JsonArgument, JsonBehavior, JsonClauses, JsonFormat, JsonInput, JsonMember, JsonNulls,
    JsonPathForm, JsonPathInvocation, JsonPlan, JsonReturning, JsonTable, JsonTableColumn, JsonTablePlan, JsonWrapper,
    Span, StringLiteral,
};

impl Dump<'_> {
    pub(super) fn json_path_form(
        &mut self,
        span: Span,
        form: JsonPathForm,
        (path, returning): (&JsonPathInvocation, Option<&JsonReturning>),
        (clauses, defaults): (JsonClauses, &[Expr]),
    ) {
        let class = match form {
            JsonPathForm::Exists => "JsonExists",
            JsonPathForm::Value => "JsonValue",
            JsonPathForm::Query => "JsonQuery",
        };
        let JsonClauses { wrapper: _, keep_quotes: _, on_empty, on_error } = clauses;
        self.node(class, Some(span), |dump| {
            dump.field("jsonPathInvocation", |dump| dump.json_path(path));
            dump.json_returning((form == JsonPathForm::Query, returning));
            match form {
                JsonPathForm::Exists => dump.behavior("errorBehavior", Some(on_error.unwrap_or(JsonBehavior::False))),
                JsonPathForm::Value => {
                    dump.value_behaviors((on_empty, Some(on_error.unwrap_or(JsonBehavior::Null))), defaults);
                }
                JsonPathForm::Query => {
                    dump.query_behaviors(clauses);
                    dump.behavior("errorBehavior", Some(on_error.unwrap_or(JsonBehavior::Null)));
                }
            }
        });
    }

    /// Fields `returnedType` and `outputFormat`.
    fn json_returning(&mut self, (has_format, returning): (bool, Option<&JsonReturning>)) {
        let Some(JsonReturning { data_type, format }) = returning else { return };
        self.field("returnedType", |dump| dump.data_type(data_type));
        self.maybe("outputFormat", format.filter(|_| has_format), |dump, format| dump.quoted(format_name(format)));
    }

    fn behavior(&mut self, name: &str, behavior: Option<JsonBehavior>) {
        self.maybe(name, behavior, |dump, behavior| dump.quoted(behavior_name(behavior)));
    }

    /// Both behaviors of JSON_VALUE; what `DEFAULT` names follows in the order of the text.
    fn value_behaviors(
        &mut self,
        (on_empty, on_error): (Option<JsonBehavior>, Option<JsonBehavior>),
        defaults: &[Expr],
    ) {
        let mut defaults = defaults.iter();
        let on_empty = on_empty.unwrap_or(JsonBehavior::Null);
        self.behavior("emptyBehavior", Some(on_empty));
        if on_empty == JsonBehavior::Default {
            self.maybe("emptyDefault", defaults.next(), Self::expr);
        }
        self.behavior("errorBehavior", on_error);
        if on_error == Some(JsonBehavior::Default) {
            self.maybe("errorDefault", defaults.next(), Self::expr);
        }
    }

    fn query_behaviors(&mut self, clauses: JsonClauses) {
        let JsonClauses { wrapper, keep_quotes, on_empty, on_error: _ } = clauses;
        let wrapper = match wrapper {
            None | Some(JsonWrapper::Without) => "WITHOUT",
            Some(JsonWrapper::Conditional) => "CONDITIONAL",
            Some(JsonWrapper::Unconditional) => "UNCONDITIONAL",
        };
        self.text("wrapperBehavior", wrapper);
        self.maybe("quotesBehavior", keep_quotes, |dump, keep| dump.quoted(if keep { "KEEP" } else { "OMIT" }));
        self.behavior("emptyBehavior", Some(on_empty.unwrap_or(JsonBehavior::Null)));
    }

    fn json_path(&mut self, node: &JsonPathInvocation) {
        let JsonPathInvocation { span, input: JsonInput { value, format }, path, name, passing } = node;
        self.node("JsonPathInvocation", Some(*span), |dump| {
            dump.field("inputExpression", |dump| dump.expr(value));
            dump.text("inputFormat", format_name(format.unwrap_or(JsonFormat::Json)));
            dump.field("jsonPath", |dump| dump.string(path));
            dump.maybe("pathName", name.as_ref(), Self::identifier);
            dump.list("pathParameters", passing, |dump, JsonArgument { input: JsonInput { value, format }, name }| {
                dump.node("JsonPathParameter", None, |dump| {
                    dump.field("name", |dump| dump.identifier(name));
                    dump.field("parameter", |dump| dump.expr(value));
                    dump.json_format(*format);
                });
            });
        });
    }

    /// A field `format`.
    fn json_format(&mut self, format: Option<JsonFormat>) {
        self.maybe("format", format, |dump, format| dump.quoted(format_name(format)));
    }

    pub(super) fn json_object(
        &mut self,
        span: Span,
        (members, nulls, unique_keys): (&[JsonMember], Option<JsonNulls>, Option<bool>),
        returning: Option<&JsonReturning>,
    ) {
        self.node("JsonObject", Some(span), |dump| {
            dump.list("members", members, |dump, JsonMember { key, value: JsonInput { value, format } }| {
                dump.node("JsonObjectMember", None, |dump| {
                    dump.field("key", |dump| dump.expr(key));
                    dump.field("value", |dump| dump.expr(value));
                    dump.json_format(*format);
                });
            });
            dump.flag("nullOnNull", nulls != Some(JsonNulls::Absent));
            dump.flag("uniqueKeys", unique_keys == Some(true));
            dump.json_returning((true, returning));
        });
    }

    pub(super) fn json_array(
        &mut self,
        span: Span,
        (elements, nulls): (&[JsonInput], Option<JsonNulls>),
        returning: Option<&JsonReturning>,
    ) {
        self.node("JsonArray", Some(span), |dump| {
            dump.list("elements", elements, |dump, JsonInput { value, format }| {
                dump.node("JsonArrayElement", None, |dump| {
                    dump.field("value", |dump| dump.expr(value));
                    dump.json_format(*format);
                });
            });
            dump.flag("nullOnNull", nulls == Some(JsonNulls::Null));
            dump.json_returning((true, returning));
        });
    }
}

/// JSON_TABLE.
impl Dump<'_> {
    pub(super) fn json_table(&mut self, node: &JsonTable) {
        let JsonTable { span, path, columns, plan, on_error } = node;
        self.node("JsonTable", Some(*span), |dump| {
            dump.field("jsonPathInvocation", |dump| dump.json_path(path));
            dump.list("columns", columns, Self::json_table_column);
            dump.maybe("plan", plan.as_ref(), |dump, plan| match plan {
                JsonTablePlan::Default { inner, cross } => dump.node("JsonTableDefaultPlan", None, |dump| {
                    dump.text("parentChild", parent_child(*inner));
                    dump.text("siblings", siblings(*cross));
                }),
                JsonTablePlan::Specific(plan) => dump.json_plan(plan),
            });
            dump.behavior("errorBehavior", *on_error);
        });
    }

    fn json_plan(&mut self, node: &JsonPlan) {
        match node {
            JsonPlan::Path(name) => self.plan_leaf(name),
            JsonPlan::ParentChild { inner, parent, child } => self.node("PlanParentChild", None, |dump| {
                dump.text("type", parent_child(*inner));
                dump.field("parent", |dump| dump.plan_leaf(parent));
                dump.field("child", |dump| dump.json_plan(child));
            }),
            JsonPlan::Siblings { cross, plans } => self.node("PlanSiblings", None, |dump| {
                dump.text("type", siblings(*cross));
                dump.list("siblings", plans, Self::json_plan);
            }),
        }
    }

    fn plan_leaf(&mut self, name: &Identifier) {
        self.node("PlanLeaf", Some(name.span), |dump| dump.field("name", |dump| dump.identifier(name)));
    }

    fn json_table_column(&mut self, node: &JsonTableColumn) {
        match node {
            JsonTableColumn::Ordinality(name) => self.node("OrdinalityColumn", None, |dump| {
                dump.field("name", |dump| dump.identifier(name));
            }),
            JsonTableColumn::Value { name, data_type, format: None, path, clauses, defaults } => {
                let JsonClauses { wrapper: _, keep_quotes: _, on_empty, on_error } = *clauses;
                self.node("ValueColumn", None, |dump| {
                    dump.column(name, data_type);
                    dump.maybe("jsonPath", path.as_ref(), Self::string);
                    dump.value_behaviors((on_empty, on_error), defaults);
                });
            }
            JsonTableColumn::Value { name, data_type, format: Some(format), path, clauses, defaults: _ } => {
                self.node("QueryColumn", None, |dump| {
                    dump.column(name, data_type);
                    dump.text("format", format_name(*format));
                    dump.maybe("jsonPath", path.as_ref(), Self::string);
                    dump.query_behaviors(*clauses);
                    dump.behavior("errorBehavior", clauses.on_error);
                });
            }
            JsonTableColumn::Nested { path, name, columns } => self.nested_columns(path, name.as_ref(), columns),
        }
    }

    fn column(&mut self, name: &Identifier, data_type: &DataType) {
        self.field("name", |dump| dump.identifier(name));
        self.field("type", |dump| dump.data_type(data_type));
    }

    fn nested_columns(&mut self, path: &StringLiteral, name: Option<&Identifier>, columns: &[JsonTableColumn]) {
        self.node("NestedColumns", None, |dump| {
            dump.field("jsonPath", |dump| dump.string(path));
            dump.maybe("pathName", name, Self::identifier);
            dump.list("columns", columns, Self::json_table_column);
        });
    }
}

fn parent_child(inner: bool) -> &'static str {
    if inner { "INNER" } else { "OUTER" }
}

fn siblings(cross: bool) -> &'static str {
    if cross { "CROSS" } else { "UNION" }
}

fn format_name(format: JsonFormat) -> &'static str {
    match format {
        JsonFormat::Json => "JSON",
        JsonFormat::Utf8 => "UTF8",
        JsonFormat::Utf16 => "UTF16",
        JsonFormat::Utf32 => "UTF32",
    }
}

fn behavior_name(behavior: JsonBehavior) -> &'static str {
    match behavior {
        JsonBehavior::Null => "NULL",
        JsonBehavior::Error => "ERROR",
        JsonBehavior::Default => "DEFAULT",
        JsonBehavior::True => "TRUE",
        JsonBehavior::False => "FALSE",
        JsonBehavior::Unknown => "UNKNOWN",
        JsonBehavior::Empty => "EMPTY",
        JsonBehavior::EmptyArray => "EMPTY_ARRAY",
        JsonBehavior::EmptyObject => "EMPTY_OBJECT",
    }
}
