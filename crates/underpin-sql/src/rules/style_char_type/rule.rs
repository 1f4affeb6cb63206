//! `STYLE-CHAR-TYPE`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "STYLE-CHAR-TYPE",
    title: "char(n)",
    severity: Severity::Warning,
    grades: Grades::new(Loss::None, Downtime::None, Back::R0, OldApp::Works),
    fact: "char(n) pads with blanks, which then do not count in comparisons (manual §8.3)",
    instead: "text, with a CHECK on the length where it matters",
    default: false,
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    for column in defined_columns(at).into_iter().filter(|c| has_type(c, &["bpchar", "char"])) {
        found.add(&column.span, format!("`{}` is padded with blanks", column.name));
    }
}
