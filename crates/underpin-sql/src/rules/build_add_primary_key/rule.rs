//! `BUILD-ADD-PRIMARY-KEY`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "BUILD-ADD-PRIMARY-KEY",
    title: "a primary key is built while nobody can use the table",
    severity: Severity::Error,
    grades: Grades::new(Loss::None, Downtime::All, Back::R0, OldApp::Works),
    fact: "ACCESS EXCLUSIVE for the whole build, and a scan for NULLs where the columns may be NULL",
    instead: "",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    for (table, span, constraint) in at.added_constraints() {
        let ConstraintKind::PrimaryKey { columns, using_index: None } = &constraint.kind else {
            continue;
        };
        let list: Vec<String> = columns.iter().map(|c| Name::bare(c).to_string()).collect();
        let name = constraint.name.clone().unwrap_or_else(|| format!("{}_pkey", table.name));
        found
            .add(span, format!("`{table}` cannot be used while the index is built"))
            .about(table)
            .phased(phased::unique(at, table, span, constraint))
            .instead(format!(
                "alone in its migration: CREATE UNIQUE INDEX CONCURRENTLY {n} ON {table} ({}); then: ALTER TABLE {table} ADD CONSTRAINT {n} PRIMARY KEY USING INDEX {n};",
                list.join(", "),
                n = Name::bare(name)
            ));
    }
}
