//! `COMPAT-ENUM-VALUE-RENAMED`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "COMPAT-ENUM-VALUE-RENAMED",
    title: "a label of an enum is renamed",
    severity: Severity::Error,
    grades: Grades::new(Loss::None, Downtime::None, Back::R0, OldApp::Breaks),
    fact: "the old label is gone at once: literals of it fail with 22P02, and readers meet one they do not know",
    instead: "add the new label, move the rows, remove the old one in a later release",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    if let Statement::AlterEnum(AlterEnum { name, change: EnumChange::Rename { from, to } }) =
        at.statement()
        && at.existed(name)
    {
        found.add(at.span(), format!("'{from}' of `{name}` is '{to}' from now on")).about(name);
    }
}
