//! `TX-UNCLOSED`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "TX-UNCLOSED",
    title: "a transaction is opened and never closed",
    severity: Severity::Error,
    grades: Grades::new(Loss::None, Downtime::None, Back::R0, OldApp::Breaks),
    fact: "everything after BEGIN is rolled back when the connection ends, and Prisma reports success; Underpin refuses such a file (UP-2101)",
    instead: "add COMMIT, or take BEGIN out",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    if !matches!(
        at.statement(),
        Statement::Transaction(TransactionControl::Begin | TransactionControl::Chain)
    ) {
        return;
    }
    let closed = at.later().any(|(_, s)| {
        !s.inside
            && matches!(
                s.parsed.statement,
                Statement::Transaction(
                    TransactionControl::Commit
                        | TransactionControl::Rollback
                        | TransactionControl::Chain
                )
            )
    });
    if !closed {
        found.add(at.span(), "what follows is never committed");
    }
}
