//! `baseline`: record what is proven to be in effect, and nothing else; and take such a record out
//! of the history again. No migration is run.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::deploy::refuse_failed;
use super::examination::{self, Seen};
use super::turn::{self, Run};
use super::{Options, connect, history_table, names, read_folder};
use crate::catalog::{self, CatalogDiff, Fingerprint, ObjectId};
use crate::diagnose::{self, Decision, Verdict};
use crate::error::{Code, Error, Result};
use crate::event::{Event, EventSink};
use crate::execute::Executor;
use crate::history::History;
use crate::journal::{self, BaselineRow, Entry, Kind};
use crate::migrations::{Migration, MigrationFolder};
use crate::postgres::Session;
use crate::prove::Examination;

/// How often the state is read again when it moves under us.
const ROUNDS_MAX: usize = 3;

/// What is asked of a baseline.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BaselineRequest {
    /// Write it. Without it everything is found out and nothing is changed.
    pub apply: bool,
    /// Write what is proven even where other migrations stay undecided.
    pub partly: bool,
}

/// A migration that a baseline records.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Recorded {
    /// Its name.
    pub migration: String,
    /// Why it is assumed, where it is not proven.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assumed: Option<String>,
}

/// A migration that is not recorded.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Open {
    /// Its name.
    pub migration: String,
    /// What the catalog says of it, in a word or two.
    pub verdict: &'static str,
    /// What is to be done about it.
    #[serde(flatten)]
    pub decision: Decision,
    /// What a person can answer, as commands.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<String>,
}

/// What a baseline recorded, or would record.
#[derive(Debug, Clone, serde::Serialize)]
pub struct BaselineReport {
    /// The run, by which it can be undone; `None` where nothing was written.
    pub run: Option<String>,
    /// Recorded, in the folder's order.
    pub recorded: Vec<Recorded>,
    /// To be run by the next deploy.
    pub pending: Vec<String>,
    /// Undecided.
    pub open: Vec<Open>,
    /// Recorded before.
    pub already: usize,
    /// Whether both replays hold: what is in effect explains the live catalog, and what is pending
    /// leads from there to the folder's end.
    pub proven: bool,
    /// What stands in the way of that.
    pub failures: Vec<String>,
    /// Statements that would bring what differs to what the folder makes. Never run by us.
    pub reconciling: Vec<String>,
    /// The engine that the proof rests on.
    pub engine: String,
    /// Nothing was changed.
    pub dry_run: bool,
}

/// Everything that a baseline rests on.
struct Found {
    history: History,
    fingerprint: Fingerprint,
    /// Places in the folder of what is to be recorded.
    places: Vec<usize>,
    /// Whether all of it has been replayed.
    explained: bool,
    report: BaselineReport,
}

/// Finds out what is in effect, and with `apply` records it.
///
/// # Errors
/// UP-1xxx, UP-20xx, UP-3001 to UP-3003, UP-31xx; UP-3201 when something is undecided and `partly`
/// was not asked for, or when what is in effect does not explain the catalog; UP-3202, UP-4xxx.
pub async fn baseline(
    options: &Options,
    request: BaselineRequest,
    sink: &mut dyn EventSink,
) -> Result<BaselineReport> {
    let folder = read_folder(options, sink)?;
    let run = Run::new(options);
    let mut session = connect(&run.named(), sink).await?;
    if !request.apply || options.dry_run {
        return Ok(find_out(options, &folder, &mut session, sink).await?.report);
    }
    for _ in 0..ROUNDS_MAX {
        let mut found = find_out(options, &folder, &mut session, sink).await?;
        refuse_open(&found, request)?;
        found.report.dry_run = false;
        if found.places.is_empty() {
            return Ok(found.report);
        }
        let Ok(mut executor) = run.enter(session, &[], sink).await? else {
            return Err(turn::moved(1));
        };
        let written = write(options, &folder, &found, &mut executor, sink).await;
        executor.leave(sink).await;
        if written? {
            found.report.run = Some(run.id.clone());
            return Ok(found.report);
        }
        session = connect(&run.named(), sink).await?;
    }
    Err(turn::moved(ROUNDS_MAX))
}

async fn find_out(
    options: &Options,
    folder: &MigrationFolder,
    session: &mut Session,
    sink: &mut dyn EventSink,
) -> Result<Found> {
    let history = history_table(options).read(session).await?;
    refuse_failed(&history, &|name| folder.get(name).map(|m| m.script.clone()))?;
    let seen = Seen::look(options, folder, session, sink).await?;
    let examination = seen.examine(options, folder, &history, session).await?;
    let already = folder.migrations.iter().filter(|m| history.is_applied(&m.name)).count();
    let (places, _) = examination.work();
    let all = examination.diagnosis.migrations.iter().zip(&examination.decisions);
    let mut report = BaselineReport {
        run: None,
        recorded: Vec::new(),
        pending: Vec::new(),
        open: Vec::new(),
        already,
        proven: examination.is_proven(),
        failures: examination.failures().cloned().collect(),
        reconciling: diagnose::reconciling(&in_the_way(&seen, &examination)),
        engine: seen.replay.engine.phrase(),
        dry_run: true,
    };
    for (migration, decision) in all {
        let name = migration.name.to_string();
        match decision {
            Decision::Recorded => {}
            Decision::Baseline => report.recorded.push(Recorded { migration: name, assumed: None }),
            Decision::BaselineAssumed { why } => {
                report.recorded.push(Recorded { migration: name, assumed: Some(why.clone()) });
            }
            Decision::Run | Decision::Complete { told: true, .. } => report.pending.push(name),
            decision => report.open.push(Open {
                migration: name,
                verdict: migration.verdict.word(),
                decision: decision.clone(),
                choices: examination::choices(migration, decision),
            }),
        }
    }
    let explained = examination.proof.unreplayed.is_empty();
    Ok(Found { history, fingerprint: seen.fingerprint, places, explained, report })
}

/// How the live catalog differs from the folder's end in what conflicting migrations write, and in
/// what no migration explains. What is still to be run is none of it.
fn in_the_way(seen: &Seen, examination: &Examination) -> CatalogDiff {
    let residual = &examination.proof.residual;
    let conflicting = examination.diagnosis.migrations.iter().zip(&seen.replay.steps);
    let mut ids: BTreeSet<&ObjectId> = conflicting
        .filter(|(m, _)| matches!(m.verdict, Verdict::Conflicting { .. }))
        .flat_map(|(_, step)| step.delta.set.iter().map(|(id, _)| id))
        .collect();
    ids.extend(residual.changed.iter().map(|object| &object.id));
    ids.extend(residual.missing.iter().map(|(id, _)| id));
    let mut diff = catalog::diff(&seen.replay.last_snapshot(), &seen.live);
    diff.missing.retain(|(id, _)| ids.contains(id));
    diff.changed.retain(|object| ids.contains(&object.id));
    diff.unexpected.retain(|pair| residual.unexpected.contains(pair));
    diff
}

fn refuse_open(found: &Found, request: BaselineRequest) -> Result<()> {
    let report = &found.report;
    let words = match (found.explained, report.open.len()) {
        (true, 0) => return Ok(()),
        (true, _) if request.partly => return Ok(()),
        (true, 1) => "one migration cannot be decided without you".to_owned(),
        (true, n) => format!("{n} migrations cannot be decided without you"),
        (false, _) => "what is in effect does not explain the live catalog".to_owned(),
    };
    let mut error = Error::new(Code::NotProven, format!("nothing was recorded: {words}"));
    let reason = |decision: &Decision| match decision {
        Decision::Ask { why } | Decision::Refuse { why } => format!(": {why}"),
        _ => String::new(),
    };
    let open = report.open.iter();
    error = error.details(
        open.map(|open| format!("{}: {}{}", open.verdict, open.migration, reason(&open.decision))),
    );
    error = error.details(report.failures.iter().cloned());
    for choice in report.open.iter().flat_map(|open| &open.choices).take(CHOICES_SHOWN) {
        error = error.hint(choice.clone());
    }
    if found.explained {
        error = error.hint("to record only what is decided: underpin baseline --apply --partly");
    }
    Err(error.hint("the evidence for every migration: underpin status --evidence"))
}

/// Commands shown in a refusal.
const CHOICES_SHOWN: usize = 6;

/// Records what was found, if everything is still as it was. `false` when it is not.
async fn write(
    options: &Options,
    folder: &MigrationFolder,
    found: &Found,
    executor: &mut Executor,
    sink: &mut dyn EventSink,
) -> Result<bool> {
    let history = history_table(options).read(executor.session()).await?;
    let live = catalog::read(executor.session()).await?;
    if history != found.history || live.fingerprint() != found.fingerprint {
        return Ok(false);
    }
    let recorded = found.places.iter().zip(&found.report.recorded);
    let chosen: Vec<Chosen<'_>> =
        recorded.map(|(i, recorded)| (&folder.migrations[*i], recorded.assumed.clone())).collect();
    record(options, &history, &chosen, executor, sink).await?;
    Ok(true)
}

/// A migration to be recorded, and why it is assumed where it is not proven.
pub(super) type Chosen<'a> = (&'a Migration, Option<String>);

/// The history table where there is none, and the rows of `migrations`, in one transaction.
///
/// # Errors
/// As [`Executor::record`].
pub(super) async fn record(
    options: &Options,
    history: &History,
    migrations: &[Chosen<'_>],
    executor: &mut Executor,
    sink: &mut dyn EventSink,
) -> Result<()> {
    if history.exists && migrations.is_empty() {
        return Ok(());
    }
    let table = history_table(options);
    let mut sql = String::new();
    if !history.exists {
        sql += &table.create_sql(executor.session()).await?;
    }
    let mut rows = Vec::with_capacity(migrations.len());
    for (migration, assumed) in migrations {
        let row = uuid::Uuid::new_v4().to_string();
        sql += &table.insert_baseline_sql(&row, migration, Timestamp::now());
        let (migration, assumed) = (migration.name.to_string(), assumed.clone());
        rows.push(BaselineRow { migration, row, assumed });
    }
    let entry = match rows.is_empty() {
        true => Entry::new(Kind::HistoryCreated),
        false => Entry::new(Kind::Baselined)
            .step(rows.len())
            .detail(serde_json::to_string(&rows).unwrap_or_default()),
    };
    executor.record(&sql, entry).await?;
    if !rows.is_empty() {
        let names = names(migrations.iter().map(|(migration, _)| &migration.name));
        sink.emit(&Event::Baselined { migrations: names });
    }
    Ok(())
}

/// What was taken out of the history again.
#[derive(Debug, Clone, serde::Serialize)]
pub struct UndoReport {
    /// The run whose baseline it was.
    pub run: String,
    /// Migrations that are not recorded any more, in the folder's order.
    pub removed: Vec<String>,
    /// Nothing was changed.
    pub dry_run: bool,
}

/// Takes the rows that the baseline of `run` wrote out of the history; `last` is the newest one.
/// Nothing else is touched.
///
/// # Errors
/// UP-3009 when there is no such baseline; UP-3003, UP-4xxx.
pub async fn undo_baseline(
    options: &Options,
    run_id: &str,
    sink: &mut dyn EventSink,
) -> Result<UndoReport> {
    let run = Run::new(options);
    let session = connect(&run.named(), sink).await?;
    // What can be refused is refused before anything is written.
    let found = find_baseline(&session, run_id).await?;
    if options.dry_run {
        return Ok(undone(found, true));
    }
    let Ok(mut executor) = run.enter(session, &[], sink).await? else {
        return Err(turn::moved(1));
    };
    let result = async {
        let found = find_baseline(executor.session(), &found.run).await?;
        let ids = found.rows.iter().map(|row| row.row.as_str());
        let sql = history_table(options).remove_baseline_sql(ids);
        let entry = Entry::new(Kind::BaselineUndone).step(found.rows.len());
        executor.record(&sql, entry.detail(found.run.as_str())).await?;
        Ok(found)
    }
    .await;
    executor.leave(sink).await;
    let report = undone(result?, false);
    sink.emit(&Event::BaselineUndone { migrations: report.removed.clone() });
    Ok(report)
}

fn undone(baseline: journal::Baseline, dry_run: bool) -> UndoReport {
    let removed = baseline.rows.into_iter().map(|row| row.migration).collect();
    UndoReport { run: baseline.run, removed, dry_run }
}

async fn find_baseline(session: &Session, run: &str) -> Result<journal::Baseline> {
    let mut all = journal::baselines(session).await?;
    if run == "last" {
        return all.pop().ok_or_else(|| {
            Error::new(Code::NoBaseline, "the journal holds no baseline that could be undone")
                .hint("what is recorded: underpin status")
        });
    }
    let known: Vec<String> = all
        .iter()
        .map(|baseline| format!("{}: {} migrations", baseline.run, baseline.rows.len()))
        .collect();
    all.into_iter().find(|baseline| baseline.run == run).ok_or_else(|| {
        Error::new(Code::NoBaseline, format!("the journal holds no baseline of run `{run}`"))
            .details(known)
            .hint("the newest one: underpin baseline --undo last")
    })
}
