//! `resolve`: put the history right by hand, under the lock, in Prisma's exact ways.

use jiff::Timestamp;

use super::{Options, connect, history_table, read_folder};
use crate::coordinate;
use crate::error::{Code, Error, Result};
use crate::event::{Event, EventSink};
use crate::history::{History, HistoryTable};
use crate::migrations::{Migration, MigrationName};
use crate::postgres::Session;

/// What a person says of a migration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolution {
    /// It is in effect.
    Applied(MigrationName),
    /// Its failed attempt has been undone.
    RolledBack(MigrationName),
}

/// What `resolve` recorded, or with `dry_run` would record.
#[derive(Debug, Clone, serde::Serialize)]
pub struct ResolveReport {
    /// The migration.
    pub migration: String,
    /// `applied` or `rolled_back`.
    pub recorded_as: &'static str,
    /// Nothing was changed.
    pub dry_run: bool,
}

/// Records a resolution.
///
/// # Errors
/// UP-2008, UP-3004 to UP-3007 when the history does not allow it; UP-4001; UP-3003.
pub async fn resolve(
    options: &Options,
    resolution: &Resolution,
    sink: &mut dyn EventSink,
) -> Result<ResolveReport> {
    let session = connect(options, sink).await?;
    let table = history_table(options);
    coordinate::acquire(&session, options.patience, &mut |holder| {
        sink.emit(&Event::LockWaiting { holder })
    })
    .await?;
    let history = table.read(&session).await?;
    let (name, word) = match resolution {
        Resolution::Applied(name) => {
            let folder = read_folder(options, sink)?;
            let migration = folder.get(name).ok_or_else(|| unknown(name, &folder.path))?;
            mark_applied(options, &session, &table, &history, migration).await?;
            (name, "applied")
        }
        Resolution::RolledBack(name) => {
            mark_rolled_back(options, &session, &table, &history, name).await?;
            (name, "rolled_back")
        }
    };
    if !options.dry_run {
        sink.emit(&Event::Resolved { name: name.to_string(), r#as: word });
    }
    Ok(ResolveReport { migration: name.to_string(), recorded_as: word, dry_run: options.dry_run })
}

/// The folder holds no migration of this name.
pub(super) fn unknown(name: &MigrationName, folder: &std::path::Path) -> Error {
    let words = format!("there is no migration `{name}` in `{}`", folder.display());
    Error::new(Code::UnknownMigration, words)
        .hint("give the whole name of its folder; list them with: underpin status")
}

pub(super) async fn mark_applied(
    options: &Options,
    session: &Session,
    table: &HistoryTable,
    history: &History,
    migration: &Migration,
) -> Result<()> {
    let name = &migration.name;
    let of_name = || history.records.iter().filter(|r| r.name == *name);
    if of_name().any(|r| r.finished_at.is_some()) {
        return Err(Error::new(
            Code::AlreadyApplied,
            format!("migration `{name}` is already recorded as applied"),
        )
        .hint("there is nothing to do: underpin status"));
    }
    let now = Timestamp::now();
    let mut sql = String::from("BEGIN;\n");
    if !history.exists {
        sql += &table.create_sql(session).await?;
    }
    if of_name().any(crate::history::MigrationRecord::is_failed) {
        sql += &table.roll_back_sql(name, now);
    }
    sql += &table.insert_baseline_sql(migration, now);
    write(options, session, table, sql).await
}

pub(super) async fn mark_rolled_back(
    options: &Options,
    session: &Session,
    table: &HistoryTable,
    history: &History,
    name: &MigrationName,
) -> Result<()> {
    if !history.exists {
        return Err(Error::new(
            Code::HistoryMissing,
            "the database has no history table, so nothing can be rolled back in it",
        )
        .hint("underpin status"));
    }
    let of_name: Vec<_> = history.records.iter().filter(|r| r.name == *name).collect();
    if of_name.is_empty() {
        return Err(Error::new(
            Code::NeverApplied,
            format!("migration `{name}` was never applied to this database"),
        )
        .hint("give the whole name; list them with: underpin status"));
    }
    if of_name.iter().all(|r| r.finished_at.is_some()) {
        return Err(Error::new(
            Code::NotFailed,
            format!("migration `{name}` is not in a failed state"),
        )
        .hint("there is nothing to resolve: underpin status"));
    }
    let sql = format!("BEGIN;\n{}", table.roll_back_sql(name, Timestamp::now()));
    write(options, session, table, sql).await
}

async fn write(
    options: &Options,
    session: &Session,
    table: &HistoryTable,
    sql: String,
) -> Result<()> {
    if options.dry_run {
        return Ok(());
    }
    match session.simple_query(&format!("{sql}COMMIT")).await {
        Ok(_) => Ok(()),
        Err(error) => {
            let _undone = session.simple_query("ROLLBACK").await;
            Err(table.error(&error, "write"))
        }
    }
}
