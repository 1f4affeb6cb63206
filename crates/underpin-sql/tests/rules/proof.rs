//! What the scripts of a rule's folder claim, put to a real server.
//!
//! `-- proves: …` is one of: `passes`; `fails SQLSTATE` (or several with a slash), optionally `until MAJOR`; `locks MODE
//! table`; `breaks SQLSTATE: query` (what an application asks afterwards); `after VALUE: query` (the
//! first value that it gets); `rewrites table`, `keeps table` (its file); `scans table`, `skips table` (whether it is
//! read whole). Tables are those that were there before the migration.

use underpin_core::postgres::{Session, SqlError};
use underpin_sql::context::places;
use underpin_sql::model;
use underpin_testkit::TestDatabase;

use super::fixture::Fixture;

/// An empty database again.
const ANEW: &str = "ROLLBACK; DISCARD ALL; SET client_min_messages = error;
    DROP SCHEMA IF EXISTS public, app, old CASCADE; CREATE SCHEMA public";

/// Puts one claim to a server of `major`, on a database that is emptied before.
pub(super) async fn put(
    fixture: &Fixture,
    claim: &str,
    database: &TestDatabase,
    major: u32,
) -> Result<(), String> {
    let session = &database.session;
    let (claim, query) = claim.split_once(": ").map_or((claim, None), |(c, q)| (c, Some(q)));
    let words: Vec<&str> = claim.split_whitespace().collect();
    for statement in ANEW.split(';') {
        session.simple_query(statement).await.map_err(|e| format!("{statement}: {e}"))?;
    }
    if !fixture.given.trim().is_empty() {
        session.simple_query(&fixture.given).await.map_err(|e| format!("given: {e}"))?;
    }
    match words.as_slice() {
        ["breaks", code] => {
            run(fixture, session).await.map_err(|e| e.to_string())?;
            match session.simple_query(query.unwrap_or_default()).await {
                Ok(_) => Err("the application goes on".to_owned()),
                Err(error) => check(error.is(code), format!("the application gets {error}")),
            }
        }
        ["after", expected] => {
            run(fixture, session).await.map_err(|e| e.to_string())?;
            let found = value(session, query.unwrap_or_default()).await?;
            check(found == *expected, format!("it is {found}"))
        }
        ["passes"] => run(fixture, session).await.map_err(|e| e.to_string()),
        ["fails", code] => fails(fixture, session, code).await,
        ["fails", code, "until", before] => {
            if major < before.parse::<u32>().map_err(|e| e.to_string())? {
                fails(fixture, session, code).await
            } else {
                run(fixture, session).await.map_err(|e| e.to_string())
            }
        }
        ["locks", mode, table] => locks(fixture, session, mode, table).await,
        ["rewrites" | "keeps", table] => {
            let before = file(session, table).await?;
            run(fixture, session).await.map_err(|e| e.to_string())?;
            let same = before == file(session, table).await?;
            check(same == (words[0] == "keeps"), format!("the file of {table}: the same is {same}"))
        }
        ["scans" | "skips", table] => scans(fixture, session, table, words[0] == "scans").await,
        _ => Err(format!("not understood: {claim}")),
    }
}

fn check(holds: bool, words: String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(words) }
}

/// As the runner of the fixture would: together where it can be, else statement by statement.
async fn run(fixture: &Fixture, session: &Session) -> Result<(), SqlError> {
    for text in &fixture.migrations {
        let statements = model::read(text);
        let places = places(text, &statements, fixture.options.runner);
        let together = places.iter().all(|p| p.block && p.transaction == 1) || places.len() == 1;
        if together {
            session.simple_query(text).await?;
            continue;
        }
        for statement in &statements {
            session.simple_query(&text[statement.span.clone()]).await?;
        }
    }
    Ok(())
}

async fn fails(fixture: &Fixture, session: &Session, code: &str) -> Result<(), String> {
    match run(fixture, session).await {
        Ok(()) => Err("it passes".to_owned()),
        Err(error) => check(code.split('/').any(|c| error.is(c)), format!("it fails with {error}")),
    }
}

async fn locks(
    fixture: &Fixture,
    session: &Session,
    mode: &str,
    table: &str,
) -> Result<(), String> {
    let oid = value(session, &format!("SELECT '{table}'::regclass::oid")).await?;
    session.simple_query("BEGIN").await.map_err(|e| e.to_string())?;
    run(fixture, session).await.map_err(|e| e.to_string())?;
    let query = format!(
        "SELECT string_agg(mode, ' ') FROM pg_locks WHERE relation = {oid} AND pid = pg_backend_pid() AND granted"
    );
    let held = value(session, &query).await?;
    session.simple_query("ROLLBACK").await.map_err(|e| e.to_string())?;
    check(held.split(' ').any(|m| m == mode), format!("{table} is held in {held}"))
}

async fn scans(
    fixture: &Fixture,
    session: &Session,
    table: &str,
    expected: bool,
) -> Result<(), String> {
    let oid = value(session, &format!("SELECT '{table}'::regclass::oid")).await?;
    // However small it is, a check of every row then reads the table itself.
    session
        .simple_query(
            "BEGIN; SET LOCAL enable_indexscan = off; SET LOCAL enable_bitmapscan = off;
             SET LOCAL enable_indexonlyscan = off; SET LOCAL enable_nestloop = off",
        )
        .await
        .map_err(|e| e.to_string())?;
    let query = format!("SELECT pg_stat_get_xact_numscans({oid})");
    let before = value(session, &query).await?;
    run(fixture, session).await.map_err(|e| e.to_string())?;
    let after = value(session, &query).await?;
    session.simple_query("ROLLBACK").await.map_err(|e| e.to_string())?;
    check(
        (before != after) == expected,
        format!("scans of {table}: {before} before, {after} after"),
    )
}

async fn file(session: &Session, table: &str) -> Result<String, String> {
    value(session, &format!("SELECT pg_relation_filenode('{table}')")).await
}

async fn value(session: &Session, query: &str) -> Result<String, String> {
    Ok(session.value(query).await.map_err(|e| format!("{query}: {e}"))?.unwrap_or_default())
}
