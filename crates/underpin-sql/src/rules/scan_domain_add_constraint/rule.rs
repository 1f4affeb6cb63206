//! `SCAN-DOMAIN-ADD-CONSTRAINT`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "SCAN-DOMAIN-ADD-CONSTRAINT",
    title: "a domain gets a condition",
    severity: Severity::Error,
    grades: Grades::new(Loss::None, Downtime::Writes, Back::R0, OldApp::MayBreak),
    fact: "SHARE on every table with a column of the domain while all of them are read",
    instead: "ADD CONSTRAINT … NOT VALID, which touches no table, then VALIDATE CONSTRAINT in a quiet time",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    let Statement::AlterDomain(s) = at.statement() else { return };
    let scans = match &s.change {
        DomainChange::AddConstraint(constraint) => !constraint.not_valid,
        DomainChange::SetNotNull | DomainChange::Validate { .. } => true,
        _ => false,
    };
    if !scans || !at.existed(&s.name) {
        return;
    }
    let mut tables: Vec<Name> =
        at.record.columns_of_type(&s.name).into_iter().map(|(t, _)| short(&t.name)).collect();
    tables.dedup();
    let message = if tables.is_empty() {
        format!("writes to every table with a column of `{}` wait while they are read", s.name)
    } else {
        format!("writes to {} wait while every row is read", words(&tables))
    };
    found.add(at.span(), message).about(&s.name);
}
