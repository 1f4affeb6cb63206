//! `FAIL-ENUM-VALUE-USED-IN-SAME-TRANSACTION`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "FAIL-ENUM-VALUE-USED-IN-SAME-TRANSACTION",
    title: "a new enum label is used in the transaction that adds it",
    severity: Severity::Error,
    grades: Grades::new(Loss::None, Downtime::None, Back::R0, OldApp::Works),
    fact: "a label cannot be used before the transaction that adds it has committed: 55P04; only from PostgreSQL 17, and for a type made in the same transaction, it can",
    instead: "two migrations: the first adds the label, the second uses it",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    let used = literals(at.statement());
    if used.is_empty() {
        return;
    }
    let added = at.earlier().filter(|(_, s)| at.together(s)).filter_map(|(_, s)| {
        let Statement::AlterEnum(e) = &s.parsed.statement else { return None };
        let EnumChange::Add { label, .. } = &e.change else { return None };
        Some((&e.name, label))
    });
    for (name, label) in added.filter(|(_, label)| used.contains(&label.as_str())) {
        let here = at.record.enum_type(name).is_some_and(|e| {
            e.born.file == at.file.index && e.born.transaction == at.step().place.transaction
        });
        if uses(at, name) && (!here || at.before(17)) {
            found
                .add(
                    at.span(),
                    format!("label '{label}' of `{name}` is used before its transaction commits"),
                )
                .about(name);
            return;
        }
    }
}

/// Whether the table that the statement is about may have a column of the enum.
fn uses(at: &At<'_>, name: &Name) -> bool {
    let table = match at.statement() {
        Statement::AlterTable(s) => &s.relation,
        Statement::Insert(s) => &s.table,
        Statement::Update(s) => &s.table,
        Statement::Delete(s) => &s.table,
        Statement::CreateIndex(s) => &s.table,
        _ => return true,
    };
    let Some(known) = at.record.table(table).filter(|t| t.complete) else { return true };
    let of = |t: &TypeName| full(&t.name) == full(name);
    known.columns.iter().any(|c| c.type_name.as_ref().is_none_or(of))
        || at.added_columns().any(|(_, _, c)| c.type_name.as_ref().is_some_and(of))
}
