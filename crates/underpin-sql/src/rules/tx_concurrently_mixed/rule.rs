//! `TX-CONCURRENTLY-MIXED`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "TX-CONCURRENTLY-MIXED",
    title: "CONCURRENTLY is not alone in its file",
    severity: Severity::Warning,
    grades: Grades::new(Loss::None, Downtime::None, Back::R1, OldApp::Works),
    fact: "the file cannot be one transaction: its statements run one by one, and a failure leaves it half applied; Prisma before 7.4 refuses it (25001)",
    instead: "a migration file of its own",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    let concurrent = match at.statement() {
        Statement::CreateIndex(s) => s.concurrently,
        Statement::Drop(s) => s.concurrently,
        Statement::Reindex(s) => s.concurrently,
        Statement::AlterTable(s) => s
            .actions
            .iter()
            .any(|a| matches!(a.action, TableAction::DetachPartition { concurrently: true, .. })),
        _ => false,
    };
    let others = at.file.steps.iter().filter(|s| !s.inside).count() - 1;
    if concurrent && others > 0 && !at.step().place.block && !at.step().inside {
        found.add(
            at.span(),
            "the other statements of the file are not in one transaction with this one",
        );
    }
}
