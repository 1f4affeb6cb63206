//! A generator that knows the truth: brings scratch databases into states that a folder's
//! migrations lead to, or nearly, and judges what the diagnosis says of them.
//!
//! A verdict is *right* when it decides and is true, *undecided* when it says so, *equal* when it
//! decides otherwise and the catalog is the very same either way, and *wrong* otherwise. A state
//! that a run would act on without asking, and get wrong, is counted apart: there must be none.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use underpin_core::catalog::{self, CatalogSnapshot, ObjectKind};
use underpin_core::diagnose::{self, Answers, Policy, Verdict};
use underpin_core::migrations::MigrationFolder;
use underpin_core::postgres::scratch::ScratchOptions;
use underpin_core::postgres::{identifier, literal};
use underpin_core::prove::{self, Examination};
use underpin_core::replay::{self, Piece, Rehearsal, Replay, ReplayContext};

/// What really is the case for a migration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Truth {
    /// It ran.
    In,
    /// It did not.
    Out,
    /// Some of its statements ran.
    Part,
    /// It ran, and something that it wrote was changed by hand.
    Touched,
}

/// A state to bring a database into.
#[derive(Debug, Clone, Default)]
pub struct Trial {
    /// What it is, in words.
    pub name: String,
    /// What runs, in this order.
    pub pieces: Vec<Piece>,
    /// For holes: how far the history without them goes.
    pub holes_in: Option<usize>,
    /// What is done by hand afterwards: kind of change, and which of the candidates.
    pub by_hand: Vec<(Change, u64)>,
}

/// A change by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// An index, column or constraint is dropped.
    Drop,
    /// A column gets another type.
    Retype,
    /// A table that no migration knows.
    Foreign,
}

/// What came of some trials.
#[derive(Debug, Clone, Default)]
pub struct Score {
    /// States that were judged.
    pub trials: usize,
    /// Of them, those where a run would go on without asking.
    pub unattended: usize,
    /// States that the folder's scripts do not lead to.
    pub infeasible: usize,
    /// Verdicts that decide and are true.
    pub right: usize,
    /// Verdicts that decide otherwise over the very same catalog.
    pub equal: usize,
    /// Verdicts that decide nothing, by their word.
    pub undecided: BTreeMap<&'static str, usize>,
    /// Half migrations, and how many were called so.
    pub partial: (usize, usize),
    /// Holes that leave a difference, and how many were found.
    pub holes: (usize, usize),
    /// Wrong verdicts, in words.
    pub wrong: Vec<String>,
    /// Wrong verdicts that a run would have acted on.
    pub acted: usize,
}

impl Score {
    /// Adds another score.
    pub fn add(&mut self, other: Self) {
        self.trials += other.trials;
        self.unattended += other.unattended;
        self.infeasible += other.infeasible;
        self.right += other.right;
        self.equal += other.equal;
        for (word, count) in other.undecided {
            *self.undecided.entry(word).or_default() += count;
        }
        self.partial = (self.partial.0 + other.partial.0, self.partial.1 + other.partial.1);
        self.holes = (self.holes.0 + other.holes.0, self.holes.1 + other.holes.1);
        self.wrong.extend(other.wrong);
        self.acted += other.acted;
    }
}

/// A source of numbers that gives the same ones for the same seed.
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// Starts from a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// The next number.
    pub fn roll(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.roll() % bound.max(1) as u64).unwrap_or(0)
    }
}

/// Statements of the next migration that are tried for a second explanation of a half one.
const TWIN_STATEMENTS_MAX: usize = 4;

/// The kinds of trials.
pub const KINDS: usize = 6;

/// A folder with its replay: what trials are made on.
pub struct Lab {
    folder: MigrationFolder,
    replay: Replay,
    schemas: BTreeSet<String>,
    context: ReplayContext,
}

/// A database in a known state.
struct State {
    live: CatalogSnapshot,
    truth: Vec<Truth>,
    /// The pieces that really ran.
    ran: Vec<Piece>,
    failed: usize,
    /// A half migration changed nothing in the catalog, so that nothing can tell.
    untraced: bool,
}

impl Lab {
    /// Reads and replays a folder on the server binaries of `major`.
    ///
    /// # Errors
    /// What went wrong, in words.
    pub async fn new(path: &Path, major: u32, keep: Option<&Path>) -> Result<Self, String> {
        let folder = MigrationFolder::read(path).map_err(|e| e.to_string())?;
        let binaries = crate::binaries(major).ok_or("no server binaries: run ./dev setup")?;
        let context = ReplayContext {
            target: binaries.version,
            schema: "public".to_owned(),
            roles: Vec::new(),
            scratch: ScratchOptions {
                pg_bin: Some(binaries.folder),
                cache: crate::cache(),
                ..ScratchOptions::default()
            },
            cache: keep.map(Path::to_owned),
        };
        let replay = replay::replay_tolerant(&folder.migrations, &context, &mut |_| {})
            .await
            .map_err(|e| e.error.to_string())?;
        let schemas = diagnose::managed_schemas(&replay, "public");
        let replay = replay.restricted_to(&schemas);
        Ok(Self { folder, replay, schemas, context })
    }

    /// How many migrations there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.folder.migrations.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Migrations that do not replay.
    #[must_use]
    pub fn failing(&self) -> Vec<String> {
        let failing = self.replay.steps.iter().filter(|s| s.failed.is_some());
        failing.map(|s| format!("{}: {}", s.name, s.failed.clone().unwrap_or_default())).collect()
    }

    /// The number of statements of a migration.
    #[must_use]
    pub fn statements(&self, migration: usize) -> usize {
        underpin_sql::Script::parse(&self.folder.migrations[migration].script).statements.len()
    }

    /// Judges the state after the first `count` migrations, which needs no database: the replay
    /// has it.
    ///
    /// # Errors
    /// When statements would have to be told apart, which a prefix never needs.
    pub fn prefix(&self, count: usize) -> Result<Score, String> {
        let live = self.replay.snapshot_after(count).restricted_to(&self.schemas);
        let folder = diagnose::Folder::of(&self.folder.migrations);
        let nothing = BTreeSet::new();
        let diagnosis =
            diagnose::diagnose(&folder, &self.replay, &BTreeMap::new(), &nothing, &live)
                .map_err(|wanted| format!("a prefix of {count} looks half there: {wanted:?}"))?;
        let mut score = Score { trials: 1, ..Score::default() };
        let mut snapshot = self.replay.initial.clone();
        for (index, migration) in diagnosis.migrations.iter().enumerate() {
            let truth = if index < count { Truth::In } else { Truth::Out };
            let truth = if self.replay.steps[index].failed.is_some() { Truth::Out } else { truth };
            match judge(&migration.verdict, truth) {
                Judgement::Right => score.right += 1,
                Judgement::Undecided(word) => *score.undecided.entry(word).or_default() += 1,
                Judgement::Wrong => score.wrong.push(format!(
                    "prefix {count}: {} is {} and was {truth:?}",
                    migration.name,
                    migration.verdict.word()
                )),
            }
            snapshot.apply(&self.replay.steps[index].delta);
        }
        Ok(score)
    }

    /// Makes the state, diagnoses it and judges the diagnosis.
    ///
    /// # Errors
    /// What went wrong with the means, not with the diagnosis.
    pub async fn judge(&self, trial: &Trial) -> Result<Score, String> {
        let state = self.make(trial).await?;
        let mut score = Score { trials: 1, infeasible: state.failed, ..Score::default() };
        let case = prove::Case {
            migrations: &self.folder.migrations,
            replay: &self.replay,
            live: &state.live,
            schemas: &self.schemas,
            context: &self.context,
            policy: Policy::default(),
            answers: Answers::default(),
            session: None,
            recorded: BTreeSet::new(),
        };
        let examination = prove::examine(&case).await.map_err(|e| e.to_string())?;
        let unattended = examination.is_unattended();
        score.unattended = usize::from(unattended);
        let whole = trial.holes_in.map(|upto| (upto, self.replay.snapshot_after(upto)));
        let hole_before = whole
            .filter(|(_, whole)| whole.restricted_to(&self.schemas) != state.live)
            .map_or(0, |(upto, _)| upto);
        for (index, migration) in examination.diagnosis.migrations.iter().enumerate() {
            let truth = state.truth[index];
            let judgement = judge(&migration.verdict, truth);
            let left_out = trial.pieces.iter().all(|p| p.migration != index);
            if left_out && index < hole_before {
                score.holes.0 += 1;
                score.holes.1 += usize::from(matches!(judgement, Judgement::Right));
            }
            if truth == Truth::Part && !state.untraced {
                score.partial.0 += 1;
                score.partial.1 += usize::from(matches!(judgement, Judgement::Right));
            }
            match judgement {
                Judgement::Right => score.right += 1,
                Judgement::Undecided(word) => {
                    *score.undecided.entry(word).or_default() += 1;
                    if truth == Truth::Part
                        && !state.untraced
                        && self.has_twin(trial, &state).await?
                    {
                        // The next one cut short leaves the very same catalog.
                        score.partial.0 -= 1;
                    }
                }
                Judgement::Wrong
                    if self.same_without(trial, &state, index, &examination).await? =>
                {
                    score.equal += 1;
                    // What is the same as whole, or as nothing, is no visible half.
                    score.partial.0 -= usize::from(truth == Truth::Part && !state.untraced);
                }
                Judgement::Wrong => {
                    score.acted += usize::from(unattended);
                    score.wrong.push(format!(
                        "{}: {} is {} and was {truth:?}{}",
                        trial.name,
                        migration.name,
                        migration.verdict.word(),
                        if unattended { " UNATTENDED" } else { "" }
                    ));
                }
            }
        }
        if std::env::var_os("UNDERPIN_EVIDENCE_SHOW").is_some() {
            show(trial, &examination);
        }
        Ok(score)
    }

    async fn make(&self, trial: &Trial) -> Result<State, String> {
        let mut scratch = Rehearsal::start(&self.context).await.map_err(|e| e.to_string())?;
        let mut truth = vec![Truth::Out; self.len()];
        let (mut ran, mut failed, mut untraced) = (Vec::new(), 0, false);
        for piece in &trial.pieces {
            let before = match piece.statements {
                Some(_) => Some(scratch.read().await.map_err(|e| e.to_string())?),
                None => None,
            };
            if scratch.run(&self.folder.migrations, piece).await.is_err() {
                failed += 1;
                continue;
            }
            truth[piece.migration] =
                if piece.statements.is_some() { Truth::Part } else { Truth::In };
            ran.push(piece.clone());
            if let Some(before) = before {
                untraced = before == scratch.read().await.map_err(|e| e.to_string())?;
            }
        }
        let read = |e: underpin_core::Error| e.to_string();
        let before = scratch.read().await.map_err(read)?.restricted_to(&self.schemas);
        for (change, dice) in &trial.by_hand {
            if let Some(sql) = by_hand(*change, *dice, &before) {
                // A change that the server refuses is none.
                let _refused = scratch.send(&sql).await;
            }
        }
        let live = scratch.read().await.map_err(read)?.restricted_to(&self.schemas);
        scratch.close().await;
        let changed = before.delta_to(&live);
        let mut ids: BTreeSet<_> =
            changed.set.iter().map(|(id, _)| id).chain(&changed.removed).collect();
        // What was changed under its last name was written under its first.
        for step in self.replay.steps.iter().rev() {
            let from = step.delta.moved.iter().filter(|(_, to)| ids.contains(to));
            let from: Vec<_> = from.map(|(from, _)| from).collect();
            ids.extend(from);
        }
        for (index, step) in self.replay.steps.iter().enumerate() {
            let own = &step.delta;
            let mut wrote = own.set.iter().map(|(id, _)| id).chain(&own.removed);
            if truth[index] != Truth::Out && wrote.any(|id| ids.contains(id)) {
                truth[index] = Truth::Touched;
            }
        }
        Ok(State { live, truth, ran, failed, untraced })
    }

    /// Whether the catalog would be the very same if the verdict on `index` were true.
    async fn same_without(
        &self,
        trial: &Trial,
        state: &State,
        index: usize,
        examination: &Examination,
    ) -> Result<bool, String> {
        let in_effect = examination.diagnosis.migrations[index].verdict == Verdict::InEffect;
        let mut pieces: Vec<Piece> =
            state.ran.iter().filter(|p| p.migration != index).cloned().collect();
        if in_effect {
            let at = pieces.iter().position(|p| p.migration > index).unwrap_or(pieces.len());
            pieces.insert(at, Piece::whole(index));
        }
        let by_hand = trial.by_hand.clone();
        let other = Trial { pieces, by_hand, ..Trial::default() };
        let made = Box::pin(self.make(&other)).await?;
        Ok(made.failed == 0 && made.live == state.live)
    }

    /// Whether the half migration at the end of a trial, taken whole, with the first statements of
    /// the one behind it gives the same catalog.
    async fn has_twin(&self, trial: &Trial, state: &State) -> Result<bool, String> {
        let Some(last) = trial.pieces.last().map(|piece| piece.migration) else { return Ok(false) };
        if last + 1 >= self.len() {
            return Ok(false);
        }
        for count in 1..=self.statements(last + 1).min(TWIN_STATEMENTS_MAX) {
            let mut pieces: Vec<Piece> =
                state.ran.iter().filter(|p| p.migration != last).cloned().collect();
            pieces.push(Piece::whole(last));
            let statements = Some((0..count).collect());
            pieces.push(Piece { migration: last + 1, statements });
            let made = Box::pin(self.make(&Trial { pieces, ..Trial::default() })).await?;
            if made.failed == 0 && made.live == state.live {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// A trial of one of the [`KINDS`], at random.
    #[must_use]
    pub fn random(&self, dice: &mut Dice) -> Trial {
        let kind = dice.below(KINDS);
        self.of_kind(kind, dice)
    }

    /// A trial of this kind: a hole, several, out of order, half a migration, something dropped,
    /// something of another type.
    #[must_use]
    pub fn of_kind(&self, kind: usize, dice: &mut Dice) -> Trial {
        let all = self.len();
        let upto = if dice.below(2) == 0 { all } else { dice.below(all) + 1 };
        let mut pieces: Vec<Piece> = (0..upto).map(Piece::whole).collect();
        let mut trial = Trial::default();
        match kind {
            0 => {
                let hole = dice.below(upto);
                pieces.remove(hole);
                // Behind the end of a prefix a hole is one with what did not run at all.
                trial.holes_in = (upto == all).then_some(all);
                trial.name = format!("hole {hole} of {upto}");
            }
            1 => {
                let count = 2 + dice.below(4);
                let holes: BTreeSet<usize> = (0..count).map(|_| dice.below(upto)).collect();
                pieces.retain(|p| !holes.contains(&p.migration));
                trial.name = format!("holes {holes:?} of {upto}");
            }
            2 => {
                let prefix = dice.below(upto);
                let late: BTreeSet<usize> =
                    (0..3).map(|_| prefix + dice.below(upto - prefix)).collect();
                pieces.retain(|p| p.migration < prefix || late.contains(&p.migration));
                let order: Vec<Piece> = pieces.split_off(prefix);
                pieces.extend(order.into_iter().rev());
                trial.name = format!("prefix {prefix} and, out of order, {late:?}");
            }
            3 => {
                let several: Vec<usize> = (0..upto).filter(|m| self.statements(*m) > 1).collect();
                let cut = several.get(dice.below(several.len())).copied().unwrap_or(0);
                let statements = self.statements(cut);
                let ran = 1 + dice.below(statements.saturating_sub(1));
                pieces.truncate(cut + 1);
                if statements > 1 {
                    pieces[cut].statements = Some((0..ran).collect());
                }
                trial.name = format!("first {ran} of {statements} statements of {cut}");
            }
            4 => {
                trial.by_hand = vec![(Change::Drop, dice.roll())];
                trial.name = format!("something dropped after {upto}");
            }
            _ => {
                trial.by_hand = vec![(Change::Retype, dice.roll()), (Change::Foreign, dice.roll())];
                trial.name = format!("a column retyped and a foreign table after {upto}");
            }
        }
        trial.pieces = pieces;
        trial
    }
}

#[allow(clippy::print_stdout)]
fn show(trial: &Trial, examination: &Examination) {
    println!("== {} {:?}", trial.name, examination.is_unattended());
    for failure in examination.failures() {
        println!("   failed: {failure}");
    }
    for line in examination.proof.residual.lines(10) {
        println!("   residual: {line}");
    }
    for line in examination.proof.end.iter().flat_map(|end| end.lines(10)) {
        println!("   end: {line}");
    }
    for (migration, decision) in examination.diagnosis.migrations.iter().zip(&examination.decisions)
    {
        if migration.verdict != Verdict::InEffect {
            println!("   {} {:?} -> {}", migration.name, migration.verdict, decision.word());
        }
    }
}

enum Judgement {
    Right,
    Undecided(&'static str),
    Wrong,
}

fn judge(verdict: &Verdict, truth: Truth) -> Judgement {
    let decided = match verdict {
        Verdict::InEffect => Truth::In,
        Verdict::Missing => Truth::Out,
        Verdict::Partial { .. } => Truth::Part,
        // A contradiction is what a change by hand looks like, and half a statement.
        Verdict::Conflicting { .. } if matches!(truth, Truth::Touched | Truth::Part) => {
            return Judgement::Right;
        }
        other => return Judgement::Undecided(other.word()),
    };
    match truth {
        // What was changed by hand is judged by the proof, not by one word.
        Truth::Touched => Judgement::Undecided("changed by hand"),
        _ if decided == truth => Judgement::Right,
        _ => Judgement::Wrong,
    }
}

/// The SQL of a change to one of the candidates in the catalog.
fn by_hand(change: Change, dice: u64, live: &CatalogSnapshot) -> Option<String> {
    let wanted = |kind: ObjectKind| match change {
        Change::Drop => {
            matches!(kind, ObjectKind::Index | ObjectKind::Column | ObjectKind::Constraint)
        }
        Change::Retype => kind == ObjectKind::Column,
        Change::Foreign => false,
    };
    if change == Change::Foreign {
        return Some(format!("CREATE TABLE \"by hand {dice}\" (a integer PRIMARY KEY)"));
    }
    let candidates: Vec<_> = live.objects().keys().filter(|id| wanted(id.kind)).collect();
    let id = candidates.get(usize::try_from(dice).ok()? % candidates.len().max(1))?;
    let schema = identifier(id.schema.as_deref()?);
    let table = identifier(id.parent.as_deref().unwrap_or_default());
    let name = identifier(&id.name);
    Some(match (change, id.kind) {
        (Change::Drop, ObjectKind::Index) => format!("DROP INDEX {schema}.{name}"),
        (Change::Drop, ObjectKind::Constraint) => {
            format!("ALTER TABLE {schema}.{table} DROP CONSTRAINT {name} CASCADE")
        }
        (Change::Drop, _) => format!("ALTER TABLE {schema}.{table} DROP COLUMN {name} CASCADE"),
        _ => format!(
            "ALTER TABLE {schema}.{table} ALTER COLUMN {name} DROP DEFAULT, ALTER COLUMN {name} TYPE varchar(77) USING {}",
            literal("x")
        ),
    })
}

/// The difference between two catalogs, for a test's message.
#[must_use]
pub fn difference(expected: &CatalogSnapshot, actual: &CatalogSnapshot) -> Vec<String> {
    catalog::diff(expected, actual).lines(20)
}
