//! Execution: the only module that changes a target database.
//!
//! Invariants: a script that can be one transaction is one, together with its history row; an
//! application query never waits behind us longer than the lock budget; after a script the session
//! is as before it. Non-goals: deciding what to run.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use underpin_sql::{Script, StatementKind, TransactionControl, TransactionShape};

use crate::coordinate::{self, AdvisoryLock};
use crate::error::{Changed, Code, Error, Result, SourceLocation};
use crate::event::{Event, EventSink};
use crate::history::HistoryTable;
use crate::migrations::Migration;
use crate::postgres::{Session, SqlError};
use crate::replay::{error_location, reset_sql, unclosed};

/// How long and how often a statement may wait for a relation lock.
#[derive(Debug, Clone, Copy)]
pub struct LockBudget {
    /// `lock_timeout` of one attempt: the longest that an application query queues behind us.
    pub timeout: Duration,
    /// Attempts in all.
    pub attempts: u32,
    /// Pause between two attempts.
    pub pause: Duration,
    /// After the last attempt wait without a limit, as a runner without a lock budget does from
    /// the start, instead of giving up.
    pub then_wait: bool,
}

impl LockBudget {
    /// `lock_timeout` of an attempt in milliseconds; 0 is no limit (manual §19.11).
    fn timeout_of(&self, attempt: u32) -> u128 {
        if attempt > self.attempts { 0 } else { self.timeout.as_millis() }
    }
}

impl Default for LockBudget {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(3),
            attempts: 10,
            pause: Duration::from_secs(1),
            then_wait: false,
        }
    }
}

/// How scripts are run. The default is ours; a drop-in for Prisma may need less of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScriptRules {
    /// Script and history row in one transaction where the script allows it. Without it the whole
    /// script is one message between the row's insert and its update: Prisma up to 7.3.
    pub one_transaction: bool,
    /// Undo every `SET` and `SET ROLE` after a script.
    pub restore_session: bool,
    /// Refuse a script that opens a transaction and never ends it (UP-2101). Without it the
    /// transaction is committed with the script's end. (Prisma keeps nothing of it.)
    pub refuse_unclosed: bool,
}

impl Default for ScriptRules {
    fn default() -> Self {
        Self { one_transaction: true, restore_session: true, refuse_unclosed: true }
    }
}

/// What an execution needs beside the session.
#[derive(Debug, Clone)]
pub struct ExecutionContext {
    /// The history.
    pub history: HistoryTable,
    /// The schema of unqualified names.
    pub schema: String,
    /// The lock budget.
    pub locks: LockBudget,
    /// How scripts are run.
    pub rules: ScriptRules,
    /// How the advisory lock is held; `None` when it is not.
    pub lock: Option<AdvisoryLock>,
}

/// Runs one migration and records it.
///
/// # Errors
/// UP-4101 when a statement fails (undone, recorded as failed), UP-4102 when something had been
/// committed before, UP-4103 when a lock was not granted (undone, not recorded), UP-2101, UP-1105.
pub async fn run(
    session: &mut Session,
    migration: &Migration,
    context: &ExecutionContext,
    sink: &mut dyn EventSink,
) -> Result<()> {
    let begun = Instant::now();
    let script = Script::parse(&migration.script);
    let shape = script.shape();
    let rules = context.rules;
    let result = match &shape {
        TransactionShape::Unclosed { .. } if rules.refuse_unclosed => {
            return refuse_unclosed(migration);
        }
        _ if !rules.one_transaction => run_message(session, migration, context).await,
        TransactionShape::Unclosed { .. } => {
            run_separate(session, migration, &script, context).await
        }
        TransactionShape::Atomic => {
            run_atomic(session, migration, context, &Frame::ours(migration)).await
        }
        TransactionShape::Wrapped { body } => {
            run_atomic(session, migration, context, &Frame::authors(migration, &script, body)).await
        }
        TransactionShape::Separate { .. } => {
            run_separate(session, migration, &script, context).await
        }
    };
    for notice in session.take_notices() {
        // What the COMMIT or ROLLBACK that ends our own message says of a script that left no
        // transaction open.
        if !rules.one_transaction && notice.sqlstate == "25P01" {
            continue;
        }
        sink.emit(&Event::ServerNotice {
            migration: migration.name.to_string(),
            severity: notice.severity,
            message: notice.message,
        });
    }
    result?;
    sink.emit(&Event::MigrationApplied {
        name: migration.name.to_string(),
        statements: script.statements.len(),
        one_transaction: rules.one_transaction
            && matches!(shape, TransactionShape::Atomic | TransactionShape::Wrapped { .. }),
        duration: begun.elapsed(),
    });
    Ok(())
}

/// Refuses a script that opens a transaction and never ends it.
///
/// # Errors
/// UP-2101.
pub fn refuse_unclosed(migration: &Migration) -> Result<()> {
    let script = Script::parse(&migration.script);
    match script.shape() {
        TransactionShape::Unclosed { opened_by } => {
            Err(unclosed(migration, script.statements[opened_by].span.start))
        }
        _ => Ok(()),
    }
}

/// What opens the transaction, and the text inside with its place in the file.
struct Frame<'a> {
    begin: &'a str,
    body: &'a str,
    offset: usize,
}

impl<'a> Frame<'a> {
    fn ours(migration: &'a Migration) -> Self {
        Self { begin: "BEGIN", body: &migration.script, offset: 0 }
    }

    /// The author's own `BEGIN` keeps its isolation level; the history row joins it.
    fn authors(migration: &'a Migration, script: &Script, body: &std::ops::Range<usize>) -> Self {
        let text = &migration.script;
        let begin = &text[script.statements[0].span.clone()];
        let inside = &script.statements[body.clone()];
        match (inside.first(), inside.last()) {
            (Some(first), Some(last)) => Self {
                begin,
                body: &text[first.span.start..last.span.end],
                offset: first.span.start,
            },
            _ => Self { begin, body: "", offset: 0 },
        }
    }
}

async fn run_atomic(
    session: &mut Session,
    migration: &Migration,
    context: &ExecutionContext,
    frame: &Frame<'_>,
) -> Result<()> {
    let mut attempt = 1;
    loop {
        let started = Timestamp::now();
        let timeout = context.locks.timeout_of(attempt);
        let tried = try_atomic(session, migration, context, frame, started, timeout).await;
        let Err((offset, error)) = tried else {
            return restore(session, context).await;
        };
        if error.connection_lost {
            return Err(lost(migration, &error));
        }
        let _undone = session.simple_query("ROLLBACK").await;
        restore(session, context).await?;
        if !is_passing(&error) {
            record_failure(session, migration, context, started, &error).await;
            return Err(failed(migration, offset, &error)
                .changed(Changed::RolledBack { kept: String::new() }));
        }
        if attempt >= context.locks.attempts + u32::from(context.locks.then_wait) {
            return Err(no_lock(migration, context, &error));
        }
        attempt += 1;
        tokio::time::sleep(context.locks.pause).await;
    }
}

async fn try_atomic(
    session: &mut Session,
    migration: &Migration,
    context: &ExecutionContext,
    frame: &Frame<'_>,
    started: Timestamp,
    lock_timeout: u128,
) -> std::result::Result<(), (usize, SqlError)> {
    let begin = format!("{}; SET LOCAL lock_timeout = {lock_timeout}", frame.begin);
    let end = migration.script.len();
    session.simple_query(&begin).await.map_err(|e| (end, e))?;
    session.simple_query(frame.body).await.map_err(|e| (frame.offset, e))?;
    // The script may have moved to a role that must not write the history.
    let row = context.history.insert_applied_sql(migration, started, Timestamp::now());
    let close = format!("RESET SESSION AUTHORIZATION; RESET ROLE; {row} COMMIT");
    session.simple_query(&close).await.map(drop).map_err(|e| (end, e))
}

async fn run_separate(
    session: &mut Session,
    migration: &Migration,
    script: &Script,
    context: &ExecutionContext,
) -> Result<()> {
    let id = uuid::Uuid::new_v4().to_string();
    let row = context.history.insert_started_sql(migration, &id, Timestamp::now());
    session.simple_query(&row).await.map_err(|e| context.history.error(&e, "write"))?;
    for (index, statement) in script.statements.iter().enumerate() {
        let sql = &migration.script[statement.span.clone()];
        let sent = if is_concurrent(statement) {
            send_concurrent(session, sql, context).await?
        } else {
            let alone = !in_transaction(&script.statements[..index]);
            send_alone(session, sql, context, alone).await
        };
        let Err(error) = sent else { continue };
        if error.connection_lost {
            return Err(lost(migration, &error));
        }
        if in_transaction(&script.statements[..index]) {
            let _undone = session.simple_query("ROLLBACK").await;
        }
        restore(session, context).await?;
        let _kept = session
            .simple_query(&context.history.fail_sql(&id, &log_text(migration, &error)))
            .await;
        return Err(stopped(migration, script, index, &error));
    }
    if in_transaction(&script.statements) {
        session.simple_query("COMMIT").await.map_err(|e| lost(migration, &e))?;
    }
    restore(session, context).await?;
    session
        .simple_query(&context.history.finish_sql(&id, Timestamp::now()))
        .await
        .map(drop)
        .map_err(|e| context.history.error(&e, "write"))
}

fn is_concurrent(statement: &underpin_sql::Statement) -> bool {
    matches!(&statement.kind, StatementKind::NonTransactional { what } if what.ends_with("CONCURRENTLY"))
}

/// A statement that waits for old snapshots. A short `lock_timeout` would only leave an invalid
/// index behind, and it blocks nobody while it waits. Our advisory lock is set aside meanwhile: a
/// real Prisma that blocks in it holds a snapshot, and the two would deadlock.
///
/// # Errors
/// UP-4001 when another process kept the lock afterwards, UP-1105.
async fn send_concurrent(
    session: &Session,
    sql: &str,
    context: &ExecutionContext,
) -> Result<std::result::Result<(), SqlError>> {
    let aside = match &context.lock {
        Some(lock) => Some(coordinate::set_aside(session, lock).await?),
        None => None,
    };
    let sent = match session.simple_query("SET lock_timeout = 0").await {
        Ok(_) => session.simple_query(sql).await.map(drop),
        Err(error) => Err(error),
    };
    if let Some(aside) = aside {
        aside.take_back(session).await?;
    }
    Ok(sent)
}

/// One statement within the lock budget. One that stands `alone`, outside a transaction of the
/// script, is tried again when a lock was not granted.
async fn send_alone(
    session: &Session,
    sql: &str,
    context: &ExecutionContext,
    alone: bool,
) -> std::result::Result<(), SqlError> {
    let locks = &context.locks;
    let last = if alone { locks.attempts + u32::from(locks.then_wait) } else { 1 };
    let mut attempt = 1;
    loop {
        let timeout = match alone {
            true => locks.timeout_of(attempt),
            false if locks.then_wait => 0,
            false => locks.timeout.as_millis(),
        };
        session.simple_query(&format!("SET lock_timeout = {timeout}")).await?;
        match session.simple_query(sql).await {
            Err(error) if is_passing(&error) && attempt < last => attempt += 1,
            sent => return sent.map(drop),
        }
        tokio::time::sleep(locks.pause).await;
    }
}

/// The whole script as one message between the two writes of the row.
async fn run_message(
    session: &mut Session,
    migration: &Migration,
    context: &ExecutionContext,
) -> Result<()> {
    let id = uuid::Uuid::new_v4().to_string();
    let history = &context.history;
    let row = history.insert_started_sql(migration, &id, Timestamp::now());
    session.simple_query(&row).await.map_err(|e| history.error(&e, "write"))?;
    let Err(error) = session.simple_query(&migration.script).await else {
        // Ends a transaction that the script left open; otherwise a warning and nothing else.
        session.simple_query("COMMIT").await.map_err(|e| lost(migration, &e))?;
        restore(session, context).await?;
        let finish = history.finish_sql(&id, Timestamp::now());
        return session
            .simple_query(&finish)
            .await
            .map(drop)
            .map_err(|e| history.error(&e, "write"));
    };
    if error.connection_lost {
        return Err(lost(migration, &error));
    }
    let _undone = session.simple_query("ROLLBACK").await;
    restore(session, context).await?;
    let _kept = session.simple_query(&history.fail_sql(&id, &log_text(migration, &error))).await;
    Err(failed(migration, 0, &error).changed(Changed::Unknown {
        what: "the file was one message: everything since its last own COMMIT was undone"
            .to_owned(),
    }))
}

/// Whether a transaction of the script's own is open after these statements.
fn in_transaction(statements: &[underpin_sql::Statement]) -> bool {
    use TransactionControl::{Begin, Chain, Commit, Rollback};
    statements.iter().fold(false, |open, statement| match statement.kind {
        StatementKind::Transaction(Begin | Chain) => true,
        StatementKind::Transaction(Commit | Rollback) => false,
        _ => open,
    })
}

/// Undoes every `SET` and `SET ROLE` of a script; without that rule only what we set ourselves,
/// and the role, which may be one that must not write the history.
async fn restore(session: &mut Session, context: &ExecutionContext) -> Result<()> {
    let sql = if context.rules.restore_session {
        reset_sql(&context.schema)
    } else {
        "RESET SESSION AUTHORIZATION; RESET ROLE; RESET lock_timeout".to_owned()
    };
    session.simple_query(&sql).await.map(drop).map_err(|e| {
        Error::new(Code::ConnectionLost, "the session could not be put back to its settings")
            .caused_by(e)
    })
}

/// Lock not granted, deadlock, serialisation failure: another attempt may succeed.
fn is_passing(error: &SqlError) -> bool {
    matches!(error.sqlstate.as_deref(), Some("55P03" | "40P01" | "40001"))
}

/// Keeps Prisma's failed row. Its own transaction: the script's is gone.
async fn record_failure(
    session: &mut Session,
    migration: &Migration,
    context: &ExecutionContext,
    started: Timestamp,
    error: &SqlError,
) {
    let row = context.history.insert_failed_sql(migration, started, &log_text(migration, error));
    // The failure itself is what gets reported; a missing row means only that the next run tries
    // again without being asked.
    let _best_effort = session.simple_query(&row).await;
}

/// The text of `logs`, in the shape of Prisma's P3018.
fn log_text(migration: &Migration, error: &SqlError) -> String {
    format!(
        "A migration failed to apply. New migrations cannot be applied before the error is recovered from. \
         Read more about how to resolve migration issues in a production database: \
         https://pris.ly/d/migrate-resolve\n\nMigration name: {}\n\nDatabase error code: {}\n\nDatabase error:\nERROR: {}\n",
        migration.name,
        error.sqlstate.as_deref().unwrap_or("(none)"),
        error.message
    )
}

fn failed(migration: &Migration, offset: usize, error: &SqlError) -> Error {
    let words = format!("migration `{}` failed", migration.name);
    let mut result = Error::new(Code::MigrationFailed, words)
        .caused_by(error)
        .sqlstate(error.sqlstate.as_deref());
    if let Some(context) = &error.context {
        result = result.caused_by(context);
    }
    if let Some(location) = error_location(migration, offset, error) {
        result = result.at(location);
    }
    if let Some(hint) = &error.hint {
        result = result.hint(hint.clone());
    }
    result
        .hint(format!(
            "put the cause right, then: underpin resolve --rolled-back {}",
            migration.name
        ))
        .hint("and run the same command again")
}

fn stopped(migration: &Migration, script: &Script, index: usize, error: &SqlError) -> Error {
    let statement = &script.statements[index];
    let offset = statement.span.start;
    let location = error_location(migration, offset, error).unwrap_or_else(|| {
        SourceLocation::at(&migration.path.display().to_string(), &migration.script, offset)
    });
    if index == 0 {
        return failed(migration, offset, error)
            .at(location)
            .changed(Changed::RolledBack { kept: String::new() });
    }
    let count = script.statements.len();
    Error::new(Code::MigrationPartial, format!("migration `{}` stopped at statement {} of {count}", migration.name, index + 1))
        .caused_by(error)
        .sqlstate(error.sqlstate.as_deref())
        .at(location)
        .changed(Changed::Partial {
            what: format!(
                "statements 1 to {index} of {count} were sent one by one and are committed, unless the file rolled them back itself; statement {} and later are not",
                index + 1
            ),
        })
        .hint(format!("undo statements 1 to {index} by hand, then: underpin resolve --rolled-back {}", migration.name))
        .hint(format!("or finish the file by hand, then: underpin resolve --applied {}", migration.name))
}

fn lost(migration: &Migration, error: &SqlError) -> Error {
    Error::new(
        Code::ConnectionLost,
        format!("the connection was lost while migration `{}` ran", migration.name),
    )
    .caused_by(error)
    .sqlstate(error.sqlstate.as_deref())
    .changed(Changed::Unknown {
        what: format!(
            "`{}` is either in effect and recorded, or not at all, if it is one transaction",
            migration.name
        ),
    })
    .hint("underpin status")
}

fn no_lock(migration: &Migration, context: &ExecutionContext, error: &SqlError) -> Error {
    let locks = context.locks;
    Error::new(Code::LockTimeout, format!("migration `{}` did not get a lock", migration.name))
        .caused_by(error)
        .caused_by(format!("{} attempts of {:?}, {:?} apart", locks.attempts, locks.timeout, locks.pause))
        .sqlstate(error.sqlstate.as_deref())
        .changed(Changed::RolledBack { kept: String::new() })
        .hint("see who holds it: SELECT pid, state, xact_start, query FROM pg_stat_activity WHERE xact_start IS NOT NULL ORDER BY xact_start")
        .hint("then run the same command again, or allow longer: --lock-timeout 10s")
}
