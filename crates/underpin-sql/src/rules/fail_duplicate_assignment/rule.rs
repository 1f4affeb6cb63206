//! `FAIL-DUPLICATE-ASSIGNMENT`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "FAIL-DUPLICATE-ASSIGNMENT",
    title: "a column is given twice",
    severity: Severity::Error,
    grades: Grades::new(Loss::None, Downtime::None, Back::R0, OldApp::Works),
    fact: "the same column twice in SET or in INSERT's list is an error: 42601 or 42701",
    instead: "keep the one that is meant",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    let columns = match at.statement() {
        Statement::Update(s) => &s.assigned,
        Statement::Insert(s) => &s.columns,
        _ => return,
    };
    let twice = columns.iter().enumerate().find(|(i, c)| columns[..*i].contains(c));
    if let Some((_, column)) = twice {
        found.add(at.span(), format!("`{column}` is given twice"));
    }
}
