//! `OPS-DISABLE-TRIGGER`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "OPS-DISABLE-TRIGGER",
    title: "triggers are switched off",
    severity: Severity::Error,
    grades: Grades::new(Loss::Possible, Downtime::Brief, Back::R2, OldApp::MayBreak),
    fact: "DISABLE TRIGGER ALL and session_replication_role = replica switch foreign keys off too: rows that violate them come in and stay",
    instead: "",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    for (table, action) in at.actions() {
        if let TableAction::Trigger { name, enable: false } = &action.action {
            let (what, severity) = match name {
                Some(name) => (format!("trigger `{name}` of `{table}` is off"), Severity::Warning),
                None => (
                    format!("the triggers of `{table}` are off, foreign keys among them"),
                    Severity::Error,
                ),
            };
            found.add(&action.span, what).about(table).severity(severity);
        }
    }
    if let Statement::Set(s) = at.statement()
        && s.name.as_deref() == Some("session_replication_role")
        && s.value.as_deref() == Some("replica")
    {
        found.add(at.span(), "foreign keys and triggers are off for the session");
    }
}
