//! What to do about each migration: the table of decisions.
//!
//! | verdict | decision |
//! |---|---|
//! | in effect | baseline; statements that change rows are named |
//! | missing | run |
//! | partial | complete, statement by statement, when told to; ask where rows are concerned |
//! | superseded | baseline as assumed, never run; ask where it changes rows that are still there |
//! | data only | as its probes say; behind a missing one run; else by policy, or ask |
//! | no trace | run: it is for databases that started differently |
//! | conflicting | refuse |
//! | ambiguous | what it leaves is there: as superseded; else ask |
//!
//! What stands behind the last migration that is in effect, and leaves no trace either way, runs:
//! nothing suggests that it has.
//!
//! A probe that its author declared counts as proof. One that was derived from its statements
//! says that nothing of them is left to be done, which is as good as long as no earlier migration
//! is still to be run. Where nothing decides, the author's declaration does, then a person's
//! answer; neither overrules evidence.

use std::collections::BTreeSet;

use super::{Diagnosis, MigrationDiagnosis, Verdict};
use crate::config::{DataOnlyPolicy, PartialPolicy};
use crate::migrations::{Declared, MigrationName, Undecided};

/// What may be done without asking.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Policy {
    /// About migrations that change rows only.
    pub data_only: DataOnlyPolicy,
    /// About migrations that are half there.
    pub partial: PartialPolicy,
}

/// What a person says of migrations that cannot be decided.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answers {
    /// They are to be run.
    pub run: BTreeSet<MigrationName>,
    /// What is missing of them is to be run.
    pub complete: BTreeSet<MigrationName>,
}

/// The answer of a probe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Probed {
    /// It gave true.
    True,
    /// It gave false.
    False,
    /// It was not asked, or gave nothing that could be used: why, in words.
    Unanswered(String),
}

/// The probes of one migration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Probes {
    /// The one that its author declared.
    pub declared: Option<(String, Probed)>,
    /// One for each statement that changes rows, if every such statement has one.
    pub derived: Vec<(String, Probed)>,
}

impl Probes {
    /// The probes that a decision about this migration needs, without answers.
    #[must_use]
    pub fn of(migration: &MigrationDiagnosis, declared: &Declared) -> Self {
        let query = |query: &String| (query.clone(), Probed::Unanswered("not asked".to_owned()));
        let decided = matches!(
            migration.verdict,
            Verdict::Missing | Verdict::Partial { .. } | Verdict::Conflicting { .. }
        );
        let rows_only = match &migration.verdict {
            Verdict::DataOnly { probes, .. } => probes.as_slice(),
            _ => &[],
        };
        Self {
            declared: declared.probe.as_ref().filter(|_| !decided).map(query),
            derived: match rows_only.len() == migration.data_lines.len() {
                true => rows_only.iter().map(query).collect(),
                false => Vec::new(),
            },
        }
    }

    fn says(&self) -> Option<&Probed> {
        self.declared.as_ref().map(|(_, answer)| answer)
    }

    /// All true is true, one false is false.
    fn rows_say(&self) -> Option<bool> {
        let answers = || self.derived.iter().map(|(_, answer)| answer);
        if self.derived.is_empty() {
            None
        } else if answers().all(|answer| *answer == Probed::True) {
            Some(true)
        } else {
            answers().any(|answer| *answer == Probed::False).then_some(false)
        }
    }
}

/// Everything beside the diagnosis that a decision rests on. The lists are in the folder's order.
#[derive(Debug, Default)]
pub struct Grounds<'a> {
    /// What may be done without asking.
    pub policy: Policy,
    /// What the authors declare.
    pub declared: Vec<&'a Declared>,
    /// What the probes answered.
    pub probes: Vec<Probes>,
    /// What a person says.
    pub answers: Answers,
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
        /// Somebody said so: a person, the policy, the author.
        told: bool,
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
        matches!(
            self,
            Self::Recorded
                | Self::Baseline
                | Self::BaselineAssumed { .. }
                | Self::Run
                | Self::Complete { told: true, .. }
        )
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
pub fn decide(diagnosis: &Diagnosis, grounds: &Grounds<'_>) -> Vec<Decision> {
    let last = diagnosis.last_in_effect;
    let mut decisions: Vec<Decision> = Vec::with_capacity(diagnosis.migrations.len());
    let nothing = (Declared::default(), Probes::default());
    let mut behind_missing = false;
    for (index, migration) in diagnosis.migrations.iter().enumerate() {
        let one = One {
            migration,
            later_in_effect: last.is_some_and(|last| index < last),
            earlier_to_run: decisions
                .iter()
                .any(|d| matches!(d, Decision::Run | Decision::Complete { .. })),
            behind_missing,
            policy: grounds.policy,
            declared: grounds.declared.get(index).copied().unwrap_or(&nothing.0),
            probes: grounds.probes.get(index).unwrap_or(&nothing.1),
            answers: &grounds.answers,
        };
        decisions.push(one.decide());
        let is_behind = last.is_none_or(|last| index > last);
        behind_missing |= is_behind && migration.verdict == Verdict::Missing;
    }
    decisions
}

/// One migration with all that its decision rests on.
struct One<'a> {
    migration: &'a MigrationDiagnosis,
    later_in_effect: bool,
    earlier_to_run: bool,
    /// Between it and the last one in effect one is missing.
    behind_missing: bool,
    policy: Policy,
    declared: &'a Declared,
    probes: &'a Probes,
    answers: &'a Answers,
}

fn assumed(why: &str) -> Decision {
    Decision::BaselineAssumed { why: why.to_owned() }
}

fn ask(why: &str) -> Decision {
    Decision::Ask { why: why.to_owned() }
}

impl One<'_> {
    fn decide(&self) -> Decision {
        let decision = self.by_declared_probe().unwrap_or_else(|| self.by_evidence());
        match decision {
            // Running the whole of it can only fail, and recording it would be a lie.
            Decision::Ask { .. } if matches!(self.migration.verdict, Verdict::Partial { .. }) => {
                decision
            }
            Decision::Ask { .. } if self.answers.run.contains(&self.migration.name) => {
                Decision::Run
            }
            Decision::Ask { .. } => match self.declared.undecided {
                Some(Undecided::Applied) => assumed("its author declares so where nothing decides"),
                Some(Undecided::Run) => Decision::Run,
                Some(Undecided::Ask) | None => decision,
            },
            Decision::BaselineAssumed { .. } => match self.declared.undecided {
                Some(Undecided::Run) if self.leaves_no_trace() => Decision::Run,
                Some(Undecided::Ask) => ask("its author declares to ask where nothing decides"),
                _ => decision,
            },
            Decision::Complete { statements, .. } => {
                let told = self.answers.complete.contains(&self.migration.name)
                    || self.declared.partial.unwrap_or(self.policy.partial)
                        == PartialPolicy::Complete;
                Decision::Complete { statements, told }
            }
            other => other,
        }
    }

    fn leaves_no_trace(&self) -> bool {
        matches!(self.migration.verdict, Verdict::DataOnly { .. } | Verdict::NoTrace)
    }

    /// What the probe that the author declared decides.
    fn by_declared_probe(&self) -> Option<Decision> {
        let says = self.probes.says()?;
        let overwritten = matches!(self.migration.verdict, Verdict::Superseded { .. });
        Some(match (says, &self.migration.verdict) {
            (Probed::True, _) => Decision::Baseline,
            (Probed::False, Verdict::InEffect) => {
                ask("its schema is in effect, and its declared probe says that its rows are not")
            }
            (Probed::False, _) if overwritten => ask(
                "its declared probe says that it is not in effect, and later migrations overwrote what it made",
            ),
            (Probed::False, _) => Decision::Run,
            (Probed::Unanswered(_), Verdict::InEffect) => return None,
            (Probed::Unanswered(why), _) => {
                ask(&format!("its declared probe has no answer: {why}"))
            }
        })
    }

    fn by_evidence(&self) -> Decision {
        let migration = self.migration;
        // What is gone cannot be changed any more, so there is nothing to ask.
        let changes_rows = !migration.data_lines.is_empty() && !migration.rows_gone;
        match &migration.verdict {
            Verdict::InEffect => Decision::Baseline,
            Verdict::Missing | Verdict::NoTrace => Decision::Run,
            Verdict::Partial { missing, unknown, silent, .. } if unknown.is_empty() => {
                let mut statements: Vec<usize> = missing.iter().chain(silent).copied().collect();
                statements.sort_unstable();
                Decision::Complete { statements, told: false }
            }
            Verdict::Partial { .. } => ask(
                "it is half there, and some of its statements change rows, which leave no trace",
            ),
            Verdict::Superseded { .. } | Verdict::Ambiguous { holds: true, .. }
                if !self.later_in_effect =>
            {
                Decision::Run
            }
            Verdict::Superseded { .. } | Verdict::Ambiguous { holds: true, .. } if changes_rows => {
                ask("the schema fits with it and without it, and it changes rows as well")
            }
            Verdict::Superseded { .. } => assumed("later migrations overwrote all of it"),
            Verdict::DataOnly { makes_rows, .. } => self.rows_only(*makes_rows),
            Verdict::Conflicting { facts } => {
                Decision::Refuse { why: facts.first().cloned().unwrap_or_default() }
            }
            Verdict::Ambiguous { holds: true, why } => assumed(why),
            Verdict::Ambiguous { why, .. } => Decision::Ask { why: why.clone() },
        }
    }

    fn rows_only(&self, makes_rows: bool) -> Decision {
        match self.probes.rows_say() {
            // What it sets is not there yet.
            _ if self.migration.rows_gone && !self.later_in_effect => return Decision::Run,
            Some(true) if !self.earlier_to_run => return Decision::Baseline,
            // Nothing behind it is in effect and its rows are not there: it has not run.
            Some(false) if makes_rows && !self.later_in_effect => return Decision::Run,
            Some(false)
                if self.policy.data_only != DataOnlyPolicy::RunIfIdempotent
                    && !self.behind_missing =>
            {
                // Rows that came since would look the same.
                return ask(
                    "it changes rows only, and its probe says that something of it is left to be done",
                );
            }
            _ => {}
        }
        if self.behind_missing {
            // Nothing suggests that it ran before what stands before it.
            return Decision::Run;
        }
        match self.policy.data_only {
            DataOnlyPolicy::AssumeBeforeProven if self.later_in_effect => {
                assumed("it changes rows only, and a later migration is in effect")
            }
            DataOnlyPolicy::RunIfIdempotent if !self.probes.derived.is_empty() => Decision::Run,
            _ => ask("it changes rows only, so the catalog cannot say whether it ran"),
        }
    }
}
