//! `FAIL-ADD-COLUMN-NOT-NULL-NO-DEFAULT`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "FAIL-ADD-COLUMN-NOT-NULL-NO-DEFAULT",
    title: "a required column without a default is added",
    severity: Severity::Error,
    grades: Grades::new(Loss::None, Downtime::Brief, Back::R0, OldApp::Breaks),
    fact: "on a table with rows the statement fails with 23502; on an empty rehearsal database it passes",
    instead: "add it nullable, fill it in batches, add CHECK (… IS NOT NULL) NOT VALID, validate it, then SET NOT NULL, each in a migration of its own",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    for (table, span, column) in at.added_columns() {
        if column.not_null && !fills_itself(column) {
            found
                .add(span, format!("`{table}.{}` is required and has no default: every row that is there violates it", column.name))
                .about(table)
                .phased(phased::required(at, table, column));
        }
    }
}
