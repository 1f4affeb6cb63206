//! `TX-NESTED`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "TX-NESTED",
    title: "BEGIN inside a transaction, or COMMIT outside of one",
    severity: Severity::Warning,
    grades: Grades::new(Loss::None, Downtime::None, Back::R0, OldApp::Works),
    fact: "PostgreSQL knows no nested transactions: a second BEGIN is a warning and nothing else, and the first COMMIT ends everything, also what the author took to be in the runner's transaction",
    instead: "leave transaction control out: the runner does it",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    let Statement::Transaction(control) = at.statement() else { return };
    let open =
        at.earlier().filter(|(_, s)| !s.inside).find_map(|(_, s)| match &s.parsed.statement {
            Statement::Transaction(TransactionControl::Begin | TransactionControl::Chain) => {
                Some(true)
            }
            Statement::Transaction(TransactionControl::Commit | TransactionControl::Rollback) => {
                Some(false)
            }
            _ => None,
        });
    match control {
        TransactionControl::Begin if open == Some(true) => {
            found.add(at.span(), "a transaction is open already: this BEGIN does nothing");
        }
        TransactionControl::Commit | TransactionControl::Rollback
            if open != Some(true) && !at.step().inside =>
        {
            found.add(
                at.span(),
                "no BEGIN in this file: this ends whatever transaction the runner has open",
            );
        }
        TransactionControl::Commit | TransactionControl::Rollback | TransactionControl::Chain
            if at.step().inside =>
        {
            found.add(at.span(), "the block ends transactions by itself: it is refused (2D000) unless it runs alone, and keeps what it has done when it fails later");
        }
        _ => {}
    }
}
