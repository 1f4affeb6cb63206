//! `SCAN-ATTACH-PARTITION`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "SCAN-ATTACH-PARTITION",
    title: "ATTACH PARTITION reads the partition",
    severity: Severity::Warning,
    grades: Grades::new(Loss::None, Downtime::All, Back::R0, OldApp::Works),
    fact: "the partition is read under ACCESS EXCLUSIVE, unless a validated CHECK implies its bounds",
    instead: "add a CHECK with the bounds NOT VALID, validate it, then attach, then drop it",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    for (table, action) in at.actions() {
        let TableAction::AttachPartition { partition, .. } = &action.action else { continue };
        if !at.existed(partition) {
            continue;
        }
        let checked = at.record.table(partition).is_some_and(|t| t.checks().any(|(c, _)| c.valid));
        let draft = found
            .add(&action.span, format!("`{partition}` is read whole while nobody can use it"))
            .about(table);
        if checked {
            draft.unknown("whether its CHECK implies the bounds").severity(Severity::Note);
        }
    }
}
