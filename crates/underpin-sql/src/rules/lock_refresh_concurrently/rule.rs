//! `LOCK-REFRESH-CONCURRENTLY`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "LOCK-REFRESH-CONCURRENTLY",
    title: "a materialized view is refreshed concurrently",
    severity: Severity::Note,
    grades: Grades::new(Loss::None, Downtime::None, Back::R0, OldApp::Works),
    fact: "EXCLUSIVE on the view: readers pass, a second refresh waits; the query runs in full and its result is compared row by row",
    instead: "off-peak, outside of migrations",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    if let Statement::RefreshMaterializedView { view, concurrently: true, .. } = at.statement()
        && at.existed(view)
    {
        found.add(at.span(), format!("`{view}` is computed whole")).about(view);
    }
}
