//! `OPS-AUTOVACUUM-DISABLED`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "OPS-AUTOVACUUM-DISABLED",
    title: "autovacuum is switched off for a table",
    severity: Severity::Warning,
    grades: Grades::new(Loss::None, Downtime::None, Back::R0, OldApp::Works),
    fact: "dead rows and stale statistics pile up, until the vacuum against wraparound comes at its own time",
    instead: "lower the cost limits instead",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    for (table, action) in at.actions() {
        if let TableAction::SetOptions { options } = &action.action
            && options.iter().any(|o| {
                o.name.ends_with("autovacuum_enabled")
                    && matches!(o.value.as_deref(), Some("false" | "off" | "0" | "no"))
            })
        {
            found.add(&action.span, format!("`{table}` is not vacuumed any more")).about(table);
        }
    }
}
