//! `SCAN-ADD-COLUMN-INLINE-CONSTRAINT`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "SCAN-ADD-COLUMN-INLINE-CONSTRAINT",
    title: "a column is added with a constraint of its own",
    severity: Severity::Error,
    grades: Grades::new(Loss::None, Downtime::All, Back::R0, OldApp::Works),
    fact: "an inline CHECK, or REFERENCES on a column with a default, reads every row under ACCESS EXCLUSIVE; an inline UNIQUE or PRIMARY KEY builds an index under it",
    instead: "add the column first, then the constraint NOT VALID, or the index CONCURRENTLY",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    for (table, span, column) in at.added_columns() {
        let filled = fills_itself(column);
        for constraint in &column.constraints {
            let what = match &constraint.kind {
                ConstraintKind::Check { .. } if !constraint.not_enforced => "CHECK",
                ConstraintKind::ForeignKey(_) if filled && !constraint.not_enforced => "REFERENCES",
                ConstraintKind::Unique { .. } => "UNIQUE",
                ConstraintKind::PrimaryKey { .. } => "PRIMARY KEY",
                _ => continue,
            };
            found
                .add(span, format!("{what} in ADD COLUMN works through every row of `{table}` while nobody can use it"))
                .about(table);
        }
    }
}
