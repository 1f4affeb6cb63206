//! `COMPAT-DROP-TABLE`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "COMPAT-DROP-TABLE",
    title: "the running application still uses the table",
    severity: Severity::Warning,
    grades: Grades::new(Loss::None, Downtime::None, Back::R0, OldApp::Breaks),
    fact: "a statement that names the table fails with 42P01",
    instead: "deploy a version that does not use it first, drop the table in the next release",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    for table in at.dropped(&[ObjectKind::Table]) {
        if !is_partition(at, table) {
            found
                .add(at.span(), format!("an application that still names `{table}` fails"))
                .about(table).phased(phased::drop_table(at, table, cascades(at)));
        }
    }
}
