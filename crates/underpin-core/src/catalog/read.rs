//! Running the queries: one message, one transaction, no trace.

use super::assemble;
use super::queries;
use super::{CatalogSnapshot, TrackedSnapshot};
use crate::error::{Code, Error, Result};
use crate::postgres::{Queryable, SqlError};

/// Names always with their schema, deparsing under fixed settings, and no long wait:
/// `pg_get_viewdef` and its like lock what they print.
const SETTINGS: &str = "SET LOCAL search_path = ''; SET LOCAL lock_timeout = '5s'; \
SET LOCAL statement_timeout = '60s'; SET LOCAL jit = off; SET LOCAL timezone = 'UTC'; \
SET LOCAL quote_all_identifiers = off; SET LOCAL datestyle = 'ISO, YMD'; \
SET LOCAL intervalstyle = 'postgres'; SET LOCAL bytea_output = 'hex'; SET LOCAL extra_float_digits = 1";
/// One snapshot for all queries.
const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// Reads the catalog. The session must not be inside a transaction. Takes no transaction id and
/// only `ACCESS SHARE` locks.
///
/// # Errors
/// UP-3103 with the server's words, also when a lock was not free within 5 s.
pub async fn read(session: &mut dyn Queryable) -> Result<CatalogSnapshot> {
    Ok(read_tracked(session).await?.snapshot)
}

/// [`read`], with the addresses of the objects.
///
/// # Errors
/// As [`read`].
pub async fn read_tracked(session: &mut dyn Queryable) -> Result<TrackedSnapshot> {
    run(session, BEGIN, "COMMIT", "ROLLBACK").await
}

/// Reads the catalog as the session's open transaction sees it, and leaves that transaction as it
/// was: settings go back with the savepoint.
///
/// # Errors
/// As [`read`].
pub async fn read_inside(session: &mut dyn Queryable) -> Result<TrackedSnapshot> {
    let end = "ROLLBACK TO SAVEPOINT underpin_read; RELEASE SAVEPOINT underpin_read";
    run(session, "SAVEPOINT underpin_read", end, end).await
}

async fn run(
    session: &mut dyn Queryable,
    begin: &str,
    end: &str,
    undo: &str,
) -> Result<TrackedSnapshot> {
    let version = session.version();
    let queries = queries::all(version.major());
    let mut message = format!("{begin}; {SETTINGS}");
    let before = message.split(';').count();
    for query in &queries {
        message.push_str(";\n");
        message.push_str(&query.sql);
    }
    message.push_str(";\n");
    message.push_str(end);
    let results = match session.query(&message).await {
        Ok(results) => results,
        Err(error) => {
            let _ended = session.query(undo).await;
            return Err(unreadable(&error, &queries, &message));
        }
    };
    let sets = results.into_iter().skip(before).take(queries.len());
    let readings = queries.iter().map(|query| query.reading);
    Ok(assemble::assemble(version, readings.zip(sets).collect()))
}

fn unreadable(error: &SqlError, queries: &[queries::Query], message: &str) -> Error {
    if error.connection_lost {
        return Error::new(
            Code::ConnectionLost,
            "the connection was lost while the catalog was read",
        )
        .caused_by(error)
        .sqlstate(error.sqlstate.as_deref())
        .hint("run the same command again");
    }
    let mut result = Error::new(Code::CatalogUnreadable, "the catalog cannot be read")
        .caused_by(error)
        .sqlstate(error.sqlstate.as_deref());
    // Which of the queries it was, for whoever has to mend it.
    let reached = error
        .position
        .map_or(0, |p| message.chars().take(p).collect::<String>().matches(";\n").count());
    if let Some(query) = reached.checked_sub(1).and_then(|i| queries.get(i)) {
        result = result.caused_by(format!("while reading {:?}", query.reading));
    }
    if error.is("55P03") {
        return result.hint("another session holds an ACCESS EXCLUSIVE lock; run the same command again when it is done");
    }
    result.hint("put right what the server says, and run the same command again")
}
