//! What lies below a routine, and what `WITH SESSION` sets.

macro_rules! routine {
    ($name:ident, $($mutable:tt)?) => {
        fn session_properties<V: $name + ?Sized>(v: &mut V, nodes: & $($mutable)? Vec<SessionProperty>) {
            for SessionProperty { span, name, value } in nodes {
                v.span(span);
                v.other_name(name);
                v.expr(value);
            }
        }

        pub fn function_specification<V: $name + ?Sized>(v: &mut V, node: & $($mutable)? FunctionSpecification) {
            let FunctionSpecification { span, name, parameters, returns, characteristics, body } = node;
            v.span(span);
            v.other_name(name);
            parameter_declarations(v, parameters);
            let ReturnsClause { span, data_type } = returns;
            v.span(span);
            v.data_type(data_type);
            for RoutineCharacteristic { span, kind } in characteristics {
                v.span(span);
                match kind {
                    RoutineCharacteristicKind::Language(language) => v.identifier(language),
                    RoutineCharacteristicKind::Comment(comment) => v.string(comment),
                    RoutineCharacteristicKind::Properties(given) => properties(v, given),
                    RoutineCharacteristicKind::Deterministic(_)
                    | RoutineCharacteristicKind::CalledOnNull(_)
                    | RoutineCharacteristicKind::Security(_) => {}
                }
            }
            match body {
                RoutineBody::Statement(statement) => v.control_statement(statement),
                RoutineBody::Definition(text) => v.string(text),
            }
        }

        fn parameter_declarations<V: $name + ?Sized>(v: &mut V, nodes: & $($mutable)? Vec<ParameterDeclaration>) {
            for ParameterDeclaration { span, name, data_type } in nodes {
                v.span(span);
                if let Some(name) = name { v.identifier(name); }
                v.data_type(data_type);
            }
        }

        pub fn control_statement<V: $name + ?Sized>(v: &mut V, node: & $($mutable)? ControlStatement) {
            let ControlStatement { span, kind } = node;
            v.span(span);
            match kind {
                ControlStatementKind::Return(value) => v.expr(value),
                ControlStatementKind::Set { target, value } => {
                    v.identifier(target);
                    v.expr(value);
                }
                ControlStatementKind::Case { operand, branches, otherwise } => {
                    if let Some(operand) = operand { v.expr(operand); }
                    control_branches(v, branches);
                    else_clause(v, otherwise);
                }
                ControlStatementKind::If { condition, statements, branches, otherwise } => {
                    v.expr(condition);
                    control_statements(v, statements);
                    control_branches(v, branches);
                    else_clause(v, otherwise);
                }
                ControlStatementKind::Iterate(label) | ControlStatementKind::Leave(label) => v.identifier(label),
                ControlStatementKind::Compound { variables, statements } => {
                    for VariableDeclaration { span, names, data_type, default } in variables {
                        v.span(span);
                        identifiers(v, names);
                        v.data_type(data_type);
                        if let Some(default) = default { v.expr(default); }
                    }
                    control_statements(v, statements);
                }
                ControlStatementKind::Loop { label, statements } => {
                    if let Some(label) = label { v.identifier(label); }
                    control_statements(v, statements);
                }
                ControlStatementKind::While { label, condition, statements } => {
                    if let Some(label) = label { v.identifier(label); }
                    v.expr(condition);
                    control_statements(v, statements);
                }
                ControlStatementKind::Repeat { label, statements, condition } => {
                    if let Some(label) = label { v.identifier(label); }
                    control_statements(v, statements);
                    v.expr(condition);
                }
            }
        }

        fn control_statements<V: $name + ?Sized>(v: &mut V, nodes: & $($mutable)? Vec<ControlStatement>) {
            for node in nodes { v.control_statement(node); }
        }

        fn control_branches<V: $name + ?Sized>(v: &mut V, nodes: & $($mutable)? Vec<ControlBranch>) {
            for ControlBranch { span, condition, statements } in nodes {
                v.span(span);
                v.expr(condition);
                control_statements(v, statements);
            }
        }

        fn else_clause<V: $name + ?Sized>(v: &mut V, node: & $($mutable)? Option<ElseClause>) {
            let Some(ElseClause { span, statements }) = node else { return };
            v.span(span);
            control_statements(v, statements);
        }
    };
}
pub(super) use routine;
