//! `LOSS-RECREATE-TABLE`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "LOSS-RECREATE-TABLE",
    title: "a table is dropped and made again",
    severity: Severity::Error,
    grades: Grades::new(Loss::Certain, Downtime::Brief, Back::R3, OldApp::Breaks),
    fact: "the new table of the same name is empty",
    instead: "ALTER the table in place",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    for table in at.dropped(&[ObjectKind::Table]) {
        let again = at.later().any(|(_, s)| match &s.parsed.statement {
            Statement::CreateTable(new) => full(&new.name) == full(table),
            Statement::CreateTableAs(new) => full(&new.name) == full(table),
            _ => false,
        });
        if again {
            found
                .add(at.span(), format!("`{table}` is dropped and made again, empty"))
                .about(table);
        }
    }
}
