//! Enums in migrations: labels that are used, and the swap by which tools remove one.

use super::At;
use crate::context::record::full;
use crate::model::{Condition, Expression, Name, Span, Statement, TableAction};

/// A column that changes from one enum to another that the same file makes.
pub(crate) struct EnumSwap<'a> {
    /// The table.
    pub(crate) table: &'a Name,
    /// The column.
    pub(crate) column: &'a str,
    /// The sub-command.
    pub(crate) span: Span,
    /// Labels that the new type lacks; `None` where the old type is not known.
    pub(crate) removed: Option<Vec<String>>,
}

/// The swaps in a statement: `ALTER COLUMN … TYPE new USING (column::text::new)`.
pub(crate) fn enum_swaps<'a>(at: &At<'a>) -> Vec<EnumSwap<'a>> {
    let mut swaps = Vec::new();
    for (table, action) in at.actions() {
        let TableAction::AlterType { column, to, .. } = &action.action else { continue };
        let Some(new) = at.record.enum_type(&to.name).filter(|e| !at.is_old(Some(e.born))) else {
            continue;
        };
        let from = at.record.column(table, column).and_then(|c| c.type_name.as_ref());
        let removed = match from.map(|from| (from, at.record.enum_type(&from.name))) {
            Some((_, Some(old))) => {
                Some(old.labels.iter().filter(|l| !new.labels.contains(l)).cloned().collect())
            }
            // A column of another type that becomes an enum is a cast, not a swap.
            Some((from, None)) if from.name.schema.is_none() && is_builtin(&from.name.name) => {
                continue;
            }
            _ if replaces_another(at, &to.name) => None,
            _ => continue,
        };
        swaps.push(EnumSwap { table, column, span: action.span.clone(), removed });
    }
    swaps
}

/// Whether the file renames the new type over another one, as Prisma does.
fn replaces_another(at: &At<'_>, new: &Name) -> bool {
    at.later().any(|(_, s)| {
        matches!(&s.parsed.statement, Statement::Rename(r) if full(&r.object) == full(new))
    })
}

fn is_builtin(name: &str) -> bool {
    super::changes::family(name).is_some()
}

/// The string literals of a statement, wherever they stand.
pub(crate) fn literals(statement: &Statement) -> Vec<&str> {
    let mut found = Vec::new();
    expressions(statement, &mut |e| found.extend(e.mentions.literals.iter().map(String::as_str)));
    match statement {
        Statement::Insert(s) => found.extend(s.mentions.literals.iter().map(String::as_str)),
        Statement::Update(s) => found.extend(s.mentions.literals.iter().map(String::as_str)),
        Statement::Delete(s) => found.extend(s.mentions.literals.iter().map(String::as_str)),
        Statement::Select(s) => found.extend(s.mentions.literals.iter().map(String::as_str)),
        Statement::CreateView(s) => found.extend(s.mentions.literals.iter().map(String::as_str)),
        Statement::CreateTableAs(s) => found.extend(s.mentions.literals.iter().map(String::as_str)),
        Statement::Merge { mentions, .. } => {
            found.extend(mentions.literals.iter().map(String::as_str));
        }
        _ => {}
    }
    found
}

/// Calls `each` for the expressions of a statement.
fn expressions<'a>(statement: &'a Statement, each: &mut dyn FnMut(&'a Expression)) {
    let constraint = |c: &'a crate::model::Constraint, each: &mut dyn FnMut(&'a Expression)| {
        if let crate::model::ConstraintKind::Check { expression, .. } = &c.kind {
            each(expression);
        }
    };
    match statement {
        Statement::CreateTable(s) => {
            s.columns.iter().filter_map(|c| c.default.as_ref()).for_each(&mut *each);
            s.all_constraints().for_each(|c| constraint(c, each));
        }
        Statement::CreateIndex(s) => s.predicate.iter().for_each(each),
        Statement::Update(s) => condition(&s.condition, each),
        Statement::Delete(s) => condition(&s.condition, each),
        Statement::AlterTable(s) => {
            for action in &s.actions {
                match &action.action {
                    TableAction::AddColumn { column, .. } => {
                        column.default.iter().for_each(&mut *each);
                        column.constraints.iter().for_each(|c| constraint(c, each));
                    }
                    TableAction::SetDefault { default, .. } => each(default),
                    TableAction::AlterType { using: Some(using), .. } => each(using),
                    TableAction::AddConstraint(c) => constraint(c, each),
                    _ => {}
                }
            }
        }
        _ => {}
    }
}

fn condition<'a>(condition: &'a Condition, each: &mut dyn FnMut(&'a Expression)) {
    if let Condition::Where(expression) = condition {
        each(expression);
    }
}
