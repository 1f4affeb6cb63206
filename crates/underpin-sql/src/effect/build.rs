//! Collecting an effect.

use super::{Effect, Gap, LockMode, Verdict, Work};
use crate::model::{Mentions, Name};
use crate::schema::{Index, Relation, RelationKind, Schema};

/// What is collected of one statement.
pub(super) struct Builder<'a> {
    pub(super) schema: &'a Schema,
    pub(super) major: u32,
    pub(super) effect: Effect,
}

impl<'a> Builder<'a> {
    pub(super) fn new(schema: &'a Schema, major: u32) -> Self {
        Self { schema, major, effect: Effect::default() }
    }

    pub(super) fn finish(self) -> Effect {
        let mut effect = self.effect;
        if let Verdict::Refused(sqlstate) = &effect.verdict {
            return Effect::refused(sqlstate, effect.since);
        }
        effect.may_fail.sort_unstable();
        effect.may_fail.dedup();
        effect.gaps.sort();
        effect.gaps.dedup();
        effect
    }

    pub(super) fn refuse(&mut self, sqlstate: &str) {
        self.effect.verdict = Verdict::Refused(sqlstate.to_owned());
    }

    pub(super) fn alone(&mut self) {
        if self.effect.verdict == Verdict::Allowed {
            self.effect.verdict = Verdict::Alone;
        }
    }

    pub(super) fn gap(&mut self, gap: Gap) {
        self.effect.gaps.push(gap);
    }

    pub(super) fn may_fail(&mut self, sqlstates: &[&'static str]) {
        self.effect.may_fail.extend(sqlstates);
    }

    pub(super) fn relation(&self, name: &Name) -> Option<&'a Relation> {
        self.schema.relation(name)
    }

    pub(super) fn is_partitioned(&self, name: &Name) -> bool {
        self.relation(name).is_some_and(|r| r.kind == RelationKind::Partitioned)
    }

    /// The relation, with a gap where not everything is known of it.
    pub(super) fn known(&mut self, name: &Name) -> Option<&'a Relation> {
        let relation = self.relation(name);
        if relation.is_none_or(|r| !r.complete) {
            let name = self.schema.key(name);
            self.gap(Gap::Relation(name));
        }
        relation
    }

    /// Whether it is known not to be there.
    pub(super) fn is_missing(&self, name: &Name) -> bool {
        self.schema.complete && self.relation(name).is_none()
    }

    pub(super) fn lock(&mut self, name: &Name, mode: LockMode) {
        let key = self.schema.key(name);
        let strongest = self.effect.locks.entry(key).or_insert(mode);
        *strongest = mode.max(*strongest);
    }

    /// The relation and all that is below it.
    pub(super) fn family(&self, name: &Name) -> Vec<Name> {
        std::iter::once(self.schema.key(name)).chain(self.schema.descendants(name)).collect()
    }

    pub(super) fn lock_family(&mut self, name: &Name, mode: LockMode) {
        for member in self.family(name) {
            self.lock(&member, mode);
        }
    }

    /// The table and its partitions, if it has any.
    pub(super) fn lock_partitions(&mut self, name: &Name, mode: LockMode) {
        self.lock(name, mode);
        for partition in self.schema.partitions(name) {
            self.lock(&partition, mode);
        }
    }

    /// An index of `table`.
    pub(super) fn index_lock(&mut self, table: &Name, index: &str, mode: LockMode) {
        let name = Name { schema: self.schema.key(table).schema, name: index.to_owned() };
        let strongest = self.effect.index_locks.entry(name).or_insert(mode);
        *strongest = mode.max(*strongest);
    }

    /// All indexes of `table` that `wanted` takes.
    pub(super) fn index_locks(
        &mut self,
        table: &Name,
        mode: LockMode,
        wanted: impl Fn(&Index) -> bool,
    ) {
        for index in self.relation(table).iter().flat_map(|r| &r.indexes).filter(|i| wanted(i)) {
            self.index_lock(table, &index.name, mode);
        }
    }

    /// Work on a relation; on a partitioned table that of its partitions.
    pub(super) fn work(&mut self, name: &Name, work: Work) {
        if self.relation(name).is_some_and(|r| r.kind == RelationKind::Partitioned) {
            for partition in self.schema.partitions(name) {
                self.work_here(&partition, work);
            }
        } else {
            self.work_here(name, work);
        }
    }

    fn work_here(&mut self, name: &Name, work: Work) {
        if self.relation(name).is_some_and(|r| !r.is_stored()) {
            return;
        }
        let key = self.schema.key(name);
        let heaviest = self.effect.work.entry(key).or_insert(work);
        *heaviest = work.max(*heaviest);
    }

    /// The table is written anew, and its indexes with it.
    pub(super) fn rewrite(&mut self, name: &Name) {
        self.work(name, Work::Rewrite);
        for member in std::iter::once(self.schema.key(name)).chain(self.schema.partitions(name)) {
            self.index_locks(&member, LockMode::AccessExclusive, |_| true);
        }
    }

    /// What a query reads, and what its `WITH` changes.
    pub(super) fn reads(&mut self, mentions: &Mentions, scans: bool) {
        for name in &mentions.relations {
            let locked = mentions.locks_rows
                && (mentions.locked.is_empty() || mentions.locked.contains(name));
            let mode = if locked { LockMode::RowShare } else { LockMode::AccessShare };
            self.read(name, mode, scans);
        }
        for name in &mentions.changes {
            self.lock(name, LockMode::RowExclusive);
            self.work(name, Work::Rows);
        }
        self.sequences(mentions);
    }

    fn read(&mut self, name: &Name, mode: LockMode, scans: bool) {
        match scans {
            true => self.lock_family(name, mode),
            false => self.lock(name, mode),
        }
        match self.relation(name).and_then(|r| r.view.as_ref()) {
            // A view is replaced by its query when it is executed; a materialized view is not.
            Some(view)
                if scans && self.relation(name).is_some_and(|r| r.kind == RelationKind::View) =>
            {
                for inner in view.relations.iter().filter(|inner| *inner != name) {
                    self.read(inner, mode, scans);
                }
            }
            _ if scans => {
                for member in self.family(name) {
                    self.work(&member, Work::Scan);
                }
            }
            _ => {}
        }
    }

    /// `nextval('s')` and its kin lock the sequence as a write does.
    pub(super) fn sequences(&mut self, mentions: &Mentions) {
        const FUNCTIONS: &[&str] = &["nextval", "setval", "currval"];
        if !mentions.functions.iter().any(|f| FUNCTIONS.contains(&f.name.as_str())) {
            return;
        }
        for literal in &mentions.literals {
            let name = Name::bare(literal.replace('"', ""));
            if self.relation(&name).is_some_and(|r| r.kind == RelationKind::Sequence) {
                self.lock(&name, LockMode::RowExclusive);
            }
        }
    }

    /// Sequences that belong to a table's columns.
    pub(super) fn owned_sequences(&self, table: &Name) -> Vec<Name> {
        let key = self.schema.key(table);
        let owned = self.schema.relations().filter(|(_, r)| r.owner.as_ref() == Some(&key));
        owned.map(|(name, _)| name.clone()).collect()
    }
}
