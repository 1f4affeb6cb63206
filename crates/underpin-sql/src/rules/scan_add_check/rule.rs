//! `SCAN-ADD-CHECK`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "SCAN-ADD-CHECK",
    title: "adding a CHECK reads the whole table",
    severity: Severity::Error,
    grades: Grades::new(Loss::None, Downtime::All, Back::R0, OldApp::MayBreak),
    fact: "every row is checked under ACCESS EXCLUSIVE",
    instead: "",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    for (table, span, constraint) in at.added_constraints() {
        if matches!(constraint.kind, ConstraintKind::Check { .. } | ConstraintKind::NotNull { .. })
            && !constraint.not_valid
            && !constraint.not_enforced
        {
            let name = constraint
                .name
                .as_deref()
                .map_or("<name>".to_owned(), |n| Name::bare(n).to_string());
            let later = match constraint.kind {
                ConstraintKind::Check { .. } => {
                    phased::checked_later(at, table, span, constraint, When::ThisMigration)
                }
                // NOT VALID is of PostgreSQL 18 here.
                _ => Vec::new(),
            };
            found
                .add(span, format!("every row of `{table}` is read while nobody can use it"))
                .about(table)
                .phased(later)
                .instead(format!("add it NOT VALID, then in another migration: ALTER TABLE {table} VALIDATE CONSTRAINT {name};"));
        }
    }
}
