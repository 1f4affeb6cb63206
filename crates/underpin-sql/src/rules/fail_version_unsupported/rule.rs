//! `FAIL-VERSION-UNSUPPORTED`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "FAIL-VERSION-UNSUPPORTED",
    title: "the server is too old for the statement",
    severity: Severity::Error,
    grades: Grades::new(Loss::None, Downtime::None, Back::R0, OldApp::Works),
    fact: "syntax of a newer PostgreSQL is a syntax error on the older one: 42601",
    instead: "",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    let Some(since) = at.does.since else { return };
    if at.options.server_major.is_some_and(|major| major < since) {
        found.add(at.span(), format!("this needs PostgreSQL {since} or later"));
    } else if at.options.server_major.is_none() && since > 13 {
        found
            .add(at.span(), format!("this needs PostgreSQL {since} or later"))
            .severity(Severity::Note)
            .unknown("the server's version (--server-version)");
    }
}
