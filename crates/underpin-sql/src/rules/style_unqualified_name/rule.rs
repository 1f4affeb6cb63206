//! `STYLE-UNQUALIFIED-NAME`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "STYLE-UNQUALIFIED-NAME",
    title: "a table without its schema",
    severity: Severity::Warning,
    grades: Grades::new(Loss::None, Downtime::None, Back::R0, OldApp::Works),
    fact: "search_path decides which table is meant",
    instead: "the schema in the name",
    default: false,
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    let name = match at.statement() {
        Statement::CreateTable(s) => &s.name,
        Statement::AlterTable(s) => &s.relation,
        Statement::CreateIndex(s) => &s.table,
        _ => return,
    };
    if name.schema.is_none() {
        found.add(at.span(), format!("`{name}` has no schema")).about(name);
    }
}
