//! `STYLE-JSON-TYPE`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "STYLE-JSON-TYPE",
    title: "json instead of jsonb",
    severity: Severity::Warning,
    grades: Grades::new(Loss::None, Downtime::None, Back::R0, OldApp::Works),
    fact: "json has no equality: DISTINCT and GROUP BY on it fail, and it is parsed on each use",
    instead: "jsonb",
    default: false,
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    for column in defined_columns(at).into_iter().filter(|c| has_type(c, &["json"])) {
        found.add(&column.span, format!("`{}` is json", column.name));
    }
}
