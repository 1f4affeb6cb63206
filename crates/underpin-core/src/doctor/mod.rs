//! What may be wrong around a database before anybody migrates it: facts are read, and pure
//! functions make findings of them, each with the command that puts it right.
//!
//! One file is one check: what it asks, and what it says of the answer. Invariants: reads only, in
//! read-only transactions bounded in time ([`Questions`]); no finding holds a statement's text or a
//! row's value, for both may be secrets; what a role may not see is said and not guessed.
//! Non-goals: the order of the checks and their limits (`engine::doctor`), how findings look.

pub mod backups;
pub mod connection;
pub mod disk;
pub mod extensions;
pub mod history;
pub mod privileges;
pub mod replication;
pub mod sessions;
pub mod slots;
pub mod tools;

use crate::postgres::{BoundedQuery, ConnectionSettings, Row, Session, SqlError};

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// In order.
    Ok,
    /// Worth knowing.
    Note,
    /// It could not be looked at.
    Unchecked,
    /// It may hold a migration up, or make one worse.
    Warning,
    /// A deploy would fail.
    Error,
}

/// What a check says.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Finding {
    /// The check: one word.
    pub check: &'static str,
    /// How much it weighs.
    pub level: Level,
    /// One line.
    pub what: String,
    /// Further lines.
    pub details: Vec<String>,
    /// Commands that put it right, or look closer; SQL is a `psql` command.
    pub remedies: Vec<String>,
}

impl Finding {
    fn new(check: &'static str, level: Level, what: impl Into<String>) -> Self {
        Self { check, level, what: what.into(), details: Vec::new(), remedies: Vec::new() }
    }

    /// In order.
    pub fn ok(check: &'static str, what: impl Into<String>) -> Self {
        Self::new(check, Level::Ok, what)
    }

    /// Worth knowing.
    pub fn note(check: &'static str, what: impl Into<String>) -> Self {
        Self::new(check, Level::Note, what)
    }

    /// It could not be looked at.
    pub fn unchecked(check: &'static str, why: impl Into<String>) -> Self {
        Self::new(check, Level::Unchecked, why)
    }

    /// It may hold a migration up.
    pub fn warning(check: &'static str, what: impl Into<String>) -> Self {
        Self::new(check, Level::Warning, what)
    }

    /// A deploy would fail.
    pub fn error(check: &'static str, what: impl Into<String>) -> Self {
        Self::new(check, Level::Error, what)
    }

    /// Adds lines.
    #[must_use]
    pub fn details(mut self, lines: impl IntoIterator<Item = String>) -> Self {
        self.details.extend(lines);
        self
    }

    /// Adds a command.
    #[must_use]
    pub fn remedy(mut self, command: impl Into<String>) -> Self {
        self.remedies.push(command.into());
        self
    }
}

/// A session that is only asked.
#[derive(Debug, Clone, Copy)]
pub struct Questions<'a> {
    session: &'a Session,
    target: &'a ConnectionSettings,
}

/// Enough for a look at a catalog, too little to be in anybody's way.
const LIMITS: BoundedQuery = BoundedQuery { statement_timeout_ms: 4_000, lock_timeout_ms: 500 };

impl<'a> Questions<'a> {
    /// Asks over `session`, which leads to `target`.
    #[must_use]
    pub fn new(session: &'a Session, target: &'a ConnectionSettings) -> Self {
        Self { session, target }
    }

    async fn rows(&self, sql: &str) -> Result<Vec<Row>, SqlError> {
        LIMITS.rows(self.session, sql).await
    }

    async fn row(&self, sql: &str) -> Result<Row, SqlError> {
        Ok(self.rows(sql).await?.into_iter().next().unwrap_or_default())
    }

    /// The server's major version.
    #[must_use]
    pub fn major(&self) -> u32 {
        use crate::postgres::Queryable as _;
        self.session.version().major()
    }
}

fn text(row: &Row, index: usize) -> &str {
    row.get(index).and_then(Option::as_deref).unwrap_or_default()
}

fn number(row: &Row, index: usize) -> u64 {
    text(row, index).parse().unwrap_or(0)
}

fn is_true(row: &Row, index: usize) -> bool {
    matches!(text(row, index), "t" | "true" | "on")
}

/// `3 s`, `4 min`, `2 h`, `5 days`.
fn age(seconds: u64) -> String {
    match seconds {
        0..=119 => format!("{seconds} s"),
        120..=7_199 => format!("{} min", seconds / 60),
        7_200..=172_799 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}

/// `512 MB`, `3.4 GB`: decimal units.
fn bytes(count: u64) -> String {
    let count = count as f64;
    match count {
        c if c < 1e6 => format!("{:.0} kB", c / 1e3),
        c if c < 1e9 => format!("{:.0} MB", c / 1e6),
        c if c < 1e12 => format!("{:.1} GB", c / 1e9),
        c => format!("{:.1} TB", c / 1e12),
    }
}

/// `1 session`, `2 sessions`.
pub(crate) fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}
