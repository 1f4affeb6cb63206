//! `REWRITE-SET-LOGGED`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "REWRITE-SET-LOGGED",
    title: "an unlogged table becomes logged",
    severity: Severity::Error,
    grades: Grades::new(Loss::None, Downtime::All, Back::R1, OldApp::MayBreak),
    fact: "the table and its indexes are written anew, and all of it into the write-ahead log, under ACCESS EXCLUSIVE",
    instead: "a new logged table, filled in batches",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    for (table, action) in at.actions() {
        let logged = at
            .record
            .table(table)
            .is_some_and(|t| t.born.is_some() && t.persistence == Persistence::Permanent);
        if matches!(action.action, TableAction::SetLogged) && !logged {
            found.add(&action.span, format!("`{table}` is written anew")).about(table);
        }
    }
}
