//! `LOCK-HOT-TABLE`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "LOCK-HOT-TABLE",
    title: "a strong lock on a busy table",
    severity: Severity::Error,
    grades: Grades::new(Loss::None, Downtime::Brief, Back::R0, OldApp::MayBreak),
    fact: "every query on the table waits behind the lock request; at this rate the queue grows by that many a second",
    instead: "deploy when the table is quiet, with a lock budget of a few hundred milliseconds",
    needs_facts: true,
    check,
    ..Rule::PLAIN
};

/// Reads and writes per second from which on a table is busy.
const BUSY_PER_SECOND: f64 = 100.0;

fn check(at: &At<'_>, found: &mut Found<'_>) {
    for lock in at.does.locks.iter().filter(|l| l.mode > 4 && at.existed(&l.table)) {
        let Some(facts) = at.options.facts.table(&lock.table) else { continue };
        let writes = facts.writes_per_second.unwrap_or(0.0);
        let waiting =
            if lock.mode == 8 { writes + facts.reads_per_second.unwrap_or(0.0) } else { writes };
        if waiting >= BUSY_PER_SECOND {
            found
                .add(
                    at.span(),
                    format!(
                        "`{}` has {waiting:.0} statements a second that wait for this lock",
                        short(&lock.table)
                    ),
                )
                .about(&lock.table);
        }
    }
}
