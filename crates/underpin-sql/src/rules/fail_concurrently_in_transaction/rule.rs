//! `FAIL-CONCURRENTLY-IN-TRANSACTION`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "FAIL-CONCURRENTLY-IN-TRANSACTION",
    title: "CONCURRENTLY inside a transaction block",
    severity: Severity::Error,
    grades: Grades::new(Loss::None, Downtime::None, Back::R0, OldApp::Works),
    fact: "CREATE, DROP and REINDEX INDEX CONCURRENTLY and DETACH PARTITION CONCURRENTLY are refused in a transaction block with 25001; a file of several statements sent as one query is such a block",
    instead: "a migration file of its own, without BEGIN",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    let what = match at.statement() {
        Statement::CreateIndex(s) if s.concurrently => "CREATE INDEX CONCURRENTLY",
        Statement::Drop(s) if s.concurrently => "DROP INDEX CONCURRENTLY",
        Statement::Reindex(s) if s.concurrently => "REINDEX CONCURRENTLY",
        Statement::AlterTable(s)
            if s.actions.iter().any(|a| {
                matches!(a.action, TableAction::DetachPartition { concurrently: true, .. })
            }) =>
        {
            "DETACH PARTITION CONCURRENTLY"
        }
        _ => return,
    };
    if at.step().place.block {
        found.add(
            at.span(),
            format!("{what} is refused here: the statement stands in a transaction block"),
        );
    }
}
