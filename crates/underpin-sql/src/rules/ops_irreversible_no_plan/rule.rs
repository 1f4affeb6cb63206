//! `OPS-IRREVERSIBLE-NO-PLAN`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "OPS-IRREVERSIBLE-NO-PLAN",
    title: "no way back is named for what is destroyed",
    severity: Severity::Error,
    grades: Grades::new(Loss::None, Downtime::None, Back::R3, OldApp::Works),
    fact: "the step cannot be undone, and neither a backup, a down script nor kept rows are named",
    instead: "underpin backup create, or keep the rows in a table of their own",
    needs_facts: true,
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    if at.options.facts.recovery.as_deref() != Some("") {
        return;
    }
    let gone = match at.statement() {
        Statement::Drop(s) => s.kind == ObjectKind::Table && s.names.iter().any(|n| at.existed(n)),
        Statement::Truncate(s) => s.tables.iter().any(|t| at.existed(t)),
        Statement::Delete(s) => s.condition.is_all_rows() && at.existed(&s.table),
        _ => at.actions().any(|(table, a)| matches!(&a.action, TableAction::DropColumn { column, .. } if at.column_existed(table, column))),
    };
    if gone {
        found.add(at.span(), "this destroys rows or values, and no way back is named");
    }
}
