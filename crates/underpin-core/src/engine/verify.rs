//! `verify`: is the live catalog what the history implies? Reads only.

use super::deploy::{replay_context, replay_folder};
use super::{Options, connect, history_table, read_folder};
use crate::catalog;
use crate::diagnose;
use crate::error::{Code, Error, Result};
use crate::event::EventSink;
use crate::migrations::Migration;

/// Differences shown before "and N more".
const DIFFERENCES_SHOWN: usize = 50;

/// What `verify` found.
#[derive(Debug, Clone, serde::Serialize)]
pub struct VerifyReport {
    /// Whether the catalog equals what the recorded migrations make of an empty database.
    pub equal: bool,
    /// Migrations recorded as applied.
    pub applied: usize,
    /// Facts compared.
    pub facts: usize,
    /// How many differ.
    pub differences: usize,
    /// The first of them, in words.
    pub lines: Vec<String>,
    /// The engine that the comparison rests on.
    pub engine: String,
    /// What that engine cannot check.
    pub unchecked: Vec<String>,
}

/// Replays what the history records and compares the result with the live catalog.
///
/// # Errors
/// UP-1xxx, UP-2xxx, UP-3007 without a history, UP-31xx.
pub async fn verify(options: &Options, sink: &mut dyn EventSink) -> Result<VerifyReport> {
    let folder = read_folder(options, sink)?;
    let mut session = connect(options, sink).await?;
    let history = history_table(options).read(&session).await?;
    if !history.exists {
        return Err(Error::new(
            Code::HistoryMissing,
            "the database has no history table, so nothing is implied",
        )
        .hint("let it be diagnosed: underpin deploy --dry-run"));
    }
    let applied: Vec<Migration> =
        folder.migrations.iter().filter(|m| history.is_applied(&m.name)).cloned().collect();
    let context = replay_context(options, &session).await?;
    let replay =
        replay_folder(&applied, &context, false, sink).await.map_err(|failure| failure.error)?;
    let schemas = diagnose::managed_schemas(&replay, options.target.schema());
    let replay = replay.restricted_to(&schemas);
    let live = catalog::read(&mut session).await?.restricted_to(&schemas);
    let diff = catalog::diff(&replay.last_snapshot(), &live);
    Ok(VerifyReport {
        equal: diff.is_empty(),
        applied: applied.len(),
        facts: live.len(),
        differences: diff.len(),
        lines: diff.lines(DIFFERENCES_SHOWN),
        engine: replay.engine.phrase(),
        unchecked: replay.engine.unchecked,
    })
}
