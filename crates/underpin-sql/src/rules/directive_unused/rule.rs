//! `DIRECTIVE-UNUSED`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "DIRECTIVE-UNUSED",
    title: "a directive allows what nothing objects to",
    severity: Severity::Warning,
    grades: Grades::new(Loss::None, Downtime::None, Back::R0, OldApp::Works),
    fact: "the rule says nothing at the place for which it is allowed",
    instead: "take the directive out, so that it does not hide something later",
    ..Rule::PLAIN
};
