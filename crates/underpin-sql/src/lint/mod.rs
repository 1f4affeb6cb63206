//! Judging files offline: what each statement will lock, lose, break, and whether there is a way
//! back.
//!
//! Purpose: files in their order and options in, a report out. The files before the judged ones
//! are read too, because they tell what is there. Invariants: pure; a bad statement never hides
//! another one; the same input gives the same report. Non-goals: a live database's sizes and
//! traffic - they are handed in as [`Facts`], and what is not handed in is not guessed.

mod at;
mod does;
mod facts;
mod place;
pub mod record;
mod report;
mod walk;

pub use at::{At, File, Held, Step};
pub use does::tag;
pub use facts::{Blocker, Facts, IndexFacts, TableFacts};
pub use place::{Place, Runner, places};
pub use report::{
    Assumed, Blocks, FileReport, LockReport, Report, StatementReport, Totals, WorkReport,
};
pub use walk::lint;

use crate::model::Name;

/// A file to read.
#[derive(Debug, Clone)]
pub struct Source {
    /// The migration's name, or the file's.
    pub name: String,
    /// The path as the user knows it.
    pub path: String,
    /// Its text.
    pub text: String,
    /// It is judged; otherwise it only tells what is there.
    pub judged: bool,
}

/// What is known of the run.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The server's major version; `None`: any from 13 on.
    pub server_major: Option<u32>,
    /// Who runs the files.
    pub runner: Runner,
    /// Files from this index on are deployed together, so that what one makes is new for the next.
    /// `None`: each file is judged as if those before it had been applied.
    pub pending_from: Option<usize>,
    /// Facts from outside.
    pub facts: Facts,
    /// Rules that run although they are off by default.
    pub enabled: Vec<String>,
}

/// What a statement does to the server, as far as rules ask.
#[derive(Debug, Clone, Default)]
pub struct Does {
    /// Locks on tables, views and sequences; those on indexes are left out.
    pub locks: Vec<TableLock>,
    /// Work that grows with a relation.
    pub work: Vec<TableWork>,
    /// The first major version that takes the statement.
    pub since: Option<u32>,
    /// Its effect is known.
    pub known: bool,
}

/// A lock on a relation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableLock {
    /// The relation.
    pub table: Name,
    /// The mode, 1 (`ACCESS SHARE`) to 8 (`ACCESS EXCLUSIVE`), as PostgreSQL numbers them.
    pub mode: u8,
}

/// Work on a relation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableWork {
    /// The relation.
    pub table: Name,
    /// What is done.
    pub class: Work,
}

/// Work that grows with a relation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Work {
    /// Rows are changed one by one.
    Rows,
    /// Every row is read.
    Scan,
    /// An index is built.
    Build,
    /// The table and its indexes are written anew.
    Rewrite,
}

impl Does {
    /// Whether it does this work on a table.
    #[must_use]
    pub fn does(&self, class: Work, table: &Name) -> bool {
        let table = crate::lint::record::full(table);
        self.work.iter().any(|w| w.class == class && crate::lint::record::full(&w.table) == table)
    }
}
