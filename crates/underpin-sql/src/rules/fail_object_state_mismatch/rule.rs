//! `FAIL-OBJECT-STATE-MISMATCH`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "FAIL-OBJECT-STATE-MISMATCH",
    title: "the object is there already, or is not there",
    severity: Severity::Error,
    grades: Grades::new(Loss::None, Downtime::None, Back::R0, OldApp::Works),
    fact: "what the earlier migrations made is not what this statement expects: 42P07, 42701, 42703 or 42P01",
    instead: "",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    if at.step().inside {
        return;
    }
    match at.statement() {
        Statement::CreateTable(s) if !s.if_not_exists => {
            let there = at.record.table(&s.name).is_some_and(|t| t.born.is_some());
            if there || is_there(at, &s.name) == Some(true) && at.record.table(&s.name).is_none() {
                found.add(at.span(), format!("`{}` is there already", s.name)).about(&s.name);
            }
        }
        Statement::AlterTable(s) if s.kind == ObjectKind::Table => {
            if !s.if_exists
                && is_there(at, &s.relation) == Some(false)
                && at.record.born(&s.relation).is_none()
            {
                found.add(at.span(), format!("`{}` is not there", s.relation)).about(&s.relation);
            }
            columns(at, found, s);
        }
        _ => {}
    }
}

/// What the target itself says.
fn is_there(at: &At<'_>, name: &Name) -> Option<bool> {
    let relations = at.options.facts.relations.as_ref()?;
    Some(relations.contains(&short(name).to_string()))
}

fn columns(at: &At<'_>, found: &mut Found<'_>, s: &AlterTable) {
    let Some(known) = at.record.table(&s.relation).filter(|t| t.complete) else { return };
    let mut names: Vec<&str> = known.columns.iter().map(|c| c.name.as_str()).collect();
    for action in &s.actions {
        let missing = match &action.action {
            TableAction::AddColumn { column, if_not_exists } => {
                if names.contains(&column.name.as_str()) && !if_not_exists {
                    found
                        .add(
                            &action.span,
                            format!("`{}` has a column `{}` already", s.relation, column.name),
                        )
                        .about(&s.relation);
                }
                names.push(&column.name);
                continue;
            }
            TableAction::DropColumn { column, if_exists, .. } => {
                let missing = !names.contains(&column.as_str()) && !if_exists;
                names.retain(|n| n != column);
                missing.then_some(column)
            }
            TableAction::AlterType { column, .. }
            | TableAction::SetNotNull { column }
            | TableAction::DropNotNull { column }
            | TableAction::SetDefault { column, .. }
            | TableAction::DropDefault { column } => {
                (!names.contains(&column.as_str())).then_some(column)
            }
            _ => None,
        };
        if let Some(column) = missing {
            found
                .add(&action.span, format!("`{}` has no column `{column}`", s.relation))
                .about(&s.relation);
        }
    }
}
