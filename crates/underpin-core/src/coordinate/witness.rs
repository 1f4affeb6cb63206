//! The witness: a second session that does nothing but stay open, on servers that cannot notice
//! by themselves that a client is gone (before PostgreSQL 14).
//!
//! A backend that works does not read its socket: when our process is killed, its statement goes
//! on to its end and holds lock and lease that long (7.5 s of 8 s measured). An idle backend does
//! read, and ends with the process at once. So the one without the other is an orphan, and whoever
//! waits ends it.
//!
//! Invariants: only a backend is ended that the lease names by pid and start time and that carries
//! the run's name; two looks must find it without a witness. A run that needs a witness and cannot
//! have one does not begin.

use super::lease::RUN_SESSION;
use crate::postgres::{Queryable as _, Session, SqlError, literal};

/// The first major with `client_connection_check_interval` (manual §20.3.2).
const WATCHES_CLIENTS: u32 = 14;

/// Whether the server ends the work of a client that is gone.
#[must_use]
pub fn watches_clients(session: &Session) -> bool {
    session.version().major() >= WATCHES_CLIENTS
}

/// A backend: its pid and when it was started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Backend {
    pid: String,
    start: String,
}

/// The lease's backend, if it works without a witness.
pub(super) async fn find_orphan(session: &Session) -> Result<Option<Backend>, SqlError> {
    let sql = format!(
        "SELECT a.pid::text, a.backend_start::text FROM underpin.lease l \
         JOIN pg_catalog.pg_stat_activity a ON a.pid = l.backend_pid AND a.backend_start = l.backend_start \
         AND a.application_name = {RUN_SESSION} AND a.state = 'active' WHERE NOT l.pooled \
         AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_activity w \
         WHERE w.application_name = a.application_name AND w.pid <> a.pid)"
    );
    let row = session.rows(&sql).await?.into_iter().next();
    Ok(row.and_then(|row| {
        let mut values = row.into_iter().flatten();
        Some(Backend { pid: values.next()?, start: values.next()? })
    }))
}

/// Ends it, if it is still that one.
pub(super) async fn end(session: &Session, orphan: &Backend) -> Result<(), SqlError> {
    let sql = format!(
        "SELECT pg_catalog.pg_terminate_backend(a.pid) FROM pg_catalog.pg_stat_activity a \
         WHERE a.pid::text = {} AND a.backend_start::text = {}",
        literal(&orphan.pid),
        literal(&orphan.start)
    );
    session.simple_query(&sql).await.map(drop)
}
