//! `COMPAT-CODE-STILL-REFERENCES`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "COMPAT-CODE-STILL-REFERENCES",
    title: "the application's code still names what is dropped or renamed",
    severity: Severity::Error,
    grades: Grades::new(Loss::None, Downtime::None, Back::R0, OldApp::Breaks),
    fact: "the name stands in the application's files",
    instead: "remove it from the code one release earlier",
    needs_facts: true,
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    let mut names: Vec<(String, Span)> = Vec::new();
    for (table, action) in at.actions() {
        if let TableAction::DropColumn { column, .. } = &action.action {
            names.push((format!("{}.{column}", short(table).name), action.span.clone()));
        }
    }
    match at.statement() {
        Statement::Drop(s) => names.extend(s.names.iter().map(|n| (n.name.clone(), at.span()))),
        Statement::Rename(s) if s.kind == ObjectKind::Column => {
            names.push((format!("{}.{}", s.object.name, s.from), at.span()));
        }
        Statement::Rename(s) => names.push((s.object.name.clone(), at.span())),
        _ => {}
    }
    for (name, span) in names {
        if let Some(places) = at.options.facts.code.get(&name).filter(|p| !p.is_empty()) {
            found.add(span, format!("`{name}` is still used in {}", words(places)));
        }
    }
}
