//! `status --evidence`: what is in effect, proven from the live catalog. Reads only.

use super::examination::{self, Seen};
use super::{Options, connect, history_table, read_folder};
use crate::diagnose::{self, Decision, Disagreement, MigrationDiagnosis, Verdict};
use crate::error::Result;
use crate::event::EventSink;

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
    let seen = Seen::look(options, &folder, &mut session, sink).await?;
    let examination = seen.examine(options, &folder, &history, &session).await?;
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
    let mut failures = examination.failures().cloned().collect::<Vec<_>>();
    for migration in &examination.diagnosis.migrations {
        if let Verdict::Conflicting { facts } = &migration.verdict {
            failures.extend(facts.iter().map(|fact| format!("not explained: {fact}")));
        }
    }
    failures.extend(examination::end_lines(&examination));
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
        engine: seen.replay.engine.phrase(),
        unchecked: seen.replay.engine.unchecked.clone(),
    })
}
