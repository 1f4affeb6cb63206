//! `BUILD-ADD-EXCLUSION`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "BUILD-ADD-EXCLUSION",
    title: "an exclusion constraint is built while nobody can use the table",
    severity: Severity::Error,
    grades: Grades::new(Loss::None, Downtime::All, Back::R0, OldApp::MayBreak),
    fact: "ACCESS EXCLUSIVE while the index is built and every pair is checked; there is no NOT VALID and no USING INDEX for it",
    instead: "a new table with the constraint, filled in batches, or a maintenance window",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    for (table, span, constraint) in at.added_constraints() {
        if matches!(constraint.kind, ConstraintKind::Exclude) {
            found
                .add(span, format!("`{table}` cannot be used while the index is built"))
                .about(table);
        }
    }
}
