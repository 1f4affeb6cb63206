//! The lease: one row in the target that says who may change it, with a fencing token.
//!
//! Every transaction that changes the target begins with [`Lease::fence`], which locks that row and
//! fails unless the token is still ours: a holder that was paused and overtaken is rejected by the
//! database, not by timing. Time is the server's clock. While such a transaction is open, nobody
//! can take the lease, however long it lasts.

use std::time::Duration;

use crate::error::{Code, Error};
use crate::postgres::{Session, SqlError, literal};

/// How long a lease lasts without being renewed.
pub(super) const TTL: Duration = Duration::from_secs(30);
/// The `application_name` of a run's sessions, in SQL over its lease `l`.
pub(super) const RUN_SESSION: &str = "'underpin ' || l.run";
/// The form of our tables; a newer one is not written to.
const PROTOCOL: u32 = 1;

/// Our hold on the target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// The fencing token, larger than every one before it.
    pub token: i64,
    run: String,
}

/// What came of an attempt.
#[derive(Debug)]
pub(super) enum Attempt {
    /// It is ours; `from` is the run that left it behind.
    Taken { lease: Lease, from: Option<String> },
    /// Somebody has it.
    Held,
    /// A newer Underpin made it, in this form.
    Newer(u32),
}

/// The row as another run left it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Seen {
    protocol: u32,
    token: i64,
    run: Option<String>,
    /// Not expired by the server's clock.
    valid: bool,
    /// Written on this very server since it was started. One that came with a restored backup, or
    /// with a failover, is not.
    native: bool,
    /// Behind a transaction pooler a backend says nothing about its client.
    pooled: bool,
    /// The holder's backend is there.
    alive: bool,
}

impl Seen {
    /// Whether the holder may still write.
    fn is_held(&self) -> bool {
        self.run.is_some() && self.native && self.valid && (self.pooled || self.alive)
    }
}

impl Lease {
    /// Renews the lease, locks its row to the end of the transaction, and fails with SQLSTATE
    /// 22012 unless it is ours.
    #[must_use]
    pub fn fence(&self) -> String {
        let mine = self.is_mine();
        format!(
            "UPDATE underpin.lease SET expires_at = clock_timestamp() + interval '{} seconds' WHERE {mine};\n\
             SELECT 1 / count(*) FROM underpin.lease WHERE {mine};\n",
            TTL.as_secs()
        )
    }

    fn is_mine(&self) -> String {
        format!("token = {} AND run = {}", self.token, literal(&self.run))
    }

    /// Names the backend that this is sent to as the one whose life stands for ours.
    #[must_use]
    pub(super) fn move_sql(&self) -> String {
        format!(
            "BEGIN; SET LOCAL lock_timeout = '2s';\n\
             UPDATE underpin.lease SET backend_pid = a.pid, backend_start = a.backend_start \
             FROM pg_catalog.pg_stat_activity a WHERE a.pid = pg_catalog.pg_backend_pid() AND {};\nCOMMIT",
            self.is_mine()
        )
    }

    /// Gives it back. The token stays, so that the next one is larger.
    #[must_use]
    pub(super) fn release_sql(&self) -> String {
        format!("UPDATE underpin.lease SET run = NULL, expires_at = NULL WHERE {}", self.is_mine())
    }
}

/// A stale holder was rejected by its token.
#[must_use]
pub fn fenced(migration: &str) -> Error {
    Error::new(
        Code::Fenced,
        format!("another run took over this database before `{migration}` could be written"),
    )
    .caused_by("this process was paused or cut off for longer than its lease")
    .hint("look what the other run does: underpin status")
}

/// Tries once. `main` is the backend whose life stands for ours; `pooled` says that it does not.
pub(super) async fn try_take(
    session: &Session,
    run: &str,
    pooled: bool,
) -> std::result::Result<Attempt, SqlError> {
    let sql = "BEGIN; SET LOCAL lock_timeout = '200ms';\n\
        SELECT l.protocol::text, l.token::text, l.run, (l.expires_at > clock_timestamp())::text, \
        (l.system_identifier = s.system_identifier::text AND l.postmaster_start = pg_catalog.pg_postmaster_start_time())::text, \
        l.pooled::text, EXISTS (SELECT FROM pg_catalog.pg_stat_activity a WHERE a.pid = l.backend_pid \
        AND (a.backend_start IS NULL OR a.backend_start = l.backend_start))::text \
        FROM underpin.lease l, pg_catalog.pg_control_system() s FOR UPDATE OF l";
    let seen = match session.rows(sql).await {
        Ok(rows) => rows.into_iter().next().map(seen).unwrap_or_default(),
        Err(e) => {
            let _ended = session.simple_query("ROLLBACK").await;
            // lock_not_available: a transaction of the holder is open.
            return if e.is("55P03") { Ok(Attempt::Held) } else { Err(e) };
        }
    };
    if seen.is_held() || seen.protocol > PROTOCOL {
        session.simple_query("ROLLBACK").await?;
        return Ok(match seen.protocol {
            newer if newer > PROTOCOL => Attempt::Newer(newer),
            _ => Attempt::Held,
        });
    }
    let lease = Lease { token: seen.token + 1, run: run.to_owned() };
    let sql = format!(
        "UPDATE underpin.lease SET token = {}, run = {}, owner = pg_catalog.current_setting('application_name'), \
         pooled = {pooled}, backend_pid = a.pid, backend_start = a.backend_start, \
         expires_at = clock_timestamp() + interval '{} seconds', system_identifier = s.system_identifier::text, \
         postmaster_start = pg_catalog.pg_postmaster_start_time() \
         FROM pg_catalog.pg_stat_activity a, pg_catalog.pg_control_system() s WHERE a.pid = pg_catalog.pg_backend_pid();\n\
         COMMIT",
        lease.token,
        literal(run),
        TTL.as_secs()
    );
    if let Err(e) = session.simple_query(&sql).await {
        let _ended = session.simple_query("ROLLBACK").await;
        return Err(e);
    }
    Ok(Attempt::Taken { lease, from: seen.run })
}

fn seen(row: Vec<Option<String>>) -> Seen {
    let mut values = row.into_iter();
    let mut next = || values.next().flatten();
    let is = |value: Option<String>| value.as_deref() == Some("true");
    Seen {
        protocol: next().and_then(|v| v.parse().ok()).unwrap_or(0),
        token: next().and_then(|v| v.parse().ok()).unwrap_or(0),
        run: next(),
        valid: is(next()),
        native: is(next()),
        pooled: is(next()),
        alive: is(next()),
    }
}

/// Ends the sessions of a run whose lease has run out while no transaction of it is open: a
/// process that was paused, say. Only backends that carry its run id are touched.
///
/// # Errors
/// What the server said.
pub(super) async fn end_stale_sessions(session: &Session) -> std::result::Result<(), SqlError> {
    let sql = format!(
        "BEGIN; SET LOCAL lock_timeout = '100ms';\n\
         SELECT pg_catalog.pg_terminate_backend(a.pid) FROM (SELECT run FROM underpin.lease \
         WHERE run IS NOT NULL AND expires_at < clock_timestamp() FOR UPDATE) l \
         JOIN pg_catalog.pg_stat_activity a ON a.application_name = {RUN_SESSION};\n\
         COMMIT"
    );
    let ended = session.simple_query(&sql).await;
    if ended.is_err() {
        session.simple_query("ROLLBACK").await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_held_only_by_somebody_who_may_still_write() {
        let held = Seen {
            protocol: 1,
            token: 7,
            run: Some("r".to_owned()),
            valid: true,
            native: true,
            pooled: false,
            alive: true,
        };
        assert!(held.is_held());
        assert!(!Seen { run: None, ..held.clone() }.is_held(), "given back");
        assert!(!Seen { valid: false, ..held.clone() }.is_held(), "run out");
        assert!(!Seen { native: false, ..held.clone() }.is_held(), "came with a backup");
        assert!(!Seen { alive: false, ..held.clone() }.is_held(), "its process is dead");
        assert!(
            Seen { alive: false, pooled: true, ..held }.is_held(),
            "behind a pooler only time tells"
        );
    }
}
