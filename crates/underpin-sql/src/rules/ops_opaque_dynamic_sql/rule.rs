//! `OPS-OPAQUE-DYNAMIC-SQL`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "OPS-OPAQUE-DYNAMIC-SQL",
    title: "SQL that is made at run time",
    severity: Severity::Warning,
    grades: Grades::new(Loss::Possible, Downtime::Brief, Back::R3, OldApp::MayBreak),
    fact: "EXECUTE of a string that is put together while it runs cannot be read beforehand",
    instead: "write the statement out, or rehearse the migration on a copy",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    let opaque = match at.statement() {
        Statement::Dynamic => true,
        Statement::Do { language } => !matches!(language.as_str(), "plpgsql" | "sql"),
        _ => false,
    };
    if opaque {
        found
            .add(at.span(), "what this does is not known before it runs")
            .unknown("everything about it");
    }
}
