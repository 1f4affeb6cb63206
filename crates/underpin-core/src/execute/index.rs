//! Indexes that are built or dropped concurrently: what is really there.
//!
//! A build that breaks leaves an invalid index behind, over which `IF NOT EXISTS` skips and calls
//! it success (manual, CREATE INDEX, "Building Indexes Concurrently"; measured on 13–18). So the
//! catalog is asked before and after. One that another session is still building looks the same:
//! it is waited for, and never dropped.

use std::time::{Duration, Instant};

use underpin_sql::{ConcurrentIndex, RelationName, concurrent_index};

use super::link::Link;
use crate::postgres::{SqlError, identifier, literal};

/// An index as the catalog has it.
struct Found {
    /// Schema and name, quoted.
    name: String,
    valid: bool,
    /// Another session that builds an index of the same table, in words.
    builder: Option<String>,
}

/// Pause between two looks at another session's build.
const LOOK_PAUSE: Duration = Duration::from_millis(250);
/// `lock_timeout` of a drop that nobody has asked for.
const CLEAN_UP_TIMEOUT: &str = "2s";

/// Drops an invalid leftover of the index that `statement` is about to build. While another
/// session builds on that table, it is waited for, `patience` at most.
pub(super) async fn prepare(
    link: &mut Link,
    statement: &str,
    patience: Duration,
) -> Result<(), SqlError> {
    let Some(ConcurrentIndex::Create { index, table }) = concurrent_index(statement) else {
        return Ok(());
    };
    let begun = Instant::now();
    loop {
        let found = match find(link, &index, &table).await? {
            Some(found) if !found.valid => found,
            _ => return Ok(()),
        };
        let Some(builder) = &found.builder else {
            // Whoever holds the table up to then is waited for, unless we are told to stop.
            link.send("SET lock_timeout = 0").await?;
            return link.send(&drop_sql(&found)).await.map(drop);
        };
        if begun.elapsed() >= patience || link.is_stopping() {
            return Err(SqlError {
                sqlstate: Some("55P03".to_owned()),
                message: format!("index {} is being built by {builder}", found.name),
                ..SqlError::default()
            });
        }
        tokio::time::sleep(LOOK_PAUSE).await;
    }
}

/// After a build that the server calls a success: the index has to be valid.
pub(super) async fn check(link: &Link, statement: &str) -> Result<(), SqlError> {
    let Some(ConcurrentIndex::Create { index, table }) = concurrent_index(statement) else {
        return Ok(());
    };
    match find(link, &index, &table).await? {
        Some(found) if !found.valid => Err(SqlError {
            message: format!("index {} was built and is not valid", found.name),
            ..SqlError::default()
        }),
        _ => Ok(()),
    }
}

/// After a build that failed: its invalid leftover only slows writes down. Not at any price: the
/// run may have been told to stop, and the next one drops it.
pub(super) async fn clean_up(link: &Link, statement: &str) {
    let Some(ConcurrentIndex::Create { index, table }) = concurrent_index(statement) else {
        return;
    };
    let Ok(Some(found)) = find(link, &index, &table).await else { return };
    if found.valid || found.builder.is_some() {
        return;
    }
    let timeout = format!("SET lock_timeout = '{CLEAN_UP_TIMEOUT}'");
    if link.session.simple_query(&timeout).await.is_ok() {
        let _best_effort = link.session.simple_query(&drop_sql(&found)).await;
    }
}

/// Whether a statement whose outcome was not recorded is in effect. What leaves no trace that can
/// be asked for (`VACUUM`, `REINDEX`) is not, and is run again.
pub(super) async fn is_in_effect(link: &Link, statement: &str) -> Result<bool, SqlError> {
    Ok(match concurrent_index(statement) {
        Some(ConcurrentIndex::Create { index, table }) => {
            find(link, &index, &table).await?.is_some_and(|found| found.valid)
        }
        Some(ConcurrentIndex::Drop { index }) => {
            let sql = format!("SELECT pg_catalog.to_regclass({})::text", literal(&path(&index)));
            link.session.value(&sql).await?.is_none()
        }
        None => false,
    })
}

fn path(name: &RelationName) -> String {
    match &name.schema {
        Some(schema) => format!("{}.{}", identifier(schema), identifier(&name.name)),
        None => identifier(&name.name),
    }
}

/// The index of this name on this table, as the session's `search_path` finds the table.
async fn find(link: &Link, index: &str, table: &RelationName) -> Result<Option<Found>, SqlError> {
    // A build holds its table in one of its locks from beginning to end; a vacuum that does is no
    // build. Both views show this much of other roles' sessions too.
    let sql = format!(
        "SELECT pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname), \
         i.indisvalid::text, (SELECT 'backend ' || p.pid || COALESCE(', ' || NULLIF(a.application_name, ''), '') \
         FROM pg_catalog.pg_stat_progress_create_index p \
         JOIN pg_catalog.pg_locks l ON l.pid = p.pid AND l.locktype = 'relation' AND l.granted \
         AND l.database = p.datid AND l.relation = i.indrelid \
         LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = p.pid \
         WHERE p.pid <> pg_catalog.pg_backend_pid() LIMIT 1) \
         FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid \
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         WHERE i.indrelid = pg_catalog.to_regclass({}) AND c.relname = {}",
        literal(&path(table)),
        literal(index)
    );
    let row = link.session.rows(&sql).await?.into_iter().next();
    Ok(row.and_then(|row| {
        let mut values = row.into_iter();
        let (name, valid) = (values.next()??, values.next()??);
        Some(Found { name, valid: valid == "true", builder: values.next()? })
    }))
}

fn drop_sql(found: &Found) -> String {
    format!("DROP INDEX CONCURRENTLY {}", found.name)
}
