//! `LOSS-DROP-TABLE`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "LOSS-DROP-TABLE",
    title: "a table is dropped with its rows",
    severity: Severity::Error,
    grades: Grades::new(Loss::Certain, Downtime::Brief, Back::R3, OldApp::Breaks),
    fact: "DROP TABLE removes the rows for good; ACCESS EXCLUSIVE on it and on every table that a foreign key ties to it",
    instead: "stop using it, rename it in this release, and drop it in a later one after a dump",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    for table in at.dropped(&[ObjectKind::Table, ObjectKind::ForeignTable]) {
        if !is_partition(at, table) {
            found.add(at.span(), format!("`{table}` is dropped with all its rows")).about(table).phased(phased::drop_table(at, table, cascades(at)));
        }
    }
}
