//! `rehearse`: what a deploy would do, done on a copy and measured.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use underpin_sql::Script;

use super::backup::{BackupOptions, CreateRequest, backup_create, emit};
use super::deploy::{self, check_history, decide};
use super::plan::{Binding, binding};
use super::turn::Run;
use super::{Options, connect, history_table, names, read_folder};
use crate::assess;
use crate::backup::{self, Level, Step, Tell};
use crate::catalog;
use crate::error::{Code, Error, ExitStatus, Result};
use crate::event::{Event, EventSink, Silent};
use crate::journal;
use crate::migrations::{Migration, MigrationFolder};
use crate::postgres::clients::ClientTools;
use crate::postgres::cluster::{Cluster, ClusterOptions, out_of_room};
use crate::postgres::{ConnectionSettings, Queryable as _, Session, SqlError, literal};
use crate::rehearse::{
    self, CopiedTable, Copy, Failure, From, MeasuredMigration, MeasuredStatement, Record, Rows,
    Sampled, Subject, Watch, Way, kept,
};

/// Settings of a copy's server that is not restored from a backup: for loading much at once.
const LOADING: &[&str] = &["shared_buffers=128MB", "max_wal_size=1GB"];
/// Settings of the live server that decide how fast work is, or how much log it writes.
const LIKE_LIVE: &str = "SELECT name, setting || coalesce(unit, '') FROM pg_catalog.pg_settings \
    WHERE name IN ('work_mem', 'maintenance_work_mem', 'wal_level', 'max_locks_per_transaction')";
/// Differences shown of a failure.
const DETAILS_MAX: usize = 20;

/// What the copy is made from.
#[derive(Debug, Clone)]
pub enum Source {
    /// A backup, by its name or `last`.
    Backup(String),
    /// The catalog alone.
    Schema,
    /// Some rows of every table, closed over foreign keys.
    Sample(rehearse::Limits),
}

/// What is asked of a rehearsal.
#[derive(Debug, Clone)]
pub struct RehearseRequest {
    /// From what.
    pub source: Source,
    /// Make a backup first, and use that one.
    pub create_backup: bool,
    /// A file for the record beside the one that is kept.
    pub out: Option<PathBuf>,
}

/// What came of it.
#[derive(Debug, Clone, serde::Serialize)]
pub struct RehearsalReport {
    /// Everything ran.
    pub passed: bool,
    /// The record; `None` when nothing is pending.
    #[serde(flatten)]
    pub record: Option<Record>,
    /// Where the record is kept.
    pub kept_as: Option<String>,
    /// From start to end.
    #[serde(skip)]
    pub duration: Duration,
}

/// Runs what is pending on a copy, which is gone afterwards. The database is only read.
///
/// # Errors
/// UP-6101 when the backup is of another state, UP-6102, UP-6103, UP-60xx of a backup, UP-3101,
/// UP-3102, UP-4005, and those of a plan. A migration that fails on the copy is no error: the report
/// says so.
pub async fn rehearse(
    options: &Options,
    backup: Option<&BackupOptions>,
    request: &RehearseRequest,
    sink: &mut dyn EventSink,
) -> Result<RehearsalReport> {
    let begun = Instant::now();
    let folder = read_folder(options, sink)?;
    let live = Box::pin(Live::read(options, &folder, sink)).await?;
    let report = |record, kept_as| RehearsalReport {
        passed: record_passed(&record),
        record,
        kept_as,
        duration: begun.elapsed(),
    };
    if live.binding.pending.is_empty() && live.binding.baseline.is_empty() {
        return Ok(report(None, None));
    }
    let mut stop = options.stop.clone();
    let work = Box::pin(run(options, backup, request, &folder, &live, sink));
    // The copy goes with the work: its server, its folder, its programs.
    let record = tokio::select! {
        record = work => record?,
        () = stop.requested() => return Err(backup::interrupted("the rehearsal")),
    };
    let mut kept_as = None;
    if let Some(folder) = &options.rehearsals {
        kept_as = Some(kept::keep(folder, &record)?.display().to_string());
    }
    if let Some(path) = &request.out {
        kept::write(path, &record)?;
        kept_as = Some(path.display().to_string());
    }
    Ok(report(Some(record), kept_as))
}

fn record_passed(record: &Option<Record>) -> bool {
    record.as_ref().is_none_or(Record::passed)
}

/// What a deploy would find now.
struct Live {
    system_identifier: String,
    binding: Binding,
    settings: Vec<String>,
    major: u32,
}

impl Live {
    async fn read(
        options: &Options,
        folder: &MigrationFolder,
        sink: &mut dyn EventSink,
    ) -> Result<Self> {
        let run = Run::new(options);
        let mut session = connect(&run.named(), sink).await?;
        let history = history_table(options).read(&session).await?;
        check_history(folder, &history, sink)?;
        let work =
            Box::pin(decide(options, folder, history, &HashMap::new(), &mut session, sink)).await?;
        let pending: Vec<&Migration> = work.to_run().collect();
        let baseline = names(work.to_record().map(|m| &m.name));
        let catalog = match work.live() {
            Some(live) => live.clone(),
            None => catalog::read(&mut session).await?,
        };
        let settings = like_live(&session).await.map_err(|e| unreadable(&e))?;
        Ok(Self {
            system_identifier: system_identifier(&session).await?,
            binding: binding(options, &catalog, baseline, &pending),
            settings,
            major: session.version().major(),
        })
    }

    fn subject(&self) -> Subject {
        subject(&self.binding, &self.system_identifier)
    }
}

/// What a record has to be of, to hold for a plan.
pub(super) fn subject(binding: &Binding, system_identifier: &str) -> Subject {
    Subject {
        system_identifier: system_identifier.to_owned(),
        database: binding.database.clone(),
        fingerprint: binding.fingerprint.clone(),
        baseline: binding.baseline.clone(),
        pending: binding.pending.clone(),
    }
}

/// # Errors
/// UP-3103, UP-1105.
pub(super) async fn system_identifier(session: &Session) -> Result<String> {
    let sql = "SELECT system_identifier::text FROM pg_catalog.pg_control_system()";
    let value = session.value(sql).await.map_err(|e| unreadable(&e))?;
    Ok(value.unwrap_or_default())
}

fn unreadable(e: &SqlError) -> Error {
    let code = if e.connection_lost { Code::ConnectionLost } else { Code::CatalogUnreadable };
    Error::new(code, "the server's settings cannot be read").caused_by(e)
}

/// The copy's server works with the memory of the live one and writes as much log; nothing is
/// made durable, which nobody needs here.
async fn like_live(session: &Session) -> std::result::Result<Vec<String>, SqlError> {
    let rows = session.rows(LIKE_LIVE).await?;
    let setting = |row: Vec<Option<String>>| {
        let mut values = row.into_iter().flatten();
        Some(format!("{}={}", values.next()?, values.next()?))
    };
    let mut settings: Vec<String> = rows.into_iter().filter_map(setting).collect();
    settings.push("full_page_writes=on".to_owned());
    settings.extend(rehearse::SETTINGS.iter().map(|&setting| setting.to_owned()));
    Ok(settings)
}

/// A copy that is up. Dropping it removes it.
struct Stage {
    cluster: Cluster,
    settings: ConnectionSettings,
    engine: String,
    from: From,
    backup: Option<String>,
    taken_at: String,
    cannot_show: Vec<String>,
}

async fn run(
    options: &Options,
    backup: Option<&BackupOptions>,
    request: &RehearseRequest,
    folder: &MigrationFolder,
    live: &Live,
    sink: &mut dyn EventSink,
) -> Result<Record> {
    let begun = Instant::now();
    let mut stage = match &request.source {
        Source::Backup(name) => {
            let backup = backup.ok_or_else(|| {
                Error::new(Code::BackupsUnusable, "no folder for backups is named")
                    .hint("name one: --backups FOLDER")
            })?;
            let made = match request.create_backup {
                true => Some(Box::pin(create(options, backup, sink)).await?),
                false => None,
            };
            let name = made.as_deref().unwrap_or(name);
            from_backup(options, backup, name, live, sink).await?
        }
        Source::Schema => from_live(options, Rows::None, live, sink).await?,
        Source::Sample(limits) => from_live(options, Rows::Sample(*limits), live, sink).await?,
    };
    stage.settings = stage.settings.with_schema(options.target.schema());
    let session = stage.settings.connect().await?;
    settle(&session).await?;
    let sizes = assess::observe(&session, options.target.schema()).await?.sizes;
    let tables: BTreeMap<String, CopiedTable> = sizes
        .into_iter()
        .filter(|(name, _)| !name.ends_with("_prisma_migrations"))
        .map(|(name, size)| (name, CopiedTable { rows: size.rows, bytes: size.bytes }))
        .collect();
    let copy = Copy {
        from: stage.from,
        backup: stage.backup.clone(),
        taken_at: stage.taken_at.clone(),
        engine: stage.engine.clone(),
        rows: tables.values().map(|table| table.rows).sum(),
        bytes: tables.values().map(|table| table.bytes).sum(),
        tables,
        made_in_ms: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
        cannot_show: stage.cannot_show.clone(),
    };
    sink.emit(&Event::CopyReady {
        from: copy.from.word(),
        rows: copy.rows,
        bytes: copy.bytes,
        engine: copy.engine.clone(),
        duration: begun.elapsed(),
    });
    drop(session);
    perform(options, &stage, copy, folder, live, sink).await
}

/// A fresh backup, proven to level 3. Its name.
async fn create(
    options: &Options,
    backup: &BackupOptions,
    sink: &mut dyn EventSink,
) -> Result<String> {
    let request = CreateRequest {
        reason: Some("rehearsal".to_owned()),
        tags: Vec::new(),
        pinned: false,
        level: Level::Decodable,
    };
    Ok(backup_create(options, backup, &request, sink).await?.name)
}

async fn from_backup(
    options: &Options,
    backup: &BackupOptions,
    name: &str,
    live: &Live,
    sink: &mut dyn EventSink,
) -> Result<Stage> {
    let again = |error: Error| {
        error
            .hint("make one first: underpin rehearse --create-backup")
            .hint("or without a backup: underpin rehearse --from sample")
    };
    let tools = backup.tools(options);
    let found = Box::pin(backup.find(&tools, name, &mut |step| emit(sink, step))).await;
    let (name, manifest) = found.map_err(|error| match error.code() {
        Code::BackupMissing => again(error),
        _ => error,
    })?;
    if manifest.level() < Some(Level::Decodable) {
        let words = format!("`{name}` is not known to be good");
        return Err(
            Error::new(Code::BackupDamaged, words).hint(format!("underpin backup check {name}"))
        );
    }
    let origin = &manifest.origin;
    if origin.system_identifier != live.system_identifier
        || origin.database != options.target.database()
    {
        let words = format!(
            "`{name}` is a backup of the database `{}`, of another server or name",
            origin.database
        );
        return Err(Error::new(Code::BackupForeign, words));
    }
    if manifest.inventory.fingerprint != live.binding.fingerprint {
        let words = format!("`{name}` is of another catalog than the database has now");
        return Err(again(Error::new(Code::RehearsalStale, words)));
    }
    let restored =
        backup::restored_copy(&tools, &name, &live.settings, &mut |step| emit(sink, step)).await?;
    let mut cannot_show = vec![
        format!("rows written since {}", restored.manifest.begun_at),
        OTHERS.to_owned(),
        RIGHTS.to_owned(),
    ];
    if restored.manifest.large_objects > 0 {
        cannot_show.push("large objects: their contents were not compared".to_owned());
    }
    Ok(Stage {
        cluster: restored.cluster,
        settings: restored.settings,
        engine: restored.engine,
        from: From::Backup,
        backup: Some(name.to_string()),
        taken_at: restored.manifest.begun_at,
        cannot_show,
    })
}

const OTHERS: &str = "waiting: nobody else uses the copy, so that no lock is waited for";
const RIGHTS: &str = "rights: on the copy everything is run as a superuser";

async fn from_live(
    options: &Options,
    rows: Rows,
    live: &Live,
    sink: &mut dyn EventSink,
) -> Result<Stage> {
    let major = live.major;
    let binaries = options.scratch.binaries_of(major).ok_or_else(|| {
        let words = format!("no PostgreSQL {major} server binaries on this machine for the copy");
        Error::new(Code::NoScratch, words)
            .hint(format!("apt-get install postgresql-{major}, or --pg-bin FOLDER"))
    })?;
    let engine = format!("PostgreSQL {}, own scratch cluster", binaries.version);
    let clients = ClientTools::for_server(binaries.version, &options.scratch.places)?;
    let loading = LOADING.iter().map(|&setting| setting.to_owned());
    let cluster = Cluster::start(&ClusterOptions {
        binaries,
        cache: options.scratch.cache.clone(),
        settings: loading.chain(live.settings.iter().cloned()).collect(),
        room_bytes: match rows {
            Rows::None => 0,
            Rows::Sample(limits) => limits.bytes,
        },
    })
    .await?;
    let settings = ConnectionSettings::parse(&cluster.url("postgres"))?;
    let way = Way {
        live: &options.target,
        copy: &settings,
        folder: cluster.socket_folder(),
        clients: &clients,
        stop: &options.stop,
    };
    let mut tell = |step: Step| emit(sink, step);
    let sampled = copied(&way, rows, &mut tell).await?;
    let mut cannot_show = match rows {
        Rows::None => vec![
            "rows: there are none, so that no statement fails on them and none is counted".to_owned(),
            "times, bytes of log and of temporary files: they grow with the rows".to_owned(),
        ],
        Rows::Sample(limits) => vec![
            format!(
                "rows that were not taken ({} of each table and those they refer to): a statement may fail on them",
                limits.rows
            ),
            "times, bytes of log and of temporary files of the whole: they grow with the rows".to_owned(),
            "duplicates and missing references: the sample was chosen so that there are few, or none"
                .to_owned(),
        ],
    };
    cannot_show.extend(sampled.left_out);
    cannot_show.extend([OTHERS.to_owned(), RIGHTS.to_owned()]);
    Ok(Stage {
        settings,
        cluster,
        engine,
        from: if rows == Rows::None { From::Schema } else { From::Sample },
        backup: None,
        taken_at: sampled.taken_at,
        cannot_show,
    })
}

async fn copied(way: &Way<'_>, rows: Rows, tell: Tell<'_>) -> Result<Sampled> {
    rehearse::copy_rows(way, rows, tell).await
}

/// What came with the copy and is not to be believed of it: the lease. Then statistics, as the live
/// database has them.
async fn settle(session: &Session) -> Result<()> {
    let failed = |e: &SqlError| {
        let code = if e.connection_lost { Code::ScratchFailed } else { Code::CopyFailed };
        Error::new(code, "the copy could not be prepared").caused_by(e)
    };
    if journal::exists(session).await.map_err(|e| failed(&e))? {
        let free = "UPDATE underpin.lease SET run = NULL, expires_at = NULL";
        session.simple_query(free).await.map_err(|e| failed(&e))?;
    }
    for sql in ["ANALYZE", "CHECKPOINT"] {
        session.simple_query(sql).await.map_err(|e| failed(&e))?;
    }
    Ok(())
}

/// Takes the times of migrations, and passes on what is about them.
struct OnCopy<'a> {
    sink: &'a mut dyn EventSink,
    took: HashMap<String, Duration>,
}

impl EventSink for OnCopy<'_> {
    fn emit(&mut self, event: &Event) {
        if let Event::MigrationApplied { name, duration, .. } = event {
            self.took.insert(name.clone(), *duration);
        }
        let told = matches!(
            event,
            Event::MigrationStarted { .. }
                | Event::MigrationApplied { .. }
                | Event::ServerNotice { .. }
                | Event::Baselined { .. }
                | Event::Verified { .. }
                | Event::NotVerified { .. }
        );
        if told {
            self.sink.emit(event);
        }
    }
}

/// The deploy, on the copy.
async fn perform(
    options: &Options,
    stage: &Stage,
    copy: Copy,
    folder: &MigrationFolder,
    live: &Live,
    sink: &mut dyn EventSink,
) -> Result<Record> {
    let (looker, sampler) = (stage.settings.connect().await?, stage.settings.connect().await?);
    let log = stage.cluster.socket_folder().join("log");
    let watch = Watch::new(looker, sampler, options.target.schema(), log);
    let measured = watch.measured();
    let on_copy = on_copy(options, &stage.settings);
    let mut events = OnCopy { sink, took: HashMap::new() };
    let result = Box::pin(deploy::deploy_observed(&on_copy, Box::new(watch), &mut events)).await;
    let took = events.took;
    let (failure, verified, not_verified_because) = match result {
        Ok(report) => (None, report.verified, report.not_verified_because),
        Err(error) if is_finding(error.code()) => {
            no_room(&copy.engine, &error)?;
            (Some(failure(&error)), false, None)
        }
        Err(error) => return Err(error),
    };
    let measured =
        std::mem::take(&mut *measured.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
    let migrations = live.binding.pending.iter().map(|(name, _)| {
        let script = folder.migrations.iter().find(|m| m.name.as_str() == name);
        let statements = measured.get(name).into_iter().flat_map(BTreeMap::values);
        MeasuredMigration {
            name: name.clone(),
            milliseconds: took.get(name).map(|took| took.as_secs_f64() * 1000.0),
            statements: statements.map(|s| placed(s, script)).collect(),
        }
    });
    let migrations: Vec<MeasuredMigration> = migrations.collect();
    Ok(Record {
        at: jiff::Timestamp::now().to_string(),
        subject: live.subject(),
        copy,
        failure: failure.map(|failure| located(failure, &migrations, folder)),
        migrations,
        invalid_indexes: invalid_indexes(&stage.settings, options.target.schema()).await?,
        verified,
        not_verified_because,
    })
}

/// The options of a deploy on the copy: nothing outside of it is written or told.
pub(super) fn on_copy(options: &Options, copy: &ConnectionSettings) -> Options {
    let mut on_copy = options.clone();
    on_copy.target = copy.with_schema(options.target.schema());
    on_copy.scratch.target = None;
    (on_copy.journals, on_copy.rehearsals, on_copy.redis) = (None, None, None);
    (on_copy.gate, on_copy.guard) = (super::Gate::default(), super::Guard::default());
    on_copy.dry_run = false;
    on_copy
}

/// Whether an error says something about the migrations.
pub(super) fn is_finding(code: Code) -> bool {
    matches!(
        code,
        Code::MigrationFailed
            | Code::MigrationPartial
            | Code::LockTimeout
            | Code::VerifyFailed
            | Code::UnclosedTransaction
            | Code::ReplayFailed
    )
}

/// A migration that fails for want of room on the copy is no finding.
fn no_room(engine: &str, error: &Error) -> Result<()> {
    match error.sqlstate_code() {
        Some(state) => out_of_room(engine, Some(state), error.causes()).map_or(Ok(()), Err),
        None => Ok(()),
    }
}

pub(super) fn failure(error: &Error) -> Failure {
    // Class 22 is about data: its messages quote the value.
    let quotes = error.sqlstate_code().is_some_and(|state| state.starts_with("22"));
    let inert = |cause: &String| match cause.split_once(": \"").filter(|_| quotes) {
        Some((words, _)) => {
            format!("{words} (SQLSTATE {})", error.sqlstate_code().unwrap_or_default())
        }
        None => cause.clone(),
    };
    Failure {
        code: error.code().id().to_owned(),
        message: error.message().to_owned(),
        causes: error.causes().iter().map(inert).collect(),
        details: error.detail_lines().iter().take(DETAILS_MAX).cloned().collect(),
        place: error.location().map(|at| format!("{}:{}:{}", at.file, at.line, at.column)),
    }
}

/// Where the server names no position, the place is the statement's.
fn located(
    mut failure: Failure,
    migrations: &[MeasuredMigration],
    folder: &MigrationFolder,
) -> Failure {
    let failed = migrations.iter().find_map(|migration| {
        let statement = migration.statements.iter().find(|s| s.failed.is_some())?;
        let file = folder.migrations.iter().find(|m| m.name.as_str() == migration.name)?;
        Some(format!("{}:{}", file.path.display(), statement.line))
    });
    failure.place = failure.place.or(failed);
    failure
}

/// A measurement with its place in the file.
fn placed(measured: &MeasuredStatement, migration: Option<&Migration>) -> MeasuredStatement {
    let mut placed = measured.clone();
    let Some(migration) = migration else { return placed };
    let script = Script::parse(&migration.script);
    if let Some(statement) = script.statements.get(measured.statement) {
        (placed.line, placed.offset) = (statement.line, statement.span.start);
        placed.tag = underpin_sql::tag(&migration.script[statement.span.clone()]).to_owned();
    }
    placed
}

async fn invalid_indexes(settings: &ConnectionSettings, schema: &str) -> Result<Vec<String>> {
    let session = settings.connect().await?;
    let sql = format!(
        "SELECT CASE WHEN n.nspname IN ({}, 'public') THEN pg_catalog.quote_ident(c.relname) \
         ELSE pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) END \
         FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid \
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE NOT i.indisvalid ORDER BY 1",
        literal(schema)
    );
    let rows = session.rows(&sql).await.map_err(|e| unreadable(&e))?;
    Ok(rows.into_iter().flatten().flatten().collect())
}

/// Runs what is pending on a restored copy and says how it went: level 6 of a backup.
pub(super) fn drill(options: &Options, copy: ConnectionSettings) -> backup::Drilling {
    let on_copy = on_copy(options, &copy);
    Box::pin(async move {
        settle(&on_copy.target.connect().await?).await?;
        let begun = Instant::now();
        match Box::pin(deploy::deploy(&on_copy, &mut Silent)).await {
            Ok(report) => {
                let ran = report.applied.len() + report.baselined.len();
                let verified = if report.verified { ", the final catalog equal" } else { "" };
                let evidence = match ran {
                    0 => "no migration was pending on it".to_owned(),
                    _ => format!(
                        "{} applied and {} recorded on it in {} ms{verified}",
                        report.applied.len(),
                        report.baselined.len(),
                        begun.elapsed().as_millis()
                    ),
                };
                Ok(backup::Drilled { evidence, failed: None })
            }
            Err(error)
                if is_finding(error.code()) || error.code().exit() == ExitStatus::Differs =>
            {
                no_room("the scratch server", &error)?;
                let failure = failure(&error);
                let why: Vec<String> =
                    std::iter::once(failure.message).chain(failure.causes).collect();
                let failed = Some(format!("{}: {}", failure.code, why.join(": ")));
                Ok(backup::Drilled { failed, ..backup::Drilled::default() })
            }
            Err(error) => Err(error),
        }
    })
}
