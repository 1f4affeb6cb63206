//! `LOCK-DROP-TRIGGER`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "LOCK-DROP-TRIGGER",
    title: "a trigger is dropped or renamed",
    severity: Severity::Warning,
    grades: Grades::new(Loss::None, Downtime::Brief, Back::R0, OldApp::MayBreak),
    fact: "ACCESS EXCLUSIVE on the table",
    instead: "a short migration of its own",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    let table = match at.statement() {
        Statement::Drop(Drop { kind: ObjectKind::Trigger, on: Some(table), .. }) => table,
        Statement::Rename(s) if s.kind == ObjectKind::Trigger => &s.object,
        _ => return,
    };
    if at.existed(table) {
        found
            .add(at.span(), format!("nobody can use `{table}` until the transaction ends"))
            .about(table);
    }
}
