//! `PERF-WIDE-INDEX`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "PERF-WIDE-INDEX",
    title: "an index of many columns",
    severity: Severity::Warning,
    grades: Grades::new(Loss::None, Downtime::None, Back::R0, OldApp::Works),
    fact: "every column makes each entry larger, and the last ones hardly narrow a search",
    instead: "the columns that narrow it most; INCLUDE for those that are only read",
    default: false,
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    if let Statement::CreateIndex(s) = at.statement()
        && !s.unique
        && s.columns.len() > 3
    {
        found.add(at.span(), format!("{} columns", s.columns.len())).about(&s.table);
    }
}
