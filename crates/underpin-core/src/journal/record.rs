//! The journal as it is read: the newest runs with their entries.
//!
//! Invariants: bounded, whatever the table holds; words of a newer version of ours are passed on as
//! they stand.

use std::collections::HashSet;

use super::{BaselineRow, exists, unusable};
use crate::error::Result;
use crate::postgres::Session;

/// Entries that are read at most, the newest.
const ENTRIES_MAX: usize = 100_000;

/// One entry of the table.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Record {
    /// Its place in the chain.
    pub seq: i64,
    /// By the server's clock, in UTC: `2026-02-14T10:30:00.123Z`.
    pub at: String,
    /// The run, a UUIDv7.
    pub run: String,
    /// What it says: the word of a [`super::Kind`].
    pub kind: String,
    /// The migration.
    pub migration: Option<String>,
    /// The `id` of its history row.
    #[serde(skip)]
    pub row: Option<String>,
    /// Statements.
    pub step: Option<usize>,
    /// In words.
    pub detail: Option<String>,
    /// Where the write-ahead log stood.
    pub lsn: Option<String>,
}

/// What was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Records {
    /// Entries of the newest runs, oldest first.
    pub entries: Vec<Record>,
    /// Runs that the table holds.
    pub runs: usize,
}

/// The entries of the newest runs; none where there is no journal.
///
/// # Errors
/// UP-3003 when the table cannot be read.
pub async fn newest(session: &Session, runs: usize) -> Result<Records> {
    if !exists(session).await.map_err(|e| unusable(&e))? {
        return Ok(Records::default());
    }
    let counted = session.value("SELECT count(DISTINCT run) FROM underpin.journal").await;
    let counted = counted.map_err(|e| unusable(&e))?;
    let sql = format!(
        "SELECT * FROM (SELECT seq::text, \
         to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'), run, kind, migration, \
         history_row, step::text, detail, lsn FROM underpin.journal j WHERE run IN (SELECT run FROM \
         underpin.journal GROUP BY run ORDER BY max(seq) DESC LIMIT {runs}) \
         ORDER BY j.seq DESC LIMIT {ENTRIES_MAX}) AS newest ORDER BY newest.seq::bigint"
    );
    let rows = session.rows(&sql).await.map_err(|e| unusable(&e))?;
    let record = |row: Vec<Option<String>>| {
        let mut values = row.into_iter();
        let mut next = move || values.next().flatten();
        Some(Record {
            seq: next()?.parse().ok()?,
            at: next()?,
            run: next()?,
            kind: next()?,
            migration: next(),
            row: next(),
            step: next().and_then(|step| step.parse().ok()),
            detail: next(),
            lsn: next(),
        })
    };
    let entries = rows.into_iter().filter_map(record).collect();
    Ok(Records { entries, runs: counted.and_then(|n| n.parse().ok()).unwrap_or(0) })
}

/// The `id`s of all history rows that the journal knows of.
///
/// # Errors
/// UP-3003 when the table cannot be read.
pub async fn rows_written(session: &Session) -> Result<HashSet<String>> {
    if !exists(session).await.map_err(|e| unusable(&e))? {
        return Ok(HashSet::new());
    }
    let sql = "SELECT DISTINCT history_row, NULL FROM underpin.journal WHERE history_row IS NOT NULL \
        UNION ALL SELECT NULL, detail FROM underpin.journal WHERE kind = 'baselined'";
    let mut written = HashSet::new();
    for mut row in session.rows(sql).await.map_err(|e| unusable(&e))? {
        let detail = row.pop().flatten().unwrap_or_default();
        let baselined = serde_json::from_str::<Vec<BaselineRow>>(&detail).unwrap_or_default();
        written.extend(baselined.into_iter().map(|row| row.row));
        written.extend(row.pop().flatten());
    }
    Ok(written)
}
