//! `LOSS-DROP-EXTENSION`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "LOSS-DROP-EXTENSION",
    title: "an extension is dropped",
    severity: Severity::Warning,
    grades: Grades::new(Loss::Possible, Downtime::Brief, Back::R2, OldApp::MayBreak),
    fact: "its types, functions and operators go; with CASCADE the columns of its types and the indexes of its operator classes go too",
    instead: "look in pg_depend for columns and indexes that use it before it goes",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    let Statement::Drop(s) = at.statement() else { return };
    for name in s.names.iter().filter(|_| s.kind == ObjectKind::Extension) {
        let severity = if s.cascade { Severity::Error } else { Severity::Warning };
        found
            .add(at.span(), format!("extension `{name}` is dropped"))
            .about(name)
            .severity(severity)
            .unknown("which columns and indexes use it");
    }
}
