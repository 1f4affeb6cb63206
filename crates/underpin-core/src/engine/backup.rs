//! `backup create|list|check|restore|accept`, and the backup before a deploy.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::copies::{CopyTo, Place};
use super::turn::Run;
use super::{Options, connect, guard, rehearse};
use crate::backup::retain::Rules;
use crate::backup::{
    self, BackupName, Claim, ClaimRequest, Encryption, Level, Listed, Manifest, Replacing, Request,
    Step, Store, Swapped, Tools,
};
use crate::config::{BeforeDeploy, EvidenceKind, Secret};
use crate::coordinate::PRISMA_LOCK_KEY;
use crate::error::{Code, Error, Result};
use crate::event::{Event, EventSink, Silent};
use crate::execute::Executor;
use crate::journal::{self, Entry, Kind};
use crate::migrations::Migration;
use crate::postgres::{Queryable as _, Session};

/// Between two renewals of the lease.
const RENEW_PAUSE: Duration = Duration::from_secs(8);
/// Between two looks at a migration that is under way.
const POLL_PAUSE: Duration = Duration::from_millis(250);

/// What the verbs about backups need beside [`Options`].
#[derive(Debug, Clone)]
pub struct BackupOptions {
    /// The folder of the backups.
    pub folder: PathBuf,
    /// Signs manifests.
    pub key: Option<Secret>,
    /// Who can read the backups, and what reads them here.
    pub encryption: Encryption,
    /// What people call the database; by default its name.
    pub environment: Option<String>,
    /// Tables dumped or restored at once.
    pub jobs: usize,
    /// The object store that each goes to as well.
    pub copy_to: Option<CopyTo>,
    /// Which stay.
    pub keep: Rules,
    /// From how many days on they are recompressed into the archive; 0: never.
    pub archive_after_days: u32,
    /// Evidence that lets a deploy pass in place of a backup.
    pub accept: Vec<EvidenceKind>,
    /// How old it may be.
    pub accept_within: Duration,
}

/// A backup that is wanted.
#[derive(Debug, Clone)]
pub struct CreateRequest {
    /// Why; by default `manual`.
    pub reason: Option<String>,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// Never removed by `prune`.
    pub pinned: bool,
    /// How far it is proven before the verb ends.
    pub level: Level,
}

/// A restore that is wanted.
#[derive(Debug, Clone, Default)]
pub struct RestoreRequest {
    /// The backup, or `last`.
    pub backup: String,
    /// What may be replaced.
    pub replacing: Replacing,
    /// Restore even where what is live cannot be backed up first.
    pub allow_unsaved: bool,
}

/// One backup.
#[derive(Debug, Clone, serde::Serialize)]
pub struct BackupReport {
    /// Its name.
    pub name: String,
    /// Its folder.
    pub folder: String,
    /// When its snapshot was taken.
    pub taken_at: String,
    /// Bytes of all files.
    pub bytes: u64,
    /// Tables.
    pub tables: usize,
    /// Rows.
    pub rows: u64,
    /// The level that is proven.
    pub level: Option<u8>,
    /// One word for it.
    pub word: &'static str,
    /// What the highest proof rests on.
    pub evidence: String,
    /// Only an identity reads it.
    pub encrypted: bool,
    /// What it could not show.
    pub unchecked: Vec<String>,
    /// The level that was asked for is not reached.
    pub short: bool,
    /// The newest migration in it.
    pub last_migration: Option<String>,
    /// Where its copy is; only said by what made or found one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub copied_to: Option<String>,
    /// How long it takes to have it back, where that was tried.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recovery: Option<Recovery>,
    /// From start to end.
    #[serde(skip)]
    pub duration: Duration,
}

/// How long the last restore of a backup took, on a server that makes nothing durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Recovery {
    /// The restore alone.
    pub restore_ms: u64,
    /// The whole proof with its comparisons, and at level 6 the migrations.
    pub proof_ms: u64,
    /// Bytes of rows, as COPY text, in a second of the restore.
    pub bytes_per_second: u64,
}

impl Recovery {
    fn of(manifest: &Manifest) -> Option<Self> {
        let restored = manifest.proofs.iter().rev().find(|p| p.restore_milliseconds.is_some())?;
        let restore_ms = restored.restore_milliseconds?;
        let bytes: u64 = manifest.tables.iter().map(|table| table.bytes).sum();
        Some(Self {
            restore_ms,
            proof_ms: restored.milliseconds,
            bytes_per_second: bytes.saturating_mul(1000) / restore_ms.max(1),
        })
    }
}

/// One line of a list.
#[derive(Debug, Clone, serde::Serialize)]
pub struct BackupEntry {
    /// Its name.
    pub name: String,
    /// The backup, when its manifest can be believed.
    pub backup: Option<BackupReport>,
    /// Why not, or what the newest check found.
    pub fault: Option<String>,
    /// Never removed by `prune`.
    pub pinned: bool,
    /// Its tags.
    pub tags: Vec<String>,
    /// Where it is; absent where no object store is configured, or could be asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// Why its copy in the object store is of no use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault_there: Option<String>,
}

/// All backups of the folder, and of the object store.
#[derive(Debug, Clone, serde::Serialize)]
pub struct BackupListReport {
    /// The folder.
    pub folder: String,
    /// The object store, where one is configured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub copy_to: Option<String>,
    /// Oldest first.
    pub backups: Vec<BackupEntry>,
    /// What somebody says is kept elsewhere, oldest first; nothing of it is proven.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub claims: Vec<ClaimEntry>,
}

/// A claim in a list.
#[derive(Debug, Clone, serde::Serialize)]
pub struct ClaimEntry {
    /// Its name.
    pub name: String,
    /// The claim, when it can be believed to be what was recorded.
    pub claim: Option<Claim>,
    /// Why not.
    pub fault: Option<String>,
}

impl BackupOptions {
    /// Unsigned backups in a folder: one table at a time, the usual rules of what stays, no archive,
    /// no evidence accepted.
    #[must_use]
    pub fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            key: None,
            encryption: Encryption::default(),
            environment: None,
            jobs: 1,
            copy_to: None,
            keep: Rules::default(),
            archive_after_days: 0,
            accept: Vec::new(),
            accept_within: Duration::from_secs(24 * 3600),
        }
    }

    pub(super) fn store(&self) -> Store {
        Store::new(self.folder.clone(), self.key.clone())
    }

    pub(super) fn tools(&self, options: &Options) -> Tools {
        Tools {
            folder: self.folder.clone(),
            key: self.key.clone(),
            encryption: self.encryption.clone(),
            scratch: options.scratch.clone(),
            jobs: self.jobs,
            stop: options.stop.clone(),
        }
    }

    /// What people call the database.
    pub(super) fn environment_of(&self, options: &Options) -> String {
        self.environment.clone().unwrap_or_else(|| options.target.database().to_owned())
    }

    fn request(&self, options: &Options, reason: &str, level: Level) -> Request {
        let environment = self.environment_of(options);
        Request { environment, reason: reason.to_owned(), tags: Vec::new(), pinned: false, level }
    }

    pub(super) fn entry(&self, name: BackupName, manifest: Result<Manifest>) -> BackupEntry {
        let (pinned, tags) = match &manifest {
            Ok(manifest) => (manifest.pinned, manifest.tags.clone()),
            Err(_) => (false, Vec::new()),
        };
        let fault = match &manifest {
            Ok(m) => m.damage.as_ref().map(|d| format!("{}: {} ({})", d.code, d.why, d.at)),
            Err(error) => Some(error.to_string()),
        };
        BackupEntry {
            backup: manifest.ok().map(|manifest| self.report(&name, &manifest, Instant::now())),
            name: name.to_string(),
            fault,
            pinned,
            tags,
            place: None,
            fault_there: None,
        }
    }

    pub(super) fn report(
        &self,
        name: &BackupName,
        manifest: &Manifest,
        begun: Instant,
    ) -> BackupReport {
        let level = manifest.level();
        let proof = manifest.proofs.iter().rev().find(|proof| Some(proof.level) == level);
        let newest = manifest.proofs.last();
        BackupReport {
            name: name.to_string(),
            folder: self.store().folder_of(name).display().to_string(),
            taken_at: manifest.begun_at.clone(),
            bytes: manifest.bytes(),
            tables: manifest.tables.len(),
            rows: manifest.tables.iter().map(|table| table.rows).sum(),
            level: level.map(Level::number),
            word: level.map_or("damaged", Level::word),
            evidence: proof.map(|proof| proof.evidence.clone()).unwrap_or_default(),
            encrypted: manifest.encryption.is_some(),
            unchecked: newest.map(|proof| proof.unchecked.clone()).unwrap_or_default(),
            short: false,
            last_migration: manifest.last_migration.as_ref().map(|last| last.name.clone()),
            copied_to: None,
            recovery: Recovery::of(manifest),
            duration: begun.elapsed(),
        }
    }
}

/// Makes a backup of the target, not in the midst of a migration.
///
/// # Errors
/// UP-60xx, UP-4001 while a migration is under way, UP-4005, UP-11xx. Nothing of the attempt is left,
/// but with UP-6032: the backup is whole here, and not copied.
pub async fn backup_create(
    options: &Options,
    backup: &BackupOptions,
    request: &CreateRequest,
    sink: &mut dyn EventSink,
) -> Result<BackupReport> {
    let begun = Instant::now();
    // What no build or variable allows is known before the dump.
    let remote = backup.remote()?;
    let session = connect(options, sink).await?;
    wait_for_migration(&session, options, sink).await?;
    drop(session);
    let wanted = Request {
        tags: request.tags.clone(),
        pinned: request.pinned,
        ..backup.request(options, request.reason.as_deref().unwrap_or("manual"), request.level)
    };
    let tools = backup.tools(options);
    let mut tell = |step| emit(sink, step);
    let (name, manifest) = create(options, &tools, &wanted, &mut tell).await?;
    let copied = match &remote {
        Some(remote) => Some(Box::pin(remote.copy(&tools, &name, &mut tell)).await?.to),
        None => None,
    };
    let mut report = backup.report(&name, &manifest, begun);
    report.short = manifest.level() < Some(request.level);
    report.copied_to = copied;
    Ok(report)
}

/// [`backup::create_drilled`]; at level 6 with what is pending in the folder, on the restored copy.
async fn create(
    options: &Options,
    tools: &Tools,
    request: &Request,
    tell: backup::Tell<'_>,
) -> Result<(BackupName, Manifest)> {
    let drill = |copy| rehearse::drill(options, copy);
    let drill: Option<backup::Drill<'_>> =
        if request.level == Level::Drilled { Some(&drill) } else { None };
    // Boxed, as below: together they would be more than a thread's stack holds.
    Box::pin(backup::create_drilled(&options.target, tools, request, drill, tell)).await
}

/// [`backup::check`]; at level 6 with what is pending in the folder, on the restored copy.
async fn prove(
    options: &Options,
    tools: &Tools,
    name: &BackupName,
    level: Level,
    tell: backup::Tell<'_>,
) -> Result<Manifest> {
    let drill = |copy| rehearse::drill(options, copy);
    let drill: Option<backup::Drill<'_>> =
        if level == Level::Drilled { Some(&drill) } else { None };
    Box::pin(backup::check_drilled(tools, name, level, drill, tell)).await
}

/// A dump in the midst of a migration would be a state that nobody wants back, and its snapshot
/// would hold up a concurrent index build.
async fn wait_for_migration(
    session: &Session,
    options: &Options,
    sink: &mut dyn EventSink,
) -> Result<()> {
    let sql = format!(
        "SELECT a.application_name FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_stat_activity a USING (pid) \
         WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 AND l.classid = 0 \
         AND l.objid = {PRISMA_LOCK_KEY} AND l.database = (SELECT oid FROM pg_catalog.pg_database \
         WHERE datname = current_database()) LIMIT 1"
    );
    let begun = Instant::now();
    let mut told = false;
    loop {
        let holder = session.value(&sql).await.map_err(|e| {
            let code = if e.connection_lost { Code::ConnectionLost } else { Code::BackupFailed };
            Error::new(code, "looking for a migration under way failed").caused_by(e)
        })?;
        let Some(holder) = holder else { return Ok(()) };
        if options.stop.is_requested() {
            return Err(backup::interrupted("the wait for a migration"));
        }
        if begun.elapsed() >= options.patience {
            let words = format!("a migration is under way: {holder}");
            return Err(Error::new(Code::LockBusy, words).hint(
                "run the same command again when it is done, or wait longer with --wait SECONDS",
            ));
        }
        if !told {
            sink.emit(&Event::LockWaiting { holder });
            told = true;
        }
        tokio::time::sleep(POLL_PAUSE).await;
    }
}

pub(super) fn emit(sink: &mut dyn EventSink, step: Step) {
    sink.emit(&match step {
        Step::Begun(phase) => Event::BackupPhase { phase },
        Step::Progress { phase, bytes, of } => Event::BackupProgress { phase, bytes, of },
        Step::Tables { phase, done, of } => Event::BackupTables { phase, done, of },
        Step::Reached(level, evidence) => {
            Event::BackupProven { level: level.number(), word: level.word(), evidence }
        }
        Step::Caution(message) => Event::Warning { name: "backup", message, details: Vec::new() },
    });
}

/// A backup before the first migration of a deploy.
#[derive(Debug, Clone)]
pub struct BackupBefore {
    /// Where it goes, or why that is not known.
    pub backup: Result<BackupOptions>,
    /// Before which deploys.
    pub when: BeforeDeploy,
    /// How far it has to be proven; by default 5 where data may be destroyed, else 3.
    pub level: Option<Level>,
    /// Somebody has said so. Otherwise a machine without server binaries, which can restore
    /// nothing, need not prove more than level 3.
    pub is_said: bool,
}

impl BackupBefore {
    /// Makes it, if these migrations ask for one, while the turn is ours; or takes the evidence that
    /// the policy accepts in its place, and says so in the journal. Its name.
    ///
    /// # Errors
    /// UP-6011 with the reason, UP-4003, UP-4005, UP-1105, UP-3003.
    pub(super) async fn make(
        &self,
        options: &Options,
        pending: &[&Migration],
        executor: &mut Executor,
        sink: &mut dyn EventSink,
    ) -> Result<Option<String>> {
        let destroying = pending.iter().find_map(|migration| destroying(migration));
        let Some(first) = pending.first() else { return Ok(None) };
        if self.when == BeforeDeploy::Never
            || self.when == BeforeDeploy::Destructive && destroying.is_none()
        {
            return Ok(None);
        }
        if let Ok(backup) = &self.backup
            && !backup.accept.is_empty()
        {
            let taken = take_evidence(backup, options, destroying.as_deref(), executor).await;
            return taken.map(Some);
        }
        let level = self.level.unwrap_or(match destroying {
            Some(_) => self.by_default(options, executor, sink),
            None => Level::Decodable,
        });
        let stamp = first.name.as_str().split('_').next().unwrap_or_default();
        let backup = self.backup.clone().map_err(|error| because(level, &destroying, &error))?;
        // What no build or variable allows is known before the dump.
        let remote = backup.remote();
        if let Err(error) = &remote
            && backup.is_copy_required()
        {
            return Err(because(level, &destroying, error));
        }
        let request = backup.request(options, &format!("before_{stamp}"), level);
        let tools = backup.tools(options);
        let mut tell = |step| emit(sink, step);
        let made = async {
            let (name, manifest) = create(options, &tools, &request, &mut tell).await?;
            let copied = match manifest.level() >= Some(level) {
                true => Box::pin(backup.copy_before(remote, &tools, &name, &mut tell)).await?,
                false => None,
            };
            Ok((name, manifest, copied))
        };
        let (name, manifest, copied) =
            while_renewing(executor, made).await.map_err(|error: Error| match error.code() {
                Code::Fenced | Code::Interrupted | Code::ConnectionLost => error,
                _ => because(level, &destroying, &error),
            })?;
        if manifest.level() < Some(level) {
            let unchecked = manifest.proofs.last().map(|p| p.unchecked.clone()).unwrap_or_default();
            return Err(unproven(level, destroying.as_deref()).details(unchecked));
        }
        let copied = copied.map(|to| format!(", copied to {to}")).unwrap_or_default();
        let entry = Entry::new(Kind::BackedUp)
            .detail(format!("{name}, level {}{copied}", manifest.level().unwrap_or(level)));
        executor.record("", entry).await?;
        Ok(Some(name.to_string()))
    }
}

impl BackupBefore {
    /// The level before a step that may take data away.
    fn by_default(
        &self,
        options: &Options,
        executor: &mut Executor,
        sink: &mut dyn EventSink,
    ) -> Level {
        let major = executor.session().version().major();
        if self.is_said || options.scratch.binaries_of(major).is_some() {
            return Level::Equal;
        }
        let words = format!(
            "the backup is not restored to be compared: no PostgreSQL {major} server binaries here"
        );
        sink.emit(&Event::Warning { name: "backup", message: words, details: Vec::new() });
        Level::Decodable
    }
}

/// What the policy accepts in place of a backup; the journal says so.
async fn take_evidence(
    backup: &BackupOptions,
    options: &Options,
    destroying: Option<&str>,
    executor: &mut Executor,
) -> Result<String> {
    let (store, kinds) = (backup.store(), &backup.accept);
    let session = executor.session();
    let within = backup.accept_within;
    let found = crate::backup::accepted(session, &options.target, &store, kinds, within).await;
    let claim = found.map_err(|error| match error.code() {
        Code::BackupUnproven => destroying.into_iter().fold(error, Error::caused_by),
        _ => error,
    })?;
    let words = format!(
        "{} ({} {} of {}, claimed by {})",
        claim.name,
        claim.kind.word(),
        claim.id,
        claim.at,
        claim.by
    );
    executor.record("", Entry::new(Kind::EvidenceAccepted).detail(&words)).await?;
    Ok(words)
}

/// The first statement of a migration after which data may be gone, in words.
fn destroying(migration: &Migration) -> Option<String> {
    let script = underpin_sql::Script::parse(&migration.script);
    script.statements.iter().find_map(|statement| {
        let what = underpin_sql::destroys(&migration.script[statement.span.clone()])?;
        Some(format!("`{}` line {} {what}", migration.name, statement.line))
    })
}

/// There is no backup, for a reason that has its own hints.
fn because(level: Level, destroying: &Option<String>, error: &Error) -> Error {
    let unproven = unproven(level, destroying.as_deref());
    let unproven = unproven.caused_by(error).details(error.detail_lines().to_vec());
    // Of a copy the reason is below: which store, and what it said.
    let is_copy = error.code() == Code::NotCopied;
    let reasons = error.causes().iter().filter(|_| is_copy);
    let unproven = reasons.fold(unproven, Error::caused_by);
    error.hints().iter().fold(unproven, |unproven, hint| unproven.hint(hint.clone()))
}

fn unproven(level: Level, destroying: Option<&str>) -> Error {
    let words =
        format!("there is no backup of level {level}, which the policy demands before this deploy");
    let error = Error::new(Code::BackupUnproven, words);
    let error = destroying.into_iter().fold(error, Error::caused_by);
    error
        .hint("to deploy without it: underpin deploy --allow unsaved-database")
        .hint("for good: before_deploy = \"never\", or a lower level, in [backup] of underpin.toml")
}

/// Waits for `work`, and keeps the turn meanwhile.
async fn while_renewing<T>(
    executor: &mut Executor,
    work: impl Future<Output = Result<T>>,
) -> Result<T> {
    let mut work = std::pin::pin!(work);
    let mut tick = tokio::time::interval(RENEW_PAUSE);
    loop {
        tokio::select! {
            result = &mut work => return result,
            _ = tick.tick() => executor.renew().await?,
        }
    }
}

/// The backups of this machine; nothing is checked but their manifests.
///
/// # Errors
/// UP-6012.
pub(super) fn backups_here(backup: &BackupOptions) -> Result<BackupListReport> {
    let store = backup.store();
    let entry = |Listed { name, manifest }: Listed| backup.entry(name, manifest);
    let backups = store.list()?.into_iter().map(entry).collect();
    let claim = |(name, claim): (BackupName, Result<Claim>)| {
        let fault = claim.as_ref().err().map(ToString::to_string);
        ClaimEntry { name: name.to_string(), claim: claim.ok(), fault }
    };
    let claims = store.claims()?.into_iter().map(claim).collect();
    let folder = backup.folder.display().to_string();
    Ok(BackupListReport { folder, copy_to: None, backups, claims })
}

/// Evidence of something kept elsewhere, as a person gives it.
#[derive(Debug, Clone)]
pub struct AcceptRequest {
    /// Of which kind.
    pub kind: EvidenceKind,
    /// What it is called where it is kept.
    pub id: String,
    /// The moment it brings back, RFC 3339.
    pub at: Option<String>,
    /// The WAL position it brings back.
    pub lsn: Option<String>,
    /// Who says so.
    pub by: String,
    /// Anything else.
    pub note: Option<String>,
}

/// Records evidence in place of a dump, unless the server contradicts it.
///
/// # Errors
/// UP-1003, UP-6012, UP-6014, UP-11xx.
pub async fn backup_accept(
    options: &Options,
    backup: &BackupOptions,
    request: &AcceptRequest,
    sink: &mut dyn EventSink,
) -> Result<Claim> {
    let usage = |words: String| Error::new(Code::Usage, words);
    let at = request.at.as_ref().map(|text| {
        text.parse()
            .map_err(|_| usage(format!("--at `{text}` is no moment such as 2026-02-14T10:30:00Z")))
    });
    let lsn = request.lsn.as_ref().map(|text| text.parse().map_err(usage));
    let wanted = ClaimRequest {
        kind: request.kind,
        id: request.id.clone(),
        at: at.transpose()?,
        lsn: lsn.transpose()?,
        by: request.by.clone(),
        note: request.note.clone(),
        environment: backup.request(options, "", Level::Decodable).environment,
    };
    let session = connect(options, sink).await?;
    let store = backup.store();
    backup::accept(&session, &options.target, &store, &wanted, backup.accept_within).await
}

/// Proves a backup again, up to a level.
///
/// # Errors
/// UP-6004 to UP-6008, UP-6012, UP-6030, UP-6031, UP-3101.
pub async fn backup_check(
    options: &Options,
    backup: &BackupOptions,
    name: &str,
    level: Level,
    sink: &mut dyn EventSink,
) -> Result<BackupReport> {
    let begun = Instant::now();
    let tools = backup.tools(options);
    let mut tell = |step| emit(sink, step);
    let (name, _) = Box::pin(backup.find(&tools, name, &mut tell)).await?;
    let proven = prove(options, &tools, &name, level, &mut tell).await;
    if let Ok(manifest) = backup.store().read(&name) {
        Box::pin(backup.record_there(&manifest, &mut tell)).await;
    }
    let manifest = proven?;
    let mut report = backup.report(&name, &manifest, begun);
    report.short = manifest.proofs.last().is_none_or(|proof| proof.level < level);
    Ok(report)
}

/// Restores a backup as the target's database. What is live is backed up first and then kept under
/// another name.
///
/// # Errors
/// As [`backup::restore`], and those of a backup that could not be made first.
pub async fn backup_restore(
    options: &Options,
    backup: &BackupOptions,
    request: &RestoreRequest,
    sink: &mut dyn EventSink,
) -> Result<Swapped> {
    let tools = backup.tools(options);
    let (name, _) =
        Box::pin(backup.find(&tools, &request.backup, &mut |step| emit(sink, step))).await?;
    // One that cannot be reached, because it is gone or broken, is migrated by nobody.
    if let Ok(session) = options.target.connect().await {
        if !options.dry_run {
            guard::refuse_protected(options, &session).await?;
        }
        wait_for_migration(&session, options, sink).await?;
    }
    let before = backup.request(options, "before_restore", Level::Decodable);
    let save = async |tell: backup::Tell<'_>| {
        let saved = backup::create(&options.target, &tools, &before, tell).await;
        match saved {
            Ok(_) => Ok(()),
            Err(error) if request.allow_unsaved => {
                tell(Step::Caution(format!("what is live could not be backed up: {error}")));
                Ok(())
            }
            Err(error) => Err(error
                .hint("to restore without it: add --allow unsaved-database (it is kept under another name)")),
        }
    };
    let mut tell = |step| emit(sink, step);
    let swapped =
        backup::restore(&options.target, &tools, &name, &request.replacing, save, &mut tell)
            .await?;
    if !swapped.dry_run
        && let Err(error) = record_restored(options, &swapped, sink).await
    {
        // The database is back; that is what matters.
        emit(
            sink,
            Step::Caution(format!("the journal does not say that it was restored: {error}")),
        );
    }
    Ok(swapped)
}

/// Writes the restore into the journal of the restored database, where that has one.
async fn record_restored(
    options: &Options,
    swapped: &Swapped,
    sink: &mut dyn EventSink,
) -> Result<()> {
    let run = Run::new(options);
    // The guard was asked before.
    run.approve();
    let session = connect(&run.named(), &mut Silent).await?;
    if !journal::exists(&session).await.map_err(|e| restored_unread(&e))? {
        return Ok(());
    }
    let mut detail = swapped.backup.clone();
    if let Some(kept) = &swapped.kept_as {
        detail += &format!(", the database of before kept as {kept}");
    }
    let Ok(mut executor) = run.enter(session, &[], sink).await? else { return Ok(()) };
    let written = executor.record("", Entry::new(Kind::Restored).detail(&detail)).await;
    executor.leave(sink).await;
    written
}

fn restored_unread(e: &crate::postgres::SqlError) -> Error {
    Error::new(Code::CatalogUnreadable, "the restored database cannot be asked").caused_by(e)
}
