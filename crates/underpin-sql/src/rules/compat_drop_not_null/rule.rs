//! `COMPAT-DROP-NOT-NULL`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "COMPAT-DROP-NOT-NULL",
    title: "a column may become NULL",
    severity: Severity::Warning,
    grades: Grades::new(Loss::None, Downtime::Brief, Back::R1, OldApp::MayBreak),
    fact: "once NULLs are written, a reader that does not expect them fails, and NOT NULL does not come back without a repair",
    instead: "deploy readers that accept NULL first",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    for (table, action) in at.actions() {
        if let TableAction::DropNotNull { column } = &action.action
            && at.column_existed(table, column)
        {
            found
                .add(&action.span, format!("`{table}.{column}` may be NULL from now on"))
                .about(table);
        }
    }
}
