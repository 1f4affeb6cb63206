//! `STYLE-TIMESTAMP-NO-TZ`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "STYLE-TIMESTAMP-NO-TZ",
    title: "timestamp without time zone",
    severity: Severity::Warning,
    grades: Grades::new(Loss::None, Downtime::None, Back::R0, OldApp::Works),
    fact: "without a time zone the value is a reading of a clock, not a moment",
    instead: "timestamptz (@db.Timestamptz(3) in Prisma)",
    default: false,
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    for column in defined_columns(at).into_iter().filter(|c| has_type(c, &["timestamp"])) {
        found.add(&column.span, format!("`{}` has no time zone", column.name));
    }
}
