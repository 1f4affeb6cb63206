//! `LOCK-DROP-INDEX`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "LOCK-DROP-INDEX",
    title: "dropping an index locks its table",
    severity: Severity::Warning,
    grades: Grades::new(Loss::None, Downtime::Brief, Back::R1, OldApp::MayBreak),
    fact: "ACCESS EXCLUSIVE on the table and on the index",
    instead: "",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    let Statement::Drop(s) = at.statement() else { return };
    if s.kind != ObjectKind::Index || s.concurrently {
        return;
    }
    for name in &s.names {
        let table = at.record.index(name).map(|i| short(&i.table));
        if table.as_ref().is_some_and(|t| !at.existed(t)) || !at.existed(name) {
            continue;
        }
        let what = table.as_ref().map_or("its table".to_owned(), |t| format!("`{t}`"));
        found
            .add(at.span(), format!("nobody can use {what} until the transaction ends"))
            .about(table.as_ref().unwrap_or(name))
            .phased(phased::drop_index(name))
            .instead(format!("alone in its migration: DROP INDEX CONCURRENTLY {name};"));
    }
}
