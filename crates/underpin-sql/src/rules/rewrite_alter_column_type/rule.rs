//! `REWRITE-ALTER-COLUMN-TYPE`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "REWRITE-ALTER-COLUMN-TYPE",
    title: "a type change writes the table anew",
    severity: Severity::Error,
    grades: Grades::new(Loss::None, Downtime::All, Back::R1, OldApp::MayBreak),
    fact: "the table and all its indexes are written anew under ACCESS EXCLUSIVE; foreign keys on the column are checked again",
    instead: "a new column, a trigger that keeps both in step, a backfill in batches, then a swap of the names",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    for (table, action) in at.actions() {
        let TableAction::AlterType { column, to, using, .. } = &action.action else { continue };
        if !at.does.does(Work::Rewrite, table) {
            continue;
        }
        let from = at.record.column(table, column).and_then(|c| c.type_name.as_ref());
        // Another column of the statement may be the reason.
        if from.is_some_and(|from| is_free(from, to)) {
            continue;
        }
        let was = from.map(|f| format!(" from {}", shown(f))).unwrap_or_default();
        let new = shown(to);
        let draft = found
            .add(
                &action.span,
                format!("`{table}` is written anew to change `{column}`{was} to {new}"),
            )
            .about(table)
            .phased(phased::change_type(at, table, column, to, using.as_ref()));
        if from.is_none() {
            draft
                .unknown("the column's type now, which decides whether the table is rewritten")
                .severity(Severity::Warning);
        }
    }
}
