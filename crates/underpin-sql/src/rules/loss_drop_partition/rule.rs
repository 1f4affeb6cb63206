//! `LOSS-DROP-PARTITION`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "LOSS-DROP-PARTITION",
    title: "a partition is dropped with its rows",
    severity: Severity::Error,
    grades: Grades::new(Loss::Certain, Downtime::Brief, Back::R3, OldApp::MayBreak),
    fact: "dropping a partition removes its rows, under ACCESS EXCLUSIVE on it and on its parent",
    instead: "ALTER TABLE … DETACH PARTITION … CONCURRENTLY (PostgreSQL 14), archive it, drop it in a later release",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    for table in at.dropped(&[ObjectKind::Table]) {
        if is_partition(at, table) {
            found
                .add(at.span(), format!("partition `{table}` is dropped with all its rows"))
                .about(table)
                .phased(phased::drop_partition(at, table));
        }
    }
}
