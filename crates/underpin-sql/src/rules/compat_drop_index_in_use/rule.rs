//! `COMPAT-DROP-INDEX-IN-USE`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "COMPAT-DROP-INDEX-IN-USE",
    title: "an index that is used is dropped",
    severity: Severity::Warning,
    grades: Grades::new(Loss::None, Downtime::None, Back::R1, OldApp::MayBreak),
    fact: "the statistics of the server count scans of it; queries that used it read the whole table instead",
    instead: "keep it; look again after some days of statistics",
    needs_facts: true,
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    for name in at.dropped(&[ObjectKind::Index]) {
        if let Some(scans) = at.options.facts.index(name).and_then(|i| i.scans).filter(|s| *s > 0) {
            found.add(at.span(), format!("`{name}` has been used {scans} times")).about(name);
        }
    }
}
