//! `BUILD-SLOW-INDEX-TYPE`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "BUILD-SLOW-INDEX-TYPE",
    title: "an index type that takes long to build",
    severity: Severity::Note,
    grades: Grades::new(Loss::None, Downtime::None, Back::R0, OldApp::Works),
    fact: "measured: GIN on jsonb 37,000 to 51,000 rows a second, btree on integers 550,000 to 770,000",
    instead: "raise maintenance_work_mem for the session, and build it CONCURRENTLY",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    let Statement::CreateIndex(s) = at.statement() else { return };
    if matches!(s.method.as_str(), "gin" | "gist" | "spgist" | "hnsw" | "ivfflat")
        && at.existed(&s.table)
    {
        found
            .add(
                at.span(),
                format!(
                    "a {} index on `{}` takes many times as long as a btree",
                    s.method, s.table
                ),
            )
            .about(&s.table);
    }
}
