//! The history: the table `_prisma_migrations`, byte-compatible with Prisma 2–7.
//!
//! Invariants: every statement names the table with its schema, because a script may have moved
//! `search_path`; rows are changed only in the ways that Prisma changes them; values come from the
//! client's clock as Prisma's do. Non-goals: our own journal.
//!
//! Source: docs/reference/prisma.md §1, measured on Prisma 6.19 and 7.10.

use jiff::Timestamp;

use crate::error::{Code, Error, Result};
use crate::migrations::{Checksum, Migration, MigrationFolder, MigrationName};
use crate::postgres::{Session, SqlError, identifier, literal};

/// The table's name.
pub const TABLE: &str = "_prisma_migrations";

/// The columns, in Prisma's order.
const COLUMNS: [&str; 8] = [
    "id",
    "checksum",
    "finished_at",
    "migration_name",
    "logs",
    "rolled_back_at",
    "started_at",
    "applied_steps_count",
];

/// One row.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct MigrationRecord {
    /// UUID v4 text.
    pub id: String,
    /// As stored.
    pub checksum: String,
    /// Set when the script succeeded; in UTC.
    pub finished_at: Option<String>,
    /// The migration.
    pub name: MigrationName,
    /// The error's text, `Some("")` for a row made by `resolve --applied`.
    pub logs: Option<String>,
    /// Set when somebody resolved a failure.
    pub rolled_back_at: Option<String>,
    /// When it was started; in UTC.
    pub started_at: String,
    /// 1 after a script, 0 after `resolve --applied`.
    pub applied_steps: i32,
}

impl MigrationRecord {
    /// Neither finished nor rolled back.
    #[must_use]
    pub fn is_failed(&self) -> bool {
        self.finished_at.is_none() && self.rolled_back_at.is_none()
    }

    /// Finished, and not rolled back.
    #[must_use]
    pub fn is_applied(&self) -> bool {
        self.finished_at.is_some() && self.rolled_back_at.is_none()
    }
}

/// The history as read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct History {
    /// Whether the table exists.
    pub exists: bool,
    /// Its rows by `started_at`.
    pub records: Vec<MigrationRecord>,
}

impl History {
    /// Migrations that failed and were not resolved, in order.
    #[must_use]
    pub fn failed(&self) -> Vec<&MigrationRecord> {
        self.records.iter().filter(|r| r.is_failed()).collect()
    }

    /// Whether a migration counts as applied for `deploy`: any row of its name that is not rolled
    /// back.
    #[must_use]
    pub fn has_live_row(&self, name: &MigrationName) -> bool {
        self.records.iter().any(|r| r.name == *name && r.rolled_back_at.is_none())
    }

    /// Whether a migration is recorded as finished and not rolled back.
    #[must_use]
    pub fn is_applied(&self, name: &MigrationName) -> bool {
        self.records.iter().any(|r| r.name == *name && r.is_applied())
    }

    /// The migrations of the folder without a live row, in the folder's order.
    #[must_use]
    pub fn pending<'a>(&self, folder: &'a MigrationFolder) -> Vec<&'a Migration> {
        let live: std::collections::HashSet<&MigrationName> =
            self.records.iter().filter(|r| r.rolled_back_at.is_none()).map(|r| &r.name).collect();
        folder.migrations.iter().filter(|m| !live.contains(&m.name)).collect()
    }

    /// The recorded migrations that the folder does not hold, each once, in the history's order.
    #[must_use]
    pub fn missing_from<'a>(&'a self, folder: &MigrationFolder) -> Vec<&'a MigrationName> {
        let held: std::collections::HashSet<&MigrationName> =
            folder.migrations.iter().map(|m| &m.name).collect();
        let mut missing: Vec<&MigrationName> = Vec::new();
        for record in
            self.records.iter().filter(|r| r.rolled_back_at.is_none() && !held.contains(&r.name))
        {
            if !missing.contains(&&record.name) {
                missing.push(&record.name);
            }
        }
        missing
    }

    /// The applied migrations whose file has changed since.
    #[must_use]
    pub fn edited<'a>(&self, folder: &'a MigrationFolder) -> Vec<&'a MigrationName> {
        let edited = |m: &&Migration| {
            let mut rows =
                self.records.iter().filter(|r| r.name == m.name && r.is_applied()).peekable();
            rows.peek().is_some() && !rows.any(|r| Checksum::matches(&r.checksum, &m.script))
        };
        folder.migrations.iter().filter(edited).map(|m| &m.name).collect()
    }
}

/// The history table of one schema.
#[derive(Debug, Clone)]
pub struct HistoryTable {
    schema: String,
}

impl HistoryTable {
    /// The table in `schema` (the URL's `?schema=`).
    #[must_use]
    pub fn in_schema(schema: &str) -> Self {
        Self { schema: schema.to_owned() }
    }

    fn qualified(&self) -> String {
        format!("{}.{}", identifier(&self.schema), identifier(TABLE))
    }

    /// Reads the rows, two queries at most. Never writes.
    ///
    /// # Errors
    /// UP-3002 when a relation of that name is not Prisma's table, UP-3003 without the privilege.
    pub async fn read(&self, session: &Session) -> Result<History> {
        let sql = format!(
            "SELECT {} FROM {} ORDER BY started_at ASC",
            COLUMNS.map(as_text).join(", "),
            self.qualified()
        );
        let rows = match session.rows(&sql).await {
            Ok(rows) => rows,
            // undefined_table, invalid_schema_name: not initialised.
            Err(e) if e.is("42P01") || e.is("3F000") => return Ok(History::default()),
            Err(e) if e.is("42703") => return Err(self.unrecognised(&e.message)),
            Err(e) => return Err(self.error(&e, "read")),
        };
        let kind = session
            .value(&format!(
                "SELECT c.relkind::text FROM pg_catalog.pg_class c WHERE c.oid = {}::regclass",
                literal(&self.qualified())
            ))
            .await
            .map_err(|e| self.error(&e, "read"))?;
        if !matches!(kind.as_deref(), Some("r" | "p")) {
            return Err(self.unrecognised("it is not a table"));
        }
        let records = rows.into_iter().map(record).collect();
        Ok(History { exists: true, records })
    }

    /// Whether the row of this id is there; `false` also without a table.
    ///
    /// # Errors
    /// What the server said.
    pub async fn has_row(
        &self,
        session: &Session,
        id: &str,
    ) -> std::result::Result<bool, SqlError> {
        let sql = format!("SELECT 1 FROM {} WHERE id = {}", self.qualified(), literal(id));
        match session.value(&sql).await {
            Ok(found) => Ok(found.is_some()),
            Err(e) if e.is("42P01") || e.is("3F000") => Ok(false),
            Err(e) => Err(e),
        }
    }

    /// A query that is true when every one of `names` is recorded as finished.
    #[must_use]
    pub fn all_recorded_sql<'a>(&self, names: impl Iterator<Item = &'a MigrationName>) -> String {
        let names: Vec<String> = names.map(|name| literal(name.as_str())).collect();
        format!(
            "SELECT count(DISTINCT migration_name) = {} FROM {} WHERE finished_at IS NOT NULL \
             AND rolled_back_at IS NULL AND migration_name = ANY (ARRAY[{}]::text[])",
            names.len(),
            self.qualified(),
            names.join(", ")
        )
    }

    /// The SQL that makes the table as Prisma makes it, after its schema if that is absent.
    /// (`CREATE SCHEMA IF NOT EXISTS` asks for the privilege even when there is nothing to do.)
    ///
    /// # Errors
    /// UP-3003.
    pub async fn create_sql(&self, session: &Session) -> Result<String> {
        let sql = format!(
            "SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = {}",
            literal(&self.schema)
        );
        let exists = session.value(&sql).await.map_err(|e| self.error(&e, "read"))?.is_some();
        let schema = if exists {
            String::new()
        } else {
            format!("CREATE SCHEMA {};\n", identifier(&self.schema))
        };
        Ok(format!(
            "{schema}CREATE TABLE {} (\n\
            \x20   id                      VARCHAR(36) PRIMARY KEY NOT NULL,\n\
            \x20   checksum                VARCHAR(64) NOT NULL,\n\
            \x20   finished_at             TIMESTAMPTZ,\n\
            \x20   migration_name          VARCHAR(255) NOT NULL,\n\
            \x20   logs                    TEXT,\n\
            \x20   rolled_back_at          TIMESTAMPTZ,\n\
            \x20   started_at              TIMESTAMPTZ NOT NULL DEFAULT now(),\n\
            \x20   applied_steps_count     INTEGER NOT NULL DEFAULT 0\n);\n",
            self.qualified()
        ))
    }

    /// A row for a migration that has just run: finished, one step.
    #[must_use]
    pub fn insert_applied_sql(
        &self,
        migration: &Migration,
        id: &str,
        started: Timestamp,
        finished: Timestamp,
    ) -> String {
        self.insert_with_id(id, migration, started, Some(finished), "NULL", 1)
    }

    /// A row for a migration that is about to run: not finished, no step.
    #[must_use]
    pub fn insert_started_sql(
        &self,
        migration: &Migration,
        id: &str,
        started: Timestamp,
    ) -> String {
        self.insert_with_id(id, migration, started, None, "NULL", 0)
    }

    /// A row for a migration that failed: not finished, the error in `logs`.
    #[must_use]
    pub fn insert_failed_sql(
        &self,
        migration: &Migration,
        id: &str,
        started: Timestamp,
        logs: &str,
    ) -> String {
        self.insert_with_id(id, migration, started, None, &literal(logs), 0)
    }

    /// A row for a migration that is recorded without running (`resolve --applied`, a baseline):
    /// started and finished at once, no step, empty logs.
    #[must_use]
    pub fn insert_baseline_sql(&self, id: &str, migration: &Migration, now: Timestamp) -> String {
        self.insert_with_id(id, migration, now, Some(now), "''", 0)
    }

    /// Removes rows that a baseline wrote, and no others: a row that has run since, or was rolled
    /// back, stays.
    #[must_use]
    pub fn remove_baseline_sql<'i>(&self, ids: impl IntoIterator<Item = &'i str>) -> String {
        let ids: Vec<String> = ids.into_iter().map(literal).collect();
        format!(
            "DELETE FROM {} WHERE id IN ({}) AND applied_steps_count = 0 AND rolled_back_at IS NULL;\n",
            self.qualified(),
            ids.join(", ")
        )
    }

    /// Marks a started row as finished, one step.
    #[must_use]
    pub fn finish_sql(&self, id: &str, finished: Timestamp) -> String {
        format!(
            "UPDATE {} SET applied_steps_count = applied_steps_count + 1, finished_at = {} WHERE id = {};\n",
            self.qualified(),
            literal(&finished.to_string()),
            literal(id)
        )
    }

    /// Keeps the error of a started row.
    #[must_use]
    pub fn fail_sql(&self, id: &str, logs: &str) -> String {
        format!(
            "UPDATE {} SET logs = {} WHERE id = {};\n",
            self.qualified(),
            literal(logs),
            literal(id)
        )
    }

    /// Marks every failed row of `name` as rolled back.
    #[must_use]
    pub fn roll_back_sql(&self, name: &MigrationName, now: Timestamp) -> String {
        format!(
            "UPDATE {} SET rolled_back_at = {} WHERE migration_name = {} \
             AND finished_at IS NULL AND rolled_back_at IS NULL;\n",
            self.qualified(),
            literal(&now.to_string()),
            literal(name.as_str())
        )
    }

    fn insert_with_id(
        &self,
        id: &str,
        migration: &Migration,
        started: Timestamp,
        finished: Option<Timestamp>,
        logs: &str,
        steps: i32,
    ) -> String {
        let finished = finished.map_or_else(|| "NULL".to_owned(), |t| literal(&t.to_string()));
        format!(
            "INSERT INTO {} ({}) VALUES ({}, {}, {finished}, {}, {logs}, NULL, {}, {steps});\n",
            self.qualified(),
            COLUMNS.join(", "),
            literal(id),
            literal(migration.checksum.as_str()),
            literal(migration.name.as_str()),
            literal(&started.to_string()),
        )
    }

    fn unrecognised(&self, why: &str) -> Error {
        Error::new(
            Code::HistoryUnrecognised,
            format!("{} is not the table that Prisma makes: {why}", self.qualified()),
        )
        .hint(format!("look at it: psql -c '\\d {}'", self.qualified().replace('"', "\\\"")))
    }

    /// A failed statement on the table, typed. `doing` is `read` or `write`.
    #[must_use]
    pub fn error(&self, e: &SqlError, doing: &str) -> Error {
        let code = match e.sqlstate.as_deref() {
            _ if e.connection_lost => Code::ConnectionLost,
            Some("25006") => Code::ReadOnly,
            _ => Code::HistoryUnwritable,
        };
        let error = Error::new(
            code,
            format!("the history table {} cannot be {}", self.qualified(), past(doing)),
        )
        .caused_by(e)
        .sqlstate(e.sqlstate.as_deref());
        match (code, e.sqlstate.as_deref()) {
            (Code::HistoryUnwritable, Some("42501")) => error.hint(format!(
                "as the table's owner: GRANT SELECT, INSERT, UPDATE ON {} TO <role>; if it is absent: GRANT CREATE, USAGE ON SCHEMA {} TO <role>",
                self.qualified(),
                identifier(&self.schema)
            )),
            (Code::ReadOnly, _) => error.hint("connect to the primary with a role that may write"),
            (Code::ConnectionLost, _) => error.hint("run the same command again"),
            _ => error.hint("put right what the server says, and run the same command again"),
        }
    }
}

/// A column as text; moments as Prisma prints them, whatever the session's time zone.
fn as_text(column: &str) -> String {
    match column {
        "finished_at" | "rolled_back_at" | "started_at" => {
            format!("({column} AT TIME ZONE 'UTC')::text || ' UTC'")
        }
        _ => format!("{column}::text"),
    }
}

fn past(doing: &str) -> &str {
    if doing == "read" { "read" } else { "written" }
}

fn record(row: Vec<Option<String>>) -> MigrationRecord {
    let mut values = row.into_iter();
    let mut next = || values.next().flatten();
    MigrationRecord {
        id: next().unwrap_or_default(),
        checksum: next().unwrap_or_default(),
        finished_at: next(),
        name: MigrationName::new(next().unwrap_or_default()),
        logs: next(),
        rolled_back_at: next(),
        started_at: next().unwrap_or_default(),
        applied_steps: next().and_then(|v| v.parse().ok()).unwrap_or(0),
    }
}
