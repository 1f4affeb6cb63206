//! `LOCK-CUMULATIVE`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "LOCK-CUMULATIVE",
    title: "several migrations of one deploy lock the same table",
    severity: Severity::Warning,
    grades: Grades::new(Loss::None, Downtime::Brief, Back::R0, OldApp::Works),
    fact: "each of them waits for the longest query on the table, and stops the application while it waits",
    instead: "put what belongs to one table into one migration",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    if at.options.pending_from.is_none_or(|from| from >= at.file.index) {
        return;
    }
    for lock in at.does.locks.iter().filter(|l| l.mode > 4 && at.existed(&l.table)) {
        let table = full(&lock.table);
        if at.locked_before.contains(&table) && !at.held.iter().any(|h| h.table == table) {
            found
                .add(
                    at.span(),
                    format!("`{}` is locked by an earlier pending migration too", short(&table)),
                )
                .about(&table);
        }
    }
}
