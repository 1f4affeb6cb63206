//! `LOSS-DROP-COLUMN`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "LOSS-DROP-COLUMN",
    title: "a column is dropped with its values",
    severity: Severity::Error,
    grades: Grades::new(Loss::Certain, Downtime::Brief, Back::R3, OldApp::Breaks),
    fact: "DROP COLUMN makes the values unreachable at once, with the column's indexes; ACCESS EXCLUSIVE on the table",
    instead: "deploy an application that no longer reads it, keep the values in a side table keyed by the primary key, then drop it",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    for (table, action) in at.actions() {
        if let TableAction::DropColumn { column, cascade, .. } = &action.action
            && at.column_existed(table, column)
        {
            found
                .add(&action.span, format!("the values of `{table}.{column}` are lost"))
                .about(table)
                .phased(phased::drop_column(at, table, column, *cascade));
        }
    }
}
