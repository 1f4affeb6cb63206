//! `status`: what the history says about the folder. Reads only.

use super::{Options, connect, failed, history_table, names, read_folder};
use crate::catalog;
use crate::error::Result;
use crate::event::{Event, EventSink};
use crate::execute::{self, Recovery};
use crate::history::{History, MigrationRecord};
use crate::migrations::{Migration, MigrationFolder, MigrationName};
use crate::postgres::Session;

/// The state in one word, worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StatusState {
    /// A migration failed and is not resolved.
    Failed,
    /// History and folder both hold migrations that the other does not.
    Diverged,
    /// The history records migrations that the folder does not hold.
    MissingFromFolder,
    /// Objects, and no history.
    Unmanaged,
    /// Migrations wait.
    Pending,
    /// Nothing to do.
    UpToDate,
}

/// What `status` reports.
#[derive(Debug, Clone, serde::Serialize)]
pub struct StatusReport {
    /// In one word.
    pub state: StatusState,
    /// Migrations in the folder.
    pub in_folder: usize,
    /// Whether the history table exists.
    pub history_exists: bool,
    /// Applied migrations of the folder, in order.
    pub applied: Vec<String>,
    /// Migrations that wait, in order.
    pub pending: Vec<String>,
    /// Failed migrations.
    pub failed: Vec<FailedMigration>,
    /// Recorded, and not in the folder.
    pub missing_from_folder: Vec<String>,
    /// Applied, and their file has changed since.
    pub edited: Vec<String>,
    /// Applied although an earlier one of the folder is not.
    pub out_of_order: Vec<String>,
    /// Without a history: how many objects the catalog holds.
    pub unmanaged_objects: Option<usize>,
    /// What to mention about the folder.
    pub remarks: Vec<String>,
}

/// A row that is neither finished nor rolled back.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct FailedMigration {
    /// Its name.
    pub name: String,
    /// When it started, in UTC.
    pub started_at: String,
    /// The first line of the recorded error that names it.
    pub error: Option<String>,
    /// What it may have left behind.
    pub remains: String,
    /// Whether the next `deploy` heals it by itself.
    pub heals: bool,
}

impl FailedMigration {
    /// The failed rows of a history, in its order.
    pub(super) fn all(
        history: &History,
        script_of: &dyn Fn(&MigrationName) -> Option<String>,
    ) -> Vec<Self> {
        let failed = history.failed().into_iter().map(|record| Self {
            name: record.name.to_string(),
            started_at: record.started_at.clone(),
            error: record.logs.as_deref().and_then(first_error_line),
            remains: failed::remains(record, script_of(&record.name).as_deref()),
            heals: false,
        });
        failed.collect()
    }

    /// Asks the journal, which knows more than the row.
    async fn look_into(
        &mut self,
        record: &MigrationRecord,
        migration: Option<&Migration>,
        session: &Session,
    ) -> Result<()> {
        let remains = match execute::recover(session, record, migration).await? {
            Recovery::Unknown => return Ok(()),
            Recovery::Undone => {
                "nothing of it is in effect (journal): the next deploy runs it again".to_owned()
            }
            Recovery::GoesOn(resume) => format!(
                "its first {} statements are in effect (journal): the next deploy goes on with the next one",
                resume.done
            ),
        };
        (self.remains, self.heals) = (remains, true);
        Ok(())
    }
}

/// Compares the history with the folder.
///
/// # Errors
/// UP-1xxx, UP-20xx, UP-3002, UP-3003.
pub async fn status(options: &Options, sink: &mut dyn EventSink) -> Result<StatusReport> {
    let folder = read_folder(options, sink)?;
    let mut session = connect(options, sink).await?;
    let history = history_table(options).read(&session).await?;
    let unmanaged_objects = if history.exists {
        None
    } else {
        Some(catalog::read(&mut session).await?)
            .filter(|s| !s.is_empty_of_objects())
            .map(|s| s.len())
    };
    let mut report = report(&folder, &history, unmanaged_objects);
    for (failed, record) in report.failed.iter_mut().zip(history.failed()) {
        failed.look_into(record, folder.get(&record.name), &session).await?;
    }
    sink.emit(&Event::HistoryRead {
        exists: history.exists,
        applied: report.applied.len(),
        pending: report.pending.len(),
    });
    Ok(report)
}

fn report(
    folder: &MigrationFolder,
    history: &History,
    unmanaged_objects: Option<usize>,
) -> StatusReport {
    let pending = names(history.pending(folder).iter().map(|m| &m.name));
    let missing = names(history.missing_from(folder));
    let failed = FailedMigration::all(history, &|name| folder.get(name).map(|m| m.script.clone()));
    let state = match () {
        () if !failed.is_empty() => StatusState::Failed,
        () if !missing.is_empty() && !pending.is_empty() => StatusState::Diverged,
        () if !missing.is_empty() => StatusState::MissingFromFolder,
        () if unmanaged_objects.is_some() => StatusState::Unmanaged,
        () if !pending.is_empty() => StatusState::Pending,
        () => StatusState::UpToDate,
    };
    let first_pending = folder.migrations.iter().position(|m| !history.has_live_row(&m.name));
    let applied: Vec<&crate::migrations::MigrationName> =
        folder.migrations.iter().filter(|m| history.is_applied(&m.name)).map(|m| &m.name).collect();
    let out_of_order = folder
        .migrations
        .iter()
        .enumerate()
        .filter(|(index, m)| {
            first_pending.is_some_and(|first| *index > first) && history.has_live_row(&m.name)
        })
        .map(|(_, m)| &m.name);
    StatusReport {
        state,
        in_folder: folder.migrations.len(),
        history_exists: history.exists,
        out_of_order: names(out_of_order),
        applied: names(applied),
        pending,
        failed,
        missing_from_folder: missing,
        edited: names(history.edited(folder)),
        unmanaged_objects,
        remarks: folder.remarks.iter().map(ToString::to_string).collect(),
    }
}

fn first_error_line(logs: &str) -> Option<String> {
    let line = logs
        .lines()
        .find(|l| l.contains("ERROR:"))
        .or_else(|| logs.lines().find(|l| !l.trim().is_empty()));
    line.map(|l| l.trim().chars().take(300).collect())
}
