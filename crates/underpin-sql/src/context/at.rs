//! What a rule sees: one statement, the file around it, the schema before it, the locks held.

use std::collections::HashSet;

use super::place::Place;
use super::{Does, Options};
use crate::allow::Allow;
use crate::context::record::{Birth, Record, full};
use crate::model::{
    AlterAction, ColumnDefinition, Constraint, Name, ObjectKind, Parsed, Span, Statement,
    TableAction,
};

/// A statement of a file, or one inside a `DO` block.
#[derive(Debug, Clone, Copy)]
pub struct Step<'a> {
    /// The statement.
    pub parsed: &'a Parsed,
    /// Index of the statement of the file that it is, or is inside of.
    pub number: usize,
    /// It stands in the body of a `DO` block.
    pub inside: bool,
    /// Its transaction.
    pub place: Place,
}

/// A file as rules see it.
#[derive(Debug)]
pub struct File<'a> {
    /// Index of the file.
    pub index: usize,
    /// The migration's name.
    pub name: &'a str,
    /// Its text.
    pub text: &'a str,
    /// Its statements in the order in which they run.
    pub steps: Vec<Step<'a>>,
    /// What its author allows.
    pub allows: &'a [Allow],
}

/// A lock that an earlier statement of the transaction took on a table that was there before.
#[derive(Debug, Clone)]
pub struct Held {
    /// The table.
    pub table: Name,
    /// The mode, 1 (`ACCESS SHARE`) to 8 (`ACCESS EXCLUSIVE`).
    pub mode: u8,
    /// Index of the step that took it.
    pub step: usize,
}

/// One statement in its surroundings.
#[derive(Debug)]
pub struct At<'a> {
    /// What is known of the run.
    pub options: &'a Options,
    /// The file.
    pub file: &'a File<'a>,
    /// Index of the step in the file.
    pub number: usize,
    /// The schema before the statement.
    pub record: &'a Record,
    /// What the statement does to the server.
    pub does: &'a Does,
    /// The locks that the transaction holds already.
    pub held: &'a [Held],
    /// Tables that earlier files of the same deploy lock so that writes wait.
    pub locked_before: &'a HashSet<Name>,
}

impl<'a> At<'a> {
    /// The step.
    #[must_use]
    pub fn step(&self) -> &'a Step<'a> {
        &self.file.steps[self.number]
    }

    /// The statement.
    #[must_use]
    pub fn statement(&self) -> &'a Statement {
        &self.step().parsed.statement
    }

    /// Its bytes.
    #[must_use]
    pub fn span(&self) -> Span {
        self.step().parsed.span.clone()
    }

    /// The steps before this one, the nearest first.
    pub fn earlier(&self) -> impl Iterator<Item = (usize, &'a Step<'a>)> + use<'a> {
        self.file.steps[..self.number].iter().enumerate().rev()
    }

    /// The steps after this one.
    pub fn later(&self) -> impl Iterator<Item = (usize, &'a Step<'a>)> + use<'a> {
        self.file.steps.iter().enumerate().skip(self.number + 1)
    }

    /// Whether `step` runs in the same transaction block as this one.
    #[must_use]
    pub fn together(&self, step: &Step<'_>) -> bool {
        let place = self.step().place;
        place.block && step.place.block && place.transaction == step.place.transaction
    }

    /// Whether an object that was made there is in use already: it is older than what is deployed
    /// now.
    #[must_use]
    pub fn is_old(&self, born: Option<Birth>) -> bool {
        let from = self.options.pending_from.unwrap_or(self.file.index).min(self.file.index);
        born.is_none_or(|b| b.file < from)
    }

    /// Whether a relation, type or routine was there before what is deployed now. One that is not
    /// known was.
    #[must_use]
    pub fn existed(&self, name: &Name) -> bool {
        self.is_old(self.record.born(name))
    }

    /// Whether a column was there before what is deployed now.
    #[must_use]
    pub fn column_existed(&self, table: &Name, column: &str) -> bool {
        self.existed(table) && self.record.column(table, column).is_none_or(|c| self.is_old(c.born))
    }

    /// The sub-commands of an `ALTER TABLE` on a table that was there before.
    pub fn actions(&self) -> impl Iterator<Item = (&'a Name, &'a AlterAction)> + use<'a> {
        let s = match self.statement() {
            Statement::AlterTable(s)
                if matches!(s.kind, ObjectKind::Table | ObjectKind::ForeignTable)
                    && self.existed(&s.relation) =>
            {
                Some(s)
            }
            _ => None,
        };
        s.into_iter().flat_map(|s| s.actions.iter().map(|a| (&s.relation, a)))
    }

    /// Every sub-command of the file on a table, with its step.
    #[must_use]
    pub fn actions_of_file(&self, table: &Name) -> Vec<(usize, &'a AlterAction)> {
        let table = full(table);
        let of = |(step, s): (usize, &'a Step<'a>)| match &s.parsed.statement {
            Statement::AlterTable(s) if full(&s.relation) == table => {
                Some(s.actions.iter().map(move |a| (step, a)))
            }
            _ => None,
        };
        self.file.steps.iter().enumerate().filter_map(of).flatten().collect()
    }

    /// Columns that are added to a table that was there before.
    pub fn added_columns(
        &self,
    ) -> impl Iterator<Item = (&'a Name, &'a Span, &'a ColumnDefinition)> + use<'a> {
        self.actions().filter_map(|(table, a)| match &a.action {
            TableAction::AddColumn { column, .. } => Some((table, &a.span, column)),
            _ => None,
        })
    }

    /// Constraints that are added by a sub-command of their own to a table that was there before.
    pub fn added_constraints(
        &self,
    ) -> impl Iterator<Item = (&'a Name, &'a Span, &'a Constraint)> + use<'a> {
        self.actions().filter_map(|(table, a)| match &a.action {
            TableAction::AddConstraint(constraint) => Some((table, &a.span, constraint)),
            _ => None,
        })
    }

    /// Objects of a kind that are dropped and were there before.
    pub fn dropped(&self, kinds: &[ObjectKind]) -> Vec<&'a Name> {
        match self.statement() {
            Statement::Drop(s) if kinds.contains(&s.kind) => {
                s.names.iter().filter(|n| self.existed(n)).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Whether the server may be older than `major`: it is, or nothing is known of it.
    #[must_use]
    pub fn before(&self, major: u32) -> bool {
        self.options.server_major.is_none_or(|m| m < major)
    }

    /// The strongest lock that the statement takes on a table.
    #[must_use]
    pub fn lock_on(&self, table: &Name) -> Option<u8> {
        let table = full(table);
        self.does.locks.iter().filter(|l| full(&l.table) == table).map(|l| l.mode).max()
    }

    /// Whether this is the first statement of the file.
    #[must_use]
    pub fn is_first(&self) -> bool {
        self.number == 0
    }

    /// The first line of a statement, for a message.
    #[must_use]
    pub fn line_of(&self, step: usize) -> usize {
        self.file.steps[step].parsed.line
    }
}
