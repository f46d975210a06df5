//! Calls, the forms that read like one, and windows.

use super::Dump;
use crate::sql::ast::{
    Arguments, Call, Expr, FrameBound, FrameUnit, ListaggOverflow, Over, ProcessingMode, SetQuantifier, Span,
    SpecialForm, TrimSide, WindowFrame, WindowSpecification,
};

impl Dump<'_> {
    pub(super) fn call(&mut self, span: Span, node: &Call) {
        if let (Arguments::Star(Some(label)), [name]) = (&node.arguments, node.name.parts.as_slice())
            && name.folded() == "try"
        {
            return self.node("TryExpression", Some(span), |dump| {
                dump.field("innerExpression", |dump| {
                    dump.node("DereferenceExpression", None, |dump| dump.field("base", |dump| dump.identifier(label)));
                });
            });
        }
        if let (Arguments::List(arguments), [name]) = (&node.arguments, node.name.parts.as_slice()) {
            match (name.folded().as_str(), arguments.as_slice()) {
                ("if", [condition, yes, no @ ..]) => return self.if_expression(span, (condition, yes, no.first())),
                ("nullif", [first, second]) => {
                    return self.node("NullIfExpression", Some(span), |dump| {
                        dump.field("first", |dump| dump.expr(first));
                        dump.field("second", |dump| dump.expr(second));
                    });
                }
                ("coalesce", operands) => {
                    return self.node("CoalesceExpression", Some(span), |dump| {
                        dump.list("operands", operands, Self::expr);
                    });
                }
                ("try", [inner]) => {
                    return self.node("TryExpression", Some(span), |dump| {
                        dump.field("innerExpression", |dump| dump.expr(inner));
                    });
                }
                ("format", arguments) => {
                    return self.node("Format", Some(span), |dump| dump.list("arguments", arguments, Self::expr));
                }
                _ => {}
            }
        }
        self.function_call(span, node);
    }

    fn if_expression(&mut self, span: Span, (condition, yes, no): (&Expr, &Expr, Option<&Expr>)) {
        self.node("IfExpression", Some(span), |dump| {
            dump.field("condition", |dump| dump.expr(condition));
            dump.field("trueValue", |dump| dump.expr(yes));
            dump.maybe("falseValue", no, Self::expr);
        });
    }

    fn function_call(&mut self, span: Span, node: &Call) {
        let Call { name, processing, quantifier, arguments, order_by, filter, ignore_nulls, over, listagg } = node;
        self.node("FunctionCall", Some(span), |dump| {
            dump.key("name");
            match listagg {
                Some(_) => dump.made_name("LISTAGG", false),
                None => dump.qualified_name(name),
            }
            dump.maybe("window", over.as_ref(), Self::over);
            dump.maybe("filter", filter.as_ref(), Self::expr);
            dump.order_by(order_by);
            dump.flag("distinct", *quantifier == Some(SetQuantifier::Distinct));
            dump.maybe("nullTreatment", *ignore_nulls, |dump, ignore| {
                dump.quoted(if ignore { "IGNORE" } else { "RESPECT" });
            });
            dump.maybe("processingMode", *processing, |dump, mode| {
                dump.node("ProcessingMode", None, |dump| {
                    let mode = match mode {
                        ProcessingMode::Running => "RUNNING",
                        ProcessingMode::Final => "FINAL",
                    };
                    dump.text("mode", mode);
                });
            });
            match (arguments, listagg) {
                (Arguments::List(arguments), Some(overflow)) => dump.listagg_arguments(arguments, overflow),
                (Arguments::List(arguments), None) => dump.list("arguments", arguments, Self::expr),
                (Arguments::Named(arguments), _) => dump.named_arguments(arguments),
                (Arguments::Star(None), _) => {}
                (Arguments::Star(Some(label)), _) => dump.field("arguments", |dump| {
                    dump.items(&[label], |dump, label| {
                        dump.node("DereferenceExpression", None, |dump| {
                            dump.field("base", |dump| dump.identifier(label));
                        });
                    });
                }),
            }
        });
    }

    /// To Trino, LISTAGG is a call whose five arguments say all that it has words for.
    fn listagg_arguments(&mut self, arguments: &[Expr], overflow: &ListaggOverflow) {
        let (is_error, filler, with_count) = match overflow {
            ListaggOverflow::Error => (true, None, false),
            ListaggOverflow::Truncate { filler, with_count } => (false, filler.as_ref(), *with_count),
        };
        self.key("arguments");
        self.json.push('[');
        for argument in arguments {
            self.expr(argument);
            self.json.push(',');
        }
        if arguments.len() < 2 {
            self.made_string("");
            self.json.push(',');
        }
        self.made_boolean(is_error);
        self.json.push(',');
        match filler {
            Some(filler) => self.string(filler),
            None => self.made_string("..."),
        }
        self.json.push(',');
        self.made_boolean(with_count);
        self.json.push(']');
    }

    fn made_boolean(&mut self, value: bool) {
        self.node("BooleanLiteral", None, |dump| dump.flag("value", value));
    }

    pub(super) fn special_form(&mut self, span: Span, form: SpecialForm, operands: &[Expr]) {
        match form {
            SpecialForm::Trim { side, from } => self.trim(span, side, (from, operands)),
            SpecialForm::Substring => self.made_call(span, "substr", false, |dump| {
                dump.items(operands, Self::expr);
            }),
            SpecialForm::Position => self.made_call(span, "strpos", false, |dump| {
                let reversed: Vec<&Expr> = operands.iter().rev().collect();
                dump.items(&reversed, |dump, operand| dump.expr(operand));
            }),
            SpecialForm::Normalize(form) => self.made_call(span, "normalize", true, |dump| {
                dump.json.push('[');
                for operand in operands {
                    dump.expr(operand);
                    dump.json.push(',');
                }
                dump.made_string(form.unwrap_or_default().word());
                dump.json.push(']');
            }),
        }
    }

    /// A call that Trino makes anew.
    fn made_call(&mut self, span: Span, name: &str, delimited: bool, arguments: impl FnOnce(&mut Self)) {
        self.node("FunctionCall", Some(span), |dump| {
            dump.field("name", |dump| dump.made_name(name, delimited));
            dump.field("arguments", arguments);
        });
    }

    pub(super) fn made_name(&mut self, name: &str, delimited: bool) {
        self.items(&[name], |dump, name| dump.made_identifier(name, delimited));
    }

    fn trim(&mut self, span: Span, side: Option<TrimSide>, (from, operands): (bool, &[Expr])) {
        let (source, characters) = match operands {
            [characters, source] if from => (Some(source), Some(characters)),
            operands => (operands.first(), operands.get(1)),
        };
        self.node("Trim", Some(span), |dump| {
            let side = match side {
                None | Some(TrimSide::Both) => "BOTH",
                Some(TrimSide::Leading) => "LEADING",
                Some(TrimSide::Trailing) => "TRAILING",
            };
            dump.text("specification", side);
            dump.maybe("trimSource", source, Self::expr);
            dump.maybe("trimCharacter", characters, Self::expr);
        });
    }

    pub(super) fn over(&mut self, node: &Over) {
        match node {
            Over::Name(name) => {
                self.node("WindowReference", Some(name.span), |dump| dump.field("name", |dump| dump.identifier(name)));
            }
            Over::Window(window) => self.window(window),
        }
    }

    pub(super) fn window(&mut self, node: &WindowSpecification) {
        let WindowSpecification { span, existing, partition_by, order_by, frame } = node;
        self.node("WindowSpecification", Some(*span), |dump| {
            dump.maybe("existingWindowName", existing.as_ref(), Self::identifier);
            dump.list("partitionBy", partition_by, Self::expr);
            dump.order_by(order_by);
            dump.maybe("frame", frame.as_ref(), Self::frame);
        });
    }

    fn frame(&mut self, node: &WindowFrame) {
        let WindowFrame { span, unit, start, end, pattern } = node;
        self.node("WindowFrame", Some(*span), |dump| {
            let unit = match unit {
                FrameUnit::Rows => "ROWS",
                FrameUnit::Range => "RANGE",
                FrameUnit::Groups => "GROUPS",
            };
            dump.text("type", unit);
            dump.field("start", |dump| dump.frame_bound(start));
            dump.maybe("end", end.as_ref(), Self::frame_bound);
            if let Some(clauses) = pattern {
                dump.frame_clauses(clauses);
            }
        });
    }

    fn frame_bound(&mut self, node: &FrameBound) {
        let (kind, value) = match node {
            FrameBound::UnboundedPreceding => ("UNBOUNDED_PRECEDING", None),
            FrameBound::Preceding(value) => ("PRECEDING", Some(value)),
            FrameBound::CurrentRow => ("CURRENT_ROW", None),
            FrameBound::Following(value) => ("FOLLOWING", Some(value)),
            FrameBound::UnboundedFollowing => ("UNBOUNDED_FOLLOWING", None),
        };
        self.node("FrameBound", None, |dump| {
            dump.text("type", kind);
            dump.maybe("value", value, Self::expr);
        });
    }
}
