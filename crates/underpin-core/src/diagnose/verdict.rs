//! From an explanation to a verdict for each migration.

use std::collections::{BTreeMap, BTreeSet};

use underpin_sql::RowTarget;

use super::chains::{Aspect, Key};
use super::explain::{Explanation, State};
use super::words::{self, Evidence, Says};
use super::{Diagnosis, Folder, MigrationDiagnosis, Verdict};
use crate::catalog::{Attributes, CatalogDiff, CatalogSnapshot, Class, ObjectId, ObjectKind};
use crate::migrations::MigrationName;
use crate::replay::{Piece, Replay};

/// Facts shown for each migration and side.
const SHOWN: usize = 3;

/// Who wrote which fact last, of the migrations that explain the live catalog.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Ledger(BTreeMap<Key, usize>);

pub(super) fn diagnosis(
    folder: &Folder,
    replay: &Replay,
    explanation: &Explanation,
    live: &CatalogSnapshot,
) -> Diagnosis {
    let judge = Judge::new(folder, replay, explanation, live);
    let migrations = (0..replay.steps.len()).map(|m| judge.migration(m)).collect();
    Diagnosis {
        migrations,
        drift: Vec::new(),
        drifted: BTreeSet::new(),
        last_in_effect: judge.last_in_effect,
        chosen: judge.chosen(),
        ledger: Ledger(explanation.last_writers.iter().cloned().collect()),
    }
}

struct Judge<'a> {
    folder: &'a Folder,
    replay: &'a Replay,
    explanation: &'a Explanation,
    live: &'a CatalogSnapshot,
    /// The units of each migration.
    units: Vec<Vec<usize>>,
    last_in_effect: Option<usize>,
}

impl<'a> Judge<'a> {
    fn new(
        folder: &'a Folder,
        replay: &'a Replay,
        explanation: &'a Explanation,
        live: &'a CatalogSnapshot,
    ) -> Self {
        let mut units = vec![Vec::new(); replay.steps.len()];
        for (index, unit) in explanation.units.iter().enumerate() {
            units[unit.migration].push(index);
        }
        let shown =
            |u: &usize| explanation.states[*u] == State::In && !explanation.present[*u].is_empty();
        let last_in_effect = (0..units.len()).rev().find(|m| units[*m].iter().any(shown));
        Self { folder, replay, explanation, live, units, last_in_effect }
    }

    fn migration(&self, migration: usize) -> MigrationDiagnosis {
        let verdict = self.verdict(migration);
        let evidence = self.evidence(migration, &verdict);
        let data_lines = self.folder.statements[migration]
            .iter()
            .zip(&self.folder.lines[migration])
            .filter(|(traits, _)| traits.changes_rows)
            .map(|(_, line)| *line);
        MigrationDiagnosis {
            name: self.replay.steps[migration].name.clone(),
            verdict,
            evidence,
            data_lines: data_lines.collect(),
            rows_gone: self.rows_gone(migration),
        }
    }

    /// Whether the migration could not change its rows any more, because what it sets is gone.
    fn rows_gone(&self, migration: usize) -> bool {
        let of = |target: &RowTarget, name: &str, kind: ObjectKind, parent: Option<&str>| {
            self.live.objects().keys().any(|id| {
                id.kind == kind
                    && id.name == name
                    && id.parent.as_deref() == parent
                    && target.schema.as_ref().is_none_or(|s| id.schema.as_ref() == Some(s))
            })
        };
        let gone = |target: &RowTarget| {
            let parent = Some(target.relation.as_str());
            !of(target, &target.relation, ObjectKind::Table, None)
                || !target.columns.is_empty()
                    && !target.columns.iter().any(|c| of(target, c, ObjectKind::Column, parent))
        };
        let rows = self.folder.statements[migration].iter().filter(|s| s.changes_rows);
        let mut rows = rows.peekable();
        rows.peek().is_some() && rows.all(|s| s.target.as_ref().is_some_and(gone))
    }

    fn with(&self, migration: usize, state: State) -> impl Iterator<Item = usize> {
        let states = &self.explanation.states;
        self.units[migration].iter().copied().filter(move |u| states[*u] == state)
    }

    fn verdict(&self, migration: usize) -> Verdict {
        if let Some(why) = &self.replay.steps[migration].failed {
            return Verdict::Ambiguous { why: format!("it does not replay: {why}"), holds: false };
        }
        if let Some(facts) = self.conflict(migration) {
            return Verdict::Conflicting { facts };
        }
        let (is_in, is_out) = (
            self.with(migration, State::In).next().is_some(),
            self.with(migration, State::Out).next().is_some(),
        );
        match (is_in, is_out) {
            (true, true) => self.partial(migration),
            (true, false) | (false, true) if self.may_be_half(migration) => {
                let why = "what is missing was taken away by the first half of one migration, or never made by the second half of another; the facts do not say of which";
                Verdict::Ambiguous { why: why.to_owned(), holds: false }
            }
            (true, false) => Verdict::InEffect,
            (false, true) => self.missing(migration),
            (false, false) => self.unseen(migration),
        }
    }

    /// Whether statements that leave a trace are undecided beside others that are in effect.
    fn may_be_half(&self, migration: usize) -> bool {
        self.with(migration, State::Either).any(|unit| self.explanation.written[unit] > 0)
    }

    /// Where a statement fell apart into objects and not all of them agree, or contradictions
    /// had to be left out.
    fn conflict(&self, migration: usize) -> Option<Vec<String>> {
        let mut facts: Vec<String> = self
            .explanation
            .contradictions
            .iter()
            .filter(|(_, migrations)| migrations.contains(&migration))
            .map(|(key, _)| Evidence::of(Says::Unexplained, key, self.live).fact)
            .collect();
        let mut statements: BTreeMap<Option<usize>, (bool, Vec<&ObjectId>)> = BTreeMap::new();
        for index in &self.units[migration] {
            let unit = &self.explanation.units[*index];
            let Some(object) = &unit.object else { continue };
            let entry = statements.entry(unit.statement).or_default();
            match self.explanation.states[*index] {
                State::In => entry.0 = true,
                State::Out => entry.1.push(object),
                State::Either => {}
            }
        }
        for (_, absent) in statements.into_values().filter(|(is_in, _)| *is_in) {
            facts.extend(absent.into_iter().map(|id| format!("{id} is not as it leaves it")));
        }
        (!facts.is_empty()).then_some(facts)
    }

    fn partial(&self, migration: usize) -> Verdict {
        let of = |state: State| -> Vec<usize> {
            let numbers: BTreeSet<usize> = self
                .with(migration, state)
                .filter_map(|u| self.explanation.units[u].statement)
                .map(|statement| statement + 1)
                .collect();
            numbers.into_iter().collect()
        };
        let (in_effect, missing) = (of(State::In), of(State::Out));
        let open = of(State::Either)
            .into_iter()
            .filter(|s| !in_effect.contains(s) && !missing.contains(s));
        let traced: BTreeSet<usize> = self.units[migration]
            .iter()
            .filter(|u| self.explanation.written[**u] > 0)
            .filter_map(|u| Some(self.explanation.units[*u].statement? + 1))
            .collect();
        let changes_rows =
            |s: &usize| self.folder.statements[migration].get(s - 1).is_none_or(|s| s.changes_rows);
        let (unknown, silent) = open.partition(|s| changes_rows(s) || traced.contains(s));
        Verdict::Partial { in_effect, missing, unknown, silent }
    }

    /// Missing, unless what it makes stands there under another name.
    fn missing(&self, migration: usize) -> Verdict {
        let delta = &self.replay.steps[migration].delta;
        let twins: Vec<String> = delta
            .set
            .iter()
            .filter(|(id, _)| !self.live.objects().contains_key(id))
            .filter_map(|(id, attributes)| {
                let twin = twin(id, attributes, self.live)?;
                Some(format!("{id} is there as {twin}"))
            })
            .collect();
        if twins.is_empty() { Verdict::Missing } else { Verdict::Conflicting { facts: twins } }
    }

    /// Nothing decides it.
    fn unseen(&self, migration: usize) -> Verdict {
        let statements = &self.folder.statements[migration];
        let written: usize =
            self.units[migration].iter().map(|u| self.explanation.written[*u]).sum();
        if written == 0 {
            if statements.iter().any(|s| s.changes_rows) {
                let probes = statements.iter().filter_map(|s| s.probe.clone()).collect();
                let mut rows = statements.iter().filter(|s| s.changes_rows);
                return Verdict::DataOnly { probes, makes_rows: rows.all(|s| s.makes_rows) };
            }
            return Verdict::NoTrace;
        }
        let by: BTreeSet<usize> = self.units[migration]
            .iter()
            .flat_map(|u| &self.explanation.overwritten_by[*u])
            .map(|u| self.explanation.units[*u].migration)
            .filter(|m| *m != migration)
            .collect();
        if by.is_empty() {
            let why = "what it leaves is there with it and without it".to_owned();
            return Verdict::Ambiguous { why, holds: true };
        }
        Verdict::Superseded { by: by.into_iter().map(|m| self.name(m)).collect() }
    }

    fn name(&self, migration: usize) -> MigrationName {
        self.replay.steps[migration].name.clone()
    }

    fn evidence(&self, migration: usize, verdict: &Verdict) -> Vec<Evidence> {
        let of = |sides: &Vec<Vec<Key>>| -> Vec<Key> {
            self.units[migration].iter().flat_map(|u| sides[*u].clone()).collect()
        };
        let (present, absent) = (of(&self.explanation.present), of(&self.explanation.absent));
        let mut lines = words::list(Says::Present, &present, self.live, SHOWN);
        lines.extend(words::list(Says::Absent, &absent, self.live, SHOWN));
        match verdict {
            Verdict::InEffect | Verdict::Missing if lines.is_empty() => {
                let words = "no other choice explains the rest of the catalog";
                lines.push(Evidence::note(Says::Implied, words));
            }
            Verdict::DataOnly { probes, .. } => lines.extend(probes.iter().map(|probe| Evidence {
                says: Says::Note,
                fact: "true where nothing of it is left to be done".to_owned(),
                query: probe.clone(),
            })),
            _ => {}
        }
        lines
    }

    /// What is to be replayed to arrive at the live catalog.
    fn chosen(&self) -> Vec<Piece> {
        let mut pieces = Vec::new();
        for (migration, units) in self.units.iter().enumerate() {
            if self.replay.steps[migration].failed.is_some() {
                continue;
            }
            let is_in = |u: &&usize| self.explanation.choice[**u];
            if units.iter().all(|u| is_in(&u)) {
                pieces.push(Piece::whole(migration));
                continue;
            }
            let statements: BTreeSet<usize> = units
                .iter()
                .filter(is_in)
                .filter_map(|u| self.explanation.units[*u].statement)
                .collect();
            if !statements.is_empty() {
                pieces.push(Piece { migration, statements: Some(statements) });
            } else if units.iter().any(|u| is_in(&u)) {
                // One statement, of which only some objects are there.
                pieces.push(Piece::whole(migration));
            }
        }
        pieces
    }
}

/// A live object that is what `id` would be, under another name.
fn twin(id: &ObjectId, attributes: &Attributes, live: &CatalogSnapshot) -> Option<ObjectId> {
    if !matches!(id.kind, ObjectKind::Index | ObjectKind::Constraint) {
        return None;
    }
    let bare = |id: &ObjectId, attributes: &Attributes| {
        let definition = attributes.get("definition")?;
        let quoted = crate::postgres::identifier(&id.name);
        let rest = definition.replacen(&format!("INDEX {quoted} "), "INDEX ", 1);
        Some(rest.replacen(&format!("INDEX {} ", id.name), "INDEX ", 1))
    };
    let wanted = bare(id, attributes)?;
    let candidates = live.objects().iter().filter(|(other, _)| {
        other.kind == id.kind && other.schema == id.schema && other.parent == id.parent
    });
    candidates
        .filter(|(other, _)| other.name != id.name)
        .find(|(other, attributes)| bare(other, attributes).as_ref() == Some(&wanted))
        .map(|(other, _)| other.clone())
}

/// Lays what a replay left unexplained over the verdicts: see [`Diagnosis::with_residual`].
pub(super) fn lay_residual(
    diagnosis: &mut Diagnosis,
    residual: &CatalogDiff,
    live: &CatalogSnapshot,
) {
    let mut facts: Vec<(Key, String)> = Vec::new();
    let exists = |id: &ObjectId| Key { id: id.clone(), aspect: Aspect::Exists };
    for (id, attributes) in &residual.missing {
        let twin = twin(id, attributes, live).map(|t| format!("; it is there as {t}"));
        facts.push((exists(id), format!("{id} is not there{}", twin.unwrap_or_default())));
    }
    for (id, _) in &residual.unexpected {
        facts.push((exists(id), format!("{id} is there")));
    }
    for object in &residual.changed {
        for attribute in &object.attributes {
            let key =
                Key { id: object.id.clone(), aspect: Aspect::Attribute(attribute.name.clone()) };
            let shown = |v: &Option<String>| v.clone().unwrap_or_else(|| "none".to_owned());
            let words = format!(
                "{}: {} is {}, and the folder makes it {}",
                object.id,
                attribute.name.replace('_', " "),
                shown(&attribute.actual),
                shown(&attribute.expected)
            );
            facts.push((key, words));
        }
    }
    for (key, words) in facts {
        let writer = diagnosis.ledger.writer(&key);
        match writer {
            Some(migration) => contradict(&mut diagnosis.migrations[migration], words),
            None if key.id.kind.class() == Class::Structure => {
                let mut evidence = Evidence::of_object(Says::Unexplained, &key.id, live);
                evidence.fact = words;
                let relation = key.id.parent.clone().unwrap_or_else(|| key.id.name.clone());
                diagnosis.drifted.insert((key.id.schema.clone(), relation));
                diagnosis.drift.push(evidence);
            }
            None => {}
        }
    }
}

impl Ledger {
    fn writer(&self, key: &Key) -> Option<usize> {
        let whole = Key { id: key.id.clone(), aspect: Aspect::Exists };
        self.0.get(key).or_else(|| self.0.get(&whole)).copied()
    }
}

fn contradict(migration: &mut MigrationDiagnosis, words: String) {
    migration.evidence.push(Evidence::note(Says::Unexplained, words.clone()));
    match &mut migration.verdict {
        Verdict::Conflicting { facts } => {
            if !facts.contains(&words) {
                facts.push(words);
            }
        }
        Verdict::Partial { missing, .. } => {
            let numbers: Vec<String> = missing.iter().map(ToString::to_string).collect();
            let half = format!("missing are its statements {}", numbers.join(", "));
            migration.verdict = Verdict::Conflicting { facts: vec![words, half] };
        }
        other => *other = Verdict::Conflicting { facts: vec![words] },
    }
}
