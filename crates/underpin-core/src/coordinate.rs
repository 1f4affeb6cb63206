//! Coordination: one migrating process per database.
//!
//! Invariants: Prisma's own advisory lock is the gate, so that a real Prisma and we exclude each
//! other; it is *polled*, never waited for, because a session blocked in `pg_advisory_lock` holds
//! a snapshot and deadlocks `CREATE INDEX CONCURRENTLY` (reproduced on PostgreSQL 13–18).

use std::time::{Duration, Instant};

use crate::error::{Code, Error, Result};
use crate::postgres::{ConnectionSettings, Session, SqlError};

/// The key of Prisma's advisory lock, a session lock with one bigint key.
pub const PRISMA_LOCK_KEY: i64 = 72_707_369;

const POLL_PAUSE: Duration = Duration::from_millis(150);

/// How the lock is taken.
#[derive(Debug, Clone)]
pub struct AdvisoryLock {
    /// The target, for a second session.
    pub target: ConnectionSettings,
    /// How long to poll for it.
    pub patience: Duration,
}

/// The lock, held by a session of its own while the first one is busy. See [`set_aside`].
#[derive(Debug)]
pub struct Aside {
    keeper: tokio::task::JoinHandle<()>,
    lock: AdvisoryLock,
}

/// Moves the lock from `session` to a second session that gives it up as soon as another process
/// *blocks* in it (Prisma does), and takes it again when that one is gone. The migration's started
/// row keeps the other from applying anything meanwhile. A process that only polls, like us, never
/// gets it.
///
/// # Errors
/// UP-1101 and its like when the second session cannot be opened, UP-1105.
pub async fn set_aside(session: &Session, lock: &AdvisoryLock) -> Result<Aside> {
    let second = lock.target.connect().await?;
    release(session).await?;
    let mut held = try_lock(&second).await?;
    let keeper = tokio::spawn(async move {
        loop {
            // A lost second session loses the lock with it; the started row still stands.
            let turned = if held {
                match is_awaited(&second).await {
                    Ok(true) => release(&second).await.map(|()| false),
                    awaited => awaited.map(|_| true),
                }
            } else {
                try_lock(&second).await
            };
            match turned {
                Ok(now) => held = now,
                Err(_) => return,
            }
            tokio::time::sleep(POLL_PAUSE).await;
        }
    });
    Ok(Aside { keeper, lock: lock.clone() })
}

impl Aside {
    /// Gives the lock back to `session`.
    ///
    /// # Errors
    /// UP-4001 when another process keeps it, UP-1105.
    pub async fn take_back(self, session: &Session) -> Result<()> {
        // Ends the second session, and its lock with it.
        self.keeper.abort();
        let _aborted = self.keeper.await;
        if session.is_closed() {
            return Ok(());
        }
        acquire(session, self.lock.patience, &mut |_| {}).await.map(drop)
    }
}

/// Whether somebody blocks in the lock that this database's `session` holds.
async fn is_awaited(session: &Session) -> Result<bool> {
    let sql = format!(
        "SELECT 1 FROM pg_catalog.pg_locks WHERE locktype = 'advisory' AND classid = 0 \
         AND objid = {PRISMA_LOCK_KEY} AND NOT granted \
         AND database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())"
    );
    session.value(&sql).await.map(|found| found.is_some()).map_err(|e| failed(&e))
}

async fn try_lock(session: &Session) -> Result<bool> {
    session
        .value(&format!("SELECT pg_catalog.pg_try_advisory_lock({PRISMA_LOCK_KEY})"))
        .await
        .map(|got| got.as_deref() == Some("t"))
        .map_err(|e| failed(&e))
}

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
        if try_lock(session).await? {
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
}
