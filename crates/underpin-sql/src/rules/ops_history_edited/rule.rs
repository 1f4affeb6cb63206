//! `OPS-HISTORY-EDITED`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "OPS-HISTORY-EDITED",
    title: "the file is not what was applied",
    severity: Severity::Error,
    grades: Grades::new(Loss::None, Downtime::None, Back::R0, OldApp::Works),
    fact: "the checksum in the history differs from the file's",
    instead: "restore the file from version control, and write a new migration for the change",
    needs_facts: true,
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    if at.is_first() && at.options.facts.edited.iter().any(|name| name == at.file.name) {
        found.add(at.span(), "this file was changed after it was applied");
    }
}
