//! `LOSS-SET-UNLOGGED`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "LOSS-SET-UNLOGGED",
    title: "a table becomes unlogged",
    severity: Severity::Error,
    grades: Grades::new(Loss::Possible, Downtime::All, Back::R1, OldApp::Works),
    fact: "an unlogged table is emptied after a crash, and its rows are on no replica; the change rewrites the table under ACCESS EXCLUSIVE",
    instead: "make a new UNLOGGED table for what may be lost",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    for (table, action) in at.actions() {
        if matches!(action.action, TableAction::SetUnlogged) {
            found
                .add(&action.span, format!("`{table}` is emptied by the next crash of the server"))
                .about(table);
        }
    }
}
