//! `BUILD-INDEX-ON-PARTITIONED`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "BUILD-INDEX-ON-PARTITIONED",
    title: "an index is built on every partition while writes wait",
    severity: Severity::Error,
    grades: Grades::new(Loss::None, Downtime::Writes, Back::R0, OldApp::Works),
    fact: "SHARE on the parent and on every partition while their indexes are built one after the other; CONCURRENTLY is refused on the parent",
    instead: "CREATE INDEX … ON ONLY the parent, CREATE INDEX CONCURRENTLY on each partition, then ALTER INDEX … ATTACH PARTITION",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    let Statement::CreateIndex(s) = at.statement() else { return };
    if !s.concurrently
        && !s.only
        && at.existed(&s.table)
        && at.record.table(&s.table).is_some_and(|t| t.partitioned)
    {
        found
            .add(
                at.span(),
                format!(
                    "writes to `{}` and all its partitions wait while their indexes are built",
                    s.table
                ),
            )
            .about(&s.table);
    }
}
