//! `PERF-VECTOR-INDEX-PARAMS`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "PERF-VECTOR-INDEX-PARAMS",
    title: "a vector index on an empty table",
    severity: Severity::Warning,
    grades: Grades::new(Loss::None, Downtime::None, Back::R0, OldApp::Works),
    fact: "IVFFlat finds its lists from the rows that are there when it is built; on an empty table they are worthless (pgvector)",
    instead: "build it after the rows are there, or use hnsw",
    default: false,
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    if let Statement::CreateIndex(s) = at.statement()
        && s.method == "ivfflat"
        && !at.existed(&s.table)
    {
        found
            .add(at.span(), format!("`{}` is empty when the lists are made", s.table))
            .about(&s.table);
    }
}
