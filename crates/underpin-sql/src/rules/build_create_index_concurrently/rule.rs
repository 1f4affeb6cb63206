//! `BUILD-CREATE-INDEX-CONCURRENTLY`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "BUILD-CREATE-INDEX-CONCURRENTLY",
    title: "an index is built while the application goes on",
    severity: Severity::Note,
    grades: Grades::new(Loss::None, Downtime::None, Back::R0, OldApp::Works),
    fact: "the table is read twice, and the build waits for every transaction that is older; a failure leaves an INVALID index",
    instead: "",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    let Statement::CreateIndex(s) = at.statement() else { return };
    if s.concurrently && at.existed(&s.table) {
        found
            .add(at.span(), format!("the build on `{}` waits for every older transaction", s.table))
            .about(&s.table)
            .unknown("how long the oldest transaction has been open");
    }
}
