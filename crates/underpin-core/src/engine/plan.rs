//! `plan`: what the pending migrations will do to this database, found out without changing it; and
//! the binding by which a deploy knows that nothing has moved since.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use underpin_sql::finding::{Downtime, Finding, Grades, Severity};
use underpin_sql::lint::{
    self, Blocks, FileReport, LockReport, Report, Runner, Source, WorkReport,
};

use super::deploy::{check_history, decide};
use super::measured::{MeasuredHere, ORDINARY_MS, Overlay, grows};
use super::turn::Run;
use super::{Options, connect, history_table, names, read_folder};
use crate::assess::{self, Calibration, Prediction, Preflight, TableSize};
use crate::catalog::{self, CatalogSnapshot};
use crate::error::{Code, Error, Result};
use crate::event::EventSink;
use crate::history::History;
use crate::journal;
use crate::migrations::{Migration, MigrationFolder};
use crate::postgres::{Queryable as _, Session};
use crate::rehearse::{Failure, From, Record, kept};

/// What a plan was made for. A deploy that is given the plan refuses when any of it has changed.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Binding {
    /// Database name.
    pub database: String,
    /// Fingerprint of the whole live catalog.
    pub fingerprint: String,
    /// Migrations to record without running them, in order.
    pub baseline: Vec<String>,
    /// Migrations to run, in order, with their checksums.
    pub pending: Vec<(String, String)>,
}

impl Binding {
    /// One hash for all of it, by which an approval names a plan.
    #[must_use]
    pub fn hash(&self) -> String {
        let mut parts = vec![self.database.as_str(), self.fingerprint.as_str(), "to record"];
        parts.extend(self.baseline.iter().map(String::as_str));
        parts.push("to run");
        for (name, checksum) in &self.pending {
            parts.extend([name.as_str(), checksum.as_str()]);
        }
        journal::digest(&parts)
    }
}

/// What is asked of a plan.
#[derive(Debug, Clone, Default)]
pub struct PlanRequest {
    /// Rules that are waived for this run.
    pub allow: Vec<String>,
    /// The rates to predict with.
    pub calibration: Calibration,
    /// The record of a rehearsal; by default the kept one of this very state, if there is one.
    pub rehearsal: Option<Record>,
    /// Leave the rows unasked: times and locks are what is wanted.
    pub without_rows: bool,
}

/// The rehearsal that a plan rests on.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct RehearsedOn {
    /// When it ended, RFC 3339.
    pub at: String,
    /// What its copy was made from.
    pub from: From,
    /// When the original was as the copy is.
    pub taken_at: String,
    /// Bytes of the copy, without indexes.
    pub bytes: u64,
    /// Why it ended early.
    pub failure: Option<Failure>,
}

/// How long a table is kept from the application by one migration.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct LockWindow {
    /// The table.
    pub relation: String,
    /// The strongest lock.
    pub mode: String,
    /// What waits for it.
    pub blocks: Blocks,
    /// 1-based line of the statement that takes it.
    pub from_line: usize,
    /// How long it is held: to the end of its transaction.
    pub predicted: Option<Prediction>,
    /// It was taken on a copy too.
    pub measured: bool,
}

/// One statement of a plan.
#[derive(Debug, Clone, serde::Serialize)]
pub struct PlannedStatement {
    /// 1-based line.
    pub line: usize,
    /// Its command tag.
    pub tag: String,
    /// Locks on relations that are there.
    pub locks: Vec<LockReport>,
    /// Work on them.
    pub work: Vec<WorkReport>,
    /// How long it takes; `None` where a size is not known.
    pub predicted: Option<Prediction>,
    /// What it did on a copy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub measured: Option<MeasuredHere>,
}

/// One migration of a plan.
#[derive(Debug, Clone, serde::Serialize)]
pub struct PlannedMigration {
    /// Its name.
    pub name: String,
    /// Loss, downtime, way back, old application: the worst of its findings.
    pub grades: Grades,
    /// How long it takes.
    pub predicted: Option<Prediction>,
    /// Tables that are kept from the application.
    pub windows: Vec<LockWindow>,
    /// Its statements.
    pub statements: Vec<PlannedStatement>,
    /// What was found, the rows asked.
    pub findings: Vec<Finding>,
    /// What the rows say.
    pub preflights: Vec<Preflight>,
}

/// The whole plan.
#[derive(Debug, Clone, serde::Serialize)]
pub struct PlanReport {
    /// What it was made for.
    pub binding: Binding,
    /// The server's version.
    pub server: String,
    /// The engine that the proof of what is in effect rests on.
    pub engine: Option<String>,
    /// Replication slots and publications.
    pub replication: Vec<String>,
    /// Sessions that hold locks now on tables that the plan locks.
    pub blockers: Vec<String>,
    /// The migrations to run.
    pub migrations: Vec<PlannedMigration>,
    /// What the predictions rest on.
    pub calibration: Calibration,
    /// The rehearsal whose measurements stand in their place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rehearsal: Option<RehearsedOn>,
    /// The same findings, as the linter reports them.
    #[serde(skip)]
    pub report: Report,
}

impl PlanReport {
    /// Whether something that nobody allows is at least this loud, or failed on the copy.
    #[must_use]
    pub fn has(&self, severity: Severity) -> bool {
        self.report.has(severity) || self.failed_on_copy().is_some()
    }

    /// What failed on the copy.
    #[must_use]
    pub fn failed_on_copy(&self) -> Option<&Failure> {
        self.rehearsal.as_ref()?.failure.as_ref()
    }
}

/// Finds out what `deploy` would do to the database.
///
/// # Errors
/// Those of a deploy that comes this far: UP-1xxx, UP-20xx, UP-3xxx.
pub async fn plan(
    options: &Options,
    request: &PlanRequest,
    sink: &mut dyn EventSink,
) -> Result<PlanReport> {
    let folder = read_folder(options, sink)?;
    let run = Run::new(options);
    let mut session = connect(&run.named(), sink).await?;
    let history = history_table(options).read(&session).await?;
    check_history(&folder, &history, sink)?;
    let work =
        Box::pin(decide(options, &folder, history.clone(), &HashMap::new(), &mut session, sink))
            .await?;
    let live = match work.live() {
        Some(live) => live.clone(),
        None => catalog::read(&mut session).await?,
    };
    let pending: Vec<&Migration> = work.to_run().collect();
    let baseline = names(work.to_record().map(|m| &m.name));
    let binding = binding(options, &live, baseline, &pending);
    let engine = work.engine().map(str::to_owned);
    let about = About { folder: &folder, history: &history, pending: &pending, live: &live };
    assess_pending(options, request, &about, binding, engine, &session).await
}

/// What a plan is made from.
pub(super) struct About<'a> {
    pub(super) folder: &'a MigrationFolder,
    pub(super) history: &'a History,
    pub(super) pending: &'a [&'a Migration],
    pub(super) live: &'a CatalogSnapshot,
}

pub(super) fn binding(
    options: &Options,
    live: &CatalogSnapshot,
    baseline: Vec<String>,
    pending: &[&Migration],
) -> Binding {
    Binding {
        database: options.target.database().to_owned(),
        fingerprint: live.fingerprint().to_string(),
        baseline,
        pending: pending
            .iter()
            .map(|m| (m.name.to_string(), m.checksum.as_str().to_owned()))
            .collect(),
    }
}

/// Refuses a plan that was made for something else.
///
/// # Errors
/// UP-3203.
pub(super) fn refuse_stale(planned: &Binding, now: &Binding) -> Result<()> {
    let mut moved = Vec::new();
    if planned.database != now.database {
        moved.push(format!("planned for database `{}`", planned.database));
    }
    if planned.fingerprint != now.fingerprint {
        moved.push("the live catalog is another one".to_owned());
    }
    if planned.baseline != now.baseline {
        moved.push("what is to be recorded is another list".to_owned());
    }
    if planned.pending != now.pending {
        moved.push("what is to be run is another list, or a file was edited".to_owned());
    }
    if moved.is_empty() {
        return Ok(());
    }
    Err(Error::new(Code::PlanStale, "the plan was made for another state than this one")
        .details(moved)
        .hint("make it anew, and look at it again: underpin plan --out FILE"))
}

/// Refuses what is at least as loud as `level`, or of a rule or family in `needs_allow`, and allowed
/// by nobody.
///
/// # Errors
/// UP-2301.
pub(super) fn refuse_by_policy(
    plan: &PlanReport,
    level: Option<Severity>,
    needs_allow: &[String],
) -> Result<()> {
    let is_named = |rule: &str| {
        needs_allow.iter().any(|word| {
            rule.strip_prefix(word.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
        })
    };
    let is_loud = |finding: &Finding| level.is_some_and(|level| finding.severity >= level);
    let refused: Vec<(&str, &Finding)> = plan
        .report
        .findings()
        .filter(|(_, f)| f.allowed.is_none() && (is_loud(f) || is_named(f.rule)))
        .map(|(file, finding)| (file.path.as_str(), finding))
        .collect();
    if let Some(failure) = plan.failed_on_copy() {
        let words = "the policy refuses what is to be run: it failed on a copy of this state";
        return Err(Error::new(Code::PolicyRefused, words)
            .caused_by(format!("{}: {}", failure.code, failure.message))
            .details(failure.causes.clone())
            .hint(
                "correct it, or when the rows were corrected rehearse again: underpin rehearse",
            ));
    }
    let Some((_, first)) = refused.first() else { return Ok(()) };
    let words = format!(
        "the policy refuses what is to be run: {}{}",
        match refused.len() {
            1 => "1 finding".to_owned(),
            n => format!("{n} findings"),
        },
        match level {
            Some(level) if refused.iter().all(|(_, f)| f.severity >= level) => {
                format!(" of level {} or above", level.word())
            }
            _ => " that needs to be allowed".to_owned(),
        }
    );
    let lines = refused.iter().map(|(path, finding)| {
        format!("{}: {path}:{}: {}", finding.rule, finding.start.line, finding.message)
    });
    let mut rules: Vec<&str> = refused.iter().map(|(_, finding)| finding.rule).collect();
    rules.dedup();
    Err(Error::new(Code::PolicyRefused, words)
        .details(lines)
        .hint("look at the whole: underpin plan")
        .hint(format!("to allow it in this run: underpin deploy --allow {}", rules.join(",")))
        .hint(format!(
            "to allow it for good, in the script: -- underpin: allow {} REASON",
            first.rule
        )))
}

/// Assesses what is pending.
pub(super) async fn assess_pending(
    options: &Options,
    request: &PlanRequest,
    about: &About<'_>,
    binding: Binding,
    engine: Option<String>,
    session: &Session,
) -> Result<PlanReport> {
    let schema = options.target.schema();
    let version = session.version();
    let mut observed = assess::observe(session, schema).await?;
    observed.facts.edited = names(about.history.edited(about.folder));
    observed.facts.out_of_order = out_of_order(about);
    let first = about
        .folder
        .migrations
        .iter()
        .position(|m| about.pending.iter().any(|p| p.name == m.name))
        .unwrap_or(about.folder.migrations.len());
    let report = lint::lint(
        sources(about),
        &lint::Options {
            server_major: Some(version.major()),
            runner: Runner::Underpin,
            pending_from: Some(first),
            facts: observed.facts.clone(),
            enabled: Vec::new(),
        },
    );
    let mut preflights = assess::preflights(about.pending, about.live, schema, version.major());
    if !request.without_rows {
        assess::answer(session, &mut preflights).await?;
    }
    let record = rehearsed(options, request, &binding, session).await?;
    let mut plan = PlanReport {
        binding,
        server: version.to_string(),
        engine,
        replication: observed.replication,
        blockers: Vec::new(),
        migrations: Vec::new(),
        calibration: request.calibration.clone(),
        rehearsal: record.as_ref().map(|record| RehearsedOn {
            at: record.at.clone(),
            from: record.copy.from,
            taken_at: record.copy.taken_at.clone(),
            bytes: record.copy.bytes,
            failure: record.failure.clone(),
        }),
        report,
    };
    let mut locked = BTreeSet::new();
    for file in &mut plan.report.files {
        let of_file = preflights.iter().filter(|p| p.migration.as_str() == file.name);
        let of_file: Vec<Preflight> = of_file.cloned().collect();
        for finding in &mut file.findings {
            let line = file.statements.get(finding.statement).map(|s| s.line);
            ask_rows(finding, line, &of_file);
            if request.allow.iter().any(|rule| rule == finding.rule) && finding.allowed.is_none() {
                finding.allowed = Some("allowed for this run".to_owned());
            }
        }
        let size_of = |relation: &str| observed.sizes.get(relation).copied();
        weigh_by_size(file, &size_of, &request.calibration);
        let measured = record.as_ref().and_then(|r| Some((r, r.migration(&file.name)?)));
        let overlay =
            measured.map(|(record, migration)| Overlay { record, migration, size_of: &size_of });
        if let Some(overlay) = &overlay {
            let found = of_file.iter().filter(|p| p.answer.count.is_some_and(|n| n > 0));
            let found: Vec<(&str, usize)> = found.map(|p| (p.rule, p.line)).collect();
            overlay.weigh(file, &found);
        }
        let statements: Vec<PlannedStatement> = file
            .statements
            .iter()
            .enumerate()
            .map(|(index, statement)| {
                let of_statement = file.findings.iter().filter(|f| f.statement == index);
                let rules: Vec<&str> = of_statement.map(|f| f.rule).collect();
                locked.extend(statement.locks.iter().map(|lock| lock.relation.clone()));
                let predicted = assess::predict(statement, &rules, &size_of, &request.calibration);
                let measured = overlay.as_ref().and_then(|overlay| overlay.of(statement));
                let ms = measured.as_ref().and_then(|measured| measured.scaled_ms);
                PlannedStatement {
                    line: statement.line,
                    tag: statement.tag.clone(),
                    locks: statement.locks.clone(),
                    work: statement.work.clone(),
                    predicted: ms.map(Prediction::around_ms).or(predicted),
                    measured,
                }
            })
            .collect();
        let transactions: Vec<Option<usize>> =
            file.statements.iter().map(|s| s.transaction).collect();
        let mut windows = windows(&statements, &transactions);
        if let Some(overlay) = &overlay {
            overlay.windows(&mut windows, &statements);
        }
        plan.migrations.push(PlannedMigration {
            name: file.name.clone(),
            grades: file
                .findings
                .iter()
                .filter(|f| f.severity > Severity::Note)
                .fold(Grades::default(), |worst, finding| worst.worst(finding.grades)),
            predicted: sum(statements.iter().map(|s| s.predicted)),
            windows,
            findings: file.findings.clone(),
            statements,
            preflights: of_file,
        });
    }
    plan.report.recount();
    plan.blockers = observed
        .facts
        .blockers
        .into_iter()
        .filter(|blocker| locked.contains(&blocker.table))
        .map(|blocker| format!("{}: {}", blocker.table, blocker.what))
        .collect();
    Ok(plan)
}

/// The record that the measurements are taken from: the one that was given, which has to fit, or the
/// kept one of this very state.
async fn rehearsed(
    options: &Options,
    request: &PlanRequest,
    binding: &Binding,
    session: &Session,
) -> Result<Option<Record>> {
    if request.rehearsal.is_none() && options.rehearsals.is_none() {
        return Ok(None);
    }
    let system = super::rehearse::system_identifier(session).await?;
    let now = super::rehearse::subject(binding, &system);
    match (&request.rehearsal, &options.rehearsals) {
        (Some(given), _) if given.subject == now => Ok(Some(given.clone())),
        (Some(_), _) => {
            let words = "the rehearsal is of another state than this one";
            Err(Error::new(Code::RehearsalStale, words).hint("make it anew: underpin rehearse"))
        }
        (None, folder) => Ok(folder.as_ref().and_then(|folder| kept::find(folder, &now))),
    }
}

/// Work that grows with the table is as bad as the table is large: what takes no longer than an
/// ordinary query is a note, and the rest says how long it takes.
fn weigh_by_size(
    file: &mut FileReport,
    size_of: &dyn Fn(&str) -> Option<TableSize>,
    calibration: &Calibration,
) {
    for index in 0..file.findings.len() {
        let (rule, statement) = (file.findings[index].rule, file.findings[index].statement);
        let Some(report) = file.statements.get(statement).filter(|_| grows(rule)) else { continue };
        let own = file.findings.iter().filter(|f| f.statement == statement);
        let rules: Vec<&str> = own.map(|f| f.rule).collect();
        let Some(predicted) = assess::predict(report, &rules, size_of, calibration) else {
            continue;
        };
        let finding = &mut file.findings[index];
        let (low, high) = (predicted.low_ms, predicted.high_ms);
        finding.fact = format!("{}; at this size {low} to {high} ms", finding.fact);
        if high <= ORDINARY_MS {
            finding.severity = Severity::Note;
            finding.grades.downtime = finding.grades.downtime.min(Downtime::Brief);
        }
    }
}

/// Every file; those that are pending are judged.
fn sources(about: &About<'_>) -> Vec<Source> {
    let is_pending = |m: &Migration| about.pending.iter().any(|p| p.name == m.name);
    about
        .folder
        .migrations
        .iter()
        .map(|migration| Source {
            name: migration.name.to_string(),
            path: migration.path.display().to_string(),
            text: migration.script.clone(),
            judged: is_pending(migration),
        })
        .collect()
}

/// Pending migrations that stand before one that is applied.
fn out_of_order(about: &About<'_>) -> Vec<String> {
    let migrations = &about.folder.migrations;
    let last = migrations.iter().rposition(|m| about.history.is_applied(&m.name));
    let early = migrations.iter().take(last.unwrap_or(0)).map(|m| &m.name);
    names(early.filter(|name| about.pending.iter().any(|p| p.name == **name)))
}

/// Lays the rows' answer over a finding about them.
fn ask_rows(finding: &mut Finding, line: Option<usize>, preflights: &[Preflight]) {
    let mut own = preflights.iter().filter(|p| p.rule == finding.rule && Some(p.line) == line);
    let Some(preflight) = own.next() else { return };
    let answer = &preflight.answer;
    match answer.count {
        Some(0) => {
            finding.severity = Severity::Note;
            finding.fact = format!("{}; asked: no {}", finding.fact, preflight.counted);
            finding.unknown = None;
        }
        Some(count) => {
            finding.severity = Severity::Error;
            finding.unknown = None;
            let more = if answer.more { "at least " } else { "" };
            let example = answer.example.as_ref().map(|e| format!(", such as {e}"));
            finding.message = format!(
                "{}: {more}{count} {}{}",
                finding.message,
                preflight.counted,
                example.unwrap_or_default()
            );
        }
        None => finding.unknown = answer.unanswered.clone(),
    }
}

pub(super) fn sum(parts: impl Iterator<Item = Option<Prediction>>) -> Option<Prediction> {
    let nothing = Prediction { low_ms: 0, high_ms: 0 };
    parts.into_iter().try_fold(nothing, |total, part| Some(total.then(part?)))
}

/// For each table that the application waits for: from the first such lock to the end of its
/// transaction.
fn windows(statements: &[PlannedStatement], transactions: &[Option<usize>]) -> Vec<LockWindow> {
    let mut windows: BTreeMap<String, LockWindow> = BTreeMap::new();
    for (index, statement) in statements.iter().enumerate() {
        for lock in statement.locks.iter().filter(|lock| lock.blocks > Blocks::Nothing) {
            let held = statements.iter().zip(transactions).skip(index);
            let held = held.take_while(|(_, t)| t.is_some() && **t == transactions[index]);
            let own = held.map(|(s, _)| s.predicted);
            let predicted = match transactions[index] {
                Some(_) => sum(own),
                None => statement.predicted,
            };
            let window = LockWindow {
                relation: lock.relation.clone(),
                mode: lock.mode.to_owned(),
                blocks: lock.blocks,
                from_line: statement.line,
                predicted,
                measured: false,
            };
            let known = windows.entry(lock.relation.clone()).or_insert_with(|| window.clone());
            if window.blocks > known.blocks {
                *known = window;
            }
        }
    }
    windows.into_values().collect()
}
