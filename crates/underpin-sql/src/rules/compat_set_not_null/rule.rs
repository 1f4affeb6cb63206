//! `COMPAT-SET-NOT-NULL`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "COMPAT-SET-NOT-NULL",
    title: "the running application may still write NULL",
    severity: Severity::Warning,
    grades: Grades::new(Loss::None, Downtime::None, Back::R0, OldApp::MayBreak),
    fact: "an INSERT or UPDATE that writes NULL, or leaves the column out, fails with 23502",
    instead: "deploy a version that always writes a value first",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    for (table, action) in at.actions() {
        if let TableAction::SetNotNull { column } = &action.action
            && at.record.column(table, column).is_none_or(|c| c.not_null != Some(true))
        {
            found
                .add(
                    &action.span,
                    format!("an application that leaves `{table}.{column}` empty fails"),
                )
                .about(table)
                .phased(phased::set_not_null(at, table, column, When::OldAppGone));
        }
    }
}
