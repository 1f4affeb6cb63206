//! `COMPAT-ADD-REQUIRED-COLUMN`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "COMPAT-ADD-REQUIRED-COLUMN",
    title: "the running application does not fill a new required column",
    severity: Severity::Warning,
    grades: Grades::new(Loss::None, Downtime::Brief, Back::R0, OldApp::Breaks),
    fact: "an INSERT that leaves the column out fails with 23502 when it has no default in the database",
    instead: "a default in the database until the old version is gone",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    for (table, span, column) in at.added_columns() {
        let later_default =
            at.actions_of_file(table).into_iter().rfind(|(step, _)| *step >= at.number);
        let dropped = matches!(later_default, Some((_, AlterAction { action: TableAction::DropDefault { column: c }, .. })) if *c == column.name);
        if column.not_null && (!fills_itself(column) || dropped) {
            found
                .add(
                    span,
                    format!(
                        "an application that does not know `{table}.{}` cannot insert",
                        column.name
                    ),
                )
                .about(table)
                .phased(phased::required(at, table, column));
        }
    }
}
