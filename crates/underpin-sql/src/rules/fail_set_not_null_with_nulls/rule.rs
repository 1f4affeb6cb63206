//! `FAIL-SET-NOT-NULL-WITH-NULLS`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "FAIL-SET-NOT-NULL-WITH-NULLS",
    title: "SET NOT NULL fails while there are NULLs",
    severity: Severity::Warning,
    grades: Grades::new(Loss::None, Downtime::Brief, Back::R0, OldApp::Works),
    fact: "the whole table is read, and the first NULL ends the migration with 23502",
    instead: "count first, and add CHECK (… IS NOT NULL) NOT VALID so that no new NULL comes in",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    for (table, action) in at.actions() {
        let TableAction::SetNotNull { column } = &action.action else { continue };
        let Some(known) = at.record.table(table) else {
            tell(found, table, column, &action.span);
            continue;
        };
        let old = known.column(column);
        let proven = known.proves_not_null(column) || old.is_some_and(|c| c.not_null == Some(true));
        let defaulted = old.is_some_and(|c| !at.is_old(c.born) && c.default.is_some());
        if !proven && !defaulted && !filled(at, table, column) {
            tell(found, table, column, &action.span);
        }
    }
}

fn tell(found: &mut Found<'_>, table: &Name, column: &str, span: &Span) {
    found
        .add(span, format!("this fails if a row of `{table}` has no `{column}`"))
        .about(table)
        .unknown("whether there are NULLs")
        .instead(format!(
            "count first: SELECT count(*) FROM {table} WHERE {} IS NULL;",
            Name::bare(column)
        ));
}

/// Whether an earlier statement of the file gives every row without a value one.
fn filled(at: &At<'_>, table: &Name, column: &str) -> bool {
    at.earlier().any(|(_, s)| match &s.parsed.statement {
        Statement::Update(u) => {
            full(&u.table) == full(table)
                && u.assigned.iter().any(|c| c == column)
                && match &u.condition {
                    Condition::Where(e) => e.mentions.columns.iter().all(|c| c == column),
                    _ => true,
                }
        }
        _ => false,
    })
}
