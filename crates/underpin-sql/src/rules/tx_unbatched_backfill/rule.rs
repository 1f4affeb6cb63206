//! `TX-UNBATCHED-BACKFILL`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "TX-UNBATCHED-BACKFILL",
    title: "many rows are changed by one statement",
    severity: Severity::Warning,
    grades: Grades::new(Loss::None, Downtime::None, Back::R3, OldApp::Works),
    fact: "every changed row stays locked until the transaction ends, is written anew, and goes into the write-ahead log",
    instead: "batches by key, each committed, outside of the migration",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    let (table, condition) = match at.statement() {
        Statement::Update(s) => (&s.table, &s.condition),
        Statement::Delete(s) => (&s.table, &s.condition),
        _ => return,
    };
    let many = match condition {
        Condition::Where(e) => e.text.to_ascii_uppercase().contains("IS NULL"),
        _ => true,
    };
    if many && at.existed(table) {
        // What is written into a column that this migration adds replaces nothing.
        let fills = matches!(at.statement(), Statement::Update(s) if s.assigned.iter().all(|c| !at.column_existed(table, c)));
        let back = if fills { Back::R0 } else { Back::R3 };
        found
            .add(at.span(), format!("many rows of `{table}` are changed at once"))
            .about(table)
            .unknown("how many")
            .grades(Grades::new(Loss::None, Downtime::None, back, OldApp::Works));
    }
}
