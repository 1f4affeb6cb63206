//! `SCAN-ADD-PRIMARY-KEY-USING-INDEX-NULLABLE`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "SCAN-ADD-PRIMARY-KEY-USING-INDEX-NULLABLE",
    title: "PRIMARY KEY USING INDEX reads the table for NULLs",
    severity: Severity::Error,
    grades: Grades::new(Loss::None, Downtime::All, Back::R0, OldApp::Works),
    fact: "columns that are not NOT NULL yet are made so, and every row is read under ACCESS EXCLUSIVE",
    instead: "SET NOT NULL by the safe way first, then PRIMARY KEY USING INDEX touches the catalog only",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    for (table, span, constraint) in at.added_constraints() {
        let ConstraintKind::PrimaryKey { using_index: Some(index), .. } = &constraint.kind else {
            continue;
        };
        let name = Name { schema: table.schema.clone(), name: index.clone() };
        let Some(index) = at.record.index(&name) else {
            found
                .add(
                    span,
                    format!(
                        "`{table}` is read whole unless the index's columns are NOT NULL already"
                    ),
                )
                .about(table)
                .unknown("whether they are")
                .severity(Severity::Warning);
            continue;
        };
        let nullable: Vec<&String> = index
            .columns
            .iter()
            .flatten()
            .filter(|c| at.record.column(table, c).is_none_or(|c| c.not_null != Some(true)))
            .collect();
        if !nullable.is_empty() {
            found
                .add(
                    span,
                    format!(
                        "every row of `{table}` is read, because {} may be NULL",
                        words(&nullable)
                    ),
                )
                .about(table);
        }
    }
}
