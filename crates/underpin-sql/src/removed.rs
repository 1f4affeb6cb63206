//! Names that a statement takes away from the application: what is dropped or renamed.

use crate::model::{Name, ObjectKind, Span, Statement, TableAction};

/// A name that is gone afterwards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removed {
    /// The table, or the object itself.
    pub object: Name,
    /// The column, where it is one.
    pub column: Option<String>,
    /// The bytes that say so; `None`: the whole statement.
    pub span: Option<Span>,
}

impl Removed {
    /// How [`crate::context::Facts::code`] calls it: `table.column` or `table`.
    #[must_use]
    pub fn key(&self) -> String {
        match &self.column {
            Some(column) => format!("{}.{column}", self.object.name),
            None => self.object.name.clone(),
        }
    }
}

/// The names that a statement takes away.
#[must_use]
pub fn removed(statement: &Statement) -> Vec<Removed> {
    let whole = |object: &Name, column: Option<&str>| Removed {
        object: object.clone(),
        column: column.map(str::to_owned),
        span: None,
    };
    match statement {
        Statement::AlterTable(s) => {
            let dropped = s.actions.iter().filter_map(|a| match &a.action {
                TableAction::DropColumn { column, .. } => {
                    Some(Removed { span: Some(a.span.clone()), ..whole(&s.relation, Some(column)) })
                }
                _ => None,
            });
            dropped.collect()
        }
        Statement::Drop(s) => s.names.iter().map(|n| whole(n, None)).collect(),
        Statement::Rename(s) if s.kind == ObjectKind::Column => {
            vec![whole(&s.object, Some(&s.from))]
        }
        Statement::Rename(s) => vec![whole(&s.object, None)],
        _ => Vec::new(),
    }
}
