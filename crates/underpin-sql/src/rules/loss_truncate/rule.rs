//! `LOSS-TRUNCATE`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "LOSS-TRUNCATE",
    title: "a table is emptied",
    severity: Severity::Error,
    grades: Grades::new(Loss::Certain, Downtime::Brief, Back::R3, OldApp::MayBreak),
    fact: "TRUNCATE removes every row under ACCESS EXCLUSIVE, without firing row triggers; after the commit there is no way back",
    instead: "delete in batches by key what is really not needed, or drop a partition",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    let Statement::Truncate(s) = at.statement() else { return };
    for table in s.tables.iter().filter(|t| at.existed(t)) {
        found.add(at.span(), format!("every row of `{table}` is removed")).about(table);
    }
}
