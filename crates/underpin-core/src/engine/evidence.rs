//! Evidence: what is in effect, proven from the live catalog, for `deploy` and for
//! `status --evidence`. Reads only.

use std::collections::BTreeSet;

use underpin_sql::Script;

use super::deploy::replay_context;
use super::{Options, connect, history_table, read_folder};
use crate::catalog::{self, CatalogDiff, CatalogSnapshot};
use crate::diagnose::{
    self, Decision, Disagreement, MigrationDiagnosis, Policy, PrefixDiagnosis, Verdict,
};
use crate::error::{Code, Error, Result};
use crate::event::{Event, EventSink};
use crate::history::History;
use crate::migrations::{MigrationFolder, MigrationName};
use crate::prove::{self, Case, Examination};
use crate::replay::{self, Replay, ReplayContext};

/// Differences shown before "and N more".
const DIFFERENCES_SHOWN: usize = 20;

/// What is known before anything is decided.
pub(super) struct Facts<'a> {
    pub(super) folder: &'a MigrationFolder,
    /// Restricted to `schemas`, as `live` is.
    pub(super) replay: &'a Replay,
    pub(super) live: &'a CatalogSnapshot,
    pub(super) schemas: &'a BTreeSet<String>,
}

/// What a run is to do: places of migrations in the folder.
pub(super) struct Plan {
    pub(super) baseline: Vec<usize>,
    pub(super) run: Vec<usize>,
    /// What differed before the run.
    pub(super) drift: CatalogDiff,
}

/// A migration with everything that is known of it.
#[derive(Debug, Clone, serde::Serialize)]
pub struct MigrationEvidence {
    /// Name, verdict and evidence.
    #[serde(flatten)]
    pub diagnosis: MigrationDiagnosis,
    /// What is to be done about it.
    #[serde(flatten)]
    pub decision: Decision,
}

/// What `status --evidence` reports.
#[derive(Debug, Clone, serde::Serialize)]
pub struct EvidenceReport {
    /// Every migration of the folder, in order.
    pub migrations: Vec<MigrationEvidence>,
    /// Live facts that no migration explains.
    pub drift: Vec<diagnose::Evidence>,
    /// Where history and catalog disagree.
    pub disagreements: Vec<Disagreement>,
    /// Whether the choice, replayed, gives the live catalog, and what is to run leads from there
    /// to the folder's end.
    pub proven: bool,
    /// What stood in the way of that.
    pub failures: Vec<String>,
    /// The engine that it rests on.
    pub engine: String,
    /// What that engine cannot check.
    pub unchecked: Vec<String>,
    /// Whether the history says something else, or `deploy` would ask.
    pub in_order: bool,
}

/// Examines the live catalog against the whole folder.
///
/// # Errors
/// UP-1xxx, UP-20xx, UP-3002, UP-3003, UP-31xx. A migration that does not replay is part of the
/// result.
pub async fn evidence(options: &Options, sink: &mut dyn EventSink) -> Result<EvidenceReport> {
    let folder = read_folder(options, sink)?;
    let mut session = connect(options, sink).await?;
    let history = history_table(options).read(&session).await?;
    let context = replay_context(options, &session).await?;
    let replay = replay::replay_tolerant(&folder.migrations, &context, &mut |_| {})
        .await
        .map_err(|failure| failure.error)?;
    let schemas = diagnose::managed_schemas(&replay, options.target.schema());
    let replay = replay.restricted_to(&schemas);
    let live = catalog::read(&mut session).await?.restricted_to(&schemas);
    let facts = Facts { folder: &folder, replay: &replay, live: &live, schemas: &schemas };
    let examination = examine(&facts, recorded(&folder, &history), &context).await?;
    let disagreements = if history.exists {
        diagnose::claims(&history, &examination.diagnosis)
    } else {
        Vec::new()
    };
    let proven = examination.is_proven();
    let migrations: Vec<MigrationEvidence> = examination
        .diagnosis
        .migrations
        .iter()
        .zip(&examination.decisions)
        .map(|(diagnosis, decision)| MigrationEvidence {
            diagnosis: diagnosis.clone(),
            decision: decision.clone(),
        })
        .collect();
    let mut failures = examination.proof.failures.clone();
    for migration in &examination.diagnosis.migrations {
        if let Verdict::Conflicting { facts } = &migration.verdict {
            failures.extend(facts.iter().map(|fact| format!("not explained: {fact}")));
        }
    }
    failures.extend(end_lines(&examination));
    Ok(EvidenceReport {
        in_order: disagreements.is_empty()
            && proven
            && examination.diagnosis.drift.is_empty()
            && examination.decisions.iter().all(Decision::is_unattended),
        migrations,
        drift: examination.diagnosis.drift,
        disagreements,
        proven,
        failures,
        engine: replay.engine.phrase(),
        unchecked: replay.engine.unchecked.clone(),
    })
}

fn recorded(folder: &MigrationFolder, history: &History) -> BTreeSet<usize> {
    let all = folder.migrations.iter().enumerate();
    all.filter(|(_, m)| history.is_applied(&m.name)).map(|(index, _)| index).collect()
}

async fn examine(
    facts: &Facts<'_>,
    recorded: BTreeSet<usize>,
    context: &ReplayContext,
) -> Result<Examination> {
    prove::examine(&Case {
        migrations: &facts.folder.migrations,
        replay: facts.replay,
        live: facts.live,
        schemas: facts.schemas,
        context,
        policy: Policy::default(),
        recorded,
    })
    .await
}

/// What a database without history holds of the folder, or UP-3201.
pub(super) async fn untracked(
    facts: &Facts<'_>,
    context: &ReplayContext,
    sink: &mut dyn EventSink,
) -> Result<Plan> {
    let of = facts.folder.migrations.len();
    let (nearest, diff) = match diagnose::prefix(facts.replay, facts.live) {
        PrefixDiagnosis::Proven { in_effect, traceless } => {
            refuse_traceless_data(facts.folder, &traceless)?;
            sink.emit(&Event::Proven {
                in_effect,
                of,
                facts: facts.live.len(),
                fingerprint: facts.live.fingerprint().to_string(),
            });
            let (baseline, run) = ((0..in_effect).collect(), (in_effect..of).collect());
            return Ok(Plan { baseline, run, drift: CatalogDiff::default() });
        }
        PrefixDiagnosis::NotProven { nearest, diff } => (nearest, diff),
    };
    let examination = examine(facts, BTreeSet::new(), context).await?;
    if examination.diagnosis.nothing_in_effect() {
        return Err(not_proven(facts.folder, nearest, &diff));
    }
    if !examination.is_unattended() {
        return Err(undecided(facts.folder, &examination));
    }
    Ok(plan(facts, examination, sink))
}

/// What a database holds beyond its history: `None` where nothing that is pending is in effect, so
/// that the history can be believed; UP-3201 where it cannot.
pub(super) async fn half_recorded(
    facts: &Facts<'_>,
    history: &History,
    context: &ReplayContext,
    sink: &mut dyn EventSink,
) -> Result<Option<Plan>> {
    let recorded = recorded(facts.folder, history);
    let examination = examine(facts, recorded.clone(), context).await?;
    let unrecorded = |(index, migration): (usize, &MigrationDiagnosis)| {
        !recorded.contains(&index)
            && matches!(migration.verdict, Verdict::InEffect | Verdict::Partial { .. })
    };
    if !examination.diagnosis.migrations.iter().enumerate().any(unrecorded) {
        return Ok(None);
    }
    if !examination.is_unattended() {
        return Err(undecided(facts.folder, &examination));
    }
    Ok(Some(plan(facts, examination, sink)))
}

fn plan(facts: &Facts<'_>, examination: Examination, sink: &mut dyn EventSink) -> Plan {
    let (baseline, run) = examination.work();
    let migrations = &examination.diagnosis.migrations;
    let assumed = migrations.iter().zip(&examination.decisions).filter_map(|(m, d)| match d {
        Decision::BaselineAssumed { why } => Some(format!("{}: {why}", m.name)),
        _ => None,
    });
    let assumed: Vec<String> = assumed.collect();
    let is_in = |m: &&MigrationDiagnosis| m.verdict == Verdict::InEffect;
    sink.emit(&Event::Explained {
        in_effect: migrations.iter().filter(is_in).count(),
        assumed,
        missing: run.iter().map(|i| migrations[*i].name.to_string()).collect(),
        of: migrations.len(),
        facts: facts.live.len(),
    });
    let data =
        baseline.iter().filter(|i| migrations[**i].verdict == Verdict::InEffect).filter_map(|i| {
            let migration = &migrations[*i];
            let lines = migration.data_lines.iter().map(ToString::to_string);
            let lines: Vec<String> = lines.collect();
            (!lines.is_empty()).then(|| format!("{}: line {}", migration.name, lines.join(", ")))
        });
    warn(
        sink,
        "data_unproven",
        "the schema proves these migrations; that their statements on rows ran as well is assumed",
        data.collect(),
    );
    let drift = examination.diagnosis.drift.iter().map(|e| e.fact.clone()).collect();
    warn(sink, "drift", "the live catalog holds what no migration explains; it stays", drift);
    Plan { baseline, run, drift: examination.proof.residual }
}

fn warn(sink: &mut dyn EventSink, name: &'static str, message: &str, details: Vec<String>) {
    if !details.is_empty() {
        sink.emit(&Event::Warning { name, message: message.to_owned(), details });
    }
}

/// A migration that changes only rows leaves nothing in the catalog that could say whether it ran,
/// and running it a second time may do harm. One that changes nothing at all is simply run.
fn refuse_traceless_data(folder: &MigrationFolder, traceless: &[MigrationName]) -> Result<()> {
    let changes_data = |name: &&MigrationName| {
        folder.get(name).is_some_and(|m| {
            Script::parse(&m.script)
                .statements
                .iter()
                .any(|s| s.kind == underpin_sql::StatementKind::Data)
        })
    };
    let undecided: Vec<&MigrationName> = traceless.iter().filter(changes_data).collect();
    let Some(first) = undecided.first() else { return Ok(()) };
    Err(Error::new(Code::NotProven, "the catalog cannot say whether a migration that only changes data has run")
        .details(undecided.iter().map(|name| format!("undecidable: {name}")))
        .hint(format!("look whether its data is there, then record what is true: underpin resolve --applied {first}")))
}

/// Nothing of the folder is there.
fn not_proven(folder: &MigrationFolder, nearest: usize, diff: &CatalogDiff) -> Error {
    let of = folder.migrations.len();
    let words = match nearest.checked_sub(1).and_then(|i| folder.migrations.get(i)) {
        Some(last) => format!(
            "the database holds objects and no history, and no migration of the folder is proven to be in effect; the nearest is the first {nearest} of {of}, up to `{}`, with {} differences",
            last.name,
            diff.len()
        ),
        None => "the database holds objects and no history, and nothing of the folder is in it"
            .to_owned(),
    };
    Error::new(Code::NotProven, words)
        .details(diff.lines(DIFFERENCES_SHOWN))
        .hint("is this the right database, and the right --dir?")
        .hint("bring the listed objects to what the folder implies, and run the same command again")
}

/// Some of the folder is in effect, and not everything can be decided.
fn undecided(folder: &MigrationFolder, examination: &Examination) -> Error {
    let migrations = &examination.diagnosis.migrations;
    let open: Vec<(&MigrationDiagnosis, &Decision)> = migrations
        .iter()
        .zip(&examination.decisions)
        .filter(|(_, decision)| !decision.is_unattended())
        .collect();
    let is_in = migrations.iter().filter(|m| m.verdict == Verdict::InEffect).count();
    let words = format!(
        "the database holds objects and no complete history; proven to be in effect: {is_in} of {} migrations; {}",
        migrations.len(),
        match open.len() {
            0 => "the proof of the whole does not hold".to_owned(),
            1 => "one cannot be decided without you".to_owned(),
            n => format!("{n} cannot be decided without you"),
        }
    );
    let mut details: Vec<String> = open
        .iter()
        .flat_map(|(migration, decision)| open_lines(folder, migration, decision))
        .collect();
    details.extend(examination.diagnosis.drift.iter().map(|e| format!("drift: {}", e.fact)));
    details.extend(examination.proof.failures.iter().cloned());
    if open.is_empty() {
        details.extend(end_lines(examination));
    }
    let more = details.len().saturating_sub(DIFFERENCES_SHOWN);
    details.truncate(DIFFERENCES_SHOWN);
    if more > 0 {
        details.push(format!("… and {more} more"));
    }
    let mut error = Error::new(Code::NotProven, words).details(details);
    match open.first() {
        Some((migration, Decision::Ask { .. })) => {
            error = error
                .hint(format!("if it is in effect: underpin resolve --applied {}", migration.name));
        }
        Some((_, Decision::Complete { .. })) => {
            error = error.hint("run the missing statements by hand, then the same command again");
        }
        Some(_) => {
            error = error.hint(
                "bring what is named to what the folder makes, then run the same command again",
            );
        }
        None => {
            error = error.hint(
                "do by hand what these migrations would do to the objects as they are now, then run the same command again",
            );
        }
    }
    error.hint("the evidence for every migration: underpin status --evidence")
}

/// How far the end of the rehearsed run is from the folder's.
fn end_lines(examination: &Examination) -> Vec<String> {
    let end = examination.proof.end.iter().flat_map(|end| end.lines(DIFFERENCES_SHOWN));
    end.map(|line| format!("at the end: {line}")).collect()
}

fn open_lines(
    folder: &MigrationFolder,
    migration: &MigrationDiagnosis,
    decision: &Decision,
) -> Vec<String> {
    let (name, word) = (&migration.name, migration.verdict.word());
    match (&migration.verdict, decision) {
        (Verdict::Partial { in_effect, missing, .. }, _) => {
            let all = folder.get(name).map(|m| statements(&m.script)).unwrap_or_default();
            let mut lines = vec![format!(
                "{word}: {name}: {} of its statements in effect, {} missing:",
                in_effect.len(),
                missing.len()
            )];
            let missing = missing.iter().filter_map(|number| all.get(number.checked_sub(1)?));
            lines.extend(missing.map(|statement| format!("  {statement}")));
            lines
        }
        (Verdict::Conflicting { facts }, _) => {
            facts.iter().map(|fact| format!("{word}: {name}: {fact}")).collect()
        }
        (_, Decision::Ask { why } | Decision::Refuse { why }) => {
            vec![format!("{word}: {name}: {why}")]
        }
        _ => vec![format!("{word}: {name}")],
    }
}

/// Each statement with its line, cut where it gets long.
fn statements(script: &str) -> Vec<String> {
    let one = |s: &underpin_sql::Statement| {
        let text = script[s.span.clone()].split_whitespace().collect::<Vec<_>>().join(" ");
        let short: String = text.chars().take(120).collect();
        let cut = if short.len() < text.len() { " …" } else { "" };
        format!("line {}: {short}{cut}", s.line)
    };
    Script::parse(script).statements.iter().map(one).collect()
}
