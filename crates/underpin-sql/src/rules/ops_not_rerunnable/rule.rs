//! `OPS-NOT-RERUNNABLE`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "OPS-NOT-RERUNNABLE",
    title: "a statement outside of a transaction cannot be run again",
    severity: Severity::Note,
    grades: Grades::new(Loss::None, Downtime::None, Back::R0, OldApp::Works),
    fact: "what has run stays when a later statement fails, and running the file again fails on it",
    instead: "IF [NOT] EXISTS, or one transaction; Underpin goes on where it stopped",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    if at.step().place.block || at.file.steps.len() < 2 {
        return;
    }
    let unguarded = match at.statement() {
        Statement::CreateTable(s) => !s.if_not_exists,
        Statement::CreateIndex(s) => !s.if_not_exists,
        Statement::Drop(s) => !s.if_exists,
        Statement::AlterTable(s) => s.actions.iter().any(|a| match &a.action {
            TableAction::AddColumn { if_not_exists, .. } => !if_not_exists,
            TableAction::DropColumn { if_exists, .. }
            | TableAction::DropConstraint { if_exists, .. } => !if_exists,
            TableAction::AddConstraint(_) => true,
            _ => false,
        }),
        Statement::CreateType(_) | Statement::Rename(_) => true,
        _ => false,
    };
    if unguarded {
        found.add(at.span(), "a second attempt fails here when a later statement has failed");
    }
}
