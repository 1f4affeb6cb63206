//! What a server can say about evidence.

use super::super::manifest::LastMigration;
use super::super::query_failed;
use super::Lsn;
use crate::error::{Code, Error, Result};
use crate::history::HistoryTable;
use crate::postgres::{ConnectionSettings, Queryable as _, ServerVersion, Session, literal};

/// What a server can say about a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Facts {
    pub(super) database: String,
    pub(super) database_oid: String,
    pub(super) server: ServerVersion,
    pub(super) system_identifier: String,
    pub(super) timeline: String,
    /// The server's clock.
    pub(super) now: jiff::Timestamp,
    /// Where the WAL ends; on a standby, where it is replayed to.
    pub(super) end: Lsn,
    /// The newest checkpoint: its redo position, and when it was.
    pub(super) checkpoint: (Lsn, jiff::Timestamp),
    /// An exclusive base backup is under way (until 14).
    pub(super) in_backup: bool,
    pub(super) archives: bool,
    /// The newest WAL file that was archived, and when.
    pub(super) archived: Option<(String, jiff::Timestamp)>,
    /// When archiving failed last.
    pub(super) failed: Option<jiff::Timestamp>,
    /// The WAL file of the claim's position.
    pub(super) file: Option<String>,
    /// The newest applied migration, and when it ended.
    pub(super) migration: Option<(LastMigration, Option<jiff::Timestamp>)>,
}

fn moment(text: &str) -> Option<jiff::Timestamp> {
    text.replace(" UTC", "Z").parse().ok()
}

impl Facts {
    /// Asks the server; it is changed in nothing.
    ///
    /// # Errors
    /// UP-6014 when it may not be asked, UP-11xx, UP-3002, UP-3003.
    pub(super) async fn read(
        session: &Session,
        target: &ConnectionSettings,
        lsn: Option<Lsn>,
    ) -> Result<Self> {
        // Exclusive base backups went with 15 (release notes of 15, E.1.3.2.2).
        let in_backup = match session.version().major() {
            ..=14 => "pg_catalog.pg_is_in_backup()",
            _ => "false",
        };
        let file = match lsn {
            Some(lsn) => format!(
                "CASE WHEN NOT pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_walfile_name({}) END",
                literal(&lsn.to_string())
            ),
            None => "NULL".to_owned(),
        };
        let utc = |value: &str| format!("({value} AT TIME ZONE 'UTC')::text || ' UTC'");
        let sql = format!(
            "SELECT d.datname, d.oid::text, s.system_identifier::text, c.timeline_id::text, {now}, \
             (CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn() \
               ELSE pg_catalog.pg_current_wal_lsn() END)::text, c.redo_lsn::text, {checkpoint}, \
             ({in_backup})::text, (pg_catalog.current_setting('archive_mode') <> 'off')::text, \
             a.last_archived_wal, {archived}, {failed}, {file} \
             FROM pg_catalog.pg_control_system() s, pg_catalog.pg_control_checkpoint() c, \
             pg_catalog.pg_stat_archiver a, pg_catalog.pg_database d WHERE d.datname = current_database()",
            now = utc("pg_catalog.clock_timestamp()"),
            checkpoint = utc("c.checkpoint_time"),
            archived = utc("a.last_archived_time"),
            failed = utc("a.last_failed_time"),
        );
        let rows = session.rows(&sql).await.map_err(|e| {
            query_failed(Code::EvidenceContradicted, "asking the server about the evidence", &e)
        })?;
        let history = HistoryTable::in_schema(target.schema()).read(session).await?;
        let migration = history.records.into_iter().rfind(|r| r.is_applied()).map(|record| {
            let ended = record.finished_at.as_deref().and_then(moment);
            (LastMigration { name: record.name.to_string(), checksum: record.checksum }, ended)
        });
        let row = rows.into_iter().next().unwrap_or_default();
        Self::of(row, session.version(), migration).ok_or_else(|| {
            Error::new(Code::Internal, "the server's answer about the evidence is not understood")
        })
    }

    fn of(
        row: crate::postgres::Row,
        server: ServerVersion,
        migration: Option<(LastMigration, Option<jiff::Timestamp>)>,
    ) -> Option<Self> {
        let mut values = row.into_iter();
        let mut next = || values.next().flatten();
        let (database, database_oid, system_identifier) = (next()?, next()?, next()?);
        let (timeline, now, end) = (next()?, moment(&next()?)?, next()?.parse().ok()?);
        let checkpoint = (next()?.parse().ok()?, moment(&next()?)?);
        let (in_backup, archives) = (next()? == "true", next()? == "true");
        let (wal, archived, failed) = (next(), next(), next());
        let archived = wal.zip(archived.as_deref().and_then(moment));
        let failed = failed.as_deref().and_then(moment);
        let file = next();
        Some(Self {
            database,
            database_oid,
            server,
            system_identifier,
            timeline,
            now,
            end,
            checkpoint,
            in_backup,
            archives,
            archived,
            failed,
            file,
            migration,
        })
    }
}

/// A restore point of that name, written now (manual §9.28.3); its position. A server that may not be
/// told leaves it to a superuser.
///
/// # Errors
/// UP-6014.
pub(super) async fn make_restore_point(session: &Session, id: &str) -> Result<Lsn> {
    let sql = format!("SELECT pg_catalog.pg_create_restore_point({})::text", literal(id));
    let made = session.value(&sql).await.map_err(|e| {
        let error = query_failed(Code::EvidenceContradicted, "making the restore point", &e);
        error.hint(format!(
            "let a superuser do it (SELECT pg_create_restore_point({})), then give its answer: --lsn LSN --at TIME",
            literal(id)
        ))
    })?;
    // So that the file with it is archived now and not when it is full; a right of its own.
    let _not_permitted = session.simple_query("SELECT pg_catalog.pg_switch_wal()").await;
    made.and_then(|lsn| lsn.parse().ok())
        .ok_or_else(|| Error::new(Code::Internal, "a restore point has no position"))
}
