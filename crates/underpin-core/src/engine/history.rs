//! `history`: every run and what it did, what others recorded, and the backups. Reads only.
//!
//! The journal tells of our runs; rows of `_prisma_migrations` that it does not name were written by
//! Prisma or by hand, and are told apart.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use super::backup::{BackupListReport, BackupOptions, backups_here};
use super::measured;
use super::{Options, connect, history_table};
use crate::error::Result;
use crate::event::EventSink;
use crate::history::MigrationRecord;
use crate::journal::{self, Approval, BaselineRow, Kind, Record};
use crate::postgres::Session;

/// What became of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RunOutcome {
    /// It came to its end.
    Done,
    /// A migration failed, and nothing of it is in effect.
    Failed,
    /// A migration stopped after some of its statements, or what of it is in effect is not known.
    StoppedPartWay,
    /// The catalog at the end was not what the folder implies.
    NotVerified,
    /// Its last intent has no outcome: it was killed, or it is under way.
    NoOutcome,
}

/// One thing that a run did.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Deed {
    /// When, in UTC.
    pub at: String,
    /// What: the journal's word.
    pub what: String,
    /// The migration.
    pub migration: Option<String>,
    /// In words.
    pub detail: Option<String>,
    /// How long the migration took, by its history row.
    #[serde(
        rename = "duration_ms",
        skip_serializing_if = "Option::is_none",
        serialize_with = "milliseconds"
    )]
    pub duration: Option<Duration>,
}

fn milliseconds<S: serde::Serializer>(
    duration: &Option<Duration>,
    serializer: S,
) -> std::result::Result<S::Ok, S::Error> {
    serializer.serialize_f64(duration.unwrap_or_default().as_secs_f64() * 1e3)
}

/// One run of ours.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct RunRecord {
    /// Its UUIDv7.
    pub run: String,
    /// Its first entry, in UTC.
    pub began: String,
    /// Its last entry, in UTC.
    pub ended: String,
    /// What became of it.
    pub outcome: RunOutcome,
    /// What it did; intents with an outcome are left out.
    pub deeds: Vec<Deed>,
}

/// A row that no run of ours wrote.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct OtherRow {
    /// The migration.
    pub migration: String,
    /// In UTC.
    pub started_at: String,
    /// `applied`, `failed` or `rolled_back`.
    pub state: &'static str,
}

/// What `history` reports.
#[derive(Debug, Clone, serde::Serialize)]
pub struct HistoryReport {
    /// Database name.
    pub database: String,
    /// The newest runs, oldest first.
    pub runs: Vec<RunRecord>,
    /// Older runs that are not listed.
    pub older: usize,
    /// Rows that Prisma or a person wrote, oldest first.
    pub others: Vec<OtherRow>,
    /// The first entry of the journal that does not follow from the one before it.
    pub broken_at: Option<i64>,
    /// The backups of this machine.
    pub backups: BackupListReport,
}

/// Reads journal, history and backups; at most `runs` runs are listed.
///
/// # Errors
/// UP-11xx, UP-3002, UP-3003, UP-6012.
pub async fn history(
    options: &Options,
    backups: &BackupOptions,
    runs: usize,
    sink: &mut dyn EventSink,
) -> Result<HistoryReport> {
    let session = connect(options, sink).await?;
    let rows = history_table(options).read(&session).await?.records;
    let records = journal::newest(&session, runs).await?;
    let ours = journal::rows_written(&session).await?;
    let broken_at = match records.runs {
        0 => None,
        _ => journal::broken_link(&session).await?,
    };
    let listed = runs_of(&records.entries, &rows);
    Ok(HistoryReport {
        database: database(&session).await?,
        older: records.runs.saturating_sub(listed.len()),
        runs: listed,
        others: rows.iter().filter(|row| !ours.contains(&row.id)).map(other).collect(),
        broken_at,
        backups: backups_here(backups)?,
    })
}

async fn database(session: &Session) -> Result<String> {
    let name = session.value("SELECT current_database()").await;
    Ok(name.map_err(|e| journal::unusable(&e))?.unwrap_or_default())
}

fn other(row: &MigrationRecord) -> OtherRow {
    let state = match (row.is_failed(), row.rolled_back_at.is_some()) {
        (true, _) => "failed",
        (_, true) => "rolled_back",
        _ => "applied",
    };
    OtherRow { migration: row.name.to_string(), started_at: row.started_at.clone(), state }
}

/// Entries, in order, as runs.
fn runs_of(entries: &[Record], rows: &[MigrationRecord]) -> Vec<RunRecord> {
    let mut order: Vec<&str> = Vec::new();
    let mut by_run: BTreeMap<&str, Vec<&Record>> = BTreeMap::new();
    for entry in entries {
        let known = by_run.entry(&entry.run).or_default();
        if known.is_empty() {
            order.push(&entry.run);
        }
        known.push(entry);
    }
    order.into_iter().filter_map(|run| one(run, &by_run[run], rows)).collect()
}

fn one(run: &str, entries: &[&Record], rows: &[MigrationRecord]) -> Option<RunRecord> {
    let mut outcome = RunOutcome::Done;
    let mut open: HashSet<&Option<String>> = HashSet::new();
    let mut deeds = Vec::new();
    for entry in entries {
        match Kind::parse(&entry.kind) {
            // The next run may end what this one could not.
            Some(Kind::MigrationStarted | Kind::StatementStarted | Kind::MessageStarted) => {
                open.insert(&entry.row);
                continue;
            }
            Some(Kind::StatementDone) => continue,
            Some(Kind::MigrationUndone) if entry.detail.is_some() => outcome = RunOutcome::Failed,
            // Without a reason: what an earlier run left, put right.
            Some(Kind::MigrationUndone) => {}
            Some(Kind::MigrationStopped | Kind::MigrationUnclear) => {
                outcome = RunOutcome::StoppedPartWay;
            }
            Some(Kind::VerifyFailed) => outcome = RunOutcome::NotVerified,
            // Every run takes the lease; only that it was taken from another is worth a line.
            Some(Kind::LeaseTaken) if entry.detail.is_none() => continue,
            _ => {}
        }
        open.remove(&entry.row);
        deeds.push(deed(entry, rows));
    }
    if outcome == RunOutcome::Done && !open.is_empty() {
        outcome = RunOutcome::NoOutcome;
    }
    let (first, last) = (entries.first()?, entries.last()?);
    let (began, ended) = (first.at.clone(), last.at.clone());
    Some(RunRecord { run: run.to_owned(), began, ended, outcome, deeds })
}

fn deed(entry: &Record, rows: &[MigrationRecord]) -> Deed {
    let kind = Kind::parse(&entry.kind);
    let detail = match kind {
        Some(Kind::Baselined) => entry.detail.as_deref().map(baselined),
        Some(Kind::MigrationStopped) => {
            let done = entry.step.unwrap_or(0);
            Some(format!("with {done} of its statements in effect {}", because(&entry.detail)))
        }
        Some(Kind::MigrationUnclear) => Some(because(&entry.detail)),
        Some(Kind::MigrationUndone) if entry.detail.is_none() => {
            Some("(the attempt of an earlier run)".to_owned())
        }
        Some(Kind::MigrationUndone) => Some(because(&entry.detail)),
        Some(Kind::Timed) => entry.detail.as_deref().map(measured::in_words),
        Some(Kind::Approved) => entry.detail.as_deref().map(approved),
        Some(Kind::ApprovalUsed) => entry.detail.as_ref().map(|seq| format!("(entry {seq})")),
        _ => entry.detail.clone(),
    };
    let row = rows.iter().find(|row| Some(&row.id) == entry.row.as_ref());
    let duration = row.filter(|_| kind == Some(Kind::MigrationDone)).and_then(took);
    let (at, what) = (entry.at.clone(), entry.kind.clone());
    Deed { at, what, migration: entry.migration.clone(), detail, duration }
}

fn because(sqlstate: &Option<String>) -> String {
    match sqlstate.as_deref() {
        None | Some("") => String::new(),
        Some(sqlstate) => format!("(SQLSTATE {sqlstate})"),
    }
}

fn approved(detail: &str) -> String {
    let Ok(approval) = serde_json::from_str::<Approval>(detail) else { return detail.to_owned() };
    let commit = approval.commit.map(|commit| format!(", commit {commit}")).unwrap_or_default();
    let note = approval.note.map(|note| format!(": {note}")).unwrap_or_default();
    let plan: String = approval.plan.chars().take(12).collect();
    format!("by {} ({}), plan {plan}{commit}{note}", approval.by, approval.role)
}

fn baselined(detail: &str) -> String {
    let Ok(rows) = serde_json::from_str::<Vec<BaselineRow>>(detail) else {
        return detail.to_owned();
    };
    let assumed = rows.iter().filter(|row| row.assumed.is_some()).count();
    let names = match rows.as_slice() {
        [] => String::new(),
        [only] => format!(": {}", only.migration),
        [first, .., last] => format!(": {} … {}", first.migration, last.migration),
    };
    let assumed = if assumed == 0 { String::new() } else { format!(", {assumed} assumed") };
    format!("{}{assumed}{names}", rows.len())
}

fn took(row: &MigrationRecord) -> Option<Duration> {
    let time = |text: &str| text.replace(" UTC", "Z").parse::<jiff::Timestamp>().ok();
    let (begun, ended) = (time(&row.started_at)?, time(row.finished_at.as_deref()?)?);
    Duration::try_from(ended.duration_since(begun)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(run: &str, kind: &str, row: Option<&str>) -> Record {
        Record {
            seq: 1,
            at: "2026-02-14T10:30:00.000Z".to_owned(),
            run: run.to_owned(),
            kind: kind.to_owned(),
            migration: row.map(|r| format!("m{r}")),
            row: row.map(str::to_owned),
            step: None,
            detail: None,
            lsn: None,
        }
    }

    #[test]
    fn an_intent_without_an_outcome_shows() {
        let entries = [
            entry("a", "lease_taken", None),
            entry("a", "migration_started", Some("1")),
            entry("b", "lease_taken", None),
            entry("b", "migration_undone", Some("1")),
            Record {
                detail: Some("23502".to_owned()),
                ..entry("b", "migration_undone", Some("3"))
            },
            entry("b", "migration_started", Some("2")),
            entry("b", "migration_done", Some("2")),
        ];
        let runs = runs_of(&entries, &[]);
        assert_eq!(runs.len(), 2);
        assert_eq!((runs[0].outcome, runs[0].deeds.len()), (RunOutcome::NoOutcome, 0));
        assert_eq!((runs[1].outcome, runs[1].deeds.len()), (RunOutcome::Failed, 3));
    }

    #[test]
    fn a_word_of_a_newer_version_is_told_as_it_stands() {
        let runs = runs_of(&[entry("a", "teleported", None)], &[]);
        assert_eq!(runs[0].deeds[0].what, "teleported");
        assert_eq!(runs[0].outcome, RunOutcome::Done);
    }
}
