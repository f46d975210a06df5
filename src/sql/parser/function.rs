//! Names that stand alone, typed literals, lambdas of one parameter, and calls.

use super::{Parsed, Parser};
use crate::sql::ast::{
    Arguments, Call, CallArgument, Expr, ExprKind, Identifier, ListaggOverflow, Over, ProcessingMode, QualifiedName,
    SetQuantifier, Span,
};
use crate::sql::error::SqlError;

impl Parser<'_> {
    /// What begins with an identifier.
    pub(super) fn name_form(&mut self) -> Parsed<ExprKind> {
        let mode = self.is("RUNNING") || self.is("FINAL");
        let processed = mode && self.call_follows(1) && !self.measure_follows();
        if self.call_follows(0) || processed {
            return self.call();
        }
        if self.has_483() && self.static_call_follows() {
            return self.static_call();
        }
        if !self.is_identifier_at(0) {
            return Err(self.unexpected("<expression>"));
        }
        let name = self.identifier()?;
        if self.is_symbol("->") {
            return self.lambda(name);
        }
        if self.is_string() {
            if !name.delimited && name.value.eq_ignore_ascii_case("x") {
                let message = "Spaces are not allowed between 'X' and the starting quote of a binary literal";
                return Err(SqlError::syntax(name.span, message));
            }
            return Ok(ExprKind::TypedLiteral { type_name: name, value: Box::new(self.string()?) });
        }
        if self.over_follows() {
            let over = Box::new(self.over()?);
            return Ok(ExprKind::Measure { name, over });
        }
        Ok(ExprKind::Identifier(name))
    }

    fn lambda(&mut self, parameter: Identifier) -> Parsed<ExprKind> {
        self.expect_symbol("->")?;
        let body = Box::new(self.expression()?);
        Ok(ExprKind::Lambda { parameters: vec![parameter], body })
    }

    /// Whether a qualified name with an opening parenthesis behind it stands `ahead`.
    fn call_follows(&self, ahead: usize) -> bool {
        let mut at = ahead;
        while self.is_identifier_at(at) {
            if self.is_symbol_at(at + 1, "(") {
                return true;
            }
            if !self.is_symbol_at(at + 1, ".") {
                return false;
            }
            at += 2;
        }
        false
    }

    fn call(&mut self) -> Parsed<ExprKind> {
        let start = self.here();
        let mode = (self.is("RUNNING") || self.is("FINAL")) && self.call_follows(1);
        let modes = [("RUNNING", ProcessingMode::Running), ("FINAL", ProcessingMode::Final)];
        let processing = if mode { Some(self.one_of(&modes)?) } else { None };
        let name = self.qualified_name()?;
        self.expect_symbol("(")?;
        // On the heap from the start: a call's arguments are read with it on the stack.
        let mut call = Box::new(Call { processing, ..Call::of(name, Arguments::List(Vec::new())) });
        self.note_all(&[")", "ALL", "DISTINCT", "ORDER"]);
        if self.maybe_symbol("*") {
            self.expect_symbol(")")?;
            call.arguments = Arguments::Star(None);
        } else if self.is_identifier_at(0) && self.is_symbol_at(1, ".") && self.is_symbol_at(2, "*") {
            let label = self.identifier()?;
            self.skip(2);
            self.expect_symbol(")")?;
            call.arguments = Arguments::Star(Some(label));
        } else {
            if !self.is_symbol(")") && !self.is("ORDER") {
                call.quantifier = self.call_quantifier();
                call.arguments = self.arguments()?;
            }
            call.order_by = self.order_by()?;
            self.expect_symbol(")")?;
        }
        call.filter = self.aggregate_filter()?;
        self.note_all(&["IGNORE", "OVER", "RESPECT"]);
        let star = matches!(call.arguments, Arguments::Star(_));
        if !star && self.is_at(1, "NULLS") && self.is_any(&["IGNORE", "RESPECT"]) {
            call.ignore_nulls = Some(self.one_of(&[("IGNORE", true), ("RESPECT", false)])?);
            self.expect("NULLS")?;
            call.over = Some(self.over()?);
        } else if self.over_follows() {
            call.over = Some(self.over()?);
        }
        check_special_function(&call, start, self.has_483())?;
        Ok(ExprKind::Call(call))
    }

    fn arguments(&mut self) -> Parsed<Arguments> {
        if !self.has_483() {
            return self.list(Self::expression).map(Arguments::List);
        }
        let mut list = Vec::with_capacity(2);
        loop {
            if self.is_symbol_at(1, "=>") {
                return self.arguments_with_names(list).map(Arguments::Named);
            }
            self.note("<identifier>");
            list.push(self.expression()?);
            if !self.maybe_symbol(",") {
                return Ok(Arguments::List(list));
            }
        }
    }

    /// Arguments of which some have names, the first that has one next.
    fn arguments_with_names(&mut self, before: Vec<Expr>) -> Parsed<Vec<CallArgument>> {
        let without_name = |value: Expr| CallArgument { span: value.span, name: None, value };
        let mut arguments: Vec<CallArgument> = before.into_iter().map(without_name).collect();
        arguments.append(&mut self.function_arguments()?);
        Ok(arguments)
    }

    /// `DISTINCT` or `ALL` before an argument; `ALL` alone is a name.
    fn call_quantifier(&mut self) -> Option<SetQuantifier> {
        if self.eat("DISTINCT") {
            return Some(SetQuantifier::Distinct);
        }
        let measure = self.is_at(1, "OVER") && self.is_identifier_at(2);
        (self.is("ALL") && !measure && self.all_quantifies() && self.eat("ALL")).then_some(SetQuantifier::All)
    }

    fn aggregate_filter(&mut self) -> Parsed<Option<Expr>> {
        self.note("FILTER");
        if !(self.is("FILTER") && self.is_symbol_at(1, "(")) {
            return Ok(None);
        }
        self.skip(2);
        self.expect("WHERE")?;
        let condition = self.expression()?;
        self.expect_symbol(")")?;
        Ok(Some(condition))
    }

    fn over_follows(&self) -> bool {
        self.over_follows_at(0)
    }

    fn over(&mut self) -> Parsed<Over> {
        self.expect("OVER")?;
        if self.eat_symbol("(") {
            let window = self.nested(Self::window_specification)?;
            self.expect_symbol(")")?;
            return Ok(Over::Window(Box::new(window)));
        }
        Ok(Over::Name(self.identifier()?))
    }

    /// `LISTAGG ([DISTINCT] value [, separator] [ON OVERFLOW …]) WITHIN GROUP (ORDER BY …) [FILTER …]`.
    pub(super) fn listagg(&mut self) -> Parsed<ExprKind> {
        let span = self.here();
        let value = span.of(self.text).into();
        let name = QualifiedName { parts: vec![Identifier { value, delimited: false, span }], span };
        self.advance();
        self.expect_symbol("(")?;
        let quantifier = self.call_quantifier();
        let mut arguments = vec![self.expression()?];
        if self.eat_symbol(",") {
            let start = self.here();
            let separator = ExprKind::String(self.string()?);
            arguments.push(Expr { span: self.since(start), kind: separator });
        }
        let mut overflow = ListaggOverflow::Error;
        if self.eat_all(&["ON", "OVERFLOW"]) && !self.eat("ERROR") {
            self.expect("TRUNCATE")?;
            let filler = if self.is_string() { Some(self.string()?) } else { None };
            let with_count = self.one_of(&[("WITH", true), ("WITHOUT", false)])?;
            self.expect("COUNT")?;
            overflow = ListaggOverflow::Truncate { filler, with_count };
        }
        self.expect_symbol(")")?;
        self.expect_all(&["WITHIN", "GROUP"])?;
        self.expect_symbol("(")?;
        if !self.is("ORDER") {
            return Err(self.unexpected("'ORDER'"));
        }
        let order_by = self.order_by()?;
        self.expect_symbol(")")?;
        let filter = self.aggregate_filter()?;
        let over = if self.over_follows() { Some(self.over()?) } else { None };
        let listagg = Some(overflow);
        let call = Call { quantifier, order_by, filter, over, listagg, ..Call::of(name, Arguments::List(arguments)) };
        Ok(ExprKind::Call(Box::new(call)))
    }
}

/// What Trino's parser demands of calls that its tree has nodes of their own for.
fn check_special_function(call: &Call, start: Span, has_483: bool) -> Parsed<()> {
    let [name] = call.name.parts.as_slice() else { return Ok(()) };
    const NAMES: [&str; 5] = ["if", "nullif", "coalesce", "try", "format"];
    let Some(name) = NAMES.into_iter().find(|special| special.eq_ignore_ascii_case(&name.value)) else { return Ok(()) };
    let count = match &call.arguments {
        // Trino 483 counts the label of `try(a.*)`.
        Arguments::Star(label) => usize::from(has_483 && label.is_some()),
        Arguments::List(arguments) => arguments.len(),
        Arguments::Named(arguments) => arguments.len(),
    };
    let (fits, message) = match name {
        "if" => ((2..=3).contains(&count), "Invalid number of arguments for 'if' function"),
        "nullif" => (count == 2, "Invalid number of arguments for 'nullif' function"),
        "coalesce" => (count >= 2, "The 'coalesce' function must have at least two arguments"),
        "try" => (count == 1, "The 'try' function must have exactly one argument"),
        "format" => (count >= 2, "The 'format' function must have at least two arguments"),
        _ => return Ok(()),
    };
    let refuse = |message: String| Err(SqlError::syntax(start, message));
    if !fits {
        return refuse(message.to_owned());
    }
    if call.over.is_some() {
        return refuse(format!("OVER clause not valid for '{name}' function"));
    }
    if call.quantifier == Some(SetQuantifier::Distinct) {
        return refuse(format!("DISTINCT not valid for '{name}' function"));
    }
    if call.ignore_nulls.is_some() {
        return refuse(format!("Null treatment clause not valid for '{name}' function"));
    }
    if call.processing.is_some() {
        return refuse(format!("Running or final semantics not valid for '{name}' function"));
    }
    if call.filter.is_some() {
        return refuse(format!("FILTER not valid for '{name}' function"));
    }
    if matches!(call.arguments, Arguments::Named(_)) {
        return refuse(format!("Named arguments are not supported for '{name}' function"));
    }
    Ok(())
}
