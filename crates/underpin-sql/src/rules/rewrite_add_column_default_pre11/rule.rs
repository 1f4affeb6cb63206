//! `REWRITE-ADD-COLUMN-DEFAULT-PRE11`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "REWRITE-ADD-COLUMN-DEFAULT-PRE11",
    title: "PostgreSQL 10 writes the table anew for any default",
    severity: Severity::Error,
    grades: Grades::new(Loss::None, Downtime::All, Back::R0, OldApp::Works),
    fact: "before PostgreSQL 11 an added column with a default is written into every row under ACCESS EXCLUSIVE",
    instead: "add the column without a default, then SET DEFAULT, then fill the old rows in batches",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    if at.options.server_major.is_none_or(|major| major > 10) {
        return;
    }
    for (table, span, column) in at.added_columns() {
        if column.default.as_ref().is_some_and(|d| !d.is_null && d.volatility < Volatility::Unknown)
        {
            found
                .add(span, format!("every row of `{table}` is written anew to get the default"))
                .about(table);
        }
    }
}
