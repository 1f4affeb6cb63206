//! Claims that take more than one query to measure.

use std::time::{Duration, Instant};

use underpin_core::postgres::{Session, SqlError};

use super::{Fixture, check, failed, run, said, value};

/// A migration that does not wait for the other session by then never will.
const WAIT_MAX: Duration = Duration::from_secs(5);
const POLL: Duration = Duration::from_millis(5);

pub(super) async fn locks(
    fixture: &Fixture,
    session: &Session,
    mode: &str,
    table: &str,
    expected: bool,
) -> Result<(), String> {
    let oid = value(session, &format!("SELECT '{table}'::regclass::oid")).await?;
    said(session.simple_query("BEGIN").await)?;
    said(run(fixture, session).await)?;
    let query = format!(
        "SELECT string_agg(mode, ' ') FROM pg_locks WHERE relation = {oid} AND pid = pg_backend_pid() AND granted"
    );
    let held = value(session, &query).await?;
    said(session.simple_query("ROLLBACK").await)?;
    check(held.split(' ').any(|m| m == mode) == expected, format!("{table} is held in {held}"))
}

pub(super) async fn scans(
    fixture: &Fixture,
    session: &Session,
    table: &str,
    expected: bool,
) -> Result<(), String> {
    let oid = value(session, &format!("SELECT '{table}'::regclass::oid")).await?;
    // However small it is, a check of every row then reads the table itself.
    let begin = "BEGIN; SET LOCAL enable_indexscan = off; SET LOCAL enable_bitmapscan = off;
         SET LOCAL enable_indexonlyscan = off; SET LOCAL enable_nestloop = off";
    said(session.simple_query(begin).await)?;
    let query = format!("SELECT pg_stat_get_xact_numscans({oid})");
    let before = value(session, &query).await?;
    said(run(fixture, session).await)?;
    let after = value(session, &query).await?;
    said(session.simple_query("ROLLBACK").await)?;
    check(
        (before != after) == expected,
        format!("scans of {table}: {before} before, {after} after"),
    )
}

pub(super) async fn file(session: &Session, table: &str) -> Result<String, String> {
    value(session, &format!("SELECT pg_relation_filenode('{table}')")).await
}

/// Whether an index of the table has a file that none had before.
pub(super) async fn builds(
    fixture: &Fixture,
    session: &Session,
    table: &str,
    expected: bool,
) -> Result<(), String> {
    let oid = value(session, &format!("SELECT '{table}'::regclass::oid")).await?;
    let query = format!(
        "SELECT coalesce(string_agg(pg_relation_filenode(indexrelid)::text, ' '), '')
         FROM pg_index WHERE indrelid = {oid}"
    );
    let before = value(session, &query).await?;
    said(run(fixture, session).await)?;
    let after = value(session, &query).await?;
    let known: Vec<&str> = before.split(' ').collect();
    let new = after.split(' ').any(|file| !file.is_empty() && !known.contains(&file));
    check(new == expected, format!("files of indexes of {table}: {before} before, {after} after"))
}

/// The log grows by at least the table's size.
pub(super) async fn logs(fixture: &Fixture, session: &Session, table: &str) -> Result<(), String> {
    let bytes = value(session, &format!("SELECT pg_relation_size('{table}')")).await?;
    let from = value(session, "SELECT pg_current_wal_insert_lsn()").await?;
    said(run(fixture, session).await)?;
    let query = format!("SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '{from}')::bigint");
    let logged = value(session, &query).await?;
    let number = |text: &str| text.parse::<u64>().map_err(|e| e.to_string());
    check(
        number(&bytes)? > 0 && number(&logged)? >= number(&bytes)?,
        format!("{logged} bytes of log for {bytes} bytes of {table}"),
    )
}

/// Another session's query while the migration's transaction is open.
pub(super) async fn beside(
    fixture: &Fixture,
    session: &Session,
    other: &Session,
    query: &str,
    blocked: bool,
) -> Result<(), String> {
    said(session.simple_query("BEGIN").await)?;
    said(run(fixture, session).await)?;
    said(other.simple_query("SET lock_timeout = '50ms'").await)?;
    let answer = other.simple_query(query).await;
    said(session.simple_query("ROLLBACK").await)?;
    if blocked { failed(answer, "55P03") } else { said(answer) }
}

/// The migration, while another session has run `query` and not ended. `code`: it gives up by
/// itself; otherwise it waits until the other has ended.
pub(super) async fn waits(
    fixture: &Fixture,
    session: &Session,
    other: &Session,
    query: &str,
    code: Option<&str>,
) -> Result<(), String> {
    let pid = value(session, "SELECT pg_backend_pid()").await?;
    said(other.simple_query("BEGIN ISOLATION LEVEL REPEATABLE READ").await)?;
    said(other.simple_query(query).await)?;
    let waiting = format!("SELECT count(*) FROM pg_locks WHERE pid = {pid} AND NOT granted");
    let mut running = Box::pin(run(fixture, session));
    let (started, mut seen) = (Instant::now(), false);
    let early: Option<Result<(), SqlError>> = loop {
        tokio::select! {
            result = &mut running => break Some(result),
            () = tokio::time::sleep(POLL) => {
                seen = seen || value(other, &waiting).await? != "0";
                // One that gives up is let do so.
                if seen && code.is_none() || started.elapsed() > WAIT_MAX {
                    break None;
                }
            }
        }
    };
    said(other.simple_query("ROLLBACK").await)?;
    match (early, code) {
        (Some(result), Some(code)) => failed(result, code),
        (Some(result), None) => Err(format!("it does not wait: {result:?}")),
        (None, Some(_)) => {
            said(running.await)?;
            Err("it does not give up".to_owned())
        }
        (None, None) => {
            check(seen, "it is not seen to wait".to_owned())?;
            said(running.await)
        }
    }
}
