//! `TX-NOT-VALID-AND-VALIDATE-TOGETHER`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "TX-NOT-VALID-AND-VALIDATE-TOGETHER",
    title: "NOT VALID and VALIDATE in one transaction",
    severity: Severity::Error,
    grades: Grades::new(Loss::None, Downtime::All, Back::R0, OldApp::Works),
    fact: "the lock of ADD CONSTRAINT is kept while VALIDATE reads the table: the same as without NOT VALID",
    instead: "two migrations",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    for (table, action) in at.actions() {
        let TableAction::ValidateConstraint { name } = &action.action else { continue };
        let added = at.actions_of_file(table).into_iter().find(|(step, a)| {
            *step <= at.number
                && (at.together(&at.file.steps[*step]) || *step == at.number)
                && matches!(&a.action, TableAction::AddConstraint(c) if c.name.as_ref() == Some(name))
        });
        if let Some((step, added)) = added {
            let key = matches!(
                &added.action,
                TableAction::AddConstraint(Constraint { kind: ConstraintKind::ForeignKey(_), .. })
            );
            let downtime = if key { Downtime::Writes } else { Downtime::All };
            found
                .add(
                    &action.span,
                    format!(
                        "`{table}` is read whole under the lock that line {} took",
                        at.line_of(step)
                    ),
                )
                .about(table)
                .grades(Grades::new(Loss::None, downtime, Back::R0, OldApp::Works));
        }
    }
}
