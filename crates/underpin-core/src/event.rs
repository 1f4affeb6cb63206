//! Events: what a run has to say, in order. Terminal, JSON and logs are renderings of them.
//!
//! Invariants: an event is a fact that has happened, or an intent just before it is acted on; no
//! event holds a secret or a row value. The serialised form is public: fields are added, never
//! changed or removed.

use std::time::Duration;

use crate::error::Error;

/// One event. `kind` is its stable name in JSON.
#[derive(Debug, Clone, serde::Serialize)]
#[serde(rename_all = "snake_case", tag = "event")]
pub enum Event {
    /// A session with the target is open.
    Connected {
        /// `host:port` or the socket's folder.
        address: String,
        /// The database.
        database: String,
        /// The schema of the history.
        schema: String,
        /// The server's version, `15.18`.
        version: String,
        /// Milliseconds that it took.
        #[serde(serialize_with = "milliseconds", rename = "duration_ms")]
        duration: Duration,
    },
    /// The server cannot be reached yet, or takes nobody yet; it is tried again.
    ServerAwaited {
        /// Why, in the words of the newest attempt.
        reason: String,
    },
    /// The database was absent and has been made.
    DatabaseCreated {
        /// The database.
        database: String,
        /// `host:port` or the socket's folder.
        address: String,
    },
    /// The folder has been read.
    FolderRead {
        /// Its path.
        path: String,
        /// How many migrations it holds.
        migrations: usize,
        /// What to mention.
        remarks: Vec<String>,
    },
    /// What the history says.
    HistoryRead {
        /// Whether the history table exists.
        exists: bool,
        /// Migrations recorded as applied.
        applied: usize,
        /// Migrations of the folder that are not.
        pending: usize,
    },
    /// Something a person should know that does not stop the run.
    Warning {
        /// A stable word for it.
        name: &'static str,
        /// In words.
        message: String,
        /// Lines below it.
        details: Vec<String>,
    },
    /// A scratch PostgreSQL is ready.
    ScratchReady {
        /// Which, in one phrase.
        engine: String,
        /// Whether its major is not the target's.
        approximate: bool,
        /// What it cannot check.
        unchecked: Vec<String>,
        /// Milliseconds that it took.
        #[serde(serialize_with = "milliseconds", rename = "duration_ms")]
        duration: Duration,
    },
    /// The folder is replayed: `done` of `total`.
    ReplayProgress {
        /// Migrations replayed.
        done: usize,
        /// Migrations to replay.
        total: usize,
    },
    /// The folder has been replayed on the scratch database, or its replay was in the cache.
    Replayed {
        /// Migrations.
        migrations: usize,
        /// How many of them came from the cache.
        cached: usize,
        /// Facts in the final catalog.
        facts: usize,
        /// Milliseconds that it took.
        #[serde(serialize_with = "milliseconds", rename = "duration_ms")]
        duration: Duration,
    },
    /// A prefix of the folder reproduces the live catalog.
    Proven {
        /// How many migrations are in effect.
        in_effect: usize,
        /// Of how many.
        of: usize,
        /// Facts compared.
        facts: usize,
        /// The catalog's fingerprint.
        fingerprint: String,
    },
    /// A choice of migrations that is no prefix of the folder reproduces the live catalog, and
    /// what is to run leads from there to the folder's end. Both were replayed.
    Explained {
        /// Migrations that are in effect.
        in_effect: usize,
        /// Migrations that are recorded although nothing can prove them, with the reason.
        assumed: Vec<String>,
        /// Migrations that are to run.
        missing: Vec<String>,
        /// Of how many.
        of: usize,
        /// Facts compared.
        facts: usize,
    },
    /// We hold the migration lock.
    LockAcquired {
        /// Milliseconds waited.
        #[serde(serialize_with = "milliseconds", rename = "waited_ms")]
        waited: Duration,
    },
    /// Another process holds it; we poll.
    LockWaiting {
        /// Who, as far as the server tells.
        holder: String,
    },
    /// Migrations were recorded as applied without running them.
    Baselined {
        /// Their names, in order.
        migrations: Vec<String>,
    },
    /// A migration is about to run.
    MigrationStarted {
        /// Its name.
        name: String,
        /// Its place among those of this run, from 1.
        number: usize,
        /// How many this run applies.
        of: usize,
    },
    /// The server sent a notice or a warning while a migration ran.
    ServerNotice {
        /// The migration.
        migration: String,
        /// `NOTICE`, `WARNING`, …
        severity: String,
        /// Its text.
        message: String,
    },
    /// A run that was left behind by its process has been overtaken.
    TookOver {
        /// Its id.
        run: String,
    },
    /// A guarantee is missing; the run goes on with those that are left.
    Degraded {
        /// Which, and why.
        what: String,
    },
    /// A failed migration of an earlier run is proven to be undone, and waits again.
    Healed {
        /// Its name.
        migration: String,
    },
    /// A migration that an earlier run left half done goes on.
    Resumed {
        /// Its name.
        migration: String,
        /// Statements in effect.
        done: usize,
        /// Statements in all.
        of: usize,
    },
    /// What is missing of a migration that is half there is about to run.
    Completing {
        /// Its name.
        migration: String,
        /// Statements in effect, which are left out.
        in_effect: usize,
        /// Statements in all.
        of: usize,
    },
    /// A baseline was taken out of the history again.
    BaselineUndone {
        /// Names of the migrations that are pending now, in order.
        migrations: Vec<String>,
    },
    /// The connection was lost and is back; what became of the transaction has been looked up.
    ConnectionRestored {
        /// The migration that ran.
        migration: String,
        /// Whether its transaction had been committed.
        committed: bool,
    },
    /// A migration has taken effect and is recorded.
    MigrationApplied {
        /// Its name.
        name: String,
        /// Its statements.
        statements: usize,
        /// Whether script and history row were one transaction.
        one_transaction: bool,
        /// Milliseconds that it took.
        #[serde(serialize_with = "milliseconds", rename = "duration_ms")]
        duration: Duration,
    },
    /// The final catalog equals the expected one.
    Verified {
        /// Facts compared.
        facts: usize,
        /// Differences that were there before this run and still are.
        known_drift: usize,
        /// The catalog's fingerprint.
        fingerprint: String,
    },
    /// The final catalog could not be compared.
    NotVerified {
        /// Why.
        reason: String,
    },
    /// A history row was written by `resolve`.
    Resolved {
        /// The migration.
        name: String,
        /// `applied` or `rolled_back`.
        r#as: &'static str,
    },
    /// The copy on which migrations are rehearsed is there.
    CopyReady {
        /// `backup`, `schema` or `sample`.
        from: &'static str,
        /// Rows in it.
        rows: u64,
        /// Bytes without indexes.
        bytes: u64,
        /// The server, in one phrase.
        engine: String,
        /// Milliseconds that it took.
        #[serde(serialize_with = "milliseconds", rename = "duration_ms")]
        duration: Duration,
    },
    /// A phase of a backup or of a copy begins.
    BackupPhase {
        /// `dump`, `check`, `restore`, `compare`, `drill`; of a copy `catalog`, `sample`.
        phase: &'static str,
    },
    /// How far it is; at most once a second.
    BackupProgress {
        /// As in `backup_phase`.
        phase: &'static str,
        /// Bytes done.
        bytes: u64,
        /// Of how many, roughly, where that is known.
        of: Option<u64>,
    },
    /// How many tables are done, or under way; at most once a second.
    BackupTables {
        /// As in `backup_phase`.
        phase: &'static str,
        /// Tables.
        done: u64,
        /// Of how many.
        of: u64,
    },
    /// A backup is proven up to a level.
    BackupProven {
        /// 0 to 6.
        level: u8,
        /// One word for it.
        word: &'static str,
        /// What it rests on.
        evidence: String,
    },
    /// A declared repair of a migration is in effect.
    Repaired {
        /// The migration.
        migration: String,
        /// Why it was needed, as declared.
        why: String,
        /// The migration had failed, and waits again.
        pending_again: bool,
    },
    /// What is about to be done has been approved.
    Approved {
        /// By whom, as they say.
        by: String,
        /// What they noted.
        note: Option<String>,
    },
    /// The application takes the place of this process now.
    ApplicationStarts {
        /// Its program.
        program: String,
        /// The error in spite of which it starts, where the policy says so.
        despite: Option<&'static str>,
    },
    /// The application is not started.
    ApplicationHeld {
        /// Its program.
        program: String,
        /// What comes next, in words.
        next: String,
    },
    /// The run is over and succeeded.
    Finished {
        /// Migrations recorded without running.
        baselined: usize,
        /// Migrations applied.
        applied: usize,
        /// Milliseconds from start to end.
        #[serde(serialize_with = "milliseconds", rename = "duration_ms")]
        duration: Duration,
    },
    /// The run is over and failed.
    Failed {
        /// Why, and what was changed.
        error: Error,
    },
}

fn milliseconds<S: serde::Serializer>(
    duration: &Duration,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    // Tenths are enough for a person and for a graph.
    serializer.serialize_f64((duration.as_secs_f64() * 10_000.0).round() / 10.0)
}

/// Takes events. An implementation must not block for long and must not fail.
pub trait EventSink: Send {
    /// Takes one event.
    fn emit(&mut self, event: &Event);
}

/// Keeps nothing.
#[derive(Debug, Default)]
pub struct Silent;

impl EventSink for Silent {
    fn emit(&mut self, _: &Event) {}
}

/// Keeps everything, for tests and for reports.
impl EventSink for Vec<Event> {
    fn emit(&mut self, event: &Event) {
        self.push(event.clone());
    }
}
