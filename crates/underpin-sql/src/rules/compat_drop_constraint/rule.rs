//! `COMPAT-DROP-CONSTRAINT`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "COMPAT-DROP-CONSTRAINT",
    title: "a constraint is dropped",
    severity: Severity::Warning,
    grades: Grades::new(Loss::None, Downtime::Brief, Back::R1, OldApp::MayBreak),
    fact: "what it kept out comes in; ON CONFLICT on its columns fails with 42P10; a published table without a primary key refuses UPDATE and DELETE",
    instead: "",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    for (table, action) in at.actions() {
        let TableAction::DropConstraint { name, .. } = &action.action else { continue };
        let again = at.actions_of_file(table).into_iter().any(|(_, a)| match &a.action {
            TableAction::AddConstraint(c) => c.name.as_ref() == Some(name),
            _ => false,
        });
        let known = at.record.table(table).and_then(|t| t.constraint(name));
        let new = known.is_some_and(|c| !at.is_old(c.born));
        let spare = known.is_some_and(|c| matches!(&c.kind, ConstraintKind::Check { expression, .. } if expression.not_null_of.iter().any(|column| at.record.column(table, column).is_some_and(|c| c.not_null == Some(true)))));
        let table_goes = at.later().any(|(_, s)| matches!(&s.parsed.statement, Statement::Drop(d) if d.kind == ObjectKind::Table && d.names.iter().any(|n| full(n) == full(table))));
        if !again && !new && !spare && !table_goes {
            found.add(&action.span, format!("`{name}` no longer guards `{table}`")).about(table);
        }
    }
}
