//! `LOCK-ACCESS-EXCLUSIVE-METADATA`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "LOCK-ACCESS-EXCLUSIVE-METADATA",
    title: "a short exclusive lock",
    severity: Severity::Note,
    grades: Grades::new(Loss::None, Downtime::Brief, Back::R0, OldApp::Works),
    fact: "milliseconds of ACCESS EXCLUSIVE; everybody waits behind it while it waits for the longest query on the table",
    instead: "a short lock_timeout and retries, which Underpin sets by itself",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    let Statement::AlterTable(s) = at.statement() else { return };
    let worked = at.does.work.iter().any(|w| full(&w.table) == full(&s.relation));
    if !worked && at.lock_on(&s.relation) == Some(8) && at.existed(&s.relation) {
        found.add(at.span(), format!("`{}` is locked for a moment", s.relation)).about(&s.relation);
    }
}
