//! `PERF-INDEX-ON-WRITE-HOT-TABLE`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "PERF-INDEX-ON-WRITE-HOT-TABLE",
    title: "one more index on a table that is written much",
    severity: Severity::Warning,
    grades: Grades::new(Loss::None, Downtime::None, Back::R0, OldApp::Works),
    fact: "every write maintains every index, and an UPDATE of an indexed column is no longer HOT",
    instead: "measure what the index saves",
    default: false,
    needs_facts: true,
    check,
    ..Rule::PLAIN
};

/// Writes per second from which on it is worth a word.
const BUSY_PER_SECOND: f64 = 100.0;

fn check(at: &At<'_>, found: &mut Found<'_>) {
    let Statement::CreateIndex(s) = at.statement() else { return };
    let writes = at.options.facts.table(&s.table).and_then(|t| t.writes_per_second);
    if let Some(writes) = writes.filter(|w| *w >= BUSY_PER_SECOND) {
        found
            .add(at.span(), format!("`{}` has {writes:.0} writes a second", s.table))
            .about(&s.table);
    }
}
