//! What a restore would take away: rows written after the backup.
//!
//! Fact: `n_tup_ins + n_tup_upd + n_tup_del` of a table only grows until its statistics are reset
//! (manual §27.2.19); the backup keeps the sum. A transaction that rolled back counts too, so it is
//! an estimate that errs upward. Sessions report to the statistics with a delay of up to a second or so,
//! so that the last writes before the preview may be missing from it.

use std::collections::BTreeMap;

use super::content::qualified;
use super::manifest::Manifest;
use super::query_failed;
use crate::error::{Code, Result};
use crate::postgres::Session;

/// What would go.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct LossPreview {
    /// When the backup's snapshot was taken.
    pub since: String,
    /// Tables with a loss, the largest first.
    pub tables: Vec<TableLoss>,
}

/// What would go of a table.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct TableLoss {
    /// `"schema"."name"`.
    pub table: String,
    /// About how many row changes; unknown after its statistics were reset.
    pub changes: Option<u64>,
    /// The table was made after the backup and would go as a whole.
    pub is_new: bool,
}

impl LossPreview {
    /// About how many row changes, where that is known.
    #[must_use]
    pub fn changes(&self) -> u64 {
        self.tables.iter().filter_map(|table| table.changes).sum()
    }
}

/// Compares the live database with a backup.
///
/// # Errors
/// UP-6008.
pub async fn preview(session: &Session, manifest: &Manifest) -> Result<LossPreview> {
    let sql = "SELECT n.nspname, c.relname, (s.n_tup_ins + s.n_tup_upd + s.n_tup_del)::text, \
        s.n_live_tup::text FROM pg_catalog.pg_class c \
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
        LEFT JOIN pg_catalog.pg_stat_all_tables s ON s.relid = c.oid \
        WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND c.oid >= 16384 \
        AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_' \
        AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.deptype = 'e' \
          AND d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid)";
    let rows = session
        .rows(sql)
        .await
        .map_err(|e| query_failed(Code::RestoreFailed, "reading the statistics", &e))?;
    let before: BTreeMap<String, Option<u64>> =
        manifest.tables.iter().map(|table| (table.qualified(), table.writes)).collect();
    let mut tables: Vec<TableLoss> = rows
        .into_iter()
        .filter_map(|row| {
            let mut values = row.into_iter();
            let (schema, name) = (values.next()??, values.next()??);
            let mut number = || values.next().flatten().and_then(|n| n.parse::<u64>().ok());
            let (now, live) = (number(), number());
            let table = qualified(&schema, &name);
            match before.get(&table) {
                None => Some(TableLoss { table, changes: live, is_new: true }),
                Some(then) => {
                    let changes = then.zip(now).and_then(|(then, now)| now.checked_sub(then));
                    (changes != Some(0)).then_some(TableLoss { table, changes, is_new: false })
                }
            }
        })
        .collect();
    tables.sort_by(|a, b| {
        b.changes
            .unwrap_or(u64::MAX)
            .cmp(&a.changes.unwrap_or(u64::MAX))
            .then(a.table.cmp(&b.table))
    });
    Ok(LossPreview { since: manifest.begun_at.clone(), tables })
}
