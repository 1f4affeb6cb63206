//! `LOSS-ENUM-VALUE-REMOVED`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "LOSS-ENUM-VALUE-REMOVED",
    title: "a label disappears from an enum",
    severity: Severity::Error,
    grades: Grades::new(Loss::Possible, Downtime::All, Back::R2, OldApp::Breaks),
    fact: "the column is rewritten to a type without the label; rows that hold it make the migration fail, and an application that writes it fails afterwards",
    instead: "in an earlier migration: add a CHECK (…) NOT VALID against the label, move the rows away from it in batches, then swap the type",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    recreated(at, found);
    for swap in enum_swaps(at) {
        let (table, column) = (swap.table, swap.column);
        match &swap.removed {
            Some(labels) if !labels.is_empty() => {
                found
                    .add(
                        &swap.span,
                        format!("`{table}.{column}` changes to an enum without {}", words(labels)),
                    )
                    .about(table)
                    .phased(phased::swap_enum(at, table, column, labels));
            }
            Some(_) => {}
            None => {
                found
                    .add(&swap.span, format!("`{table}.{column}` changes to a new enum, which is how labels are removed"))
                    .about(table)
                    .unknown("the labels of the old type")
                    .severity(Severity::Warning);
            }
        }
    }
}

/// `DROP TYPE` and `CREATE TYPE` under the same name with fewer labels.
fn recreated(at: &At<'_>, found: &mut Found<'_>) {
    for name in at.dropped(&[ObjectKind::Type]) {
        let Some(old) = at.record.enum_type(name) else { continue };
        let labels = at.later().find_map(|(_, s)| match &s.parsed.statement {
            Statement::CreateType(new) if full(&new.name) == full(name) => new.labels.as_ref(),
            _ => None,
        });
        let Some(labels) = labels else { continue };
        let gone: Vec<&String> = old.labels.iter().filter(|l| !labels.contains(l)).collect();
        if !gone.is_empty() {
            found
                .add(at.span(), format!("`{name}` is made again without {}", words(&gone)))
                .about(name)
                .instead("in an earlier migration, move the rows away from the label in batches");
        }
    }
}
