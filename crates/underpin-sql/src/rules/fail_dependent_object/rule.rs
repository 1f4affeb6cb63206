//! `FAIL-DEPENDENT-OBJECT`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "FAIL-DEPENDENT-OBJECT",
    title: "another object depends on what is changed or dropped",
    severity: Severity::Error,
    grades: Grades::new(Loss::None, Downtime::Brief, Back::R0, OldApp::Works),
    fact: "PostgreSQL refuses to change or drop what a view, a generated column, a policy or a constraint uses: 2BP01 or 0A000, after the lock has been taken",
    instead: "drop the dependant and make it again, in the same transaction",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    let before = found.list.len();
    named(at, found);
    // What the table of effects knows to be refused, when nothing could be named.
    let refused = at.does.refused.as_deref().filter(|code| matches!(*code, "2BP01" | "0A000"));
    let else_told = matches!(at.statement(), Statement::CreateIndex(_) | Statement::CreateTable(_));
    if let Some(code) = refused.filter(|_| found.list.len() == before && !else_told) {
        found.add(at.span(), format!("another object depends on this: {code}"));
    }
}

fn named(at: &At<'_>, found: &mut Found<'_>) {
    for (table, action) in at.actions() {
        let (column, dropped) = match &action.action {
            TableAction::AlterType { column, .. } => (column, false),
            TableAction::DropColumn { column, cascade: false, .. } => (column, true),
            TableAction::DropConstraint { name, cascade: false, .. } => {
                key_in_use(at, found, table, name, &action.span);
                continue;
            }
            _ => continue,
        };
        let views = at.record.views_of(table).into_iter();
        let views = views.filter(|(_, v)| v.columns.iter().any(|c| c == column || c == "*"));
        let mut using: Vec<String> =
            views.map(|(name, _)| format!("view {}", short(name))).collect();
        using.extend(at.record.naming(table, column));
        let known = at.record.table(table);
        using.extend(
            known
                .into_iter()
                .flat_map(|t| &t.columns)
                .filter(|c| {
                    c.generated_from.as_ref().is_some_and(|from| from.contains(column))
                        && (!dropped || c.name != *column)
                })
                .map(|c| format!("generated column {}", c.name)),
        );
        if !using.is_empty() {
            found
                .add(&action.span, format!("{} uses `{table}.{column}`", words(&using)))
                .about(table);
        }
    }
    let Statement::Drop(s) = at.statement() else { return };
    if s.cascade {
        return;
    }
    for name in &s.names {
        let using: Vec<String> = match s.kind {
            ObjectKind::Table => {
                let keys = at
                    .record
                    .referencing(name)
                    .into_iter()
                    .filter(|(t, _, _)| !s.names.iter().any(|n| full(n) == t.name));
                let keys =
                    keys.map(|(t, c, _)| format!("foreign key {} of {}", c.name, short(&t.name)));
                keys.chain(
                    at.record.views_of(name).into_iter().map(|(v, _)| format!("view {}", short(v))),
                )
                .collect()
            }
            ObjectKind::Type | ObjectKind::Domain => {
                let columns = at.record.columns_of_type(name).into_iter();
                columns.map(|(t, c)| format!("column {}.{}", short(&t.name), c.name)).collect()
            }
            ObjectKind::Schema => {
                at.record.in_schema(&name.name).into_iter().map(ToString::to_string).collect()
            }
            ObjectKind::Sequence => numbered(at, name),
            ObjectKind::Index => at
                .record
                .index(name)
                .and_then(|i| i.constraint.clone())
                .map(|c| format!("constraint {c}"))
                .into_iter()
                .collect(),
            ObjectKind::View | ObjectKind::MaterializedView => at
                .record
                .views_of(name)
                .into_iter()
                .map(|(v, _)| format!("view {}", short(v)))
                .collect(),
            _ => Vec::new(),
        };
        if !using.is_empty() {
            found.add(at.span(), format!("{} depends on `{name}`", words(&using))).about(name);
        }
    }
}

/// A primary or unique key cannot go while a foreign key refers to it.
fn key_in_use(at: &At<'_>, found: &mut Found<'_>, table: &Name, name: &str, span: &Span) {
    let Some(known) = at.record.table(table) else { return };
    let Some(ConstraintKind::PrimaryKey { columns, .. } | ConstraintKind::Unique { columns, .. }) =
        known.constraint(name).map(|c| &c.kind)
    else {
        return;
    };
    let primary =
        matches!(known.constraint(name).map(|c| &c.kind), Some(ConstraintKind::PrimaryKey { .. }));
    let keys = at.record.referencing(table).into_iter();
    let using: Vec<String> = keys
        .filter(|(_, _, key)| {
            key.referenced_columns == *columns || key.referenced_columns.is_empty() && primary
        })
        .map(|(t, c, _)| format!("foreign key {} of {}", c.name, short(&t.name)))
        .collect();
    if !using.is_empty() {
        found.add(span, format!("{} depends on `{name}`", words(&using))).about(table);
    }
}

/// Columns whose default takes its numbers from the sequence.
fn numbered(at: &At<'_>, sequence: &Name) -> Vec<String> {
    let of = |table: &Table, column: &crate::context::record::Column| {
        let own = format!("{}_{}_seq", table.name.name, column.name) == sequence.name
            && table.name.schema == full(sequence).schema;
        let serial = own && column.type_name.as_ref().is_some_and(TypeName::is_serial);
        let called = column.default.as_ref().is_some_and(|d| {
            d.starts_with("nextval") && d.contains(&format!("'{}'", short(sequence)))
        });
        serial || called
    };
    let mut found: Vec<String> = at
        .record
        .tables()
        .flat_map(|t| t.columns.iter().filter(|c| of(t, c)).map(|c| format!("column {}.{}", short(&t.name), c.name)))
        .collect();
    found.sort();
    found
}
