//! `REWRITE-SET-EXPRESSION`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "REWRITE-SET-EXPRESSION",
    title: "a stored generated column gets another expression",
    severity: Severity::Error,
    grades: Grades::new(Loss::Possible, Downtime::All, Back::R1, OldApp::MayBreak),
    fact: "every value is computed anew: the table is written anew under ACCESS EXCLUSIVE",
    instead: "a new column, and a swap of the names",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    for (table, action) in at.actions() {
        if let TableAction::SetExpression { column, .. } = &action.action {
            found
                .add(
                    &action.span,
                    format!("every row of `{table}` is written anew with another `{column}`"),
                )
                .about(table);
        }
    }
}
