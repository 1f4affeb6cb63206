//! Measures the cases of the lock matrix on a live server.
//!
//! Locks are read from `pg_locks` inside the statement's own transaction, new files from
//! `pg_relation_filenode`, reading from the counters of sequential scans of the transaction
//! (`pg_stat_get_xact_numscans`), all as differences. A statement that no transaction block takes
//! is watched from a second session while a third holds it up.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use underpin_core::postgres::{Session, SqlError};
use underpin_sql::effect::matrix::{Case, Outcome};
use underpin_sql::effect::{LockMode, Verdict, Work};
use underpin_sql::model::{Statement, read};

use crate::Server;

/// How long a watched statement may take.
const WATCH_MAX: Duration = Duration::from_secs(20);
/// A statement that does not wait for the blocker by then never will.
const HOLD_MAX: Duration = Duration::from_secs(5);
/// So often in a row it is seen to wait before the blocker lets go.
const SEEN_WAITING: u32 = 3;
const POLL: Duration = Duration::from_millis(3);

/// Sessions with one server, used for one case after the other.
pub struct Bench {
    subject: Session,
    blocker: Session,
    watcher: Session,
    pid: String,
}

/// A relation as it was at one moment.
struct Relation {
    name: String,
    kind: String,
    file: String,
    table: String,
    scans: u64,
    changes: u64,
}

type Relations = BTreeMap<String, Relation>;

impl Bench {
    /// Opens the sessions with a database of its own.
    ///
    /// # Errors
    /// What the server said.
    pub async fn open(server: &Server) -> Result<Self, SqlError> {
        let database = server.database_named("lock_matrix").await;
        let cluster = server.cluster();
        let connect = async || {
            cluster
                .connect(&database.name)
                .await
                .map_err(|e| SqlError { message: e.to_string(), ..SqlError::default() })
        };
        let (subject, blocker, watcher) = (connect().await?, connect().await?, connect().await?);
        let pid = subject.value("SELECT pg_backend_pid()").await?.unwrap_or_default();
        Ok(Self { subject, blocker, watcher, pid })
    }

    /// PostgreSQL's own functions, one a line behind the letter of the least stable of their name.
    ///
    /// # Errors
    /// What the server said.
    pub async fn volatility(&self) -> Result<String, SqlError> {
        let rows = self
            .watcher
            .rows(
                "SELECT (ARRAY['i', 's', 'v'])[max(CASE provolatile WHEN 'i' THEN 1 WHEN 's' THEN 2 ELSE 3 END)]
                        || ' ' || proname
                 FROM pg_proc
                 WHERE pronamespace = 'pg_catalog'::regnamespace AND prokind = 'f'
                   AND prorettype NOT IN ('internal'::regtype, 'trigger'::regtype, 'event_trigger'::regtype,
                                          'index_am_handler'::regtype, 'cstring'::regtype)
                   AND proname !~ '^(binary_upgrade|RI_FKey|pg_stat_get)'
                 GROUP BY proname ORDER BY proname COLLATE \"C\"",
            )
            .await?;
        let lines = rows.into_iter().flatten().flatten().map(|line| line + "\n");
        Ok(lines.collect())
    }

    /// What the case's statement does here.
    ///
    /// # Errors
    /// What the server said about something else than the statement: the case is wrong.
    pub async fn measure(&self, case: &Case) -> Result<Outcome, SqlError> {
        if let Some(refused) = self.prepare(case).await? {
            return Ok(refused);
        }
        match self.in_transaction(case).await? {
            Some(outcome) => Ok(outcome),
            None => self.alone(case).await,
        }
    }

    /// Once with each blocker; the locks of all together.
    async fn alone(&self, case: &Case) -> Result<Outcome, SqlError> {
        let mut outcome = self.watched(case, case.blockers.first()).await?;
        for blocker in case.blockers.iter().skip(1) {
            self.prepare(case).await?;
            let more = self.watched(case, Some(blocker)).await?;
            for (all, new) in
                [(&mut outcome.locks, more.locks), (&mut outcome.index_locks, more.index_locks)]
            {
                for (name, mode) in new {
                    let strongest = all.entry(name).or_insert(mode);
                    *strongest = mode.max(*strongest);
                }
            }
        }
        Ok(outcome)
    }

    /// What the case needs; an outcome where this version does not know it.
    async fn prepare(&self, case: &Case) -> Result<Option<Outcome>, SqlError> {
        self.subject.simple_query("ROLLBACK").await?;
        self.subject.simple_query("DISCARD ALL").await?;
        self.subject
            .simple_query(
                "SET client_min_messages = error; SET TimeZone = 'UTC';
                 DROP PUBLICATION IF EXISTS pub; DROP SCHEMA IF EXISTS public, other, extra CASCADE;
                 CREATE SCHEMA public; SET search_path = public",
            )
            .await?;
        match self.subject.simple_query(&case.given).await {
            Ok(_) => Ok(None),
            Err(e) if e.is("42601") || e.is("0A000") || e.is("42809") => Ok(Some(refused(&e))),
            Err(e) => Err(e),
        }
    }

    /// `None` when no transaction block takes it.
    async fn in_transaction(&self, case: &Case) -> Result<Option<Outcome>, SqlError> {
        let changes_rows = read(&case.statement).iter().any(|p| {
            matches!(
                p.statement,
                Statement::Insert(_)
                    | Statement::Update(_)
                    | Statement::Delete(_)
                    | Statement::Merge { .. }
                    | Statement::Do { .. }
            )
        });
        self.subject.simple_query("BEGIN").await?;
        if !changes_rows {
            // What validates a constraint reads the whole table then, however small it is.
            self.subject
                .simple_query(
                    "SET LOCAL enable_indexscan = off; SET LOCAL enable_bitmapscan = off;
                     SET LOCAL enable_indexonlyscan = off; SET LOCAL enable_nestloop = off",
                )
                .await?;
        }
        let before = self.relations(&self.subject).await?;
        let result = self.subject.simple_query(&case.statement).await;
        let outcome = match result {
            Ok(_) => {
                let locks = self.subject.rows(&self.locks_of("pg_backend_pid()")).await?;
                let after = self.relations(&self.subject).await?;
                let mut outcome = Outcome { work: work(&before, &after), ..Outcome::default() };
                self.note_emptied(&mut outcome).await?;
                note_locks(&mut outcome, &before, &locks);
                Some(outcome)
            }
            Err(e) if e.is("25001") => None,
            Err(e) => Some(refused(&e)),
        };
        self.subject.simple_query("ROLLBACK").await?;
        Ok(outcome)
    }

    /// Only locks that are held or wanted while the blocker is there are noted: what comes after
    /// may be gone between two looks.
    async fn watched(&self, case: &Case, blocker: Option<&String>) -> Result<Outcome, SqlError> {
        let before = self.relations(&self.watcher).await?;
        self.blocker.simple_query("BEGIN").await?;
        if let Some(sql) = blocker {
            self.blocker.simple_query(sql).await?;
        }
        let mut outcome = Outcome { verdict: Verdict::Alone, ..Outcome::default() };
        let query = self.locks_of(&self.pid);
        let mut running = Box::pin(self.subject.simple_query(&case.statement));
        let (started, mut held, mut seen) = (Instant::now(), true, 0);
        let waits = format!(
            "SELECT true FROM pg_stat_activity WHERE pid = {} AND wait_event_type = 'Lock'",
            self.pid
        );
        let result = loop {
            tokio::select! {
                biased;
                locks = self.watcher.rows(&query) => {
                    if held && blocker.is_some() {
                        note_locks(&mut outcome, &before, &locks?);
                    }
                }
                result = &mut running => break Some(result),
            }
            seen = match self.watcher.value(&waits).await? {
                Some(_) => seen + 1,
                None => 0,
            };
            if held && (seen >= SEEN_WAITING || started.elapsed() > HOLD_MAX) {
                self.blocker.simple_query("ROLLBACK").await?;
                held = false;
            }
            if started.elapsed() > WATCH_MAX {
                break None;
            }
            tokio::select! {
                result = &mut running => break Some(result),
                () = tokio::time::sleep(POLL) => {}
            }
        };
        drop(running);
        if held {
            self.blocker.simple_query("ROLLBACK").await?;
        }
        let after = self.relations(&self.watcher).await?;
        match result {
            Some(Ok(_)) => {
                // Counters of another session's transaction are not to be had: files only.
                outcome.work = work(&before, &after);
                outcome.work.retain(|_, work| *work >= Work::Build);
            }
            // The folder of CREATE TABLESPACE is missing here; it got past the rule.
            Some(Err(e)) if e.is("58P01") => {}
            Some(Err(e)) => return Ok(refused(&e)),
            None => {
                return Err(SqlError {
                    message: format!("{} did not end", case.name),
                    ..SqlError::default()
                });
            }
        }
        Ok(outcome)
    }

    fn locks_of(&self, pid: &str) -> String {
        format!(
            "SELECT relation, mode FROM pg_locks WHERE locktype = 'relation' AND pid = {pid} AND relation >= 16384"
        )
    }

    async fn relations(&self, session: &Session) -> Result<Relations, SqlError> {
        let rows = session
            .rows(
                "SELECT c.oid, CASE n.nspname WHEN 'public' THEN c.relname ELSE n.nspname || '.' || c.relname END, c.relkind,
                        coalesce(pg_relation_filenode(c.oid), 0), coalesce(i.indrelid, c.oid),
                        pg_stat_get_xact_numscans(c.oid),
                        pg_stat_get_xact_tuples_inserted(c.oid) + pg_stat_get_xact_tuples_updated(c.oid)
                        + pg_stat_get_xact_tuples_deleted(c.oid)
                 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                 LEFT JOIN pg_index i ON i.indexrelid = c.oid
                 WHERE n.nspname IN ('public', 'other', 'extra')",
            )
            .await?;
        Ok(rows
            .into_iter()
            .filter_map(|row| {
                let mut fields = row.into_iter().map(Option::unwrap_or_default);
                let oid = fields.next()?;
                Some((
                    oid,
                    Relation {
                        name: fields.next()?,
                        kind: fields.next()?,
                        file: fields.next()?,
                        table: fields.next()?,
                        scans: fields.next()?.parse().unwrap_or(0),
                        changes: fields.next()?.parse().unwrap_or(0),
                    },
                ))
            })
            .collect())
    }

    /// A new file without a row is no rewrite.
    async fn note_emptied(&self, outcome: &mut Outcome) -> Result<(), SqlError> {
        let rewritten: Vec<String> = outcome
            .work
            .iter()
            .filter(|(_, work)| **work == Work::Rewrite)
            .map(|(name, _)| name.clone())
            .collect();
        for name in rewritten {
            // A matview without data cannot be asked; the catalog says so.
            let populated = self
                .subject
                .value(&format!(
                    "SELECT relispopulated FROM pg_class WHERE oid = '{name}'::regclass"
                ))
                .await?;
            let row = format!("SELECT true FROM ONLY {name} LIMIT 1");
            if populated.as_deref() == Some("f") || self.subject.value(&row).await?.is_none() {
                outcome.work.insert(name, Work::Empty);
            }
        }
        Ok(())
    }
}

fn refused(error: &SqlError) -> Outcome {
    let sqlstate = error.sqlstate.clone().unwrap_or_default();
    Outcome { verdict: Verdict::Refused(sqlstate), ..Outcome::default() }
}

/// The strongest lock on each relation that was there before.
fn note_locks(outcome: &mut Outcome, before: &Relations, locks: &[Vec<Option<String>>]) {
    for row in locks {
        let [Some(oid), Some(mode)] = row.as_slice() else { continue };
        let (Some(relation), Some(mode)) = (before.get(oid), LockMode::from_catalog(mode)) else {
            continue;
        };
        let is_index = matches!(relation.kind.as_str(), "i" | "I");
        if is_index && mode < LockMode::ShareUpdateExclusive {
            continue;
        }
        let map = if is_index { &mut outcome.index_locks } else { &mut outcome.locks };
        let strongest = map.entry(relation.name.clone()).or_insert(mode);
        *strongest = mode.max(*strongest);
    }
}

/// The heaviest work on each table that was there before.
fn work(before: &Relations, after: &Relations) -> BTreeMap<String, Work> {
    let mut found: BTreeMap<String, Work> = BTreeMap::new();
    let mut note = |name: &str, work: Work| {
        let heaviest = found.entry(name.to_owned()).or_insert(work);
        *heaviest = work.max(*heaviest);
    };
    let files: BTreeSet<&str> = before.values().map(|r| r.file.as_str()).collect();
    for (oid, now) in after {
        let was = before.get(oid);
        match now.kind.as_str() {
            "r" | "m" => {
                let Some(was) = was else { continue };
                if now.file != was.file {
                    note(&was.name, Work::Rewrite);
                }
                if now.changes > was.changes {
                    note(&was.name, Work::Rows);
                }
                if now.scans > was.scans {
                    note(&was.name, Work::Scan);
                }
            }
            // An index with a file that was not there before has been built, on a table that was.
            // A type change makes a new index of an old file where it can.
            "i" if !files.contains(now.file.as_str()) => {
                if let Some(table) = before.get(&now.table) {
                    note(&table.name, Work::Build);
                }
            }
            _ => {}
        }
    }
    found
}
