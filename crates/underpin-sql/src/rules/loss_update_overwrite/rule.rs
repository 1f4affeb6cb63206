//! `LOSS-UPDATE-OVERWRITE`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "LOSS-UPDATE-OVERWRITE",
    title: "a column of every row is overwritten",
    severity: Severity::Error,
    grades: Grades::new(Loss::Certain, Downtime::None, Back::R3, OldApp::MayBreak),
    fact: "an UPDATE without a condition replaces the old values for good, writes every row anew and holds its lock until the transaction ends",
    instead: "write into a new column, or keep the old values in a side table, and update in batches by key",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    let Statement::Update(s) = at.statement() else { return };
    if !s.condition.is_all_rows() {
        return;
    }
    let old: Vec<&String> = s.assigned.iter().filter(|c| at.column_existed(&s.table, c)).collect();
    if !old.is_empty() {
        found
            .add(
                at.span(),
                format!(
                    "the values of {} in every row of `{}` are overwritten",
                    words(&old),
                    s.table
                ),
            )
            .about(&s.table);
    }
}
