//! `LOSS-FK-ACTION-CASCADE`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "LOSS-FK-ACTION-CASCADE",
    title: "a foreign key starts to delete or clear rows",
    severity: Severity::Error,
    grades: Grades::new(Loss::Possible, Downtime::Writes, Back::R0, OldApp::MayBreak),
    fact: "deleting a parent row used to fail while children were there; now it deletes them or clears their reference, at whatever time somebody deletes",
    instead: "show the fan-out first: how many children one parent has; keep RESTRICT and delete in the application",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    use ForeignKeyAction as F;
    for (table, action) in at.actions() {
        let TableAction::DropConstraint { name, .. } = &action.action else { continue };
        let old = at.record.table(table).and_then(|t| t.constraint(name));
        let old = old.map(|c| match &c.kind {
            ConstraintKind::ForeignKey(key) => Some(key),
            _ => None,
        });
        if old.is_some_and(|key| {
            key.is_none_or(|k| !matches!(k.on_delete, F::NoAction | F::Restrict))
        }) {
            continue;
        }
        let new = at.actions_of_file(table).into_iter().find_map(|(step, a)| match &a.action {
            TableAction::AddConstraint(Constraint {
                name: new,
                kind: ConstraintKind::ForeignKey(key),
                ..
            }) if match old {
                Some(old) => old.is_some_and(|o| o.columns == key.columns),
                None => new.as_ref() == Some(name),
            } =>
            {
                Some((step, &a.span, key))
            }
            _ => None,
        });
        if let Some((step, span, key)) = new
            && matches!(key.on_delete, F::Cascade | F::SetNull | F::SetDefault)
        {
            let what =
                if key.on_delete == F::Cascade { "deletes" } else { "clears the reference in" };
            let draft = found
                .add(
                    span,
                    format!(
                        "deleting a row of `{}` now {what} its rows of `{table}`",
                        key.references
                    ),
                )
                .about(table)
                .of_step(at.file, step);
            if old.is_none() {
                draft.unknown("what the foreign key did before").severity(Severity::Warning);
            }
        }
    }
}
