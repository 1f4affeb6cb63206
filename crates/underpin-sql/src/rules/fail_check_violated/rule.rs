//! `FAIL-CHECK-VIOLATED`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "FAIL-CHECK-VIOLATED",
    title: "a CHECK fails while rows violate it",
    severity: Severity::Warning,
    grades: Grades::new(Loss::None, Downtime::Brief, Back::R0, OldApp::Works),
    fact: "the first violating row ends the statement with 23514",
    instead: "add it NOT VALID, count the violations, then VALIDATE CONSTRAINT in a later migration",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    for (table, action) in at.actions() {
        let expression = match &action.action {
            TableAction::AddConstraint(Constraint {
                kind: ConstraintKind::Check { expression, .. },
                not_valid: false,
                not_enforced: false,
                ..
            }) => Some(expression),
            TableAction::ValidateConstraint { name } => {
                match at.record.table(table).and_then(|t| t.constraint(name)).map(|c| &c.kind) {
                    Some(ConstraintKind::Check { expression, .. }) => Some(expression),
                    _ => None,
                }
            }
            _ => None,
        };
        if let Some(expression) = expression {
            let draft = found
                .add(
                    &action.span,
                    format!("this fails if a row of `{table}` violates the condition"),
                )
                .about(table)
                .unknown("whether rows violate it");
            if !expression.text.is_empty() {
                draft.instead(format!(
                    "count first: SELECT count(*) FROM {table} WHERE NOT ({});",
                    expression.text
                ));
            }
        }
    }
    if let Statement::AlterDomain(s) = at.statement()
        && let DomainChange::AddConstraint(constraint) = &s.change
        && !constraint.not_valid
        && at.existed(&s.name)
    {
        found
            .add(
                at.span(),
                format!("this fails if a column of domain `{}` violates the condition", s.name),
            )
            .about(&s.name)
            .unknown("whether values violate it");
    }
}
