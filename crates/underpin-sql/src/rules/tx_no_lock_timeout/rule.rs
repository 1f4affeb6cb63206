//! `TX-NO-LOCK-TIMEOUT`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "TX-NO-LOCK-TIMEOUT",
    title: "a strong lock without lock_timeout",
    severity: Severity::Warning,
    grades: Grades::new(Loss::None, Downtime::Brief, Back::R0, OldApp::Works),
    fact: "the request waits without an end, and every query on the table waits behind it",
    instead: "SET lock_timeout = '3s' at the head of the file, or let Underpin run it",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    if at.options.runner.is_ours() || set_before(at, "lock_timeout") {
        return;
    }
    let strong = |step: usize| at.held.iter().any(|h| h.step == step && h.mode > 4);
    let earlier = (0..at.number).any(strong);
    if let Some(lock) = at.does.locks.iter().find(|l| l.mode > 4 && at.existed(&l.table))
        && !earlier
    {
        found
            .add(
                at.span(),
                format!("the lock on `{}` is waited for without an end", short(&lock.table)),
            )
            .about(&lock.table);
    }
}
