//! Routines, and what `WITH SESSION` sets.

use super::Dump;
use crate::sql::ast::{
    ControlBranch, ControlStatement, ControlStatementKind, ElseClause, FunctionSpecification, ParameterDeclaration,
    ReturnsClause, RoutineBody, RoutineCharacteristic, RoutineCharacteristicKind, SessionProperty, StringLiteral,
    VariableDeclaration, ViewSecurity,
};

impl Dump<'_> {
    pub(super) fn session_property(&mut self, node: &SessionProperty) {
        let SessionProperty { span, name, value } = node;
        self.node("SessionProperty", Some(*span), |dump| {
            dump.field("name", |dump| dump.qualified_name(name));
            dump.field("value", |dump| dump.expr(value));
        });
    }

    pub(super) fn function_specification(&mut self, node: &FunctionSpecification) {
        let FunctionSpecification { span, name, parameters, returns, characteristics, body } = node;
        self.node("FunctionSpecification", Some(*span), |dump| {
            dump.field("name", |dump| dump.qualified_name(name));
            dump.list("parameters", parameters, Self::parameter_declaration);
            let ReturnsClause { span, data_type } = returns;
            dump.field("returnsClause", |dump| {
                dump.node("ReturnsClause", Some(*span), |dump| {
                    dump.field("returnType", |dump| dump.data_type(data_type));
                });
            });
            dump.list("routineCharacteristics", characteristics, Self::routine_characteristic);
            match body {
                RoutineBody::Statement(statement) => {
                    dump.field("statement", |dump| dump.control_statement(statement));
                }
                RoutineBody::Definition(text) => dump.field("definition", |dump| dump.string(text)),
            }
        });
    }

    pub(super) fn parameter_declaration(&mut self, node: &ParameterDeclaration) {
        let ParameterDeclaration { span, name, data_type } = node;
        self.node("ParameterDeclaration", Some(*span), |dump| {
            dump.maybe("name", name.as_ref(), Self::identifier);
            dump.field("type", |dump| dump.data_type(data_type));
        });
    }

    fn routine_characteristic(&mut self, node: &RoutineCharacteristic) {
        let RoutineCharacteristic { span, kind } = node;
        let span = Some(*span);
        match kind {
            RoutineCharacteristicKind::Language(language) => self.node("LanguageCharacteristic", span, |dump| {
                dump.field("language", |dump| dump.identifier(language));
            }),
            RoutineCharacteristicKind::Deterministic(deterministic) => {
                self.node("DeterministicCharacteristic", span, |dump| dump.flag("deterministic", *deterministic));
            }
            RoutineCharacteristicKind::CalledOnNull(called) => {
                self.node("NullInputCharacteristic", span, |dump| dump.flag("calledOnNull", *called));
            }
            RoutineCharacteristicKind::Security(security) => self.node("SecurityCharacteristic", span, |dump| {
                let security = match security {
                    ViewSecurity::Definer => "DEFINER",
                    ViewSecurity::Invoker => "INVOKER",
                };
                dump.text("security", security);
            }),
            RoutineCharacteristicKind::Comment(StringLiteral { value, span: _ }) => {
                self.node("CommentCharacteristic", span, |dump| dump.text("comment", value));
            }
            RoutineCharacteristicKind::Properties(properties) => {
                self.node("PropertiesCharacteristic", span, |dump| dump.properties(properties));
            }
        }
    }

    fn control_statement(&mut self, node: &ControlStatement) {
        let ControlStatement { span, kind } = node;
        let span = Some(*span);
        match kind {
            ControlStatementKind::Return(value) => {
                self.node("ReturnStatement", span, |dump| dump.field("value", |dump| dump.expr(value)));
            }
            ControlStatementKind::Set { target, value } => self.node("AssignmentStatement", span, |dump| {
                dump.field("target", |dump| dump.identifier(target));
                dump.field("value", |dump| dump.expr(value));
            }),
            ControlStatementKind::Case { operand, branches, otherwise } => self.node("CaseStatement", span, |dump| {
                dump.maybe("expression", operand.as_ref(), Self::expr);
                dump.list("whenClauses", branches, |dump, node| dump.control_branch("CaseStatementWhenClause", node));
                dump.else_clause(otherwise.as_ref());
            }),
            ControlStatementKind::If { condition, statements, branches, otherwise } => {
                self.node("IfStatement", span, |dump| {
                    dump.field("expression", |dump| dump.expr(condition));
                    dump.statements(statements);
                    dump.list("elseIfClauses", branches, |dump, node| dump.control_branch("ElseIfClause", node));
                    dump.else_clause(otherwise.as_ref());
                });
            }
            ControlStatementKind::Iterate(label) => {
                self.node("IterateStatement", span, |dump| dump.field("label", |dump| dump.identifier(label)));
            }
            ControlStatementKind::Leave(label) => {
                self.node("LeaveStatement", span, |dump| dump.field("label", |dump| dump.identifier(label)));
            }
            ControlStatementKind::Compound { variables, statements } => {
                self.node("CompoundStatement", span, |dump| {
                    dump.list("variableDeclarations", variables, Self::variable_declaration);
                    dump.statements(statements);
                });
            }
            ControlStatementKind::Loop { label, statements } => self.node("LoopStatement", span, |dump| {
                dump.maybe("label", label.as_ref(), Self::identifier);
                dump.statements(statements);
            }),
            ControlStatementKind::While { label, condition, statements } => {
                self.node("WhileStatement", span, |dump| {
                    dump.maybe("label", label.as_ref(), Self::identifier);
                    dump.field("expression", |dump| dump.expr(condition));
                    dump.statements(statements);
                });
            }
            ControlStatementKind::Repeat { label, statements, condition } => {
                self.node("RepeatStatement", span, |dump| {
                    dump.maybe("label", label.as_ref(), Self::identifier);
                    dump.statements(statements);
                    dump.field("condition", |dump| dump.expr(condition));
                });
            }
        }
    }

    fn statements(&mut self, nodes: &[ControlStatement]) {
        self.list("statements", nodes, Self::control_statement);
    }

    fn control_branch(&mut self, class: &str, node: &ControlBranch) {
        let ControlBranch { span, condition, statements } = node;
        self.node(class, Some(*span), |dump| {
            dump.field("expression", |dump| dump.expr(condition));
            dump.statements(statements);
        });
    }

    fn else_clause(&mut self, node: Option<&ElseClause>) {
        self.maybe("elseClause", node, |dump, ElseClause { span, statements }| {
            dump.node("ElseClause", Some(*span), |dump| dump.statements(statements));
        });
    }

    fn variable_declaration(&mut self, node: &VariableDeclaration) {
        let VariableDeclaration { span, names, data_type, default } = node;
        self.node("VariableDeclaration", Some(*span), |dump| {
            dump.list("names", names, Self::identifier);
            dump.field("type", |dump| dump.data_type(data_type));
            dump.maybe("defaultValue", default.as_ref(), Self::expr);
        });
    }
}
