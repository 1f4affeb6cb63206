//! `STYLE-NO-PRIMARY-KEY`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "STYLE-NO-PRIMARY-KEY",
    title: "a table without a primary key",
    severity: Severity::Warning,
    grades: Grades::new(Loss::None, Downtime::None, Back::R0, OldApp::Works),
    fact: "rows cannot be named: logical replication refuses UPDATE and DELETE, and batches have no key",
    instead: "a primary key",
    default: false,
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    let Statement::CreateTable(s) = at.statement() else { return };
    let keyed = s.all_constraints().any(|c| matches!(c.kind, ConstraintKind::PrimaryKey { .. }));
    let later = at.actions_of_file(&s.name).into_iter().any(|(_, a)| {
        matches!(&a.action, TableAction::AddConstraint(c) if matches!(c.kind, ConstraintKind::PrimaryKey { .. }))
    });
    if !keyed && !later && s.partition_of.is_none() && s.persistence != Persistence::Temporary {
        found.add(at.span(), format!("`{}` has no primary key", s.name)).about(&s.name);
    }
}
