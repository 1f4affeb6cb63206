//! `LOCK-DROP-FK-LOCKS-OTHER-TABLE`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "LOCK-DROP-FK-LOCKS-OTHER-TABLE",
    title: "a drop locks the table at the other end of a foreign key",
    severity: Severity::Warning,
    grades: Grades::new(Loss::None, Downtime::Brief, Back::R1, OldApp::Works),
    fact: "ACCESS EXCLUSIVE on the referenced table too: reads and writes of it wait (measured on 11 to 18)",
    instead: "drop the foreign key alone, in a short migration, before the rest",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    for (table, action) in at.actions() {
        let known = at.record.table(table);
        let keys = known.into_iter().flat_map(Table::foreign_keys);
        let keys: Vec<&ForeignKey> = match &action.action {
            TableAction::DropConstraint { name, .. } => {
                keys.filter(|(c, _)| c.name == *name).map(|(_, key)| key).collect()
            }
            TableAction::DropColumn { column, .. } => {
                keys.filter(|(_, key)| key.columns.contains(column)).map(|(_, key)| key).collect()
            }
            _ => continue,
        };
        for key in keys {
            tell(at, found, &action.span, table, &key.references);
        }
        if let TableAction::DropConstraint { name, .. } = &action.action
            && known.is_none_or(|t| !t.complete && t.constraint(name).is_none())
            && name.ends_with("_fkey")
        {
            found
                .add(
                    &action.span,
                    format!("if `{name}` is a foreign key, the table it refers to is locked too"),
                )
                .about(table)
                .unknown("what the constraint is");
        }
    }
    for table in at.dropped(&[ObjectKind::Table]) {
        let mut others: Vec<Name> = Vec::new();
        if let Some(known) = at.record.table(table) {
            others.extend(known.foreign_keys().map(|(_, key)| key.references.clone()));
        }
        others.extend(at.record.referencing(table).into_iter().map(|(t, _, _)| t.name.clone()));
        others.sort();
        others.dedup();
        for other in others {
            tell(at, found, &at.span(), table, &other);
        }
    }
}

fn tell(at: &At<'_>, found: &mut Found<'_>, span: &Span, table: &Name, other: &Name) {
    if full(other) != full(table) && at.existed(other) {
        found
            .add(span, format!("nobody can use `{}` until the transaction ends", short(other)))
            .about(other);
    }
}
