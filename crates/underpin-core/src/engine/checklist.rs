//! `checklist`: what the guides ask for before and after a deploy, each item ticked by a measurement
//! and not by a person. Reads only.
//!
//! An item that could not be measured is *unknown* and never done. Nothing here decides whether a
//! deploy goes on: policy does (`admission`).

use super::admission;
use super::history::RunOutcome;
use super::plan::{PlanReport, PlanRequest, plan};
use super::{
    BackupOptions, DoctorRequest, Options, RehearsedOn, StatusState, connect, doctor, history,
    status, verify,
};
use crate::backup::{Level, Manifest};
use crate::config::BeforeDeploy;
use crate::doctor::Level as Weight;
use crate::error::{Code, Error, Result};
use crate::event::{EventSink, Silent};
use crate::postgres::{BoundedQuery, Session};

/// A look at the catalog, and no more.
const LIMITS: BoundedQuery = BoundedQuery { statement_timeout_ms: 5_000, lock_timeout_ms: 500 };
/// Indexes that no query uses, and constraints that do not hold for old rows.
const UNFINISHED: &str = "SELECT (SELECT count(*) FROM pg_catalog.pg_index WHERE NOT indisvalid), \
    (SELECT count(*) FROM pg_catalog.pg_constraint WHERE NOT convalidated)";
/// Sessions of this database that wait for a lock.
const WAITING: &str = "SELECT count(DISTINCT l.pid) FROM pg_catalog.pg_locks l JOIN \
    pg_catalog.pg_database d ON d.oid = l.database WHERE NOT l.granted AND d.datname = current_database()";

/// What became of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Tick {
    /// Measured, and in order.
    Done,
    /// Measured, and not.
    Open,
    /// Not asked for here.
    NotNeeded,
    /// It could not be measured.
    Unknown,
}

/// One item.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Item {
    /// What has to be the case.
    pub item: &'static str,
    /// Whether it is.
    pub tick: Tick,
    /// What was measured.
    pub fact: String,
    /// The command that does it, or looks closer.
    pub next: Option<String>,
}

/// The list.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Checklist {
    /// `before` or `after`.
    pub when: &'static str,
    /// Database name.
    pub database: String,
    /// In the order in which one does them.
    pub items: Vec<Item>,
}

impl Checklist {
    /// Items that are neither done nor needless.
    #[must_use]
    pub fn left(&self) -> usize {
        self.items.iter().filter(|i| matches!(i.tick, Tick::Open | Tick::Unknown)).count()
    }
}

/// What the lists ask about beside the database.
#[derive(Debug, Clone)]
pub struct ChecklistRequest {
    /// Where backups are.
    pub backups: BackupOptions,
    /// When a deploy makes one by itself.
    pub before_deploy: BeforeDeploy,
    /// Rules that are waived.
    pub allow: Vec<String>,
}

struct Answer(Tick, String, Option<String>);

impl Answer {
    fn done(fact: impl Into<String>) -> Self {
        Self(Tick::Done, fact.into(), None)
    }

    fn open(fact: impl Into<String>, next: &str) -> Self {
        Self(Tick::Open, fact.into(), Some(next.to_owned()))
    }

    fn needless(fact: impl Into<String>) -> Self {
        Self(Tick::NotNeeded, fact.into(), None)
    }

    fn unknown(error: &Error) -> Self {
        let next = error.hints().first().cloned();
        Self(Tick::Unknown, error.message().to_owned(), next)
    }

    fn of(self, item: &'static str) -> Item {
        Item { item, tick: self.0, fact: self.1, next: self.2 }
    }
}

/// Before a deploy.
///
/// # Errors
/// UP-11xx: without a database there is nothing to tick.
pub async fn before(
    options: &Options,
    request: &ChecklistRequest,
    sink: &mut dyn EventSink,
) -> Result<Checklist> {
    drop(connect(options, sink).await?);
    let asked = DoctorRequest { drift: false, ..DoctorRequest::new(Ok(request.backups.clone())) };
    let mut items = vec![fit(&doctor(options, &asked).await).of("server, role and tools are fit")];
    let wanted = PlanRequest { allow: request.allow.clone(), ..PlanRequest::default() };
    match Box::pin(plan(options, &wanted, &mut Silent)).await {
        Err(error) => {
            let next = error.hints().first().map_or("underpin plan", String::as_str);
            items.push(Answer::open(error.message(), next).of(KNOWN));
        }
        Ok(plan) => items.extend(of_plan(options, request, &plan).await),
    }
    Ok(Checklist { when: "before", database: options.target.database().to_owned(), items })
}

const KNOWN: &str = "what a deploy would do is known and proven";

fn fit(report: &super::DoctorReport) -> Answer {
    let worst = report.findings.iter().find(|finding| finding.level == Weight::Error);
    match worst {
        Some(finding) => {
            Answer::open(format!("{}: {}", finding.check, finding.what), "underpin doctor")
        }
        None => Answer::done("nothing found that would make a deploy fail"),
    }
}

async fn of_plan(options: &Options, request: &ChecklistRequest, plan: &PlanReport) -> Vec<Item> {
    let (record, run) = (plan.binding.baseline.len(), plan.binding.pending.len());
    let known = Answer::done(format!("{record} to record, {run} to run")).of(KNOWN);
    if run == 0 {
        return vec![known];
    }
    vec![
        known,
        judged(plan).of("no finding of level error is left"),
        asked(plan).of("the rows allow it"),
        rehearsed(plan.rehearsal.as_ref()).of("it ran on a copy"),
        backed_up(request, plan).of("a backup of this very state is proven"),
        approved(options, plan).await.of("it is approved"),
        in_the_way(plan).of("nobody is in the way"),
    ]
}

fn judged(plan: &PlanReport) -> Answer {
    match plan.report.totals.errors {
        0 => Answer::done(format!("{} statements judged", plan.report.totals.judged)),
        n => Answer::open(format!("{n} are"), "underpin plan"),
    }
}

fn asked(plan: &PlanReport) -> Answer {
    let answers = plan.migrations.iter().flat_map(|m| &m.preflights).map(|p| &p.answer);
    let (mut all, mut bad, mut silent) = (0, 0, 0);
    for answer in answers {
        all += 1;
        match answer.count {
            Some(0) => {}
            Some(_) => bad += 1,
            None => silent += 1,
        }
    }
    match (all, bad, silent) {
        (0, ..) => Answer::needless("nothing that is to be run depends on rows"),
        (_, 0, 0) => Answer::done(format!("{all} questions, no row in the way")),
        (_, 0, n) => {
            Answer(Tick::Unknown, format!("{n} of {all} questions had no answer"), plan_hint())
        }
        (_, n, _) => {
            Answer::open(format!("rows are in the way of {n} statements"), "underpin plan")
        }
    }
}

fn plan_hint() -> Option<String> {
    Some("underpin plan".to_owned())
}

fn rehearsed(rehearsal: Option<&RehearsedOn>) -> Answer {
    match rehearsal {
        None => Answer::open("never", "underpin rehearse --create-backup"),
        Some(run) if run.failure.is_some() => {
            Answer::open(format!("it failed there at {}", run.at), "underpin plan")
        }
        Some(run) => Answer::done(format!("at {}, from {}", run.at, run.from.word())),
    }
}

fn backed_up(request: &ChecklistRequest, plan: &PlanReport) -> Answer {
    let listed = match request.backups.store().list() {
        Ok(listed) => listed,
        Err(error) => return Answer::unknown(&error),
    };
    let fits = |manifest: &Manifest| {
        manifest.inventory.fingerprint == plan.binding.fingerprint
            && manifest.level() >= Some(Level::Decodable)
    };
    let newest = listed
        .iter()
        .rev()
        .find_map(|l| l.manifest.as_ref().ok().filter(|m| fits(m)).map(|m| (&l.name, m)));
    match (newest, request.before_deploy) {
        (Some((name, manifest)), _) => {
            let level = manifest.level().unwrap_or(Level::Decodable);
            Answer::done(format!("{name}, level {level}"))
        }
        (None, BeforeDeploy::Always) => Answer::needless("the deploy makes one first"),
        (None, BeforeDeploy::Destructive) => Answer(
            Tick::Open,
            "none; the deploy makes one only before a step that may take data away".to_owned(),
            Some("underpin backup create --level 5".to_owned()),
        ),
        (None, BeforeDeploy::Never) => Answer::open("none", "underpin backup create --level 5"),
    }
}

async fn approved(options: &Options, plan: &PlanReport) -> Answer {
    let deploying = Options { dry_run: false, ..options.clone() };
    let errors = plan.report.totals.errors > 0;
    let found = async {
        let session = connect(&deploying, &mut Silent).await?;
        admission::approved(&deploying, &plan.binding, errors, &session).await
    };
    match found.await {
        Ok(None) => Answer::needless("no policy asks for it"),
        Ok(Some(approval)) => Answer::done(format!("by {}", approval.approval.by)),
        Err(error) if error.code() == Code::ApprovalMissing => Answer::open(
            error.message(),
            "underpin plan --out plan.json && underpin approve plan.json",
        ),
        Err(error) => Answer::unknown(&error),
    }
}

fn in_the_way(plan: &PlanReport) -> Answer {
    match plan.blockers.first() {
        None => Answer::done("no session holds a lock that it needs"),
        Some(blocker) => Answer::open(blocker.clone(), "underpin doctor"),
    }
}

/// After a deploy.
///
/// # Errors
/// UP-11xx.
pub async fn after(
    options: &Options,
    request: &ChecklistRequest,
    sink: &mut dyn EventSink,
) -> Result<Checklist> {
    let session = connect(options, sink).await?;
    let items = vec![
        recorded(options).await.of("every migration is recorded"),
        equal(options).await.of("the catalog is what the history implies"),
        ended(options, &request.backups).await.of("the last run came to its end"),
        unfinished(&session).await.of("no index and no constraint is left half done"),
        waiting(&session).await.of("nobody waits for a lock"),
        kept(request).of("a backup from before is kept"),
    ];
    Ok(Checklist { when: "after", database: options.target.database().to_owned(), items })
}

async fn recorded(options: &Options) -> Answer {
    match status(options, &mut Silent).await {
        Err(error) => Answer::unknown(&error),
        Ok(report) if report.state == StatusState::UpToDate => {
            Answer::done(format!("{} applied", report.applied.len()))
        }
        Ok(report) => Answer::open(
            format!("{} failed, {} pending", report.failed.len(), report.pending.len()),
            "underpin status",
        ),
    }
}

async fn equal(options: &Options) -> Answer {
    match Box::pin(verify(options, &mut Silent)).await {
        Err(error) => Answer::unknown(&error),
        Ok(report) if report.equal => Answer::done(format!("{} facts equal", report.facts)),
        Ok(report) => {
            Answer::open(format!("{} differences", report.differences), "underpin verify")
        }
    }
}

async fn ended(options: &Options, backups: &BackupOptions) -> Answer {
    let report = match history(options, backups, 1, &mut Silent).await {
        Ok(report) => report,
        Err(error) => return Answer::unknown(&error),
    };
    if let Some(entry) = report.broken_at {
        let fact = format!("the journal was changed by hand, from entry {entry} on");
        return Answer::open(fact, "underpin history");
    }
    match report.runs.last() {
        None => Answer(
            Tick::Unknown,
            "no run of Underpin is recorded here".to_owned(),
            Some("underpin history".to_owned()),
        ),
        Some(run) if run.outcome == RunOutcome::Done => {
            Answer::done(format!("run {} at {}", run.run, run.ended))
        }
        Some(run) => Answer::open(format!("run {} did not", run.run), "underpin history"),
    }
}

async fn numbers(session: &Session, sql: &str) -> Result<Vec<u64>> {
    let rows = LIMITS.rows(session, sql).await.map_err(|e| {
        Error::new(Code::CatalogUnreadable, "the catalog cannot be asked").caused_by(&e)
    })?;
    let values = rows.into_iter().flatten().flatten();
    Ok(values.filter_map(|value| value.parse().ok()).collect())
}

async fn unfinished(session: &Session) -> Answer {
    match numbers(session, UNFINISHED).await.as_deref() {
        Ok([0, 0]) => Answer::done("all valid"),
        Ok([indexes, constraints]) => Answer(
            Tick::Open,
            format!("{indexes} invalid indexes, {constraints} constraints not validated"),
            Some("REINDEX INDEX CONCURRENTLY …; ALTER TABLE … VALIDATE CONSTRAINT …".to_owned()),
        ),
        Ok(_) => Answer(Tick::Unknown, "no answer".to_owned(), None),
        Err(error) => Answer::unknown(error),
    }
}

async fn waiting(session: &Session) -> Answer {
    match numbers(session, WAITING).await.as_deref() {
        Ok([0]) => Answer::done("no session"),
        Ok([n, ..]) => Answer::open(format!("{n} sessions do"), "underpin doctor"),
        Ok([]) => Answer(Tick::Unknown, "no answer".to_owned(), None),
        Err(error) => Answer::unknown(error),
    }
}

fn kept(request: &ChecklistRequest) -> Answer {
    let listed = match request.backups.store().list() {
        Ok(listed) => listed,
        Err(error) => return Answer::unknown(&error),
    };
    let proven = |m: &Manifest| m.level() >= Some(Level::Decodable);
    let newest = listed.iter().rev().find(|l| l.manifest.as_ref().is_ok_and(proven));
    match newest {
        Some(listed) => Answer::done(listed.name.to_string()),
        None => Answer::open("none that is proven", "underpin backup create"),
    }
}
