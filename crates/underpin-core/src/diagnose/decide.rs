//! What to do about each migration: the table of decisions.
//!
//! | verdict | decision |
//! |---|---|
//! | in effect | baseline; statements that change rows are named |
//! | missing | run |
//! | partial | complete, statement by statement, and never without being told to |
//! | superseded | baseline as assumed, never run; ask where it changes rows that are still there |
//! | data only | before the last one in effect: by policy; behind it: ask |
//! | no trace | run: it is for databases that started differently |
//! | conflicting | refuse |
//! | ambiguous | what it leaves is there: as superseded; else ask |
//!
//! What stands behind the last migration that is in effect, and leaves no trace either way, runs:
//! nothing suggests that it has.

use super::{Diagnosis, MigrationDiagnosis, Verdict};

/// What may be done without asking.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Policy {
    /// About migrations that change rows only.
    pub data_only: DataOnlyPolicy,
}

/// `[baseline] data_only`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DataOnlyPolicy {
    /// Always ask.
    Ask,
    /// Assume that it ran where a later migration is in effect; ask otherwise.
    #[default]
    AssumeBeforeProven,
    /// Run it where all of its statements can be looked for, so that running it again changes
    /// nothing; ask otherwise.
    RunIfIdempotent,
}

/// What to do about a migration.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case", tag = "decision")]
pub enum Decision {
    /// Nothing: it is recorded already.
    Recorded,
    /// Record it: it is proven to be in effect.
    Baseline,
    /// Record it as assumed: nothing can prove it.
    BaselineAssumed {
        /// Why it is assumed.
        why: String,
    },
    /// Run it.
    Run,
    /// Run these of its statements (from 1), then record it.
    Complete {
        /// The statements.
        statements: Vec<usize>,
    },
    /// A person has to say.
    Ask {
        /// Why.
        why: String,
    },
    /// Nothing may be done on top of it.
    Refuse {
        /// Why.
        why: String,
    },
}

impl Decision {
    /// Whether a run may carry it out without being told to.
    #[must_use]
    pub fn is_unattended(&self) -> bool {
        matches!(self, Self::Recorded | Self::Baseline | Self::BaselineAssumed { .. } | Self::Run)
    }

    /// In a word or two.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Recorded => "nothing",
            Self::Baseline => "baseline",
            Self::BaselineAssumed { .. } => "baseline, assumed",
            Self::Run => "run",
            Self::Complete { .. } => "complete",
            Self::Ask { .. } => "ask",
            Self::Refuse { .. } => "refuse",
        }
    }
}

/// The decision about a migration that the history records as applied: a claim is as good as a
/// person's word, and no better than the catalog.
#[must_use]
pub fn recorded(verdict: &Verdict) -> Decision {
    let denied = match verdict {
        Verdict::Missing => "nothing of it is there",
        Verdict::Partial { .. } => "half of it is there",
        Verdict::Conflicting { .. } => "what it wrote has another shape",
        _ => return Decision::Recorded,
    };
    Decision::Refuse { why: format!("it is recorded as applied, and {denied}") }
}

/// The decision for every migration, in the folder's order.
#[must_use]
pub fn decide(diagnosis: &Diagnosis, policy: &Policy) -> Vec<Decision> {
    let last = diagnosis.last_in_effect;
    diagnosis
        .migrations
        .iter()
        .enumerate()
        .map(|(index, migration)| one(migration, last.is_some_and(|last| index < last), policy))
        .collect()
}

fn one(migration: &MigrationDiagnosis, later_in_effect: bool, policy: &Policy) -> Decision {
    let assumed = |why: &str| Decision::BaselineAssumed { why: why.to_owned() };
    // What is gone cannot be changed any more, so there is nothing to ask.
    let changes_rows = !migration.data_lines.is_empty() && !migration.rows_gone;
    match &migration.verdict {
        Verdict::InEffect => Decision::Baseline,
        Verdict::Missing | Verdict::NoTrace => Decision::Run,
        Verdict::Partial { missing, unknown, .. } if unknown.is_empty() => {
            Decision::Complete { statements: missing.clone() }
        }
        Verdict::Partial { .. } => Decision::Ask {
            why: "it is half there, and some of its statements leave no trace".to_owned(),
        },
        Verdict::Superseded { .. } | Verdict::Ambiguous { holds: true, .. } if !later_in_effect => {
            Decision::Run
        }
        Verdict::Superseded { .. } | Verdict::Ambiguous { holds: true, .. } if changes_rows => {
            Decision::Ask {
                why: "the schema fits with it and without it, and it changes rows as well"
                    .to_owned(),
            }
        }
        Verdict::Superseded { .. } => assumed("later migrations overwrote all of it"),
        Verdict::DataOnly { probes } => data_only(migration, probes, later_in_effect, policy),
        Verdict::Conflicting { facts } => {
            Decision::Refuse { why: facts.first().cloned().unwrap_or_default() }
        }
        Verdict::Ambiguous { holds: true, why } => assumed(why),
        Verdict::Ambiguous { why, .. } => Decision::Ask { why: why.clone() },
    }
}

fn data_only(
    migration: &MigrationDiagnosis,
    probes: &[String],
    later_in_effect: bool,
    policy: &Policy,
) -> Decision {
    let ask = || Decision::Ask {
        why: "it changes rows only, so the catalog cannot say whether it ran".to_owned(),
    };
    match policy.data_only {
        DataOnlyPolicy::AssumeBeforeProven if later_in_effect => Decision::BaselineAssumed {
            why: "it changes rows only, and a later migration is in effect".to_owned(),
        },
        DataOnlyPolicy::RunIfIdempotent
            if !probes.is_empty() && probes.len() == migration.data_lines.len() =>
        {
            Decision::Run
        }
        _ => ask(),
    }
}
