//! `REWRITE-ADD-COLUMN-GENERATED-STORED`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "REWRITE-ADD-COLUMN-GENERATED-STORED",
    title: "a stored generated column is added",
    severity: Severity::Error,
    grades: Grades::new(Loss::None, Downtime::All, Back::R0, OldApp::Works),
    fact: "the expression is computed for every row: the table and its indexes are written anew under ACCESS EXCLUSIVE; a VIRTUAL column (PostgreSQL 18) costs nothing",
    instead: "a plain column with a trigger, filled in batches; on PostgreSQL 18 a VIRTUAL column",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    for (table, span, column) in at.added_columns() {
        if column.generated.as_ref().is_some_and(|g| g.stored) {
            found
                .add(
                    span,
                    format!("every row of `{table}` is written anew to store `{}`", column.name),
                )
                .about(table);
        }
    }
}
