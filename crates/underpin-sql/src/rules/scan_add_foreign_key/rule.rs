//! `SCAN-ADD-FOREIGN-KEY`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "SCAN-ADD-FOREIGN-KEY",
    title: "adding a foreign key reads both tables",
    severity: Severity::Error,
    grades: Grades::new(Loss::None, Downtime::Writes, Back::R0, OldApp::MayBreak),
    fact: "SHARE ROW EXCLUSIVE on both tables while every row is looked up: writes to both wait",
    instead: "",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    for (table, span, constraint) in at.added_constraints() {
        let ConstraintKind::ForeignKey(key) = &constraint.kind else { continue };
        if constraint.not_valid || constraint.not_enforced {
            continue;
        }
        let name =
            constraint.name.as_deref().map_or("<name>".to_owned(), |n| Name::bare(n).to_string());
        found
            .add(span, format!("writes to `{table}` and `{}` wait while every row is checked", short(&key.references)))
            .about(table)
            .phased(phased::checked_later(at, table, span, constraint, When::ThisMigration))
            .instead(format!("add it NOT VALID, then in another migration: ALTER TABLE {table} VALIDATE CONSTRAINT {name};"));
    }
}
