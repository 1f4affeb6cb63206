//! Prisma's advisory lock, so that a real Prisma and we exclude each other.
//!
//! It is *polled*, never waited for: a session blocked in `pg_advisory_lock` holds a snapshot and
//! deadlocks `CREATE INDEX CONCURRENTLY` (reproduced on PostgreSQL 13–18).

use crate::error::{Code, Error, Result};
use crate::postgres::{Session, SqlError};

/// The key of Prisma's advisory lock, a session lock with one bigint key.
pub const PRISMA_LOCK_KEY: i64 = 72_707_369;

/// Whether somebody blocks in the lock that this database's `session` holds.
pub(super) async fn is_awaited(session: &Session) -> Result<bool> {
    let sql = format!(
        "SELECT 1 FROM pg_catalog.pg_locks WHERE locktype = 'advisory' AND classid = 0 \
         AND objid = {PRISMA_LOCK_KEY} AND NOT granted \
         AND database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())"
    );
    session.value(&sql).await.map(|found| found.is_some()).map_err(|e| failed(&e))
}

/// Asks for the lock once.
pub(super) async fn try_lock(session: &Session) -> Result<bool> {
    session
        .value(&format!("SELECT pg_catalog.pg_try_advisory_lock({PRISMA_LOCK_KEY})"))
        .await
        .map(|got| got.as_deref() == Some("t"))
        .map_err(|e| failed(&e))
}

/// Gives the lock back.
///
/// # Errors
/// UP-1105; the lock then ends with the session.
pub(super) async fn release(session: &Session) -> Result<()> {
    session
        .value(&format!("SELECT pg_catalog.pg_advisory_unlock({PRISMA_LOCK_KEY})"))
        .await
        .map(drop)
        .map_err(|e| failed(&e))
}

/// Who holds it, in words.
pub(super) async fn holder(session: &Session) -> String {
    // pg_locks shows a bigint key as two halves (manual §54.12): classid 0, objid the key.
    let sql = format!(
        "SELECT format('backend %s, %s, since %s', l.pid, COALESCE(NULLIF(a.application_name, ''), 'unnamed'), \
         date_trunc('second', a.backend_start)) FROM pg_catalog.pg_locks l \
         LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid \
         WHERE l.locktype = 'advisory' AND l.classid = 0 AND l.objid = {PRISMA_LOCK_KEY} AND l.granted \
         AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())"
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
        .hint("run the same command again")
}
