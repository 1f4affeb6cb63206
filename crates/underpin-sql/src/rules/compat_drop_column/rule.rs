//! `COMPAT-DROP-COLUMN`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "COMPAT-DROP-COLUMN",
    title: "the running application still selects the column",
    severity: Severity::Warning,
    grades: Grades::new(Loss::None, Downtime::None, Back::R0, OldApp::Breaks),
    fact: "a statement that names the column fails with 42703; Prisma Client names every scalar field in each query",
    instead: "deploy a version that ignores the field (@ignore) first, drop the column in the next release",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    for (table, action) in at.actions() {
        if let TableAction::DropColumn { column, cascade, .. } = &action.action
            && at.column_existed(table, column)
        {
            found
                .add(
                    &action.span,
                    format!("an application that still names `{table}.{column}` fails"),
                )
                .about(table)
                .phased(phased::drop_column(at, table, column, *cascade));
        }
    }
}
