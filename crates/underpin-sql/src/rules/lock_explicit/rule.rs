//! `LOCK-EXPLICIT`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "LOCK-EXPLICIT",
    title: "LOCK TABLE",
    severity: Severity::Warning,
    grades: Grades::new(Loss::None, Downtime::Brief, Back::R0, OldApp::Works),
    fact: "the lock is held until the transaction ends; without a mode it is ACCESS EXCLUSIVE",
    instead: "leave it out: each statement takes the lock it needs",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    let Statement::Lock { tables, mode, .. } = at.statement() else { return };
    for table in tables.iter().filter(|t| at.existed(t)) {
        let grades = match mode {
            8 => Grades::new(Loss::None, Downtime::Brief, Back::R0, OldApp::Works),
            5..8 => Grades::new(Loss::None, Downtime::Brief, Back::R0, OldApp::Works),
            _ => Grades::default(),
        };
        found
            .add(at.span(), format!("`{table}` is locked from here to the end of the transaction"))
            .about(table)
            .grades(grades);
    }
}
