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
    let before = found.list.len();
    named(at, found);
    let refused = at.does.refused.as_deref().and_then(|code| Some((code, words_of(code)?)));
    if let Some((code, words)) = refused.filter(|_| found.list.len() == before) {
        found.add(at.span(), format!("{words}: {code}"));
    }
}

/// What the table of effects knows to be refused, when nothing could be named.
fn words_of(sqlstate: &str) -> Option<&'static str> {
    Some(match sqlstate {
        "42P07" | "42701" | "42710" => "the object is there already",
        "42P01" | "42703" | "42704" => "the object is not there",
        "42P16" => "the table does not take this definition",
        "55000" => "the object is not in the state for this",
        "42830" | "42804" => "the referenced columns do not fit",
        _ => return None,
    })
}

fn named(at: &At<'_>, found: &mut Found<'_>) {
    match at.statement() {
        Statement::CreateTable(s) if !s.if_not_exists => {
            for constraint in s.all_constraints() {
                if let ConstraintKind::ForeignKey(key) = &constraint.kind {
                    reference(at, found, &s.name, &constraint.span, key);
                }
            }
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
            for (table, span, constraint) in at.added_constraints() {
                if let ConstraintKind::ForeignKey(key) = &constraint.kind {
                    reference(at, found, table, span, key);
                }
            }
        }
        Statement::AlterEnum(s) => {
            let labels = at.record.enum_type(&s.name).map(|e| e.labels.as_slice());
            if let EnumChange::Add { label, if_not_exists: false, .. } = &s.change
                && labels.is_some_and(|l| l.contains(label))
            {
                found.add(at.span(), format!("`{}` has that label already", s.name)).about(&s.name);
            }
        }
        Statement::CreateType(s) if at.record.enum_type(&s.name).is_some() => {
            found.add(at.span(), format!("`{}` is there already", s.name)).about(&s.name);
        }
        Statement::RefreshMaterializedView { view, concurrently: true, .. } => {
            let keyed = at.record.indexes_of(view).iter().any(|(_, i)| i.unique);
            if at.record.view(view).is_some() && !keyed {
                found
                    .add(at.span(), format!("`{view}` has no unique index, which CONCURRENTLY needs"))
                    .about(view);
            }
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

/// A foreign key whose referenced columns are no key, or are of a type that has no `=` with its own.
fn reference(at: &At<'_>, found: &mut Found<'_>, table: &Name, span: &Span, key: &ForeignKey) {
    let Some(referenced) = at.record.table(&key.references).filter(|t| t.complete) else { return };
    let wanted = &key.referenced_columns;
    let holds = |columns: &[String]| {
        columns.is_empty()
            || columns.len() == wanted.len() && wanted.iter().all(|c| columns.contains(c))
    };
    let keyed = referenced.constraints.iter().any(|c| match &c.kind {
        ConstraintKind::PrimaryKey { columns, .. } | ConstraintKind::Unique { columns, .. } => {
            holds(columns)
        }
        _ => false,
    }) || at.record.indexes_of(&key.references).iter().any(|(_, i)| {
        let columns: Vec<String> = i.columns.iter().flatten().cloned().collect();
        i.unique && holds(&columns)
    });
    if !wanted.is_empty() && !keyed {
        found
            .add(span, format!("{} of `{}` is no primary or unique key", words(wanted), key.references))
            .about(table)
            .fact("a foreign key refers to the columns of a primary or unique key: 42830");
    }
    let own = |name: &String| match at.statement() {
        Statement::CreateTable(s) => {
            s.columns.iter().find(|c| c.name == *name).and_then(|c| c.type_name.clone())
        }
        _ => at.record.column(table, name).and_then(|c| c.type_name.clone()),
    };
    for (column, other) in key.columns.iter().zip(wanted) {
        let types = own(column).zip(referenced.column(other).and_then(|c| c.type_name.clone()));
        if let Some((a, b)) = types.filter(|(a, b)| are_apart(a, b)) {
            found
                .add(span, format!("{} and {} cannot be compared", shown(&a), shown(&b)))
                .about(table)
                .fact("a foreign key needs an operator = of both types: 42804");
        }
    }
}

/// One of the two is a text or a UUID, and the other is neither of the same.
fn are_apart(a: &TypeName, b: &TypeName) -> bool {
    let known = |t: &TypeName| family(&t.name.name).filter(|_| t.name.schema.is_none());
    let (Some(x), Some(y)) = (known(a), known(b)) else { return false };
    a.array != b.array || x != y && [x, y].iter().any(|f| matches!(f, Family::Text | Family::Uuid))
}
