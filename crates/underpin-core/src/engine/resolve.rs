//! `resolve`: put the history right by hand, under the lock, in Prisma's exact ways.

use jiff::Timestamp;

use super::turn::Run;
use super::{Options, connect, examination, history_table, read_folder};
use crate::error::{Code, Error, Result};
use crate::event::{Event, EventSink};
use crate::history::{History, HistoryTable};
use crate::journal::{Entry, Kind};
use crate::migrations::{Migration, MigrationFolder, MigrationName};
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
    let run = Run::new(options);
    let mut session = connect(&run.named(), sink).await?;
    let migration = match resolution {
        Resolution::Applied(name) => {
            let folder = read_folder(options, sink)?;
            let found = folder.get(name).cloned().ok_or_else(|| unknown(name, &folder.path))?;
            warn_of_evidence(options, &folder, name, &mut session, sink).await?;
            Some(found)
        }
        Resolution::RolledBack(_) => None,
    };
    let (Resolution::Applied(name) | Resolution::RolledBack(name)) = resolution;
    let word = if migration.is_some() { "applied" } else { "rolled_back" };
    in_turn(&run, session, &Mark::new(name, migration.as_ref()), sink).await?;
    if !options.dry_run {
        sink.emit(&Event::Resolved { name: name.to_string(), r#as: word });
    }
    Ok(ResolveReport { migration: name.to_string(), recorded_as: word, dry_run: options.dry_run })
}

/// A person's word counts; that the catalog denies it is said. Without a scratch database nothing
/// can be.
async fn warn_of_evidence(
    options: &Options,
    folder: &MigrationFolder,
    name: &MigrationName,
    session: &mut Session,
    sink: &mut dyn EventSink,
) -> Result<()> {
    let history = history_table(options).read(session).await?;
    if history.is_applied(name) {
        return Ok(());
    }
    let Ok(denied) = examination::denied(options, folder, &history, name, session).await else {
        return Ok(());
    };
    if let Some((verdict, evidence)) = denied {
        sink.emit(&Event::Warning {
            name: "evidence_denies",
            message: format!("by the live catalog `{name}` is {verdict}; recorded all the same"),
            details: evidence,
        });
    }
    Ok(())
}

/// The folder holds no migration of this name.
pub(super) fn unknown(name: &MigrationName, folder: &std::path::Path) -> Error {
    let words = format!("there is no migration `{name}` in `{}`", folder.display());
    Error::new(Code::UnknownMigration, words)
        .hint("give the whole name of its folder; list them with: underpin status")
}

/// What is to be recorded of a migration: that it is applied, when it is given whole; otherwise
/// that it was rolled back.
pub(super) struct Mark<'a> {
    pub(super) name: &'a MigrationName,
    pub(super) migration: Option<&'a Migration>,
    /// The `id` that its history row gets.
    row: String,
}

impl<'a> Mark<'a> {
    pub(super) fn new(name: &'a MigrationName, migration: Option<&'a Migration>) -> Self {
        Self { name, migration, row: uuid::Uuid::new_v4().to_string() }
    }
}

/// Waits for the turn, checks, records.
pub(super) async fn in_turn(
    run: &Run<'_>,
    session: Session,
    mark: &Mark<'_>,
    sink: &mut dyn EventSink,
) -> Result<()> {
    let table = history_table(run.options);
    if run.options.dry_run {
        let history = table.read(&session).await?;
        return mark.sql(&table, &history, &session).await.map(drop);
    }
    // What can be refused is refused before anything of ours is made in the database.
    mark.sql(&table, &table.read(&session).await?, &session).await?;
    let Ok(mut executor) = run.enter(session, &[], sink).await? else { return Ok(()) };
    let result = async {
        let history = table.read(executor.session()).await?;
        let sql = mark.sql(&table, &history, executor.session()).await?;
        executor.record(&sql, mark.entry()).await
    }
    .await;
    executor.leave(sink).await;
    result
}

impl Mark<'_> {
    fn entry(&self) -> Entry {
        let word = if self.migration.is_some() { "applied" } else { "rolled_back" };
        let entry = Entry::new(Kind::Resolved).detail(word);
        let row = self.migration.map(|_| self.row.clone());
        Entry { migration: Some(self.name.to_string()), row, ..entry }
    }

    /// The writes, if Prisma's conditions hold.
    async fn sql(
        &self,
        table: &HistoryTable,
        history: &History,
        session: &Session,
    ) -> Result<String> {
        match self.migration {
            Some(migration) => applied_sql(table, history, migration, &self.row, session).await,
            None => rolled_back_sql(table, history, self.name),
        }
    }
}

async fn applied_sql(
    table: &HistoryTable,
    history: &History,
    migration: &Migration,
    row: &str,
    session: &Session,
) -> Result<String> {
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
    let mut sql = String::new();
    if !history.exists {
        sql += &table.create_sql(session).await?;
    }
    if of_name().any(crate::history::MigrationRecord::is_failed) {
        sql += &table.roll_back_sql(name, now);
    }
    Ok(sql + &table.insert_baseline_sql(row, migration, now))
}

fn rolled_back_sql(
    table: &HistoryTable,
    history: &History,
    name: &MigrationName,
) -> Result<String> {
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
    Ok(table.roll_back_sql(name, Timestamp::now()))
}
