//! `DIRECTIVE-INVALID`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "DIRECTIVE-INVALID",
    title: "a directive that cannot be read",
    severity: Severity::Error,
    grades: Grades::new(Loss::None, Downtime::None, Back::R0, OldApp::Works),
    fact: "a directive names a rule of the list and gives a reason: -- underpin: allow RULE reason",
    instead: "",
    ..Rule::PLAIN
};
