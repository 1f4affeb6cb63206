//! `COMPAT-NEW-CONSTRAINT`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "COMPAT-NEW-CONSTRAINT",
    title: "a new constraint on columns that are in use",
    severity: Severity::Note,
    grades: Grades::new(Loss::None, Downtime::None, Back::R0, OldApp::MayBreak),
    fact: "writes of the running application that violate it fail from now on: 23505, 23514, 23503",
    instead: "deploy a version that keeps to it first",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    let old =
        |table: &Name, columns: &[String]| columns.iter().all(|c| at.column_existed(table, c));
    for (table, span, constraint) in at.added_constraints() {
        let columns: &[String] = match &constraint.kind {
            ConstraintKind::Unique { columns, using_index: None, .. } => columns,
            ConstraintKind::ForeignKey(key) => &key.columns,
            ConstraintKind::Check { expression, .. } => &expression.mentions.columns,
            _ => continue,
        };
        if old(table, columns) && !constraint.not_enforced {
            found
                .add(span, format!("writes to `{table}` that violate it fail from now on"))
                .about(table);
        }
    }
    if let Statement::CreateIndex(s) = at.statement()
        && s.unique
        && at.existed(&s.table)
    {
        let columns: Vec<String> = s.columns.iter().flatten().cloned().collect();
        if old(&s.table, &columns) {
            found
                .add(
                    at.span(),
                    format!("writes to `{}` that repeat a key fail from now on", s.table),
                )
                .about(&s.table);
        }
    }
}
