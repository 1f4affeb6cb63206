//! `PERF-REDUNDANT-INDEX`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "PERF-REDUNDANT-INDEX",
    title: "an index that is the beginning of another",
    severity: Severity::Warning,
    grades: Grades::new(Loss::None, Downtime::None, Back::R0, OldApp::Works),
    fact: "the longer index serves the same queries; both cost every write",
    instead: "leave the shorter one out",
    default: false,
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    let Statement::CreateIndex(s) = at.statement() else { return };
    if s.predicate.is_some()
        || s.unique
        || s.method != "btree"
        || s.columns.iter().any(Option::is_none)
    {
        return;
    }
    let longer = at
        .record
        .indexes_of(&s.table)
        .into_iter()
        .find(|(_, i)| i.mentioned.is_empty() && i.columns.starts_with(&s.columns));
    if let Some((name, _)) = longer {
        found
            .add(at.span(), format!("`{}` begins with the same columns", name.name))
            .about(&s.table);
    }
}
