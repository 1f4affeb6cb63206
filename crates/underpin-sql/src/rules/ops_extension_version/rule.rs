//! `OPS-EXTENSION-VERSION`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "OPS-EXTENSION-VERSION",
    title: "an extension's version is not pinned, or changes",
    severity: Severity::Note,
    grades: Grades::new(Loss::Possible, Downtime::Brief, Back::R2, OldApp::MayBreak),
    fact: "the version that comes is the one that the server's packages bring; an update runs a script of the extension that nobody has read",
    instead: "VERSION '…', and rehearse the update",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    match at.statement() {
        Statement::UpdateExtension { name, .. } => {
            found
                .add(at.span(), format!("extension `{name}` runs its update script"))
                .severity(Severity::Warning);
        }
        Statement::CreateExtension { name, pinned: false, .. } => {
            found
                .add(
                    at.span(),
                    format!("extension `{name}` comes in whatever version the server has"),
                )
                .grades(Grades::default());
        }
        _ => {}
    }
}
