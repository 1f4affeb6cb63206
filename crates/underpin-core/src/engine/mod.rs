//! The verbs. The one place where modules meet: each file is one verb, a sequence of calls that
//! reads like the design's flow.

mod admission;
mod approve;
mod backup;
mod baseline;
pub mod checklist;
mod copies;
mod deploy;
mod doctor;
mod environment;
mod evidence;
mod examination;
mod failed;
mod guard;
mod history;
mod measured;
mod plan;
pub mod prisma;
mod prune;
mod rehearse;
mod repair;
mod resolve;
mod status;
mod turn;
mod upgrade;
mod verify;

use std::path::PathBuf;
use std::time::{Duration, Instant};

pub use approve::{ApproveReport, ApproveRequest, VALID_HOURS, approve};
pub use backup::{
    AcceptRequest, BackupBefore, BackupEntry, BackupListReport, BackupOptions, BackupReport,
    ClaimEntry, CreateRequest, Recovery, RestoreRequest, backup_accept, backup_check,
    backup_create, backup_restore,
};
pub use baseline::{BaselineReport, BaselineRequest, UndoReport, baseline, undo_baseline};
pub use copies::{CopyTo, Place, backup_copy, backup_fetch, backup_list, backup_pin};
pub use deploy::{DeployReport, deploy, deploy_backed};
pub use doctor::{DoctorReport, DoctorRequest, doctor};
pub use environment::{EnvironmentReport, environment};
pub use evidence::{EvidenceReport, MigrationEvidence, evidence};
pub use guard::{ALLOW_PROTECTED, Environment, Guard, Identity};
pub use history::{Deed, HistoryReport, OtherRow, RunOutcome, RunRecord, history};
pub use measured::{MeasuredHere, Timing};
pub use plan::{
    Binding, LockWindow, PlanReport, PlanRequest, PlannedMigration, PlannedStatement, RehearsedOn,
    plan,
};
pub use prune::{PruneReport, backup_prune};
pub use rehearse::{RehearsalReport, RehearseRequest, Source, rehearse};
pub use resolve::{Resolution, ResolveReport, resolve};
pub use status::{FailedMigration, StatusReport, StatusState, status};
pub use upgrade::{ALLOW_NEWER, ALLOW_STOP};
pub use verify::{VerifyReport, verify};

use crate::config::{Compatibility, NeedsApproval, Repair, Secret, UpgradeStop};
use crate::diagnose::{Answers, Policy};
use crate::error::{Code, Error, Result};
use crate::event::{Event, EventSink};
use crate::execute::{LockBudget, Stop};
use crate::history::HistoryTable;
use crate::migrations::MigrationFolder;
use crate::postgres::scratch::ScratchOptions;
use crate::postgres::{ConnectionSettings, Queryable as _, ServerVersion, Session};

/// The first pause before a server that is not there yet is tried again.
const ARRIVAL_PAUSE: Duration = Duration::from_millis(100);
/// The longest one.
const ARRIVAL_PAUSE_MAX: Duration = Duration::from_secs(2);

/// Everything that a verb works with; made by the caller from flags, environment and files.
#[derive(Debug, Clone)]
pub struct Options {
    /// The target.
    pub target: ConnectionSettings,
    /// The migrations folder.
    pub folder: PathBuf,
    /// Where a scratch PostgreSQL may come from.
    pub scratch: ScratchOptions,
    /// Where replays are kept; `None` keeps none.
    pub replay_cache: Option<PathBuf>,
    /// How long to wait for a server that cannot be reached yet, or takes nobody yet.
    pub arrival: Duration,
    /// How long to wait for another migrating process.
    pub patience: Duration,
    /// The lock budget.
    pub locks: LockBudget,
    /// Where the local copies of journals are kept; `None` keeps none.
    pub journals: Option<PathBuf>,
    /// Where records of rehearsals are kept and looked for; `None` keeps none.
    pub rehearsals: Option<PathBuf>,
    /// A Redis that wakes those who wait: its URL, or why there is none although there should be.
    pub redis: Option<Result<Secret>>,
    /// What may be done without asking about a database whose history does not tell everything.
    pub policy: Policy,
    /// What a person says of migrations that cannot be decided.
    pub answers: Answers,
    /// What a deploy looks at before it changes anything.
    pub gate: Gate,
    /// What the project declares beside its folder.
    pub manifest: Manifest,
    /// Which databases are kept from whom.
    pub guard: Guard,
    /// A request to stop.
    pub stop: Stop,
    /// Tell what would be done, change nothing.
    pub dry_run: bool,
}

impl Options {
    /// The options of a project that keeps nothing and asks for nothing: no cache, no local
    /// journal, no Redis, no policy, a minute of patience.
    #[must_use]
    pub fn new(target: ConnectionSettings, folder: PathBuf) -> Self {
        Self {
            target,
            folder,
            scratch: ScratchOptions::default(),
            replay_cache: None,
            arrival: Duration::ZERO,
            patience: Duration::from_secs(60),
            locks: LockBudget::default(),
            journals: None,
            rehearsals: None,
            redis: None,
            policy: Policy::default(),
            answers: Answers::default(),
            gate: Gate::default(),
            manifest: Manifest::default(),
            guard: Guard::default(),
            stop: Stop::default(),
            dry_run: false,
        }
    }
}

/// What a project declares beside its folder: the engine's part of `underpin.toml`.
#[derive(Debug, Clone, Default)]
pub struct Manifest {
    /// How old a database may be.
    pub compatibility: Option<Compatibility>,
    /// Migrations that an upgrade must not pass.
    pub stops: Vec<UpgradeStop>,
    /// Repairs of migrations that are known to have gone wrong.
    pub repairs: Vec<DeclaredRepair>,
}

/// A repair, with its script.
#[derive(Debug, Clone)]
pub struct DeclaredRepair {
    /// What is declared.
    pub said: Repair,
    /// The script's text.
    pub script: String,
}

/// What a deploy looks at before it changes anything. The default is nothing.
#[derive(Debug, Clone)]
pub struct Gate {
    /// The plan that was looked at: nothing may have moved since.
    pub plan: Option<Binding>,
    /// Findings from this level on refuse the deploy.
    pub fail_on: Option<underpin_sql::finding::Severity>,
    /// Rules that are waived for this run.
    pub allow: Vec<String>,
    /// Rules, or families of rules, that refuse whatever their level unless they are waived.
    pub needs_allow: Vec<String>,
    /// For which deploys somebody has to have approved the plan.
    pub needs_approval: NeedsApproval,
    /// How long an approval is good for, in hours.
    pub approval_valid_hours: u32,
    /// After this time a health probe kills a start that is not ready: a longer one is warned of.
    pub probe_window: Option<Duration>,
}

impl Default for Gate {
    fn default() -> Self {
        Self {
            plan: None,
            fail_on: None,
            allow: Vec::new(),
            needs_allow: Vec::new(),
            needs_approval: NeedsApproval::Never,
            approval_valid_hours: VALID_HOURS,
            probe_window: None,
        }
    }
}

/// Connects and says so.
async fn connect(options: &Options, sink: &mut dyn EventSink) -> Result<Session> {
    let begun = Instant::now();
    let session = arrive(options, sink).await?;
    let version = session.version();
    if version.major() < ServerVersion::OLDEST_MAJOR {
        let words = format!(
            "the server is PostgreSQL {version}; {} is the oldest that is supported",
            ServerVersion::OLDEST_MAJOR
        );
        return Err(Error::new(Code::UnsupportedServer, words));
    }
    sink.emit(&Event::Connected {
        address: options.target.address(),
        database: options.target.database().to_owned(),
        schema: options.target.schema().to_owned(),
        version: version.to_string(),
        duration: begun.elapsed(),
    });
    Ok(session)
}

/// Opens a session, waiting as long as the options say for a server that is not there yet.
async fn arrive(options: &Options, sink: &mut dyn EventSink) -> Result<Session> {
    let begun = Instant::now();
    let mut pause = ARRIVAL_PAUSE;
    let mut stop = options.stop.clone();
    loop {
        let error = match options.target.connect().await {
            Ok(session) => return Ok(session),
            Err(error) => error,
        };
        // Refused, no such name yet, starting up (57P03), no free slot (53300).
        let passes = matches!(error.code(), Code::ServerUnreachable | Code::ServerBusy);
        if !passes || options.arrival.is_zero() {
            return Err(error);
        }
        if begun.elapsed() + pause > options.arrival {
            let waited = format!("waited {} s for it", options.arrival.as_secs());
            return Err(error.details([waited]));
        }
        if pause == ARRIVAL_PAUSE {
            let reason = error.causes().last().map_or(error.message(), String::as_str);
            sink.emit(&Event::ServerAwaited { reason: reason.to_owned() });
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = stop.requested() => {
                let words = "stopped on request while waiting for the server";
                return Err(Error::new(Code::Interrupted, words).caused_by(&error)
                    .hint("run the same command again"));
            }
        }
        pause = (pause * 2).min(ARRIVAL_PAUSE_MAX);
    }
}

fn read_folder(options: &Options, sink: &mut dyn EventSink) -> Result<MigrationFolder> {
    let folder = MigrationFolder::read(&options.folder)?;
    sink.emit(&Event::FolderRead {
        path: folder.path.display().to_string(),
        migrations: folder.migrations.len(),
        remarks: folder.remarks.iter().map(ToString::to_string).collect(),
    });
    refuse_unknown_answers(&options.answers, &folder)?;
    Ok(folder)
}

/// An answer about a migration that is not there is a typing error.
fn refuse_unknown_answers(answers: &Answers, folder: &MigrationFolder) -> Result<()> {
    let mut named = answers.run.iter().chain(&answers.complete);
    match named.find(|name| folder.get(name).is_none()) {
        Some(name) => Err(resolve::unknown(name, &folder.path)),
        None => Ok(()),
    }
}

fn history_table(options: &Options) -> HistoryTable {
    HistoryTable::in_schema(options.target.schema())
}

fn names<'a>(names: impl IntoIterator<Item = &'a crate::migrations::MigrationName>) -> Vec<String> {
    names.into_iter().map(ToString::to_string).collect()
}
