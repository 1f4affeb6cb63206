//! What is to be done about a database whose history does not tell everything: examined, decided,
//! proven, or refused with the choices. Shared by `deploy`, `baseline` and `status --evidence`.
//! Reads only.

use std::collections::{BTreeMap, BTreeSet};

use underpin_sql::Script;

use super::Options;
use super::deploy::{replay_context, replay_folder};
use crate::catalog::{self, CatalogDiff, CatalogSnapshot, Fingerprint};
use crate::diagnose::{self, Decision, MigrationDiagnosis, PrefixDiagnosis, Verdict};
use crate::error::{Code, Error, Result};
use crate::event::{Event, EventSink, Silent};
use crate::history::History;
use crate::migrations::{Declared, MigrationFolder, MigrationName};
use crate::postgres::Session;
use crate::prove::{self, Case, Examination};
use crate::replay::{Replay, ReplayContext};

/// Differences shown before "and N more".
const DIFFERENCES_SHOWN: usize = 20;
/// Open migrations whose choices are shown as commands.
const CHOICES_SHOWN: usize = 3;

/// What is known before anything is decided.
pub(super) struct Facts<'a> {
    pub(super) options: &'a Options,
    /// The target, for probes.
    pub(super) session: &'a Session,
    pub(super) folder: &'a MigrationFolder,
    /// Restricted to `schemas`, as `live` is.
    pub(super) replay: &'a Replay,
    pub(super) live: &'a CatalogSnapshot,
    pub(super) schemas: &'a BTreeSet<String>,
}

/// What a run is to do: places of migrations in the folder.
pub(super) struct Plan {
    pub(super) baseline: Vec<usize>,
    /// Of those to record, the ones that are not proven, with the reason.
    pub(super) assumed: BTreeMap<usize, String>,
    pub(super) run: Vec<usize>,
    /// Of those to run, the ones that are half there, with their statements (by index) that are
    /// in effect.
    pub(super) in_effect: BTreeMap<usize, BTreeSet<usize>>,
    /// What differed before the run.
    pub(super) drift: CatalogDiff,
}

/// A database as it is looked at: the folder's replay and the live catalog, both seen through the
/// schemas that the folder is about.
pub(super) struct Seen {
    pub(super) context: ReplayContext,
    /// One migration that does not replay is part of it.
    pub(super) replay: Replay,
    pub(super) schemas: BTreeSet<String>,
    pub(super) live: CatalogSnapshot,
    /// The fingerprint of the whole live catalog.
    pub(super) fingerprint: Fingerprint,
}

impl Seen {
    /// Replays the folder and reads the catalog.
    ///
    /// # Errors
    /// UP-31xx, UP-1105.
    pub(super) async fn look(
        options: &Options,
        folder: &MigrationFolder,
        session: &mut Session,
        sink: &mut dyn EventSink,
    ) -> Result<Self> {
        let context = replay_context(options, session).await?;
        let replay = replay_folder(&folder.migrations, &context, true, sink)
            .await
            .map_err(|failure| failure.error)?;
        let schemas = diagnose::managed_schemas(&replay, options.target.schema());
        let replay = replay.restricted_to(&schemas);
        let live = catalog::read(session).await?;
        let fingerprint = live.fingerprint();
        let live = live.restricted_to(&schemas);
        Ok(Self { context, replay, schemas, live, fingerprint })
    }

    /// Diagnosis, decisions and proof of the whole.
    ///
    /// # Errors
    /// As [`examine`].
    pub(super) async fn examine(
        &self,
        options: &Options,
        folder: &MigrationFolder,
        history: &History,
        session: &Session,
    ) -> Result<Examination> {
        let (replay, live, schemas) = (&self.replay, &self.live, &self.schemas);
        let facts = Facts { options, session, folder, replay, live, schemas };
        examine(&facts, recorded(folder, history), &self.context).await
    }
}

fn recorded(folder: &MigrationFolder, history: &History) -> BTreeSet<usize> {
    let all = folder.migrations.iter().enumerate();
    all.filter(|(_, m)| history.is_applied(&m.name)).map(|(index, _)| index).collect()
}

/// Diagnosis, decisions and proof of the whole.
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
        policy: facts.options.policy,
        answers: facts.options.answers.clone(),
        session: Some(facts.session),
        recorded,
    })
    .await
}

/// What the catalog says against `name` being in effect, with its evidence; `None` where it does
/// not.
pub(super) async fn denied(
    options: &Options,
    folder: &MigrationFolder,
    history: &History,
    name: &MigrationName,
    session: &mut Session,
) -> Result<Option<(&'static str, Vec<String>)>> {
    let seen = Seen::look(options, folder, session, &mut Silent).await?;
    let examination = seen.examine(options, folder, history, session).await?;
    let found = examination.diagnosis.migrations.into_iter().find(|m| m.name == *name);
    Ok(found
        .filter(|m| {
            matches!(
                m.verdict,
                Verdict::Missing | Verdict::Partial { .. } | Verdict::Conflicting { .. }
            )
        })
        .map(|m| {
            let evidence = m.evidence.iter().map(|e| format!("{}: {}", e.says.word(), e.fact));
            (m.verdict.word(), evidence.collect())
        }))
}

/// What a database without history holds of the folder, or UP-3201.
pub(super) async fn untracked(
    facts: &Facts<'_>,
    context: &ReplayContext,
    sink: &mut dyn EventSink,
) -> Result<Plan> {
    let of = facts.folder.migrations.len();
    let prefix = diagnose::prefix(facts.replay, facts.live);
    if let PrefixDiagnosis::Proven { in_effect, traceless } = &prefix
        && speaks_for_itself(facts, in_effect + traceless.len())
    {
        sink.emit(&Event::Proven {
            in_effect: *in_effect,
            of,
            facts: facts.live.len(),
            fingerprint: facts.live.fingerprint().to_string(),
        });
        return Ok(Plan {
            baseline: (0..*in_effect).collect(),
            assumed: BTreeMap::new(),
            run: (*in_effect..of).collect(),
            in_effect: BTreeMap::new(),
            drift: CatalogDiff::default(),
        });
    }
    let examination = examine(facts, BTreeSet::new(), context).await?;
    if let PrefixDiagnosis::NotProven { nearest, diff } = &prefix
        && examination.diagnosis.nothing_in_effect()
    {
        return Err(not_proven(facts.folder, *nearest, diff));
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
    let decisions = examination.decisions.iter().enumerate();
    let assumed: BTreeMap<usize, String> = decisions
        .filter_map(|(index, decision)| match decision {
            Decision::BaselineAssumed { why } => Some((index, why.clone())),
            _ => None,
        })
        .collect();
    let is_in = |d: &&Decision| matches!(d, Decision::Baseline | Decision::Recorded);
    sink.emit(&Event::Explained {
        in_effect: examination.decisions.iter().filter(is_in).count(),
        assumed: assumed.iter().map(|(i, why)| format!("{}: {why}", migrations[*i].name)).collect(),
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
    let in_effect = run.iter().filter_map(|i| Some((*i, half(facts, &examination, *i)?)));
    let in_effect = in_effect.collect();
    Plan { baseline, assumed, run, in_effect, drift: examination.proof.residual }
}

/// Of a migration that is to be completed the statements that stay as they are.
fn half(facts: &Facts<'_>, examination: &Examination, index: usize) -> Option<BTreeSet<usize>> {
    let Decision::Complete { statements, .. } = &examination.decisions[index] else { return None };
    let script = Script::parse(&facts.folder.migrations[index].script);
    let all = 0..script.statements.len();
    Some(all.filter(|place| !statements.contains(&(place + 1))).collect())
}

fn warn(sink: &mut dyn EventSink, name: &'static str, message: &str, details: Vec<String>) {
    if !details.is_empty() {
        sink.emit(&Event::Warning { name, message: message.to_owned(), details });
    }
}

/// Whether the catalog alone decides about the first `count` migrations: all of the folder replays,
/// none of them changes rows and nothing else, and of none its author or a person says how to
/// decide it.
fn speaks_for_itself(facts: &Facts<'_>, count: usize) -> bool {
    let changes_rows = |script: &str| {
        let statements = Script::parse(script).statements;
        statements.iter().any(|s| s.kind == underpin_sql::StatementKind::Data)
    };
    let all = facts.folder.migrations.iter().zip(&facts.replay.steps).take(count);
    let answers = &facts.options.answers;
    answers.run.is_empty()
        && answers.complete.is_empty()
        && facts.replay.steps.iter().all(|step| step.failed.is_none())
        && all.into_iter().all(|(migration, step)| {
            migration.declared == Declared::default()
                && (!step.delta.is_empty() || !changes_rows(&migration.script))
        })
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
    details.extend(examination.failures().cloned());
    if open.is_empty() {
        details.extend(end_lines(examination));
    }
    let more = details.len().saturating_sub(DIFFERENCES_SHOWN);
    details.truncate(DIFFERENCES_SHOWN);
    if more > 0 {
        details.push(format!("… and {more} more"));
    }
    let mut error = Error::new(Code::NotProven, words).details(details);
    for (migration, decision) in open.iter().take(CHOICES_SHOWN) {
        for choice in choices(migration, decision) {
            error = error.hint(choice);
        }
    }
    if open.is_empty() {
        error = error.hint(
            "do by hand what these migrations would do to the objects as they are now, then run the same command again",
        );
    } else if open.iter().any(|(_, decision)| matches!(decision, Decision::Refuse { .. })) {
        error = error.hint(
            "bring what is named to what the folder makes, then run the same command again; a script for it: underpin baseline",
        );
    }
    error.hint("the evidence for every migration: underpin status --evidence")
}

/// What a person can answer, as commands.
pub(super) fn choices(migration: &MigrationDiagnosis, decision: &Decision) -> Vec<String> {
    let name = &migration.name;
    match decision {
        Decision::Ask { .. } if matches!(migration.verdict, Verdict::Partial { .. }) => {
            vec![format!(
                "do by hand what is missing of it, then: underpin resolve --applied {name}"
            )]
        }
        Decision::Ask { .. } => vec![
            format!("if it is in effect: underpin resolve --applied {name}"),
            format!("if it is not: underpin deploy --run {name}"),
        ],
        Decision::Complete { .. } => {
            vec![format!("to run what is missing of it: underpin deploy --complete {name}")]
        }
        _ => Vec::new(),
    }
}

/// How far the end of the rehearsed run is from the folder's.
pub(super) fn end_lines(examination: &Examination) -> Vec<String> {
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
        (Verdict::Partial { in_effect, missing, unknown, .. }, _) => {
            let all = folder.get(name).map(|m| statements(&m.script)).unwrap_or_default();
            let mut lines = vec![format!(
                "{word}: {name}: {} of its statements in effect, {} missing:",
                in_effect.len(),
                missing.len()
            )];
            let missing = missing.iter().filter_map(|number| all.get(number.checked_sub(1)?));
            lines.extend(missing.map(|statement| format!("  {statement}")));
            if !unknown.is_empty() {
                lines.push(
                    "  and these leave no trace, so nothing tells whether they ran:".to_owned(),
                );
            }
            let unknown = unknown.iter().filter_map(|number| all.get(number.checked_sub(1)?));
            lines.extend(unknown.map(|statement| format!("  {statement}")));
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
