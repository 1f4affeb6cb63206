//! `LOCK-PARTITION-FANOUT`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "LOCK-PARTITION-FANOUT",
    title: "a change of a partitioned table locks every partition",
    severity: Severity::Warning,
    grades: Grades::new(Loss::None, Downtime::Brief, Back::R0, OldApp::Works),
    fact: "ACCESS EXCLUSIVE on the parent and on every partition, kept until the transaction ends",
    instead: "ONLY the parent and each partition in a transaction of its own, where the command allows it",
    check,
    ..Rule::PLAIN
};

/// Known partitions from which on it is worth a finding.
const MANY: u64 = 20;

fn check(at: &At<'_>, found: &mut Found<'_>) {
    let Statement::AlterTable(s) = at.statement() else { return };
    if s.only || !at.existed(&s.relation) || at.lock_on(&s.relation) != Some(8) {
        return;
    }
    let known = at.record.partitions(&s.relation).len() as u64;
    let told = at.options.facts.table(&s.relation).and_then(|t| t.partitions);
    let partitions = told.unwrap_or(known);
    if partitions >= MANY {
        found
            .add(
                at.span(),
                format!("{partitions} partitions of `{}` are locked with it", s.relation),
            )
            .about(&s.relation);
    }
}
