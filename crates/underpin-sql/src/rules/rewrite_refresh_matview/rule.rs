//! `REWRITE-REFRESH-MATVIEW`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "REWRITE-REFRESH-MATVIEW",
    title: "a materialized view is filled anew while nobody can read it",
    severity: Severity::Warning,
    grades: Grades::new(Loss::None, Downtime::All, Back::R0, OldApp::MayBreak),
    fact: "ACCESS EXCLUSIVE on the view for as long as its query takes",
    instead: "REFRESH MATERIALIZED VIEW CONCURRENTLY, which needs a unique index on the view",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    if let Statement::RefreshMaterializedView { view, concurrently: false, no_data: false } =
        at.statement()
        && at.existed(view)
    {
        found.add(at.span(), format!("`{view}` cannot be read while it is filled")).about(view);
    }
}
