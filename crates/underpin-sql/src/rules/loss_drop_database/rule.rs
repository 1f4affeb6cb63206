//! `LOSS-DROP-DATABASE`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "LOSS-DROP-DATABASE",
    title: "a database is dropped",
    severity: Severity::Error,
    grades: Grades::new(Loss::Certain, Downtime::All, Back::R3, OldApp::Breaks),
    fact: "DROP DATABASE removes the database's files; it cannot run in a transaction and cannot be undone",
    instead: "never in a migration",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    for name in at.dropped(&[ObjectKind::Database]) {
        found.add(at.span(), format!("database `{name}` is dropped")).about(name);
    }
}
