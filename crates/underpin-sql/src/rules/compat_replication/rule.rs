//! `COMPAT-REPLICATION`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "COMPAT-REPLICATION",
    title: "what is replicated changes",
    severity: Severity::Warning,
    grades: Grades::new(Loss::None, Downtime::Brief, Back::R0, OldApp::MayBreak),
    fact: "subscribers and change streams do not follow schema changes by themselves; without a replica identity UPDATE and DELETE on a published table fail with 55000",
    instead: "",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    for (table, action) in at.actions() {
        match &action.action {
            TableAction::ReplicaIdentity { .. } => {
                found
                    .add(
                        &action.span,
                        format!("changes of `{table}` are told to subscribers in another way"),
                    )
                    .about(table);
            }
            TableAction::DropConstraint { name, .. } => {
                let again = at.actions_of_file(table).into_iter().any(|(_, a)| {
                    matches!(&a.action, TableAction::AddConstraint(c) if matches!(c.kind, ConstraintKind::PrimaryKey { .. }))
                });
                let known = at.record.table(table).and_then(|t| t.constraint(name));
                if known.is_some_and(|c| {
                    matches!(c.kind, ConstraintKind::PrimaryKey { .. })
                        && at.is_old(c.born)
                        && !again
                }) {
                    found
                        .add(&action.span, format!("without its primary key `{table}` cannot be updated while it is published"))
                        .about(table)
                        .unknown("whether it is published");
                }
            }
            _ => {}
        }
    }
    match at.statement() {
        Statement::Publication { name, .. } | Statement::Subscription { name, create: false } => {
            found.add(at.span(), format!("`{name}` changes what is replicated"));
        }
        Statement::Drop(s)
            if matches!(s.kind, ObjectKind::Publication | ObjectKind::Subscription) =>
        {
            found.add(at.span(), format!("{} is gone, and with it the stream", words(&s.names)));
        }
        _ => {}
    }
}
