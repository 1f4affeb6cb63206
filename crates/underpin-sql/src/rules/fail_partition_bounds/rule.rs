//! `FAIL-PARTITION-BOUNDS`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "FAIL-PARTITION-BOUNDS",
    title: "a partitioned table does not take this",
    severity: Severity::Error,
    grades: Grades::new(Loss::None, Downtime::None, Back::R0, OldApp::Works),
    fact: "up to PostgreSQL 17 a foreign key on a partitioned table cannot be NOT VALID (42809), and no version builds an index on a partitioned table CONCURRENTLY (0A000)",
    instead: "do it on each partition, then on the parent",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    let partitioned = |t: &Name| at.record.table(t).is_some_and(|t| t.partitioned);
    for (table, span, constraint) in at.added_constraints() {
        if matches!(constraint.kind, ConstraintKind::ForeignKey(_))
            && constraint.not_valid
            && partitioned(table)
            && at.before(18)
        {
            found
                .add(span, format!("`{table}` is partitioned: a NOT VALID foreign key is refused before PostgreSQL 18"))
                .about(table);
        }
    }
    if let Statement::CreateIndex(s) = at.statement()
        && s.concurrently
        && partitioned(&s.table)
    {
        found
            .add(at.span(), format!("`{}` is partitioned: CREATE INDEX CONCURRENTLY is refused", s.table))
            .about(&s.table)
            .instead("CREATE INDEX … ON ONLY the parent, CREATE INDEX CONCURRENTLY on each partition, then ALTER INDEX … ATTACH PARTITION");
    }
}
