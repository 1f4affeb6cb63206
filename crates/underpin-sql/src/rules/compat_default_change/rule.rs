//! `COMPAT-DEFAULT-CHANGE`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "COMPAT-DEFAULT-CHANGE",
    title: "a default changes or goes",
    severity: Severity::Warning,
    grades: Grades::new(Loss::None, Downtime::Brief, Back::R0, OldApp::MayBreak),
    fact: "an INSERT that leaves the column out gets another value, or NULL, or fails",
    instead: "keep it until the old version is gone",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    for (table, action) in at.actions() {
        match &action.action {
            TableAction::DropDefault { column } if at.column_existed(table, column) => {
                let again = at.actions_of_file(table).into_iter().any(|(_, a)| {
                    matches!(&a.action, TableAction::SetDefault { column: c, .. } if c == column)
                });
                if !again {
                    found
                        .add(
                            &action.span,
                            format!(
                                "inserts that leave `{table}.{column}` out get no default any more"
                            ),
                        )
                        .about(table);
                }
            }
            TableAction::SetDefault { column, default } if at.column_existed(table, column) => {
                let old = at.record.column(table, column).and_then(|c| c.default.as_ref());
                let changed = old.is_some_and(|old| *old != default.text);
                if changed {
                    found
                        .add(
                            &action.span,
                            format!("inserts that leave `{table}.{column}` out get another value"),
                        )
                        .about(table);
                }
            }
            _ => {}
        }
    }
}
