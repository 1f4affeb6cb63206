//! Measures each statement of a script while it runs on a copy.
//!
//! Locks are held to the end of their transaction, so that a look from a second session after the
//! statement sees all of them (manual §13.3). A statement that runs outside of a transaction block
//! lets them go, so a third session looks all the while, and what it did not see is not proof. New
//! files come from `pg_relation_filenode` and changed rows from `pg_stat_get_xact_tuples_…`, both in
//! the script's own session. The server writes the size of each temporary file to its log when the
//! file goes (`log_temp_files`); `pg_stat_database.temp_bytes` would be there only after the
//! transaction.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use underpin_sql::effect::LockMode;
use underpin_sql::model::Name;

use super::{MeasuredLock, MeasuredStatement};
use crate::execute::{Look, Moment, Observer};
use crate::postgres::{Session, SqlError};

/// Between two looks at the locks.
const SAMPLE_PAUSE: Duration = Duration::from_millis(1);
/// What is read of the log after one statement.
const LOG_BYTES_MAX: u64 = 16 << 20;

/// Settings of a server on which is measured: its log says how large temporary files were, and
/// holds no statement.
pub const SETTINGS: &[&str] = &[
    "log_temp_files=0",
    "log_min_error_statement=panic",
    "log_error_verbosity=terse",
    "log_min_messages=log",
];

/// Everything that is the application's: nothing of the system, nothing of ours.
const RELATIONS: &str = "SELECT c.oid, n.nspname, c.relname, c.relkind, \
    coalesce(pg_catalog.pg_relation_filenode(c.oid), 0), \
    coalesce(i.indrelid, 0), coalesce(i.indisvalid, true), \
    pg_catalog.pg_stat_get_xact_tuples_inserted(c.oid) + pg_catalog.pg_stat_get_xact_tuples_updated(c.oid) \
    + pg_catalog.pg_stat_get_xact_tuples_deleted(c.oid) \
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
    LEFT JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid \
    WHERE c.relkind IN ('r', 'p', 'm', 'v', 'f', 'S', 'c', 'i', 'I') AND c.relname <> '_prisma_migrations' \
    AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'underpin') AND n.nspname !~ '^pg_'";

/// What was measured so far: by migration, then by the statement's place. A statement that was run
/// again is measured again.
pub type Measured = Arc<Mutex<BTreeMap<String, BTreeMap<usize, MeasuredStatement>>>>;

/// Measures. Dropping it ends its sessions.
pub struct Watch {
    schema: String,
    looker: Session,
    sampler: tokio::task::JoinHandle<()>,
    samples: Arc<Mutex<Samples>>,
    log: PathBuf,
    measured: Measured,
    /// The migration that runs, and what was there before it.
    migration: Option<String>,
    there: HashMap<String, Relation>,
    before: Before,
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.sampler.abort();
    }
}

/// Who is looked at, and the locks that were seen: relation and mode.
#[derive(Default)]
struct Samples {
    pid: Option<i32>,
    seen: BTreeSet<(String, String)>,
}

#[derive(Default)]
struct Before {
    relations: HashMap<String, Relation>,
    /// What earlier statements of the transaction have locked.
    held: BTreeSet<(String, String)>,
    wal: u64,
    log: u64,
}

#[derive(Debug, Clone)]
struct Relation {
    name: String,
    kind: String,
    file: String,
    table: String,
    is_valid: bool,
    changes: u64,
}

impl Relation {
    fn is_index(&self) -> bool {
        matches!(self.kind.as_str(), "i" | "I")
    }
}

impl Watch {
    /// A watch with two sessions of its own with the copy. `log` is the server's log file, `schema`
    /// that of unqualified names.
    #[must_use]
    pub fn new(looker: Session, sampler: Session, schema: &str, log: PathBuf) -> Self {
        let samples = Arc::new(Mutex::new(Samples::default()));
        Self {
            schema: schema.to_owned(),
            looker,
            sampler: tokio::spawn(sample(sampler, Arc::clone(&samples))),
            samples,
            log,
            measured: Measured::default(),
            migration: None,
            there: HashMap::new(),
            before: Before::default(),
        }
    }

    /// Where the measurements appear.
    #[must_use]
    pub fn measured(&self) -> Measured {
        Arc::clone(&self.measured)
    }

    async fn begin(&mut self, session: &Session, moment: Moment<'_>) -> Result<(), SqlError> {
        let pid = session.value("SELECT pg_catalog.pg_backend_pid()").await?;
        let pid = pid.and_then(|pid| pid.parse().ok());
        let relations = self.relations(session).await?;
        if self.migration.as_deref() != Some(moment.migration.as_str()) {
            self.migration = Some(moment.migration.to_string());
            self.there = relations.clone();
        }
        let log = std::fs::metadata(&self.log).map_or(0, |about| about.len());
        let held = match pid {
            Some(pid) => locks(&self.looker, pid).await?,
            None => BTreeSet::new(),
        };
        self.before = Before { relations, held, wal: self.wal().await?, log };
        *lock(&self.samples) = Samples { pid, seen: BTreeSet::new() };
        Ok(())
    }

    async fn end(
        &mut self,
        session: &Session,
        moment: Moment<'_>,
        took: Duration,
        failed: Option<&SqlError>,
    ) -> Result<(), SqlError> {
        let wal_bytes = self.wal().await?.saturating_sub(self.before.wal);
        let Samples { pid, seen } = std::mem::take(&mut *lock(&self.samples));
        let held = match pid.filter(|_| moment.in_block) {
            Some(pid) => locks(&self.looker, pid).await?,
            None => BTreeSet::new(),
        };
        let mut statement = MeasuredStatement {
            statement: moment.statement,
            milliseconds: took.as_secs_f64() * 1000.0,
            locks: self.name_locks(seen.union(&held)),
            locks_sampled: !moment.in_block,
            wal_bytes,
            temp_bytes: self.temporary(),
            failed: failed.map(|e| e.sqlstate.clone().unwrap_or_default()),
            ..MeasuredStatement::default()
        };
        // A failed transaction answers nothing but ROLLBACK.
        if failed.is_none() || !moment.in_block {
            let after = self.relations(session).await?;
            self.compare(&after, &mut statement);
            // What a session has not reported yet counts to its next transaction as well.
            statement.rows = moment.in_block.then(|| changed(&self.before.relations, &after));
        }
        let mut measured = lock(&self.measured);
        let migration = measured.entry(moment.migration.to_string()).or_default();
        migration.insert(moment.statement, statement);
        Ok(())
    }

    async fn wal(&self) -> Result<u64, SqlError> {
        let sql =
            "SELECT pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_insert_lsn(), '0/0')";
        let value = self.looker.value(sql).await?;
        Ok(value.and_then(|bytes| bytes.parse().ok()).unwrap_or(0))
    }

    async fn relations(&self, session: &Session) -> Result<HashMap<String, Relation>, SqlError> {
        let rows = session.rows(RELATIONS).await?;
        let relation = |row: Vec<Option<String>>| {
            let mut fields = row.into_iter().map(Option::unwrap_or_default);
            let (oid, schema, name) = (fields.next()?, fields.next()?, fields.next()?);
            let name = match schema == self.schema || schema == "public" {
                true => Name::bare(&name).to_string(),
                false => Name::qualified(&schema, &name).to_string(),
            };
            let (kind, file, table) = (fields.next()?, fields.next()?, fields.next()?);
            let is_valid = fields.next()? == "t";
            let changes = fields.next()?.parse().unwrap_or(0);
            Some((oid, Relation { name, kind, file, table, is_valid, changes }))
        };
        Ok(rows.into_iter().filter_map(relation).collect())
    }

    /// The strongest lock on each table and view that was there before the migration (for what it
    /// makes itself nobody waits), where nothing as strong was held already.
    fn name_locks<'a>(
        &self,
        locks: impl Iterator<Item = &'a (String, String)>,
    ) -> Vec<MeasuredLock> {
        let mut strongest: BTreeMap<&str, LockMode> = BTreeMap::new();
        for (oid, mode) in locks {
            let Some(relation) = self.there.get(oid).filter(|r| !r.is_index()) else { continue };
            let Some(mode) = LockMode::from_catalog(mode) else { continue };
            let earlier = self.before.held.iter().filter(|(held, _)| held == oid);
            if earlier.filter_map(|(_, mode)| LockMode::from_catalog(mode)).any(|m| m >= mode) {
                continue;
            }
            let known = strongest.entry(&relation.name).or_insert(mode);
            *known = mode.max(*known);
        }
        let named = strongest.into_iter();
        named.map(|(relation, mode)| MeasuredLock::new(relation, mode)).collect()
    }

    /// New files of tables, indexes that were built and those that are not valid.
    fn compare(&self, after: &HashMap<String, Relation>, statement: &mut MeasuredStatement) {
        let before = &self.before.relations;
        let files: BTreeSet<&str> = before.values().map(|r| r.file.as_str()).collect();
        for (oid, now) in after {
            let was = before.get(oid);
            match now.kind.as_str() {
                "r" | "m" if was.is_some_and(|was| was.file != now.file) => {
                    statement.rewritten.push(now.name.clone());
                }
                "i" if !files.contains(now.file.as_str())
                    && self.there.contains_key(&now.table) =>
                {
                    statement.built.push(now.name.clone());
                }
                _ => {}
            }
            if now.is_index() && !now.is_valid && was.is_none_or(|was| was.is_valid) {
                statement.invalid_indexes.push(now.name.clone());
            }
        }
        for list in [&mut statement.rewritten, &mut statement.built, &mut statement.invalid_indexes]
        {
            list.sort();
        }
    }

    /// Bytes of the temporary files that went since the statement began.
    fn temporary(&self) -> u64 {
        let mut text = Vec::new();
        let read = std::fs::File::open(&self.log).and_then(|mut file| {
            file.seek(SeekFrom::Start(self.before.log))?;
            file.take(LOG_BYTES_MAX).read_to_end(&mut text)
        });
        if read.is_err() {
            return 0;
        }
        String::from_utf8_lossy(&text).lines().filter_map(temporary_bytes).sum()
    }
}

impl Observer for Watch {
    fn before<'a>(&'a mut self, session: &'a Session, moment: Moment<'a>) -> Look<'a> {
        Box::pin(self.begin(session, moment))
    }

    fn after<'a>(
        &'a mut self,
        session: &'a Session,
        moment: Moment<'a>,
        took: Duration,
        failed: Option<&'a SqlError>,
    ) -> Look<'a> {
        Box::pin(self.end(session, moment, took, failed))
    }
}

fn changed(before: &HashMap<String, Relation>, after: &HashMap<String, Relation>) -> u64 {
    let was = |oid: &String| before.get(oid).map_or(0, |relation| relation.changes);
    after.iter().map(|(oid, now)| now.changes.saturating_sub(was(oid))).sum()
}

/// `LOG:  temporary file: path "base/pgsql_tmp/pgsql_tmp7.0", size 14000000`.
fn temporary_bytes(line: &str) -> Option<u64> {
    let (_, rest) = line.split_once("temporary file: path \"")?;
    rest.rsplit_once("\", size ")?.1.trim().parse().ok()
}

async fn locks(session: &Session, pid: i32) -> Result<BTreeSet<(String, String)>, SqlError> {
    let sql = format!(
        "SELECT relation, mode FROM pg_catalog.pg_locks WHERE locktype = 'relation' AND pid = {pid} \
         AND relation >= 16384 AND granted"
    );
    let pair = |row: Vec<Option<String>>| {
        let mut values = row.into_iter().flatten();
        Some((values.next()?, values.next()?))
    };
    Ok(session.rows(&sql).await?.into_iter().filter_map(pair).collect())
}

/// Looks again and again while there is somebody to look at.
async fn sample(session: Session, samples: Arc<Mutex<Samples>>) {
    loop {
        let pid = lock(&samples).pid;
        if let Some(pid) = pid {
            let Ok(found) = locks(&session, pid).await else { return };
            let mut samples = lock(&samples);
            // The statement may have ended meanwhile.
            if samples.pid == Some(pid) {
                samples.seen.extend(found);
            }
        }
        tokio::time::sleep(SAMPLE_PAUSE).await;
    }
}

fn lock<T>(shared: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_size_of_a_temporary_file_stands_at_the_end_of_its_line() {
        let line =
            "2026-02-14 LOG:  temporary file: path \"base/pgsql_tmp/pgsql_tmp7.0\", size 14000000";
        assert_eq!(temporary_bytes(line), Some(14_000_000));
        assert_eq!(temporary_bytes("LOG:  checkpoint complete"), None);
    }
}
