//! Rehearsal: what the pending migrations do on a copy, measured.
//!
//! Purpose: the copies that are no backup (`sample`), what is measured on any copy (`watch`), and
//! the record of a rehearsal, kept so that a plan can rest on it (`kept`). Invariants: the live
//! database is only read, in one read-only snapshot; a copy is gone with its server; memory does not
//! grow with the database; no row value is in a record. Non-goals: restoring backups (`backup`),
//! running migrations (`execute`), deciding what is pending (`engine`).

pub mod kept;
mod sample;
mod watch;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use underpin_sql::effect::LockMode;

pub use sample::{Limits, Rows, Sampled, Way, copy_rows};
pub use watch::{Measured, SETTINGS, Watch};

/// A lock that was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MeasuredLock {
    /// The relation, as SQL writes it.
    pub relation: String,
    /// PostgreSQL's name of the mode: `AccessExclusiveLock`.
    pub mode: String,
}

impl MeasuredLock {
    fn new(relation: &str, mode: LockMode) -> Self {
        Self { relation: relation.to_owned(), mode: format!("{mode}Lock") }
    }

    /// The mode.
    #[must_use]
    pub fn lock_mode(&self) -> Option<LockMode> {
        LockMode::from_catalog(&self.mode)
    }
}

/// What one statement did.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct MeasuredStatement {
    /// Its place in the script, from 0.
    pub statement: usize,
    /// 1-based line.
    pub line: usize,
    /// Its first byte in the script.
    pub offset: usize,
    /// Its first words, without what stands in quotes or has digits: `ALTER TABLE`.
    pub tag: String,
    /// How long the server took.
    pub milliseconds: f64,
    /// Locks on tables and views that were there before the migration, as far as no earlier
    /// statement of the same transaction had taken one as strong.
    pub locks: Vec<MeasuredLock>,
    /// The locks were seen from beside while it ran, because it lets them go by itself: one that is
    /// missing is not proven to be absent.
    pub locks_sampled: bool,
    /// Tables that have new files.
    pub rewritten: Vec<String>,
    /// Indexes that were built on tables that were there before.
    pub built: Vec<String>,
    /// Rows inserted, updated and deleted, by triggers and foreign keys too; `None` outside of a
    /// transaction block.
    pub rows: Option<u64>,
    /// Bytes of write-ahead log.
    pub wal_bytes: u64,
    /// Bytes of temporary files.
    pub temp_bytes: u64,
    /// Indexes that are not valid since.
    pub invalid_indexes: Vec<String>,
    /// The SQLSTATE with which it failed.
    pub failed: Option<String>,
}

/// What one migration did.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct MeasuredMigration {
    /// Its name.
    pub name: String,
    /// From its start to its record; `None` where it failed or was not reached.
    pub milliseconds: Option<f64>,
    /// Its statements, as far as they were reached.
    pub statements: Vec<MeasuredStatement>,
}

/// Why it ended early.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The error's code.
    pub code: String,
    /// What happened.
    pub message: String,
    /// Why, in the server's words.
    pub causes: Vec<String>,
    /// Further lines: what differs.
    pub details: Vec<String>,
    /// File, line and column.
    pub place: Option<String>,
}

/// What the copy was made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum From {
    /// A backup: every row.
    Backup,
    /// The catalog alone.
    Schema,
    /// Some rows of every table.
    Sample,
}

impl From {
    /// One word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Backup => "backup",
            Self::Schema => "schema",
            Self::Sample => "sample",
        }
    }

    /// Whether rows, times and sizes are those of the original.
    #[must_use]
    pub fn is_whole(self) -> bool {
        self == Self::Backup
    }
}

/// A table on the copy, before the first migration.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CopiedTable {
    /// Rows, by the planner's estimate after ANALYZE.
    pub rows: u64,
    /// Bytes without indexes.
    pub bytes: u64,
}

/// The copy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Copy {
    /// From what.
    pub from: From,
    /// The backup.
    pub backup: Option<String>,
    /// When the original was as the copy is, RFC 3339.
    pub taken_at: String,
    /// The server.
    pub engine: String,
    /// Its tables, as SQL writes them.
    pub tables: BTreeMap<String, CopiedTable>,
    /// Rows in all.
    pub rows: u64,
    /// Bytes in all, without indexes.
    pub bytes: u64,
    /// How long it took to make.
    pub made_in_ms: u64,
    /// What it cannot show, in words.
    pub cannot_show: Vec<String>,
}

/// What was rehearsed: it holds for this database in this state and these files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// `pg_control_system()`.
    pub system_identifier: String,
    /// Database name.
    pub database: String,
    /// Fingerprint of the whole live catalog.
    pub fingerprint: String,
    /// Migrations recorded without running them, in order.
    pub baseline: Vec<String>,
    /// Migrations that were run, in order, with their checksums.
    pub pending: Vec<(String, String)>,
}

/// A rehearsal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// When it ended, RFC 3339.
    pub at: String,
    /// What was rehearsed.
    pub subject: Subject,
    /// On what.
    pub copy: Copy,
    /// What was measured, in order.
    pub migrations: Vec<MeasuredMigration>,
    /// Indexes that are not valid at the end.
    pub invalid_indexes: Vec<String>,
    /// Why it ended early.
    pub failure: Option<Failure>,
    /// Whether the final catalog was compared with the expected one and equals it.
    pub verified: bool,
    /// Why it was not.
    pub not_verified_because: Option<String>,
}

impl Record {
    /// Everything ran, and what could be compared is equal.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.failure.is_none()
    }

    /// The measurements of a migration.
    #[must_use]
    pub fn migration(&self, name: &str) -> Option<&MeasuredMigration> {
        self.migrations.iter().find(|migration| migration.name == name)
    }
}
