//! `LOCK-FK-LOCKS-OTHER-TABLE`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "LOCK-FK-LOCKS-OTHER-TABLE",
    title: "a foreign key blocks writes to the table it refers to",
    severity: Severity::Warning,
    grades: Grades::new(Loss::None, Downtime::Brief, Back::R0, OldApp::Works),
    fact: "SHARE ROW EXCLUSIVE on the referenced table, which was there before, until the transaction ends - also when the referring table is new and empty",
    instead: "put the foreign key last, in a short migration of its own",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    let mut keys: Vec<(&Name, Span, &ForeignKey)> = Vec::new();
    let key = |c: &'_ Constraint| -> bool { matches!(c.kind, ConstraintKind::ForeignKey(_)) };
    match at.statement() {
        Statement::CreateTable(s) => {
            for c in s.all_constraints().filter(|c| key(c)) {
                if let ConstraintKind::ForeignKey(key) = &c.kind {
                    keys.push((&s.name, c.span.clone(), key));
                }
            }
        }
        Statement::AlterTable(s) => {
            let old = at.existed(&s.relation);
            for action in &s.actions {
                match &action.action {
                    TableAction::AddConstraint(c) if !old || c.not_valid => {
                        if let ConstraintKind::ForeignKey(key) = &c.kind {
                            keys.push((&s.relation, action.span.clone(), key));
                        }
                    }
                    TableAction::AddColumn { column, .. } => {
                        for c in &column.constraints {
                            if let ConstraintKind::ForeignKey(key) = &c.kind {
                                keys.push((&s.relation, action.span.clone(), key));
                            }
                        }
                    }
                    _ => {}
                }
            }
        }
        _ => {}
    }
    for (table, span, key) in keys {
        if full(&key.references) != full(table) && at.existed(&key.references) {
            found
                .add(
                    span,
                    format!(
                        "writes to `{}` wait until the transaction ends",
                        short(&key.references)
                    ),
                )
                .about(&key.references);
        }
    }
}
