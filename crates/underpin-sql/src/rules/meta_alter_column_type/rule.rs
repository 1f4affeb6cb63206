//! `META-ALTER-COLUMN-TYPE`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "META-ALTER-COLUMN-TYPE",
    title: "a type change touches the catalog only",
    severity: Severity::Note,
    grades: Grades::new(Loss::None, Downtime::Brief, Back::R1, OldApp::Works),
    fact: "the values stay as they are on disk: only the catalog changes, under a short ACCESS EXCLUSIVE",
    instead: "",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    for (table, action) in at.actions() {
        let TableAction::AlterType { column, to, using: None, .. } = &action.action else {
            continue;
        };
        let from = at.record.column(table, column).and_then(|c| c.type_name.as_ref());
        if let Some(from) = from.filter(|from| is_free(from, to)) {
            found
                .add(
                    &action.span,
                    format!(
                        "`{table}.{column}` changes from {} to {} without a rewrite",
                        shown(from),
                        shown(to)
                    ),
                )
                .about(table);
        }
    }
}
