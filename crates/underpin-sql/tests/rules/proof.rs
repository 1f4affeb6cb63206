//! What the scripts of a rule's folder claim, put to a real server.
//!
//! `-- proves: …` is one of:
//!
//! | claim | what is measured |
//! |---|---|
//! | `passes`, `fails SQLSTATE [until MAJOR]` | the migration as its runner runs it; several codes with a slash |
//! | `locks MODE table`, `spares MODE table` | `pg_locks` before the transaction ends |
//! | `rewrites table`, `keeps table` | the table's file |
//! | `scans table`, `skips table` | whether it is read whole |
//! | `builds table`, `reuses table` | whether an index of it has a new file |
//! | `logs table` | the write-ahead log grows by the table's size at least |
//! | `makes table` | it was not there, and is: nobody can have waited for it |
//! | `breaks SQLSTATE: query`, `answers: query` | what an application gets afterwards |
//! | `after VALUE: query` | the first value that it gets afterwards |
//! | `stays VALUE: query` | the same, when the migration failed or its runner rolled back |
//! | `again SQLSTATE` | it fails, and run once more it fails with this |
//! | `holds VALUE: query` | the same, inside of the migration's transaction |
//! | `blocks: query`, `lets: query` | another session, while the migration's transaction is open |
//! | `waits: query`, `gives up SQLSTATE: query` | the migration, while another session has run the query and not ended |
//!
//! Tables are those that were there before the migration. Of a query with several statements the
//! last one counts.

#[path = "measure.rs"]
mod measure;

use underpin_core::postgres::{Session, SqlError};
use underpin_sql::context::places;
use underpin_sql::model;
use underpin_testkit::{Server, TestDatabase};

use super::fixture::Fixture;

/// An empty database again.
const ANEW: &str = "ROLLBACK; DISCARD ALL; SET client_min_messages = error;
    DROP PUBLICATION IF EXISTS shop; DROP SCHEMA IF EXISTS public, app, old CASCADE;
    DROP EXTENSION IF EXISTS hstore; DROP ACCESS METHOD IF EXISTS heap2;
    DROP TABLESPACE IF EXISTS fast; CREATE SCHEMA public";

/// Two sessions with a database in which claims are tried, one after the other.
pub(super) struct Bench {
    pub(super) database: TestDatabase,
    other: Session,
    major: u32,
    /// Stops when it goes.
    _server: Server,
}

impl Bench {
    pub(super) async fn open(major: u32) -> Self {
        // A log that holds what a replica would need.
        let server = Server::start(major, &["wal_level=replica"]).await;
        let database = server.database().await;
        let other = server.cluster().connect(&database.name).await.unwrap();
        Self { database, other, major, _server: server }
    }

    /// An empty database with what `given` makes.
    pub(super) async fn given(&self, given: &str) -> Result<(), String> {
        let session = &self.database.session;
        said(self.other.simple_query("ROLLBACK").await)?;
        for statement in ANEW.split(';') {
            session.simple_query(statement).await.map_err(|e| format!("{statement}: {e}"))?;
        }
        for statement in model::read(given) {
            let text = &given[statement.span.clone()];
            session.simple_query(text).await.map_err(|e| format!("given: {text}: {e}"))?;
        }
        Ok(())
    }

    /// Puts one claim to the server, on a database that is emptied before.
    pub(super) async fn put(&self, fixture: &Fixture, claim: &str) -> Result<(), String> {
        let session = &self.database.session;
        let (words, query) = claim.split_once(": ").map_or((claim, ""), |(c, q)| (c, q));
        let words: Vec<&str> = words.trim_end_matches(':').split_whitespace().collect();
        self.given(&fixture.given).await?;
        match words.as_slice() {
            ["breaks", code] => {
                said(run(fixture, session).await)?;
                failed(session.simple_query(query).await, code)
            }
            ["answers"] => {
                said(run(fixture, session).await)?;
                said(session.simple_query(query).await)
            }
            ["after", expected @ ..] => {
                said(run(fixture, session).await)?;
                equal(session, query, &expected.join(" ")).await
            }
            ["holds", expected] => {
                said(session.simple_query("BEGIN").await)?;
                said(run(fixture, session).await)?;
                let found = equal(session, query, expected).await;
                said(session.simple_query("ROLLBACK").await)?;
                found
            }
            ["stays", expected] => {
                said(session.simple_query("BEGIN").await)?;
                let first = run(fixture, session).await;
                said(session.simple_query("ROLLBACK").await)?;
                // What refuses a block runs without one.
                if first.is_err_and(|e| e.is("25001")) {
                    let _fails = run(fixture, session).await;
                    said(session.simple_query("ROLLBACK").await)?;
                }
                equal(session, query, expected).await
            }
            ["again", code] => {
                if run(fixture, session).await.is_ok() {
                    return Err("it passes".to_owned());
                }
                failed(run(fixture, session).await, code)
            }
            ["passes"] => said(run(fixture, session).await),
            ["fails", code] => failed(run(fixture, session).await, code),
            ["fails", code, "until", before] => match before.parse::<u32>() {
                Ok(before) if self.major < before => failed(run(fixture, session).await, code),
                _ => said(run(fixture, session).await),
            },
            ["locks" | "spares", mode, table] => {
                measure::locks(fixture, session, mode, table, words[0] == "locks").await
            }
            ["rewrites" | "keeps", table] => {
                let before = measure::file(session, table).await?;
                said(run(fixture, session).await)?;
                let same = before == measure::file(session, table).await?;
                check(
                    same == (words[0] == "keeps"),
                    format!("the file of {table}: the same is {same}"),
                )
            }
            ["scans" | "skips", table] => {
                measure::scans(fixture, session, table, words[0] == "scans").await
            }
            ["builds" | "reuses", table] => {
                measure::builds(fixture, session, table, words[0] == "builds").await
            }
            ["logs", table] => measure::logs(fixture, session, table).await,
            ["makes", table] => {
                equal(session, &format!("SELECT to_regclass('{table}') IS NULL"), "t").await?;
                said(run(fixture, session).await)
            }
            ["blocks" | "lets"] => {
                measure::beside(fixture, session, &self.other, query, words[0] == "blocks").await
            }
            ["waits"] => measure::waits(fixture, session, &self.other, query, None).await,
            ["gives", "up", code] => {
                measure::waits(fixture, session, &self.other, query, Some(code)).await
            }
            _ => Err(format!("not understood: {claim}")),
        }
    }
}

fn check(holds: bool, words: String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(words) }
}

fn said<T>(answer: Result<T, SqlError>) -> Result<(), String> {
    answer.map(|_| ()).map_err(|e| e.to_string())
}

fn failed<T>(answer: Result<T, SqlError>, code: &str) -> Result<(), String> {
    match answer {
        Ok(_) => Err("it passes".to_owned()),
        Err(error) => check(code.split('/').any(|c| error.is(c)), format!("it fails with {error}")),
    }
}

async fn equal(session: &Session, query: &str, expected: &str) -> Result<(), String> {
    let found = value(session, query).await?;
    check(found == expected, format!("it is {found}"))
}

pub(super) async fn value(session: &Session, query: &str) -> Result<String, String> {
    Ok(session.value(query).await.map_err(|e| format!("{query}: {e}"))?.unwrap_or_default())
}

/// As the runner of the fixture would: together where it can be, else statement by statement.
pub(super) async fn run(fixture: &Fixture, session: &Session) -> Result<(), SqlError> {
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
