//! `deploy`: diagnose, baseline what is proven, apply the rest, verify.

use std::collections::{BTreeSet, HashMap};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::admission::{self, Intent};
use super::backup::BackupBefore;
use super::baseline;
use super::examination::{self, Facts, Plan};
use super::measured::{Expectation, Timing};
use super::plan;
use super::repair;
use super::turn::{self, Run};
use super::{Options, connect, failed, history_table, names, read_folder};
use crate::catalog::{self, CatalogDiff, CatalogSnapshot};
use crate::diagnose;
use crate::error::{Changed, Code, Error, Result};
use crate::event::{Event, EventSink};
use crate::execute::{self, Begin, Executor, Observer, Resume};
use crate::history::History;
use crate::journal::{Approved, Entry, Kind};
use crate::migrations::{Migration, MigrationFolder, MigrationName};
use crate::postgres::{Queryable as _, Session};
use crate::replay::{self, Progress, Replay, ReplayContext};
use crate::verify;

/// Differences shown before "and N more".
const DIFFERENCES_SHOWN: usize = 20;
/// How often the state is read again when it moves under us.
const ROUNDS_MAX: usize = 3;

/// What a deploy did, or with `dry_run` would do.
#[derive(Debug, Clone, serde::Serialize)]
pub struct DeployReport {
    /// Recorded as applied without running, in order.
    pub baselined: Vec<String>,
    /// Applied, in order.
    pub applied: Vec<String>,
    /// Repaired as declared, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub repaired: Vec<String>,
    /// Recorded before this run.
    pub already_applied: usize,
    /// The engine that the proof rests on; `None` when nothing had to be proven.
    pub engine: Option<String>,
    /// Whether the final catalog was compared with the expected one and equals it.
    pub verified: bool,
    /// Why it was not, when it was not and there was something to verify.
    pub not_verified_because: Option<String>,
    /// Nothing was changed: this is what would have been done.
    pub dry_run: bool,
    /// The backup that was made first, or the evidence that was accepted in its place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backup: Option<String>,
    /// What each migration took, beside what was expected.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub timings: Vec<Timing>,
    /// From start to end.
    #[serde(skip)]
    pub duration: Duration,
}

/// Brings the target to the end of the folder.
///
/// # Errors
/// Every code of the table except those of `resolve`.
pub async fn deploy(options: &Options, sink: &mut dyn EventSink) -> Result<DeployReport> {
    deploy_backed(options, None, sink).await
}

/// [`deploy`], with a backup before the first migration where the policy asks for one.
///
/// # Errors
/// As [`deploy`]; UP-6011 when there is no such backup: nothing was changed.
pub async fn deploy_backed(
    options: &Options,
    backup: Option<&BackupBefore>,
    sink: &mut dyn EventSink,
) -> Result<DeployReport> {
    let begun = Instant::now();
    let result = run(Run { backup, ..Run::new(options) }, sink, begun).await;
    match &result {
        Ok(report) => sink.emit(&Event::Finished {
            baselined: report.baselined.len(),
            applied: report.applied.len(),
            duration: begun.elapsed(),
        }),
        Err(error) => sink.emit(&Event::Failed { error: error.clone() }),
    }
    result
}

/// A deploy on a copy, each statement of which `observer` looks at.
pub(super) async fn deploy_observed(
    options: &Options,
    observer: Box<dyn Observer>,
    sink: &mut dyn EventSink,
) -> Result<DeployReport> {
    let observer = Mutex::new(Some(observer));
    run(Run { observer, ..Run::new(options) }, sink, Instant::now()).await
}

async fn run(run: Run<'_>, sink: &mut dyn EventSink, begun: Instant) -> Result<DeployReport> {
    let folder = read_folder(run.options, sink)?;
    let mut hold = Hold::Free(connect(&run.named(), sink).await?);
    let result = deploy_in_rounds(&run, &folder, &mut hold, sink, begun).await;
    if let Hold::Turn(executor) = hold {
        executor.leave(sink).await;
    }
    result
}

/// The session, before and after it is our turn.
enum Hold {
    Free(Session),
    Turn(Box<Executor>),
    /// Only while one becomes the other.
    Between,
}

impl Hold {
    /// Waits for the turn. `false` when another process has recorded everything.
    async fn enter(
        &mut self,
        run: &Run<'_>,
        wanted: &[&MigrationName],
        sink: &mut dyn EventSink,
    ) -> Result<bool> {
        match std::mem::replace(self, Self::Between) {
            Self::Free(session) => match run.enter(session, wanted, sink).await? {
                Ok(executor) => *self = Self::Turn(Box::new(executor)),
                Err(session) => {
                    *self = Self::Free(session);
                    return Ok(false);
                }
            },
            held => *self = held,
        }
        Ok(true)
    }

    fn session(&mut self) -> Result<&mut Session> {
        match self {
            Self::Free(session) => Ok(session),
            Self::Turn(executor) => Ok(executor.session()),
            Self::Between => Err(Error::new(Code::ConnectionLost, "there is no session")),
        }
    }
}

/// Takes out the rows of what goes on, so that it counts as pending.
fn forget(history: &mut History, resumes: &HashMap<MigrationName, Resume>) {
    history.records.retain(|r| resumes.values().all(|resume| resume.row != r.id));
}

async fn deploy_in_rounds(
    run: &Run<'_>,
    folder: &MigrationFolder,
    hold: &mut Hold,
    sink: &mut dyn EventSink,
    begun: Instant,
) -> Result<DeployReport> {
    let options = run.options;
    let table = history_table(options);
    let mut resumes = HashMap::new();
    let mut repaired = Vec::new();
    for _ in 0..ROUNDS_MAX {
        let mut history = table.read(hold.session()?).await?;
        let due = repair::due(options, &history, hold.session()?).await?;
        if options.dry_run {
            repair::announce(&due, sink);
        } else if !due.is_empty() {
            hold.enter(run, &[], sink).await?;
            for repair in due {
                let now = table.read(hold.session()?).await?;
                let Hold::Turn(executor) = hold else { break };
                let done = Box::pin(repair::perform(options, folder, &now, repair, executor, sink));
                if done.await.map_err(|error| with_repaired(error, &repaired))? {
                    repaired.push(repair.said.migration.clone());
                }
            }
            history = table.read(hold.session()?).await?;
        }
        // A row that looks failed may belong to a process that is just applying it, so it is
        // judged when it is our turn.
        if !history.failed().is_empty() && !options.dry_run {
            hold.enter(run, &[], sink).await?;
            history = table.read(hold.session()?).await?;
            if let Hold::Turn(executor) = hold {
                let migration_of = |name: &MigrationName| folder.get(name).cloned();
                resumes = turn::heal(executor, &history, &migration_of, sink).await?;
                history = table.read(executor.session()).await?;
                forget(&mut history, &resumes);
            }
        }
        check_history(folder, &history, sink)?;
        let seen = history.clone();
        let work = match Box::pin(decide(options, folder, history, &resumes, hold.session()?, sink))
            .await
        {
            Ok(work) => work,
            // Another process was at it between our looks at history and catalog: this too is
            // judged when it is our turn.
            Err(error) => {
                let alone = options.dry_run || matches!(hold, Hold::Turn(_));
                let now = table.read(hold.session()?).await;
                if alone || now.is_ok_and(|now| now == seen) {
                    return Err(error);
                }
                hold.enter(run, &[], sink).await?;
                continue;
            }
        };
        // Boxed, as those below: together they would be more than a thread's stack holds.
        let intent = work.intent(folder);
        let approval = Box::pin(admission::admit(options, &intent, hold.session()?, sink)).await;
        let approval = approval.map_err(|error| with_repaired(error, &repaired))?;
        if approval.is_some() {
            run.approve();
        }
        if work.is_nothing() || options.dry_run {
            return Ok(DeployReport { repaired, ..work.report(options.dry_run, begun) });
        }
        let expected = Box::pin(expect(options, folder, &work, hold.session()?)).await;
        let wanted: Vec<&MigrationName> =
            work.to_record().chain(work.pending.iter().copied()).map(|m| &m.name).collect();
        if !hold.enter(run, &wanted, sink).await? {
            continue;
        }
        // Everything that the decision rests on is read again when it is our turn.
        let mut now = table.read(hold.session()?).await?;
        forget(&mut now, &resumes);
        if now == work.history && work.live_is_still(&catalog::read(hold.session()?).await?) {
            let Hold::Turn(executor) = hold else { continue };
            let basis =
                Basis { resumes: &resumes, approval: approval.as_ref(), expected: &expected };
            let report = Box::pin(perform(run, work, &basis, executor, sink, begun)).await?;
            return Ok(DeployReport { repaired, ..report });
        }
    }
    Err(turn::moved(ROUNDS_MAX))
}

/// What the migrations are expected to take. A deploy does without where it cannot be found out.
async fn expect(
    options: &Options,
    folder: &MigrationFolder,
    work: &Work<'_>,
    session: &mut Session,
) -> Vec<Expectation> {
    let Some(live) = work.live().filter(|_| !work.pending.is_empty()) else { return Vec::new() };
    let baseline = names(work.to_record().map(|m| &m.name));
    let binding = plan::binding(options, live, baseline, &work.pending);
    let about = plan::About { folder, history: &work.history, pending: &work.pending, live };
    let request = plan::PlanRequest { without_rows: true, ..plan::PlanRequest::default() };
    let assessed = plan::assess_pending(options, &request, &about, binding, None, session).await;
    let migrations = assessed.map(|plan| plan.migrations).unwrap_or_default();
    let expectation = |migration: plan::PlannedMigration| {
        let mut scaled = migration.statements.iter().map(|s| s.measured.as_ref()?.scaled_ms);
        Expectation {
            rehearsed_ms: scaled.try_fold(0.0, |sum, ms| Some(sum + ms?)),
            migration: migration.name,
            predicted: migration.predicted,
        }
    };
    migrations.into_iter().map(expectation).collect()
}

/// Everything is applied by now: a journal that cannot be written fails nothing.
async fn keep_timings(timings: &[Timing], executor: &mut Executor) {
    if timings.is_empty() {
        return;
    }
    let Ok(detail) = serde_json::to_string(timings) else { return };
    let _kept = executor.record("", Entry::new(Kind::Timed).detail(detail)).await;
}

/// Tells what the history says, and refuses one that nothing may be built on.
pub(super) fn check_history(
    folder: &MigrationFolder,
    history: &History,
    sink: &mut dyn EventSink,
) -> Result<()> {
    let pending = history.pending(folder).len();
    sink.emit(&Event::HistoryRead {
        exists: history.exists,
        applied: folder.migrations.iter().filter(|m| history.is_applied(&m.name)).count(),
        pending,
    });
    refuse_failed(history, &|name| folder.get(name).map(|m| m.script.clone()))?;
    let missing = history.missing_from(folder);
    if folder.migrations.is_empty() {
        let words = if history.records.is_empty() {
            format!("`{}` holds no migration", folder.path.display())
        } else {
            format!(
                "`{}` holds no migration, and the history records {}",
                folder.path.display(),
                missing.len()
            )
        };
        return Err(Error::new(Code::FolderEmpty, words)
            .hint("name the right folder with --dir, or copy it into the image"));
    }
    if !missing.is_empty() && pending == folder.migrations.len() {
        let words =
            format!("the history records {} migrations and none of this folder", missing.len());
        return Err(Error::new(Code::HistoryForeign, words)
            .details(missing.iter().take(5).map(|n| format!("recorded, not in the folder: {n}")))
            .hint("is this the right database, and the right --dir?"));
    }
    warn(
        sink,
        "missing_from_folder",
        "the history records migrations that the folder does not hold",
        names(missing),
    );
    warn(
        sink,
        "edited",
        "applied migrations were edited afterwards; they are not run again",
        names(history.edited(folder)),
    );
    Ok(())
}

fn warn(sink: &mut dyn EventSink, name: &'static str, message: &str, details: Vec<String>) {
    if !details.is_empty() {
        sink.emit(&Event::Warning { name, message: message.to_owned(), details });
    }
}

/// Prisma's P3009. `script_of` gives the text of a migration of the folder.
pub(super) fn refuse_failed(
    history: &History,
    script_of: &dyn Fn(&MigrationName) -> Option<String>,
) -> Result<()> {
    let failed = history.failed();
    let Some(first) = failed.first() else { return Ok(()) };
    let lines = failed
        .iter()
        .map(|r| format!("The `{}` migration started at {} failed", r.name, r.started_at));
    let mut error = Error::new(
        Code::FailedMigration,
        "the history holds a failed migration; nothing is applied on top of it",
    )
    .details(lines);
    for record in &failed {
        let remains = failed::remains(record, script_of(&record.name).as_deref());
        error = error.caused_by(format!("`{}`: {remains}", record.name));
    }
    Err(error
        .hint(format!("if what it did is undone: underpin resolve --rolled-back {}", first.name))
        .hint(format!("if it is completely in effect: underpin resolve --applied {}", first.name)))
}

/// A refusal that comes after a repair says that the repair stays.
fn with_repaired(error: Error, repaired: &[String]) -> Error {
    if repaired.is_empty() || *error.what_changed() != Changed::Nothing {
        return error;
    }
    let what = format!("repaired as declared: {}; nothing else was changed", repaired.join(", "));
    error.changed(Changed::Partial { what })
}

/// What is to be done, and everything that this rests on.
pub(super) struct Work<'a> {
    history: History,
    live: Option<CatalogSnapshot>,
    baseline: Vec<baseline::Chosen<'a>>,
    pending: Vec<&'a Migration>,
    /// Of the pending ones that are half there: their statements, by index, that are in effect.
    in_effect: HashMap<MigrationName, BTreeSet<usize>>,
    already: usize,
    engine: Option<String>,
    /// The schemas that are compared, the catalog that the end has to equal, and the drift that
    /// was there before; or why it cannot be compared.
    expected: std::result::Result<Expected, String>,
}

struct Expected {
    schemas: BTreeSet<String>,
    last: CatalogSnapshot,
    drift: CatalogDiff,
}

impl<'a> Work<'a> {
    /// Takes over what an examination has decided; gives what differed before.
    fn follow(&mut self, folder: &'a MigrationFolder, plan: Plan) -> CatalogDiff {
        let assumed = |i: &usize| plan.assumed.get(i).cloned();
        let chosen = plan.baseline.iter().map(|i| (&folder.migrations[*i], assumed(i)));
        self.baseline = chosen.collect();
        self.pending = plan.run.iter().map(|i| &folder.migrations[*i]).collect();
        let halves = plan.in_effect.into_iter();
        self.in_effect = halves.map(|(i, s)| (folder.migrations[i].name.clone(), s)).collect();
        plan.drift
    }

    fn intent<'w>(&'w self, folder: &'w MigrationFolder) -> Intent<'w> {
        Intent {
            folder,
            history: &self.history,
            baseline: self.to_record().collect(),
            pending: self.pending.clone(),
            live: self.live(),
        }
    }

    /// The live catalog that it rests on, where it was read.
    pub(super) fn live(&self) -> Option<&CatalogSnapshot> {
        self.live.as_ref()
    }

    pub(super) fn engine(&self) -> Option<&str> {
        self.engine.as_deref()
    }

    /// In order.
    pub(super) fn to_run(&self) -> impl Iterator<Item = &'a Migration> {
        self.pending.iter().copied()
    }

    pub(super) fn to_record(&self) -> impl Iterator<Item = &'a Migration> {
        self.baseline.iter().map(|(migration, _)| *migration)
    }

    fn is_nothing(&self) -> bool {
        self.baseline.is_empty() && self.pending.is_empty()
    }

    fn live_is_still(&self, now: &CatalogSnapshot) -> bool {
        self.live.as_ref().is_some_and(|live| live.fingerprint() == now.fingerprint())
    }

    fn report(&self, dry_run: bool, begun: Instant) -> DeployReport {
        DeployReport {
            baselined: names(self.to_record().map(|m| &m.name)),
            applied: names(self.pending.iter().map(|m| &m.name)),
            repaired: Vec::new(),
            already_applied: self.already,
            engine: self.engine.clone(),
            verified: false,
            not_verified_because: None,
            dry_run,
            backup: None,
            timings: Vec::new(),
            duration: begun.elapsed(),
        }
    }
}

pub(super) async fn decide<'a>(
    options: &Options,
    folder: &'a MigrationFolder,
    history: History,
    resumes: &HashMap<MigrationName, Resume>,
    session: &mut Session,
    sink: &mut dyn EventSink,
) -> Result<Work<'a>> {
    let pending = history.pending(folder);
    let already = folder.migrations.len() - pending.len();
    if pending.is_empty() {
        let expected = Err("nothing was applied".to_owned());
        return Ok(Work {
            history,
            live: None,
            baseline: Vec::new(),
            pending,
            in_effect: HashMap::new(),
            already,
            engine: None,
            expected,
        });
    }
    for migration in &pending {
        execute::refuse_unclosed(migration)?;
    }
    let live = catalog::read(session).await?;
    // A first migration that is half done is no unmanaged database.
    let unmanaged = already == 0 && resumes.is_empty() && !live.is_empty_of_objects();
    let context = replay_context(options, session).await?;
    let replayed = replay_folder(&folder.migrations, &context, unmanaged, sink).await;
    let mut work = Work {
        history,
        live: None,
        baseline: Vec::new(),
        pending,
        in_effect: HashMap::new(),
        already,
        engine: None,
        expected: Err(String::new()),
    };
    match replayed {
        Ok(replay) => {
            let schemas = diagnose::managed_schemas(&replay, options.target.schema());
            let replay = replay.restricted_to(&schemas);
            work.engine = Some(replay.engine.phrase());
            let seen = live.restricted_to(&schemas);
            let facts =
                Facts { options, session, folder, replay: &replay, live: &seen, schemas: &schemas };
            if unmanaged {
                let plan = Box::pin(examination::untracked(&facts, &context, sink)).await?;
                let drift = work.follow(folder, plan);
                let failed = replay.steps.iter().find_map(|step| step.failed.as_ref());
                work.expected = match failed {
                    Some(why) => Err(why.clone()),
                    None => Ok(Expected { schemas, last: replay.last_snapshot(), drift }),
                };
            } else {
                let drift = drift(folder, &work.history, &replay, &context, &seen, sink).await;
                // What goes on differs from its record by what the journal knows.
                let believed =
                    !resumes.is_empty() || drift.as_ref().is_some_and(CatalogDiff::is_empty);
                let mut drift = drift.unwrap_or_default();
                if !believed
                    && let Some(plan) =
                        Box::pin(examination::half_recorded(&facts, &work.history, &context, sink))
                            .await?
                {
                    drift = work.follow(folder, plan);
                }
                work.expected = Ok(Expected { schemas, last: replay.last_snapshot(), drift });
            }
        }
        Err(failure) if unmanaged => return Err(failure.error),
        Err(failure) => {
            let is_pending =
                |index: usize| work.pending.iter().any(|m| m.name == folder.migrations[index].name);
            if failure.migration.is_some_and(is_pending) && !lacks_extension(&failure.error) {
                return Err(failure.error);
            }
            work.expected = Err(failure.error.to_string());
        }
    }
    work.live = Some(live);
    Ok(work)
}

/// A scratch server without an extension says nothing about the target.
fn lacks_extension(error: &Error) -> bool {
    matches!(error.sqlstate_code(), Some("0A000" | "58P01"))
        && error.causes().iter().any(|c| c.contains("extension"))
}

pub(super) async fn replay_context(options: &Options, session: &Session) -> Result<ReplayContext> {
    let rows = session
        .rows("SELECT rolname FROM pg_catalog.pg_roles WHERE rolname !~ '^pg_' ORDER BY 1")
        .await
        .map_err(|e| {
            let code =
                if e.connection_lost { Code::ConnectionLost } else { Code::CatalogUnreadable };
            Error::new(code, "the roles cannot be read")
                .caused_by(e)
                .hint("run the same command again")
        })?;
    Ok(ReplayContext {
        target: session.version(),
        schema: options.target.schema().to_owned(),
        roles: rows.into_iter().filter_map(|row| row.into_iter().next().flatten()).collect(),
        scratch: options.scratch.clone(),
        cache: options.replay_cache.clone(),
    })
}

pub(super) async fn replay_folder(
    migrations: &[Migration],
    context: &ReplayContext,
    tolerant: bool,
    sink: &mut dyn EventSink,
) -> std::result::Result<Replay, replay::ReplayError> {
    let begun = Instant::now();
    let mut tell = |progress: Progress<'_>| match progress {
        Progress::EngineReady(engine, duration) => sink.emit(&Event::ScratchReady {
            engine: engine.phrase(),
            approximate: engine.approximate,
            unchecked: engine.unchecked.clone(),
            duration,
        }),
        Progress::Replayed(done, total) => sink.emit(&Event::ReplayProgress { done, total }),
    };
    let replay = match tolerant {
        true => replay::replay_tolerant(migrations, context, &mut tell).await?,
        false => replay::replay(migrations, context, &mut tell).await?,
    };
    sink.emit(&Event::Replayed {
        migrations: replay.steps.len(),
        cached: replay.cached,
        facts: replay.last_snapshot().len(),
        duration: begun.elapsed(),
    });
    Ok(replay)
}

/// What differed between history and catalog before this run; `None` where what is recorded does
/// not even replay by itself.
async fn drift(
    folder: &MigrationFolder,
    history: &History,
    replay: &Replay,
    context: &ReplayContext,
    live: &CatalogSnapshot,
    sink: &mut dyn EventSink,
) -> Option<CatalogDiff> {
    let applied: Vec<Migration> =
        folder.migrations.iter().filter(|m| history.has_live_row(&m.name)).cloned().collect();
    let is_prefix = applied.iter().zip(&folder.migrations).all(|(a, m)| a.name == m.name);
    let before = if is_prefix {
        replay.snapshot_after(applied.len())
    } else {
        // Applied out of the folder's order: what is recorded is replayed by itself.
        match replay::replay(&applied, context, &mut |_| {}).await {
            Ok(replay) => replay.last_snapshot(),
            Err(_) => return None,
        }
    };
    let drift = catalog::diff(&before, live);
    if !drift.is_empty() {
        sink.emit(&Event::Warning {
            name: "drift",
            message: format!(
                "drift: the live catalog is not what the history implies ({} differences)",
                drift.len()
            ),
            details: drift.lines(DIFFERENCES_SHOWN),
        });
    }
    Some(drift)
}

/// What else the work rests on.
struct Basis<'a> {
    resumes: &'a HashMap<MigrationName, Resume>,
    approval: Option<&'a Approved>,
    expected: &'a [Expectation],
}

async fn perform(
    run: &Run<'_>,
    work: Work<'_>,
    basis: &Basis<'_>,
    executor: &mut Executor,
    sink: &mut dyn EventSink,
    begun: Instant,
) -> Result<DeployReport> {
    let options = run.options;
    admission::tell(basis.approval, sink);
    executor.refuse_unrunnable(work.pending.iter().copied())?;
    let mut report = work.report(false, begun);
    let holds_data = work.live.as_ref().is_some_and(|live| !live.is_empty_of_objects());
    if let Some(backup) = run.backup.filter(|_| holds_data) {
        report.backup = Box::pin(backup.make(options, &work.pending, executor, sink)).await?;
    }
    turn::warn_of_broken_chain(executor, sink).await;
    turn::warn_of_lost(executor, options, sink).await?;
    baseline::record(options, &work.history, &work.baseline, executor, sink).await?;
    // What the server said of our own statements is not the migrations' business.
    drop(executor.session().take_notices());
    for (index, migration) in work.pending.iter().enumerate() {
        sink.emit(&Event::MigrationStarted {
            name: migration.name.to_string(),
            number: index + 1,
            of: work.pending.len(),
        });
        let begin = match (basis.resumes.get(&migration.name), work.in_effect.get(&migration.name))
        {
            (Some(resume), _) => Begin::Resume(resume),
            (None, Some(in_effect)) => Begin::Complete(in_effect),
            (None, None) => Begin::Whole,
        };
        let started = Instant::now();
        if let Err(error) = executor.run(migration, begin, sink).await {
            return Err(with_kept(error, work.baseline.len(), index));
        }
        let expectation = basis.expected.iter().find(|e| e.migration == migration.name.as_str());
        report.timings.extend(expectation.map(|e| e.met_by(started.elapsed())));
    }
    keep_timings(&report.timings, executor).await;
    admission::used(basis.approval, executor).await;
    match &work.expected {
        Ok(expected) => {
            let verified = verify_end_surely(expected, executor, sink).await;
            let entry = match &verified {
                Ok(facts) => Entry::new(Kind::Verified).detail(format!("{facts} facts")),
                Err(error) => Entry::new(Kind::VerifyFailed).detail(error.message().to_owned()),
            };
            // Nothing was changed: an entry that cannot be written takes nothing back.
            let _kept = executor.record("", entry).await;
            verified?;
            report.verified = true;
        }
        Err(reason) => {
            sink.emit(&Event::NotVerified { reason: reason.clone() });
            report.not_verified_because = Some(reason.clone());
        }
    }
    report.duration = begun.elapsed();
    Ok(report)
}

/// Adds to a failure what this run had committed before it.
pub(super) fn with_kept(error: Error, baselined: usize, applied: usize) -> Error {
    if baselined + applied == 0 {
        return error;
    }
    let kept = match (baselined, applied) {
        (0, n) => format!("kept from earlier in this run: {n} applied"),
        (b, 0) => format!("kept from earlier in this run: {b} baselined"),
        (b, n) => format!("kept from earlier in this run: {b} baselined, {n} applied"),
    };
    match error.what_changed().clone() {
        Changed::Nothing => error.changed(Changed::Partial { what: kept }),
        Changed::RolledBack { .. } => error.changed(Changed::RolledBack { kept }),
        Changed::Partial { what } => {
            error.changed(Changed::Partial { what: format!("{what}; {kept}") })
        }
        Changed::Unknown { what } => {
            error.changed(Changed::Unknown { what: format!("{what}; {kept}") })
        }
    }
}

/// Everything is applied: a connection that is lost now is opened again once, and an error says so.
/// Gives back how many facts were compared.
async fn verify_end_surely(
    expected: &Expected,
    executor: &mut Executor,
    sink: &mut dyn EventSink,
) -> Result<usize> {
    let mut result = verify_end(expected, executor.session(), sink).await;
    if result.as_ref().is_err_and(|error| error.code() == Code::ConnectionLost) {
        result = match executor.open_session().await {
            Ok(session) => verify_end(expected, session, sink).await,
            Err(error) => Err(error),
        };
    }
    result.map_err(|error| match error.what_changed() {
        Changed::Nothing => error
            .changed(Changed::Partial {
                what: "every pending migration is applied and recorded; the final catalog was not compared"
                    .to_owned(),
            })
            .hint("compare it: underpin verify"),
        _ => error,
    })
}

async fn verify_end(
    expected: &Expected,
    session: &mut Session,
    sink: &mut dyn EventSink,
) -> Result<usize> {
    let actual = catalog::read(session).await?.restricted_to(&expected.schemas);
    let result = verify::compare(&expected.last, &actual, &expected.drift);
    if result.new.is_empty() {
        sink.emit(&Event::Verified {
            facts: actual.len(),
            known_drift: result.known.len(),
            fingerprint: actual.fingerprint().to_string(),
        });
        return Ok(actual.len());
    }
    let words = format!(
        "all migrations are applied and recorded, and the catalog differs from the folder in {} places",
        result.new.len()
    );
    Err(Error::new(Code::VerifyFailed, words)
        .details(result.new.lines(DIFFERENCES_SHOWN))
        .changed(Changed::Partial { what: "every pending migration is applied and recorded".to_owned() })
        .hint("a migration that depends on data or on the time it runs can do this; compare the listed objects with the folder"))
}
