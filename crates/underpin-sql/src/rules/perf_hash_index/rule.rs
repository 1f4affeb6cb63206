//! `PERF-HASH-INDEX`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "PERF-HASH-INDEX",
    title: "a hash index",
    severity: Severity::Warning,
    grades: Grades::new(Loss::None, Downtime::None, Back::R0, OldApp::Works),
    fact: "it serves equality only, cannot be unique and has one column",
    instead: "btree",
    default: false,
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    if let Statement::CreateIndex(s) = at.statement()
        && s.method == "hash"
    {
        found.add(at.span(), "a hash index serves equality only").about(&s.table);
    }
}
