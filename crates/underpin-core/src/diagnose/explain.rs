//! Which units explain the live facts.
//!
//! Each live fact that the folder ever writes is a condition: the last writer among the units in
//! effect wrote what is there now. Together with what a unit must have found when it ran, the
//! conditions are clauses, and a unit is decided only when every way to fulfil all of them agrees
//! about it. Where conditions contradict each other the migrations involved are looked at more
//! closely, by statement, then by object; what still contradicts is taken out and named.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::chains::{Chains, Key, Value, Write, value_in};
use super::solver::{Answer, Literal, Solver, Tag};
use crate::catalog::{CatalogSnapshot, ObjectId, SnapshotDelta};
use crate::replay::Replay;

/// The deltas of the statements of those migrations that were looked at closely.
pub type Details = BTreeMap<usize, Vec<SnapshotDelta>>;

/// A migration or a part of it, as far as it is told apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unit {
    pub(super) migration: usize,
    pub(super) statement: Option<usize>,
    /// Set where a statement fell apart into what it did to single objects.
    pub(super) object: Option<ObjectId>,
}

/// What the facts say of a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// Every explanation has it.
    In,
    /// No explanation has it.
    Out,
    /// There are explanations with and without it.
    Either,
}

/// Everything found out about the units.
#[derive(Debug, Clone)]
pub(super) struct Explanation {
    pub(super) units: Vec<Unit>,
    pub(super) states: Vec<State>,
    /// One whole explanation: for each unit whether it is in effect.
    pub(super) choice: Vec<bool>,
    /// Facts that by themselves say that a unit is, or is not, in effect.
    pub(super) present: Vec<Vec<Key>>,
    pub(super) absent: Vec<Vec<Key>>,
    /// For each unit that wrote facts: how many, and the units that overwrote them.
    pub(super) written: Vec<usize>,
    pub(super) overwritten_by: Vec<BTreeSet<usize>>,
    /// Facts that contradicted others and were left out.
    pub(super) contradictions: Vec<(Key, BTreeSet<usize>)>,
    /// For each fact the last migration of the choice that wrote it.
    pub(super) last_writers: Vec<(Key, usize)>,
}

/// An explanation, or what has to be looked at first.
#[derive(Debug, Clone)]
pub(super) enum Outcome {
    Explained(Box<Explanation>),
    /// The migrations whose statements have to be told apart.
    NeedsDetails(BTreeSet<usize>),
}

/// Explains `live`. `statements` is the number of statements of each migration; those in
/// `details` are told apart by statement, those in `opaque` cannot be.
pub(super) fn explain(
    replay: &Replay,
    statements: &[usize],
    guarded: &BTreeSet<usize>,
    details: &Details,
    opaque: &BTreeSet<usize>,
    live: &CatalogSnapshot,
) -> Outcome {
    let mut split: BTreeSet<(usize, Option<usize>)> = BTreeSet::new();
    let mut ignored: BTreeMap<Key, BTreeSet<usize>> = BTreeMap::new();
    // What looks before it acts needs nothing.
    let mut free_needs = guarded.clone();
    loop {
        let (units, deltas) = cut(replay, details, &split);
        let mut problem = Problem::new(replay, &units, &deltas, live, &ignored, &free_needs);
        let suspects = problem.suspects();
        let closer = Closer { units: &units, deltas: &deltas, statements, details, opaque };
        let (mut wanted, objects) = closer.look(&suspects.torn);
        wanted.extend(closer.look(&suspects.others).0);
        if !wanted.is_empty() {
            return Outcome::NeedsDetails(wanted);
        }
        if !objects.is_empty() && !objects.is_subset(&split) {
            split.extend(objects);
            continue;
        }
        let Err((tags, variables)) = problem.solver.settle() else {
            let sound = ignored.is_empty() && free_needs.len() == guarded.len();
            return Outcome::Explained(Box::new(problem.finish(units, &ignored, sound)));
        };
        let involved: BTreeSet<usize> =
            variables.into_iter().filter(|v| *v < units.len()).collect();
        let (wanted, objects) = closer.look(&involved);
        if !wanted.is_empty() {
            return Outcome::NeedsDetails(wanted);
        }
        if !objects.is_empty() && !objects.is_subset(&split) {
            split.extend(objects);
            continue;
        }
        let migrations: BTreeSet<usize> = involved.iter().map(|u| units[*u].migration).collect();
        for tag in tags {
            match problem.tags.get(tag as usize) {
                Some(Meaning::Fact(chain)) => {
                    let key = problem.chains.all[*chain].key.clone();
                    ignored.entry(key).or_default().extend(&migrations);
                }
                Some(Meaning::Need(unit)) => free_needs.extend([units[*unit].migration]),
                Some(Meaning::Definition) | None => {}
            }
        }
    }
}

/// The folder in units, with the delta of each.
fn cut(
    replay: &Replay,
    details: &Details,
    split: &BTreeSet<(usize, Option<usize>)>,
) -> (Vec<Unit>, Vec<SnapshotDelta>) {
    let (mut units, mut deltas) = (Vec::new(), Vec::new());
    for (migration, step) in replay.steps.iter().enumerate() {
        let parts: Vec<(Option<usize>, &SnapshotDelta)> = match details.get(&migration) {
            Some(parts) => parts.iter().enumerate().map(|(i, d)| (Some(i), d)).collect(),
            None => vec![(None, &step.delta)],
        };
        for (statement, delta) in parts {
            if split.contains(&(migration, statement)) {
                for (object, delta) in by_object(delta) {
                    units.push(Unit { migration, statement, object: Some(object) });
                    deltas.push(delta);
                }
            } else {
                units.push(Unit { migration, statement, object: None });
                deltas.push(delta.clone());
            }
        }
    }
    (units, deltas)
}

fn by_object(delta: &SnapshotDelta) -> Vec<(ObjectId, SnapshotDelta)> {
    let mut parts: BTreeMap<ObjectId, SnapshotDelta> = BTreeMap::new();
    let home = |id: &ObjectId| {
        let moved = delta.moved.iter().find(|(from, _)| from == id);
        moved.map_or_else(|| id.clone(), |(_, to)| to.clone())
    };
    for (id, attributes) in &delta.set {
        parts.entry(id.clone()).or_default().set.push((id.clone(), attributes.clone()));
    }
    for id in &delta.removed {
        parts.entry(home(id)).or_default().removed.push(id.clone());
    }
    for (from, to) in &delta.moved {
        parts.entry(to.clone()).or_default().moved.push((from.clone(), to.clone()));
    }
    for id in &delta.replaced {
        parts.entry(id.clone()).or_default().replaced.push(id.clone());
    }
    parts.into_iter().collect()
}

/// Which of the units involved in a contradiction can be looked at more closely, and how.
struct Closer<'a> {
    units: &'a [Unit],
    deltas: &'a [SnapshotDelta],
    statements: &'a [usize],
    details: &'a Details,
    opaque: &'a BTreeSet<usize>,
}

impl Closer<'_> {
    fn look(
        &self,
        involved: &BTreeSet<usize>,
    ) -> (BTreeSet<usize>, BTreeSet<(usize, Option<usize>)>) {
        let (mut wanted, mut objects) = (BTreeSet::new(), BTreeSet::new());
        for index in involved {
            let unit = &self.units[*index];
            let many = self.statements.get(unit.migration).is_some_and(|count| *count > 1);
            let delta = &self.deltas[*index];
            if unit.statement.is_none()
                && many
                && !self.details.contains_key(&unit.migration)
                && !self.opaque.contains(&unit.migration)
            {
                wanted.insert(unit.migration);
            } else if unit.object.is_none() && delta.set.len() + delta.removed.len() > 1 {
                objects.insert((unit.migration, unit.statement));
            }
        }
        (wanted, objects)
    }
}

/// What a clause stands for.
enum Meaning {
    Fact(usize),
    Need(usize),
    /// Ties a name of the encoding to what it stands for; true by itself.
    Definition,
}

/// A literal that may already be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Holds {
    Always,
    Never,
    When(Literal),
}

struct Problem<'a> {
    chains: Chains,
    solver: Solver,
    tags: Vec<Meaning>,
    names: HashMap<(usize, usize, Value), Holds>,
    units: usize,
    present: Vec<Vec<usize>>,
    absent: Vec<Vec<usize>>,
    migrations: Vec<usize>,
    live: &'a CatalogSnapshot,
}

struct Suspects {
    /// Units that one fact says are in effect and another says are not.
    torn: BTreeSet<usize>,
    /// Other units that wrote what speaks against those: the half that ran may be theirs.
    others: BTreeSet<usize>,
}

/// The tag of definitions.
const DEFINITION: Tag = 0;

impl<'a> Problem<'a> {
    fn new(
        replay: &Replay,
        units: &[Unit],
        deltas: &[SnapshotDelta],
        live: &'a CatalogSnapshot,
        ignored: &BTreeMap<Key, BTreeSet<usize>>,
        free_needs: &BTreeSet<usize>,
    ) -> Self {
        let mut problem = Self {
            chains: Chains::build(&replay.initial, deltas),
            solver: Solver::default(),
            tags: vec![Meaning::Definition],
            names: HashMap::new(),
            units: units.len(),
            present: vec![Vec::new(); units.len()],
            absent: vec![Vec::new(); units.len()],
            migrations: units.iter().map(|u| u.migration).collect(),
            live,
        };
        for _ in units {
            problem.solver.variable(true);
        }
        for chain in 0..problem.chains.all.len() {
            if !ignored.contains_key(&problem.chains.all[chain].key) {
                problem.state_fact(chain);
            }
        }
        for (unit, part) in units.iter().enumerate() {
            if !free_needs.contains(&part.migration) {
                problem.state_needs(unit);
            }
        }
        problem
    }

    fn state_fact(&mut self, chain: usize) {
        let fact = &self.chains.all[chain];
        if fact.versions.is_empty() {
            return;
        }
        let value = value_in(self.live, &fact.key);
        let environment = fact.key.id.kind.class() == crate::catalog::Class::Environment;
        let written = self.possible(chain, usize::MAX);
        if !written.contains(&value) {
            // A text that depends on names given elsewhere, or a change by hand: a replay tells.
            return;
        }
        if environment && value.is_none() {
            // Grants and their like depend on where the database lives: their absence says little.
            return;
        }
        let count = self.chains.all[chain].versions.len();
        for literal in self.implied(chain, count, &value) {
            let side = if literal.value() { &mut self.present } else { &mut self.absent };
            side[literal.variable()].push(chain);
        }
        let tag = self.tag(Meaning::Fact(chain));
        match self.holds(chain, count, &value) {
            Holds::Always => {}
            Holds::Never => self.solver.add(Vec::new(), tag),
            Holds::When(literal) => self.solver.add(vec![literal], tag),
        }
    }

    fn state_needs(&mut self, unit: usize) {
        for (chain, there) in self.chains.needs[unit].clone() {
            let before = self.versions_before(chain, unit);
            let found = self.holds(chain, before, &there.then(String::new));
            let tag = self.tag(Meaning::Need(unit));
            let not_run = Literal::new(unit, false);
            match found {
                Holds::Always => {}
                Holds::Never => self.solver.add(vec![not_run], tag),
                Holds::When(literal) => self.solver.add(vec![not_run, literal], tag),
            }
        }
    }

    fn tag(&mut self, meaning: Meaning) -> Tag {
        self.tags.push(meaning);
        Tag::try_from(self.tags.len() - 1).unwrap_or(DEFINITION)
    }

    fn versions_before(&self, chain: usize, unit: usize) -> usize {
        self.chains.all[chain].versions.iter().take_while(|v| v.unit < unit).count()
    }

    /// The values that the fact can have had before `unit`.
    fn possible(&self, chain: usize, unit: usize) -> BTreeSet<Value> {
        let fact = &self.chains.all[chain];
        let mut values = BTreeSet::from([fact.initial.clone()]);
        for version in fact.versions.iter().take_while(|v| v.unit < unit) {
            match &version.write {
                Write::Value(value) => drop(values.insert(value.clone())),
                Write::From(source) => values.extend(self.possible(*source, version.unit)),
            }
        }
        values
    }

    /// Whether the fact has `value` after its first `count` versions, as a literal.
    fn holds(&mut self, chain: usize, count: usize, value: &Value) -> Holds {
        let Some(last) = count.checked_sub(1) else {
            let initial = self.chains.all[chain].initial == *value;
            return if initial { Holds::Always } else { Holds::Never };
        };
        if let Some(known) = self.names.get(&(chain, count, value.clone())) {
            return *known;
        }
        let version = self.chains.all[chain].versions[last].clone();
        let run = Literal::new(version.unit, true);
        let written = match &version.write {
            Write::Value(written) if written == value => Holds::Always,
            Write::Value(_) => Holds::Never,
            Write::From(source) => {
                let before = self.versions_before(*source, version.unit);
                self.holds(*source, before, value)
            }
        };
        let earlier = self.holds(chain, last, value);
        let result = self.choose(run, written, earlier);
        self.names.insert((chain, count, value.clone()), result);
        result
    }

    /// `if run then written else earlier`, under a name of its own where it needs one.
    fn choose(&mut self, run: Literal, written: Holds, earlier: Holds) -> Holds {
        match (written, earlier) {
            (a, b) if a == b => return a,
            (Holds::Always, Holds::Never) => return Holds::When(run),
            (Holds::Never, Holds::Always) => return Holds::When(run.not()),
            _ => {}
        }
        let name = Literal::new(self.solver.variable(true), true);
        for (condition, value) in [(run.not(), written), (run, earlier)] {
            let clauses = match value {
                Holds::Always => vec![vec![condition, name]],
                Holds::Never => vec![vec![condition, name.not()]],
                Holds::When(literal) => {
                    vec![vec![condition, name.not(), literal], vec![condition, name, literal.not()]]
                }
            };
            for clause in clauses {
                self.solver.add(clause, DEFINITION);
            }
        }
        Holds::When(name)
    }

    /// What follows for single units from this one fact.
    fn implied(&self, chain: usize, count: usize, value: &Value) -> BTreeSet<Literal> {
        self.implied_or_never(chain, count, value).unwrap_or_default()
    }

    /// `None` when the fact cannot have the value.
    fn implied_or_never(
        &self,
        chain: usize,
        count: usize,
        value: &Value,
    ) -> Option<BTreeSet<Literal>> {
        let fact = &self.chains.all[chain];
        let Some(last) = count.checked_sub(1) else {
            return (fact.initial == *value).then(BTreeSet::new);
        };
        let version = &fact.versions[last];
        let run = Literal::new(version.unit, true);
        let written = match &version.write {
            Write::Value(written) => (written == value).then(BTreeSet::new),
            Write::From(source) => {
                let before = self.versions_before(*source, version.unit);
                self.implied_or_never(*source, before, value)
            }
        };
        let with = |set: BTreeSet<Literal>, literal| {
            let mut set = set;
            set.insert(literal);
            set
        };
        let written = written.map(|set| with(set, run));
        let earlier = self.implied_or_never(chain, last, value).map(|set| with(set, run.not()));
        match (written, earlier) {
            (Some(a), Some(b)) => Some(a.intersection(&b).copied().collect()),
            (a, b) => a.or(b),
        }
    }

    fn suspects(&self) -> Suspects {
        let torn: BTreeSet<usize> = (0..self.units)
            .filter(|unit| !self.present[*unit].is_empty() && !self.absent[*unit].is_empty())
            .collect();
        let against = torn.iter().flat_map(|unit| &self.absent[*unit]);
        let versions = against.flat_map(|chain| &self.chains.all[*chain].versions);
        let others = versions.map(|v| v.unit).filter(|unit| !torn.contains(unit)).collect();
        Suspects { torn, others }
    }

    fn finish(
        mut self,
        units: Vec<Unit>,
        ignored: &BTreeMap<Key, BTreeSet<usize>>,
        sound: bool,
    ) -> Explanation {
        let (mut states, choice) = self.decide();
        if !sound {
            // Conclusions are worth nothing where their grounds contradict each other; what a
            // fact says by itself still counts.
            for (unit, state) in states.iter_mut().enumerate() {
                if self.present[unit].is_empty() && self.absent[unit].is_empty() {
                    *state = State::Either;
                }
            }
        }
        let keys = |chains: &Vec<usize>| -> Vec<Key> {
            chains.iter().map(|c| self.chains.all[*c].key.clone()).collect()
        };
        let last_writers = self.chains.all.iter().filter_map(|chain| {
            let last = chain.versions.iter().rev().find(|v| choice[v.unit])?;
            Some((chain.key.clone(), self.migrations[last.unit]))
        });
        let last_writers = last_writers.collect();
        Explanation {
            states,
            choice,
            present: self.present.iter().map(keys).collect(),
            absent: self.absent.iter().map(keys).collect(),
            written: self.chains.written.iter().map(Vec::len).collect(),
            overwritten_by: (0..self.units).map(|unit| self.overwriters(unit)).collect(),
            contradictions: ignored.iter().map(|(k, m)| (k.clone(), m.clone())).collect(),
            last_writers,
            units,
        }
    }

    /// The later units that wrote what this unit wrote.
    fn overwriters(&self, unit: usize) -> BTreeSet<usize> {
        let later = |chain: &usize| {
            let versions = &self.chains.all[*chain].versions;
            versions.iter().filter(|v| v.unit > unit).map(|v| v.unit).collect::<Vec<_>>()
        };
        self.chains.written[unit].iter().flat_map(later).collect()
    }

    fn decide(&mut self) -> (Vec<State>, Vec<bool>) {
        let last = (0..self.units).rev().find(|unit| !self.present[*unit].is_empty());
        let mut states: Vec<Option<State>> = (0..self.units)
            .map(|unit| self.solver.fixed(unit))
            .map(|fixed| fixed.map(|value| if value { State::In } else { State::Out }))
            .collect();
        let preferred: Vec<bool> =
            (0..self.units).map(|unit| last.is_some_and(|l| unit < l)).collect();
        for (unit, phase) in preferred.iter().enumerate() {
            self.solver.prefer(unit, *phase);
        }
        let Answer::Model(choice) = self.solver.search(&[]) else {
            // Contradiction beyond propagation, or too much to search: nothing more is decided.
            let states = states.into_iter().map(|s| s.unwrap_or(State::Either)).collect();
            let choice = (0..self.units).map(|u| self.solver.fixed(u).unwrap_or(preferred[u]));
            return (states, choice.collect());
        };
        self.try_both(&[], &choice, &mut states);
        let choice = self.prefer_whole(&mut states, choice);
        let choice = self.fullest(&states, choice, &preferred);
        let states = states.into_iter().map(|s| s.unwrap_or(State::Either)).collect();
        (states, choice.into_iter().take(self.units).collect())
    }

    /// The same explanation with as many of the undecided `preferred` units in it as go together:
    /// what stands before the last one in effect has most likely run, and a replay of the choice
    /// needs it.
    fn fullest(
        &mut self,
        states: &[Option<State>],
        mut choice: Vec<bool>,
        preferred: &[bool],
    ) -> Vec<bool> {
        let decided = states.iter().enumerate().filter_map(|(unit, state)| match state {
            Some(State::In) => Some(Literal::new(unit, true)),
            Some(State::Out) => Some(Literal::new(unit, false)),
            _ => None,
        });
        let decided: Vec<Literal> = decided.collect();
        for unit in 0..self.units {
            if choice[unit] || !preferred[unit] || states[unit] == Some(State::Out) {
                continue;
            }
            let mut assumed = decided.clone();
            let kept = (0..self.units).filter(|u| *u == unit || preferred[*u] && choice[*u]);
            assumed.extend(kept.map(|u| Literal::new(u, true)));
            if let Answer::Model(model) = self.solver.search(&assumed) {
                choice = model;
            }
        }
        choice
    }

    /// A migration of which some statements are known to be in effect, and which may be so as a
    /// whole, is, unless another one would be half there instead: between two halves the facts do
    /// not decide. Except that a run stops where it fails: half of the last migration in effect,
    /// cut behind its first statements, is what a failure leaves, and half of one with others
    /// behind it is not. (What is then to be done leads to the same end either way.)
    fn prefer_whole(
        &mut self,
        states: &mut Vec<Option<State>>,
        mut choice: Vec<bool>,
    ) -> Vec<bool> {
        let mut whole: Vec<Literal> = Vec::new();
        for units in self.half_known(states) {
            let mut assumed = whole.clone();
            assumed.extend(units.iter().map(|unit| Literal::new(*unit, true)));
            let Answer::Model(model) = self.solver.search(&assumed) else { continue };
            let mut then: Vec<Option<State>> =
                states.iter().map(|state| state.filter(|state| *state != State::Either)).collect();
            self.try_both(&assumed, &model, &mut then);
            let before = self.halves(states);
            let halves = self.halves(&then);
            let mut new = halves.difference(&before);
            let went_on = self.last_in(states) > Some(self.migrations[units[0]]);
            if new.all(|migration| went_on && self.is_cut_short(&then, *migration)) {
                (whole, *states, choice) = (assumed, then, model);
            }
        }
        choice
    }

    /// The migrations that are half there.
    fn halves(&self, states: &[Option<State>]) -> BTreeSet<usize> {
        let of = |wanted: State| -> BTreeSet<usize> {
            let units = states.iter().zip(&self.migrations);
            units.filter(|(state, _)| **state == Some(wanted)).map(|(_, m)| *m).collect()
        };
        of(State::In).intersection(&of(State::Out)).copied().collect()
    }

    /// Whether the last migration that is in effect at all is this one, as far as its first
    /// statements.
    fn is_cut_short(&self, states: &[Option<State>], migration: usize) -> bool {
        let of = |wanted: State| {
            let units = states.iter().zip(&self.migrations).enumerate();
            units.filter(move |(_, (state, m))| **m == migration && **state == Some(wanted))
        };
        let last_in = of(State::In).map(|(unit, _)| unit).next_back();
        let first_out = of(State::Out).map(|(unit, _)| unit).next();
        self.last_in(states) == Some(migration)
            && matches!((last_in, first_out), (Some(last), Some(first)) if last < first)
    }

    /// The last migration of which something is in effect.
    fn last_in(&self, states: &[Option<State>]) -> Option<usize> {
        let units = states.iter().zip(&self.migrations);
        units.filter(|(state, _)| **state == Some(State::In)).map(|(_, m)| *m).max()
    }

    /// The units of each migration that was told apart, has units that are in effect and none
    /// that is not, and others that are undecided.
    fn half_known(&self, states: &[Option<State>]) -> Vec<Vec<usize>> {
        let mut by_migration: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (unit, migration) in self.migrations.iter().enumerate() {
            by_migration.entry(*migration).or_default().push(unit);
        }
        let has = |units: &[usize], state: State| units.iter().any(|u| states[*u] == Some(state));
        by_migration
            .into_values()
            .filter(|units| {
                has(units, State::In) && has(units, State::Either) && !has(units, State::Out)
            })
            .collect()
    }

    /// Settles every unit without a state: whether there is an explanation that has it the other
    /// way than `choice`.
    fn try_both(&mut self, assumed: &[Literal], choice: &[bool], states: &mut [Option<State>]) {
        for unit in 0..self.units {
            if states[unit].is_some() {
                continue;
            }
            let mut literals = assumed.to_vec();
            literals.push(Literal::new(unit, !choice[unit]));
            match self.solver.search(&literals) {
                Answer::Model(model) => {
                    for (other, state) in states.iter_mut().enumerate() {
                        if state.is_none() && model[other] != choice[other] {
                            *state = Some(State::Either);
                        }
                    }
                }
                Answer::None => {
                    states[unit] = Some(if choice[unit] { State::In } else { State::Out });
                }
                Answer::Unknown => states[unit] = Some(State::Either),
            }
        }
    }
}
