//! `LOCK-CREATE-TRIGGER`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "LOCK-CREATE-TRIGGER",
    title: "a trigger is made, enabled or disabled",
    severity: Severity::Warning,
    grades: Grades::new(Loss::None, Downtime::Brief, Back::R0, OldApp::MayBreak),
    fact: "SHARE ROW EXCLUSIVE on the table: writes wait until the transaction ends",
    instead: "a short migration of its own",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    if let Statement::CreateTrigger(s) = at.statement()
        && at.existed(&s.table)
    {
        found
            .add(at.span(), format!("writes to `{}` wait until the transaction ends", s.table))
            .about(&s.table);
    }
    for (table, action) in at.actions() {
        if matches!(action.action, TableAction::Trigger { .. }) {
            found
                .add(&action.span, format!("writes to `{table}` wait until the transaction ends"))
                .about(table);
        }
    }
}
