//! `FAIL-EXTENSION-UNAVAILABLE`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "FAIL-EXTENSION-UNAVAILABLE",
    title: "an extension may not be installed on the server",
    severity: Severity::Note,
    grades: Grades::new(Loss::None, Downtime::None, Back::R0, OldApp::Works),
    fact: "CREATE EXTENSION fails where the extension's files are not installed (0A000), or the role may not create it (42501)",
    instead: "SELECT name FROM pg_available_extensions; on the target",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    let Statement::CreateExtension { name, .. } = at.statement() else { return };
    match &at.options.facts.extensions {
        Some(there) if there.contains(name) => {}
        Some(_) => {
            found
                .add(at.span(), format!("extension `{name}` is not installed on the server"))
                .severity(Severity::Error);
        }
        None => {
            found
                .add(at.span(), format!("extension `{name}` has to be installed on the server"))
                .unknown("whether it is");
        }
    }
}
