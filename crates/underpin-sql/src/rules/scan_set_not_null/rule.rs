//! `SCAN-SET-NOT-NULL`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "SCAN-SET-NOT-NULL",
    title: "SET NOT NULL reads the whole table",
    severity: Severity::Error,
    grades: Grades::new(Loss::None, Downtime::All, Back::R0, OldApp::Works),
    fact: "every row is read under ACCESS EXCLUSIVE, unless a validated CHECK (column IS NOT NULL) is there before the statement",
    instead: "",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    for (table, action) in at.actions() {
        let TableAction::SetNotNull { column } = &action.action else { continue };
        let known = at.record.table(table);
        let not_null =
            known.and_then(|t| t.column(column)).is_some_and(|c| c.not_null == Some(true));
        let proven = known.is_some_and(|t| t.proves_not_null(column));
        if not_null {
            continue;
        }
        let proof_dropped = at.actions().any(|(_, a)| match &a.action {
            TableAction::DropConstraint { name, .. } => known
                .and_then(|t| t.constraint(name))
                .is_some_and(|c| matches!(&c.kind, ConstraintKind::Check { expression, .. } if expression.not_null_of.as_ref() == Some(column))),
            _ => false,
        });
        if !proven || proof_dropped {
            let c = Name::bare(column);
            let short = format!("{}_{column}_given", table.name);
            let name = Name::bare(&short);
            let draft = found
                .add(&action.span, format!("every row of `{table}` is read while nobody can use it"))
                .about(table)
                .phased(phased::set_not_null(at, table, column, When::ThisMigration))
                .instead(format!(
                    "in migrations of their own: ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({c} IS NOT NULL) NOT VALID; then VALIDATE CONSTRAINT {name}; then ALTER COLUMN {c} SET NOT NULL; then DROP CONSTRAINT {name};"
                ));
            if proof_dropped && proven {
                draft.fact("the CHECK that would spare the scan is dropped in the same statement, and the scan comes back (measured on 12 to 18)");
            }
        }
    }
}
