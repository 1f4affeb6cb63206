//! `LOSS-RENAME-AS-DROP-ADD`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "LOSS-RENAME-AS-DROP-ADD",
    title: "a column seems to be renamed by dropping it and adding another",
    severity: Severity::Error,
    grades: Grades::new(Loss::Certain, Downtime::Brief, Back::R3, OldApp::Breaks),
    fact: "a dropped column and an added one of the same type, nullability and default in one migration are what a schema diff makes of a rename; the values do not move",
    instead: "",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    for (table, action) in at.actions() {
        let TableAction::DropColumn { column, .. } = &action.action else { continue };
        if !at.column_existed(table, column) {
            continue;
        }
        let Some(added) = twin(at, table, column) else { continue };
        // The file moves the values by itself.
        let moved = at.file.steps.iter().any(|s| match &s.parsed.statement {
            Statement::Update(u) => {
                full(&u.table) == full(table) && u.assigned.contains(&added.name)
            }
            _ => false,
        });
        if moved {
            continue;
        }
        let mut draft = found
            .add(&action.span, format!("`{table}.{column}` is dropped and `{}` is added with the same shape: a rename would keep the values", added.name))
            .about(table)
            .phased(phased::rename_column(at, table, column, &added.name))
            .instead(format!("if it is a rename: ALTER TABLE {table} RENAME COLUMN {} TO {};", Name::bare(column), Name::bare(&added.name)));
        let old = at.record.column(table, column);
        let default = added.default.as_ref().map(|d| &d.text);
        if old.is_some_and(|c| c.type_name.is_some() && c.default.as_ref() != default) {
            draft = draft.unknown("whether it is a rename").severity(Severity::Warning);
        }
        if old.is_none_or(|c| c.type_name.is_none()) {
            draft =
                draft.unknown("the type that the dropped column has").severity(Severity::Warning);
        }
    }
}

/// The added column that stands at the same place among the added ones of this shape as `column`
/// among the dropped ones.
fn twin<'a>(at: &At<'a>, table: &Name, column: &str) -> Option<&'a ColumnDefinition> {
    let (mut added, mut dropped) = (Vec::new(), Vec::new());
    for (_, action) in at.actions_of_file(table) {
        match &action.action {
            TableAction::AddColumn { column, .. } => added.push(column),
            TableAction::DropColumn { column, .. } => dropped.push(column.as_str()),
            _ => {}
        }
    }
    if added.iter().any(|a| a.name == column) {
        return None;
    }
    added.retain(|a| {
        !dropped.contains(&a.name.as_str())
            && at.record.column(table, &a.name).is_none_or(|c| !at.is_old(c.born))
    });
    let Some(old) = at.record.column(table, column).filter(|c| c.type_name.is_some()) else {
        return match (added.as_slice(), dropped.as_slice()) {
            ([one], [_]) => Some(one),
            _ => None,
        };
    };
    let alike = |c: &ColumnDefinition| {
        c.type_name == old.type_name
            && old.not_null.is_none_or(|n| n == c.not_null)
            && old.default == c.default.as_ref().map(|d| d.text.clone())
            && c.generated.is_none()
    };
    let of_shape = |name: &str| {
        at.record.column(table, name).is_none_or(|c| {
            c.type_name == old.type_name && c.not_null == old.not_null && c.default == old.default
        })
    };
    // Rows that are there need a value, so that an only pair may differ in its default.
    if let ([one], [_]) = (added.as_slice(), dropped.as_slice())
        && one.type_name == old.type_name
        && old.not_null.is_none_or(|n| n == one.not_null)
        && one.default.as_ref().is_some_and(|d| d.volatility == Volatility::Immutable)
        && one.generated.is_none()
    {
        return Some(one);
    }
    let place = dropped.iter().filter(|d| of_shape(d)).position(|d| *d == column)?;
    added.into_iter().filter(|c| alike(c)).nth(place)
}
