//! `BUILD-ADD-UNIQUE-CONSTRAINT`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "BUILD-ADD-UNIQUE-CONSTRAINT",
    title: "a unique constraint is built while nobody can use the table",
    severity: Severity::Error,
    grades: Grades::new(Loss::None, Downtime::All, Back::R0, OldApp::MayBreak),
    fact: "ACCESS EXCLUSIVE for the whole build",
    instead: "",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    for (table, span, constraint) in at.added_constraints() {
        let ConstraintKind::Unique { columns, using_index: None, .. } = &constraint.kind else {
            continue;
        };
        let list: Vec<String> = columns.iter().map(|c| Name::bare(c).to_string()).collect();
        let name = constraint
            .name
            .clone()
            .unwrap_or_else(|| format!("{}_{}_key", table.name, columns.join("_")));
        found
            .add(span, format!("`{table}` cannot be used while the index is built"))
            .about(table)
            .phased(phased::unique(at, table, span, constraint))
            .instead(format!(
                "alone in its migration: CREATE UNIQUE INDEX CONCURRENTLY {n} ON {table} ({}); then: ALTER TABLE {table} ADD CONSTRAINT {n} UNIQUE USING INDEX {n};",
                list.join(", "),
                n = Name::bare(name)
            ));
    }
}
