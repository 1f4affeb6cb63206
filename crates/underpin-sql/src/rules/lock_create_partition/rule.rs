//! `LOCK-CREATE-PARTITION`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "LOCK-CREATE-PARTITION",
    title: "CREATE TABLE … PARTITION OF locks the parent",
    severity: Severity::Warning,
    grades: Grades::new(Loss::None, Downtime::Brief, Back::R0, OldApp::Works),
    fact: "ACCESS EXCLUSIVE on the parent on every version (measured on 11 to 18)",
    instead: "CREATE TABLE … (LIKE parent INCLUDING ALL), then ALTER TABLE parent ATTACH PARTITION, which takes SHARE UPDATE EXCLUSIVE on it",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    if let Statement::CreateTable(CreateTable { partition_of: Some(of), .. }) = at.statement()
        && at.existed(&of.parent)
    {
        found
            .add(at.span(), format!("nobody can use `{}` until the transaction ends", of.parent))
            .about(&of.parent);
    }
}
