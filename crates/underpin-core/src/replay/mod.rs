//! Replay: what the folder makes of an empty database, migration by migration.
//!
//! Purpose: run the folder on a scratch database and keep the catalog after every migration, as
//! deltas. Invariants: the target is never touched; a script is sent as the executor would send
//! it; the result depends only on the scripts, their order, the schema and the server's version,
//! which together are the cache's key. Non-goals: judging a live database.

mod cache;

use std::path::PathBuf;

use underpin_sql::{Script, TransactionShape};

use crate::catalog::{self, CatalogSnapshot, SnapshotDelta};
use crate::error::{Code, Error, Result, SourceLocation};
use crate::migrations::{Migration, MigrationName};
use crate::postgres::scratch::{EngineInfo, EngineKind, Scratch, ScratchOptions};
use crate::postgres::{Queryable, ServerVersion, SqlError, identifier};

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
    if let Some(replay) = kept(migrations, context) {
        return Ok(replay);
    }
    let begun = std::time::Instant::now();
    let mut scratch = Scratch::start(context.target, &context.scratch).await?;
    progress(Progress::EngineReady(scratch.about(), begun.elapsed()));
    let engine = scratch.about().clone();
    let chain = cache::Chain::of(migrations, context, engine.kind == EngineKind::Embedded);
    let known = context.cache.as_ref().and_then(|folder| {
        (1..migrations.len()).rev().find_map(|count| cache::load(folder, &chain, count))
    });
    let mut database = scratch.database().await?;
    prepare(&mut database, context, engine.kind).await?;
    let initial = catalog::read(&mut database).await?;
    let (mut steps, cached) = match known {
        Some(known) if known.initial == initial => (known.steps, known.cached),
        _ => (Vec::new(), 0),
    };
    let mut before = initial.clone();
    for step in &steps {
        before.apply(&step.delta);
    }
    for (index, migration) in migrations.iter().enumerate() {
        run_script(&mut database, migration, context)
            .await
            .map_err(|error| ReplayError { migration: Some(index), error })?;
        if index >= steps.len() {
            let after = catalog::read(&mut database).await?;
            steps.push(ReplayStep { name: migration.name.clone(), delta: before.delta_to(&after) });
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

/// The whole replay from the cache. What the embedded PostgreSQL answered counts only while there
/// is nothing better on this machine.
fn kept(migrations: &[Migration], context: &ReplayContext) -> Option<Replay> {
    let folder = context.cache.as_ref()?;
    let load = |embedded| {
        cache::load(folder, &cache::Chain::of(migrations, context, embedded), migrations.len())
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
        TransactionShape::Atomic | TransactionShape::Wrapped { .. } => {
            database.query(&migration.script).await.map(drop).map_err(|e| (0, e))
        }
        TransactionShape::Separate { .. } => {
            let mut result = Ok(());
            for statement in &script.statements {
                let sent = database.query(&migration.script[statement.span.clone()]).await;
                if let Err(e) = sent {
                    result = Err((statement.span.start, e));
                    break;
                }
            }
            result
        }
    };
    if let Err((offset, error)) = result {
        return Err(replay_error(migration, offset, &error));
    }
    database
        .query(&reset_sql(&context.schema))
        .await
        .map(drop)
        .map_err(|e| replay_error(migration, migration.script.len(), &e))
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
