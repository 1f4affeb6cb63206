//! Diagnosis: what the live catalog proves about the folder. Pure: facts in, values out.
//!
//! Purpose: decide for every migration whether it is in effect, missing, half there, overtaken by
//! a later one, or undecidable, and say by which facts. Invariants: nothing is taken for granted
//! because a name or a position suggests it; a migration is decided only when every explanation
//! of the live facts agrees about it; a decision is a proposal until [`crate::prove`] has replayed
//! it. Non-goals: reading a database, writing anything.
//!
//! The parts: `chains` (who wrote which fact), `solver` and `explain` (which migrations explain
//! the live facts), `verdict` (what that means for each), `decide` (what to do about it), `claims`
//! (what the history says of the same), `words` (evidence that a person can check), `prefix`, the
//! plain case, and `reconcile`, a script for a person to read.

mod chains;
mod claims;
mod decide;
mod explain;
mod prefix;
mod reconcile;
mod solver;
mod verdict;
mod words;

use std::collections::BTreeSet;

use underpin_sql::{Script, StatementTraits, traits};

use crate::catalog::{CatalogDiff, CatalogSnapshot};
use crate::migrations::{Migration, MigrationName};
use crate::replay::{Piece, Replay};

pub use claims::{Claim, Disagreement, claims};
pub use decide::{Answers, Decision, Grounds, Policy, Probed, Probes, decide, recorded};
pub use explain::Details;
pub use prefix::{PrefixDiagnosis, managed_schemas, prefix};
pub use reconcile::reconciling;
pub use words::{Evidence, Says};

/// What the live catalog says of a migration.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case", tag = "verdict")]
pub enum Verdict {
    /// Everything of it that can be seen is there.
    InEffect,
    /// Nothing of it is there, and no later migration explains that.
    Missing,
    /// Some of its statements are in effect and some are not. Statements count from 1.
    Partial {
        /// Those that are.
        in_effect: Vec<usize>,
        /// Those that are not.
        missing: Vec<usize>,
        /// Those that change rows, or leave no other trace that could decide.
        unknown: Vec<usize>,
        /// Those that neither leave a trace nor change rows, such as `SET`.
        silent: Vec<usize>,
    },
    /// Nothing of it can be seen any more, because later migrations overwrote all of it.
    Superseded {
        /// The migrations that did.
        by: Vec<MigrationName>,
    },
    /// It changes rows only, which the catalog does not show.
    DataOnly {
        /// Queries that give true where nothing of it is left to be done.
        probes: Vec<String>,
        /// They look for the rows that it makes, and nothing else changes rows: false says that it
        /// has not run.
        makes_rows: bool,
    },
    /// It changes nothing where the folder is replayed from the start: a guard for databases that
    /// started differently, or nothing at all.
    NoTrace,
    /// Facts that it wrote are there with another shape, or contradict each other.
    Conflicting {
        /// The facts, in words.
        facts: Vec<String>,
    },
    /// The facts fit with it and without it.
    Ambiguous {
        /// Why.
        why: String,
        /// What it leaves behind is there all the same.
        holds: bool,
    },
}

impl Verdict {
    /// The verdict in one or two words.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::InEffect => "in effect",
            Self::Missing => "missing",
            Self::Partial { .. } => "partial",
            Self::Superseded { .. } => "superseded",
            Self::DataOnly { .. } => "data only",
            Self::NoTrace => "no trace",
            Self::Conflicting { .. } => "conflicting",
            Self::Ambiguous { .. } => "ambiguous",
        }
    }
}

/// A migration with its verdict and what it rests on.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct MigrationDiagnosis {
    /// The migration.
    pub name: MigrationName,
    /// The verdict.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// What it rests on.
    pub evidence: Vec<Evidence>,
    /// Lines of its statements that change rows.
    pub data_lines: Vec<usize>,
    /// The tables or columns whose rows they change are no longer there.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub rows_gone: bool,
}

/// The diagnosis of a folder against a live catalog.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Diagnosis {
    /// Every migration of the folder, in order.
    pub migrations: Vec<MigrationDiagnosis>,
    /// Live objects and attributes that no migration explains, in words.
    pub drift: Vec<Evidence>,
    /// The last migration that is in effect by facts of its own, by its place.
    #[serde(skip)]
    pub last_in_effect: Option<usize>,
    /// The explanation: what has to be replayed to arrive at the live catalog.
    #[serde(skip)]
    pub chosen: Vec<Piece>,
    #[serde(skip)]
    drifted: BTreeSet<(Option<String>, String)>,
    #[serde(skip)]
    ledger: verdict::Ledger,
}

impl Diagnosis {
    /// Whether nothing of the folder is in the database.
    #[must_use]
    pub fn nothing_in_effect(&self) -> bool {
        self.last_in_effect.is_none()
    }

    /// Schema and name of the relations that hold drift, or are it.
    #[must_use]
    pub fn drifted_relations(&self) -> &BTreeSet<(Option<String>, String)> {
        &self.drifted
    }

    /// The same diagnosis, with what a replay of [`Diagnosis::chosen`] left unexplained: facts
    /// that a migration wrote make it conflicting, all others are drift.
    #[must_use]
    pub fn with_residual(mut self, residual: &CatalogDiff, live: &CatalogSnapshot) -> Self {
        verdict::lay_residual(&mut self, residual, live);
        self
    }

    /// The same diagnosis where [`Diagnosis::chosen`] did not replay: that a migration is half
    /// there is the last resort of an explanation, and not believed of one that does not hold.
    #[must_use]
    pub fn doubting_halves(mut self) -> Self {
        for migration in &mut self.migrations {
            if matches!(migration.verdict, Verdict::Partial { .. }) {
                let why =
                    "by its facts it is half there, and what is then in effect does not replay";
                migration.verdict = Verdict::Ambiguous { why: why.to_owned(), holds: false };
            }
        }
        self
    }
}

/// What a diagnosis knows of the folder.
pub struct Folder {
    statements: Vec<Vec<StatementTraits>>,
    lines: Vec<Vec<usize>>,
}

impl Folder {
    /// Reads what the scripts say of themselves.
    #[must_use]
    pub fn of(migrations: &[Migration]) -> Self {
        let (mut statements, mut lines) = (Vec::new(), Vec::new());
        for migration in migrations {
            let script = Script::parse(&migration.script);
            let text = |s: &underpin_sql::Statement| traits(&migration.script[s.span.clone()]);
            statements.push(script.statements.iter().map(text).collect());
            lines.push(script.statements.iter().map(|s| s.line).collect());
        }
        Self { statements, lines }
    }

    /// The migrations that hold a statement which looks before it acts.
    fn guarded(&self) -> BTreeSet<usize> {
        let all = self.statements.iter().enumerate();
        all.filter(|(_, s)| s.iter().any(|s| s.guarded)).map(|(index, _)| index).collect()
    }

    fn counts(&self) -> Vec<usize> {
        self.statements.iter().map(Vec::len).collect()
    }
}

/// Diagnoses `live`, which is restricted to the managed schemas as `replay` is.
///
/// # Errors
/// The migrations whose statements have to be told apart first: put their deltas into `details`
/// (or their places into `opaque` where that cannot be done) and ask again.
pub fn diagnose(
    folder: &Folder,
    replay: &Replay,
    details: &Details,
    opaque: &BTreeSet<usize>,
    live: &CatalogSnapshot,
) -> Result<Diagnosis, BTreeSet<usize>> {
    match explain::explain(replay, &folder.counts(), &folder.guarded(), details, opaque, live) {
        explain::Outcome::NeedsDetails(wanted) => Err(wanted),
        explain::Outcome::Explained(explanation) => {
            Ok(verdict::diagnosis(folder, replay, &explanation, live))
        }
    }
}

#[cfg(test)]
mod tests;
