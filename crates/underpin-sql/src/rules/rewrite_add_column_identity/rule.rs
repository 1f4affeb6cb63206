//! `REWRITE-ADD-COLUMN-IDENTITY`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "REWRITE-ADD-COLUMN-IDENTITY",
    title: "an identity column is added",
    severity: Severity::Error,
    grades: Grades::new(Loss::None, Downtime::All, Back::R0, OldApp::Works),
    fact: "every row gets a number from the column's sequence: the table and its indexes are written anew under ACCESS EXCLUSIVE, exactly as for serial",
    instead: "add a nullable bigint, fill it in batches, SET NOT NULL by the safe way, then ADD GENERATED … AS IDENTITY",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    for (table, span, column) in at.added_columns() {
        if column.identity {
            found
                .add(span, format!("every row of `{table}` is written anew to get a number"))
                .about(table);
        }
    }
}
