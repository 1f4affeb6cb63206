//! `TX-DATA-IN-MIGRATION`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "TX-DATA-IN-MIGRATION",
    title: "rows are changed in a schema migration",
    severity: Severity::Note,
    grades: Grades::new(Loss::None, Downtime::None, Back::R0, OldApp::Works),
    fact: "data and schema are deployed, retried and undone by different rules",
    instead: "a script of its own",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    let table = match at.statement() {
        Statement::Insert(s) => &s.table,
        Statement::Update(s) => &s.table,
        Statement::Delete(s) => &s.table,
        Statement::Merge { table, .. } => table,
        Statement::Copy(Copy { table: Some(table), from: true, .. }) => table,
        _ => return,
    };
    if at.existed(table) {
        found.add(at.span(), format!("rows of `{table}` are changed")).about(table);
    }
}
