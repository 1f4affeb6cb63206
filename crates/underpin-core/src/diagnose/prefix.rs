//! The plain case: the longest run of migrations from the start whose replay equals the live
//! catalog.

use std::collections::BTreeSet;

use crate::catalog::{self, CatalogDiff, CatalogSnapshot};
use crate::migrations::MigrationName;
use crate::replay::Replay;

/// What the comparison of the live catalog with every prefix of the folder says.
#[derive(Debug, Clone)]
pub enum PrefixDiagnosis {
    /// The first `in_effect` migrations reproduce the live catalog, and no longer or shorter run
    /// does, except over migrations that leave no trace (`traceless`).
    Proven {
        /// How many.
        in_effect: usize,
        /// The migrations right after them that change nothing in the catalog, so that it cannot
        /// say whether they ran.
        traceless: Vec<MigrationName>,
    },
    /// No prefix does. `nearest` comes closest.
    NotProven {
        /// The number of migrations of the nearest prefix.
        nearest: usize,
        /// What that prefix implies (expected) against what is live (actual).
        diff: CatalogDiff,
    },
}

/// The schemas that the folder is about: the one of the connection and every one that a migration
/// makes anything in.
#[must_use]
pub fn managed_schemas(replay: &Replay, schema: &str) -> BTreeSet<String> {
    let mut schemas = BTreeSet::from([schema.to_owned()]);
    for step in &replay.steps {
        schemas.extend(step.delta.schemas());
    }
    schemas
}

/// Compares `live`, restricted to the managed schemas, with the catalog after each prefix.
#[must_use]
pub fn prefix(replay: &Replay, live: &CatalogSnapshot) -> PrefixDiagnosis {
    let mut snapshot = replay.initial.clone();
    let mut nearest = (usize::MAX, 0);
    let mut first_equal = None;
    for count in 0..=replay.steps.len() {
        if count > 0 {
            snapshot.apply(&replay.steps[count - 1].delta);
        }
        let distance = catalog::diff(&snapshot, live).len();
        if distance == 0 && first_equal.is_none() {
            first_equal = Some(count);
        }
        // At equal distance the later prefix explains more of what is there.
        if distance <= nearest.0 {
            nearest = (distance, count);
        }
    }
    match first_equal {
        Some(in_effect) => PrefixDiagnosis::Proven {
            in_effect,
            traceless: replay.steps[in_effect..]
                .iter()
                .take_while(|step| step.delta.is_empty())
                .map(|step| step.name.clone())
                .collect(),
        },
        None => PrefixDiagnosis::NotProven {
            nearest: nearest.1,
            diff: catalog::diff(&replay.snapshot_after(nearest.1), live),
        },
    }
}
