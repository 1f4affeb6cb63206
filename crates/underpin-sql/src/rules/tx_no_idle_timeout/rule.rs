//! `TX-NO-IDLE-TIMEOUT`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "TX-NO-IDLE-TIMEOUT",
    title: "a transaction without idle_in_transaction_session_timeout",
    severity: Severity::Note,
    grades: Grades::new(Loss::None, Downtime::None, Back::R0, OldApp::Works),
    fact: "when the client dies between two statements the locks stay until TCP notices",
    instead: "SET idle_in_transaction_session_timeout, or let Underpin run it",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    let begins = matches!(at.statement(), Statement::Transaction(TransactionControl::Begin));
    if !at.options.runner.is_ours()
        && begins
        && !set_before(at, "idle_in_transaction_session_timeout")
    {
        found.add(at.span(), "the transaction stays open if the client goes away in it");
    }
}
