//! What every rule needs, for one `use`.

pub(crate) use super::changes::{
    Family, TypeChange, family, is_free, narrowing, shown, type_change,
};
pub(crate) use super::enums::{enum_swaps, literals};
pub(crate) use super::names::words;
pub(crate) use super::{At, Found, Rule, Step};
pub(crate) use crate::context::Work;
pub(crate) use crate::context::record::{Table, full, short};
pub(crate) use crate::finding::{Back, Downtime, Grades, Loss, OldApp, Severity};
pub(crate) use crate::model::*;
pub(crate) use crate::phased;
pub(crate) use crate::phased::When;

/// Whether a table that is dropped is, or was at the start of the file, a partition.
pub(crate) fn is_partition(at: &At<'_>, table: &Name) -> bool {
    at.record.table(table).is_some_and(|t| t.parent.is_some())
        || at.file.steps.iter().any(|s| match &s.parsed.statement {
            Statement::AlterTable(s) => s.actions.iter().any(|a| {
                matches!(&a.action, TableAction::DetachPartition { partition, .. } if full(partition) == full(table))
            }),
            _ => false,
        })
}

/// Whether a `DROP` takes along what depends on the object.
pub(crate) fn cascades(at: &At<'_>) -> bool {
    matches!(at.statement(), Statement::Drop(s) if s.cascade)
}

/// Whether every row gets a value in a column that is added.
pub(crate) fn fills_itself(column: &ColumnDefinition) -> bool {
    column.default.as_ref().is_some_and(|d| !d.is_null)
        || column.identity
        || column.generated.is_some()
        || column.type_name.as_ref().is_some_and(TypeName::is_serial)
}

/// Whether an earlier statement of the file sets this setting.
pub(crate) fn set_before(at: &At<'_>, setting: &str) -> bool {
    at.earlier().any(|(_, s)| {
        matches!(&s.parsed.statement, Statement::Set(s) if s.name.as_deref() == Some(setting) && !s.reset)
    })
}

/// The columns that a statement defines.
pub(crate) fn defined_columns<'a>(at: &At<'a>) -> Vec<&'a ColumnDefinition> {
    match at.statement() {
        Statement::CreateTable(s) => s.columns.iter().collect(),
        Statement::AlterTable(s) => {
            let added = s.actions.iter().filter_map(|a| match &a.action {
                TableAction::AddColumn { column, .. } => Some(column),
                _ => None,
            });
            added.collect()
        }
        _ => Vec::new(),
    }
}

/// Whether a column is of one of these types, by internal name.
pub(crate) fn has_type(column: &ColumnDefinition, names: &[&str]) -> bool {
    column.type_name.as_ref().is_some_and(|t| names.contains(&t.name.name.as_str()))
}
