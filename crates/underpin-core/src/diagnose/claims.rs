//! A history is a set of claims; the catalog says which of them hold.

use super::{Diagnosis, Verdict};
use crate::history::History;
use crate::migrations::MigrationName;

/// What the history says of a migration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Claim {
    /// Recorded as applied.
    Applied,
    /// Recorded as started and not finished.
    Failed,
    /// Not recorded.
    NotRecorded,
}

/// A claim that the catalog denies, or cannot have known of.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Disagreement {
    /// The migration.
    pub name: MigrationName,
    /// What the history says.
    pub history: Claim,
    /// What the catalog says, in a word or two; `junk` where the folder does not hold it.
    pub catalog: &'static str,
}

/// Where history and catalog disagree, in the folder's order; then what the folder does not hold.
#[must_use]
pub fn claims(history: &History, diagnosis: &Diagnosis) -> Vec<Disagreement> {
    let mut all = Vec::new();
    for migration in &diagnosis.migrations {
        let claim = claim(history, &migration.name);
        let denied = match (claim, &migration.verdict) {
            (Claim::Applied, verdict) => matches!(
                verdict,
                Verdict::Missing | Verdict::Partial { .. } | Verdict::Conflicting { .. }
            ),
            (Claim::NotRecorded | Claim::Failed, verdict) => {
                matches!(verdict, Verdict::InEffect | Verdict::Partial { .. })
            }
        };
        if denied {
            all.push(Disagreement {
                name: migration.name.clone(),
                history: claim,
                catalog: migration.verdict.word(),
            });
        }
    }
    let held = |name: &MigrationName| diagnosis.migrations.iter().any(|m| m.name == *name);
    let mut junk: Vec<Disagreement> = Vec::new();
    for record in history.records.iter().filter(|r| r.rolled_back_at.is_none()) {
        if !held(&record.name) && junk.iter().all(|known| known.name != record.name) {
            let history = if record.is_applied() { Claim::Applied } else { Claim::Failed };
            junk.push(Disagreement { name: record.name.clone(), history, catalog: "junk" });
        }
    }
    all.extend(junk);
    all
}

fn claim(history: &History, name: &MigrationName) -> Claim {
    if history.is_applied(name) {
        Claim::Applied
    } else if history.has_live_row(name) {
        Claim::Failed
    } else {
        Claim::NotRecorded
    }
}
