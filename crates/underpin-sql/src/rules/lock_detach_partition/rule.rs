//! `LOCK-DETACH-PARTITION`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "LOCK-DETACH-PARTITION",
    title: "DETACH PARTITION locks the parent",
    severity: Severity::Warning,
    grades: Grades::new(Loss::None, Downtime::Brief, Back::R0, OldApp::MayBreak),
    fact: "ACCESS EXCLUSIVE on the parent, and from PostgreSQL 14 on the partition too",
    instead: "DETACH PARTITION … CONCURRENTLY (PostgreSQL 14), alone in its migration",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    for (table, action) in at.actions() {
        if let TableAction::DetachPartition { partition, concurrently: false } = &action.action {
            found
                .add(&action.span, format!("nobody can use `{table}` until the transaction ends, to detach `{partition}`"))
                .about(table);
        }
    }
}
