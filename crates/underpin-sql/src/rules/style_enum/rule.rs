//! `STYLE-ENUM`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "STYLE-ENUM",
    title: "an enum",
    severity: Severity::Warning,
    grades: Grades::new(Loss::None, Downtime::None, Back::R0, OldApp::Works),
    fact: "labels can be added and renamed and not removed",
    instead: "a lookup table, or text with a CHECK",
    default: false,
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    if let Statement::CreateType(s) = at.statement()
        && s.labels.is_some()
    {
        found.add(at.span(), format!("`{}` is an enum", s.name)).about(&s.name);
    }
}
