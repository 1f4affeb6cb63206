//! Judging files offline: what each statement will lock, lose, break, and whether there is a way
//! back.
//!
//! Purpose: files in their order and options in, a report out. The files before the judged ones
//! are read too, because they tell what is there. Invariants: pure; a bad statement never hides
//! another one; the same input gives the same report. Non-goals: a live database's sizes and
//! traffic - they are handed in as [`Facts`], and what is not handed in is not guessed.

mod report;
mod walk;

pub use report::{
    Assumed, Blocks, FileReport, LockReport, Report, StatementReport, Totals, WorkReport,
};
pub use walk::lint;

pub use crate::context::{Facts, Options, Runner};

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
