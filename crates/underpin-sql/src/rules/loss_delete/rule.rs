//! `LOSS-DELETE`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "LOSS-DELETE",
    title: "every row of a table is deleted",
    severity: Severity::Error,
    grades: Grades::new(Loss::Certain, Downtime::None, Back::R3, OldApp::MayBreak),
    fact: "a DELETE without a condition, or with one that is always true, removes all rows and holds their locks until the transaction ends",
    instead: "say which rows, and delete in batches by key outside the migration",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    if let Statement::Delete(s) = at.statement()
        && s.condition.is_all_rows()
        && at.existed(&s.table)
    {
        found.add(at.span(), format!("every row of `{}` is deleted", s.table)).about(&s.table);
    }
}
