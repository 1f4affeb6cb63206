//! `LOCK-POLICY-OR-RULE`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "LOCK-POLICY-OR-RULE",
    title: "a policy or a rule changes",
    severity: Severity::Warning,
    grades: Grades::new(Loss::None, Downtime::Brief, Back::R0, OldApp::MayBreak),
    fact: "ACCESS EXCLUSIVE on the table",
    instead: "a short migration of its own; make the policies before row level security is enabled",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    let table = match at.statement() {
        Statement::Policy(s) => Some(&s.table),
        Statement::CreateRule { table, .. } => Some(table),
        Statement::Drop(Drop { kind: ObjectKind::Policy | ObjectKind::Rule, on, .. }) => {
            on.as_ref()
        }
        Statement::AlterTable(s) => {
            let about = |a: &AlterAction| {
                matches!(
                    a.action,
                    TableAction::RowSecurity { .. }
                        | TableAction::ForceRowSecurity { .. }
                        | TableAction::Rule { .. }
                )
            };
            s.actions.iter().any(about).then_some(&s.relation)
        }
        _ => None,
    };
    if let Some(table) = table.filter(|t| at.existed(t)) {
        found
            .add(at.span(), format!("nobody can use `{table}` until the transaction ends"))
            .about(table);
    }
}
