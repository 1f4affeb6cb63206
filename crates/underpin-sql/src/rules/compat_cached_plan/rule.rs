//! `COMPAT-CACHED-PLAN`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "COMPAT-CACHED-PLAN",
    title: "prepared statements with * have to be prepared again",
    severity: Severity::Note,
    grades: Grades::new(Loss::None, Downtime::None, Back::R0, OldApp::Works),
    fact: "a prepared SELECT * or RETURNING * fails once per session with 'cached plan must not change result type' (0A000)",
    instead: "name the columns; let the pooler reset its sessions after the deploy",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    for (table, action) in at.actions() {
        let changes = matches!(
            action.action,
            TableAction::AddColumn { .. }
                | TableAction::AlterType { .. }
                | TableAction::DropColumn { .. }
        );
        if changes {
            found
                .add(
                    &action.span,
                    format!("`SELECT *` on `{table}` has other columns than when it was prepared"),
                )
                .about(table)
                .unknown("whether the application prepares such statements");
            return;
        }
    }
}
