//! Proof on scratch databases: a diagnosis is believed when it has been replayed.
//!
//! Two things are shown. (a) The migrations and statements that are said to be in effect, replayed
//! in order on an empty database, give the live catalog; what is left over is named. (b) The same
//! database, which is now a copy of the live schema, goes on through the migrations that are to
//! run, in order, and arrives at the folder's end state fact by fact. Invariants: the target is
//! never touched; a proof that fails is reported, never mended by leaving something out.

use std::collections::BTreeSet;

use crate::catalog::{self, CatalogDiff, CatalogSnapshot, ObjectId, ObjectKind};
use crate::diagnose::{
    self, Decision, Details, Diagnosis, Folder, MigrationDiagnosis, Policy, Verdict,
};
use crate::error::Result;
use crate::migrations::Migration;
use crate::replay::{self, Piece, Rehearsal, Replay, ReplayContext};

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
    /// What did not replay, in words.
    pub failures: Vec<String>,
}

impl Examination {
    /// Whether both replays hold: the live catalog is explained, named drift aside, and the
    /// folder's end is reached.
    #[must_use]
    pub fn is_proven(&self) -> bool {
        let contradicts = |m: &MigrationDiagnosis| matches!(m.verdict, Verdict::Conflicting { .. });
        !self.diagnosis.migrations.iter().any(contradicts)
            && self.proof.failures.is_empty()
            && self.proof.end.as_ref().is_some_and(CatalogDiff::is_empty)
    }

    /// Whether a run may carry out every decision without asking.
    #[must_use]
    pub fn is_unattended(&self) -> bool {
        self.is_proven() && self.decisions.iter().all(Decision::is_unattended)
    }

    /// The places of the migrations to record, and of those to run.
    #[must_use]
    pub fn work(&self) -> (Vec<usize>, Vec<usize>) {
        let of = |wanted: &dyn Fn(&Decision) -> bool| {
            let chosen = self.decisions.iter().enumerate();
            chosen.filter(|(_, decision)| wanted(decision)).map(|(i, _)| i).collect()
        };
        let records =
            |d: &Decision| matches!(d, Decision::Baseline | Decision::BaselineAssumed { .. });
        (of(&records), of(&|d| *d == Decision::Run))
    }
}

/// Diagnoses, decides and proves.
///
/// # Errors
/// UP-31xx: no scratch database, or one that failed. A migration that fails is part of the result.
pub async fn examine(case: &Case<'_>) -> Result<Examination> {
    let diagnosis = investigate(case).await?;
    let mut proof = Proof::default();
    let mut rehearsal = copy(case, &diagnosis, &mut proof).await?;
    let reached = restricted(&mut rehearsal, case).await?;
    proof.residual = catalog::diff(&reached, case.live);
    let diagnosis = diagnosis.with_residual(&proof.residual, case.live);
    let mut decisions = diagnose::decide(&diagnosis, &case.policy);
    for index in &case.recorded {
        if let Some(decision) = decisions.get_mut(*index) {
            *decision = diagnose::recorded(&diagnosis.migrations[*index].verdict);
        }
    }
    carry_out(&mut rehearsal, case, &decisions, &mut proof).await?;
    rehearsal.close().await;
    if proof.end.as_ref().is_none_or(|end| !end.is_empty())
        && leave_guards_alone(&diagnosis, &mut decisions)
    {
        let mut again = Proof { residual: proof.residual.clone(), ..Proof::default() };
        let mut rehearsal = copy(case, &diagnosis, &mut again).await?;
        carry_out(&mut rehearsal, case, &decisions, &mut again).await?;
        rehearsal.close().await;
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

/// Asks for the statements of migrations as long as the diagnosis needs them.
async fn investigate(case: &Case<'_>) -> Result<Diagnosis> {
    let folder = Folder::of(case.migrations);
    let (mut details, mut opaque) = (Details::new(), BTreeSet::new());
    loop {
        match diagnose::diagnose(&folder, case.replay, &details, &opaque, case.live) {
            Ok(diagnosis) => return Ok(diagnosis),
            Err(wanted) => {
                let found = replay::statements(case.migrations, &wanted, case.context).await?;
                opaque.extend(wanted.into_iter().filter(|m| !found.contains_key(m)));
                details.extend(found);
            }
        }
    }
}

/// (a): a scratch database with the chosen set in it.
async fn copy(case: &Case<'_>, diagnosis: &Diagnosis, proof: &mut Proof) -> Result<Rehearsal> {
    let mut rehearsal = Rehearsal::start(case.context).await?;
    for piece in &diagnosis.chosen {
        let Err(error) = rehearsal.run(case.migrations, piece).await else { continue };
        // One that leaves nothing to be seen is in the choice because nothing speaks against it;
        // that it does not run here does.
        let migration = &diagnosis.migrations[piece.migration];
        if matches!(migration.verdict, Verdict::InEffect | Verdict::Partial { .. }) {
            let name = &migration.name;
            let what = format!("in effect, and does not replay: {name}: {}", words(&error));
            proof.failures.push(what);
        }
    }
    Ok(rehearsal)
}

/// (b): what is to run, on top of it.
async fn carry_out(
    rehearsal: &mut Rehearsal,
    case: &Case<'_>,
    decisions: &[Decision],
    proof: &mut Proof,
) -> Result<()> {
    for (migration, decision) in decisions.iter().enumerate() {
        let piece = match decision {
            Decision::Run => Piece::whole(migration),
            Decision::Complete { statements } => Piece {
                migration,
                statements: Some(statements.iter().map(|number| number - 1).collect()),
            },
            _ => continue,
        };
        if let Err(error) = rehearsal.run(case.migrations, &piece).await {
            let name = &case.migrations[migration].name;
            proof.failures.push(format!("to be run, and fails: {name}: {}", words(&error)));
            return Ok(());
        }
    }
    let end = restricted(rehearsal, case).await?;
    proof.end = Some(catalog::diff(&case.replay.last_snapshot(), &end));
    Ok(())
}

fn words(error: &crate::error::Error) -> String {
    error.causes().first().cloned().unwrap_or_else(|| error.message().to_owned())
}

async fn restricted(rehearsal: &mut Rehearsal, case: &Case<'_>) -> Result<CatalogSnapshot> {
    Ok(rehearsal.read().await?.restricted_to(case.schemas))
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
                if case.replay.steps[index].delta.is_empty()
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
