//! `LOCK-BLOCKER-PRESENT`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "LOCK-BLOCKER-PRESENT",
    title: "something holds a lock on the table now",
    severity: Severity::Error,
    grades: Grades::new(Loss::None, Downtime::Brief, Back::R0, OldApp::MayBreak),
    fact: "the lock is not granted before the other transaction ends, and everybody else waits behind the request",
    instead: "wait for it, or end it: SELECT pg_terminate_backend(pid)",
    needs_facts: true,
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    for lock in at.does.locks.iter().filter(|l| l.mode > 4 && at.existed(&l.table)) {
        let name = short(&lock.table).to_string();
        for blocker in at.options.facts.blockers.iter().filter(|b| b.table == name) {
            found
                .add(at.span(), format!("`{name}` is held by {}", blocker.what))
                .about(&lock.table);
        }
    }
}
