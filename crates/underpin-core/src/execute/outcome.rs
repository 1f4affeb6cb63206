//! What became of a transaction whose `COMMIT` was not answered.
//!
//! Never guessed: the server knows the transaction's id and says whether it committed
//! (`pg_xact_status`, manual §9.27.10). One that is still in progress belongs to our own dead
//! session; it is waited for, then ended. The history row, which is part of the transaction, is
//! the second witness.

use std::time::{Duration, Instant};

use super::link::Link;
use crate::error::{Code, Error, Result};
use crate::history::HistoryTable;
use crate::postgres::{SqlError, literal};

/// How long a transaction may stay in progress after its client is gone.
const IN_PROGRESS_BUDGET: Duration = Duration::from_secs(15);
/// After this it is ended.
const IN_PROGRESS_PATIENCE: Duration = Duration::from_secs(2);

/// A transaction of ours.
#[derive(Debug, Clone)]
pub(super) struct OurTransaction {
    /// `pg_current_xact_id()`.
    xid: String,
    /// The server: system identifier and timeline.
    server: String,
}

/// The query whose one row is an [`OurTransaction`]; the last before its `COMMIT`.
pub(super) const WHO: &str = "SELECT pg_catalog.pg_current_xact_id()::text, \
    (SELECT s.system_identifier || '/' || c.timeline_id \
    FROM pg_catalog.pg_control_system() s, pg_catalog.pg_control_checkpoint() c)";

impl OurTransaction {
    pub(super) fn of(row: &[Option<String>]) -> Option<Self> {
        let value = |i: usize| row.get(i).cloned().flatten();
        Some(Self { xid: value(0)?, server: value(1).unwrap_or_default() })
    }
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Committed,
    Aborted,
}

/// Opens a new session and finds out. Without a `transaction` its `COMMIT` was never sent, and only
/// the backend has to be ended. `row` is the id that the transaction's history row has.
///
/// # Errors
/// UP-1105 when the server does not come back, or the transaction does not end, in time.
pub(super) async fn resolve(
    link: &mut Link,
    transaction: Option<&OurTransaction>,
    history: &HistoryTable,
    row: &str,
) -> Result<Outcome> {
    let orphan = link.backend.clone();
    link.reconnect().await?;
    let Some(transaction) = transaction else {
        // It holds its locks until the server notices, and until it is gone what it did last may
        // still become visible.
        end_backend(link, orphan.as_ref()).await;
        await_end(link, orphan.as_ref()).await;
        return Ok(Outcome::Aborted);
    };
    let begun = Instant::now();
    loop {
        match look(link, transaction, history, row).await {
            Ok(Some(outcome)) => return Ok(outcome),
            Ok(None) => {}
            Err(e) if e.connection_lost => link.reconnect().await?,
            Err(e) => {
                return Err(unknown().caused_by(&e).sqlstate(e.sqlstate.as_deref()));
            }
        }
        if begun.elapsed() > IN_PROGRESS_BUDGET {
            return Err(unknown().caused_by("its transaction is still in progress on the server"));
        }
        if begun.elapsed() > IN_PROGRESS_PATIENCE {
            end_backend(link, orphan.as_ref()).await;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// One look; `None` while it is in progress.
async fn look(
    link: &Link,
    transaction: &OurTransaction,
    history: &HistoryTable,
    row: &str,
) -> std::result::Result<Option<Outcome>, SqlError> {
    let recorded = async || {
        let there = history.has_row(&link.session, row).await?;
        Ok(Some(if there { Outcome::Committed } else { Outcome::Aborted }))
    };
    let server = "SELECT s.system_identifier || '/' || c.timeline_id \
        FROM pg_catalog.pg_control_system() s, pg_catalog.pg_control_checkpoint() c";
    if link.session.value(server).await?.unwrap_or_default() != transaction.server {
        // Another node after a failover: transaction ids mean nothing there.
        return recorded().await;
    }
    let sql =
        format!("SELECT pg_catalog.pg_xact_status({}::pg_catalog.xid8)", literal(&transaction.xid));
    match link.session.value(&sql).await {
        Ok(Some(status)) if status == "committed" => Ok(Some(Outcome::Committed)),
        Ok(Some(status)) if status == "aborted" => Ok(Some(Outcome::Aborted)),
        Ok(Some(_)) => Ok(None),
        // Forgotten, or in the future of a server that was set back.
        Ok(None) => recorded().await,
        Err(e) if e.is("22023") => recorded().await,
        Err(e) => Err(e),
    }
}

/// Only our own: the pid alone may belong to somebody else by now.
async fn end_backend(link: &Link, backend: Option<&(String, String)>) {
    let Some((pid, start)) = backend else { return };
    let sql = format!(
        "SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity \
         WHERE pid = {} AND backend_start = {}::timestamptz",
        pid.parse::<i32>().unwrap_or_default(),
        literal(start)
    );
    let _best_effort = link.session.simple_query(&sql).await;
}

/// Waits, within a bound, until a backend that was ended is gone.
async fn await_end(link: &Link, backend: Option<&(String, String)>) {
    let Some((pid, start)) = backend else { return };
    let sql = format!(
        "SELECT 1 FROM pg_catalog.pg_stat_activity WHERE pid = {} AND backend_start = {}::timestamptz",
        pid.parse::<i32>().unwrap_or_default(),
        literal(start)
    );
    let begun = Instant::now();
    while begun.elapsed() < IN_PROGRESS_PATIENCE {
        if !matches!(link.session.value(&sql).await, Ok(Some(_))) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn unknown() -> Error {
    Error::new(Code::ConnectionLost, "what became of a transaction could not be found out")
}
