//! A small satisfiability solver: which choices of yes and no fit all clauses.
//!
//! Unit propagation with watched literals and a plain search above it. The clauses of a folder
//! are nearly all decided by propagation; the search is bounded, and where the bound is met the
//! answer is "not known", never a guess.

use std::collections::BTreeSet;

/// A variable or its negation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Literal(u32);

impl Literal {
    pub(super) fn new(variable: usize, value: bool) -> Self {
        Self(u32::try_from(variable).unwrap_or(u32::MAX >> 1) << 1 | u32::from(!value))
    }

    pub(super) fn variable(self) -> usize {
        (self.0 >> 1) as usize
    }

    pub(super) fn value(self) -> bool {
        self.0 & 1 == 0
    }

    pub(super) fn not(self) -> Self {
        Self(self.0 ^ 1)
    }

    fn index(self) -> usize {
        self.0 as usize
    }
}

/// What a clause stands for, so that a conflict can be explained.
pub(super) type Tag = u32;

struct Clause {
    literals: Vec<Literal>,
    tag: Tag,
}

/// The outcome of a search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    /// These values fit.
    Model(Vec<bool>),
    /// None do.
    None,
    /// The bound was met.
    Unknown,
}

/// The clauses and the state of a search.
#[derive(Default)]
pub(super) struct Solver {
    clauses: Vec<Clause>,
    watches: Vec<Vec<usize>>,
    values: Vec<Option<bool>>,
    reasons: Vec<Option<usize>>,
    phases: Vec<bool>,
    trail: Vec<Literal>,
    head: usize,
}

/// Conflicts after which a search gives up.
const CONFLICTS_MAX: usize = 2_000;

impl Solver {
    /// A new variable; the search tries `phase` first.
    pub(super) fn variable(&mut self, phase: bool) -> usize {
        self.values.push(None);
        self.reasons.push(None);
        self.phases.push(phase);
        self.watches.push(Vec::new());
        self.watches.push(Vec::new());
        self.values.len() - 1
    }

    /// Adds a clause: at least one of the literals holds.
    pub(super) fn add(&mut self, literals: Vec<Literal>, tag: Tag) {
        let index = self.clauses.len();
        for literal in literals.iter().take(2) {
            self.watches[literal.index()].push(index);
        }
        self.clauses.push(Clause { literals, tag });
    }

    pub(super) fn prefer(&mut self, variable: usize, phase: bool) {
        self.phases[variable] = phase;
    }

    /// The value that everything follows from, after [`Solver::settle`].
    pub(super) fn fixed(&self, variable: usize) -> Option<bool> {
        self.values[variable]
    }

    fn holds(&self, literal: Literal) -> Option<bool> {
        self.values[literal.variable()].map(|value| value == literal.value())
    }

    /// Draws every conclusion that needs no choice.
    ///
    /// # Errors
    /// The tags of the clauses and the variables that contradict each other.
    pub(super) fn settle(&mut self) -> Result<(), (BTreeSet<Tag>, BTreeSet<usize>)> {
        for index in 0..self.clauses.len() {
            if let [only] = self.clauses[index].literals[..] {
                match self.holds(only) {
                    Some(true) => {}
                    Some(false) => return Err(self.because(index)),
                    None => self.assign(only, Some(index)),
                }
            } else if self.clauses[index].literals.is_empty() {
                return Err(self.because(index));
            }
        }
        match self.propagate() {
            Some(conflict) => Err(self.because(conflict)),
            None => Ok(()),
        }
    }

    /// Looks for values that fit, with `assumed` holding. Needs a settled solver, and leaves it so.
    pub(super) fn search(&mut self, assumed: &[Literal]) -> Answer {
        let floor = self.trail.len();
        let answer = self.search_above(assumed);
        self.undo(floor);
        answer
    }

    fn search_above(&mut self, assumed: &[Literal]) -> Answer {
        for literal in assumed {
            match self.holds(*literal) {
                Some(true) => continue,
                Some(false) => return Answer::None,
                None => self.assign(*literal, None),
            }
            if self.propagate().is_some() {
                return Answer::None;
            }
        }
        // Each choice: where the trail stood, the literal, and whether its opposite was tried.
        let mut choices: Vec<(usize, Literal, bool)> = Vec::new();
        let (mut conflicts, mut next) = (0, 0);
        loop {
            while next < self.values.len() && self.values[next].is_some() {
                next += 1;
            }
            if next == self.values.len() {
                let model: Vec<bool> = self.values.iter().map(|v| v.unwrap_or(false)).collect();
                self.phases.clone_from(&model);
                return Answer::Model(model);
            }
            let literal = Literal::new(next, self.phases[next]);
            choices.push((self.trail.len(), literal, false));
            self.assign(literal, None);
            while self.propagate().is_some() {
                conflicts += 1;
                if conflicts > CONFLICTS_MAX {
                    return Answer::Unknown;
                }
                loop {
                    let Some((at, literal, tried)) = choices.pop() else { return Answer::None };
                    self.undo(at);
                    next = next.min(literal.variable());
                    if !tried {
                        choices.push((at, literal.not(), true));
                        self.assign(literal.not(), None);
                        break;
                    }
                }
            }
        }
    }

    fn assign(&mut self, literal: Literal, reason: Option<usize>) {
        self.values[literal.variable()] = Some(literal.value());
        self.reasons[literal.variable()] = reason;
        self.trail.push(literal);
    }

    fn undo(&mut self, floor: usize) {
        while self.trail.len() > floor {
            if let Some(literal) = self.trail.pop() {
                self.values[literal.variable()] = None;
                self.reasons[literal.variable()] = None;
            }
        }
        self.head = self.head.min(floor);
    }

    /// The clause that cannot hold any more, if there is one.
    fn propagate(&mut self) -> Option<usize> {
        while self.head < self.trail.len() {
            let falsified = self.trail[self.head].not();
            self.head += 1;
            let watching = std::mem::take(&mut self.watches[falsified.index()]);
            let mut kept = Vec::with_capacity(watching.len());
            let mut conflict = None;
            for (position, &index) in watching.iter().enumerate() {
                match self.visit(index, falsified) {
                    Visit::Moved => {}
                    Visit::Kept => kept.push(index),
                    Visit::Unit(literal) => {
                        kept.push(index);
                        self.assign(literal, Some(index));
                    }
                    Visit::Conflict => {
                        kept.extend_from_slice(&watching[position..]);
                        conflict = Some(index);
                        break;
                    }
                }
            }
            self.watches[falsified.index()].append(&mut kept);
            if conflict.is_some() {
                return conflict;
            }
        }
        None
    }

    fn visit(&mut self, index: usize, falsified: Literal) -> Visit {
        if self.clauses[index].literals.len() == 1 {
            return Visit::Conflict;
        }
        if self.clauses[index].literals[0] == falsified {
            self.clauses[index].literals.swap(0, 1);
        }
        let first = self.clauses[index].literals[0];
        if self.holds(first) == Some(true) {
            return Visit::Kept;
        }
        let other = (2..self.clauses[index].literals.len())
            .find(|&i| self.holds(self.clauses[index].literals[i]) != Some(false));
        if let Some(other) = other {
            self.clauses[index].literals.swap(1, other);
            let watched = self.clauses[index].literals[1];
            self.watches[watched.index()].push(index);
            return Visit::Moved;
        }
        match self.holds(first) {
            None => Visit::Unit(first),
            _ => Visit::Conflict,
        }
    }

    /// Everything that a conflict rests on.
    fn because(&self, conflict: usize) -> (BTreeSet<Tag>, BTreeSet<usize>) {
        let (mut tags, mut variables) = (BTreeSet::new(), BTreeSet::new());
        let mut open = vec![conflict];
        while let Some(index) = open.pop() {
            tags.insert(self.clauses[index].tag);
            for literal in &self.clauses[index].literals {
                if variables.insert(literal.variable())
                    && let Some(reason) = self.reasons[literal.variable()]
                {
                    open.push(reason);
                }
            }
        }
        (tags, variables)
    }
}

enum Visit {
    Moved,
    Kept,
    Unit(Literal),
    Conflict,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn solver(variables: usize, clauses: &[Vec<(usize, bool)>]) -> Solver {
        let mut solver = Solver::default();
        for _ in 0..variables {
            solver.variable(true);
        }
        for (tag, clause) in clauses.iter().enumerate() {
            let literals = clause.iter().map(|(v, s)| Literal::new(*v, *s)).collect();
            solver.add(literals, u32::try_from(tag).unwrap());
        }
        solver
    }

    #[test]
    fn a_contradiction_names_what_it_rests_on() {
        let clauses =
            [vec![(0, true)], vec![(0, false), (1, true)], vec![(1, false)], vec![(2, true)]];
        let (tags, variables) = solver(3, &clauses).settle().unwrap_err();
        assert_eq!(tags, BTreeSet::from([0, 1, 2]));
        assert_eq!(variables, BTreeSet::from([0, 1]));
    }

    proptest! {
        #[test]
        fn it_agrees_with_trying_everything(
            clauses in proptest::collection::vec(
                proptest::collection::btree_map(0usize..6, any::<bool>(), 1..4), 0..18),
        ) {
            let clauses: Vec<Vec<(usize, bool)>> =
                clauses.into_iter().map(|c| c.into_iter().collect()).collect();
            let fits = |bits: usize| clauses.iter().all(|c| c.iter().any(|(v, s)| (bits >> v & 1 == 1) == *s));
            let possible = (0..64).any(fits);
            let mut solver = solver(6, &clauses);
            match solver.settle() {
                Err(_) => prop_assert!(!possible),
                Ok(()) => {
                    for _ in 0..2 {
                        match solver.search(&[]) {
                            Answer::Model(model) => {
                                let bits = model.iter().enumerate().map(|(i, v)| usize::from(*v) << i).sum();
                                prop_assert!(fits(bits));
                            }
                            Answer::None => prop_assert!(!possible),
                            Answer::Unknown => prop_assert!(false),
                        }
                    }
                    let with = |value: bool| (0..64).any(|b| fits(b) && (b & 1 == 1) == value);
                    prop_assert_eq!(
                        matches!(solver.search(&[Literal::new(0, false)]), Answer::Model(_)), with(false));
                    prop_assert_eq!(
                        matches!(solver.search(&[Literal::new(0, true)]), Answer::Model(_)), with(true));
                }
            }
        }
    }
}
