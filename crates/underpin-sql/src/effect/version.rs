//! The first server version that knows a statement.

use crate::model::{
    Constraint, ConstraintKind, CreateRoutine, ReindexTarget, Statement, TableAction,
};

/// Since when a feature exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Since {
    /// The major version.
    pub major: u32,
    /// The feature, in PostgreSQL's words.
    pub what: &'static str,
    /// What older servers say.
    pub sqlstate: &'static str,
}

/// Syntax error: how most servers answer what they do not know.
const SYNTAX: &str = "42601";

fn at(major: u32, what: &'static str) -> Option<Since> {
    Some(Since { major, what, sqlstate: SYNTAX })
}

fn newest(found: impl IntoIterator<Item = Option<Since>>) -> Option<Since> {
    found.into_iter().flatten().max()
}

/// The newest feature in a statement; `None` where every version of [`super::MAJORS`] knows it.
/// From the release notes, appendix E of the manual of each version.
pub(super) fn since(statement: &Statement) -> Option<Since> {
    match statement {
        Statement::CreateTable(t) => newest(
            t.all_constraints()
                .map(constraint)
                .chain(t.columns.iter().map(|c| column(c.generated.as_ref().map(|g| g.stored))))
                .chain(t.constraints.iter().map(table_constraint)),
        ),
        Statement::AlterTable(alter) => newest(alter.actions.iter().map(|a| action(&a.action))),
        Statement::CreateIndex(i) if i.nulls_not_distinct => at(15, "NULLS NOT DISTINCT"),
        Statement::Reindex(r) if r.tablespace => at(14, "REINDEX (TABLESPACE …)"),
        Statement::Reindex(r) if r.concurrently => at(12, "REINDEX CONCURRENTLY"),
        Statement::Reindex(r) if r.target == ReindexTarget::Database => None,
        Statement::CreateTrigger(t) if t.replace => at(14, "CREATE OR REPLACE TRIGGER"),
        Statement::CreateRoutine(CreateRoutine { atomic: Some(_), .. }) => at(14, "a body in SQL"),
        Statement::Merge { returning: true, .. } => at(17, "MERGE … RETURNING"),
        Statement::Merge { .. } => at(15, "MERGE"),
        _ => None,
    }
}

fn column(generated_stored: Option<bool>) -> Option<Since> {
    match generated_stored? {
        true => at(12, "a stored generated column"),
        false => at(18, "a virtual generated column"),
    }
}

fn constraint(c: &Constraint) -> Option<Since> {
    if c.not_enforced {
        return at(18, "NOT ENFORCED");
    }
    match &c.kind {
        ConstraintKind::Unique { nulls_not_distinct: true, .. } => at(15, "NULLS NOT DISTINCT"),
        _ => None,
    }
}

fn table_constraint(c: &Constraint) -> Option<Since> {
    match &c.kind {
        ConstraintKind::NotNull { .. } => at(18, "NOT NULL as a table constraint"),
        _ => constraint(c),
    }
}

fn action(action: &TableAction) -> Option<Since> {
    match action {
        TableAction::AddColumn { column: c, .. } => newest(
            c.constraints
                .iter()
                .map(constraint)
                .chain(std::iter::once(column(c.generated.as_ref().map(|g| g.stored)))),
        ),
        TableAction::AddConstraint(c) => table_constraint(c),
        TableAction::DropExpression { .. } => at(13, "DROP EXPRESSION"),
        TableAction::SetCompression { .. } => at(14, "SET COMPRESSION"),
        TableAction::DetachPartition { concurrently: true, .. } => {
            at(14, "DETACH PARTITION CONCURRENTLY")
        }
        TableAction::DetachFinalize { .. } => at(14, "DETACH PARTITION FINALIZE"),
        TableAction::SetAccessMethod { method: None } => at(17, "SET ACCESS METHOD DEFAULT"),
        TableAction::SetAccessMethod { .. } => at(15, "SET ACCESS METHOD"),
        TableAction::SetExpression { .. } => at(17, "SET EXPRESSION"),
        TableAction::AlterConstraint { enforced: Some(_), .. } => {
            at(18, "ALTER CONSTRAINT … ENFORCED")
        }
        _ => None,
    }
}
