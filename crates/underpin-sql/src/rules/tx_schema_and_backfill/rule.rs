//! `TX-SCHEMA-AND-BACKFILL`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "TX-SCHEMA-AND-BACKFILL",
    title: "a table is altered and filled in one transaction",
    severity: Severity::Error,
    grades: Grades::new(Loss::None, Downtime::All, Back::R0, OldApp::Works),
    fact: "the lock of the ALTER is kept for all the rows that are changed: nobody can use the table meanwhile",
    instead: "three migrations: add the column, fill it in batches, add the constraint",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    let table = match at.statement() {
        Statement::Update(s) => &s.table,
        Statement::Delete(s) => &s.table,
        Statement::Insert(s) if s.rows.is_none() => &s.table,
        Statement::Merge { table, .. } => table,
        _ => return,
    };
    let held = at.held.iter().find(|h| h.mode > 4 && h.table == full(table));
    if let Some(held) = held.filter(|_| at.existed(table)) {
        let downtime = if held.mode == 8 { Downtime::All } else { Downtime::Writes };
        found
            .add(
                at.span(),
                format!(
                    "rows of `{table}` are changed under the lock that line {} took",
                    at.line_of(held.step)
                ),
            )
            .about(table)
            .grades(Grades::new(Loss::None, downtime, Back::R0, OldApp::Works));
    }
}
