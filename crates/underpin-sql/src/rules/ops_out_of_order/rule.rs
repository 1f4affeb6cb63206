//! `OPS-OUT-OF-ORDER`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "OPS-OUT-OF-ORDER",
    title: "the migration sorts before one that is applied",
    severity: Severity::Error,
    grades: Grades::new(Loss::None, Downtime::None, Back::R0, OldApp::Works),
    fact: "on a new database it runs earlier than it did here, and may meet another schema",
    instead: "give the folder a later time stamp",
    needs_facts: true,
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    if at.is_first() && at.options.facts.out_of_order.iter().any(|name| name == at.file.name) {
        found.add(at.span(), "an applied migration comes after this pending one");
    }
}
