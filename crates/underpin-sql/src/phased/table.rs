//! Tables, partitions and enums.

use super::{Phase, Stage, Steps, When, batch, beside, literal, made, quoted};
use crate::context::At;
use crate::context::record::{Table, full};
use crate::model::{Name, Statement, TableAction};

/// `DROP TABLE`: out of sight first, its foreign keys one by one, so that the tables they refer to
/// are held for moments, and gone when nobody has missed it.
pub(crate) fn drop_table(at: &At<'_>, table: &Name, cascade: bool) -> Vec<Phase> {
    if !cascade && !at.record.referencing(table).is_empty() {
        return Vec::new();
    }
    let away = made(&[&table.name], "dropped");
    let hidden = beside(table, away.clone());
    let mut steps = Steps::default().then(
        Stage::Contract,
        When::OldAppGone,
        format!("ALTER TABLE {table} RENAME TO {};", quoted(&away)),
    );
    let known = at.record.table(table);
    for (key, _) in known.into_iter().flat_map(Table::foreign_keys) {
        let sql = format!("ALTER TABLE {hidden} DROP CONSTRAINT {};", quoted(&key.name));
        steps = steps.then(Stage::Contract, When::OwnMigration, sql);
    }
    let cascade = if cascade { " CASCADE" } else { "" };
    steps.then(Stage::Contract, When::Later, format!("DROP TABLE {hidden}{cascade};")).0
}

/// `RENAME TO`: the new name is a view that can be written through (manual, `CREATE VIEW`,
/// Updatable Views) until the old application is gone.
pub(crate) fn rename_table(table: &Name, to: &str) -> Vec<Phase> {
    let new = beside(table, to.to_owned());
    Steps::default()
        .then(
            Stage::Expand,
            When::ThisMigration,
            format!("CREATE VIEW {new} AS SELECT * FROM {table};"),
        )
        .then(
            Stage::Contract,
            When::OldAppGone,
            format!("DROP VIEW {new};\nALTER TABLE {table} RENAME TO {};", quoted(to)),
        )
        .0
}

/// `DETACH PARTITION` from PostgreSQL 14 on, while the application goes on. The partition gets a
/// `CHECK` of its bounds then.
fn detach(at: &At<'_>, table: &Name, partition: &Name) -> Vec<Phase> {
    let has_default = at.record.partitions(table).iter().any(|p| p.is_default);
    if has_default || at.before(14) {
        return Vec::new();
    }
    let sql = format!("ALTER TABLE {table} DETACH PARTITION {partition} CONCURRENTLY;");
    Steps::default().then(Stage::Contract, When::OwnMigration, sql).0
}

/// `DROP TABLE` of a partition: detached first, so that its parent is not held.
pub(crate) fn drop_partition(at: &At<'_>, partition: &Name) -> Vec<Phase> {
    let Some(parent) = at.record.table(partition).and_then(|t| t.parent.clone()) else {
        return Vec::new();
    };
    let detached = detach(at, &crate::context::record::short(&parent), partition);
    if detached.is_empty() {
        return Vec::new();
    }
    let steps = Steps::default().and(detached);
    steps.then(Stage::Contract, When::Later, format!("DROP TABLE {partition};")).0
}

/// The swap of an enum for one with fewer labels: no new rows with a label that goes, the old rows
/// to the column's default, and the swap last. Not where there is no such default: only its owner
/// knows what a row should have instead.
pub(crate) fn swap_enum(at: &At<'_>, table: &Name, column: &str, removed: &[String]) -> Vec<Phase> {
    let Some(instead) = default_after(at, table, column) else { return Vec::new() };
    let gone: Vec<String> = removed.iter().map(|l| literal(l)).collect();
    if gone.contains(&instead) || at.step().inside {
        return Vec::new();
    }
    let (c, gone) = (quoted(column), gone.join(", "));
    let check = quoted(&made(&[&table.name, column], "labels"));
    let kept = format!("{c}::text NOT IN ({gone})");
    let Some(swap) = whole_swap(at) else { return Vec::new() };
    Steps::default()
        .then(
            Stage::Expand,
            When::OldAppGone,
            format!("ALTER TABLE {table} ADD CONSTRAINT {check} CHECK ({kept}) NOT VALID;"),
        )
        .then(
            Stage::Migrate,
            When::Repeated,
            batch(table, column, &instead, &format!("{c}::text IN ({gone})")),
        )
        .validate(table, &check)
        .then(
            Stage::Contract,
            When::OwnMigration,
            format!("ALTER TABLE {table} DROP CONSTRAINT {check};\n{swap}"),
        )
        .0
}

/// The label that is the column's default after the file, where it is a plain literal: a swap drops
/// the default first and sets it again at its end.
fn default_after(at: &At<'_>, table: &Name, column: &str) -> Option<String> {
    let mut set =
        at.actions_of_file(table).into_iter().rev().filter_map(|(_, a)| match &a.action {
            TableAction::SetDefault { column: c, default } if c == column => Some(&default.text),
            _ => None,
        });
    let known = at.record.column(table, column).and_then(|c| c.default.as_ref());
    let text = set.next().or(known)?;
    (text.starts_with('\'') && text.ends_with('\'')).then(|| text.clone())
}

/// The statements of the file that belong to the swap, as they stand.
fn whole_swap(at: &At<'_>) -> Option<String> {
    let Statement::AlterTable(here) = at.statement() else { return None };
    let mut lines = Vec::new();
    for step in at.file.steps.iter().filter(|s| !s.inside) {
        let belongs = match &step.parsed.statement {
            Statement::CreateType(_) | Statement::Rename(_) | Statement::Drop(_) => true,
            Statement::AlterTable(s) => full(&s.relation) == full(&here.relation),
            Statement::Transaction(_) => false,
            _ => return None,
        };
        if belongs {
            lines.push(format!("{};", at.file.text.get(step.parsed.span.clone())?.trim()));
        }
    }
    Some(lines.join("\n"))
}
