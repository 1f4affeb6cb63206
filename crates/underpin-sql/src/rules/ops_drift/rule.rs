//! `OPS-DRIFT`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "OPS-DRIFT",
    title: "the live schema is not what the history implies",
    severity: Severity::Error,
    grades: Grades::new(Loss::None, Downtime::None, Back::R0, OldApp::Works),
    fact: "the catalog of the target differs from the replayed history",
    instead: "underpin status --evidence, and a migration that brings the two together",
    needs_facts: true,
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    if at.is_first() && !at.options.facts.drift.is_empty() {
        found.add(
            at.span(),
            format!("the target differs from its history: {}", words(&at.options.facts.drift)),
        );
    }
}
