//! `LOSS-DROP-MATVIEW-OR-SEQUENCE`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "LOSS-DROP-MATVIEW-OR-SEQUENCE",
    title: "a materialized view, a sequence or statistics are dropped",
    severity: Severity::Warning,
    grades: Grades::new(Loss::Possible, Downtime::Brief, Back::R1, OldApp::MayBreak),
    fact: "a sequence's position, a materialized view's rows and extended statistics have to be computed anew",
    instead: "keep the script that makes it, and note a sequence's last_value",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    use ObjectKind::{MaterializedView, Sequence, Statistics};
    for name in at.dropped(&[MaterializedView, Sequence, Statistics]) {
        found.add(at.span(), format!("`{name}` is dropped")).about(name);
    }
}
