//! What a statement destroys, and how it can be undone.

use crate::model::{
    AlterTable, Condition, ConstraintKind, Drop, EnumChange, Name, ObjectKind, Statement,
    TableAction,
};
use crate::schema::Schema;

/// What is lost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Loss {
    /// Nothing.
    #[default]
    No,
    /// It depends on the rows, or on what is not known.
    Maybe,
    /// Rows, values or a table.
    Certain,
}

/// The way back, easiest first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum WayBack {
    /// R0: an exact inverse, which costs little.
    #[default]
    Exact,
    /// R1: an inverse that takes time, or loses what was written since.
    Costly,
    /// R2: only with a copy that was kept.
    Copy,
    /// R3: gone without a backup.
    Gone,
}

impl WayBack {
    /// `R0` to `R3`.
    #[must_use]
    pub fn grade(self) -> &'static str {
        ["R0", "R1", "R2", "R3"][self as usize]
    }
}

const GONE: (Loss, WayBack) = (Loss::Certain, WayBack::Gone);
const COSTLY: (Loss, WayBack) = (Loss::No, WayBack::Costly);
const EXACT: (Loss, WayBack) = (Loss::No, WayBack::Exact);

pub(super) fn of(statement: &Statement, schema: &Schema) -> (Loss, WayBack) {
    let fresh = |name: &Name| schema.is_fresh(name);
    match statement {
        Statement::Drop(drop) => dropped(drop, schema),
        Statement::AlterTable(alter) if fresh(&alter.relation) => EXACT,
        Statement::AlterTable(alter) => {
            let grades = alter.actions.iter().map(|a| action(alter, &a.action, schema));
            grades.fold(EXACT, |(loss, back), (l, b)| (loss.max(l), back.max(b)))
        }
        Statement::Truncate(t) if t.tables.iter().all(fresh) && !t.cascade => EXACT,
        Statement::Truncate(_) => GONE,
        Statement::Delete(d) if fresh(&d.table) => EXACT,
        Statement::Delete(d) => rows(&d.condition),
        Statement::Update(u) if fresh(&u.table) => EXACT,
        Statement::Update(u) => rows(&u.condition),
        Statement::Merge { table, .. } if !fresh(table) => (Loss::Maybe, WayBack::Gone),
        // Added rows can be told from others only while nobody else adds any.
        Statement::Insert(i) if i.on_conflict && !fresh(&i.table) => (Loss::Maybe, WayBack::Gone),
        Statement::Insert(i) if !fresh(&i.table) => COSTLY,
        Statement::Copy(c) if c.from => COSTLY,
        Statement::AlterSequence(s) if s.options.iter().any(|o| o == "restart" || o == "as") => {
            (Loss::Maybe, WayBack::Costly)
        }
        Statement::Select(s) if s.mentions.functions.iter().any(|f| f.name == "setval") => {
            (Loss::Maybe, WayBack::Costly)
        }
        Statement::Select(s) if !s.mentions.changes.is_empty() => (Loss::Maybe, WayBack::Gone),
        // A label cannot be dropped (manual, ALTER TYPE).
        Statement::AlterEnum(e) if matches!(e.change, EnumChange::Add { .. }) => {
            (Loss::No, WayBack::Copy)
        }
        Statement::RefreshMaterializedView { no_data: true, .. } => COSTLY,
        Statement::UpdateExtension { .. } => (Loss::Maybe, WayBack::Copy),
        Statement::Role(r) if r.change == crate::model::RoleChange::DropOwned => {
            (Loss::Maybe, WayBack::Gone)
        }
        Statement::Dynamic
        | Statement::Call { .. }
        | Statement::Unparsed { .. }
        | Statement::Other { .. } => (Loss::Maybe, WayBack::Gone),
        _ => EXACT,
    }
}

fn rows(condition: &Condition) -> (Loss, WayBack) {
    match condition {
        Condition::Where(_) => (Loss::Maybe, WayBack::Gone),
        Condition::Missing | Condition::Tautology => GONE,
    }
}

fn dropped(drop: &Drop, schema: &Schema) -> (Loss, WayBack) {
    use ObjectKind as K;
    let fresh = drop.names.iter().all(|n| schema.is_fresh(n));
    match drop.kind {
        K::Table | K::Sequence | K::MaterializedView if fresh && !drop.cascade => EXACT,
        K::Table | K::Database | K::Tablespace => GONE,
        K::Schema => match schema
            .relations()
            .any(|(n, _)| drop.names.iter().any(|s| n.schema.as_ref() == Some(&s.name)))
        {
            true => GONE,
            false if schema.complete || !drop.cascade => EXACT,
            false => (Loss::Maybe, WayBack::Gone),
        },
        // CASCADE takes the columns of a type along.
        K::Type | K::Domain if drop.cascade => (Loss::Maybe, WayBack::Gone),
        K::Extension => (Loss::Maybe, WayBack::Copy),
        // The position of a sequence goes, and the rows that a matview had.
        K::Sequence => (Loss::Maybe, WayBack::Costly),
        K::MaterializedView | K::Index | K::Statistics => COSTLY,
        _ => EXACT,
    }
}

fn action(alter: &AlterTable, action: &TableAction, schema: &Schema) -> (Loss, WayBack) {
    let relation = schema.relation(&alter.relation);
    match action {
        TableAction::DropColumn { column, .. } => {
            let known = relation.filter(|r| r.complete);
            match known.is_some_and(|r| r.column(column).is_none()) {
                true => EXACT,
                false => GONE,
            }
        }
        TableAction::AlterType { column, to, using, .. } => {
            let from = relation.and_then(|r| r.column(column)).and_then(|c| c.type_name.as_ref());
            super::column_type::grade(from, to, using.as_ref(), schema)
        }
        TableAction::SetUnlogged => (Loss::Maybe, WayBack::Costly),
        TableAction::SetExpression { .. } => (Loss::Certain, WayBack::Costly),
        TableAction::DropConstraint { .. }
        | TableAction::DropNotNull { .. }
        | TableAction::DropExpression { .. }
        | TableAction::SetLogged
        | TableAction::SetAccessMethod { .. }
        | TableAction::SetTablespace { .. } => COSTLY,
        TableAction::AddConstraint(c) if matches!(c.kind, ConstraintKind::PrimaryKey { .. }) => {
            EXACT
        }
        TableAction::Other { .. } => (Loss::Maybe, WayBack::Gone),
        _ => EXACT,
    }
}
