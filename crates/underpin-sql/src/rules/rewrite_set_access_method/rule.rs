//! `REWRITE-SET-ACCESS-METHOD`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "REWRITE-SET-ACCESS-METHOD",
    title: "a table gets another access method",
    severity: Severity::Error,
    grades: Grades::new(Loss::None, Downtime::All, Back::R1, OldApp::MayBreak),
    fact: "the table and its indexes are written anew under ACCESS EXCLUSIVE, unless it has that method already",
    instead: "a new table with the method, filled in batches",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    for (table, action) in at.actions() {
        if let TableAction::SetAccessMethod { method } = &action.action
            && method.as_deref().is_some_and(|m| m != "heap")
        {
            found
                .add(&action.span, format!("`{table}` is written anew"))
                .about(table)
                .unknown("the access method it has now");
        }
    }
}
