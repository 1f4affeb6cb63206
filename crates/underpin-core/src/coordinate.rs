//! Coordination: one migrating process per database.
//!
//! Invariants: Prisma's own advisory lock is the gate, so that a real Prisma and we exclude each
//! other; it is *polled*, never waited for, because a session blocked in `pg_advisory_lock` holds
//! a snapshot and deadlocks `CREATE INDEX CONCURRENTLY` (reproduced on PostgreSQL 13–18).

use std::time::{Duration, Instant};

use crate::error::{Code, Error, Result};
use crate::postgres::{Session, SqlError};

/// The key of Prisma's advisory lock, a session lock with one bigint key.
pub const PRISMA_LOCK_KEY: i64 = 72_707_369;

const POLL_PAUSE: Duration = Duration::from_millis(150);

/// Polls for the lock until it is ours. It is held until the session ends or [`release`] is
/// called. `waiting` is told once who holds it.
///
/// # Errors
/// UP-4001 after `patience`.
pub async fn acquire(
    session: &Session,
    patience: Duration,
    waiting: &mut (dyn FnMut(String) + Send),
) -> Result<Duration> {
    let begun = Instant::now();
    let mut told = false;
    loop {
        let got = session
            .value(&format!("SELECT pg_catalog.pg_try_advisory_lock({PRISMA_LOCK_KEY})"))
            .await
            .map_err(|e| failed(&e))?;
        if got.as_deref() == Some("t") {
            return Ok(begun.elapsed());
        }
        let holder =
            if told && begun.elapsed() < patience { None } else { Some(holder(session).await) };
        if begun.elapsed() >= patience {
            let words = format!(
                "another process is migrating this database: {}",
                holder.unwrap_or_default()
            );
            return Err(Error::new(Code::LockBusy, words)
                .caused_by(format!("the lock was not free within {} s", patience.as_secs()))
                .hint("run the same command again when it is done, or wait longer with --wait SECONDS"));
        }
        if let Some(holder) = holder {
            waiting(holder);
            told = true;
        }
        tokio::time::sleep(POLL_PAUSE).await;
    }
}

/// Gives the lock back.
///
/// # Errors
/// UP-1105; the lock then ends with the session.
pub async fn release(session: &Session) -> Result<()> {
    session
        .value(&format!("SELECT pg_catalog.pg_advisory_unlock({PRISMA_LOCK_KEY})"))
        .await
        .map(drop)
        .map_err(|e| failed(&e))
}

async fn holder(session: &Session) -> String {
    // pg_locks shows a bigint key as two halves (manual §54.12): classid 0, objid the key.
    let sql = format!(
        "SELECT format('backend %s, %s, since %s', l.pid, COALESCE(NULLIF(a.application_name, ''), 'unnamed'), \
         date_trunc('second', a.backend_start)) FROM pg_catalog.pg_locks l \
         LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid \
         WHERE l.locktype = 'advisory' AND l.classid = 0 AND l.objid = {PRISMA_LOCK_KEY} AND l.granted"
    );
    session
        .value(&sql)
        .await
        .ok()
        .flatten()
        .unwrap_or_else(|| "a session that is just ending".to_owned())
}

fn failed(error: &SqlError) -> Error {
    let code = if error.connection_lost { Code::ConnectionLost } else { Code::LockBusy };
    Error::new(code, "the migration lock could not be asked for")
        .caused_by(error)
        .sqlstate(error.sqlstate.as_deref())
}
