//! `REWRITE-COLLATION-VERSION`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "REWRITE-COLLATION-VERSION",
    title: "a collation changes",
    severity: Severity::Warning,
    grades: Grades::new(Loss::None, Downtime::All, Back::R1, OldApp::MayBreak),
    fact: "every index on the column is built anew; after ALTER COLLATION … REFRESH VERSION indexes that were built under the old order are wrong and stay wrong",
    instead: "REINDEX INDEX CONCURRENTLY each index on text that uses the collation",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    for (table, action) in at.actions() {
        if let TableAction::AlterType { column, collation: Some(collation), .. } = &action.action {
            found
                .add(&action.span, format!("`{table}.{column}` sorts by `{collation}` from now on: its indexes are built anew"))
                .about(table);
        }
    }
    if matches!(at.statement(), Statement::Other { tag: "ALTER COLLATION" }) {
        found
            .add(at.span(), "the collation's version is taken as it is: indexes that sort by the old one are not rebuilt")
            .unknown("which indexes use it");
    }
}
