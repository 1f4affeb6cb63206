//! `STYLE-ENUM-VALUE-ORDER`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "STYLE-ENUM-VALUE-ORDER",
    title: "ADD VALUE without a place",
    severity: Severity::Warning,
    grades: Grades::new(Loss::None, Downtime::None, Back::R0, OldApp::Works),
    fact: "the label goes to the end, and the order decides comparisons and ORDER BY",
    instead: "ADD VALUE … BEFORE or AFTER",
    default: false,
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    if let Statement::AlterEnum(AlterEnum {
        change: EnumChange::Add { label, placed: false, .. },
        ..
    }) = at.statement()
    {
        found.add(at.span(), format!("'{label}' goes to the end"));
    }
}
