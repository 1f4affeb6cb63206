//! Replay: what the folder makes of an empty database, migration by migration.
//!
//! Purpose: run the folder on a scratch database and keep the catalog after every migration, as
//! deltas. Invariants: the target is never touched; a script is sent as the executor would send
//! it; the result depends only on the scripts, their order, the schema and the server's version,
//! which together are the cache's key. Non-goals: judging a live database.

mod cache;
mod rehearsal;
mod statements;

use std::path::PathBuf;

use underpin_sql::{Script, TransactionShape};

use crate::catalog::{self, CatalogSnapshot, SnapshotDelta, TrackedSnapshot};
use crate::error::{Code, Error, Result, SourceLocation};
use crate::migrations::{Migration, MigrationName};
use crate::postgres::scratch::{EngineInfo, EngineKind, Scratch, ScratchOptions};
use crate::postgres::{Queryable, ServerVersion, SqlError, identifier};

pub use cache::{Kept, Walked};
pub use rehearsal::{Piece, Rehearsal};
pub use statements::statements;

/// What a replay depends on beside the scripts.
#[derive(Debug, Clone)]
pub struct ReplayContext {
    /// The target's version, which chooses the engine.
    pub target: ServerVersion,
    /// The schema in which unqualified names are made (`?schema=`).
    pub schema: String,
    /// Role names of the target, so that `GRANT … TO` finds them.
    pub roles: Vec<String>,
    /// How to get a scratch database.
    pub scratch: ScratchOptions,
    /// Where results are kept; `None` keeps nothing.
    pub cache: Option<PathBuf>,
}

/// The catalog after each migration of a folder.
#[derive(Debug, Clone)]
pub struct Replay {
    /// The engine that it ran on.
    pub engine: EngineInfo,
    /// The catalog before the first migration.
    pub initial: CatalogSnapshot,
    /// What each migration changed, in order.
    pub steps: Vec<ReplayStep>,
    /// How many of the steps came from the cache.
    pub cached: usize,
}

/// One migration of a replay.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct ReplayStep {
    /// The migration.
    pub name: MigrationName,
    /// What it changed in the catalog; empty for one that changes data only, or nothing.
    pub delta: SnapshotDelta,
    /// Why it does not replay, in a replay that goes on over such migrations; `delta` is then
    /// what it left behind all the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
}

impl Replay {
    /// The catalog after the first `count` migrations.
    #[must_use]
    pub fn snapshot_after(&self, count: usize) -> CatalogSnapshot {
        let mut snapshot = self.initial.clone();
        for step in self.steps.iter().take(count) {
            snapshot.apply(&step.delta);
        }
        snapshot
    }

    /// The same replay, seen only through these schemas.
    #[must_use]
    pub fn restricted_to(mut self, schemas: &std::collections::BTreeSet<String>) -> Self {
        self.initial = self.initial.restricted_to(schemas);
        self
    }

    /// The catalog after all migrations.
    #[must_use]
    pub fn last_snapshot(&self) -> CatalogSnapshot {
        self.snapshot_after(self.steps.len())
    }
}

/// Why a replay ended early.
#[derive(Debug, Clone)]
pub struct ReplayError {
    /// The migration that failed, by its place in the folder; `None` when the engine did.
    pub migration: Option<usize>,
    /// What happened.
    pub error: Error,
}

impl From<Error> for ReplayError {
    fn from(error: Error) -> Self {
        Self { migration: None, error }
    }
}

/// What a replay tells while it runs.
#[derive(Debug, Clone, Copy)]
pub enum Progress<'a> {
    /// The engine is up.
    EngineReady(&'a EngineInfo, std::time::Duration),
    /// So many migrations are replayed, of so many.
    Replayed(usize, usize),
}

/// Replays `migrations` on an empty scratch database, or takes the result from the cache. A cached
/// beginning is replayed without looking at the catalog.
///
/// # Errors
/// UP-3101 without an engine, UP-2101 and UP-2102 with the place in the file, UP-3103.
pub async fn replay(
    migrations: &[Migration],
    context: &ReplayContext,
    progress: &mut (dyn FnMut(Progress<'_>) + Send),
) -> Result<Replay, ReplayError> {
    run(migrations, context, false, progress).await
}

/// [`replay`] that goes on over a migration that fails: it is named in its step and the others
/// are replayed without it.
///
/// # Errors
/// As [`replay`], but not for a script.
pub async fn replay_tolerant(
    migrations: &[Migration],
    context: &ReplayContext,
    progress: &mut (dyn FnMut(Progress<'_>) + Send),
) -> Result<Replay, ReplayError> {
    run(migrations, context, true, progress).await
}

async fn run(
    migrations: &[Migration],
    context: &ReplayContext,
    tolerant: bool,
    progress: &mut (dyn FnMut(Progress<'_>) + Send),
) -> Result<Replay, ReplayError> {
    if let Some(replay) = kept(migrations, context, tolerant) {
        return Ok(replay);
    }
    let begun = std::time::Instant::now();
    let mut scratch = Scratch::start(context.target, &context.scratch).await?;
    progress(Progress::EngineReady(scratch.about(), begun.elapsed()));
    let engine = scratch.about().clone();
    let chain = cache::Chain::of(migrations, context, engine.kind == EngineKind::Embedded);
    let known = context.cache.as_ref().and_then(|folder| {
        let load = |count| cache::load(folder, &chain, count).filter(|r| usable(r, tolerant));
        (1..migrations.len()).rev().find_map(load)
    });
    let mut database = scratch.database().await?;
    prepare(&mut database, context, engine.kind).await?;
    let mut before = catalog::read_tracked(&mut database).await?;
    let initial = before.snapshot.clone();
    let (mut steps, cached) = match known {
        Some(known) if known.initial == initial => (known.steps, known.cached),
        _ => (Vec::new(), 0),
    };
    let resumed = steps.len();
    for (index, migration) in migrations.iter().enumerate() {
        if index == resumed && resumed > 0 {
            before = catalog::read_tracked(&mut database).await?;
        }
        let result = run_script(&mut database, migration, context).await;
        if index >= resumed {
            let failed = match result {
                Err(error) if tolerant => Some(in_words(&error)),
                Err(error) => return Err(ReplayError { migration: Some(index), error }),
                Ok(()) => None,
            };
            let after = catalog::read_tracked(&mut database).await?;
            steps.push(step(migration, &before, &after, failed));
            before = after;
        }
        progress(Progress::Replayed(index + 1, migrations.len()));
    }
    database.close().await;
    let replay = Replay { engine, initial, steps, cached };
    if let Some(folder) = &context.cache {
        cache::store(folder, &chain, &replay);
    }
    Ok(replay)
}

fn step(
    migration: &Migration,
    before: &TrackedSnapshot,
    after: &TrackedSnapshot,
    failed: Option<String>,
) -> ReplayStep {
    ReplayStep { name: migration.name.clone(), delta: before.delta_to(after), failed }
}

/// An error's message and causes in one line.
fn in_words(error: &Error) -> String {
    let causes = error.causes().iter();
    causes.fold(error.message().to_owned(), |text, cause| format!("{text}: {cause}"))
}

/// Whether a cached replay may be used: one that went on over a failure only where that is wanted.
fn usable(replay: &Replay, tolerant: bool) -> bool {
    tolerant || replay.steps.iter().all(|step| step.failed.is_none())
}

/// The whole replay from the cache. What the embedded PostgreSQL answered counts only while there
/// is nothing better on this machine.
fn kept(migrations: &[Migration], context: &ReplayContext, tolerant: bool) -> Option<Replay> {
    let folder = context.cache.as_ref()?;
    let load = |embedded| {
        cache::load(folder, &cache::Chain::of(migrations, context, embedded), migrations.len())
            .filter(|replay| usable(replay, tolerant))
    };
    load(false).or_else(|| {
        context.scratch.embedded.as_ref()?;
        load(true).filter(|_| !context.scratch.has_local_server(context.target))
    })
}

async fn prepare(
    database: &mut dyn Queryable,
    context: &ReplayContext,
    engine: EngineKind,
) -> Result<()> {
    let failed = |e: SqlError| {
        Error::new(Code::ScratchFailed, "the scratch database could not be prepared").caused_by(e)
    };
    if context.schema != "public" {
        let sql = format!("CREATE SCHEMA IF NOT EXISTS {}", identifier(&context.schema));
        database.query(&sql).await.map_err(failed)?;
    }
    if engine.is_own() {
        // Roles belong to the whole server, so only one of our own gets them.
        for role in &context.roles {
            // One that exists already is as good. Superusers, because what a role may do is the
            // target's business and is not what a replay proves.
            let _exists =
                database.query(&format!("CREATE ROLE {} SUPERUSER", identifier(role))).await;
        }
    }
    database.query(&reset_sql(&context.schema)).await.map_err(failed).map(drop)
}

/// Puts the session back to where a migration expects it. Each `SET` of a script would leak into
/// the next one otherwise.
#[must_use]
pub fn reset_sql(schema: &str) -> String {
    format!("RESET SESSION AUTHORIZATION; RESET ALL; SET search_path = {}", identifier(schema))
}

async fn run_script(
    database: &mut dyn Queryable,
    migration: &Migration,
    context: &ReplayContext,
) -> Result<()> {
    let script = Script::parse(&migration.script);
    let result = match script.shape() {
        TransactionShape::Unclosed { opened_by } => {
            return Err(unclosed(migration, script.statements[opened_by].span.start));
        }
        TransactionShape::Wrapped { .. } => whole(database, migration).await,
        TransactionShape::Separate { .. } => one_by_one(database, migration, &script).await,
        TransactionShape::Atomic => match whole(database, migration).await {
            // unsafe_new_enum_value_usage: a label that the same transaction has added.
            Err((_, e)) if e.is("55P04") => one_by_one(database, migration, &script).await,
            result => result,
        },
    };
    if let Err((offset, error)) = result {
        recover(database, context).await;
        return Err(replay_error(migration, offset, &error));
    }
    database
        .query(&reset_sql(&context.schema))
        .await
        .map(drop)
        .map_err(|e| replay_error(migration, migration.script.len(), &e))
}

/// After a failed script: out of the transaction that it may have opened, back to clean settings.
async fn recover(database: &mut dyn Queryable, context: &ReplayContext) {
    // Where nothing is open the server warns, and that is all.
    let _not_open = database.query("ROLLBACK").await;
    let _lost = database.query(&reset_sql(&context.schema)).await;
}

/// An error, and the byte of the file at which the text that was sent starts.
type Failed = (usize, SqlError);

async fn whole(
    database: &mut dyn Queryable,
    migration: &Migration,
) -> std::result::Result<(), Failed> {
    database.query(&migration.script).await.map(drop).map_err(|e| (0, e))
}

async fn one_by_one(
    database: &mut dyn Queryable,
    migration: &Migration,
    script: &Script,
) -> std::result::Result<(), Failed> {
    for statement in &script.statements {
        let sent = database.query(&migration.script[statement.span.clone()]).await;
        sent.map_err(|e| (statement.span.start, e))?;
    }
    Ok(())
}

/// UP-2101 for a script whose transaction opened at byte `offset` is never ended.
#[must_use]
pub fn unclosed(migration: &Migration, offset: usize) -> Error {
    Error::new(
        Code::UnclosedTransaction,
        format!("migration `{}` opens a transaction and does not close it", migration.name),
    )
    .at(SourceLocation::at(&migration.path.display().to_string(), &migration.script, offset))
    .hint("end it with COMMIT; or remove the BEGIN: a migration runs in one transaction anyway")
}

/// The place of an error of the server in a migration's file. `offset` is the byte at which the
/// text that was sent starts.
#[must_use]
pub fn error_location(
    migration: &Migration,
    offset: usize,
    error: &SqlError,
) -> Option<SourceLocation> {
    let position = error.position?;
    let sent = migration.script.get(offset..)?;
    let byte = sent.char_indices().nth(position.saturating_sub(1)).map_or(sent.len(), |(i, _)| i);
    Some(SourceLocation::at(
        &migration.path.display().to_string(),
        &migration.script,
        offset + byte,
    ))
}

fn replay_error(migration: &Migration, offset: usize, error: &SqlError) -> Error {
    if error.connection_lost {
        let words = format!("the scratch PostgreSQL ended while it ran `{}`", migration.name);
        return Error::new(Code::ScratchFailed, words)
            .caused_by(error)
            .sqlstate(error.sqlstate.as_deref())
            .hint("another scratch PostgreSQL may bear it: --pg-bin FOLDER, or --shadow-url URL");
    }
    let words =
        format!("migration `{}` does not replay on an empty scratch database", migration.name);
    let mut result =
        Error::new(Code::ReplayFailed, words).caused_by(error).sqlstate(error.sqlstate.as_deref());
    if let Some(context) = &error.context {
        result = result.caused_by(context);
    }
    if let Some(location) = error_location(migration, offset, error) {
        result = result.at(location);
    }
    match error.sqlstate.as_deref() {
        // feature_not_supported, undefined_file: what CREATE EXTENSION says of a missing one.
        Some("0A000" | "58P01") if error.message.contains("extension") => result.hint(
            "the scratch server lacks this extension: give binaries that have it with --pg-bin, or a server with --shadow-url",
        ),
        // undefined_object, invalid_parameter_value: what a collation is to a server without that
        // locale, and to one without ICU.
        Some("42704" | "22023") if error.message.contains("collat") => result.hint(
            "the scratch server lacks this collation: give binaries that have it with --pg-bin, or a server with --shadow-url",
        ),
        _ => match &error.hint {
            Some(hint) => result.hint(hint.clone()),
            None => result.hint(format!("correct {} and run the same command again", migration.path.display())),
        },
    }
}
