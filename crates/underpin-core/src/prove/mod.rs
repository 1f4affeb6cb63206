//! Proof on scratch databases: a diagnosis is believed when it has been replayed.
//!
//! Two things are shown. (a) The migrations and statements that are said to be in effect, replayed
//! in order on an empty database, give the live catalog; what is left over is named. (b) The same
//! database, which is now a copy of the live schema, goes on through the migrations that are to
//! run, in order, and arrives at the folder's end state fact by fact. Invariants: the target is
//! never changed; a proof that fails is reported, never mended by leaving something out.

mod probe;
mod walk;

use std::collections::BTreeSet;

use crate::catalog::{self, CatalogDiff, CatalogSnapshot, ObjectId, ObjectKind};
use crate::diagnose::{
    self, Answers, Decision, Details, Diagnosis, Folder, Grounds, MigrationDiagnosis, Policy,
    Probes, Verdict,
};
use crate::error::Result;
use crate::migrations::Migration;
use crate::postgres::Session;
use crate::replay::{self, Piece, Replay, ReplayContext};
use walk::Walk;

/// What an examination needs.
pub struct Case<'a> {
    /// The folder's migrations.
    pub migrations: &'a [Migration],
    /// Their replay, restricted to `schemas`.
    pub replay: &'a Replay,
    /// The live catalog, restricted to `schemas`.
    pub live: &'a CatalogSnapshot,
    /// The schemas that are compared.
    pub schemas: &'a BTreeSet<String>,
    /// How scratch databases are made.
    pub context: &'a ReplayContext,
    /// What may be done without asking.
    pub policy: Policy,
    /// What a person says.
    pub answers: Answers,
    /// The target, for probes; without it they have no answer.
    pub session: Option<&'a Session>,
    /// Places of the migrations that the history records as applied.
    pub recorded: BTreeSet<usize>,
}

/// A diagnosis with its decisions and the proof of both.
#[derive(Debug, Clone)]
pub struct Examination {
    /// The verdicts, with what the replay left unexplained laid over them.
    pub diagnosis: Diagnosis,
    /// What to do about each migration, in the folder's order.
    pub decisions: Vec<Decision>,
    /// Whether that has been shown to be right.
    pub proof: Proof,
}

/// The outcome of the two replays.
#[derive(Debug, Clone, Default)]
pub struct Proof {
    /// (a) What the chosen set, replayed, leaves unexplained of the live catalog.
    pub residual: CatalogDiff,
    /// (b) How the end state of the rehearsed run differs from the folder's; `None` where it was
    /// not reached or not tried.
    pub end: Option<CatalogDiff>,
    /// (a) What is said to be in effect and does not replay, in words.
    pub unreplayed: Vec<String>,
    /// (b) What is to be run and fails, or another reason not to go on, in words.
    pub failures: Vec<String>,
}

impl Examination {
    /// Whether what is said to be in effect explains the live catalog, named drift aside.
    #[must_use]
    pub fn is_explained(&self) -> bool {
        let contradicts = |m: &MigrationDiagnosis| matches!(m.verdict, Verdict::Conflicting { .. });
        !self.diagnosis.migrations.iter().any(contradicts) && self.proof.unreplayed.is_empty()
    }

    /// Whether both replays hold: the live catalog is explained, named drift aside, and the
    /// folder's end is reached.
    #[must_use]
    pub fn is_proven(&self) -> bool {
        self.is_explained()
            && self.proof.failures.is_empty()
            && self.proof.end.as_ref().is_some_and(CatalogDiff::is_empty)
    }

    /// What stands in the way of both, in words.
    pub fn failures(&self) -> impl Iterator<Item = &String> {
        self.proof.unreplayed.iter().chain(&self.proof.failures)
    }

    /// Whether a run may carry out every decision without asking.
    #[must_use]
    pub fn is_unattended(&self) -> bool {
        self.is_proven() && self.decisions.iter().all(Decision::is_unattended)
    }

    /// The places of the migrations to record, and of those to run or complete.
    #[must_use]
    pub fn work(&self) -> (Vec<usize>, Vec<usize>) {
        let of = |wanted: &dyn Fn(&Decision) -> bool| {
            let chosen = self.decisions.iter().enumerate();
            chosen.filter(|(_, decision)| wanted(decision)).map(|(i, _)| i).collect()
        };
        let records =
            |d: &Decision| matches!(d, Decision::Baseline | Decision::BaselineAssumed { .. });
        let runs = |d: &Decision| matches!(d, Decision::Run | Decision::Complete { .. });
        (of(&records), of(&runs))
    }
}

/// Diagnoses, decides and proves.
///
/// # Errors
/// UP-31xx: no scratch database, or one that failed. A migration that fails is part of the result.
pub async fn examine(case: &Case<'_>) -> Result<Examination> {
    let diagnosis = investigate(case).await?;
    let mut proof = Proof::default();
    let mut walk = Walk::new(case);
    let reached = copy(&mut walk, case, &diagnosis, &mut proof).await?;
    proof.residual = catalog::diff(&reached, case.live);
    let mut diagnosis = diagnosis.with_residual(&proof.residual, case.live);
    if !proof.unreplayed.is_empty() {
        diagnosis = diagnosis.doubting_halves();
    }
    let mut decisions = diagnose::decide(&diagnosis, &grounds(case, &diagnosis).await?);
    for index in &case.recorded {
        if let Some(decision) = decisions.get_mut(*index) {
            *decision = diagnose::recorded(&diagnosis.migrations[*index].verdict);
        }
    }
    carry_out(&mut walk, case, &decisions, &mut proof).await?;
    walk.end().await;
    if proof.end.as_ref().is_none_or(|end| !end.is_empty())
        && leave_guards_alone(&diagnosis, &mut decisions)
    {
        let mut again = Proof { residual: proof.residual.clone(), ..Proof::default() };
        let mut walk = Walk::new(case);
        copy(&mut walk, case, &diagnosis, &mut again).await?;
        carry_out(&mut walk, case, &decisions, &mut again).await?;
        walk.end().await;
        proof = again;
    }
    refuse_touching_drift(case, &diagnosis, &mut decisions);
    ask_about_rows_of_what_is_missing(case, &mut decisions);
    if diagnosis.nothing_in_effect() && !case.live.is_empty_of_objects() {
        let why = "nothing of the folder is in the database, which holds something else";
        decisions.fill(Decision::Refuse { why: why.to_owned() });
        proof.failures.push(why.to_owned());
    }
    Ok(Examination { diagnosis, decisions, proof })
}

/// What the decisions rest on; this is where the probes are run.
async fn grounds<'a>(case: &Case<'a>, diagnosis: &Diagnosis) -> Result<Grounds<'a>> {
    let declared: Vec<_> = case.migrations.iter().map(|m| &m.declared).collect();
    let pairs = diagnosis.migrations.iter().zip(&declared).enumerate();
    let mut probes: Vec<Probes> = pairs
        .map(|(index, (migration, declared))| match case.recorded.contains(&index) {
            true => Probes::default(),
            false => Probes::of(migration, declared),
        })
        .collect();
    if let Some(session) = case.session {
        probe::run(session, &mut probes).await?;
    }
    Ok(Grounds { policy: case.policy, declared, probes, answers: case.answers.clone() })
}

/// Asks for the statements of migrations as long as the diagnosis needs them.
async fn investigate(case: &Case<'_>) -> Result<Diagnosis> {
    let folder = Folder::of(case.migrations);
    let engine = case.replay.engine.kind;
    let (mut details, mut opaque) = (Details::new(), BTreeSet::new());
    loop {
        match diagnose::diagnose(&folder, case.replay, &details, &opaque, case.live) {
            Ok(diagnosis) => return Ok(diagnosis),
            Err(wanted) => {
                let found =
                    replay::statements(case.migrations, &wanted, case.context, engine).await?;
                opaque.extend(wanted.into_iter().filter(|m| !found.contains_key(m)));
                details.extend(found);
            }
        }
    }
}

/// (a): where the chosen set leads.
async fn copy(
    walk: &mut Walk<'_, '_>,
    case: &Case<'_>,
    diagnosis: &Diagnosis,
    proof: &mut Proof,
) -> Result<CatalogSnapshot> {
    let walked = walk.go(diagnosis.chosen.clone()).await?;
    for (place, why) in walked.failed {
        // One that leaves nothing to be seen is in the choice because nothing speaks against it;
        // that it does not run here does.
        let migration = diagnosis.chosen[place].migration;
        let verdict = &diagnosis.migrations[migration].verdict;
        if matches!(verdict, Verdict::InEffect | Verdict::Partial { .. }) {
            let name = &case.migrations[migration].name;
            proof.unreplayed.push(format!("in effect, and does not replay: {name}: {why}"));
        }
    }
    Ok(walked.reached)
}

/// (b): what is to run, on top of it.
async fn carry_out(
    walk: &mut Walk<'_, '_>,
    case: &Case<'_>,
    decisions: &[Decision],
    proof: &mut Proof,
) -> Result<()> {
    let pieces = decisions.iter().enumerate().filter_map(|(migration, decision)| match decision {
        Decision::Run => Some(Piece::whole(migration)),
        Decision::Complete { statements, .. } => Some(Piece {
            migration,
            statements: Some(statements.iter().map(|number| number - 1).collect()),
        }),
        _ => None,
    });
    let pieces: Vec<Piece> = pieces.collect();
    let walked = walk.go(pieces.clone()).await?;
    // One that does not replay from the start either says nothing by failing here.
    let replays = |place: usize| case.replay.steps[pieces[place].migration].failed.is_none();
    if let Some((place, why)) = walked.failed.into_iter().find(|(place, _)| replays(*place)) {
        let name = &case.migrations[pieces[place].migration].name;
        proof.failures.push(format!("to be run, and fails: {name}: {why}"));
        return Ok(());
    }
    proof.end = Some(catalog::diff(&case.replay.last_snapshot(), &walked.reached));
    Ok(())
}

/// A guard that does harm when it runs late, or cannot run, is assumed instead, as what stands
/// behind it is in effect.
fn leave_guards_alone(diagnosis: &Diagnosis, decisions: &mut [Decision]) -> bool {
    let mut changed = false;
    for (index, decision) in decisions.iter_mut().enumerate() {
        let early = diagnosis.last_in_effect.is_some_and(|last| index < last);
        let silent = matches!(diagnosis.migrations[index].verdict, Verdict::NoTrace);
        if early && silent && *decision == Decision::Run {
            let why = "it changes nothing in its place, and does not run as well in another";
            *decision = Decision::BaselineAssumed { why: why.to_owned() };
            changed = true;
        }
    }
    changed
}

/// Rows of a column or table that is still to be made cannot have been changed yet, whatever came
/// later: what would be assumed is asked.
fn ask_about_rows_of_what_is_missing(case: &Case<'_>, decisions: &mut [Decision]) {
    let mut missing: Vec<&ObjectId> = Vec::new();
    for (index, decision) in decisions.iter_mut().enumerate() {
        let script = &case.migrations[index].script;
        let names = |id: &&&ObjectId| {
            script.contains(&id.name) && id.parent.as_ref().is_none_or(|p| script.contains(p))
        };
        match decision {
            Decision::Run => {
                missing.extend(case.replay.steps[index].delta.set.iter().filter_map(|(id, _)| {
                    matches!(id.kind, ObjectKind::Table | ObjectKind::Column).then_some(id)
                }))
            }
            Decision::BaselineAssumed { .. }
                if case.migrations[index].declared.undecided.is_none()
                    && case.replay.steps[index].delta.is_empty()
                    && let Some(id) = missing.iter().find(names) =>
            {
                let why =
                    format!("it would be assumed, and it changes rows of {id}, which is missing");
                *decision = Decision::Ask { why };
            }
            _ => {}
        }
    }
}

/// Nothing runs on a relation that holds what no migration explains.
fn refuse_touching_drift(case: &Case<'_>, diagnosis: &Diagnosis, decisions: &mut [Decision]) {
    if diagnosis.drift.is_empty() {
        return;
    }
    let drifted = diagnosis.drifted_relations();
    for (index, decision) in decisions.iter_mut().enumerate() {
        if *decision != Decision::Run {
            continue;
        }
        let delta = &case.replay.steps[index].delta;
        let touched = delta.set.iter().map(|(id, _)| id).chain(&delta.removed).find(|id| {
            let relation = id.parent.as_ref().unwrap_or(&id.name);
            drifted.contains(&(id.schema.clone(), relation.clone()))
        });
        if let Some(id) = touched {
            let relation = id.parent.as_ref().unwrap_or(&id.name);
            let why = format!("it changes `{relation}`, which holds what no migration explains");
            *decision = Decision::Refuse { why };
        }
    }
}
