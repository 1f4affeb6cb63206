//! `FAIL-LOCK-TABLE-FULL`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "FAIL-LOCK-TABLE-FULL",
    title: "more partitions are locked than the server has room for",
    severity: Severity::Error,
    grades: Grades::new(Loss::None, Downtime::All, Back::R0, OldApp::Works),
    fact: "every partition and each of its indexes is locked on its own; when the shared lock table is full the statement fails with 53200",
    instead: "work on ONLY the parent and on each partition in a transaction of its own, or raise max_locks_per_transaction",
    needs_facts: true,
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    let Some(slots) = at.options.facts.lock_slots else { return };
    for lock in at.does.locks.iter().filter(|l| l.mode > 4 && at.existed(&l.table)) {
        let partitions =
            at.options.facts.table(&lock.table).and_then(|t| t.partitions).unwrap_or(0);
        let each = 1 + at.record.indexes_of(&lock.table).len() as u64;
        if partitions * each > slots {
            let table = short(&lock.table);
            found
                .add(at.span(), format!("`{table}` has {partitions} partitions with {} locks; {slots} are to be had", partitions * each))
                .about(&lock.table);
        }
    }
}
