//! Indexes that are built or dropped concurrently: what is really there.
//!
//! A build that breaks leaves an invalid index behind, over which `IF NOT EXISTS` skips and calls
//! it success (manual, CREATE INDEX, "Building Indexes Concurrently"; measured on 13–18). So the
//! catalog is asked before and after.

use underpin_sql::{ConcurrentIndex, RelationName, concurrent_index};

use super::link::Link;
use crate::postgres::{SqlError, identifier, literal};

/// An index as the catalog has it.
struct Found {
    /// Schema and name, quoted.
    name: String,
    valid: bool,
}

/// Drops an invalid leftover of the index that `statement` is about to build.
pub(super) async fn prepare(link: &Link, statement: &str) -> Result<(), SqlError> {
    let Some(ConcurrentIndex::Create { index, table }) = concurrent_index(statement) else {
        return Ok(());
    };
    match find(link, &index, &table).await? {
        Some(found) if !found.valid => drop_concurrently(link, &found).await,
        _ => Ok(()),
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

/// After a build that failed: its invalid leftover only slows writes down.
pub(super) async fn clean_up(link: &Link, statement: &str) {
    // If this fails, the next attempt drops it.
    let _best_effort = prepare(link, statement).await;
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
    let sql = format!(
        "SELECT pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname), i.indisvalid::text \
         FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid \
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         WHERE i.indrelid = pg_catalog.to_regclass({}) AND c.relname = {}",
        literal(&path(table)),
        literal(index)
    );
    let row = link.session.rows(&sql).await?.into_iter().next();
    Ok(row.and_then(|row| {
        let mut values = row.into_iter().flatten();
        Some(Found { name: values.next()?, valid: values.next()? == "true" })
    }))
}

async fn drop_concurrently(link: &Link, found: &Found) -> Result<(), SqlError> {
    link.session.simple_query("SET lock_timeout = 0").await?;
    link.session.simple_query(&format!("DROP INDEX CONCURRENTLY {}", found.name)).await.map(drop)
}
